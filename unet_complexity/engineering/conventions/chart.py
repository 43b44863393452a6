"""Picture of the tools' totals, and of the part of each that convolutions do not explain."""

from __future__ import annotations

from collections import Counter

from unet_complexity.engineering.conventions.tools import conventions
from unet_complexity.networks import Network
from unet_complexity.plots import Picture, draw_bars, largest, look, new_figure, numbers_only

UNITS = {"MACs": look("#D55E00"), "FLOPs": look("#56B4E9", "///")}
ADDED = {
    "upsampling": look("#0072B2"),
    "normalization": look("#E69F00", "///"),
    "activations": look("#009E73", "..."),
    "bias": look("#999999"),
    "other": look("#CC79A7", "xxx"),
}


def plot_tools(network: Network) -> Picture:
    """Plot the total of each tool, and its non-convolution part by cause.

    Left: each tool's total, in billions.  Right: its non-convolution part, in millions.

    Args:
        network: A network without letters.

    Raises:
        ValueError: The network has letters, or a layer that one of the tools was not measured on.

    Example:
        >>> from unet_complexity import pix2pix_unet
        >>> print(plot_tools(pix2pix_unet(256, 3)).text)
        pix2pix U-Net, 256 x 256 x 3 in: 10 tools print MACs, from 18,056,497,152 to 18,169,458,688; ...
    """
    numbers_only(network)
    parts = {
        tool: convention.parts(network)
        for tool, convention in conventions.items()
        if convention.unit in UNITS
    }
    totals = sorted((sum(found.values()), tool) for tool, found in parts.items())
    figure, (left, right) = new_figure(10, 0.3 * len(totals) + 1.2, columns=2)
    said = []
    for unit, style in UNITS.items():
        printed = {tool: total for total, tool in totals if conventions[tool].unit == unit}
        draw_bars(left, printed, {"fmt": "%.2f"}, 1e9, label=unit, **style)
        lowest, *_, highest = printed.values()
        said.append(f"{len(printed)} tools print {unit}, from {lowest:,} to {highest:,}")
    left.set(title="what it prints", xlabel="in $10^9$", ylim=(len(totals) - 0.4, -0.6))
    left.margins(x=0.15)
    left.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.06), ncols=2)
    beside = Counter(dict.fromkeys(parts, 0))
    for part, style in ADDED.items():
        sizes = {tool: found.get(part, 0) for tool, found in parts.items()}
        if any(sizes.values()):
            start = [size / 1e6 for size in beside.values()]
            draw_bars(right, sizes, unit=1e6, left=start, label=part, **style)
        beside.update(sizes)  # it adds
    right.set(title="of it, beside the convolutions' products", xlabel="in $10^6$")
    right.legend(frameon=False)
    tool, most = largest(beside)
    said.append(f"beside the convolutions' products {tool} counts most, {most:,}")
    return Picture(figure, f"{network.heading}: {'; '.join(said)}.")
