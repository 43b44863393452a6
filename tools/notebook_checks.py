"""What a committed notebook must hold: ``faults`` reads it, ``differences`` compares it with a fresh run.

Both return sentences for the author; an empty list means that all is well.
"""

import base64
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from tools.notebooks import WIDGET, Notebook

MOST_LINES = 14
MOST_BYTES = 1_500_000
IMAGES = ("image/png", "image/jpeg", "image/svg+xml")
MACHINE_PATH = re.compile(r"(?<![\w.])(/(work|home|root|tmp|Users|usr)/|[A-Z]:\\Users\\)")
DATA_URI = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")
IGNORE = "NBVAL_IGNORE_OUTPUT"  # nbval's own word for a cell whose output may differ, as a comment or a tag

# Pictures are compared on the scale 0..255. Versions are locked, so they are mostly equal to the last bit;
# another processor moves an edge by a pixel here and there. A bar that moved is far above both limits.
MEAN_DIFFERENCE = 0.05
BLOCK, BLOCK_DIFFERENCE = 16, 24


def faults(nb: Notebook) -> list[str]:
    """What is wrong with a notebook as committed, whatever its code would give."""
    found = [
        f"cell {place}: {fault}"
        for place, cell in enumerate(nb.cells)
        for fault in _cell_faults(cell)
    ]
    counts = [cell.execution_count for cell in nb.cells if cell.cell_type == "code"]
    if counts != list(range(1, len(counts) + 1)):
        found.append(f"execution counts are {counts}, not 1, 2, 3, ...: make notebooks")
    if "widgets" in nb.metadata:
        found.append("widget state is committed: make notebooks")
    size = len(json.dumps(nb).encode())
    if size > MOST_BYTES:
        found.append(f"{size:,} bytes are more than {MOST_BYTES:,}: draw fewer or simpler figures")
    return found


def _cell_faults(cell: Any) -> Iterator[str]:
    if MACHINE_PATH.search(cell.source):
        yield f"the source names a path of one machine: {MACHINE_PATH.search(cell.source)[0]}"  # type: ignore[index]
    if cell.cell_type == "markdown":
        yield from _text_without_alt(cell.source)
    if cell.cell_type == "code":
        yield from _code_faults(cell)


def _code_faults(cell: Any) -> Iterator[str]:
    if (lines := len(cell.source.splitlines())) > MOST_LINES:
        yield f"{lines} lines of code are more than {MOST_LINES}: split it, or move it into the package"
    for output in cell.outputs:
        if output.output_type == "error":
            yield f"ends in {output.ename}: {output.evalue}"
        if output.output_type == "stream" and output.name == "stderr":
            yield f"writes to stderr: {output.text.strip()[:80]}"
        yield from _output_faults(output, cell)


def _output_faults(output: Any, cell: Any) -> Iterator[str]:
    data = output.get("data", {})
    if WIDGET in data:
        yield "shows a widget that has no text/html form, so that a reader without a kernel sees nothing"
    for text in _texts(output).values():
        if path := MACHINE_PATH.search(DATA_URI.sub("", text)):
            yield f"the output names a path of one machine: {path[0]}"
    html = data.get("text/html", "")
    yield from _text_without_alt(html)
    for mime in IMAGES:
        if mime in data and not (
            _alt(output.metadata, mime) or cell.metadata.get("alt") or "<img" in html
        ):
            yield f"{mime} without alternative text: give the output metadata 'alt'"


def _alt(metadata: Any, mime: str) -> str:
    return str(metadata.get(mime, {}).get("alt") or metadata.get("alt") or "").strip()


def _text_without_alt(text: str) -> Iterator[str]:
    """Pictures in Markdown or HTML that a screen reader could not tell."""
    text = re.sub(r"<script\b.*?</script>", "", DATA_URI.sub("", text), flags=re.DOTALL)
    yield from (
        f"a picture without alternative text: {found}"
        for found in re.findall(r"!\[\s*\]\([^)]*\)", text)
    )
    for tag in re.findall(r"<img\b[^>]*>", text):
        if not re.search(r"""\balt\s*=\s*("\s*[^"\s]|'\s*[^'\s])""", tag):
            yield f"a picture without alternative text: {tag[:60]}"


def _texts(output: Any) -> dict[str, str]:
    """Everything in an output that is text, by kind."""
    if output.output_type == "stream":
        return {output.name: output.text}
    return {
        mime: data
        for mime, data in output.get("data", {}).items()
        if isinstance(data, str) and mime not in IMAGES
    }


def differences(committed: Notebook, fresh: Notebook) -> list[str]:
    """Where the outputs of a fresh run differ from the committed ones: texts exactly, pictures by eye."""
    pairs = [
        (place, old, new)
        for place, (old, new) in enumerate(zip(committed.cells, fresh.cells, strict=True))
    ]
    return [
        f"cell {place}: {difference}"
        for place, old, new in pairs
        if old.cell_type == "code" and not _may_differ(old)
        for difference in _cell_differences(old, new)
    ]


def _may_differ(cell: Any) -> bool:
    return IGNORE in cell.source or IGNORE.lower().replace("_", "-") in cell.metadata.get(
        "tags", []
    )


def _cell_differences(old: Any, new: Any) -> Iterator[str]:
    if [_kinds(output) for output in old.outputs] != [_kinds(output) for output in new.outputs]:
        yield f"shows {[_kinds(o) for o in new.outputs]} now, not {[_kinds(o) for o in old.outputs]}"
        return
    for before, after in zip(old.outputs, new.outputs, strict=True):
        yield from _output_differences(before, after)


def _kinds(output: Any) -> list[str]:
    return sorted(output.get("data", {})) or [output.get("name", output.output_type)]


def _output_differences(old: Any, new: Any) -> Iterator[str]:
    before, after = _texts(old), _texts(new)
    for kind in before:
        was, now = (DATA_URI.sub("a picture", text[kind]) for text in (before, after))
        if was != now:
            yield f"{kind} was {_around(was, now)}"
        yield from _picture_differences(
            DATA_URI.findall(before[kind]), DATA_URI.findall(after[kind])
        )
    if "image/png" in old.get("data", {}):
        yield from _picture_differences([old.data["image/png"]], [new.data["image/png"]])
    if old.get("metadata") != new.get("metadata"):
        yield f"metadata was {old.get('metadata')}, is {new.get('metadata')}"
    if (svg := old.get("data", {}).get("image/svg+xml")) and svg != new.data["image/svg+xml"]:
        yield "image/svg+xml differs: set matplotlib's svg.hashsalt if only its ids do"


def _around(before: str, after: str, width: int = 30) -> str:
    """The first place where two texts part."""
    at = next(
        (i for i, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]),
        len(before),
    )
    window = slice(max(0, at - width), at + width)
    return f"...{before[window]!r}..., is ...{after[window]!r}..."


def _picture_differences(old: list[str], new: list[str]) -> Iterator[str]:
    if len(old) != len(new):
        yield f"{len(new)} pictures instead of {len(old)}"
        return
    for before, after in zip(map(_pixels, old), map(_pixels, new), strict=True):
        if before.shape != after.shape:
            yield f"a picture of {after.shape} pixels was one of {before.shape}"
            continue
        mean, worst = _difference(before, after)
        if mean > MEAN_DIFFERENCE or worst > BLOCK_DIFFERENCE:
            yield f"a picture differs: by {mean:.2f} of 255 on average, {worst:.0f} at the worst place"


def _pixels(png: str) -> Any:
    image = Image.open(io.BytesIO(base64.b64decode(png)))
    background = Image.new("RGBA", image.size, "white")
    return np.asarray(
        Image.alpha_composite(background, image.convert("RGBA")).convert("RGB"), dtype=float
    )


def _difference(before: Any, after: Any) -> tuple[float, float]:
    """On average, and in the worst block: a small change is diluted in the mean over a whole picture."""
    by = np.abs(before - after)
    rows, columns = (range(0, size, BLOCK) for size in by.shape[:2])
    blocks = (
        by[row : row + BLOCK, column : column + BLOCK].mean() for row in rows for column in columns
    )
    return float(by.mean()), float(max(blocks))
