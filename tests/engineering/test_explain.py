"""A published number is recognised by how it was counted."""

from dataclasses import fields, replace

import pytest

from unet_complexity import (
    Conv2D,
    Conv2DTranspose,
    MaxPooling2D,
    ReLU,
    Tensor,
    classic_unet,
    pix2pix_unet,
)
from unet_complexity.engineering.conventions import conventions
from unet_complexity.engineering.explain import Reading, explain
from unet_complexity.engineering.fits import rounded
from unet_complexity.engineering.readers.networks import ModelStep
from unet_complexity.layers import BatchNormalization, Concatenate
from unet_complexity.unets.builder import Builder


def fsrcnn():
    """FSRCNN x2 (Dong et al. 2016, ECCV), from 360p to 720p."""
    net = Builder(Tensor(360, 640, 1))
    net.block("only", 0, "encoder")
    shapes = [(56, 5), (12, 1), *[(12, 3)] * 4, (56, 1)]
    for place, (filters, kernel) in enumerate(shapes):
        net.add(str(place), Conv2D(filters, kernel, padding="same"))
    net.add("up", Conv2DTranspose(1, 9, strides=2, padding="same"))
    return net.network("FSRCNN x2", [])


def test_fsrcnn_is_counted_on_the_output_in_its_papers_tables():
    net = fsrcnn()
    # by hand: taps x channels x filters of each convolution, at each of 640 x 360 positions
    before = 25 * 56 + 56 * 12 + 4 * 9 * 12 * 12 + 12 * 56
    assert net.total().macs == 360 * 640 * (before + 81 * 56) == 2_871_705_600
    on_output = 360 * 640 * (before + 4 * 81 * 56)
    first = explain(net, "6.0G")[0]
    assert first == Reading(on_output, "MACs with transposed convolutions counted on their outputs")
    assert on_output == 6_006_988_800
    assert explain(net, 6.0e9) == explain(net, "6.0G")
    assert explain(net, 2_871_705_600)[0] == Reading(2_871_705_600, "MACs")


def siamese():
    """FC-Siam-conc (Daudt, Le Saux and Boulch 2018, ICIP): two images through one encoder, at 256 x 256."""
    net = Builder(Tensor(256, 256, 3))
    widths = [(16, 16), (32, 32), (64,) * 3, (128,) * 3]
    skips = {}
    for image in (1, 2):
        net.last = "input"
        for level, filters in enumerate(widths):
            net.block(f"enc{image}.{level}", level, "encoder")
            convolutions(net, Conv2D, filters)
            skips[image, level] = net.last
            net.add("pool", MaxPooling2D(2))
    for level in (3, 2, 1, 0):
        net.block(f"dec{level}", level, "decoder")
        # as padding=1 and output_padding=1 in PyTorch: twice the side
        double = Conv2DTranspose(widths[level][0], 3, strides=2, padding="same")
        up = net.add("up", double)
        net.add("skip", Concatenate(), up, skips[1, level], skips[2, level])
        shallower = widths[level - 1][:1] if level else ()
        convolutions(net, Conv2DTranspose, (*widths[level][1:], *shallower))
    net.add("head", Conv2DTranspose(2, 3, padding="same"))
    for place, step in enumerate(net.steps):
        if step.block.startswith("enc2"):  # it shares the weights of the first encoder
            net.steps[place] = ModelStep(
                *(vars(step)[field.name] for field in fields(step)), params=0
            )
    return net.network("FC-Siam-conc", [])


def convolutions(net, kind, filters):
    for place, width in enumerate(filters):
        net.add(f"conv{place}", kind(width, 3, padding="same"))
        net.add(f"bn{place}", BatchNormalization())
        net.add(f"act{place}", ReLU())


def test_the_siamese_network_is_counted_by_thop_in_its_papers_tables():
    """Tables of change detection print 1.55 M parameters and 5.33 G."""
    net = siamese()
    total = net.total()
    # by hand: 9 taps, and (channels in) x (filters) of each convolution at the pixels of its level
    encoder = 3 * 16 + 16 * 16 + (16 * 32 + 32 * 32) / 4
    encoder += (32 * 64 + 2 * 64 * 64) / 16 + (64 * 128 + 2 * 128 * 128) / 64
    doubling = sum(width**2 / 4 ** (level + 1) for level, width in enumerate((16, 32, 64, 128)))
    joined = 3 * 16 * 16 + 3 * 32 * 32 / 4 + 3 * 64 * 64 / 16 + 3 * 128 * 128 / 64
    after = 16 * 2 + 32 * 16 / 4 + (64**2 + 64 * 32) / 16 + (128**2 + 128 * 64) / 64
    by_hand = 9 * 256**2 * (2 * encoder + doubling + joined + after)
    assert total.macs == by_hand == 4_831_838_208
    assert round(total.trainable_params / 1e6, 2) == 1.55
    # thop: transposed convolutions on their outputs, and 4 per element that is normalised
    normalised = sum(step.output.size for step in net if isinstance(step.layer, BatchNormalization))
    on_output = by_hand + 9 * 256**2 * 3 * doubling
    found = Reading(5_330_698_240, "MACs that thop prints as MAC")
    assert on_output + 4 * normalised == found.total
    assert explain(net, "5.33G") == [found]


def test_a_tool_is_named():
    found = explain(pix2pix_unet(256, 3), "18074284032")
    assert Reading(18_074_284_032, "MACs that fvcore prints as flop") in found
    assert all(reading.total == 18_074_284_032 for reading in found)


def test_the_side_is_solved_and_round_sides_come_first():
    found = explain(pix2pix_unet(in_channels=3), "72.2G")
    assert found[0] == Reading(72_209_137_664, "MACs", "N", 512)
    for reading in found:
        assert reading.value % 128 == 0
    assert str(found[0]) == "The MACs at N = 512: 72,209,137,664."


def test_a_number_that_fits_nothing_has_no_reading():
    assert explain(classic_unet(256), "1.23G") == []


@pytest.mark.parametrize(
    ("text", "half"),
    [
        ("6.0G", 5 * 10**7),
        ("5.33G", 5 * 10**6),
        ("2e9", 5 * 10**8),
        ("17", 0.5),
        ("6e+09", 5 * 10**8),
        (6e9, 5 * 10**7),
        (5.33e9, 5 * 10**6),
        (2_871_705_600, 50),
    ],
)
def test_digits_say_how_a_number_was_rounded(text, half):
    assert rounded(text)[1] == half


@pytest.mark.parametrize(
    "text",
    [
        "",
        "six",
        "1e999999999",
        "9" * 5000,
        "1_000",
        "\u0661\u0662",
        "-5",
        "nan",
        float("nan"),
        -5.0,
    ],
)
def test_what_is_no_amount_is_refused_before_it_is_computed(text):
    with pytest.raises(ValueError, match=r"^an amount is 2e9, 6\.0G, 11GB or 8GiB, got '"):
        explain(classic_unet(256), text)


def test_what_is_no_number_and_two_letters_are_sentences():
    with pytest.raises(ValueError, match=r"an amount is .*got 'six'"):
        explain(classic_unet(256), "six")
    with pytest.raises(ValueError, match=r"one letter, got the letters \[C, N\]"):
        explain(pix2pix_unet(), "6.0G")


def test_a_network_of_very_many_steps_is_not_counted_by_every_tool():
    step = classic_unet(16, depth=1).steps[0]
    steps = tuple(replace(step, name=str(place)) for place in range(5_001))
    long = replace(classic_unet(16, depth=1), steps=steps)
    with pytest.raises(ValueError, match=r"of at most 5,000 steps, got 5,001$"):
        explain(long, "1G")


def test_what_32_bits_cannot_hold_fits_no_number():
    large = classic_unet(2**40, base_filters=2**30)
    assert explain(large, "1") == []
    with pytest.raises(ValueError, match=r"adds up in 32-bit numbers, which end at 3.4e38; give"):
        conventions["jax Lowered.cost_analysis"].total(large)
