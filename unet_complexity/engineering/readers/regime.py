r"""What the letters of a network must obey, said once: the rules of all steps, without those that always hold.

Of one letter N, "N/2 and N/32 and N/8 - 2 are whole numbers, 1 or more" comes to "32 divides N, N >= 24".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil, lcm

import sympy as sp

from unet_complexity.cost import Rule
from unet_complexity.memory import at_least
from unet_complexity.networks import Step


def regime(steps: Iterable[Step], more: Iterable[Rule] = ()) -> tuple[Rule, ...]:
    """The rules of all steps, and ``more``, as few as say the same."""
    rules = {rule.whole: rule for step in steps for rule in step.cost.rules}
    rules |= {rule.whole: rule for rule in more}
    known: dict[sp.Symbol, tuple[int, int]] = {}  # a divisor, and the least value
    others: list[Rule] = []
    for whole, rule in rules.items():
        if found := _of_one_letter(whole):
            letter, *new = found
            divisor, least = known.get(letter, (1, 1))
            known[letter] = lcm(divisor, new[0]), max(least, new[1])
        else:
            others.append(rule)
    # what divides a letter may settle the rest: where 4 divides N, N**2/16 is whole
    parts = {
        x: divisor * sp.Dummy(integer=True, positive=True) for x, (divisor, _) in known.items()
    }
    left = [rule for rule in others if not _always(rule.whole.subs(parts))]
    return (*_said(known), *left)


def _always(whole: sp.Expr) -> bool:
    whole = sp.expand(whole)
    return bool(whole.is_integer) and at_least(whole, 0)


def _of_one_letter(whole: sp.Expr) -> tuple[sp.Symbol, int, int] | None:
    """(N, b, m) for a N / b + c - 1 with whole c: b divides N, which is at least m."""
    number, rest = whole.as_coeff_Add()
    factor, letter = rest.as_coeff_Mul()
    if not (letter.is_Symbol and factor.is_Rational and factor > 0 and number.is_Integer):
        return None
    return letter, int(factor.q), ceil(-number / factor)


def _said(known: dict[sp.Symbol, tuple[int, int]]) -> Iterator[Rule]:
    for letter, (divisor, least) in known.items():
        if divisor > 1:
            yield Rule(f"{divisor} divides {letter}", letter / divisor - 1)
        if least > divisor:
            yield Rule(f"{letter} >= {least}", letter - least)
