r"""Why is the published number another one: the counts of a network that round to it.

The same network has many numbers: MACs or FLOPs, with or without the taps on the padding, a transposed convolution
counted on its input or (wrongly) on its output, and each tool's own.  A number fits a count if the count rounds to it:

$$|\text{count} - \text{number}| \le \tfrac{1}{2}\ \text{unit of the last digit}.$$

If a size is a letter, the count is a formula, and it is solved for the letter.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

import sympy as sp

from unet_complexity.closed_form import tidy
from unet_complexity.engineering.conventions import conventions
from unet_complexity.engineering.fits import amount, free, obeys, parsed
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


def explain(network: Network, number: str | float) -> list[Reading]:
    """Return the counts of a network that round to a published number, the most plausible first.

    Plain conventions come before those of tools.  For a letter, round values (512 before 362) come first.

    Args:
        network: The network, with at most one letter.
        number: The number: text such as "6.0G", whose digits say how it was rounded, or a number.

    Returns:
        The readings; empty if no count fits.

    Raises:
        ValueError: The network has several letters or very many steps, or the number is not an amount.

    Example:
        >>> from unet_complexity import pix2pix_unet
        >>> print(*explain(pix2pix_unet(256, 3), "36.1G")[:2], sep="\\n")
        The FLOPs (2 for each MAC): 36,104,568,832.
        The FLOPs (2 MACs + elementwise operations): 36,120,938,496.
        >>> print(*explain(pix2pix_unet(in_channels=3), "72.2G")[:1])
        The MACs at N = 512: 72,209,137,664.
    """
    if len(network.steps) > MOST_STEPS:
        raise ValueError(
            f"a number is explained for a network of at most {MOST_STEPS:,} steps, got {len(network.steps):,}"
        )
    middle, half = _rounded(number)
    letters = free(network)
    found = []
    for convention, count in _counts(network):
        if isinstance(count, int):
            if abs(count - middle) <= half:
                found.append(Reading(count, convention))
            continue
        for letter in letters:
            values = _solved(count, letter, ceil(middle - half), floor(middle + half))
            allowed = [value for value in values if obeys(network.total().rules, {letter: value})]
            found += [Reading(values[value], convention, letter.name, value) for value in allowed]
    return sorted(found, key=_roundness)


def readings(network: Network, formulas: Network | str, number: str) -> list[Reading]:
    """Return the readings at the network's own size, then those at other sizes.

    Args:
        network: The network.
        formulas: The same network at the side N, or the reason why there is none.
        number: The number, as it was published.
    """
    found = explain(network, number)
    if isinstance(formulas, Network) and formulas != network:
        known = {reading.total for reading in found}  # the same size in letters
        others = explain(formulas, number)
        found += [reading for reading in others if reading.letter and reading.total not in known]
    return list(dict.fromkeys(found))


def in_words(network: Network, found: list[Reading], number: str) -> str:
    """Return a line per reading.

    Example:
        >>> from unet_complexity import classic_unet
        >>> print(in_words(classic_unet(256), [], "1.23G"))
        None of these counts of classic U-Net, 256 x 256 x 1 in, rounds to 1.23G, nor at another side.
    """
    nothing = f"None of these counts of {network.heading}, rounds to {number}, nor at another side."
    return "\n".join(map(str, found)) or nothing


def _rounded(number: str | float) -> tuple[int, Fraction]:
    """Return the number, and half a unit of its last digit.

    >>> _rounded("6.0G"), _rounded(5.33e9)
    ((6000000000, Fraction(50000000, 1)), (5330000000, Fraction(5000000, 1)))
    """
    text = number if isinstance(number, str) else f"{Decimal(str(number)).normalize():e}"
    digits, factor = parsed(text)
    written = Decimal(digits)
    last = int(written.as_tuple().exponent)
    if text is not number:
        last = min(last, written.adjusted() - 1)  # two digits at least
    return amount(text), Fraction(10) ** last * factor / 2


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
        yield f"FLOPs (2 for each MAC){way}", 2 * macs
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
    (x,), y = step.inputs, step.output
    return quotient(macs * y.height * y.width, x.height * x.width)


def _solved(count: Any, letter: sp.Symbol, least: int, most: int) -> dict[int, int]:
    """Return the values of the letter with which a growing count lies between two bounds, each with its count."""

    def at(value: int) -> int:
        return int(count.subs(letter, value).doit())

    first = bisect_left(range(LARGEST_SIDE), least, lo=1, key=at)
    found: dict[int, int] = {}
    while len(found) < MOST_SIDES and at(first) <= most:
        found[first] = at(first)
        first += 1
    return found


def _roundness(reading: Reading) -> int:
    """Return the odd part of the letter's value: 1 for 512, 181 for 362."""
    value = reading.value or 1
    return value // (value & -value)
