"""Small ONNX models with an upsampling and a convolution, node by node, and three whole networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

NEAREST = {
    "mode": "nearest",
    "coordinate_transformation_mode": "asymmetric",
    "nearest_mode": "floor",
}


def model(
    nodes: Sequence[Any],
    weights: dict[str, Any],
    shape: Sequence[Any] = (1, 4, 5, 6),
    **versions: Any,
) -> Any:
    """x -> y, float32 unless said otherwise."""
    kind = versions.get("kind", TensorProto.FLOAT)
    ends = [
        helper.make_tensor_value_info(name, kind, s)
        for name, s in (("x", shape), ("y", ["a", "b", "c", "d"]))
    ]
    held = [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()]
    ir = versions.get("ir_version", 8)
    given = (
        ends[:1]
        if ir >= 4
        else [
            *ends[:1],
            *(helper.make_tensor_value_info(w.name, w.data_type, w.dims) for w in held),
        ]
    )
    graph = helper.make_graph(nodes, "test", given, ends[1:], held)
    opset = [helper.make_opsetid("", versions.get("opset", 17))]
    return helper.make_model(graph, opset_imports=opset, ir_version=ir, producer_name="tests")


def whole(*shape: int, seed: int = 0, dtype: Any = np.float32) -> Any:
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(dtype)


def resize(region: str = "", **settings: Any) -> Any:
    return helper.make_node(
        "Resize", ["x", region, "scales"], ["u"], "up", **{**NEAREST, **settings}
    )


def conv(source: str = "u", bias: bool = True, **settings: Any) -> Any:
    return helper.make_node("Conv", [source, "w", *["b"] * bias], ["y"], "conv", **settings)


def weights(
    kernel: Sequence[int] = (3, 3), size: Sequence[int] = (2, 2), c: int = 4, f: int = 2
) -> dict[str, Any]:
    return {
        "scales": np.array([1, 1, *size], np.float32),
        "w": whole(f, c, *kernel),
        "b": whole(f, seed=1),
    }


def blocks(plan: Sequence[tuple[int, int]], kernel: int, skips: bool, tail: int) -> Any:
    """An encoder of strided convolutions and a decoder of upsamplings, as the pix2pix generator has them.

    ``plan``: (channels in, filters) of each step down; ``tail``: channels of the output.
    """
    nodes, held, maps = [], {}, ["x"]
    before, after = (kernel - 1) // 2, kernel // 2

    def add(op: str, inputs: list[str], **settings: Any) -> str:
        nodes.append(helper.make_node(op, inputs, [f"v{len(nodes)}"], f"n{len(nodes)}", **settings))
        return f"v{len(nodes) - 1}"

    def convolved(source: str, c: int, f: int, **settings: Any) -> str:
        name = f"w{len(held)}"
        held[name] = (
            np.random.default_rng(len(held)).normal(size=(f, c, kernel, kernel)).astype("f")
            / kernel
            / c**0.5
        )
        return add("Relu", [add("Conv", [source, name], **settings)])

    for c, f in plan:
        maps.append(convolved(maps[-1], c, f, strides=[2, 2], auto_pad="SAME_UPPER"))
    held["scales"], x, c = np.array([1, 1, 2, 2], np.float32), maps.pop(), plan[-1][1]
    for level, (out, _) in enumerate(reversed(plan)):
        last = level == len(plan) - 1
        up = add("Resize", [x, "", "scales"], **NEAREST)
        x, c = (
            convolved(up, c, tail if last else out, pads=[before, before, after, after]),
            tail if last else out,
        )
        if skips and not last:
            x, c = add("Concat", [x, maps.pop()], axis=1), 2 * out
    nodes[-1].output[0] = "y"
    return nodes, held


def pix2pix(side: Any = "n", g: int = 16) -> Any:
    """The asker's network with fewer filters: six steps down and up, 4 x 4 kernels."""
    plan = [(3, g), (g, 2 * g), (2 * g, 4 * g), (4 * g, 8 * g)]
    return model(*blocks(plan, 4, True, 3), shape=(1, 3, side, side))


def classic(side: int = 48) -> Any:
    """A U-Net that upsamples and convolves, 3 x 3, nearest by half pixels, sizes given where PyTorch gives them."""
    nodes, held = blocks([(1, 16), (16, 64)], 3, True, 2)
    ups = [node for node in nodes if node.op_type == "Resize"]
    for level, up in enumerate(ups):
        del up.attribute[:]
        up.attribute.append(helper.make_attribute("mode", "nearest"))
        out = side >> (len(ups) - 1 - level)
        held[f"sizes{level}"] = np.array([1, 64 if level == 0 else 32, out, out])
        up.input[2] = ""
        up.input.append(f"sizes{level}")
    del held["scales"]
    return model(nodes, held, shape=(1, 1, side, side))


def as_pytorch_exports() -> Any:
    """nn.Upsample(scale_factor=2), ZeroPad2d((1, 2, 1, 2)), Conv2d(k=4), as torch.onnx.export writes them.

    Pads are computed by nodes from constants, dims are free, weights shared by two convolutions pass an Identity.
    """
    c = 32
    nodes = [
        helper.make_node("Constant", [], ["k"], value_floats=[1.0, 1.0, 2.0, 2.0]),
        helper.make_node("Resize", ["x", "", "k"], ["u"], "/up/Resize", **NEAREST),
        helper.make_node("Constant", [], ["order"], value_ints=[1, 2, 1, 2]),
        helper.make_node("Constant", [], ["four"], value_ints=[4]),
        helper.make_node(
            "ConstantOfShape", ["four"], ["none"], value=numpy_helper.from_array(np.array([0]))
        ),
        helper.make_node("Concat", ["order", "none"], ["flat"], axis=0),
        helper.make_node("Constant", [], ["pairs"], value_ints=[-1, 2]),
        helper.make_node("Reshape", ["flat", "pairs"], ["table"]),
        *(
            helper.make_node("Constant", [], [name], value_ints=[value])
            for name, value in (
                ("start", -1),
                ("end", -(2**31)),
                ("axis", 0),
                ("step", -1),
                ("all", -1),
            )
        ),
        helper.make_node("Slice", ["table", "start", "end", "axis", "step"], ["turned"]),
        helper.make_node("Transpose", ["turned"], ["columns"], perm=[1, 0]),
        helper.make_node("Reshape", ["columns", "all"], ["row"]),
        helper.make_node("Cast", ["row"], ["pads"], to=TensorProto.INT64),
        helper.make_node("Pad", ["u", "pads"], ["p"], "/pad/Pad", mode="constant"),
        helper.make_node("Identity", ["w"], ["same"]),
        helper.make_node("Conv", ["p", "same"], ["v"], "/conv/Conv"),
        helper.make_node("Conv", ["v", "w"], ["y"], "/after/Conv", pads=[2, 2, 1, 1]),
    ]
    return model(nodes, {"w": whole(c, c, 4, 4)}, shape=("batch", c, "height", "width"))
