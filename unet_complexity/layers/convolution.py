r"""Convolutions: nearly all the arithmetic of a U-Net.

An output element is one inner product over a k x k window of c channels, so

$$\text{MACs} = \underbrace{h_{out}\,w_{out}\,f}_{\text{outputs}} \times \underbrace{k^2\,c}_{\text{MACs per output}}.$$

He & Sun, "Convolutional Neural Networks at Constrained Time Cost" (CVPR 2015), eq. 1, write the same product
as $n_{l-1}\, s_l^2\, n_l\, m_l^2$.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from unet_complexity.cost import Tensor
from unet_complexity.layers.arguments import Padding
from unet_complexity.layers.windows import Sliding
from unet_complexity.symbols import Size, Sizes


class Convolution(Sliding):
    """Common base of convolutions: a kernel of weights per filter, and a bias added to each output."""

    gradient_reads = "inputs"
    filters: Size
    kernel_size: Sizes
    use_bias: bool
    groups: Size = 1

    def output(self, x: Tensor) -> Tensor:
        self.channels_seen(x)  # the check of groups
        return super().output(x)

    def params(self, x: Tensor) -> Size:
        weights = prod(self.kernel_size) * self.channels_seen(x)
        return (weights + int(self.use_bias)) * self.out_channels(x)

    def macs(self, x: Tensor) -> Size:
        return self.dense_taps(x) * self.channels_seen(x) * self.out_channels(x)

    def macs_in_bounds(self, x: Tensor) -> Size:
        return self.taps_in_bounds(x) * self.channels_seen(x) * self.out_channels(x)

    def elementwise(self, x: Tensor) -> Size:
        return int(self.use_bias) * self.output(x).size

    def needs(self, x: Tensor) -> tuple[Size, ...]:
        return (
            *super().needs(x),
            self.channels_seen(x),
            self.in_groups(self.out_channels(x), "filters"),
        )

    def channels_seen(self, x: Tensor) -> Size:
        """Return the number of input channels that one filter reads."""
        return self.in_groups(x.channels, "the channels")

    def out_channels(self, x: Tensor) -> Size:
        return self.filters

    def in_groups(self, channels: Size, what: str) -> Size:
        """Return the number of channels in each group.  ValueError if groups does not divide ``what``."""
        return self.divide(channels, self.groups, f"groups must divide {what}", "try groups=1")


class _WindowedConvolution(Convolution):
    """A convolution with strides, padding and dilation."""

    along: tuple[str, ...] = ("kernel_size", "strides", "padding", "dilation_rate")
    strided_and_dilated = False
    strides: Sizes
    padding: Padding
    dilation_rate: Sizes

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.groups != 1:
            self.in_groups(self.filters, "filters")
        if not self.strided_and_dilated and (1, 1) not in (self.strides, self.dilation_rate):
            raise self.error(
                "strides and dilation_rate may not both differ from 1",
                self,
                "as in Keras; set one to 1",
            )


@dataclass(frozen=True)
class Conv2D(_WindowedConvolution):
    """keras.layers.Conv2D: (h, w, c) -> (ceil(h / stride), ceil(w / stride), filters) for "same" padding.

    Args:
        filters: Number of output channels.
        kernel_size: Rows and columns of the window.
        strides: Step of the window.
        padding: "same" (the default, as in U-Nets; Keras's own default is "valid"), "valid", or a border as in PyTorch
            and ONNX: 1 or ((top, bottom), (left, right)).
        dilation_rate: Distance between taps.
        groups: Number of groups of channels that are convolved separately.
        use_bias: Add one weight to each output.

    Raises:
        TypeError: If a size is not a whole number or a letter.
        ValueError: If strides and dilation_rate both differ from 1, or groups does not divide filters.

    Example:
        >>> conv = Conv2D(filters=64, kernel_size=4, strides=2)
        >>> print(conv.output(Tensor(256, 256, 3)))
        128 x 128 x 64
        >>> conv.cost(Tensor(256, 256, 3)).macs
        50331648
    """

    filters: Size
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Padding = "same"
    dilation_rate: Sizes = 1
    groups: Size = 1
    use_bias: bool = True
