r"""Windows that slide along one axis: number of positions, padding, and in-bounds taps.

Take an axis of n elements, a kernel of k taps with dilation d, a stride t, and padding of b elements before and a
elements after.  The window has $\lfloor (n + b + a - (k-1)d - 1)/t \rfloor + 1$ positions.  Keras's 'same' gives
$m = \lceil n/t \rceil$ positions and pads $\max((m-1)t + (k-1)d + 1 - n,\ 0)$ elements, the smaller half in front.
The two axes are independent: a count for an area is the product of the counts for its sides.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.layers.arguments import Padding
from unet_complexity.layers.base import Layer
from unet_complexity.symbols import (
    Pair,
    Size,
    are_numbers,
    as_expr,
    ceil_div,
    exact,
    floor_div,
    quotient,
)


class Taps(NamedTuple):
    """In-bounds taps of one axis, summed over all positions of the window.

    Args:
        total: Their number.
        needs: Sizes that are at least 1 if ``total`` holds for letters; () if all sizes are numbers.
    """

    total: Size
    needs: tuple[Size, ...] = ()


def axes(x: Tensor, *values: Any) -> Iterator[Any]:
    """Yield the arguments of the rows, (height, first of each value), then those of the columns, (width, second).

    A value that is not a pair, such as "same" or None, stands for both.
    """
    pairs = (value if isinstance(value, tuple) else (value, value) for value in values)
    return zip(x.sides, *pairs, strict=True)


def span(k: Size, dilation: Size) -> Size:
    """Return the number of elements from the first to the last tap: (k - 1) dilation + 1.

    >>> span(3, 2)
    5
    """
    return (k - 1) * dilation + 1


@lru_cache(10_000)  # each count of a layer asks for it
def window_count(n: Size, k: Size, stride: Size, padding: Padding, dilation: Size = 1) -> Size:
    """Return the number of positions of the window.  ValueError if there is none.

    >>> window_count(7, 3, 2, "same"), window_count(7, 3, 2, "valid"), window_count(8, 3, 2, (1, 1))
    (4, 3, 4)
    """
    if padding == "same":
        return ceil_div(n, stride)
    before, after = (0, 0) if padding == "valid" else padding
    reach = span(k, dilation)
    room = exact(n + before + after - reach)
    if isinstance(room, int) and room < 0:
        raise ValueError(
            f"with {padding!r} padding the window must fit: it spans {reach} elements, the map has {n}; "
            f"try padding='same' or a side of at least {reach - before - after}"
        )
    if room + stride == n:
        return quotient(n, stride)  # one position for each stride, which is assumed to divide n
    return floor_div(room, stride) + 1


def same_padding(n: Size, k: Size, stride: Size, dilation: Size = 1) -> Pair:
    """Return the (before, after) padding of Keras's 'same'.

    >>> same_padding(8, 4, 1), same_padding(8, 4, 2)
    ((1, 2), (1, 1))
    """
    stops = window_count(n, k, stride, "same", dilation)
    missing = exact(sp.Max(_overhang(stops, n, k, stride, dilation), 0))
    before = missing // 2
    return before, missing - before


@lru_cache(10_000)
def taps_in_bounds(n: Size, k: Size, stride: Size, padding: Padding, dilation: Size = 1) -> Taps:
    """Return the in-bounds taps of a window.

    If ``n`` is a letter, the map is assumed to be at least as large as the kernel.

    >>> from unet_complexity.symbols import k, n
    >>> taps_in_bounds(n, 4, 2, "same").total, taps_in_bounds(n, 3, 1, "same").total
    (2*n - 2, 3*n - 2)
    >>> taps_in_bounds(n, 4, 1, "same")
    Taps(total=4*n - 4, needs=(n, n - 1))
    >>> taps_in_bounds(n, k, 1, "same")
    Taps(total=k*n - floor(k**2/4), needs=(-k + 2*n + 2,))
    """
    stops = window_count(n, k, stride, padding, dilation)
    if padding == "valid":
        return Taps(stops * k)
    before = None if padding == "same" else padding[0]
    return taps_inside(stops, before, n, k, stride, dilation)


def taps_inside(
    stops: Size, before: Size | None, n: Size, k: Size, stride: Size, dilation: Size = 1
) -> Taps:
    """Return the in-bounds taps of a window with ``stops`` positions that starts ``before`` elements ahead of the axis.

    None for ``before`` is the smaller half of the elements that are missing, as in 'same'.

    >>> taps_inside(4, 1, 8, 3, 2)
    Taps(total=11, needs=())
    """
    overhang = _overhang(stops, n, k, stride, dilation)
    if before is None:
        small = dilation == 1 and stride in (1, 2, 3) and n == stops * stride
        if small and not isinstance(k, int):
            # one formula for even and odd k; the first position must not reach all padding behind the axis
            total = sp.expand(stops * k - sp.floor(k**2 / (4 * stride)))
            return Taps(total, kept_in([2 * n - overhang + 1]))
        before, _ = same_padding(n, k, stride, dilation)
    pads = before, exact(overhang - before)
    ends = [_taps_outside(pad, stops, k, stride, dilation) for pad in pads]
    total = sp.expand(stops * k - sum(end.total for end in ends))
    return Taps(total, kept_in(size for end in ends for size in end.needs))


def _overhang(stops: Size, n: Size, k: Size, stride: Size, dilation: Size) -> Size:
    """Return the elements by which all positions together exceed the axis; negative if they end before it does."""
    return exact(sp.expand((stops - 1) * stride + span(k, dilation) - n))


def _taps_outside(pad: Size, stops: Size, k: Size, stride: Size, dilation: Size) -> Taps:
    """Return the taps on one side's padding: ceil(pad / dilation) at the border, fewer at each further position.

    Padding must not exceed all positions or all taps; numbers are capped instead.  The last position may end before
    the axis does, but by less than a stride: a sum with letters must not run backwards.
    """
    steps = pad, stride, dilation
    reaches = (stops, stride), (k, dilation)
    needs = [x * step - pad + 1 for x, step in reaches if not are_numbers(*steps, x)]
    if are_numbers(*steps):
        most_stops, most_taps = (x if isinstance(x, int) else pad for x in (stops, k))
        total = 0
        for rest in range(pad, 0, -stride)[:most_stops]:
            total += min(-(-rest // dilation), most_taps)
        return Taps(total, tuple(needs))
    if 1 not in (stride, dilation):
        # SymPy 1.14 takes an even number / 3 not to be whole: ceil((pad - i stride) / dilation) would be wrong
        raise ValueError(
            f"with letters the stride or the dilation must be 1 beside padding, got {stride} and {dilation}; "
            "set one to 1, or give numbers in place of letters"
        )
    # the taps outside are the i, j >= 0 with i stride + j dilation < pad; one of the two steps is 1
    step = stride * dilation
    rounded = sp.ceiling(as_expr(pad) / step)
    total = rounded * pad - step * rounded * (rounded - 1) / 2
    # SymPy 1.14 takes an even number / 6 to be whole, and does not round it
    return Taps(total, (*needs, pad + stride, rounded + stride + 1))


def kept_in(sizes: Iterable[Size]) -> tuple[Size, ...]:
    """Return the sizes, expanded.  ValueError if one is below 1 for all values of its letters."""
    expanded = tuple(exact(sp.expand(size)) for size in sizes)
    for size in expanded:
        if isinstance(size, int) and size < 1:
            raise ValueError(
                f"with letters no window may see padding alone and no slice end beyond the map, got {1 - size} "
                "elements too many; pad or reach less, or give numbers in place of letters"
            )
    return expanded


class Sliding(Layer):
    """A layer whose counts are products of one number for the rows and one for the columns.

    ``side`` is the function that gives the output side of one axis, ``taps`` the one that gives its in-bounds taps.
    Their arguments are the side of the input and the fields ``along``.
    """

    side: Any = staticmethod(window_count)
    taps: Any = staticmethod(taps_in_bounds)

    @property
    @abstractmethod
    def along(self) -> tuple[str, ...]:
        """Names of the fields that have one value for the rows and one for the columns."""

    def windows(self, x: Tensor) -> Iterator[Any]:
        """Yield the arguments of one axis: those of the rows, then those of the columns."""
        return axes(x, *(getattr(self, name) for name in self.along))

    def out_channels(self, x: Tensor) -> Size:
        """Return the number of output channels."""
        return x.channels

    def output(self, x: Tensor) -> Tensor:
        rows, columns = (self.side(*axis) for axis in self.windows(x))
        return Tensor(rows, columns, self.out_channels(x))

    def taps_of_map(self, x: Tensor) -> Size:
        """Return the in-bounds taps of one channel, summed over all positions."""
        return prod(self.taps(*axis).total for axis in self.windows(x))

    def sizes(self, x: Tensor) -> tuple[Size, ...]:
        needs = [self.taps(*axis).needs for axis in self.windows(x)]
        return sum(needs, super().sizes(x))
