"""Depthwise and separable convolutions as loops."""

from __future__ import annotations

from itertools import chain

from unet_complexity.counting.convolution import convolve, slide
from unet_complexity.counting.maps import Map
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L
from unet_complexity.layers import Conv2D


@twin(L.DepthwiseConv2D)
def convolve_each_channel(layer: L.DepthwiseConv2D, tally: Tally, x: Map) -> Map:
    """Convolve each channel with its own filters: as many groups as channels."""
    channels = len(x[0][0])
    kernel = tally.weight(*layer.kernel_size, channels, layer.depth_multiplier)
    grouped = [[[list(chain(*tap))] for tap in row] for row in kernel]
    return slide(layer, tally, x, grouped, channels)


twin(L.AtrousConv2D)(convolve)


@twin(L.SeparableConv2D)
def convolve_separably(layer: L.SeparableConv2D, tally: Tally, x: Map) -> Map:
    """Run both convolutions; the map between them is neither written nor read."""
    depthwise = L.DepthwiseConv2D(
        layer.kernel_size,
        layer.strides,
        layer.padding,
        layer.depth_multiplier,
        layer.dilation_rate,
        use_bias=False,
    )
    pointwise = Conv2D(layer.filters, 1, use_bias=layer.use_bias)
    between = convolve_each_channel(depthwise, tally, x)
    return convolve(pointwise, tally, between)
