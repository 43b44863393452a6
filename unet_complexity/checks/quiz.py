"""Quiz questions: each option, right or wrong, unfolds into its own explanation.

On a page each option is a ``<details>``, which unfolds even where no script may run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from unet_complexity.checks.forms import page


class Question(NamedTuple):
    """A question, the place of the right option from 0, and each option with its explanation."""

    asked: str
    right: int
    options: dict[str, str]

    def plain(self) -> str:
        """Return the question and its options as plain text."""
        text = self.asked
        for letter, option in zip("abcd", self.options, strict=False):
            text += f"\n   {letter}) {option}"
        return re.sub("[`*]", "", text)

    def folded(self) -> str:
        """Return HTML in which each option unfolds into its explanation."""
        html = f"<p>{_marked(self.asked)}</p>"
        for place, (option, why) in enumerate(self.options.items()):
            verdict = "Yes" if place == self.right else "No"
            summary = f"<summary>{'abcd'[place]}) {_marked(option)}</summary>"
            html += f"\n<details>{summary}<p><b>{verdict}.</b> {_marked(why)}</p></details>"
        return html


def _marked(text: str) -> str:
    """Return HTML of our own text with `code`, **strong** and *emphasised* words.

    >>> _marked("`a < b` is *not* it")
    '<code>a &lt; b</code> is <em>not</em> it'
    """
    marked = re.sub("`([^`]*)`", r"<code>\1</code>", escape(text, quote=False))
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", marked)


@dataclass(frozen=True, repr=False)
class Quiz:
    """Questions by number.  As text they only ask; on a page they also explain, and mark what was chosen."""

    questions: dict[int, Question]

    def __repr__(self) -> str:
        return "\n".join(f"{number}. {one.plain()}" for number, one in self.questions.items())

    def _repr_html_(self) -> str:
        folded, data = "", []
        for number, question in self.questions.items():
            folded += f'<li value="{number}">{question.folded()}</li>'
            data.append({"number": number, "right": question.right})
        return page("quiz", data, f"<ol>{folded}</ol>")
