"""Normalisations as loops."""

from __future__ import annotations

import math
import operator
from typing import Any

from unet_complexity.counting.arranging import mean
from unet_complexity.counting.maps import Function, Map, channels_of, shaped, sides_of
from unet_complexity.counting.merging import merged
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L
from unet_complexity.engineering.counting.groups import along, by_groups


@twin(L.Normalization)
def normalize_by_known(layer: L.Normalization, tally: Tally, x: Map) -> Any:
    """Subtract the mean of the channel and divide by its deviation.

    Constants that come with the model are 0 and 1 here.
    """
    channels = channels_of(x)
    centre = [0.0] * channels
    variance = [1.0] * channels
    if not layer.given:
        centre = tally.weight(channels, trainable=False)
        variance = tally.weight(channels, trainable=False)
        tally.weight(trainable=False)  # Keras's count of what it has seen
    deviation = [max(math.sqrt(abs(value)), 1e-7) for value in variance]
    difference = merged(operator.sub, tally, x, [[centre]])
    return merged(operator.truediv, tally, difference, [[deviation]])


@twin(L.GroupNormalization)
def normalize_groups(layer: L.GroupNormalization, tally: Tally, x: Map) -> Any:
    """Normalise all pixels of each group of channels."""
    size = 1 if layer.groups == -1 else channels_of(x) // layer.groups
    return standardize(layer, tally, x, lambda *at: at[2] // size, 1e-3)


@twin(L.LayerNormalization, L.RMSNormalization)
def normalize_along(layer: Any, tally: Tally, x: Map) -> Any:
    """Normalise all elements that differ only along the axes."""
    epsilon = 1e-3 if isinstance(layer, L.LayerNormalization) else 1e-6
    return standardize(layer, tally, x, along(layer.axis), epsilon)


def standardize(layer: Any, tally: Tally, x: Map, key: Function, epsilon: float) -> Any:
    """Subtract the mean of each group and divide by its deviation, then scale and shift along the layer's axes."""
    sides = sides_of(x)
    own = [side if axis in layer.axis else 1 for axis, side in enumerate(sides, 1)]

    def weights() -> Any:
        values = tally.weight(*(sides[axis - 1] for axis in layer.axis))
        for _ in layer.axis[1:]:
            values = [value for row in values for value in row]
        return shaped(values, *own)

    with_mean = not isinstance(layer, L.RMSNormalization)
    out = by_groups(x, key, lambda values: _standard(values, tally, with_mean, epsilon))
    if layer.scale:
        out = merged(operator.mul, tally, out, weights())
    if layer.center:
        out = merged(operator.add, tally, out, weights())
    return out


def _standard(values: list[float], tally: Tally, with_mean: bool, epsilon: float) -> list[float]:
    if with_mean:
        centre = mean(tally, values)
        values = [tally.op(value - centre) for value in values]
    squares = [tally.op(value * value) for value in values]
    mean_square = mean(tally, squares)
    variance = tally.op(mean_square + epsilon)
    deviation = tally.op(math.sqrt(variance))
    return [tally.op(value / deviation) for value in values]
