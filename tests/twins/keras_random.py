"""Random Keras models, and what is wrong with how they are read: MACs as JAX is asked for them, Keras's own parameters.

    KERAS_BACKEND=jax python -m tests.twins.keras_random --seeds 0 500

Every model follows from its seed.  Each is read at a number and by formula, which must then give the same number.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable
from math import prod
from typing import Any

from tests.twins.counter import dense_macs
from unet_complexity import Network
from unet_complexity.engineering import from_keras
from unet_complexity.symbols import N, as_expr

SIDES = (16, 20, 23, 29, 32, 37, 40, 48)


class RandomModel:
    """A chain of random layers with skips; ``skips`` are maps as wide as the input, or smaller."""

    def __init__(self, keras: Any, seed: int) -> None:
        self.keras, self.layers, self.ops = keras, keras.layers, keras.ops
        self.rng = random.Random(seed)
        self.first = self.rng.random() < 0.2  # the channels
        self.format = {"data_format": "channels_first" if self.first else "channels_last"}
        self.axis = 1 if self.first else -1
        shape = (3, None, None) if self.first else (None, None, 3)
        self.input = self.x = keras.Input(shape)
        self.skips: list[Any] = []
        for _ in range(self.rng.randint(1, 7)):
            self.rng.choice(STEPS)(self)
            self.skips += [self.x] * self.rng.randint(0, 1)
        self.model = keras.Model(self.input, self.x)

    def of(self, *values: Any) -> Any:
        """One of the values."""
        return self.rng.choice(values)

    def put(self, kind: str, *more: Any, **arguments: Any) -> None:
        """Let a layer replace the last map."""
        self.x = getattr(self.layers, kind)(**arguments)(self.x, *more)

    @property
    def channels(self) -> int:
        """Channels of the last map."""
        return int(self.x.shape[self.axis])


def convolution(m: RandomModel) -> None:
    strides = m.of(1, 1, 2, 3)
    grouped = m.channels % 2 == 0 and m.of(True, False)
    m.put(
        "Conv2D",
        filters=m.of(2, 4, 6),
        kernel_size=m.of(1, 2, 3, (1, 5), 4),
        strides=strides,
        dilation_rate=m.of(1, 2) if strides == 1 else 1,
        padding=m.of("same", "valid"),
        groups=2 if grouped else 1,
        use_bias=m.of(True, False),
        activation=m.of(None, "relu", "gelu", "softmax"),
        **m.format,
    )


def depthwise(m: RandomModel) -> None:
    kind = m.of("DepthwiseConv2D", "SeparableConv2D")
    more = {"filters": m.of(2, 4)} if kind == "SeparableConv2D" else {}
    k, multiplier = m.of(2, 3), m.of(1, 2)
    m.put(kind, kernel_size=k, depth_multiplier=multiplier, padding="same", **more, **m.format)


def transposed(m: RandomModel) -> None:
    """Of stride 1 and "valid", JAX cannot tell it from a convolution of a padded map."""
    strides = m.of(1, 2)
    m.put(
        "Conv2DTranspose",
        filters=m.of(2, 3),
        kernel_size=m.of(1, 2, 3, 4),
        strides=strides,
        padding=m.of("same", "valid") if strides == 2 else "same",
        **m.format,
    )


def pooling(m: RandomModel) -> None:
    kind = m.of("MaxPooling2D", "AveragePooling2D")
    strides, padding = m.of(None, 1), m.of("same", "valid")
    m.put(kind, pool_size=m.of(1, 2, 3), strides=strides, padding=padding, **m.format)


def upsampling(m: RandomModel) -> None:
    m.put(
        "UpSampling2D", size=m.of(2, (1, 2)), interpolation=m.of("nearest", "bilinear"), **m.format
    )


def border(m: RandomModel) -> None:
    m.put(m.of("ZeroPadding2D", "Cropping2D"), **m.format)


def normalization(m: RandomModel) -> None:
    kind = m.of(
        "BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization"
    )
    more = {"groups": 1} if kind == "GroupNormalization" else {}
    m.put(kind, axis=m.axis, **more)


def activation(m: RandomModel) -> None:
    m.put(m.of("ReLU", "LeakyReLU", "ELU", "Softmax"))


def shared(m: RandomModel) -> None:
    """One layer, called twice: its weights count once, its MACs twice."""
    layer = m.layers.Conv2D(m.channels, 3, padding="same", **m.format)
    m.x = layer(layer(m.x))


def nested(m: RandomModel) -> None:
    shape = m.x.shape[1:]
    inner = m.keras.Sequential(
        [m.keras.Input(shape), m.layers.Conv2D(4, 3, padding="same", **m.format)]
    )
    m.x = inner(m.x)


def joined(m: RandomModel) -> None:
    """With a skip of the same strides, or with a map made from it."""
    left = m.layers.Conv2D(m.channels, 3, padding="same", **m.format)(m.x)
    kind = m.of("Add", "Multiply", "Average", "Maximum", "Concatenate", "Subtract")
    more = {"axis": m.axis} if kind == "Concatenate" else {}
    m.x = getattr(m.layers, kind)(**more)([left, m.x])


def squeezed(m: RandomModel) -> None:
    pooled = m.layers.GlobalAveragePooling2D(keepdims=True, **m.format)(m.x)
    gate = m.layers.Conv2D(m.channels, 1, activation="sigmoid", **m.format)(pooled)
    m.x = m.layers.Multiply()([m.x, gate])


def dense(m: RandomModel) -> None:
    """On the last axis; of a channels-first map that would be the columns, which are free."""
    if not m.first:
        m.put("Dense", units=m.of(2, 3))


def reduced(m: RandomModel) -> None:
    axes = m.of([1, 2], [-1], [1], 2, [2, 3])
    m.x = m.x + getattr(m.ops, m.of("mean", "max", "sum"))(m.x, axis=axes, keepdims=True)


def arithmetic(m: RandomModel) -> None:
    m.x = m.of(
        lambda x: x * 2.0,
        lambda x: 1.0 - x,
        lambda x: x + x,
        lambda x: m.ops.tanh(x) * x,
        lambda x: x / 3.0,
        m.ops.relu,
        m.ops.abs,
    )(m.x)


def attention(m: RandomModel) -> None:
    """Between all pixels of a small map."""
    if not m.first:
        heads = m.of(1, 2)
        m.put("MultiHeadAttention", m.x, num_heads=heads, key_dim=m.of(2, 3), attention_axes=(1, 2))


STEPS: list[Callable[[RandomModel], None]] = [
    *(convolution, convolution, convolution, depthwise, transposed, pooling, upsampling, border),
    *(normalization, activation, shared, nested, joined, squeezed, dense, reduced, arithmetic),
    attention,
]


def read(model: Any, **how: Any) -> Network | None:
    """The network; None if it is refused."""
    try:
        return from_keras(model, **how)
    except ValueError:
        return None


def ran(model: Any, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """MACs and elements of the output; None where Keras refuses the shape, or nothing is left of a map."""
    try:
        out = model.compute_output_shape((1, *shape))
        found = dense_macs(model, shape), prod(out)
    except Exception:
        return None
    return found if all(side > 0 for side in out) else None


def differences(keras: Any, seed: int, told: Counter[str]) -> list[str]:
    """What is wrong with how the model of a seed is read; ``told`` counts what was compared."""
    keras.utils.set_random_seed(seed)
    try:
        made = RandomModel(keras, seed)
    except ValueError:  # Keras itself refuses it
        told["not made"] += 1
        return []
    model, wrong = made.model, []
    formula = read(model)
    for side in random.Random(seed).sample(SIDES, 3):
        network = read(model, side=side)
        if network is None:
            told["refused"] += 1
            continue
        wanted = ran(model, (3, side, side) if made.first else (side, side, 3))
        if wanted is None:
            told["not run"] += 1
            continue
        told["numbers"] += 1
        total = network.total()
        got = total.macs, network.output.size
        if got != wanted or total.params != model.count_params():
            wrong.append(
                f"seed {seed}, side {side}: {got}, {total.params}, not {wanted}, {model.count_params()}"
            )
        try:
            at = formula.total().at(N=side) if formula else None
        except ValueError:
            continue
        if formula and at:
            told["formulas"] += 1
            got = at.macs, as_expr(formula.output.size).subs(N, side)
            if got != wanted:
                wrong.append(f"seed {seed}, N = {side}: {got}, not {wanted}")
    return wrong


def main() -> int:
    """Compare the models of many seeds; the exit status says if one is read wrongly."""
    command = argparse.ArgumentParser(description=__doc__)
    command.add_argument(
        "--seeds", type=int, nargs=2, default=(0, 500), help="first, and behind the last"
    )
    first, end = command.parse_args().seeds
    import keras

    told: Counter[str] = Counter()
    wrong = [line for seed in range(first, end) for line in differences(keras, seed, told)]
    print(*wrong, f"{end - first:,} models; compared: {dict(told)}; {len(wrong)} differ", sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
