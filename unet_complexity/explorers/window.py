"""The explorer of one convolution: a window walks, a counter ticks."""

from __future__ import annotations

from typing import Any, ClassVar

import traitlets

from unet_complexity.cost import Tensor
from unet_complexity.explorers import formulas
from unet_complexity.explorers.base import CHANNELS, Choice, Explorer, Whole, together
from unet_complexity.layers import Conv2D
from unet_complexity.layers.windows import same_padding


class WindowExplorer(Explorer):
    """A k x k window walks over a padded grid, and a counter ticks until it meets the product.

    Controls: ``side`` (3 ... 12), ``kernel_size`` (1 ... 5), ``strides`` (1 ... 3), ``channels`` and ``filters``
    (1 ... 512); folded away: ``padding`` ("same", "valid"), ``dilation_rate`` (1, 2), ``step`` (the window's place,
    row by row from 0).

    >>> explorer = WindowExplorer(side=6, kernel_size=3, channels=3, filters=64)
    >>> explorer.numbers["macs"], explorer.numbers["in_bounds"]
    (62208, 49152)
    """

    kind = "window"
    shown = ("side", "kernel_size", "strides", "channels", "filters")
    folded = ("padding", "dilation_rate", "step")
    sentence = (
        "A {kernel_size} x {kernel_size} window stops at {stops} x {stops} places of a {side} x {side} x {channels} "
        "map (stride {strides}, dilation {dilation_rate}, padding '{padding}', f = {filters}): "
        "{macs} MACs dense, {in_bounds} in bounds. "
        "Counted at stop {stop} of {all_stops}: {so_far} dense, {in_bounds_so_far} in bounds."
    )
    presets: ClassVar = {
        name: {
            "side": side,
            "kernel_size": kernel,
            "strides": stride,
            "channels": channels,
            "filters": filters,
            "padding": "same",
            "dilation_rate": 1,
        }
        for name, side, kernel, stride, channels, filters in (
            ("3 x 3, stride 1", 6, 3, 1, 3, 64),
            ("pix2pix's d1: 4 x 4, stride 2", 8, 4, 2, 3, 64),
            ("1 x 1: no neighbours", 6, 1, 1, 64, 2),
        )
    }

    side = Whole(6, formulas.SIDES[0], formulas.SIDES[-1], "side of the map")
    kernel_size = Whole(3, formulas.KERNELS[0], formulas.KERNELS[-1], "kernel k")
    strides = Whole(1, formulas.STRIDES[0], formulas.STRIDES[-1], "stride")
    channels = Whole(3, 1, 512, "channels in", CHANNELS)
    filters = Whole(8, 1, 512, "filters (channels out)", CHANNELS)
    padding = Choice(("same", "valid"), "padding")
    dilation_rate = Whole(1, formulas.DILATIONS[0], formulas.DILATIONS[-1], "dilation")
    step = Whole(0, 0, formulas.SIDES[-1] ** 2 - 1, "place of the window")
    _goes_together = traitlets.validate(*shown, *folded)(together)

    def _layer(self, state: dict[str, Any]) -> tuple[Conv2D, Tensor]:
        names = ("filters", "kernel_size", "strides", "padding", "dilation_rate")
        return Conv2D(*(state[name] for name in names)), Tensor(state["side"], state["side"], state["channels"])

    def _check(self, state: dict[str, Any]) -> None:
        conv, x = self._layer(state)
        last = int(conv.output(x).height) ** 2 - 1
        if state["step"] > last:
            raise ValueError(f"step must be one of the window's places 0 ... {last}, got {state['step']}; try {last}")

    def _numbers(self) -> dict[str, Any]:
        conv, x = self._layer(self.state)
        cost, stops = conv.cost(x), int(conv.output(x).height)
        per_tap = self.channels * self.filters
        return {
            "stops": stops,
            "all_stops": stops**2,
            "stop": self.step + 1,
            "macs": cost.macs,
            "in_bounds": cost.macs_in_bounds,
            "so_far": (self.step + 1) * self.kernel_size**2 * per_tap,
            "in_bounds_so_far": sum(self._taps(place, stops) for place in range(self.step + 1)) * per_tap,
        }

    def _taps(self, place: int, stops: int) -> int:
        """Taps on real data at one place, by looking at each of them."""
        sizes = (self.side, self.kernel_size, self.strides, self.dilation_rate)
        front = same_padding(*sizes)[0] if self.padding == "same" else 0

        def inside(index: int) -> int:
            first = index * self.strides - front
            return sum(0 <= first + tap * self.dilation_rate < self.side for tap in range(self.kernel_size))

        return inside(place // stops) * inside(place % stops)
