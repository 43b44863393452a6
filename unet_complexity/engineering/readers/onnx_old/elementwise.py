"""Operators of ONNX that treat each element by itself, and those that meet another array, repeated where it has 1."""

from __future__ import annotations

from functools import partial

import numpy as np

from unet_complexity.engineering.layers import (
    ELU,
    Average,
    Divide,
    Elementwise,
    Maximum,
    Minimum,
    PReLU,
    Subtract,
)
from unet_complexity.engineering.readers.onnx_old.arithmetic import RELATIONS, computed, truncated
from unet_complexity.engineering.readers.onnx_old.node import Node, Unsupported, operator
from unet_complexity.engineering.readers.onnx_old.values import (
    FLOATS,
    Numbers,
    Shape,
    Value,
    as_objects,
    broadcast,
    shown,
    together,
)
from unet_complexity.layers import Activation, Add, Layer, LeakyReLU, Multiply, ReLU

NAMED = {
    "Abs": "abs",
    "Ceil": "ceil",
    "Cos": "cos",
    "Erf": "erf",
    "Exp": "exponential",
    "Floor": "floor",
    "Gelu": "gelu",
    "HardSigmoid": "hard_sigmoid",
    "HardSwish": "hard_silu",
    "Log": "log",
    "Mish": "mish",
    "Neg": "negative",
    "Reciprocal": "reciprocal",
    "Round": "round",
    "Selu": "selu",
    "Sigmoid": "sigmoid",
    "Sign": "sign",
    "Sin": "sin",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Sqrt": "sqrt",
    "Swish": "silu",
    "Tanh": "tanh",
}
MERGED: dict[str, type[Layer]] = {
    "Add": Add,
    "Div": Divide,
    "Max": Maximum,
    "Mean": Average,
    "Min": Minimum,
    "Mul": Multiply,
    "Sub": Subtract,
    "Sum": Add,
}
WITH_KNOWN = {
    "Add": "add",
    "Div": "divide",
    "Max": "maximum",
    "Min": "minimum",
    "Mul": "multiply",
    "Sub": "subtract",
    "Sum": "add",
    "Equal": "equal",
    "Greater": "greater",
    "GreaterOrEqual": "greater_equal",
    "Less": "less",
    "LessOrEqual": "less_equal",
    "Pow": "power",
}
OF_SHAPES = "And Mod Not Or Xor".split()  # on maps nobody has needed them


def on_each(node: Node, layer: Layer) -> Value:
    """``layer`` on input 0, whose shape stays; what is known is computed."""
    x = node.given()
    if x.source is None:
        if node.kind in ("Floor", "Ceil", "Round") and x.numbers is not None:
            node.must_divide(x.numbers, as_objects([1]))
        numbers = x.numbers
        return node.known(
            x.shape, None if numbers is None else lambda: computed(node.kind, x.whole, numbers)
        )
    return node.step(layer, x.shape, x)


@operator(*NAMED)
def named(node: Node) -> Value:
    """An activation that Keras has a name for."""
    return on_each(node, Activation(NAMED[node.kind]))


@operator("Relu", "LeakyRelu", "Elu")
def rectified(node: Node) -> Value:
    """The activations that have layers of their own."""
    if node.kind == "Relu":
        return on_each(node, ReLU())
    if node.kind == "LeakyRelu":
        return on_each(node, LeakyReLU(node.number("alpha", 0.01)))
    return on_each(node, ELU(node.number("alpha", 1.0)))


@operator("Clip")
def clip(node: Node) -> Value:
    """A comparison with each bound that is given: as attributes before opset 11, as inputs since."""
    low, high = (node.has(i) or name in node.attributes for i, name in ((1, "min"), (2, "max")))
    if not (low or high):
        return node.given()
    return on_each(node, Elementwise("clip" if low and high else "maximum" if low else "minimum"))


@operator("Cast", "CastLike")
def cast(node: Node) -> Value:
    """Another number type: a copy."""
    x = node.given()
    whole = node.given(1).whole if node.kind == "CastLike" else node.integer("to", 0) not in FLOATS
    if x.source is not None:
        return node.step(Activation("linear"), x.shape, x)
    numbers = x.numbers
    if numbers is not None and whole and not x.whole:
        node.must_divide(numbers, as_objects([1]))
        numbers = as_objects([truncated(number) for number in numbers.flat]).reshape(x.shape)
    return node.known(x.shape, None if numbers is None else lambda: numbers, whole)


@operator(*MERGED, *WITH_KNOWN, *OF_SHAPES)
def merged(node: Node) -> Value:
    """Two or more arrays, element by element."""
    inputs = [node.given(i) for i in range(len(node.inputs))]
    shape = broadcast(*(x.shape for x in inputs))
    if node.constant:
        known = [x.numbers for x in inputs if x.numbers is not None]
        compute = (
            partial(of_known, node, inputs[0].whole, *known) if len(known) == len(inputs) else None
        )
        return node.known(shape, compute, node.kind in RELATIONS or inputs[0].whole)
    if node.kind in OF_SHAPES:
        raise Unsupported("of maps")
    maps = [x for x in inputs if x.source is not None]
    for x in inputs:
        if x.source is None:
            maps[0] = with_array(node, maps[0], x)
    if len(maps) == 1:
        return maps[0]
    layer = (
        MERGED[node.kind]() if node.kind in MERGED else Elementwise(WITH_KNOWN[node.kind], inputs=2)
    )
    seen = together([x.shape for x in maps], node.channels)
    return node.step(layer, broadcast(*(x.shape for x in maps)), *maps, maps=seen)


def of_known(node: Node, whole: bool, *known: Numbers) -> Numbers | None:
    """What an operator makes of known numbers; where it divides letters, that they divide becomes a rule."""
    if node.kind == "Mod" or (node.kind == "Div" and whole):
        node.must_divide(*known)
    return computed(node.kind, whole, *known)


def with_array(node: Node, x: Value, known: Value) -> Value:
    """``x`` and an array that is known: its elements are params, where it is stored and has an axis."""
    seen, met = together([x.shape, known.shape], node.channels)
    if node.kind not in WITH_KNOWN:
        raise Unsupported("of stored numbers")
    layer = Elementwise(
        WITH_KNOWN[node.kind], met if known.shape else None, learned=bool(known.weights)
    )
    weights = [known] if known.weights else []
    return node.step(layer, broadcast(x.shape, known.shape), x, maps=[seen], weights=weights)


@operator("PRelu")
def prelu(node: Node) -> Value:
    """A leaky ReLU with stored slopes."""
    x, slope = node.given(), node.given(1)
    if x.shape != broadcast(x.shape, slope.shape):
        raise ValueError(
            f"its slopes must fit its input, got {shown(slope.shape)} for {shown(x.shape)}"
        )
    if slope.source is not None:
        raise Unsupported("whose slopes the network computes")
    seen, met = together([x.shape, slope.shape], x.channels)
    shared = [
        axis for axis, side in enumerate((met.height, met.width, met.channels), 1) if side == 1
    ]
    return node.step(PReLU(shared_axes=shared), x.shape, x, maps=[seen], weights=[slope])


@operator("Where")
def where(node: Node) -> Value:
    """A choice between two, one operation per element."""
    inputs = [node.given(i) for i in range(3)]
    shape = broadcast(*(x.shape for x in inputs))
    if node.constant:
        return node.known(shape, partial(chosen, shape, *inputs), inputs[1].whole)
    maps = [x for x in inputs if x.source is not None]
    if (
        any(x.source is None and x.weights for x in inputs)
        or broadcast(*(x.shape for x in maps)) != shape
    ):
        raise Unsupported("of stored numbers")
    seen = together([x.shape for x in maps], node.channels)
    return node.step(Elementwise("where", inputs=len(maps)), shape, *maps, maps=seen)


def chosen(shape: Shape, *inputs: Value) -> Numbers | None:
    """What a Where makes of known numbers."""
    if any(x.numbers is None for x in inputs) or any(not isinstance(side, int) for side in shape):
        return None
    condition, yes, no = (np.broadcast_to(x.numbers, shape).flat for x in inputs)  # type: ignore[arg-type]
    return as_objects([a if c else b for c, a, b in zip(condition, yes, no, strict=True)]).reshape(
        shape
    )
