"""The engineer's wing: a model file as a network, its seconds, other tools' totals.  These names are its door."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from unet_complexity.engineering import counting  # noqa: F401  it registers the loops of the wing's layers
from unet_complexity.engineering.conventions import Convention, conventions
from unet_complexity.engineering.explain import explain
from unet_complexity.engineering.fits import fits, footprint
from unet_complexity.engineering.reach import receptive_field
from unet_complexity.engineering.roofline import MACHINES, Machine, roofline
from unet_complexity.engineering.variants import variants

if TYPE_CHECKING:
    from unet_complexity.engineering.collapse import collapse_upsampling
    from unet_complexity.engineering.conventions.chart import plot_tools
    from unet_complexity.engineering.measured.chart import plot_blocks_in_time, plot_times
    from unet_complexity.engineering.readers.keras import from_keras
    from unet_complexity.engineering.readers.onnx import from_onnx

__all__ = [
    "MACHINES",
    "Convention",
    "Machine",
    "collapse_upsampling",
    "conventions",
    "explain",
    "fits",
    "footprint",
    "from_keras",
    "from_onnx",
    "plot_blocks_in_time",
    "plot_times",
    "plot_tools",
    "receptive_field",
    "roofline",
    "variants",
]

# imported on first use, because reading a model needs no plots and plotting needs no reader
LATER = {
    "collapse_upsampling": "collapse",
    "from_keras": "readers.keras",
    "from_onnx": "readers.onnx",
    "plot_blocks_in_time": "measured.chart",
    "plot_times": "measured.chart",
    "plot_tools": "conventions.chart",
}


def __getattr__(name: str) -> Any:
    if name in LATER:
        return getattr(import_module(f"{__name__}.{LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
