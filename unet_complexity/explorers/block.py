"""Explorer of one step up: four ways to a map s times as large, and the pixels of a window."""

from __future__ import annotations

from typing import ClassVar

from unet_complexity.cost import Cost, Tensor
from unet_complexity.explorers.base import CHANNELS, Explorer, State, Whole, rounded
from unet_complexity.explorers.javascript import Parts
from unet_complexity.layers import Conv2D, Conv2DTranspose, PhaseConv2D, UpSampling2D
from unet_complexity.layers.phased import phase_offsets
from unet_complexity.layers.windows import Window
from unet_complexity.symbols import Size, c, f, k, n, s

LARGEST_KERNEL = 7


def block_ways(x: Tensor, filters: Size, kernel_size: Size, factor: Size) -> dict[str, Cost]:
    """Return the cost of the convolutions in four ways to a map ``factor`` times as large.

    Args:
        x: The small map.
        filters: Channels of the large map.
        kernel_size: Side of the kernel.
        factor: Rows and columns of the large map for one of the small map.

    Example:
        >>> block_ways(Tensor(4, 4, 1), 1, 4, 2)["phased"].macs
        400
    """
    conv = Conv2D(filters, kernel_size)
    return {
        "written": conv.cost(UpSampling2D(factor).output(x)),
        "phased": PhaseConv2D(filters, kernel_size, factor).cost(x),
        "transposed": Conv2DTranspose(filters, kernel_size, factor).cost(x),
        "shuffled": Conv2D(factor**2 * filters, kernel_size).cost(x),
    }


class BlockExplorer(Explorer):
    """Four ways to a larger map: what each costs, and the pixels that one window sees.

    The ways are UpSampling2D and a convolution, the same phase by phase, Conv2DTranspose, and
    Conv2D with depth-to-space.

    Args:
        side: Side of the small map, 2 ... 6 pixels.
        factor: Rows and columns of the large map for one of the small map, 1 ... 4.
        kernel_size: Side of the kernel, 1 ... 7.
        channels: Channels of the small map, 1 ... 512.
        filters: Channels of the large map, 1 ... 512.
        place: Output pixel whose window is shown, row by row from 0; folded away.

    Raises:
        TypeError: The explorer lacks a control of that name.
        ValueError: A value is out of its range, or the values do not agree.

    Example:
        >>> explorer = BlockExplorer(side=4, factor=2, kernel_size=4)
        >>> explorer.numbers["written"], explorer.numbers["phased"]
        (1024, 400)
    """

    kind = "block"
    open_controls = 5
    sentence = (
        "UpSampling2D({factor}) and a {kernel_size} x {kernel_size} convolution "
        "on a {side} x {side} x {channels} map (f = {filters}): {written} MACs as written; "
        "{phased} phase by phase, the same output for {share} %; "
        "{transposed} as Conv2DTranspose; {shuffled} as Conv2D and depth-to-space. "
        "The window of output row {row}, column {column} has {taps} taps "
        "on {seen} different pixels."
    )
    presets: ClassVar = {
        "pix2pix: k = 4, s = 2": {
            "side": 4,
            "factor": 2,
            "kernel_size": 4,
            "channels": 512,
            "filters": 512,
        },
        "k = 3, s = 2": {"side": 4, "factor": 2, "kernel_size": 3, "channels": 64, "filters": 64},
        "ESPCN: k = 3, s = 3": {
            "side": 3,
            "factor": 3,
            "kernel_size": 3,
            "channels": 32,
            "filters": 1,
        },
    }

    side = Whole(4, 2, 6, "side n of the small map")
    factor = Whole(2, 1, 4, "factor s")
    kernel_size = Whole(3, 1, LARGEST_KERNEL, "kernel k")
    channels = Whole(1, 1, 512, "channels in", CHANNELS)
    filters = Whole(1, 1, 512, "filters (channels out)", CHANNELS)
    place = Whole(0, 0, (6 * 4) ** 2 - 1, "pixel of the output")

    @staticmethod
    def _parts() -> Parts:
        ways = block_ways(Tensor(n, n, c), f, k, s)
        formulas = {
            "macs": {name: cost.macs for name, cost in ways.items()},
            "params": {name: cost.params for name, cost in ways.items()},
            "each": {name: cost.macs / (n**2 * c * f) for name, cost in ways.items()},
        }
        # zeros that 'same' pads in front of an axis: a count that rounds
        kernels = range(1, LARGEST_KERNEL + 1)
        front = {str(size): Window(100, size, 1, "same").pads[0] for size in kernels}
        return formulas, {"front": front}

    def _check(self, state: State) -> None:
        place = state["place"]
        last = (state["side"] * state["factor"]) ** 2 - 1
        if place > last:
            raise ValueError(
                f"place must be one of the pixels 0 ... {last}, got {place}; try {last}"
            )

    def _numbers(self) -> State:
        x = Tensor(self.side, self.side, self.channels)
        ways = block_ways(x, self.filters, self.kernel_size, self.factor)
        macs = {name: cost.macs for name, cost in ways.items()}
        row, column = divmod(self.place, self.side * self.factor)
        return {
            **macs,
            "share": rounded(100 * (macs["phased"] / macs["written"])),
            "row": row + 1,
            "column": column + 1,
            "taps": self.kernel_size**2,
            "seen": self._sources(row) * self._sources(column),
        }

    def _sources(self, index: int) -> int:
        """Return the number of pixels of the small map that a window sees along one axis."""
        small, phase = divmod(index, self.factor)
        offsets = set(phase_offsets(self.kernel_size, self.factor)[phase])
        return sum(0 <= small + offset < self.side for offset in offsets)
