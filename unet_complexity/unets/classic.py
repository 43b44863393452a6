r"""The classic U-Net: two convolutions per block, pooling down, up-convolutions up, filters that double all the way.

With 'valid' padding two k x k convolutions take $a = 2(k-1)$ pixels of a side.  From level to level of the encoder a
side s becomes $(s - a)/2$, so level l receives $(N + a)/2^l - a$; in the decoder s becomes $2s - a$.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import sympy as sp

from unet_complexity.cost import Rule, Tensor
from unet_complexity.layers import (
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    MaxPooling2D,
    ReLU,
    UpSampling2D,
)
from unet_complexity.layers.arguments import one_of
from unet_complexity.networks import Network, Span
from unet_complexity.symbols import N, Pair, Size, as_expr, as_pair, as_size, exact, floor_div
from unet_complexity.unets.builder import Builder, check_sides, levels, two_to


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
    """The U-Net of Ronneberger, Fischer and Brox (2015), "U-Net: Convolutional Networks for Biomedical Image ...".

    Levels 0 ... ``depth``; level l has ``base_filters * 2**l`` filters and two k x k convolutions with ReLU per block.
    Down: MaxPooling2D(2).  Up: ``up="transpose"`` is Conv2DTranspose(2, strides 2), ``up="upsample"`` is
    UpSampling2D(2) and Conv2D(2); then Concatenate with the encoder's map.  Head: a 1 x 1 convolution to ``classes``
    channels.  ``padding="valid"`` is the paper's: maps shrink, and the encoder's maps are cropped to fit (figure 1:
    572 -> 388).  ``side`` is one size or (rows, columns), in pixels.

    ValueError where a side cannot be halved ``depth`` times: 2**depth must divide it; with ``padding="valid"`` it must
    divide side + 2 (k - 1), and the map must be large enough to shrink.

    >>> total = classic_unet(side=256).total()
    >>> total.macs, total.params
    (48096083968, 31030658)
    >>> print(classic_unet(side=572, padding="valid").output)
    388 x 388 x 2
    """
    recipe = partial(classic_unet, **dict(sorted(locals().items())))
    in_channels, classes = as_size(in_channels, "in_channels"), as_size(classes, "classes")
    sides, d, k = (
        as_pair(side, "side"),
        as_size(depth, "depth"),
        as_size(kernel_size, "kernel_size"),
    )
    one_of("up", up, ("transpose", "upsample"))
    one_of("padding", padding, ("same", "valid"))
    lost = exact(2 * (k - 1)) if padding == "valid" else 0
    added = f" + {lost}" * (lost != 0)
    if isinstance(lost, int) and isinstance(d, int):
        rule = (
            f"side{added} must be a multiple of 2**depth = {2**d}"
            + ", and large enough to shrink" * (lost != 0)
        )
        check_sides(sides, lambda s: _fits(s, lost, d), 2**d, rule)
    plan = _Plan(sides, as_size(base_filters, "base_filters"), k, d, up, padding, lost)
    net = plan.build(Tensor(*sides, in_channels), classes)
    rules = [
        Rule(f"{two_to(d)} divides the side{added}", as_expr(s + lost) / two_to(d)) for s in sides
    ]
    if padding == "same" and (not isinstance(k, int) or k > 3):
        rules += [Rule.largest_kernel(k, as_expr(s) / two_to(d)) for s in sides]
    if lost != 0:
        ends = [*plan.leaving(d), *plan.leaving(0)]
        rules += [Rule("every map keeps a pixel", as_expr(side - 1)) for side in ends]
        rules.append(
            Rule(f"{k} >= 2", as_expr(k - 2))
        )  # a 1 x 1 kernel loses nothing, so nothing is cropped
    return net.network("classic U-Net", rules, recipe)


@dataclass(frozen=True)
class _Plan:
    """Sizes of every level; ``lost``: pixels of a side that two convolutions take."""

    sides: Pair
    g: Size
    k: Size
    d: Size
    upsampling: str
    padding: str
    lost: Size

    def width(self, l: Size) -> Size:
        return exact(self.g * two_to(l))

    def entering(self, l: Size) -> list[Size]:
        """Sides of the map that enters the encoder's block l."""
        return [
            exact(sp.expand((side + self.lost) * as_expr(two_to(-l)) - self.lost))
            for side in self.sides
        ]

    def leaving(self, l: Size) -> list[Size]:
        """Sides of the map that leaves the decoder's block l; for l = d, the bottleneck."""
        grown = two_to(self.d - l)
        return [
            exact(sp.expand((side - 2 * self.lost) * grown + self.lost))
            for side in self.entering(self.d)
        ]

    def skipped(self, l: Size) -> Tensor:
        """The map that leaves the encoder's block l."""
        rows, columns = (exact(side - self.lost) for side in self.entering(l))
        return Tensor(rows, columns, self.width(l))

    def build(self, image: Tensor, classes: Size) -> Builder:
        net = Builder(image, letters=not isinstance(self.d, int))
        self.down(net, 0, "encoder")
        for l, span in levels(1, exact(self.d - 1)):
            self.down(net, l, "encoder", span)
        self.down(net, self.d, "bottleneck")
        for l, span in levels(0, exact(self.d - 1), up=True):
            self.up(net, l, span)
        net.enter("previous", Tensor(*self.leaving(0), self.g))  # type: ignore[call-arg]
        net.block("head", 0, "head")
        net.add("conv", Conv2D(classes, 1))
        return net

    def down(self, net: Builder, l: Size, part: str, span: Span | None = None) -> None:
        if l != 0:
            net.enter("previous", self.skipped(l - 1))
        net.block(
            f"enc({span})" if span else f"enc{l}" if part == "encoder" else part, l, part, span
        )
        if l != 0:
            net.add("pool", MaxPooling2D(2))
        self.convolve(net, l)
        net.mark(f"enc at {l}")

    def up(self, net: Builder, l: Size, span: Span | None = None) -> None:
        below = self.leaving(l + 1)
        net.enter("previous", Tensor(*below, self.width(l + 1)))  # type: ignore[call-arg]
        net.block(f"dec({span})" if span else f"dec{l}", l, "decoder", span)
        if self.upsampling == "upsample":
            net.add("up", UpSampling2D(2))
            upsampled = net.add("upconv", Conv2D(self.width(l), 2))
        else:
            upsampled = net.add("upconv", Conv2DTranspose(self.width(l), 2, strides=2))
        skip = f"enc at {l}"
        net.enter(skip, self.skipped(l))
        if self.lost != 0:
            extra = zip(self.entering(l), below, strict=True)
            skip = net.add(
                "crop",
                Cropping2D(tuple(_halves(side - self.lost - 2 * b) for side, b in extra)),
                skip,
            )
        net.add("skip", Concatenate(), skip, upsampled)
        self.convolve(net, l)

    def convolve(self, net: Builder, l: Size) -> None:
        for i in (1, 2):
            net.add(f"conv{i}", Conv2D(self.width(l), self.k, padding=self.padding))
            net.add(f"act{i}", ReLU())


def _halves(pixels: Size) -> Pair:
    """Two border widths that together cut ``pixels``."""
    pixels = exact(sp.expand(pixels))
    before = floor_div(pixels, 2)
    return before, exact(pixels - before)


def _fits(side: int, lost: int, depth: int) -> bool:
    """Whether every map of a classic U-Net has a whole side of at least 1."""
    small, rest = divmod(side + lost, 2**depth)
    sides = [small - 2 * lost]
    for _ in range(depth):
        sides.append(2 * sides[-1] - lost)
    return not rest and min(sides) > 0
