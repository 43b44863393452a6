"""Table of the tools and their rules: ``tools.csv``, a line per tool.

A cell is a rule in the letters of :mod:`unet_complexity.engineering.conventions.quantities`.  Semicolons separate its
terms if the order of the additions matters.  0 was measured; an empty cell was not measured.
"""

from __future__ import annotations

import csv
from importlib import resources

from unet_complexity.engineering.conventions.convention import Convention
from unet_complexity.engineering.conventions.quantities import KINDS


class Conventions(dict[str, Convention]):
    """Conventions by the name of the tool.

    Raises:
        KeyError: The tool is not in the table; the message lists those that are.
    """

    def __missing__(self, tool: str) -> Convention:
        raise KeyError(f"no tool is called {tool!r}; there are {', '.join(self)}")

    def __repr__(self) -> str:
        return f"<how {len(self)} tools count: {', '.join(self)}>"


def _convention(row: dict[str, str]) -> Convention:
    return Convention(
        row["tool"],
        row["version"],
        row["unit"],
        row["label"],
        int(row["recorded"]),
        {kind: row[kind] for kind in KINDS if row[kind]},
        tuple(row["issues"].split()),
        float32=row["tool"].startswith("jax"),
    )


_text = resources.files(__package__).joinpath("tools.csv").read_text(encoding="utf-8")
_rows = csv.DictReader(_text.splitlines())
conventions = Conventions((row["tool"], _convention(row)) for row in _rows)
