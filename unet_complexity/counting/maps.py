"""Maps as nested lists, and the loops over their positions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from unet_complexity.cost import Tensor
from unet_complexity.symbols import are_numbers

Map = list[list[list[float]]]  # rows of pixels of channels
Function = Callable[..., Any]  # of an element, of several, or of an index: the docstrings say which


def as_map(x: Tensor | Map) -> Any:
    """Return a map of small numbers for a shape, and a map unchanged."""
    if isinstance(x, list):
        return x
    check_numbers(x.shape, x)
    return filled(*x.shape)


def check_numbers(sizes: Iterable[Any], what: object) -> None:
    """Raise a TypeError if a size has letters."""
    if not are_numbers(*sizes):
        raise TypeError(
            f"a loop needs numbers for sizes, got {what}; put numbers in place of the letters"
        )


def shaped(values: list[Any], *sides: int) -> Any:
    """Return values as nested lists of the given shape.

    >>> shaped([1, 2, 3, 4], 2, 2)
    [[1, 2], [3, 4]]
    """
    for side in reversed(sides):
        starts = range(0, len(values), side)
        values = [values[i : i + side] for i in starts]
    return values[0]


def filled(*sides: int) -> Any:
    """Return nested lists of the given shape with whole numbers from -5 to 5, the same at each call.

    Their order has no simple pattern, so that two positions that are mixed up show.
    """
    elements = math.prod(sides)
    numbers = [i * (7 * i + 3) % 11 - 5 for i in range(elements)]
    return shaped(numbers, *sides)


def sides_of(values: Any) -> tuple[int, ...]:
    """Return the shape of nested lists.

    >>> sides_of(filled(2, 3))
    (2, 3)
    """
    if not isinstance(values, list):
        return ()
    return len(values), *sides_of(values[0])


def channels_of(x: Map) -> int:
    """Return the number of channels of a map."""
    first_pixel = x[0][0]
    return len(first_pixel)


def stops(side: int, k: int, stride: int, dilation: int, padding: Any) -> range:
    """Return the positions of the window's first tap along one axis; negative on padding.

    >>> list(stops(8, 4, 2, 1, "same")), list(stops(7, 3, 2, 1, "valid")), list(stops(8, 3, 2, 1, (1, 1)))
    ([-1, 1, 3, 5], [0, 2, 4], [-1, 1, 3, 5])
    """
    reach = (k - 1) * dilation
    if padding == "same":
        last = range(0, side, stride)[-1]
        missing = last + reach - (side - 1)
        before = max(missing, 0) // 2
        return range(-before, side - before, stride)
    if padding == "valid":
        padding = 0, 0
    before, after = padding
    end = side + after - reach
    return range(-before, end, stride)


def windows(layer: Any, x: Map) -> Iterator[Any]:
    """Yield side, kernel, stride, dilation and padding of the rows, then those of the columns."""
    kernel = getattr(layer, "pool_size", None) or layer.kernel_size
    dilation = getattr(layer, "dilation_rate", (1, 1))
    padding = layer.padding
    if isinstance(padding, str):
        padding = padding, padding
    height, width, _ = sides_of(x)
    sides = height, width
    return zip(sides, kernel, layer.strides, dilation, padding, strict=True)


def both_stops(layer: Any, x: Map) -> list[range]:
    """Return the positions of a layer's window down the rows and across the columns of a map."""
    return [stops(*axis) for axis in windows(layer, x)]


def pixel_at(x: Map, row: int, column: int) -> tuple[list[float], bool]:
    """Return the pixel at a position and True; zeros and False on padding."""
    height, width, channels = sides_of(x)
    if 0 <= row < height and 0 <= column < width:
        return x[row][column], True
    return [0.0] * channels, False


def build(element: Function, *places: int | range) -> Map:
    """Return the map of ``element(row, column, channel)`` at all places; a number is that many places from 0 on."""
    rows, columns, channels = (
        range(place) if isinstance(place, int) else place for place in places
    )
    out = []
    for i in rows:
        row = []
        for j in columns:
            pixel = [element(i, j, c) for c in channels]
            row.append(pixel)
        out.append(row)
    return out


def each(x: Map, function: Function) -> Map:
    """Return the map of ``function(value, channel)`` of every element."""

    def element(i: int, j: int, c: int) -> Any:
        pixel = x[i][j]
        return function(pixel[c], c)

    return build(element, *sides_of(x))
