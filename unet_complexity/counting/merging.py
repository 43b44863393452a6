"""Bringing maps together and changing their border, as loops."""

from __future__ import annotations

from typing import Any

from unet_complexity import layers as L
from unet_complexity.counting.maps import Map, each, sides_of
from unet_complexity.counting.tally import Tally, twin


@twin(L.Concatenate)
def concatenate(layer: L.Concatenate, tally: Tally, inputs: list[Map]) -> Map:
    """The channels of all inputs, one after the other."""
    maps = [tally.load(x) for x in inputs]
    return [
        [[tally.write(value) for x in maps for value in x[i][j]] for j in range(len(maps[0][0]))]
        for i in range(len(maps[0]))
    ]


@twin(L.Add)
def add(layer: L.Add, tally: Tally, inputs: list[Map]) -> Map:
    """Inputs summed element by element."""
    first, *rest = (tally.load(x) for x in inputs)
    for x in rest:
        first = [
            [[tally.op(a + b) for a, b in zip(*pixels, strict=True)] for pixels in zip(*rows, strict=True)]
            for rows in zip(first, x, strict=True)
        ]
    return each(first, lambda value, _: tally.write(value))


@twin(L.ZeroPadding2D, L.Cropping2D)
def reframe(layer: Any, tally: Tally, inputs: list[Map]) -> Map:
    """A frame of zeros around the map, or a frame cut off it."""
    x = tally.load(inputs[0])
    height, width, channels = sides_of(x)
    sign, border = (1, layer.padding) if isinstance(layer, L.ZeroPadding2D) else (-1, layer.cropping)
    (top, bottom), (left, right) = [[sign * side for side in pair] for pair in border]

    def element(i: int, j: int, channel: int) -> float:
        return tally.write(x[i][j][channel] if 0 <= i < height and 0 <= j < width else 0.0)

    return [
        [[element(i, j, c) for c in range(channels)] for j in range(-left, width + right)]
        for i in range(-top, height + bottom)
    ]
