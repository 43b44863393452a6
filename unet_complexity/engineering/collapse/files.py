"""ONNX models in and out: loaded with their weights, checked, never changed in place."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

from unet_complexity.engineering.readers.limits import MOST_BYTES, at_most
from unet_complexity.engineering.readers.onnx.files import parsed


def loaded(source: str | PathLike[str] | Any) -> Any:
    """A valid model of one's own, from a file with its external weights, or from a ModelProto, which is copied.

    TypeError for anything else; ValueError for what is no valid ONNX model, or lacks its weights, or has too many.
    """
    import onnx
    from onnx.external_data_helper import uses_external_data

    name, model = "the model", source
    if isinstance(source, (str, PathLike)):
        name, model = Path(source).name, _read(Path(source))
    if not isinstance(model, onnx.ModelProto):
        raise TypeError(f"an ONNX model is a path or an onnx.ModelProto, got {source!r}; try 'model.onnx'")
    if outside := [item.name for item in model.graph.initializer if uses_external_data(item)]:
        raise ValueError(f"{name} keeps {outside[0]} in another file; give the path, or load it by onnx.load(path)")
    own = onnx.ModelProto()
    own.CopyFrom(model)
    return checked(own, name)


def checked(model: Any, name: str = "the rewritten model") -> Any:
    """The model, if ``onnx.checker`` passes it; else ValueError."""
    import onnx

    if model.ByteSize() > MOST_BYTES:
        raise ValueError(f"{name} has {model.ByteSize():,} bytes; at most {MOST_BYTES:,} fit into one file")
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise ValueError(f"{name} is no valid ONNX model: {' '.join(str(error).split())}") from None
    return model


def _read(path: Path) -> Any:
    import onnx
    from onnx.external_data_helper import load_external_data_for_model

    model = parsed(path)
    try:
        at_most(sum(_outside(model, path.parent)), MOST_BYTES, "bytes of external weights")
        load_external_data_for_model(model, str(path.parent))
    except (onnx.checker.ValidationError, ValueError) as error:  # missing, or outside the model's folder
        raise ValueError(f"the external weights of {path.name} cannot be read: {error}") from None
    return model


def _outside(model: Any, folder: Path) -> Iterator[int]:
    """Bytes of each array that lies in another file: as many as are stated, else all of that file."""
    from onnx.external_data_helper import ExternalDataInfo, uses_external_data

    for tensor in filter(uses_external_data, model.graph.initializer):
        where = ExternalDataInfo(tensor)
        file = folder / where.location
        if not file.is_file():
            raise ValueError(f"{where.location!r} is not a file beside the model")
        yield where.length or file.stat().st_size
