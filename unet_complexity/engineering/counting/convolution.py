"""Depthwise and dilated convolutions as loops."""

from __future__ import annotations

from itertools import chain

from unet_complexity.counting.convolution import convolve, slide
from unet_complexity.counting.maps import Map, channels_of
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L


@twin(L.DepthwiseConv2D)
def convolve_each_channel(layer: L.DepthwiseConv2D, tally: Tally, x: Map) -> Map:
    """Convolve each channel with its own filters: as many groups as channels."""
    channels = channels_of(x)
    kernel = tally.weight(*layer.kernel_size, channels, layer.depth_multiplier)
    grouped = [[[list(chain(*tap))] for tap in row] for row in kernel]
    return slide(layer, tally, x, grouped, channels)


twin(L.AtrousConv2D)(convolve)
