"""The roofline: counts become the least seconds; what fusing leaves to move is what XLA's own analysis says."""

import csv
import re
from dataclasses import replace
from importlib.resources import files

import pytest
import sympy as sp

from unet_complexity import (
    Activation,
    BatchNormalization,
    Concatenate,
    Conv2D,
    LeakyReLU,
    ReLU,
    Step,
    Tensor,
    UpSampling2D,
    classic_unet,
    pix2pix_unet,
)
from unet_complexity.engineering.readers.networks import ModelNetwork, Shapes
from unet_complexity.engineering.readers.reading import Unknown
from unet_complexity.engineering.roofline import MACHINES, Machine, roofline
from unet_complexity.layers import (
    Add,
    AveragePooling2D,
    Cropping2D,
    Dropout,
    MaxPooling2D,
    Multiply,
)
from unet_complexity.symbols import C, L, N, b, c, e, g, h, k, w

SLOW = Machine("slow", 100, 10)
ASKED = pix2pix_unet(side=256, in_channels=3)


def network(image, *layers):
    """Steps in a row, named by their place; a layer may name its sources."""
    shapes, steps = {"input": image}, []
    for place, one in enumerate(layers):
        layer, sources = (
            one if isinstance(one, tuple) else (one, (steps[-1].name if steps else "input",))
        )
        step = Step(
            str(place), layer, tuple(shapes[name] for name in sources), sources, 0, "a", "encoder"
        )
        steps.append(step)
        shapes[step.name] = step.output
    return ModelNetwork("small", Shapes(input=image), tuple(steps))


def moved(net, fused):
    return [kernel.bytes for kernel in roofline(net, SLOW, fused=fused)]


def test_unfused_bytes_are_the_costs_own():
    found = roofline(ASKED, SLOW)
    assert sum(kernel.bytes for kernel in found) == ASKED.total().bytes() == 427_174_412
    assert sum(kernel.flops for kernel in found) == ASKED.total().flops
    assert [kernel.name for kernel in found] == [step.name for step in ASKED]


def test_fused_bytes_of_the_asked_network_by_hand():
    """Every convolution reads small maps, once each, and its weights; what it writes is written once."""
    maps = {f"d{i}": (256 // 2**i) ** 2 * 64 * min(2 ** (i - 1), 8) for i in range(1, 8)}
    maps |= {f"u{7 - i}": maps[f"d{i}"] for i in range(1, 7)} | {
        "image": 256**2 * 3,
        "out": 256**2 * 3,
    }
    read = {"d1": ["image"], "u1": ["d7"], "out": ["u6", "d1"]}
    read |= {f"d{i}": [f"d{i - 1}"] for i in range(2, 8)} | {
        f"u{i}": [f"u{i - 1}", f"d{8 - i}"] for i in range(2, 7)
    }
    elements = {block: maps[block] + sum(maps[name] for name in read[block]) for block in read}
    found = roofline(ASKED, SLOW, fused=True)
    params = {name: block.total().params for name, block in ASKED.groups("block").items()}
    assert len(found.kernels) == 14
    assert {kernel.steps[-1].block: kernel.bytes for kernel in found} == {
        name: 4 * (elements[name] + params[name]) for name in read
    }
    assert sum(kernel.flops for kernel in found) == ASKED.total().flops


# Copies, elementwise layers and both together, as XLA runs them: one kernel that reads and writes what we say.
X = Tensor(8, 8, 4)
CHAINS = [
    network(X, ReLU()),
    network(X, LeakyReLU(0.2), Activation("tanh")),
    network(X, UpSampling2D(2)),
    network(X, UpSampling2D(2), ReLU()),
    network(X, UpSampling2D((2, 3)), Cropping2D(1), Activation("sigmoid")),
    network(X, LeakyReLU(0.2), Activation("tanh"), (Add(), ("0", "1"))),
    network(X, (Concatenate(), ("input", "input")), UpSampling2D(2), ReLU()),
]


@pytest.mark.parametrize(
    "net", CHAINS, ids=lambda net: "+".join(type(step.layer).__name__ for step in net)
)
def test_what_a_fused_kernel_moves_is_what_xla_says(net):
    import jax
    import keras

    from tools.in_keras import in_keras

    def run(image):
        maps = {"input": image}
        for step in net:
            sources = [maps[name] for name in step.sources]
            maps[step.name] = in_keras(keras, step.layer)(
                sources if len(sources) > 1 else sources[0]
            )
        return maps[net.steps[-1].name]

    x = jax.ShapeDtypeStruct((1, 8, 8, 4), "float32")
    analysis = jax.jit(run).lower(x).compile().cost_analysis()
    assert moved(net, fused=True) == [analysis["bytes accessed"]]


@pytest.mark.parametrize(
    ("layers", "kernels"),
    [
        ((Conv2D(4, 3), BatchNormalization(), ReLU(), Conv2D(4, 3)), ["0 + 1 + 2", "3"]),
        (
            (ReLU(), Conv2D(4, 3)),
            ["0", "1"],
        ),  # no step computes the image, so the ReLU begins a kernel
        ((Conv2D(4, 3), AveragePooling2D(2), ReLU()), ["0", "1 + 2"]),
        ((Conv2D(4, 3), UpSampling2D(2), ReLU(), Conv2D(4, 3)), ["0", "1 + 2", "3"]),
        ((Conv2D(4, 3), UpSampling2D(2, "bilinear"), Conv2D(4, 3)), ["0", "1", "2"]),
        ((Conv2D(4, 3), UpSampling2D(2)), ["0 + 1"]),  # the end is written as it is
        ((UpSampling2D(2), Conv2D(4, 3)), ["0 + 1"]),
        ((Conv2D(4, 3), (Conv2D(4, 3), ("0",)), (Add(), ("1", "0")), ReLU()), ["0", "1 + 2 + 3"]),
        ((Conv2D(4, 3), ReLU(), (Conv2D(4, 3), ("0",)), (Add(), ("2", "1"))), ["0 + 1", "2 + 3"]),
        # an addition waits for what it needs, also if another of its inputs was written later, or through a copy
        ((Conv2D(4, 3), Conv2D(4, 3), (ReLU(), ("0",)), (Add(), ("2", "1"))), ["0 + 2", "1 + 3"]),
        (
            (Conv2D(4, 3), Conv2D(4, 3, 2), UpSampling2D(2), (Add(), ("0", "2"))),
            ["0", "1", "2 + 3"],
        ),
    ],
)
def test_what_runs_at_one_go(layers, kernels):
    assert [kernel.name for kernel in roofline(network(X, *layers), SLOW, fused=True)] == kernels


def test_a_map_that_several_read_is_written_once_and_read_by_each():
    net = network(
        X,
        Conv2D(4, 1, use_bias=False),
        ReLU(),
        (Conv2D(4, 1, use_bias=False), ("0",)),
        (Add(), ("2", "1")),
    )
    assert moved(net, fused=True) == [4 * (256 + 16 + 2 * 256), 4 * (2 * 256 + 16 + 256)]


def test_the_end_is_written_as_it_is_and_only_so():
    net = network(X, Conv2D(4, 1, use_bias=False), UpSampling2D(2))
    assert moved(net, fused=True) == [4 * (256 + 16 + 1024)]


def test_every_output_is_written():
    net = network(
        X,
        Conv2D(4, 1, use_bias=False),
        ReLU(),
        UpSampling2D(2),
        Conv2D(4, 1, use_bias=False),
    )
    first, second = 4 * (256 + 16), 4 * (256 + 16 + 1024)
    assert moved(net, fused=True) == [first + 4 * 256, second]
    both = replace(net, outputs=("0", "3"))
    assert moved(both, fused=True) == [first + 4 * (256 + 256), second]
    copied = replace(net, outputs=("2", "3"))
    assert moved(copied, fused=True) == [first + 4 * 1024, 4 * (1024 + 16 + 1024)]


@pytest.mark.parametrize(
    "layer",
    [
        MaxPooling2D(3, strides=1, padding="same"),
        AveragePooling2D(3, strides=1, padding="same"),
        UpSampling2D(1, interpolation="bilinear"),
    ],
)
def test_what_looks_around_begins_a_kernel_even_if_the_map_keeps_its_shape(layer):
    net = network(X, Conv2D(4, 3), layer)
    assert [len(one.steps) for one in roofline(net, SLOW, fused=True)] == [1, 1]


@pytest.mark.parametrize("sources", [("0", "2"), ("2", "0")])
def test_the_order_of_the_inputs_does_not_matter_for_fusing(sources):
    gate = Conv2D(1, 3), ("input",)
    net = network(X, Conv2D(4, 3), gate, (Activation("sigmoid"), ("1",)), (Multiply(), sources))
    kernels = [[step.name for step in one.steps] for one in roofline(net, SLOW, fused=True)]
    assert kernels == [["0"], ["1", "2", "3"]]


def test_less_is_moved_fused_than_not_and_the_same_is_calculated():
    for net in (
        ASKED,
        classic_unet(256),
        classic_unet(256, up="upsample"),
        classic_unet(572, padding="valid"),
    ):
        plain, fused = (roofline(net, SLOW, fused=one) for one in (False, True))
        assert sum(one.bytes for one in fused) < sum(one.bytes for one in plain)
        assert (
            sum(one.flops for one in fused) == sum(one.flops for one in plain) == net.total().flops
        )
        assert fused.seconds <= plain.seconds
        assert sorted(step.name for one in fused for step in one.steps) == sorted(
            step.name for step in net
        )


def test_seconds_are_those_of_what_binds():
    conv, relu = roofline(network(X, Conv2D(4, 3), ReLU()), SLOW)
    assert (conv.flops, conv.bytes) == (2 * 36 * 256 + 256, 4 * (256 + 148 + 256))
    assert (conv.compute_seconds, conv.memory_seconds) == (186.88, 264)
    assert (conv.seconds, conv.bound, conv.intensity) == (264, "memory", 18688 / 2640)
    assert (relu.flops, relu.bytes, relu.seconds, relu.bound) == (256, 2048, 204.8, "memory")
    fast = Machine("fast memory", 100, 1000)
    assert [kernel.bound for kernel in roofline(network(X, Conv2D(4, 3), ReLU()), fast)] == [
        "compute",
        "compute",
    ]
    both = roofline(network(X, Conv2D(4, 3), ReLU()), SLOW)
    assert both.seconds == 264 + 204.8
    assert repr(both) == "<small on slow: 2 kernels, at least 468.8 s>"


def test_at_the_ridge_both_take_as_long():
    (relu,) = roofline(network(X, ReLU()), Machine("even", 1, 8))
    assert relu.intensity == relu.machine.ridge == 1 / 8
    assert (relu.compute_seconds, relu.memory_seconds, relu.bound) == (256, 256, "compute")


def test_a_batch_repeats_maps_and_flops_and_a_dtype_sets_the_bytes():
    one, four = (roofline(ASKED, SLOW, batch=batch) for batch in (1, 4))
    for single, several in zip(one, four, strict=True):
        params = 4 * sum(step.cost.params for step in single.steps)
        assert several.flops == 4 * single.flops
        assert several.bytes - params == 4 * (single.bytes - params)
    half, two = (sum(k.bytes for k in roofline(ASKED, SLOW, dtype)) for dtype in ("float16", 2))
    assert half == two == sum(k.bytes for k in one) / 2


def test_letters_give_the_numbers_when_they_are_put_in():
    letters = roofline(
        pix2pix_unet(N, C, base_filters=g), MACHINES["NVIDIA T4"], dtype=e, batch=b, fused=True
    )
    numbers = roofline(ASKED, MACHINES["NVIDIA T4"], batch=4, fused=True)
    values = {N: 256, C: 3, g: 64, b: 4, e: 4}
    for one, other in zip(letters, numbers, strict=True):
        assert (one.flops.subs(values), one.bytes.subs(values)) == (other.flops, other.bytes)
        assert float(one.seconds.subs(values)) == pytest.approx(other.seconds)


def test_a_machine_may_have_letters_too():
    peak, bandwidth = sp.symbols("P B", integer=True, positive=True)
    (relu,) = roofline(network(X, ReLU()), Machine("any", peak, bandwidth))
    assert relu.seconds == sp.Max(256 / peak, 2048 / bandwidth)
    assert relu.machine.ridge == peak / bandwidth


def test_a_machine_is_more_than_its_name() -> None:
    with pytest.raises(
        TypeError,
        match=r"^machine must be a Machine, got 'NVIDIA T4'; try MACHINES\['NVIDIA T4'\]$",
    ):
        roofline(pix2pix_unet(128), "NVIDIA T4")  # type: ignore[arg-type]


def test_letters_that_leave_no_doubt_settle_what_binds_and_others_do_not():
    image = Tensor(h, w, c)
    assert next(iter(roofline(network(image, ReLU()), SLOW))).bound == "memory"
    (conv,) = roofline(network(image, Conv2D(1, k)), SLOW)
    with pytest.raises(
        ValueError, match=r"^the bound of 0 depends on its letters, got .* a ridge of 10"
    ):
        conv.bound  # noqa: B018


def test_every_intensity_grows_with_the_batch_at_most_to_that_of_its_maps():
    d7 = next(kernel for kernel in roofline(ASKED, SLOW) if kernel.name == "d7.conv")
    many = next(kernel for kernel in roofline(ASKED, SLOW, batch=64) if kernel.name == "d7.conv")
    assert d7.intensity < 2.1
    assert many.intensity > 40 * d7.intensity


def test_the_table_of_machines_is_sorted_and_names_each_once():
    text = files("unet_complexity.engineering").joinpath("machines.csv").read_text("utf-8")
    header, *rows = csv.reader(text.splitlines())
    assert header == ["name", "flops_per_second", "bytes_per_second", "memory", "source", "date"]
    names = [row[0] for row in rows]
    assert names == sorted(set(names)) == list(MACHINES)
    assert len(rows) >= 20
    for name, flops, moved, memory, source, date in rows:
        machine = MACHINES[name]
        rates = str(machine.flops_per_second), str(machine.bytes_per_second)
        assert rates == (flops, moved)
        assert memory == ("" if machine.memory is None else str(machine.memory))
        assert machine.source == f"{source} ({date})"
        assert len(source) > 10
        assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", date)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=str)
def test_machines_have_possible_figures(machine):
    assert machine.flops_per_second > machine.bytes_per_second > 10**9
    assert machine.memory is None or 10**9 <= machine.memory < 10**12
    assert 0.5 < machine.ridge < 1000


@pytest.mark.parametrize(("name", "flops", "moved", "memory"), [
    ("AMD Opteron X2 2214", 17_600_000_000, 15_000_000_000, None),
    ("NVIDIA T4", 8_100_000_000_000, 320_000_000_000, 16_000_000_000),
    ("NVIDIA H100 SXM", 67_000_000_000_000, 3_350_000_000_000, 80_000_000_000),
    ("AMD EPYC 7763", 5_017_600_000_000, 204_800_000_000, None),
    ("Raspberry Pi 5", 153_600_000_000, 17_000_000_000, None),
    ("Fujitsu A64FX", 6_144_000_000_000, 1_024_000_000_000, 34_359_738_368),
])  # fmt: skip
def test_figures_of_some_machines(name, flops, moved, memory):
    machine = MACHINES[name]
    assert (machine.flops_per_second, machine.bytes_per_second) == (flops, moved)
    assert machine.memory == memory


@pytest.mark.parametrize(("name", "lanes", "megahertz"), [
    ("AMD EPYC 7763", 64 * 16, 2450),
    ("AMD Instinct MI250X", 220 * 64, 1700),
    ("AMD Instinct MI300X", 304 * 128, 2100),
    ("Fujitsu A64FX", 48 * 2 * 16, 2000),
    ("Intel Xeon E5-2698 v3", 16 * 16, 2300),
    ("NVIDIA GeForce GTX 1080 Ti", 3584, 1582),
    ("NVIDIA GeForce RTX 2080 Ti", 4352, 1635),
    ("NVIDIA GeForce RTX 3090", 10496, 1695),
    ("NVIDIA GeForce RTX 4090", 16384, 2520),
    ("NVIDIA Jetson AGX Orin 64GB", 2048, 1300),
    ("NVIDIA Jetson Nano", 128, 921),
    ("NVIDIA Jetson Orin Nano 8GB", 1024, 625),
    ("NVIDIA Jetson TX2", 256, 1300),
    ("Raspberry Pi 5", 4 * 8, 2400),
])  # fmt: skip
def test_a_peak_is_two_operations_a_lane_and_clock(name, lanes, megahertz):
    peak = 2 * lanes * megahertz * 10**6
    assert MACHINES[name].flops_per_second == pytest.approx(peak, rel=0.01)


@pytest.mark.parametrize(("name", "bits", "megabits_per_second"), [
    ("AMD Instinct MI100", 4096, 2400),
    ("AMD Radeon RX 7900 XTX", 384, 20_000),
    ("Apple M1", 128, 4266),
    ("Intel Xeon E5-2698 v3", 4 * 64, 2133),
    ("NVIDIA GeForce GTX 1080 Ti", 352, 11_000),
    ("NVIDIA GeForce RTX 2080 Ti", 352, 14_000),
    ("NVIDIA GeForce RTX 4090", 384, 21_000),
    ("NVIDIA Jetson AGX Orin 64GB", 256, 6400),
    ("Raspberry Pi 5", 32, 4267),
    ("Valve Steam Deck LCD", 4 * 32, 5500),
])  # fmt: skip
def test_a_bandwidth_is_width_times_rate(name, bits, megabits_per_second):
    bandwidth = bits // 8 * megabits_per_second * 10**6
    assert MACHINES[name].bytes_per_second == pytest.approx(bandwidth, rel=0.01)


def test_the_ridge_of_williams_example():
    """Figure 1a: the roof of the Opteron X2 begins a little above one FLOP per byte."""
    assert round(MACHINES["AMD Opteron X2 2214"].ridge, 2) == 1.17


@pytest.mark.parametrize(
    ("call", "wording"),
    [
        (lambda: Machine("x", 0, 1), "flops_per_second must be at least 1, got 0; try 1"),
        (lambda: Machine("x", 1, 1, memory=0), "memory must be at least 1, got 0; try 1"),
        (
            lambda: Machine("x", 1, 1.5e9),
            "bytes_per_second must be a whole number or a letter, got 1500000000.0",
        ),
        (lambda: roofline(ASKED, SLOW, batch=0), "batch must be at least 1, got 0; try 1"),
        (
            lambda: roofline(ASKED, SLOW, "float8"),
            "dtype must be one of 'float64', 'float32', 'float16', 'bfloat16', 'int8'",
        ),
        (
            lambda: roofline(ASKED, SLOW, 2.5),
            "dtype (bytes per element) must be a whole number or a letter, got 2.5",
        ),
        (
            lambda: roofline(pix2pix_unet(N, 3, depth=L), SLOW, fused=True),
            "fusing needs numbers for the depth and its doublings, since each map lives for itself, got levels",
        ),
        (
            lambda: roofline(ASKED.only(Conv2D), SLOW, fused=True),
            "fusing needs the whole network, since maps wait for later steps, got d2.conv without d1.act",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_the_rule(call, wording):
    with pytest.raises((TypeError, ValueError), match=re.escape(wording)):
        call()


def test_a_depth_of_letters_and_a_part_have_bounds_where_nothing_is_fused():
    deep = roofline(pix2pix_unet(N, 3, depth=L), SLOW)
    assert (
        sp.expand(sum(kernel.flops for kernel in deep) - pix2pix_unet(N, 3, depth=L).total().flops)
        == 0
    )
    assert len(roofline(ASKED.only(Conv2D), SLOW).kernels) == 14


TWO = Machine("two", 2_000_000_000, 1_000_000_000)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("by", ["layer", "block", "level", "part"])
def test_a_table_adds_up_and_says_what_binds(by, fused):
    found = roofline(ASKED, TWO, batch=2, fused=fused)
    table = found.table(by)
    assert [sum(row[i] for row in table.rows) for i in (2, 3)] == [*table.total[2:4]]
    assert table.total[2:4] == (2 * ASKED.total().flops, sum(kernel.bytes for kernel in found))
    assert (
        sum(row[4] for row in table.rows)
        == pytest.approx(table.total[4])
        == pytest.approx(1e6 * found.seconds)
    )
    fits = "fused" if fused else "nothing fused"
    assert (
        table.title
        == f"pix2pix U-Net, 256 x 256 x 3 in, batch 2, float32, {fits}, on two (2 GFLOP/s, 1 GB/s)"
    )
    if by == "layer":
        assert [row[:2] for row in table.rows] == [(kernel.name, kernel.bound) for kernel in found]
    names = {"block": list(ASKED.groups("block")), "level": [*map(str, range(8))]}
    assert [row[0] for row in table.rows] == names.get(by, [row[0] for row in table.rows])


def test_a_row_in_which_both_bind_says_for_which_share_of_the_time():
    net = network(Tensor(8, 8, 1), Conv2D(1, 8, use_bias=False), UpSampling2D(2))
    rows = roofline(net, Machine("", 10**6, 10**6), "int8").table("block").rows
    compute, memory = 2 * 8**4, 64 + 256
    share = compute / (compute + memory)
    assert rows == (
        (
            "a",
            f"compute {share:.1%}, memory {1 - share:.1%}",
            compute,
            64 + 64 + 64 + memory,
            compute + memory,
        ),
    )
    assert str(roofline(net, TWO)).endswith("100.00")
    assert " 5.4</td>" in roofline(net, TWO)._repr_html_()


def test_a_view_takes_no_time_and_binds_nothing():
    net = network(X, Dropout(0.5), ReLU())
    ((_, bound, *_, microseconds),) = roofline(net, SLOW).table("block").rows
    assert (bound, microseconds) == ("memory", 1e6 * 2048 / 10)


def test_a_step_that_reads_nothing_and_is_returned_is_a_kernel():
    """A file may make a map of random numbers, which no count covers."""
    made = Step("made", Unknown("RandomNormal", "made", X), (), (), 0, "a", "encoder")
    net = replace(network(X, ReLU()), outputs=("0", "made"))
    net = replace(net, steps=(*net.steps, made))
    assert [kernel.name for kernel in roofline(net, SLOW, fused=True)] == ["0", "made"]


def test_a_table_of_seconds_wants_numbers():
    found = roofline(pix2pix_unet(), TWO)
    with pytest.raises(
        ValueError,
        match=re.escape("a table of seconds needs numbers, got pix2pix U-Net, N x N x C in"),
    ):
        found.table()
    assert (str(found), found._repr_html_()) == (repr(found), None)
    with pytest.raises(
        ValueError, match="by must be one of 'layer', 'block', 'level', 'part', got 'row'"
    ):
        roofline(ASKED, TWO).table("row")
