"""Measured times: the files of this folder as records.

Each file names the tool, date, machine and versions of its measurement.  Times are in milliseconds: first quartile,
median and third quartile of the runs.  The scripts in ``benchmarks`` measure and write these files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from math import log
from pathlib import Path
from statistics import linear_regression
from typing import Any, NamedTuple

from unet_complexity.engineering.roofline import Machine
from unet_complexity.networks import Network
from unet_complexity.unets import pix2pix_unet

FOLDER = Path(__file__).parent
ENGINES = {
    "onnxruntime": "ONNX Runtime",
    "onnxruntime-unfused": "ONNX Runtime, nothing fused",
    "pytorch": "PyTorch",
    "pytorch-channels-last": "PyTorch, channels last",
    "keras-jax": "Keras on JAX",
}


class Spread(NamedTuple):
    """Quartiles of a repeated measurement, in milliseconds."""

    low: float
    median: float
    high: float


class Case(NamedTuple):
    """Times of the pix2pix U-Net on one engine, for one side and batch.

    ``layers`` holds the time of each step.  A step that the engine merged into another one has no time of its own.
    ``reorder`` is the time in which ONNX Runtime converts maps to and from the layout of its convolutions.
    """

    engine: str
    side: int
    batch: int
    runs: int
    whole: Spread
    layers: dict[str, Spread]

    @property
    def network(self) -> Network:
        """The measured network."""
        return pix2pix_unet(self.side, 3)

    def milliseconds(self, keep: Callable[..., bool] = lambda step: True) -> float:
        """Return the sum of the steps' medians.

        Args:
            keep: Condition for a step to count; every step, if not given.
        """
        counted = filter(keep, self.network)
        return sum(self.layers[step.name].median for step in counted if step.name in self.layers)

    @property
    def together(self) -> float:
        """Sum of all medians, ``reorder`` included."""
        return sum(layer.median for layer in self.layers.values())

    def share(self, *layers: type[Any]) -> float:
        """Return the percentage of the summed time that steps of these layers take."""
        return 100 * self.milliseconds(lambda step: isinstance(step.layer, layers)) / self.together

    def __repr__(self) -> str:
        return f"<{self.engine}, side {self.side}, batch {self.batch}: {self.whole.median:,.1f} ms>"


def read(name: str) -> dict[str, Any]:
    """Return the content of a file of this folder.

    Args:
        name: Name of the file, without its ending.

    Raises:
        ValueError: There is no such file.

    Example:
        >>> read("probe")["tool"]
        'benchmarks/seconds.py'
    """
    if name not in stored():
        raise ValueError(f"there is no measurement {name!r}; there are {', '.join(stored())}")
    text = (FOLDER / f"{name}.json").read_text("utf-8")
    return dict(json.loads(text))


def stored() -> list[str]:
    """Return the names of all files, without their ending."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def cases(engine: str) -> dict[tuple[int, int], Case]:
    """Return the measured cases of an engine, by side and batch.

    Args:
        engine: A key of ``ENGINES``.

    Raises:
        ValueError: The engine was not measured.

    Example:
        >>> cases("onnxruntime")[256, 1].runs >= 7
        True
    """
    found = {}
    for case in read(f"seconds-{engine}")["cases"]:
        layers = {name: Spread(*values) for name, values in case["layers"].items()}
        key = case["side"], case["batch"]
        found[key] = Case(engine, *key, case["runs"], Spread(*case["whole"]), layers)
    return found


def machine() -> Machine:
    """Return the machine of all measurements, with the highest rates that a probe reached on it."""
    probe = read("probe")
    about = probe["machine"]
    return Machine(
        f"{about['cores']} cores of {about['processor']}",
        round(probe["flops_per_second"]),
        round(probe["bytes_per_second"]),
        f"measured {probe['date']}",
    )


def exponent(sizes: Iterable[float], times: Iterable[float]) -> float:
    """Return the p for which times = c size^p fits best: the slope on logarithmic axes.

    Example:
        >>> round(exponent([1, 2, 4], [3, 12, 48]), 9)
        2.0
    """
    return linear_regression(list(map(log, sizes)), list(map(log, times))).slope
