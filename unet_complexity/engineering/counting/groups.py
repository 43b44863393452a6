"""Elements of a map in groups: those that one mean, one sum or one softmax is taken of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from unet_complexity.counting.maps import Function, Map, build, sides_of


def along(axes: Iterable[int]) -> Function:
    """Return the key of groups whose elements differ only along these axes (1, 2, 3): the first one's index."""
    return lambda *at: tuple(0 if axis in axes else i for axis, i in enumerate(at, 1))


def grouped(x: Map, key: Function) -> dict[Any, Any]:
    """Return the elements of a map in lists, by ``key(row, column, channel)``."""
    groups = defaultdict(list)
    for i, row in enumerate(x):
        for j, pixel in enumerate(row):
            for c, value in enumerate(pixel):
                groups[key(i, j, c)].append(value)
    return groups


def by_groups(x: Map, key: Function, function: Function) -> Map:
    """Return the map of ``function(elements)`` of each group; ``key(row, column, channel)`` tells them apart."""
    results = {}
    for name, values in grouped(x, key).items():
        results[name] = iter(function(values))
    return build(lambda *at: next(results[key(*at)]), *sides_of(x))
