"""Layers that only read models have, beyond :mod:`unet_complexity.layers`.  ``LAYERS`` lists them."""

from unet_complexity.engineering.layers.arranging import (
    Copy,
    Reshape,
    Resizing,
)
from unet_complexity.engineering.layers.convolution import (
    AtrousConv2D,
    DepthwiseConv2D,
)
from unet_complexity.engineering.layers.dense import Dense, MatMul
from unet_complexity.engineering.layers.elementwise import ELU, PReLU, Rescaling, Softmax
from unet_complexity.engineering.layers.merging import (
    ConcatenateColumns,
    ConcatenateRows,
    Elementwise,
)
from unet_complexity.engineering.layers.normalization import (
    GroupNormalization,
    LayerNormalization,
    Normalization,
    RMSNormalization,
)
from unet_complexity.engineering.layers.reducing import (
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    Reduce,
)
from unet_complexity.layers.base import Layer

LAYERS: tuple[type[Layer], ...] = (
    AtrousConv2D,
    DepthwiseConv2D,
    Dense,
    MatMul,
    Resizing,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    Reduce,
    Copy,
    Reshape,
    ConcatenateRows,
    ConcatenateColumns,
    Elementwise,
    PReLU,
    ELU,
    Softmax,
    Rescaling,
    Normalization,
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
)

__all__ = ["LAYERS", *sorted(layer.__name__ for layer in LAYERS)]
