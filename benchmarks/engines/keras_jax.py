"""Keras on JAX: the whole model compiled at once, and, for the times of layers, each layer compiled by itself."""

from __future__ import annotations

import os
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.engines import Ready
from tools.in_keras import in_keras, variables
from unet_complexity import Network

os.environ.setdefault("KERAS_BACKEND", "jax")


def prepare(network: Network, batch: int) -> Ready:
    import jax
    import keras

    x, random = network.input, np.random.default_rng(1)
    maps = {"input": keras.Input((x.height, x.width, x.channels), batch_size=batch)}
    built = {step.name: in_keras(keras, step.layer) for step in network}
    for step in network:
        maps[step.name] = built[step.name](inputs(step, maps))
    model = keras.Model(maps["input"], maps[network.steps[-1].name])
    for weight in model.weights:
        if len(weight.shape) == 4:
            weight.assign(
                random.normal(0, np.sqrt(2 / np.prod(weight.shape[:3])), tuple(weight.shape))
            )
    image = jax.device_put(
        random.normal(size=(batch, x.height, x.width, x.channels)).astype("float32")
    )
    whole, weights = compiled(model), variables(model)
    each = {name: (compiled(layer), variables(layer)) for name, layer in built.items()}

    def layers() -> dict[str, float]:
        found, seconds = {"input": image}, {}
        for step in network:
            run, its = each[step.name]
            start = perf_counter()
            found[step.name] = run(*its, inputs(step, found)).block_until_ready()
            seconds[step.name] = perf_counter() - start
        return seconds

    note = "each layer compiled by itself; in the whole model XLA fuses across layers"
    return Ready(lambda: whole(*weights, image).block_until_ready(), layers, note)


def inputs(step: Any, maps: dict[str, Any]) -> Any:
    sources = [maps[source] for source in step.sources]
    return sources if len(sources) > 1 else sources[0]


def compiled(layer: Any) -> Any:
    import jax

    return jax.jit(
        lambda *arguments: layer.stateless_call(*arguments)[0]
    )  # outside of fit(), that is inference
