"""The explorer of a U-Net, level by level."""

from __future__ import annotations

from typing import Any, ClassVar

import traitlets

from unet_complexity.explorers.base import CHANNELS, Choice, Explorer, Whole, rounded, together
from unet_complexity.explorers.formulas import counts_of_network
from unet_complexity.explorers.templates import closed_forms, filled
from unet_complexity.networks import Network
from unet_complexity.unets import classic_unet, pix2pix_unet


class LevelsExplorer(Explorer):
    """A U-Net level by level: where the parameters, the MACs and the memory are.

    Controls: ``family`` ("classic", "pix2pix"), ``depth`` (1 ... 8, pix2pix from 2), ``side`` (a multiple of 2**depth,
    at most 1024), ``base_filters`` (1 ... 128), ``kernel_size`` (1 ... 7); folded away: ``up`` of the classic U-Net
    ("transpose", "upsample"), ``in_channels``, ``out_channels``, ``doublings`` of pix2pix, ``axis`` ("share", "log").
    Memory: elements of all convolution outputs, 4 bytes each at float32.

    >>> LevelsExplorer(depth=4).numbers["macs"]
    48096083968
    >>> LevelsExplorer(family="pix2pix", depth=7, kernel_size=4, in_channels=3, out_channels=3).numbers["params"]
    41843331
    """

    kind = "levels"
    shown = ("family", "depth", "side", "base_filters", "kernel_size")
    folded = ("up", "in_channels", "out_channels", "doublings", "axis")
    sentence = (
        "{family} U-Net, {side} x {side}, depth {depth}: {macs} MACs, {params} parameters, {memory} activation "
        "elements ({size} at float32). Largest shares: parameters {params_share} % at level {params_level}, "
        "MACs {macs_share} % at level {macs_level}, memory {memory_share} % at level {memory_level}."
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
    side = Whole(256, 2, 1024, "side N", sorted(a * 2**b for a in (1, 3) for b in range(1, 11) if a * 2**b <= 1024))
    base_filters = Whole(64, 1, 128, "width (base filters)", (1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128))
    kernel_size = Whole(3, 1, 7, "kernel k")
    up = Choice(("transpose", "upsample"), "going up")
    in_channels = Whole(1, 1, 256, "channels in", CHANNELS[:-1])
    out_channels = Whole(2, 1, 256, "channels out (classes)", CHANNELS[:-1])
    doublings = Whole(3, 0, 7, "doublings of the width")
    axis = Choice(("share", "log"), "bars show")
    _goes_together = traitlets.validate(*shown, *folded)(together)

    @property
    def forms(self) -> list[list[str]]:
        """Each total as a formula: its name, in letters, with the numbers filled in, its value."""
        return filled(closed_forms()[self._shape()], self._letters(), self.numbers)

    def _shape(self) -> str:
        if self.family == "classic":
            return f"classic {self.up}"
        return "pix2pix capped" if self.depth >= self.doublings + 2 else "pix2pix rising"

    def _letters(self) -> dict[str, int]:
        names = ("side", "in_channels", "out_channels", "base_filters", "kernel_size", "depth", "doublings")
        return dict(
            zip(("N", "C_in", "C_out", "g", "k", "L", "q"), (getattr(self, name) for name in names), strict=True)
        )

    def _check(self, state: dict[str, Any]) -> None:
        if state["family"] == "pix2pix" and state["depth"] < 2:
            raise ValueError(f"depth of the pix2pix family must be at least 2, got {state['depth']}; try 2")
        self._network(state)

    def _network(self, state: dict[str, Any]) -> Network:
        sizes = {name: state[name] for name in ("side", "in_channels", "base_filters", "kernel_size", "depth")}
        if state["family"] == "classic":
            return classic_unet(classes=state["out_channels"], up=state["up"], **sizes)
        return pix2pix_unet(out_channels=state["out_channels"], doublings=state["doublings"], **sizes)

    def _numbers(self) -> dict[str, Any]:
        net = self._network(self.state)
        levels = {level: counts_of_network(part) for level, part in net.groups("level").items()}
        numbers: dict[str, Any] = counts_of_network(net)
        numbers["size"] = bytes_written(4 * numbers["memory"])
        for name in ("params", "macs", "memory"):
            # of equal levels the upper one, as in the picture
            most = max(sorted(levels), key=lambda level: levels[level][name])
            share = 100 * (levels[most][name] / numbers[name])
            numbers |= {f"{name}_level": most, f"{name}_share": rounded(share)}
        return numbers


def bytes_written(size: int) -> str:
    """A size in memory as the picture has it: "152.5 MiB"."""
    units = ("bytes", "KiB", "MiB", "GiB")
    power = min(3, (size.bit_length() - 1) // 10)
    return f"{size} bytes" if power == 0 else f"{rounded(size / 1024**power)} {units[power]}"
