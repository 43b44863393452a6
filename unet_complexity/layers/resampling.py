r"""Layers that change the sides of a map without weights: repeat, blend.

UpSampling2D with size $(s_h, s_w)$ on an h x w x c map writes $s_h s_w\, h\,w\,c$ elements: with size 2 on a square
map $4\,c\,n^2$, linear in the number of pixels and quadratic in the side.  Nearest copies, so it does no arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass

from unet_complexity.cost import Tensor
from unet_complexity.layers.base import Layer, one_of
from unet_complexity.symbols import Size, Sizes, as_pair, as_size

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
class Resizing(_Resampling):
    """keras.layers.Resizing: to a given height and width, whatever came in; counted as :class:`UpSampling2D` is.

    Without antialiasing, and without keeping the aspect ratio.

    >>> Resizing(64, 64).cost(Tensor(48, 100, 3)).elementwise
    86016
    """

    height: Size
    width: Size
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        for name in ("height", "width"):
            object.__setattr__(self, name, as_size(getattr(self, name), name))
        one_of("interpolation", self.interpolation, tuple(BLENDED))

    def output(self, x: Tensor) -> Tensor:
        return Tensor(self.height, self.width, x.channels)
