"""What does a U-Net cost, and why?  Costs of layers and networks, exactly, with numbers or letters for the sizes."""

from unet_complexity import jupyterlite
from unet_complexity.closed_form import level_sum, theta
from unet_complexity.cost import Cost, Tensor
from unet_complexity.counting import count
from unet_complexity.layers import (
    Activation,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Convolution,
    LeakyReLU,
    MaxPooling2D,
    PhaseConv2D,
    ReLU,
    UpSampling2D,
)
from unet_complexity.memory import kept, peak
from unet_complexity.networks import Network, Step
from unet_complexity.plots import plot_blocks, plot_growth, plot_levels, plot_memory
from unet_complexity.unets import classic_unet, pix2pix_unet

__version__ = "0.1.0"

__all__ = [
    "Activation",
    "BatchNormalization",
    "Concatenate",
    "Conv2D",
    "Conv2DTranspose",
    "Convolution",
    "Cost",
    "LeakyReLU",
    "MaxPooling2D",
    "Network",
    "PhaseConv2D",
    "ReLU",
    "Step",
    "Tensor",
    "UpSampling2D",
    "classic_unet",
    "count",
    "kept",
    "level_sum",
    "peak",
    "pix2pix_unet",
    "plot_blocks",
    "plot_growth",
    "plot_levels",
    "plot_memory",
    "theta",
]

if jupyterlite.in_browser():
    jupyterlite.say_what_is_missing()
