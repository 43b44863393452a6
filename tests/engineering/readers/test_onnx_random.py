"""Random graphs are read as ONNX Runtime runs them; for more of them: ``python -m tests.twins.onnx_random``."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.twins.onnx_random import differences


@pytest.mark.parametrize("first", range(0, 120, 30))
def test_random_graphs_are_read_as_they_run(first):
    told: Counter[str] = Counter()
    wrong = [line for seed in range(first, first + 30) for line in differences(seed, told)]
    assert wrong == []
    assert told["numbers"] > 40
    assert told["formulas"] > 20
