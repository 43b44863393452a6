"""No text from a model file is evaluated, wherever a number should stand."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import AttributeProto, ModelProto, TensorProto, helper, numpy_helper

from tests.attacks.payloads import CODE, PAYLOADS, places, with_payload
from tests.twins.onnx_models import MODELS, SIDE, SIDES
from unet_complexity.closed_form import level_sum, tidy
from unet_complexity.engineering.collapse.inference import inferred
from unet_complexity.engineering.readers.keras import from_keras
from unet_complexity.engineering.readers.onnx import from_onnx
from unet_complexity.symbols import N, as_expr, level, quotient, substitute

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def marked(tmp_path, monkeypatch):
    """The payload would leave a file in the working folder."""
    monkeypatch.chdir(tmp_path)
    yield
    assert not Path("reached").exists()


# ------------------------------------------------------------------------------------------------ Keras


def keras_layers(keras: Any) -> dict[str, Any]:
    """A model of one layer, or of a few operations, for each way in which the reader meets numbers."""
    K, ops = keras.layers, keras.ops
    convolution = {"padding": "same", "dilation_rate": 1}
    one = {
        "Conv2D": K.Conv2D(4, 3, strides=2, groups=2, padding="same"),
        "DepthwiseConv2D": K.DepthwiseConv2D(3, **convolution),
        "SeparableConv2D": K.SeparableConv2D(4, 3, **convolution),
        "Conv2DTranspose": K.Conv2DTranspose(4, 3, strides=2, padding="same", output_padding=1),
        "Dense": K.Dense(3),
        "MaxPooling2D": K.MaxPooling2D(2),
        "GlobalAveragePooling2D": K.GlobalAveragePooling2D(),
        "UpSampling2D": K.UpSampling2D(2),
        "Resizing": K.Resizing(5, 6),
        "ZeroPadding2D": K.ZeroPadding2D(((1, 2), (3, 4))),
        "Cropping2D": K.Cropping2D(((1, 2), (0, 1))),
        "ReLU": K.ReLU(6.0),
        "LeakyReLU": K.LeakyReLU(0.2),
        "PReLU": K.PReLU(shared_axes=[1, 2]),
        "ELU": K.ELU(1.5),
        "Softmax": K.Softmax(axis=-1),
        "Rescaling": K.Rescaling(0.5, 0.5),
        "Dropout": K.Dropout(0.5),
        "BatchNormalization": K.BatchNormalization(),
        "GroupNormalization": K.GroupNormalization(2),
        "LayerNormalization": K.LayerNormalization(),
        "RMSNormalization": K.RMSNormalization(),
        "Reshape": K.Reshape((4, 16, 4)),
        "Permute": K.Permute((2, 1, 3)),
        "Flatten": K.Flatten(),
        "mean": lambda x: ops.mean(x, axis=[1, 2]),
        "sequence": lambda x: K.TimeDistributed(K.Dense(3))(K.Conv1D(4, 3)(K.Reshape((64, 4))(x))),
        "spectral norm": K.SpectralNormalization(K.Conv2D(4, 3)),
        "reshape": lambda x: ops.reshape(x, (-1, 4, 16, 4)),
        "transpose": lambda x: ops.transpose(x, [0, 2, 1, 3]),
        "sum": lambda x: (
            ops.sum(x, axis=[1], keepdims=True) + ops.max(x, axis=[1, 2], keepdims=True)
        ),
        "numbers": lambda x: (2 * x + 1.5) / 3 - ops.square(x),
        "softmax": lambda x: ops.softmax(x, axis=-1),
        "concatenate": lambda x: ops.concatenate([x, x], axis=-1),
        "resize": lambda x: ops.image.resize(x, (5, 6)),
        "matmul": lambda x: ops.matmul(x, ops.transpose(x, [0, 1, 3, 2])),
        "attention": lambda x: K.MultiHeadAttention(2, 4)(
            K.Reshape((64, 4))(x), K.Reshape((64, 4))(x)
        ),
    }
    return {name: _functional(keras, layer) for name, layer in one.items()}


def _functional(keras: Any, layer: Any) -> dict[str, Any]:
    x = keras.Input((8, 8, 4), name="x")
    config: dict[str, Any] = json.loads(keras.Model(x, layer(x), name="m").to_json())
    return config


@pytest.fixture(scope="module")
def configurations():
    import keras

    return keras_layers(keras)


def as_file(config: Any) -> Path:
    path = Path("model.keras")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
    return path


def refused_or_read(read: Any) -> bool:
    """Whether the reader answers; the only error that it may raise is a ValueError of one short sentence."""
    said = ""
    try:
        read()
    except ValueError as error:
        said = str(error)
    assert len(said) <= 500
    return not said


def test_a_payload_in_any_place_of_a_keras_configuration_is_never_run(configurations):
    tried = 0
    for config in configurations.values():
        assert refused_or_read(lambda config=config: from_keras(as_file(config)))
        for path in places(config):
            for payload in PAYLOADS[
                tried % 3 :: 3
            ]:  # each place meets a third of them, each payload every place
                changed = with_payload(config, path, payload)
                side = (None, 16)[tried % 2]
                refused_or_read(
                    lambda changed=changed, side=side: from_keras(as_file(changed), side=side)
                )
            tried += 1
    assert tried > 1300


# ------------------------------------------------------------------------------------------------- ONNX


def words(name: str, dims: list[int], how: str = "") -> TensorProto:
    """A tensor of text, with a byte of numbers beside it for readers that look there first."""
    tensor = TensorProto(name=name, data_type=TensorProto.STRING, dims=dims)
    tensor.string_data.extend([CODE.encode()] * max(int(np.prod(dims)), 1))
    if how == "raw":
        tensor.raw_data = b"x" * 8
    if how == "int64":
        tensor.int64_data.append(1)
    return tensor


def onnx_models() -> list[ModelProto]:
    """The networks of the reader's own tests."""
    return [build(SIDES.get(name, SIDE)) for name, build in MODELS.items()]


def attributes_with_code(node: Any) -> None:
    """Every attribute keeps its name and becomes text."""
    names = [attribute.name for attribute in node.attribute]
    del node.attribute[:]
    node.attribute.extend(helper.make_attribute(name, CODE) for name in names)


@pytest.mark.parametrize("how", ["", "raw", "int64"])
def test_a_tensor_of_words_is_never_read_as_numbers(how):
    for model in onnx_models():
        for i, tensor in enumerate(model.graph.initializer):
            changed = ModelProto()
            changed.CopyFrom(model)
            changed.graph.initializer[i].CopyFrom(words(tensor.name, list(tensor.dims), how))
            refused_or_read(lambda changed=changed: from_onnx(changed))
        for i, node in enumerate(model.graph.node):
            if node.op_type == "Constant":
                changed = ModelProto()
                changed.CopyFrom(model)
                value = words("value", list(node.attribute[0].t.dims), how)
                changed.graph.node[i].attribute[0].CopyFrom(helper.make_attribute("value", value))
                refused_or_read(lambda changed=changed: from_onnx(changed))


def test_a_shape_that_hangs_on_words_is_refused_by_name():
    starts = words("starts", [1], "raw")
    others = [
        numpy_helper.from_array(np.array([5]), "ends"),
        numpy_helper.from_array(np.array([2]), "axes"),
    ]
    node = helper.make_node("Slice", ["x", "starts", "ends", "axes"], ["y"])
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 16, 16])]
    out = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph([node], "g", given, out, [starts, *others])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(ValueError, match=r"starts .* has unsupported type: tensor\(string\)"):
        from_onnx(model)


def test_words_in_the_place_of_any_attribute_are_never_read_as_numbers():
    tried = 0
    for model in onnx_models():
        for i, node in enumerate(model.graph.node):
            if not node.attribute or node.op_type == "Constant":
                continue
            changed = ModelProto()
            changed.CopyFrom(model)
            attributes_with_code(changed.graph.node[i])
            refused_or_read(lambda changed=changed: from_onnx(changed))
            for attribute in changed.graph.node[i].attribute:  # text, under the type of a number
                attribute.type = AttributeProto.INTS
            refused_or_read(lambda changed=changed: from_onnx(changed))
            tried += 1
    assert tried > 100


# ----------------------------------------------------------------------------------------------- source

PARSERS = {"S", "eval", "exec", "parse_expr", "compile", "nsimplify"}


def loose(source: str) -> list[int]:
    """Lines that hand something to a function that would evaluate text."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called, _, name = ast.unparse(node.func).rpartition(".")
        own = called in ("", "sp", "sympy", "builtins")
        strict = any(
            keyword.arg == "strict" and ast.unparse(keyword.value) == "True"
            for keyword in node.keywords
        )
        if own and (name in PARSERS or (name == "sympify" and not strict)):
            found.append(node.lineno)
    return found


def test_the_source_hands_nothing_to_a_parser_of_expressions():
    files = sorted((ROOT / "unet_complexity").rglob("*.py"))
    assert len(files) > 50
    assert {str(path): lines for path in files if (lines := loose(path.read_text("utf-8")))} == {}


@pytest.mark.parametrize(
    "line",
    [
        "sp.sympify(x)",
        "sympify(x, locals={})",
        "sp.S(x)",
        "eval(x)",
        "sp.nsimplify(x)",
        "parse_expr(x)",
    ],
)
def test_a_parser_in_the_source_is_found(line):
    assert loose(line) == [1]


@pytest.mark.parametrize(
    "line", ["sp.sympify(x, strict=True)", "re.compile(x)", "model.eval()", "context.eval(x)"]
)
def test_what_only_looks_like_a_parser_is_let_through(line):
    assert loose(line) == []


def test_sympy_does_call_the_parser_that_the_tests_watch():
    """tests/conftest.py makes SymPy's parser fail in every test: this one would notice if SymPy called another."""
    from sympy import sympify

    with pytest.raises(AssertionError, match="text reached SymPy's parser"):
        sympify("1 + 1")


@pytest.mark.parametrize(
    "words", [("1 + 1",), ["1 + 1"], {"a": "1 + 1"}, {"1 + 1"}, "1 + 1"], ids=str
)
def test_words_inside_a_list_are_not_evaluated_either(words):
    """SymPy's strict mode refuses text, but evaluates it in a tuple."""
    for call in (
        lambda: as_expr(words),
        lambda: quotient(words, N),
        lambda: quotient(N, words),
        lambda: level_sum(words, level, 1, 3),
        lambda: level_sum(N, level, words, 3),
        lambda: level_sum(N, level, 1, words),
        lambda: substitute(N, {N: words}),
        lambda: tidy(words),
    ):
        with pytest.raises((ValueError, TypeError)):
            call()


@pytest.mark.parametrize("module", ["onnx", "numpy", "resource", "google"])
def test_a_file_beside_a_model_is_not_imported(module):
    """ONNX's own inference runs in a process of its own, which must not look for modules in the working folder."""
    Path(f"{module}.py").write_text("open('reached', 'w').close()\n", encoding="utf-8")
    model = MODELS["classic"](SIDE)
    graph = inferred(model)
    assert graph is not model.graph  # the process did its work


def test_the_command_runs_nothing_from_the_folder_of_a_model(tmp_path):
    for name in ("sympy", "onnx", "numpy", "unet_complexity", "mpmath", "usercustomize"):
        (tmp_path / f"{name}.py").write_text("open('RAN', 'w')")
    shutil.copy(ROOT / "notebooks/models/unet-8-3.onnx", tmp_path / "model.onnx")
    command = Path(sys.executable).with_name("unet-complexity")
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run = subprocess.run(
        [command, "model.onnx"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "MACs" in run.stdout
    assert not (tmp_path / "RAN").exists()
