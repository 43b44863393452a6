"""Counting conventions of public tools: each tool's total of a network, rebuilt to the last unit from its layers."""

from unet_complexity.engineering.conventions.convention import Convention
from unet_complexity.engineering.conventions.quantities import KINDS, MEANING, kind
from unet_complexity.engineering.conventions.tools import conventions

__all__ = ["KINDS", "MEANING", "Convention", "conventions", "kind"]
