r"""Pairs to collapse: what repeats rows and columns, and the one Conv that reads its output.

Nearest interpolation by a whole factor s is repetition if output position $s\,i + p$ reads input i
for each phase p = 0 ... s - 1.  That is so if x(p) rounds to 0 under the node's two modes, with
x(p) = p/s, (p + 1/2)/s or (p + 1/2)/s - 1/2.  Zeros that a Pad adds between the two nodes count as
padding of the convolution.  A Transpose between them is carried out on the small map.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from unet_complexity.engineering.collapse.graph import AXES, Graph, NotCollapsedError, Settings
from unet_complexity.engineering.collapse.repeating import ratio, repeated
from unet_complexity.engineering.readers.limits import LARGEST_FACTOR, LONGEST_NAME
from unet_complexity.engineering.readers.onnx.files import kind_of

REPEATING = (  # modes for which x(0) ... x(s - 1) all round to 0
    "asymmetric with floor",
    "tf_half_pixel_for_nn with floor",
    "half_pixel with round_prefer_floor",
    "half_pixel with round_prefer_ceil",
    "pytorch_half_pixel with round_prefer_floor",
    "pytorch_half_pixel with round_prefer_ceil",
    "half_pixel_symmetric with round_prefer_floor",
    "half_pixel_symmetric with round_prefer_ceil",
)
DOUBLING = "asymmetric with round_prefer_floor"  # for s = 2 only
WHOLE = set(range(1, LARGEST_FACTOR + 1))
LAYOUT = list(range(AXES))


class Pair(NamedTuple):
    """Upsampling of the value ``source``, then a convolution.

    Args:
        size: Factors for rows and columns.
        weights: Array of shape (filters, channels per filter, rows, columns).
        pads: Rows and columns of zeros before the upsampled map, then those after it.
        axes: Axes of ``source`` in the order in which the convolution reads them.
    """

    source: str
    conv: Any
    size: tuple[int, ...]
    weights: Any
    group: int
    pads: Any
    axes: list[int]


def pair_of(graph: Graph, node: Any) -> Pair:
    """Return the pair that begins with a Resize, an Upsample or the last Reshape of a repetition.

    Raises:
        NotCollapsedError: There is none.
    """
    if kind_of(node) == "Reshape":
        source, factors = repeated(graph, node)
    else:
        source, factors = node.input[0], _factors(graph, node)
    conv, axes = _reader_and_axes(graph, node)
    size = _whole(factors[axes])
    zeros: Any = 0
    if kind_of(conv) == "Pad":
        zeros = _zeros_around(graph, conv)
        conv = _only_reader(graph, conv)
    if kind_of(conv) != "Conv":
        raise NotCollapsedError(f"it is read by {kind_of(conv)}, not by a convolution")
    longest = max(map(len, (source, *conv.input, *conv.output)))
    if longest > LONGEST_NAME:
        raise NotCollapsedError(
            f"names of at most {LONGEST_NAME:,} characters are written anew, got {longest:,}"
        )
    settings = graph.settings(conv)
    weights = settings["W"]
    if np.ndim(weights) != AXES:
        raise NotCollapsedError("the convolution's weights are not a constant of four axes")
    for name in ("strides", "dilations"):
        steps = settings.get(name, [])
        if set(steps) - {1}:
            raise NotCollapsedError(f"the convolution has {name} {steps}")
    pads = zeros + _padding(settings, weights.shape[2:])
    return Pair(source, conv, size, weights, settings["group"], pads, axes)


def _reader_and_axes(graph: Graph, node: Any) -> tuple[Any, list[int]]:
    """Return what reads a map, after Casts that change nothing and Transposes, and the axes as it reads them."""
    axes = LAYOUT
    while True:
        node = _only_reader(graph, node)
        order = LAYOUT if graph.same.keys() & node.output else []
        if kind_of(node) == "Transpose":
            order = graph.settings(node).get("perm", order)
        if sorted(order) != LAYOUT:
            return node, axes
        axes = [axes[axis] for axis in order]


def _only_reader(graph: Graph, node: Any) -> Any:
    name = node.output[0]
    times = graph.reads[name]
    if times > 1:
        raise NotCollapsedError(f"the output of {kind_of(node)} is read {times} times, not once")
    if name not in graph.readers:
        raise NotCollapsedError(f"the output of {kind_of(node)} leaves the model as it is")
    return graph.readers[name]


def _factors(graph: Graph, resize: Any) -> Any:
    """Factor by which a Resize or Upsample repeats each axis."""
    settings = graph.settings(resize)
    if settings["mode"] != "nearest":
        raise NotCollapsedError(f"its mode is {settings['mode']}, which does not repeat")
    axes = settings.get("axes", ...)
    scales = settings.get("scales", [])
    if not np.size(scales):  # exporters write empty scales beside sizes
        policy = settings.get("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            raise NotCollapsedError(f"it keeps the aspect ratio: {policy}")
        before = graph.shapes[resize.input[0]]
        after = graph.shapes[resize.output[0]]
        axes = ...
        scales = list(map(ratio, before, after))
    factors = np.ones(AXES)
    if scales is not None and np.shape(scales) != factors[axes].shape:
        raise NotCollapsedError(f"it scales {np.size(scales):,} axes, not two of four")
    factors[axes] = scales  # NaN for None
    if np.isnan(factors).any():
        raise NotCollapsedError("its scales, or its sizes and the map's, are not known numbers")
    position = settings.get("coordinate_transformation_mode", "asymmetric")  # before opset 11
    rounding = settings.get("nearest_mode", "floor")
    modes = f"{position} with {rounding}"
    doubles = modes == DOUBLING and max(factors) <= 2
    if modes not in REPEATING and not doubles:
        raise NotCollapsedError(f"{modes} is not repetition for a factor of {_text(factors[2:])}")
    return factors


def _whole(factors: Any) -> tuple[int, ...]:
    """Factors of rows and columns, which are the last two axes."""
    size = factors[2:]
    if any(factors[:2] != 1):
        raise NotCollapsedError(
            f"it scales the axes by {_text(factors)}, not the last two of four only"
        )
    if set(size) - WHOLE or max(size) == 1:
        raise NotCollapsedError(
            f"whole factors up to {LARGEST_FACTOR} are collapsed, not both 1, got {_text(size)}"
        )
    return tuple(map(int, size))


def _zeros_around(graph: Graph, pad: Any) -> Any:
    """Zeros that a Pad adds: those before rows and columns, then those after."""
    settings = graph.settings(pad)
    axes, pads = settings.get("axes", ...), settings.get("pads", [])
    value = settings.get("value", settings.get("constant_value", 0))
    zeros = np.zeros((2, 4), int)
    is_known = axes is not None and np.size(pads) == zeros[:, axes].size
    if not is_known or value != 0 or settings["mode"] != "constant":
        raise NotCollapsedError("a Pad between the two adds other than constant zeros")
    zeros[:, axes] = np.reshape(pads, (2, -1))
    if zeros.min() < 0 or zeros[:, :2].any():
        raise NotCollapsedError("a Pad between the two crops, or pads channels")
    return zeros[:, 2:]


def _padding(settings: Settings, kernel: Sequence[int]) -> Any:
    """Zeros that the convolution adds: those before rows and columns, then those after."""
    same = np.array([np.subtract(kernel, 1), kernel]) // 2
    ways = {
        "SAME_UPPER": same,
        "SAME_LOWER": same[::-1],
        "VALID": same * 0,
        "NOTSET": np.reshape(settings.get("pads", [0] * 4), (2, 2)),
    }
    kind = settings["auto_pad"]
    if kind not in ways:
        raise NotCollapsedError(f"auto_pad must be one of {', '.join(ways)}, got {kind}")
    return ways[kind]


def _text(factors: Any) -> str:
    return " x ".join(f"{factor:g}" for factor in factors)
