"""Operators of ONNX that treat each element by itself, and those that meet another array, repeated where it has 1."""

from __future__ import annotations

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import (
    ELU,
    Elementwise,
    PReLU,
)
from unet_complexity.engineering.readers.onnx.node import (
    Node,
    Row,
    Unsupported,
    named,
    operator,
    together,
)
from unet_complexity.layers import Activation, Add, Layer, LeakyReLU, Multiply, ReLU

# of one map, by the names of Keras's activations; another number type is a copy
ACTIVATIONS = named(
    "Abs:abs Cast:linear CastLike:linear Ceil:ceil Cos:cos Erf:erf Exp:exponential Floor:floor Gelu:gelu "
    "HardSigmoid:hard_sigmoid HardSwish:hard_silu Log:log Mish:mish Neg:negative Reciprocal:reciprocal Round:round "
    "Selu:selu Sigmoid:sigmoid Sign:sign Sin:sin Softplus:softplus Softsign:softsign Sqrt:sqrt Swish:silu Tanh:tanh"
)
# of several maps, by the names of Elementwise
MERGING = named(
    "Add:add And:and Div:divide Equal:equal Greater:greater GreaterOrEqual:greater_equal Less:less "
    "LessOrEqual:less_equal Max:maximum Mean:average Min:minimum Mod:mod Mul:multiply Or:or Pow:power Sub:subtract "
    "Sum:add Xor:xor"
)


def alone(node: Node, layer: Layer) -> Row:
    """``layer`` on input 0."""
    return Row(layer, [(0, node.map())])


@operator(*ACTIVATIONS, "Relu", "LeakyRelu", "Elu")
def activation(node: Node) -> Row:
    """An activation that Keras has a name for, or a layer of its own."""
    if node.kind in ACTIVATIONS:
        return alone(node, Activation(ACTIVATIONS[node.kind]))
    if node.kind == "Relu":
        return alone(node, ReLU())
    leaky = node.kind == "LeakyRelu"
    alpha = node.get("alpha", 0.01 if leaky else 1.0)
    return alone(node, LeakyReLU(alpha) if leaky else ELU(alpha))


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
    operation, inputs = MERGING[node.kind], range(len(node.inputs))
    seen = together([node.shape(at) for at in inputs], node.made, node.out_channels)
    maps: list[tuple[int | None, Tensor]] = [(at, seen[at]) for at in node.maps]
    rows: list[Row] = []
    for at in set(inputs) - set(node.maps):
        operand = Elementwise(operation, seen[at] if node.shape(at) else None, node.learned(at))
        if operation == "average":
            raise Unsupported("of stored numbers")
        rows.append(Row(operand, maps[:1], [at], "operand"))
        maps[0] = (None, operand.output(maps[0][1]))
    if len(maps) > 1:
        several = {"add": Add(), "multiply": Multiply()}
        rows.append(Row(several.get(operation) or Elementwise(operation, inputs=len(maps)), maps))
    return rows


@operator("PRelu")
def prelu(node: Node) -> Row:
    """A leaky ReLU with stored slopes."""
    node.only()
    x, slope = together([node.shape(0), node.shape(1)], node.made, node.channels())
    sides = (slope.height, slope.width, slope.channels)
    shared = [axis for axis, side in enumerate(sides, 1) if side == 1]
    return Row(PReLU(shared_axes=shared or None), [(0, x)], [1])


@operator("Where")
def where(node: Node) -> Row:
    """A choice between two, one operation per element."""
    shapes = [*map(node.shape, range(3)), node.made]
    *seen, whole = together(shapes, node.made, node.out_channels)
    maps = [(at, seen[at]) for at in node.maps]
    layer = Elementwise("where", inputs=len(maps))
    if layer.output(*(x for _, x in maps)) != whole:  # stored numbers are larger
        layer = Elementwise("where", whole, learned=False, inputs=len(maps))
    return Row(layer, maps)


@operator("Not", "QuantizeLinear", "DequantizeLinear")
def simple(node: Node) -> Row:
    """Operations that Keras has no activation for."""
    return alone(node, Elementwise(node.kind.removesuffix("Linear").lower()))
