"""Operators of ONNX that add up many numbers: products of matrices, normalisations, softmax, sums over axes."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase, digits

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import (
    Dense,
    GroupNormalization,
    LayerNormalization,
    MatMul,
    Reduce,
    RMSNormalization,
    Softmax,
)
from unet_complexity.engineering.readers.onnx.node import (
    BEFORE,
    Node,
    Row,
    UnsupportedError,
    fold,
    named,
    operator,
    shown,
    volume,
)
from unet_complexity.layers import Activation, BatchNormalization, Conv2D, Layer
from unet_complexity.symbols import exact

# an axis is in the first operand, in the second, in the product
PLACES = ((True, True, True), (True, False, True), (True, True, False), (False, True, True))
LEADING = ascii_uppercase + digits  # as many axes as are read, and more


def product(node: Node, names: Sequence[str], kept: str) -> Row:
    """The product of two operands whose axes have names: a shared name that is not kept is summed.

    A stored operand is a layer's weights: of a Dense, or, if there are several matrices, of a grouped convolution.

    Args:
        node: The node.
        names: A letter for each axis of the first operand, and of the second; an axis of 1 is repeated.
        kept: The names that the product has.

    Raises:
        ValueError: If a name has two sizes.
    """
    axes = [zip(own, node.shape(at), strict=True) for at, own in enumerate(names)]
    a, b = ({name: side for name, side in one if side != 1} for one in axes)
    sizes = a | b
    if sizes != b | a:
        raise ValueError(
            f"the sides must agree, got {shown(node.shape(0))} and {shown(node.shape(1))}"
        )
    places = {name: (name in a, name in b, name in kept) for name in sizes}
    if not set(places.values()) <= set(PLACES):
        raise UnsupportedError("that sums an axis of one operand alone")
    lead, m, k, n = (
        volume(sizes[name] for name in places if places[name] == place) for place in PLACES
    )
    if node.maps[:2] == [0, 1]:
        return Row(MatMul(), {0: Tensor(lead, m, k), 1: Tensor(lead, k, n)})
    x = node.maps[0]
    rows, units = (n, m) if x else (m, n)
    layer: Layer = Dense(units, node.has(2))
    seen = node.map() if x == 0 and node.map().channels == k else Tensor(1, rows, k)
    if lead != 1:
        layer = Conv2D(exact(lead * units), 1, groups=lead, use_bias=False)
        seen = Tensor(1, rows, exact(lead * k))
    return Row(layer, {x: seen}, "weight")


@operator("MatMul")
def matmul(node: Node) -> Row:
    """As numpy.matmul: the last two axes are matrices; of those before them, one of 1 is repeated."""
    first, second = (len(node.shape(at)) for at in (0, 1))
    names = f"{LEADING}mk"[-first:], f"{LEADING}kn"[-second:] if second > 1 else "k"
    return product(node, names, f"{LEADING}mn")


@operator("Gemm")
def gemm(node: Node) -> Row:
    """Two matrices, either of them transposed, and perhaps a stored vector that is added."""
    names = "km" if node.get("transA") else "mk", "nk" if node.get("transB") else "kn"
    filters = node.shape(1)[names[1].index("n")]
    if node.has(2) and (len(node.maps) > 1 or volume(node.shape(2)) != filters):
        raise UnsupportedError("that adds anything but a stored vector")
    return product(node, names, "mn")


@operator("Einsum")
def einsum(node: Node) -> Row:
    """Two operands whose shared letters are summed, or stay and are paired; each letter once in an operand."""
    equation = node.get("equation", "").replace(" ", "")
    terms, _, out = equation.partition("->")
    names = terms.split(",")
    if len(names) != 2 or "." in equation or any(len(set(x)) < len(x) for x in (*names, out)):
        raise UnsupportedError(f"of {equation}")
    return product(node, names, out)


@operator("BatchNormalization", "GroupNormalization", "InstanceNormalization")
def image_normalization(node: Node) -> Row:
    """By stored statistics, or by those of groups of channels; without weights if they are the exporter's own."""
    if node.get("training_mode", 0):
        raise UnsupportedError("in training mode")
    own = node.kind != "InstanceNormalization" or bool(node.learned("norm"))
    layer: Layer = GroupNormalization(node.get("num_groups", -1), own, own)
    if node.kind == "BatchNormalization":
        layer = BatchNormalization()
    return Row(layer, {0: node.image()}, "norm" if own else "")


@operator("LayerNormalization", "RMSNormalization")
def layer_normalization(node: Node) -> Row:
    """The axes from ``axis`` on; the shift may be left out."""
    shape, axis = node.only(), node.axis(-1)
    x = Tensor(1, volume(shape[:axis]), volume(shape[axis:]))
    if axis == len(shape) - 1:
        x = fold(shape)
    centred = LayerNormalization(center=node.has(2))
    return Row(RMSNormalization() if node.kind[0] == "R" else centred, {0: x}, "norm")


@operator("Softmax", "LogSoftmax")
def softmax(node: Node) -> Row:
    """Along one axis; before opset 13 along that and all behind it."""
    shape, axis = node.shape(), node.axis(-1 if node.opset >= 13 else 1)
    x = fold(shape, axis - len(shape))
    if node.opset < 13:
        x = Tensor(volume(shape[:axis]), 1, volume(shape[axis:]))
    return Row(Softmax(), {0: x})


TOGETHER = ("mean", "max", "min", "sum")  # beside these, what is done to each number
REDUCTIONS = named(
    "ReduceMean:mean ReduceMax:max ReduceMin:min ArgMax:max ArgMin:min ReduceSum:sum ReduceProd:sum ReduceL1:abs,sum "
    "ReduceL2:square,sum,sqrt ReduceSumSquare:square,sum ReduceLogSum:sum,log ReduceLogSumExp:exponential,sum,log"
)


@operator(*REDUCTIONS)
def reduced(node: Node) -> list[Row]:
    """Numbers along some axes taken together."""
    shape, axes, x = node.shape(), reduced_axes(node), node.map()
    channels = len(shape) + node.inputs[0].channels
    moving = {axis for axis, side in enumerate(shape) if side != 1}
    along: tuple[int, ...] = (3,) if axes == {channels} else (1, 2)
    if along == (1, 2) and axes & moving != moving - {channels}:
        left = volume(side for axis, side in enumerate(shape) if axis not in axes)
        x, along = Tensor(volume(shape[axis] for axis in axes), 1, left), (1,)
    rows: list[Row] = []
    for word in REDUCTIONS[node.kind].split(","):
        layer = Reduce(word, along) if word in TOGETHER else Activation(word)
        rows.append(Row(layer, {BEFORE if rows else 0: x}))
        x = layer.output(x)
    return rows


def reduced_axes(node: Node) -> set[int]:
    """The axes along which numbers are taken together, as an attribute or an input."""
    rank = len(node.shape())
    axes = node.get("axes")
    if node.kind.startswith("Arg"):
        axes = [node.axis(0)]
    elif node.has(1):  # known, or onnx would not have said the shape
        axes = node.inputs[1].edges[0].array().tolist()
    return {axis % rank for axis in axes or range(rank)}
