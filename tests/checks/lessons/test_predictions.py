"""The predictions of all lessons: their outcomes, as they are shown and as the package computes them."""

from dataclasses import replace

import pytest

from unet_complexity import Conv2D, Tensor, UpSampling2D, classic_unet, pix2pix_unet
from unet_complexity.checks.lessons import PREDICTIONS
from unet_complexity.checks.lessons.notebook_03 import share_left
from unet_complexity.checks.lessons.notebook_07 import in_the_file
from unet_complexity.engineering.conventions import conventions
from unet_complexity.engineering.measured import cases, exponent, machine
from unet_complexity.engineering.reach import seen_by
from unet_complexity.engineering.roofline import roofline
from unet_complexity.layers import Convolution
from unet_complexity.layers.phased import phase_offsets
from unet_complexity.memory import peak
from unet_complexity.symbols import c, f, k, n


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("a doubled side", "x 4"),
        ("convolution after a copy", "x 4"),
        ("share after copies", "88.85 %"),
        ("6 x 6 pixels", "324 or 256"),
        ("2 channels, 4 filters", "x 8"),
        ("twice as wide", "x 4"),
        ("twice the kernel", "x 3.9948"),
        ("elements of 4 x 4 x 3", "192"),
        ("multiplications of 4 x 4 x 3", "0"),
        ("the larger pass", "the second"),
        ("fewest pixels", "4"),
        ("most pixels", "9"),
        ("a smaller kernel", "a larger share"),
        ("largest block", "u4 or u5 or u6"),
        ("fourteen steps", "x 1.0065"),
        ("parameters of twice the filters", "x 3.999"),
        ("memory of twice the filters", "x 1.953"),
        ("parameters of twice the depth", "x 256.6"),
        ("fullest moment", "16.78 million"),
        ("width of a view", "204 pixels or 188 pixels"),
        ("largest by smallest", "x 2"),
        ("tools that count a copy", "10"),
        ("seconds of the copies", "5.2 %"),
        ("seconds of the last convolution", "16 %"),
        ("twice the bandwidth", "x 1.021"),
        ("power of the side", "N^1.86"),
        ("busiest level of the file", "level 1 or level 2"),
        ("memory on the top level", "55.9 %"),
        ("the file twice as wide", "x 3.975"),
    ],
)
def test_outcomes_are_those_of_the_notebooks(name, outcome):
    assert PREDICTIONS[name].was() == outcome


def test_every_outcome_is_tested_above():
    (mark,) = test_outcomes_are_those_of_the_notebooks.pytestmark
    assert [name for name, _ in mark.args[1]] == list(PREDICTIONS)


SMALL = Tensor(4, 4, 3)
TOOLS = [tool for tool in conventions.values() if tool.unit != "parameters"]


def asked(**sizes):
    return pix2pix_unet(**{"side": 256, "in_channels": 3, **sizes})


def growth(measure, before, after, digits=3):
    return round(float(measure(after) / measure(before)), digits)


def percent(part, whole, digits=1):
    return round(float(100 * part / whole), digits)


def busiest(network, by):
    macs = {name: group.total().macs for name, group in network.groups(by).items()}
    return [name for name, count in macs.items() if count == max(macs.values())]


def on_six_pixels(channels, filters):
    return Conv2D(filters, 3, use_bias=False).cost(Tensor(6, 6, channels))


def pixels():
    """Numbers of small pixels that the rows of a 4 x 4 window see; its columns see the same."""
    return [len(set(offsets)) for offsets in phase_offsets(k=4, s=2)]


def larger_pass():
    rows = UpSampling2D((2, 1))
    first, second = rows.cost(SMALL), UpSampling2D((1, 2)).cost(rows.output(SMALL))
    return "the first" if first.writes > second.writes else "the second"


def runs_per_second(bandwidth):
    fast = replace(machine(), bytes_per_second=bandwidth * machine().bytes_per_second)
    return 1 / roofline(asked(), fast).seconds


def power_of_the_side():
    measured = cases("onnxruntime").items()
    times = {side: case.whole.median for (side, batch), case in measured if batch == 1}
    return round(exponent(times, times.values()), 2)


def last_convolution():
    case = cases("pytorch")[256, 1]
    return percent(case.layers["out.conv"].median, case.together)


def on_top():
    network = in_the_file(side=256).only(Convolution)
    return percent(network.groups("level")[0].total().writes, network.total().writes)


def views():
    """Widths of the receptive fields in the middle of the output, the largest first."""
    net = classic_unet(side=256)
    seen = seen_by(net, net.outputs[0], 0, range(112, 144))
    return tuple(sorted({last - first + 1 for first, last in seen}, reverse=True))


COMPUTED = {
    "a doubled side": lambda: growth(
        lambda side: UpSampling2D(2).cost(Tensor(side, side, 3)).writes, 4, 8
    ),
    "convolution after a copy": lambda: growth(
        lambda x: Conv2D(f, k).cost(x).macs,
        Tensor(n, n, c),
        UpSampling2D(2).output(Tensor(n, n, c)),
    ),
    "share after copies": lambda: percent(
        asked().groups("part")["decoder"].total().macs, asked().total().macs, digits=2
    ),
    "6 x 6 pixels": lambda: (on_six_pixels(1, 1).macs, on_six_pixels(1, 1).macs_in_bounds),
    "2 channels, 4 filters": lambda: growth(
        lambda sizes: on_six_pixels(*sizes).macs, (1, 1), (2, 4)
    ),
    "twice as wide": lambda: growth(
        lambda times: Conv2D(times * f, k).cost(Tensor(n, n, times * c)).macs, 1, 2
    ),
    "twice the kernel": lambda: growth(
        lambda kernel_size: Conv2D(64, kernel_size).cost(Tensor(6, 6, 64)).params, 3, 6, digits=4
    ),
    "elements of 4 x 4 x 3": lambda: UpSampling2D(2).cost(SMALL).writes,
    "multiplications of 4 x 4 x 3": lambda: UpSampling2D(2).cost(SMALL).macs,
    "the larger pass": larger_pass,
    "fewest pixels": lambda: min(pixels()) ** 2,
    "most pixels": lambda: max(pixels()) ** 2,
    "a smaller kernel": lambda: (
        "a larger share" if share_left(3, 2) > share_left(4, 2) else "a smaller share"
    ),
    "largest block": lambda: tuple(busiest(asked(), "block")),
    "fourteen steps": lambda: growth(
        lambda depth: asked(side=2**14, depth=depth).total().macs, 7, 14, digits=4
    ),
    "parameters of twice the filters": lambda: growth(
        lambda filters: asked(base_filters=filters).total().params, 64, 128
    ),
    "memory of twice the filters": lambda: growth(
        lambda filters: asked(base_filters=filters).only(Convolution).total().writes, 64, 128
    ),
    "parameters of twice the depth": lambda: growth(
        lambda depth: classic_unet(side=256, depth=depth).total().params, 4, 8, digits=1
    ),
    "fullest moment": lambda: round(peak(classic_unet(side=256)).elements / 1e6, 2),
    "width of a view": views,
    "largest by smallest": lambda: growth(
        lambda choose: choose(tool.recorded for tool in TOOLS), min, max, digits=2
    ),
    "tools that count a copy": lambda: sum("upsampling" in tool.parts(asked()) for tool in TOOLS),
    "seconds of the copies": lambda: round(cases("onnxruntime")[256, 1].share(UpSampling2D), 1),
    "seconds of the last convolution": last_convolution,
    "twice the bandwidth": lambda: growth(runs_per_second, 1, 2),
    "power of the side": power_of_the_side,
    "busiest level of the file": lambda: tuple(
        f"level {level}" for level in busiest(in_the_file(side=256), "level")
    ),
    "memory on the top level": on_top,
    "the file twice as wide": lambda: growth(
        lambda width: in_the_file(width, side=256).total().macs, 16, 32
    ),
}


@pytest.mark.parametrize("name", PREDICTIONS)
def test_outcomes_are_what_the_package_computes(name):
    computed = COMPUTED[name]()
    outcomes = computed if isinstance(computed, tuple) else (computed,)
    assert tuple(PREDICTIONS[name].outcomes) == outcomes
