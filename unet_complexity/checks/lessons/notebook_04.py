"""Questions of notebook 04: what does a whole U-Net cost?"""

from __future__ import annotations

from typing import Any

import sympy as sp

from unet_complexity.checks.judging import Values
from unet_complexity.cost import Cost
from unet_complexity.symbols import N, Size
from unet_complexity.unets import classic_unet, pix2pix_unet

TASKS = """
macs at 512 | the MACs of the asker's network for 512 x 512 x 3 and 64 base filters

doubled side | by what factor the MACs of the asker's network grow when the side doubles
- 1: Parameters do not depend on the side. MACs do.
- 2: The side doubles, so the number of pixels grows by 2 x 2.
- 8: Only two of the factors are sides. The channels stay the same.
- 16: Only the map doubles, not the kernel: 2 x 2 times as many pixels.

share of the decoder | MACs of the asker's network at N = 256, C = 3 that run after an
  UpSampling2D
x 0.25: You counted on the inputs of UpSampling2D. The convolutions read its outputs.
x 1/whole: That is the fraction. The count is asked for.
x 100/whole: That is the percentage. The count is asked for.
- whole - decoder: That is the encoder. The decoder is asked for.
- whole: That is the whole network.
- decoder - out: The output block also runs after an UpSampling2D.

classic at N | the MACs of the classic U-Net for a side N, with k = 3, 64 base filters, depth 4, 1
  channel in and 2 classes at the end | N
- FLOPs: Those are FLOPs, with activations and biases.
- parameters: Those are the parameters. They do not depend on the side.
- at 256: That is the count for one side, 256. The formula contains N.
- depth 3: That is with depth 3, not 4.
- depth 5: That is with depth 5, not 4.
- 1 class: That is with 1 class. Here the head has 2.
- upsampled: That is with UpSampling2D. The classic U-Net transposes.

a U-Net on a budget
? 1,000: base_filters
? 8: depth
< 10,000,000,000: MACs
< 2,000,000: parameters
> 1,000,000: parameters
> 3: depth
"""

PREDICTIONS = """
largest block | {} | Which block of the asker's network needs the most MACs?
- d1
- d2
- d3
- d4
- d5
- d6
- d7: It has many channels, but its map is the smallest
- u1
- u2
- u3
+ u4
+ u5
+ u6
- out: Its map is the largest, but it has few filters

fourteen steps | x {} | By what factor do the MACs grow with 14 steps instead of 7, at the same
  side?
+ 1.0065
- 2: Twice as many steps, but each new one is a quarter of the one above
- 128: The smallest map shrinks, and the work is on the large ones

parameters of twice the filters | x {} | By what factor do the parameters of the asker's network
  grow from 64 to 128 base filters?
+ 3.999
- 2: Nearly every layer has twice the channels in as well
- 4: Biases and the image's own channels do not grow fourfold

memory of twice the filters | x {} | By what factor does the memory for the outputs of its
  convolutions grow?
+ 1.953
- 4: An output has as many channels as there are filters, once
- 2: The output image does not grow

parameters of twice the depth | x {} | By what factor do the parameters of the classic U-Net grow
  from 4 levels to 8?
+ 256.6
- 2: Each further level has 4 times the parameters of the one above
- 16: Each further level has 4 times the parameters, not twice

fullest moment | {} million | How many million numbers does a classic U-Net hold at the fullest
  moment, at 256 x 256?
+ 16.78

width of a view | {} pixels | How many pixels of the image wide is the receptive field of the
  classic U-Net's output?
+ 204
+ 188
- 37: On level l a step is as wide as 2^l pixels of the image
- 140: That is in the bottleneck. On the way up each pixel looks further
- 256: Almost: its view does not reach across the whole image
"""


def values() -> Values:
    """Return the right values, what measures the puzzle, and the values that lines of ``TASKS`` name."""
    asked = pix2pix_unet(side=256, in_channels=3)
    large = pix2pix_unet(side=512, in_channels=3).total()
    whole = asked.total().macs
    decoder = asked.groups("part")["decoder"].total()
    classic = _classic()
    return {
        "macs at 512": large,
        "doubled side": sp.Rational(large.macs, whole),
        "share of the decoder": decoder,
        "classic at N": classic,
        "a U-Net on a budget": _unet,
        "whole": whole,
        "decoder": decoder.macs,
        "out": asked.groups("block")["out"].total().macs,
        "FLOPs": classic.flops,
        "parameters": classic.params,
        "at 256": _classic(256).macs,
        "depth 3": _classic(depth=3).macs,
        "depth 5": _classic(depth=5).macs,
        "1 class": _classic(classes=1).macs,
        "upsampled": _classic(up="upsample").macs,
    }


def _classic(side: Size = N, **arguments: Any) -> Cost:
    return classic_unet(side, **arguments).total()


def _unet(base_filters: Size, depth: Size) -> Values:
    total = _classic(256, base_filters=base_filters, depth=depth)
    return {"MACs": total.macs, "parameters": total.params}
