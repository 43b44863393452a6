"""An exercise with one right value, and how an answer to it is judged: not "wrong" but "you left out c".

An :class:`Exercise` holds the right value, the factors it is made of, and the slips people make.  The answer may be a
number, a formula in the package's letters or a function of them; what it misses is found by dividing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from inspect import signature
from math import isfinite
from numbers import Integral, Rational, Real
from typing import Any

import sympy as sp

from unet_complexity.checks.feedback import Feedback, is_blank
from unet_complexity.closed_form import powers_of_two
from unet_complexity.cost import Cost, with_separators
from unet_complexity.symbols import GLOSSARY, letter

FLOPS = "That is FLOPs: a MAC is one multiplication and one addition, so there are two FLOPs in each."
BIAS = "The bias is missing: one number for each filter."

FAR = 10**12  # beyond, the factor tells nobody anything


@dataclass(frozen=True)
class Exercise:
    """``right``: the value asked for; ``factors``: its parts by name; ``slips``: wrong values and what happened.

    ``letters`` are what a function is called with: by name, where all of its parameters are named so, else in this
    order.
    """

    asked: str
    right: Any
    factors: dict[str, Any] = field(default_factory=dict)
    slips: tuple[tuple[Any, str], ...] = ()
    letters: tuple[sp.Symbol, ...] = ()

    def judge(self, answer: Any) -> Feedback:
        """Whether ``answer`` is right, and if not, what to look at."""
        if is_blank(answer):
            return Feedback(False, f"Put your answer in place of the dots: {self.asked}.")
        if callable(answer) and not isinstance(answer, sp.Basic):
            return self._judge_function(answer)
        value = self._as_value(answer)
        return value if isinstance(value, Feedback) else self._judge_value(value)

    def at(self, numbers: dict[sp.Symbol, int]) -> Exercise:
        """The same exercise with numbers in place of its letters."""

        def put(value: Any) -> Any:
            return sp.sympify(value).subs(numbers)

        factors = {name: put(factor) for name, factor in self.factors.items()}
        slips = tuple((put(slip), reason) for slip, reason in self.slips)
        return replace(self, right=put(self.right), factors=factors, slips=slips, letters=())

    def _judge_function(self, function: Callable[..., Any]) -> Feedback:
        """A function is called with the letters; one that cannot calculate with them (it loops), with numbers."""
        try:
            answer = called(function, {letter: letter for letter in self.letters})
        except Exception as error:
            if "for ^" in str(error):
                return Feedback(False, "In Python ^ is no power. Write **, as in k**2.")
            return self._judge_loops(function, error) if self.letters else self._failed(error, "nothing")
        return (
            Feedback(False, f"Your function gave no value: {self.asked}.") if is_blank(answer) else self.judge(answer)
        )

    def _judge_loops(self, function: Callable[..., Any], with_letters: Exception) -> Feedback:
        for sizes in ((3, 2, 5, 7, 4), (4, 5, 3, 2, 6)):
            numbers = dict(zip(self.letters, sizes, strict=False))
            try:
                answer = called(function, numbers)
            except Exception:
                return self._failed(with_letters, ", ".join(map(str, self.letters)))
            feedback = self.at(numbers).judge(answer)
            if not feedback.right:
                where = ", ".join(f"{letter} = {number}" for letter, number in numbers.items())
                return Feedback(False, f"Called with {where}: {feedback.text}")
        return Feedback(True, with_separators(self.right))

    def _failed(self, error: Exception, given: str) -> Feedback:
        return Feedback(False, f"Your function was called with {given} and failed: {error}")

    def _as_value(self, answer: Any) -> sp.Expr | Feedback:
        """``answer`` as an exact number or a formula in the package's own letters, or help where it is neither."""
        if isinstance(answer, str):
            how = (
                "Write a number or a formula without quotes, with * between factors and ** for powers, as in 4 * k**2."
            )
            return Feedback(False, f"{answer!r} is text. {how}")
        if isinstance(answer, Cost):
            return Feedback(False, f"A Cost holds many counts; take one, such as answer.macs: {self.asked}.")
        value = answer if isinstance(answer, sp.Expr) else exact_number(answer)
        if value is None:
            kind = type(answer).__name__
            return Feedback(False, f"A number or a formula in letters is wanted, and this is a {kind}: {self.asked}.")
        if value.has(sp.nan, sp.zoo, sp.oo, -sp.oo, sp.I):
            return Feedback(False, f"A count is a number that can be reached, and this is {value}: {self.asked}.")
        return sp.nsimplify(in_our_letters(value), rational=True)

    def _judge_value(self, value: sp.Expr) -> Feedback:
        if _same(value, self.right):
            return Feedback(True, with_separators(self.right))
        for slip, reason in self.slips:
            if _same(value, slip) or _rounded(value, slip):
                return Feedback(False, reason)
        if value == 0 or value.is_negative:
            return Feedback(False, f"The answer is greater than zero: {self.asked}.")
        missing = powers_of_two(sp.sympify(self.right) / value)
        return Feedback(False, self._factor_named(missing) or self._ratio_said(missing, value))

    def _factor_named(self, missing: sp.Expr) -> str:
        """``missing``: what the answer must be multiplied by.  "" where that is not one of the factors."""
        for name, factor in self.factors.items():
            if _same(missing, factor):
                return f"Missing: {name}. Your answer must still be multiplied by {factor}."
            if _same(missing * factor, 1):
                return f"Once too often: {name}. Divide your answer by {factor}."
        return ""

    def _ratio_said(self, missing: sp.Expr, value: sp.Expr) -> str:
        """How far the answer is off, without giving the right one away."""
        asked, letters = f"Asked for: {self.asked}.", sp.sympify(self.right).free_symbols
        if missing.is_comparable:
            if 0.9 < missing < 1.1:
                return f"Close, but a count is exact. {asked}"
            size, times = ("small", missing) if missing > 1 else ("large", 1 / missing)
            off = f"by a factor of {float(times):.4g}" if times < FAR else "by far"
            return f"Too {size} {off}. Go through the four steps again. {asked}"
        if strange := value.free_symbols - letters:
            of = f"has no letters but {_names(letters)}" if letters else "is a number"
            return f"The answer {of}: leave {_names(strange)} out, or put numbers there. {asked}"
        if lacking := letters - value.free_symbols:
            return f"The answer depends on {_names(lacking)} too. {asked}"
        return f"The right letters, but not put together rightly. {asked}"


def called(function: Callable[..., Any], values: dict[sp.Symbol, Any]) -> Any:
    """What a function of letters gives: each by its name, where the parameters are letters, else in order.

    >>> called(lambda f, k: f - k, {letter("k"): 3, letter("f"): 64})
    61
    """
    names = {str(symbol): value for symbol, value in values.items()}
    try:
        parameters = list(signature(function).parameters)
    except (TypeError, ValueError):  # of some built-in functions nobody knows them
        parameters = []
    if parameters and set(parameters) <= set(names):
        return function(*(names[name] for name in parameters))
    return function(*values.values())


def exact_number(value: Any) -> sp.Expr | None:
    """A Python or NumPy number as an exact SymPy one: 16 / 36 is 4/9.  None where it is no finite number.

    >>> exact_number(16 / 36), exact_number(True)
    (4/9, None)
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    if isinstance(value, Integral):
        return sp.Integer(int(value))
    if not isfinite(value):
        return None
    fraction = Fraction(value) if isinstance(value, Rational) else Fraction(float(value))
    simple = fraction.limit_denominator(10**6)
    return sp.Rational(simple if float(simple) == float(value) else fraction)


def in_our_letters(value: sp.Expr) -> sp.Expr:
    """``value`` with ``Symbol("n")`` read as the package's n, whatever SymPy was told about it."""
    ours = {symbol: letter(str(symbol)) for symbol in value.free_symbols if str(symbol) in GLOSSARY}
    return value.subs(ours, simultaneous=True)


def _names(symbols: Iterable[sp.Symbol]) -> str:
    return ", ".join(sorted(map(str, symbols)))


def _rounded(value: sp.Expr, slip: Any) -> bool:
    """Whether a fraction was meant that is written with a few digits only; counts are compared exactly."""
    slip = sp.sympify(slip)
    if not (value.is_Rational and slip.is_Rational) or value.is_Integer or slip.is_Integer:
        return False
    return bool(abs(value / slip - 1) < sp.Rational(1, 1000))


def _same(a: Any, b: Any) -> bool:
    return bool(sp.cancel(powers_of_two(a) - powers_of_two(b)) == 0)
