"""Axes of a feature map as an argument of a layer: 1 rows, 2 columns, 3 or -1 channels."""

from __future__ import annotations

from math import prod
from typing import Annotated, Any, TypeAlias

from unet_complexity.cost import Tensor
from unet_complexity.layers.arguments import CHECKS
from unet_complexity.symbols import Size

Axes: TypeAlias = Annotated[Any, "once checked, a sorted tuple of 1, 2, 3"]


def as_axes(value: Any, what: str = "axes") -> tuple[int, ...]:
    """Return one axis or several as a sorted tuple: 1 rows, 2 columns, 3 or -1 channels, as in Keras.

    >>> as_axes(-1), as_axes([1, 2])
    ((3,), (1, 2))
    """
    given = value if isinstance(value, (tuple, list)) else (value,)
    if not given or not all(isinstance(axis, int) and 1 <= abs(axis) <= 3 for axis in given):
        raise ValueError(
            f"axes must be of 1 (rows), 2 (columns), 3 or -1 (channels), got {value!r}; try -1"
        )
    return tuple(sorted({axis % 4 for axis in given}))


CHECKS.update({Axes: as_axes, "Axes": as_axes})


def elements_along(x: Tensor, axes: tuple[int, ...]) -> Size:
    """Return the number of elements of a feature map along these axes.

    >>> elements_along(Tensor(8, 6, 4), (1, 3))
    32
    """
    return prod(x.shape[axis - 1] for axis in axes)
