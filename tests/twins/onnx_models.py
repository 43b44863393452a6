"""Networks as exporters write them, each built by hand from ONNX's operators, at a fixed side or at a free one.

Weights are random, so that no two are equal, and of the size that the network has; nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper, shape_inference

Side = int | str | None
BATCH = "batch"


class Graph:
    """Nodes one after the other; each method gives the name of what its last node writes."""

    def __init__(self, opset: int = 17) -> None:
        self.opset = opset
        self.nodes: list[Any] = []
        self.stored: list[Any] = []
        self.random = np.random.default_rng(0)
        self.path = ""

    def op(
        self, kind: str, *inputs: str, outputs: int = 1, name: str = "", **attributes: Any
    ) -> str:
        """A node; the name of its first output, the others end in _1, _2."""
        names = [f"{kind}{len(self.nodes)}" + (f"_{i}" if i else "") for i in range(outputs)]
        title = f"/{self.path}{name or names[0]}"
        self.nodes.append(helper.make_node(kind, list(inputs), names, title, **attributes))
        return names[0]

    def weight(self, *shape: int) -> str:
        """A stored array of random numbers."""
        return self.array(self.random.normal(size=shape).astype("float32"))

    def array(self, value: Any) -> str:
        """A stored array."""
        name = f"stored{len(self.stored)}"
        self.stored.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def number(self, value: float) -> str:
        """A number that is written into a node."""
        return self.op("Constant", value=numpy_helper.from_array(np.asarray(value, "float32")))

    def ints(self, *values: int) -> str:
        """Whole numbers that are written into a node."""
        return self.op("Constant", value=numpy_helper.from_array(np.asarray(values, "int64")))

    def conv(self, x: str, c: int, f: int, k: int = 3, bias: bool = True, **attributes: Any) -> str:
        """A convolution, by default one that keeps the sides, padded as PyTorch writes it."""
        group = attributes.get("group", 1)
        attributes.setdefault("pads", [k // 2] * 4)
        weights = [self.weight(f, c // group, k, k), *([self.weight(f)] if bias else [])]
        return self.op("Conv", x, *weights, **attributes)

    def batch_norm(self, x: str, c: int) -> str:
        """With a positive variance."""
        weights = [self.weight(c) for _ in range(3)] + [
            self.array(self.random.uniform(1, 2, c).astype("float32"))
        ]
        return self.op("BatchNormalization", x, *weights)

    def group_norm(self, x: str, c: int, groups: int) -> str:
        """As PyTorch writes it: an instance normalisation without weights, seen as groups, then scale and shift."""
        seen = self.op("Reshape", x, self.ints(0, groups, -1))
        ones, zeros = (
            self.op("Constant", value=numpy_helper.from_array(np.full(groups, v, "float32")))
            for v in (1, 0)
        )
        back = self.op(
            "Reshape", self.op("InstanceNormalization", seen, ones, zeros), self.op("Shape", x)
        )
        return self.op("Add", self.op("Mul", back, self.weight(c, 1, 1)), self.weight(c, 1, 1))

    def silu(self, x: str) -> str:
        """x sigmoid(x)."""
        return self.op("Mul", x, self.op("Sigmoid", x))

    def up(self, x: str, mode: str = "nearest", scale: float = 2.0) -> str:
        """nn.Upsample(scale_factor=2)."""
        scales = self.op(
            "Constant", value=numpy_helper.from_array(np.array([1, 1, scale, scale], "float32"))
        )
        return self.op(
            "Resize", x, "", scales, mode=mode, coordinate_transformation_mode="asymmetric"
        )

    def side(self, x: str, axis: int) -> str:
        """x.shape[axis], as a list of one."""
        index = self.op("Constant", value=numpy_helper.from_array(np.array(axis)))
        return self.op("Unsqueeze", self.op("Gather", self.op("Shape", x), index), self.ints(0))

    def like(self, x: str, other: str, mode: str = "linear") -> str:
        """F.interpolate(x, size=other.shape[2:])."""
        first = self.op("Slice", self.op("Shape", x), self.ints(0), self.ints(2), self.ints(0))
        sides = self.op("Concat", self.side(other, 2), self.side(other, 3), axis=0)
        sizes = self.op("Concat", first, self.op("Cast", sides, to=TensorProto.INT64), axis=0)
        return self.op(
            "Resize", x, "", "", sizes, mode=mode, coordinate_transformation_mode="half_pixel"
        )

    def model(self, name: str, inputs: dict[str, Sequence[Side]], *outputs: str) -> ModelProto:
        """With the shapes that ONNX itself infers, and checked by ONNX itself."""
        given = [
            helper.make_tensor_value_info(x, TensorProto.FLOAT, shape)
            for x, shape in inputs.items()
        ]
        ends = [helper.make_empty_tensor_value_info(x) for x in outputs]
        for end in ends:
            end.type.tensor_type.elem_type = TensorProto.FLOAT
        graph = helper.make_graph(self.nodes, name, given, ends, self.stored)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8
        )
        model = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        checker.check_model(model)
        return model


def image(side: Side, channels: int = 3) -> list[Side]:
    """One image; where the side is free, the batch is too."""
    return (
        [1, channels, side, side] if isinstance(side, int) else [BATCH, channels, "height", "width"]
    )


def pix2pix(side: Side, g: int = 8) -> ModelProto:
    """The network of the question, its windows padded as Keras pads them."""
    net, skips, x, c = Graph(), [], "x", 3
    for i, f in enumerate((g, 2 * g, 4 * g, 8 * g, 8 * g, 8 * g, 8 * g)):
        net.path = f"d{i + 1}/"
        x = net.conv(x, c, f, 4, pads=None, auto_pad="SAME_UPPER", strides=[2, 2])
        x = net.op("LeakyRelu", x, alpha=0.2)
        x, c = (net.batch_norm(x, f) if skips else x), f
        skips.append((x, f))
    skips.pop()
    for i, f in enumerate((8 * g, 8 * g, 8 * g, 4 * g, 2 * g, g)):
        net.path = f"u{i + 1}/"
        x = net.op("Relu", net.conv(net.up(x), c, f, 4, pads=[1, 1, 2, 2]))
        skip, more = skips.pop()
        x, c = net.op("Concat", net.batch_norm(x, f), skip, axis=1), f + more
    net.path = "out/"
    x = net.op("Tanh", net.conv(net.up(x), c, 3, 4, pads=[1, 1, 2, 2]))
    return net.model("pix2pix", {"x": image(side)}, x)


def classic(side: Side, g: int = 4, depth: int = 3) -> ModelProto:
    """The classic U-Net with transposed convolutions, and PyTorch's padding of odd sides, which comes to nothing."""
    net, skips, x, c = Graph(), [], "x", 1

    def twice(x: str, c: int, f: int) -> str:
        x = net.op("Relu", net.conv(x, c, f))
        return net.op("Relu", net.conv(x, f, f))

    for l in range(depth):
        x, c = twice(x, c, g * 2**l), g * 2**l
        skips.append(x)
        x = net.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x, c = twice(x, c, 2 * c), 2 * c
    for _ in range(depth):
        x, skip = (
            net.op(
                "ConvTranspose", x, net.weight(c, c // 2, 2, 2), net.weight(c // 2), strides=[2, 2]
            ),
            skips.pop(),
        )
        missing = [net.op("Sub", net.side(skip, axis), net.side(x, axis)) for axis in (2, 3)]
        before = [net.op("Div", one, net.ints(2)) for one in missing]
        after = [net.op("Sub", one, half) for one, half in zip(missing, before, strict=True)]
        zeros = net.op("ConstantOfShape", net.ints(2), value=numpy_helper.from_array(np.array([0])))
        x = net.op("Pad", x, net.op("Concat", zeros, *before, zeros, *after, axis=0))
        x = twice(net.op("Concat", skip, x, axis=1), c, c // 2)
        c //= 2
    return net.model("classic", {"x": image(side, 1)}, net.conv(x, c, 2, 1))


def diffusion(side: Side) -> ModelProto:
    """Group normalisation, a time step, self-attention at the bottom whose tokens are counted while it runs."""
    net, c, heads = Graph(), 16, 2
    time = net.silu(net.op("Gemm", "t", net.weight(32, 8), net.weight(32), transB=1))

    def block(x: str, c: int, f: int) -> str:
        out = net.conv(net.silu(net.group_norm(x, c, 4)), c, f)
        shift = net.op("Gemm", time, net.weight(f, 32), net.weight(f), transB=1)
        out = net.op(
            "Add", out, net.op("Unsqueeze", net.op("Unsqueeze", shift, net.ints(2)), net.ints(3))
        )
        out = net.conv(net.silu(net.group_norm(out, f, 4)), f, f)
        return net.op("Add", out, x if c == f else net.conv(x, c, f, 1))

    first = net.conv("x", 3, c)
    high = block(first, c, c)
    low = block(net.conv(high, c, 2 * c, 3, strides=[2, 2]), 2 * c, 2 * c)
    qkv = net.conv(net.group_norm(low, 2 * c, 4), 2 * c, 6 * c, 1)
    tokens = net.op("Mul", net.side(low, 2), net.side(low, 3))
    shape = net.op("Concat", net.side(low, 0), net.ints(3, heads, 2 * c // heads), tokens, axis=0)
    parts = net.op("Split", net.op("Reshape", qkv, shape), net.ints(1, 1, 1), outputs=3, axis=1)
    q, k, v = (net.op("Squeeze", parts + end, net.ints(1)) for end in ("", "_1", "_2"))
    scores = net.op("MatMul", net.op("Transpose", q, perm=[0, 1, 3, 2]), k)
    weights = net.op("Softmax", net.op("Mul", scores, net.number(0.25)), axis=-1)
    seen = net.op("MatMul", weights, net.op("Transpose", v, perm=[0, 1, 3, 2]))
    back = net.op("Reshape", net.op("Transpose", seen, perm=[0, 1, 3, 2]), net.op("Shape", low))
    low = net.op("Add", low, net.conv(back, 2 * c, 2 * c, 1))
    x = block(
        net.op("Concat", net.conv(net.like(low, high, "nearest"), 2 * c, c), high, axis=1), 2 * c, c
    )
    x = net.conv(net.silu(net.group_norm(x, c, 4)), c, 3)
    time_shape = [1 if isinstance(side, int) else BATCH, 8]
    return net.model("diffusion", {"x": image(side), "t": time_shape}, x)


def attention_gated(side: Side, g: int = 8) -> ModelProto:
    """One gate of an attention U-Net (Oktay et al. 2018): a map of one channel weighs the skip."""
    net = Graph()
    skip = net.op("Relu", net.conv("x", 3, g))
    low = net.op(
        "Relu", net.conv(net.op("AveragePool", skip, kernel_shape=[2, 2], strides=[2, 2]), g, 2 * g)
    )
    gate = net.op(
        "Add", net.conv(skip, g, g, 1, strides=[2, 2], bias=False), net.conv(low, 2 * g, g, 1)
    )
    weight = net.op("Sigmoid", net.conv(net.op("Relu", gate), g, 1, 1))
    kept = net.op("Mul", net.up(weight, "linear"), skip)
    x = net.op("Concat", kept, net.up(low, "linear"), axis=1)
    return net.model("gated", {"x": image(side)}, net.op("Softmax", net.conv(x, 3 * g, 4), axis=1))


def resnet(side: Side, g: int = 8) -> ModelProto:
    """PyTorch's ResNet in small: explicit pads of 3 and 1 on even sides, a head that no side disturbs."""
    net = Graph()
    x = net.op("Relu", net.conv("x", 3, g, 7, strides=[2, 2], pads=[3] * 4))
    x, c = net.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4), g
    for i, f in enumerate((g, 2 * g, 4 * g)):
        net.path, stride = f"layer{i + 1}/", [1, 1] if i == 0 else [2, 2]
        out = net.op("Relu", net.conv(x, c, f, 1))
        out = net.op("Relu", net.conv(out, f, f, 3, strides=stride))
        out = net.conv(out, f, 4 * f, 1)
        x, c = net.op("Relu", net.op("Add", out, net.conv(x, c, 4 * f, 1, strides=stride))), 4 * f
    x = net.op("Flatten", net.op("GlobalAveragePool", x))
    return net.model(
        "resnet", {"x": image(side)}, net.op("Gemm", x, net.weight(10, c), net.weight(10), transB=1)
    )


def super_resolution(side: Side, c: int = 8) -> ModelProto:
    """Convolutions on the small image, then channels to pixels."""
    net = Graph()
    x = first = net.op("PRelu", net.conv("x", 3, c, 5), net.weight(c, 1, 1))
    for _ in range(2):
        x = net.op(
            "Add", net.conv(net.op("PRelu", net.conv(x, c, c), net.weight(c, 1, 1)), c, c), x
        )
    x = net.op("DepthToSpace", net.conv(net.op("Add", x, first), c, 9 * c), blocksize=3, mode="CRD")
    return net.model("super_resolution", {"x": image(side)}, net.conv(x, c, 3))


def mobile(side: Side, c: int = 8) -> ModelProto:
    """MobileNetV3's blocks: expand, depthwise, squeeze and excite, project; ReLU6 as a Clip."""
    net = Graph()
    x = net.op("HardSwish", net.conv("x", 3, c, 3, strides=[2, 2]))
    for stride in (1, 2):
        out = net.op("Clip", net.conv(x, c, 4 * c, 1), net.number(0), net.number(6))
        out = net.conv(out, 4 * c, 4 * c, 5, group=4 * c, strides=[stride] * 2)
        small = net.op("Relu", net.conv(net.op("ReduceMean", out, axes=[2, 3]), 4 * c, c, 1))
        out = net.op("Mul", out, net.op("HardSigmoid", net.conv(small, c, 4 * c, 1)))
        out = net.conv(out, 4 * c, c, 1)
        x = net.op("Add", out, x) if stride == 1 else out
    return net.model("mobile", {"x": image(side)}, net.op("HardSwish", x))


def channels_last(side: Side, c: int = 8) -> ModelProto:
    """As tf2onnx writes Keras: the image comes channels last and is transposed for each convolution, and back."""
    net = Graph(13)
    first, last = [0, 3, 1, 2], [0, 2, 3, 1]
    x = net.op(
        "Transpose",
        net.conv(
            net.op("Transpose", "x", perm=first),
            3,
            c,
            3,
            strides=[2, 2],
            auto_pad="SAME_UPPER",
            pads=None,
        ),
        perm=last,
    )
    x = net.op("Relu", net.op("Add", x, net.weight(c)))
    tokens = net.op("Add", net.op("MatMul", x, net.weight(c, 2 * c)), net.weight(2 * c))
    pooled = net.op("ReduceMean", tokens, axes=[1, 2], keepdims=1)
    x = net.op("Mul", tokens, net.op("Sigmoid", net.op("MatMul", pooled, net.weight(2 * c, 2 * c))))
    x = net.up(net.op("Transpose", x, perm=first), "nearest")
    x = net.op("Transpose", net.conv(x, 2 * c, 3), perm=last)
    shape = [1, side, side, 3] if isinstance(side, int) else [None, None, None, 3]
    return net.model("channels_last", {"x": shape}, x)


def dilated(side: Side, c: int = 8) -> ModelProto:
    """DeepLab's head: dilations side by side, the mean of the image beside them, resized to the image's sides."""
    net = Graph(13)
    x = net.op("Relu", net.conv("x", 3, c, 3, strides=[2, 2]))
    ways = [net.conv(x, c, c, 3, dilations=[rate] * 2, pads=[rate] * 4) for rate in (1, 2, 3)]
    mean = net.op("Relu", net.conv(net.op("GlobalAveragePool", x), c, c, 1))
    ways.append(net.like(mean, x))
    x = net.conv(net.op("Concat", *ways, axis=1), 4 * c, 5, 1)
    return net.model("dilated", {"x": image(side)}, net.like(x, "x"))


MODELS: dict[str, Callable[[Side], ModelProto]] = {
    "pix2pix": pix2pix,
    "classic": classic,
    "diffusion": diffusion,
    "attention_gated": attention_gated,
    "resnet": resnet,
    "super_resolution": super_resolution,
    "mobile": mobile,
    "channels_last": channels_last,
    "dilated": dilated,
}
SIDES = {"pix2pix": 128}
SIDE = 32
