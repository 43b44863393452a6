"""Predictions: noted before the reader looks, and shown beside the outcome afterwards.

Guesses are in a small file beside the notebooks, since each notebook runs in a process of its own and
the last one shows all guesses.  The file is ``my-predictions.json``, or the one that the environment
variable ``UNET_COMPLEXITY_PREDICTIONS`` names.  Nothing is sent anywhere; delete the file, and the
guesses are forgotten.  Nothing is written before there is a guess.

Notebooks that note guesses at the same time wait for each other.  A file that cannot be understood
is never changed.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
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
from unet_complexity.files import locked, read_bytes, undisturbed, write_over

FILE = "my-predictions.json"
REVEAL = "Show my guess beside the outcome"
VARIABLE = "UNET_COMPLEXITY_PREDICTIONS"
MOST_BYTES = 2**20  # of the file; all predictions of the notebooks take 2 kB
MOST_DEPTH = 500  # lists inside each other, as no version of the package writes them
STRING = re.compile(r'"(?:[^"\\]|\\.)*"?')  # of JSON; one that is not closed goes to the end
Guesses = dict[str, Guess]

# Guesses that could not be written, what the file held then (None if that is not known), and when that was.
_unsaved: dict[str, tuple[Guess, Guess | None, float]] = {}
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
    if is_blank(guess):
        return _asked(prediction)
    try:
        noted = prediction.guess(guess)
    except ValueError as error:
        return Feedback(False, f"{error}. {prediction.wanted()}")
    return _note(noted, prediction)


def ledger(*names: str) -> Ledger:
    """Show guesses beside the outcomes.

    Args:
        names: the predictions to show; all of them if none is given.

    Returns:
        A table; it also says if the file of the guesses cannot be read.

    Raises:
        ValueError: no prediction has one of the names.
    """
    try:
        guesses, note = _guesses(), ""
    except ValueError as error:
        guesses, note = _with_unsaved({}), str(error)
    rows = [
        (entry("prediction", name, PREDICTIONS), guesses.get(name)) for name in names or PREDICTIONS
    ]
    return Ledger(rows, note)


@dataclass(frozen=True, repr=False)
class Ledger:
    """Predictions with their guesses.

    Attributes:
        rows: each prediction with its guess, None if there is none.
        note: why the file cannot be read; "" if it can.
    """

    rows: list[tuple[Prediction, Guess | None]]
    note: str = ""

    def _render(self, form: str, space: str) -> str:
        """Return the table in one of tabulate's forms, with ``space`` in its short columns."""
        from tabulate import tabulate

        rows = [("the question", f"you{space}said", f"it{space}was", "verdict")]
        for prediction, guess in self.rows:
            said = prediction.said(guess).replace(" ", space)
            was = prediction.was().replace(" ", space)
            rows.append((prediction.asked, said, was, prediction.verdict(guess)))
        return str(tabulate(rows, "firstrow", tablefmt=form, disable_numparse=True))

    def __repr__(self) -> str:
        table = self._render("simple", " ")
        return f"{table}\n{plain(self.note)}" if self.note else table

    def _repr_html_(self) -> str:
        note = Feedback(None, self.note)._repr_html_() if self.note else ""
        table = self._render("html", "\N{NO-BREAK SPACE}")
        # Jupyter would align cells to the right
        aligned = re.sub("<(t[hd])>", r'<\1 style="text-align:left">', table)
        questions = [question(*row) for row in self.rows]
        folded = f"<details><summary>{REVEAL}</summary>{aligned}</details>"
        return page("ledger", questions, folded) + note


def question(prediction: Prediction, guess: Guess | None = None) -> Values:
    """Return what a page needs to ask for a prediction and to judge a guess.

    With a guess goes the time at which it or the file was written, in milliseconds: what a browser has kept since is
    newer.
    """
    asked = prediction.data() | {"guess": guess, "of": len(PREDICTIONS)}
    when = time()
    if prediction.name in _unsaved:
        *_, when = _unsaved[prediction.name]
    else:
        with suppress(OSError):
            when = _path().stat().st_mtime
    return asked if guess is None else asked | {"at": round(1000 * when)}


def _asked(prediction: Prediction) -> Feedback:
    """Return the form that asks for a guess, with the one that is noted."""
    name = prediction.name
    try:
        earlier = _guesses().get(name)
    except ValueError as error:
        return Feedback(None, str(error))
    said = f"You said {prediction.said(earlier)} earlier."
    text = prediction.wanted() if earlier is None else said
    return Asked(None, text, question=question(prediction, earlier), note=partial(predict, name))


def _note(guess: Guess, prediction: Prediction) -> Feedback:
    """Write a guess to the file, or remember it in this process, and say so."""
    name, path = prediction.name, _path()
    said = f"Noted: you say {prediction.said(guess)}.{prediction.hint(guess)}"
    try:
        with locked(path):
            before = _unsaved.copy()
            guesses = _guesses() | {name: guess}
            with undisturbed():
                _write(path, guesses)
                _forget_written(guesses, before, name)
    except (OSError, ValueError) as error:
        _unsaved[name] = guess, _held(name), time()
        reason = getattr(error, "strerror", error)
        said += f" Only until this notebook is closed, since {plain(str(path))} cannot be written: {reason}"
    return Feedback(None, said)


def _forget_written(guesses: Guesses, before: dict[str, Any], name: str) -> None:
    """Drop the guesses that waited and are in the file now; what another thread noted since ``before`` is newer."""
    for each, waiting in _unsaved.copy().items():
        late, _, when = waiting
        if waiting is not before.get(each):
            _unsaved[each] = late, guesses.get(each), when
        elif each == name or guesses.get(each) == late:
            del _unsaved[each]


def _held(name: str) -> Guess | None:
    """Return the guess that the file holds, or held when it could last be read; None if there is none."""
    try:
        held = _in_file()
    except ValueError:
        held = _last_read.get(_path(), {})
    return held.get(name)


def _guesses() -> Guesses:
    """Return the guesses in the file and those that could not be written to it.

    Raises:
        ValueError: the file cannot be read, or holds something else than predictions.
    """
    return _with_unsaved(_in_file())


def _with_unsaved(found: Guesses) -> Guesses:
    """Add the guesses that could not be written.

    If the file now has another guess of that name than this process knows of, that one is taken to
    be the newer: another notebook may have noted it.
    """
    unsaved = {}
    for name, (guess, held, _) in _unsaved.copy().items():  # another thread may add one meanwhile
        if found.get(name) in (None, held):
            unsaved[name] = guess
    return found | unsaved


def _path() -> Path:
    return Path(os.environ.get(VARIABLE) or FILE)


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


def _in_file() -> Guesses:
    """Return the guesses in the file; ValueError says why it cannot be understood."""
    path = _path()
    try:
        text = read_bytes(path, MOST_BYTES).decode()
        found: Guesses = from_json(text)
        wrong = problem(found)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except RecursionError:
        wrong = "cannot be read (it is nested too deeply);"
    except (OSError, ValueError) as error:
        wrong = f"cannot be read ({error});"
    if wrong:
        raise ValueError(f"{path} {wrong} move it away, or name another file in {VARIABLE}")
    _last_read[path] = found
    return found


def from_json(text: str) -> Any:
    """Return what JSON says.

    Raises:
        RecursionError: lists lie deeper inside each other than MOST_DEPTH; in a browser Python itself would end.
        ValueError: it is not JSON, or a name stands twice.
    """
    brackets = re.findall(r"[][{}]", STRING.sub("", text))
    deeper = (1 if each in "[{" else -1 for each in brackets)
    if max(accumulate(deeper), default=0) > MOST_DEPTH:
        raise RecursionError
    return json.loads(text, object_pairs_hook=_once_each)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return what JSON has by name; ValueError if a name stands twice, as one of the two would be lost."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(
            name for name, times in Counter(name for name, _ in pairs).items() if times > 1
        )
        raise ValueError(f"{shortened(twice)} stands twice")
    return found


def problem(found: Any) -> str:
    """Return what is wrong with the content of the file; "" if it is right.

    A guess that was typed into the file is brought into the form that :func:`predict` writes.
    """
    if not isinstance(found, dict):
        return "holds no predictions by name;"
    for name in found.keys() & PREDICTIONS:
        try:
            found[name] = PREDICTIONS[name].guess(found[name])
        except ValueError:
            return f"holds {shortened(found[name])} for {name!r}, which is not a guess; mend it, or"
    return ""
