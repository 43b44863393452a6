"""Operators that stand for other nodes: an If whose condition is known, and what onnx defines as a function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

GRAPHS = ("If", "Loop", "Scan")


def expanded(proto: Any, opset: int, columns: Sequence[Any], name: str) -> list[Any]:
    """Return the nodes that a node stands for; none if there are none, or the model's input decides.

    Args:
        proto: The node.
        opset: Version of the standard operators.
        columns: Of each input, the edges at all points; none for one that is left out.
        name: What the nodes are called.
    """
    if proto.op_type == "If":
        return _branch(proto, {edge.numbers for edge in columns[0]})
    if proto.op_type in GRAPHS or proto.domain not in ("", "ai.onnx"):
        return []
    return _function(proto, opset, columns, name)


def _branch(proto: Any, conditions: set[bytes | None]) -> list[Any]:
    from onnx import helper

    wanted = {b"\x01": "then_branch", b"\x00": "else_branch"}.get(conditions.pop() or b"")
    graph = next((one.g for one in proto.attribute if one.name == wanted), None)
    if conditions or graph is None:
        return []
    stored = [
        helper.make_node("Constant", [], [tensor.name], value=tensor)
        for tensor in graph.initializer
    ]
    ends = zip(graph.output, proto.output, strict=True)
    return [*stored, *graph.node, *(helper.make_node("Identity", [a.name], [b]) for a, b in ends)]


def _function(proto: Any, opset: int, columns: Sequence[Any], name: str) -> list[Any]:
    """The nodes of onnx's own function, with the names of this call, its attributes filled in."""
    from onnx import helper, inliner

    edges = {one: column[0] for one, column in zip(proto.input, columns, strict=True) if column}
    inputs = [
        helper.make_tensor_value_info(one, edge.kind, edge.shape) for one, edge in edges.items()
    ]
    graph = helper.make_graph([proto], "call", inputs, [])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    kinds = [("", proto.op_type)]
    nodes = inliner.inline_selected_functions(model, kinds, inline_schema_functions=True).graph.node
    outside = {"", *proto.input, *proto.output}
    for node in nodes:
        node.name = name
        for names in (node.input, node.output):
            names[:] = [one if one in outside else f"{proto.output[0]}/{one}" for one in names]
    return [] if proto.op_type in {node.op_type for node in nodes} else list(nodes)
