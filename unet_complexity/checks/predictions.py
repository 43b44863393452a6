"""Predictions: questions that a notebook asks before it shows the outcome.

An outcome is written down, so that a whole ledger is shown at once; the tests compute each anew.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from unet_complexity.checks.feedback import shown
from unet_complexity.checks.judging import Values, exact_number
from unet_complexity.checks.paragraphs import paragraphs

Guess = int | float | str
CLOSE = 1.05  # a guess that is off by a smaller factor is called close
CLOSE_TO_SLIP = 0.01
FAR = 1_000_000_000  # a larger factor tells the reader nothing more
LARGEST = 1_000_000_000_000_000
UNITS = {
    "{} %": (0, 100, 0.01),
    "{} million": (0.1, FAR, 1_000_000),
}  # least, most, and what 1 may stand for


@dataclass(frozen=True)
class Prediction:
    """A question to guess at.

    Attributes:
        asked: the question.
        form: how a number is written, for example "x {}" or "{} %".
        choices: the words to choose from; empty if a number is asked for.
        outcomes: the right values, mostly one.
        slips: likely wrong guesses, each with what was thought of.
        name: the name that the notebooks use.
    """

    asked: str
    form: str
    choices: list[str]
    outcomes: list[Any]
    slips: list[tuple[Any, str]]
    name: str

    def wanted(self) -> str:
        """Return the request for a guess."""
        choices = ", ".join(map(repr, self.choices))
        return f"Your guess: one of {choices}." if choices else "Your guess: a number."

    def guess(self, typed: Any) -> Guess:
        """Return a guess in the form in which the file holds it.

        Args:
            typed: a number or a choice, also as the ledger prints it, or shorter.

        Raises:
            ValueError: it is not a guess; the message says why.

        Example:
            >>> asked = predictions("rows | x {} | By what factor?\\n+ 4")
            >>> asked["rows"].guess("x 4")
            4
        """
        if self.choices:
            text = f" {typed} ".lower()
            meant = [choice for choice in self.choices if text in f" {choice} "]
            if len(meant) != 1:
                raise ValueError(f"{typed!r} is not offered")
            return meant[0]
        is_text = isinstance(typed, str)
        number = exact_number(self._bare(typed) if is_text else typed)
        if number is None:
            kind = "text" if is_text else f"a {type(typed).__name__}"
            problem = f"A number is wanted, and {typed!r} is {kind}"
        elif abs(number) > LARGEST:
            problem = "Nothing here is that large"
        elif number < 0:
            problem = f"Nothing here is negative, and {typed} is"
        elif self.form.endswith("%") and number > 100:
            problem = f"A share is at most 100 %, and {typed} is more"
        else:
            return int(number) if number.is_Integer else float(number)
        raise ValueError(problem)

    def _bare(self, text: str) -> float | None:
        """Return the number in a text; None if there is more than a number and its unit."""
        before, after = self.form.lower().replace(" ", "").split("{}")
        bare = text.lower().replace(" ", "").removeprefix(before).removesuffix(after or before)
        is_number = re.fullmatch(r"([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?", bare)
        return float(bare.replace(",", "")) if is_number else None

    def hint(self, guess: Any) -> str:
        """Return a remark on a guess that seems to be in another unit; "" for any other guess."""
        if self.form not in UNITS:
            return ""
        least, most, unit = UNITS[self.form]
        meant = guess / unit
        if not least < meant <= most:
            return ""
        return f" If you mean {self._written(meant)}, write {shown(meant, digits=6)}."

    def said(self, guess: Guess | None) -> str:
        """Return a guess with its unit."""
        return "no guess" if guess is None else self._written(guess)

    def was(self) -> str:
        """Return the outcome with its unit."""
        return " or ".join(map(self._written, self.outcomes))

    def verdict(self, guess: Any) -> str:
        """Return how far a guess is off, and what was probably thought of; "" if there is none."""
        if guess is None:
            return ""
        if guess in self.outcomes:
            return "right"
        distance = "wrong" if self.choices else _distance(guess, self.outcomes[0])
        for value, reason in self.slips:
            is_near = not self.choices and abs(guess - value) < CLOSE_TO_SLIP * value
            if value == guess or is_near:
                return f"{distance}. {reason}"
        return distance

    def data(self) -> Values:
        """Return what a page needs to ask the question and to judge a guess without Python."""
        return vars(self) | {"was": self.was()}

    def _written(self, value: Any) -> str:
        return value if self.choices else self.form.format(shown(value, digits=6))


def _distance(guess: float, was: float) -> str:
    """Say how far a wrong number is off."""
    what = "much" if guess > was else "little"
    if not guess or not was:
        return f"too {what}"
    ratio = max(guess / was, was / guess)
    if ratio < CLOSE:
        return "close"
    times = f"{shown(ratio, digits=3)} times" if ratio < FAR else "far"
    return f"{times} too {what}"


def predictions(text: str) -> dict[str, Prediction]:
    """Read predictions that are written as text.

    Args:
        text: paragraphs, as :func:`paragraphs` reads them.  A question begins with its name and its
            form, ``name | form | question``; the options are the outcomes and the slips, numbers or
            words.

    Returns:
        The predictions by name.

    Example:
        >>> predictions("rows | x {} | By what factor?\\n+ 4\\n- 2: Columns too")["rows"].slips
        [(2, 'Columns too')]
    """
    found = {}
    for head, options in paragraphs(text):
        name, form, asked = head.split(" | ")
        choices = [word for _, word, _ in options if not word[0].isdigit()]
        read: Any = str if choices else json.loads
        outcomes = [read(word) for mark, word, _ in options if mark == "+"]
        slips = [(read(word), reason) for _, word, reason in options if reason]
        found[name] = Prediction(asked, form, choices, outcomes, slips, name)
    return found
