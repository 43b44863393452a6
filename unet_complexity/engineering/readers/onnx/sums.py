"""Operators of ONNX that add up many numbers: products of matrices, normalisations, softmax, sums over axes."""

from __future__ import annotations

from collections.abc import Sequence

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import (
    Dense,
    GroupNormalization,
    LayerNormalization,
    MatMul,
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
    shown,
    volume,
)
from unet_complexity.layers import Activation, Add, BatchNormalization, Conv2D, Layer, Softmax
from unet_complexity.symbols import Size, exact

# an axis is in the first operand, in the second, in the product
PLACES = ((True, True, True), (True, False, True), (True, True, False), (False, True, True))


def product(node: Node, axes: Sequence[dict[str, Size]], kept: str, *bias: int) -> Row:
    """The product of two operands whose axes have names: a shared name that is not kept is summed.

    A stored operand is a layer's weights: of a Dense, or, if there are several matrices, of a grouped convolution.

    Args:
        node: The node.
        axes: Of each operand, the sizes of its axes by name.
        kept: The names that the product has.
        *bias: The number of the input that is a bias.
    """
    a, b = axes
    places = {name: (name in a, name in b, name in kept) for name in (*a, *b)}
    if not set(places.values()) <= set(PLACES):
        raise Unsupported("that sums an axis of one operand alone")
    sizes = {**a, **b}
    lead, m, k, n = (
        volume(sizes[name] for name in places if places[name] == place) for place in PLACES
    )
    if {0, 1} <= set(node.maps):
        return Row(MatMul(), [(0, Tensor(lead, m, k)), (1, Tensor(lead, k, n))])
    x = node.maps[0]
    rows, units = (n, m) if x else (m, n)
    if lead != 1:
        layer = Conv2D(exact(lead * units), 1, groups=lead, use_bias=False)
        return Row(layer, [(x, Tensor(1, rows, exact(lead * k)))], [1 - x])
    seen = node.map() if x == 0 and node.map().channels == k else Tensor(1, rows, k)
    return Row(Dense(units, bool(bias)), [(x, seen)], [1 - x, *bias])


@operator("MatMul")
def matmul(node: Node) -> Row:
    """As numpy.matmul: the last two axes are matrices; of those before them, one of 1 is repeated."""
    operands = (
        ("kmabcdefgh", node.shape(0)),
        ("nkabcdefgh"[len(node.shape(1)) < 2 :], node.shape(1)),
    )
    axes = [dict(zip(names, shape[::-1], strict=False)) for names, shape in operands]
    several = [{name: side for name, side in one.items() if side != 1} for one in axes]
    return product(node, several, "abcdefghmn")


@operator("Gemm")
def gemm(node: Node) -> list[Row]:
    """Two matrices, either of them transposed, and a third one added."""
    a = dict(zip("km" if node.get("transA") else "mk", node.shape(0), strict=True))
    b = dict(zip("nk" if node.get("transB") else "kn", node.shape(1), strict=True))
    if not node.has(2):
        return [product(node, [a, b], "mn")]
    if node.maps == [0] and volume(node.shape(2)) == b["n"]:
        return [product(node, [a, b], "mn", 2)]
    if 2 not in node.maps:
        raise Unsupported("with a stored bias of another size than its columns")
    added = Tensor(1, *(1, 1, *node.shape(2))[-2:])
    whole = Tensor(1, a["m"], b["n"])
    return [product(node, [a, b], "mn"), Row(Add(), [(None, whole), (2, added)])]


@operator("Einsum")
def einsum(node: Node) -> Row:
    """Two operands whose shared letters are summed, or stay and are paired; each letter once in an operand."""
    equation = node.get("equation", "").replace(" ", "")
    terms, _, out = equation.partition("->")
    names = terms.split(",")
    if len(names) != 2 or "." in equation or any(len(set(x)) < len(x) for x in (*names, out)):
        raise Unsupported(f"of {equation}")
    a, b = (dict(zip(name, node.shape(at), strict=True)) for at, name in enumerate(names))
    if {**a, **b} != {**b, **a}:
        raise ValueError(
            f"the sides must agree by {equation}, got {shown(node.shape(0))} and {shown(node.shape(1))}"
        )
    return product(node, [a, b], out)


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


@operator("BatchNormalization", "GroupNormalization", "InstanceNormalization")
def image_normalization(node: Node) -> Row:
    """By stored statistics, or those of groups of channels, for which older opsets have one weight each."""
    if node.get("training_mode", 0):
        raise Unsupported("in training mode")
    x, kind = node.image(), node.kind[0]
    each = volume(node.shape(1)) if kind == "G" else x.channels
    grouped = GroupNormalization(node.get("num_groups", -1))
    plain = GroupNormalization(-1, center=False, scale=False) if kind == "I" else None
    return normalised(node, BatchNormalization() if kind == "B" else grouped, x, each, plain)


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
    axes = node.get("axes")
    if node.has(1):  # known, or onnx would not have said the shape
        axes = node.edges.edges[0][node.inputs[1]].array().tolist()
    every = range(0 if node.get("noop_with_empty_axes") else rank)
    return {axis % rank for axis in axes or every}
