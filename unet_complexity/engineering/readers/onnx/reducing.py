"""Operators of ONNX that take many numbers together: normalisations, softmax, sums over axes."""

from __future__ import annotations

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
    chain,
    fold,
    named,
    operator,
    volume,
)
from unet_complexity.layers import Activation, BatchNormalization, Layer, Softmax
from unet_complexity.symbols import Size

TOGETHER = ("mean", "max", "min", "sum")  # beside these, what is done to each number
REDUCTIONS = named(
    "ReduceMean:mean ReduceMax:max ReduceMin:min ArgMax:max ArgMin:min ReduceSum:sum ReduceProd:sum ReduceL1:abs,sum "
    "ReduceL2:square,sum,sqrt ReduceSumSquare:square,sum ReduceLogSum:sum,log ReduceLogSumExp:exponential,sum,log"
)


def normalised(node: Node, layer: Layer, x: Tensor, each: Size, plain: Layer | None = None) -> Row:
    """``layer`` with stored weights of ``each`` numbers; ``plain`` is the layer if they are the exporter's own."""
    node.only()
    weights = [at for at in range(1, len(node.inputs)) if node.has(at)]
    wrong = [node.shape(at) for at in weights if volume(node.shape(at)) != each]
    if wrong:
        raise ValueError(f"its weights must hold {each} numbers, got {wrong[0]} for {node.shape()}")
    if plain and not any(node.learned(at, "norm") for at in weights):
        return Row(plain, [(0, x)])
    return Row(layer, [(0, x)], weights, "norm")


@operator("BatchNormalization")
def batch_normalization(node: Node) -> Row:
    """By stored statistics."""
    if node.get("training_mode", 0):
        raise Unsupported("in training mode")
    x = node.image()
    return normalised(node, BatchNormalization(), x, x.channels)


@operator("InstanceNormalization")
def instance_normalization(node: Node) -> Row:
    """Each channel by itself."""
    x, plain = node.image(), GroupNormalization(-1, center=False, scale=False)
    return normalised(node, GroupNormalization(-1), x, x.channels, plain)


@operator("GroupNormalization")
def group_normalization(node: Node) -> Row:
    """Groups of channels; before opset 21 with a weight for each group."""
    layer = GroupNormalization(node.get("num_groups"))
    return normalised(node, layer, node.image(), volume(node.shape(1)))


@operator("LayerNormalization", "RMSNormalization")
def layer_normalization(node: Node) -> Row:
    """The axes from ``axis`` on; the shift may be left out."""
    shape, axis = node.shape(), node.axis(-1)
    x = Tensor(1, volume(shape[:axis]), volume(shape[axis:]))
    x = fold(shape) if axis == len(shape) - 1 else x
    centred = LayerNormalization(center=node.has(2))
    layer: Layer = RMSNormalization() if node.kind[0] == "R" else centred
    return normalised(node, layer, x, x.channels)


@operator("Softmax", "LogSoftmax")
def softmax(node: Node) -> Row:
    """Along one axis; before opset 13 along that and all behind it."""
    shape = node.shape()
    if node.edges.opset < 13:
        axis = node.axis(1)
        return Row(Softmax(), [(0, Tensor(volume(shape[:axis]), 1, volume(shape[axis:])))])
    return Row(Softmax(), [(0, fold(shape, node.axis(-1) - len(shape)))])


@operator(*REDUCTIONS)
def reduced(node: Node) -> list[Row]:
    """Numbers along some axes taken together."""
    node.only()
    shape, axes = node.shape(), reduced_axes(node)
    channels = len(shape) + node.channels()
    moving = {axis for axis, side in enumerate(shape) if side != 1}
    x, along = node.map(), 3 if axes == {channels} else (1, 2)
    if along != 3 and (channels in axes or axes & moving != moving - {channels}):
        rest = volume(side for axis, side in enumerate(shape) if axis not in axes)
        x, along = Tensor(volume(shape[axis] for axis in axes), 1, rest), 1
    words = REDUCTIONS[node.kind].split(",")
    return chain(
        x, *(Reduce(word, along) if word in TOGETHER else Activation(word) for word in words)
    )


def reduced_axes(node: Node) -> set[int]:
    """The axes along which numbers are taken together, as an attribute or an input."""
    rank = len(node.shape())
    if node.kind.startswith("Arg"):
        return {node.axis(0)}
    axes = node.edges.numbers(node.inputs[1]) if node.has(1) else node.get("axes")
    every = range(0 if node.get("noop_with_empty_axes") else rank)
    return {axis % rank for axis in axes or every}
