"""Copies, views and resizing, as loops."""

from __future__ import annotations

from itertools import cycle
from typing import Any

from unet_complexity.counting.arranging import resampled
from unet_complexity.counting.maps import Map, build, shaped
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L


@twin(L.Copy)
def copy(layer: L.Copy, tally: Tally, *inputs: Map) -> Map:
    """Return the elements of the inputs and the params one after the other, again and again if there are too few."""
    values = []
    for x in inputs:
        values += elements(x)
    if layer.stored:
        values += tally.weight(layer.stored)
    left = cycle(values)
    return build(lambda *_: next(left), *layer.made.shape)


def elements(x: Map) -> list[float]:
    """Return the elements of a map, row by row."""
    return [value for row in x for pixel in row for value in pixel]


@twin(L.Reshape)
def reshape(layer: L.Reshape, tally: Tally, x: Map) -> Any:
    """View the same numbers in the same order as another shape; nothing is read or written."""
    return shaped(elements(x), *layer.target_shape)


@twin(L.Resizing)
def resize(layer: L.Resizing, tally: Tally, x: Map) -> Map:
    """Resample to the layer's height and width."""
    return resampled(layer.interpolation, tally, x, layer.height, layer.width)
