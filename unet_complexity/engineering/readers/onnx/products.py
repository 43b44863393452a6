"""Operators of ONNX that multiply matrices: by stored ones, which are layers' weights, or by each other."""

from __future__ import annotations

from collections.abc import Sequence

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import Dense, MatMul
from unet_complexity.engineering.readers.onnx.node import (
    Node,
    Row,
    Unsupported,
    fold,
    operator,
    volume,
)
from unet_complexity.layers import Add, Conv2D
from unet_complexity.symbols import Size, exact

Sides = tuple[Size, Size, Size, Size]


def product(node: Node, sides: Sides, a: int, b: int, bias: Sequence[int] = ()) -> Row:
    """(lead, m, k) times (lead, k, n): a stored factor is a layer's weights, on whichever side it stands."""
    lead, m, k, n = sides
    stored = [at for at in (a, b) if at not in node.maps]
    if not stored:
        return Row(MatMul(), [(a, Tensor(lead, m, k)), (b, Tensor(lead, k, n))])
    x, rows, units = (a, m, n) if stored[0] == b else (b, n, m)
    weights = [*stored, *bias]
    if lead == 1:
        whole = fold(node.shape(x)) if node.kind != "Einsum" and x == a else None
        seen = whole if whole and whole.channels == k else Tensor(1, rows, k)
        return Row(Dense(units, bool(bias)), [(x, seen)], weights)
    grouped = Conv2D(exact(lead * units), 1, groups=lead, use_bias=False)
    return Row(grouped, [(x, Tensor(1, rows, exact(lead * k)))], weights)


@operator("MatMul", "MatMulInteger", "QLinearMatMul")
def matmul(node: Node) -> Row:
    """As numpy.matmul: the last two axes are matrices, those before them are repeated where they are 1."""
    at = 3 if node.kind == "QLinearMatMul" else 1
    x, y = node.shape(0), node.shape(at)
    a = x if len(x) > 1 else (1, *x)
    b = y if len(y) > 1 else (*y, 1)
    rank = max(len(a), len(b)) - 2
    pairs = [*zip(*((1,) * (rank + 2 - len(s)) + tuple(s[:-2]) for s in (a, b)), strict=True)]
    both = volume(p for p, q in pairs if 1 not in (p, q))
    first, second = volume(p for p, q in pairs if q == 1), volume(q for p, q in pairs if p == 1)
    m, k, n = a[-2], a[-1], b[-1]
    if both == 1 and 1 in (first, second) and {0, at} <= set(node.maps):
        return Row(MatMul(), [(0, Tensor(first, m, k)), (at, Tensor(second, k, n))])
    return product(node, (both, exact(first * m), k, exact(second * n)), 0, at)


@operator("Gemm")
def gemm(node: Node) -> list[Row]:
    """Two matrices, either of them transposed, and a third one added."""
    m, k = node.shape(0)[:: -1 if node.get("transA", 0) else 1]
    n = node.shape(1)[0 if node.get("transB", 0) else 1]
    dense = (
        node.has(2) and 2 not in node.maps and volume(node.shape(2)) == n and len(node.maps) == 1
    )
    rows = [product(node, (1, m, k, n), 0, 1, [2] * dense)]
    if node.has(2) and not dense:
        if 2 not in node.maps:
            raise Unsupported("with a stored bias of another size than its columns")
        bias = (1, 1, *node.shape(2))[-2:]
        rows.append(Row(Add(), [(None, Tensor(1, m, n)), (2, Tensor(1, *bias))]))
    return rows


@operator("Einsum")
def einsum(node: Node) -> Row:
    """Two operands whose shared letters are summed, or stay and are paired; each letter once in an operand."""
    equation = node.get("equation", "").replace(" ", "")
    terms, arrow, out = equation.partition("->")
    names = terms.split(",")
    repeated = any(len(set(name)) != len(name) for name in [*names, out])
    if not arrow or len(names) != 2 or "." in equation or repeated:
        raise Unsupported(f"of {equation}")
    a, b = map(set, names)
    sides = dict(zip("".join(names), (*node.shape(0), *node.shape(1)), strict=True))
    agree = all(
        sides[name] == side
        for term, at in zip(names, (0, 1), strict=True)
        for name, side in zip(term, node.shape(at), strict=True)
    )
    if not agree:
        raise ValueError(
            f"the sides must agree by {equation}, got {node.shape(0)} and {node.shape(1)}"
        )
    kept = set(out)
    if not kept <= a | b or (a ^ b) - kept:
        raise Unsupported(f"of {equation}")
    groups = (a & b & kept, a - b, (a & b) - kept, b - a)
    lead, m, k, n = (volume(sides[name] for name in sorted(group)) for group in groups)
    return product(node, (lead, m, k, n), 0, 1)
