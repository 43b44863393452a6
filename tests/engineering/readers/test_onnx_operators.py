"""Each operator by itself: ONNX Runtime must find the shape that the reader computes, and the counts are said here."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.twins.onnx_witness import one, shapes
from unet_complexity.engineering import from_onnx

X = (1, 4, 8, 6)
SIZE = 4 * 8 * 6
SEQ = (1, 5, 4)


def f(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).uniform(1, 2, shape).astype("float32")


def i(*values: int) -> np.ndarray:
    return np.array(values, "int64")


def scalar(value: float) -> np.ndarray:
    return np.array(value, "float32")


# operator, its inputs, its attributes; then MACs, params, elementwise operations
CASES = [
    ("Conv", [X, f(6, 4, 3, 3), f(6)], {}, 6 * 6 * 4 * 36, 6 * 37, 6 * 6 * 4),
    (
        "Conv",
        [X, f(6, 4, 3, 3)],
        {"pads": [1, 0, 2, 1], "strides": [2, 1]},
        5 * 5 * 6 * 36,
        6 * 36,
        0,
    ),
    (
        "Conv",
        [X, f(6, 2, 3, 3)],
        {"group": 2, "auto_pad": "SAME_LOWER", "strides": [3, 2]},
        3 * 3 * 6 * 18,
        108,
        0,
    ),
    ("Conv", [X, f(8, 1, 3, 3), f(8)], {"group": 4, "pads": [1] * 4}, 8 * 6 * 8 * 9, 80, 8 * 6 * 8),
    ("Conv", [X, f(2, 4, 3, 2)], {"dilations": [2, 3]}, 4 * 3 * 2 * 24, 48, 0),
    ("Conv", [(1, 4, 9), f(6, 4, 3)], {"strides": [2]}, 4 * 6 * 12, 72, 0),
    (
        "ConvTranspose",
        [X, f(4, 6, 2, 2), f(6)],
        {"strides": [2, 2]},
        SIZE * 24,
        6 * 17,
        16 * 12 * 6,
    ),
    (
        "ConvTranspose",
        [X, f(4, 3, 3, 3)],
        {"strides": [2, 2], "pads": [1] * 4, "output_padding": [1, 1]},
        SIZE * 27,
        108,
        0,
    ),
    (
        "ConvTranspose",
        [X, f(4, 3, 3, 3)],
        {"strides": [2, 2], "output_shape": [16, 12]},
        SIZE * 27,
        108,
        0,
    ),
    (
        "ConvTranspose",
        [X, f(4, 3, 3, 3)],
        {"strides": [2, 2], "auto_pad": "SAME_UPPER"},
        SIZE * 27,
        108,
        0,
    ),
    ("ConvTranspose", [X, f(4, 3, 3, 3)], {"group": 2, "dilations": [2, 2]}, SIZE * 27, 108, 0),
    ("ConvTranspose", [(1, 4, 9), f(4, 3, 4)], {"strides": [2], "pads": [1, 1]}, 36 * 12, 48, 0),
    ("MaxPool", [X], {"kernel_shape": [2, 2], "strides": [2, 2]}, 0, 0, 48 * 3),
    (
        "MaxPool",
        [X],
        {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
        0,
        0,
        4 * (11 * 8 - 12),
    ),
    ("MaxPool", [X], {"kernel_shape": [3, 3], "pads": [1] * 4}, 0, 0, 4 * (22 * 16 - 48)),
    ("AveragePool", [X], {"kernel_shape": [2, 2], "strides": [2, 2]}, 0, 0, SIZE),
    ("AveragePool", [(1, 4, 9)], {"kernel_shape": [3], "strides": [3]}, 0, 0, 36),
    ("GlobalAveragePool", [X], {}, 0, 0, SIZE),
    ("GlobalMaxPool", [X], {}, 0, 0, SIZE - 4),
    ("Resize", [X, None, f(0), i(1, 4, 16, 18)], {"mode": "nearest"}, 0, 0, 0),
    (
        "Resize",
        [X, None, np.array([1, 1, 1.5, 0.6], "float32")],
        {"mode": "linear"},
        0,
        0,
        7 * 4 * 12 * 3,
    ),
    (
        "Resize",
        [X, None, np.array([2, 2], "float32")],
        {"mode": "cubic", "axes": [2, 3]},
        0,
        0,
        31 * 4 * SIZE,
    ),
    ("Gemm", [(1, 8), f(8, 5), f(5)], {}, 40, 45, 5),
    ("Gemm", [f(1, 3), (1, 5)], {"transA": 1}, 15, 3, 0),
    ("Gemm", [(1, 8), (1, 8)], {"transB": 1}, 8, 0, 0),
    ("MatMul", [SEQ, f(4, 7)], {}, 5 * 28, 28, 0),
    ("MatMul", [f(7, 5), SEQ], {}, 7 * 20, 35, 0),
    ("MatMul", [(1, 2, 5, 4), (1, 2, 4, 3)], {}, 2 * 60, 0, 0),
    ("MatMul", [(1, 2, 5, 4), (4, 3)], {}, 2 * 60, 0, 0),
    ("MatMul", [(4,), (1, 4, 3)], {}, 12, 0, 0),
    ("Einsum", [(1, 5, 2, 4), (1, 6, 2, 4)], {"equation": "bqhc,bkhc->bhqk"}, 2 * 5 * 6 * 4, 0, 0),
    ("Einsum", [SEQ, f(4, 7)], {"equation": "btc,cf->btf"}, 140, 28, 0),
    ("BatchNormalization", [X, f(4), f(4), f(4), f(4)], {}, 0, 16, 2 * SIZE),
    ("InstanceNormalization", [X, f(4), f(4)], {}, 0, 8, 7 * SIZE + 8),
    (
        "InstanceNormalization",  # ones and zeros alone do not say that they are the exporter's own
        [(1, 4, 9), np.ones(4, "float32"), np.zeros(4, "float32")],
        {},
        0,
        8,
        7 * 36 + 8,
    ),
    ("GroupNormalization", [X, f(4), f(4)], {"num_groups": 2}, 0, 8, 7 * SIZE + 4),
    ("LayerNormalization", [SEQ, f(4), f(4)], {}, 0, 8, 7 * 20 + 10),
    ("LayerNormalization", [X, f(8, 6)], {"axis": 2}, 0, 48, 6 * SIZE + 8),
    ("RMSNormalization", [SEQ, f(4)], {}, 0, 4, 4 * 20 + 10),
    ("Softmax", [X], {"axis": 1}, 0, 0, 5 * SIZE - 2 * 48),
    ("LogSoftmax", [SEQ], {}, 0, 0, 5 * 20 - 10),
    ("Relu", [X], {}, 0, 0, SIZE),
    ("LeakyRelu", [X], {"alpha": 0.2}, 0, 0, 2 * SIZE),
    ("Elu", [X], {}, 0, 0, 4 * SIZE),
    ("PRelu", [X, f(4, 1, 1)], {}, 0, 4, 2 * SIZE),
    ("Clip", [X, scalar(0), scalar(6)], {}, 0, 0, 2 * SIZE),
    ("Clip", [X, scalar(0)], {}, 0, 0, SIZE),
    ("Cast", [X], {"to": 10}, 0, 0, 0),
    ("CastLike", [X, i(1)], {}, 0, 0, 0),
    ("Add", [X, X], {}, 0, 0, SIZE),
    ("Add", [X, f(4, 1, 1)], {}, 0, 4, SIZE),
    ("Add", [f(8, 6), (1, 4, 1, 1)], {}, 0, 48, SIZE),
    ("Mul", [X, (1, 1, 8, 6)], {}, 0, 0, SIZE),
    ("Mul", [X, scalar(0.5)], {}, 0, 0, SIZE),
    ("Mul", [(1, 3, 2, 5, 5), (1, 3, 1, 5, 5)], {}, 0, 0, 150),
    ("Sub", [X, X], {}, 0, 0, SIZE),
    ("Div", [scalar(1), X], {}, 0, 0, SIZE),
    ("Max", [X, X, X], {}, 0, 0, 2 * SIZE),
    ("Min", [X, f(1, 4, 1, 1)], {}, 0, 4, SIZE),
    ("Sum", [X, X, X], {}, 0, 0, 2 * SIZE),
    ("Mean", [X, X, X], {}, 0, 0, 3 * SIZE),
    ("Pow", [X, scalar(2)], {}, 0, 0, SIZE),
    ("Pow", [X, X], {}, 0, 0, SIZE),
    ("Where", [np.array([True]), X, X], {}, 0, 0, SIZE),
    ("Mod", [X, X], {"fmod": 1}, 0, 0, SIZE),
    ("QuantizeLinear", [X, scalar(1), np.array(0, "int8")], {}, 0, 0, 5 * SIZE),
    ("GatherElements", [X, np.zeros((1, 4, 2, 6), "int64")], {"axis": 2}, 0, 0, 0),
    ("GatherND", [X, np.zeros((1, 3, 2), "int64")], {}, 0, 0, 0),
    ("ScatterElements", [X, np.zeros((1, 1, 1, 1), "int64"), (1, 1, 1, 1)], {}, 0, 0, 0),
    ("ScatterND", [X, np.zeros((1, 2), "int64"), (1, 8, 6)], {}, 0, 0, 0),
    ("Trilu", [X], {}, 0, 0, 0),
    ("CenterCropPad", [X, i(4, 8)], {"axes": [2, 3]}, 0, 0, 0),
    ("ReverseSequence", [X, i(1, 1, 1, 1)], {"batch_axis": 1, "time_axis": 0}, 0, 0, 0),
    ("Transpose", [X], {"perm": [0, 2, 3, 1]}, 0, 0, 0),
    ("Concat", [X, X], {"axis": 1}, 0, 0, 0),
    ("Concat", [X, (1, 4, 3, 6)], {"axis": -2}, 0, 0, 0),
    ("Split", [X], {"axis": 1, "num_outputs": 2}, 0, 0, 0),
    ("Slice", [X, i(1, -3), i(2**40, -1), i(2, 3), i(2, 1)], {}, 0, 0, 0),
    ("Slice", [X, i(-1), i(-(2**40)), i(1), i(-1)], {}, 0, 0, 0),
    ("Gather", [X, np.array(1)], {"axis": 1}, 0, 0, 0),
    ("Gather", [X, i(0, 2, 3)], {"axis": 2}, 0, 0, 0),
    ("Expand", [(1, 4, 1, 1), i(8, 6)], {}, 0, 0, 0),
    ("Tile", [X, i(1, 2, 3, 1)], {}, 0, 0, 0),
    ("Pad", [X, i(0, 0, 1, 2, 0, 0, 3, 0)], {"mode": "reflect"}, 0, 0, 0),
    ("Pad", [X, i(1, -2, 0, -1), None, i(2, 3)], {}, 0, 0, 0),
    ("Pad", [X, i(0, 2, 0, 0, 0, 2, 0, 0)], {}, 0, 0, 0),
    ("Pad", [X, i(0, 0, 1, 0, 0, 0, -1, 0)], {}, 0, 0, 0),
    ("DepthToSpace", [X], {"blocksize": 2, "mode": "DCR"}, 0, 0, 0),
    ("SpaceToDepth", [X], {"blocksize": 2}, 0, 0, 0),
    ("ReduceMean", [X, i(2, 3)], {}, 0, 0, SIZE),
    ("ReduceMean", [X, i(1)], {"keepdims": 0}, 0, 0, SIZE),
    ("ReduceMax", [X, i(-1)], {}, 0, 0, SIZE - 32),
    ("ReduceMin", [X], {}, 0, 0, SIZE - 1),
    ("ReduceSum", [X, i(0, 2)], {}, 0, 0, SIZE - 24),
    ("ReduceProd", [X, i(3)], {}, 0, 0, SIZE - 32),
    ("ReduceL1", [X, i(1)], {}, 0, 0, 2 * SIZE - 48),
    ("ReduceL2", [X, i(1)], {}, 0, 0, 2 * SIZE),
    ("ReduceSumSquare", [X, i(1)], {}, 0, 0, 2 * SIZE - 48),
    ("ReduceLogSum", [X, i(1)], {}, 0, 0, SIZE),
    ("ReduceLogSumExp", [X, i(1)], {}, 0, 0, 2 * SIZE),
    ("ArgMax", [X], {"axis": 1}, 0, 0, SIZE - 48),
    ("ArgMin", [X], {"axis": 3, "keepdims": 0}, 0, 0, SIZE - 32),
    *(
        (kind, [X], {}, 0, 0, SIZE)
        for kind in "Abs Ceil Cos Erf Exp Floor Log Neg Reciprocal".split()
    ),
    *((kind, [X], {}, 0, 0, SIZE) for kind in "Round Sigmoid Sign Sin Sqrt Tanh".split()),
    *((kind, [X], {}, 0, 0, 3 * SIZE) for kind in ("Softplus", "Softsign")),
    *((kind, [X], {}, 0, 0, 5 * SIZE) for kind in ("Gelu", "HardSwish", "Mish", "Selu")),
    ("Swish", [X], {}, 0, 0, 2 * SIZE),
    ("HardSigmoid", [X], {}, 0, 0, 4 * SIZE),
    *(
        (kind, [X, X], {}, 0, 0, SIZE)
        for kind in "Equal Greater GreaterOrEqual Less LessOrEqual".split()
    ),
]
NEWER = {"RMSNormalization": 23, "Swish": 24}


@pytest.mark.parametrize(("kind", "inputs", "more", "macs", "params", "elementwise"), CASES,
                         ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)])  # fmt: skip
def test_one_operator(kind, inputs, more, macs, params, elementwise):
    model = one(
        kind, *inputs, opset=NEWER.get(kind, 21), outputs=more.get("num_outputs", 1), **more
    )
    found = shapes(model)
    network = from_onnx(model)
    total = network.total()
    assert (total.macs, total.params, total.elementwise) == (macs, params, elementwise)
    ends = [step.output.size for step in network if step.name in network.outputs]
    assert ends == [math.prod(found[f"out{n}"]) for n in range(more.get("num_outputs", 1))]
    assert network.steps[0].name in ("node", "node/view")
