"""How soon the tutorial computes in a browser without a server, and what naming its packages in advance brings.

    python benchmarks/lite.py

Builds the site ("make lite"), then opens a notebook there with an empty cache and runs all cells.  Seconds from the
start of navigation to the first cell's result, to the first that needs SymPy, and to the live explorer: as the site is,
and, as its peer, where the kernel looks for its packages one by one, which is what it does by itself.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent)
)  # this script is its own folder's otherwise

from benchmarks import explorers as one
from tools import lite

WAYS = ("as the site is", "one by one")
results: dict[str, Any] = {}


@pytest.mark.parametrize("way", WAYS)
def test_opening(lite_page: Any, page: Any, way: str) -> None:
    if way == "one by one":
        settings = json.loads((lite.SITE / "jupyter-lite.json").read_text("utf-8"))
        kernel = settings["jupyter-config-data"]["litePluginSettings"][f"{lite.KERNEL}:kernel"]
        kernel["loadPyodideOptions"]["packages"] = []
        page.context.route(
            "**/lite/jupyter-lite.json", lambda route: route.fulfill(body=json.dumps(settings))
        )
    results[way] = lite.seconds_until(lite_page(lite.TIMED))
    Path(os.environ["EXPLORERS_RESULTS"]).write_text(json.dumps(results), encoding="utf-8")
    page.errors.clear()


def report(results: dict[str, dict[str, float]]) -> bool:
    print(
        f"site: {sum(file.stat().st_size for file in lite.SITE.rglob('*') if file.is_file()):,} bytes"
    )
    print("seconds from navigation to ...")
    for way, times in results.items():
        print(
            f"  {way:18}" + "".join(f"{what:>14} {seconds:5.1f}" for what, seconds in times.items())
        )
    return False


if __name__ == "__main__":
    sys.exit(one.in_the_browser(__file__, report))
