"""Exercises and puzzles as they are written in the lessons: a paragraph for each, marked lines below."""

from __future__ import annotations

import operator
import re
from collections import defaultdict
from fractions import Fraction
from typing import Any

import sympy as sp

from unet_complexity.checks.feedback import entry
from unet_complexity.checks.judging import Exercise, Values, as_value
from unet_complexity.checks.paragraphs import paragraphs
from unet_complexity.checks.puzzles import Puzzle
from unet_complexity.cost import Cost
from unet_complexity.symbols import GLOSSARY, N, c, f, g, h, k, letter, n, w

# Slips of all exercises that ask for MACs.
FLOPS = (
    "Those are FLOPs. A MAC is one multiplication and one addition: there are two FLOPs in each."
)
IN_BOUNDS = (
    "Those are the MACs in bounds, without the zeros of the padding. The dense count is asked for."
)

# Factors that any formula may have.  An exercise adds its own.
FACTORS = {
    "c (channels in)": c,
    "f (filters)": f,
    "k^2 (taps of the window)": k**2,
    "k (one side of the kernel)": k,
    "h (rows)": h,
    "w (columns)": w,
    "one side (n); the map has n x n pixels": n,
    "one side (N); the image has N x N pixels": N,
    "g (base filters)": g,
}

# Signs in a line of a task, from the loosest to the tightest.
SIGNS = {
    " + ": operator.add,
    " - ": operator.sub,
    "/": operator.truediv,
    " ": operator.mul,
    "^": operator.pow,
}


def tasks(text: str, values: Values) -> Values:
    r"""Read exercises and puzzles that are written as text.

    Args:
        text: paragraphs, as :func:`paragraphs` reads them.  An exercise begins with its name and
            what it asks for, ``name | asked``, and if need be ``| letters | unit``.  Its lines:

            - ``x 4: sentence`` for an answer that is 4 times too large,
            - ``- 36: sentence`` for any other wrong value,
            - ``* 16: name`` for a factor of the right value.

            A puzzle begins with its name.  Its lines:

            - ``? 64: filters`` for a size to choose and the largest number that it may be,
            - ``< 200: MACs`` for an upper bound, and ``> 3: filters`` for a lower bound.
        values: by the name of an exercise its right value, or a cost if its MACs are asked for; by
            the name of a puzzle the function that measures its amounts.  Any line may have in place
            of a number a formula for :func:`amount`, such as ``side + 2``.  A name alone stands for a
            task of another kind, which is its value.

    Returns:
        The exercises, puzzles and other tasks by name, in the order of the text.

    Raises:
        ValueError: a task lacks a value, or a line holds what is neither a number, a letter nor the
            name of a value.

    Example:
        >>> area = "area | the pixels of a 4 x 4 map\n- side: A map has two sides."
        >>> tasks(area, {"area": 16, "side": 4})["area"].judge(4)
        Not yet. A map has two sides.
    """
    found: Values = {}
    for head, lines in paragraphs(text):
        name, *described = re.split(r" *\| *", head)
        found[name] = value = entry("value", name, values)
        marked: dict[str, Values] = defaultdict(dict)
        for mark, number, what in lines:
            marked[mark][what] = amount(number, values)
        if described:
            found[name] = _exercise(value, marked, *described)
        elif marked:
            largest = {size: int(most) for size, most in marked["?"].items()}
            found[name] = Puzzle(largest, value, marked["<"], marked[">"])
    return found


def amount(text: str, values: Values) -> sp.Expr:
    """Return the value of a formula of numbers, letters and named values.

    Args:
        text: the formula, in the simplest case one number or name.  Its signs are those of
            ``SIGNS``: a space multiplies, and binds tighter than ``/``.
        values: numbers and formulas by name.

    Raises:
        ValueError: a part of the text is neither a number, a letter nor the name of a value.

    Example:
        >>> amount("MACs + 2 copied", {"MACs": 1000, "copied": 30}), amount("k^2 c/2", {})
        (1060, c*k**2/2)
    """
    if text in values:
        return as_value(values[text])
    if text in GLOSSARY:
        return letter(text)
    for sign, operation in SIGNS.items():
        left, found, right = text.rpartition(sign)
        if found:
            return operation(amount(left, values), amount(right, values))
    if text[:1].isdigit():
        return as_value(Fraction(text.replace(",", "")))
    return as_value(entry("value", text, values))  # not there: the error names it


def _exercise(value: Any, marked: dict[str, Values], asked: str, *more: str) -> Exercise:
    """Return an exercise; if its value is a cost, it asks for the MACs and knows their slips."""
    off_by, slips = marked["x"], marked["-"]
    if isinstance(value, Cost):
        if not isinstance(value.macs, sp.Expr):
            slips = {IN_BOUNDS: as_value(value.macs_in_bounds)} | slips
        off_by = {FLOPS: 2} | off_by
        value = value.macs
    right = as_value(value)
    slips = {reason: right * factor for reason, factor in off_by.items()} | slips
    factors = marked["*"]
    for name, factor in FACTORS.items():
        # a factor that is the whole answer would give it away
        if factor.free_symbols <= right.free_symbols and factor not in (right, 1 / right):
            factors[name] = factor
    return Exercise(asked, value, slips, factors, *more)
