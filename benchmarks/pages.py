"""How soon a page's explorers are there, how ten of them move together, and how they move on a slow line.

    python benchmarks/pages.py

Opening: from the start of navigation to the first live explorer, of an executed notebook in JupyterLab and exported to
HTML.  Ten on a page: the keys of one, while nine others are alive beside it.  Slow line: one explorer and its
``interact`` twin in JupyterLab, with 75 ms added each way.  Exit status 1 where a target is missed by far.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent)
)  # this script is its own folder's otherwise

from benchmarks import explorers as one
from tools import notebooks

OPENED, TEN = 3.0, {"median": 5.0, "p95": 16.7}  # seconds; milliseconds
ALIVE = (
    "() => document.querySelectorAll('.unetx[data-alive]').length >= %d && performance.now() / 1000"
)
LEVELS = "from unet_complexity.explorers import LevelsExplorer\nLevelsExplorer(depth=1, side=256)"
results: dict[str, Any] = {}


def opened(page: Any, url: str, count: int = 1) -> float:
    page.goto(url, wait_until="commit")
    return float(page.wait_for_function(ALIVE % count, polling="raf").json_value())


def keys(page: Any, place: Any, control: str) -> dict[str, Any]:
    place.locator("summary", has_text="More settings").click()
    slider = place.locator(f'[data-control="{control}"]')
    return one.measure(page, place, slider, int(slider.get_attribute("max")))


@pytest.fixture(autouse=True)
def kept() -> Any:
    yield
    Path(os.environ["EXPLORERS_RESULTS"]).write_text(json.dumps(results), encoding="utf-8")


def test_opening(page: Any, lab_server: Any) -> None:
    for path in notebooks.paths():
        if "data-explorer=" not in path.read_text("utf-8"):
            continue
        html = notebooks.export(path, lab_server.root).as_uri()
        page.context.route("https://**/*", lambda route: route.abort())
        lab = f"{lab_server.url}/lab/workspaces/{path.stem}/tree/{lab_server.put(path.name)}"
        results[path.stem] = {
            "exported": [opened(page, html) for _ in range(3)],
            "Lab": [opened(page, lab)],
        }
        lab_server.stop_kernels()
    page.goto("about:blank")
    page.errors.clear()


def test_ten_on_a_page(page: Any, tmp_path: Path) -> None:
    from unet_complexity import explorers

    cells = []
    for name in explorers.__all__ * 2:
        html = getattr(explorers, name)(
            **({"side": 256, "depth": 1} if name == "LevelsExplorer" else {})
        )
        output = new_output("display_data", {"text/html": html._repr_mimebundle_()[0]["text/html"]})
        cells.append(new_code_cell("explorer", outputs=[output]))
    path = notebooks.export(new_notebook(cells=cells), tmp_path)
    page.context.route("https://**/*", lambda route: route.abort())
    seconds = opened(page, path.as_uri(), count=10)
    moved = {kind: keys(page, page.locator(f'.unetx[data-explorer="{kind}"]').first, control)
             for kind, control in one.CONTROL.items()}  # fmt: skip
    results["ten"] = {"seconds": seconds, "keys": moved}
    page.errors.clear()


def test_on_a_slow_line(far_page: Any) -> None:
    twin = one.TWINS.split("@interact")
    page = far_page(
        new_notebook(cells=[new_code_cell(LEVELS), new_code_cell(twin[0] + "@interact" + twin[-1])])
    )
    explorer = page.locator(".unetx[data-alive]")
    place = page.locator(".widget-interact")
    handle = place.locator(".widget-slider", has_text="depth").locator(".noUi-handle")
    place.locator("img").wait_for()
    results["slow"] = {
        "explorer": keys(page, explorer, "depth"),
        "interact twin": one.measure(page, place, handle, 7),
    }


def report(results: dict[str, Any]) -> bool:
    far = False
    print("seconds from navigation to the first live explorer")
    for name, ways in results.items():
        for way, seconds in ways.items() if name not in ("ten", "slow") else ():
            far = far or median(seconds) > 3 * OPENED
            print(
                f"  {name:32}{way:10}{median(seconds):6.2f}{'' if median(seconds) <= OPENED else '  missed'}"
            )
    print(
        f"ten on a page: all alive after {results['ten']['seconds']:.2f} s; milliseconds per key, and shown of 50"
    )
    lines = [
        *results["ten"]["keys"].items(),
        *((f"150 ms away: {name}", one) for name, one in results["slow"].items()),
    ]
    for name, times in lines:
        middle, late = median(times["ready"]), one.p95(times["ready"])
        print(f"  {name:32}{'median':>8}{middle:7.1f}{'p95':>6}{late:7.1f}{times['shown']:6}")
        if "twin" not in name:
            far = far or middle > 3 * TEN["median"] or late > 3 * TEN["p95"]
    return far


def main() -> int:
    return one.in_the_browser(__file__, report)


if __name__ == "__main__":
    sys.exit(main())
