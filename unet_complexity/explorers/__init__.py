"""Live pictures, computed in the browser by formulas that SymPy printed.

One display has three forms. With a live kernel it is a widget whose state Python reads and sets.
An exported page holds the same explorer, run by its own inline script. Where no script may run,
a still picture and its sentence stay.

The rest of the package imports nothing from here. anywidget is imported when an explorer is first
asked for.
"""

from importlib import import_module
from typing import Any

# XExplorer is in x.py, which names its script in static/: a new explorer needs only these two files
# and its name here.
EXPLORERS = [
    "BlockExplorer",
    "GrowthExplorer",
    "LevelsExplorer",
    "NetworkExplorer",
    "RepeatExplorer",
    "RooflineExplorer",
    "WindowExplorer",
]
__all__ = EXPLORERS


def __dir__() -> list[str]:
    return [*globals(), *__all__]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        known = ", ".join(__all__)
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}; its explorers are {known}"
        )
    module = import_module(f"{__name__}.{name.removesuffix('Explorer').lower()}")
    return getattr(module, name)
