"""UpSampling2D + Conv2D phase by phase: the same function exactly, for fewer multiplications."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unet_complexity import (
    Conv2D,
    Network,
    PhaseConv2D,
    ReLU,
    Tensor,
    UpSampling2D,
    classic_unet,
    count,
    pix2pix_unet,
)
from unet_complexity.engineering.readers.networks import ModelNetwork, Shapes
from unet_complexity.layers import Layer
from unet_complexity.phases import (
    by_phases,
    convolve_by_phases,
    phase_kernels,
    upsample_then_convolve,
)
from unet_complexity.symbols import L, N, c, f, g, k, n, s
from unet_complexity.unets.builder import Builder

sides, sizes = st.integers(1, 6), st.integers(1, 4)


def whole(random: np.random.Generator, *shape: int) -> np.ndarray:
    return random.integers(-9, 10, shape)


@settings(max_examples=150)
@given(st.tuples(sides, sides), st.tuples(sizes, sizes), sides, sides, st.integers(0, 2**32))
def test_both_forms_are_equal_exactly_on_whole_numbers(kernel, size, height, width, seed):
    random = np.random.default_rng(seed)
    x, weights = whole(random, height, width, 2), whole(random, *kernel, 2, 3)
    written = upsample_then_convolve(x, weights, size)
    np.testing.assert_array_equal(convolve_by_phases(x, weights, size), written)


@pytest.mark.parametrize(("kernel", "size"), [((4, 4), (2, 2)), ((3, 5), (2, 3)), ((1, 2), (3, 1))])
def test_the_form_as_written_is_what_the_two_loops_do(kernel, size):
    random = np.random.default_rng(0)
    x, weights = whole(random, 3, 4, 2), whole(random, *kernel, 2, 3)
    large = count(UpSampling2D(size), x.tolist()).output
    conv = Conv2D(3, kernel, use_bias=False)
    np.testing.assert_array_equal(
        upsample_then_convolve(x, weights, size),
        count(conv, large, weights=[weights.tolist()]).output,
    )


@pytest.mark.parametrize(
    ("kernel", "size"), [((4, 4), 2), ((3, 3), 2), ((5, 5), 2), ((3, 3), 3), ((2, 4), (3, 2))]
)
def test_both_forms_are_what_keras_computes(kernel, size):
    keras = pytest.importorskip(
        "keras", reason="Keras is in requirements-test.txt: make test installs it"
    )
    random = np.random.default_rng(1)
    x, weights = random.normal(size=(7, 5, 3)), random.normal(size=(*kernel, 3, 4))
    conv = keras.layers.Conv2D(4, kernel, padding="same", use_bias=False)
    model = keras.Sequential([keras.Input((7, 5, 3)), keras.layers.UpSampling2D(size), conv])
    conv.set_weights([weights])
    real = np.asarray(model(x[None].astype("float32")))[0]
    np.testing.assert_allclose(upsample_then_convolve(x, weights, size), real, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(convolve_by_phases(x, weights, size), real, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kernel", range(1, 7))
@pytest.mark.parametrize("size", range(1, 5))
def test_the_phase_kernels_hold_k_plus_s_minus_1_taps_per_axis_and_every_weight_once(kernel, size):
    weights = whole(np.random.default_rng(2), kernel, kernel, 1, 1)
    phases = phase_kernels(weights, size)
    assert sum(phase.kernel.size for phase in phases) == (kernel + size - 1) ** 2
    assert {phase.kernel.sum() for phase in phases} == {weights.sum()}


@pytest.mark.parametrize(
    ("kernel", "size", "less", "written"),
    [(3, 2, 16, 36), (4, 2, 25, 64), (5, 2, 36, 100), (3, 3, 25, 81)],
)
def test_multiplications_per_small_pixel(kernel, size, less, written):
    x = Tensor(8, 8, 2)
    per = x.size * 3
    assert PhaseConv2D(3, kernel, size).cost(x).macs == less * per
    assert Conv2D(3, kernel).cost(UpSampling2D(size).output(x)).macs == written * per


def test_with_letters_it_is_k_plus_s_minus_1_squared():
    x = Tensor(n, n, c)
    assert (PhaseConv2D(f, k, s).cost(x).macs / (n**2 * c * f)).factor() == (k + s - 1) ** 2


def test_the_askers_network_costs_8_28_gmacs_for_the_same_function():
    asked = pix2pix_unet(side=256, in_channels=3)
    phased = by_phases(asked)
    assert phased.total().macs == 8_278_507_520
    assert phased.total().params == asked.total().params == 41_843_331
    assert phased.output == asked.output
    assert (
        count(by_phases(pix2pix_unet(8, 1, base_filters=1, depth=3, doublings=1))).cost.macs < 10**6
    )
    assert "phase by phase" in phased.name


def test_a_small_network_computes_the_same_either_way():
    net = pix2pix_unet(side=(8, 4), in_channels=2, base_filters=2, depth=2)
    np.testing.assert_allclose(count(by_phases(net)).output, count(net).output, rtol=1e-12)
    assert count(by_phases(net)).cost == by_phases(net).total()


def test_a_depth_that_is_a_letter_works_as_well():
    net = pix2pix_unet(side=N, base_filters=g, depth=L)
    at = {"N": 256, "C": 3, "g": 64, "L": 7}
    assert by_phases(net).total().at(**at).macs == 8_278_507_520


def test_what_is_not_plain_stays_as_it_is():
    with pytest.raises(
        ValueError, match="classic U-Net has no nearest UpSampling2D in front of a plain Conv2D"
    ):
        by_phases(classic_unet(32))
    assert (
        by_phases(classic_unet(32, up="upsample")).total().macs
        < classic_unet(32, up="upsample").total().macs
    )


def upsampled(size: UpSampling2D, *readers: Layer) -> Network:
    """One map, upsampled, read by each of ``readers``."""
    net = Builder(Tensor(4, 4, 2))
    net.block("b", 0, "decoder")
    up = net.add("up", size)
    for i, reader in enumerate(readers):
        net.add(f"reader{i}", reader, up)
    return Network("test", net.shape, tuple(net.steps))


@pytest.mark.parametrize(
    ("up", "readers"),
    [
        (UpSampling2D(2, "bilinear"), [Conv2D(2, 3)]),
        (UpSampling2D(2), [Conv2D(2, 3, padding="valid")]),
        (UpSampling2D(2), [Conv2D(2, 3, strides=2)]),
        (UpSampling2D(2), [Conv2D(2, 3, dilation_rate=2)]),
        (UpSampling2D(2), [Conv2D(2, 3, groups=2)]),
        (UpSampling2D(2), [ReLU(), Conv2D(2, 3)]),
        (UpSampling2D(2), [Conv2D(2, 3), ReLU()]),
        (UpSampling2D(2), []),
    ],
    ids=[
        "bilinear",
        "valid",
        "strided",
        "dilated",
        "grouped",
        "read by another",
        "read by another too",
        "unread",
    ],
)
def test_a_pair_that_would_not_be_the_same_function_is_not_replaced(
    up: UpSampling2D, readers: list[Layer]
) -> None:
    with pytest.raises(
        ValueError, match="test has no nearest UpSampling2D in front of a plain Conv2D"
    ):
        by_phases(upsampled(up, *readers))


def test_two_convolutions_of_one_upsampled_map_are_both_replaced() -> None:
    net = by_phases(upsampled(UpSampling2D(2), Conv2D(2, 3), Conv2D(1, 4)))
    assert [type(step.layer).__name__ for step in net] == ["PhaseConv2D", "PhaseConv2D"]


def test_every_output_stays_an_output() -> None:
    built = pix2pix_unet(side=128, in_channels=3)
    outputs = ("u1.up", "u2.conv", "out.act")
    net = ModelNetwork(built.name, Shapes(built.inputs), built.steps, outputs=outputs)
    phased = by_phases(net)
    assert phased.outputs == net.outputs
    kinds = {step.name: type(step.layer).__name__ for step in phased}
    assert (kinds["u1.up"], kinds["u1.conv"]) == ("UpSampling2D", "Conv2D")
    assert "u2.up" not in kinds
    assert kinds["u2.conv"] == "PhaseConv2D"


def test_a_kernel_without_four_axes_is_refused():
    with pytest.raises(
        ValueError,
        match=r"kernel must have the axes \(rows, columns, channels, filters\), got \(3, 3\)",
    ):
        phase_kernels(np.ones((3, 3)))
