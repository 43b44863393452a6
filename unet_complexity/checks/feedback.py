"""What a check says: whether the answer is right, and a sentence that the reader can act on."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

OPENINGS = {True: "Right. ", False: "Not yet. ", None: ""}
MARKS = {True: ("#009E73", "&#10003;"), False: ("#D55E00", "&#8594;"), None: ("#0072B2", "&#9998;")}


@dataclass(frozen=True)
class Feedback:
    """``right`` is None where nothing was judged, as with a prediction that is noted."""

    right: bool | None
    text: str

    def __repr__(self) -> str:
        return OPENINGS[self.right] + self.text

    def _repr_html_(self) -> str:
        colour, mark = MARKS[self.right]
        style = f"border-left:4px solid {colour};padding:.3em .8em"
        return f'<div style="{style}"><b>{mark}</b> {escape(repr(self))}</div>'


def is_blank(answer: Any) -> bool:
    """Whether the reader has put nothing in place of the dots yet.

    >>> is_blank(...), is_blank((None, 3)), is_blank(0)
    (True, True, False)
    """
    return answer is None or answer is ... or (isinstance(answer, (tuple, list)) and any(map(is_blank, answer)))


def shown(value: Any, digits: int = 4) -> str:
    """A number for a sentence: separators, and a few digits where it is not whole.

    >>> shown(18052284416), shown(88.8476), shown(2.0)
    ('18,052,284,416', '88.85', '2')
    """
    return f"{int(value):,}" if value == int(value) else f"{float(value):,.{digits}g}"
