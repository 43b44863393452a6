r"""Layers without weights that rearrange elements, change the sides of a map, or pool windows.

UpSampling2D with size $(s_h, s_w)$ on an h x w x c map writes $s_h s_w\, h\,w\,c$ elements: with size 2 on a square
map $4\,c\,n^2$, linear in the number of pixels and quadratic in the side.  Nearest copies, so it does no arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass

from unet_complexity.cost import Tensor
from unet_complexity.layers.arguments import Border, Padding
from unet_complexity.layers.base import Layer
from unet_complexity.layers.windows import Sliding
from unet_complexity.symbols import Size, Sizes, one_of


class _Moving(Layer):
    gradient_reads = "nothing"


@dataclass(frozen=True)
class ZeroPadding2D(_Moving):
    """keras.layers.ZeroPadding2D: ((top, bottom), (left, right)) rows and columns of zeros.  Copies only.

    >>> print(ZeroPadding2D(((1, 0), (2, 2))).output(Tensor(8, 8, 3)))
    9 x 12 x 3
    """

    padding: Border = 1

    def output(self, x: Tensor) -> Tensor:
        rows, columns = map(sum, self.padding)
        return Tensor(x.height + rows, x.width + columns, x.channels)


@dataclass(frozen=True)
class Cropping2D(_Moving):
    """keras.layers.Cropping2D: ((top, bottom), (left, right)) rows and columns removed.  Copies only.

    >>> print(Cropping2D(4).output(Tensor(64, 64, 512)))
    56 x 56 x 512
    """

    cropping: Border = 0

    def output(self, x: Tensor) -> Tensor:
        rows, columns = map(sum, self.cropping)
        left = x.height - rows, x.width - columns
        got = f"{self.cropping} off {x}"
        self.check_positive(left, "something must be left", got, "crop less than the side")
        return Tensor(*left, x.channels)


@dataclass(frozen=True)
class DepthToSpace(_Moving):
    """Rearrange channels into pixels like keras.ops.nn.depth_to_space: (h, w, b^2 c) -> (b h, b w, c).

    Copies only.  torch.nn.PixelShuffle costs the same and orders the channels differently.

    >>> print(DepthToSpace(block_size=2).output(Tensor(8, 8, 12)))
    16 x 16 x 3
    """

    block_size: Size = 2

    def output(self, x: Tensor) -> Tensor:
        b = self.block_size
        rule = "block_size^2 must divide the channels"
        channels = self.divide(x.channels, b**2, rule, f"try {b**2} channels")
        return Tensor(b * x.height, b * x.width, channels)


# operations per output: 4 or 16 inputs are multiplied by constant weights and added
BLENDED = {"nearest": 0, "bilinear": 7, "bicubic": 31}


class _Resampling(Layer):
    gradient_reads = "nothing"
    interpolation: str

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("interpolation", self.interpolation, BLENDED)

    def elementwise(self, x: Tensor) -> Size:
        return BLENDED[self.interpolation] * self.output(x).size


@dataclass(frozen=True)
class UpSampling2D(_Resampling):
    """keras.layers.UpSampling2D: (h, w, c) -> (s_h h, s_w w, c), by repetition or interpolation.

    Bilinear interpolation computes each output from its four nearest inputs: 4 multiplications by constant weights
    and 3 additions, 7 elementwise operations.  They are not MACs: training cannot change the weights.  Bicubic uses
    sixteen inputs: 31 operations.

    Args:
        size: Factor of the rows and of the columns.
        interpolation: "nearest", "bilinear" or "bicubic".

    Raises:
        TypeError: If ``size`` is not a whole number or a letter.
        ValueError: If ``size`` is less than 1, or ``interpolation`` is not supported.

    Example:
        >>> print(UpSampling2D(size=2).output(Tensor(4, 4, 3)))
        8 x 8 x 3
        >>> UpSampling2D(size=2).cost(Tensor(4, 4, 3)).writes
        192
    """

    size: Sizes = 2
    interpolation: str = "nearest"

    def output(self, x: Tensor) -> Tensor:
        s_h, s_w = self.size
        return Tensor(s_h * x.height, s_w * x.width, x.channels)


@dataclass(frozen=True)
class _Pooling2D(Sliding):
    """A window without weights.  Padding is not part of any window.

    ``padding`` may also be a border, as in PyTorch and ONNX.  Their ceil_mode is a border too.  count_include_pad
    changes the value of an average, but not a count.
    """

    along = ("pool_size", "strides", "padding")
    pool_size: Sizes = 2
    strides: Sizes = None
    padding: Padding = "valid"

    def __post_init__(self) -> None:
        if self.strides is None:
            object.__setattr__(self, "strides", self.pool_size)
        super().__post_init__()
        got = f"{self.padding} round {self.pool_size}"
        self.check_positive(self._seen(), "each window must see the map", got, "pad less")

    def needs(self, x: Tensor) -> tuple[Size, ...]:
        return *super().needs(x), *self._seen()

    def _seen(self) -> list[Size]:
        """Return the elements of the map in a window at each border; at least 1.

        A 3 x 3 window with ((1, 1), (2, 0)) padded: 2 at the top and at the bottom, 1 at the left, 3 at the right.
        """
        if isinstance(self.padding, str):
            return []
        borders = zip(self.padding, self.pool_size, strict=True)
        return [k - pad for pads, k in borders for pad in pads]

    def elementwise(self, x: Tensor) -> Size:
        """Return the elements of the map in all windows; padding is not counted, as in Keras.

        16 windows of 2 x 2 on an 8 x 8 map: 64 per channel.
        """
        return self.taps_in_bounds(x) * x.channels


@dataclass(frozen=True)
class MaxPooling2D(_Pooling2D):
    """keras.layers.MaxPooling2D: p - 1 comparisons for a window of p elements.

    >>> MaxPooling2D(2).cost(Tensor(8, 8, 1)).elementwise
    48
    """

    gradient_reads = "inputs"  # the position of the maximum

    def elementwise(self, x: Tensor) -> Size:
        return super().elementwise(x) - self.output(x).size


@dataclass(frozen=True)
class AveragePooling2D(_Pooling2D):
    """keras.layers.AveragePooling2D: p - 1 additions and one division for a window of p elements.

    >>> AveragePooling2D(2).cost(Tensor(8, 8, 1)).elementwise
    64
    """

    gradient_reads = "nothing"
