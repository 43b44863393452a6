"""Questions of notebook 02: what does UpSampling2D cost, and what does it do to the next layer?"""

from __future__ import annotations

from unet_complexity.checks.judging import FLOPS, Exercise, asked_macs
from unet_complexity.checks.predictions import predictions
from unet_complexity.checks.puzzles import Puzzle, Values
from unet_complexity.checks.sliders import OwnSlider
from unet_complexity.cost import Tensor
from unet_complexity.layers import Conv2D, UpSampling2D
from unet_complexity.symbols import Size, c, f, h, k, s, w


def exercises() -> Values:
    """Return the exercises and the puzzle by name, in reading order."""
    x, conv = Tensor(h, w, c), Conv2D(f, k)
    up = UpSampling2D(s)
    ratio = up.cost(x).writes / conv.cost(up.output(x)).macs
    return {
        "elements of (2, 2)": Exercise(
            "the elements that UpSampling2D(size=(2, 2)) writes for a 4 x 4 map with 3 channels",
            UpSampling2D(2).cost(Tensor(4, 4, 3)).writes,
            off_by={"Those are the elements that are read.": 0.25},
            factors={"c (3 channels)": 3, "one side (4); the map has 4 x 4 pixels": 4},
        ),
        "elements of (2, 3)": Exercise(
            "the elements that UpSampling2D(size=(2, 3)) writes for an h x w x c map",
            UpSampling2D((2, 3)).cost(x).writes,
            off_by={
                "You added 2 and 3. Rows are written twice, each element in them three times.": 5
                / 6,
                "Those are the elements that are read.": 1 / 6,
                "You added the elements that are read. Count those that are written.": 7 / 6,
            },
            slips={
                "You counted rows and columns. A row has w elements, a column has h.": 2 * h * c
                + 3 * w * c
            },
            factors={"the 2 copies of each row": 2, "the 3 copies of each column": 3},
            letters="hwc",
        ),
        "copy per MAC": Exercise(
            "elements written by UpSampling2D(s) per MAC of the Conv2D(f, k, 'same') that follows",
            ratio,
            off_by={
                FLOPS: 0.5,
                "The channels cancel: at each position, c elements are written.": 1 / c,
                "The channels cancel: at each position, each filter multiplies c elements.": c,
                "Both layers have the same s^2 h w positions, so s cancels.": 1 / s**2,
                "The convolution runs on the large map too, so s cancels.": s**2,
            },
            slips={"Turn it over: elements per MAC, not MACs per element.": 1 / ratio},
            letters="kf",
        ),
        "macs after a copy": asked_macs(
            "the MACs of Conv2D(f, k, 'same') after UpSampling2D(2), which reads an h x w x c map",
            conv.cost(UpSampling2D(2).output(x)),
            off_by={
                "You counted on the input of UpSampling2D. The convolution reads its output.": 0.25,
                "Both sides double, so there are 2 x 2 times as many pixels: side or pixels?": 0.5,
            },
            letters="hwckf",
        ),
        "a slider of your own": OwnSlider(),
        "a copy on a budget": Puzzle(
            {"side": 10_000, "size": 256, "channels": 10_000, "filters": 10_000},
            _copy,
            most={"elements copied": 1_000_000, "MACs of the convolution": 100_000_000},
            least={"side of the large map": 256, "size": 2, "channels": 8, "filters": 16},
        ),
    }


def _copy(side: Size, size: Size, channels: Size, filters: Size) -> Values:
    x, up = Tensor(side, side, channels), UpSampling2D(size)
    return {
        "elements copied": up.cost(x).writes,
        "MACs of the convolution": Conv2D(filters, 3).cost(up.output(x)).macs,
        "side of the large map": side * size,
    }


PREDICTIONS = predictions("""
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
""")
