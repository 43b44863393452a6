"""Explorer of UpSampling2D: it repeats rows, then columns."""

from __future__ import annotations

from typing import ClassVar

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.explorers.base import CHANNELS, Choice, Explorer, State, Whole
from unet_complexity.explorers.javascript import Parts
from unet_complexity.layers import Conv2D, UpSampling2D
from unet_complexity.symbols import Size, c, f, k, n

s_h, s_w = sp.symbols("s_h s_w", integer=True, positive=True)


class RepeatExplorer(Explorer):
    """UpSampling2D repeats a matrix row by row, then column by column; its counts by side.

    Args:
        side: Side of the matrix, 1 ... 6.
        row_factor: Copies of each row, 1 ... 4.
        column_factor: Copies of each column, 1 ... 4.
        channels: Channels of the map, 1 ... 512.
        interpolation: "nearest" or "bilinear". This and the following are folded away.
        kernel_size: Side of the kernel of the convolution that follows, 1 ... 7.
        filters: Filters of that convolution, 1 ... 512.

    Raises:
        TypeError: The explorer lacks a control of that name.
        ValueError: A value is out of its range, or the values do not agree.

    Example:
        >>> RepeatExplorer(side=4, channels=3).numbers["writes"]
        192
    """

    kind = "repeat"
    open_controls = 4
    sentence = (
        "UpSampling2D(({row_factor}, {column_factor}), interpolation='{interpolation}') "
        "on a {side} x {side} x {channels} map reads {reads} elements; the rows make {rows} of them, "
        "then the columns {writes}, and that is what it writes, "
        "with {operations} additions and multiplications. "
        "The formula c n says {answer}. "
        "The {kernel_size} x {kernel_size} convolution that follows (f = {filters}) takes {next} MACs."
    )
    presets: ClassVar = {
        "size 2": {"side": 3, "row_factor": 2, "column_factor": 2},
        "rows only": {"side": 3, "row_factor": 3, "column_factor": 1},
        "bilinear": {"side": 3, "row_factor": 2, "column_factor": 2, "interpolation": "bilinear"},
        "pix2pix's u1: 2 x 2 x 512": {
            "side": 2, "row_factor": 2, "column_factor": 2, "channels": 512,
            "kernel_size": 4, "filters": 512,
        },
    }  # fmt: skip

    side = Whole(3, 1, 6, "side n of the matrix")
    row_factor = Whole(2, 1, 4, "s_h: each row ×")
    column_factor = Whole(2, 1, 4, "s_w: each column ×")
    channels = Whole(1, 1, 512, "channels c", CHANNELS)
    interpolation = Choice(("nearest", "bilinear"), "interpolation")
    kernel_size = Whole(3, 1, 7, "kernel k of the next convolution")
    filters = Whole(1, 1, 512, "its filters f", CHANNELS)

    @staticmethod
    def _parts() -> Parts:
        counts = {
            name: _counts(Tensor(n, n, c), (s_h, s_w), name, Conv2D(f, k))
            for name in ("nearest", "bilinear")
        }
        operations = {name: count["operations"] for name, count in counts.items()}
        return {**counts["nearest"], "operations": operations}, {}

    def _numbers(self) -> State:
        x = Tensor(self.side, self.side, self.channels)
        factors = (self.row_factor, self.column_factor)
        conv = Conv2D(self.filters, self.kernel_size)
        return _counts(x, factors, self.interpolation, conv)


def _counts(x: Tensor, factors: tuple[Size, Size], interpolation: str, conv: Conv2D) -> State:
    """Return the counts of the upsampling layer and of the convolution behind it."""
    up = UpSampling2D(factors, interpolation)
    cost = up.cost(x)
    return {
        "reads": cost.reads,
        "rows": UpSampling2D((factors[0], 1)).cost(x).writes,
        "writes": cost.writes,
        "next": conv.cost(up.output(x)).macs,
        "answer": x.channels * x.height,
        "operations": cost.elementwise,
    }
