"""The wrong answers that the exercises' checks know by name, as a page for teachers: docs/teaching/slips.md."""

from typing import Any

import sympy as sp

from unet_complexity.checks import Exercise, exercises
from unet_complexity.checks.feedback import shown

HEAD = """# Every slip the checks name

An exercise's check does not say *wrong*: for these answers it says what happened. For all others it looks for the
factor that is missing or there twice."""


def text() -> str:
    """One section for each exercise that knows slips, in reading order."""
    named = {name: one for name, one in exercises().items() if isinstance(one, Exercise)}
    return (
        "\n\n".join([HEAD, *(_section(name, exercise) for name, exercise in named.items())]) + "\n"
    )


def _section(name: str, exercise: Exercise) -> str:
    rows = [f"| {_shown(value)} | {reason} |" for reason, value in exercise.slips.items()]
    asked = f"Asked: {exercise.asked}. Right: {_shown(exercise.right)}"
    return "\n".join(
        [f"## {name}", "", asked, "", "| answer | what the check says |", "| --- | --- |", *rows]
    )


def _shown(value: Any) -> str:
    expression = sp.sympify(value)
    return f"${sp.latex(expression)}$" if expression.free_symbols else shown(expression)
