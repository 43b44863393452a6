"""Random ONNX graphs, and what is wrong with how they are read: shapes and MACs against ONNX Runtime, at three sides.

    python -m tests.twins.onnx_random --seeds 0 1000

Every graph follows from its seed.  Each is read at numbers and, if its shapes follow formulas, by formula; where the
formula says that it does not hold, nothing is compared.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import onnxruntime
from onnx import ModelProto, TensorProto, helper

from tests.twins.onnx_models import Graph
from tests.twins.onnx_witness import macs, shapes
from unet_complexity import Network
from unet_complexity.engineering import from_onnx
from unet_complexity.symbols import N, as_expr

SIDES = (
    16,
    24,
    29,
    31,
    32,
    37,
    48,
    53,
    64,
)  # no formula is fitted at one of them but 64; some are primes
LARGEST = 2**22  # elements of a map that is run; attention may have more


class RandomGraph(Graph):
    """A chain of random steps with skips; ``skips`` are maps of four axes and their channels."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        super().__init__(self.rng.choice([13, 17, 18, 21]))
        self.skips: list[tuple[str, int]] = []
        self.x, self.c = "x", 3
        for _ in range(self.rng.randint(1, 7)):
            self.rng.choice(STEPS)(self)
            self.skips += [(self.x, self.c)] * self.rng.randint(0, 1)
        self.x = self.op("Relu", self.x)

    def put(self, kind: str, *inputs: str, **attributes: Any) -> None:
        """A node on the last map, which it replaces."""
        self.x = self.op(kind, self.x, *inputs, **attributes)

    def of(self, *values: Any) -> Any:
        """One of the values."""
        return self.rng.choice(values)

    def positive(self, *shape: int) -> str:
        """A stored array without zeros."""
        return self.array(self.random.uniform(0.5, 1, shape).astype("float32"))

    def over(self, kind: str, axes: list[int]) -> str:
        """A reduction, its axes as an attribute or an input."""
        if self.opset >= (13 if kind == "ReduceSum" else 18):
            return self.op(kind, self.x, self.ints(*axes), keepdims=1)
        return self.op(kind, self.x, axes=axes, keepdims=1)

    def free(self) -> ModelProto:
        """The model with rows and columns free."""
        given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, "h", "w"])]
        ends = [helper.make_tensor_value_info(self.x, TensorProto.FLOAT, None)]
        graph = helper.make_graph(self.nodes, "random", given, ends, self.stored)
        opset = [helper.make_opsetid("", self.opset)]
        return helper.make_model(graph, opset_imports=opset, ir_version=8)


def convolution(g: RandomGraph) -> None:
    k, strides, groups, f = (
        g.of(1, 2, 3, 4, 5),
        [g.of(1, 1, 2, 3), g.of(1, 1, 2, 3)],
        1,
        g.of(2, 3, 4),
    )
    if g.rng.random() < 0.2:
        groups, f = g.c, g.c * g.of(1, 2)
    dilations = [g.of(1, 1, 2)] * 2
    border: dict[str, Any] = {"pads": [g.of(0, 1, k // 2) for _ in range(4)]}
    if dilations == [1, 1] and g.rng.random() < 0.3:
        border = {"auto_pad": g.of("SAME_UPPER", "SAME_LOWER", "VALID")}
    bias = [g.weight(f)] if g.rng.random() < 0.5 else []
    kernel = g.weight(f, g.c // groups, k, k)
    g.put("Conv", kernel, *bias, strides=strides, dilations=dilations, group=groups, **border)
    g.c = f


def transposed(g: RandomGraph) -> None:
    f, k, t = g.of(2, 3), g.of(1, 2, 3, 4), g.of(1, 2, 3)
    more: dict[str, Any] = g.of(
        {"auto_pad": g.of("SAME_UPPER", "SAME_LOWER")},
        {"pads": [k // 2 * (k > 1)] * 4},
        {"output_padding": [t - 1] * 2},
        {},
    )
    g.put("ConvTranspose", g.weight(g.c, f, k, k), strides=[t, t], **more)
    g.c = f


def pooling(g: RandomGraph) -> None:
    k = g.of(1, 2, 3)
    border = {"pads": [g.of(0, 1)] * 4 if k > 2 else [0] * 4, "ceil_mode": g.of(0, 1)}
    if g.rng.random() < 0.2:
        border = {"auto_pad": "SAME_UPPER"}
    g.put(
        g.of("MaxPool", "AveragePool"), kernel_shape=[k, k], strides=[g.of(1, 2, 3)] * 2, **border
    )


def resized(g: RandomGraph) -> None:
    scale = g.of(2.0, 3.0, 1.5, 0.5)
    g.x = g.up(g.x, g.of("nearest", "linear"), scale)


def joined(g: RandomGraph) -> None:
    if not g.skips:
        return
    skip, more = g.of(*g.skips)
    g.x, g.c = g.op("Concat", g.like(g.x, skip, "nearest"), skip, axis=1), g.c + more


def padded(g: RandomGraph) -> None:
    g.put("Pad", g.ints(0, 0, g.of(0, 1, 2), g.of(0, 1), 0, 0, g.of(0, 1), g.of(0, 1)))


def cut(g: RandomGraph) -> None:
    steps = [g.ints(g.of(1, 2))] if g.rng.random() < 0.4 else []
    g.put("Slice", g.ints(g.of(0, 1, -3)), g.ints(g.of(-1, 2**40)), g.ints(g.of(2, 3)), *steps)


def squeezed(g: RandomGraph) -> None:
    pooled = g.op("GlobalAveragePool", g.x)
    g.put("Mul", g.op("Sigmoid", g.op("Conv", pooled, g.weight(g.c, g.c, 1, 1))))


def attending(g: RandomGraph) -> None:
    rows = g.op("Reshape", g.x, g.ints(0, g.c, -1))
    turned = g.op("Transpose", rows, perm=[0, 2, 1])
    seen = g.op("MatMul", g.op("Softmax", g.op("MatMul", turned, rows), axis=-1), turned)
    g.x = g.op("Reshape", g.op("Transpose", seen, perm=[0, 2, 1]), g.op("Shape", g.x))


def dense(g: RandomGraph) -> None:
    f = g.of(2, 3)
    last = g.op("Transpose", g.x, perm=[0, 2, 3, 1])
    made = g.op("Add", g.op("MatMul", last, g.weight(g.c, f)), g.weight(f))
    g.x, g.c = g.op("Transpose", made, perm=[0, 3, 1, 2]), f


def elementwise(g: RandomGraph) -> None:
    if g.rng.random() < 0.5:
        g.put(g.of("Relu", "Tanh", "Abs", "LeakyRelu"))
    else:
        shape = g.of((g.c, 1, 1), (1,), (), (1, g.c, 1, 1))
        g.put(g.of("Add", "Mul", "Div", "Sub"), g.positive(*shape))


def reduced(g: RandomGraph) -> None:
    axes = g.of([2], [3], [-1], [2, 3], [1], [0, 1])
    g.put("Add", g.over(g.of("ReduceMean", "ReduceMax", "ReduceSum"), axes))


def doubled(g: RandomGraph) -> None:
    axis = g.of(1, 2, -1, 3)
    g.put("Concat", g.op("Neg", g.x), axis=axis)
    g.c *= 2 if axis == 1 else 1


def shuffled(g: RandomGraph) -> None:
    wide = g.op("Conv", g.x, g.weight(4 * g.c, g.c, 1, 1))
    g.x = g.op("DepthToSpace", wide, blocksize=2, mode="CRD")


def to_a_multiple(g: RandomGraph) -> None:
    """Pad rows and columns to a multiple, as networks with windows do."""
    window, zero = g.ints(g.of(2, 3, 4)), g.ints(0)
    missing = [
        g.op("Mod", g.op("Sub", window, g.op("Mod", g.side(g.x, axis), window)), window)
        for axis in (2, 3)
    ]
    g.put("Pad", g.op("Concat", *[zero] * 6, *missing, axis=0))


def centre(g: RandomGraph) -> None:
    rows = g.side(g.x, 2)
    start = g.op("Div", rows, g.ints(4))
    end = g.op("Add", start, g.op("Div", rows, g.ints(2)))
    g.put("Slice", start, end, g.ints(2))


def split(g: RandomGraph) -> None:
    if g.c > 1:
        parts = {} if g.opset < 18 else {"num_outputs": g.c}
        first = g.op("Split", g.x, outputs=g.c, axis=1, **parts)
        g.x, g.c = g.op("Add", first, f"{first}_1"), 1


STEPS: list[Callable[[RandomGraph], None]] = [
    *(
        convolution,
        convolution,
        convolution,
        transposed,
        pooling,
        resized,
        joined,
        padded,
        cut,
        squeezed,
    ),
    *(attending, dense, elementwise, reduced, doubled, shuffled, to_a_multiple, centre, split),
]


def run(model: ModelProto, side: int) -> dict[str, tuple[int, ...]] | None:
    """The shapes of all edges; None if ONNX Runtime does not run the model, or nothing is left of a map."""
    try:
        found = shapes(model, side)
    except Exception:
        return None
    return None if any(0 in shape for shape in found.values()) else found


def read(model: ModelProto, **how: Any) -> Network | None:
    """The network; None if it is refused."""
    try:
        return from_onnx(model, **how)
    except ValueError:
        return None


def differences(seed: int, told: Counter[str]) -> list[str]:
    """What is wrong with how the graph of a seed is read; ``told`` counts what was compared."""
    graph = RandomGraph(seed)
    model, wrong = graph.free(), []
    formula = read(model)
    for side in random.Random(seed).sample(SIDES, 3):
        network = read(model, side=side)
        if network is None or max(step.output.size for step in network) > LARGEST:
            continue
        found = run(model, side)
        if found is None:
            continue
        wanted = macs(model, found), math.prod(found[graph.x])
        told["numbers"] += 1
        got = network.total().macs, network.output.size
        wrong += [f"seed {seed}, side {side}: {got}, not {wanted}"] * (got != wanted)
        try:
            total = formula.total().at(N=side) if formula else None
        except ValueError:
            continue
        if formula and total:
            told["formulas"] += 1
            got = total.macs, as_expr(formula.output.size).subs(N, side)
            wrong += [f"seed {seed}, N = {side}: {got}, not {wanted}"] * (got != wanted)
    return wrong


def main() -> int:
    """Compare the graphs of many seeds; the exit status says if one is read wrongly."""
    command = argparse.ArgumentParser(description=__doc__)
    command.add_argument(
        "--seeds", type=int, nargs=2, default=(0, 1000), help="first, and behind the last"
    )
    first, end = command.parse_args().seeds
    onnxruntime.set_default_logger_severity(4)
    told: Counter[str] = Counter()
    wrong = [line for seed in range(first, end) for line in differences(seed, told)]
    print(*wrong, f"{end - first:,} graphs; compared: {dict(told)}; {len(wrong)} differ", sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
