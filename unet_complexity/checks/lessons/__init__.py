"""All that the notebooks ask, one file for each: exercises, predictions, a puzzle.

To add a lesson, write its file and enter it in ``LESSONS``.
"""

from __future__ import annotations

from functools import cache

from unet_complexity.checks.judging import Values
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
from unet_complexity.checks.predictions import predictions
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

# each text begins and ends with a line break, so that there is an empty line between two of them
PREDICTIONS = predictions("".join(lesson.PREDICTIONS for lesson in LESSONS))


@cache
def exercises() -> Values:
    """Return all exercises and puzzles by name, in reading order.

    Returns:
        An ``Exercise``, a ``Puzzle`` or the slider for each name that the notebooks use.

    >>> list(exercises())[0]
    'macs of d2'
    """
    found: Values = {}
    for lesson in LESSONS[1:]:  # notebook 00 only asks for predictions
        found |= tasks(lesson.TASKS, lesson.values())
    return found
