"""Upsampling, pooling, padding and rearranging, as loops."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from unet_complexity import layers as L
from unet_complexity.counting.maps import Map, both_stops, build, pixel_at, sides_of, taps
from unet_complexity.counting.tally import Tally, add_up, fold, twin

Parts = list[tuple[int, float]]  # input positions and their weights


@twin(L.UpSampling2D)
def upsample(layer: L.UpSampling2D, tally: Tally, inputs: list[Map]) -> Map:
    """Resample to the layer's multiple of each side."""
    x = tally.load(inputs[0])
    return resampled(
        layer.interpolation, tally, x, len(x) * layer.size[0], len(x[0]) * layer.size[1]
    )


def resampled(interpolation: str, tally: Tally, x: Map, out_h: int, out_w: int) -> Map:
    """Copy the nearest pixel, or blend the pixels around each output's centre."""
    height, width, channels = sides_of(x)
    parts = {"nearest": _nearest, "bilinear": _two_nearest, "bicubic": _four_nearest}[interpolation]
    rows, columns = _weights(height, out_h, parts), _weights(width, out_w, parts)

    def element(i: int, j: int, c: int) -> float:
        if interpolation == "nearest":
            return tally.write(x[rows[i][0][0]][columns[j][0][0]][c])
        products = [
            tally.op(x[row][column][c] * (a * b)) for row, a in rows[i] for column, b in columns[j]
        ]
        return tally.write(add_up(tally, products))

    return build(element, range(out_h), range(out_w), range(channels))


def _weights(n: int, m: int, parts_at: Callable[[float], Parts]) -> list[Parts]:
    """Interpolation weights of the m outputs, normalised to 1; computed beforehand and not counted."""
    found = []
    for i in range(m):
        parts = [
            (at, part if 0 <= at < n else 0.0) for at, part in parts_at((i + 0.5) * n / m - 0.5)
        ]
        whole = sum(part for _, part in parts)
        found.append([(min(max(at, 0), n - 1), part / whole) for at, part in parts])
    return found


def _nearest(centre: float) -> Parts:
    return [(math.floor(centre + 0.5), 1.0)]


def _two_nearest(centre: float) -> Parts:
    first = math.floor(centre)
    return [(first, 1 - centre + first), (first + 1, centre - first)]


def _four_nearest(centre: float) -> Parts:
    """The cubic of Keys (1981), with a = -1/2."""

    def cubic(x: float) -> float:
        return (1.5 * x - 2.5) * x * x + 1 if x <= 1 else ((-0.5 * x + 2.5) * x - 4) * x + 2

    first = math.floor(centre) - 1
    return [(first + i, cubic(abs(centre - first - i))) for i in range(4)]


@twin(L.MaxPooling2D, L.AveragePooling2D)
def pool(layer: Any, tally: Tally, inputs: list[Map]) -> Map:
    """Largest or mean of the elements under the window; padding is left out."""
    x = tally.load(inputs[0])
    k_h, k_w = layer.pool_size
    operation = "max" if isinstance(layer, L.MaxPooling2D) else "mean"

    def element(i: int, j: int, channel: int) -> float:
        pixels = [pixel_at(x, row, column) for row in taps(i, k_h, 1) for column in taps(j, k_w, 1)]
        return summed_up(operation, tally, [pixel[channel] for pixel, inside in pixels if inside])

    return build(element, *both_stops(layer, x), range(len(x[0][0])))


@twin(L.ZeroPadding2D, L.Cropping2D)
def reframe(layer: Any, tally: Tally, inputs: list[Map]) -> Map:
    """Copy the map with a frame of zeros around it, or with its border cropped."""
    x = tally.load(inputs[0])
    height, width, channels = sides_of(x)
    sign, border = (
        (1, layer.padding) if isinstance(layer, L.ZeroPadding2D) else (-1, layer.cropping)
    )
    (top, bottom), (left, right) = border
    rows = range(-sign * top, height + sign * bottom)
    columns = range(-sign * left, width + sign * right)
    return build(
        lambda i, j, c: tally.write(pixel_at(x, i, j)[0][c]), rows, columns, range(channels)
    )


@twin(L.DepthToSpace)
def depth_to_space(layer: L.DepthToSpace, tally: Tally, inputs: list[Map]) -> Map:
    """Turn each pixel's channels into a block of b x b pixels, the block's rows first."""
    x, b = tally.load(inputs[0]), layer.block_size
    height, width, channels = sides_of(x)
    made = channels // b**2

    def element(i: int, j: int, c: int) -> float:
        first = (i % b * b + j % b) * made
        return tally.write(x[i // b][j // b][first + c])

    return build(element, range(height * b), range(width * b), range(made))


def summed_up(operation: str, tally: Tally, values: list[float]) -> float:
    """Write the mean, sum, largest or smallest of values."""
    if operation in ("max", "min"):
        return tally.write(fold(tally, max if operation == "max" else min, values))
    total = add_up(tally, values)
    return tally.write(tally.op(total / len(values)) if operation == "mean" else total)
