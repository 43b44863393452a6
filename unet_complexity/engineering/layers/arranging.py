"""Copies to other positions, views of another shape, and resizing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.layers.arranging import _Moving, _Resampling
from unet_complexity.layers.base import Layer
from unet_complexity.symbols import Size, as_expr, exact


@dataclass(frozen=True)
class Copy(_Moving):
    """Elements put elsewhere, repeated or left out, in whatever order: read and written, nothing computed.

    ``kind`` says what is done, ``made`` is the output.  ``stored`` elements of it are params: a class token that is
    joined to a sequence, or a table of embeddings that is looked up.

    >>> cost = Copy("Transpose", Tensor(4, 8, 8)).cost(Tensor(8, 8, 4))
    >>> cost.reads, cost.writes, cost.flops
    (256, 256, 0)
    """

    kind: str
    made: Tensor
    stored: Any = 0  # a size, or none
    inputs: int = 1

    @property
    def arity(self) -> int:
        return self.inputs

    def output(self, *inputs: Tensor) -> Tensor:
        return self.made

    def params(self, *inputs: Tensor) -> Size:
        return self.stored


@dataclass(frozen=True)
class Reshape(Layer):
    """keras.layers.Reshape: a view of the same numbers in the same order; nothing is read or written.

    >>> print(Reshape((1, 256, 512)).output(Tensor(16, 16, 512)))
    1 x 256 x 512
    """

    gradient_reads = "nothing"
    is_view = True
    target_shape: tuple[Size, Size, Size]

    def output(self, x: Tensor) -> Tensor:
        made = Tensor(*self.target_shape)
        if exact(sp.cancel(as_expr(x.size) / made.size)) != 1:
            rule = "both shapes must hold as many elements"
            raise self.error(rule, f"{x} and {made}", "in the model, let one size be -1")
        return made


@dataclass(frozen=True)
class Resizing(_Resampling):
    """keras.layers.Resizing: resampling to a fixed height and width, counted like :class:`UpSampling2D`.

    Without antialiasing, and without keeping the aspect ratio.

    >>> Resizing(64, 64).cost(Tensor(48, 100, 3)).elementwise
    86016
    """

    height: Size
    width: Size
    interpolation: str = "bilinear"

    def output(self, x: Tensor) -> Tensor:
        return Tensor(self.height, self.width, x.channels)
