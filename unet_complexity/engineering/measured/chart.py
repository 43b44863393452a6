"""Measured times as pictures: each block beside the least time of the model, and the whole against the side."""

from __future__ import annotations

from unet_complexity.engineering.measured import ENGINES, cases, exponent, machine
from unet_complexity.engineering.roofline import roofline
from unet_complexity.plots import CURVES, DASHES, Picture, _figure

HATCHES = ("", "///", "...", "xxx", "\\\\\\")


def plot_blocks_in_time(*engines: str, side: int = 256) -> Picture:
    """What each block of the asked network took on these engines, batch 1, and above which no machine model lets it be.

    ValueError for an engine that was not measured.

    >>> print(plot_blocks_in_time("onnxruntime").text)
    pix2pix U-Net, side 256, batch 1, milliseconds by block: ONNX Runtime ... at least ...
    """
    network = cases(engines[0])[side, 1].network
    least: dict[str, float] = {}
    for kernel in roofline(network, machine(), fused=True):
        block = kernel.steps[-1].block
        least[block] = least.get(block, 0) + 1000 * kernel.seconds
    names, high = list(least), 0.8 / len(engines)
    figure, (ax,) = _figure(8, 0.16 * len(names) * len(engines) + 1.4)
    said = []
    for place, engine in enumerate(engines):
        case = cases(engine)[side, 1]
        took = [case.milliseconds(lambda step, name=name: step.block == name) for name in names]  # type: ignore[misc]
        rows = [row + (place - (len(engines) - 1) / 2) * high for row in range(len(names))]
        style = {"color": CURVES[place], "hatch": HATCHES[place], "ec": "white"}
        ax.barh(rows, took, high, label=ENGINES[engine], **style)
        worst = max(zip(took, least.values(), names, strict=True), key=lambda one: one[0] / one[1])
        said.append(
            f"{ENGINES[engine]} {sum(took):,.0f}, most above the model in {worst[2]} ({worst[0] / worst[1]:.1f} times)"
        )
    tops, bottoms = ([row + end for row in range(len(names))] for end in (-0.45, 0.45))
    ax.vlines(list(least.values()), tops, bottoms, color="black", lw=3, label="at least, by the model (fused)")
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="milliseconds", ylim=(len(names) - 0.4, -0.6))
    ax.legend(frameon=False)
    return Picture(
        figure,
        f"{network.name}, side {side}, batch 1, milliseconds by block: {'; '.join(said)}; "
        f"by the model at least {sum(least.values()):,.0f}.",
    )


def plot_times(*engines: str) -> Picture:
    """The time of the whole asked network against its side, both axes logarithmic, beside a line of slope 2.

    >>> plot_times("onnxruntime").text.startswith("milliseconds for one image of side 128 ... 512: ONNX Runtime ")
    True
    """
    figure, (ax,) = _figure(7, 4.2)
    said = []
    for engine, colour, dash in zip(engines, CURVES, DASHES, strict=False):
        found = {side: case.whole for (side, batch), case in cases(engine).items() if batch == 1}
        times = [whole.median for whole in found.values()]
        power = exponent(found, times)
        ax.loglog(list(found), times, "o", color=colour, ls=dash, lw=2, label=f"{ENGINES[engine]}: $N^{{{power:.2f}}}$")
        lows, highs = ([getattr(whole, end) for whole in found.values()] for end in ("low", "high"))
        ax.vlines(list(found), lows, highs, color=colour, lw=5)
        said.append(f"{ENGINES[engine]} {times[0]:,.0f} ... {times[-1]:,.0f} (power {power:.2f})")
    sides = list(found)
    first = min(cases(engine)[sides[0], 1].whole.median for engine in engines) / 1.5
    ax.loglog(sides, [first * (side / sides[0]) ** 2 for side in sides], color="grey", lw=1, label="a line of $N^2$")
    ax.set(xlabel="side N (pixels)", ylabel="milliseconds")
    ax.set_xticks(sides, [str(side) for side in sides])
    ax.minorticks_off()
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return Picture(figure, f"milliseconds for one image of side {sides[0]} ... {sides[-1]}: {'; '.join(said)}.")
