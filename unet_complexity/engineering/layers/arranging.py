"""Copies to other positions, views of another shape, and resizing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.layers.arranging import _Copy, _Resampling
from unet_complexity.layers.base import Layer
from unet_complexity.symbols import Size, as_expr, as_size, exact


@dataclass(frozen=True)
class Copy(_Copy):
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

    One of the three sizes may be -1: it follows from the others.

    >>> print(Reshape((1, -1, 512)).output(Tensor(16, 16, 512)))
    1 x 256 x 512
    """

    gradient_reads = "nothing"
    is_view = True
    target_shape: Any

    def __post_init__(self) -> None:
        shape = tuple(self.target_shape)
        if len(shape) != 3 or sum(side == -1 for side in shape) > 1:
            raise self.error(
                "target_shape must be three sizes, -1 at most one of them", shape, "try (1, 1, -1)"
            )
        shape = tuple(side if side == -1 else as_size(side, "target_shape") for side in shape)
        object.__setattr__(self, "target_shape", shape)

    def output(self, x: Tensor) -> Tensor:
        known = exact(sp.Mul(*(side for side in self.target_shape if side != -1)))
        left = exact(sp.cancel(as_expr(x.size) / known))
        new = [left if side == -1 else side for side in self.target_shape]
        if isinstance(left, sp.Rational) or (left != 1 and -1 not in self.target_shape):
            shape = " x ".join(map(str, self.target_shape))
            raise self.error(
                "both shapes must hold as many elements", f"{x} and {shape}", "let one size be -1"
            )
        return Tensor(*new)


@dataclass(frozen=True)
class SpaceToDepth(_Copy):
    """keras.ops.nn.space_to_depth: a copy, (b h, b w, c) -> (h, w, b^2 c).  The inverse of DepthToSpace.

    >>> print(SpaceToDepth(block_size=2).output(Tensor(16, 16, 3)))
    8 x 8 x 12
    """

    block_size: Size = 2

    def output(self, x: Tensor) -> Tensor:
        b = self.block_size
        rule = "block_size must divide height and width"
        rows, columns = (self.divide(n, b, rule, "crop or pad it first") for n in x.sides)
        return Tensor(rows, columns, exact(b**2 * x.channels))


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
