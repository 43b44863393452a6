"""What a Keras model is made of, as plain data: the same for a live model and for a ``.keras`` file.

The data are those of Keras's own ``config.json``: layers with their arguments and calls.  A file is read without
Keras and nothing in it is run; a live model is asked layer by layer, since a layer of one's own may lack get_config.
"""

from __future__ import annotations

import json
import math
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from unet_complexity.engineering.readers.limits import (
    MOST_CALLS,
    MOST_CONFIG_BYTES,
    BoundedFile,
    at_most,
    check_nesting,
    check_size,
)

Config = dict[str, Any]
MODELS = ("Functional", "Sequential", "Model")
SUBCLASSED = "which has no graph to read; build it as keras.Model(inputs, outputs)"
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    OSError,
    ValueError,
    OverflowError,
)


class Ref(NamedTuple):
    """A tensor in a call's arguments: one result of a layer's call, and its shape in the model."""

    layer: str
    call: int
    result: int
    shape: tuple[int | None, ...]


def config_of(model: Any) -> Config:
    """The model's configuration.  TypeError or ValueError, saying what would work, for anything else."""
    if isinstance(model, (str, PathLike)):
        return from_file(Path(model))
    return from_live(model)


def from_file(path: Path) -> Config:
    """The configuration in a ``.keras`` file."""
    if not path.is_file():
        raise ValueError(
            f"a model is read from a .keras file, got {str(path)!r}, where there is none; check the path"
        )
    try:
        config = json.loads(
            _config_json(path), parse_int=_whole, parse_float=_finite, parse_constant=_finite
        )
        check_nesting(config)
    except (*DAMAGED, RuntimeError) as error:  # RuntimeError: encrypted, or nested too deep
        raise ValueError(
            f"{path.name} is not a whole .keras file ({error}); save the model anew with model.save('model.keras')"
        ) from error
    if not (
        isinstance(config, dict)
        and isinstance(config.get("config"), dict)
        and "class_name" in config
    ):
        raise ValueError(
            f"{path.name} holds no model of Keras 3; save the model anew with model.save('model.keras')"
        )
    if not is_model(config):
        raise ValueError(f"{path.name} holds a {config['class_name']}, {SUBCLASSED}")
    return config


def _config_json(path: Path) -> bytes:
    """The bytes of config.json, decompressed no further than the limit, whatever its header says."""
    with BoundedFile(path, MOST_CONFIG_BYTES) as file, zipfile.ZipFile(file) as archive:
        how = archive.getinfo("config.json").compress_type
        if how not in (
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        ):  # the others are decompressed without a bound
            raise ValueError(
                f"its config.json is compressed by method {how}, which Keras does not write"
            )
        with archive.open("config.json") as member:
            data = member.read(MOST_CONFIG_BYTES + 1)
    at_most(len(data), MOST_CONFIG_BYTES, "bytes of config.json")
    return data


def _whole(digits: str) -> int:
    number = int(digits)
    check_size(number)
    return number


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"numbers must be finite, got {text}")
    return number


def is_model(entry: Config) -> bool:
    """True for Keras's own models; a class of the same name from elsewhere may override call().

    >>> is_model({"class_name": "Sequential"}), is_model({"class_name": "Sequential", "module": "mine"})
    (True, False)
    """
    return entry["class_name"] in MODELS and of_keras(str(entry.get("module", "keras")))


def is_nested(entry: Config) -> bool:
    """True for a model inside a model, whose layers the configuration holds."""
    return is_model(entry) and "layers" in entry["config"]


def check_amount(config: Config) -> None:
    """ValueError if the calls of all layers, those of models inside models multiplied, are more than are read."""
    at_most(_calls(config), MOST_CALLS, "calls of layers")


def _calls(config: Config) -> int:
    count = 0
    for entry in config["config"]["layers"]:
        inside = _calls(entry) if is_nested(entry) else 1
        count += max(len(entry.get("inbound_nodes", [])), 1) * inside
    return count + 1  # a model without layers is looked into all the same


def checked_shape(shape: Any) -> tuple[int | None, ...]:
    """Return a tensor's shape as a tuple; ValueError unless every side is a size or left free."""
    if isinstance(shape, (list, tuple)):
        sides = tuple(shape)
        if all(side is None or (type(side) is int and side >= 1) for side in sides):
            return sides
    raise ValueError(
        f"a shape must hold whole numbers of at least 1, or null for a free side, got {shape!r}"
    )


def checked_name(name: Any) -> str:
    """Return the name of a layer or model; ValueError unless it is text."""
    if not isinstance(name, str):
        raise ValueError(f"the name of a layer must be text, got {name!r}")
    return name


def from_live(model: Any) -> Config:
    """The configuration of a model in memory, its layers' own where they have one."""
    if kind_of(model) == "Sequential":
        if not model.built:
            raise ValueError(
                f"{model.name} has no shapes yet; give it an Input layer, or call model.build(shape)"
            )
        layers = [
            _entry(layer) | {"build_config": {"input_shape": layer.input.shape}}
            for layer in model.layers
        ]
        chain = {"name": model.name, "layers": layers, "build_input_shape": model.input_shape}
        return {"class_name": "Sequential", "module": "keras", "config": chain}
    if kind_of(model) != "Functional":
        raise TypeError(
            "from_keras reads Functional and Sequential models and .keras files, got "
            f"{type(model).__name__}, {SUBCLASSED}"
        )
    graph = _Graph(model)
    layers = [_entry(op) | {"inbound_nodes": graph.calls(op)} for op in model.operations]
    ends = {"input_layers": graph.ends(model.inputs), "output_layers": graph.ends(model.outputs)}
    config = {"name": model.name, "layers": layers, **ends}
    return {"class_name": "Functional", "module": "keras", "config": config}


def kind_of(model: Any) -> str:
    """ "Functional" or "Sequential" for those models of Keras and classes derived from them; "" for all others."""
    for kind in type(model).__mro__:
        if kind.__name__ in ("Functional", "Sequential") and of_keras(kind.__module__):
            return kind.__name__
        if "call" in vars(kind):  # overrides call(): arbitrary code
            break
    return ""


def of_keras(module: str) -> bool:
    """Whether a module is one of Keras's own.

    >>> of_keras("keras.src.layers"), of_keras("keras_of_mine")
    (True, False)
    """
    return module.split(".")[0] == "keras"


def _entry(layer: Any) -> Config:
    """Kind, arguments and identity of one layer; of a model, its own configuration."""
    entry = {
        "name": layer.name,
        "class_name": type(layer).__name__,
        "module": type(layer).__module__,
        "id": id(layer),
    }
    if kind_of(layer) in ("Functional", "Sequential"):
        return entry | from_live(layer)
    try:
        arguments = {} if type(layer).__name__ == "Lambda" else layer.get_config()
    except Exception:  # one's own layer need not have it, and may fail in any way
        arguments = {name: value for name, value in vars(layer).items() if not name.startswith("_")}
    if hasattr(getattr(layer, "layer", None), "get_config"):  # a wrapper
        arguments = arguments | {"layer": _entry(layer.layer)}
    given = getattr(layer, "activation", None)
    if callable(given) and not of_keras(
        str(getattr(given, "__module__", ""))
    ):  # Keras would write its name alone
        arguments = arguments | {
            "activation": {"class_name": "function", "module": "", "config": str(given)}
        }
    return entry | {"config": arguments}


class _Graph:
    """Which calls of the layers belong to a functional model, numbered by layer."""

    def __init__(self, model: Any) -> None:
        self.own: dict[int, list[int]] = {}  # of each operation, which of its calls
        waiting = [*model.outputs, *model.inputs]
        while waiting:
            operation, call, _ = waiting.pop()._keras_history
            if call not in self.own.setdefault(id(operation), []):
                self.own[id(operation)].append(call)
                waiting += operation._inbound_nodes[call].input_tensors
        self.own = {operation: sorted(calls) for operation, calls in self.own.items()}

    def ends(self, tensors: list[Any]) -> list[Ref]:
        return [self.ref(x) for x in tensors]

    def calls(self, operation: Any) -> list[Config]:
        nodes = [operation._inbound_nodes[call] for call in self.own.get(id(operation), [])]
        return [
            {
                "args": mapped(node.arguments.args, self.ref, _is_tensor),
                "kwargs": mapped(node.arguments.kwargs, self.ref, _is_tensor),
                "shapes": [tuple(x.shape) for x in node.outputs],
            }
            for node in nodes
            if node.input_tensors
        ]

    def ref(self, x: Any) -> Ref:
        operation, call, index = x._keras_history
        return Ref(operation.name, self.own[id(operation)].index(call), index, tuple(x.shape))


def _is_tensor(x: Any) -> bool:
    return hasattr(x, "_keras_history")


def mapped(value: Any, function: Callable[[Any], Any], chosen: Callable[[Any], bool]) -> Any:
    """Nested lists, tuples and dicts with ``function`` of whatever is ``chosen``."""
    if chosen(value):
        return function(value)
    if isinstance(value, (list, tuple)) and not isinstance(value, Ref):
        return [mapped(item, function, chosen) for item in value]
    return (
        {key: mapped(item, function, chosen) for key, item in value.items()}
        if isinstance(value, dict)
        else value
    )


def calls_of(entry: Config) -> list[Config]:
    """The calls of one layer in the configuration, with a :class:`Ref` for each tensor."""

    def serialized(x: Any) -> bool:
        return isinstance(x, dict) and x.get("class_name") == "__keras_tensor__"

    def ref(x: Config) -> Ref:
        layer, call, index = x["config"]["keras_history"]
        return Ref(checked_name(layer), call, index, checked_shape(x["config"]["shape"]))

    return [mapped(call, ref, serialized) for call in entry.get("inbound_nodes", [])]


def triples(ends: Any) -> list[tuple[str, int, int]]:
    """The (layer, call, result) of a model's inputs or outputs, which may be one, or nested lists or dicts."""
    if isinstance(ends, dict):
        ends = [ends[key] for key in sorted(ends)]  # as Keras does
    if isinstance(ends[0], str):
        return [(ends[0], ends[1], ends[2])]
    return [end for part in ends for end in triples(part)]


def refs_in(value: Any) -> Iterator[Ref]:
    """Every tensor in a call's arguments, in order."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from refs_in(item)
    elif isinstance(value, dict):
        yield from refs_in([value[key] for key in sorted(value)])  # as Keras does


def refs_of(call: Config) -> Iterator[Ref]:
    """Every tensor that a call is given."""
    yield from refs_in([call["args"], list(call["kwargs"].values())])
