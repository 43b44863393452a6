"""All that the notebooks ask, one file for each: exercises, predictions, a puzzle.

To add a lesson, write its file and enter it in ``LESSONS``.
"""

from __future__ import annotations

from functools import cache

from unet_complexity.checks.judging import Exercise, Values
from unet_complexity.checks.lessons import (
    notebook_00,
    notebook_01,
    notebook_02,
    notebook_03,
    notebook_04,
    notebook_05,
    notebook_06,
    notebook_07,
)
from unet_complexity.checks.lessons.quiz import questions
from unet_complexity.checks.predictions import Prediction, predictions
from unet_complexity.checks.puzzles import Puzzle
from unet_complexity.checks.sliders import OwnSlider
from unet_complexity.checks.tasks import tasks

__all__ = ["LESSONS", "PREDICTIONS", "exercises", "questions"]

LESSONS = (
    notebook_00,
    notebook_01,
    notebook_02,
    notebook_03,
    notebook_04,
    notebook_05,
    notebook_06,
    notebook_07,
)

PREDICTIONS: dict[str, Prediction] = {}
for lesson in LESSONS:
    PREDICTIONS |= predictions(lesson.PREDICTIONS)


@cache
def exercises() -> dict[str, Exercise | Puzzle | OwnSlider]:
    """Return all exercises and puzzles by name, in reading order.

    Returns:
        An ``Exercise`` or a ``Puzzle`` for each name that the notebooks use.

    >>> list(exercises())[0]
    'macs of d2'
    """
    found: Values = {}
    for lesson in LESSONS[1:]:  # notebook 00 only asks for predictions
        found |= tasks(lesson.TASKS, lesson.values())
    return found
