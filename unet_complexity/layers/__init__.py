"""One frozen dataclass per layer, a file per family.  ``LAYERS`` lists them all, by Keras's names."""

from unet_complexity.layers.arranging import (
    AveragePooling2D,
    Cropping2D,
    DepthToSpace,
    MaxPooling2D,
    UpSampling2D,
    ZeroPadding2D,
)
from unet_complexity.layers.base import Layer
from unet_complexity.layers.convolution import Conv2D, Convolution
from unet_complexity.layers.elementwise import (
    Activation,
    BatchNormalization,
    Dropout,
    LeakyReLU,
    ReLU,
)
from unet_complexity.layers.merging import Add, Concatenate, Multiply
from unet_complexity.layers.phased import PhaseConv2D
from unet_complexity.layers.transposed import Conv2DTranspose

LAYERS: tuple[type[Layer], ...] = (
    Conv2D,
    Conv2DTranspose,
    PhaseConv2D,
    UpSampling2D,
    MaxPooling2D,
    AveragePooling2D,
    DepthToSpace,
    ZeroPadding2D,
    Cropping2D,
    Concatenate,
    Add,
    Multiply,
    Activation,
    ReLU,
    LeakyReLU,
    Dropout,
    BatchNormalization,
)

__all__ = ["LAYERS", "Convolution", "Layer", *sorted(layer.__name__ for layer in LAYERS)]
