"""Layers that compute each output element from its input element: same shape, no MACs."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from unet_complexity.cost import Tensor
from unet_complexity.layers.base import Layer
from unet_complexity.symbols import Size, one_of

# operations per element: one for each arithmetic operation, comparison or evaluation of a function
OPERATIONS = {
    "linear": 0,
    **dict.fromkeys(
        (
            "relu tanh sigmoid exponential "
            "abs cos erf log negative reciprocal sin sqrt square ceil floor round sign"
        ).split(),
        1,
    ),
    "relu6": 2,  # compare with 0 and with 6
    "leaky_relu": 2,  # scale, compare
    "silu": 2,  # sigmoid, multiply
    "softplus": 3,  # exponential, add 1, logarithm
    "softsign": 3,  # absolute value, add 1, divide
    "elu": 4,  # exponential, subtract 1, scale, compare
    "hard_sigmoid": 4,  # add 3, compare with 0 and with 6, divide by 6
    "selu": 5,  # elu, scale
    "hard_silu": 5,  # hard_sigmoid, multiply
    "gelu": 5,  # scale, error function, add 1, multiply, halve
    "mish": 5,  # softplus, tanh, multiply
}
ALIASES = {"swish": "silu", "hard_swish": "hard_silu"}
# what the gradient reads if it is not a function of the output
GRADIENT_READS = {
    **dict.fromkeys("linear negative ceil floor round sign".split(), "nothing"),
    **dict.fromkeys(
        "abs cos erf gelu hard_silu log mish silu sin softsign square".split(), "inputs"
    ),
}


class _SameShape(Layer):
    """A layer that applies ``operations`` to each element."""

    gradient_reads = "output"
    operations = 0

    def output(self, x: Tensor) -> Tensor:
        return x

    def elementwise(self, x: Tensor) -> Size:
        return self.operations * x.size


@dataclass(frozen=True)
class Activation(_SameShape):
    """keras.layers.Activation by name: relu 1 operation per element, leaky_relu 2, tanh and sigmoid 1.

    A softmax takes 5c - 2 operations per pixel.  An evaluation of tanh counts as one operation, although its time
    depends on the machine.

    Args:
        activation: A key of ``OPERATIONS``, "softmax", or Keras's alias of one.

    Raises:
        ValueError: If the activation is not supported.

    Example:
        >>> Activation("tanh").cost(Tensor(256, 256, 3)).elementwise
        196608
    """

    activation: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "activation", ALIASES.get(self.activation, self.activation))
        one_of("activation", self.activation, (*OPERATIONS, "softmax"))

    @property
    def gradient_reads(self) -> str:
        return GRADIENT_READS.get(self.activation, "output")

    @property
    def operations(self) -> int:
        return OPERATIONS[self.activation]

    def elementwise(self, x: Tensor) -> Size:
        if self.activation == "softmax":
            # c - 1 comparisons, c subtractions, c exponentials, c - 1 additions, c divisions
            return 5 * x.size - 2 * prod(x.sides)
        return super().elementwise(x)


@dataclass(frozen=True)
class ReLU(_SameShape):
    """keras.layers.ReLU: one comparison per element; two if there is a ``max_value`` (6 for ReLU6).

    >>> ReLU().cost(Tensor(4, 4, 2)).elementwise
    32
    """

    max_value: float | None = None

    @property
    def operations(self) -> int:
        return 1 if self.max_value is None else 2


@dataclass(frozen=True)
class LeakyReLU(_SameShape):
    """keras.layers.LeakyReLU: scale and compare, two operations per element.

    >>> LeakyReLU(0.2).cost(Tensor(4, 4, 2)).elementwise
    64
    """

    operations = 2
    negative_slope: float = 0.3


@dataclass(frozen=True)
class Dropout(_SameShape):
    """keras.layers.Dropout: the identity at inference, without a copy.

    >>> Dropout(0.5).cost(Tensor(64, 64, 128)).flops
    0
    """

    gradient_reads = "mask"  # marks the dropped elements
    is_view = True
    rate: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise self.error("rate must be a fraction from 0 to 1", self.rate, "try 0.5")


class _Normalization(_SameShape):
    gradient_reads = "inputs"


@dataclass(frozen=True)
class BatchNormalization(_Normalization):
    """keras.layers.BatchNormalization at inference: 4c params, 2c of them trainable; scale and shift each element.

    Folding the four vectors into one scale and one shift per channel is not counted: it is done once.

    Args:
        center: Train a shift; False saves c params, but not the operation.
        scale: Train a scale; False saves c params, but not the operation.

    Example:
        >>> cost = BatchNormalization().cost(Tensor(64, 64, 128))
        >>> cost.params, cost.trainable_params, cost.elementwise
        (512, 256, 1048576)
    """

    operations = 2
    center: bool = True
    scale: bool = True

    def params(self, x: Tensor) -> Size:
        return (2 + self.center + self.scale) * x.channels

    def trainable_params(self, x: Tensor) -> Size:
        return (self.center + self.scale) * x.channels
