"""Convolutions as loops: a window that walks and multiplies."""

from __future__ import annotations

from typing import Any

from unet_complexity import layers as L
from unet_complexity.counting.maps import Map, both_stops, each, indices, sides_of, taps
from unet_complexity.counting.tally import Tally, twin


@twin(L.Conv2D)
def convolve(layer: L.Conv2D, tally: Tally, inputs: list[Map]) -> Map:
    """Each filter at each stop: multiply the window with the kernel, add the bias."""
    x = tally.load(inputs[0])
    channels, f = sides_of(x)[2], layer.filters
    seen, of_a_group = channels // layer.groups, f // layer.groups
    kernel = tally.weight(*layer.kernel_size, seen, f)
    bias = tally.weight(f) if layer.use_bias else None

    def weight(a: int, b: int, channel: int, filter: int) -> float:
        value: float = kernel[a][b][channel][filter]
        return value

    groups = [i // of_a_group for i in range(f)]
    return slide(layer, tally, x, [range(i * seen, (i + 1) * seen) for i in groups], weight, bias)


def slide(layer: Any, tally: Tally, x: Map, seen: list[range], weight: Any, bias: Any) -> Map:
    """A window over each stop, for each filter on the channels that it has ``seen``."""
    height, width, _ = sides_of(x)
    (k_h, k_w), (d_h, d_w) = layer.kernel_size, layer.dilation_rate

    def element(i: int, j: int, filter: int) -> float:
        total = 0.0
        for a, row in enumerate(taps(i, k_h, d_h)):
            for b, column in enumerate(taps(j, k_w, d_w)):
                inside = 0 <= row < height and 0 <= column < width
                for nth, channel in enumerate(seen[filter]):
                    value = x[row][column][channel] if inside else 0.0
                    total = tally.mac(total, value, weight(a, b, nth, filter), inside)
        return tally.write(tally.op(total + bias[filter]) if bias else total)

    rows, columns = both_stops(layer, x)
    return [[[element(i, j, filter) for filter in range(len(seen))] for j in columns] for i in rows]


@twin(L.Conv2DTranspose)
def convolve_transposed(layer: L.Conv2DTranspose, tally: Tally, inputs: list[Map]) -> Map:
    """Each input element times the whole kernel, added into the output where it lands; what lands outside is cut."""
    x = tally.load(inputs[0])
    (height, width, channels), (k_h, k_w), f = sides_of(x), layer.kernel_size, layer.filters
    seen, of_a_group = channels // layer.groups, f // layer.groups
    kernel = tally.weight(k_h, k_w, of_a_group, channels)
    bias = tally.weight(f) if layer.use_bias else None
    (out_h, top), (out_w, left) = (landing(layer, axis, n) for axis, n in enumerate((height, width)))
    out = [[[0.0] * f for _ in range(out_w)] for _ in range(out_h)]
    for i, j, channel in indices(height, width, channels):
        for a, b, filter in indices(k_h, k_w, of_a_group):
            row = i * layer.strides[0] + a * layer.dilation_rate[0] - top
            column = j * layer.strides[1] + b * layer.dilation_rate[1] - left
            inside, made = 0 <= row < out_h and 0 <= column < out_w, channel // seen * of_a_group + filter
            before = out[row][column][made] if inside else 0.0
            product = tally.mac(before, x[i][j][channel], kernel[a][b][filter][channel], inside)
            if inside:
                out[row][column][made] = product
    return each(out, lambda v, filter: tally.write(tally.op(v + bias[filter]) if bias else v))


def landing(layer: L.Conv2DTranspose, axis: int, n: int) -> tuple[int, int]:
    """Side of the output, and how much of what the kernels reach is cut off in front."""
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
    """Each output looks up which small pixels its window sees, adds up their taps, and multiplies each pixel once."""
    x = tally.load(inputs[0])
    (height, width, channels), (k_h, k_w), f = sides_of(x), layer.kernel_size, layer.filters
    kernel = tally.weight(k_h, k_w, channels, f)
    bias = tally.weight(f) if layer.use_bias else None

    def seen(place: int, k: int, s: int) -> dict[int, list[int]]:
        """Small pixel -> the taps that fall on its copies."""
        found: dict[int, list[int]] = {}
        for tap in range(k):
            found.setdefault((place - (k - 1) // 2 + tap) // s, []).append(tap)
        return found

    def element(i: int, j: int, filter: int) -> float:
        total = 0.0
        for row, taps_down in seen(i, k_h, layer.size[0]).items():
            for column, taps_across in seen(j, k_w, layer.size[1]).items():
                inside = 0 <= row < height and 0 <= column < width
                for channel in range(channels):
                    value = x[row][column][channel] if inside else 0.0
                    weight = sum(kernel[a][b][channel][filter] for a in taps_down for b in taps_across)
                    total = tally.mac(total, value, weight, inside)
        return tally.write(tally.op(total + bias[filter]) if bias else total)

    out_h, out_w = height * layer.size[0], width * layer.size[1]
    return [[[element(i, j, filter) for filter in range(f)] for j in range(out_w)] for i in range(out_h)]
