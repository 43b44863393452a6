"""Activations and batch normalisation as loops."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from unet_complexity import layers as L
from unet_complexity.counting.maps import Map, each, indices, sides_of
from unet_complexity.counting.tally import Tally, fold, twin


def elu(v: float, op: Callable[[float], float], alpha: float = 1.0) -> float:
    """One element through an ELU."""
    below = op(alpha * op(op(math.exp(min(v, 0.0))) - 1))
    return op(v if v > 0 else below)


def _hard_sigmoid(v: float, op: Callable[[float], float]) -> float:
    return op(op(min(op(max(op(v + 3), 0.0)), 6.0)) / 6)


def _softplus(v: float, op: Callable[[float], float]) -> float:
    return op(math.log(op(1 + op(math.exp(v)))))


# with ``op`` round each operation
FUNCTIONS: dict[str, Callable[[float, Callable[[float], float]], float]] = {
    "linear": lambda v, op: v,
    "relu": lambda v, op: op(max(v, 0.0)),
    "leaky_relu": lambda v, op: op(max(v, op(0.2 * v))),
    "tanh": lambda v, op: op(math.tanh(v)),
    "sigmoid": lambda v, op: op(1 / (1 + math.exp(-v))),
    "exponential": lambda v, op: op(math.exp(v)),
    "abs": lambda v, op: op(abs(v)),
    "cos": lambda v, op: op(math.cos(v)),
    "erf": lambda v, op: op(math.erf(v)),
    "log": lambda v, op: op(math.log(v) if v > 0 else 0.0),
    "negative": lambda v, op: op(-v),
    "reciprocal": lambda v, op: op(1 / v if v else 0.0),
    "sin": lambda v, op: op(math.sin(v)),
    "sqrt": lambda v, op: op(math.sqrt(v) if v > 0 else 0.0),
    "square": lambda v, op: op(v * v),
    "ceil": lambda v, op: op(math.ceil(v)),
    "floor": lambda v, op: op(math.floor(v)),
    "round": lambda v, op: op(round(v)),
    "sign": lambda v, op: op(math.copysign(1.0, v) if v else 0.0),
    "relu6": lambda v, op: op(min(op(max(v, 0.0)), 6.0)),
    "silu": lambda v, op: op(v * op(1 / (1 + math.exp(-v)))),
    "softplus": _softplus,
    "softsign": lambda v, op: op(v / op(1 + op(abs(v)))),
    "elu": elu,
    "hard_sigmoid": _hard_sigmoid,
    "selu": lambda v, op: op(1.0507009873554805 * elu(v, op, 1.6732632423543772)),
    "hard_silu": lambda v, op: op(v * _hard_sigmoid(v, op)),
    "gelu": lambda v, op: op(op(v * op(1 + op(math.erf(op(v / math.sqrt(2)))))) / 2),
    "mish": lambda v, op: op(v * op(math.tanh(_softplus(v, op)))),
}


@twin(L.Activation)
def activate(layer: L.Activation, tally: Tally, inputs: list[Map]) -> Map:
    """The function of each element; of each pixel, for softmax."""
    if layer.activation == "softmax":
        return soften(L.Softmax(), tally, inputs)
    function = FUNCTIONS[layer.activation]
    return each(tally.load(inputs[0]), lambda v, _: tally.write(function(v, tally.op)))


@twin(L.ReLU, L.LeakyReLU)
def adjust(layer: Any, tally: Tally, inputs: list[Map]) -> Map:
    """The function of each element, with the layer's own numbers."""

    def rectified(v: float) -> float:
        v = tally.op(max(v, 0.0))
        return v if layer.max_value is None else tally.op(min(v, layer.max_value))

    functions: dict[type[L.Layer], Callable[[float], float]] = {
        L.ReLU: rectified,
        L.LeakyReLU: lambda v: tally.op(max(v, tally.op(layer.negative_slope * v))),
    }
    return each(tally.load(inputs[0]), lambda v, _: tally.write(functions[type(layer)](v)))


@twin(L.Softmax)
def soften(layer: L.Softmax, tally: Tally, inputs: list[Map]) -> Map:
    """Exponentials of all elements along the axis, divided by their sum."""
    x = tally.load(inputs[0])
    sets: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for at in indices(*sides_of(x)):
        sets.setdefault(tuple(at[axis - 1] for axis in (1, 2, 3) if axis not in layer.axis), []).append(at)
    out = each(x, lambda v, _: 0.0)
    for places in sets.values():
        values = _softmax([x[i][j][c] for i, j, c in places], tally)
        for (i, j, c), value in zip(places, values, strict=True):
            out[i][j][c] = value
    return out


def _softmax(values: list[float], tally: Tally) -> list[float]:
    largest = fold(tally, max, values)  # subtracted so that exp cannot overflow
    exps = [tally.op(math.exp(tally.op(value - largest))) for value in values]
    total = fold(tally, lambda a, b: a + b, exps)
    return [tally.write(tally.op(value / total)) for value in exps]


@twin(L.Dropout)
def drop_out(layer: L.Dropout, tally: Tally, inputs: list[Map]) -> Map:
    """Nothing happens at inference."""
    return inputs[0]


@twin(L.BatchNormalization)
def normalize(layer: L.BatchNormalization, tally: Tally, inputs: list[Map]) -> Map:
    """Stored statistics folded into one scale and one shift per channel; then scale and shift."""
    x = tally.load(inputs[0])
    c = sides_of(x)[2]
    gamma = tally.weight(c) if layer.scale else [1.0] * c
    beta = tally.weight(c) if layer.center else [0.0] * c
    mean, variance = tally.weight(c, trainable=False), tally.weight(c, trainable=False)
    scale = [g / math.sqrt(abs(v) + 1e-3) for g, v in zip(gamma, variance, strict=True)]
    shift = [b - m * s for b, m, s in zip(beta, mean, scale, strict=True)]
    return each(x, lambda v, c: tally.write(tally.op(tally.op(v * scale[c]) + shift[c])))
