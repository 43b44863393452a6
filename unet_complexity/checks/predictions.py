"""Predictions: questions that a notebook asks before it shows the outcome.

An outcome is written down, so that a whole ledger is shown at once; the tests compute each anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from unet_complexity.checks.feedback import shown
from unet_complexity.checks.judging import exact_number

Guess: TypeAlias = int | float | str
CLOSE = 1.05  # a guess that is off by a smaller factor is called close
CLOSE_TO_SLIP = 0.01
FAR = 10**9  # a larger factor tells the reader nothing more
LARGEST = 10**15
UNITS = {
    "{} %": (0, 100, 0.01),
    "{} million": (0.1, FAR, 10**6),
}  # least, most, and what 1 may stand for


@dataclass(frozen=True)
class Prediction:
    """A question to guess at.

    Attributes:
        asked: the question.
        outcome: the right value; a tuple if several values are right.
        form: how a number is written, for example "x {}" or "{} %".
        choices: the words to choose from; empty if a number is asked for.
        slips: likely wrong guesses, by what was thought of.
    """

    asked: str
    outcome: Any
    form: str = "{}"
    choices: tuple[str, ...] = ()
    slips: dict[str, Guess] = field(default_factory=dict)

    def wanted(self) -> str:
        """Return the request for a guess."""
        choices = ", ".join(map(repr, self.choices))
        what = f"one of {choices}" if choices else "a number"
        return f"Your guess: {what}."

    def guess(self, typed: Any) -> Guess:
        """Return a guess in the form in which the file holds it.

        Args:
            typed: a number or a choice, also as the ledger prints it, or shorter.

        Raises:
            ValueError: it is not a guess; the message says why.

        Example:
            >>> Prediction("By what factor?", 4, "x {}").guess("x 4")
            4
            >>> Prediction("Which?", "level 1", choices=("level 0", "level 1")).guess(1)
            'level 1'
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

    def hint(self, guess: Guess) -> str:
        """Return a remark on a guess that seems to be in another unit; "" for any other guess."""
        if self.form not in UNITS:
            return ""
        least, most, unit = UNITS[self.form]
        meant = float(guess) / unit
        if not least < meant <= most:
            return ""
        return f" If you mean {self._written(meant)}, write {shown(meant, digits=6)}."

    def said(self, guess: Guess | None) -> str:
        """Return a guess with its unit."""
        return "no guess" if guess is None else self._written(guess)

    def was(self) -> str:
        """Return the outcome with its unit."""
        return " or ".join(map(self._written, self._outcomes))

    def verdict(self, guess: Guess | None) -> str:
        """Return how far a guess is off, and what was probably thought of; "" if there is none."""
        if guess is None:
            return ""
        slip = self.slip(guess)
        return f"{self._distance(guess)}. {slip}" if slip else self._distance(guess)

    def slip(self, guess: Guess) -> str:
        """Return what somebody thinks of who makes this guess; "" if it is right, or not known."""
        if guess in self._outcomes:
            return ""
        for reason, value in self.slips.items():
            is_near = (
                not isinstance(value, str) and abs(float(guess) - value) < CLOSE_TO_SLIP * value
            )
            if value == guess or is_near:
                return reason
        return ""

    def data(self) -> dict[str, Any]:
        """Return what a page needs to ask the question and to judge a guess without Python."""
        return {
            "asked": self.asked,
            "form": self.form,
            "choices": list(self.choices),
            "outcomes": list(self._outcomes),
            "was": self.was(),
            "slips": [[value, reason] for reason, value in self.slips.items()],
        }

    def _distance(self, guess: Guess) -> str:
        outcomes = self._outcomes
        if guess in outcomes:
            return "right"
        if self.choices:
            return "wrong"
        guessed, was = float(guess), float(outcomes[0])
        what = "much" if guessed > was else "little"
        if not guessed or not was:
            return f"too {what}"
        ratio = max(guessed / was, was / guessed)
        if ratio < CLOSE:
            return "close"
        times = f"{shown(ratio, digits=3)} times" if ratio < FAR else "far"
        return f"{times} too {what}"

    @property
    def _outcomes(self) -> tuple[Any, ...]:
        return self.outcome if isinstance(self.outcome, tuple) else (self.outcome,)

    def _written(self, value: Any) -> str:
        return str(value) if self.choices else self.form.format(shown(value, digits=6))
