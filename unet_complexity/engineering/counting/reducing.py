"""Reductions along whole axes, as loops."""

from __future__ import annotations

import operator

from unet_complexity.counting.arranging import mean
from unet_complexity.counting.maps import Function, Map, build, sides_of
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L
from unet_complexity.engineering.counting.groups import along, grouped

FOLDS: dict[str, Function] = {"sum": operator.add, "max": max, "min": min}


@twin(L.Reduce, L.GlobalAveragePooling2D, L.GlobalMaxPooling2D)
def reduce(layer: L.Reduce, tally: Tally, x: Map) -> Map:
    """Reduce all elements that differ only along the axes to one number."""
    sides = [1 if axis in layer.axes else side for axis, side in enumerate(sides_of(x), 1)]
    groups = grouped(x, along(layer.axes))

    def element(*at: int) -> float:
        if layer.operation == "mean":
            return mean(tally, groups[at])
        return tally.fold(groups[at], FOLDS[layer.operation])

    return build(element, *sides)
