"""Operators of ONNX that slide a window over one image: convolutions and pools."""

from __future__ import annotations

from typing import Any

from unet_complexity.engineering.layers import AtrousConv2D, DepthwiseConv2D, Reduce
from unet_complexity.engineering.readers.limits import MOST_TAPS, at_most
from unet_complexity.engineering.readers.onnx.node import (
    Node,
    Row,
    Unsupported,
    fold,
    operator,
    shown,
    sides,
)
from unet_complexity.layers import AveragePooling2D, Conv2D, Conv2DTranspose, MaxPooling2D
from unet_complexity.symbols import exact

NO_BORDER = ((0, 0), (0, 0))


def slid(node: Node, kernel: Any) -> tuple[Any, Any, Any, Any]:
    """Taps, strides, padding and dilations, of rows and of columns; a signal has one row."""
    axes = len(kernel)
    if axes not in (1, 2):
        raise Unsupported(f"with {axes} spatial axes")
    strides, dilations = (node.get(name, [1] * axes) for name in ("strides", "dilations"))
    pads = node.get("pads", [0] * 2 * axes)
    largest = max(*kernel, *strides, *dilations, *pads)
    at_most(largest, MOST_TAPS, "taps of a window, its stride, dilation or padding")
    border = ((0, 0), *zip(pads[:axes], pads[axes:], strict=True))[-2:]
    same = node.get("auto_pad", "").startswith("SAME")
    padding: Any = "same" if same else border if any(pads) else "valid"
    taps, steps, spread = ((1, *values)[-2:] for values in (kernel, strides, dilations))
    return taps, steps, padding, spread


def weights_of(node: Node) -> list[int]:
    """The numbers of the inputs that are stored weights: the kernel, perhaps a bias."""
    weights = list(range(1, len(node.inputs)))
    if node.maps != [0]:
        raise Unsupported("whose weights the network computes")
    return weights


@operator("Conv")
def conv(node: Node) -> Row:
    """Weights (filters, channels / group, rows, columns)."""
    weights = weights_of(node)
    filters, channels, *kernel = node.shape(1)
    taps, strides, padding, dilations = slid(node, kernel)
    groups, bias = node.get("group", 1), len(weights) > 1
    x = node.image(alone={*taps, *strides} == {1} and padding == "valid")
    if exact(groups * channels - x.channels) != 0:
        raise ValueError(
            f"its weights are for {exact(groups * channels)} channels in {groups} groups, got {shown(node.shape())}"
        )
    if bias and node.shape(2) != (filters,):
        raise ValueError(f"its bias must hold {filters} numbers, got {shown(node.shape(2))}")
    how = (taps, strides, padding)
    plain = 1 in (max(strides), max(dilations))
    if groups == x.channels != 1 and filters % groups == 0 and plain:
        deep = DepthwiseConv2D(*how, filters // groups, dilations, bias)
        return Row(deep, [(0, x)], weights)
    kind = Conv2D if plain else AtrousConv2D
    return Row(kind(filters, *how, dilations, groups, bias), [(0, x)], weights)


@operator("ConvTranspose")
def conv_transpose(node: Node) -> Row:
    """Weights (channels, filters / group, rows, columns); what is cut off may follow from what comes out."""
    weights = weights_of(node)
    channels, filters, *kernel = node.shape(1)
    taps, strides, padding, dilations = slid(node, kernel)
    x, out, groups = node.image(), fold(node.made, 1 - len(node.made)), node.get("group", 1)
    if x.channels != channels:
        raise ValueError(f"its weights are for {channels} channels, got {shown(node.shape())}")
    added = (0, *node.get("output_padding", [0] * len(kernel)))[-2:]
    auto = node.get("auto_pad", "NOTSET")
    if auto != "NOTSET" or node.get("output_shape"):
        axes = zip(sides(x), sides(out), taps, strides, dilations, added, strict=False)
        cuts = [exact((n - 1) * t + (k - 1) * d + 1 + more - m) for n, m, k, t, d, more in axes]
        if not all(isinstance(cut, int) for cut in cuts):
            raise ValueError(f"its output_shape was written down for another side than {x}")
        # as ONNX Runtime does it: the larger half in front, unless SAME_UPPER
        front = [(max(cut, 0) + (auto != "SAME_UPPER")) // 2 for cut in cuts]
        padding = tuple((a, max(cut, 0) - a) for a, cut in zip(front, cuts, strict=True))
        added = tuple(more - min(cut, 0) for more, cut in zip(added, cuts, strict=True))
    layer = Conv2DTranspose(
        filters * groups,
        taps,
        strides,
        NO_BORDER
        if padding == "valid"
        else padding,  # Keras's "valid" has another side for few taps
        added if any(added) else None,
        dilations,
        groups,
        len(weights) > 1,
    )
    return Row(layer, [(0, x)], weights)


@operator("MaxPool", "AveragePool")
def pool(node: Node) -> Row:
    """Padding is not part of any window; ceil_mode is padding behind, as far as the last window reaches."""
    taps, strides, padding, dilations = slid(node, node.get("kernel_shape"))
    if max(dilations) > 1:
        raise Unsupported("with dilations")
    x, out = node.image(), fold(node.made, 1 - len(node.made))
    if node.get("ceil_mode", 0) and padding != "same":
        border = NO_BORDER if padding == "valid" else padding
        axes = zip(border, sides(x), sides(out), taps, strides, strict=False)
        padding = tuple(
            (before, max(after, exact((m - 1) * t + k - n - before)))
            for (before, after), n, m, k, t in axes
        )
    kind = MaxPooling2D if node.kind == "MaxPool" else AveragePooling2D
    return Row(kind(taps, strides, padding), [(0, x)])


@operator("GlobalAveragePool", "GlobalMaxPool")
def global_pool(node: Node) -> Row:
    """One number of each channel."""
    return Row(Reduce("max" if "Max" in node.kind else "mean", (1, 2)), [(0, node.image())])
