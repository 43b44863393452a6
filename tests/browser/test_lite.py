"""The tutorial without a server: JupyterLite from plain files, Python in the page, every request elsewhere aborted."""

from tests.browser import conftest
from tests.browser.test_explorers import wait_until
from tools import lite, notebooks
from unet_complexity.jupyterlite import missing

EXPLORER = "[one for one in Out.values() if type(one).__name__ == 'RepeatExplorer'][-1]"
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


def text(output) -> str:
    """An output as text, whichever way it was split."""
    piece = output.get("text") or output.get("data", {}).get("text/plain", "")
    return "".join(piece)


def test_a_notebook_runs_and_its_explorer_moves_without_a_server(lite_page):
    page = lite_page(lite.TIMED)
    for what, seconds in lite.seconds_until(page).items():
        print(f"{what}: {seconds:.1f} s")
    page.wait_for_function(conftest.FINISHED)
    assert page.evaluate(conftest.NOTEBOOK)["errors"] == []

    committed = [
        cell
        for cell in notebooks.read(notebooks.FOLDER / lite.TIMED).cells
        if cell.cell_type == "code"
    ]
    for cell, outputs in zip(committed, page.evaluate(OUTPUTS), strict=True):
        if "nbval-check-output" in cell.metadata.get("tags", []):
            assert "".join(map(text, outputs)) == "".join(map(text, cell.outputs))

    slider = page.locator('.unetx[data-alive] [data-control="side"]').first
    before = int(page.evaluate(ASK, f"print({EXPLORER}.side)"))
    slider.press("ArrowRight")
    wait_until(lambda: int(page.evaluate(ASK, f"print({EXPLORER}.side)")) == before + 1)
    page.evaluate(ASK, f"{EXPLORER}.side = 2")
    page.wait_for_function(
        "(slider) => slider.getAttribute('aria-valuetext') === '2'", arg=slider.element_handle()
    )

    form = page.locator("form.unetx-ask-card:has(input)").first
    form.locator("input").fill("3")
    form.locator("input").press("Enter")
    form.get_by_text("Noted: you say ").wait_for()

    (said,) = (
        text(output)
        for outputs in page.evaluate(OUTPUTS)
        for output in outputs
        if "matplotlib" in text(output)
    )
    assert said.startswith(
        "elements or MACs for n = 4 ... 1024: accepted answer, 2cns 48 ... 12,288 (x 256);"
    )
    assert said.endswith(f"\nNo picture: {missing('matplotlib')}")
    assert page.evaluate(ASK, "import numpy") == missing("numpy")
    assert page.evaluate(ASK, "import nympy") == "No module named 'nympy'"
    assert {url.rpartition("/")[2].partition("-")[0] for url in page.refused} >= {
        "matplotlib",
        "numpy",
    }
    assert [url for url in page.refused if "/pyodide/" not in url] == []
