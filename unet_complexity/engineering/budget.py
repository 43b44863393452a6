"""Bounds that a network must keep, such as a budget of MACs in continuous integration."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Mapping

from unet_complexity.engineering.fits import amount
from unet_complexity.engineering.report import COUNTED, Data, counts
from unet_complexity.escaping import shortened
from unet_complexity.networks import Network

PEAKS = {"peak": "inference", "training_peak": "training"}
BOUNDED = (*COUNTED, *PEAKS)


def bounds(text: str) -> dict[str, int]:
    """Parse bounds: macs=2e9,params=3e6,peak=2GB.

    Raises:
        ArgumentTypeError: A bound has no known name, or no amount; or a name comes twice.

    Example:
        >>> bounds("macs=2e9,peak=2GB")
        {'macs': 2000000000, 'peak': 2000000000}
    """
    found: dict[str, int] = {}
    for part in text.split(","):
        name, _, most = part.partition("=")
        if name not in BOUNDED or name in found:
            raise ArgumentTypeError(
                f"a bound is one of {', '.join(BOUNDED)}, each once, got {shortened(part, 40)!r}; "
                "try macs=2e9,peak=2GB"
            )
        try:
            found[name] = amount(most)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from None
    return found


def broken(most: Mapping[str, int], network: Network, memory: Data) -> list[str]:
    """Return a line for each bound that the network exceeds.

    Args:
        most: Bounds by name.
        network: The network.
        memory: Footprints of inference and training.

    Raises:
        ValueError: There is a bound, and sizes are letters or layers are not counted.

    Example:
        >>> from unet_complexity import pix2pix_unet
        >>> asked = pix2pix_unet(256, 3)
        >>> broken({"macs": 10**9, "params": 10**8}, asked, {"inference": {"peak": 209316364}})
        ['macs: 18,052,284,416 is more than 1,000,000,000']
    """
    if most and not memory:
        raise ValueError(
            f"a bound needs sizes in numbers and every layer counted, got {network.heading}"
        )
    figures = counts(network)
    lines = []
    for name, bound in most.items():
        phase = PEAKS.get(name)
        found = memory[phase]["peak"] if phase else figures[name]
        if found > bound:
            lines.append(f"{name}: {found:,} is more than {bound:,}")
    return lines
