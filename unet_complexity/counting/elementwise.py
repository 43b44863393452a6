"""Activations and batch normalisation as loops."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from unet_complexity.counting.maps import Function, Map, channels_of, each
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.layers import Activation, BatchNormalization, Dropout, LeakyReLU, ReLU

Operation = Callable[[float], float]  # counts one operation and returns its result


def sigmoid(v: float) -> float:
    """Return the logistic function, counted as one operation."""
    power = math.exp(-v)
    return 1 / (1 + power)


def _log(v: float) -> float:
    if v > 0:
        return math.log(v)
    return 0.0


def _reciprocal(v: float) -> float:
    if v == 0:
        return 0.0
    return 1 / v


def _sign(v: float) -> float:
    if v == 0:
        return 0.0
    return math.copysign(1.0, v)


def _sqrt(v: float) -> float:
    positive = max(v, 0.0)
    return math.sqrt(positive)


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
    negative = min(v, 0.0)
    power = op(math.exp(negative))
    difference = op(power - 1)
    scaled = op(alpha * difference)
    if v > 0:
        return op(v)
    return op(scaled)


def _relu6(v: float, op: Operation) -> float:
    return relu(v, op, 6.0)


def _hard_sigmoid(v: float, op: Operation) -> float:
    shifted = op(v + 3)
    clipped = relu(shifted, op, 6.0)
    return op(clipped / 6)


def _hard_silu(v: float, op: Operation) -> float:
    factor = _hard_sigmoid(v, op)
    return op(v * factor)


def _silu(v: float, op: Operation) -> float:
    factor = op(sigmoid(v))
    return op(v * factor)


def _selu(v: float, op: Operation) -> float:
    value = elu(v, op, 1.6732632423543772)
    return op(1.0507009873554805 * value)


def _softplus(v: float, op: Operation) -> float:
    power = op(math.exp(v))
    total = op(1 + power)
    return op(math.log(total))


def _softsign(v: float, op: Operation) -> float:
    size = op(abs(v))
    total = op(1 + size)
    return op(v / total)


def _mish(v: float, op: Operation) -> float:
    smooth = _softplus(v, op)
    factor = op(math.tanh(smooth))
    return op(v * factor)


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
    "log": _log,
    "negative": operator.neg,
    "reciprocal": _reciprocal,
    "sin": math.sin,
    "sqrt": _sqrt,
    "square": lambda v: v * v,
    "ceil": math.ceil,
    "floor": math.floor,
    "round": round,
    "sign": _sign,
}
# each calls ``op`` once for every operation
SEVERAL_OPERATIONS: dict[str, Any] = {
    "linear": lambda v, op: v,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "relu6": _relu6,
    "silu": _silu,
    "softplus": _softplus,
    "softsign": _softsign,
    "elu": elu,
    "hard_sigmoid": _hard_sigmoid,
    "selu": _selu,
    "hard_silu": _hard_silu,
    "gelu": _gelu,
    "mish": _mish,
}


def apply(function: Function, tally: Tally, x: Map, *more: Any) -> Map:
    """Return ``function(element, op, *more)`` of each element; it calls ``op`` once for every operation."""
    return each(x, lambda v, _: function(v, tally.op, *more))


@twin(Activation)
def activate(layer: Activation, tally: Tally, x: Map) -> Map:
    """Apply the named function to each element; softmax to the channels of each pixel."""
    name = layer.activation
    if name == "softmax":
        return [[softmax(tally, pixel) for pixel in row] for row in x]
    if name in SEVERAL_OPERATIONS:
        function = SEVERAL_OPERATIONS[name]
        return apply(function, tally, x)
    function = ONE_OPERATION[name]
    return each(x, lambda v, _: tally.op(function(v)))


def softmax(tally: Tally, values: list[float]) -> list[float]:
    """Divide the exponentials of the values by their sum."""
    largest = tally.fold(values, max)  # subtracted so that exp cannot overflow
    powers = []
    for value in values:
        difference = tally.op(value - largest)
        power = tally.op(math.exp(difference))
        powers.append(power)
    total = tally.fold(powers)
    return [tally.op(power / total) for power in powers]


@twin(ReLU)
def rectify(layer: ReLU, tally: Tally, x: Map) -> Map:
    """Compare each element with 0, and with the largest value if there is one."""
    return apply(relu, tally, x, layer.max_value)


@twin(LeakyReLU)
def rectify_leakily(layer: LeakyReLU, tally: Tally, x: Map) -> Map:
    """Scale each element and keep the larger of the two."""
    return apply(leaky_relu, tally, x, layer.negative_slope)


@twin(Dropout)
def drop_out(layer: Dropout, tally: Tally, x: Map) -> Map:
    """Return the input: dropout does nothing at inference."""
    return x


@twin(BatchNormalization)
def normalize(layer: BatchNormalization, tally: Tally, x: Map) -> Map:
    """Scale and shift each channel, with the moving statistics folded into both beforehand."""
    channels = channels_of(x)
    gamma = [1.0] * channels
    beta = [0.0] * channels
    if layer.scale:
        gamma = tally.weight(channels)
    if layer.center:
        beta = tally.weight(channels)
    mean = tally.weight(channels, trainable=False)
    variance = tally.weight(channels, trainable=False)

    def normal(value: float, c: int) -> float:
        stabilised = abs(variance[c]) + 1e-3
        scale = gamma[c] / math.sqrt(stabilised)
        shift = beta[c] - mean[c] * scale
        scaled = tally.op(value * scale)
        return tally.op(scaled + shift)

    return each(x, normal)
