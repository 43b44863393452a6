"""Layers that bring maps together: no weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from unet_complexity.cost import Tensor
from unet_complexity.layers.base import Layer, as_axes
from unet_complexity.symbols import Size, exact

AXES = ("height", "width", "channels")


@dataclass(frozen=True)
class Concatenate(Layer):
    """keras.layers.Concatenate: (h, w, c1), (h, w, c2) -> (h, w, c1 + c2), or along axis 1 (rows) or 2.  Copies only.

    ``array``: the shape of what is known and joined to one map, as the class token of a vision transformer is;
    ``learned``: it is params.

    >>> print(Concatenate().output(Tensor(8, 8, 3), Tensor(8, 8, 5)))
    8 x 8 x 8
    >>> token = Concatenate(axis=2, array=Tensor(1, 1, 64))
    >>> token.cost(Tensor(1, 256, 64)).params, str(token.output(Tensor(1, 256, 64)))
    (64, '1 x 257 x 64')
    """

    gradient_reads = "nothing"
    axis: int = -1
    array: Tensor | None = None
    learned: bool = True

    def __post_init__(self) -> None:
        (axis,) = as_axes(self.axis)
        object.__setattr__(self, "axis", -1 if axis == 3 else axis)

    @property
    def arity(self) -> int | None:
        return 1 if self.array else None

    def params(self, *inputs: Tensor) -> Size:
        return self.array.size if self.array and self.learned else 0

    def output(self, *inputs: Tensor) -> Tensor:
        self.check_inputs(*inputs)
        inputs = (*inputs, self.array) if self.array else inputs
        along = AXES[self.axis - 1 if self.axis > 0 else 2]
        others = [name for name in AXES if name != along]
        if any(getattr(x, name) != getattr(inputs[0], name) for x in inputs for name in others):
            raise self.error(
                f"all inputs must have the same {' and '.join(others)}",
                " and ".join(map(str, inputs)),
                "crop, pad or resample one; in a U-Net, give a side that 2**depth divides",
            )
        sides = {name: getattr(inputs[0], name) for name in others}
        return Tensor(**sides, **{along: exact(sum(getattr(x, along) for x in inputs))})


class _Merge(Layer):
    """Element by element; a height, width or channels of 1 is repeated to meet the other, as in Keras.

    Each input after the first takes one operation for each element of what has come together so far.
    """

    arity: int | None = None

    def output(self, *inputs: Tensor) -> Tensor:
        self.check_inputs(*inputs)
        *_, last = self._partial_results(*inputs)
        return last

    def elementwise(self, *inputs: Tensor) -> Size:
        _, *made = self._partial_results(*inputs)
        return exact(sum(x.size for x in made))

    def _partial_results(self, *inputs: Tensor) -> Iterator[Tensor]:
        """The first input, the first two merged, the first three ..."""

        def side(a: Size, b: Size) -> Size:
            if a != b and 1 not in (a, b):
                got = " and ".join(map(str, inputs))
                rule = "all inputs must have the same shape, or 1 where they differ"
                raise self.error(rule, got, "make the channels agree with a Conv2D(f, 1)")
            return b if a == 1 else a

        return accumulate(
            inputs, lambda x, y: Tensor(*(side(getattr(x, n), getattr(y, n)) for n in AXES))
        )


@dataclass(frozen=True)
class Add(_Merge):
    """keras.layers.Add: inputs of one shape, summed element by element; m inputs take m - 1 additions each.

    >>> Add().cost(Tensor(8, 8, 4), Tensor(8, 8, 4)).elementwise
    256
    """

    gradient_reads = "nothing"


@dataclass(frozen=True)
class Multiply(_Merge):
    """keras.layers.Multiply: element by element.  No MAC: nothing is summed.

    An attention gate multiplies c channels by a map of 1.

    >>> Multiply().cost(Tensor(8, 8, 4), Tensor(8, 8, 1)).elementwise
    256
    """

    gradient_reads = "inputs"
