"""Predictions: noted before the reader looks, and shown beside the outcome afterwards.

A guess is kept in a small file beside the notebooks, since each notebook runs in a process of its own and the last one
shows them all: ``my-predictions.json``, or what the environment variable ``UNET_COMPLEXITY_PREDICTIONS`` names.
Nothing is sent anywhere; delete the file, and the guesses are forgotten.  Nothing is written before there is a guess.

Notebooks that note guesses at the same time wait for each other.  A file that cannot be understood
is never changed.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shortened
from typing import Any

from unet_complexity.checks.feedback import Feedback, is_blank
from unet_complexity.checks.judging import exact_number
from unet_complexity.checks.lessons import PREDICTIONS
from unet_complexity.checks.predictions import Guess, Prediction
from unet_complexity.escaping import plain
from unet_complexity.files import locked, read_bytes, write_over

FILE = "my-predictions.json"
VARIABLE = "UNET_COMPLEXITY_PREDICTIONS"
LARGEST = 10**15
MOST_BYTES = 2**20  # of the file; all predictions together take 2 kB
OTHERWISE = f"move it away, or name another file in {VARIABLE}"

# What could not be written: the guess, and what the file held then (None if it could not be read).
_unsaved: dict[str, tuple[Guess, Guess | None]] = {}


def predict(name: str, guess: Any = None) -> Feedback:
    """Note ``guess`` for the prediction called ``name``: a number, or one of the words it offers.

    ValueError where no prediction has that name.

    >>> predict("convolution after a copy", None)
    Your guess goes in place of None: a number.
    """
    prediction = _known(name)
    if is_blank(guess):
        return _still_noted(name, prediction)
    value = _as_guess(prediction.understood(guess), prediction)
    return value if isinstance(value, Feedback) else _keep(name, value, prediction)


def ledger(*names: str) -> Ledger:
    """What was predicted under these names (under all, where none is given), beside what it was.

    ValueError where no prediction has one of the names.
    """
    try:
        guesses, note = _guesses(), ""
    except ValueError as error:
        guesses, note = _with_unsaved({}), str(error)
    chosen = names or tuple(PREDICTIONS)
    return Ledger(tuple((_known(name), guesses.get(name)) for name in chosen), note)


@dataclass(frozen=True, repr=False)
class Ledger:
    """Predictions with their guesses (None where there is none), and a note about the file if it could not be read."""

    rows: tuple[tuple[Prediction, Guess | None], ...]
    note: str = ""

    def _render(self, form: str, space: str = " ") -> str:
        """``space`` stands in short columns."""
        from tabulate import tabulate

        header = ["the question", f"you{space}said", f"it{space}was", ""]
        rows = [
            (p.asked, p.said(g).replace(" ", space), p.was().replace(" ", space), p.verdict(g))
            for p, g in self.rows
        ]
        return str(tabulate(rows, header, tablefmt=form, disable_numparse=True))

    def __repr__(self) -> str:
        return self._render("simple") + f"\n{plain(self.note)}" * bool(self.note)

    def _repr_html_(self) -> str:
        note = Feedback(None, self.note)._repr_html_() if self.note else ""
        table = self._render("html", space="\N{NO-BREAK SPACE}")
        for tag in ("th", "td"):  # Jupyter would align them to the right
            table = table.replace(f"<{tag}>", f'<{tag} style="text-align:left">')
        return f'<div style="overflow-x:auto">{table}</div>{note}'


def _known(name: str) -> Prediction:
    if name not in PREDICTIONS:
        raise ValueError(
            f"no prediction is called {name!r}; there are {', '.join(map(repr, PREDICTIONS))}"
        )
    return PREDICTIONS[name]


def _as_guess(guess: Any, prediction: Prediction) -> Guess | Feedback:
    """``guess`` as what the file holds, or help where it is none."""
    if prediction.choices:
        if isinstance(guess, str) and guess in prediction.choices:
            return guess
        return Feedback(False, f"{guess!r} is not offered. {prediction.wanted()}")
    number = exact_number(guess)
    if number is None:
        kind = "text" if isinstance(guess, str) else f"a {type(guess).__name__}"
        return Feedback(
            False, f"A number is wanted, and {guess!r} is {kind}. {prediction.wanted()}"
        )
    if abs(number) > LARGEST:
        return Feedback(False, f"Nothing here is that large. {prediction.wanted()}")
    if number < 0:
        return Feedback(
            False, f"Nothing here is less than nothing, and {guess} is. {prediction.wanted()}"
        )
    if prediction.form.endswith("%") and number > 100:
        return Feedback(
            False, f"A share is at most 100 %, and {guess} is more. {prediction.wanted()}"
        )
    return int(number) if number.is_Integer else float(number)


def _still_noted(name: str, prediction: Prediction) -> Feedback:
    try:
        earlier = _guesses().get(name)
    except ValueError as error:
        return Feedback(None, str(error))
    if earlier is None:
        return Feedback(None, prediction.wanted())
    return Feedback(
        None,
        f"You said {prediction.said(earlier)} earlier. Put a guess in place of None to change it.",
    )


def _keep(name: str, value: Guess, prediction: Prediction) -> Feedback:
    said = f"Noted: you say {prediction.said(value)}.{prediction.hint(value)}"
    try:
        with locked(_path()):
            _write(_guesses() | {name: value})
            _unsaved.clear()
    except (OSError, ValueError) as error:
        _unsaved[name] = value, _held(name)
        reason = error.strerror if isinstance(error, OSError) else error
        return Feedback(
            None,
            f"{said} Only until this notebook is closed, since {plain(str(_path()))} cannot be written: {reason}",
        )
    return Feedback(None, said)


def _held(name: str) -> Guess | None:
    """Return the guess that the file holds; None if there is none, or the file cannot be read."""
    try:
        return _checked(_path()).get(name)
    except (RecursionError, ValueError):
        return None


def _with_unsaved(found: dict[str, Guess]) -> dict[str, Guess]:
    """Return the file's guesses and those that could not be written.

    If the file has got another guess of that name in the meantime, that one is the newer.
    """
    kept = {
        name: guess for name, (guess, held) in _unsaved.items() if found.get(name) in (None, held)
    }
    return found | kept


def _path() -> Path:
    return Path(os.environ.get(VARIABLE) or FILE)


def _write(guesses: dict[str, Guess]) -> None:
    try:
        text = json.dumps(guesses, indent=1, allow_nan=False) + "\n"
    except RecursionError:  # a value under a name that we do not know
        raise ValueError("what it holds is nested too deeply") from None
    if len(text.encode()) > MOST_BYTES:
        raise ValueError(
            f"it would have more than {MOST_BYTES:,} bytes, and could not be read again"
        )
    write_over(_path(), text.encode())


def _guesses() -> dict[str, Guess]:
    """Return what the file holds, and what could not be written to it.

    Raises:
        ValueError: the file cannot be read, or holds something else than predictions.
    """
    path = _path()
    try:
        return _with_unsaved(_checked(path))
    except RecursionError:
        raise ValueError(f"{path} cannot be read (it is nested too deeply); {OTHERWISE}") from None


def _checked(path: Path) -> dict[str, Guess]:
    try:
        found: Any = json.loads(read_bytes(path, MOST_BYTES).decode())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read ({error}); {OTHERWISE}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds no predictions by name; {OTHERWISE}")
    for name in found.keys() & PREDICTIONS:
        if isinstance(_as_guess(found[name], PREDICTIONS[name]), Feedback):
            value = shortened(found[name])
            raise ValueError(
                f"{path} holds {value} for {name!r}, which is no guess; mend it, or {OTHERWISE}"
            )
    return found
