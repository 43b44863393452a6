"""Small files that ask for much, and what is not a file: each is refused in one sentence, in time and memory."""

from __future__ import annotations

import itertools
import json
import os
import re
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.attacks.forked import command
from unet_complexity.engineering.readers import keras as keras_reader
from unet_complexity.engineering.readers import limits
from unet_complexity.escaping import LONGEST_MESSAGE

MOST_MEMORY = 2**30  # bytes, of the whole process


def refusal(*arguments: Any) -> str:
    """What the command says, in one line and with exit status 2, in less than a gigabyte."""
    with tempfile.TemporaryDirectory() as folder:
        result = command(Path(folder), *arguments)
    said = result.stderr.splitlines()
    assert (result.status, len(said), result.stdout) == (2, 1, ""), result.stderr
    assert len(said[0]) <= 520
    assert result.memory < MOST_MEMORY
    return said[0]


needs_posix = pytest.mark.skipif(os.name == "nt", reason="FIFOs, devices and getrusage are POSIX")


# ------------------------------------------------------------------------------------------------- ONNX


def saved(
    path: Path, nodes: list[Any], sides: tuple[Any, ...] = (1, 3, 16, 16), **stored: Any
) -> Path:
    """A model of one input ``x`` and one output ``y``; ``stored``: whole numbers by name."""
    arrays = [
        numpy_helper.from_array(np.asarray(value, np.int64), name) for name, value in stored.items()
    ]
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, sides)]
    graph = helper.make_graph(nodes, "g", given, [onnx.ValueInfoProto(name="y")], arrays)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def constant(name: str, value: Any) -> Any:
    return helper.make_node(
        "Constant", [], [name], value=numpy_helper.from_array(np.asarray(value, np.int64))
    )


def outer_sum(path: Path) -> Path:
    """65 kB: a column plus a row, 4,096 x 4,096 numbers, as a shape."""
    nodes = [constant("a", np.ones((4096, 1))), constant("b", np.ones((1, 4096)))]
    nodes += [
        helper.make_node("Add", ["a", "b"], ["s"]),
        helper.make_node("Reshape", ["s", "m"], ["f"]),
    ]
    return saved(path, [*nodes, helper.make_node("Reshape", ["x", "f"], ["y"])], m=[-1])


def doubled(path: Path) -> Path:
    """A list joined to itself, 40 times."""
    names = ["c", *(f"d{i}" for i in range(40))]
    joins = [helper.make_node("Concat", [a, a], [b], axis=0) for a, b in itertools.pairwise(names)]
    return saved(
        path,
        [
            constant("c", np.ones(4000)),
            *joins,
            helper.make_node("Reshape", ["x", names[-1]], ["y"]),
        ],
    )


def swollen(path: Path) -> Path:
    """A side a that becomes a (a + 1), 60 times."""
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Gather", ["s", "two"], ["a0"]),
    ]
    for i in range(60):
        nodes.append(helper.make_node("Add", [f"a{i}", "one"], [f"b{i}"]))
        nodes.append(helper.make_node("Mul", [f"a{i}", f"b{i}"], [f"a{i + 1}"]))
    return saved(
        path,
        [*nodes, helper.make_node("Reshape", ["x", "a60"], ["y"])],
        (1, 3, "h", "w"),
        two=[2],
        one=[1],
    )


def squared(path: Path) -> Path:
    """A map that becomes the outer product of itself, 40 times."""
    last, nodes = "x", []
    for i in range(40):
        names = [f"{name}{i}" for name in "pqrtu"]
        nodes.append(helper.make_node("Pad", [last, "pads"], names[:1]))
        nodes.append(helper.make_node("Flatten", names[:1], names[1:2], axis=1))
        nodes.append(helper.make_node("Transpose", names[1:2], names[2:3]))
        nodes.append(helper.make_node("MatMul", [names[2], names[1]], names[3:4]))
        nodes.append(helper.make_node("Unsqueeze", [names[3], "axes"], names[4:]))
        last = names[4]
    nodes.append(helper.make_node("Relu", [last], ["y"]))
    return saved(path, nodes, (1, 1, "h", "w"), pads=[0, 0, 1, 1, 0, 0, 1, 1], axes=[0, 1])


def laborious(path: Path) -> Path:
    """Thousands of sums of 4,000 numbers."""
    nodes = [constant("c0", np.ones(4000))]
    nodes += [helper.make_node("Add", [f"c{i}", "c0"], [f"c{i + 1}"]) for i in range(3000)]
    return saved(path, [*nodes, helper.make_node("Reshape", ["x", "c3000"], ["y"])])


def ever_deeper(path: Path) -> Path:
    """A map that grows by a channel 19,000 times, and at last fits no formula."""
    names = ["x", *(f"p{i}" for i in range(19_000))]
    nodes = [helper.make_node("Pad", [a, "channel"], [b]) for a, b in itertools.pairwise(names)]
    nodes.append(helper.make_node("Reshape", [names[-1], "odd"], ["y"]))
    sides = (1, 3, "h", "w")
    return saved(path, nodes, sides, channel=[0, 1, 0, 0, 0, 0, 0, 0], odd=[1, 7, -1])


def long(path: Path) -> Path:
    """One node more than is read."""
    names = ["x", *(f"r{i}" for i in range(limits.MOST_NODES)), "y"]
    return saved(path, [helper.make_node("Relu", [a], [b]) for a, b in itertools.pairwise(names)])


def many_axes(path: Path) -> Path:
    """An array of 3,000 axes."""
    model = onnx.load(saved(path, [helper.make_node("Reshape", ["x", "s"], ["y"])], s=[-1]))
    model.graph.initializer[0].dims.extend([1] * 3000)
    path.write_bytes(model.SerializeToString())
    return path


def sparse(path: Path) -> Path:
    """2 GB of zeros that take no room on the disk."""
    with path.open("wb") as file:
        file.truncate(limits.MOST_BYTES)
    return path


def larger(path: Path) -> Path:
    """A byte more than a protobuf message may have."""
    with path.open("wb") as file:
        file.truncate(limits.MOST_BYTES + 1)
    return path


def wordy(path: Path) -> Path:
    """A producer's name of 64 MiB."""
    size, digits = limits.MOST_BYTES_BESIDE_WEIGHTS, b""
    left = size
    while left:
        digits += bytes([left & 127 | (128 if left > 127 else 0)])
        left >>= 7
    path.write_bytes(b"\x12" + digits + b"a" * size)
    return path


def shape_of(source: str = "x") -> list[Any]:
    """The height of the input as a number ``h``."""
    return [
        helper.make_node("Shape", [source], ["s"]),
        helper.make_node("Gather", ["s", "two"], ["h"]),
    ]


def long_lists_of_letters(path: Path) -> Path:
    """Sums of 4,096 formulas."""
    nodes = [*shape_of(), helper.make_node("Expand", ["h", "many"], ["c0"])]
    nodes += [helper.make_node("Add", [f"c{i}", "c0"], [f"c{i + 1}"]) for i in range(450)]
    nodes.append(helper.make_node("Reshape", ["x", "c450"], ["y"]))
    return saved(path, nodes, (1, 3, "h", "w"), two=[2], many=[4096])


def maximum(path: Path) -> Path:
    """The largest of 40 formulas that nothing is known of."""
    nodes, arrays = shape_of(), {"two": [2], "one": [-1]}
    for i in range(40):
        nodes.append(helper.make_node("Mul", ["h", f"k{i}"], [f"m{i}"]))
        nodes.append(helper.make_node("Div", [f"m{i}", f"d{i}"], [f"q{i}"]))
        nodes.append(helper.make_node("Sub", [f"q{i}", f"k{i}"], [f"z{i}"]))
        arrays |= {f"k{i}": [7 * i + 3], f"d{i}": [3 * i + 2]}
    nodes.append(helper.make_node("Max", [f"z{i}" for i in range(40)], ["M"]))
    nodes.append(helper.make_node("Concat", ["M", "one"], ["sides"], axis=0))
    return saved(
        path,
        [*nodes, helper.make_node("Reshape", ["x", "sides"], ["y"])],
        (1, 3, "h", "w"),
        **arrays,
    )


def wide(path: Path) -> Path:
    """One node with more inputs than are read."""
    return saved(
        path, [helper.make_node("Concat", ["x"] * (limits.MOST_INPUTS + 1), ["y"], axis=1)]
    )


def widening(path: Path) -> Path:
    """3,000 nodes that each join the last one to 57 more: 25 seconds of adding formulas, were it read."""
    names = ["x", *(f"c{i}" for i in range(3000)), "y"]
    nodes = [
        helper.make_node("Concat", [a, *["x"] * 57], [b], axis=1)
        for a, b in itertools.pairwise(names)
    ]
    return saved(path, nodes, (1, 3, "h", "w"))


def long_name(path: Path) -> Path:
    """A name of a megabyte, which every output of the node would carry on."""
    parts = [f"s{i}" for i in range(3)]
    nodes = [helper.make_node("Split", ["x"], parts, name="A" * 10**6, axis=1)]
    return saved(path, [*nodes, helper.make_node("Concat", parts, ["y"], axis=1)])


def with_functions(path: Path, node: Any, body: Callable[[int], list[Any]]) -> Path:
    """A model of one node and 31 functions f0 ... f30; ``body(i)``: nodes that call f_i."""
    operators = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    relu = helper.make_node("Relu", ["a"], ["b"])
    model = onnx.load(saved(path, [node]))
    for i in range(31):
        nodes = body(i - 1) if i else [relu]
        function = helper.make_function("local", f"f{i}", ["a"], ["b"], nodes, operators)
        model.functions.append(function)
    model.opset_import.append(operators[1])
    path.write_bytes(model.SerializeToString())
    return path


def call(i: int, a: str, b: str) -> Any:
    return helper.make_node(f"f{i}", [a], [b], domain="local")


def choice(x: str, y: str, then: list[Any]) -> Any:
    """An If; its other branch is a ReLU."""
    relu = helper.make_node("Relu", [x], ["t"])
    made = [helper.make_tensor_value_info("t", TensorProto.FLOAT, None)]
    branches = [helper.make_graph(nodes, "branch", [], made) for nodes in (then, [relu])]
    return helper.make_node("If", [x], [y], then_branch=branches[0], else_branch=branches[1])


def functions_in_branches(path: Path) -> Path:
    """2^30 nodes: functions that call each other twice, called in a branch of an If."""
    first = choice("x", "y", [call(30, "x", "t")])
    return with_functions(path, first, lambda i: [call(i, "a", "t"), call(i, "t", "b")])


def branches_in_functions(path: Path) -> Path:
    """2^30 nodes and more: functions that call each other twice, in a branch of an If of their own."""

    def body(i: int) -> list[Any]:
        return [choice("a", "b", [call(i, "a", "s"), call(i, "s", "t")])]

    return with_functions(path, call(30, "x", "y"), body)


def ever_larger(path: Path) -> Path:
    """A formula of its own for each of 501 maps, N + 1 to N + 501 rows, in 12 kB."""
    names = ["x", *(f"p{i}" for i in range(500)), "y"]
    nodes = [helper.make_node("Pad", [a, "pads"], [b]) for a, b in itertools.pairwise(names)]
    return saved(path, nodes, sides=(1, 3, "h", "w"), pads=[0, 0, 1, 0, 0, 0, 0, 0])


def functions_told_apart_by_their_overload(path: Path) -> Path:
    """2^30 nodes; functions of the same names that are never called are short."""
    with_functions(path, call(30, "x", "y"), lambda i: [call(i, "a", "t"), call(i, "t", "b")])
    model = onnx.load(path)
    model.ir_version = 10
    for function in list(model.functions):
        model.functions.add().CopyFrom(function)
        for each in (function, *function.node):
            each.overload = "long"
        del model.functions[-1].node[1:]
        model.functions[-1].node[0].op_type = "Relu"
        model.functions[-1].node[0].domain = ""
    model.graph.node[0].overload = "long"
    path.write_bytes(model.SerializeToString())
    return path


def called_often(path: Path, calls: int, change: Callable[[Any], Any]) -> Path:
    """A function of one ReLU, changed, that calls in a row call."""
    names = ["x", *(f"u{i}" for i in range(calls - 1)), "y"]
    with_functions(path, call(0, "x", "y"), lambda i: [call(i, "a", "b")])
    model = onnx.load(path)
    model.ir_version = 10
    del model.functions[1:], model.graph.node[:]
    model.graph.node.extend(call(0, a, b) for a, b in itertools.pairwise(names))
    change(model)
    path.write_bytes(model.SerializeToString())
    return path


def function_with_an_array(path: Path) -> Path:
    """A megabyte in a function that is called 100 times."""
    value = helper.make_tensor("v", TensorProto.FLOAT, [250_000], bytes(10**6), raw=True)
    node = helper.make_node("Constant", [], ["c"], value=value)
    return called_often(path, 100, lambda model: model.functions[0].node.append(node))


def function_with_shapes(path: Path) -> Path:
    """134 kB: 5,000 stated shapes in a function that is called 500 times took 5.4 GB."""
    stated = [helper.make_tensor_value_info(f"u{i}", TensorProto.FLOAT, [1]) for i in range(5_000)]
    return called_often(path, 500, lambda model: model.functions[0].value_info.extend(stated))


def function_with_empty_attributes(path: Path) -> Path:
    """10,000 empty attributes in a function that is called 1,000 times took 2.8 GB."""
    empty = [onnx.AttributeProto()] * 10_000
    return called_often(path, 1_000, lambda m: m.functions[0].node[0].attribute.extend(empty))


def function_with_a_long_default(path: Path) -> Path:
    """A default of 100,000 bytes, for each of 1,000 calls that leave it out."""
    default = helper.make_attribute("s", "x" * 100_000)
    return called_often(
        path, 1_000, lambda model: model.functions[0].attribute_proto.append(default)
    )


def functions_of_the_standard_domain(path: Path) -> Path:
    """2^30 nodes; functions of "ai.onnx", which is called "" too."""
    with_functions(path, call(30, "x", "y"), lambda i: [call(i, "a", "t"), call(i, "t", "b")])
    model = onnx.load(path)
    for function in model.functions:
        function.domain = "ai.onnx"
        for node in function.node:
            node.domain = ""
    model.graph.node[0].domain = ""
    path.write_bytes(model.SerializeToString())
    return path


def function_with_references(body: Any, **given: Any) -> Any:
    """A function that refers 9,000 times to what it is given: 100,000 bytes."""

    def build(path: Path) -> Path:
        long = given.pop("a", "x")
        nodes = [helper.make_node("Relu", ["x"], [long])] if long != "x" else []
        saved(path, [*nodes, helper.make_node("F", [long], ["y"], domain="f", **given)])
        model = onnx.load(path)
        versions = [helper.make_opsetid("", 17)]
        inside = [helper.make_node("Relu", ["a"], ["b"]), *body()]
        made = helper.make_function("f", "F", ["a"], ["b"], inside, versions, attributes=[*given])
        model.functions.append(made)
        model.opset_import.append(helper.make_opsetid("f", 1))
        path.write_bytes(model.SerializeToString())
        return path

    return build


def equal_arrays(path: Path) -> Path:
    """An array of 4,096 numbers, 9,000 times in one Concat: each was copied for onnx, 1.8 GB in all."""
    nodes = [helper.make_node("Concat", ["c"] * 9_000, ["z"], axis=0)]
    return saved(path, [*nodes, helper.make_node("Reshape", ["x", "z"], ["y"])], c=[1] * 4096)


def wrapping_range(path: Path) -> Path:
    """A Range from one end of 64 bits to the other: onnx infers few numbers, its reference makes 2^28."""
    ends = {"b": -(2**63) + 1, "e": 2**63 - 1, "d": 2**36}
    nodes = [
        helper.make_node("Range", [*ends], ["z"]),
        helper.make_node("Reshape", ["x", "z"], ["y"]),
    ]
    return saved(path, nodes, **ends)


def split_into_many(path: Path) -> Path:
    """A Split that says 2^28 outputs, and has one: onnx's reference makes a list of all."""
    model = onnx.load(
        saved(path, [helper.make_node("Reshape", ["x", "z"], ["y"])], s=[1, 3, 16, 16])
    )
    model.graph.node.insert(0, helper.make_node("Split", ["s"], ["z"], num_outputs=2**28))
    model.opset_import[0].version = 20
    path.write_bytes(model.SerializeToString())
    return path


def many_empty(field: bytes, where: str) -> Callable[[Path], Path]:
    """2.5 million empty messages, in an unused node or in a function that nothing calls: 1.3 GB."""

    def wrapped(number: int, data: bytes) -> bytes:
        size, length = len(data), b""
        while size > 127:
            length, size = length + bytes([size & 127 | 128]), size >> 7
        key = number << 3 | 2
        head = bytes([key]) if key < 128 else bytes([key & 127 | 128, key >> 7])
        return head + length + bytes([size]) + data

    def build(path: Path) -> Path:
        model = onnx.load(saved(path, [helper.make_node("Relu", ["x"], ["y"])]))
        empty = field * 2_500_000
        if where == "function":
            more = wrapped(25, wrapped(1, b"F") + wrapped(10, b"d") + empty)
            path.write_bytes(model.SerializeToString() + more)
            return path
        node = helper.make_node("Relu", ["x"], ["z"]).SerializeToString()
        if where == "training":
            more = wrapped(20, wrapped(2, wrapped(1, node + empty)))
            path.write_bytes(model.SerializeToString() + more)
            return path
        graph = wrapped(7, model.graph.SerializeToString() + wrapped(1, node + empty))
        model.ClearField("graph")
        path.write_bytes(model.SerializeToString() + graph)
        return path

    build.__name__ = f"many_empty_in_a_{where}"
    return build


def reading_the_input() -> list[Any]:
    return [helper.make_node("Sum", ["a"] * 9_000, ["c"])]


def reading_an_attribute() -> list[Any]:
    nodes = [helper.make_node("Elu", ["a"], [f"c{place}"]) for place in range(9_000)]
    for node in nodes:
        node.attribute.append(
            onnx.AttributeProto(name="alpha", ref_attr_name="s", type=onnx.AttributeProto.STRING)
        )
    return nodes


def long_name_read_in_a_function(path: Path) -> Path:
    return function_with_references(reading_the_input, a="x" * 100_000)(path)


def long_attribute_read_in_a_function(path: Path) -> Path:
    return function_with_references(reading_an_attribute, s="x" * 100_000)(path)


def field_of_any_length(path: Path) -> Path:
    """A field of 2^62 bytes, in a file of eleven."""
    path.write_bytes(b"\x0a" + b"\x80" * 8 + b"\x40a")
    return path


def taller(path: Path) -> Path:
    """400 times 4,096 axes more, before an unknown operator."""
    names = ["x", *(f"u{i}" for i in range(400))]
    nodes = [helper.make_node("Unsqueeze", [a, "axes"], [b]) for a, b in itertools.pairwise(names)]
    return saved(path, [*nodes, helper.make_node("Foo", [names[-1]], ["y"])], axes=range(4096))


def doubled_in_a_branch(path: Path) -> Path:
    """A list joined to itself 30 times, in a branch of an If."""

    def branch(nodes: list[Any], out: str) -> Any:
        return helper.make_graph(
            nodes, out, [], [helper.make_tensor_value_info(out, TensorProto.INT64, None)]
        )

    joins = [
        helper.make_node("Concat", [f"c{i}", f"c{i}"], [f"c{i + 1}"], axis=0) for i in range(30)
    ]
    other = branch([helper.make_node("Identity", ["c0"], ["e"])], "e")
    choice = helper.make_node(
        "If", ["b"], ["q"], then_branch=branch(joins, "c30"), else_branch=other
    )
    return saved(path, [choice, helper.make_node("Reshape", ["x", "q"], ["y"])], c0=[1] * 4000, b=1)


ONNX: list[tuple[Callable[[Path], Path], str]] = [
    (outer_sum, "are more than the 4,096 that are computed"),
    (doubled, "are more than the 4,096 that are computed"),
    (swollen, "Reshape 'y' cannot be read: Invalid dimension value"),
    (squared, "at N = 64, 96, 160, 192, 224, 3232 follow no formula"),
    (laborious, "at most 2,000,000 numbers computed for shapes are read"),
    (ever_deeper, "at most 30,000 shapes asked of onnx are read"),
    (long, r"at most 20,000 nodes of model.onnx are read, got 20,001"),
    (many_axes, "at most 32 axes of a tensor are read"),
    (long_lists_of_letters, "Dimension product overflow in Reshape"),
    (maximum, "Dimension could not be inferred: incompatible shapes"),
    (wide, "at most 10,000 inputs of one node are read, got 10,001"),
    (widening, "at most 100,000 inputs and outputs of nodes are read, got 177,059"),
    (long_name, "at most 20,000 characters of a name are read, got 1,000,000"),
    (
        functions_in_branches,
        "at most 20,000 nodes, functions written out, are read, got 1,073,741,826",
    ),
    (
        branches_in_functions,
        "at most 20,000 nodes, functions written out, are read, got 3,221,225,470",
    ),
    (
        functions_told_apart_by_their_overload,
        "at most 20,000 nodes, functions written out, are read, got 1,073,741,824",
    ),
    (function_with_an_array, "at most 67,108,864 bytes of nodes, functions written out, are read"),
    (function_with_shapes, "at most 67,108,864 bytes of nodes, functions written out, are read"),
    (
        function_with_empty_attributes,
        "at most 67,108,864 bytes of nodes, functions written out, are read, got 1,300,",
    ),
    (
        function_with_a_long_default,
        "at most 67,108,864 bytes of nodes, functions written out, are read, got 300,",
    ),
    (
        functions_of_the_standard_domain,
        "at most 20,000 nodes, functions written out, are read, got 1,073,741,824",
    ),
    (
        long_name_read_in_a_function,
        "at most 67,108,864 bytes of nodes, functions written out, are read, got 901,",
    ),
    (
        long_attribute_read_in_a_function,
        "at most 67,108,864 bytes of nodes, functions written out, are read, got 1,807,",
    ),
    (
        equal_arrays,
        "at most 409,600 numbers that one operator is given are read, got 36,864,000",
    ),
    (wrapping_range, "at most 4,096 numbers of a Range are read, got 268,435,456"),
    (split_into_many, "at most 10,000 outputs of one node are read, got 268,435,456"),
    (many_empty(b"\x2a\x00", "node"), "at most 500,000 entries of model.onnx are read"),
    *[
        (many_empty(bytes([8 * field + 2, 0]), "function"), "at most 500,000 entries of model.onnx")
        for field in (7, 9, 11, 12, 14)  # nodes, versions, attributes, shapes, notes
    ],
    (many_empty(b"\x4a\x00", "node"), "at most 500,000 entries of model.onnx are read"),
    (many_empty(b"\x2a\x00", "training"), "at most 500,000 entries of model.onnx are read"),
    (ever_larger, "at most 500 different formulas of sizes are read, got 501"),
    (field_of_any_length, "model.onnx is not an ONNX model, or it is cut short"),
    (sparse, "model.onnx is not an ONNX model, or it is cut short"),
    (larger, "at most 2,147,483,647 bytes of model.onnx are read, got 2,147,483,648"),
    (wordy, "at most 67,108,864 bytes of model.onnx beside its weights are read"),
]


@needs_posix
@pytest.mark.parametrize(("build", "said"), ONNX, ids=[build.__name__ for build, _ in ONNX])
def test_a_small_onnx_file_that_asks_for_much(build, said, tmp_path):
    assert re.search(said, refusal(build(tmp_path / "model.onnx")))


@needs_posix
@pytest.mark.parametrize(
    ("build", "said"),
    [
        (doubled, "are more than the 4,096 that are computed"),
        (doubled_in_a_branch, "does not say what shapes leave If"),
        (taller, "at most 32 axes of a tensor are read"),
    ],
)
def test_onnx_own_inference_has_limits(build, said, tmp_path):
    path = build(tmp_path / "model.onnx")
    for more in (["--side", "N"], ["--side", "32", "--unknown", "report"]):
        assert said in refusal(path, *more) or (
            "report" not in more and build is doubled_in_a_branch
        )


# ------------------------------------------------------------------------------------------------ Keras


def keras(path: Path, config: Any, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr(
            "config.json", config if isinstance(config, (str, bytes)) else json.dumps(config)
        )
    return path


def lying(path: Path) -> Path:
    """A gigabyte of spaces whose header says 1,000 bytes."""
    data = bytearray(keras(path, b" " * 10**9).read_bytes())
    for at in (data.find(b"PK\x03\x04") + 22, data.find(b"PK\x01\x02") + 24):
        data[at : at + 4] = struct.pack("<I", 1000)
    path.write_bytes(data)
    return path


def honest(path: Path) -> Path:
    """The same, and the header says so."""
    return keras(path, b" " * 10**9)


def other_compression(path: Path) -> Path:
    """Decompressed in one piece by the standard library."""
    return keras(path, b" " * 10**8, zipfile.ZIP_BZIP2)


def deep(path: Path) -> Path:
    """Lists in lists, as deep as JSON itself allows."""
    return keras(
        path, '{"class_name": "Functional", "config": {"layers": ' + "[" * 500 + "]" * 500 + "}}"
    )


def deeper(path: Path) -> Path:
    return keras(path, "[" * 10**6)


def endless_number(path: Path) -> Path:
    return keras(path, '{"class_name": "Functional", "config": {"layers": [' + "9" * 4000 + "]}}")


def infinite(path: Path) -> Path:
    return keras(path, '{"class_name": "Functional", "config": {"layers": [1e999]}}')


def tensor(layer: str, call: int = 0) -> dict[str, Any]:
    config = {"shape": [None, 8, 8, 3], "dtype": "float32", "keras_history": [layer, call, 0]}
    return {"class_name": "__keras_tensor__", "config": config}


def in_turn(layer: str, count: int) -> list[dict[str, Any]]:
    """Calls of a layer, each of which reads what the one before wrote."""
    read = [tensor("x"), *(tensor(layer, number) for number in range(count - 1))]
    return [{"args": [x], "kwargs": {}} for x in read]


def functional(name: str, *layers: dict[str, Any], last: tuple[str, int]) -> dict[str, Any]:
    given = {"batch_shape": [None, 8, 8, 3], "name": "x"}
    inputs = {
        "class_name": "InputLayer",
        "module": "keras.layers",
        "config": given,
        "name": "x",
        "inbound_nodes": [],
    }
    config = {
        "name": name,
        "layers": [inputs, *layers],
        "input_layers": [["x", 0, 0]],
        "output_layers": [[*last, 0]],
    }
    return {"module": "keras", "class_name": "Functional", "name": name, "config": config}


def nested(path: Path) -> Path:
    """A model that calls another one twice, which calls another one twice, ... : 2^20 layers in 700 bytes."""
    inner = {
        "module": "keras.layers",
        "class_name": "Identity",
        "config": {"name": "r"},
        "name": "r",
    }
    for i in range(15):
        calls = in_turn(inner["name"], 2)
        last = inner["name"], 2 if i else 1  # calls of a model are counted from 1
        inner = functional(f"m{i}", {**inner, "inbound_nodes": calls}, last=last)
    return keras(path, inner)


def empty_models(path: Path) -> Path:
    """Models in models, each called 50 times, without a single layer."""
    config: dict[str, Any] = {"name": "x", "batch_shape": [None, 8, 8, 3]}
    x = {"class_name": "InputLayer", "config": config, "name": "x", "inbound_nodes": []}
    inner: dict[str, Any] = {"class_name": "Sequential", "module": "keras", "name": "m"}
    inner["config"] = {"name": "m", "layers": [x]}
    for i in range(12):
        calls = in_turn(inner["name"], 50)
        config = {"name": f"m{i}", "layers": [x, {**inner, "inbound_nodes": calls}]}
        last = [inner["name"], 50 if i else 49, 0]  # calls of a model are counted from 1
        config |= {"input_layers": [["x", 0, 0]], "output_layers": [last]}
        inner = {"module": "keras", "class_name": "Functional", "name": f"m{i}", "config": config}
    return keras(path, inner)


def kernel(path: Path, **more: Any) -> Path:
    """A kernel of 10^9 x 10^9 taps."""
    config: dict[str, Any] = {
        "name": "c",
        "filters": 4,
        "kernel_size": [10**9] * 2,
        "strides": [1, 1],
        "padding": "same",
    }
    config |= {"dilation_rate": [1, 1], "use_bias": True, "groups": 1, "activation": "linear"}
    config |= more
    layer = {"module": "keras.layers", "class_name": "Conv2D", "config": config, "name": "c"}
    return keras(
        path,
        functional(
            "m", {**layer, "inbound_nodes": [{"args": [tensor("x")], "kwargs": {}}]}, last=("c", 0)
        ),
    )


def border(path: Path) -> Path:
    """2^62 rows of padding, where Keras writes a word."""
    return kernel(path, kernel_size=[3, 3], padding=2**62)


def long_layer_name(path: Path) -> Path:
    """A model whose name, a megabyte, each of its layers would carry on."""
    layer = {
        "module": "keras.layers",
        "class_name": "ReLU",
        "config": {"name": "r", "max_value": None},
        "name": "r",
    }
    inner = functional(
        "A" * 10**6,
        {**layer, "inbound_nodes": [{"args": [tensor("x")], "kwargs": {}}]},
        last=("r", 0),
    )
    calls = [{"args": [tensor("x")], "kwargs": {}}]
    return keras(path, functional("m", {**inner, "inbound_nodes": calls}, last=(inner["name"], 0)))


def long_model_name(path: Path) -> Path:
    """A name of a megabyte, which every table would begin with."""
    return keras(path, functional("A" * 10**6, last=("x", 0)))


def called_with(value: Any, times: int) -> dict[str, Any]:
    """A model that calls another one many times, which gives a value to its only layer."""
    call = {"args": [tensor("x")], "kwargs": {"value": value}}
    relu = {"module": "keras.layers", "class_name": "ReLU", "config": {"name": "r"}, "name": "r"}
    inner = functional("inner", {**relu, "inbound_nodes": [call]}, last=("r", 0))
    inner["config"]["layers"][1]["config"]["max_value"] = None
    inputs = [tensor("x"), *(tensor("inner", place) for place in range(times - 1))]
    calls = [{"args": [x], "kwargs": {}} for x in inputs]
    return functional("m", {**inner, "inbound_nodes": calls}, last=("inner", times))


def long_call(path: Path) -> Path:
    """Two million numbers in a call that runs 480 times."""
    return keras(path, called_with([0] * 2_000_000, 480))


def long_names(path: Path) -> Path:
    """A name of 19,000 wide characters, which each of 1,900 calls carries on."""
    config = {"name": "\N{GRINNING FACE}" * 19_000, "max_value": None}
    calls = in_turn("r", 1_900)
    layer = {"module": "keras.layers", "class_name": "ReLU", "config": config, "name": "r"}
    return keras(path, functional("m", {**layer, "inbound_nodes": calls}, last=("r", 1_899)))


def long_argument(path: Path) -> Path:
    """A layer with a list of two million numbers, called 100 times."""
    calls = [{"args": [tensor("x")], "kwargs": {}}] * 100
    config = {"name": "s", "axis": [0] * 2_000_000}
    layer = {"module": "keras.layers", "class_name": "Softmax", "config": config, "name": "s"}
    return keras(path, functional("m", {**layer, "inbound_nodes": calls}, last=("s", 0)))


def many_outputs(path: Path) -> Path:
    """A model of 600,000 outputs inside another one, which calls it 80 times."""
    model = called_with(None, 80)
    inner = model["config"]["layers"][1]["config"]
    inner["output_layers"] = [["r", 0, 0]] * 600_000
    return keras(path, model)


def class_that_is_a_number(path: Path) -> Path:
    layer = {"class_name": 1e308, "config": {"name": "c"}, "name": "c"}
    calls = [{"args": [tensor("x")], "kwargs": {}}]
    return keras(path, functional("m", {**layer, "inbound_nodes": calls}, last=("c", 0)))


def many_heads(path: Path) -> Path:
    """A text as the number of heads, multiplied by a number."""
    given = {"num_heads": "a", "key_dim": 500_000_000, "value_dim": 4, "use_bias": True}
    return of_a_sequence(path, "MultiHeadAttention", given, times=2)


def long_dilation(path: Path) -> Path:
    """A text as a dilation, multiplied by the kernel."""
    given = {"filters": 4, "kernel_size": [32768], "strides": [1], "padding": "causal"}
    given |= {"dilation_rate": ["a" * 5000], "data_format": "channels_last", "groups": 1}
    return of_a_sequence(path, "Conv1D", given | {"use_bias": True, "activation": "linear"})


def long_reasons(path: Path) -> Path:
    """A layer with an argument of 7.6 MB that is not counted, called 300 times: a sentence for each."""
    given = {"units": 4, "use_bias": True, "activation": "linear"}
    given["lora_rank"] = ["a" * 19_990] * 380
    layer = {"module": "keras.layers", "class_name": "Dense", "name": "d", "config": given}
    layer["inbound_nodes"] = [
        {"args": [tensor("d", call - 1) if call else tensor("x")], "kwargs": {}}
        for call in range(300)
    ]
    return keras(path, functional("m", layer, last=("d", 299)))


def paths_of_long_names(path: Path) -> Path:
    """17 models inside each other with names of 19,900 characters, around layers that are not counted."""
    calls = [{"args": [tensor("x")], "kwargs": {}}]
    inner = [
        {"module": "keras.layers", "class_name": "Lambda", "name": f"l{place}", "config": {}}
        | {"inbound_nodes": calls}
        for place in range(300)
    ]
    for depth in range(17):
        name = "a" * 19_900 + str(depth)
        whole = functional(name, *inner, last=(inner[0]["name"], 0))
        inner = [whole | {"inbound_nodes": calls}]
    return keras(path, functional("m", *inner, last=(inner[0]["name"], 0)))


def of_a_sequence(path: Path, kind: str, given: dict[str, Any], times: int = 1) -> Path:
    """A layer that reads a sequence, once or twice."""
    x = tensor("x")
    x["config"]["shape"] = [None, 16, 8]
    layer = {"module": "keras.layers", "class_name": kind, "name": "a", "config": given}
    layer["inbound_nodes"] = [{"args": [x] * times, "kwargs": {}}]
    whole = functional("m", layer, last=("a", 0))
    whole["config"]["layers"][0]["config"]["batch_shape"] = [None, 16, 8]
    return keras(path, whole)


KERAS: list[tuple[Callable[[Path], Path], str]] = [
    (many_heads, "num_heads must be a whole number or a letter, got 'a' (str)"),
    (long_dilation, "Conv1D (a): "),
    (long_reasons, "cannot count 300 of 300 layers of m: 300 Dense"),
    (paths_of_long_names, "at most 20,000 characters of a name are read, got 338,3"),
    (lying, "model.keras is not a whole .keras file"),
    (honest, "at most 8,388,608 bytes of config.json are read"),
    (other_compression, "compressed by method 12, which Keras does not write"),
    (deep, "at most 64 lists and dictionaries inside each other are read"),
    (deeper, "model.keras is not a whole .keras file"),
    (endless_number, "whole numbers are computed within 64 bits"),
    (infinite, "numbers must be finite, got 1e999"),
    (empty_models, "at most 2,000 calls of layers are read"),
    (kernel, "at most 32,768 elements along a side of kernel_size are read, got 1,000,000,000"),
    (border, "its padding is 4611686018427387904"),
    (long_layer_name, "at most 20,000 characters of a text are read"),
    (long_model_name, "at most 20,000 characters of a text are read, got 1,000,000"),
    (long_names, "at most 10,000,000 characters of all names are read, got 10,0"),
    (long_argument, "at most 500,000 arguments of calls are read, got 2,0"),
    (many_outputs, "at most 500,000 arguments of calls are read, got"),
    (long_call, "at most 500,000 arguments of calls are read, got 2,0"),
    (class_that_is_a_number, "the name of a layer or its class must be text, got 1e+308"),
    (nested, "at most 2,000 calls of layers are read, got"),
]


@needs_posix
@pytest.mark.parametrize(("build", "said"), KERAS, ids=[build.__name__ for build, _ in KERAS])
def test_a_small_keras_file_that_asks_for_much(build, said, tmp_path):
    assert said in refusal(build(tmp_path / "model.keras"))


# ---------------------------------------------------------------------------------------- special files


@needs_posix
@pytest.mark.parametrize("ending", ["onnx", "keras"])
@pytest.mark.parametrize("what", ["a pipe", "a folder", "/dev/zero", "/dev/urandom"])
def test_what_is_not_a_regular_file_is_not_read(what, ending, tmp_path):
    path = tmp_path / f"model.{ending}"
    if what == "a pipe":
        os.mkfifo(path)
    elif what == "a folder":
        path.mkdir()
    else:
        path.symlink_to(what)
    assert re.search(r"a regular file, got model.onnx|where there is none", refusal(path))
    if ending == "onnx":
        assert "a regular file, got model.onnx" in refusal("collapse", path, tmp_path / "out.onnx")


# ------------------------------------------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RecursionError("maximum recursion depth exceeded"), "m.onnx nests too deep to be read"),
        (MemoryError(), "m.onnx needs more memory than there is"),
    ],
)
def test_running_out_of_stack_or_memory_is_a_value_error(error, said):
    with pytest.raises(ValueError, match=said), limits.refusals("m.onnx"):
        raise error


def test_a_long_message_keeps_its_start_and_its_end():
    with (
        pytest.raises(ValueError, match=r"^name aaa.*…a* is not known$") as caught,
        limits.refusals("m"),
    ):
        raise ValueError(f"name {'a' * 10_000} is not known")
    assert len(str(caught.value)) <= LONGEST_MESSAGE


def test_layers_in_reverse_order_are_looked_at_once_each(tmp_path, monkeypatch):
    """A walk that asked all that wait, after each layer, took 17 s of 1,990 layers."""
    names = ["x", *map(str, range(1990))]
    layers = [
        {
            "module": "keras.layers",
            "class_name": "Add",
            "config": {"name": name},
            "name": name,
            "inbound_nodes": [{"args": [[tensor(before)] * 2], "kwargs": {}}],
        }
        for before, name in itertools.pairwise(names)
    ]
    looked: list[Any] = []
    tensors = keras_reader.tensors
    monkeypatch.setattr(keras_reader, "tensors", lambda call: looked.append(call) or tensors(call))
    path = keras(tmp_path / "m.keras", functional("m", *reversed(layers), last=("1989", 0)))
    assert keras_reader.from_keras(path).total().elementwise == 1990 * 8 * 8 * 3
    assert len(looked) < 4 * 1990


@needs_posix
@pytest.mark.parametrize("where", ["a call", "a dictionary's key", "an activation"])
def test_a_long_text_is_not_read_wherever_it_stands(tmp_path, where):
    """Eight megabytes, written into a refusal or a search for each of 480 calls, took 47 s and 4 GB."""
    long = "q" * 8_000_000
    model = called_with({long: 1} if "key" in where else long if "call" in where else 1, 480)
    if where == "an activation":
        model["config"]["layers"][1]["config"]["layers"][1]["config"]["activation"] = long
    said = refusal(keras(tmp_path / "m.keras", model))
    assert "at most 20,000 characters of a text are read, got 8,000,000" in said


@needs_posix
def test_views_of_one_layer_are_named_in_turn(tmp_path):
    """Names that grew by a word for each of 1,500 inputs took 31 s, in a file of 1.6 kB."""
    given = tensor("x")
    given["config"]["shape"] = [None, 8]
    layer = {"module": "keras.layers", "class_name": "Concatenate", "name": "c"}
    layer |= {"config": {"name": "c", "axis": -1}}
    other = {"module": "keras.layers", "class_name": "InputLayer", "name": "x"}
    other |= {"config": {"name": "x", "batch_shape": [None, 8]}, "inbound_nodes": []}
    model = functional(
        "m", {**layer, "inbound_nodes": [{"args": [[given] * 3_000], "kwargs": {}}]}, last=("c", 0)
    )
    model["config"]["layers"][0] = other
    result = command(tmp_path, keras(tmp_path / "m.keras", model))
    assert result.seconds < 10
    assert result.status == 0


@needs_posix
def test_a_receptive_field_is_bounded_by_the_maps_that_are_read(tmp_path):
    """28 inputs of each of 480 sums, followed from 1,024 positions, took 46 s."""
    names = ["x", *(f"t{place}" for place in range(479)), "y"]
    sums = [helper.make_node("Sum", [a] * 28, [b]) for a, b in itertools.pairwise(names)]
    path = saved(tmp_path / "m.onnx", sums, sides=(1, 1, 1024, 1024))
    said = refusal(path, "--reach")
    assert "500,000 maps x positions at most, got 13,440 x 1,024" in said


def resized(path: Path, count: int, scales: Any, conv: bool, **stored: Any) -> Path:
    """Upsamplings by the same scales, one after the other; each may have a convolution of 64 channels."""
    nodes, now = [], "x"
    repeats = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric"}
    for place in range(count):
        up = [now, "", "scales"]
        nodes.append(helper.make_node("Resize", up, [f"u{place}"], nearest_mode="floor", **repeats))
        now = f"u{place}"
        if conv:
            nodes.append(helper.make_node("Conv", [now, "w"], [f"c{place}"]))
            now = f"c{place}"
    nodes.append(helper.make_node("Relu", [now], ["y"]))
    built = onnx.load(saved(path, nodes, sides=(1, 64, "h", "w")))
    sides = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["a", "b", "c", "d"])
    built.graph.output[0].CopyFrom(sides)
    held = {"scales": np.asarray(scales, np.float32), **stored}
    for name, array in held.items():
        built.graph.initializer.append(numpy_helper.from_array(array, name))
    onnx.save(built, path)
    return path


@needs_posix
def test_new_weights_of_blocks_that_share_a_kernel_are_bounded(tmp_path):
    """Each of 300 upsamplings of a 1 MB file got 1.6 MB of weights of its own."""
    kernel = np.ones((64, 64, 3, 3), np.float32)
    path = resized(tmp_path / "m.onnx", 600, [1, 1, 2, 2], conv=True, w=kernel)
    said = refusal("collapse", path, tmp_path / "new.onnx")
    assert "numbers in new weights are read, got" in said


@needs_posix
def test_scales_of_more_axes_than_a_map_has_are_not_written_out(tmp_path):
    """100,000 numbers that 300 nodes read were formatted for each."""
    path = resized(tmp_path / "m.onnx", 600, np.full(100_000, 1.5), conv=False)
    result = command(tmp_path, "collapse", path, tmp_path / "new.onnx")
    assert result.seconds < 10
    assert "it scales 100,000 axes, not two of four" in result.stderr


@needs_posix
def test_a_wide_graph_is_walked_through_once(tmp_path):
    """A Reshape that only large multiples fit made six walks through 92,000 edges, and 192 divisors were tried."""
    names = ["x", *(f"t{place}" for place in range(3_300))]
    sums = [helper.make_node("Sum", [a] * 28, [b]) for a, b in itertools.pairwise(names)]
    last = helper.make_node("Reshape", [names[-1], "s"], ["y"])
    path = saved(tmp_path / "m.onnx", [*sums, last], (1, 1, "h", "w"), s=[1, 1, -1, 241_920**2])
    assert "Reshape 'y' cannot be read" in refusal(path)


@needs_posix
def test_fused_copies_of_copies_are_bounded(tmp_path):
    """A dictionary of 6,500 maps for each of 9,000 copies took 2 GB."""
    maps = [helper.make_node("Relu", ["x"], [f"r{place}"]) for place in range(2_000)]
    joined = helper.make_node("Concat", [f"r{place}" for place in range(2_000)], ["p0"], axis=1)
    pads = [
        helper.make_node("Pad", [f"p{place}", "none"], [f"p{place + 1}"]) for place in range(600)
    ]
    last = helper.make_node("Relu", ["p600"], ["y"])
    path = saved(tmp_path / "m.onnx", [*maps, joined, *pads, last], none=[0, 0, 0, 0, 0, 0, 1, 1])
    said = refusal(path, "--machine", "1e12,1e11", "--fused")
    assert "fusing follows at most 1,000,000 reads through copies, got more" in said
