"""Reductions along whole axes, as loops."""

from __future__ import annotations

from unet_complexity.counting.maps import Map, along, build, grouped, sides_of
from unet_complexity.counting.resampling import summed_up
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L


@twin(L.Reduce, L.GlobalAveragePooling2D, L.GlobalMaxPooling2D)
def reduce(layer: L.Reduce, tally: Tally, x: Map) -> Map:
    """Reduce all elements that differ only along the axes to one number."""
    sides = [1 if axis in layer.axes else side for axis, side in enumerate(sides_of(x), 1)]
    groups = grouped(x, along(layer.axes))
    return build(lambda *at: summed_up(layer.operation, tally, groups[at]), *sides)
