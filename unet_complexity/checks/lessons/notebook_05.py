"""Questions of notebook 05: why do public tools print different totals for one network?"""

from __future__ import annotations

from unet_complexity.checks.judging import Values
from unet_complexity.engineering.conventions import conventions
from unet_complexity.layers import BatchNormalization, LeakyReLU, ReLU, UpSampling2D
from unet_complexity.symbols import N, Size, as_expr, g
from unet_complexity.unets import pix2pix_unet

TASKS = """
total of fvcore | fvcore's total of the asker's network: 1 per MAC, 1 per copy, 2 per normalised
  element
- MACs: Those are the MACs alone. The tool adds upsampled and normalised elements.
- MACs + copied: The normalised elements are missing.
- MACs + 2 normalised: The elements that UpSampling2D writes are missing.
- MACs + total of fvcore: fvcore counts 1 for a MAC, not 2.

total of thop | thop's total of the asker's network: 1 per MAC, 1 per copy, 4 per normalised
  element
- MACs: Those are the MACs alone. The tool adds upsampled and normalised elements.
- MACs + copied: The normalised elements are missing.
- MACs + 4 normalised: The elements that UpSampling2D writes are missing.
- total of fvcore: Each normalised element counts 4 here, not 2.
- MACs + copied + normalised: Each normalised element counts 4 here, not 1.
- MACs + 4 copied + normalised: The other way round: 4 for a normalised element, 1 for a copied
  one.
- MACs + total of thop: thop counts 1 for a MAC, not 2.

normalisation in deepspeed | deepspeed's operations for all batch normalisations of the asker's
  network
- 2: That is for one element. The sum over all elements is asked for.
- normalised: Those are the normalised elements. Each may count more than once.
- normalisation in deepspeed + bias: The bias additions are still in it. Subtract them too.
- normalisation in deepspeed + copied: The upsampled elements are still in it. Subtract them too.
- normalisation in deepspeed + ReLU: The elements that ReLU writes are still in it. Subtract them
  too.
- normalisation in deepspeed + LeakyReLU: The elements that LeakyReLU writes are still in it.
  Subtract them too.
- normalisation in deepspeed + ReLU + LeakyReLU: The activations, ReLU and LeakyReLU, are still in
  it. Subtract them too.
- normalisation in deepspeed + copied + ReLU + LeakyReLU: The copies and the activations are still
  in it. Subtract them too.

upsampling in torchlens | torchlens's FLOPs for all UpSampling2D of the asker's network, for N and
  g | Ng
- whole network: That is the whole network.
* 4: the 4 for each element

published FSRCNN | the count of FSRCNN x2 for 1280 x 720 pixels that rounds to 6.0 G
- inner + last: Those are the MACs. They round to 2.9 G.
- 2 inner + 2 last: Those are the FLOPs. They round to 5.7 G.
- inner: The last layer is missing. Count it on its output.
- 4 last: Those are the outputs of the last layer. The others are missing.

tools apart
? 100: tiles
? 1,000: base_filters
< 1,024: side
> 1,000,000,000: MACs
> 2.5: per cent apart
"""

PREDICTIONS = """
largest by smallest | x {} | What is the largest of the nineteen tools' totals, divided by the
  smallest?
+ 2
- 1: The tools do not count the same things

tools that count a copy | {} | How many of the nineteen count something for UpSampling2D?
+ 10
- 0: A copy is not arithmetic, but many tools add one operation for each element
- 19: Not every tool counts what is written
"""


def values() -> Values:
    """Return the right values, what measures the puzzle, and the values that lines of ``TASKS`` name."""
    asked = pix2pix_unet(side=256, in_channels=3)
    deepspeed = conventions["deepspeed"].parts(asked)
    # FSRCNN x2 (Dong et al. 2016, ECCV) on a map of 640 x 360: all but the last layer, the last
    inner = 640 * 360 * (25 * 56 + 56 * 12 + 4 * 9 * 12 * 12 + 12 * 56)
    last = 640 * 360 * 81 * 56
    in_letters = pix2pix_unet(side=N, base_filters=g)
    return {
        "total of fvcore": conventions["fvcore"].total(asked),
        "total of thop": conventions["thop"].total(asked),
        "normalisation in deepspeed": deepspeed["normalization"],
        "upsampling in torchlens": conventions["torchlens"].parts(in_letters)["upsampling"],
        "published FSRCNN": inner + 4 * last,
        "tools apart": _apart,
        "MACs": asked.total().macs,
        "copied": asked.only(UpSampling2D).total().writes,
        "normalised": asked.only(BatchNormalization).total().writes,
        "ReLU": asked.only(ReLU).total().writes,
        "LeakyReLU": asked.only(LeakyReLU).total().writes,
        "bias": deepspeed["bias"],
        "whole network": conventions["torchlens"].total(in_letters),
        "inner": inner,
        "last": last,
    }


def _apart(tiles: Size, base_filters: Size) -> Values:
    network = pix2pix_unet(side=128 * tiles, in_channels=3, base_filters=base_filters)
    more = conventions["torchlens"].total(network)
    less = conventions["torch FlopCounterMode"].total(network)
    return {
        "side": 128 * tiles,
        "MACs": network.total().macs,
        "per cent apart": 100 * (as_expr(more) / less - 1),
    }
