r"""Transposed convolution: each input element times the whole kernel, added to the output at its position.

It is the backward pass of a strided convolution.  So its MACs are counted on the *input*, $k^2\,c\,f\,h\,w$; those in
bounds are the in-bounds taps of the strided convolution from the output back to the input.  With $K = (k-1)d + 1$ the
full output side is $(n-1)t + K$; padding is cut off in front and behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from unet_complexity.layers.arguments import Padding, SizesFromZero
from unet_complexity.layers.convolution import _WindowedConvolution
from unet_complexity.layers.windows import Taps, Window
from unet_complexity.symbols import Size, Sizes, as_expr, exact


@dataclass(frozen=True)
class Landing(Window):
    """One axis of a transposed convolution: where the kernel of each input element lands in the output.

    Args:
        n: Elements of the input.
        k: Taps.
        stride: Elements of the output from one kernel to the next.
        padding: "same", "valid", or the elements (before, after) that are cut off the output.
        dilation: Elements from one tap to the next.
        added: Elements added behind.  By default as many as Keras adds: the side is t n for 'same', and
            max(K - t, 0) more for 'valid'.

    Example:
        >>> Landing(8, 4, 2, (1, 1)).side, Landing(8, 3, 2, "valid").side
        (16, 17)
        >>> Landing(8, 4, 2, "same").taps.total, Landing(8, 4, 2, "valid").taps.total
        (30, 32)
    """

    added: Size | None = None

    @cached_property
    def side(self) -> Size:
        """Side of the output: (8 - 1) * 2 + 4 - 2 = 16 for 8 elements, 4 taps, stride 2 and a cut of 1 + 1.

        ValueError if all of it is cut off.
        """
        if self.cut == "same":
            return self.n * self.stride
        if self.cut == "valid":
            return exact(self.n * self.stride + sp.Max(self.reach - self.stride, 0))
        full = (self.n - 1) * self.stride + self.reach
        side = exact(full - sum(self.cut))
        if as_expr(side).is_nonpositive:
            raise ValueError(
                f"something of the output must be left, got {self.cut} off {full} elements; cut less off"
            )
        return side

    @property
    def cut(self) -> Padding:
        """Elements (before, after) that are cut off the output; what is added behind counts as not cut.

        3 taps and 'same': 3 - 3 % 2 = 2, so (1, 1) if 0 elements are added, and (0, 1) if 1 is.

        >>> Landing(8, 3, 2, "same").cut, Landing(8, 3, 2, "same", added=1).cut
        ('same', (0, 1))
        """
        if self.added is None:
            return self.padding
        if self.padding == "same":
            both = self.reach - self.reach % 2
            before = exact(sp.Max((both - self.added) // 2, 0))
            return before, both - before - self.added
        before, after = self.pads
        return before, after - self.added

    @property
    def dense(self) -> Size:
        """Taps of all input elements."""
        return self.n * self.k

    @cached_property
    def taps(self) -> Taps:
        """Taps, summed over the input elements, whose products land in the output.

        A convolution with the same stride leads from the output back to the input; they are its in-bounds taps.
        8 elements and 4 taps with stride 2 and 'same': 32, of which the first and the last kernel lose 1 each: 30.
        """
        return Taps(self.dense) if self.padding == "valid" else self.back.taps_of(self.n)

    @property
    def back(self) -> Window:
        """The window of a convolution with the same stride, from the output back to the input.

        >>> Landing(8, 4, 2, "same").back
        Window(n=16, k=4, stride=2, padding='same', dilation=1)
        """
        return Window(self.side, self.k, self.stride, self.cut, self.dilation)


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
        >>> from unet_complexity.cost import Tensor
        >>> up = Conv2DTranspose(filters=64, kernel_size=2, strides=2)
        >>> print(up.output(Tensor(16, 16, 128)))
        32 x 32 x 64
        >>> up.cost(Tensor(16, 16, 128)).macs
        8388608
    """

    strided_and_dilated = True
    window = Landing
    along = (*_WindowedConvolution.along, "output_padding")
    filters: Size
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Padding = "same"
    output_padding: SizesFromZero = None
    dilation_rate: Sizes = 1
    groups: Size = 1
    use_bias: bool = True
