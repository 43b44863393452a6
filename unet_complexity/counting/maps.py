"""Maps as nested lists, and the loops over their positions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from unet_complexity.cost import Tensor

Map = list[list[list[float]]]  # rows of pixels of channels


def as_map(x: Tensor | Map) -> Map:
    """Return a map of small numbers for a shape, and a map unchanged."""
    if isinstance(x, list):
        return x
    sides = x.height, x.width, x.channels
    if not all(isinstance(side, int) for side in sides):
        raise TypeError(
            f"a loop needs numbers for sizes, got {x}; put numbers in place of the letters"
        )
    values: Map = filled(*sides)
    return values


def filled(*sides: int) -> Any:
    """Nested lists of the given shape with whole numbers from -5 to 5, the same at each call.

    Their order has no simple pattern, so that two positions that are mixed up show.
    """
    numbers = ((i * i * 7 + i * 3) % 11 - 5 for i in range(math.prod(sides)))

    def fill(rest: tuple[int, ...]) -> Any:
        return [fill(rest[1:]) for _ in range(rest[0])] if rest else next(numbers)

    return fill(sides)


def sides_of(values: Any) -> tuple[int, ...]:
    """Shape of nested lists.

    >>> sides_of(filled(2, 3))
    (2, 3)
    """
    return (len(values), *sides_of(values[0])) if isinstance(values, list) else ()


def stops(side: int, k: int, stride: int, dilation: int, padding: Any) -> list[int]:
    """Positions of the window's first tap along one axis; negative on padding.

    >>> stops(8, 4, 2, 1, "same"), stops(7, 3, 2, 1, "valid"), stops(8, 3, 2, 1, (1, 1))
    ([-1, 1, 3, 5], [0, 2, 4], [-1, 1, 3, 5])
    """
    reach = (k - 1) * dilation
    if padding != "same":
        before, after = (0, 0) if padding == "valid" else padding
        return list(range(-before, side + after - reach, stride))
    firsts = list(range(0, side, stride))
    before = max(firsts[-1] + reach - (side - 1), 0) // 2
    return [first - before for first in firsts]


def both_stops(layer: Any, x: Map) -> tuple[list[int], list[int]]:
    """Positions of a layer's window down the rows and across the columns of a map."""
    kernel = getattr(layer, "kernel_size", None) or layer.pool_size
    paddings = (layer.padding, layer.padding) if isinstance(layer.padding, str) else layer.padding
    dilation = getattr(layer, "dilation_rate", (1, 1))
    down, across = zip(sides_of(x)[:2], kernel, layer.strides, dilation, paddings, strict=True)
    return stops(*down), stops(*across)


def taps(start: int, k: int, dilation: int) -> range:
    """Positions of the k taps of a window whose first tap is at ``start``."""
    return range(start, start + k * dilation, dilation)


def pixel_at(x: Map, row: int, column: int) -> tuple[list[float], bool]:
    """Return the pixel at a position and True; zeros and False on padding."""
    if 0 <= row < len(x) and 0 <= column < len(x[0]):
        return x[row][column], True
    return [0.0] * len(x[0][0]), False


def indices(*sides: int) -> Iterator[tuple[int, ...]]:
    """All index tuples of nested lists of the given shape."""
    if not sides:
        yield ()
    else:
        yield from ((i, *rest) for i in range(sides[0]) for rest in indices(*sides[1:]))


def build(
    element: Callable[[int, int, int], float],
    rows: Iterable[int],
    columns: Iterable[int],
    channels: Iterable[int],
) -> Map:
    """Map of ``element(row, column, channel)`` at all positions."""
    return [[[element(i, j, c) for c in channels] for j in columns] for i in rows]


def each(x: Map, function: Callable[[float, int], float]) -> Map:
    """``function(value, channel)`` of every element."""
    return [[[function(value, c) for c, value in enumerate(pixel)] for pixel in row] for row in x]
