r"""UpSampling2D and the Conv2D behind it as one layer that multiplies each small pixel only where it must.

On an s-times repeated axis a window of k taps sees each value several times.  Output position $s\,i + p$ (phase p)
needs only the inputs $i + \delta$ with $\delta = \lfloor (p - b + j)/s \rfloor$, j = 0 ... k - 1, where
$b = \lfloor (k-1)/2 \rfloor$ is what 'same' pads in front.  Over the s phases these are $k + s - 1$ taps, so

$$\text{MACs} = (k + s - 1)^2\, c\, f\, n^2 \quad\text{instead of}\quad s^2 k^2\, c\, f\, n^2.$$
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.layers.convolution import Convolution
from unet_complexity.layers.windows import are_numbers, axes, kept_in, same_padding
from unet_complexity.symbols import Size, Sizes, as_expr, as_pair, as_size, exact


@dataclass(frozen=True)
class PhaseConv2D(Convolution):
    """What UpSampling2D(size) followed by Conv2D(filters, kernel_size, padding="same") computes, phase by phase.

    (h, w, c) -> (s_h h, s_w w, filters).  Each of the s_h s_w phases is a small convolution of the small map whose
    kernel is made of sums of taps (:mod:`unet_complexity.phases`); they are made beforehand, which is not counted.
    ``params`` are those of the Conv2D, from which the small kernels follow.

    >>> x = Tensor(128, 128, 128)
    >>> PhaseConv2D(filters=3, kernel_size=4).cost(x).macs
    157286400
    """

    filters: Size
    kernel_size: Sizes
    size: Sizes = 2
    use_bias: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "filters", as_size(self.filters, "filters"))
        for name in ("kernel_size", "size"):
            object.__setattr__(self, name, as_pair(getattr(self, name), name))

    def output(self, x: Tensor) -> Tensor:
        s_h, s_w = self.size
        return Tensor(exact(s_h * x.height), exact(s_w * x.width), self.filters)

    def macs(self, x: Tensor) -> Size:
        (k_h, k_w), (s_h, s_w) = self.kernel_size, self.size
        return (k_h + s_h - 1) * (k_w + s_w - 1) * x.size * self.filters

    def macs_in_bounds(self, x: Tensor) -> Size:
        rows, columns = (phase_taps_in_bounds(*axis) for axis in axes(x, self.kernel_size, self.size))
        return rows * columns * x.channels * self.filters

    def sizes(self, x: Tensor) -> tuple[Size, ...]:
        # no phase may reach further than the map is long, unless numbers are capped
        sides = (axis for axis in axes(x, self.kernel_size, self.size) if not are_numbers(*axis))
        return *super().sizes(x), *kept_in(n + 1 - sp.ceiling(as_expr(k // 2) / s) for n, k, s in sides)


def phase_offsets(k: int, s: int) -> list[list[int]]:
    """Per phase p, the offset that each of the k taps lands on: floor((p - b + j) / s).

    >>> phase_offsets(4, 2)
    [[-1, 0, 0, 1], [0, 0, 1, 1]]
    """
    front, _ = same_padding(s * k, k, 1)
    return [[(phase - front + tap) // s for tap in range(k)] for phase in range(s)]


def phase_taps_in_bounds(n: Size, k: Size, s: Size) -> Size:
    """Different offsets that touch one of the n elements, summed over phases and positions.

    >>> from unet_complexity.symbols import n
    >>> phase_taps_in_bounds(n, 4, 2), phase_taps_in_bounds(n, 3, 2)
    (5*n - 3, 4*n - 2)
    """
    if isinstance(n, int) and isinstance(k, int) and isinstance(s, int):
        return sum(max(n - abs(offset), 0) for offsets in phase_offsets(k, s) for offset in set(offsets))
    before = sp.floor(as_expr(k - 1) / 2)
    outside = sum(_beyond(pad, s) for pad in (before, k - 1 - before))
    return exact(sp.expand((k + s - 1) * n - outside))


def _beyond(pad: sp.Expr, s: Size) -> sp.Expr:
    """Offsets on one side's padding: pad mod s phases reach one element further than the others."""
    whole = sp.floor(pad / as_expr(s))
    return s * whole * (whole + 1) / 2 + (pad - s * whole) * (whole + 1)
