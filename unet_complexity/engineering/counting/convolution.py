"""Convolutions in which each channel has its own filters, as loops."""

from __future__ import annotations

import math

from unet_complexity.counting.convolution import convolve, slide
from unet_complexity.counting.maps import Map, sides_of
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L


@twin(L.DepthwiseConv2D)
def convolve_each_channel(layer: L.DepthwiseConv2D, tally: Tally, inputs: list[Map]) -> Map:
    """Each channel with its own filters."""
    x = tally.load(inputs[0])
    channels, m = sides_of(x)[2], layer.depth_multiplier
    kernel = tally.weight(*layer.kernel_size, channels, m)
    bias = tally.weight(channels * m) if layer.use_bias else None

    def weight(a: int, b: int, channel: int, filter: int) -> float:
        value: float = kernel[a][b][filter // m][filter % m]
        return value

    return slide(layer, tally, x, [range(i // m, i // m + 1) for i in range(channels * m)], weight, bias)


@twin(L.SeparableConv2D)
def convolve_separably(layer: L.SeparableConv2D, tally: Tally, inputs: list[Map]) -> Map:
    """Both convolutions; what the first hands to the second is neither written nor read."""
    depthwise, pointwise = layer.both()
    between = convolve_each_channel(depthwise, tally, inputs)
    out = convolve(pointwise, tally, [between])
    for counter in ("writes", "reads"):
        tally.counts[counter] -= math.prod(sides_of(between))
    return out
