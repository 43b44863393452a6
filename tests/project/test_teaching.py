"""For teachers: what code writes is fresh, slides are the notebooks' own cells, links lead somewhere, the zip opens."""

import json
import re
import zipfile
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import inventory, notebooks, objectives, offline, sheet, slides, slips, web, written
from unet_complexity.checks import Exercise, check, exercises

ROOT = Path(__file__).resolve().parents[2]
TEACHING = ROOT / "docs" / "teaching"
TEXTS = cache(written.texts)
NUMBERED = [
    path for path in notebooks.paths() if path.name[:2] in {"00", "01", "02", "03", "04", "05"}
]


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in TEXTS()])
def test_what_code_writes_is_committed_as_it_is_today(path):
    assert path.read_text("utf-8") == TEXTS()[path]


def test_the_pages_for_teachers_link_to_what_is_there_and_the_first_to_all():
    pages = {path.name: path.read_text("utf-8") for path in TEACHING.glob("*.md")}
    links = {name: set(re.findall(r"\]\(([\w./-]+)\)", text)) for name, text in pages.items()}
    found = set().union(*links.values())
    assert {link for link in found if not (TEACHING / link).exists()} == set()
    assert set(pages) <= links["README.md"] | {"README.md"}


@pytest.mark.parametrize("plan", ["50-minutes.md", "3x50-minutes.md"])
def test_a_plan_starts_at_0_goes_on_and_names_sections_that_there_are(plan):
    lessons = re.split(r"^## Lesson", (TEACHING / plan).read_text("utf-8"), flags=re.MULTILINE)
    timed = [
        [int(minute) for minute in re.findall(r"^\| (\d+) \|", lesson, re.MULTILINE)]
        for lesson in lessons
    ]
    timed = [minutes for minutes in timed if minutes]
    assert len(timed) == {"50-minutes.md": 1, "3x50-minutes.md": 3}[plan]
    for minutes in timed:
        assert minutes[0] == 0
        assert minutes == sorted(set(minutes))
        assert minutes[-1] < 50
    for number, sections in re.findall(r"`(\d\d)`, sections? ([\d, toand]+)", "\n".join(lessons)):
        (path,) = (path for path in NUMBERED if path.name.startswith(number))
        headings = {
            re.match(r"## (\d+)", cell.source)[1]
            for cell in notebooks.read(path).cells
            if is_section(cell)
        }
        assert set(re.findall(r"\d+", sections)) <= headings


def is_section(cell):
    return cell.cell_type == "markdown" and re.match(r"## \d", cell.source)


# The inventory


@pytest.mark.parametrize("form", [inventory.BEFORE, inventory.AFTER], ids=lambda form: form.name)
def test_a_form_has_eight_questions_with_four_different_answers(form):
    asked = inventory.questions(form)
    assert len(asked) == 8
    for question in asked:
        assert len(question.options) == 4
        assert all(
            why for place, why in enumerate(question.options.values()) if place != question.right
        )
    assert {question.right for question in asked} == {0, 1, 2, 3}


def test_the_forms_ask_the_same_with_other_numbers():
    before, after = inventory.questions(inventory.BEFORE), inventory.questions(inventory.AFTER)
    assert [question.right for question in before] == [question.right for question in after]
    assert all(one.asked != other.asked for one, other in zip(before, after, strict=True))


def test_the_inventory_is_right_by_hand():
    """Form A: 8 x 8 x 5, 4 filters of 3 x 3, size 2."""
    answers = [
        list(question.options)[question.right] for question in inventory.questions(inventory.BEFORE)
    ]
    assert answers[:3] == [f"{16 * 16 * 5:,}", "0", "4 times"]
    assert answers[3:6] == [f"{8 * 8 * 4 * 9 * 5:,}", "4 times as many", f"{8 * 8 * 5 * 9 * 4:,}"]
    assert answers[6] == "parameters stay, MACs 4 times as many"


def test_every_slip_on_the_page_is_what_the_check_says():
    page = slips.text()
    assert page.count("\n## ") > 15
    for name, exercise in exercises().items():
        for reason, value in exercise.slips.items() if isinstance(exercise, Exercise) else ():
            assert reason in page
            assert check(name, value).text == reason


def test_a_notebook_without_objectives_is_named():
    whole = "# A\n\n| | |\n|---|---|\n| **You will** | count |\n| **You need** | chalk |\n"
    with pytest.raises(ValueError, match=r"opens with a table of You will, .*; 'Time' is missing"):
        objectives.objectives(new_notebook(cells=[new_markdown_cell(whole)]))


# Slides


def test_slides_are_cells_that_say_so_in_order():
    cells = [new_markdown_cell(text) for text in ("one", "left out", "two", "below two")]
    for cell, kind in zip(cells, ("slide", None, "slide", "fragment"), strict=True):
        cell.metadata = {"slideshow": {"slide_type": kind}} if kind else {}
    found = slides.slides(new_notebook(cells=cells))
    assert [[cell.source for cell in slide] for slide in found] == [["one"], ["two", "below two"]]


@pytest.mark.parametrize("kind", ["fragment", "subslide"])
def test_another_kind_of_cell_is_refused(kind):
    cell = new_markdown_cell("text", metadata={"slideshow": {"slide_type": kind}})
    rule = f"a cell is a slide, or a fragment of the slide before it, not '{kind}': text"
    with pytest.raises(ValueError, match=rule):
        slides.slides(new_notebook(cells=[cell]))


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in NUMBERED])
def test_a_deck_has_the_title_what_is_predicted_and_the_takeaway(path):
    sources = [cell.source for slide in slides.slides(notebooks.read(path)) for cell in slide]
    assert sources[0].startswith(f"# {path.stem[:2]} · ")
    assert any("Predict" in source for source in sources)
    assert "**Takeaway.**" in sources[-1]


class Elements(HTMLParser):
    """The addresses a page asks for by itself, its images without text, and its open tags that nothing closes."""

    VOID = ("meta", "img", "input", "br", "hr", "link", "path", "line", "mspace")

    def __init__(self, text):
        super().__init__()
        self.asked, self.silent, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "link" or "src" in attributes:
            self.asked.append(attributes.get("src") or attributes.get("href"))
        if tag == "img" and not attributes.get("alt"):
            self.silent.append(attributes.get("src", "")[:40])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in (*self.VOID, "mrow", "mi", "mo", "mtd"), (
            f"a browser would leave <{tag}/> open"
        )

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag


@pytest.fixture(scope="module")
def pages():
    return slides.pages()


def test_each_page_needs_no_network_and_no_other_file(pages):
    assert {f"{path.stem}.html" for path in NUMBERED} | {"formulas.html"} <= set(pages)
    for name, text in pages.items():
        page = Elements(text)
        assert [address[:40] for address in page.asked if not address.startswith("data:")] == [], (
            name
        )
        assert page.silent == [], name
        assert page.open == [], name
        assert len(text) < 1_500_000, name


def test_formulas_need_no_script(pages):
    for name, text in pages.items():
        visible = re.sub(
            r"<(script|style|pre|code)\b.*?</\1>|data-state=\"[^\"]*\"", "", text, flags=re.DOTALL
        )
        assert "<math" in visible or name.startswith("00")
        assert not re.search(r"\\(frac|times|displaystyle|Theta)|\$[^$<]+\$", visible), name


def test_every_kind_of_output_is_shown():
    outputs = [
        new_output("stream", text="1 < 2\n"),
        new_output(
            "execute_result", {"text/latex": "$\\displaystyle n^{2}$", "text/plain": "n**2"}
        ),
        new_output(
            "display_data", {"image/png": "aaaa\n"}, metadata={"image/png": {"alt": 'a "bar"'}}
        ),
        new_output(
            "execute_result", {"text/markdown": "| a |\n| --- |\n| $n$ |", "text/plain": "a"}
        ),
        new_output("execute_result", {"text/html": "<b>h</b>", "text/plain": "h"}),
        new_output("execute_result", {"text/plain": "<object>"}),
    ]
    html = web.from_cell(new_code_cell("print(1)", outputs=outputs))
    parts = [
        "print",
        "1 &lt; 2",
        "<msup>",
        'alt="a &quot;bar&quot;"',
        "<td>",
        "<b>h</b>",
        "&lt;object&gt;",
    ]
    places = [html.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)


def test_the_formulas_are_those_of_the_notebooks():
    page = sheet.text()
    assert "18,052,284,416 MACs, 88.85 %" in page
    assert r"c f n^{2} \left(k + s - 1\right)^{2}" in page
    assert not re.search(r"\d{5}", page)  # whole numbers have separators


# The offline file


def test_the_offline_file_opens_at_its_top_and_holds_all(tmp_path):
    site, teaching = tmp_path / "site", tmp_path / "teaching"
    for file in (
        site / "index.html",
        site / "a" / "b.html",
        teaching / "02-x.html",
        teaching / "formulas.html",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"<p>{file.name}</p>", encoding="utf-8")
    file = offline.pack({"site": site, "teaching": teaching}, tmp_path / "offline.zip")
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "unpacked")
    assert {name.split("/")[0] for name in names} == {"unet_complexity"}
    top = tmp_path / "unpacked" / "unet_complexity"
    links = re.findall(r'href="([^"]+)"', (top / "index.html").read_text("utf-8"))
    assert links == ["site/index.html", "teaching/02-x.html", "teaching/formulas.html"]
    assert all((top / link).exists() for link in links)
    assert (top / "site/a/b.html").exists()
    assert json.loads((top / "notebooks/00-the-question.ipynb").read_text("utf-8"))["cells"]
    assert (top / "unet_complexity/explorers/static/shell.js").exists()
    assert not [name for name in names if "__pycache__" in name or "my-predictions" in name]
    again = offline.pack({"site": site, "teaching": teaching}, tmp_path / "again.zip")
    assert again.read_bytes() == file.read_bytes()


def test_without_a_site_the_offline_file_says_what_builds_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"has no index\.html; build it with: make site"):
        offline.pack({"site": tmp_path, "teaching": tmp_path}, tmp_path / "offline.zip")
    assert not (tmp_path / "offline.zip").exists()


@pytest.mark.parametrize("form", [inventory.BEFORE, inventory.AFTER])
def test_each_question_of_the_inventory_stands_alone_since_forms_mix_them(form):
    asked = [one.asked for one in inventory.questions(form)]
    refers = re.compile(r"\bthat `|^the same\b|\bits input", re.IGNORECASE)
    assert [text for text in asked if refers.search(text)] == []
    assert all(re.search("UpSampling2D|conv|U-Net", text, re.IGNORECASE) for text in asked)
