"""The arithmetic that models do with sizes, on arrays of Python's numbers and SymPy's letters, exactly.

A letter is taken to fit here too: where a sum of letters and a number is rounded, only the number is
(:func:`unet_complexity.symbols.floor_div`).  What depends on the value of a letter, such as N > 100, is left open.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from unet_complexity.engineering.readers.limits import MOST_COMPARED, at_most, check_size
from unet_complexity.engineering.readers.onnx_old.values import Numbers, as_objects
from unet_complexity.symbols import as_expr, exact, floor_div

LARGEST_POWER = 64


class Open(ValueError):  # noqa: N818 - where it need not be known it is no error
    """The answer depends on what a letter stands for."""


def exactly(number: Any) -> Any:
    """A float as the simple fraction that it was meant to be, to be computed with beside letters.

    >>> exactly(0.5), exactly(float(np.float32(1 / 3)))
    (1/2, 1/3)
    """
    if not isinstance(number, float):
        return number
    simple = Fraction(number).limit_denominator(1000)
    return sp.Rational(simple if math.isclose(simple, number, rel_tol=1e-6) else Fraction(number))


def rounded_down(number: Any) -> Any:
    """The floor of a number; of a sum with letters only the number's."""
    if isinstance(number, sp.Expr):
        constant, letters = number.as_coeff_Add()
        return exact(letters + sp.floor(constant))
    return math.floor(number)


def rounded_up(number: Any) -> Any:
    """The ceiling, as -floor(-number)."""
    return exact(-rounded_down(-number))


def truncated(number: Any) -> Any:
    """Rounded towards 0, as a cast to a whole number does."""
    return int(number) if isinstance(number, (int, float)) else rounded_down(number)


def decided(relation: Any) -> bool:
    """A relation between sizes, if it holds or fails for whatever the letters stand for."""
    if relation in (True, False):
        return bool(relation)
    raise Open(
        f"whether {relation} depends on what the letters stand for; read the model at numbers, side=256"
    )


def _with_letters(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The same operation, exact where one of the two is a letter."""

    def computed(a: Any, b: Any) -> Any:
        if isinstance(a, sp.Basic) or isinstance(b, sp.Basic):
            a, b = exactly(a), exactly(b)
        return exact(compute(a, b))

    return computed


def _over(a: Any, b: Any) -> Any:
    return as_expr(a) / b if isinstance(a, sp.Basic) or isinstance(b, sp.Basic) else a / b


def _whole_over(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int):
        return -(-a // b) if (a < 0) != (b < 0) else a // b
    return floor_div(a, b)


def _left_over(a: Any, b: Any) -> Any:
    if not (isinstance(a, sp.Basic) or isinstance(b, sp.Basic)):
        return a % b
    times = as_expr(a) / b
    if times.is_Rational:  # N/2 over N
        return exact((times - sp.floor(times)) * b)
    if not isinstance(b, int) and as_expr(a).is_number:
        raise Open(
            f"what {a} leaves over {b} depends on what the letters stand for; read the model at numbers, side=256"
        )
    return exact(a - b * floor_div(a, b))


def _power(a: Any, b: Any) -> Any:
    if isinstance(b, int) and abs(b) > LARGEST_POWER:
        raise ValueError(f"a power of at most {LARGEST_POWER} is computed, got {b}")
    return as_expr(a) ** b if isinstance(a, sp.Basic) or isinstance(b, sp.Basic) else a**b


def _extreme(symbolic: Any, plain: Any) -> Callable[[Any, Any], Any]:
    """The larger, or the smaller, of two; ValueError if too many formulas are left to compare."""

    def computed(a: Any, b: Any) -> Any:
        if not (isinstance(a, sp.Basic) or isinstance(b, sp.Basic)):
            return plain(a, b)
        result = symbolic(a, b)
        if isinstance(result, symbolic):
            at_most(len(result.args), MOST_COMPARED, "formulas in one maximum or minimum")
        return result

    return computed


def _compare(relation: Any) -> Callable[[Any, Any], bool]:
    return lambda a, b: decided(relation(as_expr(exactly(a)), as_expr(exactly(b))))


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "Add": _with_letters(operator.add),
    "Sub": _with_letters(operator.sub),
    "Mul": _with_letters(operator.mul),
    "Div": _with_letters(_over),
    "Mod": _with_letters(_left_over),
    "Pow": _with_letters(_power),
    "Max": _with_letters(_extreme(sp.Max, max)),
    "Min": _with_letters(_extreme(sp.Min, min)),
    "Sum": _with_letters(operator.add),
    "Equal": _compare(sp.Eq),
    "Less": _compare(sp.Lt),
    "LessOrEqual": _compare(sp.Le),
    "Greater": _compare(sp.Gt),
    "GreaterOrEqual": _compare(sp.Ge),
    "And": lambda a, b: bool(a) and bool(b),
    "Or": lambda a, b: bool(a) or bool(b),
    "Xor": lambda a, b: bool(a) != bool(b),
}
RELATIONS = ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Xor", "Not")
UNARY: dict[str, Callable[[Any], Any]] = {
    "Abs": abs,
    "Neg": operator.neg,
    "Not": operator.not_,
    "Floor": rounded_down,
    "Ceil": rounded_up,
    "Round": lambda a: a if isinstance(a, sp.Basic) else round(a),
    "Sqrt": lambda a: sp.sqrt(a) if isinstance(a, sp.Basic) else math.sqrt(a),
    "Reciprocal": lambda a: 1 / a,
    "Identity": lambda a: a,
}
REDUCED = {"ReduceProd": "Mul", "ReduceSum": "Add", "ReduceMax": "Max", "ReduceMin": "Min"}


def computed(kind: str, whole: bool, *operands: Numbers) -> Numbers | None:
    """The numbers that an elementwise operator makes of others; None where it is not computed, or left open."""
    function: Any = _whole_over if kind == "Div" and whole else BINARY.get(kind) or UNARY.get(kind)
    if function is None:
        return None
    try:
        result = operands[0]
        if kind in UNARY:
            return as_objects(np.frompyfunc(function, 1, 1)(result))
        for other in operands[1:]:
            result = within(as_objects(np.frompyfunc(function, 2, 1)(result, other)))
    except Open:
        return None
    return within(result)


def within(numbers: Numbers) -> Numbers:
    """Return the numbers; ValueError if one is larger, or a formula longer, than sizes of networks are."""
    for number in numbers.flat:
        check_size(number)
    return numbers
