"""Concatenation, sums and products of maps, as loops."""

from __future__ import annotations

import operator
from collections.abc import Callable
from itertools import chain
from typing import Any

from unet_complexity import layers as L
from unet_complexity.counting.maps import Map, each, filled
from unet_complexity.counting.tally import Tally, twin

Operation = Callable[[float, float], float]
PAIRWISE: dict[type[L.Layer], Operation] = {L.Add: operator.add, L.Multiply: operator.mul}


def known(layer: Any, tally: Tally) -> list[Map]:
    """The array that a layer holds beside its inputs: learned weights or constants."""
    if not layer.array:
        return []
    sides = layer.array.height, layer.array.width, layer.array.channels
    return [tally.weight(*sides) if layer.learned else filled(*sides)]


@twin(L.Concatenate)
def concatenate(layer: L.Concatenate, tally: Tally, inputs: list[Map]) -> Map:
    """Copy the inputs one after the other along rows, columns or channels."""
    maps = [tally.load(x) for x in inputs] + known(layer, tally)
    return each(join(maps, layer.axis % 4), lambda value, _: tally.write(value))


def join(maps: Any, axis: int) -> Any:
    """Nested lists joined along an axis, 1 for the outermost."""
    if axis == 1:
        return list(chain(*maps))
    return [join(parts, axis - 1) for parts in zip(*maps, strict=True)]


@twin(*PAIRWISE)
def merge(layer: L.Layer, tally: Tally, inputs: list[Map]) -> Map:
    """Combine two inputs element by element, then each further input with the result."""
    return each(merged(PAIRWISE[type(layer)], tally, inputs), lambda value, _: tally.write(value))


def merged(operation: Operation, tally: Tally, inputs: list[Map]) -> Any:
    """All inputs through one operation, two at a time, with broadcasting."""
    first, *rest = (tally.load(x) for x in inputs)
    for x in rest:
        first = spread(first, x, lambda a, b: tally.op(operation(a, b)))
    return first


def spread(x: Any, y: Any, operation: Callable[[Any, Any], Any]) -> Any:
    """``operation`` on the elements of two maps, with broadcasting."""
    if not isinstance(x, list):
        return operation(x, y)
    longest = max(len(x), len(y))
    return [
        spread(a, b, operation) for a, b in zip(times(x, longest), times(y, longest), strict=True)
    ]


def times(x: list[Any], m: int) -> list[Any]:
    """Repeat a list of one element m times; return any other list unchanged."""
    return x * m if len(x) == 1 else x
