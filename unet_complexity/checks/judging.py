"""Exercises with one right value.  Their feedback names the slip: "you left out c", not "wrong".

An :class:`Exercise` holds the right value, its factors by name, and the slips that readers make.
An answer may be a number, a formula in the package's letters, or a function of these letters.  The
right value divided by the answer shows which factor is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from inspect import signature
from math import isfinite, prod
from numbers import Rational, Real
from typing import Any

import sympy as sp

from unet_complexity.checks.feedback import Feedback, is_blank, shown
from unet_complexity.closed_form import powers_of_two
from unet_complexity.cost import Cost, with_separators
from unet_complexity.symbols import GLOSSARY, as_expr, letter

MOST_TERMS = 10_000  # of a formula that is multiplied out; right answers have some dozens
FAR = 1_000_000_000_000  # a larger factor tells the reader nothing more
ROUNDED = 0.01  # relative error that rounding may cause
PRIMES = (3, 2, 5, 7, 11)  # arguments for a function that cannot work with letters

Values = dict[str, Any]  # numbers, formulas and what pages need, by name
Numbers = dict[sp.Symbol, Any]  # what letters stand for


@dataclass(frozen=True)
class Exercise:
    """An exercise that asks for one value.

    Attributes:
        asked: the value asked for, as a noun phrase.
        right: that value, a number or a formula.
        slips: wrong values that deserve an explanation, by what happened.
        factors: factors of the right value, by name.
        letters: those of the right value, and the arguments of an answer that is a function, in
            order.  A function whose parameters are all named like letters gets them by name.
        unit: given for a value that may be rounded; printed after it.

    >>> from unet_complexity.symbols import n
    >>> area = Exercise("the pixels of an n x n map", n**2, {"A map has two sides.": n}, factors={})
    >>> area.judge(n)
    Not yet. A map has two sides.
    >>> area.judge(n * n)
    Right. n**2
    """

    asked: str
    right: Any
    slips: Values
    factors: Values
    letters: str = ""
    unit: str = ""

    def judge(self, answer: Any) -> Feedback:
        """Return whether ``answer`` is right, and if not, what to look at."""
        if is_blank(answer):
            return Feedback(False, f"Put your answer in place of the dots: {self.asked}.")
        numbers: Numbers = {}
        try:
            if callable(answer) and not isinstance(answer, sp.Basic):
                answer, numbers = self._result(answer)
            hint = self._hint(as_value(answer), numbers)
        except ValueError as error:
            return Feedback(False, f"{error}. Asked for: {self.asked}.")
        if not hint:
            return Feedback(True, self._right())
        where = ", ".join(f"{name} = {number}" for name, number in numbers.items())
        return Feedback(False, f"Called with {where}: {hint}" if where else hint)

    def data(self) -> Values:
        """Return what a page needs to judge an answer without Python; formulas are text."""
        return {
            "asked": self.asked,
            "right": str(self.right),
            "shown": self._right(),
            "unit": self.unit,
            "slips": as_text(self.slips),
            "factors": as_text(self.factors),
            "letters": sorted(self.letters),
        }

    def _right(self) -> str:
        return f"{shown(self.right)} {self.unit}" if self.unit else with_separators(self.right)

    def _result(self, function: Callable[..., Any]) -> tuple[Any, Numbers]:
        """Call a function with letters; if it fails, for example in a loop, with numbers.

        ValueError if it fails with both.
        """
        letters = [letter(name) for name in _order(function, self.letters)]
        primes = dict(zip(map(letter, self.letters), PRIMES, strict=False))
        problem = ""
        for numbers in ({}, primes):
            try:
                return function(*(numbers.get(each, each) for each in letters)), numbers
            except Exception as error:
                problem = problem or str(error)
            if "for ^" in problem:
                raise ValueError("In Python, ^ does not mean a power. Write **, as in k**2")
        given = ", ".join(self.letters) or "nothing"
        raise ValueError(f"Your function was called with {given} and failed: {problem}")

    def _hint(self, value: sp.Expr, numbers: Numbers) -> str:
        """Return what is wrong with a value; "" if it is right."""
        right = as_expr(self.right).subs(numbers)
        if _same(value, right, ROUNDED if self.unit else 0):
            return ""
        for reason, slip in self.slips.items():
            if _same(value, slip.subs(numbers), ROUNDED):
                return reason
        if value == 0 or value.is_negative or (value / right).is_negative:
            return f"The answer is greater than zero: {self.asked}."
        for name, factor in self.factors.items():
            number = factor.subs(numbers)
            if _same(value * number, right):
                return f"Missing: {name}. Multiply your answer by {number}."
            if _same(value, right * number):
                return f"Too large by a factor: {name}. Divide your answer by {number}."
        missing = powers_of_two(right / value)
        hint = _size_hint(missing) if missing.is_comparable else _letter_hint(value, right)
        return f"{hint}. Asked for: {self.asked}."


def as_text(values: Values) -> list[tuple[str, str]]:
    """Return each name with its number or formula as a page's script reads it."""
    return [(name, str(value)) for name, value in values.items()]


def _size_hint(missing: sp.Expr) -> str:
    """Say by which factor an answer is off."""
    if 0.9 < missing < 1.1:
        return "Close, but not exact"
    size = "small" if missing > 1 else "large"
    times = max(missing, 1 / missing)
    off = f"Too {size} by a factor of {float(times):.4g}" if times < FAR else f"Much too {size}"
    return f"{off}. Go through the four steps again"


def _letter_hint(value: sp.Expr, right: sp.Expr) -> str:
    """Name the letters that an answer has too many or too few, without giving it away."""
    strange = value.free_symbols - right.free_symbols
    lacking = right.free_symbols - value.free_symbols
    names = ", ".join(sorted(map(str, strange or lacking)))
    if strange:
        return (
            f"Letters that do not belong in the answer: {names}. Remove them, or put numbers there"
        )
    if lacking:
        return f"The answer also depends on {names}"
    return "The letters are right, but they are not combined rightly"


def as_value(answer: Any) -> sp.Expr:
    """Return an answer as an exact number or as a formula in the package's letters.

    Raises:
        ValueError: the answer is neither; the message says what to write instead.

    >>> as_value(0.25), as_value(sp.Symbol("n")) == letter("n")
    (1/4, True)
    """
    value = answer if isinstance(answer, sp.Expr) else exact_number(answer)
    if is_blank(answer):
        problem = "Your function returned nothing"
    elif isinstance(answer, str):
        problem = (
            f"{answer!r} is text. Write a number or a formula without quotes, "
            "with * between factors and ** for powers, as in 4 * k**2"
        )
    elif isinstance(answer, Cost):
        problem = "A Cost holds several counts; take one of them, such as answer.macs"
    elif value is None:
        problem = f"Give a number or a formula in letters. This is a {type(answer).__name__}"
    elif _terms(value) > MOST_TERMS:
        problem = f"A formula here has at most {MOST_TERMS:,} terms. This one has more"
    elif value.has(sp.nan, sp.zoo, sp.oo, -sp.oo, sp.I):
        problem = f"The answer is a finite real number. This is {value}"
    else:
        known = {
            symbol: letter(str(symbol)) for symbol in value.free_symbols if str(symbol) in GLOSSARY
        }
        exact = {number: exact_number(number) for number in value.atoms(sp.Float)}
        return value.xreplace(known | exact)
    raise ValueError(problem)


def _terms(value: sp.Expr, depth: int = 0) -> int:
    """Return about how many terms a formula has when it is multiplied out; FAR if it is nested too deeply."""
    if depth > 100:
        return FAR
    terms = [_terms(part, depth + 1) for part in value.args]
    if value.is_Add:
        return sum(terms)
    if value.is_Pow and value.exp.is_Integer:
        return int(min(terms[0], FAR) ** min(abs(value.exp), 30))
    return prod(terms)


def _order(function: Callable[..., Any], letters: str) -> Iterable[str]:
    """Return the letters in the order in which a function takes them: by name if possible.

    >>> list(_order(lambda f, k: f - k, "kf")), list(_order(lambda filters, side: filters - side, "kf"))
    (['f', 'k'], ['k', 'f'])
    """
    try:
        parameters = signature(function).parameters.keys()
    except (TypeError, ValueError):  # some built-in functions have no signature
        return letters
    return parameters if parameters <= set(letters) else letters


def exact_number(value: Any) -> sp.Expr | None:
    """Return a Python or NumPy number as an exact SymPy one; None if it is not finite and real.

    A float stands for the simplest fraction that rounds to it: 16 / 36 is 4/9.

    >>> exact_number(16 / 36), exact_number(True)
    (4/9, None)
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    if isinstance(value, Rational):
        return sp.Rational(value)
    number = float(value)
    if not isfinite(number):
        return None
    simple = Fraction(number).limit_denominator(1_000_000)
    return sp.Rational(simple if float(simple) == number else number)


def _same(value: sp.Expr, other: sp.Expr, within: float = 0) -> bool:
    """Return True if two values are equal, or two fractions differ by less than ``within``.

    Whole numbers are counts, which are never rounded.
    """
    difference = powers_of_two(value - other)
    if difference == 0 or (not difference.is_polynomial() and sp.cancel(difference) == 0):
        return True
    fractions = [number.is_Rational and not number.is_Integer for number in (value, other)]
    return all(fractions) and bool(abs(value / other - 1) < within)
