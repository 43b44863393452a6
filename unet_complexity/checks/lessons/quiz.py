"""Questions of the quiz.

Below each question, an option is an item ``- option: explanation``, with ``+`` for the right one.
Long lines go on, indented.  The tests compute every number anew.
"""

from __future__ import annotations

from unet_complexity.checks.paragraphs import paragraphs
from unet_complexity.checks.quiz import Question

QUESTIONS = r"""
`UpSampling2D(size=(1, 2))` reads the row `1 2`. What does it write?
+ `1 1 2 2`: It repeats: each value stays beside its copies.
- `1 2 1 2`: That is tiling: the whole row is written again, and neighbours are torn apart.
- `1 1.25 1.75 2`: That is `interpolation='bilinear'`, which blends. The default only copies.

`UpSampling2D(size=(2, 3))` repeats the rows first. What if it repeated the columns first?
- the map would come out transposed: Rows stay rows and columns stay columns, whichever are
  repeated first.
- other values would come out: Output *(i, j)* is input *(⌊i/2⌋, ⌊j/3⌋)*
  either way.
+ the same output; only the map in between would have another size: After the rows it has *2hwc*
  elements, after the columns *3hwc*. The output has *6hwc* either way.

How many multiplications does `UpSampling2D(size=2)` make on a 64 x 64 x 32 map?
- 524,288: That is how many elements it writes. Writing a copy multiplies nothing.
+ 0: None, and no additions. It only reads and writes. Bilinear interpolation would
  calculate.
- 131,072: That is how many elements it reads. Reading and copying multiply nothing.

The side of a square map doubles. By what factor does the number of elements that
  `UpSampling2D(size=2)` writes grow?
- 2: This is the slip of the accepted answer: *n* is one side. A row is not one thing to copy:
  it has *n* pixels.
- 1, it stays the same: Each pixel is written several times, and there are more pixels now.
+ 4: Twice the rows and twice the columns: quadratic in the side, linear in pixels.

A convolution of stride 1 runs after `UpSampling2D(size=2)`, not before it. What does it cost now?
- as much, since the values are only copies: The window stops at each copy, and multiplies it.
+ 4 times as much: It runs on twice the rows and twice the columns.
- 2 times as much: Twice the rows *and* twice the columns: side or pixels?
- 16 times as much: Only the map has grown. The kernel and the channels are as before.

For one network, one tool prints 18.05 G and another 36.10 G. What is the most likely
  reason?
- one of them does not count the zeros of the padding: That happens, but here it makes 5.5
  per cent, not a factor of two.
- one of them has a bug: Perhaps, but look at the ratio first: it is exactly two.
+ one counts MACs, the other FLOPs: One MAC is a multiplication and an addition: two FLOPs. Some
  tools print one under the other's name.

A `Conv2DTranspose` of kernel 4 gets stride 4 instead of stride 2. What happens to its MACs?
+ nothing, they stay 536,870,912 (on a 32 x 32 x 256 map, with 128 filters): Each *input* element
  meets the whole kernel once, however far apart the results are written.
- 2,147,483,648, 4 times as many: The output has 4 times as many pixels. But this layer counts on
  its input.
- 134,217,728, a quarter: That would be a `Conv2D`, whose window then stops at a quarter of the
  positions.

The image grows from 256 x 256 to 512 x 512. What happens to the parameters of the asker's
  network?
- 4 times as many: That is true of the MACs. A filter is the same at each position.
- 2 times as many: The number of weights depends neither on sides nor on pixels.
+ nothing, they stay 41,843,331: A filter has *k²c* weights and a bias, wherever it stands. Only
  the work grows.

The asker's network gets 14 steps down and up instead of 7, with at most 512 filters. What happens
  to its MACs?
- 2 times as many: Parameters do grow, by a factor of 3.106. But the new maps are tiny.
+ 1.007 times as many: Once the filters no longer double, each level costs a quarter of
  the one above it.
- 128 times as many: Only the smallest side shrinks by 128. The work is at the top.

In which sense are the seven `UpSampling2D` layers of the asker's network *not* negligible?
- in FLOPs: They make 0 of 36,120,938,496: copying is not an operation.
- in parameters: They have 0 of 41,843,331: they learn nothing.
+ in bytes, and in what they do to the convolutions after them: They move 18.8 per cent of the
  bytes if nothing is fused, and each makes the next convolution 4 times as expensive.
"""


def questions() -> list[Question]:
    """Return all questions, in the order of the series."""
    found = []
    for asked, options in paragraphs(QUESTIONS):
        marks, texts, reasons = zip(*options, strict=True)
        explained = dict(zip(texts, reasons, strict=True))
        found.append(Question(asked, marks.index("+"), explained))
    return found
