"""The package's networks as Keras models; each layer as the tests have it."""

from __future__ import annotations

from typing import Any

from tools.in_keras import whole, xla_flops
from unet_complexity import Network


def model(network: Network) -> Any:
    """A functional model, channels last, the batch left open; on the backend that Keras was told."""
    import keras

    return whole(keras, network)


def jax_flops(network: Network) -> int:
    """XLA's cost analysis of the model as it was lowered, before XLA changes anything."""
    return xla_flops(model(network), network.input)


def tensorflow_flops(network: Network) -> int:
    """TensorFlow's profiler on the model's graph with a batch of one."""
    import tensorflow as tf
    from tensorflow.python.profiler import model_analyzer, option_builder

    real, x = model(network), network.input
    traced = tf.function(lambda image: real(image, training=False))
    graph = traced.get_concrete_function(tf.TensorSpec((1, x.height, x.width, x.channels))).graph
    options = option_builder.ProfileOptionBuilder(
        option_builder.ProfileOptionBuilder.float_operation()
    )
    options = options.with_empty_output().build()
    return int(model_analyzer.profile(graph, options=options).total_float_ops)
