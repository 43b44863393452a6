"""The counters that tick while a loop works, and the register of loops."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

from unet_complexity.cost import COUNTS, Cost
from unet_complexity.counting.maps import Function, Map, filled, sides_of


class Counted(NamedTuple):
    """Result of :func:`count`.

    Args:
        output: The map that the loops computed, as nested lists [row][column][channel].
        cost: The cost that they counted on the way.

    Example:
        >>> Counted([[[0.0, 1.0]]], Cost(writes=2)).cost.writes
        2
    """

    output: Map
    cost: Cost


class Tally:
    """Counters that tick while a layer runs, by the conventions of :class:`~unet_complexity.Cost`."""

    def __init__(self, weights: list[Any] | None) -> None:
        self.counts: dict[str, Any] = dict.fromkeys(COUNTS, 0)
        if weights is not None:
            weights = list(weights)  # a copy, from which they are taken one after the other
        self.given = weights

    def tick_each(self, counter: str, x: Map) -> None:
        """Add 1 to ``counter`` for each element of a map that is read or written."""
        for row in x:
            for pixel in row:
                for _ in pixel:
                    self.tick(counter)

    def weight(self, *sides: int, trainable: bool = True) -> Any:
        """Read the next weight array: the given one, or small numbers; each element is a parameter."""
        if self.given is None:
            values = filled(*sides)
        elif self.given:
            values = self.given.pop(0)
        else:
            raise ValueError(
                f"a weight of the shape {sides} is missing; give weights in Keras's order"
            )
        found = sides_of(values)
        if found != sides:
            raise ValueError(
                f"a weight must have the shape {sides}, got {found}; give weights in Keras's order"
            )
        for _ in range(math.prod(sides)):
            self.tick("params")
            self.tick("reads")
            if trainable:
                self.tick("trainable_params")
        return values

    def mac(self, total: float, a: float, b: float, inside: bool = True) -> float:
        """Do one multiply-accumulate; ``inside`` is False on padding."""
        self.tick("macs")
        if inside:
            self.tick("macs_in_bounds")
        return total + a * b

    def op(self, result: float) -> float:
        """Count one operation that is not a MAC and return its result."""
        self.tick("elementwise")
        return result

    def tick(self, counter: str) -> None:
        """Add 1 to ``counter``."""
        self.counts[counter] += 1

    def fold(self, values: list[float], operation: Function = operator.add) -> float:
        """Combine all values, by default to their sum: one operation for each value after the first."""
        result = values[0]
        for value in values[1:]:
            result = self.op(operation(result, value))
        return result


Twin = Callable[..., Map]  # of the layer, the tally and each input
TWINS: dict[type, Twin] = {}


def twin(*kinds: type) -> Callable[[Twin], Twin]:
    """Register the counting loop of these layers.

    The loop is called with the layer, the tally and each input, and returns the output.  :func:`count` counts the
    reads of the inputs and the writes of the output.
    """

    def register(function: Twin) -> Twin:
        TWINS.update(dict.fromkeys(kinds, function))
        return function

    return register
