"""What is built for others holds no guesses of the reader who ran the notebooks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

GUESS = re.compile("&quot;guess&quot;:(?!null)")  # in the data of a form


def refuse(paths: Iterable[Path]) -> None:
    """Stop with a message if a form in a notebook's outputs contains a guess."""
    guessed = [path.name for path in paths if GUESS.search(path.read_text("utf-8"))]
    if guessed:
        raise SystemExit(
            f"{', '.join(guessed)}: a reader's guesses are in the outputs, and every reader of the site would "
            "have them as their own; make notebooks takes them out"
        )
