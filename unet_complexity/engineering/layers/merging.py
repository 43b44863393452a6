"""Layers that bring maps together, or a map and what is known beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unet_complexity.cost import Tensor
from unet_complexity.layers.base import one_of
from unet_complexity.layers.merging import _Merge
from unet_complexity.symbols import Size, exact


@dataclass(frozen=True)
class Subtract(_Merge):
    """keras.layers.Subtract: the first input less the second.

    >>> Subtract().cost(Tensor(8, 8, 4), Tensor(1, 1, 4)).elementwise
    256
    """

    arity = 2
    gradient_reads = "nothing"


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

    def _partial_results(self, *inputs: Tensor) -> Iterator[Tensor]:
        return super()._partial_results(*inputs, *([self.array] if self.array else []))
