"""Budget puzzles: find sizes that keep within a budget.  Any sizes that do are right.

A :class:`Puzzle` measures the amounts that the reader's sizes lead to.  If a bound is broken, the
feedback says by how much, and what one step of each size would do about it.  Lower bounds rule out
trivially small answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from unet_complexity.checks.feedback import Feedback, is_blank, shown
from unet_complexity.checks.judging import Exercise, Values, exact_number


@dataclass(frozen=True)
class Puzzle:
    """A puzzle whose answer is one number for each of several sizes.

    Attributes:
        largest: the sizes to choose, in order, with the largest number that each may be.
        measure: computes amounts, exact numbers by name, from the chosen sizes.
        most: upper bounds of amounts and sizes.
        least: lower bounds of amounts and sizes.
    """

    largest: dict[str, int]
    measure: Callable[..., Values]
    most: Values
    least: Values

    def judge(self, answer: Any) -> Feedback:
        """Return whether the sizes keep all bounds, and if not, which size to change."""
        names = ", ".join(self.largest)
        wanted = f"Give {len(self.largest)} whole numbers in brackets, in this order: ({names})."
        if is_blank(answer):
            bounds = f"At most: {_listed(self.most)}. At least: {_listed(self.least)}."
            return Feedback(False, f"Put numbers in place of the dots. {bounds} {wanted}")
        try:
            sizes = self._sizes(answer)
        except ValueError as error:
            return Feedback(False, f"{error}. {wanted}")
        faults = [text for _, excess, text in self._bounds(sizes) if excess > 0]
        if faults:
            return Feedback(False, " ".join([*faults, self._advice(sizes)]))
        amounts = self.amounts(sizes)
        return Feedback(
            True, "; ".join(f"{name}: {shown(amount)}" for name, amount in amounts.items()) + "."
        )

    def amounts(self, sizes: list[int]) -> Values:
        """Return what is measured for these sizes, and the sizes themselves, by name."""
        return _measured(self.measure, *sizes) | dict(zip(self.largest, sizes, strict=True))

    def _sizes(self, answer: Any) -> list[int]:
        """Return the sizes of an answer.  ValueError says what is wrong with it."""
        if not isinstance(answer, (tuple, list)) or len(answer) != len(self.largest):
            raise ValueError(f"{len(self.largest)} numbers are wanted, got {answer!r}")
        sizes = []
        for value, (name, largest) in zip(answer, self.largest.items(), strict=True):
            number = exact_number(value)
            if number is None or not number.is_Integer or not 1 <= number <= largest:
                raise ValueError(
                    f"{name} must be a whole number from 1 to {largest:,}, got {value!r}"
                )
            sizes.append(int(number))
        return sizes

    def _bounds(self, sizes: list[int]) -> Iterator[tuple[str, Any, str]]:
        """Yield for each bound: what it bounds, by how much it is broken, and a sentence."""
        amounts = self.amounts(sizes)
        for name, bound in self.most.items():
            found, times = shown(amounts[name]), shown(round(float(amounts[name] / bound), 3))
            text = f"Too much, {name}: {found}, {times} times the {shown(bound)} allowed."
            yield name, amounts[name] - bound, text
        for name, bound in self.least.items():
            found = shown(amounts[name])
            text = f"Too little, {name}: {found}, and at least {shown(bound)} is required."
            yield name, bound - amounts[name], text

    def _advice(self, sizes: list[int]) -> str:
        """Say what one step of each size does to the first broken bound that such a step helps."""
        for place, (name, excess, _) in enumerate(self._bounds(sizes)):
            moves = self._moves(sizes, place) if excess > 0 else {}
            said = [
                f"{move} makes it {shown(self.amounts(moved)[name])}"
                for move, moved in moves.items()
            ]
            if said:
                return f"Which size would you change? For {name}: {'; '.join(said)}."
        return "No single step helps without breaking another bound: change two sizes at once."

    def _moves(self, sizes: list[int], place: int) -> dict[str, list[int]]:
        """Return for each size the largest step that helps with one bound and harms no other."""
        moves = {}
        for i, (name, largest) in enumerate(self.largest.items()):
            for step in _steps(sizes[i], largest):
                moved = [*sizes[:i], step, *sizes[i + 1 :]]
                before, after = (
                    [excess for _, excess, _ in self._bounds(chosen)] for chosen in (sizes, moved)
                )
                harmless = all(now <= max(then, 0) for then, now in zip(before, after, strict=True))
                if harmless and after[place] < before[place]:
                    moves[f"{name} from {sizes[i]} to {step}"] = moved
                    break
        return moves


@lru_cache(maxsize=1000)
def _measured(measure: Callable[..., Values], *sizes: int) -> Values:
    """Measure sizes once: advice asks again and again, and a network takes up to 8 milliseconds."""
    return measure(*sizes)


def _steps(size: int, largest: int) -> list[int]:
    """Return the sizes one step away, those of the largest step first.

    >>> _steps(33, largest=100)
    [16, 66, 32, 34]
    """
    return [step for step in (size // 2, 2 * size, size - 1, size + 1) if 1 <= step <= largest]


def _listed(bounds: Values) -> str:
    return ", ".join(f"{name} {shown(bound)}" for name, bound in bounds.items())


Exercises: TypeAlias = dict[str, Exercise | Puzzle]  # by the names that the notebooks use
