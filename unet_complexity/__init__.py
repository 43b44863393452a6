"""What does a U-Net cost, and why?  Costs of layers and networks, exactly, with numbers or letters for the sizes."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from unet_complexity import lite
from unet_complexity.closed_form import Theta, level_sum, theta
from unet_complexity.cost import Cost, Tensor
from unet_complexity.layers import (
    ELU,
    LAYERS,
    Activation,
    Add,
    Average,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Convolution,
    Cropping2D,
    Dense,
    DepthToSpace,
    DepthwiseConv2D,
    Divide,
    Dropout,
    Elementwise,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GroupNormalization,
    Layer,
    LayerNormalization,
    LeakyReLU,
    MatMul,
    Maximum,
    MaxPooling2D,
    Minimum,
    Multiply,
    Normalization,
    Permute,
    PhaseConv2D,
    PReLU,
    Reduce,
    ReLU,
    Rescaling,
    Reshape,
    Resizing,
    RMSNormalization,
    SeparableConv2D,
    Slice,
    Softmax,
    SpaceToDepth,
    Subtract,
    UpSampling2D,
    ZeroPadding2D,
)
from unet_complexity.memory import Memory, kept, live, peak
from unet_complexity.networks import Network, Span, Step
from unet_complexity.unets import classic_unet, pix2pix_unet

if TYPE_CHECKING:
    from unet_complexity.conventions.chart import plot_tools
    from unet_complexity.counting import Counted, count
    from unet_complexity.plots import Picture, plot_blocks, plot_growth, plot_levels, plot_memory
    from unet_complexity.readers.keras import from_keras
    from unet_complexity.readers.onnx import from_onnx
    from unet_complexity.tables import Table

__version__ = "0.1.0"

__all__ = [
    "ELU",
    "LAYERS",
    "Activation",
    "Add",
    "Average",
    "AveragePooling2D",
    "BatchNormalization",
    "Concatenate",
    "Conv2D",
    "Conv2DTranspose",
    "Convolution",
    "Cost",
    "Counted",
    "Cropping2D",
    "Dense",
    "DepthToSpace",
    "DepthwiseConv2D",
    "Divide",
    "Dropout",
    "Elementwise",
    "Flatten",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "MatMul",
    "MaxPooling2D",
    "Maximum",
    "Memory",
    "Minimum",
    "Multiply",
    "Network",
    "Normalization",
    "PReLU",
    "Permute",
    "PhaseConv2D",
    "Picture",
    "RMSNormalization",
    "ReLU",
    "Reduce",
    "Rescaling",
    "Reshape",
    "Resizing",
    "SeparableConv2D",
    "Slice",
    "Softmax",
    "SpaceToDepth",
    "Span",
    "Step",
    "Subtract",
    "Table",
    "Tensor",
    "Theta",
    "UpSampling2D",
    "ZeroPadding2D",
    "classic_unet",
    "count",
    "from_keras",
    "from_onnx",
    "kept",
    "level_sum",
    "live",
    "peak",
    "pix2pix_unet",
    "plot_blocks",
    "plot_growth",
    "plot_levels",
    "plot_memory",
    "plot_tools",
    "theta",
]

# loaded when they are first asked for: a formula needs neither loops nor pictures
LATER = {
    "conventions.chart": ("plot_tools",),
    "counting": ("Counted", "count"),
    "readers.keras": ("from_keras",),
    "plots": ("Picture", "plot_blocks", "plot_growth", "plot_levels", "plot_memory"),
    "readers.onnx": ("from_onnx",),
    "tables": ("Table",),
}


def __getattr__(name: str) -> Any:
    for module, names in LATER.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if lite.in_browser():
    lite.say_what_is_missing()
