"""Operators of ONNX that take many numbers together: normalisations, softmax, sums over axes."""

from __future__ import annotations

from typing import Any

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import (
    GroupNormalization,
    LayerNormalization,
    Reduce,
    RMSNormalization,
)
from unet_complexity.engineering.readers.onnx.node import (
    Node,
    Row,
    Unsupported,
    fold,
    operator,
    volume,
)
from unet_complexity.layers import Activation, BatchNormalization, Layer, Softmax
from unet_complexity.symbols import Size

REDUCTIONS = {
    "ReduceMean": "mean",
    "ReduceMax": "max",
    "ReduceMin": "min",
    "ArgMax": "max",
    "ArgMin": "min",
    **dict.fromkeys(
        "ReduceSum ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum ReduceLogSumExp".split(),
        "sum",
    ),
}
BEFORE = {
    "ReduceL1": "abs",
    "ReduceL2": "square",
    "ReduceSumSquare": "square",
    "ReduceLogSumExp": "exponential",
}
AFTER = {"ReduceL2": "sqrt", "ReduceLogSum": "log", "ReduceLogSumExp": "log"}


def normalised(node: Node, layer: Layer, x: Tensor, each: Size, plain: Any = None) -> Row:
    """``layer`` with stored weights of ``each`` numbers; ``plain`` is the layer if they are the exporter's own."""
    node.only()
    weights = [at for at in range(1, len(node.inputs)) if node.has(at)]
    wrong = [node.shape(at) for at in weights if volume(node.shape(at)) != each]
    if wrong:
        raise ValueError(f"its weights must hold {each} numbers, got {wrong[0]} for {node.shape()}")
    if plain and not any(node.learned(at, "norm") for at in weights):
        return Row(plain, [(0, x)])
    return Row(layer, [(0, x)], weights, "norm")


def by_channel(node: Node) -> Tensor:
    """Input 0 with its channels on axis 1."""
    shape = node.shape()
    if len(shape) < 2 or shape[0] != 1:
        raise Unsupported(f"of {shape[0]} images at once")
    return fold(shape, 1 - len(shape))


@operator("BatchNormalization")
def batch_normalization(node: Node) -> Row:
    """By stored statistics."""
    if node.get("training_mode", 0):
        raise Unsupported("in training mode")
    x = by_channel(node)
    return normalised(node, BatchNormalization(), x, x.channels)


@operator("InstanceNormalization")
def instance_normalization(node: Node) -> Row:
    """Each channel by itself."""
    x = by_channel(node)
    plain = GroupNormalization(-1, center=False, scale=False)
    return normalised(node, GroupNormalization(-1), x, x.channels, plain)


@operator("GroupNormalization")
def group_normalization(node: Node) -> Row:
    """Groups of channels; before opset 21 with a weight for each group."""
    x, groups = by_channel(node), node.get("num_groups")
    return normalised(node, GroupNormalization(groups), x, volume(node.shape(1)))


@operator("LayerNormalization", "RMSNormalization")
def layer_normalization(node: Node) -> Row:
    """The axes from ``axis`` on; the shift may be left out."""
    shape, axis = node.shape(), node.axis(-1)
    x = (
        fold(shape)
        if axis == len(shape) - 1
        else Tensor(1, volume(shape[:axis]), volume(shape[axis:]))
    )
    layer: Layer = LayerNormalization(center=node.has(2))
    return normalised(node, RMSNormalization() if node.kind[0] == "R" else layer, x, x.channels)


@operator("Softmax", "LogSoftmax")
def softmax(node: Node) -> Row:
    """Along one axis; before opset 13 along that and all behind it."""
    shape = node.shape()
    if node.edges.opset < 13:
        axis = node.axis(1)
        return Row(Softmax(), [(0, Tensor(volume(shape[:axis]), 1, volume(shape[axis:])))])
    axis = node.axis(-1)
    return Row(Softmax(), [(0, fold(shape, axis - len(shape)))])


@operator(*REDUCTIONS)
def reduced(node: Node) -> list[Row]:
    """Numbers along some axes taken together."""
    node.only()
    shape, axes = node.shape(), reduced_axes(node)
    x, along = reduced_map(node, shape, axes)
    reduction = Reduce(REDUCTIONS[node.kind], along)
    rows = [Row(reduction, [(0, x)])]
    if node.kind in BEFORE:
        rows = [Row(Activation(BEFORE[node.kind]), [(0, x)]), Row(reduction, [(None, x)])]
    if node.kind in AFTER:
        rows.append(Row(Activation(AFTER[node.kind]), [(None, reduction.output(x))]))
    return rows


def reduced_axes(node: Node) -> set[int]:
    """The axes along which numbers are taken together, as an attribute or an input."""
    rank = len(node.shape())
    if node.kind.startswith("Arg"):
        return {node.axis(0)}
    axes = node.edges.numbers(node.inputs[1]) if node.has(1) else node.get("axes")
    if not axes:
        return set() if node.get("noop_with_empty_axes", 0) else set(range(rank))
    return {axis % rank for axis in axes}


def reduced_map(node: Node, shape: Any, axes: set[int]) -> tuple[Tensor, Any]:
    """Return the input as a Reduce sees it, and its axes there: rows and columns, channels, or what goes as rows."""
    channels = len(shape) + node.channels()
    moving = {axis for axis, side in enumerate(shape) if side != 1}
    if axes == {channels}:
        return node.map(), 3
    if axes & moving == moving - {channels} and channels not in axes:
        return node.map(), (1, 2)
    rest = volume(side for axis, side in enumerate(shape) if axis not in axes)
    return Tensor(volume(shape[axis] for axis in axes), 1, rest), 1
