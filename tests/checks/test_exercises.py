"""The exercises: every right answer passes, every slip is named, and nothing that is typed ends in a traceback."""

import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from tests.checks.typed import anything
from unet_complexity import Conv2D, Tensor
from unet_complexity.checks import Exercise, check, exercises
from unet_complexity.symbols import N, c, f, h, k, n, s, w

EXERCISES = {name: exercise for name, exercise in exercises().items() if isinstance(exercise, Exercise)}


@pytest.mark.parametrize("name", EXERCISES)
def test_the_right_answer_passes_as_number_formula_or_function(name):
    exercise = EXERCISES[name]
    assert check(name, exercise.right).right
    assert check(name, lambda *_: exercise.right).right
    assert not check(name, exercise.right + 1).right


SLIPS = [(name, slip, reason) for name, exercise in EXERCISES.items() for reason, slip in exercise.wrong().items()]


@pytest.mark.parametrize(("name", "slip", "reason"), SLIPS, ids=[f"{name}: {slip}" for name, slip, _ in SLIPS])
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
        ("FLOPs, not MACs", "macs of d4", 2 * 16 * 16 * 512 * 16 * 256, "there are two FLOPs in each"),
        ("FLOPs, not MACs", "macs of a rectangle", 2 * h * w * f * k * c, "there are two FLOPs in each"),
        ("FLOPs, not MACs", "macs by phases", 2 * (k + s - 1) ** 2 * n**2 * c * f, "there are two FLOPs in each"),
        ("side, not pixels", "macs of d4", 16 * 512 * 16 * 256, "instead of its 16 x 16 pixels"),
        ("side, not pixels", "transposed", n * c * k**2 * f, "the map has n x n pixels"),
        ("side, not pixels", "macs after a copy", 2 * h * w * f * k**2 * c, "side or pixels?"),
        ("side, not pixels", "doubled side", 2, "the number of pixels grows by 2 x 2"),
        ("input, not output", "macs of d4", 32 * 32 * 512 * 16 * 256, "You counted the input's 32 x 32 positions"),
        ("input, not output", "macs after a copy", h * w * f * k**2 * c, "The convolution reads its output"),
        ("output, not input", "transposed", s**2 * n**2 * c * k**2 * f, "each input element"),
        ("no bias", "params of d4", 512 * 16 * 256, "The biases are missing: one number for each filter"),
        ("bias where none belongs", "macs of a rectangle", h * w * f * (k * c + 1), "The biases are additions"),
        ("adding copies", "elements of (2, 3)", 5 * h * w * c, "You added 2 and 3."),
    ],
)
def test_the_slips_that_everybody_makes_are_named(slip, name, answer, said):
    assert said in check(name, answer).text, slip


@pytest.mark.parametrize("name", EXERCISES)
def test_every_factor_is_missed_by_name(name):
    exercise = EXERCISES[name]
    named = exercise.wrong().values()
    for what, factor in exercise.named_factors().items():
        for answer, word in (
            (exercise.right / sp.sympify(factor), "Missing: "),
            (exercise.right * factor, "One factor too many: "),
        ):
            if not any(sp.cancel(answer - slip) == 0 for slip in named):
                text = check(name, answer).text
                assert word in text
                assert str(factor) in text, what


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (..., "Put your answer in place of the dots: the MACs of f filters of 1 x k"),
        (None, "Put your answer in place of the dots"),
        ("h*w", "'h*w' is text. Write a number or a formula without quotes, with * between factors and ** for powers"),
        ("36%", "'36%' is text."),
        ([1, 2], "Give a number or a formula in letters. This is a list. Asked for: "),
        (True, "This is a bool"),
        (0, "The answer is greater than zero: "),
        (-2 * h, "The answer is greater than zero: "),
        (lambda rows: rows, "Your function was called with h, w, c, k, f and failed: "),
        (lambda *sizes: sizes[9], "failed: tuple index out of range"),
        (12345, "The answer also depends on c, f, h, k, w."),
        (h * w * f, "The answer also depends on c, k."),
        (h * w * f * k * c * 1.01, "Close, but not exact. Asked for: "),
        (h * w * f * k * c * N, "N does not belong in the answer. Remove it, or put a number there."),
        (h * w * f * k**2 * c, "One factor too many: k (taps). Divide your answer by k."),
        (h * w * (f + c) * k, "The letters are right, but they are not combined rightly."),
        (h * w * f * k * c * 7, "Too large by a factor of 7. Go through the four steps again."),
        (h * w * f * k * c * 10**400, "Much too large. Go through the four steps again."),
        (h * w * f * k * c / 10**400, "Much too small."),
        (float("nan"), "This is a float"),
        (float("inf"), "This is a float"),
        (sp.oo, "The answer is a finite real number. This is oo. Asked for: "),
        (sp.I * h, "The answer is a finite real number. This is I*h. Asked for: "),
        (2 + 3j, "This is a complex"),
        (Decimal(2), "This is a Decimal"),
        (np.array([1, 2]), "This is a ndarray"),
        (sp.Eq(h, w), "This is a Equality"),
        (sp.Matrix([1]), "This is a MutableDenseMatrix"),
        (
            Conv2D(f, k).cost(Tensor(h, w, c)),
            "A Cost holds several counts; take one of them, such as answer.macs. Asked for: ",
        ),
        (Conv2D(f, k), "This is a Conv2D"),
        (lambda *sizes: None, "Your function returned nothing"),
        (lambda *sizes: "h", "'h' is text."),
        (lambda h, w, c, k, f: h * w * f * k ^ 2, "In Python, ^ does not mean a power. Write **, as in k**2."),
        (lambda h, w, c, k, f: sum(1 for _ in range(h)), "Called with h = 3, w = 2, c = 5, k = 7, f = 11: "),
    ],
)
def test_any_answer_gets_help_and_never_a_traceback(answer, said):
    feedback = check("macs of a rectangle", answer)
    assert not feedback.right
    assert said in feedback.text
    assert repr(feedback).startswith("Not yet. ")


def test_equal_formulas_and_floats_are_right_however_they_are_written():
    assert check("copy per MAC", (s * n) ** 2 * c / ((s * n) ** 2 * f * k**2 * c)).right
    assert check("elements of (2, 3)", 2 * (h * w * c + 2 * h * w * c)).right
    assert check("doubled side", 4.0).right
    assert check("macs of a rectangle", 1.0 * h * w * f * k * c).right
    assert check("phases of (5, 2)", 36 / 100).right


@pytest.mark.parametrize("number", [np.int64(4), np.float32(4), Fraction(4), sp.Integer(4), sp.Float(4)])
def test_a_number_may_be_of_any_kind(number):
    assert check("doubled side", number).right


def test_letters_of_the_readers_own_are_taken_for_the_packages():
    own = dict(zip("hwckf", sp.symbols("h w c k f"), strict=True))
    assert check("macs of a rectangle", own["h"] * own["w"] * own["c"] * own["k"] * own["f"]).right


def test_a_function_may_calculate_or_loop():
    def loop(rows, columns, channels, taps, filters):
        return sum(taps * channels for _ in range(rows) for _ in range(columns) for _ in range(filters))

    def forgets(rows, columns, channels, taps, filters):
        return sum(taps for _ in range(rows) for _ in range(columns) for _ in range(filters))

    assert check("macs of a rectangle", lambda h, w, c, k, f: h * w * c * k * f).right
    assert check("macs of a rectangle", loop).right
    assert "Missing: c (channels in)." in check("macs of a rectangle", forgets).text


@given(answer=anything(), name=st.sampled_from(sorted(exercises())))
def test_whatever_is_typed_gets_a_sentence(answer, name):
    for given_answer in (answer, lambda *_: answer):
        assert check(name, given_answer).text.strip()


def test_a_number_is_wanted_where_no_letter_is_left():
    said = "k does not belong in the answer. Remove it, or put a number there."
    assert said in check("share of the decoder", 2**30 * k).text


def test_a_function_is_called_by_the_names_of_its_letters():
    """In whatever order they stand, and without those that it does not need."""
    for function in (
        lambda n, c, f, k, s: n**2 * c * f * k**2,
        lambda s, f, k, c, n: n**2 * c * f * k**2,
        lambda f, k, c, n: n**2 * c * f * k**2,
    ):
        assert check("transposed", function).right
    assert check("macs after a copy", lambda a, b, d, e, g: 4 * a * b * d * e**2 * g).right  # then in order


@pytest.mark.parametrize("fraction", [0.8885, 0.888, 88.85, 88.8])
def test_a_share_in_place_of_a_count_is_named_however_it_is_rounded(fraction):
    assert "The count is asked for." in check("share of the decoder", fraction).text


@pytest.mark.parametrize("name", [name for name in EXERCISES if isinstance(EXERCISES[name].right, sp.Expr)])
@pytest.mark.parametrize("answer", [1, 5, 12345, c, n, k**3])
def test_no_guess_gives_the_answer_away(name, answer):
    feedback = check(name, answer)
    assert feedback.right or str(EXERCISES[name].right) not in feedback.text.replace(EXERCISES[name].asked, "")


def test_feedback_shows_itself_without_breaking_the_page():
    page = check("macs of a rectangle", "<script>")._repr_html_()
    assert "&lt;script&gt;" in page
    assert "<script>" not in page


def test_an_unknown_exercise_lists_the_known_ones():
    with pytest.raises(ValueError, match="no exercise is called 'macs of d9'; there are 'macs of d2', "):
        check("macs of d9", 1)


@pytest.mark.parametrize("answer", [0.131072, 0.1311, 0.131, 0.13, Fraction(2048, 15625)])
def test_a_time_may_be_rounded_and_is_shown_with_its_unit(answer):
    assert repr(check("least time of the last copy", answer)) == "Right. 0.1311 ms"


@pytest.mark.parametrize("answer", [0.129, 0.133, 1])
def test_a_time_that_is_off_by_more_is_not_right(answer):
    assert not check("least time of the last copy", answer).right


@pytest.mark.parametrize("answer", [0.444, 0.4445])
def test_a_fraction_is_exact(answer):
    assert check("phases of (3, 2)", answer).text.startswith("Close, but not exact. Asked for: the fraction ")


@pytest.mark.parametrize(
    ("name", "in_bounds"),
    [("macs of d4", 503_840_768), ("macs of d2", 128 * 64 * (4 * 64 - 2) ** 2), ("macs of the file at 512", None)],
)
def test_macs_in_bounds_are_told_from_dense_ones(name, in_bounds):
    (slip,) = (value for reason, value in EXERCISES[name].wrong().items() if "MACs in bounds" in reason)
    assert slip == (in_bounds or slip)
    assert "without the zeros of the padding" in check(name, slip).text


def test_feedback_is_plain_text_without_markup():
    """It is shown as text in a terminal and as escaped HTML in a notebook: *this* and `this` would be seen as typed."""
    texts = [text for exercise in EXERCISES.values() for text in (exercise.asked, *exercise.wrong())]
    texts += [name for exercise in EXERCISES.values() for name in exercise.named_factors()]
    assert [text for text in texts if re.search(r"[*`$\\]", text)] == []


def test_a_function_that_returns_a_function_gets_help():
    assert "This is a function." in check("doubled side", lambda: lambda: 4).text
