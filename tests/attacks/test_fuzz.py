"""Damaged model files: a few new ones in every run, and all that ever failed."""

from __future__ import annotations

import pytest

from tests.attacks.fuzz import FOUND, SETTINGS, case, problem


def test_files_that_failed_once_do_so_no_more(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = [path for path in FOUND.glob("*") if path.suffix in (".onnx", ".keras")]
    problems = [(path.name, problem(path, **settings)) for path in files for settings in SETTINGS]
    assert [(name, wrong) for name, wrong in problems if wrong] == []


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_damaged_files_are_read_or_refused_in_a_sentence(first, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for seed in range(first, first + 50):
        assert problem(case(seed, tmp_path), **SETTINGS[seed % len(SETTINGS)]) is None, seed


def test_what_is_wrong_is_seen(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = case(0, tmp_path)
    for error, said in (
        (KeyError("a"), "KeyError instead"),
        (ValueError(""), "no sentence"),
        (None, "code was run"),
    ):

        def reader(path, error=error):
            if error is not None:
                raise error
            (tmp_path / "reached").touch()

        monkeypatch.setattr(f"tests.attacks.fuzz.from_{path.suffix[1:]}", reader)
        assert said in problem(path)
