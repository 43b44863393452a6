"""Operators of ONNX that treat each element by itself, put it elsewhere, or resample a map."""

from __future__ import annotations

from typing import Any

from unet_complexity.engineering.layers import (
    ELU,
    Copy,
    Elementwise,
    PReLU,
    Reshape,
    Resizing,
)
from unet_complexity.engineering.layers.merging import CONCATENATE
from unet_complexity.engineering.readers.onnx.node import (
    Node,
    Row,
    UnsupportedError,
    named,
    operator,
    shown,
    together,
    volume,
)
from unet_complexity.layers import (
    Activation,
    Add,
    Layer,
    LeakyReLU,
    Multiply,
    ReLU,
    UpSampling2D,
    ZeroPadding2D,
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
    "Sum:add Where:where Xor:xor"
)
OTHERS = named("DequantizeLinear:dequantize Not:not QuantizeLinear:quantize")
COPIES = (
    "CenterCropPad Concat DepthToSpace Expand Gather GatherElements GatherND Pad ReverseSequence ScatterElements "
    "ScatterND Slice SpaceToDepth Split Tile Transpose Trilu"
).split()


@operator(*ACTIVATIONS, *OTHERS, "Clip", "Elu", "LeakyRelu", "PRelu", "Relu")
def activation(node: Node) -> Row:
    """A function of each element of one map, perhaps with stored slopes."""
    x, kind = node.map(), node.kind
    if kind in ACTIVATIONS:
        return Row(Activation(ACTIVATIONS[kind]), {0: x})
    if kind in OTHERS:
        return Row(Elementwise(OTHERS[kind]), {0: x})
    if kind == "PRelu":
        shared = None if volume(node.shape(1)) == x.size else (1, 2)
        return Row(PReLU(shared), {0: node.image()}, "weight")
    # a comparison with each bound: attributes before opset 11, inputs since
    bounds = sum(node.has(at) or name in node.attributes for at, name in ((1, "min"), (2, "max")))
    layers: dict[str, Layer] = {
        "Clip": [Activation("linear"), Elementwise("maximum"), Elementwise("clip")][bounds],
        "Elu": ELU(node.get("alpha", 1.0)),
        "LeakyRelu": LeakyReLU(node.get("alpha", 0.01)),
        "Relu": ReLU(),
    }
    return Row(layers[kind], {0: x})


@operator(*MERGING)
def merged(node: Node) -> Row:
    """Two or more arrays, element by element, one of them perhaps stored."""
    operation, inputs = MERGING[node.kind], range(len(node.inputs))
    *seen, whole = together([*map(node.shape, inputs), node.made.shape], node.made)
    maps = {at: seen[at] for at in node.maps}
    held = [seen[at] for at in inputs if at not in maps]
    if operation == "where" and held:  # stored numbers may be larger
        return Row(Elementwise(operation, whole, learned=False, inputs=len(maps)), maps)
    if len(held) > 1:
        raise UnsupportedError("of several stored arrays")
    layers: dict[str, Layer] = {"add": Add(), "multiply": Multiply()}
    if held or operation not in layers:
        learned = bool(node.learned("operand"))
        layers[operation] = Elementwise(operation, next(iter(held), None), learned, len(maps))
    return Row(layers[operation], maps, "operand")


@operator("Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze")
def view(node: Node) -> Row:
    """The same numbers seen as another map."""
    if node.kind == "Dropout" and any(node.known(2, [])):
        raise UnsupportedError("in training mode")
    return Row(Reshape(node.made.map.shape), {node.maps[0]: node.made.map})


@operator("Shape", "Size")
def of_shape(node: Node) -> list[Row]:
    """Numbers that depend on no number of a map, and cost nothing."""
    return []


@operator(*COPIES)
def copied(node: Node) -> Row:
    """The same numbers elsewhere, repeated, joined, or some; those of a stored table are params."""
    if stays(node):
        return view(node)  # type: ignore[no-any-return]
    made, seen = node.made.map, {at: node.map(at) for at in node.maps}
    if node.kind == "Concat" and len(seen) == len(node.inputs):
        pairs = enumerate(zip(seen[0].shape, made.shape, strict=True), 1)
        axes = [axis for axis, (a, b) in pairs if a != b]
        if axes:  # none if all others are empty
            return Row(CONCATENATE[axes[0]](), seen)
    if node.kind == "Pad" and (border := added(node)):
        return Row(ZeroPadding2D(border), seen)
    params = sum(array.size for array in node.learned("operand"))
    return Row(Copy(node.kind, made, params, len(seen)), seen, "operand")


def added(node: Node) -> Any:
    """The (before, after) rows and columns of zeros that a Pad adds to an image; None if it does anything else."""
    x, pads = node.inputs[0], node.known(1, node.get("pads", []))
    zeros = not any(node.known(2, [node.get("value", 0)], [1]))
    plain = node.get("mode", "constant") == "constant" and zeros and not node.has(3)
    if not plain or len(x.shape) != 4 or len(pads) != 8 or min(pads) < 0:
        return None
    pairs = [*zip(pads[:4], pads[4:], strict=True)]
    channels = pairs.pop(x.channels)
    images, *border = pairs
    return None if any(channels + images) else tuple(border)


def stays(node: Node) -> bool:
    """Return True if nothing moves, although the operator may move numbers."""
    before = node.shape(node.maps[0])
    if node.kind == "Transpose":
        perm = node.get("perm", range(len(before))[::-1])
        moving = [axis for axis in perm if before[axis] != 1]
        return moving == sorted(moving)
    turned = node.kind == "Slice" and node.has(4)
    if node.kind == "Pad":  # rows may go at one end and come at the other
        turned = any(node.known(1, node.get("pads", [])))
    kinds = ("Concat", "Expand", "Pad", "Slice", "Split", "Tile")
    return node.kind in kinds and node.made.shape == before and len(node.maps) == 1 and not turned


MODES = {"nearest": "nearest", "linear": "bilinear", "bilinear": "bilinear", "cubic": "bicubic"}


@operator("Resize", "Upsample")
def resize(node: Node) -> Row:
    """To other sides: by whole factors an upsampling, else a resizing."""
    x, out, mode = node.map(), node.made.map, node.get("mode", "nearest")
    if x.channels != out.channels:
        x, out = node.image(), node.image_made()
    crop = "crop" in node.get("coordinate_transformation_mode", "")
    odd = mode not in MODES or node.get("antialias") or crop
    if odd or len(node.shape()) > 4 or x.channels != out.channels:
        raise UnsupportedError(
            f"with mode {mode}, smoothed, cropped, or from {shown(node.shape())} to {shown(node.made.shape)}"
        )
    times = [exact(as_expr(b) / a) for a, b in zip(x.sides, out.sides, strict=True)]
    if all(isinstance(factor, int) for factor in times):
        return Row(UpSampling2D(tuple(times), MODES[mode]), {0: x})
    return Row(Resizing(*out.sides, MODES[mode]), {0: x})
