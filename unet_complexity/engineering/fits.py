r"""Does it fit: bytes of inference and of training by cause, and the largest network in a memory.

The model adds to :mod:`unet_complexity.memory`, for a batch of B images and numbers of one type:

- **Parameters** are there throughout. Training also holds a *gradient* of each trainable parameter, and the
  optimizer's own numbers: none for plain SGD, one per trainable parameter with momentum, two for Adam.
- The forward pass keeps the maps of :func:`~unet_complexity.memory.live`.
- The backward pass runs the steps in reverse. A step needs the activations that it and the steps before it saved, the
  gradient of its output, and the gradients of its inputs, which it writes. The network's outputs stay for the loss.

$$\text{peak} = \text{bytes per number} \cdot \left(\text{parameters} + \text{gradients} + \text{optimizer}
  + B \cdot \max_i\, \text{maps}(i)\right).$$

It bounds nothing that a framework adds: padded copies, workspaces, an allocator's rounding. The gradients are counted
from the start, as they are if they are set to zero between two batches, not freed.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, islice
from typing import Any, NamedTuple

import sympy as sp

from unet_complexity.cost import Cost, Rule, bytes_of
from unet_complexity.escaping import in_message, shortened
from unet_complexity.memory import holders, read_again, wired
from unet_complexity.networks import Network
from unet_complexity.symbols import as_size, one_of

OPTIMIZERS = {"sgd": 0, "momentum": 1, "adam": 2}  # numbers that each keeps per trainable parameter
PREFIXES = "_kmgt"  # the power of 1000 is the place; that of no prefix is 0
LARGEST_PERIOD = 4096  # distance between two sizes that a network may have: 2^depth


@dataclass(frozen=True)
class Footprint:
    """Bytes at the peak, by cause.

    Attributes:
        step: Name of the step that runs at the peak.
        phase: "forward" or "backward".
        parameters: Parameters.
        gradients: Gradients of the trainable parameters.
        optimizer: The optimizer's own numbers.
        saved_activations: Maps that wait for the backward pass.
        other_maps: All other maps and gradients of maps.
    """

    step: str
    phase: str
    parameters: int
    gradients: int
    optimizer: int
    saved_activations: int
    other_maps: int

    @property
    def peak(self) -> int:
        """All bytes together."""
        _, _, *held = astuple(self)
        return sum(held)


def footprint(
    network: Network,
    training: bool = False,
    batch: int = 1,
    dtype: str = "float32",
    optimizer: str = "adam",
) -> Footprint:
    """Return the bytes at the peak of inference, or of training.

    Args:
        network: A whole network with every size a number.
        training: Also count the backward pass and what it needs.
        batch: Images that run together.
        dtype: Type of all numbers.
        optimizer: "sgd", "momentum" or "adam"; it matters in training only.

    Raises:
        ValueError: A size is a letter, the network is only a part, or a name is not known.

    Example:
        >>> from unet_complexity import classic_unet
        >>> found = footprint(classic_unet(256), training=True)
        >>> found.peak, found.saved_activations, found.step, found.phase
        (729536544, 198967296, 'dec0.act2', 'backward')
    """
    one_of("optimizer", optimizer, OPTIMIZERS)
    batch = as_size(batch, "batch")
    if not isinstance(batch, int):
        raise ValueError(f"memory in bytes needs a batch in numbers, got {batch}; try 1")
    total = in_numbers(network, "memory in bytes")
    step, phase, waiting, others = _peak(network, training)
    trained = total.trainable_params if training else 0
    numbers = (
        total.params,
        trained,
        trained * OPTIMIZERS[optimizer],
        waiting * batch,
        others * batch,
    )
    return Footprint(step, phase, *(bytes_of(number, dtype) for number in numbers))


def _peak(network: Network, training: bool) -> tuple[str, str, int, int]:
    """Return the step and the phase of the peak, the elements that wait there, and all others.

    Moment i runs step i forward; moment 2n - 1 - i runs it backward.
    """
    steps = wired(network)
    holder = holders(network, training)
    end = (1 + training) * len(steps) - 1
    lives = {name: [x.size, 0, 0] for name, x in network.inputs.items()}  # first and last use
    saved: dict[str, int] = {}  # last moment that reads it again
    for place, step in enumerate(steps):
        for source in step.sources:
            lives[holder[source]][2] = place
        if holder[step.name] == step.name:
            lives[step.name] = [step.output.size, place, place]
        for name, size in read_again(step, holder).items() if training else ():
            saved.setdefault(name, end - place)
            lives.setdefault(name, [size, place, place])  # a mask
    # sums of what begins and ends, not a list of maps for each moment: a file may have very many steps
    changes = [[0] * (end + 2) for _ in range(2)]  # of others, of what waits for the backward pass

    def hold(size: int, first: int, last: int, waits: bool) -> None:
        changes[waits][first] += size
        changes[waits][last + 1] -= size

    ends = {holder[name] for name in network.outputs}
    for name, (size, first, last) in lives.items():
        until = end if name in ends else saved.get(name, last)
        hold(size, first, until, name in saved)
        if training and name in holder and name not in network.inputs:  # its gradient
            begins = len(steps) if name in ends else end - last
            hold(size, begins, end - first, False)
    others, waiting = (list(accumulate(change)) for change in changes)
    held = [*map(sum, zip(others, waiting, strict=True))]
    highest = held.index(max(held))
    forward = highest < len(steps)
    step = steps[highest if forward else end - highest]
    return step.name, "forward" if forward else "backward", waiting[highest], others[highest]


def rounded(number: str | float) -> tuple[int, Fraction]:
    """Parse an amount and half a unit of its last digit: 6.0G is 6,000,000,000, to 50,000,000.

    Args:
        number: Text, or a number of two digits or more.

    Raises:
        ValueError: It is not an amount.

    Example:
        >>> rounded("6.0G"), rounded("2e9")
        ((6000000000, Fraction(50000000, 1)), (2000000000, Fraction(500000000, 1)))
        >>> rounded(6e9) == rounded("6.0G")
        True
    """
    if isinstance(number, str):
        text = number
    else:
        text = f"{Decimal(str(number)).normalize():e}"
        if "." not in text:
            text = text.replace("e", ".0e")  # two digits at least
    found = re.fullmatch(
        r"([0-9]{1,18}(?:\.[0-9]{1,18})?(?:e\+?[0-9]{1,2})?)(?:([kmgt])(i?))?b?", text.lower()
    )
    if not found:
        raise ValueError(f"an amount is 2e9, 6.0G, 11GB or 8GiB, got {shortened(text, 40)!r}")
    digits, prefix, binary = found.groups("")
    factor = Fraction(1024 if binary else 1000) ** PREFIXES.index(prefix)
    last = Decimal(digits).as_tuple().exponent
    unit = Fraction(f"1e{last}") * factor
    return int(Fraction(digits) * factor), unit / 2


def amount(text: str) -> int:
    """Parse an amount: 2e9, 6.0G, 11GB, 8GiB.

    Raises:
        ValueError: It is not an amount.

    Example:
        >>> amount("6.0G"), amount("11GB"), amount("8GiB"), amount("2e9")
        (6000000000, 11000000000, 8589934592, 2000000000)
    """
    return rounded(text)[0]


def letters_of(network: Network) -> list[sp.Symbol]:
    """Return the letters in a network's sizes; none if these are numbers.

    Views of an input read nothing, so its own sides are looked at too.
    """
    sides = (x.shape for x in network.inputs.values())
    return sorted(sp.Tuple(network.total().reads, *sides).free_symbols, key=str)


def in_numbers(network: Network, what: str) -> Cost:
    """Return the total of a network whose sizes are numbers.

    Raises:
        ValueError: A size is a letter.
    """
    if letters_of(network):
        raise ValueError(
            f"{what} needs sizes in numbers, got {network.heading}; give them, as in network.at(N=256)"
        )
    return network.total()


def free(network: Network) -> list[sp.Symbol]:
    """Return a list with the network's only letter; an empty one if all sizes are numbers.

    Raises:
        ValueError: The network has several letters.
    """
    letters = letters_of(network)
    if letters[1:]:
        raise ValueError(
            f"a size is found for one letter, got the letters {letters}; give the others numbers, as in "
            "network.at(...)"
        )
    return letters


def obeys(rules: Iterable[Rule], given: dict[sp.Symbol, Any]) -> bool:
    """Return True if the values of letters break no rule."""
    try:
        for rule in rules:
            rule.at(given, {})
    except ValueError:
        return False
    return True


class Fit(NamedTuple):
    """The largest value that fits: of a letter, or of the batch; and the memory that it takes."""

    letter: str
    value: int
    memory: Footprint


def fits(
    network: Network,
    memory: str | int,
    training: bool = False,
    batch: int = 1,
    dtype: str = "float32",
    optimizer: str = "adam",
) -> Fit:
    """Return the largest value of the network's letter with which it fits; without a letter, the largest batch.

    The letter may be the side, the width, the depth or any other.

    Args:
        network: A whole network with at most one letter.
        memory: Bytes, or text such as "11GB" (10^9) and "8GiB" (2^30).
        training: Fit the training, not only the inference.
        batch: Images that run together; the smallest batch, if the network has no letter.
        dtype: Type of all numbers.
        optimizer: "sgd", "momentum" or "adam".

    Raises:
        ValueError: The network has several letters, or no size that is tried works or fits.

    Example:
        >>> from unet_complexity import pix2pix_unet
        >>> fits(pix2pix_unet(in_channels=3), "11GB", training=True)[:2]
        ('N', 2304)
        >>> fits(pix2pix_unet(256, 3), "11GB", training=True)[:2]
        ('batch', 86)
    """
    bound = amount(memory) if isinstance(memory, str) else as_size(memory, "memory")
    letters = free(network)
    rules = network.total().rules
    name = "batch"
    values = range(batch, batch + 2)
    if letters:
        name = letters[0].name
        values = range(1, 2 * LARGEST_PERIOD)

    def taken(value: int) -> Footprint:
        if letters:
            return footprint(network.at(**{name: value}), training, batch, dtype, optimizer)
        return footprint(network, training, value, dtype, optimizer)

    def allowed(value: int) -> bool:
        return obeys(rules, dict.fromkeys(letters, value))

    found = [*islice(filter(allowed, values), 2)]
    if not found:
        raise ValueError(f"no {name} up to {values[-1]:,} obeys the rules: {network.regime}")
    smallest = found[0]
    step = found[-1] - smallest or 2 * LARGEST_PERIOD
    least = taken(smallest).peak
    if least > bound:
        raise ValueError(
            f"{in_message(network.name)} needs at least {least:,} bytes, at {name} = {smallest}, "
            f"got {bound:,}; try a smaller network, a smaller type or more memory"
        )

    def fails(times: int) -> bool:
        value = smallest + times * step
        return not allowed(value) or taken(value).peak > bound

    above = 1
    while not fails(above):
        above *= 2
    times = bisect_left(range(above), True, lo=above // 2, key=fails) - 1
    value = smallest + times * step
    return Fit(name, value, taken(value))
