"""Operators of ONNX that multiply matrices: by stored ones, which are layers' weights, or by each other."""

from __future__ import annotations

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import Dense, MatMul
from unet_complexity.engineering.readers.onnx_old.node import Node, Unsupported, operator
from unet_complexity.engineering.readers.onnx_old.values import (
    Shape,
    Value,
    broadcast,
    product,
    shown,
)
from unet_complexity.layers import Add
from unet_complexity.symbols import Size, exact

Matrices = tuple[Size, Size, Size]


def multiplied(
    node: Node,
    shape: Shape,
    a: Value,
    b: Value,
    lead: tuple[Size, Size],
    m: Size,
    k: Size,
    n: Size,
    bias: Value | None = None,
) -> Value:
    """(lead, m, k) times (lead, k, n): a stored factor is a layer's weights, on whichever side it stands."""
    stored = [value for value in (a, b) if value.source is None]
    if len(stored) == 2 or not stored:
        maps = [Tensor(lead[0], m, k), Tensor(lead[1], k, n)]
        return node.step(MatMul(), shape, a, b, maps=maps)
    first = stored[0] is b
    if lead[int(first)] != 1:
        raise Unsupported("with several stored matrices")
    x, rows, units = (a, m, n) if first else (b, n, m)
    layer = Dense(units, use_bias=bias is not None)
    return node.step(
        layer,
        shape,
        x,
        maps=[Tensor(lead[1 - int(first)], rows, k)],
        weights=stored + ([bias] if bias else []),
    )


def check_inner(a: Size, b: Size, x: Value, y: Value) -> None:
    """ValueError unless the inner sides agree."""
    if exact(a - b) != 0:
        raise ValueError(
            f"the inner sides must agree, got {a} and {b} of {shown(x.shape)} and {shown(y.shape)}"
        )


@operator("MatMul")
def matmul(node: Node) -> Value:
    """As numpy.matmul: the last two axes are matrices, those before them are repeated where they are 1."""
    x, y = node.given(0), node.given(1)
    if not x.shape or not y.shape:
        raise ValueError(f"it needs at least one axis, got {shown(x.shape)} and {shown(y.shape)}")
    a = x.shape if len(x.shape) > 1 else (1, *x.shape)
    b = y.shape if len(y.shape) > 1 else (*y.shape, 1)
    check_inner(a[-1], b[-2], x, y)
    lead = broadcast(a[:-2], b[:-2])
    shape = lead + ((a[-2],) if len(x.shape) > 1 else ()) + ((b[-1],) if len(y.shape) > 1 else ())
    leads = product(a[:-2]), product(b[:-2])
    if 1 not in leads and leads[0] != leads[1]:
        raise Unsupported(
            f"of {shown(x.shape)} and {shown(y.shape)}, one of them repeated along some leading axes"
        )
    return multiplied(node, shape, x, y, leads, a[-2], a[-1], b[-1])


@operator("Gemm")
def gemm(node: Node) -> Value:
    """Two matrices, either of them transposed, and a third one added."""
    x, y = node.given(0, rank=2), node.given(1, rank=2)
    m, k = x.shape[::-1] if node.integer("transA", 0) else x.shape
    inner, n = y.shape[::-1] if node.integer("transB", 0) else y.shape
    check_inner(k, inner, x, y)
    bias = node.given(2) if node.has(2) else None
    dense = (
        y.source is None
        and x.source is not None
        and bias is not None
        and bias.source is None
        and bias.size == n
    )
    product_ = multiplied(node, (m, n), x, y, (1, 1), m, k, n, bias if dense else None)
    if bias is None or dense or node.constant:
        return product_
    if bias.source is None:
        raise Unsupported("with a stored bias of another size than its columns")
    return node.step(Add(), broadcast((m, n), bias.shape), product_, bias)


@operator("Einsum")
def einsum(node: Node) -> Value:
    """Two operands whose shared letters are summed, or stay and are paired; each letter once in an operand."""
    equation = node.text("equation", "").replace(" ", "")
    terms, arrow, out = equation.partition("->")
    names = terms.split(",")
    if (
        not arrow
        or len(names) != 2
        or any(len(set(name)) != len(name) or "." in name for name in [*names, out])
    ):
        raise Unsupported(f"of {equation}")
    a, b = names
    x, y = node.given(0, rank=len(a)), node.given(1, rank=len(b))
    sides = dict(zip(a, x.shape, strict=True))
    if any(exact(sides.get(name, side) - side) != 0 for name, side in zip(b, y.shape, strict=True)):
        raise ValueError(
            f"the sides must agree by {equation}, got {shown(x.shape)} and {shown(y.shape)}"
        )
    sides |= zip(b, y.shape, strict=True)
    if not set(out) <= set(sides) or (set(a) ^ set(b)) - set(out):
        raise Unsupported(f"of {equation}")
    groups = (
        set(a) & set(b) & set(out),
        set(a) - set(b),
        (set(a) & set(b)) - set(out),
        set(b) - set(a),
    )
    lead, m, k, n = (product(sides[name] for name in sorted(group)) for group in groups)
    return multiplied(node, tuple(sides[name] for name in out), x, y, (lead, lead), m, k, n)
