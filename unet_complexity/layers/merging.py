"""Layers that merge several feature maps into one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate

from unet_complexity.cost import Tensor
from unet_complexity.layers.base import Layer
from unet_complexity.symbols import Size


@dataclass(frozen=True)
class Concatenate(Layer):
    """keras.layers.Concatenate of channels: (h, w, c1), (h, w, c2) -> (h, w, c1 + c2).  Copies only.

    Raises:
        ValueError: If the inputs differ in height or width.

    Example:
        >>> print(Concatenate().output(Tensor(8, 8, 3), Tensor(8, 8, 5)))
        8 x 8 x 8
    """

    arity = None
    gradient_reads = "nothing"
    axis = 3
    along = "channels"
    others = "height and width"

    def output(self, *inputs: Tensor) -> Tensor:
        self.check_inputs(*inputs)
        length = sum(getattr(x, self.along) for x in inputs)
        wholes = {replace(x, **{self.along: length}) for x in set(inputs)}
        if len(wholes) > 1:
            raise self.error(
                f"all inputs must have the same {self.others}",
                " and ".join(map(str, inputs)),
                "crop, pad or resample one; in a U-Net, give a side that 2**depth divides",
            )
        return wholes.pop()


class _Merge(Layer):
    """An elementwise operation with broadcasting: a height, width or channels of 1 is repeated, as in Keras.

    Each input after the first takes one operation per element of the partial result.
    """

    arity: int | None = None

    def output(self, *inputs: Tensor) -> Tensor:
        self.check_inputs(*inputs)
        *_, last = self._partial_results(*inputs)
        return last

    def elementwise(self, *inputs: Tensor) -> Size:
        _, *merged = self._partial_results(*inputs)
        return sum(x.size for x in merged)

    def _partial_results(self, *inputs: Tensor) -> Iterator[Tensor]:
        """Yield the first input, the first two merged, the first three ..."""

        def merge(x: Tensor, y: Tensor) -> Tensor:
            merged = []
            for a, b in zip(x.shape, y.shape, strict=True):
                if a != b and 1 not in (a, b):
                    got = " and ".join(map(str, inputs))
                    rule = "all inputs must have the same shape, or 1 where they differ"
                    raise self.error(rule, got, "make the channels agree with a Conv2D(f, 1)")
                merged.append(b if a == 1 else a)
            return Tensor(*merged)

        return accumulate(inputs, merge)


@dataclass(frozen=True)
class Add(_Merge):
    """keras.layers.Add: the elementwise sum; m inputs take m - 1 additions per element.

    >>> Add().cost(Tensor(8, 8, 4), Tensor(8, 8, 4)).elementwise
    256
    """

    gradient_reads = "nothing"


@dataclass(frozen=True)
class Multiply(_Merge):
    """keras.layers.Multiply: the elementwise product.  Not a MAC: the products are not summed.

    An attention gate multiplies c channels by a map of 1.

    >>> Multiply().cost(Tensor(8, 8, 4), Tensor(8, 8, 1)).elementwise
    256
    """

    gradient_reads = "inputs"
