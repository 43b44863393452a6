"""The tutorial without a server: JupyterLite from plain files, Python in the page, every request elsewhere aborted."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from tests.browser import conftest
from tests.browser.test_explorers import wait_until
from tools import lite, notebooks
from unet_complexity.lite import missing

SECONDS = 180  # Python itself starts in the page, with SymPy in it
NAME = "02-upsampling-rows-and-columns.ipynb"
# What a page logs for each package that it asked for in vain.
IN_VAIN = (conftest.REFUSED, "error occurred while loading", "Failed to fetch")
EXPLORER = "[one for one in Out.values() if type(one).__name__ == 'RepeatExplorer'][-1]"
FOUND = "() => Boolean(window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel)"
RAN = """(text) => {
    const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
    const cell = cells.find((cell) => cell.sharedModel.source.includes(text));
    return cell.executionCount !== null && performance.now() / 1000;
}"""
OUTPUTS = """() => {
    const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
    return cells.filter((cell) => cell.type === 'code').map((cell) => cell.outputs.toJSON());
}"""
ASK = """async (code) => {
    const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
    const future = kernel.requestExecute({ code, store_history: false });
    let said = '';
    future.onIOPub = ({ content }) => { said += content.text ?? content.evalue ?? ''; };
    await future.done;
    return said.trim();
}"""


def npm_or_skip() -> None:
    if shutil.which("npm") and shutil.which("make"):
        return
    message = "NO NPM: the tutorial was not run without a server. Install Node.js and make to run this test."
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="module")
def lite_site(tmp_path_factory):
    """The address of the site, in a folder of a server that knows nothing but files."""
    conftest.browser_or_skip()
    npm_or_skip()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHONPATH"))}
    start = time.perf_counter()
    command = ["make", "--no-print-directory", "lite", f"PYTHON={sys.executable}"]
    made = subprocess.run(command, cwd=lite.ROOT, env=env, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    print(f"\nmake lite: {time.perf_counter() - start:.1f} s")
    port = conftest.free_port()
    options = [str(port), "--bind", "127.0.0.1", "--directory", str(lite.SITE.parent)]
    log = tmp_path_factory.mktemp("lite") / "log.txt"
    with conftest.serve([sys.executable, "-m", "http.server", *options], dict(os.environ), log) as process:
        url = f"http://127.0.0.1:{port}/{lite.SITE.name}"
        conftest.wait_until_listening(url, process)
        yield url


@pytest.fixture
def lite_page(page, lite_site):
    """``lite_page(notebook)``: the page with a notebook of the site, all of whose cells are about to run."""
    page.refused = []
    page.set_default_timeout(SECONDS * 1000)
    page.context.route(
        lambda url: not url.startswith(lite_site), lambda route: conftest.refuse_network(route, page.refused)
    )

    def open_notebook(name):
        page.goto(f"{lite_site}/lab/index.html?path={name}", wait_until="commit")
        page.wait_for_function(FOUND)
        page.evaluate("window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
        return page

    yield open_notebook
    page.errors[:] = [error for error in page.errors if not any(words in error for words in IN_VAIN)]


def seconds_until(page) -> dict[str, float]:
    """From the start of the navigation: what a reader waits for."""
    ran = {"first result": "predict", "SymPy": "sp.symbols"}
    times = {what: page.wait_for_function(RAN, arg=text).json_value() for what, text in ran.items()}
    page.locator('.unetx[data-explorer="repeat"][data-alive]').wait_for()
    return times | {"explorer": page.evaluate("performance.now() / 1000")}


def text(output) -> str:
    """An output as text, whichever way it was split."""
    piece = output.get("text") or output.get("data", {}).get("text/plain", "")
    return "".join(piece)


def test_a_notebook_runs_and_its_explorer_moves_without_a_server(lite_page):
    page = lite_page(NAME)
    for what, seconds in seconds_until(page).items():
        print(f"{what}: {seconds:.1f} s")
    page.wait_for_function(conftest.FINISHED)
    assert page.evaluate(conftest.NOTEBOOK)["errors"] == []

    committed = [cell for cell in notebooks.read(notebooks.FOLDER / NAME).cells if cell.cell_type == "code"]
    for cell, outputs in zip(committed, page.evaluate(OUTPUTS), strict=True):
        if "nbval-check-output" in cell.metadata.get("tags", []):
            assert "".join(map(text, outputs)) == "".join(map(text, cell.outputs))

    slider = page.locator('.unetx[data-alive] [data-control="side"]')
    before = int(page.evaluate(ASK, f"print({EXPLORER}.side)"))
    slider.press("ArrowRight")
    wait_until(lambda: int(page.evaluate(ASK, f"print({EXPLORER}.side)")) == before + 1)
    page.evaluate(ASK, f"{EXPLORER}.side = 2")
    page.wait_for_function("(slider) => slider.getAttribute('aria-valuetext') === '2'", arg=slider.element_handle())

    (said,) = (text(output) for outputs in page.evaluate(OUTPUTS) for output in outputs if "matplotlib" in text(output))
    assert said.startswith("elements or MACs for n = 4 ... 1024: accepted answer, 2cns 48 ... 12,288 (x 256);")
    assert said.endswith(f"\nNo picture: {missing('matplotlib')}")
    assert page.evaluate(ASK, "import numpy") == missing("numpy")
    assert page.evaluate(ASK, "import nympy") == "No module named 'nympy'"
    assert {url.rpartition("/")[2].partition("-")[0] for url in page.refused} >= {"matplotlib", "numpy"}
    assert [url for url in page.refused if "/pyodide/" not in url] == []
