r"""The classic U-Net: two convolutions per block, pooling down, up-convolutions up, filters that double all the way.

With 'valid' padding two k x k convolutions take $a = 2(k-1)$ pixels of a side.  So an encoder block makes
$s/2 - a$ of a side s, and the encoder's block l writes $(N + a)/2^l - 2a$; a decoder block makes $2s - a$.
"""

from __future__ import annotations

import sympy as sp

from unet_complexity.cost import Rule, Tensor
from unet_complexity.layers import (
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Layer,
    MaxPooling2D,
    ReLU,
    UpSampling2D,
)
from unet_complexity.networks import Network
from unet_complexity.symbols import N, Size, Sizes, one_of
from unet_complexity.unets.builder import (
    Builder,
    divisible,
    kernel_rules,
    numbered,
    two_to,
    unet,
)


@unet
def classic_unet(
    side: Sizes = N,
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
    one_of("up", up, ("transpose", "upsample"))
    one_of("padding", padding, ("same", "valid"))
    k = kernel_size
    L = depth
    lost = 2 * (k - 1) if padding == "valid" else 0  # pixels of a side that a block takes
    rules = divisible(side, L, lost)
    rows, columns = side
    net = Builder(Tensor(rows, columns, in_channels))

    def filters(l: Size) -> Size:
        """Return the number of filters of level l."""
        return base_filters * two_to(l)

    def encoded(l: Size) -> Tensor:
        """Return the shape of the encoder's map on level l."""
        return net.halved(l, filters(l), lost * (two_to(-l) - 2))

    def decoded(l: Size) -> Tensor:
        """Return the shape of the decoder's map on level l; for l = L, the bottleneck's."""
        return net.halved(l, filters(l), lost * (two_to(-l) + 1 - 3 * two_to(L - l)))

    def down(name: str, l: Size, part: str) -> None:
        """Add a block of the encoder, or the bottleneck: pooling and two convolutions."""
        net.block(name, l, part, encoded(l - 1))
        net.add("pool", MaxPooling2D(2))
        _convolutions(net, filters(l), k, padding)

    net.block("enc0", 0, "encoder")
    _convolutions(net, base_filters, k, padding)
    for l in net.levels(1, L - 1):
        down(numbered("enc", net.span or l), l, "encoder")
    down("bottleneck", L, "bottleneck")
    for l in net.levels(0, L - 1, up=True):
        net.block(numbered("dec", net.span or l), l, "decoder", decoded(l + 1))
        doubled: Layer = Conv2DTranspose(filters(l), 2, strides=2)
        if up == "upsample":
            net.add("up", UpSampling2D(2))
            doubled = Conv2D(filters(l), 2)
        upsampled = net.add("upconv", doubled)
        skip = net.skip(encoded(l))
        if lost != 0:
            # encoded(l) is this much larger than twice decoded(l + 1), on each of its four borders
            margin = sp.expand((k - 1) * (3 * two_to(L - l) - 4))
            skip = net.add("crop", Cropping2D(margin), skip)
        net.add("skip", Concatenate(), skip, upsampled)
        _convolutions(net, filters(l), k, padding)
    net.block("head", 0, "head", decoded(0))
    net.add("conv", Conv2D(classes, 1))
    if lost == 0:
        rules += kernel_rules(k, encoded(L), least=1)
    else:
        sides = (*encoded(L).sides, *decoded(0).sides)
        rules += [Rule("every map keeps a pixel", n - 1) for n in sides]
        # a 1 x 1 kernel loses nothing, so nothing is cropped
        rules.append(Rule(f"{k} >= 2", k - 2))
    return net.network("classic U-Net", rules)


def _convolutions(net: Builder, filters: Size, k: Size, padding: str) -> None:
    """Add two k x k convolutions with ReLU."""
    for i in (1, 2):
        net.add(f"conv{i}", Conv2D(filters, k, padding=padding))
        net.add(f"act{i}", ReLU())
