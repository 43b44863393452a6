"""Reductions along whole axes."""

from __future__ import annotations

from dataclasses import dataclass

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers.axes import Axes
from unet_complexity.layers.base import Layer
from unet_complexity.symbols import Size, one_of


@dataclass(frozen=True)
class Reduce(Layer):
    """keras.ops.mean, sum, max or min over ``axes`` (1 rows, 2 columns, 3 channels), which keep size 1.

    p elements take p - 1 additions or comparisons; a mean takes one division more.

    >>> Reduce("sum", axes=3).cost(Tensor(8, 8, 4)).elementwise
    192
    """

    operation: str = "mean"
    axes: Axes = (1, 2)

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("operation", self.operation, ("mean", "sum", "max", "min"))

    @property
    def gradient_reads(self) -> str:
        return "nothing" if self.operation in ("mean", "sum") else "inputs"

    def output(self, x: Tensor) -> Tensor:
        kept = [1 if axis in self.axes else side for axis, side in enumerate(x.shape, 1)]
        return Tensor(*kept)

    def elementwise(self, x: Tensor) -> Size:
        return x.size if self.operation == "mean" else x.size - self.output(x).size


@dataclass(frozen=True)
class GlobalAveragePooling2D(Reduce):
    """keras.layers.GlobalAveragePooling2D: the mean of each channel, 1 x 1 x c.

    >>> GlobalAveragePooling2D().cost(Tensor(7, 7, 1280)).elementwise
    62720
    """


@dataclass(frozen=True)
class GlobalMaxPooling2D(Reduce):
    """keras.layers.GlobalMaxPooling2D: the largest of each channel, 1 x 1 x c.

    >>> GlobalMaxPooling2D().cost(Tensor(7, 7, 10)).elementwise
    480
    """

    operation: str = "max"
