"""Depthwise and dilated convolutions."""

from __future__ import annotations

from dataclasses import dataclass

from unet_complexity.cost import Tensor
from unet_complexity.layers.arguments import Padding
from unet_complexity.layers.convolution import Conv2D, _WindowedConvolution
from unet_complexity.symbols import Size, Sizes


@dataclass(frozen=True)
class DepthwiseConv2D(_WindowedConvolution):
    """keras.layers.DepthwiseConv2D: each filter sees one channel only.

    (h, w, c) -> (h', w', c depth_multiplier), k^2 MACs per output.  ``padding`` as in :class:`Conv2D`.

    >>> DepthwiseConv2D(3).cost(Tensor(112, 112, 32)).macs
    3612672
    """

    kernel_size: Sizes
    strides: Sizes = 1
    padding: Padding = "same"
    depth_multiplier: Size = 1
    dilation_rate: Sizes = 1
    use_bias: bool = True

    def channels_seen(self, x: Tensor) -> Size:
        return 1

    def out_channels(self, x: Tensor) -> Size:
        return x.channels * self.depth_multiplier


@dataclass(frozen=True)
class AtrousConv2D(Conv2D):
    """Conv2D whose strides and dilation_rate may both differ from 1, as PyTorch and ONNX allow.

    >>> print(AtrousConv2D(8, 3, 2, padding=2, dilation_rate=2).output(Tensor(16, 16, 3)))
    8 x 8 x 8
    """

    strided_and_dilated = True
