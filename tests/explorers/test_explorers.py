"""The explorers without a browser: their JavaScript, run by a bare engine, says what the package says."""

import base64
import html
import io
import json
import random
import re
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from functools import cache
from importlib.resources import files
from itertools import accumulate

import numpy as np
import pytest
import sympy as sp
from PIL import Image

from tests.explorers import totals
from tools import pictures as documentation
from tools import stills
from unet_complexity import Conv2D, Conv2DTranspose, classic_unet, explorers, pix2pix_unet
from unet_complexity.engineering.roofline import Machine, roofline
from unet_complexity.explorers import (
    BlockExplorer,
    GrowthExplorer,
    LevelsExplorer,
    NetworkExplorer,
    RepeatExplorer,
    RooflineExplorer,
    WindowExplorer,
    base,
)
from unet_complexity.explorers.base import Choice, Whole
from unet_complexity.explorers.javascript import javascript
from unet_complexity.explorers.window import taps_so_far, window_table
from unet_complexity.layers.windows import Window

EXPLORERS = {one.kind: one for one in (getattr(explorers, name) for name in explorers.EXPLORERS)}
POINTS = 300  # at which a formula is compared: many more than any formula has terms
EXACT = 2**53  # the largest whole number up to which JavaScript knows all


def run(kind, script):
    return json.loads(stills.engine(kind).eval(f"JSON.stringify({script})"))


def pictures(kind, states):
    picture = '(s) => { const p = explorer.picture(s, {uid: "t"}); return [p.text, p.numbers]; }'
    return run(kind, f"{json.dumps(states)}.map({picture})")


def controls(kind):
    return EXPLORERS[kind]()._spec()["controls"]


def values(control):
    """Every value that a control can have."""
    wide = control.get("high", 0) > 2000  # then where its slider stops
    return control.get("options") or (
        control["stops"] if wide else range(control["low"], control["high"] + 1)
    )


def fitted(kind, states):
    return run(kind, f"{json.dumps(states)}.map((s) => fit(s))")


def drawn_states(kind, count, seed):
    """States as wild hands make them, valid or not."""
    pick = random.Random(seed)
    each = controls(kind)
    return [{one["name"]: pick.choice(values(one)) for one in each} for _ in range(count)]


# Formulas


def leaves(tree, path="count"):
    if isinstance(tree, dict):
        for key, branch in tree.items():
            yield from leaves(branch, f"{path}[{json.dumps(key)}]")
    elif isinstance(tree, list):
        for index, branch in enumerate(tree):
            yield from leaves(branch, f"{path}[{index}]")
    elif not isinstance(tree, str):
        yield path, sp.sympify(tree)


def formulas_of(kind):
    """Each formula of an explorer once, and all places where its script has it."""
    places = defaultdict(list)
    for path, expr in leaves(EXPLORERS[kind]._parts()[0]):
        places[expr].append(path)
    return [(kind, paths, expr) for expr, paths in places.items()]


# a network's own levels have only the letter N, and are compared level by level in tests/explorers/test_network.py
FORMULAS = [one for kind in EXPLORERS if kind != "network" for one in formulas_of(kind)]


@cache
def sizes():
    """Letters as a network has them: 2**L divides N, levels lie between 1 and L."""
    pick, drawn = random.Random("sizes"), []
    for _ in range(20 * POINTS):
        depth = pick.randint(3, 9)
        doublings = pick.randint(0, depth - 2)
        point = {name: pick.randint(1, 512) for name in ("C_in", "C_out", "g", "c", "f")}
        point |= {name: pick.randint(1, 1024) for name in ("n", "m")} | {"k": pick.randint(1, 11)}
        point |= {
            "N": 2**depth * pick.randint(1, 9),
            "L": depth,
            "q": doublings,
            "l": pick.randint(1, depth),
        }
        point |= {name: pick.randint(1, 4) for name in ("s_h", "s_w", "s", "t", "b")}
        drawn.append({name: Fraction(size) for name, size in point.items()})
    return drawn


def points(expr, count=POINTS):
    """Sizes, and the exact value at each of them if it does not exceed 2**53."""
    names = sorted(map(str, expr.free_symbols))
    exact = sp.lambdify(names, expr, "math")
    for point in sizes():
        value = Fraction(exact(*(point[name] for name in names)))
        if value <= EXACT:
            count -= 1
            yield {name: int(point[name]) for name in names}, value
        if not count:
            return
    raise AssertionError(f"too few points for {expr}")


@pytest.mark.parametrize(
    ("kind", "paths", "expr"), FORMULAS, ids=[f"{kind}:{paths[0]}" for kind, paths, _ in FORMULAS]
)
def test_javascript_counts_as_python_does(kind, paths, expr):
    cases = list(points(expr))
    here = [float(value) for _, value in cases]
    assert len(cases) == POINTS
    assert [Fraction(value) for value in here] == [
        value for _, value in cases
    ]  # nothing was rounded to compare
    for path in paths:
        assert run(kind, f"{json.dumps([point for point, _ in cases])}.map({path})") == here


def test_the_printer_multiplies_before_it_divides():
    """A third of 2**53 - 2 is not a double; (2**53 - 2)/3 * 3 would be one."""
    n, m = sp.symbols("n m", integer=True, positive=True)
    printed = javascript({"x": n * m / 3, "y": sp.Rational(2, 3) * n**2, "z": n * 2 ** (-m)})
    assert (
        printed
        == '{"x": ({m, n}) => (m*n)/(3), "y": ({n}) => (2*(n*n))/(3), "z": ({m, n}) => (n)/(Math.pow(2, m))}'
    )


def test_what_rounds_is_tabulated_for_every_window():
    rows = window_table()
    assert run("window", "TABLE") == rows
    states = {
        tuple(s[name] for name in WINDOW)
        for s in fitted("window", drawn_states("window", 4000, seed=1))
    }
    assert states <= {(p, *map(int, rest)) for p, *rest in (key.split(",") for key in rows)}


WINDOW = ("padding", "side", "kernel_size", "strides", "dilation_rate")


def looked_at(window):
    """The in-bounds taps at each stop along one axis, by looking at each of them."""
    for stop in range(window.side):
        first = stop * window.stride - window.pads[0]
        reached = range(first, first + window.k * window.dilation, window.dilation)
        yield sum(element in range(window.n) for element in reached)


@pytest.mark.parametrize("sizes", [key.split(",") for key in window_table()])
def test_taps_so_far_are_those_that_one_sees_at_each_place(sizes):
    padding, *numbers = sizes
    side, kernel, stride, dilation = map(int, numbers)
    window = Window(side, kernel, stride, padding, dilation)
    along = list(looked_at(window))
    places = [rows * columns for rows in along for columns in along]
    found = [taps_so_far(window, count) for count in range(1, len(places) + 1)]
    assert found == list(accumulate(places))


# Pictures and sentences


ROOMIEST = {
    "window": [{"side": 12}],
    "repeat": [{}],
    "block": [{"side": 6, "factor": 4}],
    "levels": [{"family": "pix2pix", "depth": 2}],
    "network": [{}],
    "growth": [
        {"network": "convolution"},
        {"letter": "depth", "depth": 2},
        {"network": "classic", "depth": 1},
    ],
    "roofline": [{}, {"layers": "fused"}],
}


def swept(kind):
    """Every control over its whole range, as far as it goes with the others, where there is most room for it."""
    starts = [{**EXPLORERS[kind]().state, **room} for room in ROOMIEST[kind]]
    states = [
        {**start, one["name"]: value}
        for start in starts
        for one in controls(kind)
        for value in values(one)
    ]
    return [state for state, fit in zip(states, fitted(kind, states), strict=True) if state == fit]


@pytest.mark.parametrize("kind", EXPLORERS)
def test_picture_and_python_say_the_same_over_every_controls_range(kind):
    presets = [{**EXPLORERS[kind]().state, **preset} for preset in EXPLORERS[kind].presets.values()]
    states = swept(kind) + presets + fitted(kind, drawn_states(kind, 300, seed=2))
    explorer, seen = EXPLORERS[kind](), set()
    for state, (text, numbers) in zip(states, pictures(kind, states), strict=True):
        explorer.set(**state)
        assert text == explorer.text
        told = explorer.numbers
        assert {name: numbers[name] for name in told} == told
        seen |= state.items()
    everything = {(one["name"], value) for one in controls(kind) for value in values(one)}
    grid = 64 if kind == "network" else 4  # what every depth there is divides
    assert everything - seen <= {("side", odd) for odd in range(1025) if odd % grid}


@pytest.mark.parametrize(
    "state", [*LevelsExplorer.presets.values(), {"depth": 1, "side": 2, "base_filters": 3}]
)
def test_each_level_of_the_picture_is_the_packages(state):
    explorer = LevelsExplorer(**state)
    picture = stills.picture("levels", explorer.state)
    rows = [dict(zip(picture["rows"][0], row, strict=True)) for row in picture["rows"][1:-1]]
    levels = explorer._network(explorer.state).groups("level")
    assert [row["level"] for row in rows] == sorted(levels)
    marks = html.unescape(picture["svg"])
    for row, (level, net) in zip(rows, sorted(levels.items()), strict=True):
        convolutions = net.only(Conv2D, Conv2DTranspose)
        assert row["params"] == net.total().params
        assert row["macs"] == net.total().macs
        assert row["memory"] == sum(step.output.size for step in convolutions)
        assert row["side"] == explorer.side / 2**level
        for name, unit in (
            ("params", "parameters"),
            ("macs", "MACs"),
            ("memory", "activation elements"),
        ):
            assert f'aria-label="level {level}: {row[name]:,} {unit}, ' in marks


REFERENCE = [
    (
        {"family": "pix2pix", "depth": 7, "kernel_size": 4, "in_channels": 3, "out_channels": 3},
        18052284416,
        41843331,
    ),
    ({"in_channels": 1, "out_channels": 2}, 48096083968, 31030658),
]


@pytest.mark.parametrize(("state", "macs", "params"), REFERENCE)
def test_reference_numbers(state, macs, params):
    explorer = LevelsExplorer(**state)
    ((text, numbers),) = pictures("levels", [explorer.state])
    assert (numbers["macs"], numbers["params"]) == (
        explorer.numbers["macs"],
        explorer.numbers["params"],
    )
    assert (numbers["macs"], numbers["params"]) == (macs, params)
    assert f"{macs:,} MACs, {params:,} parameters" in text


@pytest.mark.parametrize(
    ("kernel", "factor", "each"), [(3, 2, 16), (4, 2, 25), (5, 2, 36), (3, 3, 25)]
)
def test_reference_numbers_of_the_waste(kernel, factor, each):
    """What a window sees, summed over the phases of one pixel in the middle, is what phase by phase costs."""
    explorer = BlockExplorer(side=6, kernel_size=kernel, factor=factor)
    rows = range(3 * factor, 4 * factor)
    seen = 0
    for row in rows:
        for column in rows:
            explorer.place = row * 6 * factor + column
            ((_, numbers),) = pictures("block", [explorer.state])
            assert numbers["seen"] == explorer.numbers["seen"]
            seen += numbers["seen"]
    assert seen == each == numbers["phased"] / 36


def test_reference_number_of_the_classic_memory():
    ((text, numbers),) = pictures("levels", [LevelsExplorer(in_channels=1, out_channels=2).state])
    assert numbers["memory"] == 39976960 == LevelsExplorer().numbers["memory"]
    assert "39,976,960 activation elements (152.5 MiB at float32)" in text


def python_of(formula):
    """What a reader would type to check a formula with numbers in it."""
    for superscript, digit in zip("²³", "23", strict=True):
        formula = formula.replace(superscript, f"**{digit}")
    return (
        formula.replace("·", "*").replace("^", "**").replace("−", "-").replace("/", "*Fraction(1)/")
    )


@pytest.mark.parametrize("family", ["classic", "pix2pix"])
def test_the_formulas_with_numbers_in_them_give_the_totals(family):
    states = fitted(
        "levels", [{**state, "family": family} for state in drawn_states("levels", 60, seed=6)]
    )
    explorer = LevelsExplorer()
    for state in states:
        explorer.set(**state)
        shown = stills.picture("levels", state)["forms"]
        assert shown == totals.of_levels(explorer)
        for _, letters, numbers, total in shown:
            assert eval(python_of(numbers), {"Fraction": Fraction}) == int(total.replace(",", ""))
            assert "g" in letters
        assert [total for *_, total in shown] == [
            f"{explorer.numbers[name]:,}" for name in ("params", "macs", "memory")
        ]
        assert [name for name, *_ in shown] == ["parameters", "MACs", "activation elements"]


GROWTH = [  # what doubles, then by how much parameters, MACs and memory grow
    ({"letter": "side"}, ("1", "4", "4")),
    ({"letter": "side", "times": 2}, ("1", "16", "16")),
    ({"letter": "base_filters"}, ("4.00", "3.95", "1.95")),
    ({"letter": "depth", "side": 16384}, ("3.11", "1.01", "1.00")),
    ({"network": "classic", "depth": 4, "letter": "depth"}, ("257", "1.95", "1.05")),
    ({"network": "convolution", "letter": "kernel_size"}, ("3.94", "4", "1")),
    ({"network": "convolution", "letter": "channels"}, ("1.98", "2", "1")),
    ({"network": "convolution", "letter": "base_filters"}, ("2", "2", "2")),
]


@pytest.mark.parametrize(("state", "factors"), GROWTH)
def test_what_doubling_does(state, factors):
    explorer = GrowthExplorer(**state)
    ((_, numbers),) = pictures("growth", [explorer.state])
    names = [f"{name}_factor" for name in ("params", "macs", "memory")]
    assert (
        tuple(numbers[name] for name in names)
        == tuple(explorer.numbers[name] for name in names)
        == factors
    )


def test_the_row_of_factors_says_what_each_letter_does_alone():
    explorer = GrowthExplorer(network="classic", depth=3, side=512)
    marks = html.unescape(stills.picture("growth", explorer.state)["svg"])
    words = {
        "side": "side N",
        "kernel_size": "kernel k",
        "base_filters": "width g",
        "depth": "depth L",
    }
    for letter, name in words.items():
        explorer.set(letter=letter)
        for count, unit in (("params", "parameters"), ("macs", "MACs"), ("memory", "memory")):
            assert (
                f'aria-label="twice the {name}: {unit} times {explorer.numbers[count + "_factor"]}"'
                in marks
            )


@pytest.mark.parametrize("layers", ["one by one", "fused"])
@pytest.mark.parametrize("network", ["pix2pix", "classic"])
def test_each_kernel_of_the_picture_is_the_packages(network, layers):
    explorer = RooflineExplorer(
        network=network, layers=layers, peak=143, bandwidth=17, batch=2, dtype="float16"
    )
    (header, *rows, whole), svg = (
        stills.picture("roofline", explorer.state)[part] for part in ("rows", "svg")
    )
    machine = Machine("", 143 * 10**9, 17 * 10**9)
    net = pix2pix_unet(256, 3) if network == "pix2pix" else classic_unet(256)
    found = roofline(net, machine, "float16", 2, layers == "fused")
    wanted = [[k.name, k.flops, k.bytes, k.intensity, 1000 * k.seconds, k.bound] for k in found]
    assert (rows, header[1]) == (wanted, "FLOPs")
    assert whole[4] == pytest.approx(1000 * found.seconds)
    marks = html.unescape(svg)
    for kernel in found:
        binds = {"compute": "arithmetic", "memory": "memory"}[kernel.bound]
        each = base.three_digits(kernel.intensity) if kernel.flops else "0"
        said = f"{each} FLOPs per byte, at least {base.three_digits(1000 * kernel.seconds)} ms, {binds} binds"
        assert (
            f'aria-label="{kernel.name}: {kernel.flops:,} FLOPs, {kernel.bytes:,} bytes, {said}"'
            in marks
        )
    for name, block in net.groups("block").items():
        assert f'aria-label="block {name}: at least ' in marks, block


@pytest.mark.parametrize(
    "value", [1.125, 9.995, 9.996, 99.94, 99.96, 0.0005, 1 / 3, 2 / 3e5, 100.5, 12345.5, 6e8, 1e-4]
)
def test_three_digits_are_the_same_on_both_sides(value):
    assert run("roofline", f"threeDigits({value!r})") == base.three_digits(value)


@pytest.mark.parametrize(
    ("side", "rows", "columns"), [(3, 2, 2), (2, 3, 1), (4, 1, 2), (1, 2, 2), (2, 4, 4)]
)
def test_a_blended_picture_shows_what_keras_computes(side, rows, columns):
    import keras
    import numpy as np

    explorer = RepeatExplorer(
        side=side, row_factor=rows, column_factor=columns, interpolation="bilinear"
    )
    svg = stills.picture("repeat", explorer.state)["svg"]
    shown = [float(text) for text in re.findall(r'class="mid cell"[^>]*>([\d.]+)<', svg)]
    x = np.arange(1, side**2 + 1, dtype="float32").reshape(1, side, side, 1)
    real = keras.layers.UpSampling2D((rows, columns), interpolation="bilinear")(x)
    assert shown[-real.size :] == pytest.approx(np.ravel(real), abs=0.0051)  # two decimals


@pytest.mark.parametrize(("text", "said"), [
    ("reads 1 elements; 11 elements, 1,001 pixels", "reads 1 element; 11 elements, 1,001 pixels"),
    ("1 MACs", "1 MAC"), ("see 1 different pixels.", "see 1 different pixel."), ("0.1 pixels", "0.1 pixels"),
])  # fmt: skip
def test_one_is_singular(text, said):
    assert base.singular(text) == said == run("window", f"singular({json.dumps(text)})")


def test_the_windows_counter_meets_the_product_at_its_last_place():
    explorer = WindowExplorer(side=7, kernel_size=4, strides=2, channels=2, filters=4)
    explorer.step = explorer.numbers["all_stops"] - 1
    ((_, numbers),) = pictures("window", [explorer.state])
    assert (numbers["so_far"], numbers["in_bounds_so_far"]) == (
        numbers["macs"],
        numbers["in_bounds"],
    )


@pytest.mark.parametrize(("number", "words"), [
    (0, "0"), (9999, "9,999"), (10000, "10.0 k"), (999999, "1.00 M"), (48096083968, "48.1 G"), (2**53, "9.01 P"),
])  # fmt: skip
def test_large_numbers_in_short(number, words):
    assert run("levels", f"short({number})") == words


# Bounds


@pytest.mark.parametrize("kind", EXPLORERS)
def test_controls_cannot_express_what_python_refuses(kind):
    states, explorer = drawn_states(kind, 400, seed=3), EXPLORERS[kind]()
    reached = fitted(kind, states)
    for state in reached:
        explorer.set(**state)
        assert explorer.state == state
    assert fitted(kind, reached) == reached
    # those whose controls all go together; elsewhere there was work to do
    assert (states == reached) == (kind in ("repeat", "roofline"))


@pytest.mark.parametrize("kind", EXPLORERS)
def test_bounds_leave_what_python_accepts_alone(kind):
    explorer, accepted = EXPLORERS[kind](), []
    for state in drawn_states(kind, 600, seed=4):
        state |= {"side": 256} if kind in ("levels", "growth", "network") else {}
        try:
            explorer.set(**state)
        except ValueError:
            continue
        accepted.append(state)
    assert len(accepted) > 50
    assert fitted(kind, accepted) == accepted


@pytest.mark.parametrize("kind", EXPLORERS)
def test_every_stop_of_every_slider_is_a_state(kind):
    explorer = EXPLORERS[kind]()
    each = "stopsOf(c, s).map((v) => [c.name, v, {...s, [c.name]: v}])"
    script = f"SPEC.controls.filter((c) => c.stops).flatMap((c) => {each})"
    for state in fitted(kind, drawn_states(kind, 20, seed=5)):
        names, stops, reached = zip(
            *run(kind, f"((s) => {script})({json.dumps(state)})"), strict=True
        )
        for name, stop, after in zip(names, stops, fitted(kind, reached), strict=True):
            assert after[name] == stop  # others may follow, the slider stays where it was put
            explorer.set(**after)


def test_nonsense_typed_into_a_control_is_dropped():
    state = LevelsExplorer().state
    for typed in ("NaN", '"soup"', "undefined", "Infinity"):
        assert (
            run("levels", f"fit({{...{json.dumps(state)}, depth: {typed}}}, {json.dumps(state)})")
            == state
        )
    assert (
        run("levels", f"fit({{...{json.dumps(state)}, depth: 99.7}}, {json.dumps(state)}).depth")
        == 8
    )


# Python's side


INVALID = [
    (WindowExplorer, {"side": 13}, "side must be a whole number from 3 to 12, got 13; try 12"),
    (WindowExplorer, {"side": 2.5}, "side must be a whole number from 3 to 12, got 2.5; try 3"),
    (
        WindowExplorer,
        {"side": float("nan")},
        "side must be a whole number from 3 to 12, got nan; try 3",
    ),
    (
        WindowExplorer,
        {"filters": True},
        "filters must be a whole number from 1 to 512, got True; try 1",
    ),
    (
        WindowExplorer,
        {"filters": "8"},
        "filters must be a whole number from 1 to 512, got '8'; try 1",
    ),
    (
        WindowExplorer,
        {"padding": "full"},
        "padding must be one of 'same', 'valid', got 'full'; try 'same'",
    ),
    (
        WindowExplorer,
        {"step": 36},
        "step must be one of the window's places 0 ... 35, got 36; try 35",
    ),
    (
        WindowExplorer,
        {"strides": 2, "dilation_rate": 2},
        "strides and dilation_rate may not both differ from 1",
    ),
    (
        WindowExplorer,
        {"side": 3, "kernel_size": 5, "padding": "valid"},
        "it spans 5 elements, the map has 3; try",
    ),
    (BlockExplorer, {"place": 64}, "place must be one of the pixels 0 ... 63, got 64; try 63"),
    (
        BlockExplorer,
        {"kernel_size": 8},
        "kernel_size must be a whole number from 1 to 7, got 8; try 7",
    ),
    (
        RepeatExplorer,
        {"row_factor": 0},
        "row_factor must be a whole number from 1 to 4, got 0; try 1",
    ),
    (
        LevelsExplorer,
        {"side": 100},
        "side must be a multiple of 2**depth = 16, got 100; sides near it that work: 96 and 112",
    ),
    (
        LevelsExplorer,
        {"family": "pix2pix", "depth": 1},
        "depth of the pix2pix family must be at least 2, got 1; try 2",
    ),
    (
        LevelsExplorer,
        {"family": "vgg"},
        "family must be one of 'classic', 'pix2pix', got 'vgg'; try 'classic'",
    ),
    (
        GrowthExplorer,
        {"network": "convolution", "letter": "depth"},
        "for one convolution, got 'depth'; try 'side'",
    ),
    (
        GrowthExplorer,
        {"letter": "depth"},
        "side must be a multiple of 2**depth = 16384, got 256",
    ),
    (
        GrowthExplorer,
        {"letter": "depth", "times": 2},
        "depth must be at most 14 when doubled, got 28; try depth 3",
    ),
    (GrowthExplorer, {"side": 8192}, "side must be at most 4096, got 8192; try 4096"),
    (GrowthExplorer, {"depth": 1}, "depth of the pix2pix family must be at least 2, got 1; try 2"),
    (
        GrowthExplorer,
        {"side": 96},
        "side must be a multiple of 2**depth = 128, got 96;",
    ),
    (NetworkExplorer, {"width": 33}, "width must be one of '32', '64', got '33'; try '32'"),
    (
        NetworkExplorer,
        {"side": 200},
        "side must be 64, 128, ... 1024 for this network, got 200; try 192",
    ),
    (
        NetworkExplorer,
        {"side": 192, "depth": 7},
        "side must be 128, 256, ... 1024 for this network, got 192; try 128",
    ),
    (
        RooflineExplorer,
        {"side": 200},
        "side must be a multiple of 2**depth = 128, got 200; sides near it that work",
    ),
    (RooflineExplorer, {"peak": 0}, "peak must be a whole number from 1 to 100000, got 0; try 1"),
    (
        RooflineExplorer,
        {"layers": "no"},
        "layers must be one of 'one by one', 'fused', got 'no'; try 'one by one'",
    ),
    (
        LevelsExplorer,
        {"kernel_size": 4, "depth": 9},
        "depth must be a whole number from 1 to 8, got 9; try 8",
    ),
]


@pytest.mark.parametrize(("cls", "state", "wording"), INVALID)
def test_an_invalid_state_is_refused_and_leaves_everything_as_it_was(cls, state, wording):
    explorer = cls()
    before, seen = explorer.state, []
    explorer.observe(seen.append)
    with pytest.raises(ValueError, match=re.escape(wording)):
        explorer.set(**state)
    with pytest.raises(ValueError, match=re.escape(wording)):
        cls(**state)
    assert explorer.state == before
    *rest, last = state
    if not rest:
        with pytest.raises(ValueError, match=re.escape(wording)):
            setattr(explorer, last, state[last])
        assert explorer.state == before


def test_several_controls_change_together_or_not_at_all():
    explorer = LevelsExplorer(depth=4, side=48)
    with pytest.raises(
        ValueError, match=re.escape("side must be a multiple of 2**depth = 256, got 48")
    ):
        explorer.depth = 8
    explorer.set(depth=8, side=512)
    assert (explorer.depth, explorer.side) == (8, 512)
    explorer.set(side=48, depth=4)
    assert (explorer.depth, explorer.side) == (4, 48)


def test_a_control_that_is_not_there_is_named():
    for wrong in (lambda: WindowExplorer(kernel=3), lambda: WindowExplorer().set(kernel=3)):
        with pytest.raises(
            TypeError,
            match=r"WindowExplorer has no control 'kernel'; its controls are side, kernel_s",
        ):
            wrong()


class Four:
    def __index__(self):
        return 4


class Strange:
    __hash__ = None

    def __index__(self):
        raise ZeroDivisionError

    __eq__ = __repr__ = __index__


WHOLE = [
    4,
    sp.Integer(4),
    np.int64(4),
    np.uint8(4),
    np.array(4),
    Four(),
    IntEnum("Four", {"FOUR": 4}).FOUR,
]


@pytest.mark.parametrize("value", WHOLE, ids=lambda value: type(value).__name__)
def test_whole_numbers_of_any_kind_are_whole_numbers(value):
    explorer = RepeatExplorer(side=value)
    assert (explorer.side, type(explorer.side)) == (4, int)


def test_a_page_sets_controls_and_nothing_else():
    explorer = RepeatExplorer()
    names = ("_key", "_initial", "_esm", "_anywidget_id")
    before = [getattr(explorer, name) for name in names]
    explorer.set_state({"side": 2, **dict.fromkeys(names, "<img src=x onerror=alert(1)>")})
    assert explorer.side == 2
    assert [getattr(explorer, name) for name in names] == before


ODD = [
    *(
        float("inf"),
        -float("inf"),
        float("nan"),
        4.0,
        1e308,
        4 + 0j,
        10**30,
        -(10**30),
        10**5000,
        -(10**5000),
    ),
    *(
        True,
        None,
        ...,
        b"4",
        "4",
        "same ",
        "",
        [4],
        (4,),
        {4},
        {"same": 4},
        range(4),
        object(),
        Strange(),
    ),
    *(
        np.array([4]),
        np.array([3, 4]),
        np.array(4.0),
        np.array(["same"]),
        np.array([]),
        np.datetime64("NaT"),
    ),
    *(
        np.float64("inf"),
        np.float32("nan"),
        np.float64(4),
        np.bool_(True),
        np.bytes_(b"same"),
        np.str_("4"),
    ),
    *(Decimal("Infinity"), Decimal("NaN"), Decimal(4), Fraction(4)),
    *(sp.oo, sp.zoo, sp.nan, sp.Float(4), sp.Symbol("n"), sp.true, sp.Symbol("n") > 4),
]


@pytest.mark.parametrize("kind", EXPLORERS)
def test_every_control_refuses_odd_values_in_a_sentence(kind):
    """From Python, and as a page sends them."""
    explorer = EXPLORERS[kind]()
    before = explorer.state
    for one in controls(kind):
        name, other = one["name"], next(name for name in before if name != one["name"])
        for value in ODD:
            for give in (explorer.set_state, lambda state: explorer.set(**state)):
                with pytest.raises(
                    base.StateError, match=rf"^{name} must be (one of|a whole number from) "
                ) as refused:
                    give({other: before[other], name: value})
                assert explorer.state == before
                assert len(str(refused.value)) < 200
                assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("value", "said"), [
    (float("inf"), "inf; try 6"),
    (-float("inf"), "-inf; try 1"),
    (np.float64("nan"), "np.float64(nan); try 1"),
    (np.array([3, 4]), "array([3, 4]); try 1"),
    (10**30, "1000000000000000000000000000000; try 6"),
    (-(10**5000), "a value of type int; try 1"),
    (Strange(), "<Strange instance at 0x"),
    (b"4", "b'4'; try 1"),
    ("soup" * 99, "'soupsoupsoup...psoupsoupsoup'; try 1"),
], ids=lambda value: value if isinstance(value, str) and len(value) < 99 else "")  # fmt: skip
def test_the_sentence_repeats_an_odd_value_in_short(value, said):
    with pytest.raises(
        ValueError, match=re.escape(f"side must be a whole number from 1 to 6, got {said}")
    ):
        RepeatExplorer(side=value)


@pytest.mark.parametrize("cls", EXPLORERS.values())
def test_presets_are_whole_and_valid(cls):
    for name, preset in cls.presets.items():
        explorer = cls(**preset)
        assert preset.items() <= explorer.state.items(), name
        assert fitted(cls.kind, [explorer.state]) == [explorer.state]


def test_the_roofline_explorer_offers_two_machines_not_all():
    machines = {
        name: preset for name, preset in RooflineExplorer.presets.items() if "peak" in preset
    }
    assert machines == {
        "NVIDIA T4": {"peak": 8100, "bandwidth": 320},
        "NVIDIA H100 SXM": {"peak": 67_000, "bandwidth": 3350},
    }


@pytest.mark.parametrize("cls", EXPLORERS.values())
def test_at_most_five_controls_are_open_and_each_has_a_label(cls):
    assert 1 <= cls.open_controls <= 5
    traits = cls.class_traits()
    assert {name for name, one in traits.items() if isinstance(one, (Whole, Choice))} == {
        *cls.controls
    }
    assert all(control["label"] for control in controls(cls.kind))


def test_every_explorer_is_listed_and_its_two_files_are_there():
    assert explorers.__all__ == explorers.EXPLORERS
    assert {*explorers.EXPLORERS} <= {*dir(explorers)}
    folder = files("unet_complexity.explorers")
    for name in explorers.EXPLORERS:
        cls = getattr(explorers, name)
        assert cls.__name__ == name
        assert (folder / f"{cls.__module__.rpartition('.')[2]}.py").is_file()
        assert (folder / "static" / f"{cls.kind}.js").is_file()


def test_an_explorer_that_is_not_there_is_named():
    from unet_complexity import explorers

    with pytest.raises(
        AttributeError, match="'WindExplorer'; its explorers are BlockExplorer, GrowthExplorer, Le"
    ):
        explorers.WindExplorer  # noqa: B018


# What is handed to the page


def bundle(explorer):
    return explorer._repr_mimebundle_()[0]


@pytest.mark.parametrize("cls", EXPLORERS.values())
def test_one_display_three_forms(cls):
    explorer = cls()
    data = bundle(explorer)
    assert data["text/plain"] == explorer.text == repr(explorer)
    assert set(data) == {
        "text/plain",
        "text/html",
    }  # a widget's form would be "model not found" in a saved notebook
    assert f"<p>{html.escape(explorer.text)}</p>" in data["text/html"]
    state = re.search(r'data-state="([^"]*)"', data["text/html"])[1]
    assert json.loads(html.unescape(state)) == explorer.state


@pytest.mark.parametrize("cls", EXPLORERS.values())
def test_the_page_sends_nothing_and_evaluates_nothing(cls):
    page = bundle(cls())["text/html"]
    for text in (page, cls()._esm):
        assert re.findall(r"https?://[^\s\"'`]*", text) == [
            "http://www.w3.org/2000/svg"
        ]  # a name, not an address
        assert (
            re.findall(r"\b(eval|Function|fetch|XMLHttpRequest|importScripts|WebSocket)\b", text)
            == []
        )
        assert re.findall(r"\bimport\b|@import|\bsrc=|url\((?!#)", text) == []
    assert page.count("</script>") == 1  # nothing inside closes it early


@pytest.mark.parametrize("cls", EXPLORERS.values())
def test_a_module_stays_small(cls):
    assert len(cls()._esm.encode()) < 60_000


LIGHT = """
import sys, unet_complexity.explorers as e
first = {"anywidget", "traitlets"} & set(sys.modules)
e.WindowExplorer().text, e.RepeatExplorer().text, e.LevelsExplorer().text
e.LevelsExplorer()._repr_mimebundle_()
print(first, {"numpy", "matplotlib", "py_mini_racer", "resvg_py", "PIL"} & set(sys.modules))
"""


def test_explorers_need_neither_numpy_nor_matplotlib():
    assert (
        subprocess.check_output([sys.executable, "-c", LIGHT], text=True).strip() == "set() set()"
    )


@pytest.mark.parametrize("cls", EXPLORERS.values())
def test_a_still_is_added_once_with_the_sentence_as_its_alternative(cls):
    explorer = cls()
    page = bundle(explorer)["text/html"]
    once = stills.add_still(page)
    assert once != page
    assert stills.add_still(once) == once
    ((alt, data),) = re.findall(
        r'<img alt="([^"]*)"[^>]* src="data:image/png;base64,([^"]*)">', once
    )
    assert html.unescape(alt) == explorer.text
    png = base64.b64decode(data)
    assert png.startswith(b"\x89PNG")
    assert 5_000 < len(png) < 80_000
    assert once.index("<img") < once.index("<p>") < once.index("<script>")
    assert re.sub("<img[^>]*>", "", once) == re.sub(
        ' data-key="[^"]*"', "", page
    )  # no kernel knows it when stored


def test_other_html_gets_no_still():
    assert (
        stills.add_still("<table><tr><td>1</td></tr></table>")
        == "<table><tr><td>1</td></tr></table>"
    )


def test_the_documentations_pictures_are_fresh():
    """Pixels are compared: how they are packed is the packer's business."""
    assert {path.name for path in documentation.FOLDER.glob("*.png")} == {
        f"{kind}.png" for kind in EXPLORERS
    }
    for path, png in documentation.pictures().items():
        stored, drawn = (
            Image.open(io.BytesIO(data)).convert("RGB") for data in (path.read_bytes(), png)
        )
        assert stored.tobytes() == drawn.tobytes(), f"make notebooks draws {path.name} anew"


def test_the_still_shows_the_state_it_stands_for():
    low, high = (
        stills.add_still(bundle(RepeatExplorer(side=side))["text/html"]) for side in (2, 3)
    )
    images = [re.search(r"<img[^>]*>", page)[0] for page in (low, high)]
    assert images[0] != images[1]


def test_a_still_in_a_fresh_process_is_the_same_still():
    script = (
        "import hashlib; from unet_complexity.explorers import WindowExplorer as W; from tools import stills; "
        "print(hashlib.sha256(stills.png(stills.picture('window', W().state)['svg'])).hexdigest())"
    )
    first, second = (
        subprocess.check_output([sys.executable, "-c", script], text=True) for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize("cls", EXPLORERS.values())
def test_no_colour_of_the_still_is_left_to_the_viewer(cls):
    """Its renderer knows neither custom properties nor light-dark()."""
    svg = stills._with_style(stills.picture(cls.kind, cls().state)["svg"])
    assert "var(" not in svg
    assert "light-dark(" not in svg
    assert re.search(r"\.fill-macs { fill: #d55e00; }", svg)
