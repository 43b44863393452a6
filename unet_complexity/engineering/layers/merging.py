"""Elementwise operations on several maps, or on a map and constants or weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unet_complexity.cost import Tensor
from unet_complexity.layers.base import one_of
from unet_complexity.layers.merging import _Merge
from unet_complexity.symbols import Size, exact


@dataclass(frozen=True)
class Subtract(_Merge):
    """keras.layers.Subtract: the second input subtracted from the first.

    >>> Subtract().cost(Tensor(8, 8, 4), Tensor(1, 1, 4)).elementwise
    256
    """

    arity = 2
    gradient_reads = "nothing"


@dataclass(frozen=True)
class Divide(_Merge):
    """keras.ops.divide: the first input divided by the second, element by element.

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
ELEMENTWISE = {
    **dict.fromkeys((*PAIRED, "where"), 1),
    "clip": 2,
    "dequantize": 2,  # shift, scale
    "quantize": 5,  # scale, round, shift, compare twice
}  # operations per element: clip compares twice


@dataclass(frozen=True)
class Elementwise(_Merge):
    """Elementwise function of keras.ops by name, for one map with an array or scalars, or for several maps.

    ``array`` is the shape of an operand beside the ``inputs`` maps; it is broadcast like them.  If ``learned``, it is
    parameters: Elementwise("multiply", Tensor(1, 1, c)) is a learned scale.  A scalar is not a parameter.

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

    def _partial_results(self, *inputs: Tensor) -> Iterator[Tensor]:
        return super()._partial_results(*inputs, *([self.array] if self.array else []))
