r"""The nodes that take a pair's place: small convolutions interleaved, or one transposed convolution.

- phases: one Conv per phase, Concat, DepthToSpace.  Needs $s_h = s_w$ and an output whose sides s divides.
- transposed: one ConvTranspose(strides = s) with the mirrored kernel of summed taps, which has
  $k + s - 1$ rows and columns; ONNX's pads are then $k - 1 - b$.  Needs pads smaller than the kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

from unet_complexity.engineering.collapse.pairs import LeftAloneError, Pair
from unet_complexity.engineering.readers.limits import MOST_SUMMED
from unet_complexity.phases import Phase, phase_kernels, summed_taps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Replacement = tuple[list[Any], dict[str, Array]]


def fits_phases(pair: Pair) -> bool:
    """Whether DepthToSpace can interleave: square factor, and each phase fills as many pixels as the others."""
    s_h, s_w = pair.size
    return s_h == s_w and all(side % s_h == 0 for side in pair.longer)


def fits_transposed(pair: Pair) -> bool:
    """Whether no window lies on padding altogether."""
    return all(max(b, e) < k for b, e, k in zip(pair.before, pair.after, pair.kernel, strict=True))


def phases(pair: Pair, fresh: Callable[[str], str]) -> Replacement:
    """Nodes and new weights; ``fresh`` turns a name into one that the graph does not use yet."""
    from onnx import helper

    conv, (s, _) = pair.nodes[-1], pair.size
    nodes, weights = [], {}
    for phase in phase_kernels(_exact(pair), pair.size, pair.before):
        mark = f"phase_{phase.row}_{phase.column}"
        name, kernel = fresh(f"{mark}/weights"), phase.kernel.transpose(3, 2, 0, 1)
        weights[name] = narrowed(kernel, pair)
        settings = {"kernel_shape": kernel.shape[2:], "pads": _pads(phase, pair), "group": pair.group}
        inputs = [nodes_input(pair), name, *conv.input[2:]]
        nodes.append(helper.make_node("Conv", inputs, [fresh(mark)], _named(conv, mark), **settings))
    together = fresh("phases")
    nodes.append(
        helper.make_node("Concat", [node.output[0] for node in nodes], [together], _named(conv, "phases"), axis=1)
    )
    nodes.append(helper.make_node("DepthToSpace", [together], conv.output, conv.name, blocksize=s))
    return nodes, weights


def transposed(pair: Pair, fresh: Callable[[str], str]) -> Replacement:
    """The node and its weights: (channels, filters per group, rows, columns), mirrored."""
    from onnx import helper

    conv, g = pair.nodes[-1], pair.group
    taps = summed_taps(_exact(pair), pair.size)[::-1, ::-1]
    rows, columns, c, f = taps.shape
    kernel = taps.reshape(rows, columns, c, g, f // g).transpose(3, 2, 4, 0, 1).reshape(g * c, f // g, rows, columns)
    name = fresh("transposed/weights")
    pads = [k - 1 - pad for pad, k in zip(pair.before + pair.after, pair.kernel * 2, strict=True)]
    settings = {"kernel_shape": (rows, columns), "strides": pair.size, "pads": pads, "group": g}
    inputs = [nodes_input(pair), name, *conv.input[2:]]
    node = helper.make_node("ConvTranspose", inputs, conv.output, conv.name, **settings)
    return [node], {name: narrowed(kernel, pair)}


def narrowed(kernel: Array, pair: Pair) -> Array:
    """Summed taps in the type of the weights.  LeftAloneError where they are too large for it."""
    import numpy as np

    with np.errstate(over="ignore"):
        summed: Array = kernel.astype(pair.weights.dtype)
    if not np.isfinite(summed.astype("float64")).all():
        raise LeftAloneError(f"sums of its weights are no finite {pair.weights.dtype} numbers")
    return summed


def nodes_input(pair: Pair) -> str:
    """The small map."""
    return str(pair.nodes[0].input[0])


def _exact(pair: Pair) -> Array:
    """Weights in Keras's order of axes, in float64, so that sums are rounded once."""
    filters, channels = pair.weights.shape[:2]
    taps = prod(k + s - 1 for k, s in zip(pair.kernel, pair.size, strict=True))
    summed = filters * channels * taps * max(pair.size)
    if summed > MOST_SUMMED:
        raise LeftAloneError(f"at most {MOST_SUMMED:,} numbers are held to sum weights, got {summed:,}")
    return pair.weights.transpose(2, 3, 1, 0).astype("float64")


def _pads(phase: Phase, pair: Pair) -> list[int]:
    """A phase's own padding: what lies in front of its first tap, and what makes it as long as the others."""
    after = [
        longer // s + first + k - 1
        for longer, s, first, k in zip(pair.longer, pair.size, phase.first, phase.kernel.shape[:2], strict=True)
    ]
    return [*(-first for first in phase.first), *after]


def _named(conv: Any, mark: str) -> str:
    return f"{conv.name}/{mark}" if conv.name else ""
