"""Concatenation, sums and products of maps, as loops."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from itertools import chain
from typing import Any

from unet_complexity import layers as L
from unet_complexity.counting.maps import Function, Map
from unet_complexity.counting.tally import Tally, twin

PAIRWISE = {L.Add: operator.add, L.Multiply: operator.mul}


@twin(L.Concatenate)
def concatenate(layer: L.Concatenate, tally: Tally, *inputs: Map) -> Any:
    """Copy the inputs one after the other along rows, columns or channels."""
    return join(inputs, layer.axis)


def join(maps: Any, axis: int) -> Any:
    """Return nested lists joined along an axis, 1 for the outermost."""
    if axis == 1:
        return list(chain(*maps))
    return [join(parts, axis - 1) for parts in zip(*maps, strict=True)]


@twin(*PAIRWISE)
def merge(layer: Any, tally: Tally, *inputs: Map) -> Any:
    """Combine two inputs element by element, then each further input with the result."""
    return merged(PAIRWISE[type(layer)], tally, *inputs)


def merged(operation: Function, tally: Tally, *inputs: Map) -> Any:
    """Return all inputs through one operation, two at a time, with broadcasting."""
    result, *rest = inputs
    for x in rest:
        result = spread(result, x, lambda a, b: tally.op(operation(a, b)))
    return result


def spread(x: Any, y: Any, operation: Function) -> Any:
    """Return ``operation`` on the elements of two maps, with broadcasting."""
    if not isinstance(x, list):
        return operation(x, y)
    return [spread(a, b, operation) for a, b in paired(x, y)]


def paired(x: list[Any], y: list[Any]) -> Iterator[Any]:
    """Yield pairs of elements of two lists; a lone element is paired with each of the other list."""
    if len(x) == 1:
        x = x * len(y)
    if len(y) == 1:
        y = y * len(x)
    return zip(x, y, strict=True)
