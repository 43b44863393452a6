"""Every explorer moved in a real browser: beside a live kernel, after its end, and on a page without a network."""

import ast
import json
import re
import time
import uuid
from functools import cache
from importlib.resources import files
from itertools import chain

import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.browser import conftest
from tools import notebooks
from tools.stills import add_still
from unet_complexity import classic_unet
from unet_complexity.explorers import (
    BlockExplorer,
    GrowthExplorer,
    LevelsExplorer,
    NetworkExplorer,
    RepeatExplorer,
    RooflineExplorer,
    WindowExplorer,
)

CLASSES = (
    WindowExplorer,
    RepeatExplorer,
    BlockExplorer,
    GrowthExplorer,
    NetworkExplorer,
    RooflineExplorer,
    LevelsExplorer,
)
EXPLORERS = {one.kind: one for one in CLASSES}
PIX2PIX = LevelsExplorer.presets["the question's generator (pix2pix), 256²"]
IN_THE_PICTURE = {  # numbers that the picture must tell where it is pointed at
    "window": ("macs", "in_bounds", "so_far", "in_bounds_so_far"),
    "repeat": ("writes", "next", "answer"),
    "block": ("written", "phased", "transposed", "shuffled"),
    "growth": ("macs", "params", "memory", "macs_after", "params_after", "memory_after"),
    "network": ("macs", "params", "memory"),
    "roofline": ("flops", "bytes"),
    "levels": ("macs", "params", "memory"),
}

STATE = """(root) => {
    const state = {};
    for (const input of root.querySelectorAll('[data-control]')) {
        const name = input.dataset.control, typed = input.parentNode.querySelector('.unetx-value');
        if (typed) state[name] = Number(typed.value);
        else if (input.checked) state[name] = input.value;
    }
    const marks = [...root.querySelectorAll('.mark')].map((mark) => mark.getAttribute('aria-label'));
    const text = root.querySelector('.unetx-text').textContent;
    return [state, text, marks.join('; '), root.querySelector('svg').outerHTML];
}"""
AT_ONCE = f"""(slider) => {{
    // As fast as a hand can: what is told must be there before the next change, with no word from anywhere.
    const root = slider.closest('.unetx'), seen = [];
    for (let i = 0; i <= Number(slider.max); i++) {{
        slider.value = i;
        slider.dispatchEvent(new Event('input', {{ bubbles: true }}));
        seen.push(({STATE})(root));
    }}
    return seen;
}}"""
USABLE = """(root) => {
    const inputs = [...root.querySelectorAll('[data-control]')];
    return inputs.filter((input) => input.checkVisibility()).map((input) => input.dataset.control);
}"""


@cache
def in_python(kind):
    """One explorer of each kind, moved from state to state: a new one puts its script together each time."""
    return EXPLORERS[kind]()


@cache
def told(kind, state):
    """What Python says of a state: the numbers that the picture must tell, and the sentence."""
    python = in_python(kind)
    python.set(**dict(state))
    numbers = python.numbers
    return [f"{numbers[name]:,}" for name in IN_THE_PICTURE[kind]], python.text


class Shown:
    """An explorer on a page, and its like in Python, which says what the page must show."""

    def __init__(self, page, kind, nth=0):
        self.page, self.kind = page, kind
        self.root = page.locator(f'.unetx[data-explorer="{kind}"][data-alive]').nth(nth)
        self.root.wait_for()
        self.element = (
            self.root.element_handle()
        )  # found once: looking for it takes longer than all it is asked
        if self.root.locator("details[open]").count() == 0:
            self.root.locator("summary", has_text="More settings").click()

    def state(self):
        """What the controls say; the sentence and the picture's numbers are checked to go with it."""
        return self.checked(*self.element.evaluate(STATE))

    def checked(self, state, text, marks, picture):
        numbers, sentence = told(self.kind, tuple(state.items()))
        assert text == sentence
        assert [number for number in numbers if number not in marks] == []
        return state, text, picture

    def input(self, name):
        return self.root.locator(f'[data-control="{name}"]')

    def names(self):
        """Controls that are there to be used."""
        return list(dict.fromkeys(self.element.evaluate(USABLE)))

    def sweep(self, name, at_once=False):
        """Walks a control from its first to its last value by the keyboard, or a slider at once, without waiting for
        frames; returns what was shown at each."""
        control, press = self.input(name), self.page.keyboard.press
        if control.count() > 1:  # radio buttons: arrows go round
            self.root.locator(f'[data-control="{name}"]:checked').focus()
            seen = [self.state()]
            for _ in range(control.count() - 1):
                press("ArrowRight")
                seen.append(self.state())
            press("ArrowRight")
            assert self.state()[0] == seen[0][0]
            return seen
        if at_once:
            seen = [self.checked(*one) for one in control.evaluate(AT_ONCE)]
        else:
            control.focus()
            press("Home")
            seen = [self.state()]
            for _ in range(int(control.get_attribute("max"))):
                press("ArrowRight")
                seen.append(self.state())
        assert len({state[name] for state, _, _ in seen}) == len(seen)
        return seen

    def sweep_all(self, names, at_once=False):
        for name in names:
            seen = self.sweep(name, at_once)
            pictures = {picture for _, _, picture in seen}
            # more doublings than levels change nothing
            assert len(pictures) == len(seen) or (name == "doublings" and len(pictures) > 4), name
            yield name, seen

    def type(self, name, value):
        box = self.input(name).locator("xpath=..").locator(".unetx-value")
        box.fill(str(value))
        box.press("Enter")
        return self.state()[0][name]


def wait_until(condition, seconds=10):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


# Beside a kernel


LIVE = """
from unet_complexity import explorers as all_explorers
explorers = {one.kind: one() for one in (getattr(all_explorers, name) for name in all_explorers.__all__)}
for one in explorers.values():
    display(one)
"""
ACTIVE_CELL = "window.jupyterapp.shell.currentWidget.content.activeCellIndex"
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"


def ask(page, expression, code="pass"):
    """Runs code in the page's kernel; the value of an expression afterwards, or the error's words."""
    request = {"code": code, "store_history": False, "stop_on_error": False}
    request["user_expressions"] = {"answer": f"__import__('json').dumps({expression})"}
    reply = page.evaluate(
        f"(request) => {KERNEL}.requestExecute(request).done.then((reply) => reply.content)",
        request,
    )
    if reply["status"] != "ok":
        return reply["evalue"]
    return json.loads(ast.literal_eval(reply["user_expressions"]["answer"]["data"]["text/plain"]))


def test_beside_a_kernel_and_after_its_end(lab_page):
    page = lab_page(new_notebook(cells=[new_code_cell(LIVE), new_code_cell("explorers['levels']")]))
    shown = [Shown(page, kind) for kind in EXPLORERS]
    active = page.evaluate(ACTIVE_CELL)
    for one in shown:
        mine = f"explorers[{one.kind!r}]"
        names, kind = one.names(), EXPLORERS[one.kind]
        folded = kind.controls[kind.open_controls :]
        by_key, rest = (
            [name for name in names if (name in folded) == aside] for aside in (False, True)
        )
        for name, _ in chain(one.sweep_all(by_key), one.sweep_all(rest, at_once=True)):
            state = one.state()[0]
            wait_until(lambda m=mine, s=state: ask(page, f"{m}.state") == s)  # Python follows
            assert ask(page, f"{mine}.{name}") == state[name]
    assert page.evaluate(ACTIVE_CELL) == active  # arrows moved nothing else

    levels, again = shown[-1], Shown(page, "levels", nth=1)
    assert again.state()[:2] == levels.state()[:2]  # two views, one state
    change = f"explorers['levels'].set(**{PIX2PIX!r}, axis='share')"
    assert ask(page, "'done'", change) == "done"  # a change in Python moves the picture
    wait_until(lambda: levels.state()[0].items() >= PIX2PIX.items())
    assert "18,052,284,416 MACs, 41,843,331 parameters" in levels.state()[1]
    wait_until(lambda: again.state()[:2] == levels.state()[:2])
    before = levels.state()
    said = ask(
        page, "0", "explorers['levels'].side = 200"
    )  # what cannot be is refused, and nothing moves
    assert (
        said
        == "side must be a multiple of 2**depth = 128, got 200; sides near it that work: 128 and 256"
    )
    assert ask(page, "explorers['levels'].side") == 256
    assert levels.state() == before
    list(levels.sweep_all(["depth", "doublings"]))

    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.wait_for_function("!window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel")
    for one in shown:
        one.sweep(one.names()[0])
        list(one.sweep_all(one.names(), at_once=True))


def reopened(page, end_kernel):
    """The notebook saved, and opened again as it was left; with the same kernel, or without one."""
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")
    if end_kernel:
        page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    name = page.evaluate("window.jupyterapp.shell.currentWidget.context.path")
    lab = page.url.partition("/lab")[0]
    # in a workspace of its own, which does not restore notebooks of the tests before
    page.goto(f"{lab}/lab/workspaces/{uuid.uuid4().hex}/tree/{name}")
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.content?.model")


def test_a_notebook_opened_again_finds_its_explorers_in_the_kernel(lab_page):
    page = lab_page(
        new_notebook(
            cells=[new_code_cell("import unet_complexity.explorers as e\ne.RepeatExplorer()")]
        )
    )
    Shown(page, "repeat").type("side", 5)
    reopened(page, end_kernel=False)
    page.wait_for_function(conftest.OPENED)
    one = Shown(page, "repeat")
    wait_until(lambda: one.state()[0]["side"] == 5)  # what the kernel has, not what was saved
    assert ask(page, "_.side") == 5
    assert one.type("side", 2) == 2
    wait_until(lambda: ask(page, "_.side") == 2)


def test_a_notebook_opened_again_on_the_page_moves_its_kernels_explorers(lab_page):
    code = "import unet_complexity.explorers as e\ne.RepeatExplorer()"
    page = lab_page(new_notebook(cells=[new_code_cell(code)]))
    Shown(page, "repeat").type("side", 5)
    conftest.close_and_open(page, "unetxMeeting.models")
    one = Shown(page, "repeat")
    wait_until(lambda: one.state()[0]["side"] == 5)
    assert one.type("side", 2) == 2
    wait_until(lambda: ask(page, "_.side") == 2)


def test_a_saved_notebook_is_alive_without_a_kernel(lab_page):
    page = lab_page(
        new_notebook(
            cells=[new_code_cell("import unet_complexity.explorers as e\ne.RepeatExplorer()")]
        )
    )
    reopened(page, end_kernel=True)
    list(Shown(page, "repeat").sweep_all(["side"]))
    assert "model not found" not in page.locator(".jp-Notebook").inner_text()


def test_inside_a_container_it_is_a_widget_like_any_other(lab_page):
    code = "import ipywidgets, unet_complexity.explorers as e\none = e.RepeatExplorer()\nipywidgets.VBox([one])"
    page = lab_page(new_notebook(cells=[new_code_cell(code), new_code_cell("one")]))
    inside, alone = (Shown(page, "repeat", nth) for nth in (0, 1))
    assert inside.type("side", 6) == 6
    wait_until(lambda: alone.state()[0]["side"] == 6 == ask(page, "one.side"))
    assert ask(page, "'done'", "one.side = 1") == "done"
    wait_until(lambda: inside.state()[0]["side"] == alone.state()[0]["side"] == 1)


def test_on_a_slow_line_sliders_follow_the_hand_and_python_follows_later(far_page):
    page = far_page(new_notebook(cells=[new_code_cell(LIVE)]))
    for kind in EXPLORERS:
        one = Shown(page, kind)
        slider = next(
            name for name in one.names() if one.input(name).count() == 1 and name != "times"
        )
        list(one.sweep_all([slider], at_once=True))
        state = one.state()[0]
        wait_until(lambda k=kind, s=state: ask(page, f"explorers[{k!r}].state") == s)
    start = time.monotonic()
    ask(page, "0")
    assert time.monotonic() - start > 0.15  # the line was slow


def test_in_notebook_7_it_is_the_same(notebook_page):
    page = notebook_page(new_notebook(cells=[new_code_cell(LIVE)]))
    for kind in EXPLORERS:
        one = Shown(page, kind)
        name = one.names()[0]
        one.sweep(name)
        one.input(name).last.press("End")
        wait_until(lambda o=one: ask(page, f"explorers[{o.kind!r}].state") == o.state()[0])
    assert ask(page, "'done'", "explorers['window'].side = 9") == "done"
    wait_until(lambda: Shown(page, "window").state()[0]["side"] == 9)


ECHO = """
import ipywidgets, unet_complexity.explorers as e
one = e.WindowExplorer()
heard, move = ipywidgets.Label("nothing"), ipywidgets.Button(description="move")
one.observe(lambda change: heard.set_trait("value", f"Python has {change.new}"), "side")
move.on_click(lambda button: one.set(side=11))
display(one, heard, move)
"""


def test_in_voila_it_is_the_same(voila_page):
    page = voila_page(new_notebook(cells=[new_code_cell(ECHO)]))
    one = Shown(page, "window")
    page.get_by_role("button", name="move").wait_for()  # the kernel's widgets are there
    assert one.type("side", 7) == 7
    page.get_by_text("Python has 7").wait_for()
    page.get_by_role("button", name="move").click()
    page.get_by_text("Python has 11").wait_for()
    wait_until(lambda: one.state()[0]["side"] == 11)


@pytest.fixture
def stored(lab_open, lab_server):
    """``stored(trusted)``: the page with a notebook that holds stills and scripts, opened and not run."""

    def open_notebook(trusted):
        name = f"stored-{trusted}.ipynb"
        path = lab_server.root / name
        notebooks.write(notebooks.normalise(exported()), path)
        if trusted:
            lab_server.put(name)
        return lab_open(name)

    return open_notebook


def test_before_it_is_trusted_a_notebook_shows_the_still_and_the_sentence(stored):
    page = stored(False)
    for i, one in enumerate(STORED):
        place = page.locator(".jp-OutputArea-output").nth(i)
        assert (
            place.locator("p").inner_text() == one.text == place.locator("img").get_attribute("alt")
        )
        assert (
            place.locator("img").evaluate("(img) => img.decode().then(() => img.naturalWidth)")
            == 1440
        )
    assert page.locator("[data-alive]").count() == 0


def test_once_trusted_it_is_alive_though_no_cell_has_run(stored):
    page = stored(True)
    for i, kind in enumerate(EXPLORERS):
        one = Shown(page, kind)
        assert one.state()[0] == STORED[i].state
        list(one.sweep_all(one.names()[:1]))
    assert page.locator(".unetx img").count() == 0


# Without a kernel, without a network


STORED = [
    WindowExplorer(),
    RepeatExplorer(),
    BlockExplorer(),
    GrowthExplorer(),
    NetworkExplorer(),
    RooflineExplorer(),
    LevelsExplorer(**PIX2PIX),
    WindowExplorer(side=8, kernel_size=4, strides=2, channels=3, filters=64),
    RepeatExplorer(side=2),
    NetworkExplorer(classic_unet(base_filters=16), side=512),
]


@cache
def exported():
    cells = []
    for one in STORED:
        data, _ = one._repr_mimebundle_()
        data["text/html"] = add_still(data["text/html"])
        cells.append(new_code_cell("explorer", outputs=[new_output("display_data", data)]))
    return new_notebook(cells=cells)


@pytest.fixture(scope="module")
def exported_pages(tmp_path_factory):
    folder, pages = tmp_path_factory.mktemp("exported"), {}
    for theme in ("light", "dark"):
        pages[theme] = folder / f"{theme}.html"
        pages[theme].write_text(
            HTMLExporter(theme=theme).from_notebook_node(exported())[0], encoding="utf-8"
        )
    plain = "".join(cell.outputs[0].data["text/html"] for cell in exported().cells)
    pages["plain"] = folder / "plain.html"
    pages["plain"].write_text(
        f"<!doctype html><html lang=en><title>plain</title>{plain}", encoding="utf-8"
    )
    return pages


def test_a_page_that_was_saved_with_its_explorers_is_alive(offline_page, exported_pages, tmp_path):
    page = offline_page(exported_pages["plain"])
    Shown(page, "repeat").type("side", 5)
    saved = tmp_path / "saved.html"
    saved.write_text(page.content(), "utf-8")
    page = offline_page(saved)
    assert page.locator(".unetx[data-explorer]").count() == len(STORED)
    one = Shown(page, "repeat")
    one.sweep("side")
    assert one.root.locator("svg[role=group]").count() == 1


def test_an_exported_page_is_alive_without_a_network(offline_page, exported_pages):
    page = offline_page(exported_pages["light"])
    assert page.locator(".unetx img").count() == 0
    for kind in EXPLORERS:
        one = Shown(page, kind)
        one.sweep(one.names()[0])
        list(one.sweep_all(one.names(), at_once=True))
    assert [
        url for url in page.refused if not url.startswith("https://cdnjs.cloudflare.com/")
    ] == []  # the template's


def test_typed_values_are_taken_and_brought_within_bounds(offline_page, exported_pages):
    page = offline_page(exported_pages["plain"])
    for kind in EXPLORERS:
        one = Shown(page, kind)
        for control in EXPLORERS[kind]()._spec()["controls"]:
            name = control["name"]
            if "options" in control or name not in one.names():
                continue
            low, high = (
                int(one.input(name).locator("xpath=..").locator(".unetx-value").get_attribute(end))
                for end in ("min", "max")
            )
            assert (one.type(name, low), one.type(name, high)) == (low, high)
            assert (one.type(name, low - 99), one.type(name, high + 99), one.type(name, "")) == (
                low,
                high,
                high,
            )
    assert page.refused == []


@pytest.mark.parametrize("stored", ["&quot;abc&quot;", "null", "{}", "1e999"])
def test_a_stored_state_that_cannot_be_shown_gives_way(
    offline_page, exported_pages, tmp_path, stored
):
    def spoiled(state):
        return re.sub(r"(&quot;:)[\d.]+", rf"\g<1>{stored}", state[0])

    text = exported_pages["plain"].read_text("utf-8")
    file = tmp_path / "spoiled.html"
    file.write_text(re.sub('data-state="[^"]*"', spoiled, text), encoding="utf-8")
    page = offline_page(file)
    for kind in EXPLORERS:
        one = Shown(page, kind)
        drawn = one.root.locator("svg[role=group]").first.evaluate("(svg) => svg.outerHTML")
        assert not re.search("NaN|undefined|Infinity", drawn + one.root.inner_text()), kind


def test_a_stored_name_that_is_no_control_is_in_no_copied_line(
    offline_page, exported_pages, tmp_path
):
    text = exported_pages["plain"].read_text("utf-8")
    file = tmp_path / "foreign.html"
    foreign = 'data-state="{&quot;x=print(1),y&quot;:3,'
    file.write_text(text.replace('data-state="{', foreign), encoding="utf-8")
    page = offline_page(file)
    page.evaluate("document.body.dataset.jpThemeLight = true")
    page.evaluate(CATCH)
    for kind in EXPLORERS:
        Shown(page, kind).root.get_by_role("button", name="Copy link").click()
        assert "print" not in page.evaluate("window.copied")


def test_each_of_several_explorers_on_a_page_moves_alone(offline_page, exported_pages):
    page = offline_page(exported_pages["plain"])
    first, second = (Shown(page, "window", nth) for nth in (0, 1))
    start = first.state()
    assert [first.state()[0], second.state()[0]] == [STORED[0].state, STORED[7].state]
    second.sweep("side")
    assert first.state() == start
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


def test_two_networks_on_a_page_are_drawn_by_their_own_scripts(offline_page, exported_pages):
    page = offline_page(exported_pages["light"])
    other = page.locator('.unetx[data-explorer="network"][data-alive]').nth(1)
    assert other.locator(".unetx-text").text_content() == STORED[-1].text
    assert other.locator("[data-control]").count() == 3  # side, and the two words of the axis
    other.locator('[data-control="side"]').press("End")
    STORED[-1].side = 1024
    assert other.locator(".unetx-text").text_content() == STORED[-1].text
    STORED[-1].side = 512


def test_presets_reset_and_copy(offline_page, exported_pages):
    page = offline_page(exported_pages["plain"])
    for kind, cls in EXPLORERS.items():
        one = Shown(page, kind)
        start = one.state()[0]
        for name, preset in cls.presets.items():
            one.root.get_by_role("button", name=name, exact=True).click()
            assert one.state()[0].items() >= preset.items()
        one.root.get_by_role("button", name="Reset").click()
        assert one.state()[0] == start
        page.evaluate(
            "window.copied = null; navigator.clipboard.writeText = async (text) => { window.copied = text; }"
        )
        one.root.get_by_role("button", name="Copy as CSV").click()
        numbers = [
            cell for row in page.evaluate("window.copied").splitlines() for cell in row.split(",")
        ]
        python = EXPLORERS[kind](**start)
        assert {str(python.numbers[name]) for name in IN_THE_PICTURE[kind]} <= set(numbers)


CATCH = "window.copied = null; navigator.clipboard.writeText = async (text) => { window.copied = text; }"


@pytest.mark.parametrize("kind", EXPLORERS)
def test_a_link_opens_the_state_that_was_copied(offline_page, exported_pages, kind):
    page = offline_page(exported_pages["plain"])
    one = Shown(page, kind)
    start = one.state()[0]
    for name in one.names():  # walking round a choice ends where it began
        one.sweep(name, at_once=True)
    moved = one.state()[0]
    assert moved != start
    page.evaluate(CATCH)
    one.root.get_by_role("button", name="Copy link").click()
    link = page.evaluate("window.copied")
    page.goto("about:blank")
    page.goto(link)
    opened = Shown(page, kind)
    assert opened.state()[0] == moved
    assert (
        opened.root.locator(".unetx-followed")
        .inner_text()
        .startswith("This is the state of the link")
    )
    assert opened.root.evaluate(
        "(root) => Math.abs(root.getBoundingClientRect().top) < innerHeight"
    )
    assert page.locator(".unetx-followed").count() == 1


@pytest.mark.parametrize(
    "query", ["side=1e9", "side=x", "side=", "nothing=1", "padding=<b>", "side=7.5", "__proto__=1"]
)
def test_a_bad_link_opens_the_start_and_says_so(offline_page, exported_pages, query):
    page = offline_page(exported_pages["plain"])
    start = Shown(page, "window").state()[0]
    address = f"{page.url.partition('#')[0]}#window-1?{query}"
    page.goto("about:blank")
    page.goto(address)
    one = Shown(page, "window")
    assert one.state()[0] == start
    assert (
        one.root.locator(".unetx-followed")
        .inner_text()
        .startswith("The link asks for what this picture cannot show")
    )


def test_in_a_notebook_a_link_is_a_line_of_python(offline_page, exported_pages):
    page = offline_page(exported_pages["plain"])
    page.evaluate("document.body.dataset.jpThemeLight = true")
    page.evaluate(CATCH)
    for kind, cls in EXPLORERS.items():
        one = Shown(page, kind)
        one.root.get_by_role("button", name="Copy link").click()
        line = page.evaluate("window.copied")
        names = {cls.__name__: cls, "network": None}
        if kind == "network":
            assert line.startswith("NetworkExplorer(network, ")
        else:
            assert eval(line, names).state == one.state()[0]


def test_the_window_plays_steps_and_follows_the_pointer(offline_page, exported_pages):
    page = offline_page(exported_pages["plain"])
    one = Shown(page, "window")

    def press(name):
        one.root.get_by_role("button", name=name, exact=True).click()

    for name, step in (
        ("one step on", 1),
        ("one step on", 2),
        ("one step back", 1),
        ("to the end", 35),
        ("to the start", 0),
    ):
        press(name)
        assert one.state()[0]["step"] == step
    press("▶ Play")
    page.wait_for_timeout(700)
    press("❚❚ Pause")
    step = one.state()[0]["step"]
    assert step > 1
    page.wait_for_timeout(400)
    assert one.state()[0]["step"] == step
    box = one.root.locator("svg[role=group]").bounding_box()
    scale = box["width"] / 720  # the output of the 6 x 6 map starts at (420, 52), cells of 34
    page.mouse.move(box["x"] + (420 + 34 * 2.5) * scale, box["y"] + (52 + 34 * 1.5) * scale)
    page.mouse.down()
    assert one.state()[0]["step"] == 8
    page.mouse.move(box["x"] + (420 + 34 * 5.5) * scale, box["y"] + (52 + 34 * 4.5) * scale)
    page.mouse.up()
    assert one.state()[0]["step"] == 29
    cell = 270 / 8  # the padded input starts at (40, 52); the window is the nearest to the pointer
    for row, column, step in ((1.5, 1.5, 0), (2.5, 3.5, 8), (7.9, 7.9, 35), (0.1, 7.9, 5)):
        page.mouse.click(
            box["x"] + (40 + cell * column) * scale, box["y"] + (52 + cell * row) * scale
        )
        assert one.state()[0]["step"] == step


def test_play_jumps_to_the_end_where_motion_is_not_wanted(page, offline_page, exported_pages):
    page.emulate_media(reduced_motion="reduce")
    one = Shown(offline_page(exported_pages["plain"]), "window")
    one.root.get_by_role("button", name="Play").click()
    assert one.state()[0]["step"] == 35


def test_bars_tell_their_numbers_by_pointer_and_by_keyboard(offline_page, exported_pages):
    page = offline_page(exported_pages["plain"])
    one = Shown(page, "levels")
    tip, marks = one.root.locator(".unetx-tip"), one.root.locator(".mark")
    marks.nth(3).hover()
    assert tip.inner_text() == marks.nth(3).get_attribute("aria-label")
    one.root.locator('.mark[tabindex="0"]').focus()
    told = set()
    for _ in range(marks.count()):
        page.keyboard.press("ArrowDown")
        told.add(tip.inner_text())
    assert told == set(
        marks.evaluate_all("(all) => all.map((mark) => mark.getAttribute('aria-label'))")
    )
    page.keyboard.press("Escape")
    assert tip.is_hidden()


def test_the_keyboard_reaches_everything_and_shows_where_it_is(offline_page, exported_pages):
    page = offline_page(exported_pages["plain"])
    one = Shown(page, "window")
    one.root.evaluate("(root) => { root.dataset.first = 'yes'; }")
    wanted = one.root.locator("button, summary, input:visible").count()
    reached, unmarked = set(), []
    one.root.locator("input").first.focus()
    for _ in range(60):
        where = page.evaluate(
            """() => {
                const e = document.activeElement, root = e.closest('.unetx');
                const style = getComputedStyle(e.type === 'radio' ? e.nextSibling : e);
                const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
                return root && [root.dataset.first, [...root.querySelectorAll('*')].indexOf(e), ring, e.outerHTML];
            }"""
        )
        if where and where[0]:
            reached.add(where[1])
            unmarked += [] if where[2] else [where[3]]
        page.keyboard.press("Tab")
    assert unmarked == []
    assert len(reached) == wanted - 1 + 1  # of two radio buttons one; and one mark of the picture


# Themes and small screens


CONTRAST = """() => {
    const numbers = (colour) => (colour.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
    const ground = (e) => {
        const colour = numbers(getComputedStyle(e).backgroundColor);
        return colour.length === 3 ? colour : ground(e.parentElement);
    };
    const texts = 'svg text:not(.cell):not(.on), p, label, legend, button, span, summary, .unetx-value';
    const poor = [];
    for (const e of document.querySelectorAll(`.unetx :is(${texts})`)) {
        const style = getComputedStyle(e), drawn = e.ownerSVGElement;
        const pair = [light(numbers(drawn ? style.fill : style.color)), light(ground(drawn || e))];
        const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
        if (ratio < 4.5) poor.push(`${e.tagName} ${e.textContent}: ${ratio}`);
    }
    return poor;
}"""
PAPER = "(root) => getComputedStyle(root.querySelector('.unetx-card')).backgroundColor"


WHITE, BLACK = "rgb(255, 255, 255)", "rgb(20, 20, 20)"


@pytest.mark.parametrize(
    ("name", "system", "paper"),
    [
        ("light", "light", WHITE),
        ("light", "dark", WHITE),
        ("dark", "light", BLACK),
        ("plain", "light", WHITE),
        ("plain", "dark", BLACK),
    ],
)
def test_the_pages_theme_is_followed_and_every_text_can_be_read(
    page, offline_page, exported_pages, name, system, paper
):
    page.emulate_media(color_scheme=system)
    page = offline_page(exported_pages[name])
    assert page.locator(".unetx").first.evaluate(PAPER) == paper
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("name", ["light", "plain"])
def test_a_telephone_needs_no_sideways_scrolling(page, offline_page, exported_pages, name):
    page.set_viewport_size({"width": 380, "height": 800})
    page = offline_page(exported_pages[name])
    narrow = """document.documentElement.scrollWidth <= 380
        && [...document.querySelectorAll('.unetx-card')].every((card) => card.scrollWidth <= card.clientWidth)"""
    largest = {
        "window": {"side": 12, "kernel_size": 5},
        "repeat": {"side": 6, "row_factor": 4},
        "block": {"side": 6, "factor": 4},
        "network": {},
        "levels": {"depth": 8},
        "roofline": {"bandwidth": 10000},
    }
    for kind, state in largest.items():
        one = Shown(page, kind)
        assert page.evaluate(narrow)
        for control, value in state.items():
            assert one.type(control, value) == value
        for control in one.names():
            if one.input(control).count() == 1:
                one.input(control).press("End")
        one.state()
        assert page.evaluate(narrow)
        sticking_out = """(svg) => [...svg.querySelectorAll('text')].map((text) => [text.getBBox(), text.textContent])
            .filter(([box]) => box.x < 0 || box.x + box.width > svg.viewBox.baseVal.width).map(([, text]) => text)"""
        assert one.root.locator("svg[role=group]").evaluate(sticking_out) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_of(offline_page, exported_pages, theme):
    page = offline_page(exported_pages[theme])
    for kind in EXPLORERS:
        last = EXPLORERS[kind].open_controls - 1
        # opened, and with the note of a value out of range
        Shown(page, kind).type(EXPLORERS[kind].controls[last], 10**6)
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    found = page.evaluate(
        "axe.run(document.querySelectorAll('.unetx'), {resultTypes: ['violations', 'passes']})"
    )
    told = [
        (one["id"], node["html"][:200], node["failureSummary"])
        for one in found["violations"]
        for node in one["nodes"]
    ]
    assert told == []
    assert (
        len({one["id"] for one in found["passes"]} & {"color-contrast", "label", "aria-valid-attr"})
        == 3
    )  # it looked


def test_at_twice_the_size_nothing_needs_sideways_scrolling(
    chromium, offline_page, exported_pages, page
):
    """200 % zoom of a 1280-pixel window: half as many CSS pixels, each twice as large."""
    page.set_viewport_size({"width": 640, "height": 450})
    page = offline_page(exported_pages["plain"])
    for kind in EXPLORERS:
        one = Shown(page, kind)
        one.state()
        assert one.root.evaluate("(root) => root.scrollWidth <= root.clientWidth")
        sizes = "[...svg.querySelectorAll('text')].map((text) => parseFloat(getComputedStyle(text).fontSize))"
        drawn = one.root.locator("svg[role=group]")
        scale = drawn.evaluate("(svg) => svg.clientWidth / svg.viewBox.baseVal.width")
        assert (
            drawn.evaluate(f"(svg) => Math.min(...{sizes})") * scale >= 8.5
        )  # and 17 on the screen
    assert page.evaluate("document.documentElement.scrollWidth <= 640")


def test_a_value_out_of_range_is_told_what_the_range_is(offline_page, exported_pages):
    one = Shown(offline_page(exported_pages["plain"]), "levels")
    note = one.input("side").locator("xpath=..").locator(".unetx-note")
    assert note.is_hidden()
    assert one.type("side", 200) == 256
    assert note.inner_text() == "128 to 1,024, in steps of 128: 256 is nearest"
    assert one.type("side", 512) == 512
    assert note.is_hidden()


def test_a_depth_far_out_of_range_leaves_the_side_as_it_is(offline_page, exported_pages):
    one = Shown(offline_page(exported_pages["plain"]), "growth")
    side = one.state()[0]["side"]
    one.type("depth", 5000)  # 2^5000 is more than a number can be
    assert one.state()[0]["side"] == side


def test_a_value_that_gave_way_comes_back(offline_page, exported_pages):
    one = Shown(offline_page(exported_pages["plain"]), "growth")
    one.root.locator('[data-control="letter"][value="depth"]').check()
    assert (one.state()[0]["letter"], one.state()[0]["side"]) == ("depth", 16384)
    one.root.locator('[data-control="letter"][value="kernel_size"]').check()
    assert one.state()[0]["side"] == 256


def test_a_letter_is_picked_in_the_picture(offline_page, exported_pages):
    one = Shown(offline_page(exported_pages["plain"]), "growth")
    one.root.locator(".mark", has_text="×1.95").click()  # memory, in the row of the width
    assert one.state()[0]["letter"] == "base_filters"


def test_a_page_that_becomes_narrow_is_drawn_anew(page, offline_page, exported_pages):
    one = Shown(offline_page(exported_pages["plain"]), "levels")
    wide = one.state()
    page.set_viewport_size({"width": 380, "height": 800})
    one.root.locator('svg[viewBox^="0 0 360 "]').wait_for()
    assert one.state()[:2] == wide[:2]
