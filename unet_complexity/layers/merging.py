"""Layers that bring maps together: no weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from unet_complexity.cost import Tensor
from unet_complexity.layers.base import Layer, one_of
from unet_complexity.layers.pooling import as_axes
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
            raise self.refuse(
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
        *_, last = self._together(*inputs)
        return last

    def elementwise(self, *inputs: Tensor) -> Size:
        _, *made = self._together(*inputs)
        return exact(sum(x.size for x in made))

    def _together(self, *inputs: Tensor) -> Iterator[Tensor]:
        """The first input, the first two merged, the first three ..."""

        def side(a: Size, b: Size) -> Size:
            if a != b and 1 not in (a, b):
                got = " and ".join(map(str, inputs))
                rule = "all inputs must have the same shape, or 1 where they differ"
                raise self.refuse(rule, got, "make the channels agree with a Conv2D(f, 1)")
            return b if a == 1 else a

        return accumulate(inputs, lambda x, y: Tensor(*(side(getattr(x, n), getattr(y, n)) for n in AXES)))


@dataclass(frozen=True)
class Add(_Merge):
    """keras.layers.Add: inputs of one shape, summed element by element; m inputs take m - 1 additions each.

    >>> Add().cost(Tensor(8, 8, 4), Tensor(8, 8, 4)).elementwise
    256
    """

    gradient_reads = "nothing"


@dataclass(frozen=True)
class Subtract(_Merge):
    """keras.layers.Subtract: the first input less the second.

    >>> Subtract().cost(Tensor(8, 8, 4), Tensor(1, 1, 4)).elementwise
    256
    """

    arity = 2
    gradient_reads = "nothing"


@dataclass(frozen=True)
class Multiply(_Merge):
    """keras.layers.Multiply: element by element.  No MAC: nothing is summed.

    An attention gate multiplies c channels by a map of 1.

    >>> Multiply().cost(Tensor(8, 8, 4), Tensor(8, 8, 1)).elementwise
    256
    """

    gradient_reads = "inputs"


@dataclass(frozen=True)
class Divide(_Merge):
    """keras.ops.divide: the first input by the second, element by element.

    >>> Divide().cost(Tensor(8, 8, 4), Tensor(8, 8, 1)).elementwise
    256
    """

    arity = 2
    gradient_reads = "inputs"


@dataclass(frozen=True)
class Maximum(_Merge):
    """keras.layers.Maximum: the largest of the inputs, element by element.

    >>> Maximum().cost(Tensor(8, 8, 4), Tensor(8, 8, 4)).elementwise
    256
    """

    gradient_reads = "inputs"


@dataclass(frozen=True)
class Minimum(_Merge):
    """keras.layers.Minimum: the smallest of the inputs, element by element.

    >>> Minimum().cost(Tensor(8, 8, 4), Tensor(8, 8, 4)).elementwise
    256
    """

    gradient_reads = "inputs"


@dataclass(frozen=True)
class Average(_Merge):
    """keras.layers.Average: m inputs take m - 1 additions and one division each.

    >>> Average().cost(Tensor(8, 8, 4), Tensor(8, 8, 4)).elementwise
    512
    """

    gradient_reads = "nothing"

    def elementwise(self, *inputs: Tensor) -> Size:
        return exact(super().elementwise(*inputs) + self.output(*inputs).size)


PAIRED = "add subtract multiply divide maximum minimum power equal greater greater_equal less less_equal".split()
ELEMENTWISE = {**dict.fromkeys((*PAIRED, "where"), 1), "clip": 2}  # operations per element: clip compares twice


@dataclass(frozen=True)
class Elementwise(_Merge):
    """keras.ops by name, where the package has no layer for it, or where one operand is known beforehand.

    ``array``: the shape of what is known, which meets the ``inputs`` maps as another one would; ``learned``: it is
    params, as a learned scale is: Elementwise("multiply", Tensor(1, 1, c)).  A lone number is no param.

    >>> cost = Elementwise("multiply", Tensor(1, 1, 4)).cost(Tensor(8, 8, 4))
    >>> cost.params, cost.elementwise
    (4, 256)
    """

    operation: str
    array: Tensor | None = None
    learned: bool = True
    inputs: int = 1

    def __post_init__(self) -> None:
        one_of("operation", self.operation, tuple(ELEMENTWISE))

    @property
    def arity(self) -> int:
        return self.inputs

    @property
    def gradient_reads(self) -> str:
        return "nothing" if self.operation in ("add", "subtract") else "inputs"

    def params(self, *inputs: Tensor) -> Size:
        return self.array.size if self.array and self.learned else 0

    def elementwise(self, *inputs: Tensor) -> Size:
        return ELEMENTWISE[self.operation] * self.output(*inputs).size

    def _together(self, *inputs: Tensor) -> Iterator[Tensor]:
        return super()._together(*inputs, *([self.array] if self.array else []))
