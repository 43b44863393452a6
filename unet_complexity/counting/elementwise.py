"""Activations and normalisation as loops."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from unet_complexity import layers as L
from unet_complexity.counting.maps import Map, each, sides_of
from unet_complexity.counting.tally import Tally, fold, twin

FUNCTIONS: dict[str, Callable[[float], float]] = {
    "relu": lambda v: max(v, 0.0),
    "tanh": math.tanh,
    "sigmoid": lambda v: 1 / (1 + math.exp(-v)),
}


@twin(L.Activation, L.ReLU, L.LeakyReLU, L.Softmax)
def activate(layer: Any, tally: Tally, inputs: list[Map]) -> Map:
    """The function of each element; of each pixel, for softmax."""
    x = tally.load(inputs[0])
    name = getattr(
        layer, "activation", {"ReLU": "relu", "LeakyReLU": "leaky_relu"}.get(type(layer).__name__, "softmax")
    )
    if name == "softmax":
        return [[_softmax(pixel, tally) for pixel in row] for row in x]
    if name == "leaky_relu":
        slope = getattr(layer, "negative_slope", 0.2)
        return each(x, lambda v, _: tally.write(tally.op(max(v, tally.op(slope * v)))))
    if name == "linear":
        return each(x, lambda v, _: tally.write(v))
    return each(x, lambda v, _: tally.write(tally.op(FUNCTIONS[name](v))))


def _softmax(pixel: list[float], tally: Tally) -> list[float]:
    largest = fold(tally, max, pixel)  # subtracted so that exp cannot overflow
    exps = [tally.op(math.exp(tally.op(value - largest))) for value in pixel]
    total = fold(tally, lambda a, b: a + b, exps)
    return [tally.write(tally.op(value / total)) for value in exps]


@twin(L.BatchNormalization)
def normalize(layer: L.BatchNormalization, tally: Tally, inputs: list[Map]) -> Map:
    """Stored statistics folded into one scale and one shift per channel; then scale and shift."""
    x = tally.load(inputs[0])
    c = sides_of(x)[2]
    gamma, beta = tally.weight(c), tally.weight(c)
    mean, variance = tally.weight(c, trainable=False), tally.weight(c, trainable=False)
    scale = [g / math.sqrt(abs(v) + 1e-3) for g, v in zip(gamma, variance, strict=True)]
    shift = [b - m * s for b, m, s in zip(beta, mean, scale, strict=True)]
    return each(x, lambda v, c: tally.write(tally.op(tally.op(v * scale[c]) + shift[c])))


@twin(L.Dropout)
def drop_out(layer: L.Dropout, tally: Tally, inputs: list[Map]) -> Map:
    """Nothing happens at inference."""
    return inputs[0]
