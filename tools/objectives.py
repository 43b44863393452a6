"""What a student can do after each notebook, as its own first cell says: docs/teaching/objectives.md."""

import re

from tools import notebooks

HEAD = """# Learning objectives

Each notebook opens with this table of its own. You read here what it says there."""
ROWS = ("You will", "You need", "Time")


def objectives(nb: notebooks.Notebook) -> dict[str, str]:
    """The rows of a notebook's opening table; ValueError if one is missing."""
    text = nb.cells[0].source
    found = dict(re.findall(r"^\| \*\*(.+?)\*\* \| (.+) \|$", text, re.MULTILINE))
    if missing := [row for row in ROWS if row not in found]:
        raise ValueError(
            f"a notebook opens with a table of {', '.join(ROWS)}; {missing[0]!r} is missing"
        )
    return found


def text() -> str:
    """The page: one line for each notebook that asks something of a student."""
    lines = ["| notebook | you will | you need | time |", "| --- | --- | --- | --- |"]
    for path in notebooks.paths():
        if path.stem == "glossary":
            continue
        nb = notebooks.read(path)
        title = nb.cells[0].source.splitlines()[0].strip("# ")
        cells = [_elsewhere(objectives(nb)[row]) for row in ROWS]
        lines.append(f"| {' | '.join([title, *cells])} |")
    return "\n\n".join([HEAD, "\n".join(lines)]) + "\n"


def _elsewhere(text: str) -> str:
    """A link to another notebook leads nowhere from the teacher's page: its words stay."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
