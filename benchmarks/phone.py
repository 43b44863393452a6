"""How soon a page of the static site answers on a slow phone, and how soon it shows what a key did.

    python benchmarks/phone.py [--write]

The site is built anew and opened from the folder in a headless Chromium of 390 x 844 pixels, its processor slowed down
by six.  Alive is counted from the start of navigation to the first form and to the first explorer that answer; a key
from its time stamp until picture and text have changed, and until the frame that shows them.  Weight is the HTML and
all that it loads.  ``--write`` keeps the figures in docs/teaching/measured.  Exit status 1
if a target is missed by far.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent)
)  # this script is its own folder's otherwise

from benchmarks import explorers as one
from benchmarks import site

SLOWER = 6
SECONDS, MEDIAN, P95 = 3.0, 16.7, 33.0  # to the first that lives; milliseconds from a key
MEASURED = Path(__file__).resolve().parent.parent / "docs" / "teaching" / "measured"
KINDS = ("form", "explorer")
# In the page, from its start: when the first of each kind says that it is alive.
SEEN = """
window.seen = {};
new MutationObserver(() => {
    for (const [kind, name] of [["form", "ask"], ["explorer", "explorer"]]) {
        if (!seen[kind] && document.querySelector(`.unetx[data-${name}][data-alive]`)) {
            seen[kind] = performance.now() / 1000;
        }
    }
}).observe(document, { subtree: true, childList: true, attributeFilter: ["data-alive"] });
"""


def opened(page: Any, path: Path) -> dict[str, Any]:
    """Bytes, and seconds to the first form and explorer, of those that the page has."""
    loaded: set[str] = set()
    page.on("request", lambda request: loaded.add(urlsplit(request.url).path))
    text = path.read_text("utf-8")
    wanted = [
        kind
        for kind, name in zip(KINDS, ("ask", "explorer"), strict=True)
        if f"data-{name}=" in text
    ]
    page.goto(path.as_uri(), wait_until="load")
    for kind in wanted:
        page.wait_for_function("(kind) => window.seen[kind]", arg=kind, polling=50)
    return {"bytes": site.weight(loaded), **page.evaluate("window.seen")}


def key_times(page: Any) -> dict[str, list[float]]:
    """Milliseconds from each key to the change, and to the frame that shows it, at the first explorer."""
    explorer = page.locator(".unetx[data-explorer][data-alive]").first
    control = one.CONTROL[explorer.get_attribute("data-explorer")]
    slider = explorer.locator(f'[data-control="{control}"]')
    if not slider.is_visible():
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    slider.scroll_into_view_if_needed()
    slider.focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(1500)
    explorer.evaluate(one.WATCH)
    times: dict[str, list[float]] = {"ready": [], "painted": []}
    for key in one.walk(
        int(slider.get_attribute("max")) - int(slider.get_attribute("min")), one.KEYS
    ):
        page.keyboard.press(key)
        page.wait_for_function("window.watch.painted !== null", polling=20)
        for what, kept in times.items():
            kept.append(page.evaluate(f"window.watch.{what}"))
        page.wait_for_timeout(30)
    return times


def test_pages(chromium: Any, tmp_path: Path) -> None:
    """Not a test: pytest lends the browser of tests/browser."""
    subprocess.run([sys.executable, "-m", "tools.site", str(tmp_path / "site")], check=True)
    results = {}
    for path in sorted((tmp_path / "site" / "notebooks").glob("*.html")):
        context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
        page = context.new_page()
        page.add_init_script(SEEN)
        slow = context.new_cdp_session(page)
        slow.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        found = opened(page, path)
        if "explorer" in found:
            found["keys"] = key_times(page)
        results[path.stem] = found
        context.close()
    Path(os.environ["EXPLORERS_RESULTS"]).write_text(json.dumps(results), encoding="utf-8")


def lines(results: dict[str, Any]) -> list[str]:
    """The table, as text that is also Markdown."""
    table = [
        "| page | kB | s to a form | s to an explorer | ms per key: median | p95 | to the frame: median | p95 |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, found in results.items():
        seconds = [f"{found[kind]:.2f}" if kind in found else "" for kind in KINDS]
        keys = found.get("keys", {"ready": [], "painted": []}).values()
        late = [f"{of(times):.1f}" if times else "" for times in keys for of in (median, one.p95)]
        row = [name, f"{found['bytes'] / 1000:,.0f}", *seconds, *late]
        table.append(f"| {' | '.join(row)} |")
    return table


def report(results: dict[str, Any]) -> bool:
    """Prints the table; whether a target was missed by far."""
    table = lines(results)
    print(f"390 x 844 pixels, processor slowed down by {SLOWER}", *table, sep="\n")
    if "--write" in sys.argv:
        write("phone", "Pages on a slow phone", table)
    far = False
    for found in results.values():
        keys = found.get("keys", {"ready": [0.0, 0.0]})["ready"]
        ratios = [found["bytes"] / site.BYTES, median(keys) / MEDIAN, one.p95(keys) / P95]
        ratios += [found[kind] / SECONDS for kind in KINDS if kind in found]
        far = far or max(ratios) > 3
    return far


def write(name: str, title: str, table: list[str]) -> None:
    """Keep a table beside the day and the machine."""
    MEASURED.mkdir(exist_ok=True)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    busy = f", {os.getloadavg()[0]:.0f} processes waiting for them" if os.name == "posix" else ""
    head = f"Measured {date.today()}, {machine}{busy}."
    text = "\n".join([f"# {title}", "", head, "", *table, ""])
    (MEASURED / f"{name}.md").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(one.in_the_browser(__file__, report))
