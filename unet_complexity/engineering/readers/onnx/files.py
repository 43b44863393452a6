"""An ONNX file as a graph that can be walked: parsed, checked, its nodes in an order in which each finds its inputs.

Only the file itself is read, and of it only what shapes depend on: weights are known by their dimensions, so those that
an exporter put into other files are neither needed nor looked for.  Nothing in a file is executed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from mmap import ACCESS_READ, mmap
from os import PathLike
from pathlib import Path
from reprlib import repr as shortened
from typing import Any

from unet_complexity.engineering.readers.limits import (
    MOST_BYTES,
    MOST_BYTES_BESIDE_WEIGHTS,
    MOST_BYTES_UNCOUNTED,
    MOST_CHARACTERS,
    MOST_EDGES,
    MOST_ENTRIES,
    MOST_INPUTS,
    MOST_NODES,
    BoundedFile,
    at_most,
)
from unet_complexity.engineering.readers.onnx.functions import (
    STANDARD,
    all_nodes,
    check_functions,
    written_out,
)

EXPORT = 'export it anew, with PyTorch by torch.onnx.export(model, example, "model.onnx")'
INNER = "<inner>/"  # begins the names inside an operator that onnx writes out


def load(path_or_model: Any) -> Any:
    """The ModelProto of a path, or the one given, with its local functions written out.

    ValueError if it is not an ONNX model, or is cut short; OSError if the file cannot be read.
    """
    try:
        import onnx
    except ImportError as error:
        raise ImportError(
            "reading ONNX needs the package onnx: pip install 'unet_complexity[onnx]'"
        ) from error
    name, model = "the model", path_or_model
    if isinstance(path_or_model, (str, PathLike)):
        name, model = Path(path_or_model).name, parsed(path_or_model)
    if not isinstance(model, onnx.ModelProto):
        given = shortened(path_or_model)
        raise TypeError(
            f"from_onnx takes a path or an onnx.ModelProto, got {given}; try 'model.onnx'"
        )
    nodes = model.graph.node
    if not (nodes and model.opset_import and model.graph.output):
        raise ValueError(
            f"{name} is not a whole ONNX model, which has nodes, outputs and an opset version; {EXPORT}"
        )
    at_most(len(nodes), MOST_NODES, "nodes")
    at_most(max(len(node.input) for node in nodes), MOST_INPUTS, "inputs of one node")
    entries = sum(len(node.input) + len(node.output) for node in nodes)
    at_most(entries, MOST_EDGES, "inputs and outputs of nodes")
    if not model.functions:
        return model
    check_functions(model)
    try:
        return written_out(model)
    except Exception as error:  # its own, a RuntimeError or the checker's
        raise ValueError(
            f"the model's functions cannot be written out: {error}; {EXPORT}"
        ) from None


GRAPH = 7  # field of a ModelProto
NODE, STORED, STORED_SPARSE = 1, 5, 15  # fields of a GraphProto
# Fields that are messages themselves, some of which hold more of these.
MESSAGES: dict[str, dict[int, str]] = {
    "function": {7: "node", 9: "", 11: "attribute", 12: "", 14: ""},
    "node": {5: "attribute", 9: ""},
    "attribute": {5: "", 6: "graph", 10: "", 11: "graph", 14: "", 15: "", 22: "", 23: ""},
    "graph": {1: "node", 5: "", 11: "", 12: "", 13: "", 14: "", 15: "", 16: ""},
    "": {},
    "training": {1: "graph", 2: "graph", 3: "", 4: ""},
}
BODIES = {20: "training", 25: "function"}  # fields of a model


def check_structure(file: BoundedFile, name: str) -> None:
    """ValueError if a file holds more than is read: all bytes, bytes beside the weights, nodes, other entries.

    The fields of the model and of its graph are stepped over, so that nothing of them is in memory yet.
    """
    size = os.fstat(file.fileno()).st_size
    at_most(size, MOST_BYTES, f"bytes of {name}")
    entries = nodes = weights = 0
    bodies = []
    with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        for number, start, end in _fields(data, 0, size):
            inner = _fields(data, start, end) if number == GRAPH else ()
            if number in BODIES:
                bodies.append((BODIES[number], start, end))
            at_most(entries := entries + 1, MOST_ENTRIES, f"entries of {name}")
            for field, first, last in inner:
                at_most(entries := entries + 1, MOST_ENTRIES, f"entries of {name}")
                at_most(nodes := nodes + (field == NODE), MOST_NODES, f"nodes of {name}")
                weights += last - first if field in (STORED, STORED_SPARSE) else 0
                if field == NODE:
                    bodies.append(("node", first, last))
        # stepping through all takes longer than reading a usual model, whose nodes take less
        if sum(end - start for _, start, end in bodies) > MOST_BYTES_UNCOUNTED:
            for body in bodies:
                for _ in _messages(data, *body):
                    at_most(entries := entries + 1, MOST_ENTRIES, f"entries of {name}")
    at_most(size - weights, MOST_BYTES_BESIDE_WEIGHTS, f"bytes of {name} beside its weights")


def _fields(data: mmap, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of each field of a protobuf message.  LookupError if it is not such a message."""
    while at < end:
        key, at = _varint(data, at)
        length = {0: 0, 1: 8, 2: 0, 5: 4}[key & 7]
        if key < 8:  # fields are numbered from 1
            raise LookupError
        if key & 7 == 0:
            length = _varint(data, at)[1] - at
        elif key & 7 == 2:
            length, at = _varint(data, at)
        if at + length > end:
            raise LookupError
        yield key >> 3, at, at + length
        at += length


def _messages(data: mmap, kind: str, at: int, end: int) -> Iterator[None]:
    """Yield once for each message inside a message, at any depth: even an empty one takes memory."""
    for number, start, stop in _fields(data, at, end):
        if number in MESSAGES[kind]:
            yield
            yield from _messages(data, MESSAGES[kind][number], start, stop)


def _varint(data: mmap, at: int) -> tuple[int, int]:
    """A whole number of protobuf, seven bits a byte, the lowest first; and where it ends."""
    value = 0
    for shift in range(0, 64, 7):
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise LookupError


def parsed(path: str | PathLike[str]) -> Any:
    """The ModelProto in a file, without what it keeps in other files.  ValueError if it is damaged or too large."""
    import onnx
    from google.protobuf.message import DecodeError

    name = Path(path).name
    try:
        with BoundedFile(path, MOST_BYTES) as file:
            if os.fstat(file.fileno()).st_size:
                check_structure(file, name)
            return onnx.ModelProto.FromString(file.read())
    except (DecodeError, LookupError):
        raise ValueError(f"{name} is not an ONNX model, or it is cut short; {EXPORT}") from None


def opset_of(model: Any) -> int:
    """Version of the standard operators that the model is written in."""
    return max(
        (int(opset.version) for opset in model.opset_import if opset.domain in STANDARD), default=1
    )


def kind_of(node: Any) -> str:
    """The operator's name; of one that is not ONNX's own, with its domain."""
    return str(node.op_type if node.domain in STANDARD else f"{node.domain}.{node.op_type}")


def name_of(node: Any) -> str:
    """The name of a node, or of what it writes."""
    return (node.name or next(iter(node.output), "")).strip("/") or kind_of(node)


class Graph:
    """A graph, checked: its inputs, its stored arrays, and the nodes that its outputs depend on, in order.

    ``stored`` has TensorProtos by name; those in ``literals`` are nodes of their own in the file.

    Raises:
        ValueError: If a name is not text, too long, written twice, or read before a node writes it.
    """

    def __init__(self, graph: Any) -> None:
        self.inputs = {tensor.name: tensor for tensor in graph.input}
        self.stored = {tensor.name: tensor for tensor in graph.initializer}
        self.outputs = dict.fromkeys(tensor.name for tensor in graph.output)
        self.stated = (*graph.value_info, *graph.output)
        if len(self.inputs) + len(self.stored) < len(graph.input) + len(graph.initializer):
            raise ValueError(f"two inputs, or two initialisers, have one name; {EXPORT}")
        if graph.sparse_initializer:
            raise ValueError("sparse initialisers are not read; store them as dense ones")
        self._check_order(graph.node)
        self.inputs = {x: one for x, one in self.inputs.items() if x not in self.stored}
        needed, self.nodes = set(self.outputs), []
        for node in reversed(graph.node):
            if needed.intersection(filter(None, node.output)):
                self.nodes.append(node)
                needed.update(*(inner.input for inner in all_nodes([node])))
        self.nodes.reverse()
        self.literals = {
            node.output[0]: attribute.t
            for node in self.nodes
            if kind_of(node) == "Constant"
            for attribute in node.attribute
            if attribute.name == "value"
        }
        self.stored |= self.literals

    def _check_order(self, nodes: Any) -> None:
        there = {"", *self.stored, *self.inputs}
        for node in nodes:
            _check_there(f"{kind_of(node)} {name_of(node)!r}", node.input, there)
            for name in filter(None, node.output):
                if name in there:
                    raise ValueError(
                        f"{kind_of(node)} {name_of(node)!r} writes {name!r}, which is there already: names must be "
                        f"unique; {EXPORT}"
                    )
                there.add(name)
        _check_there("the model", self.outputs, there)
        for name in there:
            if isinstance(name, bytes):  # protobuf's way to hand out what is not text
                raise ValueError(
                    f"names must be text in UTF-8, got {name!r}: the file is damaged; {EXPORT}"
                )
            if name.startswith(INNER):
                raise ValueError(
                    f"names in a model begin otherwise than {INNER!r}, got {name!r}; rename it"
                )
            at_most(len(name), MOST_CHARACTERS, "characters of a name")


def _check_there(reader: str, names: Iterable[str], there: set[str]) -> None:
    for name in names:
        if name not in there:
            raise ValueError(
                f"{reader} needs {name!r}, which nothing before it writes: the file is damaged; {EXPORT}"
            )
