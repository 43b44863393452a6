r"""Pairs to collapse: a Resize that repeats rows and columns, and the one Conv that reads its output.

Nearest interpolation by a whole factor s is repetition if output position $s\,i + p$ reads input i
for each phase p = 0 ... s - 1.  That is so if x(p) rounds to 0 under the node's two modes, with
x(p) = p/s, (p + 1/2)/s or (p + 1/2)/s - 1/2.  Zeros that a Pad adds between the two nodes count as
padding of the convolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from unet_complexity.engineering.collapse.graph import Graph
from unet_complexity.engineering.readers.limits import LARGEST_FACTOR
from unet_complexity.engineering.readers.onnx.files import kind_of

HALF = {"round_prefer_floor": LARGEST_FACTOR, "round_prefer_ceil": LARGEST_FACTOR}
LARGEST_REPEATED = {  # largest factor s for which x(0) ... x(s - 1) all round to 0
    "asymmetric": {"floor": LARGEST_FACTOR, "round_prefer_floor": 2},
    "tf_half_pixel_for_nn": {"floor": LARGEST_FACTOR},
    "half_pixel": HALF,
    "pytorch_half_pixel": HALF,
    "half_pixel_symmetric": HALF,
}
MADE = {"Resize": "resized", "Upsample": "upsampled", "Pad": "padded"}


class UnsupportedError(Exception):
    """The reason why a Resize stays as it is."""


class Pair(NamedTuple):
    """Upsampling of the value ``source``, then a convolution.

    Attributes:
        size: Factors for rows and columns.
        weights: Array of shape (filters, channels per filter, rows, columns).
        pads: Rows and columns of zeros before the upsampled map, then those after it.
    """

    source: str
    conv: Any
    size: tuple[int, int]
    weights: Any
    group: int
    pads: Any

    @property
    def kernel(self) -> Any:
        """Rows and columns of the convolution's window."""
        return self.weights.shape[2:]

    @property
    def longer(self) -> Any:
        """Rows and columns of the output minus those of the upsampled map."""
        return self.pads.sum(0) - self.kernel + 1


def pair_of(graph: Graph, resize: Any) -> Pair:
    """Return the pair that begins with a Resize or Upsample.

    Raises:
        UnsupportedError: There is none.
    """
    size = repetition(graph, resize)
    reader = _only_reader(graph, resize)
    pads: Any = 0
    if kind_of(reader) == "Pad":
        pads = _zeros_around(graph, reader)
        reader = _only_reader(graph, reader)
    if kind_of(reader) != "Conv":
        raise UnsupportedError(f"it is read by {kind_of(reader)}, not by a convolution")
    settings = graph.settings(reader, "weights")
    weights = settings.get("weights")
    if weights is None:
        raise UnsupportedError("the convolution's weights are no constant floats")
    for name in ("strides", "dilations"):
        if set(settings.get(name, [1])) != {1}:
            raise UnsupportedError(f"the convolution has {name} {settings[name]}")
    pads = pads + _padding(settings, weights.shape[2:])
    return Pair(resize.input[0], reader, size, weights, settings.get("group", 1), pads)


def repetition(graph: Graph, resize: Any) -> tuple[int, int]:
    """Return the factors by which a node repeats rows and columns.

    Raises:
        UnsupportedError: It does anything else.
    """
    is_old = resize.op_type == "Upsample" or graph.opset < 11  # without modes and a region
    inputs = ["scales"] if is_old else ["region", "scales"]
    settings = graph.settings(resize, *inputs)
    mode = settings.get("mode", "nearest")
    if mode != "nearest":
        raise UnsupportedError(f"its mode is {mode}, which does not repeat")
    factors = _factors(graph, resize, settings)
    size = factors[2:]
    scale = _text(size)
    if len(factors) != 4 or factors[:2] != [1, 1]:
        axes = _text(factors)
        raise UnsupportedError(f"it scales the axes by {axes}, not the last two of four only")
    if not all(factor <= LARGEST_FACTOR for factor in size):  # NaN is not
        raise UnsupportedError(f"factors up to {LARGEST_FACTOR} are collapsed, got {scale}")
    rows, columns = map(int, size)
    if size != [rows, columns] or min(size) < 1 or max(size) == 1:
        raise UnsupportedError(
            f"it scales by {scale}, which repeats nothing a whole number of times"
        )
    position, rounding = "asymmetric", "floor"
    if not is_old:
        position = settings.get("coordinate_transformation_mode", "half_pixel")
        rounding = settings.get("nearest_mode", "round_prefer_floor")
    if max(size) > LARGEST_REPEATED.get(position, {}).get(rounding, 0):
        raise UnsupportedError(
            f"{position} with {rounding} is not repetition for a factor of {scale}"
        )
    return rows, columns


def _factors(graph: Graph, resize: Any, settings: dict[str, Any]) -> list[float]:
    """Factor of each axis, from constant scales or, if sizes are given, from the shapes."""
    scales = settings.get("scales", [])
    if scales is None:
        raise UnsupportedError("its scales are no constants")
    given: list[float] = np.ravel(scales).tolist()
    if not given:  # exporters write empty scales beside sizes
        return _factors_of_shapes(graph, resize, settings)
    if "axes" not in settings:
        return given
    factors = [1.0] * 4
    for axis, factor in zip(settings["axes"], given, strict=False):
        factors[axis % 4] = factor
    return factors


def _factors_of_shapes(graph: Graph, resize: Any, settings: dict[str, Any]) -> list[float]:
    before, after = graph.shape(resize.input[0]), graph.shape(resize.output[0])
    same = before[:2] == after[:2] and (None not in before[:2] or "axes" in settings)
    sides = [side for side in (*before[2:], *after[2:]) if isinstance(side, int) and side]
    if len(before) != 4 or len(after) != 4 or len(sides) != 4 or not same:
        raise UnsupportedError("its sizes are no constants, or the map's shape is not known")
    policy = settings.get("keep_aspect_ratio_policy", "stretch")
    if policy != "stretch":
        raise UnsupportedError(f"it keeps the aspect ratio: {policy}")
    return [1, 1, sides[2] / sides[0], sides[3] / sides[1]]


def _only_reader(graph: Graph, node: Any) -> Any:
    name, what = node.output[0], MADE[node.op_type]
    times = graph.reads[name]
    if times > 1:
        raise UnsupportedError(f"the {what} map is read {times} times, not once")
    if name not in graph.readers:
        raise UnsupportedError(f"the {what} map leaves the model as it is")
    return graph.readers[name]


def _zeros_around(graph: Graph, pad: Any) -> Any:
    """Zeros that a Pad adds: those before rows and columns, then those after."""
    given = {"value": 0, "axes": range(4), **graph.settings(pad, "pads", "value", "axes")}
    axes, amounts = given["axes"], given.get("pads")
    known = axes is not None and np.size(amounts) == 2 * len(axes)
    if not known or given["value"] != 0 or given.get("mode", "constant") != "constant":
        raise UnsupportedError("a Pad between the two adds other than constant zeros")
    zeros = np.zeros((2, 4), int)
    zeros[:, np.mod(axes, 4)] = np.reshape(amounts, (2, -1))
    if zeros.min() < 0 or zeros[:, :2].any():
        raise UnsupportedError("a Pad between the two crops, or pads channels")
    return zeros[:, 2:]


def _padding(settings: dict[str, Any], kernel: Sequence[int]) -> Any:
    """Zeros that the convolution adds: those before rows and columns, then those after."""
    if len(kernel) != 2:
        raise UnsupportedError(f"the convolution has {len(kernel)} spatial axes, not 2")
    large = np.floor_divide(kernel, 2)
    small = np.subtract(kernel, 1) - large
    ways = {
        "SAME_UPPER": [small, large],
        "SAME_LOWER": [large, small],
        "VALID": [[0, 0]] * 2,
        "NOTSET": np.reshape(settings.get("pads", [0] * 4), (2, 2)),
    }
    kind = settings.get("auto_pad", "NOTSET")
    if kind not in ways:
        raise UnsupportedError(f"auto_pad must be one of {', '.join(ways)}, got {kind}")
    return np.array(ways[kind])


def _text(factors: list[float]) -> str:
    return " x ".join(f"{factor:g}" for factor in factors)
