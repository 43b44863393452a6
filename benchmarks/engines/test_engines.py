"""The script that measures seconds, and its engines, on networks so small that nothing is worth measuring."""

import json
import re
from itertools import cycle
from statistics import median

import pytest

from benchmarks import engines, seconds
from benchmarks.engines import Ready, machine
from unet_complexity import Convolution, UpSampling2D, pix2pix_unet

SMALL = pix2pix_unet(side=4, in_channels=3, base_filters=2, depth=2)


@pytest.mark.parametrize(
    "engine",
    ["onnxruntime", "onnxruntime-unfused", "pytorch", "pytorch-channels-last", "keras-jax"],
)
def test_an_engine_runs_the_network_and_times_its_layers(engine):
    if engine.startswith("pytorch"):
        pytest.importorskip("torch")
    assert engines.missing(engine) == ""
    ready = engines.prepare(engine, SMALL, 2)
    ready.whole()
    took = ready.layers()
    assert all(value >= 0 for value in took.values())
    assert set(took) - {step.name for step in SMALL} <= {"reorder"}
    assert {step.name for step in SMALL.only(Convolution, UpSampling2D)} <= set(took)
    assert len(took) == len(SMALL.steps) or engine == "onnxruntime"  # which merges activations


def test_numbers_keep_their_size_on_the_way_through_the_random_network():
    ready = engines.prepare("onnxruntime", SMALL, 2)
    (out,) = ready.whole()
    assert out.shape == (2, 3, 4, 4)
    assert abs(out).max() <= 1  # tanh
    assert out.std() > 0.01


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(engines.ENGINES, "abacus", ("abacus", ("beads", "json"), {}))
    assert engines.missing("abacus") == "beads not installed"
    assert engines.missing("pytorch-cuda") in (
        "no CUDA device that it can use",
        "torch not installed",
        "",
    )
    with pytest.raises(ValueError, match=r"^engine must be one of onnxruntime, .*, got 'tpu'$"):
        engines.missing("tpu")


@pytest.fixture
def quick(monkeypatch, tmp_path):
    """An engine that takes no time, in a quiet machine, and a folder of its own."""
    layers = iter({"d1.conv": one / 1000} for one in range(1, 10**6))
    ready = Ready(lambda: None, lambda: next(layers), "by no engine")
    monkeypatch.setattr(seconds, "prepare", lambda *_: ready)
    monkeypatch.setattr(seconds, "FOLDER", tmp_path)
    monkeypatch.setattr(seconds, "disturbed", lambda *_: False)
    return tmp_path


def test_a_case_is_measured_after_a_warm_up_and_enough_runs(quick):
    told = []
    case = seconds.measure("onnxruntime", 128, 1, seconds=0, tell=told.append)
    assert (case["side"], case["batch"], case["runs"], case["disturbed"], case["timed"]) == (
        128,
        1,
        7,
        0,
        "by no engine",
    )
    assert case["layers"] == {
        "d1.conv": [4.5, median(range(3, 10)), 7.5]
    }  # the first two were the warm-up
    assert told[-1].startswith("onnxruntime, side 128, batch 1: run 6, ")


def test_disturbed_runs_are_left_out(quick, monkeypatch):
    noise = cycle([True, False, False])
    monkeypatch.setattr(seconds, "disturbed", lambda *_: next(noise))
    case = seconds.measure("onnxruntime", 128, 1, seconds=0.1, tell=lambda _: None)
    assert case["disturbed"] >= 3
    assert abs(case["runs"] - 2 * case["disturbed"]) <= 2


def test_where_it_is_never_quiet_it_measures_all_the_same(quick, monkeypatch):
    monkeypatch.setattr(seconds, "disturbed", lambda *_: True)
    case = seconds.measure("onnxruntime", 128, 1, seconds=0.01, tell=lambda _: None)
    assert case["disturbed"] > case["runs"] >= 7


@pytest.mark.parametrize(
    ("others", "noisy"), [(0.0, False), (0.1, machine.cores() == 1), (2.0, True)]
)
def test_a_run_is_disturbed_when_others_take_more_than_a_twentieth(others, noisy):
    assert seconds.disturbed((100.0, 7.0), (101.0 + others, 8.0), 1.0) == noisy


def test_what_is_written_is_read_again_and_kept_beside_the_rest(quick):
    for side in (128, 256, 128):
        seconds.write("onnxruntime", [seconds.measure("onnxruntime", side, 1, 0, lambda _: None)])
    text = (quick / "seconds-onnxruntime.json").read_text()
    found = json.loads(text)
    assert [case["side"] for case in found["cases"]] == [128, 256]
    assert found["unit"] == "ms"
    assert {"python", "onnx", "onnxruntime", "numpy"} == set(found["versions"])
    assert re.search(r'"d1.conv": \[[\d., ]+\]\n', text)
    (quick / "seconds-onnxruntime.json").write_text(text.replace('"cores": ', '"cores": 1'))
    with pytest.raises(
        ValueError, match=r"seconds-onnxruntime.json was measured with another machine; delete it"
    ):
        seconds.write("onnxruntime", [])


def test_live_says_what_it_leaves_out(quick, monkeypatch, capsys):
    monkeypatch.setitem(seconds.ENGINES, "abacus", ("abacus", ("beads",), {}))
    found = seconds.live("abacus", "onnxruntime", seconds=0)
    assert [(engine, case["side"]) for engine, case in found] == [("onnxruntime", 128)]
    said = capsys.readouterr().out
    assert "abacus: left out, beads not installed" in said
    assert "\ronnxruntime, side 128, batch 1: run 6" in said


def test_a_probe_finds_what_the_machine_can_do(monkeypatch):
    monkeypatch.setattr(machine, "SIDE", 64)
    monkeypatch.setattr(machine, "COPIED", 2**16)
    found = seconds.probe()
    assert 10**6 < found["flops_per_second"] < 10**15
    assert 10**6 < found["bytes_per_second"] < 10**13
    assert machine.description()["cores"] == machine.cores() >= 1
