"""Activations and batch normalisation as loops."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from unet_complexity import layers as L
from unet_complexity.counting.maps import Map, each, indices, sides_of
from unet_complexity.counting.tally import Tally, add_up, fold, twin

Function = Callable[[float], float]


def sigmoid(v: float) -> float:
    """The logistic function, counted as one operation."""
    return 1 / (1 + math.exp(-v))


def elu(v: float, op: Function, alpha: float = 1.0) -> float:
    """Apply an ELU to one element."""
    below = op(alpha * op(op(math.exp(min(v, 0.0))) - 1))
    return op(v if v > 0 else below)


def relu6(v: float, op: Function) -> float:
    """Clip one element to 0 ... 6."""
    return op(min(op(max(v, 0.0)), 6.0))


def _hard_sigmoid(v: float, op: Function) -> float:
    return op(relu6(op(v + 3), op) / 6)


def _softplus(v: float, op: Function) -> float:
    return op(math.log(op(1 + op(math.exp(v)))))


def _gelu(v: float, op: Function) -> float:
    error = op(math.erf(op(v / math.sqrt(2))))
    return op(op(v * op(1 + error)) / 2)


ONE_OPERATION: dict[str, Function] = {
    "relu": lambda v: max(v, 0.0),
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
SEVERAL_OPERATIONS: dict[str, Callable[[float, Function], float]] = {
    "linear": lambda v, op: v,
    "leaky_relu": lambda v, op: op(max(v, op(0.2 * v))),
    "relu6": relu6,
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


def apply(function: Function, tally: Tally, x: Map) -> Map:
    """Read each element and write its function; the function counts its own operations."""
    return each(tally.load(x), lambda v, _: tally.write(function(v)))


@twin(L.Activation)
def activate(layer: L.Activation, tally: Tally, inputs: list[Map]) -> Map:
    """Apply the named function to each element; softmax to the channels of each pixel."""
    name = layer.activation
    if name == "softmax":
        return soften(L.Softmax(), tally, inputs)
    if name in ONE_OPERATION:
        return apply(lambda v: tally.op(ONE_OPERATION[name](v)), tally, inputs[0])
    return apply(lambda v: SEVERAL_OPERATIONS[name](v, tally.op), tally, inputs[0])


@twin(L.ReLU)
def rectify(layer: L.ReLU, tally: Tally, inputs: list[Map]) -> Map:
    """Compare each element with 0, and with the largest value if there is one."""

    def rectified(v: float) -> float:
        v = tally.op(max(v, 0.0))
        return v if layer.max_value is None else tally.op(min(v, layer.max_value))

    return apply(rectified, tally, inputs[0])


@twin(L.LeakyReLU)
def rectify_leakily(layer: L.LeakyReLU, tally: Tally, inputs: list[Map]) -> Map:
    """Scale each element by the slope and keep the larger of the two."""
    return apply(lambda v: tally.op(max(v, tally.op(layer.negative_slope * v))), tally, inputs[0])


@twin(L.Softmax)
def soften(layer: L.Softmax, tally: Tally, inputs: list[Map]) -> Map:
    """Divide the exponentials of the elements along the axes by their sum."""
    x = tally.load(inputs[0])
    others = [axis for axis in (1, 2, 3) if axis not in layer.axis]
    return by_sets(
        x, lambda at: [at[axis - 1] for axis in others], lambda values: _softmax(values, tally)
    )


def by_sets(
    x: Map, set_of: Callable[[Any], Any], function: Callable[[list[float]], list[float]]
) -> Map:
    """Map of ``function(values)`` for each set of elements; ``set_of(index)`` tells the sets apart."""
    sets: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for at in indices(*sides_of(x)):
        sets.setdefault(tuple(set_of(at)), []).append(at)
    out = each(x, lambda v, _: 0.0)
    for members in sets.values():
        values = function([x[i][j][c] for i, j, c in members])
        for (i, j, c), value in zip(members, values, strict=True):
            out[i][j][c] = value
    return out


def _softmax(values: list[float], tally: Tally) -> list[float]:
    largest = fold(tally, max, values)  # subtracted so that exp cannot overflow
    exps = [tally.op(math.exp(tally.op(value - largest))) for value in values]
    total = add_up(tally, exps)
    return [tally.write(tally.op(value / total)) for value in exps]


@twin(L.Dropout)
def drop_out(layer: L.Dropout, tally: Tally, inputs: list[Map]) -> Map:
    """Return the input: dropout does nothing at inference."""
    return inputs[0]


@twin(L.BatchNormalization)
def normalize(layer: L.BatchNormalization, tally: Tally, inputs: list[Map]) -> Map:
    """Scale and shift each channel, with the moving statistics folded into both beforehand."""
    x = tally.load(inputs[0])
    c = len(x[0][0])
    gamma = tally.weight(c) if layer.scale else [1.0] * c
    beta = tally.weight(c) if layer.center else [0.0] * c
    mean = tally.weight(c, trainable=False)
    variance = tally.weight(c, trainable=False)
    scale = [g / math.sqrt(abs(v) + 1e-3) for g, v in zip(gamma, variance, strict=True)]
    shift = [b - m * s for b, m, s in zip(beta, mean, scale, strict=True)]
    return each(x, lambda v, c: tally.write(tally.op(tally.op(v * scale[c]) + shift[c])))
