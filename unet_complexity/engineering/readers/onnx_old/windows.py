"""Operators of ONNX that slide a window over one image: convolutions and pools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import (
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
)
from unet_complexity.engineering.layers.windows import rounded_up
from unet_complexity.engineering.readers.limits import MOST_TAPS
from unet_complexity.engineering.readers.onnx_old.node import Node, Unsupported, operator
from unet_complexity.engineering.readers.onnx_old.values import Shape, Value, fold, shown
from unet_complexity.layers import AveragePooling2D, Conv2D, Conv2DTranspose, Layer, MaxPooling2D
from unet_complexity.symbols import Size, as_size, exact


def image(node: Node, rank: int, batch: bool = False) -> Value:
    """Input 0, an image (rank 4) or a signal (rank 3), whose channels are on axis 1."""
    x = node.given(rank=rank)
    if x.shape[0] != 1 and not batch:
        raise Unsupported(f"of {x.shape[0]} images at once")
    return x


def pair(values: list[Any]) -> tuple[Any, Any]:
    """Of rows and columns; a signal has one row."""
    return (1, values[0]) if len(values) == 1 else (values[0], values[1])


def border(pads: list[Any]) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """ONNX's begins, then ends, as what lies before and after the rows and the columns."""
    half = len(pads) // 2
    ends = list(zip(pads[:half], pads[half:], strict=True))
    return ((0, 0), ends[0]) if half == 1 else (ends[0], ends[1])


def slid(node: Node, kernel: Sequence[Any]) -> dict[str, Any]:
    """What convolutions and pools have in common, beside a kernel of these sides: strides, dilations and padding."""
    axes = len(kernel)
    if axes not in (1, 2):
        raise Unsupported(f"with {axes} spatial axes")
    strides, dilations = (node.ints(name, [1] * axes) or [] for name in ("strides", "dilations"))
    pads = node.ints("pads", [0] * (2 * axes)) or []
    if {len(strides), len(dilations)} != {axes} or len(pads) != 2 * axes:
        raise ValueError(
            f"strides, dilations and pads must fit {axes} axes, got {strides}, {dilations}, {pads}"
        )
    if (largest := max(*kernel, *strides, *dilations, *pads)) > MOST_TAPS:
        raise ValueError(
            f"windows, strides, dilations and pads of at most {MOST_TAPS:,} are read, got {largest:,}"
        )
    auto = node.text("auto_pad", "NOTSET")
    padding: Any = {"SAME_UPPER": "same", "SAME_LOWER": "same"}.get(auto, "valid")
    if auto == "NOTSET" and any(pads):
        padding = border(pads)
    return {"strides": pair(strides), "dilation_rate": pair(dilations), "padding": padding}


def as_image(x: Value, out: Tensor) -> Shape:
    """The shape that a layer's output has in ONNX."""
    if x.shape[0] != 1:  # several maps, each pixel by itself
        return (x.shape[0], out.channels, *x.shape[2:])
    return (
        (x.shape[0], out.channels, out.height, out.width)
        if len(x.shape) == 4
        else (1, out.channels, out.width)
    )


def run(node: Node, layer: Layer, x: Value, weights: list[Value]) -> Value:
    """``layer`` on an image."""
    seen = fold(x.shape, 1 - len(x.shape))
    return node.step(layer, as_image(x, layer.output(seen)), x, maps=[seen], weights=weights)


def weights_of(node: Node, filters: Size) -> list[Value]:
    """Kernel, and a bias for each of the filters."""
    weights = [node.given(1)] + ([node.given(2)] if node.has(2) else [])
    if any(value.source is not None for value in weights):
        raise Unsupported("whose weights the network computes")
    if weights[1:] and weights[1].shape != (filters,):
        raise ValueError(f"its bias must hold {filters} numbers, got {shown(weights[1].shape)}")
    return weights


@operator("Conv")
def conv(node: Node) -> Value:
    """Weights (filters, channels / group, rows, columns)."""
    kernel, groups = node.given(1).shape, as_size(node.integer("group", 1), "group")
    how, weights = slid(node, kernel[2:]), weights_of(node, kernel[0])
    one = (
        set(kernel[2:]) == set(how["strides"]) == {1} and how["padding"] == "valid"
    )  # each pixel by itself
    x = image(node, len(kernel), batch=one)
    if exact(groups * kernel[1] - x.shape[1]) != 0:
        raise ValueError(
            f"its weights are for {exact(groups * kernel[1])} channels in {groups} groups, got {shown(x.shape)}"
        )
    more = {"kernel_size": pair(list(kernel[2:])), "use_bias": node.has(2), **how}
    if groups == x.shape[1] != 1 and kernel[0] % groups == 0:
        return run(node, DepthwiseConv2D(depth_multiplier=kernel[0] // groups, **more), x, weights)
    return run(node, Conv2D(filters=kernel[0], groups=groups, **more), x, weights)


@operator("ConvTranspose")
def conv_transpose(node: Node) -> Value:
    """Weights (channels, filters / group, rows, columns)."""
    kernel, groups = node.given(1).shape, as_size(node.integer("group", 1), "group")
    how, axes = slid(node, kernel[2:]), len(kernel) - 2
    x, weights = image(node, len(kernel)), weights_of(node, exact(groups * kernel[1]))
    if x.shape[1] != kernel[0]:
        raise ValueError(f"its weights are for {kernel[0]} channels, got {shown(x.shape)}")
    added = node.ints("output_padding", [0] * axes) or []
    sides = node.ints("output_shape")
    if how["padding"] == "same" and any(added):
        raise Unsupported("with auto_pad and output_padding")
    if (
        how["padding"] == "valid"
    ):  # Keras's never ends before a stride does, ONNX's ends with the kernel
        how["padding"] = ((0, 0), (0, 0))
    layer = Conv2DTranspose(
        filters=groups * kernel[1],
        kernel_size=pair(list(kernel[2:])),
        output_padding=(0, 0)[: 2 - len(added)] + tuple(added) if any(added) else None,
        groups=groups,
        use_bias=node.has(2),
        **how,
    )
    return run(node, layer if sides is None else to_sides(layer, x, sides[-axes:]), x, weights)


def to_sides(layer: Conv2DTranspose, x: Value, sides: list[int]) -> Conv2DTranspose:
    """The padding that brings the output to these sides, the smaller half in front."""
    full = replace(layer, padding="valid", output_padding=(0, 0)).output(
        fold(x.shape, 1 - len(x.shape))
    )
    over = [
        exact(side - wanted)
        for side, wanted in zip((full.height, full.width), pair(sides), strict=True)
    ]
    cut = [max(o, 0) if isinstance(o, int) else o for o in over]
    added = tuple(exact(c - o) for c, o in zip(cut, over, strict=True))
    return replace(
        layer, padding=tuple((c // 2, exact(c - c // 2)) for c in cut), output_padding=added
    )


@operator("MaxPool", "AveragePool")
def pool(node: Node) -> list[Value]:
    """Padding is no element of any window; a window that hangs over is taken along where ceil_mode says so."""
    kernel = node.ints("kernel_shape") or []
    how = slid(node, kernel)
    x = image(node, len(kernel) + 2)
    size, strides, padding = pair(kernel), how["strides"], how["padding"]
    if how["dilation_rate"] != (1, 1):
        raise Unsupported("with dilations")
    seen = fold(x.shape, 1 - len(x.shape))
    if node.integer("ceil_mode", 0) and padding != "same":
        ends = ((0, 0), (0, 0)) if padding == "valid" else padding
        axes = zip(ends, (seen.height, seen.width), size, strides, strict=True)
        padding = tuple(rounded_up(*axis) for axis in axes)
    kind = MaxPooling2D if node.kind == "MaxPool" else AveragePooling2D
    return [run(node, kind(size, strides, padding), x, [])]


@operator("GlobalAveragePool", "GlobalMaxPool")
def global_pool(node: Node) -> Value:
    """One number of each channel."""
    x = image(node, len(node.given().shape))
    return run(
        node,
        GlobalAveragePooling2D() if node.kind == "GlobalAveragePool" else GlobalMaxPooling2D(),
        x,
        [],
    )
