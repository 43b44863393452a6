r"""Why is the published number another one: the counts of a network that round to it.

The same network has many numbers: MACs or FLOPs, with or without the taps on the padding, a transposed convolution
counted on its input or (wrongly) on its output, and each tool's own.  A number fits a count if the count rounds to it:

$$|\text{count} - \text{number}| \le \tfrac{1}{2}\ \text{unit of the last digit}.$$

If a size is a letter, the count is a formula, and it is solved for the letter.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal
from typing import Any, NamedTuple

import sympy as sp

from unet_complexity.closed_form import tidy
from unet_complexity.cost import Rule
from unet_complexity.engineering.conventions import conventions
from unet_complexity.engineering.fits import amount
from unet_complexity.layers import Conv2DTranspose
from unet_complexity.networks import Network
from unet_complexity.symbols import Size, as_expr, exact

LARGEST_SIDE = 2**14
MOST_STEPS = 5_000  # some seconds, since each tool counts each step
MOST_SIDES = 256  # tried per count; a number of one digit fits many


class Reading(NamedTuple):
    """A count that rounds to the number, the convention that it follows, and where: the letter's value, if any."""

    total: int
    convention: str
    letter: str = ""
    value: int = 0

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
        The FLOPs, 2 for each MAC: 36,104,568,832.
        The FLOPs (2 MACs + elementwise operations): 36,120,938,496.
        >>> print(*explain(pix2pix_unet(in_channels=3), "72.2G")[:1])
        The MACs at N = 512: 72,209,137,664.
    """
    if len(network.steps) > MOST_STEPS:
        raise ValueError(
            f"a number is explained for a network of at most {MOST_STEPS:,} steps, got {len(network.steps):,}"
        )
    middle, half = _rounded(number)
    letters = network.total().map(tidy)
    free = sorted(sp.Tuple(letters.reads, letters.params).free_symbols, key=str)
    if len(free) > 1:
        raise ValueError(
            f"a number is solved for one letter, got the letters {free}; give the others numbers, as in "
            "network.at(...)"
        )
    rules = network.rules or network.total().rules
    found = []
    for convention, count in _counts(network):
        if isinstance(count, int):
            if abs(count - middle) <= half:
                found.append(Reading(count, convention))
        elif free:
            found += _solved(count, convention, free[0], rules, middle, half)
    return sorted(found, key=_roundness)


def in_words(network: Network, formulas: Network | str, number: str) -> str:
    """Return a line per reading: at the network's own size, then at other sizes.

    Args:
        network: The network.
        formulas: The same network at the side N, or the reason why there is none.
        number: The number, as it was published.

    Example:
        >>> from unet_complexity import classic_unet
        >>> print(in_words(classic_unet(256), classic_unet(), "1.23G"))
        None of these counts of classic U-Net, 256 x 256 x 1 in, rounds to 1.23G, nor at another side.
    """
    found = explain(network, number)
    if isinstance(formulas, Network) and formulas != network:
        known = {reading.total for reading in found}  # the same size in letters
        others = [reading for reading in explain(formulas, number) if reading.letter]
        found += [reading for reading in others if reading.total not in known]
    lines = list(dict.fromkeys(map(str, found)))
    if not lines:
        return (
            f"None of these counts of {network.heading}, rounds to {number}, nor at another side."
        )
    return "\n".join(lines)


def _rounded(number: str | float) -> tuple[int, Decimal]:
    """Return the number, and half a unit of its last digit.

    >>> _rounded("6.0G"), _rounded(5.33e9)
    ((6000000000, Decimal('5E+7')), (5330000000, Decimal('5E+6')))
    """
    text = number
    if not isinstance(number, str):
        mantissa, _, exponent = f"{Decimal(str(number)).normalize():e}".partition("e")
        if "." not in mantissa:
            mantissa += ".0"  # two digits at least
        text = f"{mantissa}e{int(exponent)}"
    middle = amount(str(text))
    written = str(text).lower().rstrip("bi").rstrip("kmgt").partition("e")[0]
    digits = written.replace(".", "")
    unit = Decimal(middle) / Decimal(int(digits) or 1)
    return middle, (unit / 2).normalize()


def _counts(network: Network) -> Iterator[tuple[str, Size]]:
    """Yield each convention and its count, plain ones first."""
    total = network.total()
    moved: Size = 0  # what counting on the output adds
    for step in network:
        if isinstance(step.layer, Conv2DTranspose):
            x, y = step.inputs[0], step.output
            moved += step.cost.macs * y.height * y.width / as_expr(x.height * x.width)
            moved -= step.cost.macs
    on_output = exact(total.macs + moved)
    yield "MACs", total.macs
    yield "FLOPs, 2 for each MAC", 2 * total.macs
    yield "FLOPs (2 MACs + elementwise operations)", total.flops
    if moved:
        yield "MACs with transposed convolutions counted on their outputs", tidy(on_output)
        yield (
            "FLOPs, 2 for each MAC, with transposed convolutions counted on their outputs",
            tidy(2 * on_output),
        )
    yield "MACs without taps on the padding", total.macs_in_bounds
    yield "FLOPs, 2 for each MAC, without taps on the padding", 2 * total.macs_in_bounds
    yield "parameters", total.params
    for name, convention in conventions.items():
        try:
            count = convention.total(network)
        except ValueError:  # this tool's count of a layer is not known
            continue
        yield f"{convention.unit} that {name} prints as {convention.label}", count


def _solved(
    count: Any,
    convention: str,
    letter: sp.Symbol,
    rules: tuple[Rule, ...],
    middle: int,
    half: Decimal,
) -> Iterator[Reading]:
    """Yield the values of the letter with which a growing count rounds to the number."""

    def at(value: int) -> int:
        return int(count.subs(letter, value).doit())

    least = int((middle - half).to_integral_value(ROUND_CEILING))
    first = bisect_left(range(LARGEST_SIDE), least, lo=1, key=at)
    for value in range(first, first + MOST_SIDES):
        if not least <= at(value) <= middle + half:
            break
        try:
            for rule in rules:
                rule.at({letter: value}, {})
        except ValueError:
            continue
        yield Reading(at(value), convention, letter.name, value)


def _roundness(reading: Reading) -> int:
    """Return the odd part of the letter's value: 1 for 512, 181 for 362."""
    value = reading.value or 1
    return value // (value & -value)
