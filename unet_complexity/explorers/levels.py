"""Explorer of a U-Net, level by level."""

from __future__ import annotations

from typing import ClassVar

from unet_complexity.explorers.base import CHANNELS, Choice, Explorer, State, Whole
from unet_complexity.explorers.javascript import Parts
from unet_complexity.explorers.unets import (
    blocks,
    build,
    counts_of_network,
    summary,
    templates,
    unets,
)
from unet_complexity.networks import Network

STOPS = [2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024]


class LevelsExplorer(Explorer):
    """A U-Net level by level: where the parameters, the MACs and the memory are.

    Memory: elements of all convolution outputs, 4 bytes each at float32.

    Args:
        family: "classic" or "pix2pix".
        depth: Number of levels below the first, 1 ... 8, pix2pix from 2.
        side: Side of the image, a multiple of 2**depth, at most 1024.
        base_filters: Filters of the first level, 1 ... 128.
        kernel_size: Side of the kernel, 1 ... 7.
        up: Upsampling of the classic U-Net, "transpose" or "upsample". This and the following are
            folded away.
        in_channels: Channels of the image, 1 ... 256.
        out_channels: Channels of the output, 1 ... 256.
        doublings: How often pix2pix doubles its filters, 0 ... 7.
        axis: Lengths of the bars, "share" or "log".

    Raises:
        TypeError: The explorer lacks a control of that name.
        ValueError: A value is out of its range, or the values do not agree.

    Example:
        >>> LevelsExplorer(depth=4).numbers["macs"]
        48096083968
        >>> sizes = {"depth": 7, "kernel_size": 4, "in_channels": 3, "out_channels": 3}
        >>> LevelsExplorer(family="pix2pix", **sizes).numbers["params"]
        41843331
    """

    kind = "levels"
    scripts = ("unet.js", "stack.js")
    open_controls = 5
    sentence = (
        "{family} U-Net, {side} x {side}, depth {depth}: {macs} MACs, "
        "{params} parameters, {memory} activation elements ({size} at float32). "
        "Largest shares: parameters {params_share} % at level {params_level}, "
        "MACs {macs_share} % at level {macs_level}, "
        "memory {memory_share} % at level {memory_level}."
    )
    presets: ClassVar = {
        "Ronneberger 2015 shape, 256²": {
            "family": "classic", "depth": 4, "side": 256, "base_filters": 64, "kernel_size": 3,
            "up": "transpose", "in_channels": 1, "out_channels": 2,
        },
        "the question's generator (pix2pix), 256²": {
            "family": "pix2pix", "depth": 7, "side": 256, "base_filters": 64, "kernel_size": 4,
            "in_channels": 3, "out_channels": 3, "doublings": 3,
        },
    }  # fmt: skip

    family = Choice(("classic", "pix2pix"), "family")
    depth = Whole(4, 1, 8, "depth")
    side = Whole(256, 2, 1024, "side N", STOPS)
    base_filters = Whole(
        64, 1, 128, "width (base filters)", (1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128)
    )
    kernel_size = Whole(3, 1, 7, "kernel k")
    up = Choice(("transpose", "upsample"), "going up")
    in_channels = Whole(1, 1, 256, "channels in", CHANNELS[:-1])
    out_channels = Whole(2, 1, 256, "channels out (classes)", CHANNELS[:-1])
    doublings = Whole(3, 0, 7, "doublings of the width")
    axis = Choice(("share", "log"), "bars show")

    @staticmethod
    def _parts() -> Parts:
        forms = {name: templates(net) for name, net in unets().items()}
        return {name: blocks(net) for name, net in unets().items()}, {"forms": forms}

    def _check(self, state: State) -> None:
        self._network(state)

    def _network(self, state: State) -> Network:
        family = state["family"]
        special = "up" if family == "classic" else "doublings"
        names = ("side", "base_filters", "kernel_size", "depth", special)
        sizes = {name: state[name] for name in names}
        return build(family, state["in_channels"], state["out_channels"], **sizes)

    def _numbers(self) -> State:
        levels = self._network(self.state).groups("level")
        return summary({level: counts_of_network(part) for level, part in levels.items()})
