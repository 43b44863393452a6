"""What a class guessed: texts that readers copied, or their files, as a picture for the teacher."""

from __future__ import annotations

import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from reprlib import repr as shortened

from unet_complexity.checks.forms import page
from unet_complexity.checks.ledger import MOST_BYTES, dated, question
from unet_complexity.checks.lessons import PREDICTIONS
from unet_complexity.checks.predictions import Guess
from unet_complexity.escaping import one_line
from unet_complexity.files import from_json, read_bytes

VERSION = "U1"
MOST_SHOWN = 8  # guesses at one prediction
MOST_READERS = 5000  # files or lines; a page with more is slow, and no class is larger


@dataclass(frozen=True, repr=False)
class ClassView:
    """Guesses of a class.

    Attributes:
        readers: the guesses of each reader, by the name of the prediction.
        broken: the files and lines that could not be understood.
    """

    readers: list[dict[str, Guess]]
    broken: list[str]

    def __repr__(self) -> str:
        lines = [f"{len(self.readers)} readers"]
        if self.broken:
            broken = ", ".join(self.broken)
            lines.append(one_line(f"Not understood, and left out: {broken}"))
        for name, prediction in PREDICTIONS.items():
            counts = Counter(reader[name] for reader in self.readers if name in reader)
            guesses = [
                f"{count} x {prediction.said(guess)}"
                for guess, count in counts.most_common(MOST_SHOWN)
            ]
            if guesses:
                said = ", ".join(guesses)
                lines.append(f"{prediction.asked} It was {prediction.was()}: {said}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        found = [{"name": "", "text": json.dumps(reader)} for reader in self.readers]
        found += [{"name": name, "text": ""} for name in self.broken]
        questions = [question(prediction) for prediction in PREDICTIONS.values()]
        return page("class", questions, "", texts=json.dumps(found))


def class_view(source: str | Path | Iterable[str]) -> ClassView:
    """Show how a class guessed, the prediction to talk about first on top.

    Args:
        source: a folder with readers' files ``*.json``, and ``*.txt`` with copied texts, one per
            line; or the texts themselves.

    Returns:
        The guesses.  A notebook shows a picture for each prediction; damaged files and lines are
        listed, and nothing else is lost.

    Raises:
        ValueError: the folder is not there, or there are more than MOST_READERS files or lines.
        TypeError: one of the texts is not a string.

    Example:
        >>> class_view([as_text({"most pixels": 9}), "U1/4/zz"]).readers
        [{'most pixels': 9}]
    """
    found: Iterable[tuple[str, str]]
    if isinstance(source, (str, Path)):
        folder = Path(source)
        is_folder = False
        with suppress(OSError, ValueError):  # it is too long for a name, or has a NUL
            is_folder = folder.is_dir()
        if not is_folder:
            raise ValueError(
                f"a class's files lie in a folder, got {str(source)[:200]!r}; give its path, or a list of texts"
            )
        found = chain.from_iterable(map(_read, sorted(folder.iterdir())))
    else:
        found = _lines("line", source)
    readers, broken = [], []
    for number, (name, text) in enumerate(found, start=1):
        if number > MOST_READERS:
            raise ValueError(f"a class has at most {MOST_READERS:,} files and lines, got more")
        try:
            readers.append(from_text(text))
        except ValueError:
            broken.append(name)
    return ClassView(readers, broken)


def _read(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the text of a reader's file, or the lines of copied texts; "" if it cannot be read."""
    kind = path.suffix.lower()
    if kind not in (".json", ".txt"):
        return
    try:
        data = read_bytes(path, MOST_BYTES)
    except (OSError, ValueError):
        yield path.name, ""
        return
    encoding = "utf-16" if data[:2] in (BOM_UTF16_LE, BOM_UTF16_BE) else "utf-8-sig"
    text = data.decode(encoding, "replace")  # a wrong byte damages its line only
    lines = text.splitlines()
    if kind == ".json" or lines[:1] == ["{"]:  # mail programs may name it my-predictions.json.txt
        lines = []
    yield from [*_lines(f"{path.name}, line", lines)] or [(path.name, text)]


def _lines(name: str, lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for place, line in enumerate(lines, start=1):
        if not isinstance(line, str):
            raise TypeError(f"a class's texts are strings, got {shortened(line)}")
        if line.strip():
            yield f"{name} {place}", line


def as_text(guesses: dict[str, Guess]) -> str:
    """Return guesses as a short text, as *Copy my predictions* does.

    >>> as_text({"a doubled side": 4})[:6]
    'U1/4//'
    """
    parts = [VERSION]
    for name, prediction in PREDICTIONS.items():
        guess = guesses.get(name)
        if guess is None:
            parts.append("")
        elif prediction.choices:
            parts.append(str(prediction.choices.index(str(guess))))
        else:
            parts.append(f"{guess:.6g}")
    text = "/".join(parts)
    return f"{text}/{_checksum(text)}"


def from_text(text: str) -> dict[str, Guess]:
    """Return the guesses of a short text, or of the content of a reader's file.

    Raises:
        ValueError: it is damaged, or of another version.
    """
    text = text.replace("\ufeff", "").strip()  # byte order marks, also of joined files
    if text.startswith("{"):
        return _from_file(text)
    whole, _, checksum = text.rpartition("/")
    version, *parts = whole.split("/")
    if version != VERSION or len(parts) != len(PREDICTIONS) or checksum != _checksum(whole):
        raise ValueError("this is not a text of predictions, or it is damaged")
    guesses: dict[str, Guess] = {}
    for part, (name, prediction) in zip(parts, PREDICTIONS.items(), strict=True):
        if part and prediction.choices:
            if not part.isdecimal() or int(part) >= len(prediction.choices):
                raise ValueError(f"{part!r} is the place of no choice")
            guesses[name] = prediction.choices[int(part)]
        elif part:
            guesses[name] = prediction.guess(float(part))
    return guesses


def _from_file(text: str) -> dict[str, Guess]:
    found = from_json(text)
    guesses = {}
    for name, prediction in PREDICTIONS.items():
        if name in found:
            guesses[name], _ = dated(prediction, found[name])
    return guesses


def _checksum(text: str) -> str:
    """Return two characters by which a text that was cut or changed is told."""
    total = 7
    for character in text:
        total = (31 * total + ord(character)) % 36**2
    return "".join("0123456789abcdefghijklmnopqrstuvwxyz"[digit] for digit in divmod(total, 36))
