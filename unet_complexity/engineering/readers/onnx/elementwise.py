"""Operators of ONNX that treat each element by itself, and those that meet another array, repeated where it has 1."""

from __future__ import annotations

from typing import Any

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
from unet_complexity.engineering.readers.onnx.node import Node, Row, Unsupported, operator, together
from unet_complexity.layers import Activation, Add, Layer, LeakyReLU, Multiply, ReLU

ACTIVATIONS = {
    "Abs": "abs",
    "Cast": "linear",
    "CastLike": "linear",
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
MERGING: dict[str, tuple[str, Any]] = {  # in words, and the layer of several maps
    "Add": ("add", Add),
    "Div": ("divide", Divide),
    "Max": ("maximum", Maximum),
    "Mean": ("", Average),
    "Min": ("minimum", Minimum),
    "Mul": ("multiply", Multiply),
    "Sub": ("subtract", Subtract),
    "Sum": ("add", Add),
    **dict.fromkeys(
        ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Pow"), ("", None)
    ),
}
WORDS = {"GreaterOrEqual": "greater_equal", "LessOrEqual": "less_equal", "Pow": "power"}
QUANTISED = ("QuantizeLinear", "DequantizeLinear")


def alone(node: Node, layer: Layer) -> Row:
    """``layer`` on input 0."""
    return Row(layer, [(0, node.map())])


@operator(*ACTIVATIONS)
def activation(node: Node) -> Row:
    """An activation that Keras has a name for; another number type is a copy."""
    return alone(node, Activation(ACTIVATIONS[node.kind]))


@operator("Relu", "LeakyRelu", "Elu")
def rectified(node: Node) -> Row:
    """The activations that have layers of their own."""
    layers: dict[str, Layer] = {
        "Relu": ReLU(),
        "LeakyRelu": LeakyReLU(node.get("alpha", 0.01)),
        "Elu": ELU(node.get("alpha", 1.0)),
    }
    return alone(node, layers[node.kind])


@operator("Clip")
def clip(node: Node) -> Row:
    """A comparison with each bound: attributes before opset 11, inputs since."""
    low, high = (node.has(at) or name in node.attributes for at, name in ((1, "min"), (2, "max")))
    if not (low or high):
        return alone(node, Activation("linear"))
    return alone(node, Elementwise("clip" if low and high else "maximum" if low else "minimum"))


@operator(*MERGING)
def merged(node: Node) -> list[Row]:
    """Two or more arrays, element by element: first the stored ones with the first map, then the maps."""
    word, layer = MERGING[node.kind]
    word = word or WORDS.get(node.kind, node.kind.lower())
    inputs = range(len(node.shapes))
    seen = together([node.shape(at) for at in inputs], node.made, node.out)
    rows: list[Row] = []
    stored = [at for at in inputs if at not in node.maps]
    first: int | None = node.maps[0]
    x = seen[node.maps[0]]
    for at in stored:
        if not (layer is None or word) or node.kind == "Mean":
            raise Unsupported("of stored numbers")
        operand = Elementwise(word, seen[at] if node.shape(at) else None, learned=node.learned(at))
        rows.append(Row(operand, [(first, x)], [at], "operand"))
        first, x = None, operand.output(x)
    if len(node.maps) > 1:
        maps = [(first, x), *((at, seen[at]) for at in node.maps[1:])]
        rows.append(Row(layer() if layer else Elementwise(word, inputs=len(maps)), maps))
    return rows


@operator("PRelu")
def prelu(node: Node) -> Row:
    """A leaky ReLU with stored slopes."""
    if node.only() != 0:
        raise Unsupported("of stored numbers")
    x, slope = together([node.shape(0), node.shape(1)], node.made, node.channels[0])
    sides = (slope.height, slope.width, slope.channels)
    shared = [axis for axis, side in enumerate(sides, 1) if side == 1]
    return Row(PReLU(shared_axes=shared or None), [(0, x)], [1])


@operator("Where")
def where(node: Node) -> Row:
    """A choice between two, one operation per element."""
    inputs = range(3)
    *seen, whole = together([*(node.shape(at) for at in inputs), node.made], node.made, node.out)
    maps = [(at, seen[at]) for at in node.maps]
    layer = Elementwise("where", inputs=len(maps))
    if layer.output(*(x for _, x in maps)) != whole:  # stored numbers are larger
        layer = Elementwise("where", whole, learned=False, inputs=len(maps))
    return Row(layer, maps)


@operator(*QUANTISED)
def quantised(node: Node) -> Row:
    """Divide, round, shift and clip; or shift and multiply."""
    return alone(node, Elementwise(node.kind.removesuffix("Linear").lower()))
