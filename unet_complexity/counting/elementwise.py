"""Activations and batch normalisation as loops."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from unet_complexity import layers as L
from unet_complexity.counting.maps import Map, along, build, each, grouped, sides_of
from unet_complexity.counting.tally import Tally, twin

Function = Callable[[float], float]


def sigmoid(v: float) -> float:
    """Return the logistic function, counted as one operation."""
    return 1 / (1 + math.exp(-v))


def relu(v: float, op: Function, most: float | None = None) -> float:
    """Compare one element with 0, and with the largest value if there is one."""
    v = op(max(v, 0.0))
    return v if most is None else op(min(v, most))


def leaky_relu(v: float, op: Function, slope: float = 0.2) -> float:
    """Scale one element and keep the larger of the two."""
    return op(max(v, op(slope * v)))


def elu(v: float, op: Function, alpha: float = 1.0) -> float:
    """Apply an ELU to one element."""
    power = op(math.exp(min(v, 0.0)))
    below = op(alpha * op(power - 1))
    return op(v if v > 0 else below)


def _hard_sigmoid(v: float, op: Function) -> float:
    clipped = relu(op(v + 3), op, 6.0)
    return op(clipped / 6)


def _softplus(v: float, op: Function) -> float:
    power = op(math.exp(v))
    return op(math.log(op(1 + power)))


def _gelu(v: float, op: Function) -> float:
    error = op(math.erf(op(v / math.sqrt(2))))
    return op(op(v * op(1 + error)) / 2)


ONE_OPERATION: dict[str, Any] = {
    "tanh": math.tanh,
    "sigmoid": sigmoid,
    "exponential": math.exp,
    "abs": abs,
    "cos": math.cos,
    "erf": math.erf,
    "log": lambda v: math.log(v) if v > 0 else 0.0,
    "negative": operator.neg,
    "reciprocal": lambda v: 1 / v if v else 0.0,
    "sin": math.sin,
    "sqrt": lambda v: math.sqrt(max(v, 0.0)),
    "square": lambda v: v * v,
    "ceil": math.ceil,
    "floor": math.floor,
    "round": round,
    "sign": lambda v: math.copysign(1.0, v) if v else 0.0,
}
# each calls ``op`` once for every operation
SEVERAL_OPERATIONS: dict[str, Any] = {
    "linear": lambda v, op: v,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "relu6": lambda v, op: relu(v, op, 6.0),
    "silu": lambda v, op: op(v * op(sigmoid(v))),
    "softplus": _softplus,
    "softsign": lambda v, op: op(v / op(1 + op(abs(v)))),
    "elu": elu,
    "hard_sigmoid": _hard_sigmoid,
    "selu": lambda v, op: op(1.0507009873554805 * elu(v, op, 1.6732632423543772)),
    "hard_silu": lambda v, op: op(v * _hard_sigmoid(v, op)),
    "gelu": _gelu,
    "mish": lambda v, op: op(v * op(math.tanh(_softplus(v, op)))),
}


def apply(function: Callable[..., float], tally: Tally, x: Map, *more: Any) -> Map:
    """Write ``function(element, op, *more)`` of each element; it calls ``op`` once for every operation."""
    return each(x, lambda v, _: tally.write(function(v, tally.op, *more)))


@twin(L.Activation)
def activate(layer: L.Activation, tally: Tally, x: Map) -> Map:
    """Apply the named function to each element; softmax to the channels of each pixel."""
    name = layer.activation
    if name == "softmax":
        return soften(L.Softmax(), tally, x)
    function = SEVERAL_OPERATIONS.get(name, lambda v, op: op(ONE_OPERATION[name](v)))
    return apply(function, tally, x)


PARAMETRIC = {L.ReLU: relu, L.LeakyReLU: leaky_relu}


@twin(*PARAMETRIC)
def rectify(layer: Any, tally: Tally, x: Map) -> Map:
    """Apply the layer's function, with its own arguments, to each element."""
    return apply(PARAMETRIC[type(layer)], tally, x, *vars(layer).values())


@twin(L.Softmax)
def soften(layer: L.Softmax, tally: Tally, x: Map) -> Map:
    """Divide the exponentials of the elements along the axes by their sum."""

    def softmax(values: list[float]) -> list[float]:
        largest = tally.fold(max, values)  # subtracted so that exp cannot overflow
        exps = [tally.op(math.exp(tally.op(value - largest))) for value in values]
        total = tally.add_up(exps)
        return [tally.op(value / total) for value in exps]

    return tally.store(by_groups(x, along(layer.axis), softmax))


def by_groups(
    x: Map, key: Callable[..., Any], function: Callable[[list[float]], list[float]]
) -> Map:
    """Return the map of ``function(elements)`` of each group; ``key(row, column, channel)`` tells them apart."""
    groups = grouped(x, key)
    results = {name: iter(function(values)) for name, values in groups.items()}
    return build(lambda *at: next(results[key(*at)]), *sides_of(x))


@twin(L.Dropout)
def drop_out(layer: L.Dropout, tally: Tally, x: Map) -> Map:
    """Return the input: dropout does nothing at inference."""
    return x


@twin(L.BatchNormalization)
def normalize(layer: L.BatchNormalization, tally: Tally, x: Map) -> Map:
    """Scale and shift each channel, with the moving statistics folded into both beforehand."""
    channels = len(x[0][0])
    gamma = tally.weight(channels) if layer.scale else [1.0] * channels
    beta = tally.weight(channels) if layer.center else [0.0] * channels
    mean = tally.weight(channels, trainable=False)
    variance = tally.weight(channels, trainable=False)

    def normal(value: float, c: int) -> float:
        scale = gamma[c] / math.sqrt(abs(variance[c]) + 1e-3)
        shift = beta[c] - mean[c] * scale
        scaled = tally.op(value * scale)
        return tally.write(tally.op(scaled + shift))

    return each(x, normal)
