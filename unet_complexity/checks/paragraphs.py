"""Questions and tasks as they are written in the lessons: a paragraph for each, marked lines below."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

OPTION = re.compile(r"^([-+x*?<>]) (.+?)(?:: (.+))?$", re.MULTILINE)


def paragraphs(text: str) -> Iterator[tuple[str, list[Any]]]:
    r"""Yield the first line of each paragraph, and its other lines: mark, option, and reason or "".

    Args:
        text: paragraphs.  Below the first line each is a marked one, for a question ``+ option:
            reason`` if the option is right, ``- option: reason`` if it is wrong; the marks of tasks
            are those of :func:`unet_complexity.checks.tasks.tasks`.  The reason may be left out.
            Long lines go on, indented.

    Raises:
        ValueError: a line lacks a mark.

    Example:
        >>> list(paragraphs("Rows?\n- 1\n+ 2: The first,\n  the second."))
        [('Rows?', [('-', '1', ''), ('+', '2', 'The first, the second.')])]
    """
    for paragraph in text.strip().split("\n\n"):
        whole = re.sub("\n +", " ", paragraph)
        head, *lines = whole.split("\n")
        options = OPTION.findall(whole)
        if len(options) < len(lines):
            raise ValueError(f"each line below {head!r} needs a mark, as in '- option: reason'")
        yield head, options
