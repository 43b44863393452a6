"""ONNX models run on random inputs: differences of their outputs, and seconds per call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import numpy as np

# tried where sides are free
SIDES = ((64, 64), (128, 64), (128, 128), (256, 256), (256, 512), (512, 512))
SIZES = 2  # of them that the model accepts
TOLERANCE = {"float64": 1e-10, "float32": 1e-4, "float16": 1e-2}  # of the largest output
OTHERS = 1e-3  # of whole-number outputs, such as labels, may differ where two are as likely
SECONDS = 2.0  # of timing, both models in turn

Run = Callable[[dict[str, Any]], list[Any]]


def timed(runs: tuple[Run, ...], inputs: dict[str, Any]) -> list[float]:
    """Return median seconds per call, of at least five calls; the models take turns."""
    laps: list[list[float]] = [[] for _ in runs]
    end = time.monotonic() + SECONDS
    while time.monotonic() < end or len(laps[-1]) < 5:
        for run, lap in zip(runs, laps, strict=True):
            start = time.perf_counter()
            run(inputs)
            lap.append(time.perf_counter() - start)
    return [median(lap) for lap in laps]


def random_inputs(model: Any, shapes: dict[str, list[int]], seed: int) -> dict[str, Any]:
    """Return normally distributed floats; zeros and ones of any other type."""
    from onnx import helper

    random = np.random.default_rng(seed)
    given = {}
    for item in inputs_of(model):
        dtype = helper.tensor_dtype_to_np_dtype(item.type.tensor_type.elem_type)
        shape = shapes[item.name]
        if np.issubdtype(dtype, np.floating):
            given[item.name] = random.normal(size=shape).astype(dtype)
        else:
            given[item.name] = random.integers(0, 2, shape).astype(dtype)
    return given


def inputs_of(model: Any) -> list[Any]:
    """Return the inputs without a default.

    Raises:
        ValueError: One is not a tensor.
    """
    defaults = {item.name for item in model.graph.initializer}
    needed = [item for item in model.graph.input if item.name not in defaults]
    for item in needed:
        if not item.type.HasField("tensor_type"):
            raise ValueError(
                f"the input {item.name!r} is not a tensor; only tensors can be drawn at random"
            )
    return needed


def sizes(model: Any, run: Run) -> Iterator[dict[str, list[int]]]:
    """Yield shapes that the original accepts: the file's, or the first of SIDES for its free sides.

    Raises:
        ValueError: It accepts none.
    """
    tried: list[dict[str, list[int]]] = []
    accepted, refusal = 0, ""
    for sides in SIDES:
        shapes = {item.name: _shape(item, sides) for item in inputs_of(model)}
        if shapes in tried or accepted == SIZES:
            continue
        tried.append(shapes)
        try:
            run(random_inputs(model, shapes, 0))
        except ValueError as error:
            refusal = str(error)
            continue
        yield shapes
        accepted += 1
    if not accepted:
        raise ValueError(f"the original model runs at none of the sides {SIDES}: {refusal}")


def _shape(item: Any, sides: tuple[int, int]) -> list[int]:
    """Replace free sizes: the last two axes by ``sides``, any other, such as the batch, by 1."""
    axes = item.type.tensor_type.shape.dim
    free = [1] * (len(axes) - 2) + list(sides)
    pairs = zip(axes, free[-len(axes) :], strict=False)
    return [axis.dim_value if axis.HasField("dim_value") else side for axis, side in pairs]


@contextmanager
def _one_sentence() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # the engine's own kinds have no public base
        said = " ".join(str(error).split())
        raise ValueError(f"ONNX Runtime cannot run the model: {said}") from None


def runner(model: Any) -> Run:
    """Return a function from named inputs to outputs, run by ONNX Runtime on the CPU.

    Raises:
        ValueError: The model cannot be run.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised too
    with _one_sentence():
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    @_one_sentence()
    def run(inputs: dict[str, Any]) -> list[Any]:
        return list(session.run(None, inputs))

    return run


def apart(model: Any, before: list[Any], after: list[Any]) -> float:
    """Return the largest difference relative to the largest output; of other than floats, the share that differs.

    Raises:
        ValueError: It is larger than TOLERANCE allows.
    """
    worst = 0.0
    for item, old, new in zip(model.graph.output, before, after, strict=True):
        if not (isinstance(old, np.ndarray) and isinstance(new, np.ndarray)):
            raise ValueError(f"output {item.name!r} is not a tensor; only tensors can be compared")
        allowed = TOLERANCE.get(old.dtype.name, OTHERS)
        difference = _difference(old, new)
        if not difference <= allowed:  # NaN is not
            raise ValueError(
                f"output {item.name!r} differs by {difference:.1e}, more than {allowed:g}: not the same"
            )
        worst = max(worst, difference)
    return worst


def _difference(old: Any, new: Any) -> float:
    differs = old != new  # infinities of one sign are equal
    if old.dtype.name not in TOLERANCE:
        return int(differs.sum()) / max(old.size, 1)
    differs &= ~(np.isnan(old) & np.isnan(new))
    finite = np.abs(old[np.isfinite(old)], dtype=float)
    largest = finite.max(initial=np.finfo(float).tiny)
    return float(np.abs(old[differs].astype(float) - new[differs]).max(initial=0) / largest)
