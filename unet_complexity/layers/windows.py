r"""Sliding a window along one axis: how often it stops, and how many of its taps touch real data.

With an axis of n elements, a kernel of k taps that lie d apart, and a stride t, Keras's 'same' stops
$m = \lceil n/t \rceil$ times and pads $\max((m-1)t + (k-1)d + 1 - n,\ 0)$ elements, the smaller half in front.
Two axes are independent, so what holds for an area is the product of what holds for its sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.symbols import Pair, Size, ceil_div, exact, floor_div


def axes(x: Tensor, *pairs: Pair) -> Iterator[Any]:
    """What belongs to the rows, then what belongs to the columns: (height, first of each pair), (width, second)."""
    return zip((x.height, x.width), *pairs, strict=True)


def span(k: Size, dilation: Size) -> Size:
    """Elements from the first to the last tap: (k - 1) dilation + 1.

    >>> span(3, 2)
    5
    """
    return exact((k - 1) * dilation + 1)


def window_count(padding: str, n: Size, k: Size, stride: Size, dilation: Size = 1) -> Size:
    """How many times the window stops.  ValueError where it does not fit even once.

    >>> window_count("same", 7, 3, 2), window_count("valid", 7, 3, 2)
    (4, 3)
    """
    if padding == "same":
        return ceil_div(n, stride)
    room = exact(n - span(k, dilation))
    if isinstance(room, int) and room < 0:
        raise ValueError(
            f"with 'valid' padding the window must fit: it spans {span(k, dilation)} elements, the map has {n}; "
            f"try padding='same' or a side of at least {span(k, dilation)}"
        )
    return exact(floor_div(room, stride) + 1)


def same_padding(n: Size, k: Size, stride: Size, dilation: Size = 1) -> tuple[Size, Size]:
    """Elements that Keras's 'same' pads (before, after) the axis.

    >>> same_padding(8, 4, 1), same_padding(8, 4, 2)
    ((1, 2), (1, 1))
    """
    stops = window_count("same", n, k, stride, dilation)
    missing = exact(sp.expand((stops - 1) * stride + span(k, dilation) - n))
    total = max(missing, 0) if isinstance(missing, int) else exact(sp.Max(missing, 0))
    before = exact(total // 2)
    return before, exact(total - before)


def taps_in_bounds(padding: str, n: Size, k: Size, stride: Size, dilation: Size = 1) -> Size:
    """Taps, summed over all stops of the window, that touch one of the n elements.

    Where ``n`` is a letter the map is taken to be at least as large as the kernel.

    >>> from unet_complexity.symbols import n
    >>> taps_in_bounds("same", n, 4, 1), taps_in_bounds("same", n, 4, 2), taps_in_bounds("same", n, 3, 1)
    (4*n - 4, 2*n - 2, 3*n - 2)
    """
    stops = window_count(padding, n, k, stride, dilation)
    if padding == "valid":
        return exact(stops * k)
    if not isinstance(k, int) and dilation == 1 and stride in (1, 2, 3):
        outside = sp.floor(k**2 / (4 * stride))  # what both sides add up to, whatever k is
    else:
        outside = sum(_taps_outside(pad, stops, stride, dilation) for pad in same_padding(n, k, stride, dilation))
    return exact(sp.expand(stops * k - outside))


def hang_over(padding: str, n: Size, k: Size, stride: Size, dilation: Size = 1) -> Size:
    """At least 1 where no window hangs over both ends so far that taps_in_bounds, given letters, goes wrong.

    The back, where 'same' pads more, has ceil(missing / 2) elements; they must not reach beyond the first stop.

    >>> hang_over("same", 2, 5, 1), hang_over("same", 2, 6, 1)
    (1, 0)
    """
    stops = window_count(padding, n, k, stride, dilation)
    return 1 if padding == "valid" else exact((2 * stops + 1) * stride - span(k, dilation) + 1)


def _taps_outside(pad: Size, stops: Size, stride: Size, dilation: Size) -> Size:
    """Taps on one side's padding: ceil(pad / dilation) at the stop nearest the border, fewer at each further one."""
    if isinstance(pad, int) and isinstance(stride, int) and isinstance(dilation, int):
        reaching = -(-pad // stride)
        reaching = min(reaching, stops) if isinstance(stops, int) else reaching
        return sum(-(-(pad - i * stride) // dilation) for i in range(reaching))
    i = sp.Dummy("i", integer=True, nonnegative=True)
    taps = sp.ceiling((pad - i * stride) / sp.sympify(dilation))
    return sp.Sum(taps, (i, 0, sp.ceiling(sp.sympify(pad) / stride) - 1))


def transposed_side(padding: str, n: Size, k: Size, stride: Size) -> Size:
    """Side of a transposed convolution's output, as in Keras: stride n, and for 'valid' max(k - stride, 0) more.

    >>> transposed_side("same", 8, 3, 2), transposed_side("valid", 8, 3, 2)
    (16, 17)
    """
    extra = exact(sp.Max(k - stride, 0)) if padding == "valid" else 0
    return exact(n * stride + extra)
