"""Shapes at concrete sides: ``onnx`` itself is asked, operator by operator, and its reference computes small numbers.

No shape is computed here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from unet_complexity.engineering.readers.limits import (
    MOST_AXES,
    MOST_GIVEN,
    MOST_INPUTS,
    MOST_NUMBERS,
    at_most,
)
from unet_complexity.engineering.readers.onnx.files import INNER, name_of
from unet_complexity.engineering.readers.onnx.functions import set_defaults
from unet_complexity.engineering.readers.reading import shown

MOST_FLOATS = 16  # as many scales as a Resize may have
FLOATS = (1, 10, 11, 16, 17, 18, 19, 20, 23, 24)  # of TensorProto.DataType
COMPUTED = frozenset(
    "Abs Add And Cast CastLike Ceil Clip Concat Constant ConstantOfShape CumSum DequantizeLinear Div Equal "
    "Exp Expand Flatten Floor Gather GatherElements GatherND Greater GreaterOrEqual Identity Less "
    "LessOrEqual Log Max Min Mod Mul Neg NonZero Not OneHot Or Pad Pow Range Reciprocal ReduceMax "
    "ReduceMin ReduceProd ReduceSum Reshape Round ScatterElements ScatterND Sign Slice Split Sqrt "
    "Squeeze Sub Sum Tile TopK Transpose Trilu Unsqueeze Where Xor".split()
)  # cheap for few numbers, and without graphs of their own
OF_SHAPES = ("Shape", "Size")  # computed whatever the numbers are
TAG = re.compile(r"^\[\w+\] ")  # the kind of error, in front of onnx's words
# opsets since which onnx says the shape, or knows that no window begins behind the map, as in older files too
SAID_SINCE = {
    **dict.fromkeys(("AveragePool", "LpPool", "MaxPool"), 22),
    **dict.fromkeys(("GreaterOrEqual", "LessOrEqual"), 16),
}


class Edge(NamedTuple):
    """One edge at one point: element type, shape, and the bytes of its numbers if shapes may depend on them."""

    kind: int
    shape: tuple[int, ...]
    numbers: bytes | None = None

    def array(self) -> Any:
        """The numbers as an array; if they are not known, zeros that take no memory."""
        from onnx import helper

        dtype = helper.tensor_dtype_to_np_dtype(self.kind)
        if self.numbers is None:
            return np.broadcast_to(dtype.type(0), self.shape)
        return np.frombuffer(self.numbers, dtype).reshape(self.shape)


def canonical(proto: Any) -> bytes:
    """A node of ONNX's own without its names, so that equal operators have equal keys."""
    bare = type(proto)(
        op_type=proto.op_type,
        attribute=proto.attribute,
        input=[name and f"i{at}" for at, name in enumerate(proto.input)],
        output=[f"o{at}" for at, _ in enumerate(proto.output)],
    )
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
    given = {f"i{at}": edge for at, edge in enumerate(inputs) if edge}
    if proto.op_type == "Resize" and version >= 13:
        # an array of no numbers stands for an input that is left out
        given = {name: edge for name, edge in given.items() if 0 not in edge.shape}
        proto.input[:] = [name if name in given else "" for name in proto.input]
    numbers = all(edge.numbers is not None for edge in given.values())
    known = proto.op_type in OF_SHAPES or (numbers and proto.op_type in COMPUTED)
    nothing = proto.op_type == "Slice" and 0 in given["i0"].shape  # there onnx's inference aborts
    try:
        _check_count(proto, given if numbers else {})
        found = () if nothing else _inferred(proto, version, given)
        if known and all(math.prod(edge.shape) <= MOST_NUMBERS for edge in found):
            return _computed(proto, version, given)
    except Exception as error:  # onnx's own, and whatever its reference raises for damaged numbers
        reason = TAG.sub("", " ".join(str(error).split())).rstrip(".")
        raise ValueError(reason) from error
    for edge in found or (Edge(0, (0,)),):
        at_most(len(edge.shape), MOST_AXES, "axes of a tensor")
        if min(edge.shape, default=1) < 1:
            raise ValueError(f"something must be left, but {shown(edge.shape)} comes out")
    if proto.op_type == "Reshape" and math.prod(found[0].shape) != math.prod(given["i0"].shape):
        raise ValueError("the elements do not come out even")
    return found


def _check_count(proto: Any, given: dict[str, Edge]) -> None:
    """ValueError if onnx's reference would make many numbers of known ones where its inference says few."""
    if proto.op_type == "Range" and given:
        first, last, step = (edge.array().item() for edge in given.values())
        at_most(int((last - first) / step), MOST_NUMBERS, "numbers of a Range")
    for attribute in proto.attribute:
        if attribute.name == "num_outputs":
            at_most(attribute.i, MOST_INPUTS, "outputs of one node")


def _inferred(proto: Any, version: int, given: dict[str, Edge]) -> tuple[Edge, ...]:
    """Ask onnx's shape inference."""
    from onnx import defs, helper, numpy_helper, shape_inference

    version = max(version, SAID_SINCE.get(proto.op_type, 0))
    schema = defs.get_schema(proto.op_type, version, "")
    if not schema.has_type_and_shape_inference_function:  # GroupNormalization
        return (given["i0"]._replace(numbers=None),)
    known = sum(math.prod(edge.shape) for edge in given.values() if edge.numbers is not None)
    at_most(known, MOST_GIVEN, "numbers that one operator is given")
    types, data = {}, {}
    for name, edge in given.items():
        types[name] = _type(edge.kind, edge.shape)
        if edge.numbers is not None:
            data[name] = numpy_helper.from_array(edge.array(), name)
    opset = [helper.make_opsetid("", version)]
    made = shape_inference.infer_node_outputs(schema, proto, types, data, opset_imports=opset)
    return tuple(_said(made[name].tensor_type) for name in proto.output if name in made)


@lru_cache(10_000)  # a node may read an edge a thousand times
def _type(kind: int, shape: tuple[int, ...]) -> Any:
    from onnx import helper

    return helper.make_tensor_type_proto(kind, shape)


def _said(tensor: Any) -> Edge:
    """What onnx says of an edge.  ValueError if that is not its whole shape."""
    dims = tensor.shape.dim
    if not (tensor.HasField("shape") and all(dim.HasField("dim_value") for dim in dims)):
        raise ValueError(
            "a shape depends on numbers that are not stored in the file, are more than the "
            f"{MOST_NUMBERS:,} that are computed, or depend on what the model is given; store them in the model, or, "
            "if they follow from a letter, read it at numbers, side=256"
        )
    return Edge(tensor.elem_type, tuple(dim.dim_value for dim in dims))


def _computed(proto: Any, version: int, given: dict[str, Edge]) -> tuple[Edge, ...]:
    """Run onnx's reference implementation on known numbers."""
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    arrays = {name: edge.array() for name, edge in given.items()}
    with np.errstate(all="ignore"):
        made = ReferenceEvaluator(proto, opsets={"": version}).run(None, arrays)
    edges = []
    for array in map(np.asarray, made):
        few = array.tobytes() if array.size <= MOST_NUMBERS else None
        edges.append(Edge(helper.np_dtype_to_tensor_dtype(array.dtype), array.shape, few))
    return tuple(edges)


def stored_edge(name: str, tensor: Any) -> Edge:
    """Return a TensorProto as an edge: its shape, and its numbers if they are few and in the file.

    Raises:
        ValueError: If a dimension is negative.
    """
    from onnx import TensorProto, numpy_helper

    at_most(len(tensor.dims), MOST_AXES, "axes of a tensor")
    kind, shape = tensor.data_type, tuple(tensor.dims)
    if min(shape, default=0) < 0:
        raise ValueError(
            f"{name!r} must have sides of at least 0, got {shown(shape)}; the file is damaged"
        )
    few = math.prod(shape) <= (MOST_FLOATS if kind in FLOATS else MOST_NUMBERS)
    here = tensor.data_location != TensorProto.EXTERNAL and kind != TensorProto.STRING
    numbers = None
    if few and here:
        with suppress(KeyError, TypeError, ValueError):  # some files keep the dimensions alone
            numbers = numpy_helper.to_array(tensor).reshape(shape).tobytes()
    return Edge(kind, shape, numbers)


def inlined(proto: Any, version: int, inputs: Mapping[str, Edge]) -> list[Any]:
    """Return the nodes that onnx defines an operator by; none if it does not.

    Args:
        proto: The node.
        version: Opset version of the standard operators.
        inputs: What enters, by name.

    Raises:
        ValueError: If the operator does not fit what onnx defines.
    """
    from onnx import defs, helper, inliner

    given = [helper.make_tensor_value_info(x, one.kind, one.shape) for x, one in inputs.items()]
    graph = helper.make_graph([proto], "call", given, [])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)])
    kind, model.graph.node[0].domain = proto.op_type, ""  # of "ai.onnx" the inliner knows none
    if defs.has(kind, version, ""):
        attributes = defs.get_schema(kind, version, "").attributes.values()
        stated = [one.default_value for one in attributes if one.default_value.type]
        set_defaults(model.graph.node[0], stated)  # the inliner leaves them out
    try:
        model = inliner.inline_selected_functions(model, [("", kind)], inline_schema_functions=True)
    except Exception as error:  # of onnx's own kinds
        raise ValueError(f"onnx does not write it out: {error}") from error
    nodes = list(model.graph.node)
    outside = {"", *proto.input, *proto.output}
    for node in nodes:
        node.name = name_of(proto)
        for names in (node.input, node.output):
            names[:] = [
                one if one in outside else f"{INNER}{proto.output[0]}/{one}" for one in names
            ]
    return [] if kind in {node.op_type for node in nodes} else nodes
