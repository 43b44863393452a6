"""Shapes that a model computes while it runs, with letters: ONNX Runtime must find the same at every side."""

from __future__ import annotations

from typing import Any

import pytest
from onnx import parser

from tests.engineering.readers.test_onnx_operators import CASES
from tests.twins.onnx_witness import shapes
from unet_complexity.engineering import from_onnx
from unet_complexity.engineering.layers import Copy
from unet_complexity.engineering.readers.onnx.node import ROWS
from unet_complexity.layers import ZeroPadding2D
from unet_complexity.symbols import N

# From the shape s of a 1 x 2 x h x w map, and h and w as lists of one: what is computed, and the sides that come of it.
SIDES = [
    ("added", "a = Add(h, two)", "one, two, a, w"),
    ("halved", "a = Div(h, two)", "one, one, a, w"),
    ("halved less one", "b = Sub(h, one) a = Div(b, two) c = Add(a, one)", "one, one, c, w"),
    (
        "in floats",
        "f = Cast <to = 1> (h) g = Mul(f, x1_5) q = Floor(g) a = Cast <to = 7> (q)",
        "one, one, a, w",
    ),
    (
        "rounded up",
        "f = Cast <to = 1> (h) g = Div(f, x4) q = Ceil(g) a = Cast <to = 7> (q)",
        "one, one, a, w",
    ),
    (
        "rounded in floats",
        "f = Cast <to = 1> (h) m = Sub(f, x1_5) g = Div(m, x4) q = Floor(g) i = Cast <to = 7> (q) a = Add(i, one)",
        "one, one, a, w",
    ),
    (
        "a third",
        "f = Cast <to = 1> (h) g = Mul(f, third) q = Round(g) a = Cast <to = 7> (q)",
        "one, one, a, w",
    ),
    ("multiplied", "n = Mul(h, w)", "one, one, two, n"),
    ("multiplied at once", "n = ReduceProd <keepdims = 1> (s)", "one, one, one, n"),
    ("added up", "n = ReduceSum <keepdims = 1> (s)", "one, one, one, n"),
    ("largest", "n = ReduceMax <keepdims = 1> (two_one)", "one, one, n, n"),
    ("smallest", "n = ReduceMin <keepdims = 1> (two_one)", "one, n, one, h"),
    ("the size", "n = Size(x) m = Unsqueeze(n, zero)", "one, one, one, m"),
    (
        "a square root",
        "n = Mul(h, h) f = Cast <to = 1> (n) r = Sqrt(f) a = Cast <to = 7> (r)",
        "one, one, a, w",
    ),
    ("a power", "a = Pow(h, two)", "one, one, one, a"),
    ("left over", "r = Mod(h, two) a = Add(r, two)", "one, one, a, w"),
    ("the larger", "a = Max(h, zero)", "one, one, a, w"),
    ("the smaller", "a = Min(h, one)", "one, one, a, w"),
    ("negated", "m = Neg(h) n = Neg(m) a = Abs(n)", "one, one, a, w"),
    ("sliced", "a = Slice(s, two, four)", "one, one, a"),
    ("turned round", "a = Slice(s, minus_one, minus_many, zero, minus_one)", "a"),
    ("gathered", "a = Gather <axis = 0> (s, swapped) z0 = Identity(a)", "z0"),
    ("split", "a, b = Split <axis = 0, num_outputs = 2> (s)", "b, a"),
    (
        "reshaped",
        "a = Reshape(s, square) b = Transpose <perm = [1, 0]> (a) z0 = Reshape(b, minus_one)",
        "z0",
    ),
    ("flattened", "a = Reshape(s, square) b = Flatten <axis = 0> (a) z0 = Squeeze(b, zero)", "z0"),
    ("padded", "m = ConstantOfShape <value = int64[1] {3}> (two)", "m, h, w"),
    ("tiled", "a = Tile(h, two)", "one, one, a"),
    ("expanded", "a = Expand(h, two)", "one, one, a"),
    ("chosen", "n = Equal(s, minus_ones) m = Not(n) z0 = Where(m, s, minus_ones)", "z0"),
    ("chosen by size", "b = Greater(h, zero) n = Where(b, w, h)", "one, one, n, n"),
    (
        "chosen by both",
        "b = Greater(h, zero) c = Xor(b, b) o = Or(b, c) k = And(o, b) n = Where(k, w, h)",
        "one, one, n, n",
    ),
    ("half left over", "n = Div(h, two) a = Mod(n, h)", "one, one, a, w"),
    ("counted", "r = Range(null, eins, eins) n = Shape(r)", "one, n, h, w"),
    (
        "counted up to a side",
        "q = Squeeze(h, zero) r = Range(null, q, eins) n = Shape(r)",
        "one, one, n, w",
    ),
    ("with a part of Shape", "a = Shape <start = 2, end = 4> (x)", "one, one, a"),
    ("like another", "a = CastLike(h, half) b = CastLike(a, one)", "one, one, b, w"),
]
STORED = """int64[1] zero = {0}, int64[1] one = {1}, int64[1] two = {2}, int64[1] three = {3}, int64[1] four = {4},
    int64[1] minus_one = {-1}, int64[1] minus_many = {-9223372036854775807}, int64[4] minus_ones = {-1, -1, -1, -1},
    int64[2] square = {2, 2}, int64[4] swapped = {0, 1, 3, 2}, int64[2] two_one = {2, 1}, int64 null = {0},
    int64 eins = {1}, float[1] x1_5 = {1.5}, float[1] x4 = {4}, float[1] third = {0.33333334}, float half = {0.5}"""


def model(computed: str, sides: str) -> Any:
    """A number repeated to those sides."""
    return parser.parse_model(f"""<ir_version: 10, opset_import: ["": 21]>
        shapes (float[1, 2, h0, w0] x) => (float[a, b, c, d] y) <{STORED}> {{
            s = Shape(x)  h = Slice(s, two, three)  w = Slice(s, three, four)  {computed}
            z = Concat <axis = 0> ({sides})  e = ReduceMean(x)  p = Expand(e, z)  y = Relu(p) }}""")


@pytest.mark.parametrize(
    ("computed", "sides"), [row[1:] for row in SIDES], ids=[row[0] for row in SIDES]
)
def test_sides_computed_from_sides(computed, sides):
    free = model(computed, sides)
    formula = from_onnx(free)
    for side in (4, 12):
        out = shapes(free, side)["y"]
        for network in (from_onnx(free, side=side), formula.at(N=side)):
            step = network.steps[-1]
            assert (step.output.height, step.output.width, step.output.channels) == (
                out[0] * out[1],
                *out[2:],
            )
    assert formula.total().at(N=12) == from_onnx(free, side=12).total()


def test_what_a_number_leaves_over_a_letter_is_not_guessed():
    """As where a map is rolled by 3: what holds for all sides from 4 on is found by trying, and said."""
    free = model("m = Mod(three, h) a = Max(m, one)", "one, one, a, w")
    assert from_onnx(free, side=8).output.width == 3
    assert from_onnx(free, side=2).output.width == 1
    assert from_onnx(free).regime == "N >= 4"
    with pytest.raises(ValueError, match="this formula holds where N >= 4"):
        from_onnx(free).total().at(N=3)


CUTS = [
    ("1", "9223372036854775807", 1),
    ("-4", "-1", 1),
    ("1", "4", 2),
    ("-1", "-9223372036854775807", -1),
    ("0", "-1", 3),
]


@pytest.mark.parametrize(("start", "end", "step"), CUTS)
def test_a_side_that_is_a_letter_is_cut(start, end, step):
    stored = f"int64[1] a = {{{start}}}, int64[1] b = {{{end}}}, int64[1] two = {{2}}, int64[1] t = {{{step}}}"
    free = parser.parse_model(f"""<ir_version: 10, opset_import: ["": 21]> cut
        (float[1, 2, h0, w0] x) => (float[p, q, r, s] y) <{stored}> {{ z = Slice(x, a, b, two, t) y = Relu(z) }}""")
    formula = from_onnx(free)
    for side in (6, 12):
        rows = shapes(free, side)["y"][2]
        assert from_onnx(free, side=side).output.size == rows * 2 * side
        assert formula.output.size.subs(N, side) == rows * 2 * side


ELSEWHERE = {  # in the networks and in test_onnx_real.py, or in older opsets
    *("Upsample", "DequantizeLinear", "Dropout", "Or", "Xor", "And", "Not"),
}


def test_each_operator_is_tried():
    tried = {case[0] for case in CASES} | {
        word.split("(")[0] for row in SIDES for word in row[1].split()
    }
    assert set(ROWS) - ELSEWHERE - tried == set()


def padded(pads, more="", inputs="x, p"):
    return parser.parse_model(f"""<ir_version: 10, opset_import: ["": 21]>
        padded (float[1, 3, N, N] x) => (float[a, b, c, d] y)
        <int64[8] p = {{{pads}}}, int64[2] axes = {{2, 3}}, float low = {{-1.0}}, float zero = {{0.0}}>
        {{ y = Pad {more} ({inputs}) }}""")


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        (padded("0, 0, 1, 2, 0, 0, 3, 0"), ZeroPadding2D(((1, 3), (2, 0)))),
        (padded("0, 0, 1, 1, 0, 0, 1, 1", inputs="x, p, zero"), ZeroPadding2D(1)),
        (padded("0, 0, 1, 1, 0, 0, 1, 1", inputs="x, p, low"), Copy),
        (padded("0, 0, 1, 1, 0, 0, 1, 1", '<mode = "reflect">'), Copy),
        (padded("0, 0, 1, 1, 0, 0, -1, 1"), Copy),
        (padded("0, 1, 1, 1, 0, 0, 1, 1"), Copy),
    ],
    ids=["zeros", "zero", "another number", "reflected", "cropped", "channels too"],
)
def test_a_border_of_zeros_is_zero_padding(model, wanted):
    (step,) = from_onnx(model)
    assert step.layer == wanted or type(step.layer) is wanted
    rows, columns = (side.subs(N, 16) for side in step.output.sides)
    assert (rows - 16, columns - 16) in ((4, 2), (2, 2), (0, 2))
