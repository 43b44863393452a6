"""Networks of the package on real engines: a module per engine, which hands over what can be run and timed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from unet_complexity import Network

# name: (module here, packages it needs, settings)
ENGINES: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
    "onnxruntime": ("onnx_runtime", ("onnx", "onnxruntime"), {}),
    "onnxruntime-unfused": ("onnx_runtime", ("onnx", "onnxruntime"), {"optimise": False}),
    "onnxruntime-cuda": ("onnx_runtime", ("onnx", "onnxruntime"), {"device": "cuda"}),
    "pytorch": ("pytorch", ("torch",), {}),
    "pytorch-channels-last": ("pytorch", ("torch",), {"channels_last": True}),
    "pytorch-cuda": ("pytorch", ("torch",), {"device": "cuda"}),
    "keras-jax": ("keras_jax", ("keras", "jax"), {}),
}


@dataclass(frozen=True)
class Ready:
    """A network as an engine runs it.

    ``whole()`` runs it once, without a look inside.  ``layers()`` runs it once more and says how many seconds each
    step took, under the step's name; what an engine merges into another step has no name of its own.  Both return
    when the work is done, not when it is queued.  ``note`` says how the layers were timed.
    """

    whole: Callable[[], Any]
    layers: Callable[[], dict[str, float]]
    note: str


def missing(name: str) -> str:
    """Why an engine cannot be run here; empty where it can."""
    if name not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {name!r}")
    module, packages, settings = ENGINES[name]
    if absent := [package for package in packages if find_spec(package) is None]:
        return f"{' and '.join(absent)} not installed"
    if settings.get("device") == "cuda" and not _module(module).has_cuda():
        return "no CUDA device that it can use"
    return ""


def prepare(name: str, network: Network, batch: int) -> Ready:
    """The network with random weights, ready to run on a batch of random images."""
    module, _, settings = ENGINES[name]
    ready: Ready = _module(module).prepare(network, batch, **settings)
    return ready


def _module(name: str) -> Any:
    return import_module(f"benchmarks.engines.{name}")
