r"""How far does a pixel look: the receptive field of a step, followed back to the image one axis at a time.

An interval of output positions needs an interval of each input:

$$[\text{first}, \text{last}] \mapsto
  [\lfloor (t\,\text{first} + a) / s \rfloor,\ \lfloor (t\,\text{last} + b) / s \rfloor].$$

A window with stride t, reach r and p padded elements in front has $a = -p$, $b = r - 1 - p$ and s = 1.

A map that several steps read needs the smallest interval that holds all of theirs. After an upsampling, neighbouring
pixels look differently far; the receptive field is that of the pixel that looks farthest, away from the borders.

The formulas of the classic U-Net with transposed convolutions, and of the pix2pix U-Net:

$$(6k - 5)\,2^L - 2(k - 1) \qquad\text{and}\qquad (k - 1)\,2^{L+1} - (k - 2).$$
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
MOST_WORK = 500_000  # steps x positions: a second
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


class Look(NamedTuple):
    """Output positions first to last need (times first + before) // by to (times last + after) // by of an input."""

    times: int
    before: int
    after: int
    by: int = 1


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
        seen = seen_by(network, name, axis, range(min(side, MOST_POSITIONS)))
        fields.append(max((last - first + 1 for first, last in seen), default=0))
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


def seen_by(network: Network, name: str, axis: int, positions: Sequence[int]) -> list[Interval]:
    """Return the rows (axis 0) or columns (axis 1) of the image that each output position depends on.

    Rows outside of the image, on the padding, are among them.

    Args:
        network: A whole network with numbers as sizes.
        name: Name of the step.
        axis: 0 for rows, 1 for columns.
        positions: Rows or columns of the step's output.

    Returns:
        An interval for each position; none if the step does not depend on the image.

    Example:
        >>> from unet_complexity import classic_unet
        >>> seen_by(classic_unet(256), "enc0.conv2", axis=0, positions=[0])
        [Interval(first=-2, last=2)]
    """
    needed = {name: ([*positions], [*positions])}  # first and last positions
    for step in reversed(network.steps):
        if step.name not in needed:
            continue
        firsts, lasts = needed.pop(step.name)
        for source, x in zip(step.sources, step.inputs, strict=True):
            times, before, after, by = _look(step, x, axis)
            first = [(times * position + before) // by for position in firsts]
            last = [(times * position + after) // by for position in lasts]
            others = needed.get(source, (first, last))
            needed[source] = [*map(min, first, others[0])], [*map(max, last, others[1])]
    (image,) = network.inputs
    return [*map(Interval, *needed.get(image, ([], [])))]


def _look(step: Step, x: Tensor, axis: int) -> Look:
    """Return how the output positions of a step look at an input."""
    for kinds, look in LOOKS.items():
        if isinstance(step.layer, kinds):
            if kinds is IN_PLACE and x.sides[axis] != step.output.sides[axis]:
                return Look(0, 0, 0)  # an axis of one element is broadcast
            return look(step.layer, x, axis)
    raise ValueError(
        f"how far {in_message(str(step.layer))} looks is not known, got {in_message(step.name)}; "
        "ask for a step before it"
    )


def _under_a_window(layer: Any, x: Tensor, axis: int) -> Look:
    window = [*layer.windows(x)][axis]
    start = window.pads[0]
    return Look(window.stride, -start, window.reach - 1 - start)


def _landing(layer: Any, x: Tensor, axis: int) -> Look:
    landing = [*layer.windows(x)][axis]
    cut, _ = landing.back.pads
    stride = landing.stride
    return Look(1, cut - landing.reach + stride, cut, stride)


def _by_phases(layer: Any, x: Tensor, axis: int) -> Look:
    taps = layer.kernel_size[axis] - 1
    start = taps // 2
    return Look(1, -start, taps - start, layer.size[axis])


def _upsampled(layer: Any, x: Tensor, axis: int) -> Look:
    size = layer.size[axis]
    if layer.interpolation == "nearest":
        return Look(1, 0, 0, size)
    # centres lie at (position + 1/2) / size - 1/2, between two inputs
    before, after = AROUND[layer.interpolation]
    left = 1 - size
    return Look(2, left - 2 * size * before, left + 2 * size * after, 2 * size)


def _moved(pixels: int) -> Look:
    return Look(1, pixels, pixels)


def _in_place(layer: Any, x: Tensor, axis: int) -> Look:
    if getattr(layer, "axis", -1) not in (-1, 3, (3,)):
        raise ValueError(f"{layer} mixes rows or columns, so how far it looks depends on the place")
    return _moved(0)


AROUND = {"bilinear": (0, 1), "bicubic": (1, 2)}  # inputs before and after the one on the left
LOOKS: dict[Any, Callable[[Any, Tensor, int], Look]] = {  # the first kind that a layer is of counts
    core.Conv2DTranspose: _landing,
    core.PhaseConv2D: _by_phases,
    Sliding: _under_a_window,
    core.UpSampling2D: _upsampled,
    core.DepthToSpace: lambda layer, x, axis: Look(1, 0, 0, layer.block_size),
    core.ZeroPadding2D: lambda layer, x, axis: _moved(-layer.padding[axis][0]),
    core.Cropping2D: lambda layer, x, axis: _moved(layer.cropping[axis][0]),
    IN_PLACE: _in_place,
}


class Reach(NamedTuple):
    """What an output pixel sees and costs.

    Attributes:
        fields: Receptive field (rows, columns) of each step; of the last only, if there are very many or large ones.
        macs_per_pixel: MACs per output pixel.
    """

    fields: dict[str, tuple[int, int]]
    macs_per_pixel: float

    def __str__(self) -> str:
        shown = {name: shortened(plain(name), LONGEST_CELL) for name in self.fields}
        width = max(map(len, shown.values()))
        lines = []
        for name, (rows, columns) in self.fields.items():
            lines.append(f"{shown[name]:{width}} {rows:,} x {columns:,}")
        return "\n".join([*lines, f"MACs per pixel of the output: {self.macs_per_pixel:,.10g}"])


def reach(network: Network, whole: bool = True) -> Reach:
    """Return the receptive fields of a network's steps, and its MACs per output pixel.

    Args:
        network: A whole network with numbers as sizes, one image and one output.
        whole: All steps, not only the one that writes the output.

    Raises:
        ValueError: As for :func:`receptive_field`, or there are several outputs.

    Example:
        >>> from unet_complexity import classic_unet
        >>> found = reach(classic_unet(64, depth=1))
        >>> found.fields["enc0.conv2"], found.macs_per_pixel
        ((5, 5), 211648.0)
    """
    sides = _sides(network)
    work = len(sides) * sum(min(max(pair), MOST_POSITIONS) for pair in sides.values())
    names = [*sides] if whole and work < MOST_WORK else [network.outputs[0]]
    output = network.output
    each = network.total().macs / (output.height * output.width)
    return Reach({name: receptive_field(network, name) for name in names}, each)
