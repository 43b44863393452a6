"""The exercises on whole networks: notebook 04."""

from __future__ import annotations

import sympy as sp

from unet_complexity.checks.judging import FLOPS, Exercise
from unet_complexity.symbols import N, substitute
from unet_complexity.unets import classic_unet, pix2pix_unet


def exercises() -> dict[str, Exercise]:
    """By name."""
    asked, large = pix2pix_unet(side=256, in_channels=3), pix2pix_unet(side=512, in_channels=3).total().macs
    whole, decoder = asked.total().macs, asked.groups("part")["decoder"].total().macs
    out, classic = asked.groups("block")["out"].total().macs, classic_unet(side=N).total()
    return {
        "macs at 512": Exercise(
            "the MACs of the asker's network for 512 x 512 x 3 and 64 base filters", large, {}, ((2 * large, FLOPS),)
        ),
        "doubled side": Exercise(
            "by what factor the MACs of the asker's network grow when the side doubles",
            sp.Rational(large, whole),
            {},
            (
                (1, "Parameters do not know the side. MACs do."),
                (2, "The side doubles, so the number of pixels grows by 2 x 2."),
                (8, "Only two of the factors are sides; the channels stay as they are."),
                (16, "Only the map is doubled, and the kernel stays: 2 x 2 times as many pixels."),
            ),
        ),
        "share of the decoder": Exercise(
            "MACs of the asker's network at N = 256, C = 3 that run after an UpSampling2D",
            decoder,
            {},
            (
                (whole - decoder, "That is the encoder; the rest is asked for."),
                (2 * decoder, FLOPS),
                (whole, "That is the whole network."),
                (decoder - out, "The output block runs after an UpSampling2D as well."),
                (
                    sp.Rational(decoder, 4),
                    "You counted on the inputs of UpSampling2D; the convolutions meet its outputs.",
                ),
                (sp.Rational(decoder, whole), "That is the fraction; here the count is asked for."),
                (sp.Rational(100 * decoder, whole), "That is the percentage; here the count is asked for."),
            ),
        ),
        "classic at N": Exercise(
            "the MACs of the classic U-Net (64 base filters, k = 3, depth 4, 1 channel in, 2 classes) for a side N",
            classic.macs,
            {"one side (N); pixels are N x N": N},
            (
                (2 * classic.macs, FLOPS),
                (classic.flops, "Those are FLOPs, activations and biases included."),
                (classic.params, "Those are the parameters: they do not know the side."),
                (
                    substitute(classic.macs, {N: 256}),
                    "That is the count for one side, 256. The formula has the letter N.",
                ),
                *((classic_unet(side=N, depth=d).total().macs, f"That is with depth {d}, not 4.") for d in (3, 5)),
                (classic_unet(side=N, classes=1).total().macs, "That is with 1 class; the head makes 2 here."),
                (
                    classic_unet(side=N, up="upsample").total().macs,
                    "That is with UpSampling2D and Conv2D(2) on the way up; the classic one transposes.",
                ),
            ),
            (N,),
        ),
    }
