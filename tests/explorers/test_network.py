"""The explorer of a reader's own network: level by level it shows what the package counts at that side."""

import html
import re

import pytest

from tests.explorers.totals import filled
from tools import stills
from unet_complexity import (
    Conv2D,
    MaxPooling2D,
    Network,
    ReLU,
    Tensor,
    classic_unet,
    pix2pix_unet,
)
from unet_complexity.cost import Rule
from unet_complexity.explorers import LevelsExplorer, NetworkExplorer, module
from unet_complexity.explorers.network import sides
from unet_complexity.layers import Convolution
from unet_complexity.networks import Step
from unet_complexity.symbols import N
from unet_complexity.unets.builder import Builder


def encoder(side=N):
    """It skips level 0, and level 2 has no convolution; nothing comes up again."""
    net = Builder(Tensor(side, side, 3))
    for name, level, layer in (
        ("stem", 1, Conv2D(8, 3, strides=2)),
        ("pool", 2, MaxPooling2D(2)),
        ("deep", 3, Conv2D(16, 3, strides=2)),
    ):
        net.block(name, level, "encoder")
        net.add("layer", layer)
        net.add("act", ReLU())
    return net.network("an encoder", [])


NETWORKS = {
    "classic": lambda side: classic_unet(side, base_filters=8),
    "valid": lambda side: classic_unet(side, base_filters=8, padding="valid", up="upsample"),
    "pix2pix": lambda side: pix2pix_unet(side, 3, base_filters=8, depth=5),
    "encoder": encoder,
}


def drawn(explorer):
    """What the page's own script draws."""
    return stills.drawn(stills.running(explorer._esm.removesuffix(module.WIDGET)), explorer.state)


@pytest.mark.parametrize("name", NETWORKS)
def test_each_level_at_each_side_is_what_the_package_counts_there(name):
    explorer = NetworkExplorer(NETWORKS[name](N))
    slider = explorer._spec()["controls"][0]
    low, step = slider["low"], 256 if name != "valid" else 208
    for side in range(low, slider["high"] + 1, step):
        explorer.side = side
        picture, net = drawn(explorer), NETWORKS[name](side)
        levels = net.groups("level")
        rows = [dict(zip(picture["rows"][0], row, strict=True)) for row in picture["rows"][1:-1]]
        assert [row["level"] for row in rows] == sorted(levels)
        for row, (_, part) in zip(rows, sorted(levels.items()), strict=True):
            convolutions = [step for step in part if isinstance(step.layer, Convolution)]
            assert (row["params"], row["macs"]) == (part.total().params, part.total().macs)
            assert row["memory"] == sum(step.output.size for step in convolutions)
            assert row["side"] in {step.output.height for step in part}
        assert picture["numbers"]["macs"] == explorer.numbers["macs"] == net.total().macs
        assert picture["text"] == explorer.text
        assert picture["forms"] == filled(NETWORKS[name](N), {"N": side}, explorer.numbers)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_largest_share_of_each_quantity_is_framed_also_if_several_levels_have_it(name):
    explorer = NetworkExplorer(NETWORKS[name](N))
    picture = drawn(explorer)["svg"]
    marks = re.findall(
        r'd="M(\S+) (\S+?)h\S+ class="mark hit"[^>]*label="level (\d+): \S+ (\w+)', picture
    )
    places = {(float(x) - 1, float(y) + 16): (level, unit) for x, y, level, unit in marks}
    frames = re.findall(r'd="([^"]*)" class="frame"', picture)
    framed = [
        [places[float(x), float(y)] for x, y in re.findall(r"M(\S+) (\S+?)h", frame)]
        for frame in frames
    ]
    levels = [
        explorer.numbers[f"{each}_level"].split(" and ") for each in ("params", "macs", "memory")
    ]
    units = ("parameters", "MACs", "activation")
    assert framed == [
        [(level, unit) for level in each] for each, unit in zip(levels, units, strict=True)
    ]
    if name == "classic":
        assert levels == [["4"], ["1", "2", "3"], ["0"]]


def test_each_bar_tells_its_formula():
    picture = html.unescape(drawn(NetworkExplorer(classic_unet()))["svg"])
    assert (
        'aria-label="level 1: 11,408,506,880 MACs, 23.7 % of 48,096,083,968; 174080·N²"' in picture
    )
    assert "; 174080·N²" not in html.unescape(
        stills.picture("levels", LevelsExplorer().state)["svg"]
    )


def lines(picture, name):
    """How many lines one path draws."""
    [path] = re.findall(f'd="([^"]*)" class="{name}"', picture)
    return path.count("M")


def test_what_never_comes_up_has_no_way_up():
    picture = drawn(NetworkExplorer(encoder()))["svg"]
    assert 'class="skip"' not in picture
    assert lines(picture, "arm") == 3
    assert lines(drawn(NetworkExplorer(classic_unet()))["svg"], "skip") == 4


def family():
    return {
        (width, depth): classic_unet(base_filters=width, depth=depth)
        for width in (8, 16)
        for depth in (2, 5)
    }


def test_widths_and_depths_are_chosen_among_those_handed_over():
    explorer = NetworkExplorer(family(), width=16)
    for width in (8, 16):
        for depth in (2, 5):
            explorer.set(width=width, depth=depth, side=512)
            total = classic_unet(512, base_filters=width, depth=depth).total()
            assert explorer.numbers["macs"] == total.macs == drawn(explorer)["numbers"]["macs"]
            assert (
                f"classic U-Net, width {width}, depth {depth}, 512 x 512: {total.macs:,} MACs"
                in explorer.text
            )
    explorer.set(depth=2, side=12)
    with pytest.raises(
        ValueError,
        match=re.escape("side must be 32, 64, ... 1024 for this network, got 12; try 32"),
    ):
        explorer.depth = 5
    assert explorer.state == {"width": "16", "depth": "2", "side": 12, "axis": "share"}


@pytest.mark.parametrize("side", [256, 200])
def test_a_side_at_which_the_formulas_do_not_hold_is_refused_at_the_start(side):
    """The first one is the default of every other network, the second is not."""
    with pytest.raises(
        ValueError,
        match=re.escape(f"side must be 188, 204, ... 1020 for this network, got {side}; try "),
    ):
        NetworkExplorer(NETWORKS["valid"](N), side=side)


def test_one_network_has_neither_width_nor_depth():
    explorer = NetworkExplorer(classic_unet())
    assert explorer.state == {"side": 256, "axis": "share"}
    with pytest.raises(
        TypeError, match="NetworkExplorer has no control 'width'; its controls are side, axis"
    ):
        NetworkExplorer(classic_unet(), width=16)


def test_a_page_of_several_networks_keeps_them_apart():
    """Each script looks for places of its own network only; a still is drawn by the script beside it."""
    one, other = NetworkExplorer(classic_unet()), NetworkExplorer(encoder())
    pages = [
        stills.add_still(explorer._repr_mimebundle_()[0]["text/html"]) for explorer in (one, other)
    ]
    names = [re.search(r'data-network="(\w+)"', page)[1] for page in pages]
    assert names[0] != names[1]
    for page, name, explorer in zip(pages, names, (one, other), strict=True):
        assert f'"network":"{name}"' in page
        assert html.escape(f'alt="{explorer.text}"', quote=False) in page


def test_a_dozen_variants_of_an_ordinary_network_stay_small():
    networks = {
        (w, d): classic_unet(base_filters=w, depth=d) for w in (8, 16, 32, 64) for d in (3, 4, 5)
    }
    assert len(NetworkExplorer(networks)._esm.encode()) < 60_000


@pytest.mark.parametrize(("network", "error", "wording"), [
    (3, TypeError, "an explorer draws a Network, got 3; try from_onnx(path, side=N)"),
    (classic_unet(256), ValueError, "N x N input, got classic U-Net, 256 x 256 x 1 in; read or build it with side=N"),
    (classic_unet((N, 2 * N)), ValueError, "the side N of an N x N input, got classic U-Net, N x 2*N x 1 in"),
    (pix2pix_unet(depth=3), ValueError, "the side alone, got the letters ['C'] too; give numbers for them"),
    ({}, TypeError, "several networks come as {(width, depth): network}, got the keys []"),
    ({8: classic_unet()}, TypeError, "several networks come as {(width, depth): network}, got the keys [8]"),
    (dict.fromkeys([(1, 2), (2, 3)], classic_unet()), ValueError, "must come with each depth, and (1, 3) is missing"),
])  # fmt: skip
def test_what_cannot_be_shown_says_why(network, error, wording):
    with pytest.raises(error, match=re.escape(wording)):
        NetworkExplorer(network)


def test_rules_that_leave_no_even_range_of_sides_are_told():
    few, one = (
        Network("small", Tensor(N, N, 1), classic_unet().steps, (Rule(f"{most} >= N", most - N),))
        for most in (50, 20)
    )
    side = NetworkExplorer(few)._spec()["controls"][0]
    assert (side["low"], side["high"]) == (16, 48)
    with pytest.raises(
        ValueError,
        match=re.escape("an explorer needs sides in equal steps, got [16] where 20 >= N"),
    ):
        NetworkExplorer(one)


def alone(layer, name="net"):
    """A network of one layer."""
    x = Tensor(N, N, 3)
    return Network(name, x, (Step("a", layer, (x,), ("input",), 0, "a", "encoder"),))


def test_a_network_without_macs_or_with_letters_as_channels_is_refused():
    with pytest.raises(
        ValueError, match=r"^an explorer needs a network with MACs, got none in \\x1b"
    ):
        NetworkExplorer(alone(ReLU(), "\x1b" * 5000))
    with pytest.raises(
        ValueError, match=r"^an explorer needs channels that are numbers, got letters there$"
    ):
        NetworkExplorer(alone(Conv2D(N, 3)))


@pytest.mark.parametrize("rules", [200, 201, 1900])
def test_many_rules_have_common_sides_or_are_refused(rules):
    x, steps = Tensor(N, N, 1), []
    for place in range(rules):
        layer = Conv2D(1, 3, padding="valid") if place else Conv2D(1, 3)
        steps.append(
            Step(
                str(place), layer, (x,), (steps[-1].name if steps else "input",), 0, "a", "encoder"
            )
        )
        x = steps[-1].output
    network = Network("deep", Tensor(N, N, 1), tuple(steps))
    if rules == 200:
        assert sides(network)["low"] == 2 * rules - 1
        return
    said = f"^an explorer tries sides by at most 200 rules and heights, got {rules:,}$"
    with pytest.raises(ValueError, match=said):
        sides(network)
