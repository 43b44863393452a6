"""Operators of ONNX that slide a window over one image: convolutions and pools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import AtrousConv2D, DepthwiseConv2D, Reduce
from unet_complexity.engineering.readers.limits import MOST_TAPS, at_most
from unet_complexity.engineering.readers.onnx.node import (
    Node,
    Row,
    UnsupportedError,
    operator,
    shown,
)
from unet_complexity.layers import AveragePooling2D, Conv2D, Conv2DTranspose, MaxPooling2D
from unet_complexity.symbols import Size, exact, one_of

AUTO = ("NOTSET", "SAME_LOWER", "SAME_UPPER", "VALID")


class Window:
    """Taps, strides, padding and dilations of rows and of columns; a signal has one row."""

    def __init__(self, node: Node, kernel: Sequence[Any]) -> None:
        axes = len(kernel)
        if axes not in (1, 2):
            raise UnsupportedError(f"with {axes} spatial axes")
        strides, dilations = (node.get(name, [1] * axes) for name in ("strides", "dilations"))
        pads = node.get("pads", [0] * 2 * axes)
        largest = max(*kernel, *strides, *dilations, *pads)
        at_most(largest, MOST_TAPS, "taps of a window, its stride, dilation or padding")
        self.taps, self.strides, self.dilations = (
            (1, *values)[-2:] for values in (kernel, strides, dilations)
        )
        self.border = ((0, 0), *zip(pads[:axes], pads[axes:], strict=True))[-2:]
        self.padding: Any = self.border if any(pads) else "valid"
        self.auto = one_of("auto_pad", node.get("auto_pad") or "NOTSET", AUTO)
        if self.auto.startswith("SAME"):
            self.padding = "same"
        if node.get("pads") and self.auto != "NOTSET" and self.padding != "valid":
            raise ValueError(
                f"pads are only for auto_pad NOTSET, got {pads} and {self.auto}; leave one out"
            )

    def behind(self, x: Tensor, out: Tensor) -> list[Size]:
        """Return by how much the last window of each axis of ``out`` ends behind ``x``."""
        axes = zip(x.sides, out.sides, self.taps, self.strides, self.dilations, strict=True)
        return [exact((m - 1) * t + (k - 1) * d + 1 - n) for n, m, k, t, d in axes]


def check_weights(node: Node, groups: int, read: Size, filters: Size) -> None:
    """ValueError if the weights read other channels than there are, or the bias is of other filters."""
    if exact(read - node.image(alone=True).channels) != 0:
        raise ValueError(
            f"its weights are for {read} channels in {groups} groups, got {shown(node.shape())}"
        )
    if node.has(2) and node.shape(2) != (filters,):
        raise ValueError(f"its bias must hold {filters} numbers, got {shown(node.shape(2))}")


@operator("Conv")
def conv(node: Node) -> Row:
    """Weights (filters, channels / group, rows, columns)."""
    filters, channels, *kernel = node.shape(1)
    window, groups = Window(node, kernel), node.get("group", 1)
    pixels = {*window.taps, *window.strides} == {1} and window.padding == "valid"
    x = node.image(alone=pixels)
    check_weights(node, groups, exact(groups * channels), filters)
    how = (window.taps, window.strides, window.padding)
    plain = 1 in (max(window.strides), max(window.dilations))
    if groups == x.channels != 1 and filters % groups == 0 and plain:
        layer: Any = DepthwiseConv2D(*how, filters // groups, window.dilations, node.has(2))
    else:
        kind = Conv2D if plain else AtrousConv2D
        layer = kind(filters, *how, window.dilations, groups, node.has(2))
    return Row(layer, {0: x}, "weight")


@operator("ConvTranspose")
def conv_transpose(node: Node) -> Row:
    """Weights (channels, filters / group, rows, columns); what is cut off follows from what comes out."""
    channels, filters, *kernel = node.shape(1)
    window, groups = Window(node, kernel), node.get("group", 1)
    x, out, auto = node.image(), node.image_made(), window.auto
    check_weights(node, groups, channels, exact(filters * groups))
    cuts = window.behind(out, x)
    if not all(isinstance(cut, int) for cut in cuts):
        raise ValueError(f"its output_shape was written down for another side than {x}")
    front = [before for before, _ in window.border]
    if auto != "NOTSET" or node.get("output_shape"):
        # as ONNX Runtime does it: the larger half in front, unless SAME_UPPER
        front = [(max(cut, 0) + (auto != "SAME_UPPER")) // 2 for cut in cuts]
    ends = [(before, cut - before) for before, cut in zip(front, cuts, strict=True)]
    added = tuple(max(-behind, 0) for _, behind in ends)
    layer = Conv2DTranspose(
        exact(filters * groups),
        window.taps,
        window.strides,
        tuple((before, max(behind, 0)) for before, behind in ends),
        added if any(added) else None,
        window.dilations,
        groups,
        node.has(2),
    )
    return Row(layer, {0: x}, "weight")


@operator("MaxPool", "AveragePool")
def pool(node: Node) -> Row:
    """Padding is not part of any window; it is as wide behind as the last window reaches."""
    window = Window(node, node.get("kernel_shape"))
    if max(window.dilations) > 1:
        raise UnsupportedError("with dilations")
    x, padding = node.image(), window.padding
    if node.get("ceil_mode", 0) and padding != "same":
        reached = zip(window.border, window.behind(x, node.image_made()), strict=True)
        padding = tuple((a, max(b, exact(end - a))) for (a, b), end in reached)
    kind = MaxPooling2D if node.kind == "MaxPool" else AveragePooling2D
    return Row(kind(window.taps, window.strides, padding), {0: x})


@operator("GlobalAveragePool", "GlobalMaxPool")
def global_pool(node: Node) -> Row:
    """One number of each channel."""
    return Row(Reduce("max" if "Max" in node.kind else "mean", (1, 2)), {0: node.image()})
