"""How public tools count: one network, many totals, each rebuilt to the last unit from the list of layers."""

from unet_complexity.engineering.conventions.convention import Convention
from unet_complexity.engineering.conventions.quantities import KINDS, MEANING, kind
from unet_complexity.engineering.conventions.tools import conventions

__all__ = ["KINDS", "MEANING", "Convention", "conventions", "kind"]
