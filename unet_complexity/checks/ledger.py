"""Predictions: noted before the reader looks, and shown beside the outcome afterwards.

Guesses are in a small file beside the notebooks, since each notebook runs in a process of its own and
the last one shows all guesses.  The file is ``my-predictions.json``, or the one that the environment
variable ``UNET_COMPLEXITY_PREDICTIONS`` names, in the working folder at the import of this
module: a later ``%cd`` has no effect.  Nothing is sent anywhere; delete the file, and
the guesses are forgotten.  Nothing is written before there is a guess.

Each guess is kept with the time at which it was made: of two that meet, the later one counts.
Notebooks that note guesses at the same time wait for each other.  A file that cannot be understood
is never changed.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from reprlib import repr as shortened
from time import time
from typing import Any

from unet_complexity.checks.feedback import Feedback, entry, is_blank
from unet_complexity.checks.forms import Asked, page
from unet_complexity.checks.judging import Values
from unet_complexity.checks.lessons import PREDICTIONS
from unet_complexity.checks.predictions import Guess, Prediction
from unet_complexity.escaping import plain
from unet_complexity.files import from_json, locked, read_bytes, real, write_over

FILE = "my-predictions.json"
VARIABLE = "UNET_COMPLEXITY_PREDICTIONS"
MOST_BYTES = 1_048_576  # of the file; all predictions of the notebooks take 2 kB
LATEST = 10**15  # milliseconds since 1970: the year 33,658; in a file it is not a time
UNKNOWN: Any = (None, -1)
Dated = tuple[Guess, int]  # a guess, and when it was made
Guesses = dict[str, Any]  # by name: Dated; a name that we do not know keeps what the file holds

_folder = Path()  # the working folder at the import
_start = None  # its identity in the file system, which stays if it is renamed
with suppress(OSError):  # it has been deleted
    _folder = Path.cwd()
    _start = _folder.stat()
_unsaved: dict[str, Dated] = {}  # guesses that could not be written
_last_read: dict[Path, Guesses] = {}  # what this process last found in a file, or wrote to it


def predict(name: str, guess: Any = None) -> Feedback:
    """Note a guess.

    Args:
        name: the name of the prediction, as the notebook writes it.
        guess: a number, or one of the words on offer; if there is none, the reader is asked for it.

    Returns:
        Feedback without a verdict: what is noted.  If it is not a guess, help.

    Raises:
        ValueError: no prediction has that name.

    Example:
        >>> predict("convolution after a copy")
        Your guess: a number.
    """
    prediction = entry("prediction", name, PREDICTIONS)
    return _asked(prediction) if is_blank(guess) else _noted(prediction, guess)[0]


def ledger(*names: str) -> Ledger:
    """Show guesses beside the outcomes.

    Args:
        names: the predictions to show; all of them if none is given.

    Returns:
        A table; it also says if the file of the guesses cannot be read.

    Raises:
        ValueError: no prediction has one of the names.
    """
    guesses, note = _guesses(_path())
    rows = [
        (entry("prediction", name, PREDICTIONS), *guesses.get(name, UNKNOWN))
        for name in names or PREDICTIONS
    ]
    return Ledger(rows, note)


@dataclass(frozen=True, repr=False)
class Ledger:
    """Predictions with their guesses.

    Attributes:
        rows: each prediction with its guess, None if there is none, and when that was made.
        note: why the file cannot be read; "" if it can.
    """

    rows: list[tuple[Prediction, Guess | None, int]]
    note: str

    def _render(self, form: str, space: str) -> str:
        """Return the table in one of tabulate's forms, with ``space`` in its short columns."""
        from tabulate import tabulate

        rows = [("the question", f"you{space}said", f"it{space}was", "verdict")]
        for prediction, guess, _ in self.rows:
            said = prediction.said(guess).replace(" ", space)
            was = prediction.was().replace(" ", space)
            rows.append((prediction.asked, said, was, prediction.verdict(guess)))
        return str(tabulate(rows, "firstrow", tablefmt=form, disable_numparse=True))

    def __repr__(self) -> str:
        return f"{self._render('simple', ' ')}\n{plain(self.note)}".rstrip()

    def _repr_html_(self) -> str:
        note = Feedback(None, self.note)._repr_html_() if self.note else ""
        table = self._render("html", "\N{NO-BREAK SPACE}")
        # Jupyter would align cells to the right
        aligned = re.sub("<(t[hd])>", r'<\1 style="text-align:left">', table)
        questions = [question(*row) for row in self.rows]
        folded = f"<details><summary>Show my guess beside the outcome</summary>{aligned}</details>"
        return page("ledger", questions, folded) + note


def question(prediction: Prediction, guess: Guess | None = None, at: int = -1) -> Values:
    """Return what a page needs to ask for a prediction, and to know the later of two guesses."""
    return {
        **prediction.data(),
        "nth": [*PREDICTIONS].index(prediction.name),
        "of": len(PREDICTIONS),
        "guess": guess,
        "at": at,
    }


def _asked(prediction: Prediction) -> Feedback:
    """Return the form that asks for a guess, with the one that is noted."""
    guesses, unreadable = _guesses(_path())
    if unreadable:
        return Feedback(None, unreadable)
    guess, at = guesses.get(prediction.name, UNKNOWN)
    text = prediction.wanted()
    if guess is not None:
        text = f"You said {prediction.said(guess)} earlier."
    return Asked(
        None,
        text,
        question=question(prediction, guess, at),
        note=partial(_noted, prediction),
    )


def _noted(
    prediction: Prediction, typed: Any, at: int | None = None
) -> tuple[Feedback, Dated | None, Any]:
    """Write a guess to the file, or remember it in this process.

    Args:
        prediction: what is guessed at.
        typed: the guess; None to note nothing.
        at: when it was made; None for now.  A guess made later, or at the same time, stays.

    Returns:
        The message, the guess that counts (None if the file does not hold it), and its time.
    """
    name, path = prediction.name, _path()
    if typed is None:
        found, unreadable = _in_file(path)
        return Feedback(None, ""), None if unreadable else found.get(name), at
    try:
        guess = prediction.guess(typed)
    except ValueError as error:
        return Feedback(False, f"{error}. {prediction.wanted()}"), None, at
    said = f"Noted: you say {prediction.said(guess)}.{prediction.hint(guess)}"
    filed = None
    try:
        with locked(path):
            waiting = _unsaved.copy()
            guesses, unreadable = _guesses(path)
            if unreadable:
                raise ValueError(unreadable)
            guesses[name] = _later(guesses, name, guess, at)
            _write(path, guesses)
            filed = guesses[name]
            for each, one in waiting.items():
                if _unsaved.get(each) is one:  # not what another thread noted since
                    del _unsaved[each]
    except (OSError, ValueError) as error:
        guesses, _ = _guesses(path)
        guesses[name] = _unsaved[name] = _later(guesses, name, guess, at)
        said += (
            f" Only until this notebook is closed, since {plain(str(path))} cannot be written: "
            f"{getattr(error, 'strerror', error)}"
        )
    standing, at = guesses[name]
    if standing != guess:
        said = f"Not noted, since later you said {prediction.said(standing)}."
    return Feedback(None, said), filed, at


def _later(guesses: Guesses, name: str, guess: Guess, at: int | None) -> Dated:
    """Return a guess if it was made later than the known one; a guess without a time is made now."""
    known = guesses.get(name, UNKNOWN)
    _, before = known
    if at is None:
        at = max(round(1000 * time()), before + 1)
    at = min(max(at, 0), LATEST)
    return (guess, at) if before < at else known


def _guesses(path: Path) -> tuple[Guesses, str]:
    """Return all guesses that are known, and why the file cannot be read; "" if it can."""
    found, unreadable = _in_file(path)
    for name, waiting in _unsaved.copy().items():  # another thread may add one meanwhile
        found[name] = _later(found, name, *waiting)
    return found, unreadable


def _path() -> Path:
    """Return the file's whole path, since another thread may change the working folder meanwhile."""
    global _folder
    with suppress(OSError):
        here = Path.cwd()
        if _start and os.path.samestat(_start, here.stat()):
            _folder = here  # it may have been renamed
    return real(_folder / (os.environ.get(VARIABLE) or FILE))


def _write(path: Path, guesses: Guesses) -> None:
    try:
        lines = [
            f" {json.dumps(name)}: {json.dumps(guesses[name], allow_nan=False)}" for name in guesses
        ]
    except RecursionError:  # a value under a name that we do not know
        raise ValueError("what it holds is nested too deeply") from None
    data = ("{\n" + ",\n".join(lines) + "\n}\n").encode()
    if len(data) > MOST_BYTES:
        raise ValueError(
            f"it would have more than {MOST_BYTES:,} bytes, and could not be read again"
        )
    write_over(path, data)
    _last_read[path] = guesses


def _in_file(path: Path) -> tuple[Guesses, str]:
    """Return the guesses in the file, and why it cannot be understood; "" if it can.

    If it cannot, the guesses are those that it held when it could last be read.
    """
    try:
        found = from_json(read_bytes(path, MOST_BYTES).decode("utf-8-sig"))
        changed = round(1000 * path.stat().st_mtime)
        wrong = problem(found, changed)
    except (FileNotFoundError, NotADirectoryError):
        found, wrong = {}, ""
    except (OSError, ValueError) as error:
        wrong = f"cannot be read ({error});"
    if wrong:
        found = _last_read.get(path, {})
        wrong = f"{plain(str(path))} {wrong} move it away, or name another file in {VARIABLE}"
    else:
        _last_read[path] = found  # return `found` itself: another thread may replace this entry
    return found.copy(), wrong


def problem(found: Any, changed: int) -> str:
    """Return what is wrong with the content of the file; "" if it is right.

    Its guesses are brought into the form in which this process keeps them.

    Args:
        found: the content.
        changed: when the file was last changed.
    """
    if not isinstance(found, dict):
        return "holds no predictions by name;"
    for name in found.keys() & PREDICTIONS:
        try:
            found[name] = dated(PREDICTIONS[name], found[name], changed)
        except ValueError:
            return f"holds {shortened(found[name])} for {name!r}, which is not a guess; mend it, or"
    return ""


def dated(prediction: Prediction, value: Any, changed: int = 0) -> Dated:
    """Return a guess as a file holds it, with its time; ``changed`` for one that was typed in without.

    Raises:
        ValueError: it is not a guess.
    """
    if isinstance(value, list) and len(value) == 2:
        value, changed = value
        if type(changed) is not int:
            raise ValueError(f"{shortened(changed)} is not a time")
    return prediction.guess(value), changed if 0 <= changed < LATEST else 0
