"""The fixtures do what explorers' tests rely on: a key reaches Python, a script runs without a network."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.browser import conftest

SLIDER = """
import ipywidgets
slider = ipywidgets.IntSlider(value=3, min=1, max=9, description="level")
answer = ipywidgets.Label("untouched")
slider.observe(lambda change: answer.set_trait("value", f"Python has {change.new}"), "value")
ipywidgets.VBox([slider, answer])
"""
ALIVE = """<p id="still">still</p><script>document.getElementById("still").textContent = "alive";</script>"""


def test_an_arrow_key_moves_the_slider_and_python_hears_of_it(lab_page):
    page = lab_page(new_notebook(cells=[new_code_cell(SLIDER), new_code_cell("6 * 7")]))
    page.locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_text("Python has 4").wait_for()
    assert page.locator(".jp-OutputArea-executeResult").last.inner_text().strip().endswith("42")


def test_the_next_notebook_starts_from_nothing(lab_page):
    page = lab_page(new_notebook(cells=[new_code_cell("'slider' in dir()")]))
    assert "False" in page.locator(".jp-OutputArea-executeResult").inner_text()


def test_a_cell_that_fails_fails_its_test(lab_page):
    with pytest.raises(AssertionError, match="division by zero"):
        lab_page(new_notebook(cells=[new_code_cell("1 / 0"), new_code_cell("1")]))


def test_an_exported_notebook_is_alive_without_a_network(offline_page):
    html = new_output("display_data", {"text/html": ALIVE})
    page = offline_page(new_notebook(cells=[new_code_cell("show()", outputs=[html])]))
    assert page.locator("#still").inner_text() == "alive"
    page.evaluate("fetch('http://127.0.0.1:9/').catch(() => 0)")
    assert "http://127.0.0.1:9/" in page.refused
    page.errors.clear()


@pytest.mark.parametrize(
    "script", ["console.error('seen')", "setTimeout(() => { throw Error('seen') })"]
)
def test_errors_in_a_page_are_collected(page, script):
    page.set_content(f"<script>{script}</script>")
    page.wait_for_timeout(100)
    assert len(page.errors) == 1
    assert "seen" in page.errors[0]
    page.errors.clear()


@pytest.mark.parametrize(
    ("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)]
)
def test_a_missing_browser_is_said_loudly(monkeypatch, ci, outcome):
    monkeypatch.setattr(conftest, "find_browser", lambda: None)
    monkeypatch.setattr(conftest, "install_browser", lambda: None)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="NO BROWSER: the explorers were not moved"):
        conftest.browser_or_skip()


def test_a_missing_browser_is_installed_where_that_is_possible(monkeypatch):
    found = iter([None, "/usr/bin/chromium"])
    monkeypatch.setattr(conftest, "find_browser", lambda: next(found))
    monkeypatch.setattr(conftest, "install_browser", lambda: None)
    assert conftest.browser_or_skip() == "/usr/bin/chromium"
