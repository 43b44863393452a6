"""What was measured, as it was measured: the files of this folder, and how to read them.

Each file says by which tool, when, on which machine and with which versions it was written.  Times are in
milliseconds: first quartile, median, third quartile of the runs.  Nothing here measures: that is what the scripts in
``benchmarks`` do, which write these files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log
from statistics import linear_regression
from typing import Any, NamedTuple

from unet_complexity.engineering.roofline import Machine
from unet_complexity.networks import Network, Step
from unet_complexity.unets import pix2pix_unet

ENGINES = {
    "onnxruntime": "ONNX Runtime",
    "onnxruntime-unfused": "ONNX Runtime, nothing fused",
    "pytorch": "PyTorch",
    "pytorch-channels-last": "PyTorch, channels last",
    "keras-jax": "Keras on JAX",
}


class Spread(NamedTuple):
    """Of a time that was measured several times, in milliseconds."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, repr=False)
class Case:
    """The asked network of one side and batch on one engine: the time of the whole, and of each of its steps.

    A step that an engine merged into another one has no time of its own; ``reorder`` is what ONNX Runtime takes to
    bring maps into the layout of its convolutions, and back.
    """

    engine: str
    side: int
    batch: int
    runs: int
    whole: Spread
    layers: dict[str, Spread]

    @property
    def network(self) -> Network:
        """The network that was measured."""
        return pix2pix_unet(self.side, 3)

    def milliseconds(self, keep: Callable[[Step], bool] = lambda step: True) -> float:
        """Medians of the steps for which ``keep`` is true, added up."""
        return sum(self.layers[step.name].median for step in self.network if step.name in self.layers and keep(step))

    @property
    def together(self) -> float:
        """Medians of all layers, added up."""
        return sum(layer.median for layer in self.layers.values())

    def share(self, *layers: type[Any]) -> float:
        """Per cent of the layers' time that steps with one of these layers take."""
        return 100 * self.milliseconds(lambda step: isinstance(step.layer, layers)) / self.together

    def __repr__(self) -> str:
        return f"<{self.engine}, side {self.side}, batch {self.batch}: {self.whole.median:,.1f} ms>"


def read(name: str) -> dict[str, Any]:
    """A file of this folder.  ValueError for one that is not there.

    >>> read("probe")["tool"]
    'benchmarks/seconds.py'
    """
    path = files("unet_complexity.engineering.measured") / f"{name}.json"
    if not path.is_file():
        raise ValueError(f"nothing is stored under {name!r}; there are {', '.join(stored())}")
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def stored() -> list[str]:
    """The names of all files."""
    names = (path.name for path in (files("unet_complexity.engineering.measured")).iterdir())
    return sorted(name.removesuffix(".json") for name in names if name.endswith(".json"))


@cache
def cases(engine: str) -> dict[tuple[int, int], Case]:
    """What was measured with an engine, by side and batch.

    >>> cases("onnxruntime")[256, 1].runs >= 7
    True
    """
    found = {}
    for one in read(f"seconds-{engine}")["cases"]:
        layers = {name: Spread(*values) for name, values in one["layers"].items()}
        key = one["side"], one["batch"]
        found[key] = Case(engine, *key, one["runs"], Spread(*one["whole"]), layers)
    return found


def machine() -> Machine:
    """The machine on which all this was measured, with the best that a probe saw on it."""
    probe = read("probe")
    about, peak, bandwidth = probe["machine"], round(probe["flops_per_second"]), round(probe["bytes_per_second"])
    return Machine(f"{about['cores']} cores of {about['processor']}", peak, bandwidth, f"measured {probe['date']}")


def exponent(sizes: Iterable[float], times: Iterable[float]) -> float:
    """The p of the power of the size, times = c size^p, that fits best: the slope on logarithmic axes.

    >>> round(exponent([1, 2, 4], [3, 12, 48]), 9)
    2.0
    """
    return linear_regression([log(size) for size in sizes], [log(time) for time in times]).slope
