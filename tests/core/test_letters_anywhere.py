"""Letters anywhere: each number of a layer and of its inputs may become a formula, and the formula may not fit.

Formula then numbers equals numbers; or the formula is refused, either at once or when the numbers are put in.
Another count is never given, nor any count if the layer refuses the numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.cases import CASES, examples
from unet_complexity import Cost, Tensor
from unet_complexity.layers import LAYERS, Layer
from unet_complexity.symbols import letter, substitute

Draw = Callable[[st.SearchStrategy[Any]], Any]
CHOICES = (
    "axes",
    "axis",
    "dims",
    "shared_axes",
    "scale",
    "offset",
    "negative_slope",
    "alpha",
    "max_value",
)
NUMBERS = ("inputs", "rate")  # not sizes, and in no count
POSITIVE = "nmhwcfgkstbeqNHWCL"
EXAMPLES = 2 * settings.default.max_examples // 5  # the profile "explore" takes many more


class Written(NamedTuple):
    """A layer's arguments and inputs with letters, and numbers for the letters."""

    kind: type[Layer]
    config: dict[str, Any]
    inputs: tuple[Tensor, ...]
    values: dict[str, int]

    def cost(self) -> Cost:
        return self.kind(**self.config).cost(*self.inputs)

    def numbered(self) -> Written:
        letters = {letter(name): number for name, number in self.values.items()}
        return self._replace(
            config=each(self.config, lambda value: substitute(value, letters)),
            inputs=each(self.inputs, lambda value: substitute(value, letters)),
        )


def each(value: Any, change: Callable[[Any], Any]) -> Any:
    """``value`` with each number or formula in it changed."""
    if isinstance(value, dict):
        return {name: each(item, change) for name, item in value.items()}
    if isinstance(value, (tuple, list)):
        return tuple(each(item, change) for item in value)
    if isinstance(value, Tensor):
        return Tensor(*each((value.height, value.width, value.channels), change))
    is_number = isinstance(value, (int, sp.Expr)) or (
        isinstance(value, float) and value.is_integer()
    )
    return change(value) if is_number and not isinstance(value, bool) else value


class Writer:
    """Writes numbers as formulas of letters, and keeps what the letters stand for."""

    def __init__(self, draw: Draw) -> None:
        self.draw, self.values = draw, dict[str, int]()
        self.known: dict[int, Any] = {}

    def __call__(self, number: int | float) -> Any:
        """A formula, or the number; equal numbers often share it, since inputs must fit each other."""
        number = int(number)
        if number not in self.known or self.draw(st.integers(0, 4)) == 0:
            rare = 4 if number == 1 else 1  # what is 1 is often not allowed to be anything else
            stays = self.draw(st.integers(0, 1 + rare)) != 0
            self.known[number] = number if stays else self.formula(number)
        return self.known[number]

    def formula(self, number: int) -> Any:
        if number < 0:
            return -self.formula(-number)
        factor, shift = self.draw(st.integers(1, 3)), self.draw(st.integers(-3, 3))
        if self.draw(st.booleans()) or number == 0:
            shift = -abs(shift) if number == 0 else shift
            return self.letter(number - shift) + shift
        if number % factor == 0 and self.draw(st.booleans()):
            return factor * self.letter(number // factor)
        return self.letter(factor * number) / factor

    def letter(self, number: int) -> Any:
        free = [name for name in POSITIVE if self.values.get(name, number) == number]
        name = "q" if number < 1 else self.draw(st.sampled_from(free))
        if number < 0 or self.values.setdefault(name, number) != number:
            return sp.Integer(number)
        return letter(name)


@st.composite
def written(draw: Draw, kind: type[Layer]) -> Written:
    """A case of ``kind`` with letters; sometimes other numbers for the letters than those of the case."""
    case, write = draw(CASES[kind]), Writer(draw)
    choices = NUMBERS if draw(st.integers(0, 7)) == 7 else CHOICES + NUMBERS
    config = {
        name: value if name in choices else each(value, write)
        for name, value in case.config().items()
    }
    inputs = each(case.inputs, write)
    others = draw(st.booleans()) and draw(
        st.fixed_dictionaries({name: st.integers(1, 9) for name in write.values})
    )
    return Written(kind, config, inputs, {**write.values, **(others or {})})


def or_words(compute: Callable[[], Cost]) -> Cost | str:
    """What is computed, or the words of the error."""
    try:
        return compute()
    except (TypeError, ValueError) as error:
        return str(error)


def ways(case: Written) -> Iterator[Cost | str]:
    """Letters then numbers: all at once, and one half after the other."""
    yield or_words(lambda: case.cost().at(**case.values))
    first = dict(list(case.values.items())[::2])
    second = {name: number for name, number in case.values.items() if name not in first}
    yield or_words(lambda: case.cost().at(**first).at(**second))


def with_numbers(case: Written) -> Cost | None:
    try:
        return case.numbered().cost()
    except (TypeError, ValueError):
        return None


@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_letters_anywhere_are_right_or_refused(kind: type[Layer]) -> None:
    found: Counter[str] = Counter()

    @settings(max_examples=examples(kind, EXAMPLES))
    @given(written(kind))
    def check(case: Written) -> None:
        right = with_numbers(case)
        for cost in ways(case):
            if isinstance(cost, str):
                assert ", got " in cost or " uses the letter " in cost
            else:
                assert cost == right
        found["right" if isinstance(cost, Cost) else "refused" if right else "both refused"] += (
            bool(case.values)
        )

    check()
    assert found["right"] > 0
