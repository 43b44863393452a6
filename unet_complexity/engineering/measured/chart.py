"""Pictures of measured times: each block beside its lower bound, and the whole network against its side."""

from __future__ import annotations

from unet_complexity.engineering.measured import ENGINES, cases, exponent, machine
from unet_complexity.engineering.roofline import roofline
from unet_complexity.plots import (
    CURVES,
    DASHES,
    Picture,
    draw_bars,
    finish_curves,
    largest,
    look,
    new_figure,
)
from unet_complexity.unets import pix2pix_unet

SIDE = 256  # of the image whose blocks are compared
HATCHES = ("", "///", "...", "xxx", "\\\\\\")


def plot_blocks_in_time(*engines: str) -> Picture:
    """Plot the measured time of each block of the pix2pix U-Net beside the roofline's lower bound, at batch 1.

    Args:
        engines: Keys of ``measured.ENGINES``, at least one.

    Raises:
        ValueError: An engine was not measured.

    Example:
        >>> print(plot_blocks_in_time("onnxruntime").text)
        pix2pix U-Net, side 256, batch 1, milliseconds by block: ONNX Runtime ... at least ...
    """
    network = pix2pix_unet(SIDE, 3)
    # each block of this network is one kernel
    kernels = roofline(network, machine(), fused=True)
    least = {kernel.steps[-1].block: 1000 * kernel.seconds for kernel in kernels}
    rows = range(len(least))
    figure, (ax,) = new_figure(8, 0.16 * len(least) * len(engines) + 2.2)
    height = 0.8 / len(engines)
    said = []
    for place, engine in enumerate(engines):
        name, case = ENGINES[engine], cases(engine)[SIDE, 1]
        took = {
            block: case.milliseconds(lambda step, block=block: step.block == block)
            for block in least
        }
        above = place * height - 0.4
        bars = {row + above: time for row, time in enumerate(took.values())}
        style = look(CURVES[place], HATCHES[place])
        draw_bars(ax, bars, height=height, align="edge", label=name, **style)
        block, times = largest({block: took[block] / least[block] for block in least})
        said.append(
            f"{name} {case.milliseconds():,.0f}, most above the model in {block} ({times:.1f} times)"
        )
    ax.vlines(
        list(least.values()),
        [row - 0.45 for row in rows],
        [row + 0.45 for row in rows],
        color="black",
        lw=3,
        label="at least, by the model (fused)",
    )
    ax.set(
        xlabel="milliseconds", yticks=rows, yticklabels=list(least), ylim=(len(rows) - 0.4, -0.6)
    )
    ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1))  # in sight on a telephone
    return Picture(
        figure,
        f"{network.name}, side {SIDE}, batch 1, milliseconds by block: {'; '.join(said)}; "
        f"by the model at least {sum(least.values()):,.0f}.",
    )


def plot_times(*engines: str) -> Picture:
    """Plot the time of the whole pix2pix U-Net against its side, on logarithmic axes, beside a line of slope 2.

    Args:
        engines: Keys of ``measured.ENGINES``, at least one.

    Raises:
        ValueError: An engine was not measured.

    Example:
        >>> plot_times("onnxruntime").text.startswith("milliseconds for one image of side 128 ... 512: ONNX Runtime ")
        True
    """
    figure, (ax,) = new_figure(7, 4.2)
    said = []
    fastest = float("inf")
    for engine, colour, dash in zip(engines, CURVES, DASHES, strict=False):
        found = {case.side: case.whole for case in cases(engine).values() if case.batch == 1}
        sides = list(found)
        lows, times, highs = zip(*found.values(), strict=True)
        power = exponent(sides, times)
        name = ENGINES[engine]
        label = f"{name}: $N^{{{power:.2f}}}$"
        ax.loglog(sides, times, "o", color=colour, ls=dash, lw=2, label=label)
        ax.vlines(sides, lows, highs, color=colour, lw=5)
        said.append(f"{name} {times[0]:,.0f} ... {times[-1]:,.0f} (power {power:.2f})")
        fastest = min(fastest, times[0])
    slope = [fastest / 1.5 * (side / sides[0]) ** 2 for side in sides]
    ax.loglog(sides, slope, color="grey", lw=1, label="a line of $N^2$")
    finish_curves(ax, sides, "side N (pixels)", "milliseconds")
    return Picture(
        figure, f"milliseconds for one image of side {sides[0]} ... {sides[-1]}: {'; '.join(said)}."
    )
