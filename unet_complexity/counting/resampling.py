"""Repeating, blending, pooling and rearranging as loops."""

from __future__ import annotations

import math
from typing import Any

from unet_complexity import layers as L
from unet_complexity.counting.maps import Map, sides_of, stops, taps
from unet_complexity.counting.tally import Tally, fold, twin


@twin(L.UpSampling2D)
def upsample(layer: L.UpSampling2D, tally: Tally, inputs: list[Map]) -> Map:
    """Repeat each row, and in it each pixel; or blend the four nearest, with pixels taken at their centres."""
    x, (s_h, s_w) = tally.load(inputs[0]), layer.size
    if layer.interpolation == "bilinear":
        return _blend(x, s_h, s_w, tally)
    return [
        [[tally.write(value) for value in pixel] for pixel in row for _ in range(s_w)] for row in x for _ in range(s_h)
    ]


def _blend(x: Map, s_h: int, s_w: int, tally: Tally) -> Map:
    height, width, channels = sides_of(x)

    def neighbours(i: int, s: int, side: int) -> tuple[int, int, float]:
        centre = (i + 0.5) / s - 0.5
        first = math.floor(centre)
        return max(first, 0), min(first + 1, side - 1), centre - first

    def element(i: int, j: int, channel: int) -> float:
        top, bottom, down = neighbours(i, s_h, height)
        left, right, across = neighbours(j, s_w, width)
        weights = ((1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across)
        corners = (x[top][left], x[top][right], x[bottom][left], x[bottom][right])
        products = [tally.op(weight * corner[channel]) for weight, corner in zip(weights, corners, strict=True)]
        return tally.write(fold(tally, lambda a, b: a + b, products))

    return [[[element(i, j, c) for c in range(channels)] for j in range(s_w * width)] for i in range(s_h * height)]


@twin(L.MaxPooling2D, L.AveragePooling2D)
def pool(layer: Any, tally: Tally, inputs: list[Map]) -> Map:
    """Largest, or mean, of the real elements under the window."""
    x = tally.load(inputs[0])
    height, width, channels = sides_of(x)
    (k_h, k_w), (t_h, t_w) = layer.pool_size, layer.strides

    def element(i: int, j: int, channel: int) -> float:
        rows = [row for row in taps(i, k_h, 1) if 0 <= row < height]
        columns = [column for column in taps(j, k_w, 1) if 0 <= column < width]
        values = [x[row][column][channel] for row in rows for column in columns]
        if isinstance(layer, L.MaxPooling2D):
            return tally.write(fold(tally, max, values))
        return tally.write(tally.op(fold(tally, lambda a, b: a + b, values) / len(values)))

    rows, columns = stops(height, k_h, t_h, 1, layer.padding), stops(width, k_w, t_w, 1, layer.padding)
    return [[[element(i, j, c) for c in range(channels)] for j in columns] for i in rows]


@twin(L.DepthToSpace)
def depth_to_space(layer: L.DepthToSpace, tally: Tally, inputs: list[Map]) -> Map:
    """Each pixel's channels become a block of b x b pixels, the block's rows first."""
    x, b = tally.load(inputs[0]), layer.block_size
    c = sides_of(x)[2] // b**2

    def pixel(row: int, column: int) -> list[float]:
        first = (row % b * b + column % b) * c
        return [tally.write(value) for value in x[row // b][column // b][first : first + c]]

    return [[pixel(i, j) for j in range(b * len(x[0]))] for i in range(b * len(x))]
