"""The exercises on a network that was read from a file: notebook 07.

The file holds a classic U-Net; what is right is counted on that, not on the file.
"""

from __future__ import annotations

from typing import Any

from unet_complexity.checks.judging import FLOPS, Exercise
from unet_complexity.cost import Tensor
from unet_complexity.layers import Multiply
from unet_complexity.networks import Network
from unet_complexity.symbols import N, exact, substitute
from unet_complexity.unets import classic_unet


def in_the_file(width: int = 16, depth: int = 3, side: Any = N) -> Network:
    """What ``models/unet-16-3.onnx`` holds, and its neighbours: images of 3 channels, one class."""
    return classic_unet(side, in_channels=3, classes=1, base_filters=width, depth=depth)


def exercises() -> dict[str, Exercise]:
    """By name."""
    whole, deeper = in_the_file().total(), in_the_file(depth=4).total()
    conv = next(step for step in in_the_file() if step.name == "dec0.conv1")
    sides = {"one side (N); pixels are N x N": N}
    pixels, large = N**2, 512
    gate = Multiply().cost(Tensor(N, N, 16), Tensor(N, N, 16))
    return {
        "macs of dec0/conv1": Exercise(
            "the MACs of dec0/conv1, a 3 x 3 convolution from 32 to 16 channels, for a side N",
            conv.cost.macs,
            {**sides, "f (16 filters)": 16, "c (32 channels in, two maps of 16)": 32, "k (3 taps)": 3},
            (
                (2 * conv.cost.macs, FLOPS),
                (conv.cost.macs / 2, "Two maps of 16 channels come in, one over the other: 32 channels."),
            ),
            (N,),
        ),
        "macs of the file at 512": Exercise(
            "the MACs of the network in the file for an image of 512 x 512",
            substitute(whole.macs, {N: large}),
            {},
            (
                (2 * substitute(whole.macs, {N: large}), FLOPS),
                (
                    substitute(whole.macs_in_bounds, {N: large}),
                    "Those are in bounds; dense MACs are asked for.",
                ),
                (substitute(whole.macs, {N: 256}), "That is for 256 x 256; the side is 512."),
                (2 * substitute(whole.macs, {N: 256}), "The side doubles, and so there are four times as many pixels."),
                (exact(whole.macs / pixels), "That is for one pixel; the image has 512 x 512 of them."),
                (exact(whole.macs / N * large), "Side or pixels? The formula has N squared."),
            ),
        ),
        "one level more": Exercise(
            "the parameters that the U-Net of width 16 has more with depth 4 than with depth 3",
            deeper.params - whole.params,
            {},
            (
                (deeper.params, "That is the whole deeper network; asked is what it has more."),
                (whole.params, "That is the network of depth 3."),
            ),
        ),
        "elements written after a gate": Exercise(
            "the elements that the gated network writes, for a side N, if a Gate multiplies its two maps",
            whole.writes + gate.writes,
            sides,
            (
                (whole.writes, "That is without the gate: it writes N x N x 16 elements too."),
                (whole.reads + gate.reads, "Those are the elements that are read."),
                (whole.elementwise + gate.elementwise, "Those are the elementwise operations."),
                (whole.writes + 2 * gate.writes, "Two maps go into the gate; one comes out."),
            ),
            (N,),
        ),
    }
