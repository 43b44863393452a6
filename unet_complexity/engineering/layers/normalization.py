r"""Normalisations by stored statistics, and by statistics of the map itself.

For a set of m elements the mean takes m operations (m - 1 additions, a division), the variance 3m
(subtract, square, average), the added epsilon and the square root 2, the division m: $5m + 2$.  RMSNormalization
has no mean: $3m + 2$.  Scale and shift take one more per element each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers.axes import Axes, elements_along
from unet_complexity.layers.elementwise import _Normalization
from unet_complexity.symbols import Size, as_size, quotient


@dataclass(frozen=True)
class Normalization(_Normalization):
    """keras.layers.Normalization, subtract the mean of each channel and divide by its deviation.

    They are 2c + 1 non-trainable params, as Keras keeps a count beside them; constants (``given``) are not params.

    >>> Normalization().cost(Tensor(224, 224, 3)).params
    7
    """

    gradient_reads = "nothing"
    operations = 2
    given: bool = False

    def params(self, x: Tensor) -> Size:
        return 0 if self.given else 2 * x.channels + 1

    def trainable_params(self, x: Tensor) -> Size:
        return 0


class _Standardization(_Normalization):
    """Sets of elements with a mean and a deviation each; weights along ``axis`` scale and shift them."""

    operations = 5
    axis: Any = (3,)
    center: bool = False
    scale: bool = True

    def params(self, x: Tensor) -> Size:
        return (self.center + self.scale) * elements_along(x, self.axis)

    def elementwise(self, x: Tensor) -> Size:
        return (self.operations + self.center + self.scale) * x.size + 2 * self.sets(x)

    def sets(self, x: Tensor) -> Size:
        """Return the number of sets: one for each element that has the first index along ``axis``."""
        return quotient(x.size, elements_along(x, self.axis))


@dataclass(frozen=True)
class GroupNormalization(_Standardization):
    """keras.layers.GroupNormalization: groups of channels, each normalised over all pixels; -1: each channel.

    Wu & He, "Group Normalization" (ECCV 2018).  2c params.

    >>> GroupNormalization(32).cost(Tensor(64, 64, 128)).elementwise
    3670080
    """

    groups: Size = 32
    center: bool = True
    scale: bool = True

    def __post_init__(self) -> None:
        if self.groups != -1:
            object.__setattr__(self, "groups", as_size(self.groups, "groups"))

    def output(self, x: Tensor) -> Tensor:
        self._channels_of_a_set(x)  # the check of groups
        return x

    def needs(self, x: Tensor) -> tuple[Size, ...]:
        return *super().needs(x), self._channels_of_a_set(x)

    def sets(self, x: Tensor) -> Size:
        return x.channels if self.groups == -1 else self.groups

    def _channels_of_a_set(self, x: Tensor) -> Size:
        rule = "groups must divide the channels"
        return self.divide(x.channels, self.sets(x), rule, "try groups=1 or -1")


@dataclass(frozen=True)
class LayerNormalization(_Standardization):
    """keras.layers.LayerNormalization over ``axis``: the channels of each pixel, or several axes.

    Ba, Kiros & Hinton, "Layer Normalization" (2016).  Each element of those axes has a scale and a shift.

    >>> cost = LayerNormalization().cost(Tensor(1, 256, 64))
    >>> cost.params, cost.elementwise
    (128, 115200)
    """

    axis: Axes = -1
    center: bool = True
    scale: bool = True


@dataclass(frozen=True)
class RMSNormalization(_Standardization):
    """keras.layers.RMSNormalization over ``axis``: divide by the root of the mean square, then scale.

    Zhang & Sennrich, "Root Mean Square Layer Normalization" (NeurIPS 2019).

    >>> RMSNormalization().cost(Tensor(1, 256, 64)).elementwise
    66048
    """

    operations = 3  # without a mean
    axis: Axes = -1
