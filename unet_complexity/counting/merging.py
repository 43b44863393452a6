"""Bringing maps together, and products of two maps, as loops."""

from __future__ import annotations

import operator
from collections.abc import Callable
from itertools import chain
from typing import Any

from unet_complexity import layers as L
from unet_complexity.counting.maps import Map, each, filled, sides_of
from unet_complexity.counting.tally import Tally, twin

PAIRWISE: dict[type[L.Layer], Callable[[float, float], float]] = {
    L.Add: lambda a, b: a + b,
    L.Average: lambda a, b: a + b,
    L.Subtract: lambda a, b: a - b,
    L.Multiply: lambda a, b: a * b,
    L.Divide: lambda a, b: a / b if b else 0.0,  # what no number is, is none of our business
    L.Maximum: max,
    L.Minimum: min,
}


def _known(layer: L.Concatenate | L.Elementwise, tally: Tally) -> list[Map]:
    """What a layer has beside its inputs, learned or given."""
    if not layer.array:
        return []
    sides = layer.array.height, layer.array.width, layer.array.channels
    return [tally.weight(*sides) if layer.learned else filled(*sides)]


@twin(L.Concatenate)
def concatenate(layer: L.Concatenate, tally: Tally, inputs: list[Map]) -> Map:
    """All inputs, one after the other: their rows, their columns or their channels."""
    maps = [tally.load(x) for x in inputs] + _known(layer, tally)
    if layer.axis == 1:
        joined = [row for x in maps for row in x]
    elif layer.axis == 2:
        joined = [list(chain(*rows)) for rows in zip(*maps, strict=True)]
    else:
        joined = [[list(chain(*pixels)) for pixels in zip(*rows, strict=True)] for rows in zip(*maps, strict=True)]
    return each(joined, lambda value, _: tally.write(value))


@twin(*PAIRWISE)
def merge(layer: L.Layer, tally: Tally, inputs: list[Map]) -> Map:
    """Two inputs element by element, then the third with what came of them; what has only one place is met by all."""
    operation = PAIRWISE[type(layer)]
    first, *rest = (tally.load(x) for x in inputs)
    for x in rest:
        first = _spread(first, x, lambda a, b: tally.op(operation(a, b)))
    if isinstance(layer, L.Average):
        return each(first, lambda value, _: tally.write(tally.op(value / len(inputs))))
    return each(first, lambda value, _: tally.write(value))


def _spread(x: Any, y: Any, operation: Callable[[float, float], float]) -> Any:
    if not isinstance(x, list):
        return operation(x, y)
    longest = max(len(x), len(y))
    return [_spread(a, b, operation) for a, b in zip(_times(x, longest), _times(y, longest), strict=True)]


def _times(x: list[Any], m: int) -> list[Any]:
    return x * m if len(x) == 1 else x


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
    maps = [tally.load(x) for x in inputs] + _known(layer, tally)
    met: Any = each(maps[0], lambda value, _: (value,))  # type: ignore[arg-type, return-value]
    for x in maps[1:]:
        met = _spread(met, x, lambda values, value: (*values, value))  # type: ignore[arg-type, return-value, misc]
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

    return [product(a, b) for a, b in zip(_times(x, longest), _times(y, longest), strict=True)]
