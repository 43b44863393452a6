"""Receptive fields: the formulas, and where PyTorch's gradient is not zero."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.cases import CASES, LAYERS
from tests.engineering.chains import in_turn
from tests.engineering.test_fits_torch import Running
from unet_complexity import Conv2D, MaxPooling2D, ReLU, Tensor, classic_unet, pix2pix_unet
from unet_complexity.counting import as_map, count
from unet_complexity.engineering import layers as wing
from unet_complexity.engineering.command import main
from unet_complexity.engineering.layers import ConcatenateRows
from unet_complexity.engineering.reach import CLASSIC, PIX2PIX, receptive_field, seen_by
from unet_complexity.layers import AveragePooling2D, BatchNormalization, Layer
from unet_complexity.symbols import L, N, k
from unet_complexity.unets.builder import Builder


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
def test_the_classic_formula(kernel):
    for depth in (4, 5):
        net = classic_unet(64, kernel_size=kernel, depth=depth)
        wanted = int(CLASSIC.subs({k: kernel, L: depth}))
        assert receptive_field(net) == (wanted, wanted)


@pytest.mark.parametrize("kernel", [3, 4, 5, 6])
def test_the_pix2pix_formula(kernel):
    for depth in (3, 5, 7):
        net = pix2pix_unet(128, 3, kernel_size=kernel, depth=depth)
        wanted = int(PIX2PIX.subs({k: kernel, L: depth}))
        assert receptive_field(net) == (wanted, wanted)


class Positive(Running):
    """Weights of 1 and no normalisation over the map, so that a gradient is 0 only where nothing is read.

    A maximum passes its gradient to one tap; the mean of the same window, to all.
    """

    def __init__(self, torch: ModuleType, net: Any) -> None:
        super().__init__(torch, net)
        for each in self.parameters:
            each.data.fill_(1)

    def step(self, step: Any, *maps: Any) -> Any:
        if isinstance(step.layer, BatchNormalization):
            return maps[0]
        if isinstance(step.layer, MaxPooling2D):
            return self.torch.nn.functional.avg_pool2d(maps[0], step.layer.pool_size)
        y = super().step(step, *maps)
        return y / y.detach().max()  # stays far from overflow

    def seen(self, position: int) -> tuple[int, int]:
        image = self.net.input
        x = self.torch.ones(1, image.channels, image.height, image.width, requires_grad=True)
        y = self.run(x)
        y[:, :, position, y.shape[3] // 2].sum().backward()
        rows = x.grad.abs().sum((0, 1, 3)).nonzero().flatten().tolist()
        return rows[0], rows[-1]


@pytest.mark.parametrize(
    "net",
    [
        classic_unet(64, base_filters=1, depth=1),
        classic_unet(64, base_filters=1, depth=2, kernel_size=5),
        classic_unet(64, base_filters=1, depth=2, up="upsample"),
        classic_unet(128, base_filters=1, depth=3),
        classic_unet(92, base_filters=1, depth=2, padding="valid"),
        pix2pix_unet(64, 1, base_filters=1, depth=2),
        pix2pix_unet(64, 1, base_filters=1, depth=3, kernel_size=3),
    ],
    ids=repr,
)
def test_a_pixel_depends_on_what_its_gradient_reaches(torch: ModuleType, net: Any) -> None:
    running = Positive(torch, net)
    name = net.outputs[0]
    for position in (0, 1, 16, 17, 22, 23, net.output.height - 1):
        ((first, last),) = seen_by(net, name, 0, [position])
        assert running.seen(position) == (max(first, 0), min(last, net.input.height - 1))


chain = partial(in_turn, Tensor(9, 12, 1))


def test_rows_and_columns_are_apart():
    net = chain(Conv2D(2, (3, 5), strides=(2, 1)), AveragePooling2D((2, 3)))
    assert receptive_field(net) == (3 + 2, 5 + 2)
    assert seen_by(net, net.outputs[0], 1, [1]) == [(3 - 2, 3 + 2 + 2)]


def test_what_has_no_receptive_field_is_a_sentence():
    with pytest.raises(ValueError, match="needs sizes in numbers, got classic U-Net, N x N"):
        receptive_field(classic_unet(N))
    said = r"step, got 'enc9'; the last steps are 'dec0\.conv2', 'dec0\.act2', 'head\.conv'$"
    for ask in (receptive_field, partial(seen_by, axis=0, positions=[0])):
        with pytest.raises(ValueError, match=f"^a receptive field is that of a {said}"):
            ask(classic_unet(64), "enc9")


def test_the_command_shows_each_step(capsys):
    assert main(["--classic", "64", "--reach"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert ["enc1.conv2", "14", "x", "14"] in [line.split() for line in lines]
    net = classic_unet(64)
    assert lines[-1] == f"MACs per pixel of the output: {net.total().macs // 64**2:,}"


def test_a_long_network_is_not_followed_for_minutes():
    net = chain(*[ReLU()] * 50_000)
    with pytest.raises(ValueError, match="500,000 maps x positions at most, got 50,000 x 12"):
        receptive_field(net)


def test_a_large_map_has_a_line_for_its_last_step(capsys):
    assert main(["--pix2pix", "1024", "--reach"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "out.act  766 x 766",
        "MACs per pixel of the output: 275,456",
    ]


def test_a_step_without_the_image_sees_nothing():
    net = chain(ReLU(), ReLU())
    last = replace(net.steps[1], sources=("constant",), inputs=net.steps[0].inputs)
    alone = replace(net, steps=(net.steps[0], last))
    assert seen_by(alone, last.name, 0, [0, 1]) == []


def test_maps_joined_along_the_rows_do_not_look_in_place():
    net = chain(ReLU())
    (act,) = net.steps
    twice = replace(act, layer=ConcatenateRows(), inputs=act.inputs * 2, sources=("input",) * 2)
    joined = replace(net, steps=(twice,))
    for axis in (0, 1):
        with pytest.raises(ValueError, match="mixes rows or columns, so how far it looks depends"):
            seen_by(joined, twice.name, axis, [0])


UNKNOWN = (  # they look at a whole axis, or in a way that depends on the place, and are refused
    wing.Copy,
    wing.GlobalAveragePooling2D,
    wing.GlobalMaxPooling2D,
    wing.GroupNormalization,
    wing.LayerNormalization,
    wing.RMSNormalization,
    wing.Reduce,
    wing.Reshape,
    wing.Resizing,
)


def rows_of(values: list[Any], axis: int) -> list[Any]:
    """A map's rows, or its columns."""
    return values if axis == 0 else [list(column) for column in zip(*values, strict=True)]


# not of a matrix product, which needs maps of two shapes, and so two images
@pytest.mark.parametrize("kind", [kind for kind in LAYERS if kind is not wing.MatMul])
@given(data=st.data())
@settings(max_examples=25)
def test_a_layer_reads_nothing_outside_of_where_it_looks(
    kind: type[Layer], data: st.DataObject
) -> None:
    layer, (x, *others) = data.draw(CASES[kind])
    net = Builder(x)
    net.block("only", 0, "encoder")
    net.add("0", layer, *[net.last] * (1 + len(others)))
    chain = net.network("chain", [])
    if kind in UNKNOWN or getattr(layer, "axis", 3) not in (3, (3,)):
        with pytest.raises(ValueError, match="how far"):
            receptive_field(chain)
        return
    values = as_map(x)

    def made(inputs: Any) -> Any:
        return rows_of(count(layer, *[inputs] * (1 + len(others))).output, axis)

    for axis, side in enumerate(x.sides):
        seen = seen_by(chain, "only.0", axis, range(chain.output.sides[axis]))
        before = made(values)
        for place in range(side):
            changed = rows_of(values, axis).copy()
            changed[place] = [[value + 50 for value in pixel] for pixel in changed[place]]
            after = made(rows_of(changed, axis))
            for (first, last), old, new in zip(seen, before, after, strict=True):
                assert old == new or first <= place <= last
