r"""Why is the published number another one: the counts of a network that round to it.

The same network has many numbers: MACs or FLOPs, with or without the taps on the padding, a transposed convolution
counted on its input or (wrongly) on its output, and each tool's own.  A number fits a count if the count rounds to it:

$$|\text{count} - \text{number}| \le \tfrac{1}{2}\ \text{unit of the last digit}.$$

If a size is a letter, the count is a formula, and it is solved for the letter.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from fractions import Fraction
from itertools import takewhile
from math import ceil, prod
from typing import Any, NamedTuple

import sympy as sp

from unet_complexity.closed_form import tidy
from unet_complexity.engineering.conventions import conventions
from unet_complexity.engineering.fits import free, obeys, rounded
from unet_complexity.layers import Conv2DTranspose
from unet_complexity.networks import Network, Step
from unet_complexity.symbols import Size, add_up, quotient

LARGEST_SIDE = 2**14
MOST_STEPS = 5_000  # some seconds, since each tool counts each step
MOST_SIDES = 256  # tried per count; a number of one digit fits many


class Reading(NamedTuple):
    """A count that rounds to the number, the convention that it follows, and where: the letter's value, if any."""

    total: int
    convention: str
    letter: str | None = None
    value: int | None = None

    def __str__(self) -> str:
        where = f" at {self.letter} = {self.value:,}" if self.letter else ""
        return f"The {self.convention}{where}: {self.total:,}."


def explain(
    network: Network, number: str | float, formulas: Network | str | None = None
) -> list[Reading]:
    """Return the counts of a network that round to a published number, the most plausible first.

    Plain conventions come before those of tools.  For a letter, round values (512 before 362) come first.

    Args:
        network: The network, with at most one letter.
        number: The number: text such as "6.0G", whose digits say how it was rounded, or a number.
        formulas: The same network at the side N: its readings at other sides follow.  Text, the reason why there is
            none, adds nothing.

    Returns:
        The readings; empty if no count fits.

    Raises:
        ValueError: The network has several letters or very many steps, or the number is not an amount.

    Example:
        >>> from unet_complexity import pix2pix_unet
        >>> print(*explain(pix2pix_unet(256, 3), "36.1G")[:2], sep="\\n")
        The FLOPs, 2 for each MAC: 36,104,568,832.
        The FLOPs (2 MACs + elementwise operations): 36,120,938,496.
        >>> print(*explain(pix2pix_unet(in_channels=3), "72.2G")[:1])
        The MACs at N = 512: 72,209,137,664.
    """
    if len(network.steps) > MOST_STEPS:
        raise ValueError(
            f"a number is explained for a network of at most {MOST_STEPS:,} steps, got {len(network.steps):,}"
        )
    middle, half = rounded(number)
    readings = _readings(network, ceil(middle - half), middle + half)
    found = sorted(readings, key=_roundness)
    if isinstance(formulas, Network) and formulas != network:
        known = {reading.total for reading in found}  # the same size in letters
        for reading in explain(formulas, number):
            if reading.letter and reading.total not in known:
                found.append(reading)
    return found


def _readings(network: Network, least: int, most: Fraction) -> Iterator[Reading]:
    """Yield the counts between two bounds, plain conventions first."""
    letters = free(network)
    rules = network.total().rules
    for convention, count in _counts(network):
        if isinstance(count, int):
            if least <= count <= most:
                yield Reading(count, convention)
            continue
        for letter in letters:
            for value, total in _solved(count, letter, least, most):
                if obeys(rules, {letter: value}):
                    yield Reading(total, convention, letter.name, value)


def _counts(network: Network) -> Iterator[tuple[str, Size]]:
    """Yield each convention and its count, plain ones first."""
    total = network.total()
    on_output = tidy(add_up(map(_on_output, network)))
    ways = {
        "": total.macs,
        " with transposed convolutions counted on their outputs": on_output,
        " without taps on the padding": total.macs_in_bounds,
    }
    for way, macs in ways.items():
        if way and macs == total.macs:
            continue
        yield f"MACs{way}", macs
        yield f"FLOPs, 2 for each MAC{way}", 2 * macs
    yield "FLOPs (2 MACs + elementwise operations)", total.flops
    yield "parameters", total.params
    for name, convention in conventions.items():
        try:
            count = convention.total(network)
        except ValueError:  # this tool's count of a layer is not known
            continue
        yield f"{convention.unit} that {name} prints as {convention.label}", count


def _on_output(step: Step) -> Size:
    """Return the MACs of a step, those of a transposed convolution at each pixel of its output."""
    macs = step.cost.macs
    if not isinstance(step.layer, Conv2DTranspose):
        return macs
    (x,) = step.inputs
    return quotient(macs * prod(step.output.sides), prod(x.sides))


def _solved(count: Any, letter: sp.Symbol, least: int, most: Fraction) -> Iterator[tuple[int, int]]:
    """Return the values of the letter with which a growing count lies between two bounds, each with its count."""

    def at(value: int) -> int:
        return int(count.subs(letter, value).doit())

    first = bisect_left(range(LARGEST_SIDE), least, lo=1, key=at)
    sizes = ((value, at(value)) for value in range(first, first + MOST_SIDES))
    return takewhile(lambda size: size[1] <= most, sizes)


def _roundness(reading: Reading) -> int:
    """Return the odd part of the letter's value: 1 for 512, 181 for 362."""
    value = reading.value or 1
    return value // (value & -value)
