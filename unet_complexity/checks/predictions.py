"""What the notebooks ask the reader to predict, with outcomes that the package computes when they are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from unet_complexity.checks.feedback import shown
from unet_complexity.checks.own import in_the_file
from unet_complexity.checks.phased import share_left
from unet_complexity.checks.seconds import (
    gain_of_twice_the_bandwidth,
    power_of_the_side,
    share_of_the_copies,
    share_of_the_last_convolution,
)
from unet_complexity.cost import Cost, Tensor
from unet_complexity.engineering.conventions import Convention, conventions
from unet_complexity.layers import Conv2D, Convolution, UpSampling2D
from unet_complexity.layers.phased import phase_offsets
from unet_complexity.memory import peak
from unet_complexity.networks import Network
from unet_complexity.symbols import c, f, k, n
from unet_complexity.unets import classic_unet, pix2pix_unet

Guess: TypeAlias = int | float | str
CLOSE = 1.05  # a guess off by less is called close
FAR = 10**9  # beyond, the factor tells nobody anything


@dataclass(frozen=True)
class Prediction:
    """A question, what it comes to (several values, where several are right), and how a guess is written.

    ``form`` holds the number: "x {}", "{} %".  ``choices``: the words offered, where no number is asked.
    """

    asked: str
    outcome: Callable[[], tuple[Any, ...]]
    form: str = "{}"
    choices: tuple[str, ...] = ()

    def wanted(self) -> str:
        """The request for a guess."""
        what = f"one of {', '.join(map(repr, self.choices))}" if self.choices else "a number"
        return f"Your guess goes in place of None: {what}."

    def said(self, guess: Guess | None) -> str:
        """A guess with its unit."""
        return "no guess" if guess is None else self._written(guess)

    def was(self) -> str:
        """The outcome with its unit."""
        return " or ".join(map(self._written, self.outcome()))

    def verdict(self, guess: Guess | None) -> str:
        """How far a guess is off."""
        outcomes = self.outcome()
        if guess is None:
            return ""
        if guess in outcomes:
            return "right"
        if self.choices:
            return "another one"
        was = float(outcomes[0])
        if 0 in (guess, was):
            return "too little" if guess == 0 else "too much"
        ratio, what = max((float(guess) / was, "much"), (was / float(guess), "little"))
        return "close" if ratio < CLOSE else f"{_times(ratio)} too {what}"

    def _written(self, value: Any) -> str:
        return str(value) if self.choices else self.form.format(shown(value, digits=6))


def _times(ratio: float) -> str:
    return f"{shown(ratio, digits=3)} times" if ratio < FAR else "far"


def _asked() -> Network:
    return pix2pix_unet(side=256, in_channels=3)


def _written(side: int) -> Any:
    return UpSampling2D(2).cost(Tensor(side, side, 3)).writes


def _six(channels: int = 1, filters: int = 1) -> Cost:
    return Conv2D(filters, 3, use_bias=False).cost(Tensor(6, 6, channels))


def _wide(times: int) -> Any:
    return Conv2D(times * f, k).cost(Tensor(n, n, times * c)).macs


def _weights(kernel_size: int) -> Any:
    return Conv2D(64, kernel_size).cost(Tensor(6, 6, 64)).params


def _after() -> tuple[Any, ...]:
    x, conv = Tensor(n, n, c), Conv2D(f, k)
    return (conv.cost(UpSampling2D(2).output(x)).macs / conv.cost(x).macs,)


def _share() -> tuple[Any, ...]:
    whole = _asked()
    return (round(100 * whole.groups("part")["decoder"].total().macs / whole.total().macs, 2),)


def _larger_pass() -> tuple[str, ...]:
    x, rows, columns = Tensor(3, 3, 1), UpSampling2D((2, 1)), UpSampling2D((1, 2))
    first, second = rows.cost(x).writes, columns.cost(rows.output(x)).writes
    return ("the first",) if first > second else ("the second",) if second > first else ("neither",)


def _pixels(choose: Callable[..., int]) -> tuple[int, ...]:
    per_axis = [len(set(offsets)) for offsets in phase_offsets(k=4, s=2)]
    return (choose(a * b for a in per_axis for b in per_axis),)


def _smaller_kernel() -> tuple[str, ...]:
    return ("a larger share" if share_left(3, 2) > share_left(4, 2) else "a smaller share",)


def _largest_blocks() -> tuple[str, ...]:
    macs = {name: block.total().macs for name, block in _asked().groups("block").items()}
    return tuple(name for name, count in macs.items() if count == max(macs.values()))


def _deeper() -> tuple[Any, ...]:
    seven, fourteen = (pix2pix_unet(side=2**14, in_channels=3, depth=depth).total().macs for depth in (7, 14))
    return (round(fourteen / seven, 4),)


def _levels(depth: int) -> Any:
    return classic_unet(side=256, depth=depth).total().params


def _twice_the_filters(measure: Callable[[Network], Any]) -> tuple[Any, ...]:
    narrow, wide = (pix2pix_unet(side=256, in_channels=3, base_filters=g) for g in (64, 128))
    return (round(measure(wide) / measure(narrow), 3),)


def _workers() -> list[Convention]:
    return [tool for tool in conventions.values() if tool.unit != "parameters"]


def _spread() -> tuple[Any, ...]:
    printed = [tool.recorded for tool in _workers()]
    return (round(max(printed) / min(printed), 2),)


def _copiers() -> tuple[int, ...]:
    return (sum("upsampling" in tool.parts(_asked()) for tool in _workers()),)


def _busiest_levels() -> tuple[str, ...]:
    macs = {level: part.total().at(N=256).macs for level, part in in_the_file().groups("level").items()}
    return tuple(f"level {level}" for level, count in macs.items() if count == max(macs.values()))


def _memory_on_top() -> tuple[Any, ...]:
    network = in_the_file(side=256).only(Convolution)
    return (round(100 * network.groups("level")[0].total().writes / network.total().writes, 1),)


def _wider_file() -> tuple[Any, ...]:
    return (round(in_the_file(width=32, side=256).total().macs / in_the_file(side=256).total().macs, 3),)


PREDICTIONS = {
    "a doubled side": Prediction(
        "How many times as many elements does UpSampling2D(size=2) write for a map with twice the side?",
        lambda: (_written(8) // _written(4),),
        "x {}",
    ),
    "convolution after a copy": Prediction(
        "By what factor does the cost of a convolution grow if it runs after UpSampling2D(size=2), not before it?",
        _after,
        "x {}",
    ),
    "share after copies": Prediction(
        "What percentage of the multiplications of the asker's network happens after an UpSampling2D?", _share, "{} %"
    ),
    "6 x 6 pixels": Prediction(
        "How many multiplications does a 3 x 3 kernel make on 6 x 6 pixels, padded to 6 x 6 out?",
        lambda: (_six().macs, _six().macs_in_bounds),
    ),
    "2 channels, 4 filters": Prediction(
        "By what factor does the count grow with 2 channels and 4 filters in place of 1 and 1?",
        lambda: (_six(2, 4).macs // _six().macs,),
        "x {}",
    ),
    "twice as wide": Prediction(
        "By what factor do the MACs grow with twice the channels and twice the filters?",
        lambda: (_wide(2) / _wide(1),),
        "x {}",
    ),
    "twice the kernel": Prediction(
        "By what factor do the parameters grow with a 6 x 6 kernel in place of 3 x 3, 64 channels and 64 filters?",
        lambda: (round(_weights(6) / _weights(3), 4),),
        "x {}",
    ),
    "elements of 4 x 4 x 3": Prediction(
        "How many elements does UpSampling2D(size=2) write for a 4 x 4 map with 3 channels?", lambda: (_written(4),)
    ),
    "multiplications of 4 x 4 x 3": Prediction(
        "How many multiplications does UpSampling2D(size=2) make on it?",
        lambda: (UpSampling2D(2).cost(Tensor(4, 4, 3)).macs,),
    ),
    "the larger pass": Prediction(
        "With both factors at 2, which pass writes more: the first (rows) or the second (columns)?",
        _larger_pass,
        choices=("the first", "the second", "neither"),
    ),
    "fewest pixels": Prediction(
        "After UpSampling2D(size=2), how many different small pixels does a 4 x 4 window see at the least?",
        lambda: _pixels(min),
    ),
    "most pixels": Prediction("How many small pixels does such a window see at the most?", lambda: _pixels(max)),
    "a smaller kernel": Prediction(
        "With a kernel of 3 in place of 4, which share of the multiplications is left, phase by phase?",
        _smaller_kernel,
        choices=("a larger share", "a smaller share"),
    ),
    "largest block": Prediction(
        "Which block of the asker's network makes most MACs?",
        _largest_blocks,
        choices=(*(f"d{i}" for i in range(1, 8)), *(f"u{i}" for i in range(1, 7)), "out"),
    ),
    "fourteen steps": Prediction(
        "How many times the MACs does a network with 14 steps have, in place of 7, at the same side?", _deeper, "x {}"
    ),
    "parameters of twice the filters": Prediction(
        "By what factor do the parameters of the asker's network grow with 128 base filters in place of 64?",
        lambda: _twice_the_filters(lambda net: net.total().params),
        "x {}",
    ),
    "memory of twice the filters": Prediction(
        "By what factor does the memory for the outputs of its convolutions grow?",
        lambda: _twice_the_filters(lambda net: net.only(Convolution).total().writes),
        "x {}",
    ),
    "parameters of twice the depth": Prediction(
        "By what factor do the parameters of the classic U-Net grow from 4 levels to 8?",
        lambda: (round(_levels(8) / _levels(4), 1),),
        "x {}",
    ),
    "fullest moment": Prediction(
        "How many million numbers does a classic U-Net hold at the fullest moment, for one image of 256 x 256?",
        lambda: (round(peak(classic_unet(side=256)).elements / 1e6, 2),),
        "{} million",
    ),
    "largest by smallest": Prediction(
        "Nineteen tools count the work of the asker's network: what is the largest total, divided by the smallest?",
        _spread,
        "x {}",
    ),
    "tools that count a copy": Prediction("How many of the nineteen count something for UpSampling2D?", _copiers),
    "seconds of the copies": Prediction(
        "What percentage of ONNX Runtime's time do the seven UpSampling2D of the asker's network take?",
        lambda: (share_of_the_copies(),),
        "{} %",
    ),
    "seconds of the last convolution": Prediction(
        "The last convolution makes 2.2 % of the MACs. What percentage of PyTorch's time does it take?",
        lambda: (share_of_the_last_convolution(),),
        "{} %",
    ),
    "twice the bandwidth": Prediction(
        "By what factor does the least time of the whole network fall if memory becomes twice as fast?",
        lambda: (gain_of_twice_the_bandwidth(),),
        "x {}",
    ),
    "power of the side": Prediction(
        "The time grows like a power of the side N: which one fits what ONNX Runtime took best?",
        lambda: (power_of_the_side(),),
        "N^{}",
    ),
    "busiest level of the file": Prediction(
        "Which level of the U-Net in the file (width 16, depth 3) makes most MACs?",
        _busiest_levels,
        choices=tuple(f"level {level}" for level in range(4)),
    ),
    "memory on the top level": Prediction(
        "What percentage of its convolutions' outputs, in elements, lies on level 0?", _memory_on_top, "{} %"
    ),
    "the file twice as wide": Prediction(
        "By what factor do its MACs grow with width 32 in place of 16?", _wider_file, "x {}"
    ),
}
