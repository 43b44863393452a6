"""The questions of the quiz: every option is explained, and says what the package counts."""

import re

import pytest

from unet_complexity import Conv2D, Conv2DTranspose, Tensor, UpSampling2D, count, pix2pix_unet
from unet_complexity.checks.lessons import questions
from unet_complexity.symbols import c, f, h, k, n, w

QUESTIONS = dict(enumerate(questions(), start=1))


def right(number):
    question = QUESTIONS[number]
    return list(question.options)[question.right]


def why(number, place=None):
    """What is said about one option, or about the right one."""
    question = QUESTIONS[number]
    return list(question.options.values())[question.right if place is None else place]


@pytest.mark.parametrize("number", QUESTIONS)
def test_every_option_is_another_one_and_has_its_own_explanation(number):
    question = QUESTIONS[number]
    assert 3 <= len(question.options) <= 4
    assert len(set(question.options.values())) == len(question.options)
    assert all(len(explanation) > 30 for explanation in question.options.values())


def test_the_right_option_has_no_favourite_place():
    assert {question.right for question in QUESTIONS.values()} == {0, 1, 2}
    assert 8 <= len(QUESTIONS) <= 10


def test_repeat_not_tile():
    row = count(UpSampling2D((1, 2)), [[[1], [2]]]).output[0]
    assert right(1) == "`" + " ".join(str(value) for (value,) in row) + "`" == "`1 1 2 2`"
    blended = UpSampling2D((1, 2), interpolation="bilinear")
    (row,) = count(blended, [[[1], [2]]]).output
    shown = " ".join(f"{float(value):g}" for (value,) in row)
    assert list(QUESTIONS[1].options)[2] == f"`{shown}`" == "`1 1.25 1.75 2`"
    assert "bilinear" in why(1, 2)


def test_the_order_of_rows_and_columns_changes_only_the_map_in_between():
    rows, columns, both = UpSampling2D((2, 1)), UpSampling2D((1, 3)), UpSampling2D((2, 3))
    image = [[[1], [2]], [[3], [4]]]
    one = count(columns, count(rows, image).output).output
    other = count(rows, count(columns, image).output).output
    assert one == other == count(both, image).output
    assert all(one[i][j] == image[i // 2][j // 3] for i in range(4) for j in range(6))
    x = Tensor(h, w, c)
    assert [layer.cost(x).writes for layer in (rows, columns, both)] == [
        2 * h * w * c,
        3 * h * w * c,
        6 * h * w * c,
    ]
    assert "*2hwc*" in why(2)
    assert "*3hwc*" in why(2)
    assert "*6hwc*" in why(2)


def test_a_copy_multiplies_nothing():
    x = Tensor(64, 64, 32)
    seen = count(UpSampling2D(2), x).cost
    assert f"on a {x} map?" in QUESTIONS[3].asked
    texts = list(QUESTIONS[3].options)
    assert right(3) == str(seen.macs) == str(seen.elementwise) == "0"
    assert texts == [f"{seen.writes:,}", "0", f"{seen.reads:,}"]


def test_side_or_pixels():
    writes = [UpSampling2D(2).cost(Tensor(side, side, c)).writes for side in (n, 2 * n)]
    assert right(4) == f"{writes[1] / writes[0]}" == "4"


def test_the_next_convolution():
    conv, x = Conv2D(f, k), Tensor(n, n, c)
    assert (
        right(5) == f"{conv.cost(UpSampling2D(2).output(x)).macs / conv.cost(x).macs} times as much"
    )
    assert right(5).startswith("4 ")


def test_macs_or_flops():
    total = pix2pix_unet(side=256, in_channels=3).total()
    printed = f"{total.macs / 1e9:.2f} G and another {2 * total.macs / 1e9:.2f} G"
    assert printed == "18.05 G and another 36.10 G"
    assert printed in QUESTIONS[6].asked
    padding = 100 * (1 - total.macs_in_bounds / total.macs)
    assert f"{padding:.2g} per cent" in why(6, 0)


def test_a_transposed_convolution_counts_on_its_input():
    x = Tensor(32, 32, 256)
    two, four = (Conv2DTranspose(128, 4, strides=t).cost(x).macs for t in (2, 4))
    assert f"(on a {x} map, with 128 filters)" in right(7)
    assert two == four == 16 * 32 * 32 * 256 * 128
    assert [re.findall(r"[\d,]{9,}", option)[0].strip(",") for option in QUESTIONS[7].options] == [
        f"{count:,}" for count in (two, 4 * two, two // 4)
    ]


def test_parameters_do_not_know_the_side():
    small, large = (pix2pix_unet(side=side, in_channels=3).total().params for side in (256, 512))
    assert small == large
    assert f"{small:,}" in right(8)


def test_depth_costs_next_to_nothing():
    seven, fourteen = (
        pix2pix_unet(side=2**14, in_channels=3, depth=depth).total() for depth in (7, 14)
    )
    assert right(9) == f"{fourteen.macs / seven.macs:.4g} times as many" == "1.007 times as many"
    assert f"by a factor of {fourteen.params / seven.params:.4g}." in why(9, 0)


def test_negligible_needs_a_unit():
    whole = pix2pix_unet(side=256, in_channels=3)
    copies = whole.only(UpSampling2D).total()
    assert (copies.flops, copies.params) == (0, 0)
    assert why(10, 0).startswith(f"They make 0 of {whole.total().flops:,}: ")
    assert why(10, 1).startswith(f"They have 0 of {whole.total().params:,}: ")
    assert f"{100 * copies.bytes() / whole.total().bytes():.3g} per cent of the bytes" in why(10)
