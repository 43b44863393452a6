"""Live pictures: what an explorer shows is computed in the browser, by formulas that SymPy printed.

One display, three forms.  A live kernel gives a widget, whose state Python reads and sets; an exported page gives
the same explorer, alive from its own inline script; where no script may run, a still picture and its sentence stay.

Nothing here is imported by the rest of the package; anywidget is imported when an explorer is first asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unet_complexity.explorers.blocks import BlockExplorer
    from unet_complexity.explorers.widgets import LevelsExplorer, RepeatExplorer, WindowExplorer

__all__ = ["BlockExplorer", "LevelsExplorer", "RepeatExplorer", "WindowExplorer"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; its explorers are {', '.join(__all__)}")
    from unet_complexity.explorers import blocks, widgets

    return getattr(blocks if name == "BlockExplorer" else widgets, name)
