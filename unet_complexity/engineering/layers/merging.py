"""Maps joined along their sides; elementwise operations on several maps, or on a map and constants or weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unet_complexity.cost import Tensor
from unet_complexity.layers.merging import Concatenate, _Merge
from unet_complexity.symbols import Size, exact, one_of

# one operation for each operand after the first
PAIRED = (
    "add subtract multiply divide maximum minimum average power equal greater greater_equal less "
    "less_equal and or xor mod"
).split()
ELEMENTWISE = {  # operations for each element of the output, however many operands there are
    "where": 1,
    "not": 1,
    "clip": 2,  # compare twice
    "dequantize": 2,  # shift, scale
    "quantize": 5,  # scale, round, shift, compare twice
}


class ConcatenateRows(Concatenate):
    """keras.layers.Concatenate along axis 1: (h1, w, c), (h2, w, c) -> (h1 + h2, w, c).

    >>> print(ConcatenateRows().output(Tensor(3, 8, 4), Tensor(5, 8, 4)))
    8 x 8 x 4
    """

    axis = 1
    along = "height"
    others = "width and channels"


class ConcatenateColumns(Concatenate):
    """keras.layers.Concatenate along axis 2: (h, w1, c), (h, w2, c) -> (h, w1 + w2, c).

    >>> print(ConcatenateColumns().output(Tensor(8, 3, 4), Tensor(8, 5, 4)))
    8 x 8 x 4
    """

    axis = 2
    along = "width"
    others = "height and channels"


# by the axis of a map
CONCATENATE = {1: ConcatenateRows, 2: ConcatenateColumns, 3: Concatenate}


@dataclass(frozen=True)
class Elementwise(_Merge):
    """Elementwise function of keras.ops by name, for one map with an array or scalars, or for several maps.

    Each operand after the first takes one operation per element of the partial result; an average takes a division
    more.  ``array`` is the shape of an operand beside the ``inputs`` maps; it is broadcast like them.  If ``learned``,
    it is parameters: Elementwise("multiply", Tensor(1, 1, c)) is a learned scale.  A scalar is not a parameter.

    >>> cost = Elementwise("multiply", Tensor(1, 1, 4)).cost(Tensor(8, 8, 4))
    >>> cost.params, cost.elementwise
    (4, 256)
    >>> Elementwise("average", inputs=2).cost(Tensor(8, 8, 4), Tensor(8, 8, 4)).elementwise
    512
    """

    operation: str
    array: Tensor | None = None
    learned: bool = True
    inputs: int = 1

    def __post_init__(self) -> None:
        one_of("operation", self.operation, (*PAIRED, *ELEMENTWISE))

    @property
    def arity(self) -> int:
        return self.inputs

    @property
    def gradient_reads(self) -> str:
        return "nothing" if self.operation in ("add", "subtract", "average") else "inputs"

    def params(self, *inputs: Tensor) -> Size:
        return self.array.size if self.array and self.learned else 0

    def elementwise(self, *inputs: Tensor) -> Size:
        results = [x.size for x in self._partial_results(*inputs)]
        if self.operation in ELEMENTWISE:
            return ELEMENTWISE[self.operation] * results[-1]
        if self.operation == "average":
            results.append(results[-1])
        return exact(sum(results[1:] or results))

    def _partial_results(self, *inputs: Tensor) -> Iterator[Tensor]:
        return super()._partial_results(*inputs, *([self.array] if self.array else []))
