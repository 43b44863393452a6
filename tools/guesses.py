"""What is built for others holds no guesses of the reader who ran the notebooks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import unescape
from pathlib import Path

# In the data of a form and the saved state of its widget: a known, a typed and a filed guess.
GUESS = re.compile(r'"(guess|typed|noted)":(?! ?null)')


def refuse(paths: Iterable[Path]) -> None:
    """Stop with a message if a notebook's outputs or saved widgets contain a guess."""
    guessed = [path.name for path in paths if has_guess(path)]
    if guessed:
        raise SystemExit(
            f"{', '.join(guessed)}: a reader's guesses are in the outputs or the saved widgets, and every reader "
            "of the site would have them as their own; make notebooks takes them out"
        )


def has_guess(path: Path) -> bool:
    """Return True if a notebook shows or saves a guess, also if its JSON escapes characters."""
    notebook = json.loads(path.read_text("utf-8"))
    shown = [cell.get("outputs") for cell in notebook["cells"]]
    text = json.dumps([shown, notebook["metadata"].get("widgets")])
    return GUESS.search(unescape(text.replace("\\", ""))) is not None
