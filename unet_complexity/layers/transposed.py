r"""Transposed convolution: each input element times the whole kernel, added to the output at its position.

It is the backward pass of a strided convolution.  So its MACs are counted on the *input*, $k^2\,c\,f\,h\,w$; those in
bounds are the in-bounds taps of the strided convolution from the output back to the input.  With $K = (k-1)d + 1$ the
full output side is $(n-1)t + K$; padding is cut off in front and behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.layers.convolution import _WindowedConvolution
from unet_complexity.layers.windows import (
    Padding,
    holding,
    holding_inside,
    span,
    taps_in_bounds,
    taps_inside,
    windows,
)
from unet_complexity.symbols import Size, Sizes, as_expr, as_pair, exact


@dataclass(frozen=True)
class Conv2DTranspose(_WindowedConvolution):
    """keras.layers.Conv2DTranspose: (h, w, c) -> (stride h, stride w, filters) for "same" padding.

    MACs are counted on the *input*: k^2 c f h w / groups.

    Args:
        filters: Number of output channels.
        kernel_size: Rows and columns of the window.
        strides: Distance between the windows of neighbouring inputs.
        padding: "same", "valid", or a border that is cut off the output, as in PyTorch and ONNX.
        output_padding: Rows added below and columns added at the right.
        dilation_rate: Distance between taps.
        groups: Number of groups of channels that are convolved separately.
        use_bias: Add one weight to each output.

    Raises:
        TypeError: If a size is not a whole number or a letter.
        ValueError: If groups does not divide filters.

    Example:
        >>> up = Conv2DTranspose(filters=64, kernel_size=2, strides=2)
        >>> print(up.output(Tensor(16, 16, 128)))
        32 x 32 x 64
        >>> up.cost(Tensor(16, 16, 128)).macs
        8388608
    """

    filters: Size
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Any = "same"
    output_padding: Any = None
    dilation_rate: Sizes = 1
    groups: Size = 1
    use_bias: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.output_padding is not None:
            self.normalise_arguments(as_pair, "output_padding", at_least=0)

    def check_strides(self) -> None:
        """Allow any strides and dilation_rate."""

    def output(self, x: Tensor) -> Tensor:
        self.check_groups(x.channels, "the channels")
        height, width = (self.side(*axis) for axis in self.windows(x))
        self.check_sides(height, width, f"{self.padding} off the output", "cut less off")
        return Tensor(height, width, self.filters)

    def macs(self, x: Tensor) -> Size:
        k_h, k_w = self.kernel_size
        return k_h * k_w * self.channels_seen(x) * x.height * x.width * self.filters

    def side(self, *axis: Any) -> Size:
        return transposed_side(*axis)

    def taps(self, *axis: Any) -> Size:
        return taps_that_land(*axis)

    def needs(self, *axis: Any) -> tuple[Size, ...]:
        return holding_output(*axis)

    def windows(self, x: Tensor) -> Iterator[Any]:
        added = self.output_padding or (None, None)
        return windows(self.padding, x, self.kernel_size, self.strides, self.dilation_rate, added)


def transposed_side(
    padding: Padding, n: Size, k: Size, t: Size, dilation: Size = 1, added: Size | None = None
) -> Size:
    """Return the output side, as in Keras: t n for 'same', max(K - t, 0) more for 'valid'; ``added`` replaces that.

    >>> transposed_side("same", 8, 3, 2), transposed_side("valid", 8, 3, 2), transposed_side((1, 1), 8, 4, 2)
    (16, 17, 16)
    """
    reach = span(k, dilation)
    if added is None and padding == "same":
        return exact(n * t)
    if added is None and padding == "valid":
        return exact(n * t + exact(sp.Max(reach - t, 0)))
    cut = 0 if padding == "valid" else reach - reach % 2
    if not isinstance(padding, str):
        cut = sum(padding)
    return exact((n - 1) * t + reach - cut + (added or 0))


def taps_that_land(
    padding: Padding, n: Size, k: Size, t: Size, dilation: Size = 1, added: Size | None = None
) -> Size:
    """Return the taps, summed over the n input elements, whose products land in the output.

    >>> taps_that_land("same", 8, 4, 2), taps_that_land("valid", 8, 4, 2), taps_that_land((1, 1), 8, 4, 2)
    (30, 32, 30)
    """
    side = transposed_side(padding, n, k, t, dilation, added)
    if padding == "valid":
        return exact(n * k)
    if padding == "same" and added is None:
        return taps_in_bounds("same", side, k, t, dilation)
    return taps_inside(n, _cut_in_front(padding, k, dilation, added), side, k, t, dilation)


def holding_output(
    padding: Padding, n: Size, k: Size, t: Size, dilation: Size = 1, added: Size | None = None
) -> tuple[Size, ...]:
    """Return sizes that are at least 1 if taps_that_land holds for letters."""
    side = transposed_side(padding, n, k, t, dilation, added)
    if padding == "valid" or (padding == "same" and added is None):
        return holding(padding, side, k, t, dilation)
    return holding_inside(n, _cut_in_front(padding, k, dilation, added), side, k, t, dilation)


def _cut_in_front(padding: Padding, k: Size, dilation: Size, added: Size | None) -> Size:
    if not isinstance(padding, str):
        return padding[0]
    reach = span(k, dilation)
    return exact(sp.Max(sp.floor(as_expr(reach - reach % 2 - (added or 0)) / 2), 0))
