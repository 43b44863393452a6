"""What a page of the static site weighs, and how soon its first explorer is alive.

    python benchmarks/site.py

The site is built anew and opened page by page in one headless Chromium, from the folder.  Weight is the HTML and all
that it loads; alive is counted from the start of navigation.  Exit status 1 where a target is missed by far.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent)
)  # this script is its own folder's otherwise

from benchmarks import explorers as one

BYTES, SECONDS = 1_500_000, 1.0
ALIVE = "() => document.querySelector('.unetx[data-alive]') && performance.now() / 1000"
TIMES = 3


def opened(page: Any, path: Path) -> dict[str, Any]:
    """Bytes, seconds until the first explorer is alive, where there is one."""
    loaded: set[str] = set()
    page.on("request", lambda request: loaded.add(urlsplit(request.url).path))
    seconds = []
    for _ in range(TIMES):
        page.goto(path.as_uri(), wait_until="commit")
        if "data-explorer=" in path.read_text("utf-8"):
            seconds.append(float(page.wait_for_function(ALIVE, polling="raf").json_value()))
        page.wait_for_load_state()
    return {"bytes": weight(loaded), "seconds": seconds}


def weight(loaded: set[str]) -> int:
    """Bytes of the files that a page from a folder has loaded; a data: address is in the page."""
    files = [Path(url2pathname(name)) for name in loaded if name.startswith("/")]
    return sum(file.stat().st_size for file in files)


def test_pages(chromium: Any, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "tools.site", str(tmp_path / "site")], check=True)
    results = {}
    for path in sorted((tmp_path / "site").rglob("*.html")):
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        results[path.relative_to(tmp_path / "site").as_posix()] = opened(context.new_page(), path)
        context.close()
    Path(os.environ["EXPLORERS_RESULTS"]).write_text(json.dumps(results), encoding="utf-8")


def report(results: dict[str, Any]) -> bool:
    print(f"{'page':46}{'bytes':>12}   s to its first explorer, median of {TIMES}")
    far = False
    for name, found in results.items():
        seconds = median(found["seconds"]) if found["seconds"] else 0.0
        missed = found["bytes"] > BYTES or seconds > SECONDS
        far = far or found["bytes"] > 3 * BYTES or seconds > 3 * SECONDS
        print(
            f"{name:46}{found['bytes']:12,}{f'{seconds:8.2f}' if seconds else '':8}{'  missed' if missed else ''}"
        )
    return far


def main() -> int:
    return one.in_the_browser(__file__, report)


if __name__ == "__main__":
    sys.exit(main())
