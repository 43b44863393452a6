"""The exercises of all lessons: right answers pass, slips and missing factors are named."""

import re
from fractions import Fraction

import pytest
import sympy as sp

from unet_complexity.checks import Exercise, check, exercises
from unet_complexity.symbols import c, f, h, k, n, s, w

EXERCISES = {
    name: exercise for name, exercise in exercises().items() if isinstance(exercise, Exercise)
}


@pytest.mark.parametrize("name", EXERCISES)
def test_the_right_answer_passes_as_number_formula_or_function(name):
    exercise = EXERCISES[name]
    assert check(name, exercise.right).right
    assert check(name, lambda *_: exercise.right).right
    assert not check(name, exercise.right + 1).right


SLIPS = [
    (name, slip, reason)
    for name, exercise in EXERCISES.items()
    for reason, slip in exercise.slips.items()
]


@pytest.mark.parametrize(
    ("name", "slip", "reason"), SLIPS, ids=[f"{name}: {slip}" for name, slip, _ in SLIPS]
)
def test_every_slip_is_named(name, slip, reason):
    """No slip is the right value, and none hides behind another one."""
    feedback = check(name, slip)
    assert not feedback.right
    assert feedback.text == reason


@pytest.mark.parametrize(
    ("slip", "name", "answer", "said"),
    [
        ("a missing factor", "macs of d4", 16 * 16 * 16 * 256, "Missing: f (512 filters)."),
        ("a missing factor", "macs of d4", 16 * 16 * 512 * 16, "Perhaps it is the 256 channels in"),
        (
            "FLOPs, not MACs",
            "macs of d4",
            2 * 16 * 16 * 512 * 16 * 256,
            "there are two FLOPs in each",
        ),
        (
            "FLOPs, not MACs",
            "macs of a rectangle",
            2 * h * w * f * k * c,
            "there are two FLOPs in each",
        ),
        (
            "FLOPs, not MACs",
            "macs by phases",
            2 * (k + s - 1) ** 2 * n**2 * c * f,
            "there are two FLOPs in each",
        ),
        ("side, not pixels", "macs of d4", 16 * 512 * 16 * 256, "instead of its 16 x 16 pixels"),
        ("side, not pixels", "transposed", n * c * k**2 * f, "the map has n x n pixels"),
        ("side, not pixels", "macs after a copy", 2 * h * w * f * k**2 * c, "side or pixels?"),
        ("side, not pixels", "doubled side", 2, "the number of pixels grows by 2 x 2"),
        (
            "input, not output",
            "macs of d4",
            32 * 32 * 512 * 16 * 256,
            "You counted the input's 32 x 32 positions",
        ),
        (
            "input, not output",
            "macs after a copy",
            h * w * f * k**2 * c,
            "The convolution reads its output",
        ),
        ("output, not input", "transposed", s**2 * n**2 * c * k**2 * f, "Each input element"),
        (
            "no bias",
            "params of d4",
            512 * 16 * 256,
            "The biases are missing: one number for each filter",
        ),
        (
            "bias where none belongs",
            "macs of a rectangle",
            h * w * f * (k * c + 1),
            "The biases are additions",
        ),
        ("adding copies", "elements of (2, 3)", 5 * h * w * c, "You added 2 and 3."),
    ],
)
def test_the_slips_that_everybody_makes_are_named(slip, name, answer, said):
    assert said in check(name, answer).text, slip


@pytest.mark.parametrize("name", EXERCISES)
def test_every_factor_is_missed_by_name(name):
    exercise = EXERCISES[name]
    named = exercise.slips.values()
    for what, factor in exercise.factors.items():
        for answer, word in (
            (exercise.right / sp.sympify(factor), "Missing: "),
            (exercise.right * factor, "Too large by a factor: "),
        ):
            if not any(sp.cancel(answer - slip) == 0 for slip in named):
                text = check(name, answer).text
                assert word in text
                assert str(factor) in text, what


@pytest.mark.parametrize("name", EXERCISES)
def test_the_letters_of_an_exercise_are_those_of_its_right_value(name):
    letters = set(map(str, sp.sympify(EXERCISES[name].right).free_symbols))
    assert letters <= set(EXERCISES[name].letters)
    assert EXERCISES[name].data()["letters"] == sorted(EXERCISES[name].letters)


@pytest.mark.parametrize("fraction", [0.8885, 0.888, 88.85, 88.8])
def test_a_share_in_place_of_a_count_is_named_however_it_is_rounded(fraction):
    assert "The count is asked for." in check("share of the decoder", fraction).text


@pytest.mark.parametrize(
    "name", [name for name in EXERCISES if isinstance(EXERCISES[name].right, sp.Expr)]
)
@pytest.mark.parametrize("answer", [1, 5, 12345, c, n, k**3])
def test_no_guess_gives_the_answer_away(name, answer):
    feedback = check(name, answer)
    assert feedback.right or str(EXERCISES[name].right) not in feedback.text.replace(
        EXERCISES[name].asked, ""
    )


@pytest.mark.parametrize("answer", [0.131072, 0.1311, 0.131, 0.13, Fraction(2048, 15625)])
def test_a_time_may_be_rounded_and_is_shown_with_its_unit(answer):
    assert repr(check("least time of the last copy", answer)) == "Right. 0.1311 ms"


@pytest.mark.parametrize("answer", [0.129, 0.133, 1])
def test_a_time_that_is_off_by_more_is_not_right(answer):
    assert not check("least time of the last copy", answer).right


@pytest.mark.parametrize(
    ("name", "in_bounds"),
    [
        ("macs of d4", 503_840_768),
        ("macs of d2", 128 * 64 * (4 * 64 - 2) ** 2),
        ("macs of the file at 512", None),
    ],
)
def test_macs_in_bounds_are_told_from_dense_ones(name, in_bounds):
    (slip,) = (
        value for reason, value in EXERCISES[name].slips.items() if "MACs in bounds" in reason
    )
    assert slip == (in_bounds or slip)
    assert "without the zeros of the padding" in check(name, slip).text


def test_feedback_is_plain_text_without_markup():
    """Terminals and notebooks show it as it is: *this* and `this` would keep their marks."""
    texts = [text for exercise in EXERCISES.values() for text in (exercise.asked, *exercise.slips)]
    texts += [name for exercise in EXERCISES.values() for name in exercise.factors]
    assert [text for text in texts if re.search(r"[*`$\\]", text)] == []
