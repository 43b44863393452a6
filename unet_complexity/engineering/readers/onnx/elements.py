"""Operators of ONNX that treat each element by itself, put it elsewhere, or resample a map."""

from __future__ import annotations

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import ELU, Copy, Elementwise, PReLU, Resizing
from unet_complexity.engineering.readers.onnx.node import (
    Node,
    Row,
    Unsupported,
    fold,
    named,
    operator,
    shown,
    sides,
    together,
    volume,
)
from unet_complexity.layers import (
    Activation,
    Add,
    Concatenate,
    Layer,
    LeakyReLU,
    Multiply,
    ReLU,
    UpSampling2D,
)
from unet_complexity.symbols import as_expr, exact

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


@operator(*ACTIVATIONS, "Relu", "LeakyRelu", "Elu")
def activation(node: Node) -> Layer:
    """An activation that Keras has a name for, or a layer of its own."""
    if node.kind in ACTIVATIONS:
        return Activation(ACTIVATIONS[node.kind])
    if node.kind == "Relu":
        return ReLU()
    leaky = node.kind == "LeakyRelu"
    alpha = node.get("alpha", 0.01 if leaky else 1.0)
    return LeakyReLU(alpha) if leaky else ELU(alpha)


@operator("Clip")
def clip(node: Node) -> Layer:
    """A comparison with each bound: attributes before opset 11, inputs since."""
    low, high = (node.has(at) or name in node.attributes for at, name in ((1, "min"), (2, "max")))
    if not (low or high):
        return Activation("linear")
    return Elementwise("clip" if low and high else "maximum" if low else "minimum")


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
    shared = [axis for axis, side in enumerate(sides(slope), 1) if side == 1]
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
def simple(node: Node) -> Layer:
    """Operations that Keras has no activation for."""
    return Elementwise(node.kind.removesuffix("Linear").lower())


MODES = {"nearest": "nearest", "linear": "bilinear", "bilinear": "bilinear", "cubic": "bicubic"}


@operator(
    *("CenterCropPad", "DepthToSpace", "Expand", "Gather", "GatherElements", "GatherND", "Pad"),
    *("ReverseSequence", "ScatterElements", "ScatterND", "Slice", "SpaceToDepth", "Split", "Tile"),
    *("Transpose", "Trilu"),
)
def copied(node: Node) -> Row:
    """The same numbers elsewhere, repeated, or some; of a stored table, such as class embeddings, they are params."""
    table = node.kind == "Gather" and 0 not in node.maps and node.learned(0)
    return _copy(node, [0] * table)


def _copy(node: Node, stored: list[int]) -> Row:
    """The same numbers elsewhere, and those of stored arrays."""
    params = exact(sum(volume(node.shape(at)) for at in stored))
    seen = [(at, node.map(at)) for at in node.maps]
    made = fold(node.made, node.out_channels)
    return Row(Copy(node.kind, made, params, len(seen)), seen, stored, "operand")


@operator("Concat")
def concat(node: Node) -> Row:
    """Joined along one axis; stored arrays may be params."""
    stored = set(range(len(node.inputs))) - set(node.maps)
    if stored:
        return _copy(node, [at for at in sorted(stored) if node.learned(at)])
    rank, axis = len(node.made), node.axis(1)
    rest = [at for at in range(rank) if at != rank + node.out_channels]
    along = -1 if axis not in rest else 2 if axis == rest[-1] else 1
    return Row(
        Concatenate(along), [(at, fold(node.shape(at), node.out_channels)) for at in node.maps]
    )


@operator("Resize", "Upsample")
def resize(node: Node) -> Row:
    """To other sides: by whole factors an upsampling, else a resizing."""
    shape, made, mode = node.shape(), node.made, node.get("mode", "nearest")
    rank = len(made)
    changed = {at - rank for at, side in enumerate(made) if side != shape[at]}
    channels = next((axis for axis in (node.channels(), 1 - rank) if axis not in changed), -rank)
    crop = "crop" in node.get("coordinate_transformation_mode", "")
    odd = mode not in MODES or node.get("antialias") or crop
    if odd or channels == -rank or -rank in changed or len(changed) > 2:
        raise Unsupported(
            f"with mode {mode}, smoothed, cropped, or from {shown(shape)} to {shown(made)}"
        )
    x, out = fold(shape, channels), fold(made, channels)
    times = [exact(as_expr(b) / a) for a, b in zip(sides(x)[:2], sides(out)[:2], strict=True)]
    if all(isinstance(factor, int) for factor in times):
        return Row(UpSampling2D(tuple(times), MODES[mode]), [(0, x)])
    return Row(Resizing(out.height, out.width, MODES[mode]), [(0, x)])
