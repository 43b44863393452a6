"""One frozen dataclass per layer, a file per family.  ``LAYERS`` lists them all, by Keras's names."""

from unet_complexity.layers.base import Layer
from unet_complexity.layers.convolution import Conv2D, Conv2DTranspose, Convolution
from unet_complexity.layers.elementwise import (
    Activation,
    BatchNormalization,
    Dropout,
    LeakyReLU,
    ReLU,
    Softmax,
)
from unet_complexity.layers.merging import Add, Concatenate, Cropping2D, ZeroPadding2D
from unet_complexity.layers.phased import PhaseConv2D
from unet_complexity.layers.resampling import AveragePooling2D, DepthToSpace, MaxPooling2D, UpSampling2D

LAYERS: tuple[type[Layer], ...] = (
    Conv2D,
    Conv2DTranspose,
    PhaseConv2D,
    UpSampling2D,
    MaxPooling2D,
    AveragePooling2D,
    DepthToSpace,
    Concatenate,
    Add,
    ZeroPadding2D,
    Cropping2D,
    Activation,
    ReLU,
    LeakyReLU,
    Softmax,
    BatchNormalization,
    Dropout,
)

__all__ = ["LAYERS", "Convolution", "Layer", *sorted(layer.__name__ for layer in LAYERS)]
