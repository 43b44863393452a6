"""Questions as they are written in the lessons: a paragraph for each, an option on each line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

OPTION = re.compile(r"^([+-]) (.+?)(?:: (.+))?$", re.MULTILINE)


def paragraphs(text: str) -> Iterator[tuple[str, list[Any]]]:
    r"""Yield each question with its options: mark, option, and the reason or "".

    Args:
        text: paragraphs.  The first line is the question; each other line is an option,
            ``+ option: reason`` if it is right, ``- option: reason`` if it is wrong.  The reason
            may be left out.  Long lines go on, indented.

    Example:
        >>> list(paragraphs("Rows?\n- 1\n+ 2: The first,\n  the second."))
        [('Rows?', [('-', '1', ''), ('+', '2', 'The first, the second.')])]
    """
    for paragraph in text.strip().split("\n\n"):
        lines = re.sub("\n +", " ", paragraph)
        yield lines.partition("\n")[0], OPTION.findall(lines)
