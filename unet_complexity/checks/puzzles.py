"""Budget puzzles: find sizes that keep within a budget.  Any sizes that do are right.

A :class:`Puzzle` measures the amounts that the reader's sizes lead to.  If a bound is broken, the
feedback says by how much, and what one step of each size would do about it.  Lower bounds rule out
trivially small answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import sympy as sp

from unet_complexity.checks.feedback import Feedback, is_blank, shown
from unet_complexity.checks.judging import Exercise, Values, exact_number
from unet_complexity.checks.sliders import OwnSlider
from unet_complexity.symbols import as_expr, exact

Sizes: TypeAlias = dict[str, int]
Bound: TypeAlias = tuple[str, str]  # what there may be too "much" or too "little" of


@dataclass(frozen=True)
class Puzzle:
    """A puzzle whose answer is one number for each of several sizes.

    Attributes:
        largest: the sizes to choose, in order, with the largest number that each may be.
        measure: computes formulas of the amounts, by name, from a letter for each size.
        most: upper bounds of amounts and sizes.
        least: lower bounds of amounts and sizes.
    """

    largest: Sizes
    measure: Callable[..., Values]
    most: Values
    least: Values

    def judge(self, answer: Any) -> Feedback:
        """Return whether the sizes keep all bounds, and if not, which size to change.

        Args:
            answer: one number for each size, in a tuple or a list.
        """
        names = ", ".join(self.largest)
        wanted = f"Give {len(self.largest)} whole numbers in brackets, in this order: ({names})."
        if is_blank(answer):
            bounds = f"At most: {_listed(self.most)}. At least: {_listed(self.least)}."
            return Feedback(False, f"Put numbers in place of the dots. {bounds} {wanted}")
        try:
            sizes = self._sizes(answer)
        except ValueError as error:
            return Feedback(False, f"{error}. {wanted}")
        amounts = self.amounts(sizes.values())
        if faults := list(self._faults(amounts)):
            return Feedback(False, " ".join([*faults, self._advice(sizes, amounts)]))
        found = "; ".join(f"{name}: {shown(amount)}" for name, amount in amounts.items())
        return Feedback(True, f"{found}.")

    def amounts(self, sizes: Iterable[int]) -> Values:
        """Return what is measured for these sizes, and the sizes themselves, by name."""
        chosen = dict(zip(self.largest, sizes, strict=True))
        numbers = dict(zip(map(_letter, chosen), map(sp.Integer, chosen.values()), strict=True))
        found = {
            name: exact(as_expr(each).xreplace(numbers)) for name, each in self.formulas.items()
        }
        return found | chosen

    @cached_property
    def formulas(self) -> Values:
        """The amounts by name, in the letters of the sizes."""
        return self.measure(*map(_letter, self.largest))

    def data(self) -> dict[str, Any]:
        """Return what a page needs to judge sizes without Python; formulas and bounds are text."""
        return {
            "sizes": list(self.largest.items()),
            "amounts": _as_text(self.formulas),
            "most": _as_text(self.most),
            "least": _as_text(self.least),
        }

    def _sizes(self, answer: Any) -> Sizes:
        """Return the sizes of an answer by name.  ValueError says what is wrong with it."""
        if not isinstance(answer, (tuple, list)) or len(answer) != len(self.largest):
            raise ValueError(f"{len(self.largest)} numbers are wanted, got {answer!r}")
        sizes = {}
        for value, (name, largest) in zip(answer, self.largest.items(), strict=True):
            number = exact_number(value)
            if number is None or not number.is_Integer or not 1 <= number <= largest:
                raise ValueError(
                    f"{name} must be a whole number from 1 to {largest:,}, got {value!r}"
                )
            sizes[name] = int(number)
        return sizes

    def _faults(self, amounts: Values) -> Iterator[str]:
        """Yield a sentence for each broken bound."""
        for (kind, name), excess in self._excess(amounts).items():
            if excess <= 0:
                continue
            found = amounts[name]
            if kind == "much":
                most = self.most[name]
                than = f"{shown(found / most)} times the {shown(most)} allowed"
            else:
                than = f"and at least {shown(self.least[name])} is required"
            yield f"Too {kind}, {name}: {shown(found)}, {than}."

    def _excess(self, amounts: Values) -> dict[Bound, Any]:
        """Return by how much each bound is broken; 0 or less if it is kept."""
        over = {("much", name): amounts[name] - most for name, most in self.most.items()}
        return over | {
            ("little", name): least - amounts[name] for name, least in self.least.items()
        }

    def _advice(self, sizes: Sizes, amounts: Values) -> str:
        """Say what one step of each size does to the first broken bound that such a step helps."""
        before = self._excess(amounts)
        for bound, excess in before.items():
            if excess > 0 and (moves := "; ".join(self._moves(sizes, before, bound))):
                return f"Which size would you change? For {bound[1]}: {moves}."
        return "No single step helps without breaking another bound: change two sizes at once."

    def _moves(self, sizes: Sizes, before: dict[Bound, Any], bound: Bound) -> Iterator[str]:
        """Yield for each size the largest step that helps with this bound and harms no other."""
        for name, size in sizes.items():
            for step in _steps(size, self.largest[name]):
                amounts = self.amounts((sizes | {name: step}).values())
                after = self._excess(amounts)
                harmless = all(after[one] <= max(before[one], 0) for one in before)
                if harmless and after[bound] < before[bound]:
                    yield f"{name} from {size} to {step} makes it {shown(amounts[bound[1]])}"
                    break


def _letter(name: str) -> sp.Symbol:
    return sp.Symbol(name, integer=True, positive=True)


def _steps(size: int, largest: int) -> list[int]:
    """Return the sizes one step away, those of the largest step first.

    >>> _steps(33, largest=100)
    [16, 66, 32, 34]
    """
    return [step for step in (size // 2, 2 * size, size - 1, size + 1) if 1 <= step <= largest]


def _as_text(values: Values) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in values.items()]


def _listed(bounds: Values) -> str:
    return ", ".join(f"{name} {shown(bound)}" for name, bound in bounds.items())


Exercises: TypeAlias = dict[
    str, Exercise | Puzzle | OwnSlider
]  # by the names that the notebooks use
