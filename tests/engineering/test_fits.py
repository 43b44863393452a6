"""Bytes by cause: added up by hand for a small network; and what is found to fit is the last that does."""

from dataclasses import replace
from functools import partial

import pytest

from tests.engineering.chains import in_turn
from unet_complexity import Conv2D, ReLU, Tensor, classic_unet, pix2pix_unet
from unet_complexity.cost import Rule
from unet_complexity.engineering.fits import Footprint, _peak, amount, fits, footprint
from unet_complexity.engineering.reach import receptive_field
from unet_complexity.engineering.readers.reading import Reading
from unet_complexity.layers import Dropout
from unet_complexity.memory import peak
from unet_complexity.symbols import C, L, N, b, g

chain = partial(in_turn, Tensor(4, 4, 1))


# params 1*2*9 + 2 = 20 and 2*2*9 + 2 = 38; maps of 16 (image) and 32 numbers
SMALL = chain(Conv2D(2, 3), ReLU(), Conv2D(2, 3))


def test_the_small_network_by_hand():
    # a ReLU reads one map of 32 and writes another
    assert footprint(SMALL, dtype="int8") == Footprint("only.1", "forward", 58, 0, 0, 0, 64)
    # backward through the last convolution: the image and ReLU's output are saved; the output stays; two gradients
    wanted = Footprint("only.2", "backward", 58, 58, 116, 16 + 32, 32 + 32 + 32)
    assert footprint(SMALL, training=True, dtype="int8") == wanted
    assert wanted.peak == 376


@pytest.mark.parametrize(("optimizer", "numbers"), [("sgd", 0), ("momentum", 58), ("adam", 116)])
def test_type_batch_and_optimizer_scale_what_they_should(optimizer, numbers):
    found = footprint(SMALL, True, batch=3, dtype="float16", optimizer=optimizer)
    assert found == Footprint("only.2", "backward", 116, 116, 2 * numbers, 2 * 3 * 48, 2 * 3 * 96)


@pytest.mark.parametrize(
    "net",
    [
        SMALL,
        chain(Conv2D(2, 3), Dropout(), ReLU(), Dropout()),
        classic_unet(64),
        classic_unet(92, padding="valid", depth=2),
        pix2pix_unet(256, 3),
    ],
    ids=lambda net: net.name,
)
def test_the_forward_peak_is_that_of_the_maps_one_by_one(net):
    step, phase, waiting, others = _peak(net, training=False)
    assert (step, phase, waiting) == (peak(net).step.name, "forward", 0)
    assert others == peak(net).elements
    _, _, waiting, others = _peak(net, training=True)
    assert waiting + others >= peak(net, training=True).elements


@pytest.mark.parametrize(
    ("net", "letter", "value", "next_one"),
    [
        (pix2pix_unet(in_channels=3), "N", 2304, 2432),
        (classic_unet(padding="valid"), "N", 1836, 1852),
        (pix2pix_unet(256, 3, base_filters=g), "g", 253, 254),
    ],
)
def test_the_next_size_does_not_fit(net, letter, value, next_one):
    found = fits(net, "11GB", training=True)
    assert found[:2] == (letter, value)
    assert found.memory == footprint(net.at(**{letter: value}), training=True)
    assert found.memory.peak <= 11 * 10**9
    assert footprint(net.at(**{letter: next_one}), training=True).peak > 11 * 10**9


def test_the_batch_and_the_depth():
    asked = pix2pix_unet(256, 3)
    assert fits(asked, "11GB", training=True)[:2] == ("batch", 86)
    assert footprint(asked, True, batch=87).peak > 11 * 10**9
    assert fits(classic_unet(256, depth=L), "11GB", training=True)[:2] == ("L", 6)
    assert fits(classic_unet(64, depth=L), "1TB")[:2] == ("L", 6)  # 2^6 divides 64, 2^7 does not


@pytest.mark.parametrize(
    ("net", "memory", "said"),
    [
        (pix2pix_unet(), "11GB", r"the letters \[C, N\]; give the others numbers"),
        (
            pix2pix_unet(in_channels=3),
            "1kB",
            "needs at least 177,859,084 bytes, at N = 128, got 1,000",
        ),
        (classic_unet(), "much", "an amount is 2e9, 6.0G, 11GB or 8GiB, got 'much'"),
        (classic_unet(), 0, "memory must be at least 1, got 0; try 1"),
    ],
)
def test_what_cannot_be_answered_is_a_sentence(net, memory, said):
    with pytest.raises(ValueError, match=said):
        fits(net, memory)


def test_a_network_of_views_alone_has_letters_too():
    reading = Reading("views")
    reading.input("x", Tensor(N, N, 3))
    reading.view("x", Tensor(1, N**2, 3), "flat")
    views = reading.network(["flat"])
    with pytest.raises(
        ValueError, match="memory in bytes needs sizes in numbers, got views, N x N"
    ):
        footprint(views)
    with pytest.raises(
        ValueError, match="a receptive field needs sizes in numbers, got views, N x N"
    ):
        receptive_field(views)


def test_letters_parts_and_unknown_names_have_no_bytes():
    with pytest.raises(ValueError, match=r"memory in bytes needs sizes in numbers.*N x N x C in"):
        footprint(pix2pix_unet(N, C))
    with pytest.raises(ValueError, match="memory in bytes needs a batch in numbers, got b; try 1"):
        footprint(SMALL, batch=b)
    with pytest.raises(ValueError, match=r"optimizer must be .*'sgd'.*got 'lamb'"):
        footprint(SMALL, optimizer="lamb")
    with pytest.raises(ValueError, match="memory needs the whole network"):
        footprint(classic_unet(64).only(ReLU))


@pytest.mark.parametrize(
    ("text", "number"), [("6.0G", 6 * 10**9), ("2e9", 2 * 10**9), ("8GiB", 2**33), ("1.5kB", 1500)]
)
def test_amounts(text, number):
    assert amount(text) == number


def test_a_rule_that_no_tried_size_obeys_is_a_sentence():
    far = replace(classic_unet(N), rules=(Rule("N >= 9000", N - 8999),))
    with pytest.raises(ValueError, match=r"^no N up to 8,191 obeys the rules: N >= 9000$"):
        fits(far, "8GB")
