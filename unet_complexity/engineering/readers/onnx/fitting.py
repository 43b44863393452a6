r"""Shapes with letters: ONNX is asked at some sides, and a polynomial through them must give the shapes at others.

With one letter, a dimension is fitted by $a + b N + c N^2$ at three sides; three more must agree, one of them far off.
What the letter must obey, such as "32 divides N", is found by trying smaller sides.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import combinations_with_replacement, product
from math import prod
from typing import Any

import sympy as sp

from unet_complexity.cost import Rule
from unet_complexity.engineering.readers.reading import shown
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
PRIMES = (211, 307)  # times a divisor d, they are sides that no larger divisor divides

Letters = tuple[sp.Symbol, ...]
Point = tuple[int, ...]  # a number for each letter


def points(letters: Letters, unit: int) -> tuple[Point, ...]:
    """Sides at which onnx is asked: those that are fitted first, then those that must agree.

    >>> points((sp.Symbol("N"),), 32)[:4], points((), 32)
    (((64,), (96,), (160,), (192,)), ((),))
    """
    sides = [unit * times for times in TIMES]
    indices = product(range(DEGREE + 1), repeat=len(letters))
    fitted = [tuple(sides[i] for i in index) for index in indices if sum(index) <= DEGREE]
    # the letters have different sides, each the next one in the list
    checked = [tuple((sides * 2)[i:][: len(letters)]) for i in range(DEGREE + 1, len(sides))]
    return tuple(dict.fromkeys([*fitted, *checked]))


def _monomials(values: Any) -> list[Any]:
    degrees = (combinations_with_replacement(values, degree) for degree in range(DEGREE + 1))
    return [prod(factors) for combinations in degrees for factors in combinations]


@lru_cache(100)
def _system(at: tuple[Point, ...], count: int) -> tuple[sp.Matrix, sp.Matrix]:
    """The monomials at these points, and the matrix that turns values at the first ones into coefficients."""
    table = sp.Matrix([_monomials(point) for point in at])
    return table, table[:count, :].inv()


@lru_cache(10_000)
def polynomial(letters: Letters, at: tuple[Point, ...], values: Point) -> Size:
    """Return the polynomial in ``letters`` that has these values at these points.

    Raises:
        ValueError: If there is none of degree 2 or less.

    Example:
        >>> from unet_complexity.symbols import N
        >>> polynomial((N,), ((2,), (3,), (5,), (7,)), (3, 8, 24, 48))
        N**2 - 1
    """
    if len(set(values)) == 1:
        return values[0]
    monomials = _monomials(letters)
    table, inverse = _system(at, len(monomials))
    found = inverse * sp.Matrix(values[: len(monomials)])
    if table * found != sp.Matrix(values):
        sides = ", ".join(map(shown, at))
        sought = ", ".join(map(str, values))
        raise ValueError(
            f"{sought} at {shown(letters)} = {sides} follow no formula; read it at numbers, side=256"
        )
    return exact(sp.Add(*(sp.Mul(*pair) for pair in zip(found, monomials, strict=True))))


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
        One rule for each letter, of its divisor and its least value.
    """
    for letter in letters:

        def alone(side: int, letter: sp.Symbol = letter) -> bool:
            return fits(tuple(side if other == letter else 2 * unit for other in letters))

        smaller = sp.divisors(unit)[:-1]
        divisor = next((d for d in smaller if all(alone(d * prime) for prime in PRIMES)), unit)
        multiples = range(divisor, 2 * unit, divisor)
        # a side that fits is followed by sides that fit
        least = divisor + divisor * bisect_left(multiples, True, key=alone)
        text = f"{divisor} divides {letter}, {letter} >= {least}"
        yield Rule(text, letter / divisor - least // divisor)
