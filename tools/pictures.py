"""Draw each explorer's first state for docs/explorers: its still picture, light, as wide as in a notebook.

python -m tools.pictures
"""

import sys
from pathlib import Path

from tools import stills
from unet_complexity import explorers

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "explorers"


def pictures() -> dict[Path, bytes]:
    """Each file and what belongs into it."""
    shown = [getattr(explorers, name)() for name in explorers.__all__]
    return {
        FOLDER / f"{one.kind}.png": stills.png(stills.picture(one.kind, one.state)["svg"])
        for one in shown
    }


def main() -> int:
    """Writes what has changed."""
    for path, png in pictures().items():
        if not path.exists() or path.read_bytes() != png:
            path.write_bytes(png)
            print(f"{path.name:40} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
