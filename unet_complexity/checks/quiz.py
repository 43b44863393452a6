"""Quiz questions: each option, right or wrong, unfolds into its own explanation.

In a notebook a quiz is Markdown with ``<details>``, which also works on a page without a kernel.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple


class Question(NamedTuple):
    """A question, the place of the right option from 0, and each option with its explanation."""

    asked: str
    right: int
    options: dict[str, str]

    @classmethod
    def parsed(cls, text: str) -> Question:
        """Read a question and its options: items ``- option: explanation``, + for the right one.

        >>> Question.parsed("Rows?\\n- one: There are more.\\n+ two: The first, the second.").right
        1
        """
        asked, *lines = re.sub("\n +", " ", text).split("\n")
        options = dict(line[2:].split(": ", maxsplit=1) for line in lines)
        return cls(asked, [line[0] for line in lines].index("+"), options)

    def plain(self) -> str:
        """Return the question and its options as plain text."""
        lines = [self.asked]
        for letter, option in zip("abcd", self.options, strict=False):
            lines.append(f"   {letter}) {option}")
        return re.sub("[`*]", "", "\n".join(lines))

    def folded(self) -> str:
        """Return Markdown in which each option unfolds into its explanation."""
        folded = self.asked
        for place, (option, why) in enumerate(self.options.items()):
            verdict = "Yes" if place == self.right else "No"
            text = re.sub(
                "`([^`]*)`", r"<code>\1</code>", option
            )  # a summary is HTML, not Markdown
            summary = f"<summary>{'abcd'[place]}) {text}</summary>"
            folded += f"\n\n<details>{summary}\n\n**{verdict}.** {why}\n\n</details>"
        return folded


@dataclass(frozen=True, repr=False)
class Quiz:
    """Questions by number.  As text they only ask; in a notebook they also explain."""

    questions: dict[int, Question]

    def __repr__(self) -> str:
        return "\n".join(
            f"{number}. {question.plain()}" for number, question in self.questions.items()
        )

    def _repr_markdown_(self) -> str:
        folded = [
            f"**{number}.** {question.folded()}" for number, question in self.questions.items()
        ]
        return "\n\n---\n\n".join(folded)
