r"""What both U-Nets are put together with: steps in running order, and levels that may be a letter.

Level l has sides $N / 2^l$.  Where the depth (or the number of doublings) is a letter, the levels between its ends
become one :class:`~unet_complexity.networks.Span`: a block whose letter ``l`` stands for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import sympy as sp

from unet_complexity.cost import Rule, Tensor, promises
from unet_complexity.layers import Layer
from unet_complexity.layers.arguments import lettered
from unet_complexity.networks import Network, Span, Step
from unet_complexity.symbols import Pair, Size, as_expr, exact, level


class Builder:
    """Collects steps in running order, each fed by the step before or by named ones.

    ``letters``: some step stands for a span of levels, so the map that a block reads must be said (``enter``).
    """

    def __init__(self, shape: Tensor, letters: bool) -> None:
        self.shape, self.letters = shape, letters
        self.shapes, self.marks, self.last = {"input": shape}, dict[str, str](), "input"
        self.steps: list[Step] = []
        self.place: tuple[str, Size, str, Span | None] = ("", 0, "", None)

    def block(self, name: str, at: Size, part: str, span: Span | None = None) -> None:
        """All layers added from here on belong to the block ``name`` on level ``at``."""
        self.place = (name, at, part, span)

    def add(self, name: str, layer: Layer, *sources: str) -> str:
        """Run ``layer`` on the outputs of ``sources``; on the step before, where none is named."""
        block, at, part, span = self.place
        names = tuple(self.marks.get(source, source) for source in sources) or (self.last,)
        inputs = tuple(self.shapes[source] for source in names)
        self.last = f"{block}.{name}"
        self.steps.append(Step(self.last, layer, inputs, names, at, block, part, span))
        self.shapes[self.last] = self.steps[-1].output
        return self.last

    def mark(self, name: str) -> None:
        """Give what the last step wrote a second name, to fetch it by in the decoder."""
        self.marks[name] = self.last

    def enter(self, name: str, shape: Tensor) -> None:
        """Where a letter stands for many levels, say the map before them, since no one step wrote it."""
        if self.letters:
            self.marks.pop(name, None)
            self.shapes[name], self.last = shape, name

    def network(self, name: str, rules: list[Rule], recipe: partial[Network] | None) -> Network:
        """All that was added, and the rules that its letters must obey."""
        letters = [rule for rule in rules if not rule.whole.is_number]
        given = lettered(recipe.keywords) if recipe else ()
        sizes = (size for size in given if not (sp.denom(size) == 1 and size.is_positive))
        kept = dict.fromkeys([*letters, *promises(sizes)])
        return Network(name, {"input": self.shape}, tuple(self.steps), tuple(kept), recipe)


def levels(first: Size, last: Size, up: bool = False) -> Iterator[tuple[Size, Span | None]]:
    """Each level from first to last (``up``: from last to first), or one letter for all where an end is a letter.

    >>> [l for l, _ in levels(1, 3, up=True)]
    [3, 2, 1]
    """
    if isinstance(first, int) and isinstance(last, int):
        numbers = range(first, last + 1)
        yield from ((number, None) for number in (reversed(numbers) if up else numbers))
    else:
        yield level, Span(level, first, last)


def two_to(exponent: Size) -> Any:
    """2**exponent with its constant factor apart, 2 * 2**L and not 2**(L + 1), so that shapes can be compared."""
    return exact(sp.expand(sp.Integer(2) ** exponent))


def halved(sides: Pair, times: Size, channels: Size) -> Tensor:
    """The map after ``times`` halvings of its sides."""
    rows, columns = (exact(side * as_expr(two_to(-times))) for side in sides)
    return Tensor(rows, columns, channels)


def check_sides(sides: Pair, fits: Callable[[int], bool], step: int, rule: str) -> None:
    """ValueError where a side that is a number does not fit, with the nearest ones that do."""
    for side in sides:
        if isinstance(side, int) and not fits(side):
            below = next((s for s in range(side - 1, max(side - 2 * step, 0), -1) if fits(s)), None)
            above = next(s for s in range(side + 1, side + 1000 * step) if fits(s))
            near = " and ".join(str(s) for s in (below, above) if s)
            raise ValueError(f"{rule}, got {side}; sides near it that work: {near}")
