"""Picture of the tools' totals, and of what each adds to the products of the convolutions."""

from __future__ import annotations

from unet_complexity.cost import with_separators
from unet_complexity.engineering.conventions.tools import conventions
from unet_complexity.networks import Network
from unet_complexity.plots import Picture, _figure, _numbers_only

UNITS = {"MACs": ("#D55E00", ""), "FLOPs": ("#56B4E9", "///")}
ADDED = {
    "upsampling": ("#0072B2", ""),
    "normalization": ("#E69F00", "///"),
    "activations": ("#009E73", "..."),
    "bias": ("#999999", ""),
    "other": ("#CC79A7", "xxx"),
}


def plot_tools(network: Network) -> Picture:
    """Plot the total of each tool, and its non-convolution part by cause.

    Left: what each tool prints, in billions.  Right: its non-convolution part, in millions.

    Args:
        network: A network without letters.

    Raises:
        ValueError: The network has letters, or a layer that one of the tools was not measured on.

    Example:
        >>> from unet_complexity import pix2pix_unet
        >>> print(plot_tools(pix2pix_unet(256, 3)).text)
        pix2pix U-Net, 256 x 256 x 3 in: 10 tools print MACs, from 18,056,497,152 to 18,169,458,688; ...
    """
    _numbers_only(network)
    tools = [tool for tool in conventions.values() if tool.unit in UNITS]
    parts = {tool: tool.parts(network) for tool in tools}
    totals = {tool: sum(map(int, parts[tool].values())) for tool in tools}
    tools.sort(key=lambda tool: (tool.unit, totals[tool]))
    names = [tool.tool for tool in tools]
    figure, (left, right) = _figure(10, 0.3 * len(tools) + 1.2, columns=2)
    said = []
    for unit, (colour, hatch) in UNITS.items():
        printed = {tool.tool: totals[tool] for tool in tools if tool.unit == unit}
        billions = [total / 1e9 for total in printed.values()]
        bars = left.barh(list(printed), billions, color=colour, hatch=hatch, ec="white", label=unit)
        left.bar_label(bars, fmt="%.2f", padding=3, fontsize=9)
        lowest = with_separators(min(printed.values()))
        highest = with_separators(max(printed.values()))
        said.append(f"{len(printed)} tools print {unit}, from {lowest} to {highest}")
    left.set(title="what it prints", xlabel="in $10^9$", ylim=(len(tools) - 0.4, -0.6))
    left.margins(x=0.15)
    left.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.06), ncols=2)
    start = [0.0] * len(tools)
    beside = dict.fromkeys(names, 0)
    for part, (colour, hatch) in ADDED.items():
        sizes = [int(parts[tool].get(part, 0)) for tool in tools]
        millions = [size / 1e6 for size in sizes]
        if any(sizes):
            style = {"color": colour, "hatch": hatch, "ec": "white"}
            right.barh(names, millions, left=list(start), label=part, **style)
        for place, name in enumerate(names):
            start[place] += millions[place]
            beside[name] += sizes[place]
    right.set(title="of it, beside the convolutions' products", xlabel="in $10^6$")
    right.legend(frameon=False)
    most = max(beside, key=lambda name: beside[name])
    said.append(
        f"beside the convolutions' products {most} counts most, {with_separators(beside[most])}"
    )
    return Picture(figure, f"{network.heading}: {'; '.join(said)}.")
