"""Convolutions as loops: a window moves over the map and multiplies."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from unet_complexity.counting.maps import (
    Map,
    both_stops,
    build,
    channels_of,
    each,
    pixel_at,
    sides_of,
    stops,
    windows,
)
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.layers import Conv2D, Conv2DTranspose, PhaseConv2D


@twin(Conv2D)
def convolve(layer: Conv2D, tally: Tally, x: Map) -> Map:
    """Multiply the window with the kernel of each filter at each position, and add the bias."""
    groups = layer.groups
    seen = channels_of(x) // groups
    kernel = tally.weight(*layer.kernel_size, seen, layer.filters)
    return slide(layer, tally, x, kernel, groups)


def slide(layer: Any, tally: Tally, x: Map, kernel: Any, groups: int) -> Map:
    """Move a window over all positions; each group of filters sees its own group of channels."""
    k_h, k_w, seen, filters = sides_of(kernel)
    d_h, d_w = layer.dilation_rate
    of_a_group = filters // groups

    def element(i: int, j: int, filter: int) -> float:
        group = filter // of_a_group
        first = group * seen
        total = 0.0
        for a in range(k_h):
            row = i + a * d_h
            for b in range(k_w):
                column = j + b * d_w
                pixel, inside = pixel_at(x, row, column)
                tap = kernel[a][b]
                for channel, weights in enumerate(tap, first):
                    value = pixel[channel]
                    weight = weights[filter]
                    total = tally.mac(total, value, weight, inside)
        return total

    rows, columns = both_stops(layer, x)
    out = build(element, rows, columns, filters)
    return biased(layer, tally, out)


def biased(layer: Any, tally: Tally, x: Map) -> Map:
    """Add each filter's bias to its channel, if the layer has one."""
    if not layer.use_bias:
        return x
    filters = channels_of(x)
    bias = tally.weight(filters)

    def shifted(total: float, filter: int) -> float:
        result = total + bias[filter]
        return tally.op(result)

    return each(x, shifted)


@twin(Conv2DTranspose)
def convolve_transposed(layer: Conv2DTranspose, tally: Tally, x: Map) -> Map:
    """Multiply each input element with the whole kernel and add the products to the output.

    Products that fall outside the output are computed, counted and dropped.
    """
    channels = channels_of(x)
    groups = layer.groups
    seen = channels // groups
    of_a_group = layer.filters // groups
    k_h, k_w = layer.kernel_size
    kernel = tally.weight(k_h, k_w, of_a_group, channels)
    added_h, added_w = layer.output_padding or (None, None)
    rows, columns = windows(layer, x)
    out_h, top = landing(added_h, *rows)
    out_w, left = landing(added_w, *columns)
    t_h, t_w = layer.strides
    d_h, d_w = layer.dilation_rate
    out = build(lambda *at: 0.0, out_h, out_w, layer.filters)
    for i, row in enumerate(x):
        for j, values in enumerate(row):
            for a in range(k_h):
                to_row = i * t_h + a * d_h - top
                for b in range(k_w):
                    to_column = j * t_w + b * d_w - left
                    pixel, inside = pixel_at(out, to_row, to_column)
                    tap = kernel[a][b]
                    for channel, value in enumerate(values):
                        group = channel // seen
                        first = group * of_a_group
                        for filter, weights in enumerate(tap, first):
                            total = pixel[filter]
                            weight = weights[channel]
                            pixel[filter] = tally.mac(total, value, weight, inside)
    return biased(layer, tally, out)


def landing(
    added: int | None, n: int, k: int, t: int, dilation: int, padding: Any
) -> tuple[int, int]:
    """Return the size of the output along an axis, and the number of elements cropped in front of it."""
    reach = (k - 1) * dilation + 1
    full = (n - 1) * t + reach
    if padding == "valid":
        if added is None:
            added = max(t - reach, 0)
        return full + added, 0
    if padding == "same":
        side = n * t
        if added is not None:
            side = full - reach + reach % 2 + added
        cropped = max(full - side, 0)
        return side, cropped // 2
    before, after = padding
    side = full - before - after
    if added is not None:
        side += added
    return side, before


@twin(PhaseConv2D)
def convolve_by_phases(layer: PhaseConv2D, tally: Tally, x: Map) -> Map:
    """Multiply each small pixel that a window sees once, by the sum of the taps on its copies."""
    height, width, channels = sides_of(x)
    k_h, k_w = layer.kernel_size
    s_h, s_w = layer.size
    filters = layer.filters
    kernel = tally.weight(k_h, k_w, channels, filters)
    rows = stops(height * s_h, k_h, 1, 1, "same")
    columns = stops(width * s_w, k_w, 1, 1, "same")

    def element(i: int, j: int, filter: int) -> float:
        sums: Any = defaultdict(float)  # known beforehand, and not counted
        for a in range(k_h):
            row = (i + a) // s_h
            for b in range(k_w):
                column = (j + b) // s_w
                tap = kernel[a][b]
                for channel, weights in enumerate(tap):
                    sums[row, column, channel] += weights[filter]
        total = 0.0
        for (row, column, channel), weight in sums.items():
            pixel, inside = pixel_at(x, row, column)
            value = pixel[channel]
            total = tally.mac(total, value, weight, inside)
        return total

    out = build(element, rows, columns, filters)
    return biased(layer, tally, out)
