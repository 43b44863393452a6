"""Live pictures: what an explorer shows is computed in the browser, by formulas that SymPy printed.

One display, three forms.  A live kernel gives a widget, whose state Python reads and sets; an exported page gives
the same explorer, alive from its own inline script; where no script may run, a still picture and its sentence stay.

Nothing here is imported by the rest of the package; anywidget is imported when an explorer is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unet_complexity.explorers.block import BlockExplorer
    from unet_complexity.explorers.growth import GrowthExplorer
    from unet_complexity.explorers.levels import LevelsExplorer
    from unet_complexity.explorers.network import NetworkExplorer
    from unet_complexity.explorers.repeat import RepeatExplorer
    from unet_complexity.explorers.roofline import RooflineExplorer
    from unet_complexity.explorers.window import WindowExplorer

__all__ = [
    "BlockExplorer",
    "GrowthExplorer",
    "LevelsExplorer",
    "NetworkExplorer",
    "RepeatExplorer",
    "RooflineExplorer",
    "WindowExplorer",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; its explorers are {', '.join(__all__)}")
    module = import_module(f"{__name__}.{name.removesuffix('Explorer').lower()}")
    return getattr(module, name)
