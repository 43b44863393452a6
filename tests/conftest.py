"""Settings that hold for every test: reproducible, quiet, and without traces in the user's home."""

import os
import tempfile

import pytest
from hypothesis import HealthCheck, settings

# Before anything imports them: Keras on JAX on the processor, wherever the tests run.
os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ.setdefault("KERAS_HOME", os.path.join(tempfile.gettempdir(), "unet_complexity-keras"))
os.environ.setdefault("MPLBACKEND", "agg")
os.environ["JUPYTER_PLATFORM_DIRS"] = "1"  # otherwise jupyter_core warns that this will be the default

# The same examples on every run, so that a red run can be repeated; `make test ARGS="--hypothesis-seed=0
# --hypothesis-profile=explore"` looks for new ones. Two shared cores make deadlines a matter of luck.
settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=2000)
settings.load_profile("repeatable")


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
