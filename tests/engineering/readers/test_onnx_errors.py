"""What is not a model, is damaged, or cannot be counted: a ValueError that says it, and says what would work."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, defs, helper, parser

from tests.twins.onnx_models import Graph, classic, image, resnet
from unet_complexity import Activation, Conv2D, Network, Tensor
from unet_complexity.engineering import from_onnx
from unet_complexity.symbols import N

K = "float[8, 3, 3, 3] k = {}"
X = "float[1, 3, 4, 4] x"


def fails(words: str, model: Any, error: type[Exception] = ValueError, **more: Any) -> None:
    """``words``: pieces of the message, in order, with " ... " between them."""
    with pytest.raises(error, match="(?s)" + ".*".join(map(re.escape, words.split(" ... ")))):
        from_onnx(model, **more)


def text(
    body: str,
    given: str = "float[1, 3, h, w] x",
    stored: str = K,
    more: str = "",
    out: str = "a, b, c, d",
) -> Any:
    head = f'<ir_version: 10, opset_import: ["": 21, "my": 1]> m ({given}) => (float[{out}] y) <{stored}>'
    return parser.parse_model(f"{head} {{ {body} }} {more}")


CONV = "y = Conv <pads = [1, 1, 1, 1]> (x, k)"


def test_what_is_not_a_model(tmp_path):
    path = tmp_path / "model.onnx"
    for content in (b"", b"hello", b"PK\x03\x04", bytes(range(256))):
        path.write_bytes(content)
        fails("model.onnx is not ... torch.onnx.export", path)
    model = text(CONV)
    del model.opset_import[1:]
    whole = model.SerializeToString()
    path.write_bytes(whole)
    assert from_onnx(path).total().macs == from_onnx(str(path)).total().macs == 216 * N**2
    assert from_onnx(path).name == "model"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        fails("model.onnx is not a", path)
    fails("from_onnx takes a path or an onnx.ModelProto, got 3", 3, TypeError)
    fails("from_onnx takes a path or an onnx.ModelProto, got b'\\x08", 10**5 * whole, TypeError)
    fails("absent.onnx", tmp_path / "absent.onnx", FileNotFoundError)


def row(
    words: str, body: str = CONV, given: str = "float[1, 3, h, w] x", stored: str = K, **more: Any
) -> Any:
    return pytest.param(words, lambda: text(body, given, stored), more, id=words[:40])


@pytest.mark.parametrize(
    ("words", "model", "more"),
    [
        row(
            "Conv 'y' needs 'a', which nothing before it writes: the file is damaged",
            "y = Conv (a, k)",
        ),
        row("the model needs 'y', which nothing before it writes", "z = Conv (x, k)"),
        row("Conv 'y' needs 'a', which nothing before it writes", "y = Conv (a, k) a = Relu(y)"),
        row(
            "Relu 'y' writes 'y', which is there already: names must be unique",
            "y = Conv (x, k) y = Relu(x)",
        ),
        row(
            "Relu 'x' writes 'x', which is there already: names must be unique",
            "x = Relu(x) y = Conv (x, k)",
        ),
        row(
            "two inputs, or two initialisers, have one name",
            CONV,
            "float[1, 3, h, w] x, float[1] x",
        ),
        row("two inputs, or two initialisers, have one name", stored=f"{K}, {K}"),
        row(
            "Conv 'y' cannot be read: Number of spatial dimensions ... does not match ... got 1 x 3 x 8 and 8 x 3 x",
            CONV,
            "float[1, 3, 8] x",
        ),
        row(
            "its weights are for 3 channels in 1 groups, got 1 x 5 x N x N",
            CONV,
            "float[1, 5, h, w] x",
        ),
        row(
            "its bias must hold 8 numbers, got 4",
            "y = Conv (x, k, b)",
            stored=f"{K}, float[4] b = {{}}",
        ),
        row(
            "Conv 'y' cannot be read: Node ... has input size 1 not in range [min=2, max=3], got 1 x 3 x N x N",
            "y = Conv (x)",
        ),
        row(
            "Attribute strides has incorrect size, got 1 x 3 x N x N and 8 x 3 x 3 x 3",
            "y = Conv <strides = [1]> (x, k)",
        ),
        row(
            "at most 32,768 taps of a window, its stride, dilation or padding are read, got 99,999",
            "y = Conv <pads = [99999, 0, 0, 0]> (x, k)",
        ),
        *(
            row(
                f"{kind} 'y' cannot be read: pads are only for auto_pad NOTSET, got [{pads}] and {auto}; leave one out",
                f'y = {kind} <auto_pad = "{auto}", pads = [{pads}], {more}',
            )
            for kind, more in (
                ("Conv", "strides = [1, 1]> (x, k)"),
                ("MaxPool", "kernel_shape = [3, 3]> (x)"),
                ("AveragePool", "kernel_shape = [3, 3]> (x)"),
            )
            for auto, pads in (
                ("VALID", "0, 0, 1, 0"),
                ("SAME_UPPER", "1, 1, 1, 1"),
                ("SAME_LOWER", "0, 0, 0, 0"),
            )
        ),
        row(
            "auto_pad must be one of 'NOTSET', 'SAME_LOWER', 'SAME_UPPER', 'VALID', got 'same'; try 'NOTSET'",
            'y = Conv <auto_pad = "same"> (x, k)',
        ),
        row(
            "Mismatched attribute type in ' : strides'. Expected: 'INTS', actual: 'STRING'",
            'y = Conv <strides = "2"> (x, k)',
        ),
        row(
            "Add 'y' cannot be read: Incompatible dimensions, got 1 x 3 x N x N and 8 x 3 x 3 x 3",
            "y = Add (x, k)",
        ),
        row(
            "Dimension could not be inferred: incompatible shapes, got 1 x 3 x 4 x 4 and [5, -1]",
            "y = Reshape (x, s)",
            X,
            "int64[2] s = {5, -1}",
        ),
        row(
            "a shape depends on numbers that are not stored in the file ... or depend on what the model is given",
            "y = Reshape (x, s)",
            f"{X}, int64[2] s",
        ),
        row(
            "Invalid value of attribute 'axis'. Rank=4 Value=4, got 1 x 3 x N x N",
            "a, b = Split <axis = 4> (x) y = Relu (a)",
        ),
        row(
            "Expand 'y' cannot be read: ",
            "s = Shape(x) t = Mul(s, q) u = Mul(t, q) y = Expand(x, u)",
            X,
            "int64[1] q = {9000000000000000000}",
        ),
        row(
            "'x' leaves 'c' (axis 1) free, which is not a side of the first map; give it, as in dims={'c': 3}",
            CONV,
            "float[1, c, h, w] x",
        ),
        row("side is for inputs that are maps, got x", "y = Relu(x)", "float[1, 7] x", side=8),
        pytest.param(
            "'k' must have sides of at least 0, got 8 x -3", lambda: negative(), {}, id="negative"
        ),
        pytest.param(
            "whose number of axes is known, got x", lambda: shapeless(), {}, id="shapeless"
        ),
        pytest.param(
            "the model nests too deep to be read",
            lambda: recursive(),
            {},
            id="recursive",
        ),
    ],
)
def test_what_is_damaged(words, model, more):
    fails(words, model(), **more)


def negative() -> Any:
    model = text(CONV)
    model.graph.initializer[0].dims[1] = -3
    return model


def shapeless() -> Any:
    model = text(CONV)
    model.graph.input[0].type.tensor_type.ClearField("shape")
    return model


def recursive() -> Any:
    return text(
        "y = my.f (x)", more='<domain: "my", opset_import: ["my": 1]> f (a) => (b) { b = my.f (a) }'
    )


def test_all_unknown_operators_are_named_at_once():
    model = text(
        "a = Foo (x) b = Conv (a, k) c = my.Bar (b) d = Relu (c) y = If <then_branch = g () => (float q) { }> (d)"
    )
    words = (
        "cannot count 3 of 5 layers of m: Foo (a), my.Bar (c), If (y); add them with extra={'Foo': "
    )
    fails(f"{words} ... lambda arguments, *inputs: Conv2D(...)}}", model)
    fails("extra={'my.Foo': lambda arguments, *inputs: Add()}", text("y = my.Foo (x, x)"))


@pytest.mark.parametrize("read", ["", "x", "k", "x, k"])
@pytest.mark.parametrize("kind", ["Constant", "Conv", "Identity", "If", "Relu", "Shape"])
def test_an_operator_of_another_domain_is_not_onnx_own(kind, read):
    model = text(f"t = my.{kind} <value = float[1] {{1}}> ({read}) y = Add (x, t)")
    fails(
        f"cannot count 1 of 2 layers of m: my.{kind} (t); add them with extra={{'my.{kind}'", model
    )


# what ONNX says is not deterministic because of the graphs in it, and what is random in training alone
NOT_RANDOM = {"AffineGrid", "Dropout", "If", "Loop", "Scan", "SequenceMap"}
RANDOM = {
    schema.name
    for schema in defs.get_all_schemas()
    if schema.node_determinism == defs.OpSchema.NodeDeterminism.NonDeterministic
}


@pytest.mark.parametrize("read", ["x", "k"])
@pytest.mark.parametrize("kind", sorted(RANDOM - NOT_RANDOM))
def test_random_numbers_are_no_stored_ones(kind, read):
    given = (
        "shape = [1, 3, 1, 1]> ()"
        if kind in ("RandomNormal", "RandomUniform")
        else f"seed = 1.0> ({read})"
    )
    model = text(f"t = {kind} <{given} y = Add (x, t)", stored="float[1, 3, 1, 1] k = {}")
    fails(
        f"cannot count 1 of 2 layers of m: {kind} (t): its numbers are random; make them an", model
    )
    if kind != "Multinomial":  # of which onnx does not say the shape
        assert from_onnx(model, unknown="report").missing == (f"{kind} (t)",)


def test_the_standard_domain_has_a_second_name():
    body = """
        c = Constant <value = float[1, 3, 1, 1] {1, 2, 3}> () a = Add (x, c) b = MeanVarianceNormalization (a)
        s = Shape (b) t = Add (s, s) u = Sub (t, s) r = Reshape (b, u) y = Conv (r, k)
    """
    model = text(body)
    total = from_onnx(model).total()
    for node in model.graph.node:
        node.domain = "ai.onnx"
    assert from_onnx(model).total() == total


def test_pads_of_zeros_beside_valid_padding_say_the_same():
    same = text('y = Conv <auto_pad = "VALID", pads = [0, 0, 0, 0]> (x, k)')
    assert from_onnx(same).total() == from_onnx(text("y = Conv (x, k)")).total()


def test_operators_in_a_form_that_is_not_counted_are_named_too():
    model = text(
        "a = Conv <dilations = [1, 1, 1]> (x, k) y = Conv (a, k)",
        "float[1, 3, 4, 4, 4] x",
        "float[3, 3, 1, 1, 1] k = {}",
    )
    fails("Conv (a): with 3 spatial axes", model)
    fails(
        "MaxPool (y): with dilations",
        text("y = MaxPool <kernel_shape = [2, 2], dilations = [2, 2]> (x)"),
    )
    fails(
        "Gemm (y): that adds anything but a stored vector",
        text(
            "y = Gemm (x, k, b)", "float[1, 3] x, float[1, 8] b", "float[3, 8] k = {}", out="a, b"
        ),
    )
    fails(
        "Max (y): of several stored arrays",
        text("y = Max (x, k, b)", stored="float[3, 1, 1] k = {}, float[1] b = {}"),
    )
    fails(
        "Conv (y): whose weights the network computes",
        text("y = Conv (x, k)", "float[1, 3, h, w] x, float[8, 3, 3, 3] k", ""),
    )


def test_the_rest_is_counted_where_asked_for():
    model = text("a = my.Foo (x) y = Conv <pads = [1, 1, 1, 1]> (a, k)")
    fails("does not say what shapes leave my.Foo (a)", model, unknown="report")
    model.graph.value_info.append(
        helper.make_tensor_value_info("a", TensorProto.FLOAT, [1, 3, "h", "w"])
    )
    network = from_onnx(model, unknown="report")
    assert network.total().macs == 216 * N**2
    assert network.missing == ("my.Foo (a)",)
    for view in (str(network), repr(network), network._repr_html_()):
        assert "my.Foo (a)" in view
    assert network.at(N=10).total().macs == 21600


def test_more_operators_can_be_given():
    model = text("a = my.Foo <slope = 3> (x) y = Conv (a, k)")
    nodes = []

    def foo(node, x):
        nodes.append((node.op_type, str(x)))
        return Activation("tanh")

    network = from_onnx(model, extra={"my.Foo": foo})
    assert nodes == [("Foo", "N x N x 3")]
    assert [type(step.layer) for step in network] == [Activation, Conv2D]
    assert network.total().elementwise == 3 * N**2


def test_what_is_given_for_an_operator_must_be_a_layer():
    words = "extra['my.Foo'] must give a layer of the package, got 5; try Activation('relu')"
    fails(words, text("a = my.Foo (x) y = Conv (a, k)"), extra={"my.Foo": lambda node, x: 5})


def test_functions_of_the_file_are_written_out():
    model = text(
        "a = my.f (x) y = Conv (a, k)",
        more='<domain: "my", opset_import: ["": 21]> f (a) => (b) { c = Tanh (a) b = Relu (c) }',
    )
    assert from_onnx(model).total().elementwise == 6 * N**2


def test_weights_in_another_file_are_not_looked_for(tmp_path):
    model = text(
        "z = Conv (x, k) y = Reshape (z, s)",
        stored="float[8, 3, 3, 3] k = {}, int64[4] s = {0, 0, 0, 0}",
    )
    secret = tmp_path / "secret"
    secret.write_bytes(b"\0" * 4000)
    (tmp_path / "models").mkdir()
    path = tmp_path / "models" / "model.onnx"
    for tensor, there in ((0, "../secret"), (0, "absent.bin"), (1, "../secret")):
        one_elsewhere = onnx.ModelProto.FromString(model.SerializeToString())
        stored = one_elsewhere.graph.initializer[tensor]
        stored.ClearField("raw_data")
        stored.data_location = TensorProto.EXTERNAL
        stored.external_data.add(key="location", value=there)
        path.write_bytes(one_elsewhere.SerializeToString())
        if tensor == 0:
            assert from_onnx(path).total().params == 216
        else:
            fails(
                "a shape depends on numbers that are not stored in the file",
                path,
            )


def test_a_model_that_is_tied_to_its_side_says_so():
    net = Graph()
    x = net.op("Reshape", net.conv("x", 3, 4), net.ints(1, 4 * 8 * 8))
    model = net.model("tied", {"x": image(8)}, net.op("MatMul", x, net.weight(256, 10)))
    assert from_onnx(model).total().macs == 108 * 64 + 2560
    for side in (16, N):
        fails(
            "the elements do not come out even, got ... [1, 256] ... export it with free sides",
            model,
            side=side,
        )


def test_sides_that_do_not_fit():
    with pytest.raises(ValueError, match="side must be at least 1, got 0"):
        from_onnx(resnet(None), side=0)
    with pytest.raises(ValueError, match="holds where 8 divides N"):
        from_onnx(classic(None)).total().at(N=12)


def test_free_sizes_that_have_names():
    model = text(
        "y = MatMul (x, k)", "float[batch, tokens, 8] x", "float[8, 5] k = {}", out="a, b, c"
    )
    assert from_onnx(model, dims={"tokens": 77}).total().macs == 77 * 40
    assert from_onnx(model, dims={"tokens": N}).total().macs == 40 * N
    fails("leaves 'tokens' (axis 1) free", model)
    assert str(from_onnx(text(CONV), dims={"h": 10, "w": 12}).input) == "10 x 12 x 3"


def test_the_batch_becomes_one():
    assert from_onnx(text(CONV, "float[batch, 3, 8, 8] x")).total().macs == 216 * 64


@pytest.mark.parametrize("side", [None, 16, N])
def test_several_images_at_once_are_refused(side):
    """What a batch of 4 was written into, such as a Reshape, could not be told apart from what it was not."""
    model = text(CONV, "float[4, 3, 8, 8] x")
    fails("'x' is 4 x 3 x 8 x 8: if 4 is its batch, export it for one; if not", model, side=side)


@pytest.mark.parametrize("asked", [16, N])
def test_what_was_written_down_for_another_side_is_not_read_as_if_it_were_not(asked):
    """It fits, and would count products between other elements than the model has them."""
    body = "a = Reshape (x, s) b = Transpose <perm = [0, 2, 1]> (a) y = MatMul (a, b)"
    model = text(body, "float[1, 16, 8, 8] x", "int64[3] s = {-1, 16, 64}", out="a, b, c")
    remedy = "with free sides, in PyTorch from one image, with dynamo=True and dynamic_shapes=({2: Dim.DYNAMIC, 3: "
    wrong = "4" if asked == 16 else "N**2/64"
    made, before = (
        f"{wrong} x 16 x 64 of 1 x 16 x {asked} x {asked}",
        "1 x 16 x 64 of 1 x 16 x 8 x 8",
    )
    why = f"it makes {made}, and {before} when it was exported"
    fails(f"Reshape 'a' cannot be read: {why} ... export it {remedy}", model, side=asked)
    assert from_onnx(model).total().macs == 16 * 16 * 64


@pytest.mark.parametrize(
    ("body", "stored", "rows", "columns"),
    [
        ("y = Resize <mode = \"nearest\"> (x, , , s)", "int64[4] s = {1, 3, 4, 4}", 4, 4),
        ("h = Shape <end = 2> (x) s = Concat <axis = 0> (h, t) y = Resize <mode = \"nearest\"> (x, , , s)",
         "int64[2] t = {4, 4}", 4, 4),
        ("a = Slice (x, z, s, i) y = Relu (a)", "int64[1] s = {4}, int64[1] z = {0}, int64[1] i = {2}", 4, None),
        ("a = Slice (x, z, s, i) y = Relu (a)", "int64[1] s = {8}, int64[1] z = {0}, int64[1] i = {2}", 8, None),
        ("y = Expand (x, s)", "int64[4] s = {1, 3, 8, 1}", 8, None),
        ("a = CenterCropPad <axes = [2, 3]> (x, s) y = Relu (a)", "int64[2] s = {4, 4}", 4, 4),
    ],
)  # fmt: skip
@pytest.mark.parametrize("side", [12, N])
def test_sides_that_were_written_down_are_not_taken_along_to_another_size(
    body, stored, rows, columns, side
):
    high = 1 if "Expand" in body else 8
    model = text(body, f"float[1, 3, {high}, 8] x", stored)
    assert from_onnx(model).total().macs == 0
    asked = (1, side) if "Expand" in body else side
    made, before = f"{rows} x {columns or side}", f"{rows} x {columns or 8}"
    here, there = f"{1 if high == 1 else side} x {side}", f"{high} x 8"
    why = f"it makes 1 x 3 x {made} of 1 x 3 x {here}, and 1 x 3 x {before} of 1 x 3 x {there}"
    fails(f"{why} when it was exported ... export it with free sides", model, side=asked)


@pytest.mark.parametrize(("sides", "read"), [("h, 8", "N x 8 x 3"), ("8, w", "8 x N x 3")])
def test_a_fixed_side_stays_beside_a_free_one(sides, read):
    network = from_onnx(text(CONV, f"float[1, 3, {sides}] x"))
    assert (str(network.input), network.total().macs) == (read, 216 * 8 * N)
    assert network.at(N=5).total().macs == 216 * 40


def test_a_side_that_was_written_down_is_noticed_beside_one_that_is_free():
    stored = "int64[1] s = {8}, int64[1] z = {0}, int64[1] i = {2}"
    model = text("a = Slice (x, z, s, i) y = Relu (a)", "float[1, 3, 8, w] x", stored)
    assert from_onnx(model).output.size == 24 * N
    words = "Slice 'a' cannot be read: it makes 1 x 3 x 8 x N of 1 x 3 x 12 x N ... when it was exported"
    fails(words, model, side=(12, N))


def test_ends_that_hang_on_no_side_are_taken_along():
    stored = "int64[2] s = {2, 9223372036854775807}, int64[2] z = {0, 1}, int64[2] a = {1, 2}"
    assert (
        str(from_onnx(text("y = Slice (x, z, s, a)", "float[1, 3, 8, 8] x", stored), side=N).output)
        == "N - 1 x N x 2"
    )


@pytest.mark.parametrize(
    ("body", "stored", "regime"),
    [
        ("y = Slice (x, z, e, a)", "int64[1] z = {20}, int64[1] e = {45}, int64[1] a = {2}", "N >= 45"),
        ("y = Slice (x, z, e, a)", "int64[1] z = {-5}, int64[1] e = {99999999999}, int64[1] a = {2}", "N >= 5"),
        ("h = Shape <start = 2, end = 3> (x) m = Neg (h) r = Mod (m, b) q = Concat <axis = 0> (z, z, z, z, z, z, r, z) "
         "c = Pad (x, q) y = Relu (c)", "int64[1] z = {0}, int64[1] b = {32}", "32 divides N"),
        ("h = Shape <start = 2, end = 3> (x) g = Div (h, b) e = Mul (g, b) c = Slice (x, z, e, a) y = Relu (c)",
         "int64[1] z = {0}, int64[1] b = {2}, int64[1] a = {2}", "2 divides N"),
        ("h = Shape <start = 2, end = 3> (x) r = Mod (h, b) q = Concat <axis = 0> (z, z, z, z, z, z, r, z) "
         "c = Pad (x, q) "
         "y = Relu (c)", "int64[1] z = {0}, int64[1] b = {32}", "32 divides N"),
    ],
)  # fmt: skip
def test_what_a_shape_takes_for_granted_is_a_rule(body, stored, regime):
    network = from_onnx(text(body, stored=stored), side=N)
    assert network.regime == regime
    broken = {"N >= 45": 44, "N >= 5": 4, "2 divides N": 33, "32 divides N": 36}[regime]
    with pytest.raises(ValueError, match=f"this formula holds where {regime}"):
        network.total().at(N=broken)


def test_what_onnx_cannot_infer_has_an_error_of_our_own():
    model = text(
        "a = Reshape (x, s) y = Relu (a)", "float[1, 3, 8, 8] x", "int64[2] s = {-1, 8}", out="a, b"
    )
    del model.graph.node[0].input[1:]
    fails(
        "Reshape 'a' cannot be read: Node ... has input size 1 not in range [min=2, max=2]",
        model,
        side=16,
    )


def test_a_batch_that_nothing_hangs_on_is_no_obstacle():
    body = "a = Conv <pads = [1, 1, 1, 1]> (x, k) b = GlobalAveragePool (a) c = Reshape (b, s) y = MatMul (c, w)"
    stored = f"{K}, int64[2] s = {{-1, 8}}, float[8, 5] w = {{}}"
    model = text(body, "float[n, 3, 8, 8] x", stored, out="a, b")
    assert from_onnx(model).total().macs == 216 * 64 + 40
    assert from_onnx(model, side=N).total().at(N=16).macs == 216 * 16 * 16 + 40


@pytest.mark.parametrize(
    ("given", "body", "why"),
    [
        ("float[16, 16] x", "y = MatMul (x, w)", "the input 'x' is 16 x 16: if 16 is its batch, export it for one; if"),
        ("float[64, 64, 3] x", "y = Relu (x)", "the input 'x' is 64 x 64 x 3: if 64 is its batch"),
        ("float[n] x", "y = Relu (x)", "leaves 'n' (axis 0) free ... dims={'n': 3} (in a terminal: --dims n=3)"),
        ("float[1, 3, h, w] x, float[1, 3, p, q] z", "y = Concat <axis = 1> (x, z)", "'z' leaves 'p' (axis 2) free"),
        ("float[1, 3, h, w] x, float[1, 3, ?, ?] z", "y = Concat <axis = 1> (x, z)", "'z' leaves axis 2 free, which"),
    ],
)  # fmt: skip
def test_sizes_are_not_guessed(given, body, why):
    fails(why, text(body, given, "float[16, 4] w = {}", out="a, b"))


def test_a_batch_is_one_also_where_it_is_the_only_axis():
    body = "u = Unsqueeze (t, i) v = MatMul (u, w) a = Conv (x, k) m = GlobalAveragePool (a) y = Relu (v)"
    stored = f"{K}, int64[1] i = {{1}}, float[1, 8] w = {{}}"
    assert (
        from_onnx(text(body, "float[n, 3, 8, 8] x, float[n] t", stored, out="a, b")).total().macs
        == 8
    )


def test_one_name_is_one_size_and_a_multiple_of_it_is_asked_for():
    square = text(CONV, "float[1, 3, s, s] x")
    fails(
        "'s' is one size, also where it stands twice, got 64 and 32 for it", square, side=(64, 32)
    )
    assert from_onnx(square, side=(32, 32)).total().macs == 216 * 32 * 32
    two = text("y = Relu (z)", 'float[1, 3, h, w] x, float[1, 3, "2*h", "2*w"] z', "")
    fails("'z' leaves '2*h' (axis 2) free ... dims={'2*h': 3}", two, side=(8, 6))
    assert str(from_onnx(two, dims={"2*h": 16, "2*w": 12}).inputs["z"]) == "16 x 12 x 3"
    apart = text("y = Relu (z)", "float[1, 3, h, w] x, float[1, 3, p, q] z", "")
    assert str(from_onnx(apart, dims={"p": 5, "q": 7}).inputs["z"]) == "5 x 7 x 3"


def test_outputs_that_no_layer_writes_for_itself_are_left_out():
    model = text("y = Relu (x)", stored="float[3] c = {}")
    model.graph.output.append(helper.make_tensor_value_info("c", TensorProto.FLOAT, [3]))
    assert from_onnx(model).output == from_onnx(text("y = Relu (x)")).output
    model = text("y, i = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x)")
    model.graph.output.append(
        helper.make_tensor_value_info("i", TensorProto.INT64, [1, 3, "p", "q"])
    )
    assert from_onnx(model).outputs == ("y",)


def test_params_are_the_stored_elements_each_once():
    body = "u = MatMul (a, b) k = Reshape (u, s) y = Conv <pads = [1, 1, 1, 1]> (x, k)"
    stored = "float[8, 2] a = {}, float[2, 27] b = {}, int64[4] s = {8, 3, 3, 3}"
    total = from_onnx(text(body, stored=stored)).total()
    assert (total.params, total.trainable_params, total.macs) == (8 * 2 + 2 * 27, 70, 216 * N**2)
    stored = "float[512, 8] t = {}, int64[1] z = {0}, int64[1] e = {50}"
    table = text("p = Slice (t, z, e) y = Add (x, p)", "float[1, 50, 8] x", stored, out="a, b, c")
    assert from_onnx(table).total().params == 512 * 8


def test_a_size_that_an_exporter_wrote_down_although_sides_are_free_is_told_as_such():
    model = text("a = Reshape (x, s) y = Relu (a)", stored="int64[3] s = {1, 3, 64}", out="a, b, c")
    fails(
        "do not come out even, got 1 x 3 x N x N and [1, 3, 64] ... the size or batch that m was exported at may be",
        model,
    )


def test_an_unsorted_graph_is_refused_and_dead_ends_are_left_out():
    fails(
        "Relu 'y' needs 'a', which nothing before it writes",
        text("y = Relu (a) a = Conv (x, k)"),
    )
    model = text("a = Conv (x, k) dead = Foo (a) y = Relu (a)")
    assert [step.name for step in from_onnx(model)] == ["a", "y"]


def test_an_unknown_operator_of_onnx_has_the_shape_that_onnx_infers():
    pool = "p = LpPool <kernel_shape = [2, 2], strides = [2, 2]> (x)"
    network = from_onnx(text(f"{pool} y = Conv (p, k)"), unknown="report")
    (conv,) = (step for step in network if step.name == "y")
    assert conv.inputs == (Tensor(N / 2, N / 2, 3),)
    assert network.total().missing == ("LpPool (p)",)


def test_sparse_arrays_are_refused():
    model = text(CONV)
    model.graph.sparse_initializer.add()
    fails("sparse initialisers are not read; store them as dense ones", model)


def test_weights_read_twice_are_params_once():
    model = text(
        "a = Conv <pads = [1, 1, 1, 1]> (x, k) b = Conv <pads = [1, 1, 1, 1]> (a, k) y = Add (b, x)",
        stored="float[3, 3, 3, 3] k = {}",
    )
    assert from_onnx(model).total().params == 81
    assert from_onnx(model).total().macs == 162 * N**2


def test_without_the_package_the_remedy_is_said(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    fails("pip install 'unet_complexity[onnx]'", "model.onnx", ImportError)


SMALL = resnet(32, 1)
del SMALL.graph.value_info[:]
WHOLE = SMALL.SerializeToString()


@settings(max_examples=250, deadline=2000)
@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=6),
    st.none() | st.integers(0, len(WHOLE)),
    st.sampled_from(["error", "report"]),
)
def test_damage_gives_an_error_or_a_network(tmp_path_factory, flips, length, unknown):
    damaged = bytearray(WHOLE[:length])
    for place, byte in flips:
        if place < len(damaged):
            damaged[place] = byte
    path = tmp_path_factory.getbasetemp() / "damaged.onnx"
    path.write_bytes(damaged)
    with suppress(ValueError):
        assert isinstance(from_onnx(path, unknown=unknown), Network)


@pytest.mark.parametrize("pool", ["GlobalAveragePool", "GlobalMaxPool"])
def test_a_global_pool_of_several_images_is_refused(pool: str) -> None:
    given, stored = "float[1, 12, 4, 4] x", "int64[4] s = {4, 3, 4, 4}"
    model = text(f"r = Reshape (x, s) y = {pool} (r)", given, stored)
    fails(f"{pool} (y): of 4 images at once", model)


def test_an_output_shape_that_was_written_down_is_not_taken_along_to_another_side():
    ones = ", ".join("1" * 36)
    body = "y = ConvTranspose <strides = [2, 2], output_shape = [16, 16]> (x, k)"
    model = text(body, "float[1, 3, 8, 8] x", f"float[3, 3, 2, 2] k = {{{ones}}}")
    assert from_onnx(model).total().macs == 36 * 64
    made = "it makes 1 x 3 x 16 x 16 of 1 x 3 x 12 x 12, and 1 x 3 x 16 x 16 of 1 x 3 x 8 x 8"
    fails(f"{made} when it was exported", model, side=12)
    fails("its output_shape was written down for another side than N x N x 3", model, side=N)


def test_dropout_in_training_mode_is_named():
    stored = "float r = {0.5}, bool t = {1}"
    fails("Dropout (y): in training mode", text("y = Dropout (x, r, t)", stored=stored))
    off = text("a = Dropout (x, r, t) y = Relu (a)", stored=stored.replace("{1}", "{0}"))
    assert from_onnx(off).total().elementwise == 3 * N**2
