"""Upsampling that is written as an Unsqueeze, an Expand and a Reshape.

PyTorch exports ``repeat_interleave`` so, and with it Keras's ``UpSampling2D``.  The Unsqueeze adds an
axis after the one to repeat, the Expand fills it, and the Reshape merges the two.  Keras does it once
for rows and once for columns, with channels last, and casts each map to the type that it has.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from unet_complexity.engineering.collapse.graph import Graph, UnsupportedError
from unet_complexity.engineering.readers.onnx.files import kind_of


class Step(NamedTuple):
    """The nodes that repeat one axis, and the value that they repeat."""

    source: str
    unsqueeze: Any
    expand: Any
    reshape: Any


def repeating(graph: Graph, node: Any) -> Step | None:
    """Return the three nodes if ``node`` is the Reshape at their end."""
    nodes: list[Any] = []
    for kind in ("Reshape", "Expand", "Unsqueeze"):
        if node is None or kind_of(node) != kind:
            return None
        nodes.insert(0, node)
        read = node.input[0]
        node = graph.makers.get(read)
    return Step(graph.same.get(read, read), *nodes)


def repeated(graph: Graph, node: Any) -> tuple[str, list[int]]:
    """Return the map that the nodes up to ``node`` repeat, and the factor of each of its axes.

    Raises:
        UnsupportedError: A factor, or a side that must stay, is not known.
    """
    factors = [1, 1, 1, 1]
    source = node.output[0]
    for _ in ("rows", "columns"):
        step = repeating(graph, graph.makers.get(source))
        if step is None:
            break
        axis, factor = _repeated_axis(graph, step)
        factors[axis] *= factor
        source = step.source
    return source, factors


def _repeated_axis(graph: Graph, step: Step) -> tuple[int, int]:
    """Return the axis that three nodes repeat, and how often."""
    added = np.ravel(graph.settings(step.unsqueeze).get("axes"))
    shape = np.ravel(graph.settings(step.expand)["shape"])
    before = list(graph.shapes[step.unsqueeze.input[0]])
    after = list(graph.shapes[step.reshape.output[0]])
    lengths = [len(added), len(shape), len(before), len(after)]
    if lengths != [1, 5, 4, 4] or added[0] in (
        None,
        0,
        -5,
    ):  # before the first there is none to repeat
        raise UnsupportedError("it repeats what is not known to be an axis of a map")
    axis = int(added[0]) % 5 - 1
    factor = int(shape[axis + 1])
    wanted = [*before]
    wanted[axis] = before[axis] * factor if isinstance(before[axis], int) else None
    kept = [old == new is not None for old, new in zip(wanted, after, strict=True)]
    # one side may be unknown: the number of elements stays, so the other three settle it
    if sum(kept) < 3 or any(np.delete(shape, axis + 1) != 1):
        raise UnsupportedError("it changes more than one side, or sides that are not known")
    return axis, factor
