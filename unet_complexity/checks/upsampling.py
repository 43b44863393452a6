"""The exercises on UpSampling2D, and on what it does to the next layer: notebook 02."""

from __future__ import annotations

from unet_complexity.checks.judging import FLOPS, Exercise
from unet_complexity.cost import Tensor
from unet_complexity.layers import Conv2D, UpSampling2D
from unet_complexity.symbols import c, f, h, k, n, s, w

CANCEL = "The channels cancel: at each position c are written, and c are multiplied."


def exercises() -> dict[str, Exercise]:
    """By name."""
    x, big = Tensor(n, n, c), Tensor(h, w, c)
    written = UpSampling2D((2, 3)).cost(big).writes
    conv = Conv2D(f, k)
    after = conv.cost(UpSampling2D(2).output(big)).macs
    return {
        "elements of (2, 2)": Exercise(
            "the elements that UpSampling2D(size=(2, 2)) writes for a 4 x 4 map with 3 channels",
            UpSampling2D(2).cost(Tensor(4, 4, 3)).writes,
            {"c (3 channels)": 3, "one side (4); pixels are 4 x 4": 4},
            ((4 * 4 * 3, "Those are the elements read."),),
        ),
        "elements of (2, 3)": Exercise(
            "the elements that UpSampling2D(size=(2, 3)) writes for an h x w x c map",
            written,
            {
                "c (channels)": c,
                "h (rows)": h,
                "w (columns)": w,
                "the 2 copies of each row": 2,
                "the 3 copies of each column": 3,
            },
            (
                (
                    5 * h * w * c,
                    "You added 2 and 3. Every row is there twice, and every element of it three times: multiply.",
                ),
                (h * w * c, "Those are the elements read."),
                (2 * h * c + 3 * w * c, "You counted rows and columns. A row is w elements, a column is h."),
                (written + h * w * c, "That is reading and writing together; only what is written is asked."),
            ),
            (h, w, c),
        ),
        "copy per MAC": Exercise(
            "elements written by UpSampling2D(s) per MAC of the Conv2D(f, k, 'same') that follows",
            UpSampling2D(s).cost(x).writes / conv.cost(UpSampling2D(s).output(x)).macs,
            {"k^2, below the line": 1 / k**2, "k, below the line": 1 / k, "f, below the line": 1 / f},
            (
                (k**2 * f, "Turn it over: elements per MAC, not MACs per element."),
                (1 / (2 * k**2 * f), FLOPS),
                (1 / (c * k**2 * f), CANCEL),
                (c / (k**2 * f), CANCEL),
                (1 / (s**2 * k**2 * f), "Both layers meet the same s^2 n^2 positions, so s cancels."),
                (s**2 / (k**2 * f), "The convolution runs on the large map too, so s cancels."),
            ),
            (k, f),
        ),
        "macs after a copy": Exercise(
            "the MACs of Conv2D(f, k, 'same') on what UpSampling2D(2) makes of an h x w x c map",
            after,
            {"c (channels in)": c, "f (filters)": f, "k^2": k**2, "k": k, "h (rows)": h, "w (columns)": w},
            (
                (after / 4, "You counted on the input of UpSampling2D; the convolution meets its output."),
                (after / 2, "Both sides are doubled, so there are 2 x 2 times as many pixels: side or pixels?"),
                (2 * after, FLOPS),
            ),
            (h, w, c, k, f),
        ),
    }
