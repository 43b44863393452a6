"""Table of the tools and their rules: ``tools.csv``, a line per tool.

A cell is a rule in the letters of :mod:`unet_complexity.engineering.conventions.quantities`.  Semicolons separate its
terms if the order of the additions matters.  0 was measured; an empty cell was not measured.
"""

from __future__ import annotations

import csv
from pathlib import Path

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


_text = Path(__file__).with_name("tools.csv").read_text("utf-8")
conventions = Conventions()
for _row in csv.DictReader(_text.splitlines()):
    _tool = _row["tool"]
    conventions[_tool] = Convention(
        _tool,
        _row["version"],
        _row["unit"],
        _row["label"],
        int(_row["recorded"]),
        {kind: _row[kind] for kind in KINDS if _row[kind]},
        tuple(_row["issues"].split()),
        float32=_tool.startswith("jax"),
    )
