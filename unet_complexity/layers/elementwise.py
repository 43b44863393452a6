"""Layers that treat each element by itself: same shape out as in, no MACs."""

from __future__ import annotations

from dataclasses import dataclass

from unet_complexity.cost import Cost, Tensor
from unet_complexity.layers.base import Layer, one_of
from unet_complexity.symbols import Size

OPERATIONS = {"linear": 0, "relu": 1, "leaky_relu": 2, "tanh": 1, "sigmoid": 1}


class _SameShape(Layer):
    gradient_reads = "output"

    def output(self, x: Tensor) -> Tensor:
        return x


@dataclass(frozen=True)
class Activation(_SameShape):
    """keras.layers.Activation by name: relu 1 operation per element, leaky_relu 2, tanh and sigmoid 1 evaluation.

    An evaluation of tanh counts as one operation, whatever it costs on a machine.

    >>> Activation("tanh").cost(Tensor(256, 256, 3)).elementwise
    196608
    """

    activation: str

    def __post_init__(self) -> None:
        one_of("activation", self.activation, (*OPERATIONS, "softmax"))

    @property
    def gradient_reads(self) -> str:
        return "nothing" if self.activation == "linear" else "output"

    def elementwise(self, x: Tensor) -> Size:
        if self.activation == "softmax":
            # c - 1 comparisons (maximum), c subtractions, c exponentials, c - 1 additions, c divisions per pixel
            return x.height * x.width * (5 * x.channels - 2)
        return OPERATIONS[self.activation] * x.size


@dataclass(frozen=True)
class ReLU(_SameShape):
    """keras.layers.ReLU: one comparison per element.

    >>> ReLU().cost(Tensor(4, 4, 2)).elementwise
    32
    """

    def elementwise(self, x: Tensor) -> Size:
        return x.size


@dataclass(frozen=True)
class LeakyReLU(_SameShape):
    """keras.layers.LeakyReLU: scale and compare, two operations per element.

    >>> LeakyReLU(0.2).cost(Tensor(4, 4, 2)).elementwise
    64
    """

    negative_slope: float = 0.3

    def elementwise(self, x: Tensor) -> Size:
        return 2 * x.size


@dataclass(frozen=True)
class Softmax(_SameShape):
    """keras.layers.Softmax over the channels: 5c - 2 operations per pixel.

    >>> Softmax().cost(Tensor(1, 1, 10)).elementwise
    48
    """

    def elementwise(self, x: Tensor) -> Size:
        return Activation("softmax").elementwise(x)


@dataclass(frozen=True)
class BatchNormalization(_SameShape):
    """keras.layers.BatchNormalization at inference: 4c params, 2c of them trainable; scale and shift each element.

    The four vectors are folded into one scale and one shift per channel before the network runs; that is not counted.

    >>> cost = BatchNormalization().cost(Tensor(64, 64, 128))
    >>> cost.params, cost.trainable_params, cost.elementwise
    (512, 256, 1048576)
    """

    gradient_reads = "inputs"

    def params(self, x: Tensor) -> Size:
        return 4 * x.channels

    def trainable_params(self, x: Tensor) -> Size:
        return 2 * x.channels

    def elementwise(self, x: Tensor) -> Size:
        return 2 * x.size


@dataclass(frozen=True)
class Dropout(_SameShape):
    """keras.layers.Dropout: at inference it is not there, so it costs nothing, not even a copy.

    >>> Dropout(0.5).cost(Tensor(64, 64, 128)) == Cost()
    True
    """

    gradient_reads = "mask"  # which elements were dropped
    rate: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise self.refuse("rate must be a fraction from 0 to 1", self.rate, "try 0.5")

    def cost(self, *inputs: Tensor) -> Cost:
        self.check_inputs(*inputs)
        return Cost()
