"""One block, and the whole network, in every arrangement that an engine is asked for; equal outputs are made sure of.

``merged`` is one convolution with s^2 f filters, zeros where a phase has no tap, and depth-to-space: what the package
does not do, since one of the others is faster nearly everywhere.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engines.merged import MERGED, PHASES, TRANSPOSED, WRITTEN, merged_kernel
from unet_complexity import Network
from unet_complexity.engineering.collapse import arrangement, collapse_upsampling

Ways = dict[str, Callable[[], Any]]


def equal(ways: Ways, value: Callable[[Any], Any] = np.asarray) -> Ways:
    """The same ways, after a look at what they compute.  ValueError where that differs."""
    outputs = {name: value(run()) for name, run in ways.items()}
    first = next(iter(outputs.values()))
    for name, output in outputs.items():
        if output.shape != first.shape or np.abs(output - first).max() > 1e-4 * np.abs(first).max():
            raise ValueError(f"{name} computes something else, so its time means nothing")
    return ways


class OnnxRuntime:
    """Float32 on the CPU provider, as many threads as cores."""

    packages = ("onnx", "onnxruntime")

    def nearest(self, way: str) -> str:
        """The arrangement that stands for the one that the rule names."""
        return way

    def model(self, network: Network) -> Any:
        from benchmarks.engines.onnx_runtime import with_weights
        from benchmarks.tools.in_onnx import in_onnx

        return with_weights(in_onnx(network), network, 1)

    def run(self, model: Any, network: Network) -> Callable[[], Any]:
        from benchmarks.engines.onnx_runtime import started

        session, x = started(model.SerializeToString(), True, "cpu"), network.input
        feed = {
            "input": np.random.default_rng(1)
            .normal(size=(1, x.channels, x.height, x.width))
            .astype("float32")
        }
        return lambda: session.run(None, feed)[0]

    def block(self, network: Network) -> Ways:
        model = self.model(network)
        models = {WRITTEN: model, MERGED: merged_model(model)}
        models |= {way: collapse_upsampling(model, way).model for way in (PHASES, TRANSPOSED)}
        return equal({name: self.run(model, network) for name, model in models.items()})

    def whole(self, network: Network) -> Ways:
        model = self.model(network)
        models = {WRITTEN: model, "collapsed": collapse_upsampling(model).model}
        return equal({name: self.run(model, network) for name, model in models.items()})

    def profile(self, network: Network) -> dict[str, Any]:
        """Milliseconds by operator, as ONNX Runtime's profiler has them, in the second of two runs."""
        model = self.model(network)
        models = {WRITTEN: model, "collapsed": collapse_upsampling(model).model}
        return {"profile": {name: operators(model, network) for name, model in models.items()}}


def merged_model(model: Any) -> Any:
    """Resize and Conv of a block as one Conv and DepthToSpace."""
    from onnx import helper, numpy_helper

    weights = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    conv, rest = (
        next(node for node in model.graph.node if node.op_type == "Conv"),
        list(model.graph.node)[2:],
    )
    kernel, first = merged_kernel(weights[conv.input[1]].transpose(2, 3, 1, 0), 2)
    side, pads = (
        kernel.shape[0],
        [-first, -first, kernel.shape[0] - 1 + first, kernel.shape[0] - 1 + first],
    )
    arrays = {
        "w": kernel.transpose(3, 4, 5, 2, 0, 1).reshape(-1, kernel.shape[2], side, side),
        "b": np.tile(weights[conv.input[2]], 4),
    }
    nodes = [
        helper.make_node(
            "Conv", ["input", "w", "b"], ["small"], kernel_shape=[side, side], pads=pads
        )
    ]
    nodes += [helper.make_node("DepthToSpace", ["small"], conv.output, blocksize=2), *rest]
    held = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    graph = helper.make_graph(nodes, "merged", model.graph.input, model.graph.output, held)
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def operators(model: Any, network: Network) -> dict[str, float]:
    from benchmarks.engines.onnx_runtime import KERNEL, started

    x = network.input
    feed = {
        "input": np.random.default_rng(1)
        .normal(size=(1, x.channels, x.height, x.width))
        .astype("float32")
    }
    with tempfile.TemporaryDirectory() as folder:
        session = started(model.SerializeToString(), True, "cpu", folder)
        for _ in range(2):
            session.run(None, feed)
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    nodes = [
        event for event in events if event.get("cat") == "Node" and event["name"].endswith(KERNEL)
    ]
    found: dict[str, float] = {}
    for event in nodes[len(nodes) // 2 :]:
        name = event["args"]["op_name"]
        found[name] = found.get(name, 0) + event["dur"] / 1000
    return {name: round(ms, 3) for name, ms in sorted(found.items(), key=lambda one: -one[1])}


class PyTorch:
    """Eager, in inference mode."""

    packages = ("torch",)

    def nearest(self, way: str) -> str:
        return way

    def __init__(self, channels_last: bool = False) -> None:
        import torch

        torch.manual_seed(0)
        self.layout = torch.channels_last if channels_last else torch.contiguous_format

    def run(self, model: Any, network: Network) -> Callable[[], Any]:
        import torch

        x, model = network.input, model.to(memory_format=self.layout)
        image = torch.randn(
            1, x.channels, x.height, x.width, generator=torch.Generator().manual_seed(1)
        )
        image = image.to(memory_format=self.layout)
        return torch.inference_mode()(lambda: model(image))

    def block(self, network: Network) -> Ways:
        from benchmarks.engines import torch_phases
        from benchmarks.tools.in_torch import InTorch

        written = InTorch(network)
        ways = {
            way: torch_phases.collapsed(written, network, lambda *_, way=way: way)
            for way in torch_phases.WAYS
        }
        return equal(
            {name: self.run(model, network) for name, model in ({WRITTEN: written} | ways).items()}
        )

    def whole(self, network: Network) -> Ways:
        from benchmarks.engines import torch_phases
        from benchmarks.tools.in_torch import InTorch

        written = InTorch(network)
        models = {
            WRITTEN: written,
            "collapsed": torch_phases.collapsed(written, network, lambda *at: arrangement(*at)[0]),
        }
        return equal({name: self.run(model, network) for name, model in models.items()})

    def profile(self, network: Network) -> dict[str, Any]:
        return {}


class KerasOnJax:
    """Compiled as a whole, channels last."""

    packages = ("keras", "jax")

    def __init__(self) -> None:
        os.environ.setdefault("KERAS_BACKEND", "jax")

    def model(self, network: Network) -> Any:
        import keras

        from tools.in_keras import whole

        model, random = whole(keras, network), np.random.default_rng(0)
        for weight in model.weights:
            if len(weight.shape) == 4:
                weight.assign(
                    random.normal(0, np.sqrt(2 / np.prod(weight.shape[:3])), tuple(weight.shape))
                )
        return model

    def run(self, model: Any, network: Network) -> Callable[[], Any]:
        import jax

        from benchmarks.engines.keras_jax import compiled
        from tools.in_keras import variables

        x, call, weights = network.input, compiled(model), variables(model)
        image = jax.device_put(
            np.random.default_rng(1)
            .normal(size=(1, x.height, x.width, x.channels))
            .astype("float32")
        )
        return lambda: call(*weights, image).block_until_ready()

    def block(self, network: Network) -> Ways:
        import keras

        from unet_complexity.engineering.collapse.keras import PhaseConv2D

        model = self.model(network)
        image, up, conv = model.layers
        phased = keras.Model(image.output, PhaseConv2D.of(up, conv)(image.output))
        return equal({WRITTEN: self.run(model, network), PHASES: self.run(phased, network)})

    def whole(self, network: Network) -> Ways:
        from unet_complexity.engineering.collapse.keras import collapse_keras

        model = self.model(network)
        return equal(
            {
                WRITTEN: self.run(model, network),
                "collapsed": self.run(collapse_keras(model), network),
            }
        )

    def nearest(self, way: str) -> str:
        return PHASES if way == TRANSPOSED else way

    def profile(self, network: Network) -> dict[str, Any]:
        return {}


ENGINES: dict[str, Callable[[], Any]] = {
    "onnxruntime": OnnxRuntime,
    "pytorch": PyTorch,
    "pytorch-channels-last": lambda: PyTorch(channels_last=True),
    "keras-jax": KerasOnJax,
}
