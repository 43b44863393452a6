"""Bringing maps together in the ways that only models of others have, and matrix products, as loops."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from unet_complexity.counting.maps import Map, each, sides_of
from unet_complexity.counting.merging import known, merged, spread, times
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L
from unet_complexity.layers import Layer

PAIRWISE: dict[type[Layer], Callable[[float, float], float]] = {
    L.Subtract: lambda a, b: a - b,
    L.Divide: lambda a, b: a / b if b else 0.0,  # what no number is, is none of our business
    L.Maximum: max,
    L.Minimum: min,
}


@twin(*PAIRWISE)
def merge(layer: Layer, tally: Tally, inputs: list[Map]) -> Map:
    """Two inputs element by element, then the third with what came of them."""
    return each(merged(PAIRWISE[type(layer)], tally, inputs), lambda value, _: tally.write(value))


@twin(L.Average)
def average(layer: L.Average, tally: Tally, inputs: list[Map]) -> Map:
    """The sum, divided."""
    total = merged(lambda a, b: a + b, tally, inputs)
    return each(total, lambda value, _: tally.write(tally.op(value / len(inputs))))


APPLIED: dict[str, Callable[..., float]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": PAIRWISE[L.Divide],
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
LONE = 0.5  # a number that is known beforehand and has no axis


@twin(L.Elementwise)
def apply(layer: L.Elementwise, tally: Tally, inputs: list[Map]) -> Map:
    """What meets at one place, and a lone number for each operand that is missing, through one function."""
    maps = [tally.load(x) for x in inputs] + known(layer, tally)
    met: Any = each(maps[0], lambda value, _: (value,))  # type: ignore[arg-type, return-value]
    for x in maps[1:]:
        met = spread(met, x, lambda values, value: (*values, value))
    if layer.operation == "clip":
        return each(met, lambda v, _: tally.write(tally.op(min(tally.op(max(*v, LONE)), LONE))))  # type: ignore[misc]
    lone = (LONE,) * ((3 if layer.operation == "where" else 2) - len(maps))
    return each(met, lambda v, _: tally.write(tally.op(APPLIED[layer.operation](*v, *lone))))  # type: ignore[misc]


@twin(L.Dense)
def dense(layer: L.Dense, tally: Tally, inputs: list[Map]) -> Map:
    """Each pixel times the matrix of weights, and the bias."""
    x = tally.load(inputs[0])
    weights = tally.weight(sides_of(x)[2], layer.units)
    bias = tally.weight(layer.units) if layer.use_bias else None

    def unit(pixel: list[float], i: int) -> float:
        total = 0.0
        for value, row in zip(pixel, weights, strict=True):
            total = tally.mac(total, value, row[i])
        return tally.write(tally.op(total + bias[i]) if bias else total)

    return [[[unit(pixel, i) for i in range(layer.units)] for pixel in row] for row in x]


@twin(L.MatMul)
def multiply_matrices(layer: L.MatMul, tally: Tally, inputs: list[Map]) -> Map:
    """Row times column, for each pair of matrices."""
    x, y = (tally.load(given) for given in inputs)
    longest = max(len(x), len(y))

    def element(row: list[float], column: list[float]) -> float:
        total = 0.0
        for a, b in zip(row, column, strict=True):
            total = tally.mac(total, a, b)
        return tally.write(total)

    def product(a: list[list[float]], b: list[list[float]]) -> list[list[float]]:
        columns = b if layer.transpose_b else [list(column) for column in zip(*b, strict=True)]
        return [[element(row, column) for column in columns] for row in a]

    return [product(a, b) for a, b in zip(times(x, longest), times(y, longest), strict=True)]
