"""The explorer of one step up: four ways to a map s times as large, and the pixels that one window really sees."""

from __future__ import annotations

from typing import Any, ClassVar

import traitlets

from unet_complexity.cost import Tensor
from unet_complexity.explorers import formulas
from unet_complexity.explorers.base import CHANNELS, Explorer, Whole, rounded, together
from unet_complexity.layers.phased import phase_offsets

SIDES, FACTORS, KERNELS = range(2, 7), range(1, 5), range(1, 8)


class BlockExplorer(Explorer):
    """UpSampling2D and its convolution, the same phase by phase, and the two usual ways around it.

    Controls: ``side`` (2 ... 6), ``factor`` (1 ... 4), ``kernel_size`` (1 ... 7), ``channels`` and ``filters``
    (1 ... 512); folded away: ``place`` (the output pixel whose window is shown, row by row from 0).

    >>> explorer = BlockExplorer(side=4, factor=2, kernel_size=4)
    >>> explorer.numbers["written"], explorer.numbers["phased"]
    (1024, 400)
    """

    kind = "block"
    shown = ("side", "factor", "kernel_size", "channels", "filters")
    folded = ("place",)
    sentence = (
        "UpSampling2D({factor}) and a {kernel_size} x {kernel_size} convolution on a {side} x {side} x {channels} map "
        "(f = {filters}): {written} MACs as written; {phased} phase by phase, the same output for {share} %; "
        "{transposed} as Conv2DTranspose; {shuffled} as Conv2D and depth-to-space. "
        "The window of output row {row}, column {column} has {taps} taps on {seen} different pixels."
    )
    presets: ClassVar = {
        "pix2pix: k = 4, s = 2": {"side": 4, "factor": 2, "kernel_size": 4, "channels": 512, "filters": 512},
        "k = 3, s = 2": {"side": 4, "factor": 2, "kernel_size": 3, "channels": 64, "filters": 64},
        "ESPCN: k = 3, s = 3": {"side": 3, "factor": 3, "kernel_size": 3, "channels": 32, "filters": 1},
    }

    side = Whole(4, SIDES[0], SIDES[-1], "side n of the small map")
    factor = Whole(2, FACTORS[0], FACTORS[-1], "factor s")
    kernel_size = Whole(3, KERNELS[0], KERNELS[-1], "kernel k")
    channels = Whole(1, 1, 512, "channels in", CHANNELS)
    filters = Whole(1, 1, 512, "filters (channels out)", CHANNELS)
    place = Whole(0, 0, (SIDES[-1] * FACTORS[-1]) ** 2 - 1, "pixel of the output")
    _goes_together = traitlets.validate(*shown, *folded)(together)

    def _check(self, state: dict[str, Any]) -> None:
        last = (state["side"] * state["factor"]) ** 2 - 1
        if state["place"] > last:
            raise ValueError(f"place must be one of the pixels 0 ... {last}, got {state['place']}; try {last}")

    def _numbers(self) -> dict[str, Any]:
        sizes = (self.filters, self.kernel_size, self.factor)
        ways = formulas.block_ways(Tensor(self.side, self.side, self.channels), *sizes)
        macs = {name: cost.macs for name, cost in ways.items()}
        row, column = divmod(self.place, self.side * self.factor)
        seen = self._sources(row) * self._sources(column)
        share = rounded(100 * (macs["phased"] / macs["written"]))
        place = {"row": row + 1, "column": column + 1, "taps": self.kernel_size**2, "seen": seen}
        return {**macs, **place, "share": share}

    def _sources(self, index: int) -> int:
        """How many pixels of the small map a window sees along one axis."""
        small, phase = divmod(index, self.factor)
        offsets = set(phase_offsets(self.kernel_size, self.factor)[phase])
        return sum(0 <= small + offset < self.side for offset in offsets)
