"""Sizes that an exporter computed and wrote down: refused where the model is read at another side or batch.

The model is also asked for its shapes as it was exported; what stays although all around it changes was written down.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from unet_complexity.engineering.readers.onnx.node import Node, Shape, shown
from unet_complexity.engineering.readers.onnx.shapes import Edge
from unet_complexity.engineering.readers.onnx.walk import Walk

SIZED = ("Expand", "Resize", "Reshape", "Slice")
Before = Mapping[str, Edge]


def check_sides(walk: Walk, before: Before, batch: Any) -> None:
    """ValueError for a size that was written down for other sides than those at which the model is read.

    Args:
        walk: What was read.
        before: The edges at the sides that the file states, of one image.
        batch: The batch of the file.
    """
    for node in _sized(walk, before):
        old, now, out = before[node.inputs[0]].shape, node.shape(), walk.shape(node.outputs[0])
        if node.outputs[0] not in before:
            refuse(node, f"{shown(out)} was written down for {batch} images at once")
        made = before[node.outputs[0]].shape
        if node.kind == "Reshape" and mixes(old, now, made, out):
            refuse(node, f"it makes {shown(out)}, and {shown(made)} when it was exported")
        rows = list(zip(old, now, made, out, strict=False)) if len(old) == len(made) else []
        for side, here, end, same in rows if node.kind != "Reshape" else ():
            repeated = node.kind == "Expand" and side == 1 != end
            if end == same and (side != here or repeated):
                refuse(
                    node,
                    f"its side {end} was written down for one of {side}, and here that is {here}",
                )


def mixes(old: Shape, now: Shape, made: Shape, out: Shape) -> bool:
    """Return True if a side that is another now lies in one that a Reshape keeps, behind one that follows.

    >>> mixes((1, 8, 4, 4), (1, 8, 6, 6), (8, 16), (18, 16)), mixes((1, 16, 8), (1, 36, 8), (16, 8), (36, 8))
    (True, False)
    """
    following = [at for at, (a, b) in enumerate(zip(made, out, strict=True)) if a != b]
    kept = math.prod(made[following[-1] + 1 :]) if following else 1
    for side, here in zip(reversed(old), reversed(now), strict=True):
        if kept == 1:
            break
        if side != here:
            return True
        kept //= math.gcd(kept, side)
    return False


def _sized(walk: Walk, before: Before) -> Iterator[Node]:
    """Nodes whose sizes are written into the file."""
    for node in walk.ran:
        follows = node.kind != "Resize" and walk.of_shapes.intersection(node.inputs)
        scaled = node.kind == "Resize" and not node.has(3)
        there = node.inputs and node.inputs[0] in walk.source and node.inputs[0] in before
        if node.kind in SIZED and there and not (follows or scaled):
            yield node


def refuse(node: Node, why: str) -> None:
    """Raise the ValueError that a node cannot be read."""
    raise ValueError(f"{node.kind} {node.name!r} cannot be read: {why}")


def check_batch(walk: Walk, several: Before, one: Before, batch: int) -> None:
    """ValueError unless all maps of one image are those of ``batch`` images divided by their number.

    Args:
        walk: What was read.
        several: The edges at the batch of the file.
        one: The edges at a batch of 1.
        batch: The batch of the file.
    """
    for node in walk.ran:
        for name in node.outputs:
            if name not in walk.source or name not in one:
                continue
            narrow = one[name].shape
            wide: Shape = several[name].shape if name in several else ()
            pairs = list(zip(wide, narrow, strict=False))
            outer = next((at for at, (a, b) in enumerate(pairs) if a != b), 0)
            mixed = node.kind == "Reshape" and math.prod(narrow[:outer]) != 1
            if mixed or math.prod(wide) != batch * math.prod(narrow):
                refuse(node, f"{shown(wide or narrow)} was written down for {batch} images at once")
