"""Tables and still pictures: the same numbers as the costs, and words that say them."""

import base64
import csv
import io

import pytest
from PIL import Image

from unet_complexity import (
    Conv2D,
    classic_unet,
    pix2pix_unet,
    plot_blocks,
    plot_growth,
    plot_levels,
    plot_memory,
)
from unet_complexity.memory import live
from unet_complexity.symbols import L, N, g, n

ASKED = pix2pix_unet(side=256, in_channels=3)
LETTERS = pix2pix_unet(base_filters=g, depth=L)
BYS = ("layer", "block", "level", "part")


@pytest.mark.parametrize("by", BYS)
@pytest.mark.parametrize(
    "net", [ASKED, classic_unet(572, padding="valid"), classic_unet((32, 64), up="upsample")]
)
def test_csv_adds_up_to_the_total(net, by):
    header, *rows, total = csv.reader(io.StringIO(net.table(by).to_csv()))
    cost = net.total()
    assert header == [by, "output", "parameters", "MACs", "elementwise ops", "elements written"]
    assert total[2:] == [
        str(count) for count in (cost.params, cost.macs, cost.elementwise, cost.writes)
    ]
    for column in range(2, 6):
        assert sum(int(row[column]) for row in rows) == int(total[column])


@pytest.mark.parametrize("by", BYS)
def test_every_form_has_every_row(by):
    table = ASKED.table(by)
    for form in (str(table), table._repr_html_(), table.to_latex()):
        lines = form.replace("<tr>", "\n<tr>").replace("&nbsp;", " ").splitlines()
        for row in (*table.rows, table.total):
            assert any(row[0] in line and str(row[1]) in line for line in lines), row


def test_a_table_shows_separators_and_shares():
    text = str(ASKED.only(Conv2D).table())
    assert "18,052,284,416  100.00" in text
    assert "4,294,967,296   23.79" in text
    assert r"18{,}052{,}284{,}416" in ASKED.table("part").to_latex()
    assert str(ASKED) == str(ASKED.table())
    assert "88.85" in ASKED.table("part")._repr_html_()


def test_a_table_with_letters_has_formulas_and_no_shares():
    table = LETTERS.table()
    assert "%" not in str(table)
    assert "d(5 ... L)" in str(table)
    assert "$4 C N^{2} g$" in table._repr_html_()
    assert "2**L divides the side, L >= 5" in table.title


def test_a_table_by_anything_else_is_refused():
    with pytest.raises(
        ValueError, match="by must be one of 'layer', 'block', 'level', 'part', got 'row'"
    ):
        ASKED.table("row")


def pixels(picture):
    data, metadata = picture._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == data["text/plain"] == picture.text
    return Image.open(io.BytesIO(base64.b64decode(data["image/png"])))


PICTURES = {
    "levels": lambda: plot_levels(classic_unet(256)),
    "blocks": lambda: plot_blocks(classic_unet(64)),
    "memory": lambda: plot_memory(classic_unet(64)),
    "growth": lambda: plot_growth({"a": n, "b": n**2}, n, [4, 2, 8], "elements"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_drawn_the_same_each_time_and_say_what_they_show(name):
    first, again = pixels(PICTURES[name]()), pixels(PICTURES[name]())
    assert first.tobytes() == again.tobytes()
    assert 300 < first.width < 1100


def test_bars_are_the_shares_of_the_network():
    net = classic_unet(256)
    axes = plot_levels(net).figure.axes
    levels, total = net.groups("level"), net.total()
    for ax, field in zip(axes, ("params", "macs"), strict=False):
        drawn = [bar.get_width() for bar in ax.patches]
        assert drawn == [
            100 * getattr(levels[level].total(), field) / getattr(total, field) for level in levels
        ]


@pytest.mark.parametrize(
    "net", [ASKED, classic_unet(256), classic_unet(572, padding="valid", up="upsample")]
)
def test_the_staircase_is_what_is_held_at_each_step(net):
    (ax,) = plot_memory(net).figure.axes
    waiting, busy = ([bar.get_height() for bar in bars] for bars in ax.containers)
    held = [moment.elements for moment in live(net)]
    assert [round(1e6 * (low + high)) for low, high in zip(waiting, busy, strict=True)] == held
    assert [round(1e6 * low) for low in waiting] == [
        sum(moment.waiting.values()) for moment in live(net)
    ]
    assert [round(1e6 * y) for y in ax.lines[0].get_ydata()] == [
        moment.elements for moment in live(net, True)
    ]
    assert ax.texts[0].get_text() == f"peak {max(held) / 1e6:.2f}"
    assert held[round(ax.texts[0].xy[0])] == max(held)
    assert ax.get_ylabel() == "elements held ($10^6$)"


def test_lines_are_the_formulas():
    (ax,) = plot_growth({"a": 3 * n, "b": n**2}, n, [2, 4], "elements").figure.axes
    assert [list(line.get_ydata()) for line in ax.lines] == [[6, 12], [4, 16]]
    assert (ax.get_xscale(), ax.get_yscale(), ax.get_ylabel()) == ("log", "log", "elements")


@pytest.mark.parametrize("draw", [plot_levels, plot_blocks, plot_memory])
def test_a_picture_of_letters_is_refused(draw):
    with pytest.raises(
        ValueError,
        match=r"a picture needs numbers, got letters in d1.conv; call at\(\.\.\.\) first",
    ):
        draw(LETTERS)


def test_a_curve_with_two_letters_is_refused():
    with pytest.raises(ValueError, match="'a' must have no letter but n, got N\\*n"):
        plot_growth({"a": N * n}, n, [1, 2], "elements")


def test_more_curves_than_can_be_told_apart_are_refused():
    with pytest.raises(ValueError, match="at most 5 curves can be told apart, got 6; draw them in"):
        plot_growth(dict.fromkeys("abcdef", n), n, [1, 2], "elements")
