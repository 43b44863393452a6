r"""Replacement nodes of a pair: interleaved small convolutions, or one transposed convolution.

- phases: one Conv per phase, Concat, DepthToSpace.  Needs $s_h = s_w$ and an output whose sides s divides.
- transposed: one ConvTranspose(strides = s) with the mirrored kernel of summed taps, which has
  $k + s - 1$ rows and columns; ONNX's pads are then $k - 1 - b$.  Needs pads smaller than the kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

from unet_complexity.engineering.collapse.pairs import Pair, UnsupportedError
from unet_complexity.engineering.readers.limits import MOST_SUMMED
from unet_complexity.phases import Phase, phase_kernels, summed_taps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Replacement = tuple[list[Any], dict[str, Array]]


def fits_phases(pair: Pair) -> bool:
    """Return True if DepthToSpace can interleave: equal factors, and phases of equal size."""
    s_h, s_w = pair.size
    return s_h == s_w and all(side % s_h == 0 for side in pair.longer)


def fits_transposed(pair: Pair) -> bool:
    """Return True if each window overlaps the map."""
    return all(max(b, e) < k for b, e, k in zip(pair.before, pair.after, pair.kernel, strict=True))


def phases(pair: Pair, fresh: Callable[[str], str]) -> Replacement:
    """Return the nodes and their weights; ``fresh`` makes a name unique in the graph."""
    from onnx import helper

    conv = pair.nodes[-1]
    stem = conv.output[0]
    convs, weights = [], {}
    for phase in phase_kernels(_exact(pair), pair.size, pair.before):
        mark = f"phase_{phase.row}_{phase.column}"
        name = fresh(f"{stem}/{mark}/weights")
        kernel = phase.kernel.transpose(3, 2, 0, 1)
        weights[name] = narrowed(kernel, pair)
        inputs = [pair.nodes[0].input[0], name, *conv.input[2:]]
        output = fresh(f"{stem}/{mark}")
        settings = {
            "kernel_shape": kernel.shape[2:],
            "pads": _pads(phase, pair),
            "group": pair.group,
        }
        node = helper.make_node("Conv", inputs, [output], _named(conv, mark), **settings)
        convs.append(node)
    joined = fresh(f"{stem}/phases")
    outputs = [node.output[0] for node in convs]
    concat = helper.make_node("Concat", outputs, [joined], _named(conv, "phases"), axis=1)
    block = pair.size[0]
    interleave = helper.make_node("DepthToSpace", [joined], conv.output, conv.name, blocksize=block)
    return [*convs, concat, interleave], weights


def transposed(pair: Pair, fresh: Callable[[str], str]) -> Replacement:
    """Return the node and its weights: (channels, filters per group, rows, columns), mirrored."""
    from onnx import helper

    conv, g = pair.nodes[-1], pair.group
    taps = summed_taps(_exact(pair), pair.size)[::-1, ::-1]
    rows, columns, c, f = taps.shape
    grouped = taps.reshape(rows, columns, c, g, f // g).transpose(3, 2, 4, 0, 1)
    kernel = grouped.reshape(g * c, f // g, rows, columns)
    name = fresh(f"{conv.output[0]}/transposed/weights")
    sides = zip(pair.before + pair.after, pair.kernel * 2, strict=True)
    pads = [k - 1 - pad for pad, k in sides]
    inputs = [pair.nodes[0].input[0], name, *conv.input[2:]]
    settings = {"kernel_shape": (rows, columns), "strides": pair.size, "pads": pads, "group": g}
    node = helper.make_node("ConvTranspose", inputs, conv.output, conv.name, **settings)
    return [node], {name: narrowed(kernel, pair)}


def narrowed(kernel: Array, pair: Pair) -> Array:
    """Return summed taps in the type of the weights; UnsupportedError if they overflow."""
    import numpy as np

    with np.errstate(over="ignore"):
        summed: Array = kernel.astype(pair.weights.dtype)
    if not np.isfinite(summed.astype("float64")).all():
        raise UnsupportedError(f"sums of its weights are no finite {pair.weights.dtype} numbers")
    return summed


def _exact(pair: Pair) -> Array:
    """Weights in Keras's order of axes, in float64, so that sums are rounded once."""
    filters, channels = pair.weights.shape[:2]
    taps = prod(k + s - 1 for k, s in zip(pair.kernel, pair.size, strict=True))
    summed = filters * channels * taps * max(pair.size)
    if summed > MOST_SUMMED:
        raise UnsupportedError(
            f"at most {MOST_SUMMED:,} numbers are held to sum weights, got {summed:,}"
        )
    return pair.weights.transpose(2, 3, 1, 0).astype("float64")


def _pads(phase: Phase, pair: Pair) -> list[int]:
    """Padding of a phase: in front of its first tap, and at the end so that all phases are equal."""
    after = [
        longer // s + first + k - 1
        for longer, s, first, k in zip(
            pair.longer, pair.size, phase.first, phase.kernel.shape[:2], strict=True
        )
    ]
    return [*(-first for first in phase.first), *after]


def _named(conv: Any, mark: str) -> str:
    return f"{conv.name}/{mark}" if conv.name else ""
