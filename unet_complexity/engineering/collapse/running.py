"""ONNX models run on random inputs: differences of their outputs, and seconds per call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from statistics import median
from timeit import timeit
from typing import Any

import numpy as np

from unet_complexity.engineering.readers.onnx.inputs import stated

# tried where sides are free
SIDES = ((64, 64), (128, 64), (128, 128), (256, 256), (256, 512), (512, 512))
SIZES = 2  # of them that the model accepts
TOLERANCE = {"float64": 1e-10, "float32": 1e-4, "float16": 1e-2}  # of the largest output
OTHERS = 1e-3  # of whole-number outputs, such as labels, may differ where two are as likely
SECONDS = 2.0  # of timing, both models in turn

Tensors = dict[str, Any]  # by name
Shapes = dict[str, list[int]]  # by name
Run = Callable[[Tensors], list[Any]]


def timed(runs: Sequence[Run], inputs: Tensors) -> list[float]:
    """Return median seconds per call, of at least five calls; the models take turns."""
    laps: list[list[float]] = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end or len(laps) < 5:
        laps.append([timeit(partial(run, inputs), number=1) for run in runs])
    return [median(times) for times in zip(*laps, strict=True)]


def random_inputs(model: Any, shapes: Shapes, seed: int) -> Tensors:
    """Return normally distributed floats; zeros and ones of any other type."""
    from onnx.helper import tensor_dtype_to_np_dtype

    random = np.random.default_rng(seed)
    given = {}
    for item in inputs_of(model):
        shape = shapes[item.name]
        dtype = tensor_dtype_to_np_dtype(item.type.tensor_type.elem_type)
        is_float = np.issubdtype(dtype, np.floating)
        drawn = random.normal(size=shape) if is_float else random.integers(0, 2, shape)
        given[item.name] = drawn.astype(dtype)
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


def sizes(model: Any, run: Run) -> Iterator[Shapes]:
    """Yield shapes that the original accepts: the file's, or the first of SIDES for its free sides.

    Raises:
        ValueError: It accepts none.
    """
    accepted: list[Shapes] = []
    refusal = ""
    for sides in SIDES:
        shapes = {item.name: _shape(item, sides) for item in inputs_of(model)}
        if shapes in accepted or len(accepted) == SIZES:
            continue
        try:
            run(random_inputs(model, shapes, 0))
        except ValueError as error:
            refusal = str(error)
            continue
        accepted.append(shapes)
        yield shapes
    if not accepted:
        raise ValueError(f"the original model runs at none of the sides {SIDES}: {refusal}")


def _shape(item: Any, sides: Sequence[int]) -> list[int]:
    """Replace free sizes: the last two axes by ``sides``, any other, such as the batch, by 1."""
    shape = stated(item) or ()
    free = [1] * len(shape) + [*sides]
    fitting = free[len(free) - len(shape) :]
    pairs = zip(shape, fitting, strict=True)
    return [side if isinstance(side, int) else other for side, other in pairs]


@contextmanager
def _one_sentence() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # the engine's own kinds have no public base
        raise ValueError(f"ONNX Runtime cannot run the model: {error}") from None


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
    def run(inputs: Tensors) -> list[Any]:
        return list(session.run(None, inputs))

    return run


def apart(model: Any, before: list[Any], after: list[Any]) -> float:
    """Return the largest difference relative to the largest output; of other than floats, the share that differs.

    Raises:
        ValueError: It is larger than TOLERANCE allows.
    """
    worst = 0.0
    for item, old, new in zip(model.graph.output, before, after, strict=True):
        if {type(old), type(new)} != {np.ndarray}:
            raise ValueError(f"output {item.name!r} is not a tensor; only tensors can be compared")
        allowed = TOLERANCE.get(old.dtype.name, OTHERS)
        difference = _difference(old, new)
        if not difference <= allowed:  # NaN is not
            raise ValueError(
                f"output {item.name!r} differs by {difference:.1e}, more than {allowed:g}: not the same"
            )
        worst = max(worst, difference)
    return worst


def _difference(old: Any, new: Any) -> Any:
    differs = old != new  # infinities of one sign are equal
    if old.dtype.name not in TOLERANCE:
        return np.count_nonzero(differs) / max(old.size, 1)
    differs &= ~(np.isnan(old) & np.isnan(new))
    largest = np.max(np.abs(old), where=np.isfinite(old), initial=0)
    gaps = np.abs(old[differs].astype(float) - new[differs])
    return gaps.max(initial=0) / max(largest, np.finfo(float).tiny)
