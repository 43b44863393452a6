r"""The asker's network: a U-Net generator with UpSampling2D before each convolution of the decoder.

Level l has $g\,2^{\min(l-1,\,q)}$ filters: they double q times and then stay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from unet_complexity.cost import Rule, Tensor
from unet_complexity.layers import (
    Activation,
    BatchNormalization,
    Concatenate,
    Conv2D,
    LeakyReLU,
    ReLU,
    UpSampling2D,
)
from unet_complexity.networks import Network, Span
from unet_complexity.symbols import C, N, Pair, Size, as_expr, as_pair, as_size, exact
from unet_complexity.unets.builder import Builder, check_sides, halved, levels, two_to


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
    ``doublings=None`` never stops doubling.  ``side`` is one size or (rows, columns), in pixels; ``out_channels``
    defaults to ``in_channels``.  Down: Conv2D of stride 2, LeakyReLU, BatchNormalization (not in the first block).
    Up: UpSampling2D, Conv2D, ReLU, BatchNormalization, Concatenate with the encoder's map of the same side.
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
    in_channels, out_channels = (
        as_size(in_channels, "in_channels"),
        as_size(out_channels, "out_channels"),
    )
    sides, depth = as_pair(side, "side"), as_size(depth, "depth")
    q = depth if doublings is None else as_size(doublings, "doublings", 0)
    if isinstance(depth, int):
        step = 2**depth
        check_sides(
            sides, lambda s: s % step == 0, step, f"side must be a multiple of 2**depth = {step}"
        )
    all_the_way = doublings is None or (
        isinstance(depth, int) and isinstance(q, int) and q > depth - 2
    )
    plan = _Plan(sides, as_size(base_filters, "base_filters"), kernel_size, depth, q, all_the_way)
    net = plan.build(Tensor(*sides, in_channels), out_channels)
    least = 2 if plan.all_the_way else exact(plan.turn + 1)
    rules = [Rule(f"{two_to(depth)} divides the side", as_expr(s) / two_to(depth)) for s in sides]
    rules.append(Rule(f"{depth} >= {least}", as_expr(depth - least)))
    if not isinstance(plan.k, int) or plan.k > 5:  # smaller ones fit wherever the depth does
        rules += [Rule.largest_kernel(plan.k, 2 * as_expr(s) / two_to(depth)) for s in sides]
    return net.network("pix2pix U-Net", rules, recipe)


Width = Callable[[Size], Size]


@dataclass(frozen=True)
class _Plan:
    """Sizes of every level; from level ``turn`` on the filters stay."""

    sides: Pair
    g: Size
    k: Size
    depth: Size
    q: Size
    all_the_way: bool

    @property
    def turn(self) -> Size:
        return self.depth if self.all_the_way else exact(self.q + 1)

    def rising(self, l: Size) -> Size:
        return exact(self.g * two_to(l - 1))

    def flat(self, _: Size) -> Size:
        return exact(self.g * two_to(self.q))

    def build(self, image: Tensor, out_channels: Size) -> Builder:
        net = Builder(
            image, letters=not (isinstance(self.depth, int) and isinstance(self.turn, int))
        )
        segments: list[tuple[Size, Size, Width]] = [(2, self.turn, self.rising)]
        if not self.all_the_way:
            segments.append((exact(self.turn + 1), self.depth, self.flat))
        self.down(net, 1, self.rising)
        for first, last, width in segments:
            for l, span in levels(first, last):
                self.down(net, l, width, span)
        deepest = segments[-1][2]
        if (
            self.depth != 1
        ):  # the deepest map comes without a skip, so half as many channels enter here
            self.up(net, exact(self.depth - 1), deepest, deepest(self.depth))
        for first, last, width in reversed(segments):
            for l, span in levels(
                exact(first - 1), exact(last - (2 if last == self.depth else 1)), up=True
            ):
                self.up(net, l, width, exact(2 * width(exact(l + 1))), span)
        net.enter("previous", halved(self.sides, 1, exact(2 * self.g)))
        net.block("out", 0, "decoder")
        net.add("up", UpSampling2D(2))
        net.add("conv", Conv2D(out_channels, self.k))
        net.add("act", Activation("tanh"))
        return net

    def down(self, net: Builder, l: Size, width: Width, span: Span | None = None) -> None:
        if l != 1:
            net.enter("previous", halved(self.sides, l - 1, width(l - 1)))
        net.block(f"d({span})" if span else f"d{l}", l, "encoder", span)
        net.add("conv", Conv2D(width(l), self.k, strides=2))
        net.add("act", LeakyReLU(0.2))
        if l != 1:
            net.add("bn", BatchNormalization())
        net.mark(f"d at {l}")

    def up(
        self, net: Builder, l: Size, width: Width, channels: Size, span: Span | None = None
    ) -> None:
        net.enter("previous", halved(self.sides, l + 1, channels))
        number = (
            f"(level {span})"
            if span
            else f"{self.depth - l}"
            if isinstance(self.depth, int)
            else f"({self.depth - l})"
        )
        net.block(f"u{number}", l, "decoder", span)
        net.add("up", UpSampling2D(2))
        net.add("conv", Conv2D(width(l), self.k))
        net.add("act", ReLU())
        upsampled = net.add("bn", BatchNormalization())
        net.enter(f"d at {l}", halved(self.sides, l, width(l)))
        net.add("skip", Concatenate(), upsampled, f"d at {l}")
