"""The measured files: what they say of themselves, and what they cover."""

import json
import re

import pytest

from unet_complexity import Convolution, UpSampling2D
from unet_complexity.engineering import measured as files
from unet_complexity.engineering.measured import (
    ENGINES,
    Case,
    Spread,
    cases,
    exponent,
    read,
    stored,
)
from unet_complexity.engineering.roofline import roofline

CASES = [(side, 1) for side in (128, 256, 384, 512)] + [(side, 4) for side in (128, 256)]
ALL = [
    pytest.param(engine, *key, id=f"{engine}-{key[0]}-{key[1]}")
    for engine in ENGINES
    for key in CASES
]


@pytest.mark.parametrize("name", stored())
def test_a_file_says_by_what_when_on_what_and_with_which_versions(name):
    head = read(name)
    assert head["tool"].startswith("benchmarks/")
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", head["date"])
    assert {"processor", "cores", "system"} <= set(head["machine"])
    assert re.match(r"3\.\d+", head["versions"]["python"])


def test_all_was_measured_on_one_machine():
    assert (
        len(
            {
                json.dumps(read(name)["machine"])
                for name in ("probe", *(f"seconds-{one}" for one in ENGINES))
            }
        )
        == 1
    )


@pytest.mark.parametrize(("engine", "side", "batch"), ALL)
def test_every_case_is_there_with_enough_runs_and_every_convolution(engine, side, batch):
    case = cases(engine)[side, batch]
    assert case.runs >= 7
    for spread in (case.whole, *case.layers.values()):
        assert 0 < spread.low <= spread.median <= spread.high
    steps = {step.name: step for step in case.network}
    assert set(case.layers) - set(steps) <= {"reorder"}
    assert {step.name for step in case.network.only(Convolution, UpSampling2D)} <= set(case.layers)
    assert case.milliseconds() <= case.together


@pytest.mark.parametrize(("engine", "side", "batch"), ALL)
def test_no_convolution_is_much_faster_than_what_numpy_reaches(engine, side, batch):
    """The peak is what NumPy's matrix products reach; ONNX Runtime's kernels are up to 6 % better, no engine 10 %."""
    case = cases(engine)[side, batch]
    for kernel in roofline(case.network.only(Convolution), files.machine(), batch=batch):
        assert case.layers[kernel.name].median > 0.9 * 1000 * kernel.compute_seconds, kernel.name


@pytest.mark.parametrize("engine", [one for one in ENGINES if one != "keras-jax"])
def test_the_layers_together_are_the_whole(engine):
    for case in cases(engine).values():
        assert case.together == pytest.approx(case.whole.median, rel=0.15)


def test_a_case_adds_up_and_shares():
    case = Case(
        "x", 128, 1, 7, Spread(9, 10, 11), {"d1.conv": Spread(1, 6, 7), "u1.up": Spread(1, 2, 3)}
    )
    case.layers["reorder"] = Spread(1, 2, 9)
    assert (case.milliseconds(), case.together, case.share(UpSampling2D)) == (8, 10, 20)
    assert repr(case) == "<x, side 128, batch 1: 10.0 ms>"


def test_the_exponent_is_the_slope():
    assert exponent([1, 10, 100], [5, 500, 50000]) == pytest.approx(2)
    assert exponent([128, 256], [7, 7]) == 0


def test_what_is_not_stored_lists_what_is():
    with pytest.raises(
        ValueError, match=r"there is no measurement 'seconds-tpu'; there are .*probe, seconds-ke"
    ):
        cases("tpu")
