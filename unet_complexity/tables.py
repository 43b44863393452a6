"""A network as a table: in a notebook, in a terminal, as CSV, as LaTeX.

One row per part, one total; every quantity comes with its share of the total, where the total is a number.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from unet_complexity.cost import as_latex, not_counted, with_separators
from unet_complexity.escaping import LONGEST_CELL, attribute, csv_cell, html_text, latex, plain, shortened
from unet_complexity.symbols import Size

# what a table shows of a Cost, and under which heading
QUANTITIES = {
    "params": "parameters",
    "macs": "MACs",
    "elementwise": "elementwise ops",
    "writes": "elements written",
}


@dataclass(frozen=True, repr=False)
class Table:
    """Rows of exact values, with the ways to show them.  Made by :meth:`Network.table`.

    >>> from unet_complexity import Conv2D, pix2pix_unet
    >>> table = pix2pix_unet(side=256, in_channels=3).only(Conv2D).table()
    >>> table.rows[0][:4]
    ('d1', '128 x 128 x 64', 3136, 50331648)
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: tuple[Any, ...]
    missing: tuple[str, ...] = ()

    def to_csv(self) -> str:
        """CSV text, to write where you like: plain numbers, no separators, a header line, the total last.

        A line after the total names what is not counted, where something is not.  A name that a spreadsheet would run
        as a formula, such as "=1+1", has an apostrophe in front.
        """
        text = io.StringIO()
        notes = [[not_counted(self.missing)]] if self.missing else []
        rows = (map(csv_cell, row) for row in (self.header, *self.rows, self.total, *notes))
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue()

    def to_latex(self) -> str:
        """LaTeX text: a tabular with a line above and below."""
        table = self._render("latex_raw", latex, lambda value: f"${as_latex(value)}$")
        return table + f"\n\n{latex(not_counted(self.missing))}" * bool(self.missing)

    def __str__(self) -> str:
        def short(text: str) -> str:
            return shortened(plain(text), LONGEST_CELL)

        return f"{plain(self.title)}\n{self._render('simple', short, with_separators)}"

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
        """The table in one of tabulate's forms; ``text`` and ``value`` say how the form shows text and counts."""
        from tabulate import tabulate

        shares = isinstance(self.total[3], int)  # with letters there is no share to print
        header = [*self.header[:2], *(title for name in self.header[2:] for title in [name] + ["%"] * shares)]
        rows = [self._shown(row, value, shares) for row in (*self.rows, self.total)]
        cells = [[text(str(cell)) for cell in row[:2]] + row[2:] for row in rows]
        align = ["left", "left"] + ["right"] * (len(header) - 2)
        table = tabulate(cells, map(text, header), tablefmt=form, colalign=align, disable_numparse=True)
        return str(table)

    def _shown(self, row: tuple[Any, ...], value: Callable[[Size], str], shares: bool) -> list[str]:
        cells = list(row[:2])
        for count, whole in zip(row[2:], self.total[2:], strict=True):
            cells += [value(count)] + [f"{100 * count / whole:.2f}" if shares and whole else ""] * shares
        return cells
