"""Concatenation, sums and products of maps, as loops."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from itertools import chain
from typing import Any

from unet_complexity.counting.maps import Function, Map
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.layers import Add, Concatenate, Multiply


@twin(Concatenate)
def concatenate(layer: Concatenate, tally: Tally, *inputs: Map) -> Any:
    """Copy the inputs one after the other along rows, columns or channels."""
    return join(inputs, layer.axis)


def join(maps: Any, axis: int) -> Any:
    """Return nested lists joined along an axis, 1 for the outermost."""
    if axis == 1:
        return list(chain(*maps))
    slices = zip(*maps, strict=True)
    return [join(parts, axis - 1) for parts in slices]


@twin(Add)
def add(layer: Add, tally: Tally, *inputs: Map) -> Any:
    """Add two inputs element by element, then each further input to the sum."""
    return merged(operator.add, tally, *inputs)


@twin(Multiply)
def multiply(layer: Multiply, tally: Tally, *inputs: Map) -> Any:
    """Multiply two inputs element by element, then the product by each further input."""
    return merged(operator.mul, tally, *inputs)


def merged(operation: Function, tally: Tally, *inputs: Map) -> Any:
    """Return all inputs through one operation, two at a time, with broadcasting."""

    def counted(a: float, b: float) -> float:
        result = operation(a, b)
        return tally.op(result)

    result, *rest = inputs
    for x in rest:
        result = spread(result, x, counted)
    return result


def spread(x: Any, y: Any, operation: Function) -> Any:
    """Return ``operation`` on the elements of two maps, with broadcasting."""
    if not isinstance(x, list):
        return operation(x, y)
    pairs = paired(x, y)
    return [spread(a, b, operation) for a, b in pairs]


def paired(x: list[Any], y: list[Any]) -> Iterator[Any]:
    """Yield pairs of elements of two lists; a lone element is paired with each of the other list."""
    if len(x) == 1:
        x = x * len(y)
    if len(y) == 1:
        y = y * len(x)
    return zip(x, y, strict=True)
