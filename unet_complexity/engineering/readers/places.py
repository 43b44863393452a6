r"""Where a layer of a real model belongs: its level, and the part of the network.

The level of a map is $\log_2$ of the input's side over its own, the nearest whole number; what is not a map any more, a
vector or a sequence, has the level of what it was made of.  The encoder ends where the lowest level is first reached,
the bottleneck lies there, and what comes up again is the decoder; where nothing does, what is not a map is the head.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from math import log2

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import Dense, MatMul, Reduce, Reshape
from unet_complexity.networks import Step
from unet_complexity.symbols import as_expr

REARRANGING = (Dense, MatMul, Reduce, Reshape)  # what they write may be no map
LARGE = 2**20  # a letter's stand-in, beside which a border of some pixels is nothing


def placed(steps: list[Step], inputs: Mapping[str, Tensor]) -> tuple[Step, ...]:
    """The steps with their levels and parts."""
    levels, maps = _levels(steps, inputs)
    order = [levels[step.name] for step in steps]
    deepest = max(order)
    first = order.index(deepest)
    ups = [i for i, level in enumerate(order) if i > first and level < deepest]
    last_map = max((i for i, step in enumerate(steps) if step.name in maps), default=-1)

    def part(i: int) -> str:
        if not ups:
            return "encoder" if i <= last_map else "head"
        if i >= ups[0]:
            return "decoder"
        return "encoder" if i < first or deepest == 0 else "bottleneck"

    return tuple(replace(step, level=order[i], part=part(i)) for i, step in enumerate(steps))


def _levels(steps: list[Step], inputs: Mapping[str, Tensor]) -> tuple[dict[str, int], set[str]]:
    """The level of each name, and the names of what is a map."""
    top = max(map(_area, inputs.values()))
    levels, sides = dict.fromkeys(inputs, 0), {(x.height, x.width) for x in inputs.values()}
    maps = set(inputs)
    for step in steps:
        out = step.output
        rearranged = isinstance(step.layer, REARRANGING) or not maps.intersection(step.sources)
        if not rearranged or (out.height, out.width) in sides:
            maps.add(step.name)
            sides.add((out.height, out.width))
            levels[step.name] = round(log2(top / _area(out)) / 2)
        else:
            levels[step.name] = max((levels[source] for source in step.sources), default=0)
    return levels, maps


@lru_cache(10_000)
def _area(x: Tensor) -> float:
    area = as_expr(x.height * x.width)
    return float(area.subs(dict.fromkeys(area.free_symbols, LARGE)))
