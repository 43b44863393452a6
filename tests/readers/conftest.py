"""Keras on JAX, its weights zeros: drawing random ones is compiled anew for each shape, and no count needs them."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.core.conftest import keras as real_keras  # noqa: F401  the fixture that the one below wants


@pytest.fixture(scope="session")
def keras(real_keras: ModuleType) -> Iterator[ModuleType]:  # noqa: F811
    from keras.src.backend import random

    def zeros(shape: Any, *_: Any, **__: Any) -> Any:
        return np.zeros(shape, "float32")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("normal", "truncated_normal", "uniform"):
            patch.setattr(random, name, zeros)
        yield real_keras
