"""Operators of ONNX that multiply matrices: by stored ones, which are layers' weights, or by each other."""

from __future__ import annotations

from collections.abc import Sequence

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import Dense, MatMul
from unet_complexity.engineering.readers.onnx.node import (
    Node,
    Row,
    Unsupported,
    operator,
    shown,
    volume,
)
from unet_complexity.layers import Add, Conv2D
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
    a, b = node.shape(0), node.shape(1)
    operands = (
        ("km", a[::-1] if len(a) > 1 else (*a, 1)),
        ("nk", b[::-1] if len(b) > 1 else (1, *b)),
    )
    axes = [dict(zip(names + "abcdefgh", shape, strict=False)) for names, shape in operands]
    alone = [{x: side for x, side in one.items() if side != 1 or x in "mkn"} for one in axes]
    return product(node, alone, "abcdefghmn")


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
