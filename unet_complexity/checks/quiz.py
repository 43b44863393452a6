"""The quiz: every option of a question, right or wrong, unfolds into its own explanation.

It is Markdown with ``<details>``, so that it works on a page without a kernel.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from unet_complexity.checks.questions import Question, questions


def quiz(*numbers: int) -> Quiz:
    """The questions with these numbers, counted from 1; all of them, where none is given.

    ValueError where there is no such question.

    >>> print(quiz(1))
    1. UpSampling2D(size=(1, 2)) reads the row 1 2. What does it write?
       a) 1 1 2 2
       b) 1 2 1 2
       c) 1 1.25 1.75 2
    """
    known = questions()
    chosen = numbers or range(1, len(known) + 1)
    if unknown := [number for number in chosen if number not in range(1, len(known) + 1)]:
        raise ValueError(f"questions are numbered 1 to {len(known)}, got {unknown[0]!r}; try quiz(1)")
    return Quiz(tuple((number, known[number - 1]) for number in chosen))


@dataclass(frozen=True, repr=False)
class Quiz:
    """Questions with their numbers.  As text it asks; in a notebook it answers as well."""

    questions: tuple[tuple[int, Question], ...]

    def __repr__(self) -> str:
        return "\n".join(f"{number}. {_plain(question)}" for number, question in self.questions)

    def _repr_markdown_(self) -> str:
        return "\n\n---\n\n".join(f"**{number}.** {_folded(question)}" for number, question in self.questions)


def _plain(question: Question) -> str:
    options = (f"   {letter}) {option.text}" for letter, option in zip("abcd", question.options, strict=False))
    return "\n".join([question.asked, *options]).replace("`", "")


def _folded(question: Question) -> str:
    lines = [question.asked, ""]
    for place, (letter, option) in enumerate(zip("abcd", question.options, strict=False)):
        verdict = "**Yes.**" if place == question.right else "**No.**"
        summary = _code(option.text)
        lines.append(f"<details><summary>{letter}) {summary}</summary>\n\n{verdict} {option.why}\n\n</details>")
    return "\n".join(lines)


def _code(text: str) -> str:
    """Backticks as HTML: a summary is read as HTML, not as Markdown."""
    return re.sub("`([^`]*)`", r"<code>\1</code>", text)
