"""Budget puzzles: an answer outside the bounds is told what is exceeded and which step helps."""

import re
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from unet_complexity.checks import Puzzle, check, exercises

PUZZLES = {name: puzzle for name, puzzle in exercises().items() if isinstance(puzzle, Puzzle)}
UNET = "a U-Net on a budget"


def test_a_broken_budget_says_by_how_much_and_what_each_letter_would_do():
    text = check(UNET, (64, 4)).text
    assert text == (
        "Too much, MACs: 48,096,083,968, 4.81 times the 10,000,000,000 allowed. "
        "Too much, parameters: 31,030,658, 15.52 times the 2,000,000 allowed. "
        "Which size would you change? For MACs: base_filters from 64 to 32 makes it 12,035,555,328; "
        "depth from 4 to 3 makes it 36,687,577,088."
    )


def test_a_budget_broken_by_a_hair_is_not_said_to_be_kept():
    text = check(UNET, (33, 3)).text
    assert "Too much, parameters: 2,047,190, 1.024 times the 2,000,000 allowed." in text
    assert "MACs" not in text


@pytest.mark.parametrize("name", PUZZLES)
@given(data=st.data())
@settings(max_examples=25)
def test_no_step_that_is_named_breaks_a_bound(name, data):
    """Each keeps the bounds that were kept, and exceeds the others by no more than before."""
    puzzle = PUZZLES[name]
    answer = [data.draw(st.integers(1, min(largest, 40))) for largest in puzzle.largest.values()]
    before, text = puzzle.amounts(answer), check(name, answer).text
    for size, new in re.findall(r"(\w+) from \d+ to (\d+) makes", text):
        place = list(puzzle.largest).index(size)
        after = puzzle.amounts([*answer[:place], int(new), *answer[place + 1 :]])
        assert all(after[what] <= max(bound, before[what]) for what, bound in puzzle.most.items())
        assert all(after[what] >= min(bound, before[what]) for what, bound in puzzle.least.items())


@pytest.mark.parametrize("name", PUZZLES)
@given(data=st.data())
@settings(max_examples=10)
def test_the_formulas_of_a_puzzle_give_what_is_measured_in_numbers(name, data):
    puzzle = PUZZLES[name]
    sizes = [data.draw(st.integers(1, largest)) for largest in puzzle.largest.values()]
    expected = puzzle.measure(*sizes) | dict(zip(puzzle.largest, sizes, strict=True))
    assert puzzle.amounts(sizes) == expected


def test_if_no_step_helps_with_the_first_bound_the_advice_is_about_the_next():
    text = check("a layer on a budget", (48, 4, 31)).text
    assert "Too little, filters: 48, and at least 64 is required." in text
    assert "Which size would you change? For rows out: strides from 31 to 15 makes it 9." in text


def test_if_no_single_step_helps_the_advice_says_so():
    text = check("phases on a budget", (6, 2)).text
    assert text.startswith("Too much, per cent left: 34.03")
    assert text.endswith(
        "No single step helps without breaking another bound: change two sizes at once."
    )


@pytest.mark.parametrize("three", [3.0, np.int64(3), np.float32(3), sp.Integer(3), Fraction(3)])
def test_a_whole_number_may_be_of_any_kind_as_in_exercises(three):
    assert check("a layer on a budget", (64.0, three, 2)).right


def test_no_move_is_named_that_another_bound_forbids():
    text = check("a layer on a budget", (64, 3, 1)).text
    assert (
        "Which size would you change? For MACs: strides from 1 to 2 makes it 150,994,944." in text
    )


@pytest.mark.parametrize("name", PUZZLES)
@pytest.mark.parametrize("sizes", [2, 3, 5, 8])
def test_every_move_that_is_named_does_what_is_said(name, sizes):
    puzzle = PUZZLES[name]
    answer = [sizes] * len(puzzle.largest)
    text = check(name, answer).text
    moves = re.findall(r"(\w+) from (\d+) to (\d+) makes it ([\d.,]*\d)", text)
    quantity = re.search(r"For ([\w ]+): ", text)[1]
    assert moves
    for letter, old, new, then in moves:
        place = list(puzzle.largest).index(letter)
        assert int(old) == answer[place]
        moved = [*answer[:place], int(new), *answer[place + 1 :]]
        amount = puzzle.amounts(moved)[quantity]
        assert float(then.replace(",", "")) == pytest.approx(float(amount), rel=1e-3)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            ...,
            "Put numbers in place of the dots. At most: MACs 10,000,000,000, parameters 2,000,000. "
            "At least: parameters 1,000,000, depth 3. Give 2 whole numbers",
        ),
        ((..., 3), "Put numbers in place of the dots"),
        (7, "2 numbers are wanted, got 7."),
        ("32, 3", "2 numbers are wanted, got '32, 3'."),
        ((32,), "2 numbers are wanted, got (32,)."),
        ((32, 3, 1), "2 numbers are wanted, got (32, 3, 1)."),
        ((32.5, 3), "base_filters must be a whole number from 1 to 1,000, got 32.5."),
        ((32, -3), "depth must be a whole number from 1 to 8, got -3."),
        ((32, 0), "depth must be a whole number from 1 to 8, got 0."),
        ((32, 9), "depth must be a whole number from 1 to 8, got 9."),
        ((10**30, 3), "base_filters must be a whole number from 1 to 1,000, got 1000000"),
        (
            (sp.Symbol("g", integer=True, positive=True), 3),
            "base_filters must be a whole number from 1 to 1,000, got g.",
        ),
        ((32, (3, 3)), "depth must be a whole number from 1 to 8, got (3, 3)."),
        (("32", "3"), "base_filters must be a whole number from 1 to 1,000, got '32'."),
    ],
)
def test_what_is_no_answer_gets_help(answer, said):
    feedback = check(UNET, answer)
    assert not feedback.right
    assert said in feedback.text
    assert "(base_filters, depth)" in feedback.text


@pytest.mark.parametrize("name", PUZZLES)
@pytest.mark.parametrize("extreme", [min, max])
def test_the_smallest_and_the_largest_sizes_are_judged(name, extreme):
    feedback = check(name, [extreme(1, largest) for largest in PUZZLES[name].largest.values()])
    assert feedback.text.startswith(("Too much, ", "Too little, "))
