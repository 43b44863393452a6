"""Budget puzzles: find sizes that keep within a budget.  Any that do are right; the cost is counted anew each time.

A :class:`Puzzle` measures what the reader's numbers lead to.  Where a budget is exceeded it says by how much, and what
moving each letter by one step would do to it; a lower bound keeps away what is trivially small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from unet_complexity.checks.feedback import Feedback, is_blank, shown
from unet_complexity.checks.own import in_the_file
from unet_complexity.checks.phased import share_left
from unet_complexity.cost import Tensor
from unet_complexity.engineering.conventions import conventions
from unet_complexity.engineering.roofline import MACHINES, roofline
from unet_complexity.layers import Conv2D, PhaseConv2D, UpSampling2D
from unet_complexity.memory import peak
from unet_complexity.symbols import as_size
from unet_complexity.unets import classic_unet, pix2pix_unet

Amounts = dict[str, Any]  # exact numbers by what they count


class Letter(NamedTuple):
    """A size that the reader chooses, from 1 to ``largest``; a hint moves it by a factor of two or by one."""

    name: str
    largest: int
    doubling: bool = False

    def moves(self, value: int) -> tuple[int, ...]:
        """The values one step away that are possible."""
        steps = (value // 2, value * 2) if self.doubling else (value - 1, value + 1)
        return tuple(step for step in steps if 1 <= step <= self.largest)


@dataclass(frozen=True)
class Puzzle:
    """``measure`` turns numbers for the ``letters`` into amounts; each in ``most`` and ``least`` must be kept."""

    letters: tuple[Letter, ...]
    measure: Callable[..., Amounts]
    most: Amounts
    least: Amounts

    def judge(self, answer: Any) -> Feedback:
        """Whether the numbers keep all bounds, and if not, which letter to move."""
        if is_blank(answer):
            return Feedback(False, f"Put numbers in place of the dots. {self._bounds()} {self._wanted()}")
        try:
            sizes = self._sizes(answer)
            amounts = self.measure(*sizes)
        except (TypeError, ValueError) as error:
            return Feedback(False, f"{error}. {self._wanted()}")
        if faults := list(self._faults(amounts)):
            quantity, sign, _ = faults[0]
            return Feedback(False, " ".join([*(fault[2] for fault in faults), self._moves(sizes, quantity, sign)]))
        return Feedback(True, "; ".join(f"{quantity}: {shown(amounts[quantity])}" for quantity in amounts) + ".")

    def _bounds(self) -> str:
        most, least = (
            ", ".join(f"{quantity} {shown(bound)}" for quantity, bound in bounds.items())
            for bounds in (self.most, self.least)
        )
        return f"At most: {most}. At least: {least}."

    def _wanted(self) -> str:
        names = ", ".join(letter.name for letter in self.letters)
        return f"Give {len(self.letters)} whole numbers in brackets, in this order: ({names})."

    def _sizes(self, answer: Any) -> list[int]:
        if not isinstance(answer, (tuple, list)) or len(answer) != len(self.letters):
            what = f"{len(answer)} of them" if isinstance(answer, (tuple, list)) else f"a {type(answer).__name__}"
            raise TypeError(f"{len(self.letters)} numbers are wanted, and this is {what}")
        sizes = []
        for letter, value in zip(self.letters, answer, strict=True):
            if isinstance(value, (tuple, list)):
                raise TypeError(f"{letter.name} must be one number here, for both axes, got {value}")
            size = as_size(value, letter.name)
            if not isinstance(size, int):
                raise TypeError(f"{letter.name} must be a number here, got {size}")
            if size > letter.largest:
                raise ValueError(f"{letter.name} must be at most {letter.largest:,} here, got {size:,}")
            sizes.append(size)
        return sizes

    def _faults(self, amounts: Amounts) -> Iterator[tuple[str, int, str]]:
        """Each bound that is not kept: of what, -1 where it must fall and 1 where it must grow, in words."""
        for quantity, bound in self.most.items():
            if (found := amounts[quantity]) > bound:
                times = shown(round(float(found / bound), 3))
                yield quantity, -1, f"Too much, {quantity}: {shown(found)}, {times} times the {shown(bound)} allowed."
        for quantity, bound in self.least.items():
            if (found := amounts[quantity]) < bound:
                yield quantity, 1, f"Too little, {quantity}: {shown(found)}, and at least {shown(bound)} are wanted."

    def _moves(self, sizes: list[int], quantity: str, sign: int) -> str:
        """What one step of each letter does to a quantity that must fall (-1) or grow (1)."""
        before = self.measure(*sizes)
        now, said = before[quantity], []
        for place, letter in enumerate(self.letters):
            for value in letter.moves(sizes[place]):
                moved = self.measure(*sizes[:place], value, *sizes[place + 1 :])
                if sign * (moved[quantity] - now) > 0 and self._allowed(moved, before):
                    said.append(f"{letter.name} from {sizes[place]} to {value} makes it {shown(moved[quantity])}")
        return f"Which letter would you move? For {quantity}: {'; '.join(said)}." if said else "Move another letter."

    def _allowed(self, moved: Amounts, before: Amounts) -> bool:
        """Whether each size that was large enough is so still."""
        return all(moved[quantity] >= min(bound, before[quantity]) for quantity, bound in self.least.items())


def _layer(filters: int, kernel_size: int, strides: int) -> Amounts:
    layer, x = Conv2D(filters, kernel_size, strides=strides), Tensor(128, 128, 64)
    cost, rows = layer.cost(x), layer.output(x).height
    return {"MACs": cost.macs, "parameters": cost.params, "filters": filters, "kernel": kernel_size, "rows out": rows}


def _copy(side: int, size: int, channels: int, filters: int) -> Amounts:
    x, up = Tensor(side, side, channels), UpSampling2D(size)
    macs = Conv2D(filters, 3).cost(up.output(x)).macs
    large = {"side of the large map": side * size, "size": size, "channels": channels, "filters": filters}
    return {"elements copied": up.cost(x).writes, "MACs of the convolution": macs} | large


@lru_cache(maxsize=1000)
def _phases(kernel_size: int, size: int) -> Amounts:
    macs = PhaseConv2D(1, kernel_size, size).cost(Tensor(1, 1, 1)).macs
    left = 100 * share_left(kernel_size, size)
    return {"per cent left": left, "MACs per small pixel": macs, "kernel": kernel_size, "size": size}


@lru_cache(maxsize=1000)
def _unet(base_filters: int, depth: int) -> Amounts:
    total = classic_unet(side=256, base_filters=base_filters, depth=depth).total()
    return {"MACs": total.macs, "parameters": total.params, "depth": depth}


@lru_cache(maxsize=1000)
def _apart(tiles: int, base_filters: int) -> Amounts:
    network = pix2pix_unet(side=128 * tiles, in_channels=3, base_filters=base_filters)
    more, less = (int(conventions[tool].total(network)) for tool in ("torchlens", "torch FlopCounterMode"))
    return {"side": 128 * tiles, "MACs": network.total().macs, "per cent apart": Fraction(100 * (more - less), less)}


@lru_cache(maxsize=1000)
def _least_time(tiles: int, base_filters: int) -> Amounts:
    network = pix2pix_unet(side=128 * tiles, in_channels=3, base_filters=base_filters)
    least = 1000 * roofline(network, MACHINES["NVIDIA T4"], fused=True).seconds
    return {"least ms": least, "side": 128 * tiles, "parameters": network.total().params}


@lru_cache(maxsize=1000)
def _own(width: int, depth: int) -> Amounts:
    network = in_the_file(width, depth, 256)
    cost, most = network.total(), peak(network).elements
    return {"MACs": cost.macs, "numbers at the fullest moment": most, "parameters": cost.params}


PUZZLES = {
    "a layer on a budget": Puzzle(
        (Letter("filters", 10_000, doubling=True), Letter("kernel_size", 32), Letter("strides", 128)),
        _layer,
        {"MACs": 200_000_000, "parameters": 50_000},
        {"filters": 64, "kernel": 3, "rows out": 32},
    ),
    "a copy on a budget": Puzzle(
        (
            Letter("side", 10_000, doubling=True),
            Letter("size", 256),
            Letter("channels", 10_000, doubling=True),
            Letter("filters", 10_000, doubling=True),
        ),
        _copy,
        {"elements copied": 1_000_000, "MACs of the convolution": 100_000_000},
        {"side of the large map": 256, "size": 2, "channels": 8, "filters": 16},
    ),
    "phases on a budget": Puzzle(
        (Letter("kernel_size", 32), Letter("size", 32)),
        _phases,
        {"per cent left": 30, "MACs per small pixel": 40},
        {"kernel": 3, "size": 2},
    ),
    "a U-Net on a budget": Puzzle(
        (Letter("base_filters", 1_000, doubling=True), Letter("depth", 8)),
        _unet,
        {"MACs": 10_000_000_000, "parameters": 2_000_000},
        {"parameters": 1_000_000, "depth": 3},
    ),
    "tools apart": Puzzle(
        (Letter("tiles", 100), Letter("base_filters", 1_000, doubling=True)),
        _apart,
        {"side": 1024},
        {"MACs": 1_000_000_000, "per cent apart": Fraction(5, 2)},
    ),
    "a network on a clock": Puzzle(
        (Letter("tiles", 100), Letter("base_filters", 1_000, doubling=True)),
        _least_time,
        {"least ms": 2},
        {"side": 384, "parameters": 3_000_000},
    ),
    "your network on a budget": Puzzle(
        (Letter("width", 1_000, doubling=True), Letter("depth", 8)),
        _own,
        {"MACs": 1_500_000_000, "numbers at the fullest moment": 3_000_000, "parameters": 4_000_000},
        {"parameters": 1_000_000},
    ),
}
