"""Real models: parameters are those of Keras, dense MACs those that JAX is asked for, at numbers and at a letter."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.core.test_errors import check
from tests.twins.counter import dense_macs
from tests.twins.keras_models import MODELS, pix2pix
from unet_complexity import Conv2D, Network, ReLU, Tensor, classic_unet, kept, peak, pix2pix_unet
from unet_complexity.cost import COUNTS
from unet_complexity.engineering import from_keras
from unet_complexity.engineering.conventions import conventions
from unet_complexity.engineering.layers import MatMul
from unet_complexity.memory import live
from unet_complexity.symbols import H, N, W

FREE = 24  # the side at which a model with free sides is counted


@pytest.fixture(scope="module")
def models(keras: ModuleType) -> Any:
    return cache(lambda name: MODELS[name](keras))


def sides(model: Any) -> list[Any]:
    """Sides of the first input."""
    shape = list(model.inputs[0].shape[1:])
    return shape[1:] if shape[0] == 3 else shape[:2]


def at_numbers(model: Any) -> Network:
    return from_keras(model, side=FREE if None in sides(model) else None)


@pytest.mark.parametrize("name", MODELS)
def test_parameters_and_macs_are_those_of_the_model(models: Any, name: str) -> None:
    model = models(name)
    total = at_numbers(model).total()
    assert total.params == model.count_params()
    assert total.trainable_params == sum(v.value.size for v in model.trainable_variables)
    assert total.macs == dense_macs(
        model, *(tuple(side or FREE for side in x.shape[1:]) for x in model.inputs)
    )


@pytest.mark.parametrize("name", MODELS)
def test_a_model_at_a_letter_and_then_at_numbers_is_the_model_at_numbers(
    models: Any, name: str
) -> None:
    model = models(name)
    if name == "DeepLabV3+":  # a Resizing, made for one size
        return check(
            lambda: from_keras(model, side=N),
            ValueError,
            "deeplab does not fit together at concatenate",
        )
    numbers, lettered = at_numbers(model), from_keras(model, side=N)
    side = sides(model)[0] or FREE
    assert {x.name for x in lettered.total().macs.free_symbols} == {"N"}
    assert lettered.total().at(N=side) == numbers.total()
    assert lettered.at(N=side).steps == numbers.steps
    return None


def test_the_questions_network_is_the_packages_own(models: Any) -> None:
    read, own = from_keras(models("pix2pix")), pix2pix_unet(256, 3)
    assert read.total() == own.total()
    assert [step.layer for step in read] == [step.layer for step in own]
    assert [step.level for step in read] == [step.level for step in own]
    assert peak(read).elements == peak(own).elements
    assert kept(read).elements == kept(own).elements


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_the_classic_network_is_the_packages_own(models: Any, padding: str) -> None:
    read = from_keras(models("classic, transposed" if padding == "same" else "classic, valid"))
    own = classic_unet(256 if padding == "same" else 572, padding=padding)
    assert read.total() == own.total()
    if padding == "same":  # otherwise maps shrink, and another level may be nearer
        assert [step.level for step in read] == [step.level for step in own]
    assert {step.part for step in read} == {"encoder", "bottleneck", "decoder"}


def test_free_sides_are_the_letter_n(models: Any, keras: ModuleType) -> None:
    read = from_keras(models("super-resolution"))
    assert read.input == Tensor(N, N, 3)
    assert read.output == Tensor(3 * N, 3 * N, 3)
    assert read.regime == "N >= 2"
    assert [step.level for step in read][-1] == -2  # three times as large is nearest to four times
    free = pix2pix(keras, None)
    assert from_keras(free).regime == "128 divides N"
    assert (
        from_keras(free, side=(H, W)).total().at(H=256, W=512)
        == from_keras(free, side=(256, 512)).total()
    )


def test_parts_levels_and_blocks(models: Any) -> None:
    resnet = from_keras(models("ResNet50"))
    assert list(resnet.groups("part")) == ["encoder", "head"]
    assert list(resnet.groups("level")) == [0, 1, 2, 3, 4, 5]
    assert next(step.name for step in resnet if step.part == "head") == "avg_pool"
    nested = from_keras(models("MobileNetV2 U-Net"))
    assert {step.block.split("/")[0] for step in nested} >= {"down", "up0", "up1", "up2", "up3"}
    assert max(nested.groups("level")) == 5
    attention = from_keras(models("diffusion")).only(MatMul)
    assert [step.level for step in attention] == [2, 2]


def test_several_inputs_and_outputs(models: Any) -> None:
    read, outputs = from_keras(models("U-Net++")), ("out1.sigmoid", "out2.sigmoid", "out3.sigmoid")
    assert read.outputs == outputs
    assert set(outputs) <= set(live(read)[-1].maps)
    both = from_keras(models("diffusion"))
    assert both.inputs == {"image": Tensor(32, 32, 3), "time": Tensor(1, 1, 1)}
    check(
        lambda: both.input,
        ValueError,
        "diffusion has no single input, got image, time; read inputs",
    )
    check(
        lambda: read.output,
        ValueError,
        "has no single output, got out1.sigmoid, out2.sigmoid, out3.sigmoid; read o",
    )
    assert repr(from_keras(models("siamese"))).startswith(
        "<siamese, left 32 x 32 x 3 and right 32 x 32 x 3 in, "
    )


def test_shared_layers_have_their_params_once_and_their_macs_each_time(models: Any) -> None:
    read = from_keras(models("siamese"))
    first, again = (
        read.where(lambda step, at=at: at in step.name).total()
        for at in ("encoder/", "encoder (2)/")
    )
    assert (first.params, again.params) == (448 + 64 + 320, 0)
    assert [getattr(first, name) for name in COUNTS[2:]] == [
        getattr(again, name) for name in COUNTS[2:]
    ]


def test_a_map_read_twice_by_one_layer_is_two_inputs(keras: ModuleType) -> None:
    image = keras.Input((8, 8, 2))
    assert (
        from_keras(keras.Model(image, keras.layers.Add()([image, image]))).total().elementwise
        == 128
    )


def test_channels_first_costs_what_channels_last_costs(keras: ModuleType) -> None:
    def net(order: str) -> Network:
        K, axis = keras.layers, 1 if order == "channels_first" else -1
        image = x = keras.Input((3, 16, 24) if axis == 1 else (16, 24, 3))
        x = K.LayerNormalization(axis=axis)(K.Conv2D(8, 3, strides=2, data_format=order)(x))
        cropped = K.Cropping2D(1, data_format=order)(image)
        x = K.Concatenate(axis=axis)([K.UpSampling2D(2, data_format=order)(x), cropped])
        x = K.PReLU(shared_axes=[2, 3] if axis == 1 else [1, 2])(K.Softmax(axis=axis)(x))
        return from_keras(keras.Model(image, K.GlobalAveragePooling2D(data_format=order)(x)))

    first, last = net("channels_first"), net("channels_last")
    assert first.total() == last.total()
    assert [step.output for step in first] == [step.output for step in last]


# Files. Of JAX's arrays NumPy says something while Keras saves them.

saving = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@saving
@pytest.mark.parametrize("name", ["siamese", "MobileNetV2 U-Net", "diffusion", "super-resolution"])
def test_a_file_is_the_model(models: Any, name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    models(name).save(path)
    assert from_keras(path).steps == from_keras(models(name)).steps
    assert from_keras(str(path), side=N).at(N=96).steps == from_keras(models(name), side=96).steps


def saved(folder: Path, config: str, name: str = "config.json") -> Path:
    path = folder / "changed.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, config)
    return path


def test_a_file_is_read_without_keras(keras: ModuleType, tmp_path: Path) -> None:
    path = saved(
        tmp_path, keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)]).to_json()
    )
    code = "import sys; from unet_complexity.engineering import from_keras; "
    code += f"print(from_keras({str(path)!r}).total().macs)"
    code += "; assert not {'keras', 'numpy', 'jax'} & set(sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "3888\n"


@saving
def test_a_truncated_file_is_no_model(models: Any, tmp_path: Path) -> None:
    path = tmp_path / "half.keras"
    models("super-resolution").save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    check(
        lambda: from_keras(path),
        ValueError,
        "half.keras is not a whole .keras file ... model.save('model.keras')",
    )


BROKEN = {
    "empty": ("{}", "changed.keras holds no model of Keras 3; save the model anew"),
    "no JSON": ("{'", "changed.keras is not a whole .keras file ... save the model anew"),
    "no layers": (
        '{"class_name": "Functional", "config": {"layers": 3}}',
        "the configuration of model is not that of a Keras 3 model (TypeError: ... save it anew",
    ),
    "a class of one's own": (
        '{"class_name": "Mine", "module": "mine", "config": {}}',
        "changed.keras holds a Mine, which has no graph to read; build it as keras.Model(inputs, outputs)",
    ),
}


@pytest.mark.parametrize(("config", "words"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_model_of_keras(config: str, words: str, tmp_path: Path) -> None:
    check(lambda: from_keras(saved(tmp_path, config)), ValueError, words)


def test_what_is_no_file_of_keras(tmp_path: Path) -> None:
    check(
        lambda: from_keras(tmp_path / "none.keras"),
        ValueError,
        "none.keras', where there is none; check the path",
    )
    path = saved(tmp_path, "{}", "weights.h5")
    check(
        lambda: from_keras(path),
        ValueError,
        "changed.keras is not a whole .keras file ... config.json",
    )


def test_a_layer_of_two_models_has_its_params_once(keras: ModuleType) -> None:
    K, image = keras.layers, keras.Input((8, 8, 3))
    conv, x = K.Conv2D(3, 3, padding="same"), keras.Input((8, 8, 3))
    one, other = keras.Model(x, conv(x)), keras.Sequential([keras.Input((8, 8, 3)), conv])
    model = keras.Model(image, conv(other(one(image))))
    total = from_keras(model).total()
    assert (total.params, total.macs) == (model.count_params(), 3 * 81 * 64)
    assert total.params == 84


def test_a_model_that_is_functional_by_its_class_is_read_and_one_without_a_configuration_refused(
    keras: ModuleType,
) -> None:
    class Named(keras.Model):
        pass

    class Held(keras.layers.Layer):
        def __init__(self, held: Any) -> None:
            super().__init__()

        def call(self, x: Any) -> Any:
            return x

    image = keras.Input((8, 8, 3))
    assert from_keras(Named(image, keras.layers.Conv2D(1, 1)(image))).total().params == 4
    model = keras.Model(image, Held(object())(image), name="m")
    said = "m does not say what it is made of ( ... Held ... ); give its layers a get_config()"
    check(lambda: from_keras(model), ValueError, said)


def test_layers_that_wait_for_each_other_are_named(keras: ModuleType, tmp_path: Path) -> None:
    image = keras.Input((4, 4, 1))
    config = json.loads(
        keras.Model(image, keras.layers.ReLU(name="one")(image), name="circle").to_json()
    )
    config["config"]["layers"][1]["inbound_nodes"][0]["args"][0]["config"]["keras_history"][0] = (
        "one"
    )
    path = saved(tmp_path, json.dumps(config))
    check(
        lambda: from_keras(path),
        ValueError,
        "circle has layers that wait for each other, one; give the",
    )


def with_dead_ends(config: Any, dead: list[str]) -> Any:
    """The same configuration, but of its outputs and what they need only those that are not dead."""
    ends = config["config"]["output_layers"]
    config["config"]["output_layers"] = [end for end in ends if end[0] not in dead]
    return config


def test_layers_that_lead_to_no_output_are_left_out_as_in_keras(
    keras: ModuleType, tmp_path: Path
) -> None:
    K, image = keras.layers, keras.Input((8, 8, 3))
    shared = K.Conv2D(3, 3, padding="same", name="shared")
    unused = K.UnitNormalization(name="unused")(K.Conv2D(400, 3, name="wide")(image))
    first = K.ReLU(name="first")(shared(image))
    part = keras.Model(image, [K.Conv2D(2, 1)(image), K.Conv2D(7, 1)(image)], name="part")
    kept = K.ReLU(name="kept")(part(shared(shared(image)))[0])
    model = keras.Model(image, [unused, first, kept], name="m")
    config = with_dead_ends(json.loads(model.to_json()), ["unused", "first"])
    network = from_keras(saved(tmp_path, json.dumps(config)))
    built = keras.Model.from_config(config["config"])
    assert network.outputs == ("kept",)
    assert network.total().params == built.count_params()
    assert network.total().macs == 2 * 64 * 9 * 9 + 64 * 3 * 9


def test_the_order_of_axes_is_what_layers_say_not_what_they_are_called(
    keras: ModuleType, tmp_path: Path
) -> None:
    K, image = keras.layers, keras.Input((8, 16, 3), name="image")
    model = keras.Model(image, K.GlobalAveragePooling2D()(K.ReLU(name="odd")(image)))
    text = model.to_json().replace('"odd"', "\"'data_format': 'channels_first'\"")
    assert from_keras(saved(tmp_path, text)).input == Tensor(8, 16, 3)


def test_a_model_without_a_graph_is_refused(keras: ModuleType) -> None:
    class Mine(keras.Model):
        def call(self, x: Any) -> Any:
            return x

    check(
        lambda: from_keras(Mine()),
        TypeError,
        "got Mine, which has no graph to read; build it as keras.Model(inputs",
    )
    check(
        lambda: from_keras(3),
        TypeError,
        "reads Functional and Sequential models and .keras files, got int",
    )
    unbuilt = keras.Sequential([keras.layers.Conv2D(1, 1)], name="unbuilt")
    check(
        lambda: from_keras(unbuilt),
        ValueError,
        "unbuilt has no shapes yet; give it an Input layer, or call model.",
    )


HANDED_ON = {
    "GaussianNoise": 1,
    "RandomContrast": 0.2,
    "RandomFlip": "horizontal",
    "RandomRotation": 0.2,
    "RandomTranslation": (0.2, 0.2),
    "RandomZoom": 0.2,
}


@pytest.mark.parametrize("name", HANDED_ON)
def test_what_is_only_there_in_training_hands_on_what_it_is_given(
    keras: ModuleType, name: str
) -> None:
    given = HANDED_ON[name]
    arguments = given if isinstance(given, tuple) else (given,)
    layer, image = getattr(keras.layers, name)(*arguments), keras.Input((8, 8, 3))
    x = np.random.default_rng(0).uniform(size=(2, 8, 8, 3)).astype("float32")
    np.testing.assert_array_equal(layer(x, training=False), x)
    net = from_keras(keras.Model(image, keras.layers.ReLU(name="only")(layer(image))))
    assert [step.name for step in net] == ["only"]


DROPPED = [
    "AugMix", "RandAugment", "RandomBrightness", "RandomColorDegeneration", "RandomColorJitter",
    "RandomElasticTransform", "RandomErasing", "RandomGaussianBlur", "RandomGrayscale", "RandomHue",
    "RandomInvert", "RandomPerspective", "RandomPosterization", "RandomSaturation", "RandomSharpness",
    "RandomShear", "ActivityRegularization", "AlphaDropout", "Attention", "GaussianDropout",
    "SpatialDropout1D",
]  # fmt: skip


@pytest.mark.parametrize("kind", DROPPED)
def test_layers_that_no_public_network_has_are_refused_by_name(kind: str, tmp_path: Path) -> None:
    path = saved(tmp_path, json.dumps(one_layer(kind)))
    check(lambda: from_keras(path), ValueError, f"cannot count 1 of 1 layers of m: {kind} (a); add")


def one_layer(kind: str) -> dict[str, Any]:
    """The configuration of a model of one layer of this kind, and of nothing else."""
    first = {"class_name": "InputLayer", "config": {"batch_shape": [None, 8, 8, 3], "name": "x"}}
    last = {"class_name": kind, "module": "keras.layers", "config": {"name": "a"}}
    config = {"name": "m", "layers": [first, last]}
    return {"class_name": "Sequential", "module": "keras", "config": config}


def test_operations_that_no_public_network_has_are_refused_by_name(keras: ModuleType) -> None:
    image = keras.Input((4, 6, 8))
    for run, kind in (
        (lambda x: x**2, "Power"),
        (lambda x: keras.ops.split(x, 2, axis=-1)[0], "Split"),
        (keras.ops.rsqrt, "Rsqrt"),
        (lambda x: keras.ops.expand_dims(x, 1), "ExpandDims"),
        (lambda x: keras.ops.nn.space_to_depth(x, 2), "SpaceToDepth"),
        (lambda x: keras.ops.squeeze(keras.ops.mean(x, axis=1, keepdims=True), 1), "Squeeze"),
        (lambda x: x[:, 1:-1, ::2], "GetItem"),
    ):
        model = keras.Model(image, run(image))
        check(lambda model=model: from_keras(model), ValueError, f"cannot count 1 of ... {kind} (")  # type: ignore[misc]


def test_a_branch_that_is_scaled_and_added_is_two_steps(models: Any) -> None:
    net = from_keras(models("Inception-ResNet"))
    assert [type(step.layer).__name__ for step in net][-2:] == ["Rescaling", "Add"]
    assert [step.cost.elementwise for step in net][-2:] == [32 * 32 * 8] * 2


def test_a_separable_convolution_is_the_two_layers_that_keras_runs(keras: ModuleType) -> None:
    """What training saves between them is counted; a refusal leaves no half of it behind."""
    K, image = keras.layers, keras.Input((8, 8, 3))
    conv = K.SeparableConv2D(4, 3, padding="same", depth_multiplier=2, activation="relu", name="s")
    model = keras.Model(image, conv(K.SeparableConv2D(3, 3, activation="relu", name="r")(image)))
    net = from_keras(model)
    assert [step.name for step in net][3:] == ["s.depthwise", "s", "s.relu"]
    assert {step.block for step in net} == {"r", "s"}
    assert net.total().params == model.count_params()
    assert dict(kept(net).maps)["s.depthwise"] == 6 * 6 * 6
    conv.trainable = False
    assert from_keras(model).where(lambda step: step.block == "s").total().trainable_params == 0
    own = keras.Model(image, K.SeparableConv2D(4, 3, activation=relu, name="s")(image), name="m")
    said = "cannot count 1 of 1 layers of m: SeparableConv2D (s): its activation is a function of"
    check(lambda: from_keras(own), ValueError, said)


# What Keras does in ways that are easily overlooked.


def agrees(model: Any, source: Any) -> None:
    """Parameters, MACs and output shapes are the model's."""
    net = from_keras(source)
    total, shapes = net.total(), [x.shape[1:] for x in model.inputs]
    assert total.params == model.count_params()
    assert total.trainable_params == sum(v.value.size for v in model.trainable_variables)
    assert total.macs == dense_macs(model, *shapes)
    found = sorted(str(step.output) for step in net if step.name in net.outputs)
    assert found == sorted(" x ".join(map(str, x.shape[1:])) for x in model.outputs)


both = pytest.mark.parametrize("live", [True, False], ids=["live", "file"])


@both
@pytest.mark.parametrize("keys", ["ab ab", "ab ba", "ba ab", "ba ba"])
def test_dicts_are_matched_by_key(keras: ModuleType, tmp_path: Path, keys: str, live: bool) -> None:
    K, (made, called) = keras.layers, keys.split()
    inside = {"a": keras.Input((8, 8, 3), name="a"), "b": keras.Input((8, 8, 5), name="b")}
    maps = [K.Conv2D(2, 3, padding="same")(inside["a"]), K.Conv2D(2, 1)(inside["b"])]
    sub = keras.Model(
        {key: inside[key] for key in made}, {"z": K.Add()(maps), "y": K.Concatenate()(maps)}
    )
    given = {"a": keras.Input((8, 8, 3)), "b": keras.Input((8, 8, 5))}
    written = sub({key: given[key] for key in called})
    ends = [K.Conv2D(1, 3)(written["y"]), K.Conv2D(7, 1)(written["z"])]
    model = keras.Model(list(given.values()), ends)
    agrees(model, model if live else saved(tmp_path, model.to_json()))


@both
@pytest.mark.parametrize("kind", ["functional", "two outputs", "sequential"])
def test_each_call_of_a_model_has_outputs_of_its_own(
    keras: ModuleType, tmp_path: Path, kind: str, live: bool
) -> None:
    K, y = keras.layers, keras.Input((None, None, 3))
    a, b = keras.Input((16, 16, 3)), keras.Input((8, 8, 3))
    one = keras.Model(y, K.Conv2D(4, 3)(y))
    sub = {
        "functional": one,
        "sequential": keras.Sequential([keras.Input((None, None, 3)), K.Conv2D(4, 3)]),
    }.get(kind)
    sub = sub or keras.Model(y, [K.Conv2D(4, 3)(y), K.Conv2D(5, 1)(y)])
    first, second = sub(a), sub(b)
    ends = [*first, *second] if kind == "two outputs" else [second, first]
    model = keras.Model([a, b], ends)
    agrees(model, model if live else saved(tmp_path, model.to_json()))


@both
def test_frozen_layers_have_no_trainable_params(
    keras: ModuleType, tmp_path: Path, live: bool
) -> None:
    K, image = keras.layers, keras.Input((8, 8, 3))
    sub = keras.Sequential([keras.Input((8, 8, 3)), K.Conv2D(4, 3)])
    sub.trainable = False
    x = K.BatchNormalization(trainable=False)(sub(image))
    model = keras.Model(image, K.Conv2D(2, 1)(K.BatchNormalization()(x)))
    agrees(model, model if live else saved(tmp_path, model.to_json()))


@both
def test_names_that_look_like_repeats_and_inputs_that_are_not_read(
    keras: ModuleType, tmp_path: Path, live: bool
) -> None:
    K, image, unread = keras.layers, keras.Input((8, 8, 3)), keras.Input((4, 4, 1))
    model = keras.Model(
        [image, unread], K.Conv2D(5, 3, name="conv (2)")(K.Conv2D(4, 3, name="conv")(image))
    )
    agrees(model, model if live else saved(tmp_path, model.to_json()))


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # Keras asks an array of NumPy
def test_what_is_known_but_in_another_form_is_refused(keras: ModuleType) -> None:
    K, image, row = keras.layers, keras.Input((8, 8, 3)), keras.Input((16,))
    more, mask = np.ones((1, 8, 8, 2), "float32"), keras.Input((16,), dtype="bool")
    lora, small = K.Dense(8, name="d"), keras.Model(row, K.Dense(8, name="q")(row))
    signal = keras.Input((8, 3))
    causal = K.Conv1D(4, 3, padding="causal", name="o")(signal)
    other = K.MultiHeadAttention(1, 2, output_shape=5, name="h")(signal, signal)
    adapted = keras.Model(row, lora(row))
    lora.enable_lora(2)
    small.layers[1].quantize("int8")
    for model, said in [
        (keras.Model(image, K.Concatenate(name="c")([image, more])), "Concatenate (c): it meets an array that the"),
        (adapted, "Dense (d): with lora_rank=2; write"),
        (small, "Dense (q): it is quantised; write"),
        (keras.Model(image, K.BatchNormalization(renorm=True, name="r")(image)), "Normalization (r): with renorm=True"),
        (keras.Model([row, mask], K.Softmax(name="s")(row, mask=mask)), "Softmax (s): given 2 tensors; write that"),
        (keras.Model(image, K.Activation(relu, name="a")(image)), "Activation (a): its activation is a function of"),
        (keras.Model(signal, causal), "Conv1D (o): padding must be one of 'same', 'valid', got 'causal'"),
        (keras.Model(signal, other), "Attention (h): with output_shape=[5]"),
    ]:  # fmt: skip
        check(lambda model=model: from_keras(model), ValueError, f"cannot count 1 of ... {said}")  # type: ignore[misc]

    class Twice(keras.Sequential):
        def call(self, x: Any, training: Any = None, mask: Any = None) -> Any:
            return super().call(super().call(x))

    twice = Twice([keras.Input((8, 8, 3)), K.Conv2D(3, 3, padding="same")])
    check(lambda: from_keras(twice), TypeError, "got Twice, which has no graph to read")


@saving
@pytest.mark.parametrize("name", ["Sequential", "Functional", "Model"])
@pytest.mark.parametrize("saved", [False, True])
def test_a_model_that_only_has_the_name_of_one_of_keras_is_not_read_as_that(
    keras: ModuleType, tmp_path: Path, name: str, saved: bool
) -> None:
    """It runs its layer twice: a chain of its layers would be half of its MACs."""

    def call(self: Any, x: Any) -> Any:
        return self.layers[0](self.layers[0](x))

    kind = type(name, (keras.Sequential,), {"call": call, "__module__": "mine"})
    conv = keras.layers.Conv2D(3, 3, padding="same")
    x = keras.Input((8, 8, 3))
    inner = kind([keras.Input((8, 8, 3)), conv], name="inner")
    model: Any = keras.Model(x, inner(x))
    if saved:
        model.save(tmp_path / "m.keras")
        model = tmp_path / "m.keras"
    check(lambda: from_keras(model), ValueError, f"cannot count 1 of 1 layers ... {name} (inner)")


def relu(x: Any) -> Any:
    """Of one's own, although its name is a known one."""
    return x * x


def test_a_class_of_ones_own_is_not_keras_though_its_name_and_module_look_so(
    keras: ModuleType,
) -> None:
    class Conv2D(keras.layers.Conv2D):
        pass

    Conv2D.__module__ = "keras_blocks"
    image = keras.Input((8, 8, 3))
    check(
        lambda: from_keras(keras.Model(image, Conv2D(4, 3, name="c")(image))),
        ValueError,
        "layers of ... Conv2D (c)",
    )


def test_a_free_input_beside_a_fixed_one(keras: ModuleType) -> None:
    K, free, fixed = keras.layers, keras.Input((None, None, 3)), keras.Input((64, 64, 3))
    ends = [K.Conv2D(2, 1)(free), K.Conv2D(2, 1)(fixed)]
    assert from_keras(keras.Model([free, fixed], ends)).total().at(N=32).macs == 6 * (
        32**2 + 64 * 64
    )
    assert from_keras(keras.Model([free, fixed], ends), side=128).total().macs == 6 * (
        128**2 + 64**2
    )
    other = keras.Model([fixed, free], ends, name="two")
    assert from_keras(other).total().at(N=32).macs == 6 * (32**2 + 64 * 64)
    said = "two has an input of a fixed size and one of a free size, got side=128 for the first; build it"
    check(lambda: from_keras(other, side=128), ValueError, said)


def test_the_channels_are_where_the_size_is_not_free(keras: ModuleType) -> None:
    K, image = keras.layers, keras.Input((3, None, None))
    net = from_keras(keras.Model(image, K.Conv2D(4, 3)(K.Permute((2, 3, 1))(image))))
    assert net.total().params == 112
    assert net.total().at(N=10).macs == 108 * 8**2


def test_weights_that_hang_on_a_side_are_noticed_beside_free_sides_and_in_attention(
    keras: ModuleType,
) -> None:
    K, image, small = keras.layers, keras.Input((None, 8, 4)), keras.Input((8, 8, 4))
    dense = keras.Model(image, K.Dense(3, name="d")(K.Permute((1, 3, 2))(image)))
    for side in (16, N):
        said = "d (Dense) ties ... it has 27 params"
        check(lambda side=side: from_keras(dense, side=side), ValueError, said)  # type: ignore[misc]
    tokens = K.Permute((2, 1))(K.Reshape((-1, 4))(small))
    attending = keras.Model(small, K.MultiHeadAttention(2, 4, name="m")(tokens, tokens))
    said = "m.query (Dense) ties ... it has 520 params, and would have 2056; leave out side"
    check(lambda: from_keras(attending, side=16), ValueError, said)


def test_a_softmax_by_name_goes_along_the_last_axis(keras: ModuleType) -> None:
    image = keras.Input((4, 8, 6))
    conv = keras.layers.Conv2D(5, 1, data_format="channels_first", activation="softmax")
    assert from_keras(keras.Model(image, conv(image))).total().elementwise == 5 * 8 * 6 + 5 * 8 * (
        5 * 6 - 2
    )


# Unknown layers, and layers that fit one size only.


@pytest.fixture(scope="module")
def odd(keras: ModuleType) -> Any:
    """A model with a layer of one's own, which has no get_config, and a Lambda."""
    K = keras.layers

    class Foo(K.Layer):
        def __init__(self, times: int) -> None:
            super().__init__(name="foo")
            self.times = times

        def call(self, x: Any) -> Any:
            return x * self.times

    image = keras.Input((16, 16, 3))
    x = Foo(2)(K.Conv2D(8, 3, padding="same", name="conv")(image))
    return keras.Model(
        image, K.Conv2D(1, 1, name="last")(K.Lambda(lambda x: x + 1, name="x")(x)), name="odd"
    )


def test_all_unknown_layers_are_named_at_once(odd: Any) -> None:
    listed = (
        "cannot count 2 of 4 layers of odd: Foo (foo), Lambda (x): its code is never run; "
        "add them with extra={'Foo'"
    )
    check(lambda: from_keras(odd), ValueError, listed + " ... unknown='report'")
    check(
        lambda: from_keras(odd, unknown="skip"),
        ValueError,
        "unknown must be one of 'error', 'report', got 'skip'",
    )


def test_what_is_missing_is_said_in_every_view(odd: Any) -> None:
    net = from_keras(odd, unknown="report")
    assert net.missing == net.total().missing == ("Foo (foo)", "Lambda (x)")
    said, table, total = "NOT counted: 2 layers, Foo (foo), Lambda (x)", net.table(), net.total()
    views = [
        str(net),
        repr(net),
        net._repr_html_(),
        table.to_csv(),
        table.to_latex(),
        str(total),
        total._repr_latex_(),
    ]
    assert [
        view for view in [*views, str(from_keras(odd, N, "report").total())] if said not in view
    ] == []
    assert total.macs == (27 * 8 + 8) * 16 * 16
    assert net.only(Conv2D).missing == ()
    assert live(net)[1].elements == 2 * 8 * 16 * 16


def test_one_may_say_what_an_unknown_layer_is(odd: Any) -> None:
    met = []

    def foo(arguments: Any, x: Tensor) -> Any:
        met.append((arguments["times"], x))
        return ReLU()

    net = from_keras(odd, side=8, extra={"Foo": foo, "Lambda": lambda arguments, x: ReLU()})
    assert met == [
        (2, Tensor(8, 8, 8)),
        (2, Tensor(16, 16, 8)),
    ]  # the model's own size: is it tied to that?
    assert net.missing == ()
    assert (
        net.total().elementwise == from_keras(odd, 8, "report").total().elementwise + 2 * 8 * 8 * 8
    )


def test_results_of_an_unknown_layer_are_told_apart(keras: ModuleType) -> None:
    class Two(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x, x[..., :3]

    K, image = keras.layers, keras.Input((8, 8, 6))
    first, second = Two(name="two")(image)
    both = keras.Model(image, [K.Conv2D(4, 1)(first), K.Conv2D(4, 1)(second)], name="m")
    said = "m does not say what shapes leave Two (two); add them with extra="
    check(lambda: from_keras(both, unknown="report"), ValueError, said)
    said = "m has layers that wait for each other"
    check(lambda: from_keras(both, extra={"Two": lambda _, x: ReLU()}), ValueError, said)
    last = keras.Model(image, K.Conv2D(4, 1)(second))
    assert from_keras(last, unknown="report").total().macs == 3 * 4 * 64


def test_a_side_that_is_none_and_a_layer_that_is_none_are_told_as_such(odd: Any) -> None:
    with pytest.raises(TypeError, match=r"^side must be a whole number or a letter, got 'N'"):
        from_keras(odd, side="N")
    wrong = {"Foo": lambda arguments, x: 5, "Lambda": lambda arguments, x: ReLU()}
    with pytest.raises(
        ValueError, match=r"^extra\['Foo'\] must give a layer of the package, got 5; try Activation"
    ):
        from_keras(odd, side=8, extra=wrong)


def test_a_lambda_in_a_file_is_named_and_never_run(keras: ModuleType, tmp_path: Path) -> None:
    image, trap = keras.Input((4, 4, 1)), tmp_path / "trap"
    trapped = keras.layers.Lambda(lambda x: x, name="trap")(image)
    model = keras.Model(image, keras.layers.Conv2D(2, 1)(trapped), name="trapped")
    config = json.loads(model.to_json())
    function = {"class_name": "open", "module": "builtins", "config": [str(trap), "w"]}
    config["config"]["layers"][1]["config"]["function"] = function
    path = saved(tmp_path, json.dumps(config))
    check(
        lambda: from_keras(path),
        ValueError,
        "cannot count 1 of 2 layers of trapped: Lambda (trap): its code is",
    )
    assert from_keras(path, unknown="report").output == Tensor(4, 4, 2)
    assert not trap.exists()


def test_a_layer_that_ties_a_model_to_its_size_is_named(keras: ModuleType, models: Any) -> None:
    K, built = keras.layers, "to the size that it was built for: "
    flat = keras.Sequential([keras.Input((8, 8, 2)), K.Flatten(), K.Dense(3)], name="flat")
    fixed = keras.Sequential([keras.Input((8, 8, 2)), K.Reshape((64, 2))], name="fixed")
    vector = keras.Sequential([keras.Input((8,)), K.Dense(3)], name="vector")
    for model, side, words in (
        (
            flat,
            16,
            f"(Dense) ties flat {built}it has 387 params, and would have 1539; leave out side",
        ),
        (
            fixed,
            16,
            "fixed does not fit together at ... both shapes must hold as many elements, got 16 x 16 x 2 and 1 x 64 x 2",
        ),
        (
            models("pix2pix"),
            100,
            "pix2pix does not fit together at concatenate ... got 8 x 8 x 512 and 7 x 7 x 512",
        ),
        (vector, 16, "vector is given no map, so it has no side, got side=16; leave it out"),
    ):
        check(lambda model=model, side=side: from_keras(model, side), ValueError, words)


def test_a_layer_that_no_tool_was_measured_on_is_refused(models: Any) -> None:
    tool = conventions["fvcore"]
    check(
        lambda: tool.total(from_keras(models("EfficientNetB0"))),
        ValueError,
        "how fvcore counts Rescaling is not known",
    )
    assert tool.total(from_keras(models("pix2pix"))) == tool.total(pix2pix_unet(256, 3))


def ops_of(keras: ModuleType) -> dict[str, tuple[Callable[[Any], Any], int, int]]:
    """A function of a 4 x 6 x 8 map, and what it should count: elementwise operations, and elements written."""
    o, size = keras.ops, 4 * 6 * 8
    return {
        "a number added": (lambda x: x + 2, size, size),
        "a number less": (lambda x: 1 - x, size, size),
        "divided": (lambda x: x / 4, size, size),
        "a number divided": (lambda x: 1 / x, size, size),
        "squared": (o.square, size, size),
        "a function": (o.tanh, size, size),
        "a mean": (lambda x: o.mean(x, axis=-1, keepdims=True), size, 24),
        "a sum, axes gone": (lambda x: o.sum(x, axis=(1, 2)), size - 8, 8),
        "transposed": (lambda x: o.transpose(x, (0, 3, 1, 2)), 0, size),
        "products": (lambda x: o.matmul(x, o.transpose(x, (0, 1, 3, 2))), 0, size + 4 * 6 * 6),
        "reshaped": (lambda x: o.reshape(x, (-1, 24, 8)) + 1, size, size),
        "resized": (lambda x: o.image.resize(x, (8, 8), interpolation="bilinear"), 7 * 512, 512),
        "softmax": (lambda x: o.softmax(x, axis=-1), 24 * 38, size),
        "gelu": (lambda x: o.gelu(x, approximate=False), 5 * size, size),
        "leaky": (lambda x: o.leaky_relu(x), 2 * size, size),
        "maximum": (lambda x: o.maximum(x, 0.5), size, size),
        "broadcast": (lambda x: x * o.mean(x, axis=(1, 2), keepdims=True), 2 * size, size + 8),
    }


def test_operations_between_layers_are_read(keras: ModuleType) -> None:
    for name, (run, elementwise, writes) in ops_of(keras).items():
        image = keras.Input((4, 6, 8))
        out = run(image)
        net = from_keras(keras.Model(image, out))
        assert (name, net.total().elementwise, net.total().writes) == (name, elementwise, writes)
        assert net.output.size == prod(out.shape[1:]), name


# Numbers that a reader of axes easily gets wrong; JAX is the witness of products, Keras of shapes and weights.


def broadcast(keras: ModuleType, kind: str, *shapes: tuple[int, ...]) -> Any:
    inputs = [keras.Input(shape) for shape in shapes]
    return keras.Model(inputs, getattr(keras.layers, kind)()(inputs))


@pytest.mark.parametrize(
    "shapes",
    [
        ((2, 3, 4, 16), (1, 1, 1, 16)),
        ((2, 3, 4, 16), (2, 3, 4, 1)),
        ((2, 3, 4, 1), (2, 3, 1, 16)),
        ((2, 3, 4, 5, 6), (5, 6)),
        ((4, 16), (3, 1, 16)),
    ],
)
@pytest.mark.parametrize("kind", ["Add", "Multiply", "Subtract"])
def test_what_comes_out_after_broadcasting_is_counted(
    keras: ModuleType, kind: str, shapes: tuple[tuple[int, ...], ...]
) -> None:
    model = broadcast(keras, kind, *shapes)
    net = from_keras(model)
    assert net.total().elementwise == net.output.size == prod(model.output.shape[1:])


@pytest.mark.parametrize(
    "shapes",
    [
        ((2, 1, 4, 1), (1, 3, 1, 16)),
        ((2, 1, 4, 16), (1, 3, 4, 16)),
        ((2, 3, 4, 5, 6), (4, 5, 6)),
    ],
)
def test_broadcasting_along_leading_axes_one_by_one_is_refused(
    keras: ModuleType, shapes: tuple[tuple[int, ...], ...]
) -> None:
    model = broadcast(keras, "Add", *shapes)
    said = "cannot count 1 of ... Add ( ... ): its inputs differ in the leading axes; write"
    check(lambda: from_keras(model), ValueError, said)


@pytest.mark.parametrize(
    "shapes",
    [
        ((1, 4, 5), (3, 5, 6)),
        ((3, 4, 5), (1, 5, 6)),
        ((1, 1, 4, 5), (2, 3, 5, 6)),
        ((2, 3, 4, 5), (2, 3, 5, 6)),
        ((4, 5), (5, 6)),
    ],
)
def test_products_repeat_leading_axes(keras: ModuleType, shapes: Any) -> None:
    x, y = (keras.Input(shape) for shape in shapes)
    agrees_in_macs(keras.Model([x, y], keras.ops.matmul(x, y)))


def agrees_in_macs(model: Any) -> None:
    net = from_keras(model)
    assert net.total().macs == dense_macs(model, *(x.shape[1:] for x in model.inputs))
    assert net.output.size == prod(model.output.shape[1:])


@pytest.mark.parametrize("sides", [(6, 4), (4, 4)])
def test_products_of_maps_channels_first_are_those_of_keras_axes(
    keras: ModuleType, sides: tuple[int, int]
) -> None:
    K, image = keras.layers, keras.Input((3, *sides))
    x = K.Conv2D(4, 1, data_format="channels_first")(image)
    y = K.Reshape((4, sides[1], 5))(K.Dense(4 * sides[1] * 5)(K.Flatten()(image)))
    model = keras.Model(image, keras.ops.matmul(x, y))
    net = from_keras(model)
    assert net.total().macs == dense_macs(model, (3, *sides))
    (product,) = net.only(MatMul)
    assert product.output.size == 4 * sides[0] * 5


def test_products_with_other_leading_axes_are_refused(keras: ModuleType) -> None:
    for shapes, why in (
        (((2, 1, 4, 5), (1, 3, 5, 6)), "its inputs differ in the leading axes"),
        (((4, 5), (1, 5, 6)), "its inputs differ in the number of axes"),
    ):
        x, y = (keras.Input(shape, batch_size=1) for shape in shapes)
        model = keras.Model([x, y], keras.ops.matmul(x, y))
        check(lambda model=model: from_keras(model), ValueError, f"cannot count 1 of ... {why}")  # type: ignore[misc]


def test_sums_align_axes_as_numpy_does_not_as_merging_layers_do(keras: ModuleType) -> None:
    x, row = keras.Input((4, 4, 3), batch_size=1), keras.Input((3,), batch_size=1)
    said = "cannot count 1 of ... Add ( ... ): its inputs differ in the number of axes; write"
    check(lambda: from_keras(keras.Model([x, row], x + row)), ValueError, said)
    assert from_keras(keras.Model([x, row], keras.layers.Add()([x, row]))).output == Tensor(4, 4, 3)


def test_an_array_of_five_axes_keeps_them(keras: ModuleType) -> None:
    K, image = keras.layers, keras.Input((2, 3, 4, 16))
    x = K.Reshape((2, 3, 64))(K.Dense(16)(K.ReLU()(image)))
    net = from_keras(keras.Model(image, x))
    assert (net.output, net.total().macs) == (Tensor(2, 3, 64), 2 * 3 * 4 * 16 * 16)
    for axis in (1, 2):
        model = keras.Model(image, keras.ops.mean(K.ReLU()(image), axis=axis))
        said = "cannot count 1 of ... it works along one of the first of 5 axes"
        check(lambda model=model: from_keras(model), ValueError, said)  # type: ignore[misc]
    last = from_keras(keras.Model(image, keras.ops.mean(K.ReLU()(image), axis=-1)))
    assert last.output == Tensor(2, 3, 4)


@saving
@both
def test_one_dimension_each_time_and_spectral_norm(
    keras: ModuleType, tmp_path: Path, live: bool
) -> None:
    K, image, signal = keras.layers, keras.Input((8, 8, 3)), keras.Input((24, 3))
    for padding in ("same", "valid"):
        x = K.Conv1D(6, 3, padding=padding, dilation_rate=2, activation="relu")(signal)
        x = K.TimeDistributed(K.Dense(5, activation="tanh"))(K.MaxPooling1D(2)(x))
        agrees_at(keras.Model(signal, K.GlobalMaxPooling1D(keepdims=True)(x)), tmp_path, live)
    x = K.SpectralNormalization(K.Conv2D(4, 3, strides=2))(image)
    x = K.SpectralNormalization(K.Dense(5))(K.Flatten()(x))
    agrees_at(keras.Model(image, K.Reshape((1, 1, 5))(x)), tmp_path, live)


def agrees_at(model: Any, folder: Path, live: bool) -> None:
    net = from_keras(model if live else saved(folder, model.to_json()))
    total = net.total()
    assert total.params == model.count_params()
    assert total.trainable_params == sum(v.value.size for v in model.trainable_variables)
    assert total.macs == dense_macs(model, *(x.shape[1:] for x in model.inputs))
    assert net.output.size == prod(model.output.shape[1:])


def test_wrapped_layers_that_see_other_axes_are_refused(keras: ModuleType) -> None:
    K, frames, image = keras.layers, keras.Input((5, 8, 8, 3)), keras.Input((8, 8, 3))
    own = K.TimeDistributed(K.Dense(4, activation=relu), name="t")
    for given, layer, said in (
        (frames, K.TimeDistributed(K.Flatten(), name="t"), "d (t): it wraps a layer Flatten"),
        (image, K.SpectralNormalization(K.Conv2DTranspose(4, 3)), "a layer Conv2DTranspose"),
        (frames, own, "(t): its activation is a function of"),
    ):
        model = keras.Model(given, layer(given))
        check(lambda model=model: from_keras(model), ValueError, f"cannot count 1 of ... {said}")  # type: ignore[misc]
