"""Normalisations as loops."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from unet_complexity.counting.maps import Map, each, indices, sides_of
from unet_complexity.counting.tally import Tally, fold, twin
from unet_complexity.engineering import layers as L


@twin(L.Normalization)
def normalize_by_known(layer: L.Normalization, tally: Tally, inputs: list[Map]) -> Map:
    """Subtract the mean of the channel, divide by its deviation; ``given`` ones are 0 and 1 here."""
    x = tally.load(inputs[0])
    c = sides_of(x)[2]
    mean = [0.0] * c if layer.given else tally.weight(c, trainable=False)
    variance = [1.0] * c if layer.given else tally.weight(c, trainable=False)
    if not layer.given:
        tally.weight(trainable=False)
    deviation = [max(math.sqrt(abs(v)), 1e-7) for v in variance]
    return each(x, lambda v, c: tally.write(tally.op(tally.op(v - mean[c]) / deviation[c])))


@twin(L.GroupNormalization)
def normalize_groups(layer: L.GroupNormalization, tally: Tally, inputs: list[Map]) -> Map:
    """All pixels of some channels together."""
    c = sides_of(inputs[0])[2]
    size = 1 if layer.groups == -1 else c // layer.groups
    return standardize(layer, tally, inputs[0], lambda i, j, k: (k // size,), (3,), 1e-3)


@twin(L.LayerNormalization, L.RMSNormalization)
def normalize_along(layer: Any, tally: Tally, inputs: list[Map]) -> Map:
    """All elements that differ only along the axes together."""
    others = [axis for axis in (1, 2, 3) if axis not in layer.axis]
    epsilon = 1e-3 if isinstance(layer, L.LayerNormalization) else 1e-6
    return standardize(layer, tally, inputs[0], lambda *at: tuple(at[axis - 1] for axis in others), layer.axis, epsilon)


def standardize(
    layer: Any,
    tally: Tally,
    given: Map,
    set_of: Callable[[int, int, int], tuple[int, ...]],
    own: tuple[int, ...],
    epsilon: float,
) -> Map:
    """Elements of one set less their mean, divided by their deviation; then the scale and shift of their place."""
    x = tally.load(given)
    sides = sides_of(x)
    with_mean = not isinstance(layer, L.RMSNormalization)
    gamma = tally.weight(*[sides[axis - 1] for axis in own]) if getattr(layer, "scale", True) else None
    beta = tally.weight(*[sides[axis - 1] for axis in own]) if getattr(layer, "center", False) else None
    sets: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for at in indices(*sides):
        sets.setdefault(set_of(*at), []).append(at)
    out = [[[0.0] * sides[2] for _ in range(sides[1])] for _ in range(sides[0])]
    for places in sets.values():
        values = [x[i][j][c] for i, j, c in places]
        for (i, j, c), value in zip(places, _standard(values, tally, with_mean, epsilon), strict=True):
            where = [(i, j, c)[axis - 1] for axis in own]
            scaled = tally.op(value * _at(gamma, where)) if gamma is not None else value
            out[i][j][c] = tally.write(tally.op(scaled + _at(beta, where)) if beta is not None else scaled)
    return out


def _standard(values: list[float], tally: Tally, with_mean: bool, epsilon: float) -> list[float]:
    if with_mean:
        mean = tally.op(_sum(values, tally) / len(values))
        values = [tally.op(value - mean) for value in values]
    squares = tally.op(_sum([tally.op(value * value) for value in values], tally) / len(values))
    deviation = tally.op(math.sqrt(tally.op(squares + epsilon)))
    return [tally.op(value / deviation) for value in values]


def _sum(values: list[float], tally: Tally) -> float:
    return fold(tally, lambda a, b: a + b, values)


def _at(weights: Any, where: list[int]) -> float:
    for place in where:
        weights = weights[place]
    value: float = weights
    return value
