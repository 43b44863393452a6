"""Settings that hold for every test: reproducible, quiet, and without traces in the user's home.

The real frameworks are imported once, and only by the tests that ask for them.
"""

import gc
import os
import tempfile
from importlib.util import find_spec
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

# Before anything imports them: Keras on JAX on the processor, wherever the tests run.
os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
# Each layer is compiled for each shape and runs once: optimising it takes longer than it saves.
os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"
os.environ.setdefault("KERAS_HOME", os.path.join(tempfile.gettempdir(), "unet_complexity-keras"))
os.environ.setdefault("MPLBACKEND", "agg")
os.environ["JUPYTER_PLATFORM_DIRS"] = (
    "1"  # otherwise jupyter_core warns that this will be the default
)

# SymPy and PyTorch make millions of small objects: looking through all of them less often saves a tenth of the time.
gc.set_threshold(50_000, 20, 20)

# The same examples on every run, so that a red run can be repeated; `make test ARGS="--hypothesis-seed=0
# --hypothesis-profile=explore"` looks for new ones. Two shared cores make deadlines a matter of luck.
settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.register_profile(
    "explore", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=2000
)
settings.load_profile("repeatable")

# Looked through for doctests, it would be imported where PyTorch could not be installed.
collect_ignore = [] if find_spec("torch") else ["twins/torch_models.py"]

# The files that take longest, longest first: a worker that met one of them last would keep the others waiting.
LONGEST = (
    "tests/browser/test_explorers.py",
    "tests/browser/test_site.py",
    "tests/browser/test_forms.py",  # third, so that the worker that has built the site takes it
    "tests/core/test_keras.py",
    "tests/engineering/readers/test_from_torch.py",
    "tests/explorers/test_explorers.py",
    "tests/notebooks/test_notebooks.py",
    "tests/attacks/test_no_code_runs.py",
    "tests/project/test_floors.py",
    "tests/browser/test_lite.py",
    "tests/core/test_memory.py",
    "tests/engineering/readers/test_from_keras.py",
    "tests/core/test_letters.py",
    "tests/attacks/test_nothing_lost.py",
    "tests/attacks/test_names.py",
    "tests/attacks/test_limits.py",
)


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    places = {config.rootpath / name: place for place, name in enumerate(LONGEST)}
    assert [str(path) for path in places if not path.exists()] == []
    items.sort(key=lambda item: places.get(item.path, len(places)))  # the rest stays as it was
    for item in items:
        if {"keras", "torch"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("framework")


def pytest_collection_finish() -> None:
    gc.freeze()  # modules and collected tests stay to the end


@pytest.fixture(scope="session")
def keras() -> ModuleType:
    """Keras on the JAX backend, on the processor."""
    os.environ["KERAS_BACKEND"] = "jax"
    os.environ["JAX_PLATFORMS"] = "cpu"
    import keras
    import numpy as np

    assert keras.backend.backend() == "jax", (
        "Keras was imported before this fixture, with another backend"
    )

    numbers = np.random.default_rng(0)

    def uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
        return keras.ops.convert_to_tensor(numbers.uniform(minval, maxval, shape), dtype)

    def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
        values = numbers.normal(mean, stddev, shape).clip(mean - 2 * stddev, mean + 2 * stddev)
        return keras.ops.convert_to_tensor(values, dtype)

    # JAX would compile a generator for each shape of weights: a quarter of these tests' time.
    keras.src.backend.random.uniform = uniform
    keras.src.backend.random.truncated_normal = truncated_normal
    return keras


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    return pytest.importorskip(
        "torch",
        reason="PyTorch is not installed: its flop counter was NOT compared with the dense MACs",
    )


@pytest.fixture(autouse=True, scope="session")
def no_text_is_evaluated():
    """SymPy evaluates text as Python: in no test may any reach its parser."""
    import sympy.physics.units  # noqa: F401  its own constants are text, evaluated when it is imported
    from sympy.parsing import sympy_parser

    def refuse(text, *args, **kwargs):
        raise AssertionError(f"text reached SymPy's parser: {text!r}")

    original, sympy_parser.parse_expr = sympy_parser.parse_expr, refuse
    yield
    sympy_parser.parse_expr = original
