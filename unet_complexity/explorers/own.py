"""Anybody's network as an explorer needs it: each level's counts as formulas in the side N, and the sides that fit."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

import sympy as sp

from unet_complexity.closed_form import tidy
from unet_complexity.cost import not_counted
from unet_complexity.escaping import plain
from unet_complexity.explorers.formulas import Formulas, Table
from unet_complexity.explorers.templates import template
from unet_complexity.layers import Convolution
from unet_complexity.networks import Network
from unet_complexity.symbols import N, as_expr
from unet_complexity.unets import pix2pix_unet

LARGEST = 1024


@cache
def asked() -> tuple[Formulas, Table]:
    """The asker's network and its neighbours, for who brings none."""
    return parts({f"{g} {d}": pix2pix_unet(N, 3, base_filters=g, depth=d) for g in (32, 64) for d in (6, 7)})


def parts(networks: Mapping[str, Network]) -> tuple[Formulas, Table]:
    """Of each network by its key: the counts of its levels as formulas; and what stays the same at every side."""
    levels = {key: _levels(network) for key, network in networks.items()}
    return {key: [counts for counts, _ in each] for key, each in levels.items()}, {
        key: {
            "network": plain(network.name) + f" ({not_counted(network.missing)})" * bool(network.missing),
            "levels": [fixed for _, fixed in levels[key]],
            "forms": {name: template(total) for name, total in _counts(network).items()},
            "side": sides(network),
        }
        for key, network in networks.items()
    }


def _levels(network: Network) -> list[tuple[Formulas, Table]]:
    return [_level(level, part) for level, part in sorted(network.groups("level").items())]


def _level(level: int, part: Network) -> tuple[Formulas, Table]:
    """Sizes are those of the widest convolution's output."""
    counts = _counts(part)
    convolutions = [step for step in part if isinstance(step.layer, Convolution)] or list(part)
    widest = max((step.output for step in convolutions), key=lambda x: x.channels)
    return {"side": widest.height, **counts}, {
        "level": level,
        "filters": widest.channels,
        "parts": {step.part: True for step in part},
        "forms": {name: template(count).format(N="N") for name, count in counts.items()},
    }


def _counts(network: Network) -> dict[str, Any]:
    """Parameters and MACs of all layers, elements of all convolution outputs."""
    cost = network.total()
    memory = tidy(sum(step.output.size for step in network if isinstance(step.layer, Convolution)))
    return {"params": cost.params, "macs": cost.macs, "memory": memory}


def sides(network: Network) -> dict[str, int]:
    """The sides that the network's formulas hold at, up to 1024 or to four times the smallest, as a slider wants them.

    Its rules must hold, and every map must have whole sides.

    >>> sides(pix2pix_unet(N, 3))
    {'low': 128, 'high': 1024, 'step': 128}
    """
    wholes = {rule.whole for rule in network.rules} | {as_expr(step.output.height - 1) for step in network}
    rules = [[Fraction(str(c)) for c in sp.Poly(whole, N).all_coeffs()] for whole in wholes]
    found: list[int] = []
    for side in range(1, 64 * LARGEST):
        if found and side > max(LARGEST, 4 * found[0]):
            break
        if all(_is_size(rule, side) for rule in rules):
            found.append(side)
    steps = {after - before for before, after in pairwise(found)}
    if len(steps) != 1:
        raise ValueError(f"an explorer needs sides in equal steps, got {found[:4]} where {network.regime}")
    return {"low": found[0], "high": found[-1], "step": steps.pop()}


def _is_size(coefficients: list[Fraction], side: int) -> bool:
    value = Fraction(0)
    for coefficient in coefficients:
        value = value * side + coefficient
    return value >= 0 and value.denominator == 1
