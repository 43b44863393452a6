"""Models that would make ``collapse`` run for ever, fill the memory or end in a traceback."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from unet_complexity.engineering.collapse import collapse_upsampling, command
from unet_complexity.engineering.collapse.files import valid_model
from unet_complexity.engineering.collapse.graph import Graph
from unet_complexity.engineering.command import main
from unet_complexity.escaping import LONGEST_MESSAGE

node = helper.make_node
MODES = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
TWO = {"s": np.array([1, 1, 2, 2], np.float32)}


def resize(scales: str = "s", source: str = "x", **settings: Any) -> Any:
    return node("Resize", [source, "", scales], ["u"], **{**MODES, **settings})


def a_model(nodes: list[Any], arrays: dict[str, Any], **settings: Any) -> Any:
    """The nodes, then a convolution of their value u."""
    held = {"w": np.ones((4, 64, 4, 4), np.float32), **arrays}
    weights = [numpy_helper.from_array(np.asarray(array), name) for name, array in held.items()]
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 64, 32, 32))]
    made = [helper.make_tensor_value_info("y", TensorProto.FLOAT, list("abcd"))]
    graph = helper.make_graph(
        [*nodes, node("Conv", ["u", "w"], ["y"], **settings)], "g", given, made, weights
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def why(model: Any, way: str | None = None) -> str:
    (block,) = collapse_upsampling(model, way).blocks
    assert block.arrangement == "as written"
    return block.why


def scaled(*factors: float) -> dict[str, Any]:
    return {"s": np.array([1, 1, *factors], np.float32)}


@pytest.mark.parametrize(("factors", "said"), [
    ((1e9, 1e9), "1e+09 x 1e+09"), ((2, 3000), "2 x 3000"), ((np.inf, 2), "inf x 2"),
])  # fmt: skip
def test_a_factor_has_a_largest_value(factors: Any, said: str) -> None:
    assert (
        why(a_model([resize()], scaled(*factors)))
        == f"whole factors up to 32 are collapsed, not both 1, got {said}"
    )


def test_a_factor_is_a_number() -> None:
    said = "its scales, or its sizes and the map's, are not known numbers"
    assert why(a_model([resize()], scaled(2, np.nan))) == said


@pytest.mark.parametrize("way", ["phases", "transposed"])
def test_summed_weights_are_limited(way: str) -> None:
    held = {**scaled(32, 32), "w": np.ones((64, 64, 1, 2), np.float32)}
    said = "at most 67,108,864 numbers are held to sum weights, got 138,412,032"
    assert why(a_model([resize()], held), way) == said


def test_a_constant_that_doubles_is_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "unet_complexity.engineering.collapse.graph.inferred", lambda model: model.graph
    )
    doubled = [node("Concat", [f"a{i}"] * 2, [f"a{i + 1}"], axis=0) for i in range(40)]
    nodes = [node("Identity", ["s"], ["a0"]), *doubled, resize("a40")]
    assert (
        why(a_model(nodes, scaled()))
        == "its scales, or its sizes and the map's, are not known numbers"
    )
    graph = Graph(a_model(nodes, {"s": np.ones(1, np.float32)}))
    assert graph.constant("a6").size == 64
    assert graph.constant("a7") is None


def test_a_large_shape_is_not_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [node("ConstantOfShape", ["s"], ["a"]), resize("a")]
    assert (
        why(a_model(nodes, {"s": np.array([2**32, 2**32])}))
        == "its scales, or its sizes and the map's, are not known numbers"
    )


def test_text_is_not_computed() -> None:
    """One number as text takes 128 bytes."""
    nodes = [node("Cast", ["s"], ["a"], to=TensorProto.STRING), resize("a")]
    assert Graph(a_model(nodes, TWO)).constant("a") is None
    back = node("Cast", ["a"], ["b"], to=TensorProto.FLOAT)
    assert (
        why(a_model([nodes[0], back, resize("b")], TWO))
        == "its scales, or its sizes and the map's, are not known numbers"
    )


def test_functions_that_call_each_other_twice_are_refused() -> None:
    """2^30 nodes, once written out: ONNX Runtime would write them out."""
    operators = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]

    def calls(i: int) -> Any:
        return [node(f"f{i}", [a], [b], domain="local") for a, b in (("a", "t"), ("t", "b"))]

    bodies = [[node("Relu", ["a"], ["b"])], *(calls(i) for i in range(30))]
    model = a_model([resize(), node("f30", ["x"], ["z"], domain="local")], TWO)
    model.opset_import.append(operators[1])
    for i, body in enumerate(bodies):
        function = helper.make_function("local", f"f{i}", ["a"], ["b"], body, operators)
        model.functions.append(function)
    said = "^at most 20,000 nodes, functions written out, are read, got 1,073,741,826$"
    with pytest.raises(ValueError, match=said):
        collapse_upsampling(model)


def test_computed_constants_have_a_limit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unet_complexity.engineering.collapse.graph.MOST_FOLDED", 7)
    nodes = [node("Identity", ["s"], ["a"]), node("Identity", ["a"], ["b"]), resize("b")]
    with pytest.raises(
        ValueError, match=r"^at most 7 bytes of computed constants are read, got 16$"
    ):
        collapse_upsampling(a_model(nodes, TWO))


BODY = helper.make_graph(
    [node("Identity", ["ci"], ["co"]), node("Sin", ["v"], ["vo"])], "body",
    [helper.make_tensor_value_info("i", 7, []), helper.make_tensor_value_info("ci", 9, []),
     helper.make_tensor_value_info("v", 1, None)],
    [helper.make_tensor_value_info("co", 9, []), helper.make_tensor_value_info("vo", 1, None)],
)  # fmt: skip


def saved(model: Any, folder: Path) -> tuple[str, str]:
    (folder / "in.onnx").write_bytes(model.SerializeToString())
    return str(folder / "in.onnx"), str(folder / "out.onnx")


def in_a_branch(inner: Any) -> Any:
    made = [helper.make_tensor_value_info(inner.output[0], TensorProto.FLOAT, None)]
    other = node("Identity", ["x"], [inner.output[0]])
    branches = {"then_branch": helper.make_graph([inner], "then", [], made)}
    branches["else_branch"] = helper.make_graph([other], "else", [], made)
    return node("If", ["C"], ["z"], **branches)


@pytest.mark.parametrize("nested", [False, True])
def test_a_model_with_a_loop_is_not_run(tmp_path: Path, nested: bool) -> None:
    loop = node("Loop", ["M", "C", "x"], ["z"], body=BODY)
    nodes = [in_a_branch(loop) if nested else loop, resize(source="z")]
    model = a_model(
        nodes, {**TWO, "M": np.array(2**62), "C": np.array(True)}, auto_pad="SAME_UPPER"
    )
    with pytest.raises(
        ValueError, match=r"^a model is run only if it has no loops, got Loop; collapse_upsampling"
    ):
        command(*saved(model, tmp_path))
    assert collapse_upsampling(model).replaced == 1


def outside(name: str) -> Any:
    tensor = TensorProto(name=name, data_type=1, dims=[4], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="sparse")
    return tensor


@pytest.mark.parametrize("nested", [False, True])
def test_external_tensors_of_constants_are_counted_too(tmp_path: Path, nested: bool) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2500 << 20)
    constant = node("Constant", [], ["c"], value=outside("c"))
    first = in_a_branch(constant) if nested else constant
    model = a_model([first, resize()], {**TWO, "C": np.array(True)})
    with pytest.raises(
        ValueError,
        match=r"at most 2,147,483,647 bytes of external weights are read, got 2,621,440,000",
    ):
        command(*saved(model, tmp_path))
    with pytest.raises(
        ValueError,
        match=r"^the model keeps c in another file; give the path, or load it by onnx.load",
    ):
        collapse_upsampling(model)


UNKNOWN = "its scales, or its sizes and the map's, are not known numbers"
INVALID = {
    "rounding": ([resize(nearest_mode="foo")], {}, "asymmetric with foo is not repetition for a factor of 2 x 2"),
    "padding": ([resize()], {"auto_pad": "foo"},
                "auto_pad must be one of SAME_UPPER, SAME_LOWER, VALID, NOTSET, got foo"),
    "type": ([node("Cast", ["s"], ["a"], to=99), resize("a")], {}, UNKNOWN),
    "slice": ([node("Slice", ["s"] * 3, ["a"]), resize("a")], {}, UNKNOWN),
    "axes": ([node("Transpose", ["s"], ["a"], perm=[5, 6]), resize("a")], {}, UNKNOWN),
}  # fmt: skip


@pytest.mark.parametrize(("nodes", "settings", "said"), INVALID.values(), ids=INVALID)
def test_what_is_not_valid_is_left_alone(
    nodes: list[Any], settings: dict[str, Any], said: str
) -> None:
    assert why(a_model(nodes, TWO, **settings)) == said


def foreign(name: str) -> Any:
    """A model in which an operator of this name reads the upsampled map."""
    model = a_model([resize()], TWO)
    model.graph.node[1].CopyFrom(node(name, ["u"], ["y"], domain="d"))
    model.opset_import.append(helper.make_opsetid("d", 1))
    return model


@pytest.mark.parametrize("model", [
    a_model([resize(mode="A" * 5000)], TWO),
    a_model([resize(nearest_mode="A" * 5000)], TWO),
    a_model([resize()], TWO, strides=[2] * 5000),
    a_model([resize()], TWO, auto_pad="A" * 5000),
    foreign("A" * 5000),
], ids=["mode", "rounding", "strides", "auto_pad", "operator"])  # fmt: skip
def test_a_reason_is_short_whatever_the_file_says(model: Any) -> None:
    said = why(model)
    assert "…" in said
    assert len(said) <= LONGEST_MESSAGE


def test_what_is_no_model_is_named_in_part() -> None:
    said = r"an ONNX model is a path or an onnx.ModelProto, got \['AAAA.*…A"
    with pytest.raises(TypeError, match=said) as refused:
        collapse_upsampling(["A" * 5000])
    assert len(str(refused.value)) < 150


class OddError(Exception):
    """As a library raises it: no kind of ours."""


@pytest.mark.parametrize(
    "error", [OddError, KeyError, AttributeError, RuntimeError, OverflowError, TypeError]
)
def test_any_error_of_a_library_is_one_sentence(error: type[Exception]) -> None:
    said = rf"^a.onnx must be a valid ONNX model, got {error.__name__}; export it anew$"
    with pytest.raises(ValueError, match=said), valid_model("a.onnx"):
        raise error("line one\nline two")


def test_a_long_chain_of_constants_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = [node("Identity", [f"a{i}"], [f"a{i + 1}"]) for i in range(3000)]
    model = a_model([node("Identity", ["s"], ["a0"]), *chain, resize("a3000")], TWO)
    assert main(["collapse", *saved(model, tmp_path)]) == 2
    said = "the model nests too deep to be read; export it anew"
    assert capsys.readouterr() == ("", f"unet_complexity: {said}\n")


def test_an_array_of_single_numbers_is_converted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """200,000 texts that 5,000 nodes read were converted anew for each: over 25 s."""
    model = a_model([resize("s"), node("Identity", ["w"], ["v"])], TWO)
    model.graph.node.extend(resize("s", "u") for _ in range(20))
    for place, one in enumerate(model.graph.node):
        one.input[1:2] = ["r"] if one.op_type == "Resize" else one.input[1:2]
        one.output[0] = one.output[0] if place == 0 else f"o{place}"
    model.graph.initializer.append(helper.make_tensor("r", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0]))
    converted: list[str] = []
    real = numpy_helper.to_array
    monkeypatch.setattr(
        numpy_helper, "to_array", lambda one: converted.append(one.name) or real(one)
    )
    graph = Graph(model)
    for one in model.graph.node:
        if one.op_type == "Resize":
            assert graph.settings(one)["roi"].tolist() == [1.0, 2.0, 3.0]
    assert converted.count("r") == 1


def test_new_nodes_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unet_complexity.engineering.collapse.graph.MOST_NODES", 5)
    with pytest.raises(ValueError, match=r"^at most 5 new nodes are read, got 6$"):
        collapse_upsampling(a_model([resize()], TWO, auto_pad="SAME_UPPER"), "phases")


def test_a_long_name_is_not_written_anew_for_each_phase() -> None:
    long = "u" * 1001
    nodes = [node("Identity", ["x"], [long]), resize(source=long)]
    said = "names of at most 1,000 characters are written anew, got 1,001"
    assert why(a_model(nodes, TWO)) == said


def test_the_shape_of_a_constant_is_multiplied_in_floats() -> None:
    """Whole numbers grow with each of 500,000 factors, which took 19 s."""
    shape = np.full(500_000, 127, np.int64)
    start = time.process_time()
    nodes = [node("ConstantOfShape", ["shape"], ["s"]), resize()]
    assert (
        why(a_model(nodes, {"shape": shape}))
        == "its scales, or its sizes and the map's, are not known numbers"
    )
    assert time.process_time() - start < 8
