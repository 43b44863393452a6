r"""Convolutions: where nearly all the arithmetic of a U-Net is.

An output element is one inner product over a k x k window of c channels, so

$$\text{MACs} = \underbrace{h_{out}\,w_{out}\,f}_{\text{outputs}} \times \underbrace{k^2\,c}_{\text{MACs per output}}.$$

He & Sun, "Convolutional Neural Networks at Constrained Time Cost" (CVPR 2015), eq. 1, write the same product
as $n_{l-1}\, s_l^2\, n_l\, m_l^2$.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from unet_complexity.cost import Tensor
from unet_complexity.layers.base import Layer
from unet_complexity.layers.windows import as_padding, holding, taps_in_bounds, window_count, windows
from unet_complexity.symbols import Size, Sizes, as_pair, as_size, exact, quotient

PAIRS = ("kernel_size", "strides", "dilation_rate", "size", "output_padding")


class Convolution(Layer):
    """What all convolutions share: a kernel of weights for each filter, and a bias that is added to each output."""

    gradient_reads = "inputs"
    filters: Size
    kernel_size: Sizes
    use_bias: bool

    def params(self, x: Tensor) -> Size:
        k_h, k_w = self.kernel_size
        return (k_h * k_w * self.channels_seen(x) + int(self.use_bias)) * self.out_channels(x)

    def elementwise(self, x: Tensor) -> Size:
        return int(self.use_bias) * self.output(x).size

    def channels_seen(self, x: Tensor) -> Size:
        """Channels that one filter looks at."""
        return x.channels

    def out_channels(self, x: Tensor) -> Size:
        """Channels that come out."""
        return self.filters

    def normalise_arguments(self) -> None:
        """Checks the arguments, and writes each in its one form."""
        for name, value in vars(self).items():
            if name in PAIRS and value is not None:
                object.__setattr__(self, name, as_pair(value, name, at_least=int(name != "output_padding")))
            elif name in ("filters", "groups", "depth_multiplier"):
                object.__setattr__(self, name, as_size(value, name))
            elif name == "padding":
                object.__setattr__(self, name, as_padding(value))

    def check_groups(self, channels: Size, groups: Size, what: str) -> None:
        """ValueError unless numbers of channels can be shared out evenly."""
        if isinstance(channels, int) and isinstance(groups, int) and channels % groups:
            raise self.error(f"groups must divide {what}", (channels, groups), "try groups=1")


class _Sliding(Convolution):
    """A window that slides over the input."""

    strides: Sizes
    padding: Any
    dilation_rate: Sizes

    def __post_init__(self) -> None:
        self.normalise_arguments()
        if self.strides != (1, 1) and self.dilation_rate != (1, 1):
            raise self.error("strides and dilation_rate may not both differ from 1", self, "as in Keras; set one to 1")

    def output(self, x: Tensor) -> Tensor:
        height, width = (window_count(*axis) for axis in self._windows(x))
        return Tensor(height, width, exact(self.out_channels(x)))

    def macs(self, x: Tensor) -> Size:
        k_h, k_w = self.kernel_size
        return k_h * k_w * self.channels_seen(x) * self.output(x).size

    def macs_in_bounds(self, x: Tensor) -> Size:
        rows, columns = (taps_in_bounds(*axis) for axis in self._windows(x))
        return rows * columns * self.channels_seen(x) * self.out_channels(x)

    def sizes(self, x: Tensor) -> tuple[Size, ...]:
        return *super().sizes(x), *chain(*(holding(*axis) for axis in self._windows(x)))

    def _windows(self, x: Tensor) -> Iterator[Any]:
        return windows(self.padding, x, self.kernel_size, self.strides, self.dilation_rate)


@dataclass(frozen=True)
class Conv2D(_Sliding):
    """keras.layers.Conv2D.  ``padding`` is "same" by default, as U-Nets have it; Keras's own default is "valid".

    (h, w, c) -> (ceil(h / stride), ceil(w / stride), filters) for "same".  ``padding`` may also be a border, as
    PyTorch and ONNX pad: 1 or ((top, bottom), (left, right)).

    >>> conv = Conv2D(filters=64, kernel_size=4, strides=2)
    >>> print(conv.output(Tensor(256, 256, 3)))
    128 x 128 x 64
    >>> conv.cost(Tensor(256, 256, 3)).macs
    50331648
    """

    filters: Size
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Any = "same"
    dilation_rate: Sizes = 1
    groups: Size = 1
    use_bias: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_groups(self.filters, self.groups, "filters")

    def output(self, x: Tensor) -> Tensor:
        self.check_groups(x.channels, self.groups, "the channels")
        return super().output(x)

    def sizes(self, x: Tensor) -> tuple[Size, ...]:
        return *super().sizes(x), self.channels_seen(x), quotient(self.filters, self.groups)

    def channels_seen(self, x: Tensor) -> Size:
        return quotient(x.channels, self.groups)
