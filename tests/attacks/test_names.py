"""Hostile names through every view: what they say is shown as text, and nothing else of a view changes."""

import csv
import io
import json
import re
import sys
import time
from dataclasses import replace
from html.parser import HTMLParser
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import matplotlib.text
import onnx
import pytest
import sympy as sp
from matplotlib.cbook import is_math_text

import unet_complexity
from tests.attacks.names import ALL, HOSTILE, MACHINE, counted, harmless, network
from tools.stills import add_still
from tools.web import mathml
from unet_complexity import (
    Conv2D,
    Conv2DTranspose,
    Network,
    jupyterlite,
    plot_blocks,
    plot_growth,
    plot_levels,
    plot_memory,
    theta,
)
from unet_complexity.checks import ledger, predict
from unet_complexity.cost import Tensor
from unet_complexity.engineering import from_onnx
from unet_complexity.engineering.collapse.rewriting import Block, Collapsed
from unet_complexity.engineering.command import main, progress
from unet_complexity.engineering.conventions.chart import plot_tools
from unet_complexity.engineering.report import as_json, as_text
from unet_complexity.engineering.roofline import Machine, roofline
from unet_complexity.escaping import (
    FORMULA_STARTS,
    LONGEST_CELL,
    LONGEST_LABEL,
    LONGEST_MESSAGE,
    attribute,
    csv_cell,
    drawn,
    html_text,
    in_message,
    javascript,
    latex,
    latex_in_formula,
    not_counted,
    one_line,
    plain,
    shortened,
)
from unet_complexity.explorers import NetworkExplorer
from unet_complexity.memory import live
from unet_complexity.networks import Step
from unet_complexity.symbols import C_in, N
from unet_complexity.tables import Table

BYS = ("layer", "block", "level", "part")
each_name = pytest.mark.parametrize("name", ALL.values(), ids=ALL)


# One destination at a time


@each_name
def test_plain_text_is_one_line_of_visible_characters(name):
    text = plain(name)
    assert text.isprintable()
    assert plain(text) == text
    assert (text == name) == name.isprintable()
    text.encode()


def test_what_is_invisible_is_shown_as_python_writes_it():
    assert plain("\x1b[31m\r\n\u202e\u200b\x00\ud800") == r"\x1b[31m\r\n\u202e\u200b\x00\ud800"
    assert (
        plain("\u3164a\u034f\u2800\ufe0f") == r"\u3164a\u034f\u2800\ufe0f"
    )  # printable, but without ink
    assert plain("enc0/conv_1: Größe × 2, 畳み込み") == "enc0/conv_1: Größe × 2, 畳み込み"


@each_name
def test_a_message_is_one_line_of_limited_length(name):
    message = one_line(f"no layer {name} here;\n give another")
    assert message.isprintable()
    assert message.startswith("no layer ")
    assert message.endswith("here; give another")
    assert len(message) <= LONGEST_MESSAGE == 500


@each_name
def test_a_cell_of_a_sheet_is_no_formula(name):
    cell = csv_cell(name)
    assert cell.lstrip()[:1] not in tuple("=+-@\t\r\uff1d")
    assert cell in (plain(name), f"'{plain(name)}")
    assert cell.isprintable()


def test_a_cell_that_begins_with_a_tab_or_a_return_is_text_whatever_follows():
    assert [csv_cell(text) for text in ("\tconv", "\rconv")] == [r"'\tconv", r"'\rconv"]


@pytest.mark.parametrize("separator", [";", ",", "|", '"'])
def test_a_sheet_that_splits_at_another_sign_finds_no_formula(separator):
    for start in ("=", "+", "-", "@", " =", "\uff1d"):
        cell = csv_cell(f"conv{separator}{start}cmd(){separator}")
        assert [
            part for part in cell.split(separator) if part.lstrip()[:1] in FORMULA_STARTS and part
        ] == []
        assert cell == f"conv{separator}'{start}cmd(){separator}"


def test_a_harmless_name_with_separators_stays():
    for name in (
        "conv; relu",
        "a, b",
        "pad (1, -1)",
        "[0, -1, +2.5]",
        "a=1, b-2",
        "x | y",
        'say "a"',
    ):
        assert csv_cell(name) == name


@pytest.mark.parametrize(
    "cell",
    [
        "a;-1|'x'!A1",
        "a;-.|'/c'!A1",
        "a;-1)+cmd|'/c calc'!A0",
        "a;-1,5+cmd|'/c calc'!A1",
        "a;-1,HYPERLINK(b)",
    ],
)
def test_what_only_begins_like_a_number_is_a_formula(cell):
    assert csv_cell(cell) == cell.replace(";", ";'", 1)


def test_a_cell_of_many_spaces_is_looked_at_once():
    """Every way to share 20,000 spaces between two places of the pattern was tried."""
    start = time.process_time()
    cell = ";1" + " " * 200_000 + "x"
    assert csv_cell(cell) == cell
    assert time.process_time() - start < 2


@pytest.mark.parametrize("view", [str, Table.to_latex, Table._repr_html_])
def test_a_long_name_does_not_set_the_width_of_every_row(view):
    """The longest name, once it is escaped, sets the width; $ and the backslash take up to 15 characters each."""
    for sign in "$\\\x07":
        rows = ((sign * 20_000, "1 x 1 x 1", 7), *[("relu", "1 x 1 x 1", 0)] * 300)
        table = Table("net", ("layer", "output", "MACs"), rows, ("total", "", 7))
        assert len(view(table)) < 302 * 10_000


def test_numbers_in_a_sheet_stay_numbers():
    assert [csv_cell(value) for value in (-1, 0.5, N - 1, "conv")] == [-1, 0.5, N - 1, "conv"]


class Text(HTMLParser):
    """What a page is made of: its tags with their attributes, and its pieces of text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.pieces = [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, *attributes))

    def handle_data(self, text):
        self.pieces.append(text)

    def handle_comment(self, text):
        raise AssertionError(f"a comment: {text}")

    handle_decl = unknown_decl = handle_pi = handle_comment


@each_name
def test_in_a_page_a_name_is_text_and_no_formula(name):
    page = Text(f"<p>{html_text(name)}</p>")
    assert {tag for tag, *_ in page.tags} <= {"p", "span"}
    assert "".join(page.pieces) == plain(name)
    assert [piece for piece in page.pieces if re.search(r"[$\\]", piece) and len(piece) > 1] == []
    for quote in "\"'":
        assert Text(f"<p title={quote}{attribute(name)}{quote}></p>").tags == [
            ("p", ("title", plain(name)))
        ]


@pytest.mark.parametrize("name", ["$x$.json", r"\(x\).json", "<b>.json"])
def test_a_path_and_a_file_of_predictions_hold_no_formula(name, tmp_path, monkeypatch):
    file = tmp_path / name
    file.write_text('{"most pixels": "$y$"}')
    monkeypatch.setenv("UNET_COMPLEXITY_PREDICTIONS", str(file))
    monkeypatch.setattr(import_module("unet_complexity.checks.ledger"), "_unsaved", {})
    for view in (predict("most pixels"), predict("most pixels", 2), ledger("most pixels")):
        page = view._repr_html_()
        assert html_text(name) in page
        assert html_text("$y$") in page
        assert name not in page
        assert "$y$" not in page
        assert name in repr(view)


@each_name
def test_in_a_script_a_name_is_a_string(name):
    script = javascript({"name": name})
    assert script.isascii()
    assert "<" not in script
    assert json.loads(script) == {"name": name}


TOKENS = {
    r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^",
    r"\backslash{}": "\\", r"{\sim}": "~", r"{\wedge}": "^", **{f"\\{one}": one for one in "_&%#${}"},
}  # fmt: skip


def from_latex(text):
    """What LaTeX sets.  AssertionError for a special character that it would obey."""
    found = re.split("|".join(map(re.escape, TOKENS)), text)
    assert [part for part in found if re.search(r"[_&%#${}~^\\]", part)] == []
    return re.sub("|".join(map(re.escape, TOKENS)), lambda token: TOKENS[token[0]], text)


@each_name
def test_latex_sets_a_name_and_obeys_nothing_in_it(name):
    cell = latex(name)
    assert cell[:1] not in ("[", "*")
    assert from_latex(cell.removeprefix("{}") if cell.startswith("{}") else cell) == plain(name)


@each_name
def test_in_a_formula_a_name_is_text(name):
    formula = latex_in_formula(name)
    texts = re.findall(r"\\text\{[^_&%#${}~^\\]*\}", formula)
    bare = formula
    for text in texts:
        bare = bare.replace(text, text.removeprefix(r"\text{").removesuffix("}"), 1)
    assert from_latex(bare) == plain(name)
    mathml(formula)


@each_name
def test_matplotlib_takes_no_name_for_a_formula(name):
    label = drawn(name)
    assert not is_math_text(label)
    assert label.replace(r"\$", "$") == shortened(plain(name), LONGEST_LABEL)


def test_a_text_that_is_too_long_keeps_both_ends():
    assert shortened("abcdefghij", 5) == "ab…ij"
    assert shortened("abcdefghij", 4) == "ab…j"
    assert shortened("abc", 3) == "abc"
    assert {len(shortened("x" * n, 40)) for n in range(41, 90)} == {40}


def test_harmless_names_look_the_same_everywhere():
    for name in ("enc0/conv_1", "u3.up + u3.conv", "model/d1 (2)", "pix2pix U-Net, 256 x 256"):
        assert (
            plain(name)
            == csv_cell(name)
            == html_text(name)
            == attribute(name)
            == drawn(name)
            == name
        )


# Every view of a network


def texts(net, seconds=True):
    """Whatever is shown as plain text."""
    yield from (str(net), repr(net), net.heading, str(net.total()))
    yield from (str(net.table(by)) for by in BYS)
    yield "\n\n".join(as_text(net, net, "layer"))
    yield "\n\n".join(as_text(net, "no formula: " + net.name + net.steps[0].name, "layer"))
    if seconds:
        line = roofline(net, MACHINE)
        yield from (str(line), repr(line), *(str(line.table(by)) for by in BYS))
        yield from map(repr, live(counted(net)))


def test_every_text_has_the_same_lines_and_nothing_invisible():
    for side in (N, 64):
        seconds = side is not N
        views, others = (
            list(texts(network(side=side), seconds)),
            list(texts(harmless(side), seconds)),
        )
        assert len(views) == len(others)
        for view, other in zip(views, others, strict=True):
            assert [line for line in view.split("\n") if not line.isprintable()] == []
            assert view.count("\n") == other.count("\n")


def test_a_table_as_text_shows_every_name_and_cuts_the_longest():
    text = str(network().table("layer"))
    assert [
        name
        for name in ALL.values()
        if shortened(plain(f"{name}."), LONGEST_CELL).strip() not in text
    ] == []
    body = text.split("\n", 2)[2]
    assert max(map(len, body.split("\n"))) < LONGEST_CELL + 300


def tables(net, seconds=True):
    yield from (net.table(by) for by in BYS)
    if seconds:
        yield from (roofline(net, MACHINE).table(by) for by in BYS)


@pytest.mark.parametrize("side", [N, 64])
def test_every_table_of_a_page_has_the_same_elements_and_the_names_as_text(side):
    net, seconds = network(side=side), side is not N
    for table, other in zip(tables(net, seconds), tables(harmless(side), seconds), strict=True):
        page, twin = Text(table._repr_html_()), Text(other._repr_html_())
        tags, others = ([tag for tag in one.tags if tag[0] != "span"] for one in (page, twin))
        assert tags == others
        assert {tag for tag in page.tags if tag[0] == "span"} <= {("span",)}
        shown = "".join(page.pieces).replace("\xa0", " ")
        names = [plain(shortened(row[0], LONGEST_CELL)).strip() for row in table.rows]
        assert [name for name in names if name not in shown] == []
        assert plain(table.title) in shown
        formulas = {piece for piece in twin.pieces if "$" in piece}
        others = [
            piece for piece in page.pieces if re.search(r"[$\\]", piece) and piece not in formulas
        ]
        assert set(others) <= {"$", "\\"}
    assert net._repr_html_() == net.table()._repr_html_()


def test_a_letter_may_be_called_anything_too():
    letter = sp.Symbol(HOSTILE["an element"], integer=True, positive=True)
    x = Tensor(letter, 2, 3)
    net = Network("net", x, (Step("conv", Conv2D(1, 1), (x,), ("input",), 0, "conv", "head"),))
    page = Text(net._repr_html_())
    assert "img" not in [tag for tag, *_ in page.tags]
    assert plain(HOSTILE["an element"]) in "".join(page.pieces)


@pytest.mark.parametrize("side", [N, 64])
def test_every_sheet_has_the_same_cells_and_no_formula_of_a_name(side):
    seconds = side is not N
    for table, other in zip(
        tables(network(side=side), seconds), tables(harmless(side), seconds), strict=True
    ):
        text = table.to_csv()
        assert text.count("\n") == other.to_csv().count("\n")
        cells, twins = (list(csv.reader(io.StringIO(one.to_csv()))) for one in (table, other))
        assert [row[1:] for row in cells] == [row[1:] for row in twins]
        assert [row[0] for row in cells[1:-1]] == [
            csv_cell(row[0]) for row in (*table.rows, table.total)
        ]
        assert not [row for row in cells if row[0].startswith(tuple("=+-@\t\r"))]
        text.encode()


@pytest.mark.parametrize("side", [N, 64])
def test_every_table_of_latex_has_the_same_rows_and_the_names_as_text(side):
    seconds = side is not N
    for table, other in zip(
        tables(network(side=side), seconds), tables(harmless(side), seconds), strict=True
    ):
        lines, twins = (one.to_latex().split("\n") for one in (table, other))
        assert len(lines) == len(twins)
        for line, twin in zip(lines, twins, strict=True):
            cells, others = (re.split(r"(?<!\\)&", one) for one in (line, twin))
            assert [cell.strip() for cell in cells[1:]] == [cell.strip() for cell in others[1:]]
        assert lines[-1] == latex(not_counted(table.missing))
        names = [re.split(r"(?<!\\)&", line)[0].strip() for line in lines if line.endswith(r"\\")][
            1:
        ]
        for name, row in zip(names, (*table.rows, table.total), strict=True):
            assert name == latex(shortened(row[0], LONGEST_CELL)).strip()


def test_a_formula_of_a_cost_or_of_growth_is_set_whatever_it_speaks_of():
    for net in (network(), network(side=64)):
        mathml(net.total()._repr_latex_().strip("$"))
    bound = theta(N**2 * C_in)._repr_latex_()
    assert (
        bound
        == r"$\displaystyle \Theta\left(C_{in} N^{2}\right) \quad \text{as C}\_\text{in, N grow}$"
    )
    mathml(bound.strip("$"))


def test_json_is_ascii_and_holds_the_names_as_they_are():
    net = network(side=64)
    text = as_json(net, net.name, "layer", roofline(net, MACHINE).table("layer"))
    assert text.isascii()
    data = json.loads(text)
    assert [row["name"] for row in data["rows"]] == [step.name for step in net]
    assert [one["name"] for one in data["inputs"]] == list(net.inputs)


PLOTS = {"levels": plot_levels, "blocks": plot_blocks, "memory": plot_memory}


# matplotlib's own font lacks the wide sign, and says so
DRAWABLE = tuple(name for name in ALL.values() if name != ALL["a wide sign"])


@pytest.mark.parametrize("name", PLOTS)
def test_every_picture_is_drawn_and_told_in_visible_characters(name):
    picture = PLOTS[name](counted(network(DRAWABLE, 64)))
    data, metadata = picture._repr_mimebundle_()
    assert data["image/png"]
    assert data["text/plain"] == metadata["image/png"]["alt"] == picture.text
    assert picture.text.isprintable()
    if name == "levels":  # whose labels are numbers
        return
    (ax,) = picture.figure.axes
    labels = ax.get_yticklabels() if name == "blocks" else ax.get_xticklabels()
    net = counted(network(DRAWABLE, 64))
    blocks = (net.only(Conv2D) if name == "blocks" else net).groups("block")
    assert [label.get_text() for label in labels] == list(map(drawn, blocks))
    assert len(blocks) >= len(DRAWABLE) // 2


def test_a_picture_keeps_apart_what_looks_alike():
    """Blocks whose cut names are the same have a bar each."""
    names = tuple("A" * 5000 + middle + "A" * 5000 for middle in "abcd")
    picture = plot_blocks(counted(network(names, 64)))
    assert len(picture.figure.axes[0].patches) == 2
    assert len({bar.get_y() for bar in picture.figure.axes[0].patches}) == 2


def test_a_curve_may_be_called_anything():
    names = list(ALL.values())
    for chunk in (names[i : i + 5] for i in range(0, len(names), 5)):
        picture = plot_growth(dict.fromkeys(chunk, N), N, [2, 4], "elements")
        assert picture._repr_mimebundle_()[0]["image/png"]
        assert picture.text.isprintable()


def test_a_chart_of_tools_tells_a_network_of_any_name():
    net = network(("a", HOSTILE["ANSI"], HOSTILE["a formula"]), 64)
    assert plot_tools(counted(type(net)(HOSTILE["ANSI"], net.inputs, net.steps))).text.startswith(
        r"\x1b[2J"
    )


def test_without_matplotlib_a_picture_is_text_in_a_page(monkeypatch):
    monkeypatch.setattr(jupyterlite, "can_import", lambda _: False)
    net = counted(network(side=64))
    data, _ = plot_blocks(net)._repr_mimebundle_()
    page = Text(data["text/html"])
    assert {tag for tag, *_ in page.tags} == {"p", "span"}
    assert in_message(net.name) in "".join(page.pieces)
    assert all(line.isprintable() for line in data["text/plain"].split("\n"))


def outlined(page):
    """The elements of an explorer's page, its script's length aside."""
    return [tag for tag in Text(page).tags if tag[0] != "span"]


@each_name
def test_an_explorers_page_is_one_place_and_one_script(name):
    explorer, twin = (
        NetworkExplorer(network((name, "a", "b"))),
        NetworkExplorer(network(("n", "a", "b"))),
    )
    data, other = (one._repr_mimebundle_()[0] for one in (explorer, twin))
    page = data["text/html"]
    assert [tag for tag, *_ in outlined(page)] == [tag for tag, *_ in outlined(other["text/html"])] == [
        "div", "p", "script",
    ]  # fmt: skip
    assert page.lower().count("<script") == page.lower().count("</script") == 1
    assert "<!--" not in page
    assert plain(name) in "".join(Text(page).pieces[: Text(page).pieces.index("\n")])
    assert data["text/plain"].isprintable()
    assert plain(name) in explorer.text
    still = Text(add_still(page))
    assert [tag for tag, *_ in still.tags if tag != "span"] == ["div", "img", "p", "script"]
    assert dict(next(tag[1:] for tag in still.tags if tag[0] == "img"))["alt"] == explorer.text


def test_nothing_of_the_explorers_own_ends_their_script():
    for path in (files("unet_complexity.explorers") / "static").iterdir():
        text = path.read_text("utf-8").lower()
        assert not re.search("</script|<script|<!--", text), path


def test_no_view_writes_markdown_but_of_words_of_our_own():
    """A view of foreign names in Markdown would need an escape of its own."""
    sources = Path(unet_complexity.__file__).parent.rglob("*.py")
    found = {path.name for path in sources if "_repr_markdown_" in path.read_text("utf-8")}
    assert found == {"glossary.py"}


def test_the_blocks_of_a_rewriting_are_a_line_each():
    blocks = tuple(Block(name, "as written", f"because of {name}") for name in ALL.values())
    lines = str(Collapsed(None, blocks)).split("\n")
    assert len(lines) == len(ALL)
    assert all(line.isprintable() for line in lines)
    assert [
        name
        for name, line in zip(ALL.values(), lines, strict=True)
        if plain(name)[:20].strip() not in line
    ] == []


# From a file to the terminal


def model(names, operator="Conv"):
    """An ONNX model: its own, its input's, its output's, its nodes' names and a free size are hostile."""
    make, kind = onnx.helper, onnx.TensorProto.FLOAT
    weights = make.make_tensor("w", kind, [3, 3, 1, 1], [1.0] * 9)
    edges = ["x", *(f"{name} edge" for name in names)]
    nodes = [
        make.make_node("Conv", [edges[i], "w"], [edges[i + 1]], name=f"{name}{i}")
        for i, name in enumerate(names)
    ]
    last = f"{names[0]} out"
    nodes.append(
        make.make_node(
            operator, [edges[-1], *["w"] * (operator == "Conv")], [last], name=f"{names[0]} last"
        )
    )
    shape = [1, 3, "h", "h"]
    graph = make.make_graph(
        nodes, names[0], [make.make_tensor_value_info("x", kind, shape)],
        [make.make_tensor_value_info(last, kind, shape)], [weights],
    )  # fmt: skip
    return make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)


def test_a_models_names_are_shown_as_text():
    net = from_onnx(model(list(HOSTILE.values())))
    page = Text(net.table("layer")._repr_html_())
    assert {tag for tag, *_ in page.tags} <= {
        "div",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "span",
    }
    shown = "".join(page.pieces).replace("\xa0", " ")
    names = [plain(shortened(step.name, LONGEST_CELL)).strip() for step in net]
    assert [name for name in names if name not in shown] == []


@pytest.fixture
def saved(tmp_path):
    def save(names, operator="Conv"):
        path = tmp_path / "hostile.onnx"
        onnx.save(model(names, operator), path)
        return str(path)

    return save


def asked(capsys, *arguments):
    """Exit status, stdout and stderr; no line holds anything invisible."""
    try:
        status = main(arguments)
    except SystemExit as leaving:
        status = leaving.code
    out, err = capsys.readouterr()
    assert [line for line in (out + err).split("\n") if not line.isprintable()] == []
    return status, out, err


@pytest.mark.parametrize(
    "form", [[], ["--csv"], ["--json"], ["--machine", "NVIDIA T4", "--side", "64"]]
)
def test_the_command_prints_visible_characters(capsys, saved, form):
    names = [name for name in HOSTILE.values() if "\x7f" not in name]
    status, out, err = asked(capsys, saved(names), "--by", "layer", *form)
    assert (status, err) == (0, "")
    assert out


def test_the_command_complains_in_one_short_line(capsys, saved):
    names = list(HOSTILE.values())
    unknown = saved(names, "<b>\x1b[31m" + "Evil\n" * 200)
    for arguments in (
        [unknown],
        [unknown, "--side", "7"],
        ["\x1b[2J\n\u202e.onnx"],
        ["\x1b" * 1000 + ".onnx"],
        ["a.onnx", "--\x1b[31m"],
        ["a.onnx", "b\x1b[31m" * 500],
        ["a.onnx", "--by", "\x1b[31m"],
        ["collapse", "a\x1b[31m.onnx", "b\n.onnx"],
        ["\udcff.onnx"],
    ):
        status, out, err = asked(capsys, *arguments)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert len(err) <= len("unet_complexity: \n") + LONGEST_MESSAGE
        assert err.startswith("unet_complexity: ")
    _, out, _ = asked(capsys, unknown, "--unknown", "report")
    assert "NOT counted" in out


def test_what_goes_on_is_told_in_visible_characters(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stderr", Terminal())
    with progress("reading \x1b]0;title\x07\n", after=0.02):
        time.sleep(0.2)
    assert r"reading \x1b]0;title\x07" in sys.stderr.getvalue()


def test_a_users_settings_do_not_hand_names_to_tex():
    with matplotlib.rc_context({"text.usetex": True}):
        picture = plot_blocks(network([r"\input{x}"] * 4, 64))
    texts = picture.figure.findobj(matplotlib.text.Text)
    assert len(texts) > 10
    assert not any(text.get_usetex() for text in texts)


@pytest.mark.parametrize("show", [plot_levels, plot_blocks, plot_memory])
def test_an_error_quotes_a_name_in_part_and_in_visible_characters(show):
    with pytest.raises(ValueError, match=r"\\x1b\[2J") as refused:
        show(network(["\x1b[2J\u202e" + "A" * 5000] * 4))
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 500


LONG = "\x1b[2J" + "A" * 5000
LONG_NAMES = replace(network([LONG] * 4, 64), name=LONG)


@pytest.mark.parametrize("show", [
    lambda: LONG_NAMES.heading,
    lambda: repr(LONG_NAMES),
    lambda: LONG_NAMES.table().title,
    lambda: str(LONG_NAMES.steps[-1].layer),
    lambda: str(Machine(LONG, 1, 1)),
    lambda: repr(roofline(LONG_NAMES, Machine(LONG, 1, 1))),
    lambda: roofline(LONG_NAMES, Machine(LONG, 1, 1)).table().title,
    lambda: list(as_text(LONG_NAMES, LONG_NAMES, "level"))[-1].split("\n")[0],
])  # fmt: skip
def test_a_heading_shows_the_ends_of_a_name(show):
    assert "\\x1b[2J" in show()
    assert len(show()) < 500


def test_an_error_about_letters_shows_the_ends_of_a_name():
    letters = replace(network([LONG] * 4), name=LONG)
    with pytest.raises(ValueError, match=r"needs numbers, got \\x1b\[2J") as refused:
        roofline(letters, Machine(LONG, 1, 1)).table()
    assert len(str(refused.value)) < 500


def test_a_part_that_is_not_there_is_said_in_visible_characters():
    with pytest.raises(ValueError, match=r"^no step of \\x1b\[2J") as refused:
        replace(network(["a"] * 4, 64), name="\x1b[2J" + "A" * 5000).only(Conv2DTranspose)
    assert len(str(refused.value)) < 500
