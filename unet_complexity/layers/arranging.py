r"""Layers without weights that put numbers elsewhere, change the sides of a map, or slide a window over it.

UpSampling2D with size $(s_h, s_w)$ on an h x w x c map writes $s_h s_w\, h\,w\,c$ elements: with size 2 on a square
map $4\,c\,n^2$, linear in the number of pixels and quadratic in the side.  Nearest copies, so it does no arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from unet_complexity.cost import Tensor
from unet_complexity.layers.base import Layer, one_of
from unet_complexity.layers.windows import as_border, as_padding, holding, taps_in_bounds, window_count, windows
from unet_complexity.symbols import Size, Sizes, as_pair, as_size, exact, quotient


class _Copy(Layer):
    gradient_reads = "nothing"


@dataclass(frozen=True)
class ZeroPadding2D(_Copy):
    """keras.layers.ZeroPadding2D: ((top, bottom), (left, right)) rows and columns of zeros.  Copies only.

    >>> print(ZeroPadding2D(((1, 0), (2, 2))).output(Tensor(8, 8, 3)))
    9 x 12 x 3
    """

    padding: Any = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "padding", as_border(self.padding, "padding"))

    def output(self, x: Tensor) -> Tensor:
        (top, bottom), (left, right) = self.padding
        return Tensor(exact(x.height + top + bottom), exact(x.width + left + right), x.channels)


@dataclass(frozen=True)
class Cropping2D(_Copy):
    """keras.layers.Cropping2D: cuts ((top, bottom), (left, right)) rows and columns away.  Copies only.

    >>> print(Cropping2D(4).output(Tensor(64, 64, 512)))
    56 x 56 x 512
    """

    cropping: Any = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "cropping", as_border(self.cropping, "cropping"))

    def output(self, x: Tensor) -> Tensor:
        (top, bottom), (left, right) = self.cropping
        height, width = exact(x.height - top - bottom), exact(x.width - left - right)
        if any(isinstance(side, int) and side < 1 for side in (height, width)):
            raise self.error("something must be left", f"{self.cropping} off {x}", "crop less than the side")
        return Tensor(height, width, x.channels)


@dataclass(frozen=True)
class DepthToSpace(_Copy):
    """Rearranges channels into pixels, in the order of keras.ops.nn.depth_to_space: (h, w, b^2 c) -> (b h, b w, c).

    Copies only.  torch.nn.PixelShuffle costs the same and orders the channels differently.

    >>> print(DepthToSpace(block_size=2).output(Tensor(8, 8, 12)))
    16 x 16 x 3
    """

    block_size: Size = 2

    def __post_init__(self) -> None:
        object.__setattr__(self, "block_size", as_size(self.block_size, "block_size"))

    def output(self, x: Tensor) -> Tensor:
        b = self.block_size
        if isinstance(x.channels, int) and isinstance(b, int) and x.channels % b**2:
            raise self.error("block_size^2 must divide the channels", f"{x.channels} and {b}", f"try {b**2} channels")
        return Tensor(b * x.height, b * x.width, quotient(x.channels, exact(b**2)))


# inputs that one output is made of; their weights are known beforehand
BLENDED = {"nearest": 1, "bilinear": 4, "bicubic": 16}


class _Resampling(Layer):
    gradient_reads = "nothing"
    interpolation: str

    def elementwise(self, x: Tensor) -> Size:
        multiplied = BLENDED[self.interpolation]
        return (2 * multiplied - 1) * self.output(x).size if multiplied > 1 else 0


@dataclass(frozen=True)
class UpSampling2D(_Resampling):
    """keras.layers.UpSampling2D: repeat rows, then columns ("nearest"), or blend neighbours ("bilinear", "bicubic").

    (h, w, c) -> (s_h h, s_w w, c).  Bilinear makes each output from its four nearest inputs: 4 multiplications by
    weights that are known beforehand and 3 additions, 7 elementwise operations; none of them is a MAC of a weight
    that training could change.  Bicubic takes sixteen: 31 operations.

    >>> print(UpSampling2D(size=2).output(Tensor(4, 4, 3)))
    8 x 8 x 3
    >>> UpSampling2D(size=2).cost(Tensor(4, 4, 3)).writes
    192
    """

    size: Sizes = 2
    interpolation: str = "nearest"

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", as_pair(self.size, "size"))
        one_of("interpolation", self.interpolation, tuple(BLENDED))

    def output(self, x: Tensor) -> Tensor:
        s_h, s_w = self.size
        return Tensor(s_h * x.height, s_w * x.width, x.channels)


@dataclass(frozen=True)
class _Pooling2D(Layer):
    """``padding`` may also be a border, as PyTorch and ONNX pad; what it adds is no element of any window.

    Their ceil_mode is a border too, :func:`unet_complexity.layers.windows.rounded_up`; whether an average divides by
    the padded elements too (count_include_pad) changes its value and no count.
    """

    pool_size: Sizes = 2
    strides: Any = None
    padding: Any = "valid"

    def __post_init__(self) -> None:
        object.__setattr__(self, "pool_size", as_pair(self.pool_size, "pool_size"))
        strides = self.pool_size if self.strides is None else as_pair(self.strides, "strides")
        object.__setattr__(self, "strides", strides)
        object.__setattr__(self, "padding", as_padding(self.padding))
        if any(isinstance(size, int) and size < 1 for size in self._seen()):
            raise self.error("each window must see the map", f"{self.padding} round {self.pool_size}", "pad less")

    def output(self, x: Tensor) -> Tensor:
        height, width = (window_count(*axis) for axis in self._windows(x))
        return Tensor(height, width, x.channels)

    def sizes(self, x: Tensor) -> tuple[Size, ...]:
        return *super().sizes(x), *self._seen(), *chain(*(holding(*axis) for axis in self._windows(x)))

    def _seen(self) -> list[Size]:
        """Elements of the map under a window that begins or ends with it; at least 1."""
        borders = zip(self.padding, self.pool_size, strict=True) if isinstance(self.padding, tuple) else ()
        return [exact(k - pad) for border, k in borders for pad in border]

    def _elements_seen(self, x: Tensor) -> Size:
        """Elements under the window, summed over its stops; padding is left out, as in Keras."""
        rows, columns = (taps_in_bounds(*axis) for axis in self._windows(x))
        return rows * columns * x.channels

    def _windows(self, x: Tensor) -> Iterator[Any]:
        return windows(self.padding, x, self.pool_size, self.strides)


@dataclass(frozen=True)
class MaxPooling2D(_Pooling2D):
    """keras.layers.MaxPooling2D.  A window of p elements takes p - 1 comparisons.

    >>> MaxPooling2D(2).cost(Tensor(8, 8, 1)).elementwise
    48
    """

    gradient_reads = "inputs"  # where the largest stood

    def elementwise(self, x: Tensor) -> Size:
        return self._elements_seen(x) - self.output(x).size


@dataclass(frozen=True)
class AveragePooling2D(_Pooling2D):
    """keras.layers.AveragePooling2D.  A window of p elements takes p - 1 additions and one division.

    >>> AveragePooling2D(2).cost(Tensor(8, 8, 1)).elementwise
    64
    """

    gradient_reads = "nothing"

    def elementwise(self, x: Tensor) -> Size:
        return self._elements_seen(x)
