"""Random models are read as JAX runs them; for more of them: ``python -m tests.twins.keras_random``."""

from __future__ import annotations

from collections import Counter
from types import ModuleType

from tests.twins.keras_random import differences


def test_random_models_are_read_as_they_run(keras: ModuleType) -> None:
    told: Counter[str] = Counter()
    wrong = [line for seed in range(20) for line in differences(keras, seed, told)]
    assert wrong == []
    assert told["numbers"] > 50
    assert told["formulas"] > 40
