"""Texts that are committed and made by code, so that nothing in them is typed twice.

    python -m tools.written

They are docs/teaching's formulas, objectives, slips and inventory, CITATION.cff, and the README's paragraph on
running without installing.
"""

import re
import sys
import tomllib
from pathlib import Path

from tools import address, inventory, objectives, sheet, slips

ROOT = Path(__file__).resolve().parent.parent
TEACHING = ROOT / "docs" / "teaching"
BLOCK = re.compile(r"(<!-- launch: written by make docs -->\n).*?(\n<!-- /launch -->)", re.DOTALL)


def texts() -> dict[Path, str]:
    """Each file and what belongs into it."""
    teaching = {
        "formulas.md": sheet.text(),
        "objectives.md": objectives.text(),
        "slips.md": slips.text(),
        **inventory.texts(),
    }
    return public() | {TEACHING / name: text for name, text in teaching.items()}


def public() -> dict[Path, str]:
    """Those that depend on the repository's address."""
    known, readme = address.repository(), (ROOT / "README.md").read_text("utf-8")
    return {
        ROOT / "README.md": BLOCK.sub(
            lambda found: found[1] + address.launch(known) + found[2], readme
        ),
        ROOT / "CITATION.cff": citation(known),
    }


def citation(known: str) -> str:
    """CITATION.cff, from pyproject.toml and the package's version."""
    from unet_complexity import __version__

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [
        "cff-version: 1.2.0",
        "message: If you use this software or its notebooks, please cite it as below.",
        "type: software",
        'title: "unet_complexity: what does a U-Net cost, and why?"',
        f'abstract: "{project["description"]}"',
        "authors:",
        *(f"  - name: {author['name']}" for author in project["authors"]),
        f"version: {__version__}",
        f"license: {project['license']}",
        "keywords:",
        *(f"  - {word}" for word in project["keywords"]),
        *([f"repository-code: {known}", f"url: {address.pages(known)}"] if known else []),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Writes what has changed."""
    for path, text in texts().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"{path.relative_to(ROOT)!s:40} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
