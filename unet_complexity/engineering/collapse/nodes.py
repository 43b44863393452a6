r"""Replacement nodes of a pair: interleaved small convolutions, or one transposed convolution.

- phases: one Conv per phase, Concat, DepthToSpace.  Needs $s_h = s_w$ and an output whose sides s divides.
- transposed: one ConvTranspose(strides = s) with the mirrored kernel of summed taps, which has
  $k + s - 1$ rows and columns; ONNX's pads are then $k - 1 - b$.  Needs pads smaller than the kernel.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unet_complexity.engineering.collapse.graph import Graph
from unet_complexity.engineering.collapse.pairs import Pair, UnsupportedError
from unet_complexity.engineering.readers.limits import MOST_SUMMED
from unet_complexity.phases import split_phases, summed_taps


def fits_phases(pair: Pair) -> bool:
    """Return True if DepthToSpace can interleave: equal factors, and phases of equal size."""
    rows, columns = pair.size
    return rows == columns and not any(pair.longer % rows)


def fits_transposed(pair: Pair) -> bool:
    """Return True if each window overlaps the map."""
    return bool((pair.pads < pair.kernel).all())


def phases(pair: Pair, graph: Graph) -> list[Any]:
    """Return a Conv per phase, and the nodes that interleave their outputs."""
    from onnx import helper

    output = pair.conv.output[0]
    block = pair.size[0]
    maps, convs = [], []
    for row, column, first, taps in split_phases(_taps(pair), pair.size, pair.pads[0].tolist()):
        name = graph.fresh(f"{output}/phase_{row}_{column}")
        kernel = taps.transpose(3, 2, 0, 1)
        # the end is padded so that all phases have equal sides
        after = pair.longer // block + first + kernel.shape[2:] - 1
        pads = [*np.negative(first), *after]
        inputs = _inputs(pair, graph, name, kernel)
        convs.append(helper.make_node("Conv", inputs, [name], name, pads=pads, group=pair.group))
        maps.append(name)
    joined = graph.fresh(f"{output}/phases")
    concat = helper.make_node("Concat", maps, [joined], joined, axis=1)
    ends = [joined], [output], pair.conv.name
    return [*convs, concat, helper.make_node("DepthToSpace", *ends, blocksize=block)]


def transposed(pair: Pair, graph: Graph) -> list[Any]:
    """Return a ConvTranspose; its weights are (channels, filters per group, rows, columns)."""
    from onnx import helper

    conv, group = pair.conv, pair.group
    taps = _taps(pair)[::-1, ::-1]
    rows, columns, channels, filters = taps.shape
    grouped = taps.reshape(rows, columns, channels, group, filters // group)
    kernel = grouped.transpose(3, 2, 4, 0, 1).reshape(group * channels, -1, rows, columns)
    inputs = _inputs(pair, graph, f"{conv.output[0]}/transposed", kernel)
    settings = {"strides": pair.size, "pads": (pair.kernel - pair.pads - 1).ravel(), "group": group}
    return [helper.make_node("ConvTranspose", inputs, conv.output, conv.name, **settings)]


def _inputs(pair: Pair, graph: Graph, name: str, kernel: Any) -> list[str]:
    """Inputs of a new convolution: the small map, new weights, the old bias."""
    return [pair.source, graph.store(f"{name}/weights", kernel), *pair.conv.input[2:]]


def _taps(pair: Pair) -> Any:
    """Summed taps, as an array of shape (rows, columns, channels, filters).

    They are summed in float64 and rounded once, to the type of the weights.
    """
    weights = pair.weights.transpose(2, 3, 1, 0)
    kind = weights.dtype
    window = np.add(pair.kernel, pair.size) - 1
    held = np.prod([*weights.shape[2:], *window, max(pair.size)], dtype=object)
    if held > MOST_SUMMED:
        raise UnsupportedError(
            f"at most {MOST_SUMMED:,} numbers are held to sum weights, got {held:,}"
        )
    with np.errstate(over="ignore"):
        summed = summed_taps(weights.astype("float64"), pair.size).astype(kind)
    if not np.isfinite(summed).all():
        raise UnsupportedError(f"sums of its weights are no finite {kind} numbers")
    return summed
