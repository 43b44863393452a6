"""Still figures with matplotlib: a :class:`Picture` of a network or of formulas, with its content in words.

One colour and one hatch per quantity everywhere (Okabe-Ito palette), so that figures read in grey as well.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sympy as sp

from unet_complexity import jupyterlite
from unet_complexity.cost import with_separators
from unet_complexity.escaping import drawn, html_text, plain
from unet_complexity.layers import Convolution
from unet_complexity.memory import kept, live, peak
from unet_complexity.networks import Network
from unet_complexity.symbols import as_expr

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# quantity: (label, unit, colour, hatch); memory is what the convolutions write
STYLE = {
    "params": ("parameters", "parameters", "#0072B2", "///"),
    "macs": ("MACs", "MACs", "#D55E00", ""),
    "writes": ("memory", "elements", "#009E73", "..."),
}
CURVES = ("#0072B2", "#009E73", "#D55E00", "#CC79A7", "#E69F00")
DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1)))


@dataclass(frozen=True)
class Picture:
    """A figure and the sentence that describes it, which is also its alternative text."""

    figure: Figure | _Unseen
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", plain(self.text))

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        if isinstance(self.figure, _Unseen):
            words = [self.text, f"No picture: {jupyterlite.missing('matplotlib')}"]
            paragraph = "\n".join(map(html_text, words))
            return {"text/plain": "\n".join(words), "text/html": f"<p>{paragraph}</p>"}, {}
        png = io.BytesIO()
        self.figure.savefig(
            png, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None}
        )
        data = {"image/png": base64.b64encode(png.getvalue()).decode(), "text/plain": self.text}
        return data, {"image/png": {"alt": self.text}}


class _Unseen:
    """Stand-in for a figure and its axes in a browser without matplotlib; it ignores every call."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def _figure(width: float, height: float, columns: int = 1) -> tuple[Figure | _Unseen, list[Any]]:
    if not jupyterlite.can_import("matplotlib"):
        return _Unseen(), [_Unseen()] * columns
    from matplotlib.figure import Figure  # not pyplot: nothing to close, nothing global

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(1, columns, sharey=True, squeeze=False)[0]
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    return figure, list(axes)


def plot_levels(network: Network) -> Picture:
    """Plot the shares of parameters, MACs and memory per level of a U-Net, as three aligned rows of bars.

    Convolutions only; memory is the elements that they write.

    Raises:
        ValueError: The network has letters.

    >>> from unet_complexity import classic_unet
    >>> print(plot_levels(classic_unet(256)).text)
    classic U-Net, 256 x 256 x 1 in, convolutions only; largest share of parameters on level 4 (45.6 %), \
MACs on level 1 (23.7 %), memory on level 0 (52.8 %).
    """
    convolutions = _numbers_only(network).only(Convolution)
    levels = {level: part.total() for level, part in convolutions.groups("level").items()}
    total = convolutions.total()
    shares = {
        field: {n: 100 * getattr(cost, field) / getattr(total, field) for n, cost in levels.items()}
        for field in STYLE
    }
    widest = max(max(share.values()) for share in shares.values())
    figure, axes = _figure(8, 0.45 * len(levels) + 1.2, columns=len(STYLE))
    said = []
    for ax, (field, share) in zip(axes, shares.items(), strict=True):
        label, unit, colour, hatch = STYLE[field]
        bars = ax.barh(
            [str(level) for level in share],
            list(share.values()),
            color=colour,
            hatch=hatch,
            ec="white",
        )
        ax.bar_label(bars, fmt="%.1f %%", padding=3, fontsize=9)
        ax.set(
            title=label,
            xlabel=f"% of {with_separators(getattr(total, field))} {unit}",
            xlim=(0, 1.3 * widest),
        )
        top = max(share, key=lambda level: share[level])
        said.append(f"{label} on level {top} ({share[top]:.1f} %)")
    axes[0].invert_yaxis()
    axes[0].set_ylabel("level $l$ (side $N / 2^l$)")
    return Picture(
        figure, f"{network.heading}, convolutions only; largest share of {', '.join(said)}."
    )


def plot_blocks(network: Network) -> Picture:
    """Plot the MACs of each block in running order, encoder and decoder apart.

    Raises:
        ValueError: The network has letters.

    >>> from unet_complexity import pix2pix_unet
    >>> print(plot_blocks(pix2pix_unet(256, 3)).text)
    pix2pix U-Net, 256 x 256 x 3 in: 18,052,284,416 MACs; encoder 11.15 %, decoder 88.85 %; largest block u4 (23.8 %).
    """
    total = int(_numbers_only(network).total().macs)
    blocks = network.only(Convolution).groups("block")
    macs = {name: int(part.total().macs) for name, part in blocks.items()}
    places = {
        name: place for place, name in enumerate(macs)
    }  # as categories, names would be read as formulas
    figure, (ax,) = _figure(7, 0.28 * len(macs) + 1)
    for part, colour, hatch in (
        ("encoder", "#56B4E9", "///"),
        ("bottleneck", "#999999", ""),
        ("decoder", "#D55E00", ""),
        ("head", "#E69F00", "..."),
    ):
        own = [name for name in macs if blocks[name].steps[0].part == part]
        if own:
            rows = [places[name] for name in own]
            bars = ax.barh(
                rows,
                [macs[name] / 1e9 for name in own],
                color=colour,
                hatch=hatch,
                ec="white",
                label=part,
            )
            ax.bar_label(
                bars, [f"{100 * macs[name] / total:.1f} %" for name in own], padding=3, fontsize=9
            )
    ax.set_yticks(range(len(places)), list(map(drawn, places)))
    ax.set(
        xlabel="GMACs ($10^9$ multiply-accumulates, dense)",
        xlim=(0, 1.15 * max(macs.values()) / 1e9),
    )
    ax.invert_yaxis()
    ax.legend(frameon=False)
    parts = ", ".join(
        f"{name} {100 * part.total().macs / total:.2f} %"
        for name, part in network.groups("part").items()
    )
    top = max(macs, key=lambda name: macs[name])
    return Picture(
        figure,
        f"{network.heading}: {with_separators(total)} MACs; {parts}; "
        f"largest block {top} ({100 * macs[top] / total:.1f} %).",
    )


def plot_memory(network: Network) -> Picture:
    """Plot the live elements of each step as a staircase: at inference, and above it in training.

    What the running step reads and writes stands on what waits for a later one, such as skips.  The model is that of
    :mod:`unet_complexity.memory`.

    Raises:
        ValueError: The network has letters.

    >>> from unet_complexity import classic_unet
    >>> print(plot_memory(classic_unet(256)).text)
    classic U-Net, 256 x 256 x 1 in, 49 steps: at most 16,777,216 elements at once at inference, while dec0.skip runs; \
at most 53,936,128 in training, 49,741,824 of them for the way back.
    """
    moments = live(_numbers_only(network))
    top = peak(network)
    most = int(top.elements)
    names = [step.name for step in network]
    places = range(len(names))
    training = [int(moment.elements) for moment in live(network, training=True)]
    waiting = []
    busy = []
    for moment in moments:
        rest = sum(moment.waiting.values()) / 1e6
        waiting.append(rest)
        busy.append(int(moment.elements) / 1e6 - rest)
    figure, (ax,) = _figure(8, 4)
    ax.bar(
        places,
        waiting,
        1,
        color="#8FD4BE",
        hatch="xxx",
        ec="white",
        label="waits for a later step (skips)",
    )
    _, _, colour, hatch = STYLE["writes"]
    ax.bar(
        places,
        busy,
        1,
        waiting,
        color=colour,
        hatch=hatch,
        ec="white",
        label="read or written by this step",
    )
    ax.step(
        places,
        [held / 1e6 for held in training],
        where="mid",
        color="black",
        ls="--",
        label="held in training",
    )
    at = next(i for i, moment in enumerate(moments) if moment.step == top.step)
    ax.annotate(
        f"peak {most / 1e6:.2f}", (at, most / 1e6), (0, 3), textcoords="offset points", ha="center"
    )
    blocks = list(dict.fromkeys(step.block for step in network))
    firsts = [next(i for i, step in enumerate(network) if step.block == block) for block in blocks]
    ax.set_xticks(
        [first - 0.5 for first in firsts], list(map(drawn, blocks)), rotation=-45, ha="left"
    )
    ax.set(
        xlabel="steps in running order; a name marks the first of its block",
        ylabel="elements held ($10^6$)",
    )
    ax.legend(frameon=False, loc="upper left")
    return Picture(
        figure,
        f"{network.heading}, {len(names)} steps: at most {with_separators(most)} elements at once at "
        f"inference, while {names[at]} runs; at most {with_separators(max(training))} in training, "
        f"{with_separators(kept(network).elements)} of them for the way back.",
    )


def plot_growth(
    curves: Mapping[str, Any], letter: sp.Symbol, values: Iterable[int], ylabel: str
) -> Picture:
    """Plot formulas in one letter against its values, on logarithmic axes, so that a power is a straight line.

    Args:
        curves: Name and formula of each curve.
        letter: The letter on the horizontal axis.
        values: Its values.
        ylabel: Quantity on the vertical axis.

    Raises:
        ValueError: A formula has another letter.

    >>> from unet_complexity.symbols import n
    >>> print(plot_growth({"answer": 3*n, "counted": 12*n**2}, n, [4, 8], "elements").text)
    elements for n = 4 ... 8: answer 12 ... 24 (x 2); counted 192 ... 768 (x 4).
    """
    points = sorted(values)
    figure, (ax,) = _figure(7, 4)
    said = []
    for (name, formula), colour, dash in zip(curves.items(), CURVES, DASHES, strict=False):
        formula = as_expr(formula)
        if formula.free_symbols - {letter}:
            raise ValueError(
                f"{name!r} must have no letter but {letter}, got {formula}; put numbers in place of the rest"
            )
        ys = [formula.subs(letter, point) for point in points]
        ax.loglog(
            points,
            [float(y) for y in ys],
            color=colour,
            ls=dash,
            lw=2,
            label=f"{drawn(name)}: ${sp.latex(formula)}$",
        )
        said.append(
            f"{name} {with_separators(int(ys[0]))} ... {with_separators(int(ys[-1]))} (x {ys[-1] / ys[0]})"
        )
    ax.set(xlabel=f"{letter}, one side (pixels)", ylabel=ylabel)
    ax.set_xticks(points, [str(point) for point in points])
    ax.minorticks_off()
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return Picture(
        figure, f"{ylabel} for {letter} = {points[0]} ... {points[-1]}: {'; '.join(said)}."
    )


def _numbers_only(network: Network) -> Network:
    for step in network:
        if not isinstance(step.output.size, int):
            raise ValueError(
                f"a picture needs numbers, got letters in {step.name}; call at(...) first, as in at(N=256, C=3)"
            )
    return network
