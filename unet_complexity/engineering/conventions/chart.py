"""What each tool prints for a network, and what it adds to the convolutions: one picture."""

from __future__ import annotations

from unet_complexity.cost import with_separators
from unet_complexity.engineering.conventions.convention import Convention
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
    """On the left what each tool prints, on the right what of it is no product of a convolution, and why it is there.

    ValueError for a network with letters, or with a layer that one of the tools was not measured on.

    >>> from unet_complexity import pix2pix_unet
    >>> print(plot_tools(pix2pix_unet(256, 3)).text)
    pix2pix U-Net, 256 x 256 x 3 in: 10 tools print MACs, from 18,056,497,152 to 18,169,458,688; ...
    """
    parts = {tool: tool.parts(_numbers_only(network)) for tool in conventions.values() if tool.unit in UNITS}
    tools = sorted(parts, key=lambda tool: (tool.unit, sum(map(int, parts[tool].values()))))
    names = [tool.tool for tool in tools]
    figure, (left, right) = _figure(10, 0.3 * len(tools) + 1.2, columns=2)
    for unit, (colour, hatch) in UNITS.items():
        own = {tool.tool: int(tool.total(network)) / 1e9 for tool in tools if tool.unit == unit}
        bars = left.barh(list(own), list(own.values()), color=colour, hatch=hatch, ec="white", label=unit)
        left.bar_label(bars, fmt="%.2f", padding=3, fontsize=9)
    left.set(title="what it prints", xlabel="in $10^9$", ylim=(len(tools) - 0.4, -0.6))
    left.margins(x=0.15)
    left.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.06), ncols=2)
    start = dict.fromkeys(tools, 0.0)
    for part, (colour, hatch) in ADDED.items():
        sizes = [int(parts[tool].get(part, 0)) / 1e6 for tool in tools]
        if any(sizes):
            right.barh(names, sizes, left=list(start.values()), color=colour, hatch=hatch, ec="white", label=part)
        start = {tool: start[tool] + size for tool, size in zip(tools, sizes, strict=True)}
    right.set(title="of it, beside the convolutions' products", xlabel="in $10^6$")
    right.legend(frameon=False)
    return Picture(figure, _said(network, parts))


def _said(network: Network, parts: dict[Convention, dict[str, int]]) -> str:
    said = []
    for unit in UNITS:
        totals = [int(tool.total(network)) for tool in parts if tool.unit == unit]
        low, high = with_separators(min(totals)), with_separators(max(totals))
        said.append(f"{len(totals)} tools print {unit}, from {low} to {high}")
    beside = {tool.tool: sum(part.get(name, 0) for name in ADDED) for tool, part in parts.items()}
    most = max(beside, key=lambda name: beside[name])
    said.append(f"beside the convolutions' products {most} counts most, {with_separators(beside[most])}")
    return f"{network.heading}: {'; '.join(said)}."
