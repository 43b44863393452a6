"""Feedback of a check: a verdict, and a sentence that tells the reader what to do next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from unet_complexity.escaping import html_text, plain, shortened

T = TypeVar("T")
LONGEST = 1000  # characters: what a reader typed may be repeated in it
STYLES = {
    True: ("Right. ", "#009E73", "&#10003;"),
    False: ("Not yet. ", "#D55E00", "&#8594;"),
    None: ("", "#0072B2", "&#9998;"),
}


@dataclass(frozen=True)
class Feedback:
    """A verdict and a sentence.

    Attributes:
        right: the verdict; None if nothing was judged, for example when a prediction is noted.
        text: one or more sentences for the reader.  They may quote what was typed, a file, or its
            name, so nothing in them becomes a formula on a page.
    """

    right: bool | None
    text: str

    def __repr__(self) -> str:
        return STYLES[self.right][0] + self._lines(plain)

    def _repr_html_(self) -> str:
        opening, colour, mark = STYLES[self.right]
        return (
            f'<div style="border-left:4px solid {colour};padding:.3em .8em">'
            f"<b>{mark}</b> {opening}{self._lines(html_text)}</div>"
        )

    def _lines(self, escaped: Callable[[str], str]) -> str:
        return "\n".join(map(escaped, shortened(self.text, LONGEST).split("\n")))


def entry(kind: str, name: str, known: Mapping[str, T]) -> T:
    """Return the entry of a table.

    Args:
        kind: what its entries are called.
        name: the name to look up.
        known: the table.

    Raises:
        ValueError: the table has no entry of that name.
    """
    if name not in known:
        raise ValueError(f"no {kind} is called {name!r}; there are {', '.join(map(repr, known))}")
    return known[name]


def is_blank(answer: Any) -> bool:
    """Return True if the reader has not replaced the dots yet, or not all of them.

    >>> is_blank(...), is_blank((None, 3)), is_blank(0)
    (True, True, False)
    """
    if isinstance(answer, (tuple, list)):
        return any(map(is_blank, answer))
    return answer is None or answer is ...


def shown(value: Any, digits: int = 4) -> str:
    """Return a number as text: with separators if it is whole, otherwise with ``digits`` digits.

    >>> shown(18052284416), shown(88.8476), shown(2.0)
    ('18,052,284,416', '88.85', '2')
    """
    if value == int(value):
        return f"{int(value):,}"
    return f"{float(value):,.{digits}g}"
