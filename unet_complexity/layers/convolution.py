r"""Convolutions: where nearly all the arithmetic of a U-Net is.

An output element is one inner product over a k x k window of c channels, so

$$\text{MACs} = \underbrace{h_{out}\,w_{out}\,f}_{\text{outputs}} \times \underbrace{k^2\,c}_{\text{MACs per output}}.$$

He & Sun, "Convolutional Neural Networks at Constrained Time Cost" (CVPR 2015), eq. 1, write the same product
as $n_{l-1}\, s_l^2\, n_l\, m_l^2$.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from unet_complexity.cost import Tensor
from unet_complexity.layers.base import Layer, one_of
from unet_complexity.layers.windows import axes, hang_over, taps_in_bounds, transposed_side, window_count
from unet_complexity.symbols import Size, Sizes, as_pair, as_size, floor_div


class Convolution(Layer):
    """What all convolutions share: a kernel of weights for each filter, and a bias that is added to each output."""

    gradient_reads = "inputs"
    filters: Size
    kernel_size: Sizes
    use_bias: bool

    def params(self, x: Tensor) -> Size:
        k_h, k_w = self.kernel_size
        return k_h * k_w * self.channels_seen(x) * self.filters + int(self.use_bias) * self.filters

    def elementwise(self, x: Tensor) -> Size:
        return int(self.use_bias) * self.output(x).size

    def channels_seen(self, x: Tensor) -> Size:
        """Channels that one filter looks at."""
        return x.channels


@dataclass(frozen=True)
class Conv2D(Convolution):
    """keras.layers.Conv2D.  ``padding`` is "same" by default, as U-Nets have it; Keras's own default is "valid".

    (h, w, c) -> (ceil(h / stride), ceil(w / stride), filters) for "same".

    >>> conv = Conv2D(filters=64, kernel_size=4, strides=2)
    >>> print(conv.output(Tensor(256, 256, 3)))
    128 x 128 x 64
    >>> conv.cost(Tensor(256, 256, 3)).macs
    50331648
    """

    filters: Size
    kernel_size: Sizes
    strides: Sizes = 1
    padding: str = "same"
    dilation_rate: Sizes = 1
    groups: Size = 1
    use_bias: bool = True

    def __post_init__(self) -> None:
        for name in ("filters", "groups"):
            object.__setattr__(self, name, as_size(getattr(self, name), name))
        for name in ("kernel_size", "strides", "dilation_rate"):
            object.__setattr__(self, name, as_pair(getattr(self, name), name))
        one_of("padding", self.padding, ("same", "valid"))
        if isinstance(self.filters, int) and isinstance(self.groups, int) and self.filters % self.groups:
            raise self.refuse("groups must divide filters", (self.filters, self.groups), "try groups=1")
        if self.strides != (1, 1) and self.dilation_rate != (1, 1):
            raise self.refuse("strides and dilation_rate may not both differ from 1", self, "as in Keras; set one to 1")

    def output(self, x: Tensor) -> Tensor:
        if isinstance(x.channels, int) and isinstance(self.groups, int) and x.channels % self.groups:
            raise self.refuse("groups must divide the channels", (x.channels, self.groups), "try groups=1")
        height, width = (window_count(self.padding, *axis) for axis in self._axes(x))
        return Tensor(height, width, self.filters)

    def macs(self, x: Tensor) -> Size:
        k_h, k_w = self.kernel_size
        return k_h * k_w * self.channels_seen(x) * self.output(x).size

    def macs_in_bounds(self, x: Tensor) -> Size:
        rows, columns = (taps_in_bounds(self.padding, *axis) for axis in self._axes(x))
        return rows * columns * self.channels_seen(x) * self.filters

    def sizes(self, x: Tensor) -> tuple[Size, ...]:
        hanging = (hang_over(self.padding, *axis) for axis in self._axes(x))
        return *super().sizes(x), *hanging, self.channels_seen(x), floor_div(self.filters, self.groups)

    def _axes(self, x: Tensor) -> Iterator[Any]:
        return axes(x, self.kernel_size, self.strides, self.dilation_rate)

    def channels_seen(self, x: Tensor) -> Size:
        return floor_div(x.channels, self.groups)


@dataclass(frozen=True)
class Conv2DTranspose(Convolution):
    """keras.layers.Conv2DTranspose: each input element is multiplied by the whole kernel and added into the output.

    (h, w, c) -> (stride h, stride w, filters) for "same".  MACs are counted on the *input*: k^2 c f h w.

    >>> up = Conv2DTranspose(filters=64, kernel_size=2, strides=2)
    >>> print(up.output(Tensor(16, 16, 128)))
    32 x 32 x 64
    >>> up.cost(Tensor(16, 16, 128)).macs
    8388608
    """

    filters: Size
    kernel_size: Sizes
    strides: Sizes = 1
    padding: str = "same"
    use_bias: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "filters", as_size(self.filters, "filters"))
        for name in ("kernel_size", "strides"):
            object.__setattr__(self, name, as_pair(getattr(self, name), name))
        one_of("padding", self.padding, ("same", "valid"))

    def output(self, x: Tensor) -> Tensor:
        height, width = (transposed_side(self.padding, *axis) for axis in axes(x, self.kernel_size, self.strides))
        return Tensor(height, width, self.filters)

    def macs(self, x: Tensor) -> Size:
        k_h, k_w = self.kernel_size
        return k_h * k_w * self.filters * x.size

    def macs_in_bounds(self, x: Tensor) -> Size:
        # The taps that fall inside are those of the strided convolution that leads from the output back to x.
        if self.padding == "valid":
            return self.macs(x)
        rows, columns = (taps_in_bounds("same", *axis) for axis in self._axes_back(x))
        return rows * columns * x.channels * self.filters

    def sizes(self, x: Tensor) -> tuple[Size, ...]:
        return *super().sizes(x), *(hang_over(self.padding, *axis) for axis in self._axes_back(x))

    def _axes_back(self, x: Tensor) -> Iterator[Any]:
        return axes(self.output(x), self.kernel_size, self.strides)
