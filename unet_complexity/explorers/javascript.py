"""SymPy expressions printed as JavaScript functions.

A count exists once, in the layers and networks. An explorer asks for it with letters; SymPy prints
the answer as JavaScript, which becomes part of the explorer's script. Counts that round, such as
the output side of a strided convolution, are tabulated as integers instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp
from sympy.printing.jscode import JavascriptCodePrinter

from unet_complexity import escaping
from unet_complexity.symbols import as_expr

Table = dict[str, Any]  # plain numbers by name
Formulas = dict[str, Any]  # expressions, and lists or dictionaries of them
Parts = tuple[Formulas, Table]


class _Printer(JavascriptCodePrinter):
    """Multiply first, divide last: doubles are exact up to 2**53 only while values stay whole."""

    def _print_Mul(self, expr: sp.Mul) -> str:
        above, below = expr.as_numer_denom()
        if below != 1:
            return f"({self._print(above)})/({self._print(below)})"
        return "*".join(self.parenthesize(factor, 50) for factor in expr.args)

    def _print_Pow(self, expr: sp.Pow) -> str:
        base, exponent = expr.as_base_exp()
        if exponent.is_Integer and exponent > 0:
            return "(" + "*".join([self.parenthesize(base, 50)] * int(exponent)) + ")"
        return f"Math.pow({self._print(base)}, {self._print(exponent)})"


def javascript(formulas: Any) -> str:
    """Return formulas as one JavaScript value.

    An expression becomes a function of an object that holds its letters.

    Args:
        formulas: An expression or a string, or lists and mappings of them.

    Returns:
        The text of a JavaScript expression.

    Example:
        >>> from unet_complexity.symbols import c, n
        >>> javascript({"writes": 4 * c * n**2})
        '{"writes": ({c, n}) => 4*c*(n*n)}'
    """
    if isinstance(formulas, Mapping):
        entries = [
            f"{escaping.javascript(key)}: {javascript(one)}" for key, one in formulas.items()
        ]
        return "{" + ", ".join(entries) + "}"
    if isinstance(formulas, list | tuple):
        return "[" + ",".join(map(javascript, formulas)) + "]"
    if isinstance(formulas, str):
        return escaping.javascript(formulas)
    expr = as_expr(formulas)
    letters = ", ".join(sorted(map(str, expr.free_symbols)))
    return f"({{{letters}}}) => {_Printer().doprint(expr)}"
