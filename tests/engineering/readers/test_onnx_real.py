"""What real files hold, each a kind of fault that was found: never a number that is wrong without a word."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto as T
from onnx import helper, numpy_helper

from tests.twins.onnx_witness import shapes
from unet_complexity import Conv2D
from unet_complexity.engineering import from_onnx
from unet_complexity.symbols import H, N, W

Arrays = dict[str, Any]
KERNEL = {"w": np.ones((8, 3, 3, 3), "f")}


def zeros(*sides: int) -> Any:
    return np.zeros(sides, "f")


def ints(*values: int) -> Any:
    return np.array(values, "int64")


def node(kind: str, inputs: str, outputs: str = "y", **attributes: Any) -> Any:
    """Names of edges are separated by blanks; "-" is an input that is left out."""
    given = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(kind, given, outputs.split(), **attributes)


def conv(inputs: str = "x w", outputs: str = "y", **attributes: Any) -> Any:
    return node("Conv", inputs, outputs, **{"pads": [1] * 4, **attributes})


def model(nodes: list[Any], stored: Arrays, opset: int = 17, **given: Any) -> Any:
    """``given`` are shapes of the inputs; whole numbers below 1 are written as they are; ``label`` holds indices."""
    inputs = [
        helper.make_tensor_value_info(name, T.INT64 if name == "label" else T.FLOAT, sides)
        for name, sides in given.items()
    ]
    outputs = [onnx.ValueInfoProto(name=name) for name in nodes[-1].output]
    arrays = [numpy_helper.from_array(np.asarray(value), name) for name, value in stored.items()]
    graph = helper.make_graph(nodes, "m", inputs, outputs, arrays)
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def fails(words: str, made: Any, **more: Any) -> None:
    """``words``: pieces of the message, in order, with " ... " between them."""
    pattern = "(?s)" + ".*".join(map(re.escape, words.split(" ... ")))
    with pytest.raises(ValueError, match=pattern) as caught:
        from_onnx(made, **more)
    assert len(str(caught.value)) <= 500


# ------------------------------------------------------------------------------------------- free sizes


@pytest.mark.parametrize(
    "sides",
    [
        [1, 3, "?", "?"],
        [-1, 3, 0, 0],
        [None, 3, None, None],
        ["n", 3, "n", "n"],
        ["batch", 3, "height", "width"],
        ["", 3, "", ""],
        [0, 3, "h", -1],
    ],
)
def test_any_name_or_none_is_a_free_size(sides):
    net = from_onnx(model([conv()], KERNEL, x=sides))
    assert (str(net.input), net.total().macs) == ("N x N x 3", 216 * N**2)
    apart = from_onnx(model([conv()], KERNEL, x=sides), side=(H, W)) if sides[2] != "n" else None
    assert apart is None or apart.total().macs == 216 * H * W


LAST = [node("Transpose", "x", "t", perm=[2, 0, 1]), node("Unsqueeze", "t zero", "u"), conv("u w")]
UNSQUEEZED = [node("Unsqueeze", "x zero", "u"), conv("u w")]


@pytest.mark.parametrize(
    ("nodes", "sides"),
    [
        (UNSQUEEZED, [3, "h", "w"]),
        (LAST, ["h", "w", 3]),
        (UNSQUEEZED, [3, None, None]),
        (
            [node("Transpose", "x", "t", perm=[0, 3, 1, 2]), conv("t w")],
            ["n", "h", "w", 3],
        ),
    ],
)
def test_operators_tell_batch_rows_and_columns_apart(nodes, sides):
    net = from_onnx(model(nodes, {**KERNEL, "zero": ints(0)}, x=sides))
    assert (str(net.input), net.total().macs) == ("N x N x 3", 216 * N**2)
    assert net.at(N=37).total().macs == 216 * 37**2


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"x": ["b", "c", "h", "w"]}, "'x' leaves 'c' (axis 1) free ... dims={'c': 3}"),
        ({"x": [1, 3, 8, 8], "z": ["tokens", 8]}, "'z' leaves 'tokens' (axis 0) free ... dims="),
        ({"x": [1, 3, 8, 8], "z": [1, 3, None, 8]}, "'z' leaves axis 2 free ... dims="),
    ],
)
def test_what_operators_do_not_tell_is_asked_for(given, words):
    fails(
        words,
        model([node("Relu", "z", "r"), conv()] if "z" in given else [conv()], KERNEL, **given),
    )


def test_the_batch_is_one_whatever_it_is_called():
    made = model([conv()], KERNEL, x=["n", 3, 8, 8])
    fails("'n' is the batch, which is 1 here, got 4; leave it out", made, dims={"n": 4})
    same = model([conv()], KERNEL, x=["n", 3, "n", 8])
    assert str(from_onnx(same, dims={"n": 5}).input) == "5 x 8 x 3"


def test_a_second_input_keeps_its_fixed_sides():
    nodes = [
        conv("z w", "q"),
        conv(outputs="p"),
        node("ReduceMean", "q", "m", axes=[2, 3]),
        node("Add", "p m"),
    ]
    net = from_onnx(model(nodes, KERNEL, x=[1, 3, 8, 8], z=[1, 3, 4, 4]), side=N)
    assert str(net.inputs["z"]) == "4 x 4 x 3"
    assert net.total().macs.expand() == 216 * N**2 + 216 * 16


# ------------------------------------------------------------------------------------------------ batch


@pytest.mark.parametrize(
    ("last", "stored"),
    [
        ([node("Expand", "k s", "e"), node("Mul", "c e")], {"k": zeros(1, 1, 1, 1), "s": ints(2, 8, 8, 8)}),
        ([node("Add", "c k")], {"k": zeros(2, 8, 8, 8)}),
        ([node("Reshape", "c s")], {"s": ints(4, -1, 64)}),
        ([node("Reshape", "c s")], {"s": ints(0, -1)}),
        ([node("ReduceSum", "c", "s", keepdims=0), node("Relu", "s")], {}),
    ],
)  # fmt: skip
def test_a_batch_of_several_is_refused_wherever_it_stands(last, stored):
    made = model([conv(outputs="c"), *last], {**KERNEL, **stored}, x=[2, 3, 8, 8], opset=13)
    fails("'x' is 2 x 3 x 8 x 8: if 2 is its batch, export it for one", made)


@pytest.mark.parametrize(
    ("shape", "read"),
    [
        ((1, 8, -1), True),
        ((-1, 64), False),
        ((8, -1), True),
        ((-1, 8, 64), False),
        ((-1, 8, 8), False),
    ],
)
@pytest.mark.parametrize("side", [16, N])
def test_a_reshape_is_read_at_another_side_only_if_what_it_keeps_does_not_change(shape, read, side):
    nodes = [conv(outputs="c"), node("Reshape", "c s", "r"), node("Relu", "r")]
    made = model(nodes, {**KERNEL, "s": ints(*shape)}, x=[1, 3, 8, 8])
    assert from_onnx(made).total().macs == 216 * 64
    if read:
        assert from_onnx(made, side=side).total().macs == 216 * side**2
    else:
        fails("Reshape 'r' cannot be read: it makes ... when it was exported", made, side=side)


# ---------------------------------------------------------------------------------- broadcasting, axes


@pytest.mark.parametrize(
    ("kind", "x", "z", "macs", "elementwise"),
    [
        ("MatMul", [1, 2, 1, 5, 4], [1, 1, 3, 4, 6], 2 * 3 * 5 * 4 * 6, 0),
        ("MatMul", [1, 2, 5, 4], [4, 6], 2 * 5 * 4 * 6, 0),
        ("MatMul", [1, 5, 4], [1, 7, 4, 6], 7 * 5 * 4 * 6, 0),
        ("MatMul", [1, 7, 3, 5, 4], [1, 7, 1, 4, 6], 7 * 3 * 5 * 4 * 6, 0),
        ("Add", [1, 2, 1, 5, 4], [1, 1, 3, 5, 4], 0, 120),
        ("Mul", [1, 3, 8, 8], [8, 1], 0, 192),
        ("Mul", [1, 8, 8, 1], [1, 1, 1, 3], 0, 192),
        ("Pow", [1, 2, 3, 1, 5], [1, 2, 1, 4, 1], 0, 120),
    ],
)
@pytest.mark.parametrize("held", [False, True])
def test_what_comes_out_after_broadcasting_is_counted(kind, x, z, macs, elementwise, held):
    stored = {"z": zeros(*z)} if held else {}
    given = {"x": x} if held else {"x": x, "z": z}
    made = model([node(kind, "x z")], stored, **given)
    net = from_onnx(made)
    assert (net.total().macs, net.total().elementwise) == (macs, elementwise)
    assert net.output.size == np.prod(shapes(made)["y"])


def test_reductions_after_reductions_count_what_is_left():
    nodes = [
        node("ReduceMean", "x", "a", axes=[-1], keepdims=0),  # 1 x 3 x 8 means of 6
        node("ReduceMax", "a", "b", axes=[-1], keepdims=0),  # 1 x 3 of 8
        node("ArgMax", "b", axis=-1, keepdims=0),
    ]
    assert from_onnx(model(nodes, {}, x=[1, 3, 8, 6])).total().elementwise == 144 + (24 - 3) + 2


# ------------------------------------------------------------------------------------------ subgraphs


def branch(*nodes: Any) -> Any:
    return helper.make_graph(
        list(nodes),
        "branch",
        [],
        [helper.make_tensor_value_info(nodes[-1].output[0], T.FLOAT, None)],
    )


def test_a_branch_is_named_also_where_it_is_known_and_its_edges_are_used():
    choice = helper.make_node(
        "If",
        ["c"],
        ["y"],
        then_branch=branch(conv("r w", "z")),
        else_branch=branch(node("Identity", "r", "q")),
    )
    nodes = [node("Relu", "x", "r"), choice]
    made = model(nodes, {**KERNEL, "c": np.array(True)}, x=[1, 3, 8, 8])
    fails("cannot count 1 of 2 layers of m: If (y); add them with extra={'If'", made)


@pytest.mark.parametrize("kind", ["If", "Loop", "Scan"])
def test_what_is_unknown_before_a_run_is_named(kind):
    inside = branch(conv("r w", "z"))
    bodies = {"then_branch": inside, "else_branch": inside} if kind == "If" else {"body": inside}
    more = {"num_scan_inputs": 1} if kind == "Scan" else {}
    last = helper.make_node(kind, ["c"], ["y"], **bodies, **more)
    made = model([node("Relu", "x", "r"), last], KERNEL, x=[1, 3, 8, 8], c=[1])
    fails(f"cannot count 1 of 2 layers of m: {kind} (y); add them with extra", made)


# ---------------------------------------------------------------------------------- params, constants


@pytest.mark.parametrize(
    ("nodes", "stored", "params"),
    [
        ([node("Sub", "x mean")], {"mean": zeros(1, 3, 1, 1)}, 0),
        ([node("Div", "x norm.std")], {"norm.std": zeros(1, 3, 1, 1)}, 0),
        ([node("Add", "x attn_mask")], {"attn_mask": zeros(8, 8)}, 0),
        ([node("Add", "x pos_table")], {"pos_table": zeros(8, 8)}, 0),
        ([node("Add", "x pos_embed")], {"pos_embed": zeros(8, 8)}, 64),
        ([node("Mul", "x gamma")], {"gamma": zeros(3, 1, 1)}, 3),
        ([node("Mul", "x /block/Constant_output_0")], {"/block/Constant_output_0": zeros(3, 1, 1)}, 0),
        ([conv("x blur.filt", group=3)], {"blur.filt": zeros(3, 1, 3, 3)}, 0),
        ([conv("x blur.weight", group=3)], {"blur.weight": zeros(3, 1, 3, 3)}, 27),
        ([node("Concat", "x rows columns", axis=1)], {"rows": zeros(1, 1, 8, 8), "columns": zeros(1, 1, 8, 8)}, 0),
        ([node("InstanceNormalization", "x norm.weight norm.bias")],
         {"norm.weight": np.ones(3, "f"), "norm.bias": zeros(3)}, 6),
        ([node("InstanceNormalization", "x val_1 val_2")], {"val_1": np.ones(3, "f"), "val_2": zeros(3)}, 0),
        ([node("Div", "w_orig sigma", "w"), conv()], {"w_orig": zeros(8, 3, 3, 3), "sigma": np.array(2.0, "f")}, 216),
        ([node("ConstantOfShape", "s", "w"), conv()], {"s": ints(8, 3, 3, 3)}, 216),
        ([node("BatchNormalization", "w val_1 val_2 val_2 val_1", "v"), conv("x v")],
         {"w": zeros(8, 3, 3, 3), "val_1": np.ones(3, "f"), "val_2": zeros(3)}, 216),
        ([node("PRelu", "x slope")], {"slope": zeros(3, 8, 8)}, 192),
        ([node("Gather", "table label", "e"), node("Reshape", "e s", "q"), node("Add", "x q")],
         {"table": zeros(10, 3), "s": ints(1, 3, 1, 1)}, 30),
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["inline", "external"])
def test_params_are_what_training_changes_wherever_the_bytes_are(nodes, stored, params, place):
    given = {"label": [1]} if "table" in stored else {}
    made = model(nodes, stored, x=[1, 3, 8, 8], **given)
    for tensor in made.graph.initializer if place == "external" else ():
        if tensor.data_type == T.FLOAT and tensor.dims:
            tensor.ClearField("raw_data")
            tensor.data_location = T.EXTERNAL
            tensor.external_data.add(key="location", value="absent.bin")
    assert from_onnx(made).total().params == params


def test_what_is_only_stored_is_told_apart_and_what_is_doubtful_said():
    nodes = [
        conv(outputs="c"),
        node("Add", "c mask", "m"),
        node("Add", "m a", "n"),
        node("Mul", "n gamma"),
    ]
    stored = {**KERNEL, "mask": zeros(8, 8), "a": zeros(8, 8), "gamma": zeros(8, 1, 1)}
    net = from_onnx(model(nodes, stored, x=[1, 3, 8, 8]))
    assert (net.total().params, net.constants, net.doubtful) == (216 + 64 + 8, 64, ("a",))
    assert "; params include a, which may be constants" in str(net.table())
    assert net.only(Conv2D).heading == net.heading
    assert not from_onnx(model([conv()], KERNEL, x=[1, 3, 8, 8])).doubtful


# ------------------------------------------------------------------------------ operators of real files


def one_of(
    kind: str, stored: Arrays | None = None, inputs: str = "x", opset: int = 17, **attributes: Any
) -> Any:
    return [node(kind, inputs, **attributes)], stored or {}, opset


QUANTISED = {"s": np.array(1, "f"), "z": np.array(0, "i1")}


@pytest.mark.parametrize(
    ("nodes", "stored", "macs", "params", "opset"),
    [
        ([conv(strides=[2, 2], dilations=[2, 2], pads=[2] * 4)], KERNEL, 64 * 216, 216, 17),
        (
            [
                node("DequantizeLinear", "w_q s z", "w"),
                node("DequantizeLinear", "f_q s z", "f"),
                node("Resize", "x - f", "u", mode="nearest"),
                node("QuantizeLinear", "u s z", "q"),
                node("DequantizeLinear", "q s z", "d"),
                conv("d w"),
            ],
            {**QUANTISED, "w_q": np.ones((8, 3, 3, 3), "i1"), "f_q": np.array([1, 1, 2, 2], "i1")},
            32 * 32 * 216,
            216,
            13,
        ),
        (
            [node("Range", "a b c", "r"), node("Reshape", "r s", "q"), node("Mul", "x q", "m"), conv("m w")],
            {**KERNEL, "a": np.array(0, "f"), "b": np.array(8, "f"), "c": np.array(0.5, "f"), "s": ints(1, 1, 1, 16)},
            256 * 216,
            216,
            17,
        ),
        ([node("Pad", "x p", "d"), conv("d w")],
         {**KERNEL, "p": ints(0, 0, 1, 1, 0, 0, -1, 1)}, 16 * 18 * 216, 216, 17),
        ([node("Trilu", "x", "d"), conv("d w")], KERNEL, 256 * 216, 216, 17),
        ([node("Celu", "x", "d"), conv("d w")], KERNEL, 256 * 216, 216, 17),
        ([node("MeanVarianceNormalization", "x", "d"), conv("d w")], KERNEL, 256 * 216, 216, 17),
    ],
)  # fmt: skip
def test_operators_of_real_files(nodes, stored, macs, params, opset):
    made = model(nodes, stored, opset, x=[1, 3, 16, 16])
    total = from_onnx(made).total()
    assert (total.macs, total.params) == (macs, params)
    assert from_onnx(made).output.size == np.prod(shapes(made)["y"])


OLDER = [
    ([node("Upsample", "x", scales=[1.0, 1.0, 2.0, 2.0])], {}, 7),
    ([node("Upsample", "x f")], {"f": np.array([1, 1, 2, 2], "f")}, 9),
    ([node("Resize", "x f")], {"f": np.array([1, 1, 2, 2], "f")}, 10),
    ([node("Resize", "x r f")], {"f": np.array([1, 1, 2, 2], "f"), "r": zeros(0)}, 11),
    ([node("Resize", "x r r s")], {"s": ints(1, 3, 7, 5), "r": zeros(0)}, 11),
    ([node("Resize", "x r r s")], {"s": ints(1, 3, 7, 5), "r": zeros(0)}, 13),
    ([node("Pad", "x", pads=[0, 0, 1, 1, 0, 0, 1, 1])], {}, 7),
    ([node("Slice", "x", starts=[1], ends=[5], axes=[2])], {}, 7),
    ([node("Clip", "x", min=0.0, max=6.0)], {}, 7),
    ([node("BatchNormalization", "x g g g g")], {"g": np.ones(3, "f")}, 7),
    ([node("Dropout", "x", "d", ratio=0.5), node("Relu", "d")], {}, 7),
    ([node("Softmax", "x", axis=1)], {}, 9),
    (
        [
            node("Squeeze", "x", "s", axes=[0]),
            node("Unsqueeze", "s", "u", axes=[0]),
            node("Relu", "u"),
        ],
        {},
        9,
    ),
    ([node("Split", "x", "a b", axis=1, split=[1, 2]), node("Concat", "b a", axis=1)], {}, 9),
    ([node("ReduceSum", "x", axes=[1], keepdims=0)], {}, 9),
    ([node("ReduceL2", "x", axes=[1])], {}, 13),
    ([node("GroupNormalization", "x g g", num_groups=3)], {"g": np.ones(3, "f")}, 18),
    ([node("GreaterOrEqual", "s x", "b"), node("Cast", "b", to=1)], {"s": zeros(8)}, 13),
    ([conv(outputs="y")], KERNEL, 26),
]


@pytest.mark.parametrize(("nodes", "stored", "opset"), OLDER, ids=lambda value: str(value)[:9])
def test_operators_of_older_and_newer_opsets(nodes, stored, opset):
    made = model(nodes, stored, opset, x=[1, 3, 8, 8])
    assert from_onnx(made).output.size == np.prod(shapes(made)["y"])


def test_attention_of_opset_23():
    made = model(
        [node("Attention", "q k v")], {}, 23, q=[1, 2, 64, 8], k=[1, 2, 64, 8], v=[1, 2, 64, 8]
    )
    total = from_onnx(made).total()
    assert total.macs == 2 * 2 * 64 * 64 * 8
    assert {step.name.split(":")[0] for step in from_onnx(made)} == {"y"}


def test_a_stated_shape_that_is_wrong_but_runs_is_read():
    made = model(
        [node("MaxPool", "x", "p", kernel_shape=[1, 1], strides=[3, 3], ceil_mode=1), conv("p w")],
        KERNEL,
        x=[1, 3, 12, 12],
    )
    made.graph.value_info.append(helper.make_tensor_value_info("p", T.FLOAT, [1, 3, 5, 5]))
    made.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", T.FLOAT, [1, 8, 5, 5]))
    assert from_onnx(made).total().macs == 16 * 216
    free = model(list(made.graph.node), KERNEL, x=[1, 3, "h", "w"])
    for side in (13, 14, 15, 97):
        assert str(from_onnx(free, side=side).output) == " x ".join(
            map(str, [*shapes(free, side)["y"][2:], 8])
        )


@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize("window", [(1, 3), (2, 2), (2, 3), (3, 1), (3, 2), (3, 4), (4, 3)])
@pytest.mark.parametrize("pads", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_a_pool_that_is_rounded_up_stops_as_onnx_runtime_does(kind, window, pads):
    """A window may hang over, if it begins in the map or before it; then fewer elements are compared or added."""
    taps, stride = window
    border = [before * (taps > 1) for before in (pads[0], pads[0], pads[1], pads[1])]
    made = model(
        [node(kind, "x", kernel_shape=[taps] * 2, strides=[stride] * 2, pads=border, ceil_mode=1)],
        {},
        x=[1, 1, "h", "w"],
    )
    for side in (5, 6, 7, 12, 13):
        network, stops = from_onnx(made, side=side), shapes(made, side)["y"][2]
        starts = [at * stride - border[0] for at in range(stops)]
        seen = sum(min(start + taps, side) - max(start, 0) for start in starts) ** 2
        assert network.output.size == stops**2
        assert network.total().elementwise == seen - stops**2 * (kind == "MaxPool")


def test_a_centre_crop_at_a_free_side():
    nodes = [
        node("Shape", "x", "s"),
        node("Slice", "s two four zero", "hw"),
        node("Sub", "hw four", "d"),
        node("Div", "d two", "from"),
        node("Add", "from four", "to"),
        node("Slice", "x from to axes", "c"),
        conv("c w"),
    ]
    made = model(
        nodes,
        {**KERNEL, "zero": ints(0), "two": ints(2), "four": ints(4), "axes": ints(2, 3)},
        x=[1, 3, "h", "w"],
    )
    net = from_onnx(made)
    assert (net.total().macs, net.regime) == (16 * 216, "N >= 4")
    for side in (4, 5, 101):
        assert net.at(N=side).output.size == np.prod(shapes(made, side)["y"])


@pytest.mark.parametrize("auto", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("taps", [1, 2, 3, 4, 5])
def test_a_transposed_convolution_is_padded_as_onnx_runtime_does_it(auto, taps):
    made = model(
        [node("ConvTranspose", "x w", strides=[2, 3], auto_pad=auto)],
        {"w": np.ones((3, 4, taps, taps), "f")},
        x=[1, 3, "h", "w"],
    )
    net = from_onnx(made)
    for side in (4, 7):
        found = shapes(made, side)["y"]
        read = from_onnx(made, side=side)
        assert str(read.output) == f"{found[2]} x {found[3]} x 4" == str(net.at(N=side).output)
        assert read.total().macs == 12 * taps**2 * side**2 == net.total().at(N=side).macs


def test_operators_of_onnx_runtime_say_how_to_do_without():
    fused = helper.make_node("FusedConv", ["x", "w"], ["y"], domain="com.microsoft")
    fails(
        "com.microsoft.FusedConv (y): an operator of ONNX Runtime alone; save the model before",
        model([fused], KERNEL, x=[1, 3, 8, 8]),
    )


@pytest.mark.parametrize("kind", ["ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul"])
def test_operators_of_whole_numbers_are_named(kind):
    """Exporters write quantised models with QuantizeLinear and DequantizeLinear around the usual operators."""
    made = model([node("Relu", "x", "r"), node(kind, "r w")], KERNEL, x=[1, 3, 8, 8])
    fails(f"cannot count 1 of ... layers of m: {kind} (y); add them with extra={{'{kind}'", made)


# --------------------------------------------------------------------------------- sides never fitted


def steps(unit: int) -> Any:
    """A row of numbers whose count grows by one each ``unit`` rows of the image."""
    nodes = [
        node("Shape", "x", "s"),
        node("Slice", "s two three zero", "h"),
        node("Div", "h unit", "q"),
        node("Add", "q three", "m"),
        node("ReduceMean", "x", "g", axes=[0, 1, 2, 3]),
        node("Reshape", "g one", "g1"),
        node("Expand", "g1 m", "e"),
        node("Relu", "e"),
    ]
    stored = {"zero": ints(0), "one": ints(1), "two": ints(2), "three": ints(3), "unit": ints(unit)}
    return model(nodes, stored, x=[1, 3, "h", "w"])


@pytest.mark.parametrize(
    ("unit", "regime"), [(3, "3 divides N"), (7, "7 divides N"), (64, "64 divides N")]
)
def test_a_formula_holds_where_it_says(unit, regime):
    net = from_onnx(steps(unit))
    assert net.regime == regime
    for times in (1, 11, 13, 101):
        assert (
            net.at(N=unit * times).output.size
            == unit * times // unit + 3
            == net.output.size.subs(N, unit * times)
        )
    with pytest.raises(ValueError, match="this formula holds where"):
        net.total().at(N=unit * 11 + 1)


def test_a_shape_that_follows_no_formula_is_refused():
    fails(
        "Expand 'e' cannot be read: ... follow no formula; read it at numbers, side=256",
        steps(1000),
    )
    assert from_onnx(steps(1000), side=1000).output.size == 4


def test_a_map_of_which_nothing_is_left_is_refused_before_onnx_looks_at_it():
    """onnx's own inference aborts the process for a Slice of nothing."""
    cut = [
        node("Slice", "x from end two", "a"),
        node("Slice", "a one end two", "b"),
        node("Relu", "b"),
    ]
    stored = {"from": ints(20), "end": ints(45), "one": ints(1), "two": ints(2)}
    made = model(cut, stored, x=[1, 3, "h", "w"])
    net = from_onnx(made)
    assert (net.output.size, net.regime) == (3 * 24 * N, "N >= 45")
    fails(
        "Slice 'a' cannot be read: something must be left, but 1 x 3 x 0 x 9 comes out",
        made,
        side=9,
    )


def test_many_unknown_layers_are_counted_by_kind():
    nodes = [
        node(f"Foo{i % 3}", f"e{i}", f"e{i + 1}", name=f"a_rather_long_name_{i}")
        for i in range(106)
    ]
    made = model([*nodes, node("Relu", "e106")], {}, e0=[1, 3, 8, 8])
    fails(
        "cannot count 106 of 107 layers of m: 36 Foo0, 35 Foo1, 35 Foo2; add them with extra={'Foo0'",
        made,
    )
