"""Keras on JAX, its weights zeros: drawing random ones is compiled anew for each shape, and no count needs them."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="session")
def keras(keras: ModuleType) -> Iterator[ModuleType]:
    from keras.src.backend import random

    def zeros(shape: Any, *_: Any, **__: Any) -> Any:
        return np.zeros(shape, "float32")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("normal", "truncated_normal", "uniform"):
            patch.setattr(random, name, zeros)
        yield keras
