"""ONNX models with their weights: loaded, copied and checked within limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

from unet_complexity.engineering.readers.limits import MOST_BYTES, at_most, refusals
from unet_complexity.engineering.readers.onnx.files import parsed


@contextmanager
def valid_model(name: str) -> Iterator[None]:
    """Turn any error that a damaged model causes into one ValueError of one sentence.

    The errors of onnx and ONNX Runtime have no public base class.
    """
    with refusals(name):
        try:
            yield
        except (ValueError, OSError, ImportError, MemoryError, RecursionError):
            raise
        except Exception as error:
            kind = type(error).__name__
            raise ValueError(
                f"{name} must be a valid ONNX model, got {kind}; export it anew"
            ) from error


def loaded(source: str | PathLike[str] | Any) -> Any:
    """Return a checked copy of a model, with its external weights if it is a file.

    Raises:
        TypeError: it is neither a path nor an onnx.ModelProto.
        ValueError: it is not valid, lacks its weights, or is too large.
    """
    import onnx
    from onnx.external_data_helper import uses_external_data

    name, model = name_of(source), source
    if isinstance(source, (str, PathLike)):
        model = _read(Path(source))
    if outside := list(filter(uses_external_data, tensors(model))):
        raise ValueError(
            f"{name} keeps {outside[0].name} in another file; give the path, or load it by onnx.load(path)"
        )
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return checked(copy, name)


def name_of(source: str | PathLike[str] | Any) -> str:
    """Return the name of a model in a message; TypeError if it is neither a path nor a ModelProto."""
    import onnx

    if isinstance(source, (str, PathLike)):
        return Path(source).name
    if isinstance(source, onnx.ModelProto):
        return "the model"
    raise TypeError(
        f"an ONNX model is a path or an onnx.ModelProto, got {source!r}; try 'model.onnx'"
    )


def checked(model: Any, name: str = "the rewritten model") -> Any:
    """Return the model; ValueError if it is too large or ``onnx.checker`` rejects it."""
    import onnx

    if model.ByteSize() > MOST_BYTES:
        raise ValueError(
            f"{name} has {model.ByteSize():,} bytes; at most {MOST_BYTES:,} fit into one file"
        )
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise ValueError(
            f"{name} is not a valid ONNX model: {' '.join(str(error).split())}"
        ) from None
    return model


def all_nodes(model: Any) -> Iterator[Any]:
    """Nodes of the graph, of its subgraphs and of the local functions."""
    yield from nodes_of(model.graph)
    for function in model.functions:
        yield from nodes_of(function)


def nodes_of(graph: Any) -> Iterator[Any]:
    """Nodes of a graph (or a local function) and of its subgraphs."""
    for node in graph.node:
        yield node
        for inner in subgraphs(node):
            yield from nodes_of(inner)


def subgraphs(node: Any) -> Iterator[Any]:
    """Graphs in the attributes of a node: branches of If, bodies of Loop and Scan."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def tensors(model: Any) -> Iterator[Any]:
    """All stored tensors: initializers and attributes, those of subgraphs and functions included."""
    nodes = list(all_nodes(model))
    attributes = [attribute for node in nodes for attribute in node.attribute]
    for function in model.functions:
        attributes.extend(function.attribute_proto)
    for graph in (model.graph, *(inner for node in nodes for inner in subgraphs(node))):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for attribute in attributes:
        yield from (attribute.t, *attribute.tensors)
        for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
            yield from (sparse.values, sparse.indices)


def _read(path: Path) -> Any:
    import onnx
    from onnx.external_data_helper import load_external_data_for_model

    model = parsed(path)
    try:
        at_most(sum(_outside(model, path.parent)), MOST_BYTES, "bytes of external weights")
        load_external_data_for_model(model, str(path.parent))
    except (
        onnx.checker.ValidationError,
        ValueError,
    ) as error:  # missing, or outside the model's folder
        raise ValueError(f"the external weights of {path.name} cannot be read: {error}") from None
    return model


def _outside(model: Any, folder: Path) -> Iterator[int]:
    """Bytes to read for each external tensor: the stated length, or else the whole file."""
    from onnx.external_data_helper import ExternalDataInfo, uses_external_data

    for tensor in filter(uses_external_data, tensors(model)):
        where = ExternalDataInfo(tensor)
        file = folder / where.location
        if not file.is_file():
            raise ValueError(f"{where.location!r} is not a file beside the model")
        length = where.length or 0
        yield length if length > 0 else file.stat().st_size
