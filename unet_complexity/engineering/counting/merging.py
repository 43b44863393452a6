"""Elementwise operations on several maps, and matrix products, as loops."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from unet_complexity.counting.convolution import finisher
from unet_complexity.counting.maps import Map, each, sides_of
from unet_complexity.counting.merging import known, paired, spread
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


@twin(L.Elementwise)
def apply(layer: L.Elementwise, tally: Tally, *inputs: Map) -> Map:
    """Combine the operands with broadcasting; a scalar constant stands for one that is missing."""
    first, *others = [*inputs, *known(layer, tally)]

    def whole(values: Any, _: int) -> float:
        return WHOLE[layer.operation](tally.op, *values)

    if layer.operation in WHOLE:
        total: Any = [[[(value,) for value in pixel] for pixel in row] for row in first]
        for x in others:
            total = spread(total, x, lambda values, value: (*values, value))
        total = each(total, whole)
    else:
        function = APPLIED[layer.operation]
        total = first if others else each(first, lambda a, _: tally.op(function(a, LONE)))
        for x in others:
            total = spread(total, x, lambda a, b: tally.op(function(a, b)))
    if layer.operation == "average":
        operands = max(2, 1 + len(others))
        total = each(total, lambda value, _: tally.op(value / operands))
    return tally.store(total)


@twin(L.Dense)
def dense(layer: L.Dense, tally: Tally, x: Map) -> Map:
    """Multiply each pixel with the matrix of weights and add the bias."""
    weights = tally.weight(sides_of(x)[2], layer.units)
    finish = finisher(layer, tally, layer.units)

    def unit(pixel: list[float], i: int) -> float:
        total = 0.0
        for value, row in zip(pixel, weights, strict=True):
            total = tally.mac(total, value, row[i])
        return finish(total, i)

    return [[[unit(pixel, i) for i in range(layer.units)] for pixel in row] for row in x]


@twin(L.MatMul)
def multiply_matrices(layer: L.MatMul, tally: Tally, x: Map, y: Map) -> Map:
    """Multiply rows with columns, for each pair of matrices; a lone matrix is paired with all."""

    def element(row: list[float], column: list[float]) -> float:
        total = 0.0
        for a, b in zip(row, column, strict=True):
            total = tally.mac(total, a, b)
        return tally.write(total)

    def product(a: list[list[float]], b: list[list[float]]) -> list[list[float]]:
        columns = b if layer.transpose_b else [list(column) for column in zip(*b, strict=True)]
        return [[element(row, column) for column in columns] for row in a]

    return [product(a, b) for a, b in paired(x, y)]
