"""Numbers derived by hand and confirmed by real frameworks, in tables; here they only have to come out again."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import sympy as sp

from unet_complexity import (
    Activation,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    LeakyReLU,
    MaxPooling2D,
    Network,
    ReLU,
    Tensor,
    UpSampling2D,
    classic_unet,
    pix2pix_unet,
    theta,
)
from unet_complexity.closed_form import powers_of_two
from unet_complexity.layers import AveragePooling2D, Layer
from unet_complexity.layers.windows import Window
from unet_complexity.symbols import C, C_in, C_out, H, L, N, W, c, f, g, k, n, q

ASKED = pix2pix_unet(side=256, in_channels=3)
CLASSIC = classic_unet(side=256)

# block: side and channels of its output, dense MACs, in-bounds MACs, elements that its UpSampling2D writes
ASKED_BY_BLOCK = {
    "d1": (128, 64, 50_331_648, 49_939_200, 0),
    "d2": (64, 128, 536_870_912, 528_515_072, 0),
    "d3": (32, 256, 536_870_912, 520_224_768, 0),
    "d4": (16, 512, 536_870_912, 503_840_768, 0),
    "d5": (8, 512, 268_435_456, 235_929_600, 0),
    "d6": (4, 512, 67_108_864, 51_380_224, 0),
    "d7": (2, 512, 16_777_216, 9_437_184, 0),
    "u1": (4, 512, 67_108_864, 37_748_736, 8_192),
    "u2": (8, 512, 536_870_912, 411_041_792, 65_536),
    "u3": (16, 512, 2_147_483_648, 1_887_436_800, 262_144),
    "u4": (32, 256, 4_294_967_296, 4_030_726_144, 1_048_576),
    "u5": (64, 128, 4_294_967_296, 4_161_798_144, 2_097_152),
    "u6": (128, 64, 4_294_967_296, 4_228_120_576, 4_194_304),
    "out": (256, 3, 402_653_184, 399_513_600, 8_388_608),
}


@pytest.mark.parametrize(("block", "row"), ASKED_BY_BLOCK.items(), ids=ASKED_BY_BLOCK)
def test_asked_network_block_by_block(block: str, row: tuple[int, ...]) -> None:
    part = ASKED.groups("block")[block]
    side, channels, macs, in_bounds, upsampled = row
    total, (conv,) = part.total(), part.only(Conv2D).steps
    assert conv.output == Tensor(side, side, channels)
    assert (total.macs, total.macs_in_bounds) == (macs, in_bounds)
    ups = [step.cost.writes for step in part if isinstance(step.layer, UpSampling2D)]
    assert sum(ups) == upsampled
    assert len(ups) == int(not block.startswith("d"))


def test_asked_network_has_these_blocks_and_no_other() -> None:
    assert list(ASKED.groups("block")) == list(ASKED_BY_BLOCK)
    assert ASKED.output == Tensor(256, 256, 3)


ASKED_TOTALS = {
    "params": 41_843_331,
    "trainable_params": 41_834_499,
    "macs": 18_052_284_416,
    "macs_in_bounds": 17_055_652_608,
}


@pytest.mark.parametrize(("count", "value"), ASKED_TOTALS.items(), ids=ASKED_TOTALS)
def test_asked_network_in_total(count: str, value: int) -> None:
    assert getattr(ASKED.total(), count) == value
    assert getattr(pix2pix_unet(base_filters=g).total().at(N=256, C=3, g=64), count) == value
    assert (
        getattr(
            pix2pix_unet(N, C, None, g, k, L, q).total().at(N=256, C=3, g=64, k=4, L=7, q=3), count
        )
        == value
    )


def test_asked_network_in_flops() -> None:
    total = ASKED.total()
    assert 2 * total.macs == 36_104_568_832
    assert total.flops == 36_104_568_832 + total.elementwise
    # bias adds, BN 2, LeakyReLU 2, ReLU 1, tanh 1 on these many elements
    assert total.elementwise == 4_212_736 + 2 * 2_967_552 + 2 * 2_009_088 + 2_007_040 + 196_608


@pytest.mark.parametrize(
    ("layer", "elements"),
    [
        (UpSampling2D, 16_064_512),
        (BatchNormalization, 2_967_552),
        (LeakyReLU, 2_009_088),
        (ReLU, 2_007_040),
        (Activation, 196_608),
        (Concatenate, 4_014_080),
        (Conv2D, 4_212_736),  # a bias is added to each
    ],
)
def test_elements_that_the_asked_network_writes_by_layer(layer: type[Layer], elements: int) -> None:
    assert ASKED.only(layer).total().writes == elements


@pytest.mark.parametrize(
    ("layer", "elements"),
    [(Conv2D, 4_212_736), (BatchNormalization, 2 * 2_967_552), (UpSampling2D, 0), (Concatenate, 0)],
)
def test_operations_that_are_no_macs_by_layer(layer: type[Layer], elements: int) -> None:
    assert ASKED.only(layer).total().elementwise == elements


def percent(part: Any, whole: Any, digits: int = 2) -> float:
    return round(100 * part / whole, digits)


def test_traffic_of_the_asked_network_and_its_shares() -> None:
    whole = ASKED.total().bytes("float32")
    assert whole == 427_174_412
    assert percent(ASKED.only(Conv2D).total().bytes(), whole, 1) == 60.2
    assert percent(ASKED.only(UpSampling2D).total().bytes(), whole, 1) == 18.8
    assert percent(ASKED.only(Concatenate).total().bytes(), whole, 1) == 7.5
    assert 2 * ASKED.total().bytes("float16") == whole


def test_the_work_of_the_asked_network_is_behind_the_upsampling() -> None:
    total = ASKED.total()
    assert percent(ASKED.groups("part")["decoder"].total().macs, total.macs) == 88.85
    assert percent(ASKED.only(UpSampling2D).total().writes, total.macs, 3) == 0.089
    out = ASKED.groups("block")["out"].total()
    assert percent(out.macs, total.macs, 1) == 2.2


def same(one: Any, other: Any) -> bool:
    """Equal as functions of their letters: one base for powers, everything multiplied out."""
    return powers_of_two(one - other) == 0


MANY = N**2 * (
    C_in * g * k**2 / 4
    + 2 * C_out * g * k**2
    + 9 * q * g**2 * k**2 / 8
    + 3 * g**2 * k**2 / 4
    - 7 * 4**q * g**2 * k**2 / 4**L
)


@pytest.mark.parametrize(
    ("found", "formula"),
    [
        (pix2pix_unet(base_filters=g).total().macs, g * N**2 * (576 * C + 1049 * g) / 16),
        (pix2pix_unet(base_filters=g).only(UpSampling2D).total().writes, 1961 * g * N**2 / 512),
        (pix2pix_unet(N, C_in, C_out, g, k, L, q).total().macs, MANY),
        (pix2pix_unet(N, C_in, C_out, g, k, L, 3).total().macs, MANY.subs(q, 3)),
        (pix2pix_unet(N, C_in, C_out, g, k).total().macs, MANY.subs({q: 3, L: 7})),
    ],
    ids=["depth 7", "copied", "all letters", "q = 3", "L = 7, q = 3"],
)
def test_asked_network_in_closed_form(found: sp.Expr, formula: sp.Expr) -> None:
    assert same(found, formula)


CONVOLUTIONS = (Conv2D, Conv2DTranspose)


def test_classic_macs_are_linear_in_depth() -> None:
    formula = H * W * (C**2 * (k**2 * (1 + sp.Rational(9, 2) * L) + 2 * L) + C * (k**2 * c + f))
    assert same(classic_unet((H, W), c, f, C, k, L).total().macs, formula)
    assert formula.subs({H: 256, W: 256, c: 1, f: 2, C: 64, k: 3, L: 4}) == 48_096_083_968


def test_classic_weights_grow_four_times_per_level() -> None:
    net = classic_unet((H, W), c, f, C, k, L)
    weights = C / 3 * ((9 * 4**L - 6) * k**2 * C + 8 * (4**L - 1) * C + 3 * (k**2 * c + f))
    # two biases per block, one per up-convolution: 2 C (1 + ... + 2^L) + (2 + 1) C (1 + ... + 2^(L-1)) + classes
    biases = 2 * C * (2 ** (L + 1) - 1) + 3 * C * (2**L - 1) + f
    assert same(net.total().params, weights + biases)
    assert (weights + biases).subs({c: 1, f: 2, C: 64, k: 3, L: 4}) == 31_030_658


def test_classic_activations_saturate() -> None:
    formula = H * W * (C * (10 - 8 * 2**-L) + f)
    assert same(classic_unet((H, W), c, f, C, k, L).only(*CONVOLUTIONS).total().writes, formula)
    assert formula.subs({H: 256, W: 256, f: 2, C: 64, L: 4}) == 39_976_960


def test_classic_at_its_usual_size() -> None:
    total = CLASSIC.total()
    assert (total.macs, total.params, total.trainable_params) == (
        48_096_083_968,
        31_030_658,
        31_030_658,
    )
    assert CLASSIC.only(*CONVOLUTIONS).total().writes == 39_976_960


@pytest.mark.parametrize(
    ("count", "shares", "head"),
    [
        ("params", [0.6, 2.6, 10.2, 41.0, 45.6], 0.0),
        ("macs", [21.3, 23.7, 23.7, 23.7, 7.5], 0.0),
        ("writes", [52.5, 26.2, 13.1, 6.6, 1.3], 0.3),
    ],
)
def test_classic_level_by_level(count: str, shares: list[float], head: float) -> None:
    def of(net: Network) -> int:
        return getattr(net.total(), count)

    convolutions = CLASSIC.only(*CONVOLUTIONS)
    levels = convolutions.where(lambda step: step.part != "head").groups("level")
    assert list(levels) == [0, 1, 2, 3, 4]
    assert [percent(of(part), of(convolutions), 1) for part in levels.values()] == shares
    assert percent(of(convolutions.groups("part")["head"]), of(convolutions), 1) == head


def test_upsampling_makes_the_up_convolutions_cost_exactly_four_times_as_much() -> None:
    upsampled = classic_unet(side=256, up="upsample")
    assert upsampled.total().params == CLASSIC.total().params == 31_030_658
    assert round(upsampled.total().macs / 1e9, 2) == 54.54

    def step_alone(net: Network) -> int:
        return sum(step.cost.macs for step in net if step.name.endswith(".upconv"))

    assert Fraction(step_alone(upsampled), step_alone(CLASSIC)) == 4


def test_the_paper_of_the_classic_network_goes_from_572_to_388() -> None:
    net = classic_unet(side=572, padding="valid")
    sides = [step.output.height for step in net if step.name.endswith(("conv2", "upconv"))]
    assert sides == [568, 280, 136, 64, 28, 56, 52, 104, 100, 200, 196, 392, 388]
    crops = [step.output.height for step in net if step.name.endswith("crop")]
    assert crops == [56, 104, 200, 392]
    assert net.output == Tensor(388, 388, 2)


@pytest.mark.parametrize(
    ("kernel", "stride", "formula"),
    [(4, 2, 2 * n - 2), (4, 1, 4 * n - 4), (3, 1, 3 * n - 2), (1, 1, n), (2, 2, n)],
)
def test_taps_on_real_data_along_one_axis(kernel: int, stride: int, formula: sp.Expr) -> None:
    assert sp.expand(Window(n, kernel, stride, "same").taps.total - formula) == 0
    for side in range(4, 40, 2):
        assert Window(side, kernel, stride, "same").taps.total == formula.subs(n, side)


@pytest.mark.parametrize(
    ("layer", "elementwise"),
    [
        (Conv2D(5, 3), 5 * 36),
        (Conv2D(5, 3, use_bias=False), 0),
        (UpSampling2D(2), 0),
        (UpSampling2D(2, "bilinear"), 7 * 4 * 36 * 2),
        (MaxPooling2D(2), 3 * 9 * 2),
        (AveragePooling2D(2), 4 * 9 * 2),
        (BatchNormalization(), 2 * 72),
        (ReLU(), 72),
        (LeakyReLU(), 2 * 72),
        (Activation("tanh"), 72),
        (Activation("softmax"), (5 * 2 - 2) * 36),
        (Activation("linear"), 0),
    ],
    ids=str,
)
def test_what_the_cost_record_says_about_operations_is_what_is_counted(
    layer: Layer, elementwise: int
) -> None:
    assert layer.cost(Tensor(6, 6, 2)).elementwise == elementwise


def test_four_ways_to_double_a_map_cost_what_the_theory_says() -> None:
    """Per (n^2 c f): as written s^2 k^2, transposed k^2, to channels s^2 k^2."""
    x, kernel, factor = Tensor(n, n, c), 5, 3
    up = UpSampling2D(factor)
    unit = n**2 * c * f
    assert Conv2D(f, kernel).cost(up.output(x)).macs / unit == factor**2 * kernel**2
    assert Conv2DTranspose(f, kernel, strides=factor).cost(x).macs / unit == kernel**2
    assert Conv2D(factor**2 * f, kernel).cost(x).macs / unit == factor**2 * kernel**2


def test_theta_of_the_asked_network() -> None:
    capped = theta(pix2pix_unet(N, C, C, g, k, L, 3).total().macs)
    assert capped.expr == N**2 * g * k**2 * (C + g)  # depth is in a vanishing term only
    assert (
        theta(pix2pix_unet(N, C, C, g, k, L, None).total().macs, fixed=[C]).expr
        == L * N**2 * g**2 * k**2
    )
    assert (
        theta(pix2pix_unet(N, C, C, g, k, L, None).total().params, fixed=[C]).expr
        == 2 ** (2 * L) * g**2 * k**2
    )
    assert theta(pix2pix_unet(base_filters=g).only(UpSampling2D).total().writes).expr == g * N**2


def test_theta_of_the_classic_network() -> None:
    net = classic_unet(N, 1, 2, C, k, L)
    assert theta(net.total().macs).expr == C**2 * N**2 * L * k**2
    assert theta(net.total().params).expr == 2 ** (2 * L) * C**2 * k**2
    assert theta(net.only(*CONVOLUTIONS).total().writes).expr == C * N**2
