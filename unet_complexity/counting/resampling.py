"""Upsampling, pooling, padding and rearranging, as loops."""

from __future__ import annotations

import math
import operator
from itertools import product
from typing import Any

from unet_complexity import layers as L
from unet_complexity.counting.maps import Map, both_stops, build, pixel_at, sides_of
from unet_complexity.counting.tally import Tally, twin


def _cubic(x: float) -> float:
    """The cubic of Keys (1981), with a = -1/2."""
    if x <= 1:
        return (1.5 * x - 2.5) * x * x + 1
    return ((-0.5 * x + 2.5) * x - 4) * x + 2


# inputs of an output along one axis, and the weight of one by its distance
KERNELS: dict[str, tuple[int, Any]] = {
    "nearest": (1, lambda x: 1.0),
    "bilinear": (2, lambda x: 1 - x),
    "bicubic": (4, _cubic),
}


FOLDS: dict[str, Any] = {"max": max, "min": min, "sum": operator.add, "mean": operator.add}


@twin(L.UpSampling2D)
def upsample(layer: L.UpSampling2D, tally: Tally, x: Map) -> Map:
    """Resample to the layer's multiple of each side."""
    s_h, s_w = layer.size
    return resampled(layer.interpolation, tally, x, len(x) * s_h, len(x[0]) * s_w)


def resampled(interpolation: str, tally: Tally, x: Map, out_h: int, out_w: int) -> Map:
    """Copy the nearest pixel, or blend the pixels around each output's centre."""
    height, width, channels = sides_of(x)
    rows = _weights(height, out_h, interpolation)
    columns = _weights(width, out_w, interpolation)

    def element(i: int, j: int, c: int) -> float:
        products = []
        for (row, a), (column, b) in product(rows[i], columns[j]):
            value = x[row][column][c]
            if interpolation == "nearest":
                return tally.write(value)
            products.append(tally.op(value * (a * b)))
        return tally.write(tally.add_up(products))

    return build(element, out_h, out_w, channels)


def _weights(n: int, m: int, interpolation: str) -> list[list[tuple[int, float]]]:
    """Return the inputs of the m outputs and their weights, normalised to 1; computed beforehand and not counted."""
    inputs, weight = KERNELS[interpolation]
    found = []
    for i in range(m):
        centre = (i + 0.5) * n / m - 0.5
        first = math.floor(centre + (2 - inputs) / 2)
        parts = []
        for at in range(first, first + inputs):
            inside = min(max(at, 0), n - 1)
            parts.append((inside, weight(abs(centre - at)) if at == inside else 0.0))
        whole = sum(part for _, part in parts)
        found.append([(at, part / whole) for at, part in parts])
    return found


@twin(L.MaxPooling2D, L.AveragePooling2D)
def pool(layer: Any, tally: Tally, x: Map) -> Map:
    """Write the largest or the mean of the elements under the window; padding is left out."""
    k_h, k_w = layer.pool_size
    operation = "max" if isinstance(layer, L.MaxPooling2D) else "mean"

    def element(i: int, j: int, channel: int) -> float:
        values = []
        for row, column in product(range(i, i + k_h), range(j, j + k_w)):
            pixel, inside = pixel_at(x, row, column)
            if inside:
                values.append(pixel[channel])
        return summed_up(operation, tally, values)

    return build(element, *both_stops(layer, x), len(x[0][0]))


@twin(L.ZeroPadding2D, L.Cropping2D)
def reframe(layer: Any, tally: Tally, x: Map) -> Map:
    """Copy the map with a frame of zeros around it, or with its border cropped."""
    height, width, channels = sides_of(x)
    padded = isinstance(layer, L.ZeroPadding2D)
    sign, border = (1, layer.padding) if padded else (-1, layer.cropping)
    (top, bottom), (left, right) = border
    rows = range(-sign * top, height + sign * bottom)
    columns = range(-sign * left, width + sign * right)

    framed = build(lambda i, j, c: pixel_at(x, i, j)[0][c], rows, columns, channels)
    return tally.store(framed)


@twin(L.DepthToSpace)
def depth_to_space(layer: L.DepthToSpace, tally: Tally, x: Map) -> Map:
    """Turn each pixel's channels into a block of b x b pixels, the block's rows first."""
    b = layer.block_size
    height, width, channels = sides_of(x)
    made = channels // b**2

    def element(i: int, j: int, c: int) -> float:
        nth = i % b * b + j % b
        return tally.write(x[i // b][j // b][nth * made + c])

    return build(element, height * b, width * b, made)


def summed_up(operation: str, tally: Tally, values: list[float]) -> float:
    """Write the mean, sum, largest or smallest of values."""
    result = tally.fold(FOLDS[operation], values)
    if operation == "mean":
        result = tally.op(result / len(values))
    return tally.write(result)
