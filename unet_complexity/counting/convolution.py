"""Convolutions as loops: a window moves over the map and multiplies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unet_complexity import layers as L
from unet_complexity.counting.maps import (
    Map,
    both_stops,
    build,
    each,
    indices,
    pixel_at,
    sides_of,
    windows,
)
from unet_complexity.counting.tally import Tally, twin


@twin(L.Conv2D)
def convolve(layer: L.Conv2D, tally: Tally, x: Map) -> Map:
    """Multiply the window with the kernel of each filter at each position, and add the bias."""
    seen = len(x[0][0]) // layer.groups
    kernel = tally.weight(*layer.kernel_size, seen, layer.filters)
    return slide(layer, tally, x, kernel, layer.groups)


def slide(layer: Any, tally: Tally, x: Map, kernel: Any, groups: int) -> Map:
    """Move a window over all positions; each group of filters sees its own group of channels."""
    k_h, k_w, seen, filters = sides_of(kernel)
    d_h, d_w = layer.dilation_rate
    finish = finisher(layer, tally, filters)

    def element(i: int, j: int, filter: int) -> float:
        first = filter * groups // filters * seen
        total = 0.0
        for a, b in indices(k_h, k_w):
            pixel, inside = pixel_at(x, i + a * d_h, j + b * d_w)
            for nth in range(seen):
                weight = kernel[a][b][nth][filter]
                total = tally.mac(total, pixel[first + nth], weight, inside)
        return finish(total, filter)

    return build(element, *both_stops(layer, x), filters)


def finisher(layer: Any, tally: Tally, filters: int) -> Callable[[float, int], float]:
    """Return the function that adds a filter's bias, if the layer has one, and writes."""
    bias = tally.weight(filters) if layer.use_bias else None

    def finish(total: float, filter: int) -> float:
        if bias:
            total = tally.op(total + bias[filter])
        return tally.write(total)

    return finish


@twin(L.Conv2DTranspose)
def convolve_transposed(layer: L.Conv2DTranspose, tally: Tally, x: Map) -> Map:
    """Multiply each input element with the whole kernel and add the products to the output.

    Products that fall outside the output are computed, counted and dropped.
    """
    sides = sides_of(x)
    seen = sides[2] // layer.groups
    of_a_group = layer.filters // layer.groups
    kernel = tally.weight(*layer.kernel_size, of_a_group, sides[2])
    finish = finisher(layer, tally, layer.filters)
    added = layer.output_padding or (None, None)
    (out_h, top), (out_w, left) = (landing(*axis) for axis in windows(layer, x, added))
    t_h, t_w = layer.strides
    d_h, d_w = layer.dilation_rate
    out = build(lambda *at: 0.0, out_h, out_w, layer.filters)
    for i, j, channel in indices(*sides):
        for a, b, nth in indices(*layer.kernel_size, of_a_group):
            pixel, inside = pixel_at(out, i * t_h + a * d_h - top, j * t_w + b * d_w - left)
            filter = channel // seen * of_a_group + nth
            weight = kernel[a][b][nth][channel]
            pixel[filter] = tally.mac(pixel[filter], x[i][j][channel], weight, inside)
    return each(out, finish)


def landing(
    n: int, k: int, t: int, dilation: int, padding: Any, added: int | None
) -> tuple[int, int]:
    """Return the size of the output along an axis, and the number of elements cropped in front of it."""
    reach = (k - 1) * dilation + 1
    full = (n - 1) * t + reach
    if padding == "valid":
        return full + max(t - reach, 0) if added is None else full + added, 0
    if padding != "same":
        before, after = padding
        return full + (added or 0) - before - after, before
    side = n * t if added is None else full - reach + reach % 2 + added
    return side, max(full - side, 0) // 2


@twin(L.PhaseConv2D)
def convolve_by_phases(layer: L.PhaseConv2D, tally: Tally, x: Map) -> Map:
    """Multiply each small pixel that a window sees once, by the sum of the taps on its copies."""
    height, width, channels = sides_of(x)
    k_h, k_w = layer.kernel_size
    s_h, s_w = layer.size
    kernel = tally.weight(k_h, k_w, channels, layer.filters)
    finish = finisher(layer, tally, layer.filters)

    def element(i: int, j: int, filter: int) -> float:
        weights: dict[tuple[int, ...], float] = {}  # known beforehand, and not counted
        for a, b, channel in indices(k_h, k_w, channels):
            row = (i - (k_h - 1) // 2 + a) // s_h
            column = (j - (k_w - 1) // 2 + b) // s_w
            at = row, column, channel
            weights[at] = weights.get(at, 0.0) + kernel[a][b][channel][filter]
        total = 0.0
        for (row, column, channel), weight in weights.items():
            pixel, inside = pixel_at(x, row, column)
            total = tally.mac(total, pixel[channel], weight, inside)
        return finish(total, filter)

    return build(element, height * s_h, width * s_w, layer.filters)
