"""What a teacher shows and hands out, from the notebooks and the package: slides, and the sheet of formulas.

    python -m tools.slides [FOLDER]      # build/teaching, if none is named

A notebook's cell is on the slides if its metadata says so, in Jupyter's own words: slideshow.slide_type "slide" starts
a slide, "fragment" goes on below at the next key.  Each deck is one file, which needs no network and no other file.
"""

import sys
from pathlib import Path
from typing import Any

from tools import notebooks, sheet, web

FOLDER = Path(__file__).resolve().parent.parent / "build" / "teaching"


def slides(nb: notebooks.Notebook) -> list[list[Any]]:
    """The cells of each slide.  ValueError for another kind of cell, or a fragment before the first slide."""
    found: list[list[Any]] = []
    for cell in nb.cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type")
        if kind == "slide":
            found.append([cell])
        elif kind == "fragment" and found:
            found[-1].append(cell)
        elif kind is not None:
            raise ValueError(
                f"a cell is a slide, or a fragment of the slide before it, not {kind!r}: {cell.source[:60]}"
            )
    return found


def deck(*several: notebooks.Notebook, title: str = "", size: str = "") -> str:
    """The slides of one notebook or of several as one page of HTML, or "" where they have none.

    Args:
        several: the notebooks, in the order of their slides.
        title: the page's title; the first notebook's, if none is given.
        size: "large" for type that is read from the back row.
    """
    shown = [slide for nb in several for slide in slides(nb)]
    title = title or several[0].cells[0].source.splitlines()[0].strip("# ")
    body = "\n".join(map(_slide, shown))
    return web.page("slides.html", title=title, size=size, slides=body) if shown else ""


def _slide(cells: list[Any]) -> str:
    first, *later = map(web.from_cell, cells)
    parts = [f"<div>{first}</div>", *(f'<div class="later">{part}</div>' for part in later)]
    return "\n".join(["<section>", *parts, "</section>"])


def pages() -> dict[str, str]:
    """Each file's name and its text."""
    decks = {f"{path.stem}.html": deck(notebooks.read(path)) for path in notebooks.paths()}
    body = web.from_markdown(sheet.text()).replace("<table>", '<div class="wide"><table>')
    body = body.replace("</table>", "</table></div>")
    printed = web.page("sheet.html", title="The formulas on one page", body=body)
    return {name: text for name, text in decks.items() if text} | {"formulas.html": printed}


def main(folder: str = str(FOLDER)) -> int:
    """Writes all pages."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (Path(folder) / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{name:40} {len(text.encode()):>10,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
