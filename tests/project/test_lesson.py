"""What "make class" gives: one new folder, versions that differ, and files that a learning platform imports."""

import io
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tools import inventory, lesson, notebooks, offline, qti
from unet_complexity.checks.lessons import PREDICTIONS
from unet_complexity.checks.quiz import Question

ROOT = Path(__file__).resolve().parents[2]
FORMS = [inventory.BEFORE, inventory.AFTER]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder, from a site and slides of one page each."""
    folder = tmp_path_factory.mktemp("class")
    for name in ("site/index.html", "teaching/02-x.html"):
        (folder / name).parent.mkdir()
        (folder / name).write_text("<p>page</p>", encoding="utf-8")
    return lesson.make(folder / "site", folder / "teaching", folder / "made")


def test_the_folder_has_all_that_the_guide_names(built):
    there = {path.relative_to(built).parts[0] for path in built.rglob("*")}
    guide = (ROOT / "docs/teaching/running-it.md").read_text("utf-8")
    section = guide.split("## `make class`")[1].split("\n## ")[0]
    named = set(re.findall(r"^\| `([\w.-]+)/?`", section, re.MULTILINE))
    assert named == there


def test_a_folder_that_is_there_is_left_as_it_is(built, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("kept")
    rule = (
        r"mine is there and may hold your changes; remove it, or name another: make class FOLDER="
    )
    with pytest.raises(FileExistsError, match=rule):
        lesson.make(built, built, tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["note.txt"]
    assert lesson.main(str(built), str(built), str(tmp_path / "mine")) == 1


def test_without_a_site_no_half_folder_stays(tmp_path):
    with pytest.raises(FileNotFoundError, match="make site"):
        lesson.make(tmp_path, tmp_path, tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_the_deck_has_the_slides_of_the_plans_stops_and_large_type(built):
    deck = (built / "slides.html").read_text("utf-8")
    titles = re.findall(r"<h[12][^>]*>([^<]+)", deck)
    sections = [
        re.match(r"(\d+) ·", title)[1] for title in titles if title[:3] != "00 " and "·" in title
    ]
    assert sections == ["4", *"123457", *"123", "10"]
    first = notebooks.read(notebooks.FOLDER / "00-the-question.ipynb")
    assert deck.count("<section>") > len(lesson.slides.slides(first)) + len(sections)
    assert '<body class="large">' in deck
    assert "content: counter(slide)" in deck
    assert len(deck) < 1_500_000


def test_the_slip_of_paper_asks_every_prediction_and_tells_no_outcome(built):
    page = lesson.prediction_slips()
    assert page.count("&emsp;&emsp;") > 0
    assert all(one.wanted().split(":")[0] in page for one in PREDICTIONS.values())
    assert page.count("\n| ") == len(PREDICTIONS) + 2
    assert lesson.NAME_LINE in (built / "prediction-slips.html").read_text("utf-8")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_two_versions_ask_the_same_in_another_order_with_other_letters(form):
    first, second = (lesson.shuffled(form, version) for version in lesson.VERSIONS)
    original = {one.asked: one for one in inventory.questions(form)}
    for version in (first, second):
        assert {one.asked for one in version} == set(original)
        for one in version:
            whole = original[one.asked]
            assert one.options == whole.options
            assert list(one.options)[one.right] == list(whole.options)[whole.right]
    assert [one.asked for one in first] != [one.asked for one in second]
    assert [one.right for one in first] != [one.right for one in second]
    assert first == lesson.shuffled(form, 1)


def test_the_key_fits_the_sheets(built):
    key = (built / "inventory-key.html").read_text("utf-8")
    rows = re.findall(r"<tr>\s*<td>(\d)</td>\s*<td><strong>([a-d])</strong>", key)
    wanted = [
        (str(place), "abcd"[one.right])
        for form in FORMS
        for version in lesson.VERSIONS
        for place, one in enumerate(lesson.shuffled(form, version), start=1)
    ]
    assert rows == wanted
    for name in ("before-A1", "before-A2", "after-B1", "after-B2"):
        sheet = (built / f"inventory-{name}.html").read_text("utf-8")
        assert lesson.NAME_LINE in sheet
        assert not re.search("side for pixels|<details", sheet)  # a sheet tells nothing


def test_students_get_every_notebook_without_outputs_and_with_its_models(built):
    student = sorted((built / "notebooks").glob("*.ipynb"))
    assert [path.name for path in student] == [path.name for path in notebooks.paths()]
    for path in student:
        code = [cell for cell in notebooks.read(path).cells if cell.cell_type == "code"]
        assert not any(cell.outputs or cell.execution_count for cell in code)
        sources = [cell.source for cell in notebooks.read(notebooks.FOLDER / path.name).cells]
        assert [cell.source for cell in notebooks.read(path).cells] == sources
    assert {path.name for path in (built / "notebooks/models").iterdir()} == {
        path.name for path in (notebooks.FOLDER / "models").iterdir()
    }


def test_the_zip_is_the_offline_file(built):
    with zipfile.ZipFile(built / "offline.zip") as archive:
        assert f"{offline.TOP}/index.html" in archive.namelist()


# For a learning platform: the rules of the schema, as far as these files use it

# Each element: its children in order, and the attributes that it must have.
SCHEMA = {
    "questestinterop": ("assessment", ""),
    "assessment": ("section", "ident title"),
    "section": ("item+", "ident"),
    "item": ("itemmetadata presentation resprocessing itemfeedback+", "ident title"),
    "itemmetadata": ("qtimetadata", ""),
    "qtimetadata": ("qtimetadatafield+", ""),
    "qtimetadatafield": ("fieldlabel fieldentry", ""),
    "fieldlabel": ("", ""),
    "fieldentry": ("", ""),
    "presentation": ("material response_lid", ""),
    "material": ("mattext", ""),
    "mattext": ("", "texttype"),
    "response_lid": ("render_choice", "ident rcardinality"),
    "render_choice": ("response_label+", ""),
    "response_label": ("material", "ident"),
    "resprocessing": ("outcomes respcondition+", ""),
    "outcomes": ("decvar", ""),
    "decvar": ("", "varname vartype minvalue maxvalue"),
    "respcondition": ("conditionvar setvar? displayfeedback", "continue"),
    "conditionvar": ("varequal", ""),
    "varequal": ("", "respident"),
    "setvar": ("", "varname action"),
    "displayfeedback": ("", "feedbacktype linkrefid"),
    "itemfeedback": ("flow_mat", "ident"),
    "flow_mat": ("material", ""),
}


def broken_rules(node):
    """What in a tree the schema does not allow."""
    name = node.tag.rpartition("}")[2]
    order, attributes = SCHEMA[name]
    pattern = "".join(
        f"(?:{child.rstrip('+?')} ){child[-1] if child[-1] in '+?' else ''}"
        for child in order.split()
    )
    children = "".join(f"{child.tag.rpartition('}')[2]} " for child in node)
    found = [] if re.fullmatch(pattern, children) else [f"{name}: {children}"]
    found += [] if set(node.attrib) == set(attributes.split()) else [f"{name}: {node.attrib}"]
    return found + [rule for child in node for rule in broken_rules(child)]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_package_keeps_the_schema_and_says_what_is_right(form):
    asked = inventory.questions(form)
    with zipfile.ZipFile(io.BytesIO(qti.package("test", "A title", asked))) as archive:
        assert archive.namelist() == ["imsmanifest.xml", "test.xml"]
        manifest, root = (ET.fromstring(archive.read(name)) for name in archive.namelist())
    assert [child.tag.rpartition("}")[2] for child in manifest] == ["organizations", "resources"]
    (resource,) = manifest.iter(f"{{{qti.CONTENT}}}resource")
    assert (resource.get("type"), resource.get("href")) == ("imsqti_xmlv1p2", "test.xml")
    assert root.tag == f"{{{qti.NAMESPACE}}}questestinterop"
    assert broken_rules(root) == []
    spaces = {"q": qti.NAMESPACE}
    items = root.findall(".//q:item", spaces)
    assert len({item.get("ident") for item in items}) == len(items) == 8
    for item, question in zip(items, asked, strict=True):
        labels = {one.get("ident"): one for one in item.findall(".//q:response_label", spaces)}
        shown = ["".join(label.itertext()) for label in labels.values()]
        assert shown == [qti.plain(option) for option in question.options]
        feedback = {one.get("ident") for one in item.findall("q:itemfeedback", spaces)}
        linked = {one.get("linkrefid") for one in item.findall(".//q:displayfeedback", spaces)}
        assert feedback == linked
        (scored,) = [one for one in item.iter(f"{{{qti.NAMESPACE}}}respcondition")
                     if one.find("q:setvar", spaces) is not None]  # fmt: skip
        assert scored.find("q:setvar", spaces).text == "100"
        assert scored.find(".//q:varequal", spaces).text == "abcd"[question.right]
        (response,) = item.findall(".//q:response_lid", spaces)
        refers = {one.get("respident") for one in item.findall(".//q:varequal", spaces)}
        assert refers == {response.get("ident")}


def test_a_tree_that_breaks_the_schema_is_found():
    tree = qti.assessment("test", "A title", inventory.questions(inventory.BEFORE))
    root = ET.fromstring(ET.tostring(tree))
    item = root.find(".//{*}item")
    item.append(item.find("{*}presentation"))
    del item.attrib["title"]
    assert [rule.split(":")[0] for rule in broken_rules(root)] == ["item", "item"]


def test_the_same_questions_make_the_same_bytes():
    asked = inventory.questions(inventory.BEFORE)
    assert qti.package("a", "b", asked) == qti.package("a", "b", asked)


def test_what_gift_and_xml_would_misread_is_escaped():
    question = Question("`a = {b}` ~ #1: x < y & z?", 0, {"a:b": "", "c": "1 = 2"})
    assert qti.gift([question]) == (
        "::Question 1::a \\= \\{b\\} \\~ \\#1\\: x < y & z? {\n  =a\\:b#Yes.\n  ~c#1 \\= 2\n}\n"
    )
    text = ET.tostring(qti.assessment("a", "b", [question]), encoding="unicode")
    assert "a = {b} ~ #1: x &lt; y &amp; z?" in text


def test_git_ignores_the_folder_and_make_has_the_command():
    assert "/class*/" in (ROOT / ".gitignore").read_text().splitlines()
    assert re.search(r"^class: site slides", (ROOT / "Makefile").read_text(), re.MULTILINE)


# What the guide says was measured


def measured(name):
    """The rows of a table that a benchmark has kept."""
    text = (ROOT / f"docs/teaching/measured/{name}.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return {row[0]: row[1:] for row in rows[2:]}


def test_the_guide_states_memory_and_loads_as_measured():
    guide = (ROOT / "docs/teaching/running-it.md").read_text("utf-8")
    memory, pages = measured("memory"), measured("phone")
    names = {path.stem for path in notebooks.paths()}
    assert names <= set(memory)
    assert names == set(pages)
    kernels = [int(memory[name][0]) for name in names]
    weights = [int(row[0].replace(",", "")) for row in pages.values()]
    assert f"| {min(kernels)} to {max(kernels)} MB ([each notebook](measured/memory.md))" in guide
    assert f"| {min(weights)} to {max(weights)} kB ([each page](measured/phone.md))" in guide
    lab = memory["Lab's server and one fresh kernel"][0]
    assert f"| Lab's server with one fresh kernel | {lab} MB |" in guide
    assert f"| first load of Lab from a server | {memory['first load of Lab'][0]} MB" in guide
    together = sum(kernels) + int(memory["Lab's server"][0])
    assert f"about {together / 1000:.1f} GB" in guide
    assert "limits.memory 2G" in guide
    assert "limit: 2G" in guide
    assert max(weights) < 1500
