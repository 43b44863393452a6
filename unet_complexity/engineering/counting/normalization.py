"""Normalisations as loops."""

from __future__ import annotations

import math
from typing import Any

from unet_complexity.counting.elementwise import by_groups
from unet_complexity.counting.maps import Function, Map, along, build, each, sides_of
from unet_complexity.counting.resampling import summed_up
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L


@twin(L.Normalization)
def normalize_by_known(layer: L.Normalization, tally: Tally, x: Map) -> Map:
    """Subtract the mean of the channel and divide by its deviation.

    Constants that come with the model are 0 and 1 here.
    """
    channels = len(x[0][0])
    mean = [0.0] * channels
    variance = [1.0] * channels
    if not layer.given:
        mean = tally.weight(channels, trainable=False)
        variance = tally.weight(channels, trainable=False)
        tally.weight(trainable=False)  # Keras's count of what it has seen

    def normal(value: float, c: int) -> float:
        deviation = max(math.sqrt(abs(variance[c])), 1e-7)
        difference = tally.op(value - mean[c])
        return tally.op(difference / deviation)

    return each(x, normal)


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
    key: Function,
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
        return value

    return build(element, *sides)


def _standard(values: list[float], tally: Tally, with_mean: bool, epsilon: float) -> list[float]:
    if with_mean:
        mean = summed_up("mean", tally, values)
        values = [tally.op(value - mean) for value in values]
    squares = [tally.op(value * value) for value in values]
    mean_square = summed_up("mean", tally, squares)
    variance = tally.op(mean_square + epsilon)
    deviation = tally.op(math.sqrt(variance))
    return [tally.op(value / deviation) for value in values]


def _at(weights: Any, index: list[int]) -> float:
    for i in index:
        weights = weights[i]
    value: float = weights
    return value
