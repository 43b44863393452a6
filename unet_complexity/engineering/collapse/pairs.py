r"""Pairs to collapse: a Resize that repeats rows and columns, and the one Conv that reads its output.

Nearest interpolation by a whole factor s is repetition if output position $s\,i + p$ reads input i
for each phase p = 0 ... s - 1.  That is so if x(p) rounds to 0 under the node's two modes, with
x(p) = p/s, (p + 1/2)/s or (p + 1/2)/s - 1/2.  Zeros that a Pad adds between the two nodes count as
padding of the convolution.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor
from typing import TYPE_CHECKING, Any, NamedTuple

from unet_complexity.engineering.collapse.values import STANDARD, Values, attributes
from unet_complexity.engineering.readers.limits import LARGEST_FACTOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHIFTS = {  # (a, b) of x(p) = (p + a)/s - b
    "asymmetric": (0, 0),
    "tf_half_pixel_for_nn": (0.5, 0),
    "half_pixel": (0.5, 0.5),
    "pytorch_half_pixel": (0.5, 0.5),
    "half_pixel_symmetric": (0.5, 0.5),
}
ROUNDINGS: dict[str, Callable[[float], int]] = {
    "floor": floor,
    "ceil": ceil,
    "round_prefer_floor": lambda x: ceil(x - 0.5),
    "round_prefer_ceil": lambda x: floor(x + 0.5),
}
MADE = {"Resize": "resized", "Upsample": "upsampled", "Pad": "padded"}


class UnsupportedError(Exception):
    """The reason why a Resize stays as it is."""


class Pair(NamedTuple):
    """Upsampling by ``size``, then a Conv with ``before`` and ``after`` rows and columns of padding."""

    nodes: list[Any]  # Resize, perhaps Pad, Conv
    size: tuple[int, int]
    weights: NDArray[Any]  # (filters, channels per filter, rows, columns)
    group: int
    before: tuple[int, int]
    after: tuple[int, int]

    @property
    def kernel(self) -> tuple[int, int]:
        """Rows and columns of the convolution's window."""
        return self.weights.shape[2], self.weights.shape[3]

    @property
    def longer(self) -> tuple[int, int]:
        """Rows and columns of the output minus those of the upsampled map."""
        pads = zip(self.before, self.after, self.kernel, strict=True)
        rows, columns = (b + e - k + 1 for b, e, k in pads)
        return rows, columns


def is_upsampling(node: Any) -> bool:
    """Return True for ONNX's Resize, and for Upsample, its old name."""
    return node.op_type in ("Resize", "Upsample") and node.domain in STANDARD


def pair_of(values: Values, resize: Any) -> Pair:
    """Return the pair that begins with a Resize or Upsample; UnsupportedError if there is none."""
    size = repetition(values, resize)
    nodes = [resize, _only_reader(values, resize)]
    zeros: tuple[int, ...] = (0, 0, 0, 0)
    if nodes[-1].op_type == "Pad":
        zeros = _zeros_around(values, nodes[-1])
        nodes.append(_only_reader(values, nodes[-1]))
    conv = nodes[-1]
    if conv.op_type != "Conv" or conv.domain not in STANDARD:
        raise UnsupportedError(f"it is read by {conv.op_type}, not by a convolution")
    weights = values.constant(conv.input[1])
    if weights is None or weights.dtype.kind not in "fV":
        raise UnsupportedError("the convolution's weights are no constant floats")
    settings = attributes(conv)
    for name in ("strides", "dilations"):
        if set(settings.get(name, [1])) != {1}:
            raise UnsupportedError(f"the convolution has {name} {settings[name]}")
    padding = _padding(settings, weights.shape[2:])
    top, left, bottom, right = (a + b for a, b in zip(zeros, padding, strict=True))
    return Pair(nodes, size, weights, settings.get("group", 1), (top, left), (bottom, right))


def repetition(values: Values, resize: Any) -> tuple[int, int]:
    """Return the factors by which it repeats rows and columns.

    Raises:
        UnsupportedError: it does anything else.
    """
    settings = attributes(resize)
    mode = settings.get("mode", "nearest")
    if mode != "nearest":
        raise UnsupportedError(f"its mode is {mode}, which does not repeat")
    factors = _factors(values, resize, settings)
    size = factors[2:]
    if len(factors) != 4 or factors[:2] != [1, 1]:
        raise UnsupportedError(
            f"it scales the axes by {_text(factors)}, not the last two of four only"
        )
    if not all(factor <= LARGEST_FACTOR for factor in size):  # NaN is not
        raise UnsupportedError(f"factors up to {LARGEST_FACTOR} are collapsed, got {_text(size)}")
    if min(size) < 1 or size != list(map(int, size)) or size == [1, 1]:
        raise UnsupportedError(
            f"it scales by {_text(size)}, which repeats nothing a whole number of times"
        )
    position, rounding = "asymmetric", "floor"
    if not _is_old(values, resize):
        position = settings.get("coordinate_transformation_mode", "half_pixel")
        rounding = settings.get("nearest_mode", "round_prefer_floor")
    if not all(_repeats(position, rounding, s) for s in size):
        raise UnsupportedError(
            f"{position} with {rounding} is not repetition for a factor of {_text(size)}"
        )
    return int(size[0]), int(size[1])


def _is_old(values: Values, resize: Any) -> bool:
    """Return True for the operators before opset 11, which have no modes and no region."""
    return resize.op_type == "Upsample" or values.opset < 11


def _repeats(position: str, rounding: str, s: float) -> bool:
    """Return True if the first and the last phase, and so all between, read the same input."""
    if position not in SHIFTS or rounding not in ROUNDINGS:
        return False
    a, b = SHIFTS[position]
    ends = ((p + a) / s - b for p in (0, s - 1))
    return all(ROUNDINGS[rounding](x) == 0 for x in ends)


def _factors(values: Values, resize: Any, settings: dict[str, Any]) -> list[float]:
    """Factor of each axis, from constant scales or, if sizes are given, from the shapes."""
    if "scales" in settings:  # Upsample before opset 9
        return list(settings["scales"])
    inputs = [*resize.input, "", ""]
    name = inputs[1] if _is_old(values, resize) else inputs[2]
    scales = values.constant(name)
    if name and scales is None:
        raise UnsupportedError("its scales are no constants")
    if scales is None or not scales.size:  # exporters write empty scales beside sizes
        return _factors_of_shapes(values, resize, settings)
    if "axes" not in settings:
        return list(scales.tolist())
    factors = [1.0] * 4
    for axis, factor in zip(settings["axes"], scales.tolist(), strict=False):
        factors[axis % 4] = factor
    return factors


def _factors_of_shapes(values: Values, resize: Any, settings: dict[str, Any]) -> list[float]:
    before, after = values.shape(resize.input[0]), values.shape(resize.output[0])
    same = before[:2] == after[:2] and (None not in before[:2] or "axes" in settings)
    sides = [side for side in (*before[2:], *after[2:]) if isinstance(side, int) and side]
    if len(before) != 4 or len(after) != 4 or len(sides) != 4 or not same:
        raise UnsupportedError("its sizes are no constants, or the map's shape is not known")
    policy = settings.get("keep_aspect_ratio_policy", "stretch")
    if policy != "stretch":
        raise UnsupportedError(f"it keeps the aspect ratio: {policy}")
    return [1, 1, sides[2] / sides[0], sides[3] / sides[1]]


def _only_reader(values: Values, node: Any) -> Any:
    name, what = node.output[0], f"the {MADE[node.op_type]} map"
    readers, times = values.readers.get(name, []), values.reads[name]
    if times > 1:
        raise UnsupportedError(f"{what} is read {times} times, not once")
    if not readers:
        raise UnsupportedError(f"{what} leaves the model as it is")
    return readers[0]


def _zeros_around(values: Values, pad: Any) -> tuple[int, ...]:
    """Zeros that a Pad adds: top, left, bottom, right."""
    given = {**attributes(pad), "value": attributes(pad).get("value", 0), "axes": range(4)}
    for name, source in zip(("pads", "value", "axes"), pad.input[1:], strict=False):
        if source:
            given[name] = values.constant(source)
    known = all(given.get(name) is not None for name in ("pads", "value", "axes"))
    if not known or given["value"] != 0 or given.get("mode", "constant") != "constant":
        raise UnsupportedError("a Pad between the two adds other than constant zeros")
    count = len(given["axes"])
    zeros = [0] * 8  # begins of the four axes, then ends
    for i, amount in enumerate(given["pads"][: 2 * count]):
        axis = int(given["axes"][i % count]) % 4
        zeros[axis + 4 * (i // count)] = int(amount)
    if min(zeros) < 0 or any(zeros[:2] + zeros[4:6]):
        raise UnsupportedError("a Pad between the two crops, or pads channels")
    return (*zeros[2:4], *zeros[6:8])


def _padding(settings: dict[str, Any], kernel: tuple[int, ...]) -> list[int]:
    """Zeros that the convolution adds: top, left, bottom, right."""
    if len(kernel) != 2:
        raise UnsupportedError(f"the convolution has {len(kernel)} spatial axes, not 2")
    small = [(k - 1) // 2 for k in kernel]
    large = [k // 2 for k in kernel]
    ways = {
        "SAME_UPPER": small + large,
        "SAME_LOWER": large + small,
        "VALID": [0] * 4,
        "NOTSET": list(settings.get("pads", [0] * 4)),
    }
    kind = settings.get("auto_pad", "NOTSET")
    if kind not in ways:
        raise UnsupportedError(f"auto_pad must be one of {', '.join(ways)}, got {kind}")
    return ways[kind]


def _text(factors: list[float]) -> str:
    return " x ".join(f"{float(factor):g}" for factor in factors)
