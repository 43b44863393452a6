"""What does a U-Net cost, and why?  Costs of layers and networks, exactly, with numbers or letters for the sizes."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from unet_complexity import lite
from unet_complexity.closed_form import Theta, level_sum, theta
from unet_complexity.cost import Cost, Tensor
from unet_complexity.layers import (
    LAYERS,
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Convolution,
    Cropping2D,
    DepthToSpace,
    Dropout,
    Layer,
    LeakyReLU,
    MaxPooling2D,
    PhaseConv2D,
    ReLU,
    Softmax,
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
    from unet_complexity.tables import Table

__version__ = "0.1.0"

__all__ = [
    "LAYERS",
    "Activation",
    "Add",
    "AveragePooling2D",
    "BatchNormalization",
    "Concatenate",
    "Conv2D",
    "Conv2DTranspose",
    "Convolution",
    "Cost",
    "Counted",
    "Cropping2D",
    "DepthToSpace",
    "Dropout",
    "Layer",
    "LeakyReLU",
    "MaxPooling2D",
    "Memory",
    "Network",
    "PhaseConv2D",
    "Picture",
    "ReLU",
    "Softmax",
    "Span",
    "Step",
    "Table",
    "Tensor",
    "Theta",
    "UpSampling2D",
    "ZeroPadding2D",
    "classic_unet",
    "count",
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
    "plots": ("Picture", "plot_blocks", "plot_growth", "plot_levels", "plot_memory"),
    "tables": ("Table",),
}


def __getattr__(name: str) -> Any:
    for module, names in LATER.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if lite.in_browser():
    lite.say_what_is_missing()
