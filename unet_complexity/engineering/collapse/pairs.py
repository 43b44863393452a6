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

from unet_complexity.engineering.collapse.graph import Graph, NotCollapsedError, Settings
from unet_complexity.engineering.collapse.repeating import AXES, ratio, repeated
from unet_complexity.engineering.readers.limits import LARGEST_FACTOR, LONGEST_NAME
from unet_complexity.engineering.readers.onnx.files import kind_of

LARGEST_REPEATED = {  # largest factor s for which x(0) ... x(s - 1) all round to 0
    ("asymmetric", "floor"): LARGEST_FACTOR,
    ("asymmetric", "round_prefer_floor"): 2,
    ("tf_half_pixel_for_nn", "floor"): LARGEST_FACTOR,
}
for half in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric"):
    for nearest in ("round_prefer_floor", "round_prefer_ceil"):
        LARGEST_REPEATED[half, nearest] = LARGEST_FACTOR
MADE = {"Resize": "resized", "Upsample": "upsampled", "Pad": "padded"}
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
    size: tuple[int, int]
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
        conv, axes = _reader_and_axes(graph, node)
        size = _whole([factors[axis] for axis in axes])
    else:
        source, size = node.input[0], _repetition(graph, node)
        conv, axes = _only_reader(graph, node), LAYOUT
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
    if weights is None:
        raise NotCollapsedError("the convolution's weights are not constant floats")
    for name in ("strides", "dilations"):
        steps = settings.get(name, [])
        if set(steps) - {1}:
            raise NotCollapsedError(f"the convolution has {name} {steps}")
    pads = zeros + _padding(settings, weights.shape[2:])
    return Pair(source, conv, size, weights, settings.get("group", 1), pads, axes)


def _reader_and_axes(graph: Graph, node: Any) -> tuple[Any, list[int]]:
    """Return what reads a map, after Casts that change nothing and Transposes, and the axes as it reads them."""
    axes = LAYOUT
    while True:
        node = _only_reader(graph, node)
        if kind_of(node) == "Transpose":
            order = graph.settings(node).get("perm", LAYOUT[::-1])
        else:
            order = LAYOUT if graph.same.keys() & node.output else []
        if sorted(order) != LAYOUT:
            return node, axes
        axes = [axes[axis] for axis in order]


def _repetition(graph: Graph, resize: Any) -> tuple[int, int]:
    """Factors by which a node repeats rows and columns."""
    settings = graph.settings(resize)
    mode = settings["mode"]
    if mode != "nearest":
        raise NotCollapsedError(f"its mode is {mode}, which does not repeat")
    size = _whole(_factors(graph, resize, settings))
    position = settings.get("coordinate_transformation_mode", "asymmetric")  # before opset 11
    rounding = settings.get("nearest_mode", "floor")
    if max(size) > LARGEST_REPEATED.get((position, rounding), 0):
        raise NotCollapsedError(
            f"{position} with {rounding} is not repetition for a factor of {_text(size)}"
        )
    return size


def _whole(factors: list[float]) -> tuple[int, int]:
    """Factors of rows and columns, which are the last two axes."""
    size = factors[2:]
    scale = _text(size)
    if len(factors) != 4 or factors[:2] != [1, 1]:
        axes = _text(factors)
        raise NotCollapsedError(f"it scales the axes by {axes}, not the last two of four only")
    if not all(factor <= LARGEST_FACTOR for factor in size):  # NaN is not
        raise NotCollapsedError(f"factors up to {LARGEST_FACTOR} are collapsed, got {scale}")
    rows, columns = map(int, size)
    if [rows, columns] != size or min(size) < 1 or size == [1, 1]:
        raise NotCollapsedError(
            f"it scales by {scale}, which repeats nothing a whole number of times"
        )
    return rows, columns


def _factors(graph: Graph, resize: Any, settings: Settings) -> Any:
    """Factor of each axis, from constant scales or, if sizes are given, from the shapes."""
    scales = settings.get("scales", [])
    axes = settings.get("axes", ...)
    if scales is None:
        raise NotCollapsedError("its scales are not constants")
    if np.size(scales) > AXES:
        raise NotCollapsedError(
            f"it scales {np.size(scales):,} axes, not the last two of four only"
        )
    if not np.size(scales):  # exporters write empty scales beside sizes
        policy = settings.get("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            raise NotCollapsedError(f"it keeps the aspect ratio: {policy}")
        shapes = [graph.shapes[name] for name in (resize.input[0], resize.output[0])]
        scales = np.array(list(map(ratio, *shapes)))
        scales = scales[axes] if len(scales) == 4 else np.nan
        if np.isnan(scales).any():
            raise NotCollapsedError("its sizes are not constants, or the map's shape is not known")
    factors = np.ones(4 if "axes" in settings else len(scales))
    factors[axes] = scales
    return factors.tolist()


def _only_reader(graph: Graph, node: Any) -> Any:
    name, what = node.output[0], MADE.get(node.op_type, "repeated")
    times = graph.reads[name]
    if times > 1:
        raise NotCollapsedError(f"the {what} map is read {times} times, not once")
    if name not in graph.readers:
        raise NotCollapsedError(f"the {what} map leaves the model as it is")
    return graph.readers[name]


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
    if len(kernel) != 2:
        raise NotCollapsedError(f"the convolution has {len(kernel)} spatial axes, not 2")
    same = np.array([np.subtract(kernel, 1), kernel]) // 2
    ways = {
        "SAME_UPPER": same,
        "SAME_LOWER": same[::-1],
        "VALID": same * 0,
        "NOTSET": np.reshape(settings.get("pads", [0] * 4), (2, 2)),
    }
    kind = settings.get("auto_pad", "NOTSET")
    if kind not in ways:
        raise NotCollapsedError(f"auto_pad must be one of {', '.join(ways)}, got {kind}")
    return ways[kind]


def _text(factors: Sequence[float]) -> str:
    return " x ".join(f"{factor:g}" for factor in factors)
