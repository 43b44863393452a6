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

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from unet_complexity import layers as core
from unet_complexity.cost import Tensor
from unet_complexity.engineering import layers as wing
from unet_complexity.engineering.fits import in_numbers
from unet_complexity.escaping import LONGEST_CELL, in_message, plain, shortened
from unet_complexity.layers.windows import Sliding
from unet_complexity.memory import wired
from unet_complexity.networks import Network, Step
from unet_complexity.symbols import L, k

# of the output, once the depth L is 4 or more (3 or more for pix2pix) and k is at most 7
CLASSIC = (6 * k - 5) * 2**L - 2 * (k - 1)
PIX2PIX = (k - 1) * 2 ** (L + 1) - (k - 2)
Interval = tuple[int, int]  # first and last position on one axis
MOST_WORK = 500_000  # maps x positions: a second
MOST_POSITIONS = 1024  # neighbouring pixels that may look differently far: 2^depth
IN_PLACE = (  # each output pixel looks at the pixel in its place
    core.Concatenate,
    core.Add,
    core.Multiply,
    core.Activation,
    core.ReLU,
    core.LeakyReLU,
    wing.Softmax,
    core.Dropout,
    core.BatchNormalization,
    wing.Elementwise,
    wing.PReLU,
    wing.ELU,
    wing.Rescaling,
    wing.Normalization,
    wing.Dense,
)
AROUND = {"bilinear": (0, 1), "bicubic": (1, 2)}  # inputs before and after the one on the left


class Look(NamedTuple):
    """Output positions first to last need (times first + before) // by to (times last + after) // by of an input."""

    times: int = 1
    before: int = 0
    after: int = 0
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
    _check(network)
    return _field(network, _step(network, step or network.outputs[0]))


def _check(network: Network) -> None:
    """Raise an error unless the network is whole and has one image, with numbers as sizes."""
    _ = network.input  # a single image
    in_numbers(network, "a receptive field")
    wired(network, "a receptive field")


def _step(network: Network, name: str) -> Step:
    """Return the step of this name.

    Raises:
        ValueError: There is none.
    """
    steps = {step.name: step for step in network}
    if name not in steps:
        last = ", ".join(repr(in_message(known)) for known in [*steps][-3:])
        raise ValueError(
            f"a receptive field is that of a step, got {in_message(name)!r}; the last steps are {last}"
        )
    return steps[name]


def _sides(step: Step) -> list[int]:
    """Return how many rows and columns of a step may look differently far."""
    return [min(side, MOST_POSITIONS) for side in step.output.sides]


def _field(network: Network, step: Step) -> tuple[int, int]:
    """Return the receptive field of a step."""
    sides = _sides(step)
    maps = _maps(network)
    positions = max(sides)
    if maps * positions > MOST_WORK:
        raise ValueError(
            f"a receptive field is followed through {MOST_WORK:,} maps x positions at most, got "
            f"{maps:,} x {positions:,}; give the network a smaller side"
        )
    fields = []
    for axis, side in enumerate(sides):
        seen = seen_by(network, step.name, axis, range(side))
        fields.append(max((last - first + 1 for first, last in seen), default=0))
    rows, columns = fields
    return rows, columns


def _maps(network: Network) -> int:
    """Return how many maps the steps read, one map as often as it is read."""
    return sum(len(step.sources) for step in network)


def seen_by(network: Network, name: str, axis: int, positions: Sequence[int]) -> list[Interval]:
    """Return the rows (axis 0) or columns (axis 1) of the image that each output position depends on.

    Rows outside of the image, on the padding, are among them.

    Args:
        network: A whole network with numbers as sizes.
        name: Name of the step.
        axis: 0 for rows, 1 for columns.
        positions: Rows or columns of the step's output.

    Returns:
        First and last row or column for each position; none if the step does not depend on the image.

    Raises:
        ValueError: No step has this name, or how far a layer looks is not known.

    Example:
        >>> from unet_complexity import classic_unet
        >>> seen_by(classic_unet(256), "enc0.conv2", axis=0, positions=[0])
        [(-2, 2)]
    """
    needed = {_step(network, name).name: [(position, position) for position in positions]}
    for step in reversed(network.steps):
        wanted = needed.pop(step.name, [])
        if not wanted:
            continue
        for source, x in zip(step.sources, step.inputs, strict=True):
            times, before, after, by = _look(step, x, axis)
            found = []
            for first, last in wanted:
                start = (times * first + before) // by
                end = (times * last + after) // by
                found.append((start, end))
            others = needed.get(source, found)
            needed[source] = [*map(_around, found, others)]
    (image,) = network.inputs
    return needed.get(image, [])


def _around(one: Interval, other: Interval) -> Interval:
    """Return the smallest interval that holds two."""
    return min(one[0], other[0]), max(one[1], other[1])


def _look(step: Step, x: Tensor, axis: int) -> Look:
    """Return how the output positions of a step look at an input."""
    layer: Any = step.layer
    match layer:
        case core.Conv2DTranspose():
            landing = [*layer.windows(x)][axis]
            cut, _ = landing.back.pads
            stride = landing.stride
            return Look(1, cut - landing.reach + stride, cut, stride)
        case core.PhaseConv2D():
            taps = layer.kernel_size[axis] - 1
            start = taps // 2
            return Look(1, -start, taps - start, layer.size[axis])
        case Sliding():
            window = [*layer.windows(x)][axis]
            start, _ = window.pads
            return Look(window.stride, -start, window.reach - 1 - start)
        case core.UpSampling2D(interpolation="nearest"):
            return Look(by=layer.size[axis])
        case core.UpSampling2D():
            # centres lie at (position + 1/2) / size - 1/2, between two inputs
            twice = 2 * layer.size[axis]
            left = 1 - layer.size[axis]
            before, after = AROUND[layer.interpolation]
            return Look(2, left - twice * before, left + twice * after, twice)
        case core.DepthToSpace():
            return Look(by=layer.block_size)
        case core.ZeroPadding2D():
            start, _ = layer.padding[axis]
            return Look(1, -start, -start)
        case core.Cropping2D():
            start, _ = layer.cropping[axis]
            return Look(1, start, start)
    if isinstance(layer, IN_PLACE):
        return _in_place(step, x, axis)
    raise ValueError(
        f"how far {in_message(str(layer))} looks is not known, got {in_message(step.name)}; "
        "ask for a step before it"
    )


def _in_place(step: Step, x: Tensor, axis: int) -> Look:
    if getattr(step.layer, "axis", 3) not in (3, (3,)):
        raise ValueError(
            f"{step.layer} mixes rows or columns, so how far it looks depends on the place"
        )
    repeated = x.sides[axis] != step.output.sides[axis]  # an axis of one element is broadcast
    return Look(0 if repeated else 1)


class Reach(NamedTuple):
    """What an output pixel sees and costs.

    The receptive fields are rows and columns of each step; of the output only, if steps are many or large.
    """

    receptive_fields: dict[str, tuple[int, int]]
    macs_per_output_pixel: float

    def __str__(self) -> str:
        from tabulate import tabulate

        lines = [
            (shortened(plain(name), LONGEST_CELL), f"{rows:,} x {columns:,}")
            for name, (rows, columns) in self.receptive_fields.items()
        ]
        table = tabulate(lines, tablefmt="plain", disable_numparse=True)
        return f"{table}\nMACs per pixel of the output: {self.macs_per_output_pixel:,.10g}"


def reach(network: Network) -> Reach:
    """Return the receptive fields of a network's steps, and its MACs per output pixel.

    Args:
        network: A whole network with numbers as sizes, one image and one output.

    Raises:
        ValueError: As for :func:`receptive_field`, or there are several outputs.

    Example:
        >>> from unet_complexity import classic_unet
        >>> found = reach(classic_unet(64, depth=1))
        >>> found.receptive_fields["enc0.conv2"], found.macs_per_output_pixel
        ((5, 5), 211648.0)
    """
    _check(network)
    pixel = macs_per_pixel(network)
    steps = network.steps
    positions = sum(max(_sides(step)) for step in steps)
    if _maps(network) * positions > MOST_WORK:
        steps = (_step(network, network.outputs[0]),)
    fields = {step.name: _field(network, step) for step in steps}
    return Reach(fields, pixel)


def macs_per_pixel(network: Network) -> Any:
    """Return the MACs per pixel of a network's only output.

    Args:
        network: The network.

    Raises:
        ValueError: There are several outputs.
    """
    return network.total().macs / prod(network.output.sides)
