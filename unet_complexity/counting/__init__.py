"""The independent witness: every layer once more as plain loops that do the work and count what they do.

Nothing here knows a formula.  A convolution walks its window and multiplies, a bilinear upsampling blends, a write is
a write; the :class:`Tally` ticks at each.  If formula and loop agree on many shapes, both are probably right.  Slow by
design: for small maps.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from unet_complexity import layers as L
from unet_complexity.cost import COUNTS, Cost, Tensor
from unet_complexity.counting import (  # noqa: F401  they register loops
    convolution,
    elementwise,
    merging,
    resampling,
)
from unet_complexity.counting.maps import Map, as_map, filled, sides_of, stops
from unet_complexity.counting.tally import TWINS, Counted, Tally, twin
from unet_complexity.networks import Network, with_params

__all__ = ["TWINS", "Counted", "Tally", "as_map", "count", "filled", "sides_of", "stops", "twin"]


def count(thing: L.Layer | Network, *inputs: Tensor | Map, weights: list[Any] | None = None) -> Counted:
    """Run a layer (or, without ``inputs``, a network) and count what happens.

    ``inputs`` are shapes, which are filled with small numbers, or nested lists [row][column][channel]; ``weights``
    are nested lists in Keras's order (kernel, bias).  TypeError for a layer without a twin or a letter as a size.

    >>> count(L.UpSampling2D(2), Tensor(4, 4, 3)).cost.writes
    192
    >>> count(L.Conv2D(filters=2, kernel_size=3), Tensor(5, 5, 1)).cost.macs
    450
    """
    if isinstance(thing, Network):
        return _count_network(thing)
    if type(thing) not in TWINS:
        known = ", ".join(sorted(kind.__name__ for kind in TWINS))
        raise TypeError(f"no counting loop for {type(thing).__name__}; there are loops for {known}")
    tally, maps = Tally(weights), [as_map(x) for x in inputs]
    _check(thing, [Tensor(*sides_of(x)) for x in maps])
    output = TWINS[type(thing)](thing, tally, maps)
    if tally.given:
        raise ValueError(f"{thing} has no use for the last {len(tally.given)} of the weights; give only its own")
    return Counted(output, Cost(**tally.counts))


def _check(layer: L.Layer, shapes: list[Tensor]) -> None:
    """The formula refuses what does not fit, and shows letters; no count is taken from it."""
    cost = layer.cost(*shapes)
    if not all(isinstance(getattr(cost, name), int) for name in COUNTS):
        raise TypeError(f"a loop needs numbers for sizes, got {layer}; put numbers in place of the letters")


def _count_network(net: Network) -> Counted:
    maps, costs = {name: as_map(x) for name, x in net.inputs.items()}, []
    if any(step.span for step in net):
        raise TypeError(f"{net.name} has letters, a loop needs numbers; call at(...) first")
    if missing := {source for step in net for source in step.sources} - {*net.inputs, *(step.name for step in net)}:
        raise ValueError(f"{net.name} lacks the steps {sorted(missing)} that others read; count the whole network")
    for step in net:
        counted = count(step.layer, *(maps[source] for source in step.sources))
        maps[step.name] = counted.output
        cost = counted.cost if step.stored is None else with_params(counted.cost, step.stored)
        costs.append(replace(cost, trainable_params=0) if step.frozen else cost)
    return Counted(counted.output, sum(costs, Cost()))
