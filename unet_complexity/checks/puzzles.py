"""Budget puzzles: find sizes that keep within a budget.  Any sizes that do are right.

A :class:`Puzzle` measures the amounts that the reader's sizes lead to.  If a bound is broken, the
feedback says by how much, and what one step of each size would do about it.  Lower bounds rule out
trivially small answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import sympy as sp

from unet_complexity.checks.feedback import Feedback, is_blank, shown
from unet_complexity.checks.judging import Values, as_text, exact_number


class Bound(NamedTuple):
    """The most or the least that an amount may be."""

    what: str
    value: Any
    is_upper: bool

    def excess(self, amounts: Values) -> Any:
        """Return by how much the bound is broken; 0 or less if it is kept."""
        more = amounts[self.what] - self.value
        return more if self.is_upper else -more

    def fault(self, amounts: Values) -> str:
        """Say that the bound is broken."""
        found, bound = amounts[self.what], shown(self.value)
        if self.is_upper:
            return (
                f"Too much, {self.what}: {shown(found)}, "
                f"{shown(found / self.value)} times the {bound} allowed."
            )
        return f"Too little, {self.what}: {shown(found)}, and at least {bound} is required."


@dataclass(frozen=True)
class Puzzle:
    """A puzzle whose answer is one number for each of several sizes.

    Attributes:
        largest: the sizes to choose, in order, with the largest number that each may be.
        measure: computes formulas of the amounts, by name, from a letter for each size.
        most: upper bounds of amounts and sizes.
        least: lower bounds of amounts and sizes.
    """

    largest: Values
    measure: Callable[..., Values]
    most: Values
    least: Values

    def judge(self, answer: Any) -> Feedback:
        """Return whether the sizes keep all bounds, and if not, which size to change.

        Args:
            answer: one number for each size, in a tuple or a list.
        """
        wanted = (
            f"Give {len(self.largest)} whole numbers in brackets, "
            f"in this order: ({', '.join(self.largest)})."
        )
        if is_blank(answer):
            bounds = f"At most: {_listed(self.most)}. At least: {_listed(self.least)}."
            return Feedback(False, f"Put numbers in place of the dots. {bounds} {wanted}")
        try:
            sizes = self._sizes(answer)
        except ValueError as error:
            return Feedback(False, f"{error}. {wanted}")
        amounts = self.amounts(sizes.values())
        broken = [bound for bound in self._bounds if bound.excess(amounts) > 0]
        if not broken:
            found = "; ".join(f"{name}: {shown(amount)}" for name, amount in amounts.items())
            return Feedback(True, f"{found}.")
        faults = " ".join(bound.fault(amounts) for bound in broken)
        advice = "No single step helps without breaking another bound: change two sizes at once."
        for bound in broken:
            if moves := "; ".join(self._moves(sizes, amounts, bound)):
                advice = f"Which size would you change? For {bound.what}: {moves}."
                break
        return Feedback(False, f"{faults} {advice}")

    def amounts(self, sizes: Iterable[int]) -> Values:
        """Return what is measured for these sizes, and the sizes themselves, by name."""
        chosen = dict(zip(self.largest, sizes, strict=True))
        numbers = {_letter(name): sp.Integer(size) for name, size in chosen.items()}
        return {name: each.xreplace(numbers) for name, each in self.formulas.items()} | chosen

    @cached_property
    def formulas(self) -> Values:
        """The amounts by name, in the letters of the sizes."""
        return self.measure(*map(_letter, self.largest))

    @cached_property
    def _bounds(self) -> list[Bound]:
        upper = [Bound(*each, is_upper=True) for each in self.most.items()]
        return upper + [Bound(*each, is_upper=False) for each in self.least.items()]

    def data(self) -> Values:
        """Return what a page needs to judge sizes without Python; formulas and bounds are text."""
        return {
            "sizes": list(self.largest.items()),
            "amounts": as_text(self.formulas),
            "most": as_text(self.most),
            "least": as_text(self.least),
        }

    def _sizes(self, answer: Any) -> Values:
        """Return the sizes of an answer by name.  ValueError says what is wrong with it."""
        if not isinstance(answer, (tuple, list)) or len(answer) != len(self.largest):
            raise ValueError(f"{len(self.largest)} numbers are wanted, got {answer!r}")
        sizes = {}
        for value, (name, largest) in zip(answer, self.largest.items(), strict=True):
            if exact_number(value) not in range(1, largest + 1):
                raise ValueError(
                    f"{name} must be a whole number from 1 to {largest:,}, got {value!r}"
                )
            sizes[name] = int(value)
        return sizes

    def _moves(self, sizes: Values, amounts: Values, bound: Bound) -> Iterator[str]:
        """Yield for each size the largest step that helps with this bound and harms no other."""
        for name, size in sizes.items():
            for step in _steps(size, self.largest[name]):
                new = self.amounts((sizes | {name: step}).values())
                harmless = all(
                    each.excess(new) <= max(each.excess(amounts), 0) for each in self._bounds
                )
                if harmless and bound.excess(new) < bound.excess(amounts):
                    yield f"{name} from {size} to {step} makes it {shown(new[bound.what])}"
                    break


def _letter(name: str) -> sp.Symbol:
    return sp.Symbol(name, integer=True, positive=True)


def _steps(size: int, largest: int) -> list[int]:
    """Return the sizes one step away, those of the largest step first.

    >>> _steps(33, largest=100)
    [16, 66, 32, 34]
    """
    return [step for step in (size // 2, 2 * size, size - 1, size + 1) if 1 <= step <= largest]


def _listed(bounds: Values) -> str:
    return ", ".join(f"{name} {shown(bound)}" for name, bound in bounds.items())
