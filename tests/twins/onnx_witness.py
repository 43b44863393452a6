"""The second counter: ONNX Runtime runs a model and shows every shape, and the dense MACs follow from these alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnxruntime
from onnx import ModelProto, ValueInfoProto, helper

DTYPES = {
    "tensor(float)": "float32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
    "tensor(float16)": "float16",
}


def shapes(model: ModelProto, side: int = 32) -> dict[str, tuple[int, ...]]:
    """The shape of every edge when the model runs: free sizes are ``side``, the batch 1."""
    opened = ModelProto()
    opened.CopyFrom(model)
    named = {tensor.name for tensor in opened.graph.output}
    edges = [name for node in opened.graph.node for name in node.output if name]
    opened.graph.output.extend(ValueInfoProto(name=name) for name in edges if name not in named)
    session = onnxruntime.InferenceSession(
        opened.SerializeToString(), options(), providers=["CPUExecutionProvider"]
    )
    given = {x.name: random(x, side) for x in session.get_inputs()}
    found = session.run(None, given)
    return {
        x.name: np.shape(array) for x, array in zip(session.get_outputs(), found, strict=True)
    } | {name: np.shape(array) for name, array in given.items()}


def options() -> Any:
    """Nothing is rewritten, one thread, and only errors are said."""
    chosen = onnxruntime.SessionOptions()
    chosen.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    chosen.intra_op_num_threads, chosen.log_severity_level = 1, 3
    return chosen


def random(x: Any, side: int) -> Any:
    sizes = [size if isinstance(size, int) else side if i else 1 for i, size in enumerate(x.shape)]
    return np.random.default_rng(0).uniform(0.5, 1, sizes).astype(DTYPES[x.type])


def macs(model: ModelProto, found: dict[str, tuple[int, ...]]) -> int:
    """Dense MACs of the convolutions and matrix products, from the shapes that came out."""
    found = found | {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    return sum(
        COUNTS[node.op_type](node, found) for node in model.graph.node if node.op_type in COUNTS
    )


def _conv(node: Any, found: dict[str, tuple[int, ...]]) -> int:
    return math.prod(found[node.output[0]]) * math.prod(found[node.input[1]][1:])


def _transposed(node: Any, found: dict[str, tuple[int, ...]]) -> int:
    return math.prod(found[node.input[0]]) * math.prod(found[node.input[1]][1:])


def _product(node: Any, found: dict[str, tuple[int, ...]]) -> int:
    return math.prod(found[node.output[0]]) * found[node.input[0]][-1]


COUNTS = {"Conv": _conv, "ConvTranspose": _transposed, "MatMul": _product, "Gemm": _product}


def stored_floats(model: ModelProto) -> int:
    """Elements of all stored arrays of floating-point numbers that have an axis."""
    arrays = (tensor for tensor in model.graph.initializer if tensor.data_type == 1 and tensor.dims)
    return sum(math.prod(tensor.dims) for tensor in arrays)


def one(
    kind: str, *inputs: Any, opset: int = 21, outputs: int = 1, domain: str = "", **attributes: Any
) -> ModelProto:
    """A model of one node: a tuple is the shape of a map that is given, an array is stored, None left out."""
    from onnx import TensorProto, numpy_helper

    given, stored, names = [], [], []
    for i, value in enumerate(inputs):
        name = f"in{i}" if value is not None else ""
        names.append(name)
        if isinstance(value, tuple):
            given.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, value))
        elif value is not None:
            stored.append(numpy_helper.from_array(np.asarray(value), name))
    ends = [f"out{i}" for i in range(outputs)]
    node = helper.make_node(kind, names, ends, "node", domain=domain, **attributes)
    graph = helper.make_graph(
        [node], "one", given, [ValueInfoProto(name=end) for end in ends], stored
    )
    imports = [helper.make_opsetid("", opset)] + [helper.make_opsetid(domain, 1)] * bool(domain)
    return helper.make_model(graph, opset_imports=imports, ir_version=8)
