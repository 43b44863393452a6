"""Still figures with matplotlib: a :class:`Picture` of a network or of formulas, with its content in words.

One colour and one hatch per quantity everywhere (Okabe-Ito palette), so that figures read in grey as well.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import sympy as sp

from unet_complexity import jupyterlite
from unet_complexity.escaping import drawn, html_text, in_message, plain
from unet_complexity.layers import Convolution
from unet_complexity.memory import kept, live
from unet_complexity.networks import Network
from unet_complexity.symbols import as_expr

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def look(colour: str, hatch: str = "") -> dict[str, Any]:
    """Return matplotlib's arguments for bars of one colour and hatch, with a white edge."""
    return {"color": colour, "hatch": hatch, "ec": "white"}


# field of a cost: label, unit, look; memory is the elements that convolutions write
QUANTITIES = {
    "params": ("parameters", "parameters", look("#0072B2", "///")),
    "macs": ("MACs", "MACs", look("#D55E00")),
    "writes": ("memory", "elements", look("#009E73", "...")),
}
PARTS = {
    "encoder": look("#56B4E9", "///"),
    "bottleneck": look("#999999"),
    "decoder": look("#D55E00"),
    "head": look("#E69F00", "..."),
}
WAITING = look("#8FD4BE", "xxx")
CURVES = ("#0072B2", "#009E73", "#D55E00", "#CC79A7", "#E69F00")
DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1)))


@dataclass(frozen=True)
class Picture:
    """A figure and the sentence that describes it, which is also its alternative text."""

    figure: Figure | _Unseen
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", plain(self.text))
        if not isinstance(self.figure, _Unseen):
            from matplotlib.text import Text

            for text in self.figure.findobj(Text):
                text.set(usetex=False)  # names are text, also where a user's settings ask for TeX

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


def new_figure(width: float, height: float, columns: int = 1) -> tuple[Figure | _Unseen, list[Any]]:
    """Return a figure and its axes, side by side with a common vertical axis.

    Args:
        width: Width in inches.
        height: Height in inches.
        columns: Number of axes.

    Returns:
        The figure and its axes; stand-ins in a browser without matplotlib.
    """
    if not jupyterlite.can_import("matplotlib"):
        return _Unseen(), [_Unseen()] * columns
    from matplotlib.figure import Figure  # not pyplot: nothing to close, nothing global

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(1, columns, sharey=True, squeeze=False)[0]
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    return figure, list(axes)


def draw_bars(
    ax: Any,
    values: Mapping[Any, float],
    texts: Mapping[str, Any] | None = None,
    unit: float = 1,
    **more: Any,
) -> None:
    """Draw horizontal bars.

    Args:
        ax: Axes of matplotlib.
        values: Value of each bar by its row, a name or a position.
        texts: ``fmt`` or ``labels`` of ``bar_label``, for the texts at the ends of the bars, if any.
        unit: Value of a bar of length 1.
        more: Other arguments of ``barh``: those of :func:`look`, a ``label`` for the legend.
    """
    lengths = [value / unit for value in values.values()]
    bars = ax.barh(list(values), lengths, **more)
    if texts:
        ax.bar_label(bars, padding=3, fontsize=9, **texts)


def finish_curves(ax: Any, xs: Sequence[int], xlabel: str, ylabel: str) -> None:
    """Label logarithmic axes with curves, a tick for each x."""
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_xticks(xs, list(map(str, xs)))
    ax.minorticks_off()
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)


def largest(values: Mapping[str, float]) -> tuple[str, float]:
    """Return the first key with the largest value, and that value.

    Example:
        >>> largest({"enc0": 1, "enc1": 3, "dec0": 3})
        ('enc1', 3)
    """
    return max(values.items(), key=itemgetter(1))


def plot_levels(network: Network) -> Picture:
    """Plot the shares of parameters, MACs and memory per level of a U-Net, as three aligned rows of bars.

    Only convolutions are shown; memory is the elements that they write.

    Args:
        network: A network without letters.

    Raises:
        ValueError: The network has letters.

    Example:
        >>> from unet_complexity import classic_unet
        >>> print(plot_levels(classic_unet(256)).text)
        classic U-Net, 256 x 256 x 1 in, convolutions only; largest share of parameters on level 4 (45.6 %), \
MACs on level 1 (23.7 %), memory on level 0 (52.8 %).
    """
    convolutions = numbers_only(network).only(Convolution)
    total = convolutions.total()
    levels = {str(level): part.total() for level, part in convolutions.groups("level").items()}
    figure, axes = new_figure(8, 0.45 * len(levels) + 1.2, columns=len(QUANTITIES))
    said = []
    widest = 0.0
    for ax, (field, (label, unit, style)) in zip(axes, QUANTITIES.items(), strict=True):
        whole = getattr(total, field)
        shares = {level: 100 * getattr(cost, field) / whole for level, cost in levels.items()}
        draw_bars(ax, shares, {"fmt": "%.1f %%"}, **style)
        ax.set(title=label, xlabel=f"% of {whole:,} {unit}")
        level, share = largest(shares)
        widest = max(widest, share)
        said.append(f"{label} on level {level} ({share:.1f} %)")
    for ax in axes:
        ax.set_xlim(0, 1.3 * widest)
    axes[0].invert_yaxis()
    axes[0].set_ylabel("level $l$ (side $N / 2^l$)")
    return Picture(
        figure, f"{network.heading}, convolutions only; largest share of {', '.join(said)}."
    )


def plot_blocks(network: Network) -> Picture:
    """Plot the MACs of each block in running order, with encoder and decoder apart.

    Args:
        network: A network without letters.

    Raises:
        ValueError: The network has letters.

    Example:
        >>> from unet_complexity import pix2pix_unet
        >>> print(plot_blocks(pix2pix_unet(256, 3)).text)
        pix2pix U-Net, 256 x 256 x 3 in: 18,052,284,416 MACs; encoder 11.15 %, decoder 88.85 %; \
largest block u4 (23.8 %).
    """
    total = int(numbers_only(network).total().macs)
    blocks = network.only(Convolution).groups("block")
    macs = {name: int(part.total().macs) for name, part in blocks.items()}
    figure, (ax,) = new_figure(7, 0.28 * len(macs) + 1)
    for part, style in PARTS.items():
        # rows by number: as categories, matplotlib would read names as formulas
        rows = {
            row: macs[name]
            for row, (name, block) in enumerate(blocks.items())
            if block.steps[0].part == part
        }
        if rows:
            texts = [f"{100 * count / total:.1f} %" for count in rows.values()]
            draw_bars(ax, rows, {"labels": texts}, 1e9, label=part, **style)
    name, most = largest(macs)
    ax.set_yticks(range(len(macs)), list(map(drawn, macs)))
    ax.set(xlabel="GMACs ($10^9$ multiply-accumulates, dense)", xlim=(0, 1.15 * most / 1e9))
    ax.invert_yaxis()
    ax.legend(frameon=False)
    shares = [
        f"{part} {100 * steps.total().macs / total:.2f} %"
        for part, steps in network.groups("part").items()
    ]
    return Picture(
        figure,
        f"{network.heading}: {total:,} MACs; {', '.join(shares)}; "
        f"largest block {name} ({100 * most / total:.1f} %).",
    )


def plot_memory(network: Network) -> Picture:
    """Plot the live elements of each step as a staircase: at inference, and above it in training.

    The maps that the running step reads and writes stand on those that wait for a later step, such as skips.  The
    model is that of :mod:`unet_complexity.memory`.

    Args:
        network: A whole network without letters.

    Raises:
        ValueError: The network has letters, or is only a part.

    Example:
        >>> from unet_complexity import classic_unet
        >>> print(plot_memory(classic_unet(256)).text)
        classic U-Net, 256 x 256 x 1 in, 49 steps: at most 16,777,216 elements at once at inference, \
while dec0.skip runs; at most 53,936,128 in training, 49,741,824 of them for the backward pass.
    """
    moments = live(numbers_only(network))
    held = [moment.elements for moment in moments]
    training = [moment.elements for moment in live(network, training=True)]
    waiting = [sum(moment.waiting.values()) / 1e6 for moment in moments]
    busy = [count / 1e6 - rest for count, rest in zip(held, waiting, strict=True)]
    most = max(held)
    at = held.index(most)
    firsts: dict[str, float] = {}
    for place, step in enumerate(network):
        firsts.setdefault(step.block, place - 0.5)
    figure, (ax,) = new_figure(8, 4)
    places = range(len(held))
    ax.bar(places, waiting, 1, label="waits for a later step (skips)", **WAITING)
    *_, style = QUANTITIES["writes"]
    ax.bar(places, busy, 1, waiting, label="read or written by this step", **style)
    above = [count / 1e6 for count in training]
    ax.step(places, above, where="mid", color="black", ls="--", label="held in training")
    peak = most / 1e6
    ax.annotate(f"peak {peak:.2f}", (at, peak), (0, 3), textcoords="offset points", ha="center")
    ax.set_xticks(list(firsts.values()), list(map(drawn, firsts)), rotation=-45, ha="left")
    ax.set(
        xlabel="steps in running order; a name marks the first of its block",
        ylabel="elements held ($10^6$)",
    )
    ax.legend(frameon=False, loc="upper left")
    return Picture(
        figure,
        f"{network.heading}, {len(held)} steps: at most {most:,} elements at once at "
        f"inference, while {network.steps[at].name} runs; at most {max(training):,} in training, "
        f"{kept(network).elements:,} of them for the backward pass.",
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
        ValueError: A formula has another letter, or there are more curves than can be told apart.

    Example:
        >>> from unet_complexity.symbols import n
        >>> print(plot_growth({"answer": 3*n, "counted": 12*n**2}, n, [4, 8], "elements").text)
        elements for n = 4 ... 8: answer 12 ... 24 (x 2); counted 192 ... 768 (x 4).
    """
    if len(curves) > len(CURVES):
        raise ValueError(
            f"at most {len(CURVES)} curves can be told apart, got {len(curves)}; draw them in two pictures"
        )
    points = sorted(values)
    figure, (ax,) = new_figure(7, 4)
    said = []
    for (name, formula), colour, dash in zip(curves.items(), CURVES, DASHES, strict=False):
        formula = as_expr(formula)
        if formula.free_symbols - {letter}:
            raise ValueError(
                f"{in_message(name)!r} must have no letter but {letter}, got {formula}; "
                "put numbers in place of the rest"
            )
        ys = [formula.subs(letter, point) for point in points]
        label = f"{drawn(name)}: ${sp.latex(formula)}$"
        ax.loglog(points, list(map(float, ys)), color=colour, ls=dash, lw=2, label=label)
        first, last = ys[0], ys[-1]
        said.append(f"{name} {int(first):,} ... {int(last):,} (x {last / first})")
    finish_curves(ax, points, f"{letter}, one side (pixels)", ylabel)
    return Picture(
        figure, f"{ylabel} for {letter} = {points[0]} ... {points[-1]}: {'; '.join(said)}."
    )


def numbers_only(network: Network) -> Network:
    """Return the network, after a check that its sizes are numbers.

    Raises:
        ValueError: A size is a letter.
    """
    for step in network:
        if not isinstance(step.output.size, int):
            raise ValueError(
                f"a picture needs numbers, got letters in {in_message(step.name)}; "
                "call at(...) first, as in at(N=256, C=3)"
            )
    return network
