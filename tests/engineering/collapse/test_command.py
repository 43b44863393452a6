"""File to file: verified before it is written, refused where it cannot be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.engineering.collapse.models import conv, model, pix2pix, resize, weights
from tests.engineering.collapse.test_onnx import run
from unet_complexity.engineering.collapse import Collapsed, collapse_upsampling, command
from unet_complexity.engineering.collapse.rule import macs_saved
from unet_complexity.engineering.collapse.verifying import (
    apart,
    counted,
    random_inputs,
    runner,
    sizes,
    verified,
)


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unet_complexity.engineering.collapse.verifying.SECONDS", 0.01)


def test_a_model_with_free_sides_is_verified_at_two_sizes_and_written(tmp_path: Path) -> None:
    source, target = tmp_path / "in.onnx", tmp_path / "out.onnx"
    onnx.save(pix2pix(), source)
    before = source.read_bytes()
    lines = command(source, str(target)).splitlines()
    assert [line.split("  ")[1].strip() for line in lines[:4]] == [
        "phases",
        "phases",
        "phases",
        "transposed",
    ]
    assert re.fullmatch(
        r"same outputs for 3 random inputs of each size: at most \d.\de-0[67] of the largest apart",
        lines[4],
    )
    for line, name in zip(lines[5:8], ("MACs", "parameters", "bytes at the peak"), strict=True):
        assert re.match(rf"1 x 3 x 64 x 64: [\d,]+ {name}.* before, [\d,]+ after$", line)
    times = r"[\d.,]+ ms before, [\d.,]+ ms after, [\d.]+ times as fast"
    assert re.fullmatch(rf"1 x 3 x 64 x 64: {times}", lines[8])
    assert re.fullmatch(rf"1 x 3 x 128 x 64: {times}", lines[9])
    assert lines[-1] == "written to out.onnx"
    assert source.read_bytes() == before
    x = np.random.default_rng(9).normal(size=(1, 3, 96, 32)).astype("float32")
    old, new = (run(onnx.load(path), x)[0] for path in (source, target))
    np.testing.assert_allclose(new, old, atol=1e-5 * old.max())


def test_the_input_is_never_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    onnx.save(pix2pix(64), tmp_path / "in.onnx")
    (tmp_path / "link.onnx").symlink_to(tmp_path / "in.onnx")
    monkeypatch.chdir(tmp_path)
    before = (tmp_path / "in.onnx").read_bytes()
    for target in ("in.onnx", tmp_path / "link.onnx"):
        with pytest.raises(
            ValueError,
            match=r"in.onnx would be overwritten by its own rewriting; give another name",
        ):
            command("in.onnx", target)
    assert (tmp_path / "in.onnx").read_bytes() == before


def test_nothing_that_is_there_is_overwritten_and_what_is_written_is_a_model(
    tmp_path: Path,
) -> None:
    onnx.save(pix2pix(64), tmp_path / "in.onnx")
    (tmp_path / "keep.onnx").write_text("mine")
    with pytest.raises(
        ValueError,
        match=r"^keep.onnx is there already, and nothing is overwritten; give another name",
    ):
        command(tmp_path / "in.onnx", tmp_path / "keep.onnx")
    assert (tmp_path / "keep.onnx").read_text() == "mine"
    with pytest.raises(
        ValueError, match=r"^what is written is an .onnx file, got out.txt; try out.onnx$"
    ):
        command(tmp_path / "in.onnx", tmp_path / "out.txt")
    assert not (tmp_path / "out.txt").exists()
    with pytest.raises(ValueError, match=r"got no name; try collapsed.onnx$"):
        command(tmp_path / "in.onnx", "")


def test_nothing_to_collapse_is_told_with_reasons_and_nothing_written(tmp_path: Path) -> None:
    onnx.save(model([resize(mode="linear"), conv()], weights()), tmp_path / "in.onnx")
    with pytest.raises(
        ValueError, match=r"in.onnx has nothing to collapse.*\nup +as written +its mode is linear"
    ):
        command(tmp_path / "in.onnx", tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


def test_costs_before_and_after_are_told() -> None:
    """By hand, for 4 channels of 5 x 6 pixels, doubled, and 2 filters of 3 x 3, each with a bias."""
    m = model([resize(), conv(pads=[1, 1, 1, 1])], weights())
    collapsed = collapse_upsampling(m, "phases")
    macs, params, peak = counted(m, collapsed.model, {}, "5 x 6")
    saved = int(macs_saved(4, (3, 3), (2, 2)) * 2 * 10 * 12)
    before = 9 * 4 * 2 * 10 * 12
    assert macs == f"5 x 6: {before:,} MACs before, {before - saved:,} after"
    # four phases of 2 x 2 taps for each filter; the bias is stored once
    assert params == f"5 x 6: {9 * 8 + 2} parameters before, {4 * 4 * 8 + 2} after"
    large = (4 + 2) * 10 * 12 + 9 * 8 + 2  # the doubled map, the output and the weights
    phases = 2 * 4 * 2 * 5 * 6 + 4 * 4 * 8 + 2  # four small outputs, and the map that joins them
    said = "bytes at the peak of inference in float32 before"
    assert peak == f"5 x 6: {4 * large:,} {said}, {4 * phases:,} after"


def test_costs_that_cannot_be_counted_say_why() -> None:
    unknown = model([helper.make_node("Nonsense", ["x"], ["y"], domain="some.where")], {})
    unknown.opset_import.append(helper.make_opsetid("some.where", 1))
    (line,) = counted(unknown, unknown, {}, "")
    assert line.startswith("costs are not counted: ")
    assert "Nonsense" in line


def test_a_rewriting_that_computes_something_else_is_not_written(
    tmp_path: Path, monkeypatch: Any
) -> None:
    def wrong(m: Any) -> Collapsed:
        collapsed = collapse_upsampling(m)
        name = next(item for item in collapsed.model.graph.initializer if "phase" in item.name)
        name.CopyFrom(onnx.numpy_helper.from_array(2 * onnx.numpy_helper.to_array(name), name.name))
        return collapsed

    monkeypatch.setattr("unet_complexity.engineering.collapse.verifying.collapse_upsampling", wrong)
    onnx.save(pix2pix(64), tmp_path / "in.onnx")
    with pytest.raises(
        ValueError, match=r"output 'y' differs by .*, more than 0.0001: not the same"
    ):
        command(tmp_path / "in.onnx", tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


def test_a_model_that_no_size_fits_or_that_cannot_be_run_is_refused() -> None:
    m = model(
        [helper.make_node("Reshape", ["x", "seven"], ["y"])],
        {"seven": np.array([7, 7, 7, 7])},
        ("a", "b", "c", "d"),
    )
    with pytest.raises(
        ValueError, match=r"runs at none of the sides .*ONNX Runtime cannot run the model"
    ):
        sizes(m, runner(m))
    unknown = model([helper.make_node("Nonsense", ["x"], ["y"], domain="some.where")], {})
    unknown.opset_import.append(helper.make_opsetid("some.where", 1))
    with pytest.raises(ValueError, match=r"ONNX Runtime cannot run the model: .*Nonsense"):
        runner(unknown)


def test_it_says_where_nothing_is_gained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "unet_complexity.engineering.collapse.verifying.timed", lambda *_: [0.001, 0.002]
    )
    m = pix2pix(64)
    assert verified(m, collapse_upsampling(m)).endswith(
        "0.50 times as fast\nnot faster on this machine: keep the original here"
    )


def test_labels_may_differ_where_two_are_as_likely_and_numbers_may_not() -> None:
    m = model([], {})
    labels = np.zeros((1, 1, 40, 50), np.int64)
    flipped = labels.copy()
    flipped[0, 0, 0, 0] = 1
    assert apart(m, [labels], [flipped]) == 1 / 2000
    flipped[0, 0, 0, :3] = 1
    with pytest.raises(
        ValueError, match=r"output 'y' differs by 1.5e-03, more than 0.001: not the same"
    ):
        apart(m, [labels], [flipped])
    for wrong in (np.nan, 1.001):
        with pytest.raises(ValueError, match="not the same"):
            apart(m, [np.ones(2, np.float32)], [np.array([1, wrong], np.float32)])


def test_the_same_infinity_and_no_number_on_both_sides_are_the_same() -> None:
    m = model([resize(), conv(pads=[1] * 4)], weights())
    same = np.array([1, np.nan, np.inf, -np.inf, 2], np.float32)
    assert apart(m, [same], [same.copy()]) == 0
    assert apart(
        m, [same], [np.array([1, np.nan, np.inf, -np.inf, 2.0001], np.float32)]
    ) == pytest.approx(5e-5, rel=0.01)
    for place, wrong in ((0, np.nan), (1, 1), (2, -np.inf), (2, 3)):
        other = same.copy()
        other[place] = wrong
        with pytest.raises(ValueError, match="not the same"):
            apart(m, [same], [other])
    with pytest.raises(
        ValueError, match="output 'y' is not a tensor; only tensors can be compared"
    ):
        apart(m, [[same]], [[same]])


def test_inputs_are_drawn_by_type_and_seed() -> None:
    m = model([], {})
    m.graph.input.append(helper.make_tensor_value_info("t", TensorProto.INT64, [9]))
    first, again, other = (random_inputs(m, (8, 8), seed) for seed in (0, 0, 1))
    assert {name: array.shape for name, array in first.items()} == {"x": (1, 4, 5, 6), "t": (9,)}
    assert set(first["t"].tolist()) == {0, 1}
    np.testing.assert_array_equal(first["x"], again["x"])
    assert not np.array_equal(first["x"], other["x"])
    m.graph.input.append(helper.make_tensor_sequence_value_info("many", TensorProto.FLOAT, None))
    with pytest.raises(
        ValueError, match="the input 'many' is not a tensor; only tensors can be drawn at random"
    ):
        random_inputs(m, (8, 8), 0)
