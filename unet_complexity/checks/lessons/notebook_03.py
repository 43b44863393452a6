"""Questions of notebook 03: upsampling and convolution, phase by phase."""

from __future__ import annotations

import sympy as sp

from unet_complexity.checks.judging import Values
from unet_complexity.cost import Tensor
from unet_complexity.layers import Conv2D, PhaseConv2D, UpSampling2D
from unet_complexity.symbols import Size, c, f, k, n, s

TASKS = """
phases of (3, 2) | the fraction of multiplications left, phase by phase, for kernel 3 and size 2
- 1/phases of (3, 2): Turn it over: the fraction that is left, not the factor that is saved.

phases of (5, 2) | the fraction of multiplications left, phase by phase, for kernel 5 and size 2
- (5, 2) along one axis: That is one axis. An area has two.
- 1/phases of (5, 2): Turn it over: the fraction that is left, not the factor that is saved.
- 1 - phases of (5, 2): That is the fraction that is saved. Which fraction is left?
- 0.49: Over its phases, one axis sees k + s - 1 pixels. You forgot the - 1.
- 36: 36 taps per small pixel is right. Divide by the taps of the pair as written.

macs by phases | the MACs of UpSampling2D(s) + Conv2D(f, k) on an n x n x c map, phase by phase |
  nckfs
x s^2: You counted on the output. All s^2 phases together cost this per small pixel.
- as written: That is the pair as written: each repeated value is multiplied again.
- as written/s^2: That is a Conv2DTranspose, another layer. Phases overlap by k - 1 taps.
- with k + s: Nearly: the first phase sees one small pixel fewer than k + s.
* k + s - 1: one axis (k + s - 1)

limit of s | the fraction of the work left, phase by phase, when s grows without bound | k
- 0: Something is left: each output still multiplies the one pixel that it sees.
- 1/limit of s: Turn it over: the fraction that is left, not the factor that is saved.
- 1/s^2: Both counts grow with s^2, so s cancels in the end. What stays?

phases on a budget
? 32: kernel_size
? 32: size
< 30: per cent left
< 40: MACs per small pixel
> 3: kernel_size
> 2: size
"""

PREDICTIONS = """
fewest pixels | {} | How many different small pixels does a 4 x 4 window see at least after
  UpSampling2D(2)?
+ 4
- 16: Those are the taps; several of them fall on copies of one pixel
- 2: That is one axis; the window has two
- 1: The window is wider than one block of copies

most pixels | {} | How many different small pixels does such a window see at most?
+ 9
- 16: Those are the taps; several of them fall on copies of one pixel
- 4: The window may also begin in the middle of a block of copies
- 3: That is one axis; the window has two

a smaller kernel | {} | With kernel 3 instead of 4, which share of the multiplications is left,
  phase by phase?
+ a larger share
- a smaller share: The fewer taps, the fewer of them fall on the same pixel
"""


def share_left(kernel: Size, size: Size) -> sp.Expr:
    """Return the MACs phase by phase, divided by the MACs of the pair as written.

    >>> share_left(4, 2)
    25/64
    """
    x = Tensor(n, n, c)
    written = Conv2D(f, kernel).cost(UpSampling2D(size).output(x)).macs
    return sp.factor(PhaseConv2D(f, kernel, size).cost(x).macs / written)


def values() -> Values:
    """Return the right values, what measures the puzzle, and the values that lines of ``TASKS`` name."""
    x = Tensor(n, n, c)
    written = Conv2D(f, k).cost(UpSampling2D(s).output(x)).macs
    five = share_left(5, 2)
    return {
        "phases of (3, 2)": share_left(3, 2),
        "phases of (5, 2)": five,
        "macs by phases": PhaseConv2D(f, k, s).cost(x),
        "limit of s": sp.limit(share_left(k, s), s, sp.oo),
        "phases on a budget": _phases,
        "(5, 2) along one axis": sp.sqrt(five),
        "as written": written,
        "with k + s": (k + s) ** 2 * x.size * f,
    }


def _phases(kernel_size: Size, size: Size) -> Values:
    return {
        "per cent left": 100 * share_left(kernel_size, size),
        "MACs per small pixel": PhaseConv2D(1, kernel_size, size).cost(Tensor(1, 1, 1)).macs,
    }
