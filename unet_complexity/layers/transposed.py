r"""The transposed convolution: each input element times the whole kernel, added into the output where it lands.

It is the way back of a strided convolution, so its MACs are counted on the *input*, $k^2\,c\,f\,h\,w$, and those in
bounds are the taps that the strided convolution from the output back to the input has in bounds.  With
$K = (k-1)d + 1$ its full side is $(n-1)t + K$; padding says what of it is cut off in front and behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.layers.convolution import Convolution
from unet_complexity.layers.windows import Padding, holding, holding_inside, span, taps_in_bounds, taps_inside, windows
from unet_complexity.symbols import Size, Sizes, as_expr, exact, quotient


@dataclass(frozen=True)
class Conv2DTranspose(Convolution):
    """keras.layers.Conv2DTranspose; ``groups`` and a border as ``padding``, which is cut off, as in PyTorch and ONNX.

    (h, w, c) -> (stride h, stride w, filters) for "same".  MACs are counted on the *input*: k^2 c f h w / groups.
    ``output_padding`` adds rows below and columns at the right.

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
        self.normalise_arguments()
        self.check_groups(self.filters, self.groups, "filters")

    def output(self, x: Tensor) -> Tensor:
        self.check_groups(x.channels, self.groups, "the channels")
        height, width = (transposed_side(*axis) for axis in self._windows(x))
        if any(isinstance(side, int) and side < 1 for side in (height, width)):
            raise self.error("something must be left", f"{self.padding} off the output", "cut less off")
        return Tensor(height, width, self.filters)

    def macs(self, x: Tensor) -> Size:
        k_h, k_w = self.kernel_size
        return k_h * k_w * self.channels_seen(x) * x.height * x.width * self.filters

    def macs_in_bounds(self, x: Tensor) -> Size:
        rows, columns = (taps_that_land(*axis) for axis in self._windows(x))
        return rows * columns * self.channels_seen(x) * self.filters

    def sizes(self, x: Tensor) -> tuple[Size, ...]:
        groups = self.channels_seen(x), quotient(self.filters, self.groups)
        return *super().sizes(x), *chain(*(holding_output(*axis) for axis in self._windows(x))), *groups

    def channels_seen(self, x: Tensor) -> Size:
        return quotient(x.channels, self.groups)

    def _windows(self, x: Tensor) -> Iterator[Any]:
        added = self.output_padding or (None, None)
        return windows(self.padding, x, self.kernel_size, self.strides, self.dilation_rate, added)


def transposed_side(padding: Padding, n: Size, k: Size, t: Size, dilation: Size = 1, added: Size | None = None) -> Size:
    """Side of the output, as in Keras: t n for 'same', and max(K - t, 0) more for 'valid'; ``added`` in place of that.

    >>> transposed_side("same", 8, 3, 2), transposed_side("valid", 8, 3, 2), transposed_side((1, 1), 8, 4, 2)
    (16, 17, 16)
    """
    reach = span(k, dilation)
    if isinstance(padding, str) and added is None:
        return exact(n * t + (exact(sp.Max(reach - t, 0)) if padding == "valid" else 0))
    cut = (reach - reach % 2 if padding == "same" else 0) if isinstance(padding, str) else sum(padding)
    return exact((n - 1) * t + reach - cut + (added or 0))


def taps_that_land(padding: Padding, n: Size, k: Size, t: Size, dilation: Size = 1, added: Size | None = None) -> Size:
    """Taps, summed over the n input elements, whose products land in the output.

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
    """Sizes that are at least 1 while taps_that_land, given letters, is right."""
    side = transposed_side(padding, n, k, t, dilation, added)
    if padding == "valid" or (padding == "same" and added is None):
        return holding(padding, side, k, t, dilation)
    return holding_inside(n, _cut_in_front(padding, k, dilation, added), side, k, t, dilation)


def _cut_in_front(padding: Padding, k: Size, dilation: Size, added: Size | None) -> Size:
    if not isinstance(padding, str):
        return padding[0]
    reach = span(k, dilation)
    return exact(sp.Max(sp.floor(as_expr(reach - reach % 2 - (added or 0)) / 2), 0))
