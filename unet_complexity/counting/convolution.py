"""Convolutions as loops: a window that walks and multiplies."""

from __future__ import annotations

from unet_complexity import layers as L
from unet_complexity.counting.maps import Map, each, indices, sides_of, stops, taps
from unet_complexity.counting.tally import Tally, twin


@twin(L.Conv2D)
def convolve(layer: L.Conv2D, tally: Tally, inputs: list[Map]) -> Map:
    """Each filter at each stop: multiply the window with the kernel, add the bias."""
    x = tally.load(inputs[0])
    (height, width, channels), (k_h, k_w), f = sides_of(x), layer.kernel_size, layer.filters
    seen = channels // layer.groups
    kernel = tally.weight(k_h, k_w, seen, f)
    bias = tally.weight(f) if layer.use_bias else None

    def element(i: int, j: int, filter: int) -> float:
        total, first = 0.0, filter // (f // layer.groups) * seen
        for a, row in enumerate(taps(i, k_h, layer.dilation_rate[0])):
            for b, column in enumerate(taps(j, k_w, layer.dilation_rate[1])):
                inside = 0 <= row < height and 0 <= column < width
                for channel in range(seen):
                    value = x[row][column][first + channel] if inside else 0.0
                    total = tally.mac(total, value, kernel[a][b][channel][filter], inside)
        return tally.write(tally.op(total + bias[filter]) if bias else total)

    rows = stops(height, k_h, layer.strides[0], layer.dilation_rate[0], layer.padding)
    columns = stops(width, k_w, layer.strides[1], layer.dilation_rate[1], layer.padding)
    return [[[element(i, j, filter) for filter in range(f)] for j in columns] for i in rows]


@twin(L.Conv2DTranspose)
def convolve_transposed(layer: L.Conv2DTranspose, tally: Tally, inputs: list[Map]) -> Map:
    """Each input element times the whole kernel, added into the output where it lands; what lands outside is cut."""
    x = tally.load(inputs[0])
    (height, width, channels), (k_h, k_w), f = sides_of(x), layer.kernel_size, layer.filters
    kernel = tally.weight(k_h, k_w, f, channels)
    bias = tally.weight(f) if layer.use_bias else None
    longer = [0 if layer.padding == "same" else max(k - t, 0) for k, t in zip((k_h, k_w), layer.strides, strict=True)]
    out_h, out_w = height * layer.strides[0] + longer[0], width * layer.strides[1] + longer[1]
    out = [[[0.0] * f for _ in range(out_w)] for _ in range(out_h)]
    rows = stops(out_h, k_h, layer.strides[0], 1, layer.padding)
    columns = stops(out_w, k_w, layer.strides[1], 1, layer.padding)
    for i, j, channel in indices(height, width, channels):
        for a, b, filter in indices(k_h, k_w, f):
            row, column = rows[i] + a, columns[j] + b
            inside = 0 <= row < out_h and 0 <= column < out_w
            before = out[row][column][filter] if inside else 0.0
            product = tally.mac(before, x[i][j][channel], kernel[a][b][filter][channel], inside)
            if inside:
                out[row][column][filter] = product
    return each(out, lambda v, filter: tally.write(tally.op(v + bias[filter]) if bias else v))


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
