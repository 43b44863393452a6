"""An ONNX file as a graph that can be walked: parsed, checked, its nodes in an order in which each finds its inputs.

Only the file itself is read, and of it only what shapes hang on: weights are known by their dimensions, so those that
an exporter put into other files are neither needed nor looked for.  Nothing in a file is executed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from io import BufferedReader
from os import PathLike
from pathlib import Path
from reprlib import repr as shortened
from typing import Any, BinaryIO

from unet_complexity.engineering.readers.limits import (
    MOST_BYTES,
    MOST_BYTES_BESIDE_WEIGHTS,
    MOST_CHARACTERS,
    MOST_ENTRIES,
    MOST_INPUTS,
    MOST_NODES,
    BoundedFile,
    at_most,
)

EXPORT = 'export it anew, with PyTorch by torch.onnx.export(model, example, "model.onnx")'
STANDARD = ("", "ai.onnx")


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
    for part, what in (
        (model.opset_import, "opset version"),
        (model.graph.node, "nodes"),
        (model.graph.output, "outputs"),
    ):
        if not part:
            raise ValueError(f"{name} is no whole ONNX model: it has no {what}; {EXPORT}")
    at_most(len(model.graph.node), MOST_NODES, "nodes")
    at_most(max(len(node.input) for node in model.graph.node), MOST_INPUTS, "inputs of one node")
    at_most(
        sum(len(node.input) + len(node.output) for node in model.graph.node),
        MOST_ENTRIES,
        "inputs and outputs",
    )
    return _without_functions(model) if model.functions else model


GRAPH = 7  # field of a ModelProto
NODE, STORED, STORED_SPARSE = 1, 5, 15  # fields of a GraphProto


def check_structure(file: BoundedFile, name: str) -> None:
    """ValueError if a file holds more than is read: all bytes, bytes beside the weights, nodes, other entries.

    The fields of the model and of its graph are stepped over, so that nothing of them is in memory yet.
    """
    size = os.fstat(file.fileno()).st_size
    at_most(size, MOST_BYTES, f"bytes of {name}")
    buffered = BufferedReader(file)  # one system call a block, not one a byte
    entries = nodes = weights = 0
    try:
        for number, length in _fields(buffered, size):
            at_most(entries := entries + 1, MOST_ENTRIES, f"entries of {name}")
            if number != GRAPH:
                continue
            for inner, inner_length in _fields(buffered, buffered.tell() + length):
                at_most(entries := entries + 1, MOST_ENTRIES, f"entries of {name}")
                at_most(nodes := nodes + (inner == NODE), MOST_NODES, f"nodes of {name}")
                weights += inner_length if inner in (STORED, STORED_SPARSE) else 0
        at_most(size - weights, MOST_BYTES_BESIDE_WEIGHTS, f"bytes of {name} beside its weights")
    except EOFError:
        raise ValueError(f"{name} is no ONNX model, or it is cut short; {EXPORT}") from None
    finally:
        buffered.detach()
    file.seek(0)


def _fields(file: BinaryIO, end: int) -> Iterator[tuple[int, int]]:
    """Number and length of each field of a protobuf message that ends at ``end``; the file stands at its content.

    EOFError if it is not such a message.
    """
    while file.tell() < end:
        key = _varint(file)
        length = {0: 0, 1: 8, 2: 0, 5: 4}.get(key & 7)
        if length is None or key < 8:  # fields are numbered from 1
            raise EOFError
        if key & 7 == 2:
            length = _varint(file)
        here = file.tell()
        yield key >> 3, length
        file.seek(here)
        if key & 7 == 0:
            _varint(file)
        else:
            file.seek(here + length)


def _varint(file: BinaryIO) -> int:
    """A whole number of protobuf: seven bits a byte, the lowest first."""
    value = 0
    for shift in range(0, 64, 7):
        byte = file.read(1)
        if not byte:
            raise EOFError
        value |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return value
    raise EOFError


def parsed(path: str | PathLike[str]) -> Any:
    """The ModelProto in a file, without what it keeps in other files.  ValueError if it is damaged or too large."""
    import onnx
    from google.protobuf.message import DecodeError

    name = Path(path).name
    try:
        with BoundedFile(path, MOST_BYTES) as file:
            check_structure(file, name)
            return onnx.ModelProto.FromString(file.read())
    except DecodeError as error:
        raise ValueError(
            f"{name} is no ONNX model, or it is cut short ({error}); {EXPORT}"
        ) from None


def check_functions(model: Any) -> None:
    """ValueError if the model's functions call themselves, or make too many nodes when written out."""
    called = {
        (f.domain, f.name): [(node.domain, node.op_type) for node in _all(f.node)]
        for f in model.functions
    }
    sizes: dict[Any, int] = {}
    for one in _sorted({key: called.keys() & kinds for key, kinds in called.items()}, "functions"):
        sizes[one] = sum(sizes.get(kind, 1) for kind in called[one])
    written_out = sum(sizes.get((node.domain, node.op_type), 1) for node in _all(model.graph.node))
    at_most(written_out, MOST_NODES, "nodes, functions written out,")


def _without_functions(model: Any) -> Any:
    """The model with each call of one of its functions replaced by the function's nodes.  ValueError for recursion."""
    from onnx import inliner

    check_functions(model)
    try:
        return inliner.inline_local_functions(model)
    except Exception as error:  # its own, a RuntimeError or the checker's
        raise ValueError(
            f"the model's functions cannot be written out: {error}; {EXPORT}"
        ) from None


def _all(nodes: Iterable[Any]) -> Iterator[Any]:
    """The nodes, and those of the graphs in their attributes."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _all(graph.node)


def opset_of(model: Any) -> int:
    """Version of the standard operators that the model is written in."""
    return max(
        (int(opset.version) for opset in model.opset_import if opset.domain in STANDARD), default=1
    )


def kind_of(node: Any) -> str:
    """The operator's name; of one that is not ONNX's own, with its domain."""
    return str(node.op_type if node.domain in STANDARD else f"{node.domain}.{node.op_type}")


def stored(graph: Any) -> dict[str, Any]:
    """The initialisers, each a TensorProto, by name.  ValueError where two have one name."""
    dense = [(tensor.name, tensor) for tensor in graph.initializer]
    return _once(
        dense + [(sparse.values.name, sparse) for sparse in graph.sparse_initializer],
        "initialisers",
    )


def in_order(graph: Any) -> list[Any]:
    """The nodes that the outputs hang on, each after those that write its inputs.

    ValueError where a name is written twice, or read and never written, or where nodes wait for one another.
    """
    _check_names(graph)
    there = {
        *_once([(tensor.name, tensor) for tensor in graph.input], "inputs"),
        *stored(graph),
        "",
    }
    writers = _once(
        [(name, i) for i, node in enumerate(graph.node) for name in node.output if name],
        "outputs of nodes",
    )
    if both := sorted(there & writers.keys()):
        raise ValueError(
            f"a node writes {both[0]!r}, which is an input or an initialiser too; {EXPORT}"
        )
    for reader, names in [
        *((_title(node), node.input) for node in graph.node),
        ("the model", _names(graph.output)),
    ]:
        if absent := [name for name in names if name not in writers and name not in there]:
            raise ValueError(
                f"{reader} needs {absent[0]!r}, which nothing writes: the file is damaged; {EXPORT}"
            )
    before = {
        i: {writers[name] for inner in _all([node]) for name in inner.input if name in writers}
        for i, node in enumerate(graph.node)
    }
    order = (
        list(before)
        if all(max(b, default=-1) < i for i, b in before.items())
        else _sorted(before, "nodes")
    )
    needed = {writers[name] for name in _names(graph.output) if name in writers}
    for i in reversed(order):
        needed |= before[i] if i in needed else set()
    return [graph.node[i] for i in order if i in needed]


def _check_names(graph: Any) -> None:
    """ValueError if a name is not text: protobuf then gives it as bytes."""
    tensors = [
        tensor.name
        for tensor in (*graph.input, *graph.output, *graph.value_info, *graph.initializer)
    ]
    nodes = [
        name
        for node in graph.node
        for name in (node.name, node.op_type, node.domain, *node.input, *node.output)
    ]
    dims = [dim.dim_param for tensor in graph.input for dim in tensor.type.tensor_type.shape.dim]
    attributes = [attribute.name for node in graph.node for attribute in node.attribute]
    if wrong := [
        name for name in (*tensors, *nodes, *dims, *attributes) if isinstance(name, bytes)
    ]:
        raise ValueError(
            f"names must be text in UTF-8, got {wrong[0]!r}: the file is damaged; {EXPORT}"
        )
    at_most(
        max(map(len, (*tensors, *nodes, *dims)), default=0), MOST_CHARACTERS, "characters of a name"
    )


def _names(tensors: Iterable[Any]) -> list[str]:
    return [tensor.name for tensor in tensors]


def _title(node: Any) -> str:
    return f"{kind_of(node)} {node.name or ', '.join(node.output)!r}"


def _once(named: list[tuple[str, Any]], what: str) -> dict[str, Any]:
    twice = [name for name, count in Counter(name for name, _ in named).items() if count > 1]
    if twice:
        raise ValueError(f"two {what} are called {twice[0]!r}, and names must be unique; {EXPORT}")
    return dict(named)


def _sorted(before: dict[Any, set[Any]], what: str) -> list[Any]:
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError as error:
        raise ValueError(
            f"the model's {what} wait for one another in a cycle, {error.args[1]}; {EXPORT}"
        ) from None
