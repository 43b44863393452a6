"""Elementwise layers beyond those that the tutorial names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers.axes import Axes, as_axes, elements_along
from unet_complexity.layers.arguments import lettered
from unet_complexity.layers.elementwise import _SameShape
from unet_complexity.symbols import Size, quotient


@dataclass(frozen=True)
class PReLU(_SameShape):
    """keras.layers.PReLU: a leaky ReLU with learned slopes, one per element except along ``shared_axes``.

    He, Zhang, Ren & Sun, "Delving Deep into Rectifiers" (ICCV 2015).

    >>> cost = PReLU(shared_axes=(1, 2)).cost(Tensor(4, 4, 2))
    >>> cost.params, cost.elementwise
    (2, 64)
    """

    gradient_reads = "inputs"
    operations = 2
    shared_axes: Any = None

    def __post_init__(self) -> None:
        if self.shared_axes is not None:
            object.__setattr__(self, "shared_axes", as_axes(self.shared_axes))

    def params(self, x: Tensor) -> Size:
        return elements_along(x, tuple({1, 2, 3} - set(self.shared_axes or ())))


@dataclass(frozen=True)
class Softmax(_SameShape):
    """keras.layers.Softmax over ``axis``: over the channels 5c - 2 operations per pixel, as Activation("softmax").

    >>> Softmax().cost(Tensor(1, 1, 10)).elementwise
    48
    """

    axis: Axes = -1

    def elementwise(self, x: Tensor) -> Size:
        return 5 * x.size - 2 * quotient(x.size, elements_along(x, self.axis))


@dataclass(frozen=True)
class ELU(_SameShape):
    """keras.layers.ELU: exponential, subtract 1, scale by alpha, compare; four operations per element.

    >>> ELU().cost(Tensor(4, 4, 2)).elementwise
    128
    """

    operations = 4
    alpha: float = 1.0


@dataclass(frozen=True)
class Rescaling(_SameShape):
    """keras.layers.Rescaling: multiply by ``scale`` and add ``offset``; a scale of 1 or an offset of 0 is skipped.

    >>> Rescaling(1 / 127.5, offset=-1).cost(Tensor(4, 4, 2)).elementwise
    64
    """

    gradient_reads = "nothing"
    scale: float
    offset: float = 0.0

    def __post_init__(self) -> None:
        if [*lettered((self.scale, self.offset))]:
            raise self.error(
                "scale and offset must be numbers", (self.scale, self.offset), "try 0.5"
            )

    def elementwise(self, x: Tensor) -> Size:
        return ((self.scale != 1) + (self.offset != 0)) * x.size
