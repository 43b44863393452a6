"""Explorer of growth: double one size of a network and see by what factor each count grows."""

from __future__ import annotations

from typing import ClassVar

from unet_complexity.cost import Tensor
from unet_complexity.explorers.base import Choice, Explorer, State, Whole, three_digits
from unet_complexity.explorers.javascript import Parts
from unet_complexity.explorers.unets import blocks, build, counts_of_network, unets
from unet_complexity.layers import Conv2D
from unet_complexity.networks import Network
from unet_complexity.symbols import C_in, N, Size, g, k

LETTERS = ("side", "kernel_size", "channels", "base_filters", "depth")
DEEPEST = 14  # after doubling
LARGEST = 4096  # side, unless the depth is doubled
STOPS = sorted([*(2**b for b in range(1, 15)), *(3 * 2**b for b in range(1, 13))])


class GrowthExplorer(Explorer):
    """Double one size, once or twice: by what factor do parameters, MACs and memory grow?

    A network's channels are those of the image, in and out. Memory: elements of all convolution
    outputs.

    Args:
        network: "pix2pix", "classic" or "convolution".
        letter: Size to double: "side", "kernel_size", "channels", "base_filters" or "depth".
        times: Number of doublings, 1 or 2.
        side: Side of the image, a multiple of 2**depth, also of the doubled depth; at most 4096, or
            16384 if the depth is doubled. This and the following are folded away.
        depth: 1 ... 7, pix2pix from 2.
        base_filters: Filters of the first level, 1 ... 64.
        kernel_size: Side of the kernel, 1 ... 7.
        channels: 1 ... 64.

    Raises:
        TypeError: The explorer lacks a control of that name.
        ValueError: A value is out of its range, or the values do not agree.

    Example:
        >>> explorer = GrowthExplorer(letter="side")
        >>> explorer.numbers["params_factor"], explorer.numbers["macs_factor"]
        ('1', '4')
    """

    kind = "growth"
    scripts = ("unet.js",)
    open_controls = 3
    sentence = (
        "{network}, {letter} from {before} to {after}: parameters x{params_factor}, "
        "MACs x{macs_factor}, memory x{memory_factor}. "
        "Before: {params} parameters, {macs} MACs, {memory} activation elements. "
        "After: {params_after} parameters, {macs_after} MACs, {memory_after} activation elements."
    )
    presets: ClassVar = {
        "the question's generator (pix2pix), 256²": {
            "network": "pix2pix", "side": 256, "depth": 7, "base_filters": 64,
            "kernel_size": 4, "channels": 3,
        },
        "Ronneberger 2015 shape, 256²": {
            "network": "classic", "side": 256, "depth": 4, "base_filters": 64,
            "kernel_size": 3, "channels": 1,
        },
        "one 3 x 3 convolution": {
            "network": "convolution", "side": 256, "base_filters": 64, "kernel_size": 3,
            "channels": 64,
        },
    }  # fmt: skip

    network = Choice(("pix2pix", "classic", "convolution"), "network")
    letter = Choice(LETTERS, "double the")
    times = Whole(1, 1, 2, "how often")
    side = Whole(256, 2, 4 * LARGEST, "side N", STOPS)
    depth = Whole(7, 1, 7, "depth L")
    base_filters = Whole(64, 1, 64, "width g (base filters)", (1, 2, 4, 8, 16, 24, 32, 48, 64))
    kernel_size = Whole(4, 1, 7, "kernel k")
    channels = Whole(3, 1, 64, "channels C", (1, 2, 3, 4, 8, 16, 32, 64))

    @staticmethod
    def _parts() -> Parts:
        drawn = {name: blocks(net) for name, net in unets().items() if name != "classic upsample"}
        convolution = _counts_of_convolution(Tensor(N, N, C_in), g, k)
        return {"unets": drawn, "convolution": convolution}, {}

    def _check(self, state: State) -> None:
        network = state["network"]
        depth = state["depth"]
        side = state["side"]
        if state["letter"] != "depth":
            if side > LARGEST:
                raise ValueError(f"side must be at most {LARGEST}, got {side}; try {LARGEST}")
        elif network == "convolution":
            listed = ", ".join(map(repr, LETTERS[:-1]))
            raise ValueError(
                f"letter must be one of {listed} for one convolution, got 'depth'; try 'side'"
            )
        else:
            times = 2 ** state["times"]
            if depth * times > DEEPEST:
                raise ValueError(
                    f"depth must be at most {DEEPEST} when doubled, got {depth * times}; try depth {DEEPEST // times}"
                )
        if network != "convolution":
            _network(state)
            _network(_doubled(state))

    def _numbers(self) -> State:
        doubled = _doubled(self.state)
        before = _counts(self.state)
        numbers = {"before": self.state[self.letter], "after": doubled[self.letter], **before}
        for name, after in _counts(doubled).items():
            numbers[f"{name}_after"] = after
            numbers[f"{name}_factor"] = factor(after, before[name])
        return numbers


def factor(after: int, before: int) -> str:
    """Return the factor of growth: exact if whole, else three digits, or rounded from 100 on.

    Example:
        >>> factor(72, 18), factor(5, 2), factor(3999, 1000), factor(41843331, 16)
        ('4', '2.50', '4.00', '2615208')
    """
    if after % before == 0:
        return str(after // before)
    return three_digits(after / before).replace(",", "")


def _doubled(state: State) -> State:
    letter = state["letter"]
    return {**state, letter: state[letter] * 2 ** state["times"]}


def _network(state: State) -> Network:
    channels = state["channels"]
    sizes = {name: state[name] for name in ("side", "base_filters", "kernel_size", "depth")}
    return build(state["network"], channels, channels, **sizes)


def _counts(state: State) -> State:
    if state["network"] != "convolution":
        return counts_of_network(_network(state))
    x = Tensor(state["side"], state["side"], state["channels"])
    return _counts_of_convolution(x, state["base_filters"], state["kernel_size"])


def _counts_of_convolution(x: Tensor, filters: Size, kernel_size: Size) -> State:
    """Return parameters, MACs and output elements of a convolution that keeps the side."""
    cost = Conv2D(filters, kernel_size).cost(x)
    return {"params": cost.params, "macs": cost.macs, "memory": cost.writes}
