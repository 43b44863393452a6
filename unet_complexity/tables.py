"""Tables of a network's costs, for notebooks, terminals, CSV and LaTeX.

A row per part and a total.  Each quantity has its share of the total, if the total is a number.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy as sp

from unet_complexity.cost import as_latex, with_separators
from unet_complexity.escaping import (
    LONGEST_CELL,
    attribute,
    csv_cell,
    html_text,
    latex,
    not_counted,
    plain,
    shortened,
)
from unet_complexity.symbols import Size

# field of a Cost: heading of its column
QUANTITIES = {
    "params": "parameters",
    "macs": "MACs",
    "elementwise": "elementwise ops",
    "writes": "elements written",
}


@dataclass(frozen=True, repr=False)
class Table:
    """Rows of exact values, made by :meth:`Network.table`.

    Attributes:
        title: Title, with the network's shapes and the conditions on its letters.
        header: Headings of the columns; the first two columns are texts, the others counts.
        rows: Cells of each row.
        total: Cells of the last row.
        missing: Names of the layers that are not counted.

    Example:
        >>> from unet_complexity import Conv2D, pix2pix_unet
        >>> table = pix2pix_unet(side=256, in_channels=3).only(Conv2D).table()
        >>> table.rows[0][:4]
        ('d1', '128 x 128 x 64', 3136, 50331648)
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[Any, ...]
    total: tuple[Any, ...]
    missing: tuple[str, ...] = ()

    def to_csv(self) -> str:
        """Return CSV text: a header line, plain numbers without separators, the total last.

        A line after the total names the layers that are not counted, if there are any.  An apostrophe stands before
        a name that a spreadsheet would run as a formula, such as "=1+1".
        """
        rows = [self.header, *self.rows, self.total]
        if self.missing:
            rows.append((not_counted(self.missing),))
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(map(csv_cell, row) for row in rows)
        return text.getvalue()

    def to_latex(self) -> str:
        """Return LaTeX text: a tabular with a line above and below."""
        table = self._render("latex_raw", latex, lambda value: f"${as_latex(value)}$")
        return f"{table}\n\n{latex(not_counted(self.missing))}" if self.missing else table

    def __str__(self) -> str:
        table = self._render("simple", plain, with_separators)
        return f"{plain(self.title)}\n{table}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def show(value: Size) -> str:
            if isinstance(value, (int, float)):
                return with_separators(value)
            return f"${attribute(as_latex(value))}$"

        caption = f"<table><caption>{html_text(self.title)}</caption>"
        table = self._render("unsafehtml", html_text, show).replace("<table>", caption, 1)
        unbroken = table.replace(" x ", "&nbsp;x&nbsp;")  # a shape stays on one line
        return f'<div style="overflow-x:auto">{unbroken}</div>'

    def _render(self, form: str, text: Callable[[str], str], value: Callable[[Size], str]) -> str:
        """Return the table in one of tabulate's forms; ``text`` and ``value`` format texts and counts."""
        from tabulate import tabulate

        def cell(name: str) -> str:
            return text(shortened(name, LONGEST_CELL))

        value = lru_cache(typed=True)(value)  # SymPy prints slowly, and rows repeat their formulas
        shares = not any(isinstance(whole, sp.Expr) for whole in self.total)  # letters have none
        columns = []
        for name, *cells in zip(self.header, *self.rows, self.total, strict=True):
            whole = cells[-1]
            is_text = isinstance(whole, str)
            columns.append([text(name), *map(cell if is_text else value, cells)])
            if shares and not is_text:
                percent = [f"{100 * count / whole:.2f}" if whole else "" for count in cells]
                columns.append([text("%"), *percent])
        header, *lines = zip(*columns, strict=True)
        return str(
            tabulate(
                lines,
                header,
                form,
                colalign=("left", "left"),
                stralign="right",
                disable_numparse=True,
            )
        )
