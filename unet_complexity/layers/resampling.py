r"""Layers that change the side of a map without weights: repeat, blend, pool, rearrange.

UpSampling2D with size $(s_h, s_w)$ on an h x w x c map writes $s_h s_w\, h\,w\,c$ elements: with size 2 on a square
map $4\,c\,n^2$, linear in the number of pixels and quadratic in the side.  Nearest copies, so it does no arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unet_complexity.cost import Tensor
from unet_complexity.layers.base import Layer, one_of
from unet_complexity.layers.windows import axes, hang_over, taps_in_bounds, window_count
from unet_complexity.symbols import Size, Sizes, as_pair, as_size, exact, floor_div


@dataclass(frozen=True)
class UpSampling2D(Layer):
    """keras.layers.UpSampling2D: repeat rows, then columns ("nearest"), or blend neighbours ("bilinear").

    (h, w, c) -> (s_h h, s_w w, c).  Bilinear makes each output from its four nearest inputs: 4 multiplications by
    weights that are known beforehand and 3 additions, 7 elementwise operations; none of them is a MAC of a weight
    that training could change.

    >>> print(UpSampling2D(size=2).output(Tensor(4, 4, 3)))
    8 x 8 x 3
    >>> UpSampling2D(size=2).cost(Tensor(4, 4, 3)).writes
    192
    """

    gradient_reads = "nothing"
    size: Sizes = 2
    interpolation: str = "nearest"

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", as_pair(self.size, "size"))
        one_of("interpolation", self.interpolation, ("nearest", "bilinear"))

    def output(self, x: Tensor) -> Tensor:
        s_h, s_w = self.size
        return Tensor(s_h * x.height, s_w * x.width, x.channels)

    def elementwise(self, x: Tensor) -> Size:
        return 7 * self.output(x).size if self.interpolation == "bilinear" else 0


@dataclass(frozen=True)
class _Pooling2D(Layer):
    pool_size: Sizes = 2
    strides: Any = None
    padding: str = "valid"

    def __post_init__(self) -> None:
        object.__setattr__(self, "pool_size", as_pair(self.pool_size, "pool_size"))
        strides = self.pool_size if self.strides is None else as_pair(self.strides, "strides")
        object.__setattr__(self, "strides", strides)
        one_of("padding", self.padding, ("same", "valid"))

    def output(self, x: Tensor) -> Tensor:
        height, width = (window_count(self.padding, *axis) for axis in axes(x, self.pool_size, self.strides))
        return Tensor(height, width, x.channels)

    def sizes(self, x: Tensor) -> tuple[Size, ...]:
        hanging = (hang_over(self.padding, *axis) for axis in axes(x, self.pool_size, self.strides))
        return *super().sizes(x), *hanging

    def _elements_seen(self, x: Tensor) -> Size:
        """Elements under the window, summed over its stops; padding is left out, as in Keras."""
        rows, columns = (taps_in_bounds(self.padding, *axis) for axis in axes(x, self.pool_size, self.strides))
        return rows * columns * x.channels


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


@dataclass(frozen=True)
class DepthToSpace(Layer):
    """Rearranges channels into pixels, in the order of keras.ops.nn.depth_to_space: (h, w, b^2 c) -> (b h, b w, c).

    Copies only.  torch.nn.PixelShuffle costs the same and orders the channels differently.

    >>> print(DepthToSpace(block_size=2).output(Tensor(8, 8, 12)))
    16 x 16 x 3
    """

    gradient_reads = "nothing"
    block_size: Size = 2

    def __post_init__(self) -> None:
        object.__setattr__(self, "block_size", as_size(self.block_size, "block_size"))

    def output(self, x: Tensor) -> Tensor:
        b = self.block_size
        if isinstance(x.channels, int) and isinstance(b, int) and x.channels % b**2:
            raise self.refuse("block_size^2 must divide the channels", f"{x.channels} and {b}", f"try {b**2} channels")
        return Tensor(b * x.height, b * x.width, floor_div(x.channels, exact(b**2)))
