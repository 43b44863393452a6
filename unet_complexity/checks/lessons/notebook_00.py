"""Questions of notebook 00: what does a copy cost, and what does it do to the next layer?"""

from __future__ import annotations

from unet_complexity.checks.predictions import Prediction, growth
from unet_complexity.checks.puzzles import Exercises
from unet_complexity.cost import Tensor
from unet_complexity.layers import Conv2D, UpSampling2D
from unet_complexity.symbols import c, f, k, n
from unet_complexity.unets import pix2pix_unet


def exercises() -> Exercises:
    """Return an empty dictionary: this notebook only asks for predictions."""
    return {}


def _decoder() -> float:
    network = pix2pix_unet(side=256, in_channels=3)
    decoder = network.groups("part")["decoder"].total()
    return round(100 * decoder.macs / network.total().macs, 2)


PREDICTIONS = {
    "a doubled side": growth(
        "If the side doubles, by what factor does UpSampling2D(size=2) write more elements?",
        lambda side: UpSampling2D(2).cost(Tensor(side, side, 3)).writes,
        4,
        8,
        slips={
            "The side doubles, so rows and columns both do": 2,
            "Only the map's two sides double; size=2 stays": 8,
            "Each side enters once: 2 x 2": 16,
        },
    ),
    "convolution after a copy": growth(
        "By what factor does a convolution cost more after UpSampling2D(size=2) than before it?",
        lambda x: Conv2D(f, k).cost(x).macs,
        Tensor(n, n, c),
        UpSampling2D(2).output(Tensor(n, n, c)),
        slips={
            "The window stops at each copy, and multiplies it like any other value": 1,
            "Rows double, and columns double too": 2,
            "Only the map grows; kernel and channels stay": 16,
        },
    ),
    "share after copies": Prediction(
        "What percentage of the multiplications of the asker's network runs after an UpSampling2D?",
        _decoder,
        "{} %",
        slips={
            "Half of the steps go up, but on maps 4 times as large": 50,
        },
    ),
}
