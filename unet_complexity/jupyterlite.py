"""JupyterLite: Python in the reader's browser, where compiled packages come over the network or not at all.

A cell that needs a missing package says so there, and the notebook goes on.  Elsewhere a missing package is an error.
"""

from __future__ import annotations

import sys
from importlib import invalidate_caches
from importlib.util import find_spec
from typing import Any

FETCHED = ("matplotlib", "numpy")  # Pyodide publishes them
NOWHERE = ("jax", "keras", "onnx", "onnxruntime", "torch")  # not built for a browser

_told: list[str] = []  # missing packages that a cell needed


def in_browser() -> bool:
    """Return True if this Python runs in a browser."""
    return sys.platform == "emscripten"


def can_import(package: str) -> bool:
    """Return True if a package can be imported; a browser fetches it first if it can.

    Raises:
        ImportError: Outside a browser, the package is not installed.
    """
    if find_spec(package) is None and in_browser():
        _fetch(package)
        invalidate_caches()
    found = find_spec(package) is not None
    if not found and not in_browser():
        raise ImportError(
            f"this needs {package}, which is not installed: pip install {package}", name=package
        )
    return found


def _fetch(package: str) -> None:
    """Fetch a package from Pyodide's server.  A missing network is not an error."""
    from pyodide.ffi import can_run_sync, run_sync
    from pyodide_js import loadPackage

    if can_run_sync():  # not yet in every browser
        run_sync(loadPackage(package))


def missing(package: str) -> str:
    """Return the message that replaces a result.

    Example:
        >>> missing("numpy")
        'This needs numpy, which is not in your browser yet. With a network, run "import numpy" in a cell of its own,
        then this cell again.'
    """
    if package in NOWHERE:
        return f"This needs {package}, which does not run in a browser. Binder or your own machine can run this part."
    return (
        f"This needs {package}, which is not in your browser yet. "
        f'With a network, run "import {package}" in a cell of its own, then this cell again.'
    )


def say_what_is_missing() -> None:
    """Let cells that need a missing package print :func:`missing` from now on; later cells run."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        shell.set_custom_exc((ImportError, NameError), _kindly)


def _kindly(
    shell: Any, kind: type, error: ImportError | NameError, trace: Any, tb_offset: int | None = None
) -> None:
    package = getattr(error.__cause__ or error, "name", None)
    if isinstance(error, ImportError) and package in FETCHED + NOWHERE:
        _told.append(package)
        print(missing(package))
    elif isinstance(error, NameError) and _told:
        print(
            f"No {error.name} here: a slip, or it comes from a cell above that could not run in your browser."
        )
    else:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
