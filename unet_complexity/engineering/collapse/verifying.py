"""From file to file: rewrite a model, run both on random inputs, and write it if the outputs agree."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from unet_complexity.engineering.collapse.files import FilePath, loaded, parts, valid_model
from unet_complexity.engineering.collapse.rewriting import Collapsed, collapse_upsampling
from unet_complexity.engineering.collapse.running import apart, random_inputs, runner, sizes, timed
from unet_complexity.escaping import plain
from unet_complexity.files import write_new

SEEDS = (0, 1, 2)
LOOPS = {"Loop", "Scan", "SequenceMap"}  # they may run for ever


def command(source: FilePath, target: FilePath) -> str:
    """Write the collapsed model of ``source`` to ``target`` once it is verified, and return a report.

    Both models run in ONNX Runtime on random inputs: three seeds, and two sizes if sides are free.  No output
    may differ by more than 1e-4 (float64: 1e-10, float16: 1e-2) of the largest.  Both are then timed in turn.
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
        raise ValueError(
            f"what is written is an .onnx file, got {target.name}; try {target.with_suffix('.onnx').name}"
        )
    if os.path.lexists(target):
        raise taken
    with valid_model(source):
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
    """Return a report of differences and times.

    Raises:
        ValueError: The outputs differ, or the model has loops.
    """
    kinds = {getattr(part, "op_type", "") for part in parts(original)}
    if loops := LOOPS & kinds:
        raise ValueError(
            f"a model is run only if it has no loops, got {min(loops)}; collapse_upsampling() does not run it"
        )
    runs = runner(original), runner(collapsed.model)
    differences, lines = [], []
    for shapes in sizes(original, runs[0]):
        for seed in SEEDS:
            inputs = random_inputs(original, shapes, seed)
            old, new = (run(inputs) for run in runs)
            differences.append(apart(original, old, new))
        before, after = (1000 * seconds for seconds in timed(runs, inputs))
        sides = ", ".join(" x ".join(map(str, shape)) for shape in shapes.values())
        speed = f"{before / after:.2f} times as fast"
        lines.append(f"{sides}: {before:,.2f} ms before, {after:,.2f} ms after, {speed}")
    if after >= before:
        lines.append("not faster on this machine: keep the original here")
    count = f"{len(SEEDS)} random inputs of each size"
    same = f"same outputs for {count}: at most {max(differences):.1e} of the largest apart"
    return "\n".join([same, *lines])
