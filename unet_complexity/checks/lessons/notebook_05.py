"""Questions of notebook 05: why do public tools print different totals for one network?"""

from __future__ import annotations

import sympy as sp

from unet_complexity.checks.judging import Exercise
from unet_complexity.checks.predictions import predictions
from unet_complexity.checks.puzzles import Puzzle, Values
from unet_complexity.engineering.conventions import conventions
from unet_complexity.layers import BatchNormalization, LeakyReLU, ReLU, UpSampling2D
from unet_complexity.symbols import N, Size, as_expr, g
from unet_complexity.unets import pix2pix_unet


def exercises() -> Values:
    """Return the exercises and the puzzle by name, in reading order."""
    asked = pix2pix_unet(side=256, in_channels=3)
    macs = asked.total().macs
    copied, normalised, relu, leaky = (
        asked.only(kind).total().writes
        for kind in (UpSampling2D, BatchNormalization, ReLU, LeakyReLU)
    )
    fvcore, thop, without_copies = (
        conventions[tool].total(asked) for tool in ("fvcore", "thop", "ultralytics-thop")
    )
    deepspeed = conventions["deepspeed"].parts(asked)
    normalisation = deepspeed["normalization"]
    others = {
        "The bias additions": deepspeed["bias"],
        "The upsampled elements": copied,
        "The elements that ReLU writes": relu,
        "The elements that LeakyReLU writes": leaky,
        "The activations, ReLU and LeakyReLU,": relu + leaky,
        "The copies and the activations": copied + relu + leaky,
    }
    # FSRCNN x2 (Dong et al. 2016, ECCV) on a map of 640 x 360: all but the last layer, the last
    small = 640 * 360 * (25 * 56 + 56 * 12 + 4 * 9 * 12 * 12 + 12 * 56)
    last = 640 * 360 * 81 * 56
    in_letters = pix2pix_unet(side=N, base_filters=g)
    torchlens = conventions["torchlens"]
    incomplete = {
        "Those are the MACs alone. The tool adds upsampled and normalised elements.": macs,
        "The normalised elements are missing.": macs + copied,
    }
    return {
        "total of fvcore": Exercise(
            "fvcore's total of the asker's network: 1 per MAC, 1 per copy, 2 per normalised element",
            fvcore,
            slips={
                **incomplete,
                "The elements that UpSampling2D writes are missing.": macs + 2 * normalised,
                "fvcore counts 1 for a MAC, not 2.": macs + fvcore,
            },
        ),
        "total of thop": Exercise(
            "thop's total of the asker's network: 1 per MAC, 1 per copy, 4 per normalised element",
            thop,
            slips={
                **incomplete,
                "The elements that UpSampling2D writes are missing.": without_copies,
                "Each normalised element counts 4 here, not 2.": fvcore,
                "Each normalised element counts 4 here, not 1.": macs + copied + normalised,
                "The other way round: 4 for a normalised element, 1 for a copied one.": macs
                + 4 * copied
                + normalised,
                "thop counts 1 for a MAC, not 2.": macs + thop,
            },
        ),
        "normalisation in deepspeed": Exercise(
            "deepspeed's operations for all batch normalisations of the asker's network",
            normalisation,
            slips={
                "That is for one element. The sum over all elements is asked for.": 2,
                "Those are the normalised elements. Each may count more than once.": normalised,
            }
            | {
                f"{what} are still in it. Subtract them too.": normalisation + left
                for what, left in others.items()
            },
        ),
        "upsampling in torchlens": Exercise(
            "torchlens's FLOPs for all UpSampling2D of the asker's network, for N and g",
            torchlens.parts(in_letters)["upsampling"],
            slips={"That is the whole network.": torchlens.total(in_letters)},
            factors={"the 4 for each element": 4},
            letters="Ng",
        ),
        "published FSRCNN": Exercise(
            "the count of FSRCNN x2 for 1280 x 720 pixels that rounds to 6.0 G",
            small + 4 * last,
            slips={
                "Those are the MACs. They round to 2.9 G.": small + last,
                "Those are the FLOPs. They round to 5.7 G.": 2 * (small + last),
                "The last layer is missing. Count it on its output.": small,
                "Those are the outputs of the last layer. The others are missing.": 4 * last,
            },
        ),
        "tools apart": Puzzle(
            {"tiles": 100, "base_filters": 1_000},
            _apart,
            most={"side": 1024},
            least={"MACs": 1_000_000_000, "per cent apart": sp.Rational(5, 2)},
        ),
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


PREDICTIONS = predictions("""
largest by smallest | x {} | What is the largest of the nineteen tools' totals, divided by the
  smallest?
+ 2
- 1: The tools do not count the same things

tools that count a copy | {} | How many of the nineteen count something for UpSampling2D?
+ 10
- 0: A copy is not arithmetic, but many tools add one operation for each element
- 19: Not every tool counts what is written
""")
