"""Putting numbers elsewhere, repeating, blending and pooling, as loops."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from unet_complexity import layers as L
from unet_complexity.counting.maps import Map, both_stops, sides_of, taps
from unet_complexity.counting.tally import Tally, fold, twin

Weights = list[list[tuple[int, float]]]  # per output place, the inputs that it is made of, and how much of each


@twin(L.UpSampling2D)
def upsample(layer: L.UpSampling2D, tally: Tally, inputs: list[Map]) -> Map:
    """To as many times the sides as the layer says."""
    x = tally.load(inputs[0])
    return resampled(layer.interpolation, tally, x, len(x) * layer.size[0], len(x[0]) * layer.size[1])


def resampled(interpolation: str, tally: Tally, x: Map, out_h: int, out_w: int) -> Map:
    """Repeat each row, and in it each pixel; or blend the nearest, with pixels taken at their centres."""
    height, width, channels = sides_of(x)
    if interpolation == "nearest":
        nearest = [[math.floor((i + 0.5) * n / m) for i in range(m)] for n, m in ((height, out_h), (width, out_w))]
        return [[[tally.write(value) for value in x[row][column]] for column in nearest[1]] for row in nearest[0]]
    spread = {"bilinear": _two_nearest, "bicubic": _four_nearest}[interpolation]
    rows, columns = _weights(height, out_h, spread), _weights(width, out_w, spread)

    def element(i: int, j: int, channel: int) -> float:
        pairs = [(x[row][column][channel], a * b) for row, a in rows[i] for column, b in columns[j]]
        return tally.write(fold(tally, lambda a, b: a + b, [tally.op(weight * value) for value, weight in pairs]))

    return [[[element(i, j, c) for c in range(channels)] for j in range(out_w)] for i in range(out_h)]


def _weights(n: int, m: int, spread: Callable[[float], list[tuple[int, float]]]) -> Weights:
    """Known beforehand: what each of the m places is made of, where there is something, in parts that add up to 1."""
    found = []
    for i in range(m):
        parts = [(place, part if 0 <= place < n else 0.0) for place, part in spread((i + 0.5) * n / m - 0.5)]
        whole = sum(part for _, part in parts)
        found.append([(min(max(place, 0), n - 1), part / whole) for place, part in parts])
    return found


def _two_nearest(centre: float) -> list[tuple[int, float]]:
    first = math.floor(centre)
    return [(first, 1 - centre + first), (first + 1, centre - first)]


def _four_nearest(centre: float) -> list[tuple[int, float]]:
    """The cubic of Keys (1981), with a = -1/2."""

    def cubic(x: float) -> float:
        return (1.5 * x - 2.5) * x * x + 1 if x <= 1 else ((-0.5 * x + 2.5) * x - 4) * x + 2

    first = math.floor(centre) - 1
    return [(first + i, cubic(abs(centre - first - i))) for i in range(4)]


@twin(L.MaxPooling2D, L.AveragePooling2D)
def pool(layer: Any, tally: Tally, inputs: list[Map]) -> Map:
    """Largest, or mean, of the real elements under the window."""
    x = tally.load(inputs[0])
    height, width, channels = sides_of(x)
    k_h, k_w = layer.pool_size

    def element(i: int, j: int, channel: int) -> float:
        rows = [row for row in taps(i, k_h, 1) if 0 <= row < height]
        columns = [column for column in taps(j, k_w, 1) if 0 <= column < width]
        values = [x[row][column][channel] for row in rows for column in columns]
        return summed_up("max" if isinstance(layer, L.MaxPooling2D) else "mean", tally, values)

    rows, columns = both_stops(layer, x)
    return [[[element(i, j, c) for c in range(channels)] for j in columns] for i in rows]


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


@twin(L.DepthToSpace)
def depth_to_space(layer: L.DepthToSpace, tally: Tally, inputs: list[Map]) -> Map:
    """Each pixel's channels become a block of b x b pixels, the block's rows first."""
    x, b = tally.load(inputs[0]), layer.block_size
    c = sides_of(x)[2] // b**2

    def pixel(row: int, column: int) -> list[float]:
        first = (row % b * b + column % b) * c
        return [tally.write(value) for value in x[row // b][column // b][first : first + c]]

    return [[pixel(i, j) for j in range(b * len(x[0]))] for i in range(b * len(x))]


def summed_up(operation: str, tally: Tally, values: list[float]) -> float:
    """Mean, sum, max or min of values, written."""
    how: dict[str, Callable[[float, float], float]] = {"max": max, "min": min}
    total = fold(tally, how.get(operation, lambda a, b: a + b), values)
    return tally.write(tally.op(total / len(values)) if operation == "mean" else total)
