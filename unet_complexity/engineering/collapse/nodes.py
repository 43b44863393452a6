r"""Replacement nodes of a pair: interleaved small convolutions, or one transposed convolution.

- phases: one Conv per phase, Concat, DepthToSpace.  Needs $s_h = s_w$ and an output whose sides s divides.
- transposed: one ConvTranspose(strides = s) with the mirrored kernel of summed taps, which has
  $k + s - 1$ rows and columns; ONNX's pads are then $k - 1 - b$.  Needs pads smaller than the kernel.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unet_complexity.engineering.collapse.graph import Graph, NotCollapsedError
from unet_complexity.engineering.collapse.pairs import Pair
from unet_complexity.engineering.readers.limits import MOST_SUMMED
from unet_complexity.phases import split_phases, summed_taps


def phases(pair: Pair, graph: Graph) -> list[Any]:
    """Return a Conv per phase, and the nodes that interleave their outputs; none if it does not fit.

    DepthToSpace takes equal factors and phases of equal sides.
    """
    from onnx.helper import make_node

    block, columns = pair.size
    window = pair.weights.shape[2:]
    longer = pair.pads.sum(0) - window + 1  # than the upsampled map
    if block != columns or any(longer % block):
        return []
    output = pair.conv.output[0]
    convs, maps = [], []
    for row, column, first, kernel in split_phases(_taps(pair), block, pair.pads[0]):
        name = graph.fresh(f"{output}/phase_{row}_{column}")
        inputs = _inputs(pair, graph, name, kernel.transpose(3, 2, 0, 1))
        before = np.negative(first)
        after = longer // block - before + kernel.shape[:2] - 1  # so all phases have equal sides
        conv = make_node(
            "Conv",
            inputs,
            [name],
            name,
            pads=[*before, *after],
            group=pair.group,
        )
        convs.append(conv)
        maps.append(name)
    joined = graph.fresh(f"{output}/phases")
    concat = make_node("Concat", maps, [joined], joined, axis=1)
    interleaved = make_node("DepthToSpace", [joined], [output], blocksize=block)
    return [*convs, concat, interleaved]


def transposed(pair: Pair, graph: Graph) -> list[Any]:
    """Return a ConvTranspose; nothing if it does not fit, as some window would not overlap the map.

    Its weights are (channels, filters per group, rows, columns).
    """
    from onnx.helper import make_node

    output = pair.conv.output[0]
    last = np.subtract(pair.weights.shape[2:], 1)
    pads = last - pair.pads
    if pads.min() < 0:
        return []
    mirrored = _taps(pair)[::-1, ::-1].transpose(2, 3, 0, 1)
    kernel = np.concatenate(np.split(mirrored, pair.group, axis=1))
    inputs = _inputs(pair, graph, f"{output}/transposed", kernel)
    new = make_node(
        "ConvTranspose",
        inputs,
        [output],
        strides=pair.size,
        pads=pads.ravel(),
        group=pair.group,
    )
    return [new]


def _inputs(pair: Pair, graph: Graph, mark: str, kernel: Any) -> list[str]:
    """Inputs of a new convolution: the small map, new weights, the old bias."""
    return [pair.source, graph.store(f"{mark}/weights", kernel), *pair.conv.input[2:]]


def _taps(pair: Pair) -> Any:
    """Summed taps, as an array of shape (rows, columns, channels per filter, filters).

    They are summed in float64 and rounded once, to the type of the weights.
    """
    filters, channels, *window = pair.weights.shape
    taps = np.add(window, pair.size) - 1
    held = filters * channels * taps.prod() * max(pair.size)
    if held > MOST_SUMMED:
        raise NotCollapsedError(
            f"at most {MOST_SUMMED:,} numbers are held to sum weights, got {held:,}"
        )
    exact = pair.weights.transpose(2, 3, 1, 0).astype("float64")
    kind = pair.weights.dtype
    with np.errstate(over="ignore"):
        summed: Any = summed_taps(exact, pair.size).astype(kind)
    if not np.isfinite(summed).all():
        raise NotCollapsedError(f"sums of its weights are not finite {kind} numbers")
    return summed
