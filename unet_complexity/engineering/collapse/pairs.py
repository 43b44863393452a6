r"""Which Resize nodes of an ONNX graph repeat rows and columns for one plain convolution only.

Nearest interpolation by a whole factor s is repetition where output position $s\,i + p$ reads input i for each phase
p = 0 ... s - 1, that is where x(p) rounds to 0 under the node's two modes, x(p) being p/s, (p + 1/2)/s or
(p + 1/2)/s - 1/2.
Zeros that a Pad adds between the two nodes are the convolution's padding.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any, NamedTuple

from unet_complexity.engineering.collapse.values import Values, attributes
from unet_complexity.engineering.readers.limits import LARGEST_FACTOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

HALF = Fraction(1, 2)
POSITIONS: dict[str, Callable[[int, int], Fraction]] = {
    "asymmetric": lambda p, s: Fraction(p, s),
    "tf_half_pixel_for_nn": lambda p, s: (p + HALF) / s,
    **dict.fromkeys(("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric"), lambda p, s: (p + HALF) / s - HALF),
}
ROUNDINGS: dict[str, Callable[[Fraction], int]] = {
    "floor": floor,
    "ceil": ceil,
    "round_prefer_floor": lambda x: ceil(x - HALF),
    "round_prefer_ceil": lambda x: floor(x + HALF),
}
MADE = {"Resize": "resized", "Upsample": "upsampled", "Pad": "padded"}


class LeftAloneError(Exception):
    """Why a Resize stays as it is."""


class Pair(NamedTuple):
    """Upsampling by ``size``, then a Conv over a map with ``before`` and ``after`` rows and columns of zeros."""

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
        """Rows and columns that the output has more than the upsampled map, or fewer."""
        pads = zip(self.before, self.after, self.kernel, strict=True)
        rows, columns = (b + e - k + 1 for b, e, k in pads)
        return rows, columns


def is_upsampling(node: Any) -> bool:
    """Whether it is one of ONNX's own nodes that scale a map, its old name included."""
    return node.op_type in ("Resize", "Upsample") and node.domain in ("", "ai.onnx")


def pair_of(values: Values, resize: Any) -> Pair:
    """The pair that a Resize or Upsample begins.  LeftAloneError, with the reason, where it begins none."""
    size = repetition(values, resize)
    nodes, zeros = [resize, _only_reader(values, resize)], [(0, 0), (0, 0)]
    if nodes[-1].op_type == "Pad":
        zeros = _zeros_around(values, nodes[-1])
        nodes.append(_only_reader(values, nodes[-1]))
    conv = nodes[-1]
    if conv.op_type != "Conv" or conv.domain not in ("", "ai.onnx"):
        raise LeftAloneError(f"it is read by {conv.op_type}, not by a convolution")
    weights = values.constant(conv.input[1])
    if weights is None or weights.dtype.kind not in "fV":
        raise LeftAloneError("the convolution's weights are no constant floats")
    settings = attributes(conv)
    for name in ("strides", "dilations"):
        if set(settings.get(name, [1])) != {1}:
            raise LeftAloneError(f"the convolution has {name} {settings[name]}")
    pads = zip(zeros, _padding(settings, weights.shape[2:]), strict=True)
    (top, bottom), (left, right) = ((b + c, e + d) for (b, e), (c, d) in pads)
    return Pair(nodes, size, weights, settings.get("group", 1), (top, left), (bottom, right))


def repetition(values: Values, resize: Any) -> tuple[int, int]:
    """How many times it repeats rows and columns.  LeftAloneError where it does anything else."""
    settings = attributes(resize)
    if (mode := settings.get("mode", "nearest")) != "nearest":
        raise LeftAloneError(f"its mode is {mode}, which does not repeat")
    factors = _factors(values, resize, settings)
    if len(factors) != 4 or factors[:2] != [1, 1]:
        raise LeftAloneError(f"it scales the axes by {_text(factors)}, not the last two of four only")
    if not all(factor <= LARGEST_FACTOR for factor in factors):  # not a number is never
        raise LeftAloneError(f"factors up to {LARGEST_FACTOR} are collapsed, got {_text(factors[2:])}")
    if any(factor != int(factor) for factor in factors) or factors[2:] == [1, 1]:
        raise LeftAloneError(f"it scales by {_text(factors[2:])}, which repeats nothing a whole number of times")
    s_h, s_w = map(int, factors[2:])
    old = resize.op_type == "Upsample" or values.opset < 11
    position = "asymmetric" if old else settings.get("coordinate_transformation_mode", "half_pixel")
    rounding = "floor" if old else settings.get("nearest_mode", "round_prefer_floor")
    known = position in POSITIONS and rounding in ROUNDINGS
    if not known or any(ROUNDINGS[rounding](POSITIONS[position](p, s)) != 0 for s in (s_h, s_w) for p in range(s)):
        raise LeftAloneError(f"{position} with {rounding} is not repetition for a factor of {_text([s_h, s_w])}")
    return s_h, s_w


def _factors(values: Values, resize: Any, settings: dict[str, Any]) -> list[Any]:
    """Factor of each axis: from constant scales, or from the shapes where sizes are given."""
    if "scales" in settings:  # Upsample before opset 9
        return list(settings["scales"])
    inputs = [*resize.input, "", ""]
    name = inputs[1] if resize.op_type == "Upsample" or values.opset < 11 else inputs[2]
    scales = values.constant(name)
    if name and scales is None:
        raise LeftAloneError("its scales are no constants")
    if scales is None or not scales.size:  # exporters write empty scales beside sizes
        return _factors_of_shapes(values, resize, settings)
    if "axes" not in settings:
        return list(scales.tolist())
    factors = dict(zip((axis % 4 for axis in settings["axes"]), scales.tolist(), strict=True))
    return [factors.get(axis, 1) for axis in range(4)]


def _factors_of_shapes(values: Values, resize: Any, settings: dict[str, Any]) -> list[Any]:
    before, after = values.shape(resize.input[0]), values.shape(resize.output[0])
    known = all(isinstance(side, int) for side in before[2:] + after[2:])
    same = before[:2] == after[:2] and (None not in before[:2] or "axes" in settings)
    if len(before) != 4 or len(after) != 4 or not (known and same):
        raise LeftAloneError("its sizes are no constants, or the map's shape is not known")
    if settings.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise LeftAloneError(f"it keeps the aspect ratio: {settings['keep_aspect_ratio_policy']}")
    return [1, 1, *(Fraction(b, a) for a, b in zip(before[2:], after[2:], strict=True))]  # type: ignore[arg-type]


def _only_reader(values: Values, node: Any) -> Any:
    readers = values.readers.get(node.output[0], [])
    if len(readers) != 1 or values.reads[node.output[0]] != 1:
        times, what = values.reads[node.output[0]], f"the {MADE[node.op_type]} map"
        raise LeftAloneError(
            f"{what} is read {times} times, not once" if times > 1 else f"{what} leaves the model as it is"
        )
    return readers[0]


def _zeros_around(values: Values, pad: Any) -> list[tuple[int, int]]:
    """Zeros (before, after) that a Pad adds to the rows and to the columns."""
    settings = attributes(pad)
    inputs = dict(zip(("map", "pads", "value", "axes"), pad.input, strict=False))
    given = {name: values.constant(inputs[name]) for name in ("pads", "value", "axes") if inputs.get(name)}
    pads, value = given.get("pads", settings.get("pads")), given.get("value", settings.get("value", 0))
    axes = given.get("axes", range(4))
    if settings.get("mode", "constant") != "constant" or pads is None or axes is None or value is None or value != 0:
        raise LeftAloneError("a Pad between the two adds other than constant zeros")
    pairs = zip(list(pads[: len(pads) // 2]), list(pads[len(pads) // 2 :]), strict=True)
    zeros = dict(zip((int(axis) % 4 for axis in axes), ((int(b), int(e)) for b, e in pairs), strict=False))
    rows, columns = zeros.pop(2, (0, 0)), zeros.pop(3, (0, 0))
    if min(*rows, *columns) < 0 or any(zeros[axis] != (0, 0) for axis in zeros):
        raise LeftAloneError("a Pad between the two crops, or pads channels")
    return [rows, columns]


def _padding(settings: dict[str, Any], kernel: tuple[int, ...]) -> list[tuple[int, int]]:
    """Zeros (before, after) that the convolution adds to each axis."""
    if len(kernel) != 2:
        raise LeftAloneError(f"the convolution has {len(kernel)} spatial axes, not 2")
    kind = settings.get("auto_pad", "NOTSET")
    halves = [((k - 1) // 2, k // 2) for k in kernel]
    pads = settings.get("pads", [0] * 4)
    ways = {
        "SAME_UPPER": halves,
        "SAME_LOWER": [(after, before) for before, after in halves],
        "VALID": [(0, 0)] * 2,
        "NOTSET": list(zip(pads[:2], pads[2:], strict=True)),
    }
    if kind not in ways:
        raise LeftAloneError(f"auto_pad must be one of {', '.join(ways)}, got {kind}")
    return ways[kind]


def _text(factors: list[Any]) -> str:
    return " x ".join(f"{float(factor):g}" for factor in factors)
