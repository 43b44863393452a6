"""The questions of the quiz, with the numbers in them computed."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from unet_complexity.checks.feedback import shown
from unet_complexity.cost import Cost, Tensor
from unet_complexity.layers import Conv2D, Conv2DTranspose, UpSampling2D
from unet_complexity.unets import pix2pix_unet


class Option(NamedTuple):
    """One answer: what it says, and what there is to say about it."""

    text: str
    why: str


class Question(NamedTuple):
    """``right`` is the place of the right option, from 0."""

    asked: str
    options: tuple[Option, ...]
    right: int


@cache
def questions() -> tuple[Question, ...]:
    """All questions, in the order of the series."""
    return (*_about_copies(), *_about_counts(), *_about_networks())


def row_of(**options: Any) -> str:
    """What UpSampling2D(size=(1, 2)) makes of the row 1 2.

    >>> row_of()
    '1 1 2 2'
    """
    from unet_complexity.counting import count

    row = count(UpSampling2D(size=(1, 2), **options), [[[1], [2]]]).output[0]
    return " ".join(shown(pixel[0]) for pixel in row)


def _about_copies() -> tuple[Question, ...]:
    x, up = Tensor(64, 64, 32), UpSampling2D(2)
    cost, large = up.cost(x), up.cost(Tensor(128, 128, 32))
    conv = Conv2D(32, 3)
    times = shown(large.writes // cost.writes)
    after = shown(conv.cost(up.output(x)).macs // conv.cost(x).macs)
    return (
        Question(
            "`UpSampling2D(size=(1, 2))` reads the row `1 2`. What does it write?",
            (
                Option(f"`{row_of()}`", "It repeats: every value stays with its copies."),
                Option("`1 2 1 2`", "That is tiling, the whole row once more. Neighbours would be torn apart."),
                Option(
                    f"`{row_of(interpolation='bilinear')}`",
                    "That is `interpolation='bilinear'`, which blends. The default only copies.",
                ),
            ),
            0,
        ),
        Question(
            "`UpSampling2D(size=(2, 3))` repeats the rows first. What if the columns came first?",
            (
                Option(
                    "the map would come out transposed",
                    "Rows stay rows and columns stay columns, whichever is repeated first.",
                ),
                Option(
                    "other values would come out",
                    "Output $(i, j)$ is input $(\\lfloor i/2 \\rfloor, \\lfloor j/3 \\rfloor)$ on either way.",
                ),
                Option(
                    "the same output; only the map in between would have another size",
                    "After the rows it has $2hwc$ elements, after the columns $3hwc$; in the end $6hwc$ on either way.",
                ),
            ),
            2,
        ),
        Question(
            f"How many multiplications does `UpSampling2D(size=2)` make on a {x} map?",
            (
                Option(
                    shown(cost.writes),
                    "That is how many elements it writes. Writing a copy multiplies nothing.",
                ),
                Option(shown(cost.flops), "None, and no additions. It reads and writes; bilinear is another matter."),
                Option(shown(cost.reads), "That is how many elements it reads. Reading and copying multiply nothing."),
            ),
            1,
        ),
        Question(
            "The side of a square map doubles. How many times as many elements does `UpSampling2D(size=2)` write?",
            (
                Option(
                    "2 times",
                    "This is the slip of the accepted answer: $n$ is one *side*. A row is not one thing to copy: it "
                    "has $n$ pixels.",
                ),
                Option("as many as before", "Each pixel is written several times, and there are more pixels now."),
                Option(
                    f"{times} times", "Twice the rows and twice the columns: quadratic in the side, linear in pixels."
                ),
            ),
            2,
        ),
        Question(
            "A convolution of stride 1 runs after `UpSampling2D(size=2)` and not before it. How much does it cost now?",
            (
                Option(
                    "as much, since the values are only copies", "The window stops at every copy, and multiplies it."
                ),
                Option(f"{after} times as much", "It runs on twice the rows and twice the columns."),
                Option("2 times as much", "Twice the rows *and* twice the columns: side or pixels?"),
                Option("16 times as much", "Only the map has grown. The kernel and the channels are as before."),
            ),
            1,
        ),
    )


def _about_counts() -> tuple[Question, ...]:
    total, x = _asked().total(), Tensor(32, 32, 256)
    two, four = (Conv2DTranspose(128, 4, strides=stride).cost(x).macs for stride in (2, 4))
    padding = 100 * (total.macs - total.macs_in_bounds) / total.macs
    macs, flops = (f"{count / 1e9:.2f}" for count in (total.macs, 2 * total.macs))
    return (
        Question(
            f"For one network, one tool says {macs} G and another {flops} G. What is the likeliest reason?",
            (
                Option(
                    "one of them does not count the zeros of the padding",
                    f"That happens, but here it makes {shown(padding, digits=2)} per cent, not a factor of two.",
                ),
                Option("one of them has a bug", "Perhaps, but look at the ratio first: it is exactly two."),
                Option(
                    "one counts MACs, the other FLOPs",
                    "One MAC is a multiplication and an addition, so two FLOPs. Some tools print one under the "
                    "other's name.",
                ),
            ),
            2,
        ),
        Question(
            "A `Conv2DTranspose` of kernel 4 gets stride 4 in place of stride 2. What happens to its MACs?",
            (
                Option(
                    f"nothing, they stay {shown(four)} (on a {x} map, with 128 filters)",
                    "Each *input* element meets the whole kernel once, however far apart the results are written.",
                ),
                Option(
                    f"{shown(4 * two)}, 4 times as many",
                    "The output has 4 times as many pixels. But this layer counts on its input.",
                ),
                Option(
                    f"{shown(two // 4)}, a quarter",
                    "So it would be for `Conv2D`, whose window then stops at a quarter of the places.",
                ),
            ),
            0,
        ),
        Question(
            "The image grows from 256 x 256 to 512 x 512. What happens to the parameters of the asker's network?",
            (
                Option("4 times as many", "So it is with MACs. A filter is the same at each position."),
                Option("2 times as many", "Neither sides nor pixels occur in the number of weights."),
                Option(
                    f"nothing, they stay {shown(pix2pix_unet(side=512, in_channels=3).total().params)}",
                    "A filter has $k^2 c$ weights and a bias, wherever it stands. Only the work grows.",
                ),
            ),
            2,
        ),
    )


def _about_networks() -> tuple[Question, ...]:
    asked, (shallow, deep) = _asked(), (_deep(7), _deep(14))
    copies, whole = asked.only(UpSampling2D).total(), asked.total()
    ratio, parameters = deep.macs / shallow.macs, deep.params / shallow.params
    share = 100 * copies.bytes() / whole.bytes()
    return (
        Question(
            "The asker's network gets 14 steps down and up in place of 7, with at most 512 filters. What of its MACs?",
            (
                Option(
                    "2 times as many",
                    f"Parameters do grow, by a factor of {shown(parameters)}. But the new maps are tiny.",
                ),
                Option(
                    f"{shown(ratio)} times as many",
                    "Where filters no longer double, each level costs a quarter of the one above it.",
                ),
                Option("128 times as many", "It is the smallest side that shrinks by 128; the work is at the top."),
            ),
            1,
        ),
        Question(
            "In which sense are the seven `UpSampling2D` layers of the asker's network *not* negligible?",
            (
                Option("in FLOPs", f"They make {shown(copies.flops)} of {shown(whole.flops)}: copying is none."),
                Option(
                    "in parameters", f"They have {shown(copies.params)} of {shown(whole.params)}: nothing is learnt."
                ),
                Option(
                    "in bytes, and in what they do to the convolutions after them",
                    f"They move {shown(share, digits=3)} per cent of the bytes when nothing is fused, and each makes "
                    "the next convolution 4 times as expensive.",
                ),
            ),
            2,
        ),
    )


def _asked() -> Any:
    return pix2pix_unet(side=256, in_channels=3)


def _deep(depth: int) -> Cost:
    return pix2pix_unet(side=2**14, in_channels=3, depth=depth).total()
