"""Pages of networks with hostile names in a real browser: no script of theirs runs, no element of theirs is made."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.attacks.names import ALL, MACHINE, counted, network
from tools import web
from tools.notebooks import export
from unet_complexity import plot_blocks, plot_memory
from unet_complexity.engineering.roofline import roofline
from unet_complexity.escaping import LONGEST_CELL, plain, shortened
from unet_complexity.explorers import NetworkExplorer

# What tables, explorers, their pictures and the pages around them are made of.
ELEMENTS = """main div p span pre table caption thead tbody tr th td img script style svg defs pattern rect circle path
    g text label input fieldset legend details summary dl dt dd button
    math mrow mi mo mn mtext mtable mtr mtd mspace mstyle""".split()
HEAD = "<!doctype html><meta charset=utf-8><title>clean</title>"
FOUND = """(allowed) => {
    const all = [...document.body.querySelectorAll('*')];  // also those that broke out of their place
    return {
        title: document.title,
        pwned: String(window.pwned),
        others: all.map((one) => one.localName).filter((name) => !allowed.includes(name)),
        handlers: all.flatMap((one) => [...one.attributes]).filter(({ name }) => name.startsWith('on')).length,
        scripts: document.scripts.length,
        links: document.querySelectorAll('a[href^=javascript]').length,
        text: document.body.textContent.replaceAll('\\u00a0', ' '),
    };
}"""


def looked_at(page, scripts):
    """The page, once whatever could happen has happened; its text."""
    page.wait_for_timeout(300)
    for element in page.locator(".mark").all()[:5]:  # what waits for a pointer
        element.dispatch_event("pointermove")
    found = page.evaluate(FOUND, ELEMENTS)
    text, title = found.pop("text"), found.pop("title")
    assert found == {
        "pwned": "undefined",
        "others": [],
        "handlers": 0,
        "scripts": scripts,
        "links": 0,
    }
    assert page.dialogs == []
    assert "pwned" not in title
    return text


@pytest.fixture
def watched(page):
    page.dialogs = []
    page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.accept()))
    return page


def test_the_test_sees_a_script_that_runs(watched):
    watched.set_content(f"<title>clean</title><div>{ALL['an element']}</div>")
    watched.wait_for_timeout(300)
    found = watched.evaluate(FOUND, ELEMENTS)
    assert (found["title"], found["pwned"], found["handlers"]) == ("pwned", "1", 1)
    assert watched.dialogs == ["1"]
    watched.errors.clear()


def test_tables_show_hostile_names_as_text(watched, offline_page, tmp_path):
    net = network(side=64)
    parts = [net._repr_html_(), *(net.table(by)._repr_html_() for by in ("layer", "level", "part"))]
    parts += [roofline(net, MACHINE)._repr_html_(), network()._repr_html_()]
    html = tmp_path / "tables.html"
    html.write_text(f"{HEAD}<div>{''.join(parts)}</div>", encoding="utf-8")
    text = looked_at(offline_page(html), scripts=0)
    assert watched.title() == "clean"
    assert watched.refused == []
    shown = [plain(shortened(name, LONGEST_CELL)).strip() for name in ALL.values()]
    assert [name for name in shown if name not in text] == []


def test_explorers_show_hostile_names_as_text(watched, offline_page, tmp_path):
    for name in ALL.values():
        explorer = NetworkExplorer(network((name, ALL["an element"], ALL["the end of a script"])))
        html = tmp_path / "explorer.html"
        body = explorer._repr_mimebundle_()[0]["text/html"]
        html.write_text(f"{HEAD}<div>{body}</div>", encoding="utf-8")
        page = offline_page(html)
        page.locator(".unetx[data-alive] svg[role=group]").wait_for()
        assert looked_at(page, scripts=1).count("Largest shares") >= 1
        assert page.title() == "clean"
        assert page.locator(".unetx-text").text_content() == explorer.text
        assert explorer.text.startswith(plain(name))
        page.context.unroute_all()


def outputs():
    """Everything that a notebook may show of such a network."""
    net, drawable = (
        network(side=64),
        network(tuple(name for name in ALL.values() if name != ALL["a wide sign"]), 64),
    )
    bundles = [NetworkExplorer(network())._repr_mimebundle_()]
    bundles += [draw(counted(drawable))._repr_mimebundle_() for draw in (plot_blocks, plot_memory)]
    bundles += [({"text/html": net._repr_html_(), "text/plain": str(net)}, {})]
    bundles += [({"text/latex": net.total()._repr_latex_(), "text/plain": str(net.total())}, {})]
    bundles += [({"text/plain": str(net)}, {})]
    return [new_output("display_data", data, metadata=metadata) for data, metadata in bundles]


def test_an_exported_notebook_shows_hostile_names_as_text(watched, offline_page, tmp_path):
    of_its_own = export(new_notebook(), tmp_path).read_text("utf-8").count("<script")
    page = offline_page(new_notebook(cells=[new_code_cell("show()", outputs=outputs())]))
    page.locator(".unetx[data-alive] svg[role=group]").wait_for()
    text = looked_at(page, scripts=of_its_own + 1)
    assert [name for name in ALL.values() if plain(name)[:60].strip() not in text] == []


def test_the_sites_own_pages_show_hostile_names_as_text(watched, offline_page, tmp_path):
    html = tmp_path / "site.html"
    body = web.from_cell(new_code_cell("show()", outputs=outputs()))
    html.write_text(f"{HEAD}<div>{body}</div>", encoding="utf-8")
    page = offline_page(html)
    page.locator(".unetx[data-alive] svg[role=group]").wait_for()
    text = looked_at(page, scripts=1)
    assert [name for name in ALL.values() if plain(name)[:60].strip() not in text] == []
    alts = page.locator("img").evaluate_all("(all) => all.map((one) => one.alt)")
    assert len(alts) == 2
    beginning = ALL["an element"][:18]  # the network's name is cut in a heading
    assert all(alt.startswith(beginning) for alt in alts)


FORMULAS = (
    r"$x_1$ \(y\) \[z\] $$w$$ \begin{equation}v\end{equation} <img src=x onerror=window.pwned=1>"
)
CELL = f"""
from unet_complexity import Conv2D, Network, Tensor, theta
from unet_complexity.explorers import NetworkExplorer
from unet_complexity.networks import Step
from unet_complexity.symbols import C_in, N
x, name = Tensor(N, N, 3), {FORMULAS!r}
net = Network(name, x, (Step(name, Conv2D(3, 1), (x,), ("input",), 0, name, "encoder"),))
display(net, NetworkExplorer(net), theta(N * C_in))
"""


def test_in_jupyterlab_a_name_is_no_formula_and_a_letter_with_an_index_no_error(lab_page):
    page = lab_page(new_notebook(cells=[new_code_cell(CELL)]))
    page.locator(
        "[data-mime-type='text/latex'] mjx-container, .jp-RenderedLatex mjx-container"
    ).first.wait_for()
    page.locator(".unetx[data-alive] svg[role=group]").wait_for()
    page.wait_for_timeout(500)
    assert page.locator("tbody mjx-container").count() > 2  # formulas of the counts
    for place in ("caption", "tbody td:first-child", ".unetx"):
        assert page.locator(f"{place} :is(mjx-container, img, merror, mjx-merror)").count() == 0
    assert page.locator("mjx-merror, merror, [data-mjx-error]").count() == 0
    assert page.locator("tbody td").first.text_content() == FORMULAS
    assert page.locator(".unetx-text").text_content().startswith(FORMULAS)
    assert page.evaluate("String(window.pwned)") == "undefined"
