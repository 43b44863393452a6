"""What a Keras model is made of, as plain data: Keras's own ``config.json``, layers with their arguments and calls.

A file is read without Keras and nothing in it is run.  A model in memory is asked for the same data.
"""

from __future__ import annotations

import json
import math
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from unet_complexity.engineering.readers.limits import (
    MOST_CHARACTERS,
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


def from_file(path: Path) -> Config:
    """The configuration in a ``.keras`` file."""
    if not path.is_file():
        raise ValueError(
            f"a model is read from a .keras file, got {str(path)!r}, where there is none; check the path"
        )
    try:
        config = parsed(_config_json(path))
    except (*DAMAGED, RuntimeError) as error:  # RuntimeError: encrypted, or nested too deep
        raise ValueError(
            f"{path.name} is not a whole .keras file ({error}); save the model anew with model.save('model.keras')"
        ) from error
    match config:
        case {"config": dict(), "class_name": kind}:
            if is_model(config):
                return dict(config)
            raise ValueError(f"{path.name} holds a {kind}, {SUBCLASSED}")
    raise ValueError(
        f"{path.name} holds no model of Keras 3; save the model anew with model.save('model.keras')"
    )


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


def parsed(data: bytes | str) -> Any:
    """The data that JSON says.  ValueError for numbers, depths and texts that no model has."""
    config = json.loads(data, parse_int=_whole, parse_float=_finite, parse_constant=_finite)
    check_nesting(config)
    for part in parts(config):
        for text in (part,) if isinstance(part, str) else part if isinstance(part, dict) else ():
            at_most(len(text), MOST_CHARACTERS, "characters of a text")
    return config


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


def checked_shape(shape: Any) -> tuple[int | None, ...]:
    """Return a tensor's shape as a tuple; ValueError unless every side is a size or left free."""
    match shape:
        case [*sides] if all(side is None or (type(side) is int and side >= 1) for side in sides):
            return tuple(sides)
    raise ValueError(
        f"a shape must hold whole numbers of at least 1, or null for a free side, got {shape!r}"
    )


def checked_name(name: Any) -> str:
    """Return the name of a layer, its class or a model; ValueError unless it is text."""
    if not isinstance(name, str):
        raise ValueError(f"the name of a layer or its class must be text, got {name!r}")
    return name


def from_live(model: Any) -> Config:
    """The configuration of a model in memory.

    Keras would write two things less: that models share a layer, and that an activation only has a known name.
    """
    if not has_graph(model):
        raise TypeError(
            "from_keras reads Functional and Sequential models and .keras files, got "
            f"{type(model).__name__}, {SUBCLASSED}"
        )
    if not getattr(model, "inputs", None):
        raise no_shapes(model.name)
    from keras import Model

    try:
        graph = Model(model.inputs, model.outputs, name=model.name)
        data = graph.to_json()
    except (
        RuntimeError,
        TypeError,
    ) as error:  # of a layer without get_config Keras raises a kind of the first
        said = f"{model.name} does not say what it is made of ({error})"
        raise ValueError(f"{said}; give its layers a get_config()") from error
    config: Config = parsed(data)
    add_unsaid(graph, config["config"], {})
    return config


def no_shapes(name: str) -> ValueError:
    """The error for a chain of layers that was never built."""
    return ValueError(
        f"{name} has no shapes yet; give it an Input layer, or call model.build(shape)"
    )


def has_graph(model: Any) -> bool:
    """True for Functional and Sequential models of Keras and classes derived from them that only have a name."""
    kinds = (kind for kind in type(model).__mro__ if "call" in vars(kind))
    runs = next(kinds, object)  # a class of one's own that overrides call() is arbitrary code
    return runs.__name__ in ("Functional", "Sequential") and of_keras(runs.__module__)


def add_unsaid(model: Any, inside: Config, met: dict[int, Config]) -> None:
    """Let a layer of several models have one configuration; mark activations that are functions of one's own."""
    layers = {layer.name: layer for layer in model.layers}
    for entry in inside["layers"]:
        layer = layers.get(entry["config"].get("name"))
        if layer is None:
            continue
        entry["config"] = met.setdefault(id(layer), entry["config"])
        if is_model(entry):
            add_unsaid(layer, entry["config"], met)
        given = getattr(getattr(layer, "layer", layer), "activation", None)
        if callable(given) and not of_keras(str(getattr(given, "__module__", ""))):
            entry["config"].get("layer", entry)["config"]["activation"] = {}


def of_keras(module: str) -> bool:
    """Whether a module is one of Keras's own.

    >>> of_keras("keras.src.layers"), of_keras("keras_of_mine")
    (True, False)
    """
    return module.split(".")[0] == "keras"


def parts(value: Any) -> Iterator[Any]:
    """A call's arguments, and all that lies inside them."""
    yield value
    for item in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from parts(item)


def mapped(value: Any, function: Callable[[Config], Any]) -> Any:
    """A call's arguments with ``function`` of each tensor."""
    if isinstance(value, list):
        return [mapped(item, function) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "__keras_tensor__":
        return function(value["config"])
    return {key: mapped(value[key], function) for key in sorted(value)}  # as Keras orders tensors


def tensors(call: Config) -> list[tuple[tuple[str, int, int], Any]]:
    """Shapes of the tensors that a call is given, in order, by the layer, its call and the result that each is."""
    found: list[Config] = []
    mapped([call["args"], call["kwargs"]], found.append)
    return [(triples(x["keras_history"])[0], x["shape"]) for x in found]


def triples(ends: Any) -> list[tuple[str, int, int]]:
    """The (layer, call, result) of a model's inputs or outputs, which may be one, or nested lists or dicts."""
    if isinstance(ends, dict):
        ends = [ends[key] for key in sorted(ends)]  # as Keras does
    if isinstance(ends[0], str):
        return [(ends[0], ends[1], ends[2])]
    return [end for part in ends for end in triples(part)]


def chained(inside: Config) -> Config:
    """The configuration of a Sequential model as that of a functional one."""
    layers = inside["layers"]
    if not layers or layers[0]["class_name"] != "InputLayer":
        raise no_shapes(inside.get("name", "model"))
    named = [{**entry, "name": entry["config"]["name"]} for entry in layers]
    for source, entry in pairwise(named):
        shape = (entry.get("build_config") or {}).get("input_shape")
        tensor = {"keras_history": [source["name"], 0, 0], "shape": shape}
        given = {"class_name": "__keras_tensor__", "config": tensor}
        entry["inbound_nodes"] = [{"args": [given], "kwargs": {}}]
    first, last = named[0]["name"], named[-1]["name"]
    return {"layers": named, "input_layers": [first, 0, 0], "output_layers": [last, 0, 0]}
