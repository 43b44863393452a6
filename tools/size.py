"""Print the size of the package: syntax-tree nodes, lines of code and nodes per line, by room.

Docstrings, comments and blank lines do not count, so no formatting can hide code.

Example:
    $ python -m tools.size
"""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).resolve().parent.parent / "unet_complexity"
# room: (paths inside the package that belong to it, nodes to reach)
ROOMS: dict[str, tuple[tuple[str, ...], int | None]] = {
    "symbols, cost, layers, closed forms, networks, U-Nets, tables": (
        ("symbols", "cost", "layers/", "closed_form", "networks", "unets/", "tables"),
        13_500,
    ),
    "counting": (("counting/",), 6_000),
    "checks: forms on pages, class view, a reader's own sliders": (
        ("checks/forms", "checks/class_view", "checks/sliders"),
        6_000,
    ),
    "checks": (("checks/",), 9_000),
    "explorers": (("explorers/",), 9_000),
    "engineering: collapse": (("engineering/collapse/",), 5_000),
    "engineering: conventions, roofline, measured, report, command": (
        (
            "engineering/conventions/",
            "engineering/roofline",
            "engineering/measured/",
            "engineering/report",
            "engineering/command",
        ),
        8_000,
    ),
    "engineering: explain, fits, reach, budget, variants": (
        (
            "engineering/explain",
            "engineering/fits",
            "engineering/reach",
            "engineering/budget",
            "engineering/variants",
        ),
        5_000,
    ),
    "engineering: readers": (("engineering/readers/",), None),
    "engineering: layers, counting": (("engineering/layers/", "engineering/counting/"), None),
}
REST = "the rest"
DENSITY = 9.5  # nodes per line of code to reach
LAYOUT = (
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
)


class Size(NamedTuple):
    """Syntax-tree nodes and lines of code."""

    nodes: int
    lines: int


def size(text: str) -> Size:
    """Return the size of a Python source.

    Args:
        text: The source.

    Returns:
        Its nodes and lines, without docstrings, comments and blank lines.

    Example:
        >>> size("x = 1  # one")
        Size(nodes=5, lines=1)
    """
    tree = ast.parse(text)
    nodes = sum(1 for _ in ast.walk(tree))
    documented: set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if ast.get_docstring(node, clean=False) is None:
            continue
        docstring = node.body[0]
        nodes -= 2  # the statement and its text
        documented.update(range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1))
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in LAYOUT:
            code.update(range(token.start[0], token.end[0] + 1))
    return Size(nodes, len(code - documented))


def room(path: str) -> str:
    """Return the room of a file.

    Args:
        path: The file, relative to the package, with forward slashes.

    Example:
        >>> room("counting/maps.py")
        'counting'
    """
    for name, (members, _) in ROOMS.items():
        for member in members:
            if path == f"{member}.py" or (member.endswith("/") and path.startswith(member)):
                return name
    return REST


def sizes(package: Path = PACKAGE) -> dict[str, Size]:
    """Return the size of each room of a package, in the order of the table."""
    found = dict.fromkeys((*ROOMS, REST), Size(0, 0))
    for path in sorted(package.rglob("*.py")):
        name = room(path.relative_to(package).as_posix())
        before = found[name]
        new = size(path.read_text(encoding="utf-8"))
        found[name] = Size(before.nodes + new.nodes, before.lines + new.lines)
    return found


def table(found: dict[str, Size]) -> str:
    """Return a table of rooms and their total, beside the figures to reach."""
    header = f"{'room':64} {'nodes':>8} {'to reach':>9} {'lines':>7} {'nodes/line':>11}"
    lines = [header]
    for name, part in found.items():
        goal = ROOMS[name][1] if name in ROOMS else None
        lines.append(_line(name, part, goal))
    total = Size(
        sum(part.nodes for part in found.values()), sum(part.lines for part in found.values())
    )
    lines.append(_line("total", total, None))
    lines.append(f"Nodes per line to reach, everywhere but in the readers: at most {DENSITY}.")
    return "\n".join(lines)


def _line(name: str, part: Size, goal: int | None) -> str:
    wanted = "" if goal is None else f"{goal:,}"
    density = part.nodes / max(part.lines, 1)
    return f"{name:64} {part.nodes:8,} {wanted:>9} {part.lines:7,} {density:11.1f}"


if __name__ == "__main__":
    print(table(sizes()))
