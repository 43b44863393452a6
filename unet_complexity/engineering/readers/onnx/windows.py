"""Operators of ONNX that slide a window over one image: convolutions and pools."""

from __future__ import annotations

from typing import Any

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import AtrousConv2D, DepthwiseConv2D, Reduce
from unet_complexity.engineering.readers.limits import MOST_TAPS, at_most
from unet_complexity.engineering.readers.onnx.node import (
    Node,
    Row,
    Unsupported,
    fold,
    operator,
    shown,
)
from unet_complexity.layers import AveragePooling2D, Conv2D, Conv2DTranspose, MaxPooling2D
from unet_complexity.symbols import Size, exact


def image(node: Node, kernel: Any, alone: bool = False) -> Tensor:
    """Input 0 as an image, or as a signal of one row; ``alone``: each pixel by itself, so there may be several."""
    shape = node.shape()
    if len(shape) != len(kernel) + 2 or len(kernel) not in (1, 2):
        raise Unsupported(f"with {len(kernel)} spatial axes")
    if shape[0] != 1 and not alone:
        raise Unsupported(f"of {shape[0]} images at once")
    return fold(shape, 1 - len(shape))


def pair(values: Any) -> Any:
    """Of rows and columns; a signal has one row."""
    return (1, values[0]) if len(values) == 1 else tuple(values)


def slid(node: Node, kernel: Any) -> tuple[Any, Any, Any]:
    """Strides, dilations and pads, of rows and of columns."""
    axes = len(kernel)
    strides, dilations = (list(node.get(name, [1] * axes)) for name in ("strides", "dilations"))
    pads = list(node.get("pads", [0] * 2 * axes))
    largest = max(*kernel, *strides, *dilations, *pads)
    at_most(largest, MOST_TAPS, "taps of a window, its stride, dilation or padding")
    ends = list(zip(pads[:axes], pads[axes:], strict=True))
    border = ((0, 0), *ends)[-2:]
    auto = node.get("auto_pad", "NOTSET")
    padding = "same" if auto.startswith("SAME") else border if any(pads) else "valid"
    return pair(strides), pair(dilations), padding


def weights_of(node: Node, kernel: int, *bias: int) -> list[int]:
    """The numbers of the inputs that are stored weights."""
    weights = [at for at in (kernel, *bias) if node.has(at)]
    if set(weights) & set(node.maps):
        raise Unsupported("whose weights the network computes")
    return weights


@operator("Conv", "ConvInteger", "QLinearConv")
def conv(node: Node) -> Row:
    """Weights (filters, channels / group, rows, columns)."""
    kernel_at, bias_at = (3, 8) if node.kind == "QLinearConv" else (1, 2)
    weights = weights_of(node, kernel_at, *[bias_at] * (node.kind != "ConvInteger"))
    filters, channels, *kernel = node.shape(kernel_at)
    groups = node.get("group", 1)
    strides, dilations, padding = slid(node, kernel)
    x = image(node, kernel, {*kernel, *strides} == {1} and padding == "valid")
    if exact(groups * channels - x.channels) != 0:
        raise ValueError(
            f"its weights are for {exact(groups * channels)} channels in {groups} groups, got {shown(node.shape())}"
        )
    if len(weights) > 1 and node.shape(bias_at) != (filters,):
        raise ValueError(f"its bias must hold {filters} numbers, got {shown(node.shape(bias_at))}")
    how = (pair(kernel), strides, padding)
    bias = len(weights) > 1
    if groups == x.channels != 1 and filters % groups == 0 and 1 in (max(strides), max(dilations)):
        deep = DepthwiseConv2D(*how, filters // groups, dilations, bias)
        return Row(deep, [(0, x)], weights)
    kind = Conv2D if 1 in (max(strides), max(dilations)) else AtrousConv2D
    return Row(kind(filters, *how, dilations, groups, bias), [(0, x)], weights)


@operator("ConvTranspose")
def conv_transpose(node: Node) -> Row:
    """Weights (channels, filters / group, rows, columns); what is cut off follows from what comes out."""
    weights = weights_of(node, 1, 2)
    channels, filters, *kernel = node.shape(1)
    strides, dilations, padding = slid(node, kernel)
    x, out, groups = image(node, kernel), fold(node.made, 1 - len(node.made)), node.get("group", 1)
    if x.channels != channels:
        raise ValueError(f"its weights are for {channels} channels, got {shown(node.shape())}")
    added = (0, *node.get("output_padding", [0] * len(kernel)))[-2:]
    ends = zip(
        rows_and_columns(x),
        rows_and_columns(out),
        pair(kernel),
        strides,
        dilations,
        added,
        strict=True,
    )
    cuts = [exact((n - 1) * t + (k - 1) * d + 1 + more - made) for n, made, k, t, d, more in ends]
    auto = node.get("auto_pad", "NOTSET")
    if auto == "NOTSET" and "output_shape" not in node.attributes:
        border = ((0, 0), (0, 0)) if padding == "valid" else padding
    elif all(isinstance(cut, int) for cut in cuts):
        border = tuple(halves(max(cut, 0), auto == "SAME_UPPER") for cut in cuts)
        added = tuple(more - min(cut, 0) for more, cut in zip(added, cuts, strict=True))
    else:
        raise ValueError(f"its output_shape was written down for another side than {x}")
    layer = Conv2DTranspose(
        filters * groups,
        pair(kernel),
        strides,
        border,
        added if any(added) else None,
        dilations,
        groups,
        len(weights) > 1,
    )
    return Row(layer, [(0, x)], weights)


def rows_and_columns(x: Tensor) -> tuple[Size, Size]:
    """Rows and columns."""
    return x.height, x.width


def halves(cut: int, upper: bool) -> tuple[int, int]:
    """Return the cut in front and behind, as ONNX Runtime does it: the larger half in front, unless SAME_UPPER."""
    small = cut // 2
    return (small, cut - small) if upper else (cut - small, small)


@operator("MaxPool", "AveragePool")
def pool(node: Node) -> Row:
    """Padding is not part of any window; ceil_mode is padding behind, as far as the last window reaches."""
    kernel = node.get("kernel_shape")
    strides, dilations, padding = slid(node, kernel)
    if max(dilations) > 1:
        raise Unsupported("with dilations")
    x, out = image(node, kernel), fold(node.made, 1 - len(node.made))
    if node.get("ceil_mode", 0) and padding != "same":
        border = ((0, 0), (0, 0)) if padding == "valid" else padding
        axes = zip(
            border, rows_and_columns(x), rows_and_columns(out), pair(kernel), strides, strict=True
        )
        behind = [exact((m - 1) * t + k - n - before) for (before, _), n, m, k, t in axes]
        padding = tuple(
            (before, max(after, more)) if isinstance(more, int) else (before, after)
            for (before, after), more in zip(border, behind, strict=True)
        )
    kind = MaxPooling2D if node.kind == "MaxPool" else AveragePooling2D
    return Row(kind(pair(kernel), strides, padding), [(0, x)])


@operator("GlobalAveragePool", "GlobalMaxPool")
def global_pool(node: Node) -> Row:
    """One number of each channel."""
    x = image(node, node.shape()[2:])
    return Row(Reduce("mean" if node.kind == "GlobalAveragePool" else "max", (1, 2)), [(0, x)])
