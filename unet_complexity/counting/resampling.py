"""Upsampling, pooling, padding and rearranging, as loops."""

from __future__ import annotations

import math
import operator
from typing import Any

from unet_complexity import layers as L
from unet_complexity.counting.maps import Map, both_stops, build, pixel_at, sides_of
from unet_complexity.counting.tally import Tally, twin


def _cubic(x: float) -> float:
    """The cubic of Keys (1981), with a = -1/2."""
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2


# inputs of an output along one axis, and the weight of one by its distance
KERNELS: dict[str, Any] = {
    "nearest": (1, lambda x: 1.0),
    "bilinear": (2, lambda x: 1 - x),
    "bicubic": (4, _cubic),
}
FOLDS = {"max": max, "min": min}  # mean and sum add


@twin(L.UpSampling2D)
def upsample(layer: L.UpSampling2D, tally: Tally, x: Map) -> Map:
    """Resample to the layer's multiple of each side."""
    height, width, _ = sides_of(x)
    s_h, s_w = layer.size
    return resampled(layer.interpolation, tally, x, height * s_h, width * s_w)


def resampled(interpolation: str, tally: Tally, x: Map, out_h: int, out_w: int) -> Map:
    """Copy the nearest pixel, or blend the pixels around each output's centre."""
    height, width, channels = sides_of(x)
    rows = _weights(height, out_h, interpolation)
    columns = _weights(width, out_w, interpolation)

    def element(i: int, j: int, c: int) -> float:
        products = []
        for row, a in rows[i]:
            for column, b in columns[j]:
                pixel, _ = pixel_at(x, row, column)
                if interpolation == "nearest":
                    return pixel[c]
                weight = a * b  # known beforehand, and not counted
                products.append(tally.op(pixel[c] * weight))
        return tally.fold(products)

    return build(element, out_h, out_w, channels)


def _weights(n: int, m: int, interpolation: str) -> Any:
    """Return the inputs of the m outputs and their weights, computed beforehand and not counted.

    The weights of the inputs inside the map add up to 1; the others meet zeros.
    """
    inputs, weight = KERNELS[interpolation]
    found = []
    for i in range(m):
        centre = (i + 0.5) * n / m - 0.5
        first = math.floor(centre + 1 - inputs / 2)
        parts = {at: weight(abs(centre - at)) for at in range(first, first + inputs)}
        inside = sum(parts[at] for at in parts if 0 <= at < n)
        found.append([(at, parts[at] / inside) for at in parts])
    return found


@twin(L.MaxPooling2D, L.AveragePooling2D)
def pool(layer: Any, tally: Tally, x: Map) -> Map:
    """Return the largest or the mean of the elements under the window; padding is left out."""
    k_h, k_w = layer.pool_size
    operation = "max" if isinstance(layer, L.MaxPooling2D) else "mean"

    def element(i: int, j: int, channel: int) -> float:
        values = []
        for row in range(i, i + k_h):
            for column in range(j, j + k_w):
                pixel, inside = pixel_at(x, row, column)
                if inside:
                    values.append(pixel[channel])
        return summed_up(operation, tally, values)

    return build(element, *both_stops(layer, x), len(x[0][0]))


def summed_up(operation: str, tally: Tally, values: list[float]) -> float:
    """Return the mean, sum, largest or smallest of values."""
    result = tally.fold(values, FOLDS.get(operation, operator.add))
    if operation == "mean":
        result = tally.op(result / len(values))
    return result


@twin(L.ZeroPadding2D)
def pad(layer: L.ZeroPadding2D, tally: Tally, x: Map) -> Map:
    """Copy the map with a frame of zeros around it."""
    height, width, _ = sides_of(x)
    (top, bottom), (left, right) = layer.padding
    rows = range(-top, height + bottom)
    columns = range(-left, width + right)
    return [[pixel_at(x, row, column)[0] for column in columns] for row in rows]


@twin(L.Cropping2D)
def crop(layer: L.Cropping2D, tally: Tally, x: Map) -> Map:
    """Copy the map without its border."""
    height, width, _ = sides_of(x)
    (top, bottom), (left, right) = layer.cropping
    rows = x[top : height - bottom]
    return [row[left : width - right] for row in rows]


@twin(L.DepthToSpace)
def depth_to_space(layer: L.DepthToSpace, tally: Tally, x: Map) -> Map:
    """Turn each pixel's channels into a block of b x b pixels, the block's rows first."""
    b = layer.block_size
    height, width, channels = sides_of(x)
    made = channels // b**2

    def element(i: int, j: int, c: int) -> float:
        pixel = x[i // b][j // b]
        nth = i % b * b + j % b
        return pixel[nth * made + c]

    return build(element, height * b, width * b, made)
