"""A network as a table: in a notebook, in a terminal, as CSV, as LaTeX.

One row per part, one total; every quantity comes with its share of the total, where the total is a number.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from unet_complexity.cost import as_latex, not_counted, with_separators
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

        A line after the total names what is not counted, where something is not.
        """
        text = io.StringIO()
        notes = [[not_counted(self.missing)]] if self.missing else []
        csv.writer(text, lineterminator="\n").writerows([self.header, *self.rows, self.total, *notes])
        return text.getvalue()

    def to_latex(self) -> str:
        """LaTeX text: a tabular with a line above and below."""
        table = self._render("latex_raw", lambda value: f"${as_latex(value)}$").replace("%", r"\%")
        return table + f"\n\n{not_counted(self.missing)}".replace("_", r"\_") * bool(self.missing)

    def __str__(self) -> str:
        return f"{self.title}\n{self._render('simple', with_separators)}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def show(value: Size) -> str:
            return with_separators(value) if isinstance(value, (int, float)) else f"${as_latex(value)}$"

        table = self._render("unsafehtml", show).replace("<table>", f"<table><caption>{self.title}</caption>", 1)
        unbroken = table.replace(" x ", "&nbsp;x&nbsp;")  # a shape stays on one line
        return f'<div style="overflow-x:auto">{unbroken}</div>'

    def _render(self, form: str, show: Any) -> str:
        from tabulate import tabulate

        shares = isinstance(self.total[3], int)  # with letters there is no share to print
        header = [*self.header[:2], *(title for name in self.header[2:] for title in [name] + ["%"] * shares)]
        rows = [self._shown(row, show, shares) for row in (*self.rows, self.total)]
        align = ["left", "left"] + ["right"] * (len(header) - 2)
        return str(tabulate(rows, header, tablefmt=form, colalign=align, disable_numparse=True))

    def _shown(self, row: tuple[Any, ...], show: Any, shares: bool) -> list[str]:
        cells = list(row[:2])
        for value, whole in zip(row[2:], self.total[2:], strict=True):
            cells += [show(value)] + [f"{100 * value / whole:.2f}" if shares and whole else ""] * shares
        return cells
