"""The explorer of growth: double one size of a network and see what each count does."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any, ClassVar

import traitlets

from unet_complexity.cost import Tensor
from unet_complexity.explorers.base import Choice, Explorer, Whole, together
from unet_complexity.explorers.formulas import counts_of_convolution, counts_of_network
from unet_complexity.unets import classic_unet, pix2pix_unet

LETTERS = ("side", "kernel_size", "channels", "base_filters", "depth")
COUNTS = ("params", "macs", "memory")
DEEPEST, LARGEST = 14, 4096  # after doubling the depth; of a side that is doubled itself


class GrowthExplorer(Explorer):
    """Double one size, once or twice: what do parameters, MACs and memory do?

    Controls: ``network`` ("pix2pix", "classic", "convolution"), ``letter`` (the size to double: "side",
    "kernel_size", "channels", "base_filters", "depth"), ``times`` (1, 2); folded away: ``side`` (at most 4096, and
    16384 where the depth is doubled; a multiple of 2**depth, also of the doubled depth), ``depth`` (1 ... 7, pix2pix
    from 2), ``base_filters`` (1 ... 64), ``kernel_size`` (1 ... 7), ``channels`` (1 ... 64).
    A network's channels are those of the image, in and out; memory is all convolution outputs, in elements.

    >>> explorer = GrowthExplorer(letter="side")
    >>> explorer.numbers["params_factor"], explorer.numbers["macs_factor"]
    ('1', '4')
    """

    kind = "growth"
    shown = ("network", "letter", "times")
    folded = ("side", "depth", "base_filters", "kernel_size", "channels")
    sentence = (
        "{network}, {letter} from {before} to {after}: parameters x{params_factor}, MACs x{macs_factor}, "
        "memory x{memory_factor}. Before: {params} parameters, {macs} MACs, {memory} activation elements. "
        "After: {params_after} parameters, {macs_after} MACs, {memory_after} activation elements."
    )
    presets: ClassVar = {
        "the question's generator (pix2pix), 256²": {
            "network": "pix2pix", "side": 256, "depth": 7, "base_filters": 64, "kernel_size": 4, "channels": 3,
        },
        "Ronneberger 2015 shape, 256²": {
            "network": "classic", "side": 256, "depth": 4, "base_filters": 64, "kernel_size": 3, "channels": 1,
        },
        "one 3 x 3 convolution": {
            "network": "convolution", "side": 256, "base_filters": 64, "kernel_size": 3, "channels": 64,
        },
    }  # fmt: skip

    network = Choice(("pix2pix", "classic", "convolution"), "network")
    letter = Choice(LETTERS, "double the")
    times = Whole(1, 1, 2, "how often")
    side = Whole(256, 2, 4 * LARGEST, "side N", sorted({2**b for b in range(1, 15)} | {3 * 2**b for b in range(1, 13)}))
    depth = Whole(7, 1, 7, "depth L")
    base_filters = Whole(64, 1, 64, "width g (base filters)", (1, 2, 4, 8, 16, 24, 32, 48, 64))
    kernel_size = Whole(4, 1, 7, "kernel k")
    channels = Whole(3, 1, 64, "channels C", (1, 2, 3, 4, 8, 16, 32, 64))
    _goes_together = traitlets.validate(*shown, *folded)(together)

    def _check(self, state: dict[str, Any]) -> None:
        net, deeper = state["network"], state["letter"] == "depth"
        if net == "convolution" and deeper:
            listed = ", ".join(map(repr, LETTERS[:-1]))
            raise ValueError(f"letter must be one of {listed} for one convolution, got 'depth'; try 'side'")
        if net == "pix2pix" and state["depth"] < 2:
            raise ValueError(f"depth of the pix2pix family must be at least 2, got {state['depth']}; try 2")
        deepest, highest = state["depth"] * 2 ** state["times"], DEEPEST // 2 ** state["times"]
        if deeper and deepest > DEEPEST:
            raise ValueError(f"depth must be at most {DEEPEST} when doubled, got {deepest}; try depth {highest}")
        if not deeper and state["side"] > LARGEST:
            raise ValueError(f"side must be at most {LARGEST}, got {state['side']}; try {LARGEST}")
        for one in (state, {**state, **self._doubled(state)}):
            _counts(one)

    @staticmethod
    def _doubled(state: dict[str, Any]) -> dict[str, Any]:
        return {state["letter"]: state[state["letter"]] * 2 ** state["times"]}

    def _numbers(self) -> dict[str, Any]:
        doubled = self._doubled(self.state)
        before, after = _counts(self.state), _counts({**self.state, **doubled})
        return {
            "before": getattr(self, self.letter),
            "after": doubled[self.letter],
            **before,
            **{f"{name}_after": after[name] for name in COUNTS},
            **{f"{name}_factor": factor(after[name], before[name]) for name in COUNTS},
        }


def factor(after: int, before: int) -> str:
    """How many times as much: whole if it is exactly that, else with three digits or, from 100 on, rounded.

    >>> factor(72, 18), factor(3999, 1000), factor(41843331, 16)
    ('4', '4.00', '2615208')
    """
    if after % before == 0:
        return str(after // before)
    times = Decimal(after / before)
    if times >= 100:
        return str(times.quantize(Decimal(1), ROUND_HALF_UP))
    return str(Context(prec=3, rounding=ROUND_HALF_UP).plus(times))


def _counts(state: dict[str, Any]) -> dict[str, Any]:
    names = ("network", "channels", "side", "base_filters", "kernel_size", "depth")
    return _counted(**{name: state[name] for name in names})


@lru_cache(maxsize=64)  # a state is asked for when it is checked, and again for its numbers
def _counted(network: str, channels: int, **sizes: Any) -> dict[str, Any]:
    if network == "classic":
        return counts_of_network(classic_unet(in_channels=channels, classes=channels, **sizes))
    if network == "pix2pix":
        return counts_of_network(pix2pix_unet(in_channels=channels, out_channels=channels, **sizes))
    x = Tensor(sizes["side"], sizes["side"], channels)
    return counts_of_convolution(x, sizes["base_filters"], sizes["kernel_size"])
