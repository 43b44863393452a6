"""The real frameworks, imported once and only by the tests that ask for them."""

from __future__ import annotations

import os
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def keras() -> ModuleType:
    """Keras on the JAX backend, on the processor."""
    os.environ["KERAS_BACKEND"] = "jax"
    os.environ["JAX_PLATFORMS"] = "cpu"
    import keras

    assert keras.backend.backend() == "jax", "Keras was imported before this fixture, with another backend"
    return keras


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    return pytest.importorskip(
        "torch", reason="PyTorch is not installed: its flop counter was NOT compared with the dense MACs"
    )
