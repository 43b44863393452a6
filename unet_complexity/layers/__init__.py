"""One frozen dataclass per layer, a file per family.  ``LAYERS`` lists them all, by Keras's names."""

from unet_complexity.layers.arranging import (
    Cropping2D,
    DepthToSpace,
    Flatten,
    Permute,
    Reshape,
    Slice,
    SpaceToDepth,
    ZeroPadding2D,
)
from unet_complexity.layers.base import Layer
from unet_complexity.layers.convolution import Conv2D, Convolution, DepthwiseConv2D, SeparableConv2D
from unet_complexity.layers.dense import Dense, MatMul
from unet_complexity.layers.elementwise import (
    ELU,
    Activation,
    Dropout,
    LeakyReLU,
    PReLU,
    ReLU,
    Rescaling,
    Softmax,
)
from unet_complexity.layers.merging import (
    Add,
    Average,
    Concatenate,
    Divide,
    Elementwise,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)
from unet_complexity.layers.normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    Normalization,
    RMSNormalization,
)
from unet_complexity.layers.phased import PhaseConv2D
from unet_complexity.layers.pooling import (
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    MaxPooling2D,
    Reduce,
)
from unet_complexity.layers.resampling import Resizing, UpSampling2D
from unet_complexity.layers.transposed import Conv2DTranspose

LAYERS: tuple[type[Layer], ...] = (
    *(Conv2D, DepthwiseConv2D, SeparableConv2D, Conv2DTranspose, PhaseConv2D, Dense, MatMul),
    *(UpSampling2D, Resizing, MaxPooling2D, AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D, Reduce),
    *(DepthToSpace, SpaceToDepth, ZeroPadding2D, Cropping2D, Slice, Permute, Reshape, Flatten),
    *(Concatenate, Add, Subtract, Multiply, Divide, Maximum, Minimum, Average, Elementwise),
    *(Activation, ReLU, LeakyReLU, PReLU, ELU, Softmax, Rescaling, Dropout),
    *(BatchNormalization, Normalization, GroupNormalization, LayerNormalization, RMSNormalization),
)

__all__ = ["LAYERS", "Convolution", "Layer", *sorted(layer.__name__ for layer in LAYERS)]
