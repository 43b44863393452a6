r"""Letters for sizes, and the checks of arguments: that a value is a size, or one of several words.

A size is a positive whole number or a letter that stands for one.  SymPy distinguishes letters by name *and*
assumptions.  So all letters are defined here once, and imported everywhere else:

$$N = 2^L m \quad\text{(side)},\qquad g\,2^{\min(l-1,\,q)} \quad\text{(filters of level } l).$$

A letter is assumed to be divisible by every stride that must divide it.  Numbers are checked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from numbers import Number
from operator import index
from typing import Annotated, Any, TypeAlias, TypeVar

import sympy as sp

Size: TypeAlias = int | sp.Expr
Pair: TypeAlias = tuple[Size, Size]
Sizes: TypeAlias = Annotated[
    Any, "one size for both axes, or (rows, columns); once checked, a Pair"
]

GLOSSARY: dict[str, str] = {
    "N": "side of the network's input and output, in pixels",
    "H": "height of an input, in pixels",
    "W": "width of an input, in pixels",
    "C": "channels of the network's input, and of its output where they agree",
    "C_in": "channels of the network's input",
    "C_out": "channels of the network's output",
    "g": "base filters: how many filters the first block has",
    "L": "depth: how many times the side is halved",
    "q": "doublings: how many times the number of filters doubles before it stays",
    "l": "a level: its side is $N / 2^l$",
    "k": "side of a convolution kernel",
    "n": "side of a feature map; but $n_{l-1}$ and $n_l$ are numbers of filters in He & Sun (2015)",
    "h": "height of a feature map (rows)",
    "w": "width of a feature map (columns)",
    "c": "channels that enter a layer",
    "f": "filters: channels that leave a layer",
    "s": "factor of an upsampling; but $s_l$ is the side of a filter in He & Sun (2015)",
    "t": "stride of a convolution",
    "m": "side of an output map; $m_l$ in He & Sun (2015)",
    "b": "batch: images that run together",
    "e": "bytes per element: 4 in float32",
}


MAY_BE_ZERO = ("q", "l")


def _letter(name: str) -> sp.Symbol:
    assumption = "nonnegative" if name in MAY_BE_ZERO else "positive"
    return sp.Symbol(name, integer=True, **{assumption: True})


N, H, W, C, C_in, C_out, g, L, q = map(_letter, "N H W C C_in C_out g L q".split())
n, h, w, c, f, k, s, t, m, b, e = map(_letter, "nhwcfkstmbe")
level = _letter("l")


def letter(name: str) -> sp.Symbol:
    """Return the package's letter called ``name``.

    Args:
        name: A key of ``GLOSSARY``.

    Returns:
        The SymPy symbol.

    Raises:
        ValueError: If the package has no such letter.

    Example:
        >>> letter("N") == N
        True
    """
    if name not in GLOSSARY:
        raise ValueError(f"no letter is called {name!r}; the letters are {', '.join(GLOSSARY)}")
    return _letter(name)


def as_size(value: Any, what: str, at_least: int = 1) -> Size:
    """Return ``value`` as a size: an ``int`` of at least ``at_least``, or a SymPy expression in letters.

    Args:
        value: A whole number of any library, or an expression in letters.
        what: Name of the argument, for the error.
        at_least: Smallest number allowed.

    Returns:
        An ``int``, or the expression.

    Raises:
        TypeError: If ``value`` is a float, a boolean, or not a number.
        ValueError: If ``value`` is too small, or uses a letter that SymPy does not know to be a whole number.

    Example:
        >>> as_size(256, "side"), as_size(N / 2, "side")
        (256, N/2)
    """
    if isinstance(value, sp.Expr) and not value.is_number:
        return _checked_letters(value, what, at_least)
    try:
        number = index(value)
        if isinstance(value, bool):
            raise TypeError
    except TypeError:
        raise TypeError(
            f"{what} must be a whole number or a letter, got {value!r} ({type(value).__name__}); "
            f"try {_nearest(value, at_least)}"
        ) from None
    if number < at_least:
        raise ValueError(
            f"{what} must be at least {at_least}, got {number}; try {max(at_least, -number)}"
        )
    return number


def _nearest(value: Any, at_least: int) -> int:
    try:
        return max(int(value), at_least)
    except (TypeError, ValueError, OverflowError):
        return at_least


@lru_cache(10_000)
def _checked_letters(value: sp.Expr, what: str, at_least: int) -> sp.Expr:
    if value.has(sp.Float):
        fractions = {x: sp.Rational(x).limit_denominator(1000) for x in value.atoms(sp.Float)}
        raise TypeError(f"{what} must be exact, got {value}; try {value.xreplace(fractions)}")
    if value.as_coeff_Mul()[0].is_negative:
        raise ValueError(f"{what} must be at least {at_least}, got {value}; try {-value}")
    for symbol in value.free_symbols:
        if not (symbol.is_integer and symbol.is_nonnegative):
            raise ValueError(
                f"{what} uses the letter {symbol}, which SymPy does not know to be a positive whole number; "
                f"use the letters of unet_complexity.symbols or Symbol({str(symbol)!r}, integer=True, positive=True)"
            )
    return value


def as_expr(value: Any) -> sp.Expr:
    """Return a number or an expression as a SymPy expression.

    Text is never evaluated, alone or in a list: it raises ``SympifyError``, which is a ValueError.  (SymPy's strict
    mode refuses a text, but evaluates one in a tuple.)

    >>> as_expr(3) / 2
    3/2
    >>> as_expr("3")
    Traceback (most recent call last):
    sympy.core.sympify.SympifyError: SympifyError: '3'
    """
    if not isinstance(value, (Number, sp.Basic)):
        raise sp.SympifyError(value)
    return sp.sympify(value, strict=True)


def as_pair(value: Any, what: str, at_least: int = 1) -> Pair:
    """Return (rows, columns); one size stands for both.

    >>> as_pair(3, "kernel_size"), as_pair((1, 7), "kernel_size")
    ((3, 3), (1, 7))
    """
    both = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(both) != 2:
        raise ValueError(
            f"{what} must be one size or (rows, columns), got {value!r}; try {both[:1] * 2 or (1, 1)}"
        )
    rows, columns = (as_size(one, what, at_least) for one in both)
    return rows, columns


def one_of(what: str, value: object, allowed: Collection[str]) -> str:
    """Return ``value`` if it is one of ``allowed``.  If not, a ValueError lists them."""
    if value not in allowed:
        raise ValueError(
            f"{what} must be one of {', '.join(map(repr, allowed))}, got {value!r}; try {next(iter(allowed))!r}"
        )
    return str(value)


def ceil_div(a: Size, b: Size) -> Size:
    """Return a / b rounded up.  In a sum of letters and a number only the number is rounded: see floor_div.

    >>> ceil_div(7, 2), ceil_div(N, 2), ceil_div(N + 1, 2)
    (4, N/2, N/2 + 1)
    """
    return -floor_div(-a, b)


def floor_div(a: Size, b: Size) -> Size:
    """Return a / b rounded down.  In a sum of letters and a number only the number is rounded.

    b is assumed to divide the letters; it is assumed to divide all of a if b is a letter, or if the number in the sum
    is not whole.  The assumption holds if the result is whole: that is the rule to check.

    >>> floor_div(7, 2), floor_div(N, 2), floor_div(N - 1, 2), floor_div(8, n)
    (3, N/2, N/2 - 1, 8/n)
    """
    if isinstance(a, sp.Expr) and isinstance(b, int):
        number, letters = a.as_coeff_Add()
        if number.is_Integer:
            return letters / b + int(number) // b
    return quotient(a, b)


def are_numbers(*sizes: Size) -> bool:
    """Return True if all sizes are numbers."""
    return all(isinstance(size, int) for size in sizes)


def quotient(a: Size, b: Size) -> Size:
    """Return a / b for a b that divides a.  The caller checks numbers; a rule states that the result is whole.

    >>> quotient(6, 2), quotient(N + 1, 2)
    (3, N/2 + 1/2)
    """
    return a // b if are_numbers(a, b) else exact(as_expr(a) / as_expr(b))


def add_up(sizes: Iterable[Size]) -> Size:
    """Return the sum.  SymPy adds many formulas at once far faster than in pairs, and Python adds numbers faster.

    >>> add_up([1, 2]), add_up([N, 1, N])
    (3, 2*N + 1)
    """
    sizes = list(sizes)
    return sum(sizes) if are_numbers(*sizes) else exact(sp.Add(*sizes))


T = TypeVar("T")


def exact(value: T) -> T | int:
    """Return a SymPy Integer as an ``int``, and any other value unchanged."""
    return int(value) if isinstance(value, sp.Integer) else value


def substitute(value: Any, values: dict[sp.Symbol, Any]) -> Any:
    """Return ``value`` with numbers (or other letters) in place of letters; a whole number becomes an ``int``."""
    if isinstance(value, sp.Basic):
        numbers = {symbol: as_expr(number) for symbol, number in values.items()}
        return exact(value.subs(numbers).doit())
    if isinstance(value, (tuple, list)):
        return tuple(substitute(item, values) for item in value)
    return value


def named_letters(values: dict[str, Any]) -> dict[sp.Symbol, Any]:
    """Return ``{"N": 256}`` as ``{N: 256}``; each value must be a size."""
    return {
        letter(name): as_size(value, name, int(name not in MAY_BE_ZERO))
        for name, value in values.items()
    }
