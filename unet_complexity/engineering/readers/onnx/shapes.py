"""Shapes at concrete sides: ``onnx`` itself is asked, operator by operator, and its reference computes small numbers.

No shape is computed here, but for two that onnx leaves out: the numbers of a Shape, and a pool's last position.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from unet_complexity.engineering.readers.limits import MOST_AXES, MOST_NUMBERS, at_most

MOST_FLOATS = 16  # as many scales as a Resize may have
FLOATS = (1, 10, 11, 16, 17, 18, 19, 20, 23, 24)  # of TensorProto.DataType
COMPUTED = frozenset(
    "Abs Add And Cast CastLike Ceil Clip Concat ConstantOfShape CumSum Div Equal Exp Expand Flatten "
    "Floor Gather GatherElements GatherND Greater GreaterOrEqual Identity Less LessOrEqual Log Max "
    "Min Mod Mul Neg NonZero Not OneHot Or Pad Pow Range Reciprocal ReduceMax ReduceMin ReduceProd "
    "ReduceSum Reshape Round ScatterElements ScatterND Sign Slice Split Sqrt Squeeze Sub Sum Tile "
    "DequantizeLinear TopK Transpose Trilu Unsqueeze Where Xor".split()
)  # cheap for few numbers, and without graphs of their own
TAG = re.compile(r"^\[\w+\] ")  # the kind of error, in front of onnx's words
NOT_SAID = (-1,)
POOLS = ("AveragePool", "LpPool", "MaxPool")


class Edge(NamedTuple):
    """One edge at one point: element type, shape, and the bytes of its numbers if shapes may depend on them."""

    kind: int
    shape: tuple[int, ...]
    numbers: bytes | None = None

    def array(self) -> Any:
        """The numbers as an array; None if they are not known."""
        from onnx import helper

        if self.numbers is None:
            return None
        dtype = helper.tensor_dtype_to_np_dtype(self.kind)
        return np.frombuffer(self.numbers, dtype).reshape(self.shape)


def edge_of(array: Any) -> Edge:
    """An array as an edge; its numbers are kept if they are few."""
    from onnx import helper

    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    numbers = array.tobytes() if array.size <= MOST_NUMBERS else None
    return Edge(kind, tuple(map(int, array.shape)), numbers)


def canonical(proto: Any) -> bytes:
    """The node without its names, so that equal operators have equal keys."""
    bare = type(proto)(op_type=proto.op_type, domain=proto.domain)
    bare.input.extend(name and f"i{at}" for at, name in enumerate(proto.input))
    bare.output.extend(f"o{at}" for at, _ in enumerate(proto.output))
    bare.attribute.extend(proto.attribute)
    return bytes(bare.SerializeToString(deterministic=True))


@lru_cache(20_000)  # asking onnx takes 0.1 ms, and networks repeat their blocks
def outputs(node: bytes, version: int, inputs: tuple[Edge | None, ...]) -> tuple[Edge, ...]:
    """Return what leaves an operator.

    Args:
        node: A :func:`canonical` node.
        version: Opset version of the standard operators.
        inputs: What enters; None for an input that is left out.

    Raises:
        ValueError: If onnx finds that the inputs do not fit, or no shape.
    """
    from onnx import NodeProto

    proto = NodeProto.FromString(node)
    optional = proto.op_type == "Resize" and version >= 13
    empty = [at for at, edge in enumerate(inputs) if optional and edge and 0 in edge.shape]
    for at in empty:  # an array of no numbers stands for an input that is left out
        proto.input[at] = ""
    given = {f"i{at}": edge for at, edge in enumerate(inputs) if edge and at not in empty}
    if proto.op_type == "Shape":
        return (edge_of(np.array(given["i0"].shape[_part(proto)], np.int64)),)
    if proto.op_type == "Size":
        return (edge_of(np.array(math.prod(given["i0"].shape), np.int64)),)
    known = proto.op_type in COMPUTED and all(edge.numbers is not None for edge in given.values())
    nothing = proto.op_type == "Slice" and 0 in given["i0"].shape  # there onnx's inference aborts
    try:
        found = () if nothing else _inferred(proto, version, given)
        if known and all(math.prod(edge.shape) <= MOST_NUMBERS for edge in found):
            return _computed(proto, version, given)
    except ValueError:
        raise
    except Exception as error:  # onnx's own, and whatever its reference raises for damaged numbers
        reason = TAG.sub("", " ".join(str(error).split())).rstrip(".")
        raise ValueError(reason) from error
    for edge in found or (Edge(0, (0,)),):
        _check(edge)
    if proto.op_type == "Reshape" and math.prod(found[0].shape) != math.prod(given["i0"].shape):
        raise ValueError("the elements do not come out even")
    return found


def _part(proto: Any) -> slice:
    ends = {attribute.name: attribute.i for attribute in proto.attribute}
    return slice(ends.get("start"), ends.get("end"))


def _inferred(proto: Any, version: int, given: dict[str, Edge]) -> tuple[Edge, ...]:
    """Ask onnx's shape inference."""
    from onnx import defs, helper, numpy_helper, shape_inference

    schema = defs.get_schema(proto.op_type, version, "")
    if not schema.has_type_and_shape_inference_function:  # it is a function that keeps the shape
        return (given["i0"]._replace(numbers=None),)
    types = {
        name: helper.make_tensor_type_proto(edge.kind, edge.shape) for name, edge in given.items()
    }
    data = {
        name: numpy_helper.from_array(edge.array(), name)
        for name, edge in given.items()
        if edge.numbers is not None
    }
    opset = [helper.make_opsetid("", version)]
    made = shape_inference.infer_node_outputs(schema, proto, types, data, opset_imports=opset)
    return tuple(
        _edge(made[name].tensor_type, proto, given) for name in proto.output if name in made
    )


def _edge(tensor: Any, proto: Any, given: dict[str, Edge]) -> Edge:
    known = tensor.HasField("shape") and all(dim.HasField("dim_value") for dim in tensor.shape.dim)
    shape = tuple(dim.dim_value for dim in tensor.shape.dim) if known else NOT_SAID
    if proto.op_type in POOLS:
        shape = _inside(shape, given["i0"].shape, proto)
    return Edge(tensor.elem_type, shape)


def _inside(shape: tuple[int, ...], before: tuple[int, ...], proto: Any) -> tuple[int, ...]:
    """Without a last position that would begin behind the map: ONNX Runtime and PyTorch leave it out."""
    attributes = {attribute.name: attribute for attribute in proto.attribute}
    if "ceil_mode" not in attributes or not attributes["ceil_mode"].i:
        return shape
    axes = len(shape) - 2
    strides = list(attributes["strides"].ints) if "strides" in attributes else [1] * axes
    pads = list(attributes["pads"].ints) if "pads" in attributes else [0] * axes
    rows = zip(shape[2:], before[2:], strides, pads, strict=False)
    return shape[:2] + tuple(m - ((m - 1) * t >= n + pad) for m, n, t, pad in rows)


def _computed(proto: Any, version: int, given: dict[str, Edge]) -> tuple[Edge, ...]:
    """Run onnx's reference implementation on known numbers."""
    from onnx.reference import ReferenceEvaluator

    with np.errstate(all="ignore"):
        evaluator = ReferenceEvaluator(proto, opsets={"": version})
        arrays = evaluator.run(None, {name: edge.array() for name, edge in given.items()})
    return tuple(edge_of(np.asarray(array)) for array in arrays)


def _check(edge: Edge) -> None:
    at_most(len(edge.shape), MOST_AXES, "axes of a tensor")
    if edge.shape == NOT_SAID:
        raise ValueError(
            "a shape depends on numbers that are not stored in the file, are more than the "
            f"{MOST_NUMBERS:,} that are computed, or depend on what the model is given; store them in the model, or, "
            "if they follow from a letter, read it at numbers, side=256"
        )
    if min(edge.shape, default=1) < 1:
        raise ValueError(
            f"something must be left, but {' x '.join(map(str, edge.shape))} comes out"
        )


def stored_edge(name: str, tensor: Any) -> Edge:
    """Return a TensorProto as an edge: its shape, and its numbers if they are few and in the file.

    Raises:
        ValueError: If a dimension is negative, or the numbers are not as many as the dimensions say.
    """
    from onnx import SparseTensorProto, TensorProto, numpy_helper

    at_most(len(tensor.dims), MOST_AXES, "axes of a tensor")
    shape = tuple(int(side) for side in tensor.dims)
    if any(side < 0 for side in shape):
        raise ValueError(
            f"{name!r} must have sides of at least 0, got {' x '.join(map(str, shape))}; the file is damaged"
        )
    if isinstance(tensor, SparseTensorProto):
        return Edge(tensor.values.data_type, shape)
    few = math.prod(shape) <= (MOST_FLOATS if tensor.data_type in FLOATS else MOST_NUMBERS)
    here = tensor.data_location != TensorProto.EXTERNAL and tensor.data_type != TensorProto.STRING
    if not (few and here and (0 in shape or _held(tensor))):
        return Edge(tensor.data_type, shape)
    try:
        array = numpy_helper.to_array(tensor)
        return Edge(tensor.data_type, shape, array.reshape(shape).tobytes())
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{name!r} does not hold {shape} numbers ({error}); the file is damaged"
        ) from None


def _held(tensor: Any) -> bool:
    """Some files keep the dimensions of weights alone."""
    kinds = ("raw", "float", "int32", "int64", "double", "uint64")
    return any(len(getattr(tensor, f"{kind}_data")) for kind in kinds)


def literal(proto: Any) -> Edge:
    """Return the numbers of a Constant node."""
    from onnx import helper

    name = proto.output[0]
    if len(proto.attribute) != 1:
        raise ValueError(
            f"a Constant has one attribute, got {len(proto.attribute)}; the file is damaged"
        )
    value = helper.get_attribute_value(proto.attribute[0])
    if proto.attribute[0].name in ("value", "sparse_value"):
        return stored_edge(name, value)
    if proto.attribute[0].name not in ("value_int", "value_ints", "value_float", "value_floats"):
        return Edge(8, (len(value),) if isinstance(value, list) else ())
    return edge_of(np.array(value, np.int64 if "int" in proto.attribute[0].name else np.float32))
