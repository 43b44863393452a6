"""The command line: what it prints for people and for programs, and one sentence for whatever is wrong."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import types

import onnx
import pytest

import unet_complexity
from tools import notebooks
from unet_complexity import Conv2D, ReLU, Tensor, classic_unet, pix2pix_unet
from unet_complexity.closed_form import tidy
from unet_complexity.engineering.command import main, progress
from unet_complexity.engineering.fits import footprint
from unet_complexity.engineering.report import as_json, as_text
from unet_complexity.engineering.roofline import MACHINES, roofline
from unet_complexity.layers import ZeroPadding2D
from unet_complexity.symbols import N
from unet_complexity.unets.builder import Builder


def ask(capsys, *arguments):
    """What the command prints when all is well."""
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refused(capsys, *arguments):
    """The one sentence on stderr."""
    try:
        status = main(arguments)
    except SystemExit as leaving:
        status = leaving.code
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert err.startswith("unet_complexity: ")
    assert err.count("\n") == 1
    return err.removeprefix("unet_complexity: ").rstrip()


def stand_in(monkeypatch, kind="onnx", fixed=False):
    """A reader that knows one network; ``fixed``: tied to its size.  Returns the calls."""
    calls = []

    def read(path, side=None, unknown="error", dims=None):
        calls.append((path, side, unknown))
        if fixed and side is not None:
            raise ValueError("Reshape (flat) asks for 256 x 256;\n  read it as it is")
        return classic_unet(256 if side is None else side, base_filters=8)

    put(monkeypatch, f"readers.{kind}", f"from_{kind}", read)
    return calls


def put(monkeypatch, module, name, function):
    """A function in place of a module of the package."""
    made = types.ModuleType(f"unet_complexity.engineering.{module}")
    setattr(made, name, function)
    monkeypatch.setitem(sys.modules, made.__name__, made)


def test_for_people_there_are_table_totals_conventions_formulas_and_theta(capsys):
    text = ask(capsys, "--pix2pix", "256")
    table, totals, formulas, memory = text.split("\n\n")
    assert table == str(pix2pix_unet(256, 3).table("level"))
    assert re.search(
        r"^MACs +18,052,284,416  dense: taps on the padding count$", totals, re.MULTILINE
    )
    assert re.search(r"^FLOPs +36,120,938,496  2 MACs \+ elementwise ops$", totals, re.MULTILINE)
    assert formulas.startswith("As formulas (pix2pix U-Net, N x N x 3 in; 128 divides the side):\n")
    assert re.search(r"^MACs +275456\*N\*\*2 +Theta\(N\*\*2\)$", formulas, re.MULTILINE)
    assert re.search(r"^parameters +41,843,331  weights", formulas, re.MULTILINE)
    heading, *lines = memory.splitlines()
    assert heading == "Memory in bytes (batch 1, float32, adam; no framework's workspaces):"
    assert lines[6].split() == ["peak", "209,316,364", "789,457,456"]
    assert lines[7] == "The peaks are at out.up (forward) and out.conv (backward)."


def test_formulas_are_collected():
    """FLOPs are a sum of two formulas, which need not share a factor."""
    net = Builder(Tensor(N, N, 1))
    net.block("only", 0, "encoder")
    for layer in (Conv2D(1, 1), ZeroPadding2D(1), ReLU()):
        net.add(type(layer).__name__, layer)
    network = net.network("padded", [])
    assert "FLOPs            4*(N**2 + N + 1)  " in "\n".join(as_text(network, network, "level"))
    assert json.loads(as_json(network, network, "level"))["formulas"]["flops"] == "4*(N**2 + N + 1)"


def test_at_the_letter_the_table_is_in_formulas_and_nothing_is_said_twice(capsys):
    table, formulas = ask(capsys, "--classic", "N").split("\n\n")
    assert table == str(classic_unet(N).table("level"))
    assert formulas.startswith("As formulas (classic U-Net, N x N x 1 in; 16 divides the side):\n")
    assert "733888*N**2 " in formulas


def test_a_table_for_programs_parses_back_to_the_same_integers(capsys):
    header, *rows = csv.reader(
        io.StringIO(ask(capsys, "--classic", "512x256", "--by", "part", "--csv"))
    )
    table = classic_unet((512, 256)).table("part")
    assert header == list(table.header)
    assert [(*row[:2], *map(int, row[2:])) for row in rows] == [*table.rows, table.total]


def counts(cost):
    return {
        "params": cost.params,
        "trainable_params": cost.trainable_params,
        "macs": cost.macs,
        "macs_in_bounds": cost.macs_in_bounds,
        "elementwise_operations": cost.elementwise,
        "flops": cost.flops,
        "elements_read": cost.reads,
        "elements_written": cost.writes,
    }


def test_json_parses_back_to_the_same_integers(capsys):
    data, net = (
        json.loads(ask(capsys, "--pix2pix", "256", "--by", "block", "--json")),
        pix2pix_unet(256, 3),
    )
    assert list(data) == [
        *("network", "inputs", "outputs", "conventions", "not_counted", "total", "by", "rows"),
        *("formulas", "theta", "no_formula", "pixel", "no_pixel", "memory", "seconds"),
    ]
    assert data["seconds"] is None
    assert data["pixel"] == {"receptive_field": [766, 766], "macs": 275_456}
    assert data["no_pixel"] is None
    assert data["memory"] == {
        "batch": 1,
        "dtype": "float32",
        "optimizer": "adam",
        "inference": {
            "step": "out.up",
            "phase": "forward",
            "parameters": 167_373_324,
            "gradients": 0,
            "optimizer": 0,
            "saved_activations": 0,
            "other_maps": 41_943_040,
            "peak": 209_316_364,
        },
        "training": {
            "step": "out.conv",
            "phase": "backward",
            "parameters": 167_373_324,
            "gradients": 167_337_996,
            "optimizer": 334_675_992,
            "saved_activations": 85_729_280,
            "other_maps": 34_340_864,
            "peak": 789_457_456,
        },
    }
    assert data["inputs"] == [{"name": "input", "height": 256, "width": 256, "channels": 3}]
    assert data["outputs"] == [{"name": "out.act", "height": 256, "width": 256, "channels": 3}]
    assert data["total"] == counts(net.total())
    assert data["total"]["flops"] == 36_120_938_496
    assert [row["name"] for row in data["rows"]] == list(net.groups("block"))
    for row, part in zip(data["rows"], net.groups("block").values(), strict=True):
        assert {key: row[key] for key in counts(net.total())} == counts(part.total())
        assert row["output"]["channels"] == part.output.channels
    assert data["formulas"] == {
        key: str(tidy(value)) for key, value in counts(pix2pix_unet(N, 3).total()).items()
    }
    assert (data["theta"]["macs"], data["theta"]["params"], data["no_formula"]) == (
        "N**2",
        "1",
        None,
    )


def test_on_a_machine_there_are_least_seconds_too_for_people_and_for_programs(capsys):
    asked, how = (
        ("--pix2pix", "256", "--by", "part"),
        ("--batch", "8", "--dtype", "float16", "--fused"),
    )
    found = roofline(pix2pix_unet(256, 3), MACHINES["NVIDIA T4"], "float16", 8, fused=True).table(
        "part"
    )
    plain = ask(capsys, *asked, *how[:-1])
    fits = "On NVIDIA T4 (16,000,000,000 bytes): inference fits, training fits."
    assert ask(capsys, *asked, "--machine", "NVIDIA T4", *how) == f"{plain}{fits}\n\n{found}\n"
    header, *rows = csv.reader(
        io.StringIO(ask(capsys, *asked, "--machine", "8.1e12,320e9", *how, "--csv"))
    )
    assert header == list(found.header)
    wanted = [*found.rows, found.total]
    assert [(*row[:2], int(row[2]), int(row[3]), float(row[4])) for row in rows] == wanted
    data = json.loads(ask(capsys, *asked, "--machine", "NVIDIA T4", *how, "--json"))
    memory, data = data["memory"], data["seconds"]
    assert (memory["machine"], memory["machine_bytes"]) == ("NVIDIA T4", 16_000_000_000)
    assert data["setting"] == found.title
    assert [tuple(row.values()) for row in [*data["rows"], data["total"]]] == wanted
    assert list(data["total"]) == ["name", "bound_by", "flops", "bytes", "microseconds"]


@pytest.mark.parametrize(("batch", "told"), [
    (1, "inference fits, training fits"),
    (2, "inference fits, training does not fit"),
    (8, "inference does not fit, training does not fit"),
])  # fmt: skip
def test_a_machine_with_a_known_memory_says_what_fits(capsys, batch, told):
    asked = ("--classic", "2048", "--batch", str(batch), "--machine")
    text = ask(capsys, *asked, "NVIDIA T4")
    found = [footprint(classic_unet(2048), phase, batch).peak <= 16e9 for phase in (False, True)]
    assert found == ["inference fits" in told, "training fits" in told]
    assert f" (backward).\nOn NVIDIA T4 (16,000,000,000 bytes): {told}.\n\n" in text
    for without_memory in ("Apple M1", "8.1e12,320e9"):
        assert "fit" not in ask(capsys, *asked, without_memory)
        assert "machine" not in json.loads(ask(capsys, *asked, without_memory, "--json"))["memory"]


@pytest.mark.parametrize("rates", ["2T,80G", "2e12, 80GB", "2.0e12,80e9"])
def test_the_rates_of_a_machine_are_amounts(capsys, rates):
    asked = ("--classic", "64", "--csv", "--machine")
    assert ask(capsys, *asked, rates) == ask(capsys, *asked, "2e12,80e9")


def test_machine_list_prints_all_machines_with_units(capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["--machine", "list"])
    out, err = capsys.readouterr()
    assert (leaving.value.code, err) == (0, "")
    header, line, *rows = out.splitlines()
    units = ["machine", "GFLOP/s", "GB/s", "memory, GB", "FLOPs per byte"]
    assert re.split("  +", header) == units
    starts = [found.start() for found in re.finditer("-+", line)]
    ends = [*starts[1:], None]
    cells = [[row[i:j].strip() for i, j in zip(starts, ends, strict=True)] for row in rows]
    assert [name for name, *_ in cells] == list(MACHINES)
    assert ["NVIDIA T4", "8,100", "320", "16", "25.3"] in cells
    assert ["Apple M1", "2,600", "68.25", "", "38.1"] in cells
    for (_, flops, moved, memory, ridge), machine in zip(cells, MACHINES.values(), strict=True):
        shown = [float(cell.replace(",", "")) for cell in (flops, moved, memory or "0", ridge)]
        rates = machine.flops_per_second / 1e9, machine.bytes_per_second / 1e9
        exact = *rates, (machine.memory or 0) / 1e9, round(machine.ridge, 1)
        assert shown == pytest.approx(exact, rel=1e-5)


def test_help_names_a_few_machines_that_exist_and_says_how_to_list_all(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    told = text.partition("--machine MACHINE ")[2].partition(" --fused ")[0]
    assert told == (
        "'NVIDIA T4', 'Apple M1' or another name ('list' prints all); "
        "or yours, FLOP/s and bytes/s: 2e12,80e9"
    )
    assert {"NVIDIA T4", "Apple M1"} < set(MACHINES)


@pytest.mark.parametrize(("path", "kind"), [("a.onnx", "onnx"), ("b.KERAS", "keras")])
def test_a_file_is_read_as_it_is_and_again_at_the_letter(capsys, monkeypatch, path, kind):
    calls = stand_in(monkeypatch, kind)
    assert "As formulas (classic U-Net, N x N x 1 in" in ask(capsys, path)
    assert calls == [(path, None, "error"), (path, N, "error")]
    calls.clear()
    ask(capsys, path, "--side", "64x32", "--unknown", "report", "--csv")
    assert calls == [(path, (64, 32), "report")]
    calls.clear()
    ask(capsys, path, "--side", "N")
    assert calls == [(path, N, "error")]


def test_a_model_that_is_tied_to_its_size_says_why_it_has_no_formula(capsys, monkeypatch):
    stand_in(monkeypatch, fixed=True)
    said = "\n\nNo formula in the side N: Reshape (flat) asks for 256 x 256; read it as it is\n\nMemory"
    assert said in ask(capsys, "a.onnx")
    data = json.loads(ask(capsys, "a.onnx", "--json"))
    assert (data["formulas"], data["theta"]) == (None, None)
    assert data["no_formula"].startswith("Reshape (flat) asks for 256 x 256")
    assert (
        refused(capsys, "a.onnx", "--side", "N")
        == "Reshape (flat) asks for 256 x 256; read it as it is"
    )


@pytest.mark.parametrize(("arguments", "said"), [
    ("", "one of the arguments model --pix2pix --classic is required; --help shows all options"),
    ("a.onnx --classic 256", "argument --classic: not allowed with argument model; --help shows"),
    ("--classic 256 --json --csv", "argument --csv: not allowed with argument --json"),
    ("--classic 256 --by row", "argument --by: invalid choice: 'row' (choose from"),
    ("--classic 2.5", "argument --classic: a size is 256, 512x256 (rows x columns) or N, got '2.5'; try 256"),
    ("--classic 0", "a size is 256, 512x256 (rows x columns) or N, got '0'"),
    ("--pix2pix 8x8x8", "a size is 256, 512x256 (rows x columns) or N, got '8x8x8'"),
    ("--classic 250", "side must be a multiple of 2**depth = 16, got 250; sides near it that work: 240 and 256"),
    ("--classic 256 --side 512", "--side and --dims are for a model in a file; here the size follows the name, as in"),
    ("--classic 256 --dims tokens=5", "--side and --dims are for a model in a file; here the size follows the name"),
    ("a.onnx --dims h=8 --dims h=16", "--dims gives one size to a name, got a name twice; leave one of them out"),
    ("model.pt", "a model is an .onnx or a .keras file, got model.pt; torch.onnx.export writes "
     "the first, model.save('model.keras') the second"),
    ("--classic 256 --machine T4", "argument --machine: a machine is a name or two rates such as 2e12,80e9, got 'T4'; "
     "near names: NVIDIA T4; --machine list prints all"),
    ("--classic 256 --machine a100", "near names: NVIDIA A100 SXM 40GB, NVIDIA A100 SXM 80GB; --machine list"),
    ("--classic 256 --machine RaspberryPi4", "got 'RaspberryPi4'; near names: Raspberry Pi 5; --machine list"),
    ("--classic 256 --machine NVIDIA", "near names: NVIDIA A10, NVIDIA A100 SXM 40GB, NVIDIA A100 SXM 80GB; "),
    ("--classic 256 --machine 1e9", "got '1e9'; near names: none; --machine list prints all"),
    ("--classic 256 --machine 0,1e9", "a machine is a name or two rates such as 2e12,80e9, got '0,1e9'"),
    ("--classic 256 --machine inf,1", "a machine is a name or two rates such as 2e12,80e9, got 'inf,1'"),
    ("--classic 256 --batch 0", "a batch is a whole number from 1 on, got '0'; try 16"),
    ("--classic 256 --fused", "--fused is about seconds, and needs --machine"),
    (f"--classic 256 --machine 1e9,1e9 --batch {10**400}",
     "argument --batch: a typed number is at most 2,147,483,647, got 1000"),
    (f"--classic {2**1200}", "argument --classic: a typed number is at most 2,147,483,647, got 1721"),
    (f"--classic {2**31}x2", "argument --classic: a typed number is at most 2,147,483,647, got 2147483648"),
    (f"a.onnx --dims a={2**31}", "argument --dims: a typed number is at most 2,147,483,647, got 2147483648"),
    ("--classic 256 --machine 1e9,1e9 --batch x",
     "argument --batch: a batch is a whole number from 1 on, got 'x'; try 16"),
    ("--classic 256 --machine 1e9,1e9 --batch 0", "a batch is a whole number from 1 on, got '0'; try 16"),
    ("--classic N --machine 1e9,1e9", "seconds need a size in numbers, got classic U-Net, N x N x 1 in; "
     "give one, as in --side 256"),
    ("a.onnx --dims tokens", "argument --dims: a free size is given by its name in the file, tokens=77, got 'tokens'"),
    ("a.onnx --dims tokens=0", "a free size is given by its name in the file, tokens=77, got 'tokens=0'"),
    ("a.keras --dims tokens=7", "--dims is for .onnx files, got a.keras; a .keras file has --side alone"),
    ("collapse in.onnx", "collapse takes two files, got 1: collapse in.onnx out.onnx"),
])  # fmt: skip
def test_what_is_wrong_is_said_in_one_sentence(capsys, arguments, said):
    assert said in refused(capsys, *arguments.split())


def test_free_sizes_have_values_and_unknown_operators_shapes(capsys, tmp_path):
    def write(name, body):
        text = (
            '<ir_version: 8, opset_import: ["": 17]> m '
            f"(float[b, tokens, 8] x) => (float[b, tokens, q] y) <{WEIGHTS}>"
        )
        onnx.save(onnx.parser.parse_model(f"{text} {{ {body} }}"), path := str(tmp_path / name))
        return path

    mlp = write("mlp.onnx", "y = MatMul (x, w)")
    assert "use dims" not in refused(capsys, mlp)
    assert "(in a terminal: --dims tokens=3)" in refused(capsys, mlp)
    typo = refused(capsys, mlp, "--dims", "token=77")
    assert "no free size of an input is called 'token'; there are: 'tokens'" in typo
    assert re.search(r"^MACs +2,464  dense", ask(capsys, "--dims", "tokens=77", mlp), re.MULTILINE)
    assert re.search(r"^MACs +32\*N +Theta", ask(capsys, "--dims", "tokens=N", mlp), re.MULTILINE)
    gru = write("gru.onnx", "t = Transpose <perm = [1, 0, 2]> (x) g, h = GRU <hidden_size = 4> (t, i, r) "
                "s = Squeeze (g, a) u = Transpose <perm = [1, 0, 2]> (s) y = MatMul (u, v)")  # fmt: skip
    text = ask(capsys, "--dims", "tokens=5", gru, "--unknown", "report")
    assert "NOT counted: 1 layer, GRU (g)" in text
    assert re.search(r"^MACs +60  dense", text, re.MULTILINE)


def test_a_model_of_views_alone_has_letters_too(capsys, tmp_path):
    text = '<ir_version: 8, opset_import: ["": 17]> m (float[1, 3, h, w] x) => (float[a, b] y) { y = Flatten (x) }'
    onnx.save(onnx.parser.parse_model(text), path := str(tmp_path / "views.onnx"))
    assert re.search(r"^MACs +0  dense", ask(capsys, path), re.MULTILINE)
    data = json.loads(ask(capsys, path, "--json"))
    assert (data["total"]["macs"], data["memory"]) == (0, None)
    assert "a bound needs sizes in numbers" in refused(capsys, path, "--at-most", "peak=1")
    assert "seconds need a size in numbers" in refused(capsys, path, "--machine", "1e12,1e11")
    at_numbers = json.loads(ask(capsys, path, "--json", "--side", "8"))
    assert at_numbers["memory"]["inference"]["peak"] == 4 * 192


WEIGHTS = "float[8, 4] w = {}, float[4, 3] v = {}, float[1, 12, 8] i = {}, float[1, 12, 4] r = {}, int64[1] a = {1}"


@pytest.mark.parametrize(("error", "said"), [
    (ModuleNotFoundError("", name="onnx"), "onnx is needed for this: pip install 'unet_complexity[onnx]'"),
    (ImportError("reading needs\n onnx"), "reading needs onnx"),
    (FileNotFoundError(2, "No such file or directory", "a.onnx"), "a.onnx: No such file or directory"),
    (ValueError("cannot count 2 of 40 layers"), "cannot count 2 of 40 layers"),
    (TypeError("unknown must be a word"), "unknown must be a word"),
])  # fmt: skip
def test_what_a_reader_complains_of_is_handed_on(capsys, monkeypatch, error, said):
    def read(*_, **__):
        raise error

    put(monkeypatch, "readers.onnx", "from_onnx", read)
    assert refused(capsys, "a.onnx") == said


def test_two_files_are_handed_to_the_rewriting(capsys, monkeypatch):
    put(monkeypatch, "collapse", "command", lambda source, target: f"{source} to {target}")
    assert ask(capsys, "collapse", "in.onnx", "out.onnx") == "in.onnx to out.onnx\n"


def test_the_rewriting_explains_itself(capsys):
    assert ask(capsys, "collapse", "--help").startswith(
        "usage: python -m unet_complexity collapse in.onnx out.onnx\n"
    )


def test_a_size_that_does_not_fit_is_told_which_ones_do(capsys):
    pytest.importorskip("onnx")
    model = str(notebooks.FOLDER / "models" / "unet-16-3.onnx")
    for size in ("100", "100x96"):
        assert refused(capsys, model, "--side", size).endswith("; for this model 8 divides N")


def test_help_shows_every_way_to_ask(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    text = capsys.readouterr().out
    assert left.value.code == 0
    examples = (
        "model.onnx",
        "model.keras --side 512",
        "model.onnx --side N",
        "--pix2pix 256 --by block",
        "collapse in.onnx out",
    )
    assert [one for one in examples if f"python -m unet_complexity {one}" not in text] == []
    assert "MACs dense; FLOPs = 2 MACs + elementwise" in text


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("stream", "told"), [(Terminal, True), (io.StringIO, False)])
def test_only_a_terminal_is_told_that_it_goes_on(monkeypatch, stream, told):
    monkeypatch.setattr(sys, "stderr", stream())
    with progress("reading", after=0.05):
        time.sleep(0.5)
    assert ("reading ... 0 s" in sys.stderr.getvalue()) == told
    monkeypatch.setattr(sys, "stderr", stream())
    with progress("reading", after=60):
        pass
    assert "reading" not in sys.stderr.getvalue()


def run(*arguments, **options):
    command = [sys.executable, "-m", "unet_complexity", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def test_as_a_command_it_leaves_with_a_status_and_tells_its_version():
    good, bad = run("--version"), run("no-such.onnx")
    assert good.communicate() == (f"unet_complexity {unet_complexity.__version__}\n", "")
    out, err = bad.communicate()
    assert (good.returncode, bad.returncode, out) == (0, 2, "")
    assert err.startswith("unet_complexity: ")
    assert err.count("\n") == 1


def test_who_stops_reading_sees_no_traceback():
    process = run("--classic", "N", "--by", "layer")
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 2
    process.stderr.close()


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell closes the streams")
@pytest.mark.parametrize(
    ("end", "status", "lines"),
    [(">&-", 2, 0), ("2>&-", 0, 10), ("2>&- --side 8", 2, 0), (">/dev/full", 2, 0)]
    + [(f"{short} >/dev/full", 2, 0) for short in ("--explain 1G", "--help", "--version")],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_closed_or_full_streams_are_no_traceback(end, status, lines, unbuffered, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    command = ["sh", "-c", f"{sys.executable} -m unet_complexity --pix2pix 256 {end}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == status
    assert len(result.stdout.splitlines()) >= lines
    assert len(result.stderr.splitlines()) == (status == 2 and "2>&-" not in end)


def test_a_broken_bound_is_a_line_and_status_3(capsys):
    asked = ("--pix2pix", "256", "--csv", "--at-most")
    assert main([*asked, "macs=18052284416,params=3e6,peak=0.2GB"]) == 3
    out, err = capsys.readouterr()
    assert out == pix2pix_unet(256, 3).table("level").to_csv()
    assert err.splitlines() == [
        "unet_complexity: params: 41,843,331 is more than 3,000,000",
        "unet_complexity: peak: 209,316,364 is more than 200,000,000",
    ]
    assert ask(capsys, *asked, "macs=18052284416,training_peak=789457456") == out


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ("cost=3", "got 'cost=3'; try macs=2e9,peak=2GB"),
        ("macs=3,macs=4", "each once, got 'macs=4'"),
        ("macs=many", "an amount is 2e9, 6.0G, 11GB or 8GiB, got 'many'"),
        ("macs=", "got ''"),
        ("peak=3iB", "got '3iB'"),
    ],
)
def test_a_bound_that_is_none_is_a_sentence(capsys, bounds, said):
    assert said in refused(capsys, "--classic", "256", "--at-most", bounds)


def test_letters_have_no_bound(capsys):
    assert refused(capsys, "--classic", "N", "--at-most", "macs=3") == (
        "a bound needs sizes in numbers and every layer counted, got classic U-Net, N x N x 1 in"
    )


def test_a_published_number_is_explained(capsys):
    text = ask(capsys, "--pix2pix", "256", "--explain", "72.2G")
    assert text.splitlines()[0] == "The MACs at N = 512: 72,209,137,664."
    text = ask(capsys, "--pix2pix", "256", "--explain", "18.05G")
    assert text.splitlines()[0] == "The MACs: 18,052,284,416."
    nothing = "None of these counts of classic U-Net, 256 x 256 x 1 in, rounds to 1.23G"
    assert ask(capsys, "--classic", "256", "--explain", "1.23G").startswith(nothing)
    said = refused(capsys, "--classic", "256", "--explain", "six")
    assert said == "an amount is 2e9, 6.0G, 11GB or 8GiB, got 'six'"


@pytest.mark.parametrize(
    ("asked", "readings"),
    [
        (("--pix2pix", "256", "--explain", "18.05G"), [(18_052_284_416, "MACs", None, None)]),
        (("--pix2pix", "256", "--explain", "72.2G"), [(72_209_137_664, "MACs", "N", 512)]),
        (("--classic", "256", "--explain", "1.23G"), []),
    ],
)
def test_an_explanation_is_data_too(capsys, asked, readings):
    data = json.loads(ask(capsys, *asked, "--json"))
    assert data["number"] == asked[-1]
    assert data["network"].endswith(" in")
    found = [tuple(reading.values()) for reading in data["readings"]]
    assert found[: len(readings)] == readings
    assert bool(found) == bool(readings)
    for reading in data["readings"]:
        assert [*reading] == ["total", "convention", "letter", "value"]


def test_receptive_fields_are_data_too(capsys):
    data = json.loads(ask(capsys, "--classic", "64", "--reach", "--json"))
    net = classic_unet(64)
    assert [*data["receptive_fields"]] == [step.name for step in net]
    # two 3 x 3, a 2 x 2 of stride 2, and a 3 x 3 on the half map
    assert data["receptive_fields"]["enc1.conv1"] == [1 + 2 + 2 + 1 + 4] * 2
    assert data["macs_per_output_pixel"] == net.total().macs / 64**2


@pytest.mark.parametrize(
    ("side", "pixel", "reason"),
    [
        ("64", {"receptive_field": [204, 204], "macs": 733_888}, None),
        ("N", None, "a receptive field needs sizes in numbers, got classic U-Net, N x N x 1 in"),
    ],
)
def test_the_report_has_the_output_pixel_or_says_why_not(capsys, side, pixel, reason):
    data = json.loads(ask(capsys, "--classic", side, "--json"))
    assert data["pixel"] == pixel
    assert (data["no_pixel"] or "").startswith(reason or "")
    assert (data["no_pixel"] is None) == (reason is None)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            "--reach --csv",
            "--csv is for tables; --explain and --reach answer in text or, with --json, in JSON",
        ),
        ("--explain 1G --csv", "--csv is for tables; --explain and --reach answer"),
        ("--explain 1G --what-if", "argument --what-if: not allowed with argument --explain"),
        ("--explain=", "an amount is 2e9, 6.0G, 11GB or 8GiB, got ''"),
        ("--what-if --fused", "--fused is about seconds, and needs --machine"),
    ],
)
def test_a_question_that_cannot_be_answered_so_is_a_sentence(capsys, asked, said):
    assert said in refused(capsys, "--classic", "64", *asked.split())


def test_letters_have_no_variants(capsys):
    said = refused(capsys, "--classic", "N", "--what-if")
    assert said.startswith(
        "memory in bytes needs sizes in numbers, got classic U-Net, N x N x 1 in"
    )


def endless(*_):
    while True:
        pass


@pytest.mark.skipif(os.name == "nt", reason="Windows has no clock of processor time")
@pytest.mark.parametrize("caught", [ValueError, Exception])
def test_a_file_that_takes_too_long_is_one_sentence(capsys, monkeypatch, tmp_path, caught):
    def patient(*_):
        try:
            endless()
        except caught as error:  # as the readers do, whose sentences are about the file
            raise ValueError("damaged") from error

    monkeypatch.setattr("unet_complexity.engineering.command.read", patient)
    assert main([str(tmp_path / "m.onnx"), "--patience", "1"]) == 2
    assert capsys.readouterr().err == (
        "unet_complexity: this takes more time than any network that we know; if you trust the file, "
        "try --patience 100\n"
    )
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)


@pytest.mark.parametrize("typed", ["0", "soon", "1.5"])
def test_patience_is_whole_seconds(capsys, typed):
    assert main(["--classic", "64", "--patience", typed]) == 2
    said = f"a patience is a whole number from 1 on, got {typed!r}; try 16"
    assert said in capsys.readouterr().err
