"""The exercises: every right answer passes, every slip is named, and the notebooks' own solutions are executed."""

import re

import pytest
import sympy as sp

from tools import notebooks
from unet_complexity.checks import check, exercises
from unet_complexity.symbols import N, c, f, h, k, n, s, w

EXERCISES = exercises()
SOLUTION = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_right_answer_passes_as_number_formula_or_function(name):
    exercise = EXERCISES[name]
    assert check(name, exercise.right).right
    assert check(name, lambda *_: exercise.right).right
    assert not check(name, exercise.right + 1).right


@pytest.mark.parametrize("name", EXERCISES)
def test_every_slip_is_named(name):
    for slip, reason in EXERCISES[name].slips:
        assert check(name, slip).text == reason


@pytest.mark.parametrize("name", EXERCISES)
def test_every_factor_is_missed_by_name(name):
    exercise = EXERCISES[name]
    named = [slip for slip, _ in exercise.slips]
    for what, factor in exercise.factors.items():
        for answer, word in (
            (exercise.right / sp.sympify(factor), "Missing: "),
            (exercise.right * factor, "too often: "),
        ):
            if not any(sp.simplify(answer - slip) == 0 for slip in named):
                text = check(name, answer).text
                assert word in text
                assert str(factor) in text, what


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (..., "Put your answer in place of the dots: the MACs of f filters of 1 x k"),
        (None, "Put your answer in place of the dots"),
        ("h*w", "That is text. Write the formula without quotes: h*w, not 'h*w'."),
        ([1, 2], "A number or a formula in letters is wanted, and this is a list"),
        (True, "this is a bool"),
        (0, "More than nothing, always: "),
        (-2 * h, "More than nothing, always: "),
        (lambda rows: rows, "Your function was called with h, w, c, k, f and failed: "),
        (lambda *sizes: sizes[9], "failed: tuple index out of range"),
        (12345, "The answer depends on c, f, h, k, w too."),
        (h * w * f, "The answer depends on c, k too."),
        (h * w * f * k * c * 1.01, "Close, but a count is exact."),
        (h * w * f * k * c * N, "The answer does not depend on N."),
        (h * w * f * k**2 * c, "Once too often: k (taps). Divide your answer by k."),
        (h * w * (f + c) * k, "The right letters, but not put together rightly."),
        (h * w * f * k * c * 7, "Too large by a factor of 7. Go through the four steps again."),
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


def test_a_number_is_wanted_where_no_letter_is_left():
    assert "The answer is a number: say what k is." in check("share of the decoder", 2**30 * k).text


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
    with pytest.raises(ValueError, match="no exercise is called 'macs of d9'; there are 'macs of d4', "):
        check("macs of d9", 1)


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in notebooks.paths()])
def test_the_folded_solutions_are_right(path):
    """Each solution runs where it stands: after the code above it."""
    names, solved, asked = {}, 0, 0
    for cell in notebooks.read(path).cells:
        if cell.cell_type == "code":
            asked += "check(" in cell.source
            exec(without_pictures(cell.source), names)
            continue
        for code in SOLUTION.findall(cell.source):
            *lines, last = code.strip().splitlines()
            exec("\n".join(lines), names)
            assert eval(last, names).right, code
            solved += 1
    assert solved == asked


def without_pictures(source):
    """Code without its last line where that draws: 00 has none, and drawing is tested elsewhere."""
    return "\n".join(line for line in source.splitlines() if not re.match(r"(plot_\w+|\w+Explorer)\(", line))
