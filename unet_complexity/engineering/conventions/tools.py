"""Table of the tools and their rules: ``tools.csv``, a line per tool, read on first use.

A cell is a rule in the letters of :mod:`unet_complexity.engineering.conventions.quantities`.  Semicolons separate its
terms if the order of the additions matters.  0 was measured; an empty cell was not measured.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib import resources
from typing import Any

from unet_complexity.engineering.conventions.convention import Convention
from unet_complexity.engineering.conventions.quantities import BILINEAR, KINDS, kind, torch_padding
from unet_complexity.layers import Conv2DTranspose, Layer

# layers for which a tool's line in the table does not hold, and the reason
GAPS: dict[str, tuple[tuple[Callable[[Layer], bool], str], ...]] = {
    "calflops": (
        (
            lambda layer: (
                kind(layer).startswith("UpSampling2D") and len(set(vars(layer)["size"])) > 1
            ),
            "the tool stops with a TypeError if the two factors differ; take the same for both",
        ),
    ),
    "moduleprofiler": (
        (
            lambda layer: (
                isinstance(layer, Conv2DTranspose) and any(add for _, add in torch_padding(layer))
            ),
            "the tool leaves out what PyTorch calls output padding; take a kernel whose side is stride + 0, 2, 4 ...",
        ),
    ),
    "jax Lowered.cost_analysis": (
        (
            lambda layer: kind(layer) == BILINEAR,
            "JAX makes it of matrix products, in an order that it chooses for each map",
        ),
    ),
}


class Conventions(Mapping[str, Convention]):
    """Conventions by the name of the tool.

    Raises:
        KeyError: The tool is not in the table; the message lists those that are.
    """

    def __getitem__(self, tool: str) -> Convention:
        if tool not in self._all:
            raise KeyError(f"no tool is called {tool!r}; there are {', '.join(self._all)}")
        return self._all[tool]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __repr__(self) -> str:
        return f"<how {len(self)} tools count: {', '.join(self)}>"

    @cached_property
    def _all(self) -> dict[str, Convention]:
        text = resources.files(__package__).joinpath("tools.csv").read_text(encoding="utf-8")
        return {row["tool"]: _convention(row) for row in csv.DictReader(text.splitlines())}


def _convention(row: dict[str, Any]) -> Convention:
    return Convention(
        tool=row["tool"],
        version=row["version"],
        unit=row["unit"],
        label=row["label"],
        recorded=int(row["recorded"]),
        counts={kind: row[kind] for kind in KINDS if row[kind]},
        gaps=GAPS.get(row["tool"], ()),
        issues=tuple(row["issues"].split()),
        float32=row["tool"].startswith("jax"),
    )


conventions = Conventions()
