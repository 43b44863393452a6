"""ONNX models with their weights: loaded, copied and checked within limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from os import PathLike
from pathlib import Path
from typing import Any
from warnings import catch_warnings

from unet_complexity.engineering.readers.limits import MOST_BYTES, at_most, refusals
from unet_complexity.engineering.readers.onnx.files import parsed
from unet_complexity.engineering.readers.onnx.functions import check_functions, parts
from unet_complexity.escaping import in_message

FilePath = str | PathLike[str]
Source = FilePath | Any  # a file, or an onnx.ModelProto


@contextmanager
def valid_model(source: Source) -> Iterator[None]:
    """Turn any error that a damaged model causes into one ValueError of one sentence.

    The errors of onnx and ONNX Runtime have no public base class.
    """
    name = name_of(source)
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


def name_of(source: Source) -> str:
    """Return the name of a model in a message.

    Raises:
        TypeError: It is neither a path nor an onnx.ModelProto.
    """
    import onnx

    if isinstance(source, (str, PathLike)):
        return Path(source).name
    if isinstance(source, onnx.ModelProto):
        return "the model"
    raise TypeError(
        f"an ONNX model is a path or an onnx.ModelProto, got {in_message(repr(source))}; "
        "try 'model.onnx'"
    )


def loaded(source: Source) -> Any:
    """Return a checked copy of a model, with its external weights if it is a file.

    Raises:
        TypeError: It is neither a path nor an onnx.ModelProto.
        ValueError: It is not valid, lacks its weights, or is too large, its functions written out.
    """
    name = name_of(source)
    model = _read(Path(source)) if isinstance(source, (str, PathLike)) else deepcopy(source)
    for tensor in _external(model):
        raise ValueError(
            f"{name} keeps {tensor.name} in another file; give the path, or load it by onnx.load(path)"
        )
    check_functions(model)
    return checked(model, name)


def checked(model: Any, name: str = "the rewritten model") -> Any:
    """Return the model.

    Raises:
        ValueError: It is too large, or ``onnx.checker`` rejects it.
    """
    import onnx

    size = model.ByteSize()
    if size > MOST_BYTES:
        raise ValueError(f"{name} has {size:,} bytes; at most {MOST_BYTES:,} fit into one file")
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise ValueError(f"{name} is not a valid ONNX model: {error}") from None
    return model


def _external(model: Any) -> Iterator[Any]:
    """Tensors whose numbers are in other files, those of subgraphs and local functions included."""
    from onnx.external_data_helper import uses_external_data

    for part in parts(model):
        if part.DESCRIPTOR.name == "TensorProto" and uses_external_data(part):
            yield part


def _read(path: Path) -> Any:
    from onnx.checker import ValidationError
    from onnx.external_data_helper import ExternalDataInfo, load_external_data_for_model

    model = parsed(path)
    size = 0
    try:
        with catch_warnings(action="ignore"):  # of keys that onnx does not know
            for tensor in _external(model):
                stated = ExternalDataInfo(tensor)
                file = path.parent / stated.location
                if not file.is_file():
                    raise ValueError(f"{stated.location!r} is not a file beside the model")
                size += max(stated.length or 0, 0) or file.stat().st_size
            at_most(size, MOST_BYTES, "bytes of external weights")
            load_external_data_for_model(model, str(path.parent))
    except (ValidationError, ValueError) as error:  # missing, or outside the model's folder
        raise ValueError(f"the external weights of {path.name} cannot be read: {error}") from None
    return model
