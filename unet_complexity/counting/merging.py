"""Bringing maps together, as loops."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

from unet_complexity import layers as L
from unet_complexity.counting.maps import Map, each, filled
from unet_complexity.counting.tally import Tally, twin

PAIRWISE: dict[type[L.Layer], Callable[[float, float], float]] = {
    L.Add: lambda a, b: a + b,
    L.Multiply: lambda a, b: a * b,
}


def known(layer: Any, tally: Tally) -> list[Map]:
    """What a layer has beside its inputs, learned or given."""
    if not layer.array:
        return []
    sides = layer.array.height, layer.array.width, layer.array.channels
    return [tally.weight(*sides) if layer.learned else filled(*sides)]


@twin(L.Concatenate)
def concatenate(layer: L.Concatenate, tally: Tally, inputs: list[Map]) -> Map:
    """All inputs, one after the other: their rows, their columns or their channels."""
    maps = [tally.load(x) for x in inputs] + known(layer, tally)
    if layer.axis == 1:
        joined = [row for x in maps for row in x]
    elif layer.axis == 2:
        joined = [list(chain(*rows)) for rows in zip(*maps, strict=True)]
    else:
        joined = [[list(chain(*pixels)) for pixels in zip(*rows, strict=True)] for rows in zip(*maps, strict=True)]
    return each(joined, lambda value, _: tally.write(value))


@twin(*PAIRWISE)
def merge(layer: L.Layer, tally: Tally, inputs: list[Map]) -> Map:
    """Two inputs element by element, then the third with what came of them."""
    return each(merged(PAIRWISE[type(layer)], tally, inputs), lambda value, _: tally.write(value))


def merged(operation: Callable[[float, float], float], tally: Tally, inputs: list[Map]) -> Any:
    """All inputs through one operation, two at a time; what has only one place is met by all."""
    first, *rest = (tally.load(x) for x in inputs)
    for x in rest:
        first = spread(first, x, lambda a, b: tally.op(operation(a, b)))
    return first


def spread(x: Any, y: Any, operation: Callable[[float, float], float]) -> Any:
    """What meets at each place, through the operation."""
    if not isinstance(x, list):
        return operation(x, y)
    longest = max(len(x), len(y))
    return [spread(a, b, operation) for a, b in zip(times(x, longest), times(y, longest), strict=True)]


def times(x: list[Any], m: int) -> list[Any]:
    """A list of one, repeated; any other as it is."""
    return x * m if len(x) == 1 else x
