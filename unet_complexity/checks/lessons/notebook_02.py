"""Questions of notebook 02: what does UpSampling2D cost, and what does it do to the next layer?"""

from __future__ import annotations

from unet_complexity.checks.judging import Values
from unet_complexity.checks.sliders import OwnSlider
from unet_complexity.cost import Tensor
from unet_complexity.layers import Conv2D, UpSampling2D
from unet_complexity.symbols import Size, c, f, h, k, s, w

TASKS = """
elements of (2, 2) | the elements that UpSampling2D(size=(2, 2)) writes for a 4 x 4 map with 3
  channels
x 0.25: Those are the elements that are read.
* 3: c (3 channels)
* 4: one side (4); the map has 4 x 4 pixels

elements of (2, 3) | the elements that UpSampling2D(size=(2, 3)) writes for an h x w x c map | hwc
x 5/6: You added 2 and 3. Rows are written twice, each element in them three times.
x 1/6: Those are the elements that are read.
x 7/6: You added the elements that are read. Count those that are written.
- 2 h c + 3 w c: You counted rows and columns. A row has w elements, a column has h.
* 2: the 2 copies of each row
* 3: the 3 copies of each column

copy per MAC | elements written by UpSampling2D(s) per MAC of the Conv2D(f, k, 'same') that
  follows | kf
x 0.5: Those are FLOPs. A MAC is one multiplication and one addition: there are two FLOPs in each.
x 1/c: The channels cancel: at each position, c elements are written.
x c: The channels cancel: at each position, each filter multiplies c elements.
x 1/s^2: Both layers have the same s^2 h w positions, so s cancels.
x s^2: The convolution runs on the large map too, so s cancels.
- 1/copy per MAC: Turn it over: elements per MAC, not MACs per element.

macs after a copy | the MACs of Conv2D(f, k, 'same') after UpSampling2D(2), which reads an h x w x
  c map | hwckf
x 0.25: You counted on the input of UpSampling2D. The convolution reads its output.
x 0.5: Both sides double, so there are 2 x 2 times as many pixels: side or pixels?

a slider of your own

a copy on a budget
? 10,000: side
? 256: size
? 10,000: channels
? 10,000: filters
< 1,000,000: elements copied
< 100,000,000: MACs of the convolution
> 256: side of the large map
> 2: size
> 8: channels
> 16: filters
"""

PREDICTIONS = """
elements of 4 x 4 x 3 | {} | How many elements does UpSampling2D(size=2) write for a 4 x 4 map with
  3 channels?
+ 192
- 48: Those are the elements that it reads
- 96: Rows are repeated, and then columns too
- 64: There are 3 channels

multiplications of 4 x 4 x 3 | {} | How many multiplications does UpSampling2D(size=2) make on it?
+ 0
- 192: Those are the elements that it writes; copying one multiplies nothing
- 48: Those are the elements that it reads; copying one multiplies nothing

the larger pass | {} | With both factors at 2, which pass writes more: the first (rows) or the
  second (columns)?
- the first: The second pass repeats all that the first has written
+ the second
- neither: The second pass starts from twice as many elements
"""


def values() -> Values:
    """Return the right values, what measures the puzzle, and the values that lines of ``TASKS`` name."""
    x, conv = Tensor(h, w, c), Conv2D(f, k)
    up = UpSampling2D(s)
    return {
        "elements of (2, 2)": UpSampling2D(2).cost(Tensor(4, 4, 3)).writes,
        "elements of (2, 3)": UpSampling2D((2, 3)).cost(x).writes,
        "copy per MAC": up.cost(x).writes / conv.cost(up.output(x)).macs,
        "macs after a copy": conv.cost(UpSampling2D(2).output(x)),
        "a slider of your own": OwnSlider(),
        "a copy on a budget": _copy,
    }


def _copy(side: Size, size: Size, channels: Size, filters: Size) -> Values:
    x, up = Tensor(side, side, channels), UpSampling2D(size)
    return {
        "elements copied": up.cost(x).writes,
        "MACs of the convolution": Conv2D(filters, 3).cost(up.output(x)).macs,
        "side of the large map": side * size,
    }
