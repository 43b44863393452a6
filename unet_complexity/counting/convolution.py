"""Convolutions as loops: a window moves over the map and multiplies."""

from __future__ import annotations

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
    taps,
)
from unet_complexity.counting.tally import Tally, twin


@twin(L.Conv2D)
def convolve(layer: L.Conv2D, tally: Tally, inputs: list[Map]) -> Map:
    """Multiply the window with the kernel of each filter at each position, and add the bias."""
    x = tally.load(inputs[0])
    seen = len(x[0][0]) // layer.groups
    kernel = tally.weight(*layer.kernel_size, seen, layer.filters)
    return slide(layer, tally, x, kernel, layer.groups)


def slide(layer: Any, tally: Tally, x: Map, kernel: Any, groups: int) -> Map:
    """Move a window over all positions; each group of filters sees its own group of channels."""
    k_h, k_w, seen, filters = sides_of(kernel)
    d_h, d_w = layer.dilation_rate
    bias = bias_of(layer, tally, filters)

    def element(i: int, j: int, filter: int) -> float:
        first = filter * groups // filters * seen
        total = 0.0
        for a, row in enumerate(taps(i, k_h, d_h)):
            for b, column in enumerate(taps(j, k_w, d_w)):
                pixel, inside = pixel_at(x, row, column)
                for nth in range(seen):
                    total = tally.mac(total, pixel[first + nth], kernel[a][b][nth][filter], inside)
        return finish(tally, total, bias, filter)

    return build(element, *both_stops(layer, x), range(filters))


def bias_of(layer: Any, tally: Tally, filters: int) -> list[float] | None:
    """One number for each filter, or None for a layer without a bias."""
    if not layer.use_bias:
        return None
    bias: list[float] = tally.weight(filters)
    return bias


def finish(tally: Tally, total: float, bias: list[float] | None, filter: int) -> float:
    """Add the bias, if there is one, and write."""
    return tally.write(tally.op(total + bias[filter]) if bias else total)


@twin(L.Conv2DTranspose)
def convolve_transposed(layer: L.Conv2DTranspose, tally: Tally, inputs: list[Map]) -> Map:
    """Multiply each input element with the whole kernel and add the products to the output.

    Products that fall outside the output are computed, counted and dropped.
    """
    x = tally.load(inputs[0])
    (height, width, channels), filters = sides_of(x), layer.filters
    seen, of_a_group = channels // layer.groups, filters // layer.groups
    kernel = tally.weight(*layer.kernel_size, of_a_group, channels)
    bias = bias_of(layer, tally, filters)
    out_h, top = landing(layer, 0, height)
    out_w, left = landing(layer, 1, width)
    (t_h, t_w), (d_h, d_w) = layer.strides, layer.dilation_rate
    out = [[[0.0] * filters for _ in range(out_w)] for _ in range(out_h)]
    for i, j, channel in indices(height, width, channels):
        for a, b, nth in indices(*layer.kernel_size, of_a_group):
            pixel, inside = pixel_at(out, i * t_h + a * d_h - top, j * t_w + b * d_w - left)
            filter = channel // seen * of_a_group + nth
            pixel[filter] = tally.mac(
                pixel[filter], x[i][j][channel], kernel[a][b][nth][channel], inside
            )
    return each(out, lambda total, filter: finish(tally, total, bias, filter))


def landing(layer: L.Conv2DTranspose, axis: int, n: int) -> tuple[int, int]:
    """Size of the output along an axis, and the number of elements cropped in front of it."""
    k, t, dilation = layer.kernel_size[axis], layer.strides[axis], layer.dilation_rate[axis]
    added = layer.output_padding[axis] if layer.output_padding else None
    reach = (k - 1) * dilation + 1
    if layer.padding == "valid":
        return (n - 1) * t + (max(reach, t) if added is None else reach + added), 0
    if layer.padding != "same":
        before, after = layer.padding[axis]
        return (n - 1) * t + reach + (added or 0) - before - after, before
    side = n * t if added is None else (n - 1) * t + reach % 2 + added
    return side, max((n - 1) * t + reach - side, 0) // 2


@twin(L.PhaseConv2D)
def convolve_by_phases(layer: L.PhaseConv2D, tally: Tally, inputs: list[Map]) -> Map:
    """Multiply each small pixel that a window sees once, by the sum of the taps on its copies."""
    x = tally.load(inputs[0])
    (height, width, channels), (k_h, k_w) = sides_of(x), layer.kernel_size
    s_h, s_w = layer.size
    kernel = tally.weight(k_h, k_w, channels, layer.filters)
    bias = bias_of(layer, tally, layer.filters)

    def seen(position: int, k: int, s: int) -> dict[int, list[int]]:
        """The taps that fall on the copies of each small pixel."""
        found: dict[int, list[int]] = {}
        for tap in range(k):
            found.setdefault((position - (k - 1) // 2 + tap) // s, []).append(tap)
        return found

    def element(i: int, j: int, filter: int) -> float:
        total = 0.0
        for row, taps_down in seen(i, k_h, s_h).items():
            for column, taps_across in seen(j, k_w, s_w).items():
                pixel, inside = pixel_at(x, row, column)
                for channel, value in enumerate(pixel):
                    weight = sum(
                        kernel[a][b][channel][filter] for a in taps_down for b in taps_across
                    )
                    total = tally.mac(total, value, weight, inside)
        return finish(tally, total, bias, filter)

    return build(element, range(height * s_h), range(width * s_w), range(layer.filters))
