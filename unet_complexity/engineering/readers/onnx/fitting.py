r"""Shapes with letters: polynomials through the sides found at some points, demanded at others; what letters obey.

Of one letter, a dimension is fitted by $a + b N + c N^2$ at three points and demanded at three more, one far off.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import combinations_with_replacement, product
from math import prod
from typing import Any

import sympy as sp

from unet_complexity.cost import Rule
from unet_complexity.symbols import Size, exact, substitute

DEGREE = 2
UNITS = (
    32,
    96,
    224,
    256,
    384,
    241_920,
)  # sides are multiples of one: strides, windows and patches divide it
TIMES = (2, 3, 5, 6, 7, 101)  # the first DEGREE + 1 are fitted, the others must agree
FAR = (211, 307)  # primes: odd multiples of a divisor that no other divisor shares

Letters = tuple[sp.Symbol, ...]
Point = tuple[int, ...]  # a number for each letter


class UnfitError(ValueError):
    """A dimension follows no polynomial at these sides."""


def points(letters: Letters, unit: int) -> tuple[Point, ...]:
    """Sides at which onnx is asked: those that are fitted first, then those that must agree.

    >>> points((sp.Symbol("N"),), 32)[:4], points((), 32)
    (((64,), (96,), (160,), (192,)), ((),))
    """
    which, last = range(len(letters)), len(TIMES) - 1
    indices = product(range(DEGREE + 1), repeat=len(letters))
    fitted = [index for index in indices if sum(index) <= DEGREE]
    checked = [tuple(min(at + i, last) for i in which) for at in range(DEGREE + 1, last + 1)]
    return tuple(
        dict.fromkeys(tuple(unit * TIMES[i] for i in index) for index in (*fitted, *checked))
    )


def _monomials(values: Any) -> list[Any]:
    degrees = (combinations_with_replacement(values, degree) for degree in range(DEGREE + 1))
    return [prod(factors) for combinations in degrees for factors in combinations]


@lru_cache(100)
def _system(at: tuple[Point, ...], count: int) -> tuple[Any, Any]:
    """The monomials at these points, and the matrix that turns values at the first ones into coefficients."""
    table = [_monomials(point) for point in at]
    inverse = sp.Matrix(table[:count]).inv().tolist()
    return table, [[Fraction(int(x.p), int(x.q)) for x in row] for row in inverse]


def _times(matrix: Any, values: Any) -> list[Any]:
    return [sum(a * b for a, b in zip(row, values, strict=False)) for row in matrix]


@lru_cache(10_000)
def polynomial(letters: Letters, at: tuple[Point, ...], values: Point) -> Size:
    """Return the polynomial in ``letters`` that has these values at these points.

    Raises:
        UnfitError: If there is none of degree 2 or less.

    Example:
        >>> from unet_complexity.symbols import N
        >>> polynomial((N,), ((2,), (3,), (5,), (7,)), (3, 8, 24, 48))
        N**2 - 1
    """
    if len(set(values)) == 1:
        return values[0]
    monomials = _monomials(letters)
    table, inverse = _system(at, len(monomials))
    found = _times(inverse, values)
    if _times(table, found) != list(values):
        names = " x ".join(map(str, letters))
        sides = ", ".join(" x ".join(map(str, point)) for point in at)
        raise UnfitError(
            f"{', '.join(map(str, values))} at {names} = {sides} follow no formula; read it at numbers, side=256"
        )
    return exact(*_times([monomials], [sp.Rational(x) for x in found]))


@lru_cache(10_000)
def at_point(shape: tuple[Size, ...], letters: Letters, point: Point) -> Any:
    """Return a shape with numbers in place of letters."""
    return substitute(shape, dict(zip(letters, point, strict=True)))


def rules(letters: Letters, unit: int, fits: Callable[[Point], bool]) -> Iterator[Rule]:
    """Find by trying what each letter must obey, the others being multiples of ``unit``.

    Args:
        letters: The letters.
        unit: What the fitted sides are multiples of.
        fits: Says if onnx finds at a point what the formulas say.

    Yields:
        That a divisor divides the letter, and its least value.
    """
    for letter in letters:

        def alone(side: int, letter: sp.Symbol = letter) -> bool:
            return fits(tuple(side if other == letter else 2 * unit for other in letters))

        divisors = (d for d in range(1, unit) if unit % d == 0)
        divisor = next((d for d in divisors if all(alone(d * far) for far in FAR)), unit)
        multiples = range(divisor, 2 * unit, divisor)
        least = divisor + divisor * bisect_left(multiples, True, key=alone)
        yield Rule(f"{divisor} divides {letter}", letter / divisor - 1)
        yield Rule(f"{letter} >= {least}", letter - least)
