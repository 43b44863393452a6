"""Collapsed ONNX models compute the same, in ONNX Runtime; what does not repeat for one plain convolution stays."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from tests.engineering.collapse.models import (
    NEAREST,
    as_pytorch_exports,
    classic,
    conv,
    model,
    pix2pix,
    resize,
    weights,
    whole,
)
from unet_complexity.engineering.collapse import arrangement, collapse_upsampling, graph
from unet_complexity.engineering.collapse.inference import inferred
from unet_complexity.engineering.collapse.rule import macs_saved


def inferred_here(m: Any) -> Any:
    return onnx.shape_inference.infer_shapes(m, data_prop=True).graph


@pytest.fixture(autouse=True, scope="module")
def in_this_process() -> Iterator[None]:
    """Infer shapes without a process for each model: to start one takes a quarter of a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph, "inferred", inferred_here)
        yield


@pytest.mark.parametrize("make", [pix2pix, classic, as_pytorch_exports])
def test_a_process_of_its_own_finds_the_same_shapes(make: Any) -> None:
    assert graph.inferred is inferred_here
    found = [inferred(make()), inferred_here(make())]
    shapes = [[str(value) for value in (*each.value_info, *each.output)] for each in found]
    assert len(shapes[0]) > 10
    assert shapes[0] == shapes[1]


def run(m: Any, *inputs: Any) -> Any:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(
        m.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, dict(zip((i.name for i in session.get_inputs()), inputs, strict=True)))


def operators(m: Any) -> Counter[str]:
    return Counter(node.op_type for node in m.graph.node)


def check_same(m: Any, way: str | None = None, x: Any = None) -> Any:
    """Collapses a model with one block; both give equal whole numbers.  Hands over the new model."""
    collapsed = collapse_upsampling(m, way)
    assert collapsed.replaced == 1, str(collapsed)
    x = (
        whole(*(side.dim_value for side in m.graph.input[0].type.tensor_type.shape.dim), seed=2)
        if x is None
        else x
    )
    np.testing.assert_array_equal(run(collapsed.model, x)[0], run(m, x)[0])
    assert not operators(collapsed.model).keys() & {"Resize", "Upsample", "Pad"}
    return collapsed.model


sizes = st.tuples(st.integers(1, 4), st.integers(1, 4)).filter(lambda size: size != (1, 1))
sides = st.tuples(st.integers(1, 5), st.integers(1, 5))


@st.composite
def cases(draw: Any) -> Any:
    kernel, size, height, width = (
        draw(sides),
        draw(sizes),
        draw(st.integers(2, 6)),
        draw(st.integers(2, 6)),
    )
    group, wide = draw(st.sampled_from([(1, 1), (1, 3), (2, 1), (3, 2)]))
    pads = [draw(st.integers(0, k - 1)) for k in kernel * 2]
    fits = all(
        s * n + b + e >= k
        for s, n, k, b, e in zip(size, (height, width), kernel, pads[:2], pads[2:], strict=True)
    )
    settings = draw(
        st.sampled_from(
            [{"pads": pads}] * fits + [{"auto_pad": "SAME_UPPER"}, {"auto_pad": "SAME_LOWER"}]
        )
    )
    held = {
        **weights(kernel, size),
        "w": whole(group * wide, 2, *kernel),
        "b": whole(group * wide, seed=1),
    }
    bias = draw(st.booleans())
    nodes = [resize(), conv(bias=bias, group=group, **settings)]
    return model(nodes, held, (draw(st.integers(1, 2)), 2 * group, height, width))


@settings(max_examples=120)
@given(cases(), st.sampled_from(["phases", "transposed"]))
def test_outputs_are_equal_exactly_on_whole_numbers(m: Any, way: str) -> None:
    check_same(m, way)


@pytest.mark.parametrize(
    ("kernel", "pads"), [((3, 3), (2, 1, 4, 3)), ((4, 4), (1, 4, 2, 5)), ((1, 1), (1, 0, 1, 2))]
)
def test_padding_of_a_whole_kernel_and_more_is_no_obstacle_to_phases(
    kernel: Any, pads: Any
) -> None:
    m = model([resize(), conv(pads=pads)], weights(kernel))
    assert "DepthToSpace" in operators(check_same(m, "phases"))


def test_where_no_arrangement_fits_it_stays() -> None:
    m = model([resize(), conv(pads=(3, 0, 0, 0))], weights((3, 3), (2, 3)))
    (block,) = collapse_upsampling(m, "phases").blocks
    assert block.why == "no way fits factors (2, 3) with padding (3, 0) and (0, 0)"


def test_the_rule_takes_phases_transposed_or_neither() -> None:
    assert arrangement(128, 64, (4, 4), (2, 2), 64 * 64)[0] == "phases"
    assert arrangement(128, 3, (4, 4), (2, 2), 64 * 64)[0] == "transposed"
    assert arrangement(128, 64, (4, 4), (2, 2), 3 * 5)[0] == "as written"
    assert arrangement(128, 64, (4, 4), (2, 2))[0] == "phases"
    assert arrangement(1, 64, (3, 3), (2, 2))[0] == "as written"  # depthwise
    assert arrangement(128, 3, (1, 1), (2, 2))[0] == "as written"
    assert macs_saved(1, (3, 3), (2, 2)) == 9 - 4


@pytest.mark.parametrize(
    ("side", "f", "ops"),
    [
        (9, 32, {"Conv": 4, "Concat": 1, "DepthToSpace": 1}),
        (9, 3, {"ConvTranspose": 1}),
        (3, 32, {"Resize": 1, "Conv": 1}),
        ("n", 32, {"Conv": 4, "Concat": 1, "DepthToSpace": 1}),
    ],
)
def test_what_the_rule_says_is_done(side: Any, f: int, ops: dict[str, int]) -> None:
    m = model(
        [resize(), conv(auto_pad="SAME_UPPER")], weights((4, 4), c=64, f=f), (1, 64, side, side)
    )
    collapsed = collapse_upsampling(m)
    assert operators(collapsed.model) == ops
    assert [block.name for block in collapsed.blocks] == ["up"]
    x = whole(1, 64, 9, 9) if side != 3 else whole(1, 64, 3, 3)
    np.testing.assert_array_equal(run(collapsed.model, x)[0], run(m, x)[0])


REPETITION = [
    ("asymmetric", "floor", (2, 3, 4)),
    ("asymmetric", "round_prefer_floor", (2,)),
    ("half_pixel", "round_prefer_floor", (2, 3, 4)),
    ("half_pixel", "round_prefer_ceil", (2, 3, 4)),
    ("pytorch_half_pixel", "round_prefer_floor", (2, 3, 4)),
    ("half_pixel_symmetric", "round_prefer_ceil", (2, 3, 4)),
    ("tf_half_pixel_for_nn", "floor", (2, 3, 4)),
]
NO_REPETITION = [
    ("asymmetric", "ceil", 2),
    ("asymmetric", "round_prefer_ceil", 2),
    ("asymmetric", "round_prefer_floor", 3),
    ("half_pixel", "floor", 2),
    ("half_pixel", "ceil", 3),
    ("tf_half_pixel_for_nn", "round_prefer_floor", 2),
    ("align_corners", "floor", 2),
    ("tf_crop_and_resize", "floor", 2),
]


@pytest.mark.parametrize(("position", "rounding", "factors"), REPETITION)
def test_modes_that_repeat_are_collapsed(position: str, rounding: str, factors: Any) -> None:
    modes = {"coordinate_transformation_mode": position, "nearest_mode": rounding}
    opset = {"tf_half_pixel_for_nn": 11, "half_pixel_symmetric": 19}.get(position, 17)
    up = resize("roi" if opset == 11 else "", **modes)
    for s in factors:
        held = {**weights(size=(s, s)), "roi": np.zeros(0, np.float32)}
        check_same(model([up, conv(pads=[1] * 4)], held, opset=opset), "transposed")


@pytest.mark.parametrize(("position", "rounding", "s"), NO_REPETITION)
def test_modes_that_do_not_repeat_are_left_alone(position: str, rounding: str, s: int) -> None:
    modes = {"coordinate_transformation_mode": position, "nearest_mode": rounding}
    opset = 11 if position.startswith("tf_half") else 17
    held = {**weights(size=(s, s)), "roi": np.zeros(0, np.float32)}
    m = model([resize("roi" if opset == 11 else "", **modes), conv()], held, opset=opset)
    (block,) = collapse_upsampling(m, "phases").blocks
    assert block.why == f"{position} with {rounding} is not repetition for a factor of {s} x {s}"


def scales(*values: float) -> dict[str, Any]:
    return {"scales": np.array(values, np.float32)}


RELU = helper.make_node("Relu", ["u"], ["y"])
PAD = helper.make_node("Pad", ["u", "pads"], ["v"])
LEFT = {
    "map as weights": (
        [resize(), helper.make_node("Conv", ["big", "u"], ["y"])],
        {"big": whole(1, 4, 12, 12)},
        "the convolution's weights are not a constant of four axes",
    ),
    "strides": ([resize(), conv(strides=[1, 2])], {}, r"the convolution has strides \[1, 2\]"),
    "dilations": (
        [resize(), conv(dilations=[2, 2])],
        {},
        r"the convolution has dilations \[2, 2\]",
    ),
    "linear": (
        [resize(mode="linear", nearest_mode="floor"), conv()],
        {},
        "its mode is linear, which does not repeat",
    ),
    "relu": ([resize(), RELU], {}, "it is read by Relu, not by a convolution"),
    "twice": (
        [resize(), conv(), helper.make_node("Relu", ["u"], ["z"])],
        {},
        "the output of Resize is read 2 times, not once",
    ),
    "padded twice": (
        [resize(), PAD, conv("v"), helper.make_node("Relu", ["v"], ["z"])],
        {"pads": np.array([0, 0, 1, 1, 0, 0, 1, 1])},
        "the output of Pad is read 2 times, not once",
    ),
    "beside a skip": (
        [resize(), helper.make_node("Concat", ["u", "big"], ["v"], axis=1), conv("v")],
        {"big": whole(1, 4, 12, 12), **weights(c=8)},
        "it is read by Concat, not by a convolution",
    ),
    "channels": (
        [resize(), conv()],
        scales(1, 2, 2, 2),
        "it scales the axes by 1 x 2 x 2 x 2, not the last two",
    ),
    "half": (
        [resize(), conv()],
        scales(1, 1, 0.5, 2),
        "whole factors up to 32 are collapsed, not both 1, got 0.5 x 2$",
    ),
    "fraction": (
        [resize(), conv()],
        scales(1, 1, 2, 2.5),
        "whole factors up to 32 are collapsed, not both 1, got 2 x 2.5$",
    ),
    "one": (
        [resize(), conv()],
        scales(1, 1, 1, 1),
        "whole factors up to 32 are collapsed, not both 1, got 1 x 1$",
    ),
    "border": (
        [resize(), helper.make_node("Pad", ["u", "pads"], ["v"], mode="reflect"), conv("v")],
        {"pads": np.array([0, 0, 1, 1, 0, 0, 1, 1])},
        "a Pad between the two adds other than constant zeros",
    ),
    "ones": (
        [resize(), helper.make_node("Pad", ["u", "pads", "one"], ["v"]), conv("v")],
        {"pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]), "one": np.float32(1)},
        "a Pad between the two adds other than constant zeros",
    ),
    "crop": (
        [resize(), PAD, conv("v")],
        {"pads": np.array([0, 0, -1, 0, 0, 0, 0, 0])},
        "a Pad between the two crops, or pads channels",
    ),
    "weights": (
        [
            resize(),
            helper.make_node("Abs", ["w"], ["v"]),
            helper.make_node("Conv", ["u", "v"], ["y"]),
        ],
        {},
        "the convolution's weights are not a constant of four axes",
    ),
    "scales": (
        [
            helper.make_node("Abs", ["scales"], ["v"]),
            helper.make_node("Resize", ["x", "", "v"], ["u"], **NEAREST),
            conv(),
        ],
        {},
        "its scales, or its sizes and the map's, are not known numbers",
    ),
    "small": ([resize(), conv()], weights(c=4, f=3), "20 MACs saved per output element do not pay"),
}


@pytest.mark.parametrize(("nodes", "held", "why"), LEFT.values(), ids=LEFT)
def test_anything_else_is_left_alone_and_told_why(
    nodes: Any, held: dict[str, Any], why: str
) -> None:
    m = model(nodes, {**weights(), **held})
    collapsed = collapse_upsampling(m)
    (block,) = collapsed.blocks
    assert block.arrangement == "as written"
    assert re.search(why, block.why), block.why
    assert collapsed.model == m
    assert collapsed.replaced == 0


@pytest.mark.parametrize("way", ["phases", "transposed"])
def test_weights_whose_sums_are_too_large_stay(way: str) -> None:
    m = model(
        [resize(), conv(pads=[1] * 4)], {**weights(), "w": np.full((3, 4, 3, 3), 3e38, np.float32)}
    )
    collapsed = collapse_upsampling(m, way)
    assert collapsed.blocks[0].why == "sums of its weights are not finite float32 numbers"
    assert collapsed.model == m


@pytest.mark.parametrize(
    "build", [pix2pix, lambda: pix2pix(64), classic], ids=["pix2pix", "pix2pix 64", "classic"]
)
def test_a_whole_network_computes_the_same_and_collapsing_it_again_changes_nothing(
    build: Any,
) -> None:
    m = build()
    collapsed = collapse_upsampling(m)
    assert collapsed.replaced >= 1, str(collapsed)
    assert len(collapsed.blocks) == operators(m)["Resize"]
    side = m.graph.input[0].type.tensor_type.shape.dim[2].dim_value
    for height, width in [(side, side)] if side else [(64, 64), (32, 96)]:
        channels = m.graph.input[0].type.tensor_type.shape.dim[1].dim_value
        x = np.random.default_rng(0).normal(size=(1, channels, height, width)).astype("float32")
        before, after = run(m, x)[0], run(collapsed.model, x)[0]
        assert before.max() > 1e-3
        np.testing.assert_allclose(after, before, atol=1e-5 * before.max())
    assert collapse_upsampling(collapsed.model).model == collapsed.model


def test_what_pytorch_exports_is_understood_and_what_only_it_needed_is_gone() -> None:
    m = as_pytorch_exports()
    collapsed = collapse_upsampling(m)
    assert operators(collapsed.model) == {"Conv": 5, "Concat": 1, "DepthToSpace": 1}
    x = whole(2, 32, 5, 4)
    np.testing.assert_array_equal(run(collapsed.model, x)[0], run(m, x)[0])
    assert "w" in {
        item.name for item in collapsed.model.graph.initializer
    }  # the other convolution reads it


def test_the_given_model_stays_and_the_rest_is_kept() -> None:
    m = model([resize(), conv(pads=[1] * 4)], weights())
    m.metadata_props.add(key="author", value="ada")
    m.doc_string = "kept"
    m.graph.value_info.append(helper.make_tensor_value_info("u", TensorProto.FLOAT, [1, 4, 10, 12]))
    before = m.SerializeToString()
    new = collapse_upsampling(m, "phases").model
    assert m.SerializeToString() == before
    assert (new.opset_import, new.ir_version, new.producer_name) == (m.opset_import, 8, "tests")
    assert (new.metadata_props[0].value, new.doc_string) == ("ada", "kept")
    assert not new.graph.value_info
    assert {item.name for item in new.graph.initializer}.isdisjoint({"w", "scales"})
    assert [node.name for node in new.graph.node][-1] == "conv"


def test_names_that_are_taken_are_not_taken_again() -> None:
    held = {**weights(), "y/transposed/weights": whole(1)}
    add = helper.make_node("Add", ["y/transposed/weights", "v"], ["y/a"])
    nodes = [
        resize(),
        conv(pads=[1] * 4),
        helper.make_node("Relu", ["y/transposed/weights"], ["v"]),
        add,
    ]
    new = check_same(model(nodes, held), "transposed")
    assert {"y/transposed/weights", "y/transposed/weights_"} <= {
        item.name for item in new.graph.initializer
    }


def test_names_that_only_a_branch_or_a_sparse_array_uses_are_not_taken_either() -> None:
    """ONNX's checker refuses a value of a branch with the name of an outer one, read or not."""
    taken = "y/transposed/weights"
    inner = helper.make_node("Relu", ["x"], [taken])
    other = helper.make_node("Identity", ["x"], ["r"])
    for unread in (inner, helper.make_node("Split", ["x"], ["r1", taken], axis=3)):
        then = helper.make_graph([unread, other], "then", [], [value("r")])
        chosen = helper.make_node("If", ["yes"], ["z"], then_branch=then, else_branch=then)
        m = model([resize(), conv(pads=[1] * 4), chosen], {**weights(), "yes": np.array(True)})
        new = check_same(m, "transposed")
        assert f"{taken}_" in {item.name for item in new.graph.initializer}
    m = model([resize(), conv(pads=[1] * 4)], weights())
    numbers = numpy_helper.from_array(np.ones(1, np.float32), taken)
    where = numpy_helper.from_array(np.zeros(1, np.int64), "where")
    m.graph.sparse_initializer.append(helper.make_sparse_tensor(numbers, where, [3]))
    new = check_same(m, "transposed")
    assert f"{taken}_" in {item.name for item in new.graph.initializer}
    assert new.graph.sparse_initializer == m.graph.sparse_initializer


@pytest.mark.parametrize("way", ["phases", "transposed"])
def test_the_convolution_keeps_its_name_and_what_is_said_about_it(way: str) -> None:
    m = model([resize(), conv(pads=[1] * 4)], weights())
    m.graph.node[1].doc_string = "the last block"
    last = check_same(m, way).graph.node[-1]
    assert (last.name, last.doc_string) == ("conv", "the last block")


def test_a_map_that_is_an_output_or_read_in_a_branch_is_left_alone() -> None:
    m = model([resize(), conv()], weights())
    m.graph.output.append(helper.make_tensor_value_info("u", TensorProto.FLOAT, [1, 4, 10, 12]))
    assert "read 2 times" in collapse_upsampling(m, "phases").blocks[0].why
    branches = [
        helper.make_graph(
            [helper.make_node("Relu", ["u"], [f"r{i}"])], f"b{i}", [], [value(f"r{i}")]
        )
        for i in (0, 1)
    ]
    chosen = helper.make_node(
        "If", ["yes"], ["z"], then_branch=branches[0], else_branch=branches[1]
    )
    m = model([resize(), conv(), chosen], {**weights(), "yes": np.array(True)})
    assert "read 3 times" in collapse_upsampling(m, "phases").blocks[0].why


def value(name: str) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, None)


def test_weights_that_can_be_given_as_an_input_are_no_constants() -> None:
    m = model([resize(), conv()], weights())
    m.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [2, 4, 3, 3]))
    assert (
        collapse_upsampling(m, "phases").blocks[0].why
        == "the convolution's weights are not a constant of four axes"
    )


@pytest.mark.parametrize(
    ("opset", "ir_version"), [(7, 3), (9, 4), (10, 5), (11, 6), (13, 7), (18, 8), (21, 10)]
)
def test_opsets_old_and_new(opset: int, ir_version: int) -> None:
    held, up = weights(), resize()
    if opset < 11:
        held_scales = {"scales": held.pop("scales").tolist()} if opset == 7 else {}
        inputs = ["x"] if opset == 7 else ["x", "scales"]
        up = helper.make_node(
            "Upsample" if opset < 10 else "Resize", inputs, ["u"], mode="nearest", **held_scales
        )
    if opset >= 18:
        held["scales"], up = held["scales"][2:], resize(axes=[2, -1])
    if opset == 11:
        held["roi"], up = np.zeros(0, np.float32), resize("roi")
    for way in ("phases", "transposed"):
        new = check_same(
            model([up, conv(pads=[1] * 4)], held, opset=opset, ir_version=ir_version), way
        )
        assert new.opset_import[0].version == opset


@pytest.mark.parametrize(
    "pad",
    [
        {"opset": 9, "pads": [0, 0, 1, 0, 0, 0, 2, 1]},
        {"opset": 13, "held": [0, 0, 1, 0, 0, 0, 2, 1]},
        {"opset": 18, "held": [1, 0, 2, 1], "axes": [2, 3]},
        {"opset": 18, "held": [1, 2], "axes": [-1]},
    ],
    ids=str,
)
def test_zeros_around_the_map_are_padding_however_a_pad_states_them(pad: dict[str, Any]) -> None:
    held, inputs, attributes = weights((4, 4)), ["u"], {}
    up = (
        resize()
        if pad["opset"] > 10
        else helper.make_node("Upsample", ["x", "scales"], ["u"], mode="nearest")
    )
    if "pads" in pad:
        attributes = {"pads": pad["pads"]}
    else:
        held["pads"], inputs = np.array(pad["held"]), ["u", "pads"]
    if "axes" in pad:
        held["axes"], inputs = np.array(pad["axes"]), ["u", "pads", "", "axes"]
    nodes = [up, helper.make_node("Pad", inputs, ["v"], **attributes), conv("v", pads=[0, 1, 1, 0])]
    check_same(model(nodes, held, opset=pad["opset"]), "transposed")


def test_sizes_count_where_they_are_a_whole_multiple() -> None:
    for sizes_of, why in (
        ([1, 4, 10, 18], None),
        ([1, 4, 10, 13], "are collapsed, not both 1, got 2 x 2.16667$"),
        ([1, 4, 5, 6], "are collapsed, not both 1, got 1 x 1$"),
    ):
        held = {**weights(), "sizes": np.array(sizes_of), "scales": np.zeros(0, np.float32)}
        for scale in ("", "scales"):
            up = helper.make_node("Resize", ["x", scale, scale, "sizes"], ["u"], **NEAREST)
            m = model([up, conv(pads=[1] * 4)], held, opset=17 if not scale else 11)
            if why is None:
                check_same(m, "transposed")
            else:
                assert re.search(why, collapse_upsampling(m, "transposed").blocks[0].why)
    free = model([up, conv()], held, ("n", 4, "h", "w"), opset=11)
    assert (
        "its sizes and the map's, are not known numbers"
        in collapse_upsampling(free, "phases").blocks[0].why
    )
    held = {**weights(), "sizes": np.array([10, 12])}
    up = helper.make_node(
        "Resize",
        ["x", "", "", "sizes"],
        ["u"],
        axes=[2, 3],
        keep_aspect_ratio_policy="not_larger",
        **NEAREST,
    )
    m = model([up, conv()], held, opset=18)
    assert collapse_upsampling(m, "phases").blocks[0].why == "it keeps the aspect ratio: not_larger"


@pytest.mark.parametrize(
    ("kind", "dtype"), [(TensorProto.DOUBLE, "float64"), (TensorProto.FLOAT16, "float16")]
)
def test_weights_keep_their_type(kind: int, dtype: str) -> None:
    held = {
        name: array.astype(dtype if name != "scales" else "float32")
        for name, array in weights().items()
    }
    m = model([resize(), conv(pads=[1] * 4)], held, kind=kind)
    new = collapse_upsampling(m, "phases").model
    assert {numpy_helper.to_array(item).dtype.name for item in new.graph.initializer} == {dtype}
    x = {
        "x": whole(1, 4, 5, 6, dtype=dtype)
    }  # in ONNX's reference; ONNX Runtime has no such convolution on CPUs
    np.testing.assert_array_equal(*(ReferenceEvaluator(one).run(None, x)[0] for one in (m, new)))


def test_a_network_of_one_axis_is_left_alone() -> None:
    held = {"scales": np.array([1, 1, 2], np.float32), "w": whole(2, 4, 3)}
    nodes = [resize(), conv(bias=False)]
    assert (
        "it scales 3 axes, not two of four"
        in collapse_upsampling(model(nodes, held, (1, 4, 5)), "phases").blocks[0].why
    )


def test_a_map_whose_axes_are_not_known_is_transposed_before_it_is_collapsed() -> None:
    nodes = [
        helper.make_node("Compress", ["held", "all"], ["sides"], axis=0),
        helper.make_node("Reshape", ["x", "sides"], ["r"]),
        helper.make_node("Resize", ["r", "", "scales"], ["u"], "up", **NEAREST),
        helper.make_node("Transpose", ["u"], ["t"], perm=[0, 3, 1, 2]),
        conv("t", pads=[1] * 4),
    ]
    sides = {"held": np.array([1, 5, 6, 4]), "all": np.ones(4, bool)}
    held = {**weights(), **scales(1, 2, 2, 1), **sides}
    for way in ("phases", "transposed"):
        new = check_same(model(nodes, held, (1, 5, 6, 4)), way)
        assert "r/transposed" in {node.name for node in new.graph.node}


def test_what_is_no_model_is_refused(tmp_path: Any) -> None:
    with pytest.raises(
        TypeError, match=r"an ONNX model is a path or an onnx.ModelProto, got 3; try 'model.onnx'"
    ):
        collapse_upsampling(3)
    with pytest.raises(
        ValueError, match=r"arrangement must be one of 'phases', 'transposed' or None, got 'fast'"
    ):
        collapse_upsampling(model([resize(), conv()], weights()), "fast")
    path = tmp_path / "a.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ValueError, match=r"a.onnx is not an ONNX model, or it is cut short"):
        collapse_upsampling(path)
    onnx.save(model([resize(), conv(bad=1)], weights()), path)
    with pytest.raises(ValueError, match=r"a.onnx is not a valid ONNX model: .*bad"):
        collapse_upsampling(path)
    with pytest.raises(FileNotFoundError):
        collapse_upsampling(tmp_path / "absent.onnx")


def test_weights_in_another_file_are_read_where_they_can_be(tmp_path: Any) -> None:
    m, path = model([resize(), conv(pads=[1] * 4)], weights()), tmp_path / "a.onnx"
    onnx.save(m, path, save_as_external_data=True, location="weights", size_threshold=0)
    new = collapse_upsampling(path, "phases").model
    x = whole(1, 4, 5, 6)
    np.testing.assert_array_equal(
        run(new, x)[0], run(model([resize(), conv(pads=[1] * 4)], weights()), x)[0]
    )
    with pytest.raises(
        ValueError, match=r"the model keeps \w+ in another file; give the path, or load it"
    ):
        collapse_upsampling(onnx.load(path, load_external_data=False))
    (tmp_path / "weights").unlink()
    with pytest.raises(ValueError, match=r"the external weights of a.onnx cannot be read"):
        collapse_upsampling(path)


def test_a_key_of_external_data_that_onnx_does_not_know_is_no_matter(
    tmp_path: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    nodes, path = [resize(), conv(pads=[1] * 4)], tmp_path / "a.onnx"
    onnx.save(
        model(nodes, weights()),
        path,
        save_as_external_data=True,
        location="weights",
        size_threshold=0,
    )
    stated = onnx.load(path, load_external_data=False)
    for tensor in stated.graph.initializer:
        tensor.external_data.add(key="colour", value="red")
    path.write_bytes(stated.SerializeToString())
    new = collapse_upsampling(path, "phases").model
    assert capfd.readouterr() == ("", "")
    x = whole(1, 4, 5, 6)
    np.testing.assert_array_equal(run(new, x)[0], run(model(nodes, weights()), x)[0])


def test_more_than_one_file_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unet_complexity.engineering.collapse.files.MOST_BYTES", 100)
    with pytest.raises(
        ValueError, match=r"the model has [\d,]+ bytes; at most 100 fit into one file"
    ):
        collapse_upsampling(model([resize(), conv()], weights()))
