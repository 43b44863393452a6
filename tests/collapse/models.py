"""Small ONNX models with an upsampling and a convolution, node by node, and three whole networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

NEAREST = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}


def model(nodes: Sequence[Any], weights: dict[str, Any], shape: Sequence[Any] = (1, 4, 5, 6), **versions: Any) -> Any:
    """x -> y, float32 unless said otherwise."""
    kind = versions.get("kind", TensorProto.FLOAT)
    ends = [helper.make_tensor_value_info(name, kind, s) for name, s in (("x", shape), ("y", ["a", "b", "c", "d"]))]
    held = [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()]
    ir = versions.get("ir_version", 8)
    given = ends[:1] if ir >= 4 else [*ends[:1], *(helper.make_tensor_value_info(w.name, w.data_type, w.dims) for w in held)]
    graph = helper.make_graph(nodes, "test", given, ends[1:], held)
    opset = [helper.make_opsetid("", versions.get("opset", 17))]
    return helper.make_model(graph, opset_imports=opset, ir_version=ir, producer_name="tests")


def whole(*shape: int, seed: int = 0, dtype: Any = np.float32) -> Any:
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(dtype)


def resize(**settings: Any) -> Any:
    return helper.make_node("Resize", ["x", "", "scales"], ["u"], "up", **{**NEAREST, **settings})


def conv(source: str = "u", bias: bool = True, **settings: Any) -> Any:
    return helper.make_node("Conv", [source, "w", *["b"] * bias], ["y"], "conv", **settings)


def weights(kernel: Sequence[int] = (3, 3), size: Sequence[int] = (2, 2), c: int = 4, f: int = 2) -> dict[str, Any]:
    return {"scales": np.array([1, 1, *size], np.float32), "w": whole(f, c, *kernel), "b": whole(f, seed=1)}
