"""A network with one size moved costs what the network costs that is built with that size."""

import json

import pytest

from tools import notebooks
from unet_complexity import ReLU, Tensor, classic_unet, pix2pix_unet
from unet_complexity.engineering import MACHINES, from_onnx, roofline, variants
from unet_complexity.engineering.command import FIXED, main
from unet_complexity.engineering.variants import usual_moves
from unet_complexity.memory import peak
from unet_complexity.symbols import N
from unet_complexity.unets.builder import Builder

T4 = MACHINES["NVIDIA T4"]
BYTES = {"float32": 4, "float16": 2}


def costs(net, batch=1, dtype="float32"):
    """MACs, parameters, peak and least time, by other ways than the table's."""
    total = net.total()
    held = BYTES[dtype] * (total.params + batch * peak(net).elements)
    kernels = roofline(net, T4, dtype, batch).kernels
    rates = T4.flops_per_second, T4.bytes_per_second
    least = sum(max(each.flops / rates[0], each.bytes / rates[1]) for each in kernels)
    return total.macs, total.params, held, pytest.approx(1e6 * least)


def pix2pix(**moved):
    return pix2pix_unet(**({"side": 256, "in_channels": 3} | moved))


def classic(**moved):
    return classic_unet(**({"side": 64} | moved))


def upsampled(**moved):
    return classic(**({"up": "upsample"} | moved))


def small(side=64):
    return from_onnx(str(notebooks.FOLDER / "models" / "unet-16-3.onnx"), side)


SETTINGS = [
    ("twice the batch", "batch=2", {}, {"batch": 2}),
    ("float16 for float32", "dtype=float16", {}, {"dtype": "float16"}),
    ("as it is", "", {}, {}),
]
SIDES = [
    ("half the side", "side=(32, 32)", {"side": 32}, {}),
    ("twice the side", "side=(128, 128)", {"side": 128}, {}),
]
CASES = {
    "pix2pix": (pix2pix, [
        ("half the width", "base_filters=32", {"base_filters": 32}, {}),
        ("one level less", "depth=6", {"depth": 6}, {}),
        ("3 x 3 for 4 x 4 kernels", "kernel_size=3", {"kernel_size": 3}, {}),
        ("half the side", "side=(128, 128)", {"side": 128}, {}),
        ("twice the side", "side=(512, 512)", {"side": 512}, {}),
        *SETTINGS,
    ]),
    "classic": (classic, [
        ("half the width", "base_filters=32", {"base_filters": 32}, {}),
        ("one level less", "depth=3", {"depth": 3}, {}),
        ("2 x 2 for 3 x 3 kernels", "kernel_size=2", {"kernel_size": 2}, {}),
        ("upsampling + convolution for transposed ones", "up=upsample", {"up": "upsample"}, {}),
        *SIDES,
        *SETTINGS,
    ]),
    "upsampled": (upsampled, [
        ("half the width", "base_filters=32", {"base_filters": 32}, {}),
        ("one level less", "depth=3", {"depth": 3}, {}),
        ("2 x 2 for 3 x 3 kernels", "kernel_size=2", {"kernel_size": 2}, {}),
        ("transposed convolutions for upsampling", "up=transpose", {"up": "transpose"}, {}),
        *SIDES,
        *SETTINGS,
    ]),
    "a file": (small, [*SIDES, *SETTINGS]),
}  # fmt: skip


@pytest.mark.parametrize(("build", "cases"), CASES.values(), ids=CASES)
def test_each_row_is_the_network_built_so(build, cases):
    table = variants(build(), machine=T4)
    rows = [*table.rows, table.total]
    assert [row[:2] for row in rows] == [case[:2] for case in cases]
    for row, (_, _, moved, setting) in zip(rows, cases, strict=True):
        assert row[2:] == costs(build(**moved), **setting)
    assert "not possible" not in table.title


def test_the_width_follows_the_formula():
    """g N^2 (576 C + 1049 g)/16, with half of g = 64."""
    (row,) = variants(pix2pix(), {"narrow": {"base_filters": 32}}).rows
    assert row[:3] == ("narrow", "base_filters=32", 32 * 256**2 * (576 * 3 + 1049 * 32) // 16)


def test_without_a_machine_there_are_no_seconds_and_several_sizes_may_move_at_once():
    table = variants(pix2pix(), {"small": {"base_filters": 16, "batch": 8}}, batch=4)
    assert table.header == ("variant", "moved", "MACs", "parameters", "peak, bytes")
    assert table.rows[0][1:] == (
        "base_filters=16, batch=8",
        *costs(pix2pix(base_filters=16), 8)[:3],
    )
    assert table.total[2:] == costs(pix2pix(), 4)[:3]


def test_what_is_not_possible_is_named_with_its_reason():
    table = variants(classic(side=16, depth=4, base_filters=1))
    assert [row[0] for row in table.rows][:2] == ["one level less", "2 x 2 for 3 x 3 kernels"]
    assert (
        "; half the width is not possible: base_filters must be at least 1, got 0; try 1; half the side is not "
        "possible: side must be a multiple of 2**depth = 16, got 8; sides near it that work: 16"
    ) in table.title


def test_the_smallest_type_has_no_half():
    assert "twice the batch" in usual_moves(classic(), dtype="int8")
    assert not any("int8" in name for name in usual_moves(classic(), dtype="int8"))


def test_what_has_no_variants_is_a_sentence():
    with pytest.raises(ValueError, match="memory in bytes needs sizes in numbers, got classic"):
        variants(classic_unet(N))
    net = Builder(Tensor(4, 4, 1))
    net.block("only", 0, "encoder")
    net.add("act", ReLU())
    for part in (classic().only(ReLU), net.network("chain", [])):
        with pytest.raises(ValueError, match="variants need a whole network with every layer"):
            variants(part)


def test_the_command_prints_the_table_and_the_same_as_csv_and_json(capsys):
    asked = ["--classic", "64", "--what-if", "--batch", "2", "--machine", "NVIDIA T4"]
    table = variants(classic(), batch=2, machine=T4)
    assert main(asked) == 0
    assert capsys.readouterr().out == f"{table}\n"
    assert main([*asked, "--csv"]) == 0
    assert capsys.readouterr().out == table.to_csv()
    assert main([*asked, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["setting"], data["note"]) == (table.title, None)
    assert [tuple(row.values()) for row in data["rows"]] == [*table.rows, table.total]
    keys = ["name", "moved", "macs", "params", "peak_bytes", "microseconds"]
    assert [*data["rows"][0]] == keys


def test_of_a_file_the_command_says_what_is_fixed(capsys):
    model = str(notebooks.FOLDER / "models" / "unet-16-3.onnx")
    assert main([model, "--side", "64", "--what-if"]) == 0
    assert capsys.readouterr().out == f"{variants(small())}\n{FIXED}\n"
    assert main([model, "--side", "64", "--what-if", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["note"] == FIXED
