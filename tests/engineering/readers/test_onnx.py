"""Whole networks read from ONNX: by formula, by number, and by an engine that runs them."""

from __future__ import annotations

import pytest

from tests.twins.onnx_models import MODELS, SIDE, SIDES, classic, pix2pix
from tests.twins.onnx_witness import macs, shapes, stored_floats
from unet_complexity import classic_unet, pix2pix_unet
from unet_complexity.engineering import from_onnx
from unet_complexity.symbols import H, N, W

each_model = pytest.mark.parametrize("name", MODELS)


def side_of(name: str) -> int:
    return SIDES.get(name, SIDE)


@each_model
def test_an_engine_finds_the_same_shapes_macs_and_params(name):
    model = MODELS[name](side_of(name))
    network, found = from_onnx(model), shapes(model)
    total = network.total()
    assert total.macs == macs(model, found)
    assert total.params == stored_floats(model)
    written = {node.name.strip("/"): found[node.output[0]] for node in model.graph.node}
    wrong = {
        step.name: (str(step.output), written[step.name])
        for step in network
        if ":" not in step.name
        and not step.name.endswith("/view")
        and step.output.size != size_of(written[step.name])
    }
    assert wrong == {}
    assert len([step for step in network if step.name in written]) > 0.4 * len(network.steps)


def size_of(shape):
    size = 1
    for side in shape:
        size *= side
    return size


@each_model
def test_letters_and_numbers_come_to_the_same(name):
    side = side_of(name)
    fixed, free = MODELS[name](side), MODELS[name](None)
    formula = from_onnx(free).total()
    assert formula.macs.free_symbols == {N}
    assert from_onnx(fixed, side=N).total() == formula
    for asked in (side, 2 * side):
        numbers = from_onnx(free, side=asked).total()
        assert numbers == formula.at(N=asked) == from_onnx(free).at(N=asked).total()
        assert from_onnx(fixed, side=asked).total() == numbers


def test_it_is_the_network_of_the_question():
    read, built = (
        from_onnx(pix2pix(None)).total(),
        pix2pix_unet(in_channels=3, base_filters=8).total(),
    )
    assert read == built
    assert read.macs == 5060 * N**2


def test_it_is_the_classic_network():
    read, built = from_onnx(classic(None)).total(), classic_unet(base_filters=4, depth=3).total()
    assert read.macs == built.macs
    assert read.params == built.params


def test_rows_and_columns_may_be_letters_of_their_own():
    net = from_onnx(pix2pix(None), side=(H, W))
    assert str(net.input) == "H x W x 3"
    assert net.total().macs == 5060 * H * W
    assert net.at(H=128, W=256).total() == from_onnx(pix2pix(None), side=(128, 256)).total()


def test_levels_parts_and_blocks():
    net = from_onnx(pix2pix(128))
    assert list(net.groups("block")) == [
        *(f"d{i}" for i in range(1, 8)),
        *(f"u{i}" for i in range(1, 7)),
        "out",
    ]
    assert list(net.groups("level")) == list(range(8))
    assert list(net.groups("part")) == ["encoder", "bottleneck", "decoder"]
    assert net.table().rows[0][:3] == ("d1", "64 x 64 x 8", 392)
