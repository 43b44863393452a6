"""Layers that bring maps together or change their border: no weights, mostly copies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unet_complexity.cost import Tensor
from unet_complexity.layers.base import Layer
from unet_complexity.symbols import Size, as_pair, as_size, exact

Border = tuple[tuple[Size, Size], tuple[Size, Size]]


@dataclass(frozen=True)
class Concatenate(Layer):
    """keras.layers.Concatenate along the channels: (h, w, c1), (h, w, c2) -> (h, w, c1 + c2).  Copies only.

    >>> print(Concatenate().output(Tensor(8, 8, 3), Tensor(8, 8, 5)))
    8 x 8 x 8
    """

    arity = None
    gradient_reads = "nothing"

    def output(self, *inputs: Tensor) -> Tensor:
        self.check_inputs(*inputs)
        first = inputs[0]
        for other in inputs[1:]:
            if (other.height, other.width) != (first.height, first.width):
                raise self.refuse(
                    "all inputs must have the same height and width",
                    " and ".join(map(str, inputs)),
                    "crop, pad or resample one; in a U-Net, give a side that 2**depth divides",
                )
        return Tensor(first.height, first.width, exact(sum(x.channels for x in inputs)))


@dataclass(frozen=True)
class Add(Layer):
    """keras.layers.Add: inputs of one shape, summed element by element; m inputs take m - 1 additions each.

    >>> Add().cost(Tensor(8, 8, 4), Tensor(8, 8, 4)).elementwise
    256
    """

    arity = None
    gradient_reads = "nothing"

    def output(self, *inputs: Tensor) -> Tensor:
        self.check_inputs(*inputs)
        if any(x != inputs[0] for x in inputs):
            got = " and ".join(map(str, inputs))
            raise self.refuse("all inputs must have the same shape", got, "make the channels agree with a Conv2D(f, 1)")
        return inputs[0]

    def elementwise(self, *inputs: Tensor) -> Size:
        return (len(inputs) - 1) * inputs[0].size


@dataclass(frozen=True)
class ZeroPadding2D(Layer):
    """keras.layers.ZeroPadding2D: ((top, bottom), (left, right)) rows and columns of zeros.  Copies only.

    >>> print(ZeroPadding2D(((1, 0), (2, 2))).output(Tensor(8, 8, 3)))
    9 x 12 x 3
    """

    gradient_reads = "nothing"
    padding: Any = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "padding", as_border(self.padding, "padding"))

    def output(self, x: Tensor) -> Tensor:
        (top, bottom), (left, right) = self.padding
        return Tensor(exact(x.height + top + bottom), exact(x.width + left + right), x.channels)


@dataclass(frozen=True)
class Cropping2D(Layer):
    """keras.layers.Cropping2D: cuts ((top, bottom), (left, right)) rows and columns away.  Copies only.

    >>> print(Cropping2D(4).output(Tensor(64, 64, 512)))
    56 x 56 x 512
    """

    gradient_reads = "nothing"
    cropping: Any = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "cropping", as_border(self.cropping, "cropping"))

    def output(self, x: Tensor) -> Tensor:
        (top, bottom), (left, right) = self.cropping
        height, width = exact(x.height - top - bottom), exact(x.width - left - right)
        if any(isinstance(side, int) and side < 1 for side in (height, width)):
            raise self.refuse("something must be left", f"{self.cropping} off {x}", "crop less than the side")
        return Tensor(height, width, x.channels)


def as_border(value: Any, what: str) -> Border:
    """Keras's three ways to write a border: 1; (rows, columns); ((top, bottom), (left, right)).

    >>> as_border((1, 2), "padding")
    ((1, 1), (2, 2))
    """
    rows, columns = value if isinstance(value, (tuple, list)) and len(value) == 2 else (value, value)
    if isinstance(rows, (tuple, list)):
        return as_pair(rows, what, at_least=0), as_pair(columns, what, at_least=0)
    rows, columns = as_size(rows, what, at_least=0), as_size(columns, what, at_least=0)
    return (rows, rows), (columns, columns)
