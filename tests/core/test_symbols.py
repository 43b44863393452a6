"""The letters, and whole-number arithmetic that is the same for letters and numbers."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from unet_complexity import symbols
from unet_complexity.symbols import (
    GLOSSARY,
    N,
    ceil_div,
    exact,
    floor_div,
    letter,
    n,
    named_letters,
    q,
    substitute,
)


def test_every_letter_is_in_the_glossary_once_and_means_a_whole_number() -> None:
    letters = {
        str(value): value for value in vars(symbols).values() if isinstance(value, sp.Symbol)
    }
    assert set(letters) == set(GLOSSARY)
    assert all(symbol.is_integer and symbol.is_nonnegative for symbol in letters.values())
    assert {name for name, symbol in letters.items() if not symbol.is_positive} == {"q", "l"}


@pytest.mark.parametrize("name", GLOSSARY)
def test_a_letter_by_name_is_the_letter_of_the_package(name: str) -> None:
    assert letter(name) == getattr(symbols, "level" if name == "l" else name)


@given(a=st.integers(0, 10**20), b=st.integers(1, 10**9))
def test_division_rounds_numbers(a: int, b: int) -> None:
    assert floor_div(a, b) * b <= a < (floor_div(a, b) + 1) * b
    assert (ceil_div(a, b) - 1) * b < a <= ceil_div(a, b) * b
    assert {type(floor_div(a, b)), type(ceil_div(a, b))} == {int}


def test_division_takes_letters_to_fit() -> None:
    assert ceil_div(N, 2) == floor_div(N, 2) == N / 2
    assert ceil_div(8, n) == 8 / n
    assert floor_div(N, N) == 1
    assert type(floor_div(N, N)) is int
    assert floor_div(N - sp.Rational(1, 2), 2) == N / 2 - sp.Rational(1, 4)


@given(a=st.integers(-50, 50), t=st.integers(1, 9), m=st.integers(1, 50))
def test_division_rounds_the_number_beside_a_letter_that_fits(a: int, t: int, m: int) -> None:
    for divide in (floor_div, ceil_div):
        assert substitute(divide(N + a, t), {N: t * m}) == divide(t * m + a, t)
        assert substitute(divide(3 * N / 2 + a, t), {N: 2 * t * m}) == divide(3 * t * m + a, t)


@pytest.mark.parametrize(
    ("value", "result"),
    [(sp.Integer(3), 3), (N, N), ((N, (2, N)), (5, (2, 5))), ("same", "same"), (None, None)],
    ids=str,
)
def test_substituting_reaches_into_pairs_and_leaves_the_rest(value: Any, result: Any) -> None:
    assert substitute(value, {N: 5}) == (5 if value == N else result)
    assert type(substitute(N, {N: sp.Integer(5)})) is int


def test_a_number_of_doublings_may_be_0_and_a_side_may_not() -> None:
    assert named_letters({"q": 0, "N": 1}) == {q: 0, N: 1}
    with pytest.raises(ValueError, match="N must be at least 1, got 0"):
        named_letters({"N": 0})


def test_exact_turns_only_whole_numbers_into_ints() -> None:
    assert type(exact(sp.Integer(2))) is int
    assert exact(sp.Rational(1, 2)) == sp.Rational(1, 2)
    assert exact(N) is N
    assert sp.Integer(2) != 2.0  # why floats are kept out
