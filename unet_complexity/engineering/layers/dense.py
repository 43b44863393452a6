"""Matrix products: with a matrix of weights, and of two maps."""

from __future__ import annotations

from dataclasses import dataclass

from unet_complexity.cost import Tensor
from unet_complexity.layers.base import Layer
from unet_complexity.symbols import Size


@dataclass(frozen=True)
class Dense(Layer):
    """keras.layers.Dense on the channels of each pixel: (h, w, c) -> (h, w, units), c MACs per output.

    >>> cost = Dense(1000).cost(Tensor(1, 1, 1280))
    >>> cost.params, cost.macs
    (1281000, 1280000)
    """

    gradient_reads = "inputs"
    units: Size
    use_bias: bool = True

    def output(self, x: Tensor) -> Tensor:
        return Tensor(x.height, x.width, self.units)

    def params(self, x: Tensor) -> Size:
        return (x.channels + int(self.use_bias)) * self.units

    def macs(self, x: Tensor) -> Size:
        return x.size * self.units

    def elementwise(self, x: Tensor) -> Size:
        return int(self.use_bias) * self.output(x).size


@dataclass(frozen=True)
class MatMul(Layer):
    """keras.ops.matmul of two maps, row by row: (b, m, k) times (b, k, n) -> (b, m, n), b m k n MACs.

    ``transpose_b``: the second has the shape (b, n, k), like the keys in attention.  An input with b = 1 is broadcast.

    >>> MatMul(transpose_b=True).cost(Tensor(8, 256, 64), Tensor(8, 256, 64)).macs
    33554432
    """

    arity = 2
    gradient_reads = "inputs"
    transpose_b: bool = False

    def output(self, x: Tensor, y: Tensor) -> Tensor:
        inner, columns = (y.channels, y.width) if self.transpose_b else (y.width, y.channels)
        if x.channels != inner or (x.height != y.height and 1 not in (x.height, y.height)):
            got, rule = f"{x} and {y}", "the inputs must be b x m x k and b x k x n"
            raise self.error(rule, got, "permute one, or set transpose_b=True for b x n x k")
        return Tensor(y.height if x.height == 1 else x.height, x.width, columns)

    def macs(self, x: Tensor, y: Tensor) -> Size:
        return self.output(x, y).size * x.channels
