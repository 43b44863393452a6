"""Learning by doing: exercises and puzzles whose checks say why, predictions that are kept, a quiz.

Notebooks import four names: :func:`check` judges an answer, :func:`predict` notes a guess, :func:`ledger` shows it
beside the outcome, :func:`quiz` asks.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from unet_complexity.checks import convolution, own, phased, seconds, totals, unets, upsampling
from unet_complexity.checks.feedback import Feedback
from unet_complexity.checks.judging import Exercise
from unet_complexity.checks.ledger import ledger, predict
from unet_complexity.checks.puzzles import PUZZLES, Puzzle
from unet_complexity.checks.quiz import quiz

__all__ = ["Exercise", "Feedback", "Puzzle", "check", "exercises", "ledger", "predict", "quiz"]


@cache
def exercises() -> dict[str, Exercise | Puzzle]:
    """All exercises, by the name that the notebooks use, in reading order."""
    rooms = (convolution, upsampling, phased, unets, totals, seconds, own)
    return {name: exercise for room in rooms for name, exercise in room.exercises().items()} | PUZZLES


def check(name: str, answer: Any) -> Feedback:
    """Say whether ``answer`` answers the exercise called ``name``, and if not, what to look at.

    ValueError where no exercise has that name.

    >>> check("macs of d4", 2**20)
    Not yet. Missing: f (512 filters). Your answer must still be multiplied by 512.
    >>> from unet_complexity.symbols import f, k
    >>> check("copy per MAC", 1 / (k**2 * f))
    Right. 1/(f*k**2)
    """
    known = exercises()
    if name not in known:
        raise ValueError(f"no exercise is called {name!r}; there are {', '.join(map(repr, known))}")
    return known[name].judge(answer)
