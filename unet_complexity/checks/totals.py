"""The exercises on the totals that tools print: notebook 05."""

from __future__ import annotations

from unet_complexity.checks.judging import Exercise
from unet_complexity.engineering.conventions import conventions
from unet_complexity.layers import BatchNormalization, LeakyReLU, ReLU, UpSampling2D
from unet_complexity.symbols import N, g
from unet_complexity.unets import pix2pix_unet


def exercises() -> dict[str, Exercise]:
    """By name."""
    asked, letters = pix2pix_unet(side=256, in_channels=3), pix2pix_unet(side=N, base_filters=g)
    macs, copied = asked.total().macs, asked.only(UpSampling2D).total().writes
    normalised, relu, leaky = (asked.only(kind).total().writes for kind in (BatchNormalization, ReLU, LeakyReLU))
    deepspeed, torchlens = conventions["deepspeed"].parts(asked), conventions["torchlens"].parts(letters)
    incomplete = (
        (macs, "Those are the MACs alone; the tool adds upsampled and normalised elements."),
        (macs + copied, "The normalised elements are missing."),
    )
    return {
        "total of fvcore": Exercise(
            "what fvcore prints for the asker's network: 1 per MAC, 1 per upsampled and 2 per normalised element",
            conventions["fvcore"].total(asked),
            {},
            (
                *incomplete,
                (macs + 2 * normalised, "The elements that UpSampling2D writes are missing."),
                (macs + conventions["fvcore"].total(asked), "fvcore counts one for a MAC, not two."),
            ),
        ),
        "total of thop": Exercise(
            "what thop prints for the asker's network: 1 per MAC, 1 per upsampled and 4 per normalised element",
            conventions["thop"].total(asked),
            {},
            (
                *incomplete,
                (conventions["ultralytics-thop"].total(asked), "The elements that UpSampling2D writes are missing."),
                (conventions["fvcore"].total(asked), "Each normalised element counts 4 here, and not 2."),
                (macs + copied + normalised, "Each normalised element counts 4 here, and not 1."),
                (
                    macs + 4 * copied + normalised,
                    "The other way round: 4 for a normalised element, 1 for a copied one.",
                ),
                (macs + conventions["thop"].total(asked), "thop counts one for a MAC, not two."),
            ),
        ),
        "normalisation in deepspeed": Exercise(
            "how many operations deepspeed counts for all batch normalisations of the asker's network",
            deepspeed["normalization"],
            {},
            (
                (2, "That is for one element; the question is for all of them together."),
                (normalised, "That is how many elements are normalised; each may count more than once."),
                *(
                    (deepspeed["normalization"] + left, f"{what} still in: take them off as well.")
                    for left, what in (
                        (deepspeed["bias"], "The bias additions are"),
                        (deepspeed["upsampling"], "The upsampled elements are"),
                        (relu, "What ReLU writes is"),
                        (leaky, "What LeakyReLU writes is"),
                        (relu + leaky, "The activations, ReLU and LeakyReLU, are"),
                        (deepspeed["upsampling"] + relu + leaky, "All three others, copies and activations, are"),
                    )
                ),
            ),
        ),
        "upsampling in torchlens": Exercise(
            "the FLOPs that torchlens counts for all UpSampling2D of the asker's network, side N, base filters g",
            torchlens["upsampling"],
            {"the 4 for each element": 4, "one side (N); pixels are N x N": N, "g (base filters)": g},
            ((conventions["torchlens"].total(letters), "That is the whole network."),),
            (N, g),
        ),
    }
