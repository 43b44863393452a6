"""Questions as they are written in the lessons: a paragraph for each, an option on each line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Option(NamedTuple):
    """An option of a question, and why it is right or wrong; "" if nothing is said about it."""

    is_right: bool
    text: str
    why: str


def paragraphs(text: str) -> Iterator[tuple[str, list[Option]]]:
    r"""Yield each question with its options.

    Args:
        text: Paragraphs.  The first line is the question; each other line is an option,
            ``+ option: why`` if it is right, ``- option: why`` if it is wrong.  The reason may be
            left out.  Long lines go on, indented.

    Example:
        >>> for asked, options in paragraphs("Rows?\n- 1\n+ 2: The first,\n  the second."):
        ...     print(asked, options[1])
        Rows? Option(is_right=True, text='2', why='The first, the second.')
    """
    for paragraph in text.strip().split("\n\n"):
        asked, *lines = re.sub("\n +", " ", paragraph).split("\n")
        options = []
        for line in lines:
            option, _, why = line[2:].partition(": ")
            options.append(Option(line.startswith("+ "), option, why))
        yield asked, options
