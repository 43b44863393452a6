"""Explorer of your own network, level by level, and the sides at which its formulas hold."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise, product, starmap
from typing import Any
from zlib import crc32

import sympy as sp

from unet_complexity.escaping import in_message, not_counted, plain
from unet_complexity.explorers import module
from unet_complexity.explorers.base import Choice, Explorer, State, Whole
from unet_complexity.explorers.javascript import Formulas, Parts, Table
from unet_complexity.explorers.unets import NAMES, counts_of_network, summary, templates
from unet_complexity.layers import Convolution
from unet_complexity.networks import Network
from unet_complexity.symbols import N, as_expr, substitute
from unet_complexity.unets import pix2pix_unet

Networks = Network | Mapping[tuple[int, int], Network]
LARGEST = 1024
MOST_RULES = (
    200  # rules and heights; deep networks have some dozens, and each is tried at each side
)
SENTENCE = (
    "{side} x {side}: {macs} MACs, {params} parameters, {memory} activation elements "
    "({size} at float32). Largest shares: parameters {params_share} % at level {params_level}, "
    "MACs {macs_share} % at level {macs_level}, memory {memory_share} % at level {memory_level}."
)


class NetworkExplorer(Explorer):
    """A network of your own, level by level: where the parameters, the MACs and the memory are.

    Controls: ``side``, one at which the formulas hold; ``width`` and ``depth``, if there are
    several networks; folded away: ``axis`` ("share", "log"). Memory: elements of all convolution
    outputs, 4 bytes each at float32.

    Args:
        network: A network that was read or built with the letter N for its side, N x N in, and with
            no other letter. Or several of them by (width, depth), each width with each depth:
            ``{(w, d): build(w, d) for w in ... for d in ...}``. Four of the pix2pix family if None.
        **state: Values of controls.

    Raises:
        TypeError: ``network`` is not a network, or the explorer lacks a control.
        ValueError: The input is not N x N, the network has another letter, a width lacks a depth,
            or a control's value is not valid.

    Example:
        >>> from unet_complexity import classic_unet
        >>> NetworkExplorer(classic_unet(), side=256).numbers["macs"]
        48096083968
    """

    kind = "network"
    scripts = ("unet.js", "stack.js")
    open_controls = 3
    sentence = "{network}, width {width}, depth {depth}, " + SENTENCE

    width = Choice(("32", "64"), "width")
    depth = Choice(("6", "7"), "depth")
    side = Whole(256, 64, LARGEST, "side N")
    axis = Choice(("share", "log"), "bars show")

    def __init__(self, network: Networks | None = None, **state: Any) -> None:
        parts = _default_parts() if network is None else _parts(_variants(network))
        self._by_side, self._fixed = parts
        self._script_data = module.written(*parts)
        # on a page of several networks, the script finds its own by this name
        self._id = f"{crc32(self._script_data.encode()):x}"
        sides = [one["side"] for one in self._fixed.values()]
        largest = max(one["high"] for one in sides)
        self._ranges: State = {"side": {"low": min(one["low"] for one in sides), "high": largest}}
        start: State = {"side": _near(256, **sides[0])}
        columns = zip(*map(str.split, self._fixed), strict=True)
        for name, column in zip(self.controls, columns, strict=False):
            options = sorted(set(column), key=int)
            self._ranges[name] = {"options": options}
            start[name] = options[0]
        if "" in self._fixed:
            self.controls = ("side", "axis")
            self.open_controls = 1
            self.sentence = "{network}, " + SENTENCE
        super().__init__(**{**start, **state})

    def _control(self, name: str) -> State:
        return {**super()._control(name), **self._ranges.get(name, {})}

    def _spec(self) -> State:
        return {**super()._spec(), "network": self._id}

    def _counts(self) -> str:
        return self._script_data

    def _chosen(self, state: State) -> str:
        """Return the key of the network with the chosen width and depth."""
        return " ".join(state[name] for name in ("width", "depth") if name in self.controls)

    def _check(self, state: State) -> None:
        side = state["side"]
        low, high, step = self._fixed[self._chosen(state)]["side"].values()
        near = _near(side, low, high, step)
        if side != near:
            raise ValueError(
                f"side must be {low}, {low + step}, ... {high} for this network, got {side}; try {near}"
            )

    def _numbers(self) -> State:
        chosen = self._chosen(self.state)
        table = self._fixed[chosen]
        levels = {}
        for fixed, counts in zip(table["levels"], self._by_side[chosen], strict=True):
            levels[fixed["level"]] = {
                name: substitute(counts[name], {N: self.side}) for name in NAMES
            }
        return {"network": table["network"], **summary(levels)}


@cache  # 180 ms
def _default_parts() -> Parts:
    """Return formulas and table of the question's network and its neighbours."""
    keys = product((32, 64), (6, 7))
    return _parts({f"{g} {d}": pix2pix_unet(N, 3, base_filters=g, depth=d) for g, d in keys})


def _parts(networks: dict[str, Network]) -> Parts:
    """Return the formulas and the table of the script, each by network."""
    formulas: Formulas = {}
    table: Table = {}
    for key, network in networks.items():
        name = plain(network.name)
        if network.total().macs == 0:
            raise ValueError(
                f"an explorer needs a network with MACs, got none in {in_message(name)}"
            )
        if network.missing:
            name += f" ({not_counted(network.missing)})"
        formulas[key], levels = zip(*starmap(_level, network.groups("level").items()), strict=True)
        table[key] = {
            "network": name,
            "levels": levels,
            "forms": templates(network),
            "side": sides(network),
        }
    return formulas, table


def _level(level: int, network: Network) -> Parts:
    """Return a level's counts as formulas, and its description, which holds at every side.

    Side and filters are those of the output with the most channels, of a convolution if there is
    one.
    """
    steps = [step for step in network if isinstance(step.layer, Convolution)] or network.steps
    if not all(isinstance(step.output.channels, int) for step in steps):
        raise ValueError("an explorer needs channels that are numbers, got letters there")
    widest = max((step.output for step in steps), key=lambda x: x.channels)
    fixed = {
        "level": level,
        "filters": widest.channels,
        "parts": {step.part: True for step in network},
        "forms": {name: form.format(N="N") for name, form in templates(network).items()},
    }
    return {"side": widest.height, **counts_of_network(network)}, fixed


def sides(network: Network) -> dict[str, int]:
    """Return the sides at which a network's formulas hold, as a slider's range.

    Its rules must hold and every map must have a whole side. The range ends at 1024 or at four
    times the smallest side, whichever is larger.

    Args:
        network: A network with the letter N alone.

    Returns:
        The smallest side, the largest, and the step between them, in pixels.

    Raises:
        ValueError: The sides do not come in equal steps, or there are too many rules.

    Example:
        >>> sides(pix2pix_unet(N, 3))
        {'low': 128, 'high': 1024, 'step': 128}
    """
    wholes = {rule.whole for rule in network.rules}
    wholes |= {step.output.height - 1 for step in network}
    if len(wholes) > MOST_RULES:
        raise ValueError(
            f"an explorer tries sides by at most {MOST_RULES} rules and heights, got {len(wholes):,}"
        )
    fractions = (sp.fraction(sp.together(whole)) for whole in wholes)
    # coefficients as numbers of Python's: a thousand rules at a thousand sides take a second
    rules = {
        (tuple(map(int, sp.Poly(above, N).all_coeffs())), int(below)) for above, below in fractions
    }
    found: list[int] = []
    for side in range(1, 64 * LARGEST):
        if found and side > max(LARGEST, 4 * found[0]):
            break
        if all(_holds(*rule, side) for rule in rules):
            found.append(side)
    steps = {after - before for before, after in pairwise(found)}
    if len(steps) != 1:
        raise ValueError(
            f"an explorer needs sides in equal steps, got {found[:4]} where {network.regime}"
        )
    return {"low": found[0], "high": found[-1], "step": steps.pop()}


def _holds(above: tuple[int, ...], below: int, side: int) -> bool:
    """Return True if a fraction, a polynomial over a number, is whole and not negative at a side."""
    value = 0
    for coefficient in above:
        value = value * side + coefficient
    return value % below == 0 and value * below >= 0


def _near(side: int, low: int, high: int, step: int) -> int:
    """Return the side of a range that is nearest to ``side``, the smaller of two."""
    return min(range(low, high + 1, step), key=lambda one: abs(one - side))


def _variants(network: Any) -> dict[str, Network]:
    """Return networks by "width depth", or one network by an empty key, all checked."""
    networks = network if isinstance(network, Mapping) else {(): network}
    for one in networks.values():
        _check_network(one)
    lengths = {len(key) if isinstance(key, tuple) else None for key in networks}
    if lengths not in ({0}, {2}):
        raise TypeError(
            f"several networks come as {{(width, depth): network}}, got the keys {[*networks]}"
        )
    grid = set(product(*zip(*networks, strict=True)))
    if missing := grid.difference(networks):
        raise ValueError(f"each width must come with each depth, and {min(missing)} is missing")
    return {" ".join(map(str, key)): one for key, one in networks.items()}


def _check_network(network: Any) -> None:
    if not isinstance(network, Network):
        raise TypeError(
            f"an explorer draws a Network, got {network!r}; try from_onnx(path, side=N)"
        )
    if (N, N) not in [x.sides for x in network.inputs.values()]:
        raise ValueError(
            f"the explorer moves the side N of an N x N input, got {network.heading}; read or build it with side=N"
        )
    letters = as_expr(network.total().reads).free_symbols
    if others := sorted(map(str, letters - {N})):
        raise ValueError(
            f"the explorer moves the side alone, got the letters {others} too; give numbers for them"
        )
