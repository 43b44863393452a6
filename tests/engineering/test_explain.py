"""A published number is recognised by how it was counted."""

from dataclasses import replace

import pytest

from unet_complexity import Conv2D, Conv2DTranspose, Tensor, classic_unet, pix2pix_unet
from unet_complexity.engineering.conventions import conventions
from unet_complexity.engineering.explain import Reading, _rounded, explain
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
    ("text", "half"), [("6.0G", 5 * 10**7), ("5.33G", 5 * 10**6), ("2e9", 5 * 10**8), ("17", 0.5)]
)
def test_digits_say_how_a_number_was_rounded(text, half):
    assert _rounded(text)[1] == half


@pytest.mark.parametrize(
    "text", ["", "six", "1e999999999", "9" * 5000, "1_000", "\u0661\u0662", "-5", "nan"]
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
