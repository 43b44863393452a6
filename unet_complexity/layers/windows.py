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
from itertools import product
from typing import Any, TypeAlias

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.layers.base import Layer, one_of
from unet_complexity.symbols import (
    Pair,
    Size,
    as_expr,
    as_pair,
    as_size,
    ceil_div,
    exact,
    floor_div,
)

Border: TypeAlias = tuple[Pair, Pair]
Padding: TypeAlias = str | Pair  # of one axis: "same", "valid" or (before, after)


def as_border(value: Any, what: str) -> Border:
    """Return a border as ((top, bottom), (left, right)); Keras also allows one size and (rows, columns).

    >>> as_border((1, 2), "padding")
    ((1, 1), (2, 2))
    """
    both = (value, value)
    if isinstance(value, (tuple, list)) and len(value) == 2:
        both = tuple(value)
    if isinstance(both[0], (tuple, list)):
        return as_pair(both[0], what, at_least=0), as_pair(both[1], what, at_least=0)
    rows, columns = (as_size(side, what, at_least=0) for side in both)
    return (rows, rows), (columns, columns)


def as_padding(value: Any, what: str = "padding") -> str | Border:
    """Return "same", "valid", or a border: the padding of PyTorch and ONNX.

    >>> as_padding("same"), as_padding(1)
    ('same', ((1, 1), (1, 1)))
    """
    if value is None or isinstance(value, str):
        return one_of(what, value, ("same", "valid"))
    return as_border(value, what)


def axes(x: Tensor, *pairs: Pair) -> Iterator[Any]:
    """Yield the arguments of the rows, (height, first of each pair), then those of the columns, (width, second)."""
    return zip((x.height, x.width), *pairs, strict=True)


def windows(padding: str | Border, x: Tensor, *pairs: Pair) -> Iterator[Any]:
    """Yield :func:`axes` with the padding of the axis in front: the arguments of the functions below."""
    paddings = (padding, padding) if isinstance(padding, str) else padding
    return zip(paddings, (x.height, x.width), *pairs, strict=True)


def span(k: Size, dilation: Size) -> Size:
    """Return the number of elements from the first to the last tap: (k - 1) dilation + 1.

    >>> span(3, 2)
    5
    """
    return exact((k - 1) * dilation + 1)


@lru_cache(10_000)  # each count of a layer asks for it
def window_count(padding: Padding, n: Size, k: Size, stride: Size, dilation: Size = 1) -> Size:
    """Return the number of positions of the window.  ValueError if there is none.

    >>> window_count("same", 7, 3, 2), window_count("valid", 7, 3, 2), window_count((1, 1), 8, 3, 2)
    (4, 3, 4)
    """
    if padding == "same":
        return ceil_div(n, stride)
    before, after = (0, 0) if isinstance(padding, str) else padding
    room = exact(n + before + after - span(k, dilation))
    if isinstance(room, int) and room < 0:
        raise ValueError(
            f"with {padding!r} padding the window must fit: it spans {span(k, dilation)} elements, the map has {n}; "
            f"try padding='same' or a side of at least {exact(span(k, dilation) - before - after)}"
        )
    if room + stride == n and not (isinstance(n, int) and isinstance(stride, int)):
        return exact(
            as_expr(n) / stride
        )  # one position for each stride: assume that the stride divides the side
    return exact(floor_div(room, stride) + 1)


def same_padding(n: Size, k: Size, stride: Size, dilation: Size = 1) -> Pair:
    """Return the (before, after) padding of Keras's 'same'.

    >>> same_padding(8, 4, 1), same_padding(8, 4, 2)
    ((1, 2), (1, 1))
    """
    stops = window_count("same", n, k, stride, dilation)
    missing = exact(sp.expand((stops - 1) * stride + span(k, dilation) - n))
    total = exact(sp.Max(missing, 0))
    before = exact(total // 2)
    return before, exact(total - before)


@lru_cache(10_000)
def taps_in_bounds(padding: Padding, n: Size, k: Size, stride: Size, dilation: Size = 1) -> Size:
    """Return the number of in-bounds taps, summed over all positions of the window.

    If ``n`` is a letter, the map is assumed to be at least as large as the kernel.

    >>> from unet_complexity.symbols import n
    >>> taps_in_bounds("same", n, 4, 1), taps_in_bounds("same", n, 4, 2), taps_in_bounds("same", n, 3, 1)
    (4*n - 4, 2*n - 2, 3*n - 2)
    """
    stops = window_count(padding, n, k, stride, dilation)
    if padding == "valid":
        return exact(stops * k)
    if padding == "same" and _any_kernel(stops, n, k, stride, dilation):
        outside = sp.floor(k**2 / (4 * stride))  # on both sides, for even and odd k
        return exact(sp.expand(stops * k - outside))
    return taps_inside(stops, _before(padding, n, k, stride, dilation), n, k, stride, dilation)


def taps_inside(
    stops: Size, before: Size, n: Size, k: Size, stride: Size, dilation: Size = 1
) -> Size:
    """Return the in-bounds taps of a window with ``stops`` positions that starts ``before`` elements ahead of the axis.

    >>> taps_inside(4, 1, 8, 3, 2)
    11
    """
    behind = _behind(stops, before, n, span(k, dilation), stride)
    outside = sum(_taps_outside(pad, k, stops, stride, dilation) for pad in (before, behind))
    return exact(sp.expand(stops * k - outside))


@lru_cache(10_000)
def holding(
    padding: Padding, n: Size, k: Size, stride: Size, dilation: Size = 1
) -> tuple[Size, ...]:
    """Return sizes that are at least 1 if taps_in_bounds holds for letters; () if all sizes are numbers.

    'same' pads ceil(missing / 2) elements behind the axis; the first position must not reach them all.

    >>> from unet_complexity.symbols import n
    >>> holding("same", n, 5, 1), holding("same", 8, 5, 1), holding((1, 1), n, 3, 2)
    ((2*n - 3,), (), (n, n + 1))
    """
    if padding == "valid":
        return ()
    stops = window_count(padding, n, k, stride, dilation)
    if padding != "same":
        return holding_inside(stops, padding[0], n, k, stride, dilation)
    if are_numbers(n, k, stride, dilation):
        return ()
    pads = (
        (0, 0)
        if _any_kernel(stops, n, k, stride, dilation)
        else same_padding(n, k, stride, dilation)
    )
    return *kept_in([(stops + 1) * stride + n - span(k, dilation) + 1]), *_rounded(
        pads, stride, dilation
    )


def holding_inside(
    stops: Size, before: Size, n: Size, k: Size, stride: Size, dilation: Size = 1
) -> tuple[Size, ...]:
    """Return sizes that are at least 1 if taps_inside holds for letters.

    Padding must not exceed all positions or all taps; numbers are capped instead.  The last position may end before
    the axis does, but by less than a stride: a sum with letters must not run backwards.

    >>> from unet_complexity.symbols import n
    >>> holding_inside(n, 1, 2 * n, 3, 2)
    (2*n, 2*n + 1)
    """
    sizes = []
    pads = before, _behind(stops, before, n, span(k, dilation), stride)
    for pad in pads:
        numbers = are_numbers(pad, stride, dilation)
        if not (numbers and isinstance(stops, int)):
            sizes.append(stops * stride - pad + 1)
        if not (numbers and isinstance(k, int)):
            sizes.append(k * dilation - pad + 1)
        if not numbers:
            sizes.append(pad + stride)
    return *kept_in(sizes), *_rounded(pads, stride, dilation)


def _rounded(pads: Pair, stride: Size, dilation: Size) -> Iterator[Size]:
    """Yield sizes for the quotients that _taps_outside rounds up; ValueError for a stride beside a dilation.

    SymPy 1.14 takes an even number / 6 to be whole, and does not round it.  It takes an even number / 3 not to be
    whole, so ceil((pad - i stride) / dilation) is not supported.
    """
    for pad, step in product(pads, (stride, dilation)):
        if not are_numbers(pad, stride, dilation):
            if 1 not in (stride, dilation):
                raise ValueError(
                    f"with letters the stride or the dilation must be 1 beside padding, got {stride} and {dilation}; "
                    "set one to 1, or give numbers in place of letters"
                )
            yield sp.ceiling(as_expr(pad) / step) + stride + 1  # a pad may be as low as -stride


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


def are_numbers(*sizes: Size) -> bool:
    """Return True if all sizes are numbers."""
    return all(isinstance(size, int) for size in sizes)


def _any_kernel(stops: Size, n: Size, k: Size, stride: Size, dilation: Size) -> bool:
    """Return True if taps_in_bounds has a formula for 'same' and any k, without its padding."""
    return not isinstance(k, int) and dilation == 1 and stride in (1, 2, 3) and n == stops * stride


def _before(padding: Padding, n: Size, k: Size, stride: Size, dilation: Size) -> Size:
    return same_padding(n, k, stride, dilation)[0] if padding == "same" else padding[0]


def _behind(stops: Size, before: Size, n: Size, reach: Size, stride: Size) -> Size:
    """Return the elements behind the axis that the last position spans; negative if it ends before the axis does."""
    return exact(sp.expand((stops - 1) * stride + reach - before - n))


def _taps_outside(pad: Size, k: Size, stops: Size, stride: Size, dilation: Size) -> Size:
    """Return the taps on one side's padding: ceil(pad / dilation) at the border, fewer at each further position."""
    if are_numbers(pad, stride, dilation):
        reaching = -(-pad // stride)
        if isinstance(stops, int):
            reaching = min(reaching, stops)
        taps = [-(-(pad - i * stride) // dilation) for i in range(reaching)]
        if isinstance(k, int):
            taps = [min(count, k) for count in taps]
        return sum(taps)
    i = sp.Dummy("i", integer=True, nonnegative=True)
    taps_of_one = sp.ceiling((pad - i * stride) / as_expr(dilation))
    return sp.Sum(taps_of_one, (i, 0, sp.ceiling(as_expr(pad) / stride) - 1))


class Sliding(Layer):
    """A layer whose counts are products of one number for the rows and one for the columns."""

    def side(self, *axis: Any) -> Size:
        """Return the output side of one axis."""
        return window_count(*axis)

    def taps(self, *axis: Any) -> Size:
        """Return the in-bounds taps of one axis."""
        return taps_in_bounds(*axis)

    def needs(self, *axis: Any) -> tuple[Size, ...]:
        """Return sizes that are at least 1 if the taps of one axis hold for letters."""
        return holding(*axis)

    @abstractmethod
    def windows(self, x: Tensor) -> Iterator[Any]:
        """Yield the arguments of one axis: those of the rows, then those of the columns."""

    def out_channels(self, x: Tensor) -> Size:
        """Return the number of output channels."""
        return x.channels

    def output(self, x: Tensor) -> Tensor:
        height, width = (self.side(*axis) for axis in self.windows(x))
        return Tensor(height, width, exact(self.out_channels(x)))

    def taps_of_map(self, x: Tensor) -> Size:
        """Return the in-bounds taps of one channel, summed over all positions."""
        rows, columns = (self.taps(*axis) for axis in self.windows(x))
        return rows * columns

    def sizes(self, x: Tensor) -> tuple[Size, ...]:
        rows, columns = (self.needs(*axis) for axis in self.windows(x))
        return *super().sizes(x), *rows, *columns
