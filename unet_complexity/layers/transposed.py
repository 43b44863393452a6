r"""Transposed convolution: each input element times the whole kernel, added to the output at its position.

It is the backward pass of a strided convolution.  So its MACs are counted on the *input*, $k^2\,c\,f\,h\,w$; those in
bounds are the in-bounds taps of the strided convolution from the output back to the input.  With $K = (k-1)d + 1$ the
full output side is $(n-1)t + K$; padding is cut off in front and behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.layers.arguments import Padding
from unet_complexity.layers.convolution import _WindowedConvolution
from unet_complexity.layers.windows import Taps, span, taps_inside
from unet_complexity.symbols import Size, Sizes, as_pair, exact


def landing(
    n: Size, k: Size, t: Size, padding: Padding, dilation: Size = 1, added: Size | None = None
) -> tuple[Size, Size | None]:
    """Return the output side, and the number of elements that are cut off in front of it.

    None is the smaller half of the elements that are cut off.
    As in Keras, the side is t n for 'same', max(K - t, 0) more for 'valid'; ``added`` replaces that.

    >>> landing(8, 4, 2, "same"), landing(8, 3, 2, "valid"), landing(8, 4, 2, (1, 1))
    ((16, None), (17, 0), (16, 1))
    """
    reach = span(k, dilation)
    if added is None and padding == "same":
        return n * t, None
    if added is None and padding == "valid":
        return exact(n * t + sp.Max(reach - t, 0)), 0
    added = added or 0
    if padding == "valid":
        padding = 0, 0
    elif padding == "same":
        cut = reach - reach % 2
        front = exact(sp.Max((cut - added) // 2, 0))
        padding = front, cut - front
    return (n - 1) * t + reach - sum(padding) + added, padding[0]


@lru_cache(10_000)
def taps_that_land(
    n: Size, k: Size, t: Size, padding: Padding, dilation: Size = 1, added: Size | None = None
) -> Taps:
    """Return the taps, summed over the n input elements, whose products land in the output.

    >>> taps_that_land(8, 4, 2, "same").total, taps_that_land(8, 4, 2, "valid").total
    (30, 32)
    """
    if padding == "valid":
        return Taps(n * k)
    side, front = landing(n, k, t, padding, dilation, added)
    return taps_inside(n, front, side, k, t, dilation)


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

    strided_and_dilated = True
    taps = staticmethod(taps_that_land)
    along = (*_WindowedConvolution.along, "output_padding")
    filters: Size
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Padding = "same"
    output_padding: Any = None
    dilation_rate: Sizes = 1
    groups: Size = 1
    use_bias: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.output_padding is not None:
            added = as_pair(self.output_padding, "output_padding", at_least=0)
            object.__setattr__(self, "output_padding", added)

    def side(self, *axis: Any) -> Size:
        return landing(*axis)[0]

    def output(self, x: Tensor) -> Tensor:
        sides = (self.side(*axis) for axis in self.windows(x))
        got = f"{self.padding} off the output"
        self.check_positive(sides, "something must be left", got, "cut less off")
        return super().output(x)

    def macs(self, x: Tensor) -> Size:
        return prod((*self.kernel_size, *x.sides)) * self.channels_seen(x) * self.filters
