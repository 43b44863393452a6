"""Elementwise operations on several maps, and matrix products, as loops."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from unet_complexity.counting.convolution import finisher
from unet_complexity.counting.maps import Map, each, sides_of
from unet_complexity.counting.merging import known, merged, paired, spread
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L
from unet_complexity.layers import Layer

APPLIED: dict[str, Callable[..., float]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": lambda a, b: a / b if b else 0.0,  # only the operation is counted
    "maximum": max,
    "minimum": min,
    "power": lambda a, b: abs(a) ** b if a else 0.0,
    "equal": operator.eq,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "less": operator.lt,
    "less_equal": operator.le,
    "where": lambda c, a, b: a if c else b,
}
LONE = 0.5  # stands for a scalar constant of the model


@twin(L.Subtract, L.Divide, L.Maximum, L.Minimum)
def merge(layer: Layer, tally: Tally, *inputs: Map) -> Map:
    """Combine two inputs element by element, then each further input with the result."""
    operation = APPLIED[type(layer).__name__.lower()]
    return tally.store(merged(operation, tally, *inputs))


@twin(L.Average)
def average(layer: L.Average, tally: Tally, *inputs: Map) -> Map:
    """Add the inputs and divide by their number."""
    total = merged(operator.add, tally, *inputs)
    return each(total, lambda value, _: tally.write(tally.op(value / len(inputs))))


@twin(L.Elementwise)
def apply(layer: L.Elementwise, tally: Tally, *inputs: Map) -> Map:
    """Apply the operation with broadcasting; a scalar constant stands for each operand that is missing."""
    first, *others = [*inputs, *known(layer, tally)]
    operands: Any = [[[(value,) for value in pixel] for pixel in row] for row in first]
    for x in others:
        operands = spread(operands, x, lambda values, value: (*values, value))

    def element(values: Any, _: int) -> float:
        if layer.operation == "clip":
            return tally.write(tally.op(min(tally.op(max(*values, LONE)), LONE)))
        missing = (3 if layer.operation == "where" else 2) - len(values)
        return tally.write(tally.op(APPLIED[layer.operation](*values, *[LONE] * missing)))

    return each(operands, element)


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
