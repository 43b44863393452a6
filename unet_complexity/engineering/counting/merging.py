"""Elementwise operations on several maps, and matrix products, as loops."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

from unet_complexity.counting.convolution import biased
from unet_complexity.counting.maps import Map, channels_of, each, filled
from unet_complexity.counting.merging import concatenate, merged, paired, spread
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L

APPLIED: dict[str, Callable[..., float]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": lambda a, b: a / b if b else 0.0,  # only the operation is counted
    "maximum": max,
    "minimum": min,
    "average": operator.add,
    "power": lambda a, b: abs(a) ** b if a else 0.0,
    "equal": operator.eq,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "less": operator.lt,
    "less_equal": operator.le,
    "and": lambda a, b: bool(a) and bool(b),
    "or": lambda a, b: bool(a) or bool(b),
    "xor": lambda a, b: bool(a) != bool(b),
    "mod": lambda a, b: a % b if b else 0.0,
}
LONE = 0.5  # stands for a scalar constant of the model


def _chosen(
    op: Callable[[float], float], condition: float, a: float = LONE, b: float = LONE
) -> float:
    return op(a if condition else b)


WHOLE: dict[str, Callable[..., float]] = {  # given how an operation is counted, then all operands
    "where": _chosen,
    "not": lambda op, a: op(not a),
    "clip": lambda op, a: op(min(op(max(a, LONE)), LONE)),
    "dequantize": lambda op, a: op(op(a - LONE) * LONE),
    "quantize": lambda op, a: op(min(op(max(op(op(round(op(a / LONE))) + LONE), 0)), 255)),
}

twin(L.ConcatenateRows, L.ConcatenateColumns)(concatenate)


@twin(L.Elementwise)
def apply(layer: L.Elementwise, tally: Tally, *inputs: Map) -> Any:
    """Combine the operands with broadcasting; a scalar constant stands for one that is missing."""
    operation = layer.operation
    first, *others = inputs
    if layer.array:
        array = tally.weight if layer.learned else filled
        others.append(array(*layer.array.shape))
    if operation in WHOLE:
        whole = WHOLE[operation]
        operands: Any = each(first, lambda value, _: (value,))
        for x in others:
            operands = spread(operands, x, lambda values, value: (*values, value))
        return each(operands, lambda values, _: whole(tally.op, *values))
    others = others or [[[[LONE]]]]
    total = merged(APPLIED[operation], tally, first, *others)
    if operation == "average":
        count = 1 + len(others)
        total = each(total, lambda value, _: tally.op(value / count))
    return total


@twin(L.Dense)
def dense(layer: L.Dense, tally: Tally, x: Map) -> Map:
    """Multiply each pixel with the matrix of weights and add the bias."""
    weights = tally.weight(channels_of(x), layer.units)
    return biased(layer, tally, multiply_matrices(L.MatMul(), tally, x, [weights]))


def product(tally: Tally, row: Iterable[float], column: Iterable[float]) -> float:
    """Return the sum of products of a row and a column."""
    total = 0.0
    for a, b in zip(row, column, strict=True):
        total = tally.mac(total, a, b)
    return total


@twin(L.MatMul)
def multiply_matrices(layer: L.MatMul, tally: Tally, x: Map, y: Map) -> Map:
    """Multiply rows with columns, for each pair of matrices; a lone matrix is paired with all."""
    out = []
    for a, b in paired(x, y):
        columns = b if layer.transpose_b else [*zip(*b, strict=True)]
        matrix = [[product(tally, row, column) for column in columns] for row in a]
        out.append(matrix)
    return out
