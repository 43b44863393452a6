r"""Sums over levels in closed form, and what is left of a cost when its letters grow.

On level l everything is a product of letters and powers of $2^l$, so a sum over levels is a handful of geometric sums

$$\sum_{l=a}^{b} r^l = \frac{r^{b+1} - r^a}{r - 1} \quad (r \ne 1), \qquad \sum_{l=a}^{b} 1 = b - a + 1.$$

SymPy's own ``summation`` takes seconds where these take milliseconds, and returns sums over ``Min`` undone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy as sp

from unet_complexity.escaping import latex_in_formula
from unet_complexity.symbols import L, Size, as_expr, exact, q


def level_sum(term: Size, letter: sp.Symbol, first: Size, last: Size) -> Size:
    """The sum of ``term`` for ``letter`` = first ... last, exactly; 0 where last = first - 1.

    ``term`` must be a sum of products of powers 2**(a letter + b), a rational, and factors free of ``letter``;
    ValueError names the part that is not, and refuses an empty range that goes backwards (Karr's convention would
    make it negative).

    >>> from unet_complexity.symbols import L, level
    >>> level_sum(4**-level, level, 1, L)
    1/3 - 1/(3*2**(2*L))
    """
    if isinstance(first, int) and isinstance(last, int) and last < first - 1:
        raise ValueError(
            f"a sum over levels must not go backwards, got {first} ... {last}; give last >= first - 1"
        )
    terms = [one for one in sp.Add.make_args(powers_of_two(term)) if one != 0]
    return exact(sp.Add(*(part for one in terms for part in _geometric(one, letter, first, last))))


def _geometric(term: sp.Expr, letter: sp.Symbol, first: Size, last: Size) -> list[sp.Expr]:
    """The terms of the sum of one term."""
    constant, moving = term.as_independent(letter, as_Add=False)
    base, exponent = moving.as_base_exp()
    slope = exponent.coeff(letter) if base == 2 else sp.Integer(0)
    rest = sp.expand(exponent - slope * letter)
    if moving != 1 and (base != 2 or rest.has(letter) or not slope.is_number):
        raise ValueError(
            f"only powers 2**(a*{letter}) can be summed over {letter}, got {moving}; sum the rest by hand"
        )
    if slope == 0:
        return [constant * part for part in sp.Add.make_args(as_expr(last - first + 1))]
    constant /= sp.Integer(2) ** slope - 1
    return [
        constant * _two_to(slope * (last + 1) + rest),
        -constant * _two_to(slope * first + rest),
    ]


def _two_to(exponent: sp.Expr) -> sp.Expr:
    """Base 2 throughout, a factor for each term: 4**L and 2**(2*L), 2**(L + 1) and 2*2**L would never cancel."""
    return sp.Mul(*(sp.Integer(2) ** part for part in sp.Add.make_args(sp.expand(exponent))))


def powers_of_two(value: Any) -> sp.Expr:
    """Multiplied out, with powers of 4, 8, 1/2 ... written as powers of 2, so that equal terms meet.

    >>> from unet_complexity.symbols import L
    >>> powers_of_two(4**L - 2**(2*L))
    0
    """
    value = as_expr(value)

    def is_power(x: sp.Expr) -> bool:
        return bool(x.is_Pow and x.base.is_Rational and x.base != 2 and not x.exp.is_number)

    def in_base_two(x: sp.Expr) -> sp.Expr:
        log = sp.log(x.base, 2)
        return sp.Integer(2) ** (log * x.exp) if log.is_Integer else x

    return sp.expand(value.replace(is_power, in_base_two) if value.has(sp.Pow) else value)


def tidy(value: Size) -> Size:
    """A formula multiplied out, equal terms collected, common factors in front; numbers as they are.

    >>> from unet_complexity.symbols import C, N, g
    >>> tidy(36*C*g*N**2 + N**2*g**2*1049/16)
    N**2*g*(576*C + 1049*g)/16
    """
    return value if isinstance(value, int) else _tidied(value)


@lru_cache(10_000)
def _tidied(value: sp.Expr) -> Size:
    """Kept, since the layers of a network, its parts and the whole say the same formulas again and again."""
    return exact(sp.factor_terms(powers_of_two(value), clear=True))


@dataclass(frozen=True, repr=False)
class Theta:
    """A tight bound: ``expr`` without constants and dominated terms, and the regime in which that holds."""

    expr: sp.Expr
    regime: str

    def __str__(self) -> str:
        return f"Theta({self.expr})  {self.regime}"

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        regime = latex_in_formula(self.regime)
        return rf"$\displaystyle \Theta\left({sp.latex(self.expr)}\right) \quad {regime}$"


def theta(value: Any, fixed: sp.Symbol | Iterable[sp.Symbol] = ()) -> Theta:
    """How ``value`` grows when its letters do: Theta, with the letters in ``fixed`` held constant.

    All other letters grow without bound, independently, but for what a network asks of them: q <= L - 2.
    A term is dropped when another one is at least as large in every letter.  ValueError where a leading term is not
    positive, since the sum then depends on which letter grows faster; TypeError for anything but letters and numbers.

    >>> from unet_complexity.symbols import C, L, N, g
    >>> print(theta(N**2*g*(36*C + 66*g) - 7*N**2*g**2/4**L))
    Theta(N**2*g*(C + g))  as C, L, N, g grow
    >>> print(theta(3*N**2*g + 5*N*g, fixed=[g]))
    Theta(N**2)  as N grows, with g fixed
    """
    if not isinstance(value, (int, sp.Expr)):
        raise TypeError(
            f"theta reads an expression in letters, got {value!r}; try theta(network.total().macs)"
        )
    expr, fixed = (
        powers_of_two(value),
        frozenset([fixed] if isinstance(fixed, (str, sp.Symbol)) else fixed),
    )
    if not all(isinstance(x, sp.Symbol) for x in fixed):
        raise TypeError(
            f"fixed must be letters, got {list(fixed)}; try fixed=[C], from unet_complexity.symbols"
        )
    if expr == 0:
        return Theta(expr, "a constant")
    regime = _regime(expr, fixed)
    if {L, q} <= expr.free_symbols - fixed:
        # L and q do not grow independently; q and the number of levels beyond it do
        expr = powers_of_two(expr.subs(L, q + 1 + _BEYOND))
    letters = tuple(sorted(expr.free_symbols - fixed, key=str))
    groups: dict[tuple[Any, ...], list[sp.Expr]] = {}
    for term in sp.Add.make_args(expr):
        groups.setdefault(_growth(term, letters), []).append(term)
    leading = [
        growth for growth in groups if not any(_dominates(other, growth) for other in groups)
    ]
    bare = [_monomial(growth, letters) for growth in leading]
    for growth, monomial in zip(leading, bare, strict=True):
        if not powers_of_two(sp.Add(*groups[growth]) / monomial).is_positive:
            raise ValueError(
                f"theta needs leading terms that are positive, got {value}; fix a letter, as in theta(..., fixed=[C])"
            )
    return Theta(sp.factor_terms(sp.Add(*bare).subs(_BEYOND, L - q)), regime)


_BEYOND = sp.Symbol("beyond", integer=True, positive=True)


def _growth(term: sp.Expr, letters: tuple[sp.Symbol, ...]) -> tuple[Any, ...]:
    """For each letter (a, p), where the term grows with it like 2**(a letter) letter**p."""
    rates, powers = dict.fromkeys(letters, sp.Integer(0)), dict.fromkeys(letters, sp.Integer(0))
    for factor in sp.Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if base in powers and exponent.is_number:
            powers[base] += exponent
        elif base == 2 and exponent.is_polynomial(*letters):
            for x in letters:
                rates[x] += exponent.coeff(x)
        elif factor.free_symbols & set(letters):
            raise ValueError(
                f"theta reads products of letters and powers of 2, got {factor}; simplify or fix it first"
            )
    return tuple((rates[x], powers[x]) for x in letters)


def _dominates(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return one != other and all(mine >= its for mine, its in zip(one, other, strict=True))


def _monomial(growth: tuple[Any, ...], letters: tuple[sp.Symbol, ...]) -> sp.Expr:
    return sp.Mul(
        *(2 ** (rate * x) * x**power for (rate, power), x in zip(growth, letters, strict=True))
    )


def _regime(expr: sp.Expr, fixed: frozenset[sp.Symbol]) -> str:
    def named(symbols: Any) -> str:
        return ", ".join(sorted(map(str, symbols)))

    growing, held = expr.free_symbols - fixed, expr.free_symbols & fixed
    parts = [f"as {named(growing)} grow{'s' * (len(growing) == 1)}" if growing else "a constant"]
    parts += ["L >= q + 2"] * ({L, q} <= growing) + [f"with {named(held)} fixed"] * bool(held)
    return ", ".join(parts)
