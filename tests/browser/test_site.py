"""The static site as readers get it: from a folder, on a telephone, in the dark, by keyboard, on paper, scripts off."""

import functools
import http.server
import os
import threading
from html.parser import HTMLParser
from importlib.resources import files
from urllib.parse import unquote, urlsplit

import nbformat
import pytest

import unet_complexity
from tests.browser import conftest
from tools import lesson, notebooks, site_html, site_pages
from unet_complexity import engineering
from unet_complexity.escaping import html_text

STEMS = [path.stem for path in notebooks.paths()]
EVERY = (
    os.environ.get("SITE_PAGES") == "every"
)  # axe-core takes seconds for a page; these few have all kinds of parts
LOOKED_AT = [
    "index",
    "search",
    "api/symbols",
    *(f"notebooks/{stem}" for stem in STEMS if stem[:2] in ("00", "02", "qu")),
]
MORE = ["api/*", "notebooks/*"] if EVERY else []


# The files


class Page(HTMLParser):
    """What a page refers to, and what can be referred to in it."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.ids, self.images, self.headings, self.text = (
            [],
            [],
            set(),
            [],
            [],
            "",
        )
        self.code = 0
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids |= {found.get("id")}
        self.links += [found["href"]] if tag == "a" and "href" in found else []
        self.loads += [
            found[name]
            for name in ("src", "href")
            if tag in ("script", "link", "img") and name in found
        ]
        self.images += [found] if tag == "img" else []
        self.headings += [int(tag[1])] if tag in ("h1", "h2", "h3", "h4") else []
        self.code += tag in ("code", "pre", "script", "style", "math")

    def handle_endtag(self, tag):
        self.code -= tag in ("code", "pre", "script", "style", "math")

    def handle_data(self, data):
        self.text += "" if self.code else data


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path) for path in site.rglob("*.html")}


def test_every_notebook_has_a_page_and_can_be_taken_along(site, pages):
    for path in notebooks.paths():
        page = pages[site / "notebooks" / f"{path.stem}.html"]
        assert path.name in page.links
        assert (site / "notebooks" / path.name).read_bytes() == path.read_bytes()
        assert f"notebooks/{path.stem}.html" in pages[site / "index.html"].links


def broken(link, path, pages):
    """Whether a link of a page leads nowhere; addresses on the internet are not asked."""
    address = urlsplit(link)
    if address.scheme in ("http", "https"):
        return False
    target = (path.parent / unquote(address.path)).resolve() if address.path else path
    target = target / "index.html" if target.is_dir() else target
    lost = (
        bool(address.fragment and target.suffix == ".html")
        and unquote(address.fragment) not in pages[target].ids
    )
    return bool(address.scheme) or not target.exists() or lost


def test_no_link_leads_nowhere_and_nothing_is_loaded_from_elsewhere(pages):
    assert sum(len(page.links) for page in pages.values()) > 1000
    assert [
        (str(path), link)
        for path, page in pages.items()
        for link in page.links
        if broken(link, path, pages)
    ] == []
    loaded = {
        (path, name)
        for path, page in pages.items()
        for name in page.loads
        if not name.startswith("data:")
    }
    assert [
        (str(path), name)
        for path, name in loaded
        if urlsplit(name).netloc or broken(name, path, pages)
    ] == []


@pytest.mark.parametrize(
    "link", ["nowhere.html", "index.html#nowhere", "#nowhere", "javascript:void(0)", "../x.html"]
)
def test_a_link_that_leads_nowhere_is_found(site, pages, link):
    assert broken(link, site / "index.html", pages)


def test_pictures_have_words_and_headings_an_order(pages):
    assert sum(len(page.images) for page in pages.values()) > 10
    assert [
        image
        for page in pages.values()
        for image in page.images
        if not image.get("alt", "").strip()
    ] == []
    for path, page in pages.items():
        assert [level for level in page.headings if level == 1] == page.headings[:1], path
        assert (
            max(
                after - before
                for before, after in zip(page.headings, [*page.headings[1:], 1], strict=True)
            )
            <= 1
        )


def test_every_formula_is_mathml(site, pages):
    left = [
        (path, mark)
        for path, page in pages.items()
        for mark in ("$", "\\(", ":math:")
        if mark in page.text
    ]
    assert left + [path for path in pages if "``" in path.read_text("utf-8")] == []
    assert (site / "notebooks" / f"{STEMS[0]}.html").read_text("utf-8").count("<math") > 20


@pytest.mark.parametrize(
    ("latex", "part"),
    [
        (r"\begin{aligned} a &= b \\ &= 18{,}052\end{aligned}", "<mn>052</mn>"),
        (r"\underbrace{h\,w}_{\text{count outputs}}", "count\N{NO-BREAK SPACE}outputs"),
        (r"\Theta\left(N^{2}\right) \quad \text{with C_in fixed}", "C_in"),
        (r"\left\lceil{\frac{n}{s}}\right\rceil", "⌈"),
    ],
)
def test_a_formula_of_sympy_or_of_an_author_becomes_mathml(latex, part):
    html = site_pages.formula(latex, alone=True)
    assert html.startswith("<math")
    assert part in html


def test_a_name_with_dollars_is_not_a_formula():
    name = html_text(r"$\alpha$ $x$")
    html = f"<td>{name}</td> $x^2$"
    cell = nbformat.v4.new_code_cell(
        outputs=[nbformat.v4.new_output("display_data", data={"text/html": html})]
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    shown = site_pages.read(nbformat.writes(notebook)).cells[0].outputs[0].data["text/html"]
    assert shown.startswith(f"<td>{name}</td> <math")


def test_a_formula_that_cannot_be_shown_stops_the_build(caplog):
    assert site_pages.formula(r"\frc{1}{2}") == ""
    assert r"no MathML for \frc{1}{2}" in caplog.text
    assert caplog.records[0].levelname == "WARNING"


def test_every_public_name_is_explained(pages):
    ids = {name.rpartition(".")[2] for page in pages.values() for name in page.ids if name}
    doors = (unet_complexity, engineering)
    names = {name for door in doors for name in door.__all__ if callable(getattr(door, name))}
    assert len(names) > 30
    assert names - ids == set()


def test_the_landing_page_says_what_the_package_computes(site, pages):
    asked = unet_complexity.pix2pix_unet(side=256, in_channels=3)
    macs, way_up = asked.total().macs, asked.groups("part")["decoder"].total().macs
    said = " ".join(pages[site / "index.html"].text.split())
    assert f"that is {100 * way_up / macs:.2f} % of {macs / 1e9:.2f} billion" in said


def test_a_page_names_the_script_of_an_explorer_once(tmp_path):
    explorer = (
        '<div class="unetx" data-explorer="a"><p>still</p></div>\n<script>\nlive()\n</script>'
    )
    (tmp_path / "_static").mkdir()
    html = site_html.with_shared_scripts(
        explorer + explorer, tmp_path / "in" / "page.html", tmp_path
    )
    assert html.count("<script") == 1
    assert html.count("<p>still</p>") == 2
    (script,) = (tmp_path / "_static" / "explorers").iterdir()
    assert script.read_text() == "live()"
    assert f'src="../_static/explorers/{script.name}"' in html


def test_where_a_notebook_runs_is_said_once_the_address_is_known():
    assert "Binder" not in site_html.offering("<h1>A</h1>", "a.ipynb", "")
    html = site_html.offering("<h1>A</h1>", "a.ipynb", "https://github.com/ada/unets")
    assert "https://mybinder.org/v2/gh/ada/unets/HEAD?urlpath=lab/tree/notebooks/a.ipynb" in html
    assert "https://ada.github.io/unets/lite/" in html


# In a browser


AXE = files("axe_playwright_python").joinpath("axe.min.js")
# Explorers are tested apart, formulas hold no text of ours; code has the theme's colours, and is looked at where short.
LEFT_OUT = [[".unetx[data-explorer]"], ["math"]]
# The theme cuts off what sticks out, so the page's own width does not tell.
STICKING_OUT = """[...document.querySelectorAll('article :not(:is(pre, .formula, .table-wrapper, .cell_output) *)')]
    .filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth).map((e) => e.outerHTML)"""
OUT_OF_REACH = """[...document.querySelectorAll('pre, .formula, .table-wrapper, .cell_output')]
    .filter((box) => box.scrollWidth > box.clientWidth && box.tabIndex !== 0).map((box) => box.outerHTML)"""
UNFOLDED = "document.querySelectorAll('details.hide').forEach((one) => { one.open = true; })"
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture
def reader(page):
    """A page without a network connection, which must not ask for one."""
    refused = []
    page.context.route("**/*", lambda route: conftest.refuse_network(route, refused))
    yield page
    assert refused == []


def complaints(page, rules):
    found = page.evaluate(
        f"axe.run({{exclude: {LEFT_OUT}}}, {{preload: false, resultTypes: ['violations'], {rules}}})"
    )
    assert found["passes"]  # it looked
    return [
        (one["id"], node["html"][:150], node["failureSummary"])
        for one in found["violations"]
        for node in one["nodes"]
    ]


def test_axe_finds_nothing_to_complain_of_in_both_themes(site, reader):
    looked_at = [site / f"{name}.html" for name in LOOKED_AT] + [
        path for one in MORE for path in site.glob(f"{one}.html")
    ]
    told = {}
    for path in looked_at:
        for theme, rules in (("light", ""), ("dark", "runOnly: ['color-contrast']")):
            reader.emulate_media(color_scheme=theme)
            reader.goto(path.as_uri())
            reader.evaluate(SETTLED)
            reader.evaluate(AXE.read_text("utf-8"))
            told[f"{path.stem}, {theme}"] = complaints(reader, rules)
    assert {name: found for name, found in told.items() if found} == {}


def first_slider(page):
    return page.locator(".unetx[data-alive] input[type=range]").first


def sentence(page):
    return page.locator(".unetx-text").first.inner_text()


def test_nothing_scrolls_sideways_and_every_explorer_moves(site, pages, reader):
    """At 200 % of a 1,280-pixel window, and on a telephone."""
    moved = 0
    for path in pages:
        reader.set_viewport_size({"width": 640, "height": 450})
        reader.goto(path.as_uri(), wait_until="domcontentloaded")
        assert reader.evaluate(STICKING_OUT) == [], path
        reader.set_viewport_size({"width": 380, "height": 800})
        assert reader.evaluate(STICKING_OUT) == [], path
        assert reader.locator(".unetx:not([data-alive])").count() == 0, path
        reader.evaluate(UNFOLDED)
        for place in reader.locator(".unetx[data-explorer]").all():
            text, control = (
                place.locator(".unetx-text"),
                place.locator("input:checked, input[type=range]:enabled").first,
            )
            before = text.inner_text()
            control.press(
                "ArrowLeft"
                if control.input_value() == control.get_attribute("max")
                else "ArrowRight"
            )
            assert text.inner_text() != before
            moved += 1
    assert moved > 6


def test_the_keyboard_alone_goes_through_a_notebook(site, reader):
    reader.goto((site / "notebooks" / "02-upsampling-rows-and-columns.html").as_uri())
    reader.evaluate(SETTLED)
    reader.keyboard.press("Tab")
    assert reader.evaluate("document.activeElement.innerText") == "Skip to content"
    reader.wait_for_function("document.activeElement.getBoundingClientRect().top >= 0")
    before, seen = sentence(reader), []
    reader.keyboard.press("Enter")
    for _ in range(400):
        reader.keyboard.press("Tab")
        tag = reader.evaluate(
            "(document.activeElement.type || document.activeElement.tagName).toLowerCase()"
        )
        if tag == "range" and "range" not in seen:
            reader.keyboard.press("ArrowRight")
        if tag == "summary" and not reader.evaluate(
            "Boolean(document.activeElement.closest('.unetx'))"
        ):
            reader.keyboard.press("Enter")
        seen.append(tag)
        if tag == "body":
            break
    assert seen[-1] == "body"
    assert seen.count("summary") > 5
    assert sentence(reader) != before
    assert reader.locator("details:not(.unetx details):not([open])").count() == 0
    assert reader.evaluate(OUT_OF_REACH) == []


def test_a_word_is_found_without_a_server(site, reader):
    reader.goto(f"{(site / 'search.html').as_uri()}?q=checkerboard")
    found = reader.locator("#search-results li a").first
    found.click()
    reader.wait_for_url("**/notebooks/03-*")


def test_without_scripts_there_are_the_stills(site, chromium):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "notebooks" / "02-upsampling-rows-and-columns.html").as_uri())
    still = page.locator(".unetx img")
    assert still.is_visible()
    assert still.bounding_box()["height"] > 200
    assert still.get_attribute("alt").startswith("UpSampling2D")
    context.close()


def test_the_dark_theme_is_taken_by_the_page_and_by_its_explorers(site, reader):
    reader.goto((site / "index.html").as_uri())
    paper = "[document.body, document.querySelector('.unetx-card')].map((one) => getComputedStyle(one).backgroundColor)"
    light = reader.evaluate(paper)
    while reader.locator("body").get_attribute("data-theme") != "dark":
        reader.locator(".theme-toggle").first.dispatch_event("click")
    assert light[1] == "rgb(255, 255, 255)"
    assert reader.evaluate(paper)[1] == "rgb(20, 20, 20)"
    assert reader.evaluate(paper)[0] != light[0]


def test_printed_there_are_the_text_and_the_pictures_alone(site, reader):
    reader.goto((site / "notebooks" / "02-upsampling-rows-and-columns.html").as_uri())
    reader.emulate_media(media="print", color_scheme="dark")
    assert reader.locator(".unetx svg").first.is_visible()
    assert reader.locator(".unetx-text").first.is_visible()
    gone = (
        ".sidebar-drawer",
        ".toc-drawer",
        ".skip-to-content",
        ".unetx-controls",
        ".unetx-buttons",
        ".launch",
        ".related-pages",
    )
    assert [name for name in gone if reader.locator(name).first.is_visible()] == []
    assert (
        reader.locator(".unetx-card").first.evaluate("(e) => getComputedStyle(e).backgroundColor")
        == "rgb(255, 255, 255)"
    )


def test_it_works_under_any_address(site, page):
    class Below(http.server.SimpleHTTPRequestHandler):
        def translate_path(self, path):
            return super().translate_path(path.removeprefix("/some/where"))

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Below, directory=str(site))
    )
    threading.Thread(target=server.serve_forever).start()
    try:
        page.goto(f"http://127.0.0.1:{server.server_port}/some/where/index.html")
        page.locator("article a", has_text="02 ·").click()
        first_slider(page).press("ArrowRight")
        page.goto("about:blank")
    finally:
        server.shutdown()
        server.server_close()


def test_each_slide_of_a_lesson_fits_the_screen(page, tmp_path):
    deck = tmp_path / "slides.html"
    deck.write_text(lesson.texts()["slides.html"], "utf-8")
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(deck.as_uri())
    page.wait_for_function("document.querySelector('section[style*=zoom]')")
    full = page.evaluate("""() => [...document.querySelectorAll('section')].map((slide) => [
        Math.round(slide.getBoundingClientRect().height),
        [...slide.querySelectorAll('div, pre')].filter(
            (one) => !one.closest('.unetx') && one.scrollWidth > one.clientWidth + 1).length,
    ])""")
    assert len(full) > 20
    assert {wide for _, wide in full} == {0}
    assert max(high for high, _ in full) <= 721
