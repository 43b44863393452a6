"""Layers that make one number of many: of a window that slides, or of whole axes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from unet_complexity.cost import Tensor
from unet_complexity.layers.base import Layer, one_of
from unet_complexity.layers.windows import as_padding, holding, taps_in_bounds, window_count, windows
from unet_complexity.symbols import Size, Sizes, as_pair, exact


@dataclass(frozen=True)
class _Pooling2D(Layer):
    """``padding`` may also be a border, as PyTorch and ONNX pad; what it adds is no element of any window.

    Their ceil_mode is a border too, :func:`unet_complexity.layers.windows.rounded_up`; whether an average divides by
    the padded elements too (count_include_pad) changes its value and no count.
    """

    pool_size: Sizes = 2
    strides: Any = None
    padding: Any = "valid"

    def __post_init__(self) -> None:
        object.__setattr__(self, "pool_size", as_pair(self.pool_size, "pool_size"))
        strides = self.pool_size if self.strides is None else as_pair(self.strides, "strides")
        object.__setattr__(self, "strides", strides)
        object.__setattr__(self, "padding", as_padding(self.padding))
        if any(isinstance(size, int) and size < 1 for size in self._seen()):
            raise self.refuse("each window must see the map", f"{self.padding} round {self.pool_size}", "pad less")

    def output(self, x: Tensor) -> Tensor:
        height, width = (window_count(*axis) for axis in self._windows(x))
        return Tensor(height, width, x.channels)

    def sizes(self, x: Tensor) -> tuple[Size, ...]:
        return *super().sizes(x), *self._seen(), *chain(*(holding(*axis) for axis in self._windows(x)))

    def _seen(self) -> list[Size]:
        """Elements of the map under a window that begins or ends with it; at least 1."""
        borders = zip(self.padding, self.pool_size, strict=True) if isinstance(self.padding, tuple) else ()
        return [exact(k - pad) for border, k in borders for pad in border]

    def _elements_seen(self, x: Tensor) -> Size:
        """Elements under the window, summed over its stops; padding is left out, as in Keras."""
        rows, columns = (taps_in_bounds(*axis) for axis in self._windows(x))
        return rows * columns * x.channels

    def _windows(self, x: Tensor) -> Iterator[Any]:
        return windows(self.padding, x, self.pool_size, self.strides)


@dataclass(frozen=True)
class MaxPooling2D(_Pooling2D):
    """keras.layers.MaxPooling2D.  A window of p elements takes p - 1 comparisons.

    >>> MaxPooling2D(2).cost(Tensor(8, 8, 1)).elementwise
    48
    """

    gradient_reads = "inputs"  # where the largest stood

    def elementwise(self, x: Tensor) -> Size:
        return self._elements_seen(x) - self.output(x).size


@dataclass(frozen=True)
class AveragePooling2D(_Pooling2D):
    """keras.layers.AveragePooling2D.  A window of p elements takes p - 1 additions and one division.

    >>> AveragePooling2D(2).cost(Tensor(8, 8, 1)).elementwise
    64
    """

    gradient_reads = "nothing"

    def elementwise(self, x: Tensor) -> Size:
        return self._elements_seen(x)


@dataclass(frozen=True)
class Reduce(Layer):
    """keras.ops.mean, sum, max or min over ``axes`` (1 rows, 2 columns, 3 channels), which stay with size 1.

    p elements take p - 1 additions or comparisons, a mean also one division.

    >>> Reduce("sum", axes=3).cost(Tensor(8, 8, 4)).elementwise
    192
    """

    operation: str = "mean"
    axes: Any = (1, 2)

    def __post_init__(self) -> None:
        one_of("operation", self.operation, ("mean", "sum", "max", "min"))
        object.__setattr__(self, "axes", as_axes(self.axes))

    @property
    def gradient_reads(self) -> str:
        return "nothing" if self.operation in ("mean", "sum") else "inputs"

    def output(self, x: Tensor) -> Tensor:
        sides = (x.height, x.width, x.channels)
        return Tensor(*(1 if axis in self.axes else side for axis, side in enumerate(sides, 1)))

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


def as_axes(value: Any) -> tuple[int, ...]:
    """One axis of a map or several, 1 rows, 2 columns, 3 channels, counted as in Keras: -1 is the last.

    >>> as_axes(-1), as_axes([1, 2])
    ((3,), (1, 2))
    """
    given = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    found = tuple(sorted({axis % 4 if isinstance(axis, int) else 0 for axis in given}))
    if not found or 0 in found or any(not -3 <= axis <= 3 for axis in given):
        raise ValueError(f"axes must be of 1 (rows), 2 (columns), 3 or -1 (channels), got {value!r}; try -1")
    return found
