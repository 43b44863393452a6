"""Receptive field: how far one output element looks.

Each layer maps a range of positions that it writes to the range of positions that it reads.  Followed from the output
back to the input, over all paths, that is the receptive field (Luo et al., Understanding the Effective Receptive Field
in Deep Convolutional Neural Networks, NIPS 2016, call it the theoretical one).
"""

from __future__ import annotations

from collections.abc import Callable
from math import gcd, lcm
from typing import Any, NamedTuple

from unet_complexity import layers as L
from unet_complexity.engineering import layers as E
from unet_complexity.escaping import in_message
from unet_complexity.layers.windows import Sliding
from unet_complexity.networks import Network, Step
from unet_complexity.symbols import are_numbers

MOST_PLACES = (
    4096  # output positions that are tried along an axis; seven upsamplings by 2 ask for 128
)
AROUND = {"bilinear": (0, 1), "bicubic": (1, 2)}  # pixels read before and after the one on the left


class Seen(NamedTuple):
    """Range of positions along an axis, both ends included."""

    first: int
    last: int


class ReceptiveField(NamedTuple):
    """Rows and columns of the input that one element depends on; None if that is all of them.

    Those beyond the border, on padding, are included: near the border an element sees less.
    """

    rows: int | None
    columns: int | None


def receptive_field(network: Network, step: str = "") -> ReceptiveField:
    """Return the receptive field of one element of a step's output.

    After an upsampling not all elements see equally far; this is the farthest.

    Args:
        network: A network with numbers for sizes.
        step: Name of the step; by default the one that writes the network's only output.

    Returns:
        Rows and columns of the network's inputs, in pixels.  None along an axis on which a layer sees its whole map, as
        attention, a global pooling, or a normalisation over the map.

    Raises:
        ValueError: If the network has letters, no such step, or several outputs and no step is given.

    Example:
        >>> from unet_complexity import classic_unet, pix2pix_unet
        >>> receptive_field(classic_unet(side=64, depth=2))
        ReceptiveField(rows=44, columns=44)
        >>> receptive_field(pix2pix_unet(side=256, in_channels=3), "d2.conv")
        ReceptiveField(rows=10, columns=10)
    """
    steps = {one.name: one for one in network}
    name = step or _only(network)
    if name not in steps:
        raise ValueError(
            f"the network has no step {in_message(name)!r}; try {in_message(next(iter(steps)))!r}"
        )
    if not are_numbers(*(side for one in network for side in one.output.sides)):
        raise ValueError(
            f"a receptive field needs numbers for sizes, got {network.heading}; call at(...) first"
        )
    before = list(steps.values())[: list(steps).index(name) + 1]
    return ReceptiveField(*(_along(axis, before) for axis in (0, 1)))


def _only(network: Network) -> str:
    if len(network.outputs) > 1:
        raise ValueError(
            f"a receptive field is that of one output, got {len(network.outputs)}; give one of their names"
        )
    return network.outputs[0]


def _along(axis: int, steps: list[Step]) -> int | None:
    """Return the positions along one axis that the last of the steps sees, at most."""
    side = steps[-1].output.sides[axis]
    places = lcm(*(side // gcd(side, one.output.sides[axis]) for one in steps))
    found = 0
    for place in range(min(places, MOST_PLACES)):
        size = _size(axis, steps, place)
        if size is None:
            return None
        found = max(found, size)
    return found


def _size(axis: int, steps: list[Step], place: int) -> int | None:
    """Return how many positions of the inputs one position of the last step sees."""
    seen = {steps[-1].name: Seen(place, place)}
    for step in reversed(steps):
        if step.name not in seen:
            continue
        here = seen.pop(step.name)
        for x, source in zip(step.inputs, step.sources, strict=True):
            there = read(step.layer, x, axis, here)
            if there is None:
                return None
            known = seen.get(source, there)
            seen[source] = Seen(min(known.first, there.first), max(known.last, there.last))
    return max(last for _, last in seen.values()) - min(first for first, _ in seen.values()) + 1


def read(layer: Any, x: Any, axis: int, written: Seen) -> Seen | None:
    """Return the positions that a layer reads for those that it writes; None if it reads all of them.

    >>> from unet_complexity import Conv2D, Tensor
    >>> read(Conv2D(1, 4, 2), Tensor(8, 8, 1), 0, Seen(0, 1))
    Seen(first=-1, last=4)
    """
    for kinds, reads in READS.items():
        if isinstance(layer, kinds):
            return reads(layer, x, axis, *written)
    return None


def _under_a_window(layer: Any, x: Any, axis: int, first: int, last: int) -> Seen:
    window = [*layer.windows(x)][axis]
    before, _ = window.pads
    return Seen(first * window.stride - before, last * window.stride - before + window.reach - 1)


def _landing(layer: Any, x: Any, axis: int, first: int, last: int) -> Seen:
    landing = [*layer.windows(x)][axis]
    cut, _ = landing.back.pads
    to_the_first = landing.reach - 1 - first - cut
    return Seen(-(to_the_first // landing.stride), (last + cut) // landing.stride)


def _by_phases(layer: Any, x: Any, axis: int, first: int, last: int) -> Seen:
    taps, size = layer.kernel_size[axis], layer.size[axis]
    before = (taps - 1) // 2
    return Seen((first - before) // size, (last - before + taps - 1) // size)


def _upsampled(layer: Any, x: Any, axis: int, first: int, last: int) -> Seen:
    size = layer.size[axis]
    if layer.interpolation == "nearest":
        return Seen(first // size, last // size)
    left = [(2 * place + 1 - size) // (2 * size) for place in (first, last)]
    before, after = AROUND[layer.interpolation]
    return Seen(left[0] - before, left[1] + after)


def _in_blocks(layer: Any, x: Any, axis: int, first: int, last: int) -> Seen:
    return Seen(first // layer.block_size, last // layer.block_size)


def _bordered(layer: Any, x: Any, axis: int, first: int, last: int) -> Seen:
    before, _ = layer.padding[axis]
    return Seen(first - before, last - before)


def _cropped(layer: Any, x: Any, axis: int, first: int, last: int) -> Seen:
    before, _ = layer.cropping[axis]
    return Seen(first + before, last + before)


def _joined(layer: Any, x: Any, axis: int, first: int, last: int) -> Seen | None:
    return Seen(first, last) if layer.axis % 4 == 3 else None


def _alike(layer: Any, x: Any, axis: int, first: int, last: int) -> Seen:
    return Seen(first, last)


# the first kind that a layer is of counts; a layer of none of them sees its whole map
READS: dict[Any, Callable[..., Seen | None]] = {
    L.Conv2DTranspose: _landing,
    L.PhaseConv2D: _by_phases,
    Sliding: _under_a_window,
    L.UpSampling2D: _upsampled,
    L.DepthToSpace: _in_blocks,
    L.ZeroPadding2D: _bordered,
    L.Cropping2D: _cropped,
    L.Concatenate: _joined,
    (L.Activation, L.ReLU, L.LeakyReLU, L.Dropout, L.BatchNormalization): _alike,
    (L.Add, L.Multiply, E.Elementwise, E.PReLU, E.ELU, E.Rescaling): _alike,
}
