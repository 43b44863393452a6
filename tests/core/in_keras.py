"""The package's layers as real Keras layers, and two U-Nets written in Keras as anybody would write them."""

from __future__ import annotations

from dataclasses import fields
from types import ModuleType
from typing import Any

import numpy as np

from unet_complexity import Layer, Network, Tensor


def in_keras(keras: ModuleType, layer: Layer) -> Any:
    """Keras's layer of the same name with the same arguments."""
    kind = type(layer).__name__
    if kind == "DepthToSpace":
        return depth_to_space(keras, layer)
    if kind == "PhaseConv2D":
        return upsampled_convolution(keras, layer)
    config = {field.name: getattr(layer, field.name) for field in fields(layer)}
    if kind.startswith("Conv2D"):
        config["kernel_initializer"] = "zeros"  # drawing random ones is compiled anew for each shape
    return getattr(keras.layers, kind)(**config)


def upsampled_convolution(keras: ModuleType, layer: Layer) -> Any:
    """Keras has no layer for it: that it computes what these two do is what makes it right."""
    conv = keras.layers.Conv2D(layer.filters, layer.kernel_size, padding="same", use_bias=layer.use_bias)
    return keras.Sequential([keras.layers.UpSampling2D(layer.size), conv])


def depth_to_space(keras: ModuleType, layer: Layer) -> Any:
    """In Keras an operation, not a layer."""

    class DepthToSpace(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return keras.ops.nn.depth_to_space(x, layer.block_size)

        def compute_output_shape(self, shape: Any) -> Any:
            return self.call(keras.KerasTensor(shape)).shape

    return DepthToSpace()


def build(real: Any, inputs: tuple[Tensor, ...]) -> tuple[int, ...]:
    """Creates the weights; the shape that Keras says comes out, without the batch."""
    shapes = [(None, x.height, x.width, x.channels) for x in inputs]
    shape = shapes[0] if len(shapes) == 1 else shapes
    real.build(shape)
    return tuple(real.compute_output_shape(shape)[1:])


def randomize(real: Any, random: np.random.Generator) -> list[np.ndarray]:
    """Sets random weights, positive ones where Keras takes a root, and hands them back in Keras's order."""
    weights = [random.normal(size=tuple(w.shape)).astype("float32") for w in real.weights]
    if type(real).__name__ == "BatchNormalization":
        weights[3] = np.abs(weights[3])
    for variable, value in zip(real.weights, weights, strict=True):
        variable.assign(value)
    return weights


def variables(real: Any) -> tuple[list[Any], list[Any]]:
    return [v.value for v in real.trainable_variables], [v.value for v in real.non_trainable_variables]


def xla_flops(real: Any, *shapes: Tensor) -> int:
    """FLOPs of one call by XLA's own cost analysis."""
    import jax

    inputs = [jax.ShapeDtypeStruct((1, x.height, x.width, x.channels), "float32") for x in shapes]
    lowered = jax.jit(real.stateless_call).lower(*variables(real), *inputs)
    return int(lowered.cost_analysis()["flops"])


def asked_generator(keras: ModuleType, side: int, channels: int, g: int = 64, k: int = 4) -> Any:
    """Seven down, seven up, with UpSampling2D, as the question describes it and as Keras-GAN's pix2pix has it."""
    K = keras.layers
    image = x = keras.Input((side, side, channels))
    skips = []
    for filters in (g, 2 * g, 4 * g, 8 * g, 8 * g, 8 * g, 8 * g):
        x = K.Conv2D(filters, k, strides=2, padding="same", kernel_initializer="zeros")(x)
        x = K.LeakyReLU(negative_slope=0.2)(x)
        if skips:
            x = K.BatchNormalization(momentum=0.8)(x)
        skips.append(x)
    skips.pop()  # the bottleneck is no skip
    for filters in (8 * g, 8 * g, 8 * g, 4 * g, 2 * g, g):
        x = K.UpSampling2D(size=2)(x)
        x = K.Conv2D(filters, k, padding="same", activation="relu", kernel_initializer="zeros")(x)
        x = K.BatchNormalization(momentum=0.8)(x)
        x = K.Concatenate()([x, skips.pop()])
    x = K.UpSampling2D(size=2)(x)
    x = K.Conv2D(channels, k, padding="same", activation="tanh", kernel_initializer="zeros")(x)
    return keras.Model(image, x)


def classic_unet_model(keras: ModuleType, side: int, up: str, padding: str) -> Any:
    """The classic U-Net: 64 filters, depth 4, one channel in, two classes out."""
    K = keras.layers

    def twice(x: Any, filters: int) -> Any:
        for _ in range(2):
            x = K.Conv2D(filters, 3, padding=padding, activation="relu", kernel_initializer="zeros")(x)
        return x

    image = x = keras.Input((side, side, 1))
    skips = []
    for filters in (64, 128, 256, 512):
        x = twice(x, filters)
        skips.append(x)
        x = K.MaxPooling2D(2)(x)
    x = twice(x, 1024)
    for filters in (512, 256, 128, 64):
        if up == "upsample":
            x = K.Conv2D(filters, 2, padding="same", kernel_initializer="zeros")(K.UpSampling2D(2)(x))
        else:
            x = K.Conv2DTranspose(filters, 2, strides=2, padding="same", kernel_initializer="zeros")(x)
        skip = skips.pop()
        if padding == "valid":
            skip = K.Cropping2D((skip.shape[1] - x.shape[1]) // 2)(skip)
        x = twice(K.Concatenate()([skip, x]), filters)
    return keras.Model(image, K.Conv2D(2, 1, kernel_initializer="zeros")(x))


def whole(keras: ModuleType, network: Network) -> Any:
    """A network of ours, step by step, as one Keras model."""
    x = network.input
    maps = {"input": keras.Input((x.height, x.width, x.channels))}
    for step in network:
        sources = [maps[source] for source in step.sources]
        maps[step.name] = in_keras(keras, step.layer)(sources if len(sources) > 1 else sources[0])
    return keras.Model(maps["input"], maps[step.name])
