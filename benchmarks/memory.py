"""Memory of the kernel that runs each notebook and of the Lab around it, and bytes of Lab's first load.

    python benchmarks/memory.py [--write]

Memory is PSS where the system tells it (Linux) and RSS elsewhere.  The kernel is measured after its notebook's last
cell; the server with one notebook open in a browser and its kernel running.  ``--write`` keeps the figures in
docs/teaching/measured.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import psutil
from nbclient import NotebookClient

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent)
)  # this script is its own folder's otherwise

from benchmarks import explorers as one
from benchmarks.phone import write
from tools import notebooks


def megabytes(process: psutil.Process) -> float:
    """What a process holds; its share of what several processes hold."""
    found = process.memory_full_info()
    return float(getattr(found, "pss", found.rss)) / 1e6


def kernel_of(path: Path, place: str) -> float:
    """Megabytes of a fresh kernel that has run the whole notebook."""
    nb = notebooks.without_outputs(notebooks.read(path))
    where = {"metadata": {"path": str(notebooks.FOLDER)}}
    client = NotebookClient(nb, timeout=notebooks.SECONDS_PER_CELL, resources=where)
    guesses = {notebooks.GUESSES: os.path.join(place, "predictions.json")}
    with client.setup_kernel(env={**os.environ, "IPYTHONDIR": place, **guesses}):
        for number, cell in enumerate(nb.cells):
            client.execute_cell(cell, number)
        return megabytes(psutil.Process(client.km.provisioner.pid))


def test_all(page: Any, lab_server: Any, tmp_path: Path) -> None:
    """Not a test: pytest lends the browser and the JupyterLab of tests/browser."""
    results = {path.stem: kernel_of(path, str(tmp_path)) for path in notebooks.paths()}
    loaded: list[float] = []
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    name = next(path.name for path in notebooks.paths())
    page.goto(f"{lab_server.url}/lab/tree/{name}")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.wait_for_timeout(5000)
    (server,) = [
        one for one in psutil.Process().children() if lab_server.url[-5:] in str(one.cmdline())
    ]
    kernels = [one for one in server.children(recursive=True) if "ipykernel" in str(one.cmdline())]
    results["Lab's server"] = megabytes(server)
    results["Lab's server and one fresh kernel"] = sum(map(megabytes, [server, *kernels]))
    results["first load of Lab"] = sum(loaded) / 1e6
    Path(os.environ["EXPLORERS_RESULTS"]).write_text(json.dumps(results), encoding="utf-8")
    page.goto("about:blank")
    page.errors.clear()


def report(results: dict[str, float]) -> bool:
    """Prints the table."""
    table = ["| what | MB |", "| --- | ---: |"]
    table += [f"| {name} | {amount:.0f} |" for name, amount in results.items()]
    print(*table, sep="\n")
    if "--write" in sys.argv:
        write("memory", "Memory and first load", table)
    return False


if __name__ == "__main__":
    sys.exit(one.in_the_browser(__file__, report))
