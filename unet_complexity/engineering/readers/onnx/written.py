"""Sizes that an exporter computed and wrote down: refused where the model is read at another side.

The model is also asked for its shapes as it was exported; what stays although all around it changes was written down.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import takewhile

from unet_complexity.engineering.readers.onnx.node import Node, Shape, shown
from unet_complexity.engineering.readers.onnx.shapes import Edge
from unet_complexity.engineering.readers.onnx.walk import Walk

SIZED = ("Expand", "Resize", "Reshape", "Slice")


def check_sides(walk: Walk, before: Mapping[str, Edge]) -> None:
    """ValueError for a size that was written down for other sides than those at which the model is read.

    Args:
        walk: What was read.
        before: The edges at the sides that the file states.
    """
    for node in walk.ran:
        stored = walk.of_shapes.isdisjoint(node.inputs)
        if (
            node.kind in SIZED
            and 0 in node.maps
            and (node.has(3) if node.kind == "Resize" else stored)
        ):
            _check(node, before[node.inputs[0]].shape, before[node.out].shape)


def _check(node: Node, old: Shape, made: Shape) -> None:
    now, out = node.shape(), node.made
    if node.kind == "Reshape":
        if unchanged(old, now) % unchanged(made, out):
            _refuse(node, f"it makes {shown(out)}, and {shown(made)} when it was exported")
        return
    for side, here, same, end in zip(old, now, made, out, strict=False):
        repeated = node.kind == "Expand" and side == 1 != end
        if len(old) == len(made) and end == same and (side != here or repeated):
            _refuse(
                node, f"its side {end} was written down for one of {side}, and here that is {here}"
            )


def unchanged(before: Shape, after: Shape) -> int:
    """The product of the sides behind the last one that is another now; what a Reshape keeps must divide it.

    >>> unchanged((1, 8, 4, 4), (1, 8, 6, 6)), unchanged((8, 16), (18, 16)), unchanged((1, 16, 8), (1, 36, 8))
    (1, 16, 8)
    """
    pairs = zip(reversed(before), reversed(after), strict=True)
    return math.prod(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _refuse(node: Node, why: str) -> None:
    raise ValueError(f"{node.kind} {node.name!r} cannot be read: {why}")
