"""The puzzles of all lessons: sizes within the bounds pass; just outside, advice leads back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unet_complexity import pix2pix_unet
from unet_complexity.checks import Puzzle, check, exercises
from unet_complexity.engineering.roofline import MACHINES, roofline

PUZZLES = {name: puzzle for name, puzzle in exercises().items() if isinstance(puzzle, Puzzle)}


UNET = "a U-Net on a budget"


def unet(base, depth):
    """MACs and parameters of a classic U-Net at 256 x 256, 1 channel in, 2 classes, 3 x 3."""
    macs = 256**2 * (base**2 * (9 * (2 + 9 * depth) + 4 * depth) + base * 22) // 2
    weights = base * ((9 * 4**depth - 6) * 9 * base + 8 * (4**depth - 1) * base + 33) // 3
    convolutions = 2 * base * (2**depth + 2 * (2**depth - 1)) + base * (2**depth - 1) + 2
    return macs, weights + convolutions


def test_the_closed_forms_of_this_test_are_those_of_the_paper():
    assert unet(64, 4) == (48_096_083_968, 31_030_658)


@given(base=st.integers(1, 200), depth=st.integers(1, 8))
def test_a_unet_passes_just_when_it_keeps_both_budgets(base, depth):
    macs, params = unet(base, depth)
    keeps = macs <= 10 * 10**9 and 10**6 <= params <= 2 * 10**6 and depth >= 3
    feedback = check(UNET, (base, depth))
    assert feedback.right == keeps
    assert ("Too much, MACs" in feedback.text) == (macs > 10 * 10**9)
    assert ("Too much, parameters" in feedback.text) == (params > 2 * 10**6)
    assert ("Too little, parameters" in feedback.text) == (params < 10**6)
    assert ("Too little, depth" in feedback.text) == (depth < 3)


@given(filters=st.integers(1, 200), kernel=st.integers(1, 9), stride=st.integers(1, 9))
def test_a_layer_passes_just_when_it_keeps_its_budgets(filters, kernel, stride):
    rows = -(-128 // stride)
    macs, params = rows**2 * filters * kernel**2 * 64, (kernel**2 * 64 + 1) * filters
    keeps = macs <= 200e6 and params <= 50_000 and filters >= 64 and kernel >= 3 and rows >= 32
    assert check("a layer on a budget", (filters, kernel, stride)).right == keeps


@given(
    side=st.integers(1, 400),
    size=st.integers(1, 9),
    channels=st.integers(1, 40),
    filters=st.integers(1, 40),
)
def test_a_copy_passes_just_when_it_keeps_its_budgets(side, size, channels, filters):
    large = side * size
    keeps = large**2 * channels <= 10**6 and 9 * large**2 * channels * filters <= 10**8
    keeps = keeps and large >= 256 and size >= 2 and channels >= 8 and filters >= 16
    assert check("a copy on a budget", (side, size, channels, filters)).right == keeps


@given(kernel=st.integers(1, 12), size=st.integers(1, 12))
def test_phases_pass_just_when_they_keep_their_budgets(kernel, size):
    taps = (kernel + size - 1) ** 2
    keeps = taps <= 40 and 10 * taps <= 3 * (kernel * size) ** 2 and kernel >= 3 and size >= 2
    assert check("phases on a budget", (kernel, size)).right == keeps


@given(tiles=st.integers(1, 10), base_filters=st.integers(1, 12))
def test_tools_are_apart_just_where_the_network_is_narrow_and_large(tiles, base_filters):
    macs = base_filters * (128 * tiles) ** 2 * (1728 + 1049 * base_filters) // 16
    keeps = macs >= 10**9 and base_filters <= 5 and tiles <= 8
    assert check("tools apart", (tiles, base_filters)).right == keeps


def own(width, depth):
    """MACs, numbers at the fullest moment and parameters of the file's network at 256 x 256."""
    macs = 256**2 * (width**2 * (9 * (2 + 9 * depth) + 4 * depth) + width * 56) // 2
    weights = width * ((9 * 4**depth - 6) * 9 * width + 8 * (4**depth - 1) * width + 84) // 3
    biases = 2 * width * (2**depth + 2 * (2**depth - 1)) + width * (2**depth - 1) + 1
    return macs, 4 * 256**2 * width, weights + biases


@settings(max_examples=40)
@given(width=st.integers(1, 20), depth=st.integers(1, 8))
def test_your_network_passes_just_when_it_keeps_all_three_budgets(width, depth):
    macs, held, params = own(width, depth)
    feedback = check("your network on a budget", (width, depth))
    assert feedback.right == (
        macs <= 1_500_000_000 and held <= 3_000_000 and 10**6 <= params <= 4 * 10**6
    )
    assert ("Too much, numbers at the fullest moment" in feedback.text) == (held > 3_000_000)
    assert ("Too little, parameters" in feedback.text) == (params < 1_000_000)


def least_ms(side, g):
    """The asked network on a T4, fused, by block: maps are read and written once, weights read."""
    widths = [3, *(g * min(2**i, 8) for i in range(7))]  # of the image and of d1 ... d7
    blocks = [
        (side >> level, widths[level - 1], widths[level], 2, 5 if level > 1 else 3)
        for level in range(1, 8)
    ]
    for level in range(6, -1, -1):
        skip = 0 if level == 6 else widths[level + 1]
        blocks.append(
            (side >> level, widths[min(level + 1, 7)] + skip, widths[level], 0.5, 4 if level else 2)
        )
    total = 0
    for rows, channels, filters, step, each in blocks:
        taps, normalised = 16 * channels * filters, 4 * filters * (each > 3)
        moved = 4 * (
            (step * rows) ** 2 * channels + rows**2 * filters + taps + filters + normalised
        )
        total += max(rows**2 * (2 * taps + each * filters) / 8.1e12, moved / 320e9)
    return 1000 * total


@given(tiles=st.integers(1, 8), base_filters=st.integers(1, 40))
def test_a_network_keeps_to_the_clock_just_when_its_least_time_does(tiles, base_filters):
    network = pix2pix_unet(128 * tiles, 3, base_filters=base_filters)
    keeps = (
        least_ms(128 * tiles, base_filters) <= 2
        and tiles >= 3
        and network.total().params >= 3_000_000
    )
    assert check("a network on a clock", (tiles, base_filters)).right == keeps


def test_the_least_time_of_this_test_is_the_rooflines():
    found = roofline(pix2pix_unet(256, 3), MACHINES["NVIDIA T4"], fused=True)
    assert least_ms(256, 64) == pytest.approx(1000 * found.seconds)


KEPT = {
    "your network on a budget": [(6, 5), (8, 5), (10, 5), (4, 6)],
    "a layer on a budget": [(64, 3, 2), (86, 3, 4), (64, 3, 3)],
    "a copy on a budget": [(128, 2, 8, 16), (32, 8, 10, 16), (64, 4, 8, 21)],
    "phases on a budget": [(4, 3), (3, 4)],
    UNET: [(32, 3), (24, 3), (16, 4), (8, 5)],
    "tools apart": [(7, 4), (8, 4), (6, 5), (8, 5)],
    "a network on a clock": [(3, 18), (3, 24), (4, 20)],
}


@pytest.mark.parametrize("name", PUZZLES)
def test_a_puzzle_has_more_than_one_answer(name):
    for answer in KEPT[name]:
        feedback = check(name, list(answer))
        assert feedback.right, feedback
        assert all(
            f"{quantity}: " in feedback.text
            for quantity in {**PUZZLES[name].most, **PUZZLES[name].least}
        )


@pytest.mark.parametrize(
    ("name", "answer", "advice"),
    [
        ("a network on a clock", (3, 28), "base_filters from 28 to 27"),
        (UNET, (33, 3), "base_filters from 33 to 32"),
        ("tools apart", (8, 7), "base_filters from 7 to 6"),
        ("tools apart", (8, 3), "base_filters from 3 to 4"),
        ("your network on a budget", (11, 5), "width from 11 to 10"),
        ("a layer on a budget", (87, 3, 4), "filters from 87 to 86"),
        ("phases on a budget", (4, 4), "kernel_size from 4 to 3"),
    ],
)
def test_just_outside_a_bound_the_advice_is_one_step_of_the_size_that_helps(name, answer, advice):
    feedback = check(name, answer)
    assert not feedback.right
    assert advice in feedback.text


@pytest.mark.parametrize("name", PUZZLES)
@given(data=st.data())
@settings(max_examples=25)
def test_advice_is_given_wherever_one_step_of_one_size_is_enough(name, data):
    puzzle, kept = PUZZLES[name], list(KEPT[name][0])
    place = data.draw(st.integers(0, len(kept) - 1))
    kept[place] += data.draw(st.sampled_from([-1, 1]))
    feedback = check(name, kept)
    size = list(puzzle.largest)[place]
    assert feedback.right or f"{size} from {kept[place]} to " in feedback.text
