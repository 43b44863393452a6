"""The package's networks as ONNX graphs, written node by node: one node of the ONNX operator per layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from unet_complexity import Conv2D, Conv2DTranspose, Network, Step, Tensor

SAME_SHAPE = {
    "ReLU": "Relu",
    "LeakyReLU": "LeakyRelu",
    "Softmax": "Softmax",
    "Dropout": "Identity",
    "linear": "Identity",
    "relu": "Relu",
    "leaky_relu": "LeakyRelu",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "softmax": "Softmax",
    "Add": "Sum",
}


def in_onnx(network: Network) -> Any:
    """An ONNX model, batch 1, channels first, weights 0."""
    nodes, weights = [], []
    for step in network:
        operator, constants, settings = operation(step)
        names = [f"{step.name}/{i}" for i in range(len(constants))]
        weights += [
            numpy_helper.from_array(array, name)
            for array, name in zip(constants, names, strict=True)
        ]
        inputs = [*step.sources, *names]
        if operator == "Resize":
            inputs.insert(1, "")  # no region of interest
        nodes.append(helper.make_node(operator, inputs, [step.name], step.name, **settings))
    ends = shape("input", network.input), shape(network.steps[-1].name, network.output)
    graph = helper.make_graph(nodes, "network", [ends[0]], [ends[1]], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def shape(name: str, x: Tensor) -> Any:
    return helper.make_tensor_value_info(
        name, TensorProto.FLOAT, [1, x.channels, x.height, x.width]
    )


def zeros(*sides: int) -> Any:
    return np.zeros(sides, np.float32)


def operation(step: Step) -> tuple[str, list[Any], dict[str, Any]]:
    """ONNX's operator for one step, its constant inputs and its attributes."""
    layer: Any = step.layer
    x, kind = step.inputs[0], type(layer).__name__
    if isinstance(layer, (Conv2D, Conv2DTranspose)):
        return convolution(layer, x)
    if kind == "BatchNormalization":
        return kind, [zeros(x.channels)] * 4, {}
    if kind == "UpSampling2D":
        mode = {"nearest": "nearest", "bilinear": "linear"}[layer.interpolation]
        return "Resize", [np.array([1, 1, *layer.size], np.float32)], {"mode": mode}
    if kind in ("MaxPooling2D", "AveragePooling2D"):
        pads = padding(layer, x)
        return (
            kind[:-9] + "Pool",
            [],
            {"kernel_shape": layer.pool_size, "strides": layer.strides, "pads": pads},
        )
    if kind == "Concatenate":
        return "Concat", [], {"axis": 1}
    if kind == "DepthToSpace":
        return kind, [], {"blocksize": layer.block_size}
    if kind == "ZeroPadding2D":
        (top, bottom), (left, right) = layer.padding
        return "Pad", [np.array([0, 0, top, left, 0, 0, bottom, right])], {}
    if kind == "Cropping2D":
        (top, _), (left, _) = layer.cropping
        out = step.output
        ends = np.array([top + out.height, left + out.width])
        return "Slice", [np.array([top, left]), ends, np.array([2, 3])], {}
    name = layer.activation if kind == "Activation" else kind
    if name not in SAME_SHAPE:
        raise ValueError(f"no ONNX operator is known here for {layer}")
    return SAME_SHAPE[name], [], {"axis": 1} if SAME_SHAPE[name] == "Softmax" else {}


def padding(layer: Any, x: Tensor) -> list[int]:
    rows, columns = (window.pads for window in layer.windows(x))
    return [rows[0], columns[0], rows[1], columns[1]]


def convolution(
    layer: Conv2D | Conv2DTranspose, x: Tensor
) -> tuple[str, list[Any], dict[str, Any]]:
    bias = [zeros(layer.filters)] * layer.use_bias
    settings: dict[str, Any] = {"kernel_shape": layer.kernel_size, "strides": layer.strides}
    if isinstance(layer, Conv2D):
        settings |= {"dilations": layer.dilation_rate, "group": layer.groups}
        settings["pads"] = padding(layer, x)
        return (
            "Conv",
            [zeros(layer.filters, x.channels // layer.groups, *layer.kernel_size), *bias],
            settings,
        )
    settings["output_shape"] = [layer.output(x).height, layer.output(x).width]
    return "ConvTranspose", [zeros(x.channels, layer.filters, *layer.kernel_size), *bias], settings
