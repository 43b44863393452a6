"""The exercises on upsampling and convolving, phase by phase: notebook 03."""

from __future__ import annotations

import sympy as sp

from unet_complexity.checks.judging import FLOPS, Exercise
from unet_complexity.cost import Tensor
from unet_complexity.layers import Conv2D, PhaseConv2D, UpSampling2D
from unet_complexity.symbols import Size, c, f, k, n, s

OVER = "Turn it over: what is left, not how many times less."


def share_left(kernel: Size, size: Size) -> sp.Expr:
    """MACs phase by phase, per MAC of the pair as written.

    >>> share_left(4, 2)
    25/64
    """
    x = Tensor(n, n, c)
    written = Conv2D(f, kernel).cost(UpSampling2D(size).output(x)).macs
    return sp.factor(PhaseConv2D(f, kernel, size).cost(x).macs / sp.sympify(written))


def exercises() -> dict[str, Exercise]:
    """By name."""
    macs, three, five = PhaseConv2D(f, k, s).cost(Tensor(n, n, c)).macs, share_left(3, 2), share_left(5, 2)
    return {
        "phases of (3, 2)": Exercise(
            "the fraction of multiplications left, phase by phase, for kernel 3 and size 2",
            three,
            {},
            ((1 / three, OVER),),
        ),
        "phases of (5, 2)": Exercise(
            "the fraction of multiplications left, phase by phase, for kernel 5 and size 2",
            five,
            {},
            (
                (sp.sqrt(five), "That is one axis; an area has two."),
                (1 / five, OVER),
                (1 - five, "That is what is saved; what is left?"),
                (sp.Rational(49, 100), "One axis sees k + s - 1 pixels over its phases: you forgot the - 1."),
                (36, "36 taps per small pixel, yes. A fraction is asked for: divide by what they were as written."),
            ),
        ),
        "macs by phases": Exercise(
            "the MACs of UpSampling2D(s) + Conv2D(f, k) on an n x n x c map, phase by phase",
            macs,
            {
                "c (channels in)": c,
                "f (filters)": f,
                "one side (n); pixels are n x n": n,
                "one axis (k + s - 1)": k + s - 1,
            },
            (
                (2 * macs, FLOPS),
                (s**2 * k**2 * n**2 * c * f, "That is the pair as written: each repeated value is multiplied again."),
                (k**2 * n**2 * c * f, "That is a Conv2DTranspose, another function; two phases overlap by k - 1 taps."),
                (s**2 * macs, "You counted on the output. The s^2 phases together cost this much per *small* pixel."),
                ((k + s) ** 2 * n**2 * c * f, "Nearly: the first phase sees one small pixel fewer than k + s."),
            ),
            (n, c, k, f, s),
        ),
        "limit of s": Exercise(
            "the fraction of the work left, phase by phase, when s grows without bound",
            sp.limit(share_left(k, s), s, sp.oo),
            {"k, below the line": 1 / k},
            (
                (0, "Something is left: each output still multiplies the one pixel that it sees."),
                (k**2, OVER),
                (1 / s**2, "Both counts grow with s^2, so s is gone in the end. What stays?"),
            ),
            (k,),
        ),
    }
