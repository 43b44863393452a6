"""Sizes that an exporter computed and wrote down: refused where the model is read at another side or batch.

The model is also asked for its shapes as it was exported; what stays although all around it changes was written down.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from unet_complexity.engineering.readers.onnx.node import Shape, shown
from unet_complexity.engineering.readers.onnx.shapes import Edge
from unet_complexity.engineering.readers.onnx.walk import Ran, Walk, value_of

Before = Mapping[str, Edge]


def check_sides(walk: Walk, before: Before, batch: Any) -> None:
    """ValueError for a size that was written down for other sides than those at which the model is read.

    Args:
        walk: What was read.
        before: The edges at the sides that the file states, of one image.
        batch: The batch of the file.
    """
    for ran in walk.ran:
        if not ran.inputs or ran.inputs[0] not in walk.source or ran.inputs[0] not in before:
            continue
        made = before[ran.outputs[0]].shape if ran.outputs[0] in before else ()
        why = ""
        if ran.kind in CHECKS:
            why = CHECKS[ran.kind](walk, ran, before[ran.inputs[0]].shape, made)
        if not made and ran.kind == "Reshape":
            why = f"{shown(walk.shape(ran.outputs[0]))} was written down for {batch} images at once"
        if why:
            raise ValueError(f"{ran.kind} {ran.name!r} cannot be read: {why}")


def _numbers(walk: Walk, ran: Ran, at: int, name: str) -> Any:
    """Whole numbers that are written into the file, as an input or an attribute; None if they follow from shapes."""
    given = ran.inputs[at] if at < len(ran.inputs) else ""
    if given:
        array = None if given in walk.of_shapes else walk.edges[given][0].array()
        return None if array is None else array.ravel().tolist()
    return next((value_of(one) for one in ran.proto.attribute if one.name == name), None)


def _resize(walk: Walk, ran: Ran, old: Shape, made: Shape) -> str:
    """Sides that stay what they were, although those that enter are others."""
    sizes = ran.inputs[3] if len(ran.inputs) > 3 else ""
    now, out = walk.shape(ran.inputs[0]), walk.shape(ran.outputs[0])
    rows = zip(old, now, made, out, strict=False)
    stay = any(a != b and c == d for a, b, c, d in rows) if made else sizes not in walk.of_shapes
    if not sizes or 0 in walk.shape(sizes) or not stay:
        return ""
    return f"its sides {shown(out)} were written down when the model was exported"


def _slice(walk: Walk, ran: Ran, old: Shape, made: Shape) -> str:
    """An end on an axis whose side is another now."""
    ends = _numbers(walk, ran, 2, "ends")
    if ends is None:
        return ""
    axes = _numbers(walk, ran, 3, "axes") or range(len(ends))
    for axis, end in zip(axes, ends, strict=False):
        side, now = old[axis], walk.shape(ran.inputs[0])[axis]
        if side != now and 0 < end <= side:
            return f"its end {end} was written down for a side of {side}, and here it is {now}"
    return ""


def _reshape(walk: Walk, ran: Ran, old: Shape, made: Shape) -> str:
    """One image that becomes several."""
    out = walk.shape(ran.outputs[0])
    if len(out) > 2 and made[:1] == (1,) and out[0] != 1:
        return (
            f"of one image it makes several: {shown(out)}, and {shown(made)} when it was exported"
        )
    return ""


def _expand(walk: Walk, ran: Ran, old: Shape, made: Shape) -> str:
    """Rows or columns that are repeated as often as they were."""
    now, out = walk.shape(ran.inputs[0]), walk.shape(ran.outputs[0])
    channels = len(out) + walk.channels(ran.outputs[0])
    spatial = [
        axis for axis in range(1, len(out)) if axis != channels and len(out) == len(now) == 4
    ]
    if _numbers(walk, ran, 1, "shape") and any(
        now[i] == 1 and out[i] == made[i] > 1 for i in spatial if made
    ):
        return f"its sides {shown(out)} were written down when the model was exported"
    return ""


CHECKS: dict[str, Callable[[Walk, Ran, Shape, Any], str]] = {
    "Expand": _expand,
    "Reshape": _reshape,
    "Resize": _resize,
    "Slice": _slice,
}


def check_batch(walk: Walk, several: Before, one: Before, batch: int) -> None:
    """ValueError unless all maps of one image are those of ``batch`` images divided by their number.

    Args:
        walk: What was read.
        several: The edges at the batch of the file.
        one: The edges at a batch of 1.
        batch: The batch of the file.
    """
    for ran in walk.ran:
        for name in ran.outputs:
            if name not in walk.source or name not in one:
                continue
            wide = several[name].shape if name in several else ()
            narrow = one[name].shape
            outer = next(
                (i for i, (a, b) in enumerate(zip(wide, narrow, strict=False)) if a != b), 0
            )
            mixed = ran.kind == "Reshape" and math.prod(narrow[:outer]) != 1
            if mixed or math.prod(wide) != batch * math.prod(narrow):
                raise ValueError(
                    f"{ran.kind} {ran.name!r} cannot be read: {shown(wide or narrow)} was written down for {batch} "
                    "images at once"
                )
