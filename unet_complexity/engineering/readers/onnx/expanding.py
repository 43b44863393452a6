"""Operators that stand for other nodes: an If whose condition is known, and what onnx defines as a function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unet_complexity.engineering.readers.onnx.shapes import Edge

GRAPHS = ("If", "Loop", "Scan")


def expanded(proto: Any, opset: int, columns: Sequence[Any], name: str) -> list[Any]:
    """Return the nodes that a node stands for; none if there are none, or the model's input decides.

    Args:
        proto: The node.
        opset: Version of the standard operators.
        columns: Of each input, the edges at all points; None for one that is left out.
        name: What the nodes are called.
    """
    if proto.op_type == "If":
        return _branch(proto, columns[0])
    if proto.op_type in GRAPHS or proto.domain not in ("", "ai.onnx"):
        return []
    function = _function(proto, opset, columns)
    return _renamed(function, proto, opset, name) if function else []


def _branch(proto: Any, condition: Sequence[Edge]) -> list[Any]:
    from onnx import helper

    if {edge.numbers for edge in condition} - {b"\x00", b"\x01"} or len(
        {edge.numbers for edge in condition}
    ) > 1:
        return []
    wanted = "then_branch" if condition[0].numbers == b"\x01" else "else_branch"
    graph = next(attribute.g for attribute in proto.attribute if attribute.name == wanted)
    stored = [
        helper.make_node("Constant", [], [tensor.name], value=tensor)
        for tensor in graph.initializer
    ]
    ends = zip(graph.output, proto.output, strict=True)
    return [*stored, *graph.node, *(helper.make_node("Identity", [a.name], [b]) for a, b in ends)]


def _function(proto: Any, opset: int, columns: Sequence[Any]) -> Any:
    from onnx import FunctionProto, defs, helper

    if not defs.has(proto.op_type):
        return None
    schema = defs.get_schema(proto.op_type, opset, "")
    version = _latest(schema.function_opset_versions, opset)
    if version:
        return FunctionProto.FromString(schema.get_function_with_opset_version(version))
    version = _latest(schema.context_dependent_function_opset_versions, opset)
    if not version:
        return None
    edges = [column[0] for column in columns if column]
    types = [
        helper.make_tensor_type_proto(edge.kind, edge.shape).SerializeToString() for edge in edges
    ]
    body = schema.get_context_dependent_function_with_opset_version(
        version, proto.SerializeToString(), types
    )
    return FunctionProto.FromString(body)


def _latest(versions: Sequence[int], opset: int) -> int:
    return max((version for version in versions if version <= opset), default=0)


def _renamed(function: Any, proto: Any, opset: int, name: str) -> list[Any]:
    """The function's nodes with the names of this call, its attributes filled in."""
    from onnx import defs

    given = {attribute.name: attribute for attribute in proto.attribute}
    defaults = defs.get_schema(proto.op_type, opset, "").attributes.values()
    given = {one.name: one.default_value for one in defaults if one.default_value.name} | given
    inside = dict(zip(function.input, proto.input, strict=False))
    inside |= dict.fromkeys(function.input[len(proto.input) :], "")
    inside |= {a: b for a, b in zip(function.output, proto.output, strict=False) if b}
    nodes = []
    for node in function.node:
        made = type(node)(op_type=node.op_type, domain=node.domain, name=name)
        made.input.extend(one and inside.get(one, f"{proto.output[0]}/{one}") for one in node.input)
        made.output.extend(
            one and inside.get(one, f"{proto.output[0]}/{one}") for one in node.output
        )
        for attribute in node.attribute:
            filled = given.get(attribute.ref_attr_name) if attribute.ref_attr_name else attribute
            if filled is not None:
                made.attribute.add().CopyFrom(filled)
                made.attribute[-1].name = attribute.name
        nodes.append(made)
    return nodes
