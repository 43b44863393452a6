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
    sizes = {**a, **b}
    groups = [
        [name for name in sizes if name in kept and name in a and name in b],
        [name for name in a if name not in b],
        [name for name in a if name in b and name not in kept],
        [name for name in b if name not in a],
    ]
    lead, m, k, n = (volume(sizes[name] for name in group) for group in groups)
    first, second = 0, 3 if node.kind == "QLinearMatMul" else 1
    if first in node.maps and second in node.maps:
        return Row(MatMul(), [(first, Tensor(lead, m, k)), (second, Tensor(lead, k, n))])
    x, rows, units, weights = (first, m, n, second) if first in node.maps else (second, n, m, first)
    if lead != 1:
        layer = Conv2D(exact(lead * units), 1, groups=lead, use_bias=False)
        return Row(layer, [(x, Tensor(1, rows, exact(lead * k)))], [weights])
    seen = node.map(x) if x == first and node.map(x).channels == k else Tensor(1, rows, k)
    return Row(Dense(units, bool(bias)), [(x, seen)], [weights, *bias])


@operator("MatMul", "MatMulInteger", "QLinearMatMul")
def matmul(node: Node) -> Row:
    """As numpy.matmul: the last two axes are matrices; of those before them, one of 1 is repeated."""
    a, b = node.shape(0), node.shape(3 if node.kind == "QLinearMatMul" else 1)
    a = a if len(a) > 1 else (1, *a)
    b = b if len(b) > 1 else (*b, 1)
    leads = [dict(zip("abcdefgh", shape[-3::-1], strict=False)) for shape in (a, b)]
    x, y = ({name: side for name, side in lead.items() if side != 1} for lead in leads)
    return product(
        node, [{**x, "m": a[-2], "k": a[-1]}, {**y, "k": b[-2], "n": b[-1]}], "abcdefghmn"
    )


@operator("Gemm")
def gemm(node: Node) -> list[Row]:
    """Two matrices, either of them transposed, and a third one added."""
    turned = [node.get(name, 0) for name in ("transA", "transB")]
    a = dict(zip("km" if turned[0] else "mk", node.shape(0), strict=True))
    b = dict(zip("nk" if turned[1] else "kn", node.shape(1), strict=True))
    bias = [2] * node.has(2)
    dense = bias and node.maps in ([0], [1]) and volume(node.shape(2)) == b["n"]
    rows = [product(node, [a, b], "mn", *(bias if dense else []))]
    if bias and not dense:
        if 2 not in node.maps:
            raise Unsupported("with a stored bias of another size than its columns")
        added = (1, 1, *node.shape(2))[-2:]
        rows.append(Row(Add(), [(None, Tensor(1, a["m"], b["n"])), (2, Tensor(1, *added))]))
    return rows


@operator("Einsum")
def einsum(node: Node) -> Row:
    """Two operands whose shared letters are summed, or stay and are paired; each letter once in an operand."""
    equation = node.get("equation", "").replace(" ", "")
    terms, _, out = equation.partition("->")
    names = terms.split(",")
    repeated = any(len(set(name)) != len(name) for name in [*names, out])
    if len(names) != 2 or "." in equation or repeated or not set(out) <= set(terms):
        raise Unsupported(f"of {equation}")
    a, b = (dict(zip(name, node.shape(at), strict=True)) for at, name in enumerate(names))
    if any(a.get(name, side) != side for name, side in b.items()):
        raise ValueError(
            f"the sides must agree by {equation}, got {shown(node.shape(0))} and {shown(node.shape(1))}"
        )
    if (a.keys() ^ b.keys()) - set(out):
        raise Unsupported(f"of {equation}")
    return product(node, [a, b], out)
