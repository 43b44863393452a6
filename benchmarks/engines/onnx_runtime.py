"""ONNX Runtime; each node's time is what its own profiler says."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from onnx import numpy_helper

from benchmarks.engines import Ready
from benchmarks.tools.in_onnx import in_onnx
from unet_complexity import BatchNormalization, Network

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
KERNEL = "_kernel_time"
# What ONNX Runtime appends to the names of nodes that it rewrites.
SUFFIXES = re.compile(r"(_bn)?(_nchwc)?(_token_\d+)?$")


def has_cuda() -> bool:
    return PROVIDERS["cuda"] in ort.get_available_providers()


def prepare(network: Network, batch: int, optimise: bool = True, device: str = "cpu") -> Ready:
    model = with_weights(in_onnx(network), network, batch).SerializeToString()
    x = network.input
    feed = {
        "input": np.random.default_rng(1)
        .normal(size=(batch, x.channels, x.height, x.width))
        .astype("float32")
    }
    session = started(model, optimise, device)

    def layers() -> dict[str, float]:
        return profile(model, optimise, device, feed)

    return Ready(lambda: session.run(None, feed), layers, "kernel times of ONNX Runtime's profiler")


def with_weights(model: Any, network: Network, batch: int) -> Any:
    """Random kernels that keep the size of the numbers, normalisation that changes nothing, and the batch."""
    random = np.random.default_rng(0)
    ones = {
        f"{step.name}/{i}"
        for step in network
        if isinstance(step.layer, BatchNormalization)
        for i in (0, 3)
    }
    for weight in model.graph.initializer:
        shape = tuple(weight.dims)
        if len(shape) == 4:
            values = random.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
        elif weight.name in ones:
            values = np.ones(shape)
        else:
            continue
        weight.CopyFrom(numpy_helper.from_array(values.astype("float32"), weight.name))
    for end in (*model.graph.input, *model.graph.output):
        end.type.tensor_type.shape.dim[0].dim_value = batch
    return model


def started(model: bytes, optimise: bool, device: str, profile_in: str = "") -> Any:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry(
        "session.intra_op.allow_spinning", "0"
    )  # else an idle session slows the next one
    levels = ort.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimise else levels.ORT_DISABLE_ALL
    if profile_in:
        options.enable_profiling, options.profile_file_prefix = True, f"{profile_in}/profile"
    return ort.InferenceSession(model, options, providers=[PROVIDERS[device]])


def profile(model: bytes, optimise: bool, device: str, feed: Any) -> dict[str, float]:
    """Seconds per node in the second of two runs of a profiled session."""
    with tempfile.TemporaryDirectory() as folder:
        session = started(model, optimise, device, folder)
        for _ in range(2):
            session.run(None, feed)
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    nodes = [
        event for event in events if event.get("cat") == "Node" and event["name"].endswith(KERNEL)
    ]
    seconds: dict[str, float] = {}
    for event in nodes[len(nodes) // 2 :]:
        name = step_name(event["name"].removesuffix(KERNEL), event["args"]["op_name"])
        seconds[name] = seconds.get(name, 0) + event["dur"] / 1e6
    return seconds


def step_name(node: str, operator: str) -> str:
    """The step that a node stands for; a convolution that took in its activation is the convolution."""
    if operator.startswith("Reorder"):
        return "reorder"  # to and from the layout of its own
    name = SUFFIXES.sub("", node)
    return name.replace(".act", ".conv") if "Conv" in operator else name
