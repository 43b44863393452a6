"""Functions of a model's own, and those by which ONNX defines an operator: written out, they come to the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, defs, helper, numpy_helper, parser

from unet_complexity.engineering import from_onnx
from unet_complexity.engineering.readers.limits import MOST_DEPTH
from unet_complexity.engineering.readers.onnx.node import ROWS
from unet_complexity.engineering.readers.onnx.shapes import Edge, inlined

HEAD = '<ir_version: 10, opset_import: ["": 21, "my": 1]> m (float[1, 3, h, w] x) => (float[a, b, c, d] y)'
STORED = "float[4, 3, 3, 3] k = {}"


def text(body: str, *functions: str) -> Any:
    """A model, with functions as ``f <attributes> (inputs) => (outputs) { ... }``."""
    own = " ".join(f'<domain: "my", opset_import: ["": 21, "my": 1]> {one}' for one in functions)
    return parser.parse_model(f"{HEAD} <{STORED}> {{ {body} }} {own}")


CALL = "y = my.f (x, k)"
STRIDED = "f <s: ints = [2, 2]> (a, k) => (b) { b = Conv <strides: ints = @s> (a, k) }"
INNER = STRIDED.replace("f <", "g <")
PASSED = "f <t> (a, k) => (b) { b = my.g <s: ints = @t> (a, k) }"


@pytest.mark.parametrize(
    ("model", "same"),
    [
        (text(CALL, STRIDED), "strides = [2, 2]"),
        (text("y = my.f <s = [4, 4]> (x, k)", STRIDED), "strides = [4, 4]"),
        (text(CALL, STRIDED.replace("strides", "dilations")), "dilations = [2, 2]"),
        (
            text(
                CALL,
                'f <s: string = "SAME_UPPER"> (a, k) => (b) { b = Conv <auto_pad: string = @s> (a, k) }',
            ),
            'auto_pad = "SAME_UPPER"',
        ),
        (text(CALL, "f (a, k) => (b) { b = my.g (a, k) }", INNER), "strides = [2, 2]"),
        (text(CALL, INNER, "f (a, k) => (b) { b = my.g (a, k) }"), "strides = [2, 2]"),
        (text(CALL, PASSED, INNER), "strides = [2, 2]"),
        (text("y = my.f <t = [4, 4]> (x, k)", PASSED, INNER), "strides = [4, 4]"),
        (text(CALL, PASSED.replace("<t>", "<t: ints = [4, 4]>"), INNER), "strides = [4, 4]"),
    ],
)
def test_defaults_of_attributes_hold_where_a_call_leaves_them_out(model, same):
    network, wanted = from_onnx(model, 32), from_onnx(text(f"y = Conv <{same}> (x, k)"), 32)
    assert [str(step.layer) for step in network] == [str(step.layer) for step in wanted]
    assert network.total() == wanted.total()


def test_overloads_have_defaults_of_their_own():
    model = text(CALL, PASSED, INNER)
    for one, overload in zip(model.functions, "ab", strict=True):
        one.name, one.overload = "f", overload
    model.graph.node[0].overload = "a"
    model.functions[0].node[0].op_type, model.functions[0].node[0].overload = "f", "b"
    assert from_onnx(model, 32).total().macs == 108 * 15**2


def test_a_model_that_is_given_stays_as_it_is():
    model = text(CALL, STRIDED)
    before = model.SerializeToString()
    from_onnx(model)
    assert model.SerializeToString() == before


def test_a_function_that_only_calls_itself_is_not_looked_at():
    model = text("y = Conv (x, k)", "f (a) => (b) { b = my.f (a) }")
    assert from_onnx(model, 32).total().macs == 108 * 30**2


def test_functions_lie_inside_each_other_only_so_deep():
    own = ["f0 (a) => (b) { b = Relu (a) }"]
    own += [f"f{i} (a) => (b) {{ b = my.f{i - 1} (a) }}" for i in range(1, MOST_DEPTH + 1)]
    assert [step.name for step in from_onnx(text("y = my.f63 (x)", *own[:-1]))] == ["y"]
    model = text("y = my.f64 (x)", *own)
    with pytest.raises(ValueError, match="at most 64 functions inside each other are read, got 65"):
        from_onnx(model)


def test_a_function_that_is_given_a_graph_is_refused():
    graph = "g () => (float[a, b, c, d] t) { t = Relu (x) }"
    own = "f <s> (a) => (b) { b = If <then_branch: graph = @s, else_branch: graph = @s> (a) }"
    with pytest.raises(ValueError, match="whose attributes are numbers or text, got a graph for f"):
        from_onnx(text(f"y = my.f <s = {graph}> (x)", own))


def kernel(name: str, *shape: int) -> Any:
    value = numpy_helper.from_array(np.ones(shape, np.float32))
    return helper.make_node("Constant", [], [name], value=value)


@pytest.mark.parametrize(
    ("body", "own", "params"),
    [
        ("c = my.f (x) y = my.f (c)", "f (a) => (b) { b = Conv (a, k) }", 81),
        ("c = my.f (x) y = my.f (c)", "f (a) => (b) { l = Identity (k) b = Conv (a, l) }", 81),
        ("l = my.f () c = Conv (x, l) m = my.f () y = Conv (c, m)", "f () => (k) { }", 81),
        (
            "c = my.f (x) y = my.f (c)",
            "f (a) => (b) { c = my.g (a) b = Conv (c, k) }",
            2 * 81,
        ),
    ],
)
def test_an_array_in_a_function_is_stored_once_however_often_it_is_called(body, own, params):
    model = text(body, own, "g (a) => (b) { b = Conv (a, k) }")
    for function in model.functions:
        function.node.insert(0, kernel("k", 3, 3, 3, 3))
    total = from_onnx(model).total()
    assert (total.params, total.trainable_params) == (params, params)
    assert from_onnx(model, 32).total().macs > 0


def test_an_array_that_each_call_gives_is_counted_for_each():
    own = "f <v> (a) => (b) { k = Constant <value: tensor = @v> () b = Conv (a, k) }"
    model = text("c = my.f (x) y = my.f (c)", own)
    for node in model.graph.node:
        node.attribute.append(helper.make_attribute("v", kernel("k", 3, 3, 3, 3).attribute[0].t))
    assert from_onnx(model).total().params == 2 * 81


def test_a_constant_in_a_function_that_is_no_weight_stays_one():
    model = text("c = my.f (x) y = my.f (c)", "f (a) => (b) { b = Add (a, mask) }")
    model.functions[0].node.insert(0, kernel("mask", 1, 3, 1, 1))
    network = from_onnx(model)
    assert (network.total().params, network.constants) == (0, 3)


def defaults(schema: Any) -> dict[str, Any]:
    """The attributes that have a default."""
    every = {name: one.default_value for name, one in schema.attributes.items()}
    return {name: one for name, one in every.items() if one.type}


DEFINED = [
    schema
    for schema in defs.get_all_schemas_with_history()
    if schema.domain == "" and schema.name not in ROWS and defaults(schema)
    if schema.has_function or schema.has_context_dependent_function
]


@pytest.mark.parametrize("schema", DEFINED, ids=[f"{x.name}-{x.since_version}" for x in DEFINED])
def test_defaults_hold_in_operators_that_onnx_writes_out(schema):
    names = [f"i{place}" for place in range(max(schema.min_input, 1))]
    call = helper.make_node(schema.name, names[: schema.min_input], ["y"])
    stated = helper.make_node(schema.name, names[: schema.min_input], ["y"])
    stated.attribute.extend(defaults(schema).values())
    given = {name: Edge(TensorProto.FLOAT, (1, 4, 8, 8)) for name in call.input}
    nodes, wanted = (inlined(one, schema.since_version, given) for one in (call, stated))
    assert [node.SerializeToString() for node in nodes] == [x.SerializeToString() for x in wanted]
    referred = [one.ref_attr_name for node in nodes for one in node.attribute]
    assert not any(referred)


@pytest.mark.parametrize("opset", [9, 13, 18])
def test_a_mean_and_a_variance_are_those_of_each_channel(opset):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 8, 8])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 8, 8])
    totals = []
    for more in ({}, {"axes": [0, 2, 3]}):
        node = helper.make_node("MeanVarianceNormalization", ["x"], ["y"], **more)
        graph = helper.make_graph([node], "g", [x], [y])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
        totals.append(from_onnx(model).total())
    assert totals[0] == totals[1]
    assert (totals[0].writes, totals[0].elementwise) == (792, 1296)


def test_names_inside_an_operator_are_none_of_the_model():
    model = text("m = MeanVarianceNormalization <axes = [0, 2, 3]> (x) y = Conv (m, k)")
    kernel, conv = model.graph.initializer[0], model.graph.node[1]
    total = from_onnx(model).total()
    given = {"x": Edge(TensorProto.FLOAT, (1, 3, 64, 64))}
    inner = {name for node in inlined(model.graph.node[0], 21, given) for name in node.output}
    assert len(inner) > 5
    for name in inner - {"m"}:
        kernel.name = conv.input[1] = name.removeprefix("<inner>/")
        here = from_onnx(model).total()
        assert (here.macs, here.elementwise) == (total.macs, total.elementwise)
        kernel.name = conv.input[1] = name
        with pytest.raises(ValueError, match="begin otherwise than '<inner>/', got '<inner>/m/"):
            from_onnx(model)
