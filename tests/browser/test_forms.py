"""Predictions in a real browser: typed into a form, kept by the kernel or by the page, and shown beside the outcome."""

import json
import time

import nbformat
import pytest

from tests.browser import conftest
from tools.notebooks import execute

NAME = "convolution after a copy"
SOURCE = f"""from unet_complexity.checks import ledger, predict
predict("{NAME}")
predict("the larger pass")
ledger("{NAME}", "the larger pass")"""


def a_notebook():
    lines = SOURCE.split("\n")
    cells = ["\n".join(lines[:2]), *lines[2:]]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])


def form(page, place=0):
    return page.locator("form.unetx-ask-card").nth(place)


def told(page, place=0):
    return form(page, place).locator(".unetx-said")


def rows(page):
    return [
        row.inner_text().replace("\xa0", " ").split("\t")
        for row in page.locator("details tbody tr").all()
    ]


def note(page, typed, place=0):
    form(page, place).locator("input").fill(typed)
    form(page, place).locator("input").press("Enter")


def test_without_a_kernel_the_page_keeps_guesses(offline_page):
    page = offline_page(execute(a_notebook()))
    note(page, "many")
    assert told(page).inner_text() == "A number is wanted, such as 4 or 2.5."
    note(page, "x 2")
    assert told(page).inner_text() == "Noted: you say x 2. This browser keeps it."
    form(page, 1).locator("select").select_option("the first")
    form(page, 1).get_by_role("button", name="Note my guess").click()
    assert not page.locator("details table").is_visible()  # the outcome, before it is asked for
    page.get_by_text("Show my guess beside the outcome").click()
    assert [row[1:] for row in rows(page)] == [
        ["x 2", "x 4", "2 times too little. Rows double, and columns double too"],
        [
            "the first",
            "the second",
            "wrong. The second pass repeats all that the first has written",
        ],
    ]
    page.reload()
    assert told(page).inner_text() == "You said x 2."
    page.get_by_text("Show my guess beside the outcome").click()
    page.get_by_role("button", name="Forget my guesses").click()
    assert told(page).inner_text() == ""
    assert [row[1] for row in rows(page)] == ["no guess", "no guess"]
    page.reload()
    assert told(page).inner_text() == ""
    assert [
        url for url in page.refused if not url.startswith("https://cdnjs.")
    ] == []  # nbconvert's
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_in_lab_the_kernel_keeps_them(lab_page, lab_server):
    page = lab_page(a_notebook())
    form(page).wait_for()
    note(page, "16")
    file = lab_server.root / "my-predictions.json"
    end = time.monotonic() + 20
    while not file.exists() and time.monotonic() < end:
        page.wait_for_timeout(100)
    assert json.loads(file.read_text()) == {NAME: 16}
    told(page).get_by_text("Noted: you say x 16.").wait_for()
    page.get_by_text("Show my guess beside the outcome").click()
    assert rows(page)[0][1] == "x 16"
    assert page.evaluate("localStorage.getItem('unet_complexity.guesses')") is None
    file.unlink()


def test_an_exercise_and_the_quiz_answer_without_a_kernel(offline_page):
    source = "from unet_complexity.checks import check, quiz"
    cells = [source, 'check("macs of a rectangle", ...)', "quiz(3, 4)"]
    page = offline_page(
        execute(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]))
    )
    note(page, "2 h w c k f")
    assert told(page).inner_text().startswith("→ Not yet. Those are FLOPs.")
    note(page, "h*w*c*k*f")
    assert told(page).inner_text() == "✓ Right. c*f*h*k*w"
    result = page.locator("[data-ask=quiz] > .unetx-said")
    options = page.locator("[data-ask=quiz] summary")
    options.nth(1).click()
    options.nth(1).get_by_text("✓ your choice").wait_for()
    options.nth(0).click()
    assert "your choice" not in options.nth(0).inner_text()
    assert result.inner_text() == ""
    options.nth(3).click()
    result.get_by_text("Right at").wait_for()
    assert result.inner_text() == "Right at the first choice: 1 of 2."


IN_WIDGETS = """import ipywidgets as w
from IPython.display import display
from unet_complexity.checks import predict
from unet_complexity.explorers import RepeatExplorer

one, size = RepeatExplorer(side=2), w.IntSlider(value=2, min=1, max=4, description="size")
box = w.Output()
with box:
    display(predict("most pixels"))
tabs = w.Tab([w.VBox([one]), box], titles=["picture", "guess"])
def again(size):
    display(RepeatExplorer(side=2, row_factor=size))
w.VBox([tabs, size, w.interactive_output(again, {"size": size})])"""
TOGGLE = "window.jupyterapp.commands.execute('@jupyter-widgets/jupyterlab-manager:saveWidgetState')"
SAVE = "window.jupyterapp.commands.execute('docmanager:save')"
SAVED = "!window.jupyterapp.shell.currentWidget.context.model.dirty"
SHOWN = "[...document.querySelectorAll('.unetx-text')].map((one) => one.textContent).join()"


@pytest.fixture
def saving_widgets(lab_window):
    """JupyterLab writes the state of widgets into the notebook, as its menu offers."""
    lab_window.evaluate(TOGGLE)
    yield
    lab_window.evaluate(TOGGLE)


def test_explorers_and_forms_fit_into_ipywidgets(saving_widgets, lab_page, lab_open, lab_server):
    page = lab_page(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(IN_WIDGETS)]))
    page.locator(".unetx-text").nth(1).wait_for()
    page.locator(".unetx input[type=range]").first.press("ArrowRight")
    page.locator(".widget-slider [role=slider]").press("ArrowRight")
    page.wait_for_function(f"{SHOWN}.includes(' on a 3 x 3 x 1 map')")
    page.wait_for_function(f"{SHOWN}.includes('((3, 2)')")
    page.get_by_role("tab", name="guess").click()
    note(page, "9")
    told(page).get_by_text("Noted: you say 9.").wait_for()

    # saved with its widgets, and opened again with a kernel that knows none of them
    page.evaluate(SAVE)
    page.wait_for_function(SAVED)
    name = page.evaluate("window.jupyterapp.shell.currentWidget.context.path")
    page.evaluate(conftest.CLOSE)
    page.wait_for_function(conftest.CLOSED)
    lab_server.stop_kernels()
    page = lab_open(name)
    page.wait_for_function(f"{SHOWN}.includes('((3, 2)')")
    note(page, "4")
    told(page).get_by_text("Noted: you say 4. This browser keeps it.").wait_for()
    page.evaluate("localStorage.removeItem('unet_complexity.guesses')")
    page.get_by_role("tab", name="picture").click()
    page.wait_for_function(f"{SHOWN}.includes(' on a 3 x 3 x 1 map')")
    page.locator(".unetx input[type=range]").first.press("ArrowRight")
    page.wait_for_function(f"{SHOWN}.includes(' on a 4 x 4 x 1 map')")
