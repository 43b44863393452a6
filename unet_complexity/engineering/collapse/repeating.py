"""Upsampling that is written as an Unsqueeze, an Expand and a Reshape.

PyTorch exports ``repeat_interleave`` so, and with it Keras's ``UpSampling2D``.  The Unsqueeze adds an
axis after the one to repeat, the Expand fills it, and the Reshape merges the two.  Keras does it once
for rows and once for columns, with channels last, and casts each map to the type that it has.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unet_complexity.engineering.collapse.graph import AXES, Graph, NotCollapsedError
from unet_complexity.engineering.readers.onnx.files import kind_of
from unet_complexity.symbols import are_numbers

ADDED = (1, 2, 3, 4, -1, -2, -3, -4)  # places of a fifth axis that has one before it


def repeating(graph: Graph, node: Any) -> tuple[str, Any, Any]:
    """Return the value that is repeated, the Unsqueeze and the Expand; blanks if ``node`` is not their Reshape."""
    nodes: list[Any] = []
    for kind in ("Reshape", "Expand", "Unsqueeze"):
        if node is None or kind_of(node) != kind:
            return "", None, None
        nodes.append(node)
        source = node.input[0]
        node = graph.makers.get(source)
    return graph.same.get(source, source), nodes[2], nodes[1]


def repeated(graph: Graph, node: Any) -> tuple[str, Any]:
    """Return the map that the nodes up to ``node`` repeat, and the factor of each of its axes.

    Raises:
        NotCollapsedError: A factor, or a side that must stay, is not known.
    """
    factors = np.ones(AXES)
    made = node.output[0]
    for _ in ("rows", "columns"):
        source, unsqueeze, expand = repeating(graph, graph.makers.get(made))
        if not source:
            break
        added = np.ravel(graph.settings(unsqueeze)["axes"])
        times = np.ravel(graph.settings(expand)["shape"])
        sides = graph.shapes[source]
        after = graph.shapes[made]
        sizes = len(added), len(times), len(sides), len(after)
        is_known = sizes == (1, AXES + 1, AXES, AXES) and added[0] in ADDED
        if not is_known or any(np.delete(times, added) != 1):
            raise NotCollapsedError("it repeats other than one known axis of a map")
        now = np.delete(times, added - 1)
        # one side may be unknown: the number of elements stays, so the other three settle it
        ratios = list(map(ratio, sides, after))
        if np.equal(now, ratios).sum() < AXES - 1:
            raise NotCollapsedError("it changes other sides too, or its sides are not known")
        factors *= now
        made = source
    return made, factors


def ratio(old: Any, new: Any) -> Any:
    """Factor between two sides; NaN if it is not known."""
    if old is not None and old == new:
        return 1
    if are_numbers(old, new):
        return new / old
    return np.nan
