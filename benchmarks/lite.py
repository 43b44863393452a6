"""How soon the tutorial computes in a browser without a server, and what naming its packages in advance brings.

    python benchmarks/lite.py

Builds the site ("make lite"), then opens a notebook there with an empty cache and runs all cells.  Seconds from the
start of navigation to the first cell's result, to the first that needs SymPy, and to the live explorer:

- as the site is;
- as its peer, where the kernel looks for its packages one by one, which is what it does by itself;
- as the site is, but with the interpreter's memory from a snapshot: an experiment of Pyodide's, not in the site.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent)
)  # this script is its own folder's otherwise

from benchmarks import explorers as one
from tools import lite

WAYS = ("as the site is", "one by one", "from a snapshot")
SNAPSHOT = lite.SITE / "static" / "pyodide" / "snapshot"
MAKE = """
import { writeFileSync } from "node:fs";
const [folder, file] = process.argv.slice(1);
const { loadPyodide } = await import(`${folder}/pyodide.mjs`);
const python = await loadPyodide({ indexURL: `${folder}/`, _makeSnapshot: true });
writeFileSync(file, python.makeMemorySnapshot());
"""
# what the kernel imports in the place of pyodide.mjs
LOAD = """
import * as original from "./original.mjs";
const snapshot = fetch(new URL("./snapshot", import.meta.url)).then((answer) => answer.arrayBuffer());
export const loadPyodide = async (options) =>
    original.loadPyodide({ ...options, _loadSnapshot: await snapshot });
"""
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
    if way == "from a snapshot":
        folder = SNAPSHOT.parent
        command = ["node", "--input-type=module", "-e", MAKE, str(folder), str(SNAPSHOT)]
        subprocess.run(command, check=True)
        script = {"content_type": "text/javascript"}
        page.context.route("**/pyodide.mjs", lambda route: route.fulfill(body=LOAD, **script))
        page.context.route(
            "**/original.mjs",
            lambda route: route.fulfill(path=folder / "pyodide.mjs", **script),
        )
    results[way] = lite.seconds_until(lite_page(lite.TIMED))
    Path(os.environ["EXPLORERS_RESULTS"]).write_text(json.dumps(results), encoding="utf-8")
    page.errors.clear()


def report(results: dict[str, dict[str, float]]) -> bool:
    packed = len(gzip.compress(SNAPSHOT.read_bytes()))
    print(f"snapshot: {SNAPSHOT.stat().st_size:,} bytes, {packed:,} compressed, not in the site")
    SNAPSHOT.unlink()
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
