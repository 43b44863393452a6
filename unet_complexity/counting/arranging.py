"""Upsampling, pooling, padding and rearranging, as loops."""

from __future__ import annotations

import math
from typing import Any

from unet_complexity.counting.maps import Map, both_stops, build, channels_of, pixel_at, sides_of
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.layers import (
    AveragePooling2D,
    Cropping2D,
    DepthToSpace,
    MaxPooling2D,
    UpSampling2D,
    ZeroPadding2D,
)


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


@twin(UpSampling2D)
def upsample(layer: UpSampling2D, tally: Tally, x: Map) -> Map:
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
                value = pixel[c]
                if interpolation == "nearest":
                    return value
                weight = a * b  # known beforehand, and not counted
                product = tally.op(value * weight)
                products.append(product)
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
        parts = {}
        total = 0.0
        for at in range(first, first + inputs):
            distance = abs(centre - at)
            parts[at] = weight(distance)
            if 0 <= at < n:
                total += parts[at]
        shares = [(at, part / total) for at, part in parts.items()]
        found.append(shares)
    return found


@twin(MaxPooling2D, AveragePooling2D)
def pool(layer: Any, tally: Tally, x: Map) -> Map:
    """Return the largest or the mean of the elements under the window; padding is left out."""
    k_h, k_w = layer.pool_size

    def element(i: int, j: int, channel: int) -> float:
        values = []
        for row in range(i, i + k_h):
            for column in range(j, j + k_w):
                pixel, inside = pixel_at(x, row, column)
                if inside:
                    value = pixel[channel]
                    values.append(value)
        if isinstance(layer, MaxPooling2D):
            return tally.fold(values, max)
        return mean(tally, values)

    rows, columns = both_stops(layer, x)
    channels = channels_of(x)
    return build(element, rows, columns, channels)


def mean(tally: Tally, values: list[float]) -> float:
    """Add the values and divide their sum by their number."""
    total = tally.fold(values)
    return tally.op(total / len(values))


@twin(ZeroPadding2D)
def pad(layer: ZeroPadding2D, tally: Tally, x: Map) -> Map:
    """Copy the map with a frame of zeros around it."""
    height, width, channels = sides_of(x)
    (top, bottom), (left, right) = layer.padding
    rows = range(-top, height + bottom)
    columns = range(-left, width + right)

    def element(i: int, j: int, c: int) -> float:
        pixel, _ = pixel_at(x, i, j)
        return pixel[c]

    return build(element, rows, columns, channels)


@twin(Cropping2D)
def crop(layer: Cropping2D, tally: Tally, x: Map) -> Map:
    """Copy the map without its border."""
    height, width, _ = sides_of(x)
    (top, bottom), (left, right) = layer.cropping
    rows = x[top : height - bottom]
    return [row[left : width - right] for row in rows]


@twin(DepthToSpace)
def depth_to_space(layer: DepthToSpace, tally: Tally, x: Map) -> Map:
    """Turn each pixel's channels into a block of b x b pixels, the block's rows first."""
    b = layer.block_size
    height, width, channels = sides_of(x)
    made = channels // b**2

    def element(i: int, j: int, c: int) -> float:
        pixel = x[i // b][j // b]
        nth = i % b * b + j % b
        return pixel[nth * made + c]

    return build(element, height * b, width * b, made)
