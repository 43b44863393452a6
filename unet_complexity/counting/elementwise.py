"""Activations and batch normalisation as loops."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from typing import Any

from unet_complexity import layers as L
from unet_complexity.counting.maps import Function, Map, along, build, each, grouped, sides_of
from unet_complexity.counting.tally import Tally, twin

Operation = Callable[[float], float]  # counts one operation and returns its result


def sigmoid(v: float) -> float:
    """Return the logistic function, counted as one operation."""
    return 1 / (1 + math.exp(-v))


def relu(v: float, op: Operation, most: float | None = None) -> float:
    """Compare one element with 0, and with the largest value if there is one."""
    positive = op(max(v, 0.0))
    if most is None:
        return positive
    return op(min(positive, most))


def leaky_relu(v: float, op: Operation, slope: float = 0.2) -> float:
    """Scale one element and keep the larger of the two."""
    scaled = op(slope * v)
    return op(max(v, scaled))


def elu(v: float, op: Operation, alpha: float = 1.0) -> float:
    """Apply an ELU to one element."""
    power = op(math.exp(min(v, 0.0)))
    difference = op(power - 1)
    scaled = op(alpha * difference)
    return op(v if v > 0 else scaled)


def _hard_sigmoid(v: float, op: Operation) -> float:
    clipped = relu(op(v + 3), op, 6.0)
    return op(clipped / 6)


def _softplus(v: float, op: Operation) -> float:
    power = op(math.exp(v))
    total = op(1 + power)
    return op(math.log(total))


def _gelu(v: float, op: Operation) -> float:
    scaled = op(v / math.sqrt(2))
    error = op(math.erf(scaled))
    total = op(1 + error)
    product = op(v * total)
    return op(product / 2)


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


def apply(function: Function, tally: Tally, x: Map, *more: Any) -> Map:
    """Return ``function(element, op, *more)`` of each element; it calls ``op`` once for every operation."""
    return each(x, lambda v, _: function(v, tally.op, *more))


@twin(L.Activation)
def activate(layer: L.Activation, tally: Tally, x: Map) -> Map:
    """Apply the named function to each element; softmax to the channels of each pixel."""
    name = layer.activation
    if name == "softmax":
        return soften(tally, x, (3,))
    if name in SEVERAL_OPERATIONS:
        return apply(SEVERAL_OPERATIONS[name], tally, x)
    function = ONE_OPERATION[name]
    return each(x, lambda v, _: tally.op(function(v)))


PARAMETRIC = {L.ReLU: relu, L.LeakyReLU: leaky_relu}


@twin(*PARAMETRIC)
def rectify(layer: Any, tally: Tally, x: Map) -> Map:
    """Apply the layer's function, with its own arguments, to each element."""
    function = PARAMETRIC[type(layer)]
    return apply(function, tally, x, *vars(layer).values())


def soften(tally: Tally, x: Map, axes: Iterable[int]) -> Map:
    """Divide the exponentials of the elements along the axes by their sum."""

    def softmax(values: list[float]) -> list[float]:
        largest = tally.fold(values, max)  # subtracted so that exp cannot overflow
        differences = [tally.op(value - largest) for value in values]
        powers = [tally.op(math.exp(difference)) for difference in differences]
        total = tally.fold(powers)
        return [tally.op(power / total) for power in powers]

    return by_groups(x, along(axes), softmax)


def by_groups(x: Map, key: Function, function: Function) -> Map:
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
        deviation = math.sqrt(abs(variance[c]) + 1e-3)
        scale = gamma[c] / deviation
        shift = beta[c] - mean[c] * scale
        scaled = tally.op(value * scale)
        return tally.op(scaled + shift)

    return each(x, normal)
