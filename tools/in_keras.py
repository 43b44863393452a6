"""The package's layers as real Keras layers, and two U-Nets written in Keras as users write them."""

from __future__ import annotations

from dataclasses import fields
from functools import reduce
from typing import Any

import numpy as np

from unet_complexity import Conv2D, Network, Tensor
from unet_complexity.counting import filled
from unet_complexity.engineering.counting.merging import LONE


def in_keras(keras: Any, layer: Any) -> Any:
    """Keras's layer of the same name with the same arguments; where it has none, its operations."""
    kind = type(layer).__name__
    if kind in OURS:
        return OURS[kind](keras, layer)
    if kind in OPERATIONS and not hasattr(keras.activations, getattr(layer, "activation", "")):
        return operation(keras, lambda *inputs: OPERATIONS[kind](keras.ops, layer, *inputs))
    config = {field.name: getattr(layer, field.name) for field in fields(layer)}
    if kind.startswith("Conv2D"):
        config["kernel_initializer"] = (
            "zeros"  # drawing random ones is compiled anew for each shape
        )
    if kind == "Elementwise":
        return with_what_is_known(keras, layer)
    if kind.startswith("Global"):
        config = {"keepdims": True}
    if kind == "Normalization":
        config = {"mean": 0.0, "variance": 1.0} if layer.given else {}
    if kind == "Conv2DTranspose":
        return transposed(keras, layer, config)
    if isinstance(config.get("padding"), tuple) and kind != "ZeroPadding2D":
        return bordered(keras, layer, config)
    return getattr(keras.layers, kind)(**config)


def with_what_is_known(keras: Any, layer: Any) -> Any:
    """One of Keras's operations on maps, an array of weights or of known numbers, and lone numbers for the rest."""
    array, ops = layer.array, keras.ops

    class Known(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            sides = array and (array.height, array.width, array.channels)
            self.known = (
                [self.add_weight(shape=sides) if layer.learned else np.array(filled(*sides))]
                if array
                else []
            )

        def call(self, x: Any) -> Any:
            operands = [*(x if isinstance(x, (list, tuple)) else [x]), *self.known]
            if layer.operation in WHOLE:
                return ops.cast(WHOLE[layer.operation](ops, *operands), "float32")
            operands += [LONE] * (len(operands) == 1)
            function = getattr(ops, NAMES.get(layer.operation, layer.operation))
            made = reduce(function, operands)
            return ops.cast(
                made / len(operands) if layer.operation == "average" else made, "float32"
            )

        def compute_output_shape(self, shape: Any) -> Any:
            one = isinstance(shape, tuple) and not isinstance(shape[-1], tuple)
            return self.call(
                keras.KerasTensor(shape) if one else [keras.KerasTensor(each) for each in shape]
            ).shape

    return Known()


NAMES = {
    "average": "add",
    **{name: f"logical_{name}" for name in ("and", "or", "xor", "not")},
}
WHOLE: dict[str, Any] = {
    "where": lambda ops, *given: ops.where(*given, *[LONE] * (3 - len(given))),
    "not": lambda ops, x: ops.logical_not(x),
    "clip": lambda ops, x: ops.clip(x, LONE, LONE),
    "dequantize": lambda ops, x: (x - LONE) * LONE,
    "quantize": lambda ops, x: ops.clip(ops.round(x / LONE) + LONE, 0, 255),
}


def copied(keras: Any, layer: Any) -> Any:
    """The elements of the inputs and of a stored array, one after the other, as often as the output has room."""
    ops, made = keras.ops, (layer.made.height, layer.made.width, layer.made.channels)

    class Copied(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.known = [self.add_weight(shape=(layer.stored,))] if layer.stored else []

        def call(self, x: Any) -> Any:
            given = [*(x if isinstance(x, (list, tuple)) else [x]), *self.known]
            values = ops.concatenate([ops.reshape(one, (-1,)) for one in given])
            return ops.reshape(ops.take(values, np.arange(np.prod(made)) % len(values)), (1, *made))

        def compute_output_shape(self, shape: Any) -> Any:
            return (1, *made)

    return Copied()


def strided(keras: Any, layer: Any) -> Any:
    """Keras does not stride a dilated convolution: take every stride-th of its positions."""
    config = {field.name: getattr(layer, field.name) for field in fields(layer)}
    down, across = layer.strides
    plain = Conv2D(**config | {"strides": 1})
    positions = operation(keras, lambda x: x[:, ::down, ::across])
    return keras.Sequential([in_keras(keras, plain), positions])


def bordered(keras: Any, layer: Any, config: dict[str, Any]) -> Any:
    """A border of zeros and then no more padding; round a pool a border that is never the largest, nor averaged."""
    border, inside = (
        config["padding"],
        getattr(keras.layers, type(layer).__name__)(**config | {"padding": "valid"}),
    )
    if not hasattr(layer, "pool_size"):
        return keras.Sequential([keras.layers.ZeroPadding2D(border), inside])
    pads = ((0, 0), *border, (0, 0))
    if "Max" in type(layer).__name__:
        return operation(keras, lambda x: inside(keras.ops.pad(x, pads, constant_values=-1e30)))
    pad = keras.ops.pad
    return operation(
        keras, lambda x: inside(pad(x, pads)) / inside(pad(keras.ops.ones_like(x), pads))
    )


def transposed(keras: Any, layer: Any, config: dict[str, Any]) -> Any:
    """Keras has no groups, and cuts nothing off but for 'same': as many layers side by side, then a cropping."""
    if layer.groups == 1 and isinstance(layer.padding, str):
        del config["groups"]
        return keras.layers.Conv2DTranspose(**config)
    ops, exact = keras.ops, not isinstance(layer.padding, str)

    class Transposed(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            kernel = (*layer.kernel_size, layer.filters // layer.groups, shape[-1])
            self.kernel = self.add_weight(shape=kernel)
            self.bias = self.add_weight(shape=(layer.filters,)) if layer.use_bias else 0.0

        def call(self, x: Any) -> Any:
            parts = zip(
                ops.split(x, layer.groups, -1),
                ops.split(self.kernel, layer.groups, -1),
                strict=True,
            )
            padding = "valid" if exact else layer.padding
            added = (layer.output_padding or (0, 0)) if exact else layer.output_padding
            how = (layer.strides, padding, added, "channels_last", layer.dilation_rate)
            y = ops.concatenate([ops.conv_transpose(a, b, *how) for a, b in parts], -1) + self.bias
            return keras.layers.Cropping2D(layer.padding)(y) if exact else y

        def compute_output_shape(self, shape: Any) -> Any:
            return self.call(keras.KerasTensor(shape)).shape

    return Transposed()


def upsampled_convolution(keras: Any, layer: Any) -> Any:
    """Keras has no layer for it: that it computes what these two do is what makes it right."""
    conv = keras.layers.Conv2D(
        layer.filters, layer.kernel_size, padding="same", use_bias=layer.use_bias
    )
    return keras.Sequential([keras.layers.UpSampling2D(layer.size), conv])


def joined(keras: Any, layer: Any) -> Any:
    """Along the rows, or the columns."""
    return keras.layers.Concatenate(axis=layer.axis)


OURS = {
    "AtrousConv2D": strided,
    "ConcatenateColumns": joined,
    "ConcatenateRows": joined,
    "Copy": copied,
    "PhaseConv2D": upsampled_convolution,
}
# what is in Keras an operation, not a layer
OPERATIONS: dict[str, Any] = {
    "Activation": lambda ops, layer, x: getattr(ops, layer.activation)(x),
    "DepthToSpace": lambda ops, layer, x: ops.nn.depth_to_space(x, layer.block_size),
    "MatMul": lambda ops, layer, x, y: ops.matmul(
        x, ops.swapaxes(y, -1, -2) if layer.transpose_b else y
    ),
    "Reduce": lambda ops, layer, x: getattr(ops, layer.operation)(x, layer.axes, keepdims=True),
}


def operation(keras: Any, run: Any) -> Any:
    """A layer of Keras that runs a function."""

    class Operation(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.built = True

        def call(self, x: Any) -> Any:
            return run(*x) if isinstance(x, (list, tuple)) else run(x)

        def compute_output_shape(self, shape: Any) -> Any:
            one = isinstance(shape, tuple) and not isinstance(shape[-1], tuple)
            return self.call(
                keras.KerasTensor(shape) if one else [keras.KerasTensor(each) for each in shape]
            ).shape

    return Operation()


def build(real: Any, inputs: tuple[Tensor, ...]) -> tuple[int, ...]:
    """Creates the weights; the shape that Keras says comes out, without the batch, as a map."""
    shapes = [(None, x.height, x.width, x.channels) for x in inputs]
    shape = shapes[0] if len(shapes) == 1 else shapes
    real.build(shape)
    out = tuple(real.compute_output_shape(shape)[1:])
    return (1,) * (3 - len(out)) + out


def randomize(real: Any, random: np.random.Generator) -> list[np.ndarray]:
    """Sets random weights, positive ones where Keras takes a root, and hands them back in Keras's order."""
    weights = [random.normal(size=tuple(w.shape)).astype("float32") for w in real.weights]
    kind = type(real).__name__
    if kind in ("BatchNormalization", "Normalization") and weights:
        at = -1 if kind == "BatchNormalization" else 1
        weights[at] = np.abs(weights[at])
    for variable, value in zip(real.weights, weights, strict=True):
        variable.assign(value)
    if kind == "Normalization" and weights:
        real.finalize_state()
    return weights


def variables(real: Any) -> tuple[list[Any], list[Any]]:
    """Values of what training changes, and of what it does not."""
    return [v.value for v in real.trainable_variables], [
        v.value for v in real.non_trainable_variables
    ]


def xla_flops(real: Any, *shapes: Tensor) -> int:
    """FLOPs of one call by XLA's own cost analysis."""
    import jax

    inputs = [jax.ShapeDtypeStruct((1, x.height, x.width, x.channels), "float32") for x in shapes]
    lowered = jax.jit(real.stateless_call).lower(*variables(real), *inputs)
    return int(lowered.cost_analysis().get("flops", 0))  # XLA leaves it out where it is 0


def xla_flops_of(keras: Any, layer: Any, x: Tensor) -> int:
    """FLOPs of a convolution without bias; one with a border of its own is JAX's, since Keras has no such layer."""
    if isinstance(layer.padding, str):
        real = in_keras(keras, layer)
        build(real, (x,))
        return xla_flops(real, x)
    from jax import ShapeDtypeStruct, jit, lax

    def run(image: Any, kernel: Any) -> Any:
        more = {"rhs_dilation": layer.dilation_rate, "feature_group_count": layer.groups}
        names = ("NHWC", "HWIO", "NHWC")
        return lax.conv_general_dilated(
            image, kernel, layer.strides, layer.padding, dimension_numbers=names, **more
        )

    shapes = (
        (1, x.height, x.width, x.channels),
        (*layer.kernel_size, x.channels // layer.groups, layer.filters),
    )
    return int(
        jit(run)
        .lower(*(ShapeDtypeStruct(one, "float32") for one in shapes))
        .cost_analysis()
        .get("flops", 0)
    )


def asked_generator(keras: Any, side: int, channels: int, g: int = 64, k: int = 4) -> Any:
    """Seven down, seven up, with UpSampling2D, as the question describes it and as Keras-GAN's pix2pix has it."""
    K = keras.layers
    image = x = keras.Input((side, side, channels))
    skips: list[Any] = []
    for filters in (g, 2 * g, 4 * g, 8 * g, 8 * g, 8 * g, 8 * g):
        x = K.Conv2D(filters, k, strides=2, padding="same", kernel_initializer="zeros")(x)
        x = K.LeakyReLU(negative_slope=0.2)(x)
        if skips:
            x = K.BatchNormalization(momentum=0.8)(x)
        skips.append(x)
    skips.pop()  # the bottleneck is not a skip
    for filters in (8 * g, 8 * g, 8 * g, 4 * g, 2 * g, g):
        x = K.UpSampling2D(size=2)(x)
        x = K.Conv2D(filters, k, padding="same", activation="relu", kernel_initializer="zeros")(x)
        x = K.BatchNormalization(momentum=0.8)(x)
        x = K.Concatenate()([x, skips.pop()])
    x = K.UpSampling2D(size=2)(x)
    x = K.Conv2D(channels, k, padding="same", activation="tanh", kernel_initializer="zeros")(x)
    return keras.Model(image, x)


def classic_unet_model(keras: Any, side: int, up: str, padding: str) -> Any:
    """The classic U-Net: 64 filters, depth 4, one channel in, two classes out."""
    K = keras.layers

    def twice(x: Any, filters: int) -> Any:
        for _ in range(2):
            x = K.Conv2D(
                filters, 3, padding=padding, activation="relu", kernel_initializer="zeros"
            )(x)
        return x

    image = x = keras.Input((side, side, 1))
    skips: list[Any] = []
    for filters in (64, 128, 256, 512):
        x = twice(x, filters)
        skips.append(x)
        x = K.MaxPooling2D(2)(x)
    x = twice(x, 1024)
    for filters in (512, 256, 128, 64):
        if up == "upsample":
            x = K.Conv2D(filters, 2, padding="same", kernel_initializer="zeros")(
                K.UpSampling2D(2)(x)
            )
        else:
            x = K.Conv2DTranspose(
                filters, 2, strides=2, padding="same", kernel_initializer="zeros"
            )(x)
        skip = skips.pop()
        if padding == "valid":
            skip = K.Cropping2D((skip.shape[1] - x.shape[1]) // 2)(skip)
        x = twice(K.Concatenate()([skip, x]), filters)
    return keras.Model(image, K.Conv2D(2, 1, kernel_initializer="zeros")(x))


def whole(keras: Any, network: Network) -> Any:
    """A network of ours, step by step, as one Keras model."""
    x = network.input
    maps = {"input": keras.Input((x.height, x.width, x.channels))}
    for step in network:
        sources = [maps[source] for source in step.sources]
        maps[step.name] = in_keras(keras, step.layer)(sources if len(sources) > 1 else sources[0])
    return keras.Model(maps["input"], maps[step.name])
