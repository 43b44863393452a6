"""Normalisations as loops."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from unet_complexity.counting.elementwise import by_groups
from unet_complexity.counting.maps import Map, along, build, each, sides_of
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L


@twin(L.Normalization)
def normalize_by_known(layer: L.Normalization, tally: Tally, x: Map) -> Map:
    """Subtract the mean of the channel and divide by its deviation.

    Constants that come with the model are 0 and 1 here.
    """
    c = len(x[0][0])
    mean, variance = [0.0] * c, [1.0] * c
    if not layer.given:
        mean, variance = tally.weight(c, trainable=False), tally.weight(c, trainable=False)
        tally.weight(trainable=False)
    deviation = [max(math.sqrt(abs(v)), 1e-7) for v in variance]
    return each(x, lambda v, c: tally.write(tally.op(tally.op(v - mean[c]) / deviation[c])))


@twin(L.GroupNormalization)
def normalize_groups(layer: L.GroupNormalization, tally: Tally, x: Map) -> Map:
    """Normalise all pixels of each group of channels."""
    size = 1 if layer.groups == -1 else len(x[0][0]) // layer.groups
    return standardize(layer, tally, x, lambda *at: at[2] // size, (3,), 1e-3)


@twin(L.LayerNormalization, L.RMSNormalization)
def normalize_along(layer: Any, tally: Tally, x: Map) -> Map:
    """Normalise all elements that differ only along the axes."""
    epsilon = 1e-3 if isinstance(layer, L.LayerNormalization) else 1e-6
    return standardize(layer, tally, x, along(layer.axis), layer.axis, epsilon)


def standardize(
    layer: Any,
    tally: Tally,
    x: Map,
    key: Callable[..., Any],
    axes: tuple[int, ...],
    epsilon: float,
) -> Map:
    """Subtract the mean of each group and divide by its deviation, then scale and shift along ``axes``."""
    sides = sides_of(x)
    of_weights = [sides[axis - 1] for axis in axes]
    gamma = tally.weight(*of_weights) if getattr(layer, "scale", True) else None
    beta = tally.weight(*of_weights) if getattr(layer, "center", False) else None
    with_mean = not isinstance(layer, L.RMSNormalization)
    standard = by_groups(x, key, lambda values: _standard(values, tally, with_mean, epsilon))

    def element(*at: int) -> float:
        i, j, c = at
        value = standard[i][j][c]
        index = [at[axis - 1] for axis in axes]
        if gamma is not None:
            value = tally.op(value * _at(gamma, index))
        if beta is not None:
            value = tally.op(value + _at(beta, index))
        return tally.write(value)

    return build(element, *sides)


def _standard(values: list[float], tally: Tally, with_mean: bool, epsilon: float) -> list[float]:
    if with_mean:
        mean = tally.op(tally.add_up(values) / len(values))
        values = [tally.op(value - mean) for value in values]
    squares = [tally.op(value * value) for value in values]
    mean_square = tally.op(tally.add_up(squares) / len(values))
    deviation = tally.op(math.sqrt(tally.op(mean_square + epsilon)))
    return [tally.op(value / deviation) for value in values]


def _at(weights: Any, index: list[int]) -> float:
    for i in index:
        weights = weights[i]
    value: float = weights
    return value
