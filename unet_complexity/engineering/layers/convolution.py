"""Depthwise and separable convolutions."""

from __future__ import annotations

from dataclasses import dataclass

from unet_complexity.cost import Tensor
from unet_complexity.layers.arguments import Padding
from unet_complexity.layers.convolution import Conv2D, Convolution, _WindowedConvolution
from unet_complexity.symbols import Size, Sizes, exact


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


@dataclass(frozen=True)
class SeparableConv2D(Convolution):
    """keras.layers.SeparableConv2D: a depthwise convolution without bias, then a 1 x 1 convolution, as one layer.

    The map between them is neither read nor written here; two layers would do both.

    >>> SeparableConv2D(64, 3).cost(Tensor(56, 56, 32)).macs
    7325696
    """

    along = _WindowedConvolution.along
    filters: Size
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Padding = "same"
    dilation_rate: Sizes = 1
    depth_multiplier: Size = 1
    use_bias: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.both()

    def both(self) -> tuple[DepthwiseConv2D, Conv2D]:
        """The depthwise and the pointwise convolution."""
        window = (
            self.kernel_size,
            self.strides,
            self.padding,
            self.depth_multiplier,
            self.dilation_rate,
        )
        return DepthwiseConv2D(*window, use_bias=False), Conv2D(
            self.filters, 1, use_bias=self.use_bias
        )

    def output(self, x: Tensor) -> Tensor:
        depthwise, pointwise = self.both()
        return pointwise.output(depthwise.output(x))

    def params(self, x: Tensor) -> Size:
        return self._sum("params", x)

    def macs(self, x: Tensor) -> Size:
        return self._sum("macs", x)

    def macs_in_bounds(self, x: Tensor) -> Size:
        return self._sum("macs_in_bounds", x)

    def sizes(self, x: Tensor) -> tuple[Size, ...]:
        depthwise, pointwise = self.both()
        return *depthwise.sizes(x), *pointwise.sizes(depthwise.output(x))

    def _sum(self, count: str, x: Tensor) -> Size:
        depthwise, pointwise = self.both()
        first, second = getattr(depthwise, count)(x), getattr(pointwise, count)(depthwise.output(x))
        return exact(first + second)
