"""The independent witness: each layer once more as plain loops that do the work and count it.

Nothing here knows a formula.  A convolution moves its window and multiplies, a bilinear upsampling blends, and the
:class:`Tally` ticks at each operation, read and write.  A formula and a loop that agree on many shapes are probably
both right.  The loops are slow by design: use them for small maps.
"""

from __future__ import annotations

from typing import Any

from unet_complexity import layers as L
from unet_complexity.cost import COUNTS, Cost, Tensor
from unet_complexity.counting import (  # noqa: F401  importing them registers the loops
    arranging,
    convolution,
    elementwise,
    merging,
)
from unet_complexity.counting.maps import Map, as_map, check_numbers, filled, sides_of, stops
from unet_complexity.counting.tally import TWINS, Counted, Tally, twin
from unet_complexity.networks import Network

__all__ = ["TWINS", "Counted", "Tally", "as_map", "count", "filled", "sides_of", "stops", "twin"]


def count(
    thing: L.Layer | Network, *inputs: Tensor | Map, weights: list[Any] | None = None
) -> Counted:
    """Run a layer or a network as plain loops and count what they do.

    Args:
        thing: A layer, or a network; a network has its own input shapes.
        inputs: One for each input of the layer: a shape, which is filled with small numbers, or a map as nested
            lists [row][column][channel].
        weights: Nested lists in Keras's order (kernel, bias); small numbers by default.

    Returns:
        The output and the counted cost.

    Raises:
        TypeError: If a layer has no counting loop, or a size is a letter.
        ValueError: If the weights do not fit the layer, or a network lacks steps that others read.

    Example:
        >>> count(L.UpSampling2D(2), Tensor(4, 4, 3)).cost.writes
        192
        >>> count(L.Conv2D(filters=2, kernel_size=3), Tensor(5, 5, 1)).cost.macs
        450
    """
    if isinstance(thing, Network):
        return _count_network(thing)
    kind = type(thing)
    if kind not in TWINS:
        names = sorted(known.__name__ for known in TWINS)
        raise TypeError(
            f"no counting loop for {kind.__name__}; there are loops for {', '.join(names)}"
        )
    maps = [as_map(x) for x in inputs]
    shapes = [Tensor(*sides_of(x)) for x in maps]
    # the formula's errors for unfit inputs and for letters; no count is taken from it
    cost = thing.cost(*shapes)
    check_numbers((getattr(cost, name) for name in COUNTS), thing)
    tally = Tally(weights)
    output = TWINS[kind](thing, tally, *maps)
    if not thing.is_view:
        for x in maps:
            tally.tick_each("reads", x)
        tally.tick_each("writes", output)
    if tally.given:
        raise ValueError(
            f"{thing} has no use for the last {len(tally.given)} of the weights; give only its own"
        )
    return Counted(output, Cost(**tally.counts))


def _count_network(net: Network) -> Counted:
    maps = {name: as_map(x) for name, x in net.inputs.items()}
    if any(step.span for step in net):
        raise TypeError(f"{net.name} has letters, a loop needs numbers; call at(...) first")
    sources = {source for step in net for source in step.sources}
    written = {step.name for step in net}
    if missing := sources - maps.keys() - written:
        raise ValueError(
            f"{net.name} lacks the steps {sorted(missing)} that others read; count the whole network"
        )
    total = Cost()
    for step in net:
        inputs = [maps[source] for source in step.sources]
        counted = count(step.layer, *inputs)
        maps[step.name] = counted.output
        total += step.charged(counted.cost)
    return Counted(counted.output, total)
