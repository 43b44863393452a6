r"""The classic U-Net: two convolutions per block, pooling down, up-convolutions up, filters that double all the way.

With 'valid' padding two k x k convolutions take $a = 2(k-1)$ pixels of a side.  So an encoder block makes
$s/2 - a$ of a side s, and the encoder's block l writes $(N + a)/2^l - 2a$; a decoder block makes $2s - a$.
"""

from __future__ import annotations

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
from unet_complexity.symbols import N, Pair, Size, as_pair, as_size, exact, floor_div
from unet_complexity.unets import builder
from unet_complexity.unets.builder import Builder, levels, numbered, two_to


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
    """Build the U-Net of Ronneberger, Fischer and Brox (2015).

    The paper: "U-Net: Convolutional Networks for Biomedical Image Segmentation".

    Levels 0 ... ``depth``; level l has ``base_filters * 2**l`` filters and two k x k convolutions with ReLU per block.
    Down: MaxPooling2D(2).  Up: an up-convolution, then Concatenate with the encoder's map.  Head: a 1 x 1
    convolution to ``classes`` channels.

    Args:
        side: Side of the input in pixels: one size or (rows, columns).  2**depth must divide it; with
            ``padding="valid"`` it must divide side + 2 (k - 1), and the map must be large enough to shrink.
        in_channels: Channels of the input.
        classes: Channels of the output.
        base_filters: Filters of level 0.
        kernel_size: Side k of the convolution kernels in the blocks.
        depth: Number of times that the side is halved.
        up: "transpose" for Conv2DTranspose(2, strides 2), "upsample" for UpSampling2D(2) and Conv2D(2).
        padding: "valid" is the paper's: maps shrink, and the encoder's maps are cropped to fit (figure 1:
            572 -> 388).  "same" keeps the sides.

    Returns:
        The network.  If sizes are letters, its ``regime`` says what they must obey.

    Raises:
        TypeError: If an argument is not a size.
        ValueError: If a size is too small, or a side cannot be halved ``depth`` times.

    Example:
        >>> total = classic_unet(side=256).total()
        >>> total.macs, total.params
        (48096083968, 31030658)
        >>> print(classic_unet(side=572, padding="valid").output)
        388 x 388 x 2
    """
    recipe = partial(
        classic_unet,
        base_filters=base_filters,
        classes=classes,
        depth=depth,
        in_channels=in_channels,
        kernel_size=kernel_size,
        padding=padding,
        side=side,
        up=up,
    )
    in_channels = as_size(in_channels, "in_channels")
    classes = as_size(classes, "classes")
    sides = as_pair(side, "side")
    d = as_size(depth, "depth")
    k = as_size(kernel_size, "kernel_size")
    one_of("up", up, ("transpose", "upsample"))
    one_of("padding", padding, ("same", "valid"))
    lost = 2 * (k - 1) if padding == "valid" else 0  # pixels of a side that a block takes
    rules = builder.divisible(sides, d, lost)
    g = as_size(base_filters, "base_filters")
    net = Builder(Tensor(*sides, in_channels), letters=not isinstance(d, int))

    def filters(l: Size) -> Size:
        """Return the number of filters of level l."""
        return g * two_to(l)

    def encoded(l: Size) -> Tensor:
        """Return the shape of the encoder's map on level l."""
        shrunk = two_to(-l)
        return builder.scaled(net.shape, shrunk, lost * (shrunk - 2), filters(l))

    def decoded(l: Size) -> Tensor:
        """Return the shape of the decoder's map on level l; for l = d, the bottleneck's."""
        grown = two_to(d - l)
        return builder.scaled(encoded(d), grown, lost * (1 - grown), filters(l))

    def down(name: str, l: Size, part: str, span: Span | None = None) -> None:
        """Add a block of the encoder, or the bottleneck: pooling and two convolutions."""
        net.block(name, l, part, span, encoded(l - 1))
        net.add("pool", MaxPooling2D(2))
        _convolutions(net, filters(l), k, padding)

    net.block("enc0", 0, "encoder")
    _convolutions(net, g, k, padding)
    for l, span in levels(1, d - 1):
        down(numbered("enc", span or l), l, "encoder", span)
    down("bottleneck", d, "bottleneck")
    for l, span in levels(0, d - 1, up=True):
        below = decoded(l + 1)
        beside = encoded(l)
        net.block(numbered("dec", span or l), l, "decoder", span, below)
        skip = net.skip(f"enc at {l}", beside)
        upsampled = _up_convolution(net, filters(l), up)
        if lost != 0:
            rows = _border(beside.height, below.height)
            columns = _border(beside.width, below.width)
            skip = net.add("crop", Cropping2D((rows, columns)), skip)
        net.add("skip", Concatenate(), skip, upsampled)
        _convolutions(net, filters(l), k, padding)
    net.block("head", 0, "head", None, decoded(0))
    net.add("conv", Conv2D(classes, 1))
    if padding == "same":
        rules += builder.kernel_rules(k, encoded(d), least=1)
    if lost != 0:
        rules += builder.sizes_rules(encoded(d), decoded(0))
        # a 1 x 1 kernel loses nothing, so nothing is cropped
        rules.append(Rule(f"{k} >= 2", k - 2))
    return net.network("classic U-Net", rules, recipe)


def _convolutions(net: Builder, filters: Size, k: Size, padding: str) -> None:
    """Add two k x k convolutions with ReLU."""
    for i in (1, 2):
        net.add(f"conv{i}", Conv2D(filters, k, padding=padding))
        net.add(f"act{i}", ReLU())


def _up_convolution(net: Builder, filters: Size, up: str) -> str:
    """Double the sides; return the name of the step that does."""
    if up == "transpose":
        return net.add("upconv", Conv2DTranspose(filters, 2, strides=2))
    net.add("up", UpSampling2D(2))
    return net.add("upconv", Conv2D(filters, 2))


def _border(inner: Size, below: Size) -> Pair:
    """Return the pixels to crop before and after a side, to fit twice the side ``below``."""
    pixels = exact(sp.expand(inner - 2 * below))
    before = floor_div(pixels, 2)
    return before, exact(pixels - before)
