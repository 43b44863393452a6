"""From file to file: rewrite a model, run both on random inputs, and write it if the outputs agree."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from timeit import timeit
from typing import Any

import numpy as np

from unet_complexity.engineering.bounded import bounded
from unet_complexity.engineering.collapse.files import FilePath, loaded, valid_model
from unet_complexity.engineering.collapse.rewriting import Collapsed, collapse_upsampling
from unet_complexity.engineering.fits import footprint, letters_of
from unet_complexity.engineering.readers.onnx import from_onnx
from unet_complexity.engineering.readers.onnx.files import kind_of
from unet_complexity.engineering.readers.onnx.functions import all_nodes
from unet_complexity.engineering.readers.onnx.inputs import stated
from unet_complexity.escaping import one_line, plain
from unet_complexity.files import write_new

LOOPS = {"Loop", "Scan", "SequenceMap"}  # they may run for ever
SEEDS = (0, 1, 2)
SIDES = (  # tried if sides are free
    (64, 64),
    (128, 64),
    (128, 128),
    (256, 256),
    (256, 512),
    (512, 512),
)
SIZES = 2  # of them that the model accepts
TOLERANCE = {"float64": 1e-10, "float32": 1e-4, "float16": 1e-2}  # of the largest output
OTHERS = 1e-3  # of whole-number outputs, such as labels, may differ where two are as likely
SECONDS = 2.0  # of timing, both models in turn

Tensors = dict[str, Any]  # by name
Run = Callable[[Tensors], list[Any]]


def command(source: FilePath, target: FilePath) -> str:
    """Write the collapsed model of ``source`` to ``target`` once it is verified, and return a report.

    Both models run in ONNX Runtime on random inputs: three seeds, and two sizes if sides are free.  No output
    may differ by more than 1e-4 (float64: 1e-10, float16: 1e-2) of the largest.  Both are then timed in turn.
    The report also has MACs, parameters and the peak of inference's memory, before and after.
    The new file holds all weights, external ones included.

    Raises:
        ImportError: onnx or onnxruntime is missing.
        ValueError: The target exists or is not an .onnx file, or the source is invalid, has loops or nothing to
            collapse, cannot be run, or gives other outputs.  No file is written.
    """
    source, target = Path(source), Path(target)
    taken = ValueError(
        f"{target.name} is there already, and nothing is overwritten; give another name to write to"
    )
    if os.path.realpath(source) == os.path.realpath(target):
        raise ValueError(
            f"{source.name} would be overwritten by its own rewriting; give another name to write to"
        )
    if target.suffix.lower() != ".onnx":
        better = Path(target.name or "collapsed").with_suffix(".onnx")
        raise ValueError(
            f"what is written is an .onnx file, got {target.name or 'no name'}; try {better}"
        )
    if os.path.lexists(target):
        raise taken
    with bounded(source), valid_model(source):
        original = loaded(source)
        collapsed = collapse_upsampling(original)
    if not collapsed.replaced:
        raise ValueError(
            f"{source.name} has nothing to collapse, so nothing was written\n{collapsed}".rstrip()
        )
    with valid_model(source):
        report = verified(original, collapsed)
    try:
        write_new(target, collapsed.model.SerializeToString())
    except FileExistsError:  # made while the models ran
        raise taken from None
    return f"{collapsed}\n{report}\nwritten to {plain(target.name)}"


def verified(original: Any, collapsed: Collapsed) -> str:
    """Return a report of differences, costs and times.

    Raises:
        ValueError: The outputs differ, or the model has loops.
    """
    kinds = set(map(kind_of, all_nodes([original])))
    if loops := LOOPS & kinds:
        raise ValueError(
            f"a model is run only if it has no loops, got {min(loops)}; collapse_upsampling() does not run it"
        )
    runs = runner(original), runner(collapsed.model)
    differences, lines = [], []
    counts: list[str] = []
    for shown, sides in sizes(original, runs[0]).items():
        for seed in SEEDS:
            inputs = random_inputs(original, sides, seed)
            old, new = (run(inputs) for run in runs)
            differences.append(apart(original, old, new))
        before, after = timed(runs, inputs)
        counts = counts or counted(original, collapsed.model, inputs, shown)
        lines.append(
            f"{shown}: {before:,.2f} ms before, {after:,.2f} ms after, "
            f"{before / after:.2f} times as fast"
        )
    if after >= before:
        lines.append("not faster on this machine: keep the original here")
    same = (
        f"same outputs for {len(SEEDS)} random inputs of each size: "
        f"at most {max(differences):.1e} of the largest apart"
    )
    return "\n".join([same, *counts, *lines])


def counted(before: Any, after: Any, inputs: Tensors, shown: str) -> list[str]:
    """Return a line each for MACs, parameters and memory before and after; or one with the reason for none.

    Args:
        before: The original model.
        after: The rewritten one.
        inputs: Of both; the sides of the first one take the place of free ones.
        shown: Their shapes in words.
    """
    found = []
    try:
        for model in (before, after):
            network = from_onnx(model)
            if letters_of(network):
                first = next(iter(inputs.values()))
                network = from_onnx(model, first.shape[2:])
            total = network.total()
            found.append((total.macs, total.params, footprint(network).peak))
    except ValueError as error:
        return [f"costs are not counted: {one_line(str(error))}"]
    names = ("MACs", "parameters", "bytes at the peak of inference in float32")
    return [
        f"{shown}: {old:,} {name} before, {new:,} after"
        for name, old, new in zip(names, *found, strict=True)
    ]


def timed(runs: Sequence[Run], inputs: Tensors) -> Any:
    """Return median milliseconds per call, of at least five calls; the models take turns."""
    laps: list[list[float]] = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end or len(laps) < 5:
        laps.append([timeit(partial(run, inputs), number=1) for run in runs])
    return 1000 * np.median(laps, axis=0)


def random_inputs(model: Any, sides: Sequence[int], seed: int) -> Tensors:
    """Return normally distributed floats; zeros and ones of any other type.

    Args:
        model: Its inputs without a default are drawn.
        sides: Of the last two axes, if they are free; any other free size, such as the batch, is 1.
        seed: Equal ones draw equal numbers.

    Raises:
        ValueError: An input is not a tensor.
    """
    from onnx.helper import tensor_dtype_to_np_dtype

    random = np.random.default_rng(seed)
    defaults = {item.name for item in model.graph.initializer}
    given = {}
    for item in model.graph.input:
        if item.name in defaults:
            continue
        if not item.type.HasField("tensor_type"):
            raise ValueError(
                f"the input {item.name!r} is not a tensor; only tensors can be drawn at random"
            )
        known = stated(item) or ()
        free = [*[1] * len(known), *sides][2:]  # as long as the shape
        shape = [old if isinstance(old, int) else new for old, new in zip(known, free, strict=True)]
        dtype = tensor_dtype_to_np_dtype(item.type.tensor_type.elem_type)
        is_float = np.issubdtype(dtype, np.floating)
        drawn = random.normal(size=shape) if is_float else random.integers(0, 2, shape)
        given[item.name] = drawn.astype(dtype)
    return given


def sizes(model: Any, run: Run) -> dict[str, Sequence[int]]:
    """Return the first of SIDES that the original accepts, by the shapes that its inputs then have.

    Raises:
        ValueError: It accepts none.
    """
    accepted: dict[str, Sequence[int]] = {}
    refusal = ""
    for sides in SIDES:
        inputs = random_inputs(model, sides, seed=0)
        shapes = [" x ".join(map(str, array.shape)) for array in inputs.values()]
        shown = ", ".join(shapes)
        if shown in accepted or len(accepted) == SIZES:
            continue
        try:
            run(inputs)
            accepted[shown] = sides
        except ValueError as error:
            refusal = str(error)
    if not accepted:
        raise ValueError(f"the original model runs at none of the sides {SIDES}: {refusal}")
    return accepted


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
    return _one_sentence()(partial(session.run, None))


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
        return differs.sum() / max(old.size, 1)
    differs &= ~(np.isnan(old) & np.isnan(new))
    largest = np.abs(old).max(where=np.isfinite(old), initial=0)
    gaps = np.abs(old[differs].astype(float) - new[differs])
    return gaps.max(initial=0) / max(largest, 1e-300)  # all may be zeros
