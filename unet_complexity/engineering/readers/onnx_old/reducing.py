"""Operators of ONNX that take many numbers together: normalisations, softmax, sums over axes."""

from __future__ import annotations

from functools import reduce as folded
from typing import Any

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import (
    GroupNormalization,
    LayerNormalization,
    Reduce,
    RMSNormalization,
)
from unet_complexity.engineering.readers.onnx_old.arithmetic import BINARY, REDUCED
from unet_complexity.engineering.readers.onnx_old.node import Node, Unsupported, operator
from unet_complexity.engineering.readers.onnx_old.values import (
    Numbers,
    Shape,
    Value,
    all_are,
    as_objects,
    fold,
    product,
    shown,
)
from unet_complexity.layers import Activation, BatchNormalization, Layer, Softmax

REDUCTIONS = {
    "ReduceMean": "mean",
    "ReduceMax": "max",
    "ReduceMin": "min",
    "ArgMax": "max",
    "ArgMin": "min",
}
SUMS = "ReduceSum ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum ReduceLogSumExp".split()
BEFORE = {
    "ReduceL1": "abs",
    "ReduceL2": "square",
    "ReduceSumSquare": "square",
    "ReduceLogSumExp": "exponential",
}
AFTER = {"ReduceL2": "sqrt", "ReduceLogSum": "log", "ReduceLogSumExp": "log"}


def normalised(
    node: Node, x: Value, layer: Layer, seen: Tensor, weights: list[Value], each: Any
) -> Value:
    """``layer`` with stored weights, ``each`` of so many numbers."""
    if any(value.source is not None for value in weights):
        raise Unsupported("whose weights the network computes")
    if any(value.size != each for value in weights):
        raise ValueError(
            f"its weights must hold {each} numbers, got {[shown(w.shape) for w in weights]} for {shown(x.shape)}"
        )
    return node.step(layer, x.shape, x, maps=[seen], weights=weights)


def by_channel(node: Node) -> tuple[Value, Tensor]:
    """Input 0, its channels on axis 1, and how a layer sees it."""
    x = node.given()
    if len(x.shape) < 2 or x.shape[0] != 1:
        raise Unsupported(f"of {shown(x.shape)}")
    return x, fold(x.shape, 1 - len(x.shape))


@operator("BatchNormalization")
def batch_normalization(node: Node) -> list[Value]:
    """By stored statistics."""
    if node.integer("training_mode", 0):
        raise Unsupported("in training mode")
    x, seen = by_channel(node)
    weights = [node.given(i) for i in range(1, 5)]
    return [normalised(node, x, BatchNormalization(), seen, weights, x.shape[1])]


@operator("InstanceNormalization", "GroupNormalization")
def group_normalization(node: Node) -> Value:
    """By the statistics of each channel, or of groups of them."""
    x, seen = by_channel(node)
    weights = [node.given(1), node.given(2)]
    if node.kind == "GroupNormalization":
        return normalised(
            node, x, GroupNormalization(node.integer("num_groups", 1)), seen, weights, x.shape[1]
        )
    if all_are(weights[0], 1) and all_are(
        weights[1], 0
    ):  # exporters write these where there are none
        return node.step(GroupNormalization(-1, center=False, scale=False), x.shape, x, maps=[seen])
    return normalised(node, x, GroupNormalization(-1), seen, weights, x.shape[1])


@operator("LayerNormalization", "RMSNormalization")
def layer_normalization(node: Node) -> list[Value]:
    """Over the axes from ``axis`` on."""
    x = node.given()
    axis = node.axis(node.integer("axis", -1), len(x.shape))
    weights = [node.given(i) for i in (1, 2) if node.has(i)]
    layer: Layer = (
        RMSNormalization() if node.kind[0] == "R" else LayerNormalization(center=len(weights) == 2)
    )
    each = product(x.shape[axis:])
    return [normalised(node, x, layer, flat_from(x.shape, axis), weights, each)]


def flat_from(shape: Shape, axis: int) -> Tensor:
    """A shape whose axes from ``axis`` on are the channels."""
    return fold((*shape[:axis], product(shape[axis:])))


@operator("Softmax", "LogSoftmax")
def softmax(node: Node) -> Value:
    """Over one axis; before opset 13 over it and all that follow.  A LogSoftmax is counted as a Softmax."""
    x = node.given()
    rank = len(x.shape)
    axis = node.axis(node.integer("axis", -1 if node.opset >= 13 else 1), rank)
    seen = fold(x.shape, axis - rank) if node.opset >= 13 else flat_from(x.shape, axis)
    return node.step(Softmax(), x.shape, x, maps=[seen])


@operator(*REDUCTIONS, *SUMS)
def reduced(node: Node) -> Value:
    """One number of many along some axes, which stay as 1 or go; all axes, where none is named."""
    x = node.given()
    rank = len(x.shape)
    axes = reduced_axes(node, rank)
    if not axes:
        return x
    kept = tuple(1 if axis in axes else side for axis, side in enumerate(x.shape))
    gone = node.integer("keepdims", 1) == 0
    shape = tuple(side for axis, side in enumerate(kept) if not (gone and axis in axes))
    if node.constant:
        numbers = x.numbers
        return node.known(
            shape, None if numbers is None else lambda: added_up(node.kind, numbers, axes, shape)
        )
    if node.kind in BEFORE:
        x = node.step(Activation(BEFORE[node.kind]), x.shape, x, maps=[x.map])
    seen, along = reduced_map(x, axes)
    out = node.step(Reduce(REDUCTIONS.get(node.kind, "sum"), along), shape, x, maps=[seen])
    return node.step(Activation(AFTER[node.kind]), shape, out) if node.kind in AFTER else out


def reduced_axes(node: Node, rank: int) -> list[int]:
    """The axes along which numbers are taken together, as an attribute or an input."""
    if node.kind.startswith("Arg"):
        return [node.axis(node.integer("axis", 0), rank)]
    axes = node.ints("axes", at=1)
    if not axes:
        return [] if node.integer("noop_with_empty_axes", 0) else list(range(rank))
    return sorted({node.axis(axis, rank) for axis in axes})


def reduced_map(x: Value, axes: list[int]) -> tuple[Tensor, Any]:
    """How a Reduce sees ``x``, and its axes there: rows and columns, or channels, or the numbers that go as rows."""
    rank, channels = len(x.shape), len(x.shape) + x.channels
    moving = {axis for axis in range(rank) if x.shape[axis] != 1}
    if set(axes) == {channels}:
        return x.map, 3
    if set(axes) & moving == moving - {channels} and channels not in axes:
        return x.map, (1, 2)
    rest = product(side for axis, side in enumerate(x.shape) if axis not in axes)
    return Tensor(product(x.shape[axis] for axis in axes), 1, rest), 1


def added_up(kind: str, numbers: Numbers, axes: list[int], shape: Shape) -> Numbers | None:
    """Known numbers multiplied, added or compared, where all of them come to one."""
    if kind not in REDUCED or product(shape) != 1 or not numbers.size:
        return None
    return as_objects(folded(BINARY[REDUCED[kind]], numbers.flat)).reshape(shape)
