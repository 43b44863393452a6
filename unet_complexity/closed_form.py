r"""Sums over levels in closed form, and growth rates: Theta of a cost.

On level l every count is a product of letters and powers of $2^l$.  So a sum over levels is a few geometric sums:

$$\sum_{l=a}^{b} r^l = \frac{r^{b+1} - r^a}{r - 1} \quad (r \ne 1), \qquad \sum_{l=a}^{b} 1 = b - a + 1.$$

SymPy's own ``summation`` takes seconds where these take milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from operator import ge
from typing import Any

import sympy as sp

from unet_complexity.escaping import latex_in_formula
from unet_complexity.symbols import L, Size, as_expr, exact, q


def level_sum(term: Size, letter: sp.Symbol, first: Size, last: Size) -> Size:
    """Return the exact sum of ``term`` for ``letter`` = first ... last.

    Args:
        term: A sum of products.  Each factor is a power 2**(a*letter + b) with a rational a, or free of ``letter``.
        letter: The letter to sum over.
        first: First level, a number or an expression.
        last: Last level; last = first - 1 gives 0.

    Returns:
        The sum in closed form.

    Raises:
        ValueError: If a factor is not such a power (the message names it), or if the range runs backwards: Karr's
            convention would make that sum negative.

    Example:
        >>> from unet_complexity.symbols import L, level
        >>> level_sum(4**-level, level, 1, L)
        1/3 - 1/(3*2**(2*L))
    """
    first, last = as_expr(first), as_expr(last)
    times = last - first + 1
    if times.is_negative:
        raise ValueError(
            f"a sum over levels must not go backwards, got {first} ... {last}; give last >= first - 1"
        )
    sums = []
    for power, constant in powers_of_two(term).as_coefficients_dict(letter).items():
        base, exponent = power.as_base_exp()
        slope = exponent / letter
        if not power.has(letter):
            series = times
        elif base == 2 and slope.is_number:
            constant /= base**slope - 1
            series = sp.expand_power_exp(base ** (slope * (last + 1)) - base ** (slope * first))
        else:
            raise ValueError(
                f"only powers 2**(a*{letter}) can be summed over {letter}, got {power}; "
                "sum the rest by hand"
            )
        # products, not a product of sums: to expand the result would take longer than all the rest
        sums += [constant * part for part in sp.Add.make_args(series)]
    return exact(sp.Add(*sums))


def powers_of_two(value: Any) -> sp.Expr:
    """Return an expression multiplied out, with powers of 4, 8, 1/2 ... written as powers of 2.

    Equal terms are then equal expressions, so they cancel.

    Args:
        value: A number or an expression.

    Example:
        >>> from unet_complexity.symbols import L
        >>> powers_of_two(4**L - 2**(2*L))
        0
    """

    def in_base_two(base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        # most bases are letters, and a logarithm takes time
        if base.is_Rational and (power := sp.log(base, 2)).is_Integer:
            return sp.Integer(2) ** (power * exponent)
        return base**exponent

    return sp.expand(as_expr(value).replace(sp.Pow, in_base_two))


# a network's parts repeat its formulas: a table of 152 layers takes 4 ms with the cache, 22 ms without
@lru_cache(10_000)
def tidy(value: Size) -> Size:
    """Return a formula multiplied out, with equal terms collected and common factors in front.

    Args:
        value: The formula; a number is returned unchanged.

    Example:
        >>> from unet_complexity.symbols import C, N, g
        >>> tidy(36*C*g*N**2 + N**2*g**2*1049/16)
        N**2*g*(576*C + 1049*g)/16
    """
    if isinstance(value, int):
        return value
    return exact(sp.factor_terms(powers_of_two(value), clear=True))


@dataclass(frozen=True, repr=False)
class Theta:
    """A tight bound.

    Attributes:
        expr: The bound, without constant factors and dominated terms.
        regime: The assumptions under which it holds, in words.
    """

    expr: sp.Expr
    regime: str

    def __str__(self) -> str:
        return f"Theta({self.expr})  {self.regime}"

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        regime = latex_in_formula(self.regime)
        return rf"$\displaystyle \Theta\left({sp.latex(self.expr)}\right) \quad {regime}$"


def theta(value: Any, fixed: sp.Symbol | Iterable[sp.Symbol] = ()) -> Theta:
    """Return the growth rate of a cost: Theta, with some letters held constant.

    All other letters grow without bound, independently, except that a network needs q <= L - 2.  A term is dropped
    if another one is at least as large in every letter.

    Args:
        value: An expression in letters, or a number.
        fixed: The letter or letters to hold constant.

    Returns:
        The bound, and the assumptions under which it holds.

    Raises:
        TypeError: If ``value`` is not an expression, or ``fixed`` not letters.
        ValueError: If a leading term is not positive, since the sum then depends on which letter grows faster; or if
            a term is not a product of letters and powers of 2.

    Example:
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
    if isinstance(fixed, (str, sp.Symbol)):
        fixed = [fixed]
    held = frozenset(fixed)
    if not all(isinstance(x, sp.Symbol) for x in held):
        raise TypeError(
            f"fixed must be letters, got {list(held)}; try fixed=[C], from unet_complexity.symbols"
        )
    expr = powers_of_two(value)
    growing = expr.free_symbols - held
    regime = _regime(growing, expr.free_symbols & held)
    if {L, q} <= growing:
        # L and q do not grow independently; q and the number of levels beyond it do
        expr = powers_of_two(expr.subs(L, q + 1 + _BEYOND))
    letters = expr.free_symbols - held
    # given no letter, SymPy would split off those that are held, too
    coefficients = expr.as_coefficients_dict(*letters, _BEYOND)
    growth = {product: _growth(product, letters) for product in coefficients}
    bound = sp.Integer(0)
    for product, rates in growth.items():
        if any(rates != more and all(map(ge, more, rates)) for more in growth.values()):
            continue
        if not powers_of_two(coefficients[product]).is_positive:
            raise ValueError(
                f"theta needs leading terms that are positive, got {value}; "
                "fix a letter, as in theta(..., fixed=[C])"
            )
        bound += product
    return Theta(sp.factor_terms(bound.subs(_BEYOND, L - q)), regime)


_BEYOND = sp.Symbol("beyond", integer=True, positive=True)


def _growth(product: sp.Expr, letters: Iterable[sp.Symbol]) -> list[tuple[sp.Expr, sp.Expr]]:
    """Return (a, p) for each letter: the product grows with it like 2**(a*letter) * letter**p."""
    powers = product.as_powers_dict()
    growth = []
    rest = product
    for x in letters:
        rates = as_expr(powers[2]).coeff(x), as_expr(powers[x])
        a, p = (rate if rate.is_number else 0 for rate in rates)
        growth.append((a, p))
        rest /= 2 ** (a * x) * x**p
    if rest != 1:
        raise ValueError(
            f"theta reads products of letters and powers of 2, got {rest}; simplify or fix it first"
        )
    return growth


def _regime(growing: set[sp.Symbol], held: set[sp.Symbol]) -> str:
    verb = "grows" if len(growing) == 1 else "grow"
    parts = {
        "a constant": not growing,
        f"as {_named(growing)} {verb}": growing,
        "L >= q + 2": {L, q} <= growing,
        f"with {_named(held)} fixed": held,
    }
    return ", ".join(part for part, holds in parts.items() if holds)


def _named(letters: set[sp.Symbol]) -> str:
    return ", ".join(sorted(map(str, letters)))
