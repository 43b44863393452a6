"""The formulas on one page, each made by the package: docs/teaching/formulas.md."""

from collections.abc import Sequence
from typing import Any

from sympy import expand, factor, latex

from unet_complexity import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Convolution,
    MaxPooling2D,
    PhaseConv2D,
    Tensor,
    UpSampling2D,
    classic_unet,
    peak,
    pix2pix_unet,
    theta,
)
from unet_complexity.glossary import TERMS
from unet_complexity.layers import Layer
from unet_complexity.symbols import GLOSSARY, C_in, C_out, L, N, c, f, g, k, letter, n, q, s, t

FOUR_STEPS = "**Four steps, always:** count outputs, cost per output, multiply, simplify."
LETTERS = "n c f k s t N g L q".split()
WORDS = ("MAC", "FLOP", "dense", "in bounds", "Theta")
LAYERS: dict[str, Layer] = {
    "Conv2D(f, k)": Conv2D(f, k),
    "Conv2D(f, k, strides=t)": Conv2D(f, k, strides=t),
    "Conv2D(f, k, padding='valid')": Conv2D(f, k, padding="valid"),
    "Conv2DTranspose(f, k, strides=s)": Conv2DTranspose(f, k, strides=s),
    "UpSampling2D(s)": UpSampling2D(s),
    "UpSampling2D(s, interpolation='bilinear')": UpSampling2D(s, interpolation="bilinear"),
    "MaxPooling2D(2)": MaxPooling2D(2),
    "BatchNormalization()": BatchNormalization(),
}


def text() -> str:
    """The page, as Markdown with formulas between dollar signs."""
    return (
        "\n\n".join(
            ["# The formulas on one page", *_conventions(), *_layers(), *_pair(), *_networks()]
        )
        + "\n"
    )


def _math(value: Any) -> str:
    return f"${latex(value)}$"


def _factor(size: Any) -> str:
    return f"({latex(size)})" if getattr(size, "is_Add", False) else str(latex(size))


def _table(header: str, rows: Sequence[tuple[str, ...]]) -> str:
    cells = [tuple(header.split(" | ")), ("---",) * (header.count(" | ") + 1), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def _conventions() -> list[str]:
    words = "; ".join(f"**{word}**: {TERMS[word]}" for word in WORDS)
    letters = "; ".join(f"{_math(letter(name))} {GLOSSARY[name].split(';')[0]}" for name in LETTERS)
    return [FOUR_STEPS, f"One image, one pass forward. {words}.", f"**Letters.** {letters}."]


def _layers() -> list[str]:
    x, rows = Tensor(n, n, c), []
    for name, layer in LAYERS.items():
        out, cost = layer.output(x), layer.cost(x)
        shape = (
            f"${_factor(out.height)} \\times {_factor(out.width)} \\times {latex(out.channels)}$"
        )
        rows.append(
            (f"`{name}`", shape, _math(cost.params), _math(cost.macs), _math(cost.elementwise))
        )
    bounds = Conv2D(f, 3, use_bias=False).cost(x).macs_in_bounds
    return [
        f"## One layer, on a map of {_math(n)} × {_math(n)} pixels and {_math(c)} channels, padding 'same'",
        _table("layer | output | parameters | MACs, dense | other operations", rows),
        "Other operations of a convolution: its biases. Elements written: the product of the output's sizes. "
        f"In bounds, a 3 × 3 convolution makes {_math(bounds)} MACs.",
    ]


def _pair() -> list[str]:
    x, doubled = Tensor(n, n, c), UpSampling2D(s).output(Tensor(n, n, c))
    copied, written = UpSampling2D(s).cost(x).writes, Conv2D(f, k).cost(doubled).macs
    ways = {
        "as written": written,
        "the same function, phase by phase": PhaseConv2D(f, k, s).cost(x).macs,
        "`Conv2DTranspose(f, k, strides=s)`, another function": Conv2DTranspose(f, k, strides=s)
        .cost(x)
        .macs,
    }
    rows = [
        (
            name,
            _math(macs),
            *(str((macs / (n**2 * c * f)).subs({k: kernel, s: 2})) for kernel in (3, 4)),
        )
        for name, macs in ways.items()
    ]
    times, share = written / Conv2D(f, k).cost(x).macs, copied / written
    per = f"per {_math(n**2 * c * f)}"
    return [
        "## `UpSampling2D(s)`, then `Conv2D(f, k)`",
        f"The copy multiplies nothing and writes {_math(copied)} elements: {_math(share)} for each MAC after it. The "
        f"convolution after it costs {_math(times)} times as much as before it.",
        _table(f"way | MACs | {per}: k = 3, s = 2 | k = 4, s = 2", rows),
    ]


def _networks() -> list[str]:
    general = pix2pix_unet(N, C_in, C_out, base_filters=g, kernel_size=k, depth=L, doublings=q)
    asked = pix2pix_unet(side=256, in_channels=3)
    seven = (
        pix2pix_unet(side=N, in_channels=3, base_filters=g, kernel_size=k)
        .only(UpSampling2D)
        .total()
        .writes
    )
    classic, numbers = (
        classic_unet(N, C_in, C_out, base_filters=g, kernel_size=k, depth=L),
        classic_unet(side=256),
    )
    cost, whole, each = general.total(), asked.total(), classic.total()
    outputs = classic.only(Convolution).total().writes
    fixed = ", ".join(_math(letter) for letter in (C_in, C_out, q))
    share = 100 * asked.groups("part")["decoder"].total().macs / whole.macs
    return [
        "## The question's network (filters double $q$ times, then stay)",
        f"MACs, for {_math(L)} ≥ {_math(q + 2)}: {_math(expand(cost.macs))}",
        f"With {fixed} fixed that is ${latex(theta(cost.macs, fixed=[C_in, C_out, q]).expr)}$ in the sense of Θ. "
        f"256 × 256 × 3, seven steps, 64 base filters, 4 × 4: {whole.macs:,} MACs, {share:.2f} % of them after "
        f"a copy; {whole.params:,} parameters. Its seven copies write {_math(seven)} elements.",
        "## The classic U-Net (filters double on each level, transposed on the way up)",
        f"MACs: {_math(factor(each.macs))}",
        f"Outputs of its convolutions: {_math(expand(outputs))}. Held at once, one image, depth 4: "
        f"{_math(peak(classic_unet(side=N, base_filters=g, depth=4)).elements)}.",
        f"256 × 256 × 1, depth 4, 64 base filters, 3 × 3, 2 classes: {numbers.total().macs:,} MACs, "
        f"{numbers.total().params:,} parameters.",
    ]
