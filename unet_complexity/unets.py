r"""Two U-Nets, with any size a number or a letter, the depth too.

Level l has sides $N / 2^l$.  Where the depth (or the number of doublings) is a letter, the levels between its ends
become a :class:`~unet_complexity.networks.Span`: one block that stands for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.layers import (
    Activation,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Layer,
    LeakyReLU,
    MaxPooling2D,
    ReLU,
    UpSampling2D,
)
from unet_complexity.layers.base import one_of
from unet_complexity.networks import Network, Span, Step
from unet_complexity.symbols import C, N, Pair, Size, as_pair, as_size, exact, floor_div, level

Width = Callable[[Size], Size]


class _Builder:
    """Collects steps in running order, each fed by the step before or by named ones."""

    def __init__(self, shape: Tensor, letters: bool) -> None:
        self.shape, self.letters = shape, letters
        self.shapes, self.marks, self.last = {"input": shape}, dict[str, str](), "input"
        self.steps: list[Step] = []
        self.place: tuple[str, Size, str, Span | None] = ("", 0, "", None)

    def block(self, name: str, at: Size, part: str, span: Span | None = None) -> None:
        """All layers added from here on belong to the block ``name`` on level ``at``."""
        self.place = (name, at, part, span)

    def add(self, name: str, layer: Layer, *sources: str) -> str:
        """Run ``layer`` on the outputs of ``sources``; on the step before, where none is named."""
        block, at, part, span = self.place
        names = tuple(self.marks.get(source, source) for source in sources) or (self.last,)
        inputs = tuple(self.shapes[source] for source in names)
        self.last = f"{block}.{name}"
        self.steps.append(Step(self.last, layer, inputs, names, at, block, part, span))
        self.shapes[self.last] = self.steps[-1].output
        return self.last

    def mark(self, name: str) -> None:
        """Give what the last step wrote a second name, to fetch it by in the decoder."""
        self.marks[name] = self.last

    def enter(self, name: str, shape: Tensor) -> None:
        """Where a letter stands for many levels, the map before them is said, since no one step wrote it."""
        if self.letters:
            self.marks.pop(name, None)
            self.shapes[name], self.last = shape, name

    def network(self, name: str, rules: list[str], recipe: partial[Network]) -> Network:
        """All that was added."""
        if isinstance(self.shape.height, int) and isinstance(self.shape.width, int):
            rules = rules[1:]  # numbers were checked
        return Network(name, self.shape, tuple(self.steps), ", ".join(rules), recipe)


def _two_to(exponent: Size) -> Any:
    """2**exponent with its constant factor apart, 2 * 2**L and not 2**(L + 1): so shapes can be compared."""
    return sp.expand(sp.Integer(2) ** exponent)


def _levels(first: Size, last: Size, down: bool = False) -> Iterator[tuple[Size, Span | None]]:
    """Each level from first to last, or one letter for all of them where an end is a letter."""
    if isinstance(first, int) and isinstance(last, int):
        numbers = range(first, last + 1)
        yield from ((number, None) for number in (reversed(numbers) if down else numbers))
    else:
        yield level, Span(level, first, last)


def _halved(sides: Pair, times: Size) -> tuple[Size, Size]:
    rows, columns = (exact(side * _two_to(-times)) for side in sides)
    return rows, columns


def _check_sides(sides: Pair, fits: Callable[[int], bool], step: Size, rule: str) -> None:
    for side in sides:
        if isinstance(side, int) and isinstance(step, int) and not fits(side):
            near = range(max(1, side - 8 * step), side + 64 * step)
            below, above = [s for s in near if s < side and fits(s)][-1:], [s for s in near if s > side and fits(s)][:1]
            raise ValueError(f"{rule}, got {side}; sides near it that work: {', '.join(map(str, below + above))}")


def pix2pix_unet(
    side: Any = N,
    in_channels: Size = C,
    out_channels: Size | None = None,
    base_filters: Size = 64,
    kernel_size: Size = 4,
    depth: Size = 7,
    doublings: Size | None = 3,
) -> Network:
    """The U-Net generator that the question describes: ``depth`` times down, ``depth`` times up.

    It matches the public pix2pix example for Keras (Keras-GAN; after Isola et al. 2017, "Image-to-Image Translation
    with Conditional Adversarial Networks").  Level l has ``base_filters * 2**min(l - 1, doublings)`` filters;
    ``doublings=None`` never stops doubling.  ``side`` is one size or (rows, columns); ``out_channels`` defaults to
    ``in_channels``.  Down: Conv2D of stride 2, LeakyReLU, BatchNormalization (not in the first block).  Up:
    UpSampling2D, Conv2D, ReLU, BatchNormalization, Concatenate with the encoder's map of the same side.
    Tail: UpSampling2D, Conv2D, tanh.

    ValueError where 2**depth does not divide a side; with letters the network's ``regime`` says what they must obey.

    >>> pix2pix_unet(side=256, in_channels=3).total().macs
    18052284416
    >>> from unet_complexity.symbols import g
    >>> pix2pix_unet(base_filters=g).total().macs
    N**2*g*(576*C + 1049*g)/16
    """
    out_channels = in_channels if out_channels is None else out_channels
    recipe = partial(pix2pix_unet, **dict(sorted(locals().items())))
    sides, depth = as_pair(side, "side"), as_size(depth, "depth")
    g, q = as_size(base_filters, "base_filters"), None if doublings is None else as_size(doublings, "doublings", 0)
    step = exact(_two_to(depth))
    _check_sides(sides, lambda s: s % step == 0, step, f"side must be a multiple of 2**depth = {step}")

    def rising(l: Size) -> Size:
        return exact(g * _two_to(l - 1))

    def flat(_: Size) -> Size:
        return exact(g * _two_to(q))

    never_flat = q is None or (isinstance(depth, int) and isinstance(q, int) and q > depth - 2)
    turn, capped = (depth, rising) if never_flat else (exact(q + 1), flat)
    net = _Builder(Tensor(*sides, in_channels), letters=not isinstance(depth, int) or not isinstance(turn, int))

    def down(l: Size, width: Width, span: Span | None = None) -> None:
        if l != 1:
            net.enter("previous", Tensor(*_halved(sides, l - 1), width(l - 1)))
        net.block(f"d({span})" if span else f"d{l}", l, "encoder", span)
        net.add("conv", Conv2D(width(l), kernel_size, strides=2))
        net.add("act", LeakyReLU(0.2))
        if l != 1:
            net.add("bn", BatchNormalization())
        net.mark(f"d at {l}")

    def up(l: Size, width: Width, channels: Size, span: Span | None = None) -> None:
        net.enter("previous", Tensor(*_halved(sides, l + 1), channels))
        net.block(f"u(level {span})" if span else f"u{depth - l}" if isinstance(depth, int) else f"u({depth - l})", l, "decoder", span)
        net.add("up", UpSampling2D(2))
        net.add("conv", Conv2D(width(l), kernel_size))
        net.add("act", ReLU())
        upsampled = net.add("bn", BatchNormalization())
        net.enter(f"d at {l}", Tensor(*_halved(sides, l), width(l)))
        net.add("skip", Concatenate(), upsampled, f"d at {l}")

    segments = [(2, turn, rising)] if never_flat else [(2, turn, rising), (exact(turn + 1), depth, flat)]
    down(1, rising)
    for first, last, width in segments:
        for l, span in _levels(first, last):
            down(l, width, span)
    if depth != 1:  # the deepest map comes without a skip, so half as many channels enter here
        up(exact(depth - 1), capped, capped(depth))
    for first, last, width in reversed(segments):
        for l, span in _levels(exact(first - 1), exact(last - 1 - int(last == depth)), down=True):
            up(l, width, exact(2 * width(l + 1)), span)
    net.enter("previous", Tensor(*_halved(sides, 1), exact(2 * g)))
    net.block("out", 0, "decoder")
    net.add("up", UpSampling2D(2))
    net.add("conv", Conv2D(out_channels, kernel_size))
    net.add("act", Activation("tanh"))
    return net.network("pix2pix U-Net", [f"{step} divides the side"] + [f"{depth} >= {turn + 1}"] * net.letters, recipe)


def classic_unet(
    side: Any = N,
    in_channels: Size = 1,
    classes: Size = 2,
    base_filters: Size = 64,
    kernel_size: Size = 3,
    depth: Size = 4,
    up: str = "transpose",
    padding: str = "same",
) -> Network:
    """The U-Net of Ronneberger, Fischer, Brox (2015), "U-Net: Convolutional Networks for Biomedical Image Segmentation".

    Levels 0 ... ``depth``; level l has ``base_filters * 2**l`` filters and two k x k convolutions with ReLU per block.
    Down: MaxPooling2D(2).  Up: ``up="transpose"`` is Conv2DTranspose(2, strides 2), ``up="upsample"`` is UpSampling2D(2)
    and Conv2D(2); then Concatenate with the encoder's map.  Head: a 1 x 1 convolution to ``classes`` channels.
    ``padding="valid"`` is the paper's: maps shrink, and the encoder's maps are cropped to fit (figure 1: 572 -> 388).

    ValueError where a side cannot be halved ``depth`` times.

    >>> total = classic_unet(side=256).total()
    >>> total.macs, total.params
    (48096083968, 31030658)
    >>> print(classic_unet(side=572, padding="valid").output)
    388 x 388 x 2
    """
    recipe = partial(classic_unet, **dict(sorted(locals().items())))
    sides, d = as_pair(side, "side"), as_size(depth, "depth")
    g, k = as_size(base_filters, "base_filters"), as_size(kernel_size, "kernel_size")
    one_of("up", up, ("transpose", "upsample"))
    one_of("padding", padding, ("same", "valid"))
    lost = exact(2 * (k - 1)) if padding == "valid" else 0  # pixels of the side that two convolutions take
    step = exact(_two_to(d))
    if isinstance(lost, int) and isinstance(d, int):
        rule = f"side + {lost} must be a multiple of 2**depth = {step}" if lost else f"side must be a multiple of {step}"
        _check_sides(sides, lambda s: _fits(s, lost, d), step, rule)
    net = _Builder(Tensor(*sides, in_channels), letters=not isinstance(d, int))

    def width(l: Size) -> Size:
        return exact(g * _two_to(l))

    def entering(l: Size) -> tuple[Size, Size]:
        """Sides of the map that enters the encoder's block l: a side s becomes (s - lost) / 2 from level to level."""
        rows, columns = (exact(sp.expand((side + lost) * _two_to(-l) - lost)) for side in sides)
        return rows, columns

    def leaving(l: Size) -> tuple[Size, Size]:
        """Sides of the map that leaves the decoder's block l (l = d: the bottleneck): from below, s becomes 2 s - lost."""
        rows, columns = (exact(sp.expand((side - 2 * lost) * _two_to(d - l) + lost)) for side in entering(d))
        return rows, columns

    def convolve() -> None:
        for i in (1, 2):
            net.add(f"conv{i}", Conv2D(width(net.place[1]), k, padding=padding))
            net.add(f"act{i}", ReLU())

    def down(l: Size, part: str, span: Span | None = None) -> None:
        if l != 0:
            net.enter("previous", Tensor(*(exact(s - lost) for s in entering(l - 1)), width(l - 1)))
        net.block(f"enc({span})" if span else f"enc{l}" if part == "encoder" else part, l, part, span)
        if l != 0:
            net.add("pool", MaxPooling2D(2))
        convolve()
        net.mark(f"enc at {l}")

    def grow(l: Size, span: Span | None = None) -> None:
        net.enter("previous", Tensor(*leaving(l + 1), width(l + 1)))
        net.block(f"dec({span})" if span else f"dec{l}", l, "decoder", span)
        if up == "upsample":
            net.add("up", UpSampling2D(2))
            upsampled = net.add("upconv", Conv2D(width(l), 2))
        else:
            upsampled = net.add("upconv", Conv2DTranspose(width(l), 2, strides=2))
        skip = f"enc at {l}"
        net.enter(skip, Tensor(*(exact(s - lost) for s in entering(l)), width(l)))
        if lost != 0:
            extra = [exact(sp.expand(a - lost - 2 * b)) for a, b in zip(entering(l), leaving(l + 1), strict=True)]
            skip = net.add("crop", Cropping2D(tuple((floor_div(e, 2), exact(e - floor_div(e, 2))) for e in extra)), skip)
        net.add("skip", Concatenate(), skip, upsampled)
        convolve()

    down(0, "encoder")
    for l, span in _levels(1, exact(d - 1)):
        down(l, "encoder", span)
    down(d, "bottleneck")
    for l, span in _levels(0, exact(d - 1), down=True):
        grow(l, span)
    net.enter("previous", Tensor(*leaving(0), g))
    net.block("head", 0, "head")
    net.add("conv", Conv2D(classes, 1))
    return net.network("classic U-Net", [f"{step} divides the side" + f" + {lost}" * (lost != 0)], recipe)


def _fits(side: int, lost: int, depth: int) -> bool:
    """Whether every map of a classic U-Net has a whole side of at least 1."""
    small, rest = divmod(side + lost, 2**depth)
    small -= 2 * lost
    sides = [small]
    for _ in range(depth):
        sides.append(2 * sides[-1] - lost)
    return rest == 0 and min(sides) >= 1
