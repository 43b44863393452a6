r"""How far does a pixel look: the receptive field of a step, followed back to the image one axis at a time.

An interval of output positions needs an interval of each input. A window with stride t, reach r and b padded elements
in front maps

$$[\text{first}, \text{last}] \mapsto [t\,\text{first} - b,\ t\,\text{last} - b + r - 1].$$

A map that several steps read needs the smallest interval that holds all of theirs. After an upsampling, neighbouring
pixels look differently far; the receptive field is that of the pixel that looks farthest, away from the borders.

The formulas of the classic U-Net with transposed convolutions, and of the pix2pix U-Net:

$$(6k - 5)\,2^L - 2(k - 1) \qquad\text{and}\qquad (k - 1)\,2^{L+1} - (k - 2).$$
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any, NamedTuple

from unet_complexity import layers as core
from unet_complexity.cost import Tensor
from unet_complexity.engineering import layers as wing
from unet_complexity.escaping import LONGEST_CELL, in_message, plain, shortened
from unet_complexity.layers.windows import Sliding
from unet_complexity.memory import wired
from unet_complexity.networks import Network, Step
from unet_complexity.symbols import L, are_numbers, k

# of the output, once the depth L is 4 or more (3 or more for pix2pix) and k is at most 7
CLASSIC = (6 * k - 5) * 2**L - 2 * (k - 1)
PIX2PIX = (k - 1) * 2 ** (L + 1) - (k - 2)
MOST_WORK = 500_000  # steps x positions: a few seconds
MOST_POSITIONS = 1024  # neighbouring pixels that may look differently far: 2^depth
IN_PLACE = (
    *(core.Concatenate, core.Add, core.Multiply, core.Activation, core.ReLU, core.LeakyReLU),
    *(core.Softmax, core.Dropout, core.BatchNormalization),
    *(wing.Elementwise, wing.PReLU, wing.ELU, wing.Rescaling),
)


class Interval(NamedTuple):
    """Positions on one axis, both ends included."""

    first: int
    last: int


def receptive_field(network: Network, step: str | None = None) -> tuple[int, int]:
    """Return the receptive field (rows, columns) of a step in pixels of the image.

    Args:
        network: A whole network with numbers as sizes, and one image.
        step: Name of the step; the one that writes the output, by default.

    Raises:
        ValueError: A size is a letter, no step has this name, or how far a layer looks is not known.

    Example:
        >>> from unet_complexity import classic_unet, pix2pix_unet
        >>> receptive_field(classic_unet(256)), receptive_field(classic_unet(256), "enc1.conv2")
        ((204, 204), (14, 14))
    """
    sides = _sides(network)
    name = step or network.outputs[0]
    if name not in sides:
        raise ValueError(
            f"a receptive field is that of a step, got {in_message(name)!r}; the last is "
            f"{in_message(network.steps[-1].name)!r}"
        )
    positions = min(max(sides[name]), MOST_POSITIONS)
    if len(sides) * positions > MOST_WORK:
        raise ValueError(
            f"a receptive field is followed through {MOST_WORK:,} steps x positions at most, got "
            f"{len(sides):,} x {positions:,}; give the network a smaller side"
        )
    fields = []
    for axis, side in enumerate(sides[name]):
        seen = (seen_by(network, name, axis, at) for at in range(min(side, MOST_POSITIONS)))
        fields.append(max(last - first + 1 for first, last in seen))
    return fields[0], fields[1]


def _sides(network: Network) -> dict[str, tuple[int, int]]:
    """Return the rows and columns that each step writes, as numbers."""
    _ = network.input  # a single image
    sides: dict[str, Any] = {
        step.name: step.output.sides for step in wired(network, "a receptive field")
    }
    if not are_numbers(*network.input.sides, *chain(*sides.values())):
        raise ValueError(
            f"a receptive field needs sizes in numbers, got {network.heading}; give them, as in network.at(N=256)"
        )
    return sides


def seen_by(network: Network, name: str, axis: int, position: int) -> Interval:
    """Return the rows (axis 0) or columns (axis 1) of the image that one output position depends on.

    Rows outside of the image, on the padding, are among them.

    Args:
        network: A whole network with numbers as sizes.
        name: Name of the step.
        axis: 0 for rows, 1 for columns.
        position: Row or column of the step's output.

    Example:
        >>> from unet_complexity import classic_unet
        >>> seen_by(classic_unet(256), "enc0.conv2", axis=0, position=0)
        Interval(first=-2, last=2)
    """
    needed = {name: Interval(position, position)}
    for step in reversed(network.steps):
        if step.name not in needed:
            continue
        wanted = needed.pop(step.name)
        for source, x in zip(step.sources, step.inputs, strict=True):
            found = _before(step, x, axis, wanted)
            other = needed.get(source, found)
            first, last = min(found.first, other.first), max(found.last, other.last)
            needed[source] = Interval(first, last)
    (image,) = network.inputs
    return needed[image]


def _before(step: Step, x: Tensor, axis: int, wanted: Interval) -> Interval:
    """Return the positions of an input that an interval of a step's output needs."""
    for kinds, before in BEFORE.items():
        if isinstance(step.layer, kinds):
            found = before(step.layer, x, axis, *wanted)
            spread = kinds is IN_PLACE and x.sides[axis] != step.output.sides[axis]
            return Interval(0, 0) if spread else found  # an axis of one element is broadcast
    raise ValueError(
        f"how far {in_message(str(step.layer))} looks is not known, got {in_message(step.name)}; "
        "ask for a step before it"
    )


def _under_a_window(layer: Any, x: Tensor, axis: int, first: int, last: int) -> Interval:
    window = [*layer.windows(x)][axis]
    start, stride = window.pads[0], window.stride
    return Interval(stride * first - start, stride * last - start + window.reach - 1)


def _landing(layer: Any, x: Tensor, axis: int, first: int, last: int) -> Interval:
    landing = [*layer.windows(x)][axis]
    cut, _ = landing.back.pads
    to_the_first = landing.reach - 1 - first - cut
    return Interval(-(to_the_first // landing.stride), (last + cut) // landing.stride)


def _by_phases(layer: Any, x: Tensor, axis: int, first: int, last: int) -> Interval:
    taps, size = layer.kernel_size[axis], layer.size[axis]
    start = (taps - 1) // 2
    return Interval((first - start) // size, (last - start + taps - 1) // size)


def _upsampled(layer: Any, x: Tensor, axis: int, first: int, last: int) -> Interval:
    size = layer.size[axis]
    if layer.interpolation == "nearest":
        return Interval(first // size, last // size)
    # centres lie at (position + 1/2) / size - 1/2, between two inputs
    left = [(2 * position + 1 - size) // (2 * size) for position in (first, last)]
    before, after = AROUND[layer.interpolation]
    return Interval(left[0] - before, left[1] + after)


def _in_blocks(layer: Any, x: Tensor, axis: int, first: int, last: int) -> Interval:
    return Interval(first // layer.block_size, last // layer.block_size)


def _bordered(layer: Any, x: Tensor, axis: int, first: int, last: int) -> Interval:
    moved = layer.padding[axis][0]
    return Interval(first - moved, last - moved)


def _cropped(layer: Any, x: Tensor, axis: int, first: int, last: int) -> Interval:
    moved = layer.cropping[axis][0]
    return Interval(first + moved, last + moved)


def _in_place(layer: Any, x: Tensor, axis: int, first: int, last: int) -> Interval:
    if getattr(layer, "axis", -1) not in (-1, 3, (3,)):
        raise ValueError(f"{layer} mixes rows or columns, so how far it looks depends on the place")
    return Interval(first, last)


AROUND = {"bilinear": (0, 1), "bicubic": (1, 2)}  # inputs before and after the one on the left
BEFORE: dict[Any, Callable[..., Interval]] = {  # the first kind that a layer is of counts
    core.Conv2DTranspose: _landing,
    core.PhaseConv2D: _by_phases,
    Sliding: _under_a_window,
    core.UpSampling2D: _upsampled,
    core.DepthToSpace: _in_blocks,
    core.ZeroPadding2D: _bordered,
    core.Cropping2D: _cropped,
    IN_PLACE: _in_place,
}


def reach_table(network: Network) -> str:
    """Return the receptive field and the MACs per output pixel of each step, and of the whole network, as text.

    A network of very many steps or pixels has a line for its last step only.

    Example:
        >>> from unet_complexity import classic_unet
        >>> print(reach_table(classic_unet(64, depth=1)).splitlines()[-1])
        MACs per pixel of the output: 211,648
    """
    lines = [f"{network.heading}; receptive field, rows x columns:"]
    sides = _sides(network)
    work = len(sides) * sum(min(max(pair), MOST_POSITIONS) for pair in sides.values())
    names = [*sides] if work < MOST_WORK else [*sides][-1:]
    shown = {name: shortened(plain(name), LONGEST_CELL) for name in names}
    width = max(map(len, shown.values()))
    for name in names:
        rows, columns = receptive_field(network, name)
        lines.append(f"{shown[name]:{width}} {rows:,} x {columns:,}")
    output = network.output
    each = network.total().macs / (output.height * output.width)
    return "\n".join([*lines, f"MACs per pixel of the output: {each:,.10g}"])
