"""Judging: any form of the right answer passes, and nothing that is typed ends in a traceback."""

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
from unet_complexity.checks import check, exercises, predict
from unet_complexity.symbols import N, c, f, h, k, n, s, w


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (..., "Put your answer in place of the dots: the MACs of f filters of 1 x k"),
        (None, "Put your answer in place of the dots"),
        (
            "h*w",
            "'h*w' is text. Write a number or a formula without quotes, with * between factors and ** for",
        ),
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
        (
            h * w * f * k * c * N,
            "Letters that do not belong in the answer: N. Remove them, or put numbers there. ",
        ),
        (h * w * f * k**2 * c, "Too large by a factor: k (taps). Divide your answer by k."),
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
        (
            lambda h, w, c, k, f: h * w * f * k ^ 2,
            "In Python, ^ does not mean a power. Write **, as in k**2.",
        ),
        (
            lambda h, w, c, k, f: sum(1 for _ in range(h)),
            "Called with h = 3, w = 2, c = 5, k = 7, f = 11: ",
        ),
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


@pytest.mark.parametrize(
    "number", [np.int64(4), np.float32(4), Fraction(4), sp.Integer(4), sp.Float(4)]
)
def test_a_number_may_be_of_any_kind(number):
    assert check("doubled side", number).right


def test_letters_of_the_readers_own_are_taken_for_the_packages():
    own = dict(zip("hwckf", sp.symbols("h w c k f"), strict=True))
    assert check("macs of a rectangle", own["h"] * own["w"] * own["c"] * own["k"] * own["f"]).right


def test_a_function_may_calculate_or_loop():
    def loop(rows, columns, channels, taps, filters):
        return sum(
            taps * channels for _ in range(rows) for _ in range(columns) for _ in range(filters)
        )

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
    said = "Letters that do not belong in the answer: k. Remove them, or put numbers there."
    assert said in check("share of the decoder", 2**30 * k).text


def test_a_function_is_called_by_the_names_of_its_letters():
    """In whatever order they stand, and without those that it does not need."""
    for function in (
        lambda n, c, f, k, s: n**2 * c * f * k**2,
        lambda s, f, k, c, n: n**2 * c * f * k**2,
        lambda f, k, c, n: n**2 * c * f * k**2,
    ):
        assert check("transposed", function).right
    assert check(
        "macs after a copy", lambda a, b, d, e, g: 4 * a * b * d * e**2 * g
    ).right  # then in order


def test_feedback_shows_itself_without_breaking_the_page():
    page, script, _ = check("macs of a rectangle", "<script>")._repr_html_().partition("\n<script>")
    assert "&lt;script&gt;" in page
    assert script
    assert "<script>" not in page


@pytest.mark.parametrize(
    "typed", ["$x$", r"\(x\)", sp.Symbol("$x$"), lambda n: 1 / sp.Symbol("$x$")]
)
def test_nothing_that_is_typed_becomes_a_formula_on_a_page(typed):
    for feedback in (check("macs of d4", typed), predict("a doubled side", typed)):
        page, _, _ = feedback._repr_html_().partition("\n<script>")
        said = page.partition("<div style")[2]
        assert "x" in said
        assert not re.search(
            r"[$\\]", said.replace("<span>$</span>", "").replace(r"<span>\</span>", "")
        )


def test_an_unknown_exercise_lists_the_known_ones():
    with pytest.raises(
        ValueError, match="no exercise is called 'macs of d9'; there are 'macs of d2', "
    ):
        check("macs of d9", 1)


@pytest.mark.parametrize("answer", [0.444, 0.4445])
def test_a_fraction_is_exact(answer):
    assert check("phases of (3, 2)", answer).text.startswith(
        "Close, but not exact. Asked for: the fraction "
    )


def test_a_function_that_returns_a_function_gets_help():
    assert "This is a function." in check("doubled side", lambda: lambda: 4).text


@pytest.mark.parametrize("power", [100, 400, 3000])
def test_a_formula_with_too_many_terms_is_refused(power):
    for answer in (
        (n + 1) ** power,
        (c + f + h + w + n) ** 30,
        ((n + 1) ** 20 * (c + 1) ** 20) ** 20,
    ):
        said = repr(check("macs of d4", answer))
        assert "A formula here has at most 10,000 terms. This one has more" in said or power == 100
        assert len(said) < 1100


def test_a_formula_nested_too_deeply_is_refused():
    answer = n
    for _ in range(150):
        answer = 1 / (answer + 1)
    assert "A formula here has at most 10,000 terms" in repr(check("macs of d4", answer))


def test_a_long_answer_is_repeated_in_part():
    assert len(repr(check("macs of d4", "x" * 10**5))) < 1100
    assert len(check("macs of d4", "x" * 10**5)._repr_html_().partition("<script>")[0]) < 4000
