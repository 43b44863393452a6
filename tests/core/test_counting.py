"""Formula = executed loop: every layer and whole networks, counted by running them."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import isabstract

import pytest
from hypothesis import given, settings

from tests.core.cases import CASES, LAYERS, Case, examples, without
from unet_complexity import Cost, Network, Tensor, classic_unet, pix2pix_unet
from unet_complexity import layers as core
from unet_complexity.counting import TWINS, Tally, count, filled, sides_of
from unet_complexity.engineering import layers as wing
from unet_complexity.layers import Layer


def shape_of(values: list) -> Tensor:
    return Tensor(*sides_of(values))


@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_formula_is_what_the_loop_counts(kind: type[Layer]) -> None:
    @settings(max_examples=examples(kind, 150))
    @given(CASES[kind])
    def check(case: Case) -> None:
        layer, inputs = case
        counted = count(layer, *inputs)
        assert layer.output(*inputs) == shape_of(counted.output)
        assert layer.cost(*inputs) == counted.cost

    check()


def test_every_layer_has_a_loop_and_random_cases() -> None:
    assert without(LAYERS, TWINS) == []
    assert without(LAYERS, CASES) == []


def test_a_layer_without_a_loop_would_be_noticed() -> None:
    @dataclass(frozen=True)
    class Newcomer(Layer):
        def output(self, x: Tensor) -> Tensor:
            return x

    assert without((*LAYERS, Newcomer), TWINS) == ["Newcomer"]
    assert without((*LAYERS, Newcomer), CASES) == ["Newcomer"]
    with pytest.raises(
        TypeError, match=r"no counting loop for Newcomer; there are loops for .*UpSampling2D"
    ):
        count(Newcomer(), Tensor(1, 1, 1))


def test_every_layer_class_of_the_package_is_listed() -> None:
    def all_below(kind: type) -> set[type]:
        return {kind}.union(*map(all_below, kind.__subclasses__()))

    for package in (core, wing):
        ours = {
            kind
            for kind in all_below(Layer)
            if kind.__module__.startswith(f"{package.__name__}.") and not isabstract(kind)
        }
        assert {kind for kind in ours if kind.__name__[0] != "_"} == set(package.LAYERS)


SMALL_NETWORKS = {
    "depth 1": pix2pix_unet(side=2, in_channels=1, base_filters=2, depth=1),
    "depth 2": pix2pix_unet(
        side=(4, 12), in_channels=2, out_channels=1, base_filters=1, kernel_size=3, depth=2
    ),
    "capped at once": pix2pix_unet(
        side=8, in_channels=1, base_filters=2, kernel_size=2, depth=3, doublings=0
    ),
    "capped": pix2pix_unet(side=8, in_channels=1, base_filters=1, depth=3, doublings=1),
    "just capped": pix2pix_unet(side=16, in_channels=1, base_filters=1, depth=4, doublings=3),
    "never capped": pix2pix_unet(
        side=8, in_channels=1, base_filters=1, kernel_size=5, depth=3, doublings=None
    ),
    "transposed": classic_unet(side=(8, 4), in_channels=2, classes=3, base_filters=2, depth=2),
    "one level": classic_unet(side=2, base_filters=1, depth=1, kernel_size=1),
    "upsampled": classic_unet(side=(4, 8), base_filters=1, depth=2, up="upsample"),
    "cropped": classic_unet(side=20, base_filters=1, depth=1, padding="valid", classes=1),
    "cropped twice": classic_unet(side=(44, 48), base_filters=1, depth=2, padding="valid"),
    "cropped, upsampled, 2 x 2": classic_unet(
        side=(22, 26), base_filters=1, depth=2, padding="valid", up="upsample", kernel_size=2
    ),
}


@pytest.mark.parametrize("net", SMALL_NETWORKS.values(), ids=SMALL_NETWORKS)
def test_a_whole_network_costs_what_its_loops_count(net: Network) -> None:
    counted = count(net)
    assert net.output == shape_of(counted.output)
    assert net.total() == counted.cost


def test_the_loops_really_count() -> None:
    tally = Tally(None)
    assert tally.mac(1.0, 2.0, 3.0) == 7.0
    assert tally.mac(1.0, 0.0, 3.0, inside=False) == 1.0
    assert tally.op(5.0) == 5.0
    tally.tick_each("writes", [[[5.0]]])
    tally.tick_each("reads", filled(2, 3, 4))
    tally.weight(2, 2)
    tally.weight(5, trainable=False)
    assert Cost(**tally.counts) == Cost(
        params=9,
        trainable_params=4,
        macs=2,
        macs_in_bounds=1,
        elementwise=1,
        reads=24 + 9,
        writes=1,
    )


def test_fillers_are_small_differ_and_repeat() -> None:
    assert filled(3, 4, 5) == filled(3, 4, 5)
    values = {value for row in filled(3, 4, 5) for pixel in row for value in pixel}
    assert len(values) > 4
    assert max(map(abs, values)) <= 5
