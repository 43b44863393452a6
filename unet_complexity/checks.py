"""Answers to the notebooks' exercises, checked with a reason: not "wrong" but "you left out c".

An :class:`Exercise` holds the right value, the factors it is made of, and the slips people make.  The answer may be a
number, a formula in the package's letters or a function of them; what it misses is found by dividing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import Any

import sympy as sp

from unet_complexity.closed_form import powers_of_two
from unet_complexity.conventions import conventions
from unet_complexity.cost import Tensor, with_separators
from unet_complexity.layers import BatchNormalization, Conv2D, Conv2DTranspose, PhaseConv2D, UpSampling2D
from unet_complexity.symbols import N, c, f, g, h, k, n, s, w
from unet_complexity.unets import classic_unet, pix2pix_unet


@dataclass(frozen=True)
class Exercise:
    """``right``: the value asked for; ``factors``: its parts by name; ``slips``: wrong values and what happened."""

    asked: str
    right: Any
    factors: dict[str, Any] = field(default_factory=dict)
    slips: tuple[tuple[Any, str], ...] = ()
    letters: tuple[sp.Symbol, ...] = ()


@dataclass(frozen=True)
class Feedback:
    """Whether an answer is right, and a sentence the reader can act on."""

    right: bool
    text: str

    def __repr__(self) -> str:
        return ("Right. " if self.right else "Not yet. ") + self.text

    def _repr_html_(self) -> str:
        colour, mark = ("#009E73", "&#10003;") if self.right else ("#D55E00", "&#8594;")
        style = f"border-left:4px solid {colour};padding:.3em .8em"
        return f'<div style="{style}"><b>{mark}</b> {escape(repr(self))}</div>'


@cache
def exercises() -> dict[str, Exercise]:
    """All exercises, by the name that the notebooks use."""
    d4, x4 = Conv2D(512, 4, strides=2), Tensor(32, 32, 256)
    up, big = UpSampling2D((2, 3)), Tensor(h, w, c)
    conv = Conv2D(f, k)
    asked = pix2pix_unet(side=256, in_channels=3)
    decoder = asked.groups("part")["decoder"].total().macs
    out = asked.groups("block")["out"].total().macs
    normalised = asked.only(BatchNormalization).total().writes
    flops = "That is FLOPs: a MAC is one multiplication and one addition, so there are two FLOPs in each."
    bias = "The bias is missing: one number for each filter."
    return {
        "macs of d4": Exercise(
            "the MACs of d4: 32 x 32 x 256 in, 512 filters of 4 x 4, stride 2",
            d4.cost(x4).macs,
            {
                "c (256 channels in)": 256,
                "f (512 filters)": 512,
                "k^2 (16)": 16,
                "k (4)": 4,
                "one side of the output (16)": 16,
            },
            (
                (2 * d4.cost(x4).macs, flops),
                (
                    4 * d4.cost(x4).macs,
                    "You counted on the input's 32 x 32 positions; the window stops at 16 x 16 of them.",
                ),
            ),
        ),
        "params of d4": Exercise(
            "the parameters of d4: 512 filters of 4 x 4 over 256 channels, with bias",
            d4.cost(x4).params,
            {"c (256 channels in)": 256, "k (4)": 4},
            (
                (d4.cost(x4).params - 512, bias),
                (d4.cost(x4).params - 512 + 1, "One bias in all? Each of the 512 filters has its own."),
                (256 * (16 * 512 + 1), "Filters and channels are swapped: there are 512 filters over 256 channels."),
                (d4.cost(x4).macs, "Those are the MACs: parameters do not depend on the size of the map."),
            ),
        ),
        "macs of a rectangle": Exercise(
            "the MACs of f filters of 1 x k, stride 1, padding 'same', on an h x w x c map",
            Conv2D(f, (1, k)).cost(big).macs,
            {"c (channels in)": c, "f (filters)": f, "k (taps)": k, "h (rows)": h, "w (columns)": w},
            ((2 * c * f * h * k * w, flops),),
            (h, w, c, k, f),
        ),
        "elements of (2, 3)": Exercise(
            "the elements that UpSampling2D(size=(2, 3)) writes for an h x w x c map",
            up.cost(big).writes,
            {
                "c (channels)": c,
                "h (rows)": h,
                "w (columns)": w,
                "the 2 copies of each row": 2,
                "the 3 copies of each column": 3,
            },
            (
                (
                    5 * h * w * c,
                    "You added 2 and 3. Every row is there twice, and every element of it three times: multiply.",
                ),
                (h * w * c, "Those are the elements read."),
            ),
            (h, w, c),
        ),
        "copy per MAC": Exercise(
            "elements written by UpSampling2D(s) per MAC of the Conv2D(f, k, 'same') that follows",
            UpSampling2D(s).cost(Tensor(n, n, c)).writes / conv.cost(Tensor(s * n, s * n, c)).macs,
            {"k^2, below the line": 1 / k**2, "k, below the line": 1 / k, "f, below the line": 1 / f},
            (
                (k**2 * f, "Turn it over: elements per MAC, not MACs per element."),
                (1 / (c * k**2 * f), "The channels cancel: at each position c are written, and c are multiplied."),
                (c / (k**2 * f), "The channels cancel: at each position c are written, and c are multiplied."),
                (1 / (s**2 * k**2 * f), "Both layers meet the same s^2 n^2 positions, so s cancels."),
            ),
            (k, f),
        ),
        "phases of (5, 2)": Exercise(
            "the fraction of multiplications left, phase by phase, for kernel 5 and size 2",
            sp.Rational(36, 100),
            {},
            (
                (sp.Rational(6, 10), "That is one axis; an area has two."),
                (sp.Rational(100, 36), "Turn it over: what is left, not how many times less."),
                (sp.Rational(64, 100), "That is what is saved; what is left?"),
            ),
        ),
        "macs by phases": Exercise(
            "the MACs of UpSampling2D(s) + Conv2D(f, k) on an n x n x c map, phase by phase",
            PhaseConv2D(f, k, s).cost(Tensor(n, n, c)).macs,
            {"c (channels in)": c, "f (filters)": f, "one side (n)": n, "one axis (k + s - 1)": k + s - 1},
            (
                (s**2 * k**2 * n**2 * c * f, "That is the pair as written: each repeated value is multiplied again."),
                (k**2 * n**2 * c * f, "That is a Conv2DTranspose, another function; two phases overlap by k - 1 taps."),
            ),
            (n, c, k, f, s),
        ),
        "limit of s": Exercise(
            "the fraction of the work left, phase by phase, when s grows without bound",
            1 / k**2,
            {"k": k},
            ((0, "Something is left: each output still multiplies the one pixel that it sees."),),
            (k,),
        ),
        "doubled side": Exercise(
            "by what factor the MACs of the asker's network grow when the side doubles",
            4,
            {},
            (
                (2, "The side doubles, so the number of pixels grows by 2 x 2."),
                (8, "Only two of the factors are sides; the channels stay as they are."),
            ),
        ),
        "share of the decoder": Exercise(
            "MACs of the asker's network at N = 256, C = 3 that run behind an UpSampling2D",
            decoder,
            {},
            (
                (asked.total().macs - decoder, "That is the encoder; the rest is asked for."),
                (2 * decoder, flops),
                (asked.total().macs, "That is the whole network."),
                (decoder - out, "The output block runs behind an UpSampling2D as well."),
                (sp.Rational(8885, 100), "That is the percentage; here the count is asked for."),
            ),
        ),
        "transposed": Exercise(
            "the MACs of Conv2DTranspose(f, k, strides=s, padding='same') on an n x n x c map",
            Conv2DTranspose(f, k, strides=s).cost(Tensor(n, n, c)).macs,
            {"c (channels in)": c, "f (filters)": f, "k^2": k**2, "k": k, "one side (n)": n},
            (
                (
                    k**2 * c * f * (s * n) ** 2,
                    "You counted on the output. Here each *input* element meets the whole kernel once.",
                ),
            ),
            (n, c, k, f, s),
        ),
        "classic at N": Exercise(
            "the MACs of the classic U-Net (64 base filters, k = 3, depth 4, 1 channel in, 2 classes) for a side N",
            classic_unet(side=N).total().macs,
            {"one side (N)": N},
            ((classic_unet(side=N).total().flops, "Those are FLOPs, activations and biases included."),),
            (N,),
        ),
        "total of thop": Exercise(
            "what thop prints for the asker's network: 1 per MAC, 1 per upsampled and 4 per normalised element",
            conventions["thop"].total(asked),
            {},
            (
                (asked.total().macs, "Those are the MACs alone; thop adds upsampled and normalised elements."),
                (conventions["ultralytics-thop"].total(asked), "The elements that UpSampling2D writes are missing."),
                (conventions["fvcore"].total(asked), "Each normalised element counts 4 here, and not 2."),
                (asked.total().macs + asked.only(UpSampling2D).total().writes, "The normalised elements are missing."),
                (asked.total().macs + conventions["thop"].total(asked), "thop counts one for a MAC, not two."),
            ),
        ),
        "normalisation in deepspeed": Exercise(
            "how many operations deepspeed counts for all batch normalisations of the asker's network",
            conventions["deepspeed"].parts(asked)["normalization"],
            {},
            (
                (2, "That is for one element; the question is for all of them together."),
                (normalised, "That is how many elements are normalised; each may count more than once."),
                *(
                    (2 * normalised + conventions["deepspeed"].parts(asked)[part], reason)
                    for part, reason in (
                        ("bias", "The bias additions are still in: take them off as well."),
                        ("upsampling", "The upsampled elements are still in: take them off as well."),
                        ("activations", "The activations are still in, ReLU and LeakyReLU: take them off as well."),
                    )
                ),
            ),
        ),
        "upsampling in torchlens": Exercise(
            "the FLOPs that torchlens counts for all UpSampling2D of the asker's network, side N, base filters g",
            conventions["torchlens"].parts(pix2pix_unet(side=N, base_filters=g))["upsampling"],
            {"the 4 for each element": 4, "one side (N)": N, "g (base filters)": g},
            ((conventions["torchlens"].total(pix2pix_unet(side=N, base_filters=g)), "That is the whole network."),),
            (N, g),
        ),
    }


def check(name: str, answer: Any) -> Feedback:
    """Say whether ``answer`` answers the exercise called ``name``, and if not, what to look at.

    >>> check("macs of d4", 2**20)
    Not yet. Missing: f (512 filters). Your answer must still be multiplied by 512.
    >>> check("copy per MAC", 1 / (k**2 * f))
    Right. 1/(f*k**2)
    """
    known = exercises()
    if name not in known:
        raise ValueError(f"no exercise is called {name!r}; there are {', '.join(map(repr, known))}")
    exercise = known[name]
    if answer is None or answer is ...:
        return Feedback(False, f"Put your answer in place of the dots: {exercise.asked}.")
    value = _as_value(answer, exercise)
    return value if isinstance(value, Feedback) else _judge(value, exercise)


def _as_value(answer: Any, exercise: Exercise) -> Any:
    if callable(answer):
        try:
            answer = answer(*exercise.letters)
        except Exception as error:
            args = ", ".join(map(str, exercise.letters)) or "nothing"
            return Feedback(False, f"Your function was called with {args} and failed: {error}")
    if isinstance(answer, str):
        return Feedback(False, f"That is text. Write the formula without quotes: {answer}, not {answer!r}.")
    if isinstance(answer, bool) or not isinstance(answer, (int, float, sp.Expr)):
        kind = type(answer).__name__
        return Feedback(False, f"A number or a formula in letters is wanted, and this is a {kind}: {exercise.asked}.")
    return sp.nsimplify(answer) if isinstance(answer, float) else sp.sympify(answer)


def _judge(value: Any, exercise: Exercise) -> Feedback:
    if _same(value, exercise.right):
        return Feedback(True, with_separators(exercise.right))
    for slip, reason in exercise.slips:
        if _same(value, slip):
            return Feedback(False, reason)
    if value == 0 or value.is_negative:
        return Feedback(False, f"More than nothing, always: {exercise.asked}.")
    missing = powers_of_two(sp.sympify(exercise.right) / value)
    return Feedback(False, _factor_named(missing, exercise) or _ratio_said(missing, value, exercise))


def _factor_named(missing: sp.Expr, exercise: Exercise) -> str:
    """``missing``: what the answer must be multiplied by.  "" where that is not one of the factors."""
    for name, factor in exercise.factors.items():
        if _same(missing, factor):
            return f"Missing: {name}. Your answer must still be multiplied by {factor}."
        if _same(missing * factor, 1):
            return f"Once too often: {name}. Divide your answer by {factor}."
    return ""


def _ratio_said(missing: sp.Expr, value: sp.Expr, exercise: Exercise) -> str:
    """How far the answer is off, without giving the right one away."""
    asked, letters = f"Asked for: {exercise.asked}.", sp.sympify(exercise.right).free_symbols
    if missing.is_number:
        ratio = float(missing)
        if 0.9 < ratio < 1.1:
            return f"Close, but a count is exact. {asked}"
        size = f"small by a factor of {ratio:.4g}" if ratio > 1 else f"large by a factor of {1 / ratio:.4g}"
        return f"Too {size}. Go through the four steps again. {asked}"
    if strange := value.free_symbols - letters:
        what = f"does not depend on {_names(strange)}" if letters else f"is a number: say what {_names(strange)} is"
        return f"The answer {what}. {asked}"
    if lacking := letters - value.free_symbols:
        return f"The answer depends on {_names(lacking)} too. {asked}"
    return f"The right letters, but not put together rightly. {asked}"


def _names(symbols: Iterable[sp.Symbol]) -> str:
    return ", ".join(sorted(map(str, symbols)))


def _same(a: Any, b: Any) -> bool:
    return bool(sp.cancel(powers_of_two(a) - powers_of_two(b)) == 0)
