"""Learning by doing: exercises and puzzles with feedback, predictions that are kept, and a quiz.

Notebooks import four names: :func:`check` judges an answer, :func:`predict` notes a guess,
:func:`ledger` shows the guess beside the outcome, and :func:`quiz` asks questions.  A teacher's
:func:`class_view` shows what a class guessed.  The folder ``lessons`` holds what each notebook
asks.
"""

from __future__ import annotations

from typing import Any

from unet_complexity.checks.class_view import class_view
from unet_complexity.checks.feedback import Feedback, entry
from unet_complexity.checks.forms import Tried
from unet_complexity.checks.judging import Exercise
from unet_complexity.checks.ledger import ledger, predict
from unet_complexity.checks.lessons import exercises, questions
from unet_complexity.checks.puzzles import Puzzle
from unet_complexity.checks.quiz import Quiz
from unet_complexity.checks.sliders import OwnSlider

__all__ = [
    "Exercise",
    "Feedback",
    "Puzzle",
    "check",
    "class_view",
    "exercises",
    "ledger",
    "predict",
    "quiz",
]


def check(name: str, answer: Any) -> Feedback:
    """Judge an answer, and if it is not right, say what to look at.

    Args:
        name: the name of the exercise or puzzle, as the notebook writes it.
        answer: a number, a formula in the package's letters or a function of them; for a puzzle,
            one number for each of its sizes, in brackets.

    Returns:
        Whether the answer is right, and a sentence; a notebook shows both.

    Raises:
        ValueError: no exercise has that name.

    Example:
        >>> check("macs of d4", 2**20)
        Not yet. Missing: f (512 filters). Multiply your answer by 512.
        >>> from unet_complexity.symbols import f, k
        >>> check("copy per MAC", 1 / (k**2 * f))
        Right. 1/(f*k**2)
    """
    exercise = entry("exercise", name, exercises())
    feedback: Feedback = exercise.judge(answer)
    if feedback.right or isinstance(exercise, OwnSlider):
        return feedback
    kind = "puzzle" if isinstance(exercise, Puzzle) else "exercise"
    return Tried(False, feedback.text, kind=kind, question=exercise.data())


def quiz(*numbers: int) -> Quiz:
    """Ask questions of the quiz.

    Args:
        numbers: the questions to ask, counted from 1; all of them if none is given.

    Returns:
        The questions.  In a notebook each option unfolds into its explanation.

    Raises:
        ValueError: no question has that number.

    Example:
        >>> print(quiz(1))
        1. UpSampling2D(size=(1, 2)) reads the row 1 2. What does it write?
           a) 1 1 2 2
           b) 1 2 1 2
           c) 1 1.25 1.75 2
    """
    known = dict(enumerate(questions(), start=1))
    for number in numbers:
        if number not in known:
            raise ValueError(
                f"questions are numbered 1 to {len(known)}, got {number!r}; try quiz(1)"
            )
    return Quiz({number: known[number] for number in numbers or known})
