r"""The network of the question: a U-Net generator with UpSampling2D before each convolution of the decoder.

Level l has $g\,2^{\min(l-1,\,q)}$ filters: they double q times and then stay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

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
from unet_complexity.layers.arguments import SizeFromZero
from unet_complexity.networks import Network
from unet_complexity.symbols import C, N, Size, Sizes, as_expr, as_size
from unet_complexity.unets.builder import (
    Builder,
    divisible,
    kernel_rules,
    numbered,
    two_to,
    unet,
)

Filters: TypeAlias = Callable[[Size], Size]  # of a level


@unet
def pix2pix_unet(
    side: Sizes = N,
    in_channels: Size = C,
    out_channels: Size | None = None,
    base_filters: Size = 64,
    kernel_size: Size = 4,
    depth: Size = 7,
    doublings: SizeFromZero = 3,
) -> Network:
    """Build the U-Net generator that the question describes: ``depth`` times down, ``depth`` times up.

    It matches the public pix2pix example for Keras (Keras-GAN; after Isola et al. 2017, "Image-to-Image Translation
    with Conditional Adversarial Networks").  Level l has ``base_filters * 2**min(l - 1, doublings)`` filters.

    Args:
        side: Side of the input in pixels: one size or (rows, columns).  2**depth must divide it.
        in_channels: Channels of the input.
        out_channels: Channels of the output; by default those of the input.
        base_filters: Filters of the first block.
        kernel_size: Side of every convolution kernel.
        depth: Number of times that the side is halved.
        doublings: Number of times that the filters double before they stay; None never stops doubling.

    Returns:
        The network.  If sizes are letters, its ``regime`` says what they must obey.

    Raises:
        TypeError: If an argument is not a size.
        ValueError: If a size is too small, or 2**depth does not divide a side.

    Example:
        >>> pix2pix_unet(side=256, in_channels=3).total().macs
        18052284416
        >>> from unet_complexity.symbols import g
        >>> pix2pix_unet(base_filters=g).total().macs
        N**2*g*(576*C + 1049*g)/16
    """
    out_channels = as_size(in_channels if out_channels is None else out_channels, "out_channels")
    g = base_filters
    k = kernel_size
    q = depth - 1 if doublings is None else doublings
    if as_expr(q - depth + 1).is_positive:
        q = depth - 1
    turn = q + 1  # the last level with more filters than the level above
    least = 2 if turn == depth else turn + 1
    rules = divisible(side, depth)
    rules.append(Rule(f"{depth} >= {least}", depth - least))
    rows, columns = side
    net = Builder(Tensor(rows, columns, in_channels))
    # first level, last level, filters of a level between them; level q + 1 ends one range and starts the other
    segments: list[tuple[Size, Size, Filters]] = [(1, turn, lambda l: g * two_to(l - 1))]
    if turn != depth:
        segments.append((turn, depth, lambda l: g * two_to(q)))

    def halve(filters: Size) -> None:
        """Halve the sides with a convolution of stride 2."""
        net.add("conv", Conv2D(filters, k, strides=2))
        net.add("act", LeakyReLU(0.2))

    def up(l: Size, filters: Filters, joined: int) -> None:
        """Double the sides, convolve, and concatenate the encoder's map of the same side.

        ``joined``: maps that the block below concatenates.
        """
        name = numbered("u", f"level {net.span}" if net.span else depth - l)
        net.block(name, l, "decoder", net.halved(l + 1, joined * filters(l + 1)))
        net.add("up", UpSampling2D(2))
        net.add("conv", Conv2D(filters(l), k))
        net.add("act", ReLU())
        upsampled = net.add("bn", BatchNormalization())
        net.add("skip", Concatenate(), upsampled, net.skip(net.halved(l, filters(l))))

    net.block("d1", 1, "encoder")  # the only one without normalisation
    halve(g)
    for first, last, filters in segments:
        for l in net.levels(first + 1, last):
            above = net.halved(l - 1, filters(l - 1))
            net.block(numbered("d", net.span or l), l, "encoder", above)
            halve(filters(l))
            net.add("bn", BatchNormalization())
    if depth != 1:
        up(depth - 1, filters, joined=1)  # the deepest map has no skip connection
    for first, last, filters in reversed(segments):
        deepest = last - 2 if last == depth else last - 1
        for l in net.levels(first, deepest, up=True):
            up(l, filters, joined=2)
    joined = 1 if depth == 1 else 2
    net.block("out", 0, "decoder", net.halved(1, joined * g))
    net.add("up", UpSampling2D(2))
    net.add("conv", Conv2D(out_channels, k))
    net.add("act", Activation("tanh"))
    rules += kernel_rules(k, net.halved(depth - 1, 1), least=2)
    return net.network("pix2pix U-Net", rules)
