"""Questions of the quiz.

Below each question, an option is an item ``- option: explanation``, with ``+`` for the right one.
Names in braces stand for numbers, which are computed, with the form
in which they are written.  Long lines go on, indented.
"""

from __future__ import annotations

from typing import Any

from unet_complexity.checks.feedback import shown
from unet_complexity.checks.quiz import Question
from unet_complexity.cost import Cost, Tensor
from unet_complexity.layers import Conv2D, Conv2DTranspose, UpSampling2D
from unet_complexity.unets import pix2pix_unet

QUESTIONS = r"""
`UpSampling2D(size=(1, 2))` reads the row `1 2`. What does it write?
+ `{repeated}`: It repeats: each value stays beside its copies.
- `1 2 1 2`: That is tiling: the whole row is written again, and neighbours are torn apart.
- `{blended}`: That is `interpolation='bilinear'`, which blends. The default only copies.

`UpSampling2D(size=(2, 3))` repeats the rows first. What if it repeated the columns first?
- the map would come out transposed: Rows stay rows and columns stay columns, whichever are
  repeated first.
- other values would come out: Output *(i, j)* is input *(⌊i/2⌋, ⌊j/3⌋)*
  either way.
+ the same output; only the map in between would have another size: After the rows it has *2hwc*
  elements, after the columns *3hwc*. The output has *6hwc* either way.

How many multiplications does `UpSampling2D(size=2)` make on a {small} map?
- {copy.writes:,}: That is how many elements it writes. Writing a copy multiplies nothing.
+ {copy.flops}: None, and no additions. It only reads and writes. Bilinear interpolation would
  calculate.
- {copy.reads:,}: That is how many elements it reads. Reading and copying multiply nothing.

The side of a square map doubles. By what factor does the number of elements that
  `UpSampling2D(size=2)` writes grow?
- 2: This is the slip of the accepted answer: *n* is one side. A row is not one thing to copy:
  it has *n* pixels.
- 1, it stays the same: Each pixel is written several times, and there are more pixels now.
+ {growth}: Twice the rows and twice the columns: quadratic in the side, linear in pixels.

A convolution of stride 1 runs after `UpSampling2D(size=2)`, not before it. What does it cost now?
- as much, since the values are only copies: The window stops at each copy, and multiplies it.
+ {after} times as much: It runs on twice the rows and twice the columns.
- 2 times as much: Twice the rows *and* twice the columns: side or pixels?
- 16 times as much: Only the map has grown. The kernel and the channels are as before.

For one network, one tool prints {giga_macs:.2f} G and another {giga_flops:.2f} G. What is the most likely
  reason?
- one of them does not count the zeros of the padding: That happens, but here it makes {padding:.2g}
  per cent, not a factor of two.
- one of them has a bug: Perhaps, but look at the ratio first: it is exactly two.
+ one counts MACs, the other FLOPs: One MAC is a multiplication and an addition: two FLOPs. Some
  tools print one under the other's name.

A `Conv2DTranspose` of kernel 4 gets stride 4 instead of stride 2. What happens to its MACs?
+ nothing, they stay {transposed:,} (on a {deep} map, with 128 filters): Each *input* element meets
  the whole kernel once, however far apart the results are written.
- {fourfold:,}, 4 times as many: The output has 4 times as many pixels. But this layer counts on its
  input.
- {quarter:,}, a quarter: That would be a `Conv2D`, whose window then stops at a quarter of the
  positions.

The image grows from 256 x 256 to 512 x 512. What happens to the parameters of the asker's
  network?
- 4 times as many: That is true of the MACs. A filter is the same at each position.
- 2 times as many: The number of weights depends neither on sides nor on pixels.
+ nothing, they stay {large.params:,}: A filter has *k²c* weights and a bias, wherever it stands. Only
  the work grows.

The asker's network gets 14 steps down and up instead of 7, with at most 512 filters. What happens
  to its MACs?
- 2 times as many: Parameters do grow, by a factor of {deeper_params:.4g}. But the new maps are tiny.
+ {deeper_macs:.4g} times as many: Once the filters no longer double, each level costs a quarter of
  the one above it.
- 128 times as many: Only the smallest side shrinks by 128. The work is at the top.

In which sense are the seven `UpSampling2D` layers of the asker's network *not* negligible?
- in FLOPs: They make {copies.flops} of {whole.flops:,}: copying is not an operation.
- in parameters: They have {copies.params} of {whole.params:,}: they learn nothing.
+ in bytes, and in what they do to the convolutions after them: They move {moved:.3g} per cent of the
  bytes if nothing is fused, and each makes the next convolution 4 times as expensive.
"""


def questions() -> list[Question]:
    """Return all questions, in the order of the series."""
    paragraphs = QUESTIONS.format_map(numbers()).strip().split("\n\n")
    return [Question.parsed(paragraph) for paragraph in paragraphs]


def numbers() -> dict[str, Any]:
    """Return the numbers that the questions contain, by name."""
    small, deep = Tensor(64, 64, 32), Tensor(32, 32, 256)
    up, conv = UpSampling2D(2), Conv2D(32, 3)
    copy, twice = up.cost(small), up.output(small)
    transposed = Conv2DTranspose(128, 4, strides=4).cost(deep).macs
    asked = pix2pix_unet(side=256, in_channels=3)
    whole, copies = asked.total(), asked.only(UpSampling2D).total()
    seven, fourteen = _of_depth(7), _of_depth(14)
    return {
        "repeated": repeated_row(),
        "blended": repeated_row(interpolation="bilinear"),
        "small": small,
        "copy": copy,
        "growth": up.cost(twice).writes // copy.writes,
        "after": conv.cost(twice).macs // conv.cost(small).macs,
        "giga_macs": whole.macs / 1e9,
        "giga_flops": 2 * whole.macs / 1e9,
        "padding": 100 - 100 * whole.macs_in_bounds / whole.macs,
        "deep": deep,
        "transposed": transposed,
        "fourfold": 4 * transposed,
        "quarter": transposed // 4,
        "large": pix2pix_unet(side=512, in_channels=3).total(),
        "deeper_params": fourteen.params / seven.params,
        "deeper_macs": fourteen.macs / seven.macs,
        "copies": copies,
        "whole": whole,
        "moved": 100 * copies.bytes() / whole.bytes(),
    }


def repeated_row(**options: Any) -> str:
    """Return the row that UpSampling2D(size=(1, 2)) makes of the row 1 2, by executing it.

    >>> repeated_row()
    '1 1 2 2'
    """
    from unet_complexity.counting import count

    (row,) = count(UpSampling2D(size=(1, 2), **options), [[[1], [2]]]).output
    return " ".join(shown(value) for (value,) in row)


def _of_depth(depth: int) -> Cost:
    return pix2pix_unet(side=2**14, in_channels=3, depth=depth).total()
