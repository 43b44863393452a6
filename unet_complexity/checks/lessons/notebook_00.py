"""Questions of notebook 00: what does a copy cost, and what does it do to the next layer?"""

from __future__ import annotations

from unet_complexity.checks.predictions import Prediction
from unet_complexity.checks.puzzles import Exercises


def exercises() -> Exercises:
    """Return an empty dictionary: this notebook only asks for predictions."""
    return {}


PREDICTIONS = {
    "a doubled side": Prediction(
        "If the side doubles, by what factor does UpSampling2D(size=2) write more elements?",
        4,
        "x {}",
    ),
    "convolution after a copy": Prediction(
        "By what factor does a convolution cost more after UpSampling2D(size=2) than before it?",
        4,
        "x {}",
    ),
    "share after copies": Prediction(
        "What percentage of the multiplications of the asker's network runs after an UpSampling2D?",
        88.85,
        "{} %",
    ),
}
