"""Putting the same numbers elsewhere, as loops."""

from __future__ import annotations

from typing import Any

from unet_complexity.counting.maps import Map, sides_of
from unet_complexity.counting.resampling import resampled
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L


@twin(L.Slice)
def cut_out(layer: L.Slice, tally: Tally, inputs: list[Map]) -> Map:
    """Python's own slices."""
    rows, columns, channels = map(slice, layer.starts, layer.stops, layer.steps)
    x = tally.load(inputs[0])
    return [[[tally.write(value) for value in pixel[channels]] for pixel in row[columns]] for row in x[rows]]


@twin(L.Permute)
def permute(layer: L.Permute, tally: Tally, inputs: list[Map]) -> Map:
    """Each element at its axes' new places."""
    x = tally.load(inputs[0])
    sides = [sides_of(x)[axis - 1] for axis in layer.dims]

    def element(*at: int) -> float:
        i, j, c = (at[layer.dims.index(axis)] for axis in (1, 2, 3))
        return tally.write(x[i][j][c])

    return [[[element(i, j, c) for c in range(sides[2])] for j in range(sides[1])] for i in range(sides[0])]


@twin(L.Reshape, L.Flatten)
def reshape(layer: Any, tally: Tally, inputs: list[Map]) -> Map:
    """The same numbers in the same order, in other rows; nothing is read or written."""
    values = [value for row in inputs[0] for pixel in row for value in pixel]
    sides = list(getattr(layer, "target_shape", (1, 1, -1)))
    if -1 in sides:
        sides[sides.index(-1)] = -len(values) // (sides[0] * sides[1] * sides[2])
    _, width, channels = sides
    pixels = [values[i : i + channels] for i in range(0, len(values), channels)]
    return [pixels[i : i + width] for i in range(0, len(pixels), width)]


@twin(L.SpaceToDepth)
def space_to_depth(layer: L.SpaceToDepth, tally: Tally, inputs: list[Map]) -> Map:
    """Each block of b x b pixels becomes one, the block's rows first."""
    x, b = tally.load(inputs[0]), layer.block_size

    def pixel(i: int, j: int) -> list[float]:
        block = [x[row][column] for row in range(i, i + b) for column in range(j, j + b)]
        return [tally.write(value) for one in block for value in one]

    return [[pixel(i, j) for j in range(0, len(x[0]), b)] for i in range(0, len(x), b)]


@twin(L.Resizing)
def resize(layer: L.Resizing, tally: Tally, inputs: list[Map]) -> Map:
    """To the sides that the layer has."""
    return resampled(layer.interpolation, tally, tally.load(inputs[0]), layer.height, layer.width)
