"""How public tools count: every recorded total and every measured layer, to the last unit."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import pytest

from tools.tool_cases import CASES, LAYERS, NETWORKS, in_a_row
from unet_complexity import (
    Activation,
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    LeakyReLU,
    MaxPooling2D,
    Network,
    PhaseConv2D,
    Step,
    Tensor,
    UpSampling2D,
    classic_unet,
    pix2pix_unet,
)
from unet_complexity import layers as core
from unet_complexity.engineering import layers as wing
from unet_complexity.engineering import plot_tools
from unet_complexity.engineering.conventions import KINDS, MEANING, Convention, conventions, kind
from unet_complexity.engineering.layers import ConcatenateRows, Dense, DepthwiseConv2D, Softmax
from unet_complexity.layers import Add, AveragePooling2D, Multiply, ReLU
from unet_complexity.layers.elementwise import OPERATIONS
from unet_complexity.symbols import C, L, N, g, substitute

ASKED = NETWORKS["asked"]
JAX = conventions["jax Lowered.cost_analysis"]
TOOLS = [pytest.param(convention, id=tool) for tool, convention in conventions.items()]


def measured() -> dict[tuple[str, str], int | None]:
    """What the tools printed for each case; None where one stopped.  The header carries the versions."""
    with (Path(__file__).parent / "tool_totals.csv").open() as file:
        header, *rows = csv.reader(file)
    assert header[1:] == [
        f"{tool} {convention.version}" for tool, convention in conventions.items()
    ]
    assert [row[0] for row in rows] == list(CASES)
    cells = {
        (row[0], tool): cell
        for row in rows
        for tool, cell in zip(conventions, row[1:], strict=True)
    }
    return {where: int(cell) if cell else None for where, cell in cells.items()}


MEASURED = measured()
# (case, tool) where the package says that it does not know
GAPS = {
    *((f"{mode} (2, 3)", "calflops") for mode in ("nearest", "bilinear")),
    *((f"transposed {size}", "moduleprofiler") for size in ("3, strides 2", "2, strides 4")),
    *(
        (case, JAX.tool)
        for case in ("bilinear 2", "bilinear 3", "bilinear (2, 3)", "a mixture, bilinear")
    ),
}


@pytest.mark.parametrize("convention", TOOLS)
def test_the_recorded_total_is_rebuilt_to_the_last_unit(convention):
    assert convention.total(ASKED) == convention.recorded
    assert sum(convention.parts(ASKED).values()) == convention.recorded


def test_the_totals_are_those_that_were_recorded():
    """Written down a second time, so that none is moved by accident."""
    assert {tool: convention.recorded for tool, convention in conventions.items()} == {
        "keras count_params": 41_843_331,
        "tensorflow profiler float_operation": 36_114_743_182,
        "jax Lowered.cost_analysis": 34_129_506_304,
        "torch FlopCounterMode": 36_104_568_832,
        "fvcore": 18_074_284_032,
        "mmengine": 18_074_284_032,
        "thop": 18_080_219_136,
        "ultralytics-thop": 18_064_154_624,
        "ptflops (pytorch backend)": 18_100_584_448,
        "ptflops (aten backend)": 18_056_497_152,
        "torchinfo": 18_056_505_984,
        "calflops": 36_122_748_928,
        "deepspeed": 36_134_797_312,
        "torchprofile": 18_057_261_056,
        "flopth": 18_066_732_368,
        "flopco-pytorch": 36_108_781_568,
        "moduleprofiler": 36_136_779_008,
        "torchlens": 36_193_073_152,
        "floppy-tracker": 36_171_030_528,
        "onnx-tool": 18_169_458_688,
    }
    assert all(
        MEASURED["asked", tool] == convention.recorded for tool, convention in conventions.items()
    )


def test_nearly_every_cell_was_measured():
    assert {where for where, total in MEASURED.items() if total is None} == {
        ("nearest (2, 3)", "calflops"),
        ("bilinear (2, 3)", "calflops"),
    }
    assert len(MEASURED) == 20 * len(CASES) == 20 * 49


@pytest.mark.parametrize("case", CASES)
def test_every_measured_case_is_rebuilt_or_said_to_be_unknown(case):
    for tool, convention in conventions.items():
        if (case, tool) in GAPS:
            with pytest.raises(ValueError, match=f"how {tool} counts .* is not known: "):
                convention.total(CASES[case])
        else:
            assert convention.total(CASES[case]) == MEASURED[case, tool], tool


def test_every_kind_was_measured():
    assert {kind(layer) for layer in LAYERS.values()} == set(KINDS)
    assert {name.split()[0] for name in KINDS if name[0].isupper()} < {
        layer.__name__ for layer in (*core.LAYERS, *wing.LAYERS)
    }
    measured = ("leaky_relu", "linear", "relu", "sigmoid", "softmax", "tanh")
    assert {name for name in (*OPERATIONS, "softmax") if kind(Activation(name)) in KINDS} == set(
        measured
    )


X = Tensor(8, 8, 4)
NOT_MEASURED = [
    (Activation("silu"), X),
    (Add(), X, Tensor(1, 1, 4)),
    (BatchNormalization(scale=False), X),
    (ConcatenateRows(), X, X),
    (Conv2DTranspose(4, 4, 2, padding=1), X),
    (Conv2DTranspose(4, 3, 2, output_padding=1), X),
    (Conv2DTranspose(4, 2, 2, groups=2), X),
    (Dense(4), X),
    (DepthwiseConv2D(3), X),
    (MaxPooling2D(3, 2, padding=1), X),
    (Multiply(), X, X),
    (ReLU(max_value=6), X),
    (Softmax(axis=(1, 2)), X),
]


@pytest.mark.parametrize("case", NOT_MEASURED, ids=lambda case: str(case[0]))
@pytest.mark.parametrize("convention", TOOLS)
def test_what_was_not_measured_is_refused(convention, case):
    layer, *inputs = case
    step = Step("it", layer, tuple(inputs), ("input",) * len(inputs), 0, "b", "encoder")
    with pytest.raises(
        ValueError, match=f"how {re.escape(convention.tool)} counts .* is not known"
    ):
        convention.total(Network("one layer", X, (step,)))


@pytest.mark.parametrize("convention", TOOLS)
def test_a_rule_has_a_formula_in_known_letters(convention):
    for name in convention.counts:
        assert {str(letter) for letter in convention.rule(name).free_symbols} <= set(MEANING)
    assert set(KINDS) - set(convention.counts) <= {"UpSampling2D bilinear"}
    assert convention.version in repr(convention)
    assert all(issue.count("#") == 1 == issue.count("/") for issue in convention.issues)


@dataclass(frozen=True)
class Swish(ReLU):
    """A layer that no tool was asked about."""


@pytest.mark.parametrize("convention", TOOLS)
@pytest.mark.parametrize("layer", [PhaseConv2D(4, 3), Swish()], ids=str)
def test_an_unknown_layer_is_an_error_and_never_0(convention, layer):
    name = type(layer).__name__
    with pytest.raises(
        ValueError, match=rf"counts {name} is not known; known are Conv2D, Conv2D with groups, "
    ):
        convention.total(in_a_row(Tensor(8, 8, 4), Conv2D(4, 3), layer))
    with pytest.raises(ValueError, match=f"counts {name} is not known; known are "):
        convention.rule(name)


@pytest.mark.parametrize(
    ("tool", "layer", "said"),
    [
        (
            "calflops",
            UpSampling2D((2, 3)),
            "stops with a TypeError if the two factors differ; take the same",
        ),
        (
            "moduleprofiler",
            Conv2DTranspose(4, 3, 2),
            "leaves out what PyTorch calls output padding; take a kernel",
        ),
        (
            JAX.tool,
            UpSampling2D(2, "bilinear"),
            "matrix products, in an order that it chooses for each map",
        ),
        (
            "tensorflow profiler float_operation",
            Conv2DTranspose(3, 5, 3, padding="valid"),
            "its rule gives 141284/3, which is not whole",
        ),
        (
            "fvcore",
            MaxPooling2D(3, 2, "same"),
            "a pool that overhangs the border was not measured; take padding=",
        ),
        (
            JAX.tool,
            AveragePooling2D(3, 1, "same"),
            "a pool that overhangs the border was not measured",
        ),
    ],
    ids=str,
)
def test_a_gap_says_why(tool, layer, said):
    with pytest.raises(
        ValueError, match=f"how {tool} counts .*{type(layer).__name__}.* is not known: .*{said}"
    ):
        conventions[tool].total(in_a_row(Tensor(8, 8, 4), layer))


def test_same_pools_that_do_not_hang_over_are_counted():
    valid, same = (
        in_a_row(Tensor(8, 8, 4), MaxPooling2D(2, 2, padding)) for padding in ("valid", "same")
    )
    assert (
        conventions["deepspeed"].total(valid) == conventions["deepspeed"].total(same) == 8 * 8 * 4
    )


def test_an_unknown_tool_lists_the_known_ones():
    with pytest.raises(
        KeyError, match="no tool is called 'fvcor'; there are keras count_params, tensorflow"
    ):
        conventions["fvcor"]
    assert len(conventions) == 20
    assert "how 20 tools count: keras count_params, " in repr(conventions)
    assert repr(conventions["fvcore"]) == "<fvcore 0.1.5.post20221221 prints 'flop', in MACs>"


@pytest.mark.parametrize("convention", [tool for tool in TOOLS if not tool.values[0].float32])
def test_letters_give_the_formula_of_a_total(convention):
    shape = {N: 256, C: 3, g: 64}
    for letters in (pix2pix_unet(), pix2pix_unet(base_filters=g), pix2pix_unet(depth=L)):
        formula = convention.total(letters)
        assert substitute(formula, {**shape, L: 7}) == convention.recorded
    assert convention.total(pix2pix_unet(side=(N, 2 * N))).subs({N: 128, C: 3}) == convention.total(
        pix2pix_unet(side=(128, 256), in_channels=3)
    )


def test_32_bit_numbers_lose_3136_and_have_no_formula():
    """Five operations per channel of a batch normalisation are too small to be seen next to thirty billion."""
    assert (
        replace(JAX, float32=False).total(ASKED) - JAX.total(ASKED)
        == 3136
        == -JAX.parts(ASKED)["rounding"]
    )
    with pytest.raises(
        ValueError, match=r"adds up in 32-bit numbers, so letters have no total; give numbers: at\("
    ):
        JAX.total(pix2pix_unet())


def test_the_parts_are_the_elements_of_the_layers():
    parts = {tool: convention.parts(ASKED) for tool, convention in conventions.items()}
    upsampled, normalised, biased = 16_064_512, 2_967_552, 4_212_736
    relu, leaky, tanh, channels = 2_007_040, 2_009_088, 196_608, 4_416
    assert parts["fvcore"] == {
        "convolutions": 18_052_284_416,
        "upsampling": upsampled,
        "normalization": 2 * normalised,
    }
    assert parts["tensorflow profiler float_operation"] == {
        "convolutions": 36_104_568_832,
        "bias": biased,
        "normalization": 2 * normalised + 6 * channels,
        "upsampling": 2 * 7,
    }
    assert parts["calflops"]["upsampling"] == upsampled // 4
    assert parts["torchlens"]["upsampling"] == 4 * upsampled
    assert parts["ptflops (pytorch backend)"]["activations"] == 2 * relu + leaky
    assert parts["onnx-tool"]["activations"] == relu + 2 * leaky + 76 * tanh
    assert parts["moduleprofiler"]["normalization"] == 7 * normalised + 4 * channels
    assert parts["torchinfo"]["normalization"] == 2 * channels
    assert parts[JAX.tool]["normalization"] == 2 * normalised + 5 * channels
    assert parts[JAX.tool]["convolutions"] == 34_111_305_216


LIVE: dict[str, Network] = {
    "asked": ASKED,
    "asked, 128 x 384": pix2pix_unet((128, 384), 1),
    "classic": classic_unet(side=256),
    "classic, 96 x 160, upsampled": classic_unet((96, 160), 3, 5, up="upsample"),
    "valid": classic_unet(side=188, padding="valid"),
    "short": in_a_row(
        Tensor(6, 10, 3), Conv2D(8, 3), LeakyReLU(0.2), BatchNormalization(), UpSampling2D((2, 3))
    ),
}


@pytest.fixture(scope="module")
def keras() -> ModuleType:
    import keras

    assert keras.backend.backend() == "jax"
    return keras


@pytest.mark.parametrize("network", LIVE.values(), ids=LIVE)
def test_keras_on_jax_still_counts_so(keras: ModuleType, network: Network) -> None:
    from tools.in_keras import whole, xla_flops

    model = whole(keras, network)
    assert xla_flops(model, network.input) == JAX.total(network)
    assert model.count_params() == conventions["keras count_params"].total(network)


@pytest.mark.parametrize(
    "network", [pytest.param(LIVE[name], id=name) for name in LIVE if name != "valid"]
)
def test_pytorch_still_counts_so(network: Network) -> None:
    torch = pytest.importorskip(
        "torch", reason="PyTorch is not installed: its flop counter was NOT asked again"
    )
    from tests.core.test_torch import flops, run_network

    assert flops(lambda: run_network(torch, network)) == conventions["torch FlopCounterMode"].total(
        network
    )


def test_the_picture_says_what_it_shows():
    picture = plot_tools(ASKED)
    left, right = picture.figure.axes
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["MACs", "FLOPs"]
    shown = [text.get_text() for text in right.get_legend().get_texts()]
    assert shown == ["upsampling", "normalization", "activations", "bias"]
    printed = {bar.get_width() for group in left.containers for bar in group}
    assert printed == {
        tool.recorded / 1e9 for tool in conventions.values() if tool.unit != "parameters"
    }
    added = sum(bar.get_width() for group in right.containers for bar in group)
    parts = [tool.parts(ASKED) for tool in conventions.values() if tool.unit != "parameters"]
    beside = sum(
        sum(part.values()) - part["convolutions"] - part.get("rounding", 0) for part in parts
    )
    assert added == pytest.approx(beside / 1e6)
    assert (
        "10 tools print MACs, from 18,056,497,152 to 18,169,458,688; 9 tools print FLOPs"
        in picture.text
    )


def test_the_picture_needs_numbers_and_layers_that_were_measured():
    with pytest.raises(ValueError, match="a picture needs numbers, got letters in d1"):
        plot_tools(pix2pix_unet())
    with pytest.raises(ValueError, match="is not known: JAX makes it of matrix products"):
        plot_tools(in_a_row(Tensor(8, 8, 4), UpSampling2D(2, "bilinear")))


def test_what_the_notebook_says_of_the_last_3136():
    """The batch normalisation of u4 vanishes wholly, five operations for each of its 256 channels."""
    names = [step.name for step in ASKED]
    until = names.index("u4.bn") + 1
    before, after = (replace(ASKED, steps=ASKED.steps[:end]) for end in (until - 1, until))
    assert after.steps[-1].output.channels == 256
    lost = JAX.parts(after)["rounding"] - JAX.parts(before).get("rounding", 0)
    assert lost == -5 * 256


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("macs +", "a rule is arithmetic such as 2*macs + out, got 'macs +'"),
        ("", "a rule is arithmetic such as 2*macs + out, got ''"),
        ("macs;", "a rule is arithmetic such as 2*macs + out, got 'macs;'"),
        ("True", "a rule has numbers, + - * / and "),
        ("-" * 100_000 + "1", "a rule has at most 200 characters, got 100,001"),
    ],
)
def test_a_rule_that_is_no_arithmetic_is_refused(rule, words):
    tool = Convention("tool", "1", "MACs", "label", 0, {"Conv2D": rule})
    with pytest.raises(ValueError, match=f"^{re.escape(words)}"):
        tool.rule("Conv2D")


@pytest.mark.parametrize("rule", ["macs/0", "0/0", "out; macs/(out - out)", "macs/bias"])
@pytest.mark.parametrize("side", [256, N])
@pytest.mark.parametrize("float32", [False, True])
def test_a_rule_that_divides_by_zero_is_refused(rule, side, float32):
    tool = Convention("tool", "1", "MACs", "label", 0, {"Conv2D": rule}, float32=float32)
    asked = pix2pix_unet(side, 3).only(Conv2D)
    first = asked.steps[0]
    step = replace(first, layer=replace(first.layer, use_bias=False))
    net = replace(asked, steps=(step,))
    said = r"^how tool counts Conv2D\(.* is not known: its rule divides by 0$"
    for count in (tool.total, tool.parts):
        with pytest.raises(ValueError, match=said):
            count(net)
