"""A model's local functions: their size when written out, and the graph in which ``onnx`` has written them out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from functools import cache
from typing import Any

from unet_complexity.engineering.readers.limits import (
    MOST_BYTES_BESIDE_WEIGHTS,
    MOST_DEPTH,
    MOST_NODES,
    at_most,
)

STANDARD = ("", "ai.onnx")
EMPTY = 128  # bytes for each message, which takes memory also if it is empty


def check_functions(model: Any) -> None:
    """ValueError if the model's functions make too many nodes or bytes when written out.

    A reference to a function's input or attribute counts as large as the whole call: it cannot be replaced by more.
    Attributes that a call leaves out are those of the function, and each message counts ``EMPTY`` bytes more.

    RecursionError if functions call themselves.
    """
    bodies = {_called(function.name, function): function for function in model.functions}

    @cache
    def made_of(kind: tuple[str, str, str]) -> tuple[int, int, int]:
        body = bodies[kind]
        count, size, references = total(body.node, {*body.input, *body.output})
        size += sum(map(_weight, (*body.value_info, *body.attribute_proto)))
        return count, size, references

    def total(nodes: Iterable[Any], given: set[str]) -> tuple[int, int, int]:
        """Nodes, bytes, and references to what is given."""
        count = size = references = 0
        for node in all_nodes(nodes):
            weight = _weight(node)
            own = sum(name in given for name in (*node.input, *node.output))
            own += sum(bool(attribute.ref_attr_name) for attribute in node.attribute)
            kind = _called(node.op_type, node)
            made = (1, weight, 0)
            if kind in bodies:
                defaults = bodies[kind].attribute_proto
                if [*all_nodes([node, *defaults])] != [node]:
                    raise ValueError(
                        f"functions are read whose attributes are numbers or text, got a graph for {node.op_type}; "
                        "write it out in the file"
                    )
                made = made_of(kind)
                weight += sum(map(_weight, defaults))
            count += made[0]
            size += made[1] + made[2] * weight
            references += own + made[2] * bool(own)
        return count, size, references

    count, size, _ = total(model.graph.node, set())
    at_most(count, MOST_NODES, "nodes, functions written out,")
    at_most(size, MOST_BYTES_BESIDE_WEIGHTS, "bytes of nodes, functions written out,")


def _weight(message: Any) -> Any:
    """Bytes of a message, and ``EMPTY`` for each in it."""
    return message.ByteSize() + EMPTY * len([*parts(message)])


def parts(message: Any) -> Iterator[Any]:
    """Yield a protobuf message and all messages inside it: nodes, subgraphs, tensors."""
    yield message
    if message.DESCRIPTOR.name == "TensorProto":  # listing all fields would copy its numbers
        yield from (*message.external_data, *message.metadata_props)
        return
    for field, value in message.ListFields():
        if field.message_type:
            for inner in [value] if hasattr(value, "ListFields") else value:
                yield from parts(inner)


def _called(name: str, one: Any) -> tuple[str, str, str]:
    """Return domain, name and overload, by which a call finds its function."""
    return "" if one.domain in STANDARD else one.domain, name, one.overload


def all_nodes(messages: Iterable[Any]) -> Iterator[Any]:
    """The nodes among messages and inside them, at any depth."""
    every = (part for message in messages for part in parts(message))
    return (part for part in every if part.DESCRIPTOR.name == "NodeProto")


def written_out(model: Any) -> Any:
    """Return the model without functions: each call is replaced by the nodes of its function.

    ``onnx`` leaves out the defaults of attributes, so calls are given them before.  Outer functions
    come first, because an attribute that they pass on may be absent.  Copies of one Constant become one array.
    """
    from onnx import inliner

    model = deepcopy(model)
    for number, node in enumerate(all_nodes([model])):
        differs = any(attribute.ref_attr_name for attribute in node.attribute)
        node.doc_string = "" if differs else str(number)  # which each copy of a node keeps
    kinds = {_called(one.name, one): one for one in model.functions}
    depth = 0
    while ready := kinds.keys() - {_called(x.op_type, x) for x in all_nodes(kinds.values())}:
        at_most(depth := depth + 1, MOST_DEPTH, "functions inside each other")
        for node in [*all_nodes([model.graph, *kinds.values()])]:
            if function := kinds.get(_called(node.op_type, node)):
                set_defaults(node, function.attribute_proto)
        model.ClearField("functions")
        model.functions.extend(kinds.pop(kind) for kind in ready)
        model = inliner.inline_local_functions(model)
    first: dict[str, str] = {}
    same = {
        node.output[0]: first.setdefault(node.doc_string, node.output[0])
        for node in model.graph.node
        if node.op_type == "Constant" and node.domain in STANDARD and node.doc_string
    }
    for node in all_nodes([model.graph]):
        node.input[:] = map(same.get, node.input, node.input)
    return model


def set_defaults(node: Any, defaults: Iterable[Any]) -> None:
    """Give a node those attributes that it lacks."""
    given = {attribute.name for attribute in node.attribute}
    node.attribute.extend(one for one in defaults if one.name not in given)
