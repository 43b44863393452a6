"""Explorer of one convolution: a window walks and a counter ticks."""

from __future__ import annotations

from itertools import product
from typing import ClassVar

from unet_complexity.cost import Cost, Tensor
from unet_complexity.explorers.base import CHANNELS, Choice, Explorer, State, Whole
from unet_complexity.explorers.javascript import Parts
from unet_complexity.layers import Conv2D
from unet_complexity.layers.windows import Window
from unet_complexity.symbols import c, f, k, m, t


class WindowExplorer(Explorer):
    """A k x k window walks over a padded map, and a counter ticks until it meets the product.

    Args:
        side: Side of the map, 3 ... 12 pixels.
        kernel_size: Side of the kernel, 1 ... 5.
        strides: 1 ... 3.
        channels: Channels of the map, 1 ... 512.
        filters: Channels of the output, 1 ... 512.
        padding: "same" or "valid". This and the following are folded away.
        dilation_rate: 1 or 2.
        step: Position of the window, row by row from 0.

    Raises:
        TypeError: The explorer lacks a control of that name.
        ValueError: A value is out of its range, or the values do not agree.

    Example:
        >>> explorer = WindowExplorer(side=6, kernel_size=3, channels=3, filters=64)
        >>> explorer.numbers["macs"], explorer.numbers["in_bounds"]
        (62208, 49152)
    """

    kind = "window"
    open_controls = 5
    sentence = (
        "A {kernel_size} x {kernel_size} window stops at {stops} x {stops} places "
        "of a {side} x {side} x {channels} map "
        "(stride {strides}, dilation {dilation_rate}, padding '{padding}', f = {filters}): "
        "{macs} MACs dense, {in_bounds} in bounds. "
        "Counted at stop {stop} of {all_stops}: {so_far} dense, {in_bounds_so_far} in bounds."
    )
    presets: ClassVar = {
        "3 x 3, stride 1": {
            "side": 6, "kernel_size": 3, "strides": 1, "channels": 3, "filters": 64,
            "padding": "same", "dilation_rate": 1,
        },
        "pix2pix's d1: 4 x 4, stride 2": {
            "side": 8, "kernel_size": 4, "strides": 2, "channels": 3, "filters": 64,
            "padding": "same", "dilation_rate": 1,
        },
        "1 x 1: no neighbours": {
            "side": 6, "kernel_size": 1, "strides": 1, "channels": 64, "filters": 2,
            "padding": "same", "dilation_rate": 1,
        },
    }  # fmt: skip

    side = Whole(6, 3, 12, "side of the map")
    kernel_size = Whole(3, 1, 5, "kernel k")
    strides = Whole(1, 1, 3, "stride")
    channels = Whole(3, 1, 512, "channels in", CHANNELS)
    filters = Whole(8, 1, 512, "filters (channels out)", CHANNELS)
    padding = Choice(("same", "valid"), "padding")
    dilation_rate = Whole(1, 1, 2, "dilation")
    step = Whole(0, 0, 12**2 - 1, "place of the window")

    @staticmethod
    def _parts() -> Parts:
        # a side that the stride divides: MACs are counted on the m x m output
        formulas = {
            "macs": Conv2D(f, k, strides=t).cost(Tensor(t * m, t * m, c)).macs,
            "tap": Conv2D(f, 1).cost(Tensor(1, 1, c)).macs,
        }
        return formulas, window_table()

    def _counted(self, state: State) -> tuple[Cost, Window]:
        """Return the cost of the convolution, and its window along one axis."""
        names = ("filters", "kernel_size", "strides", "padding", "dilation_rate")
        conv = Conv2D(**{name: state[name] for name in names})
        x = Tensor(state["side"], state["side"], state["channels"])
        return conv.cost(x), next(conv.windows(x))

    def _check(self, state: State) -> None:
        _, window = self._counted(state)
        step = state["step"]
        last = window.side**2 - 1
        if step > last:
            raise ValueError(
                f"step must be one of the window's places 0 ... {last}, got {step}; try {last}"
            )

    def _numbers(self) -> State:
        cost, window = self._counted(self.state)
        per_tap = self.channels * self.filters
        count = self.step + 1
        return {
            "stops": window.side,
            "all_stops": window.side**2,
            "stop": count,
            "macs": cost.macs,
            "in_bounds": cost.macs_in_bounds,
            "so_far": count * self.kernel_size**2 * per_tap,
            "in_bounds_so_far": taps_so_far(window, count) * per_tap,
        }


def taps_so_far(window: Window, count: int) -> int:
    """Return the in-bounds taps at the first ``count`` places, row by row.

    Example:
        >>> taps_so_far(Window(6, 3, 1, "same"), 2), taps_so_far(Window(6, 3, 1, "same"), 36)
        (10, 256)
    """
    rows, stops = divmod(count, window.side)
    above, with_row = (window.taps_of(upto).total for upto in (rows, rows + 1))
    in_row: int = (with_row - above) * window.taps_of(stops).total
    return above * window.taps.total + in_row


def window_table() -> dict[str, list[int]]:
    """Return the counts that round: positions per axis, zeros in front, taps in bounds.

    The taps are those of both axes. The keys are "padding,side,kernel,stride,dilation".

    Example:
        >>> window_table()["same,6,3,1,1"]
        [6, 1, 256]
    """
    rows = {}
    # every value that the controls have
    for sizes in product(("same", "valid"), range(3, 13), range(1, 6), (1, 2, 3), (1, 2)):
        padding, side, kernel, stride, dilation = sizes
        window = Window(side, kernel, stride, padding, dilation)
        try:
            Conv2D(1, kernel, stride, padding, dilation)
            counts = [window.side, window.pads[0], window.taps.total**2]
        except ValueError:  # stride and dilation both differ from 1, or the window does not fit
            continue
        rows[",".join(map(str, sizes))] = counts
    return rows
