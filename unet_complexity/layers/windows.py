r"""Sliding a window along one axis: how often it stops, and how many of its taps touch real data.

With an axis of n elements, a kernel of k taps that lie d apart, a stride t, and b and a elements padded before and
after it, the window stops $\lfloor (n + b + a - (k-1)d - 1)/t \rfloor + 1$ times.  Keras's 'same' stops
$m = \lceil n/t \rceil$ times and pads $\max((m-1)t + (k-1)d + 1 - n,\ 0)$ elements, the smaller half in front.
Two axes are independent, so what holds for an area is the product of what holds for its sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product
from typing import Any, TypeAlias

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.layers.base import one_of
from unet_complexity.symbols import Pair, Size, as_expr, as_pair, as_size, ceil_div, exact, floor_div

Border: TypeAlias = tuple[Pair, Pair]
Padding: TypeAlias = str | Pair  # of one axis: "same", "valid" or (before, after)


def as_border(value: Any, what: str) -> Border:
    """Keras's three ways to write a border: 1; (rows, columns); ((top, bottom), (left, right)).

    >>> as_border((1, 2), "padding")
    ((1, 1), (2, 2))
    """
    rows, columns = value if isinstance(value, (tuple, list)) and len(value) == 2 else (value, value)
    if isinstance(rows, (tuple, list)):
        return as_pair(rows, what, at_least=0), as_pair(columns, what, at_least=0)
    rows, columns = as_size(rows, what, at_least=0), as_size(columns, what, at_least=0)
    return (rows, rows), (columns, columns)


def as_padding(value: Any) -> str | Border:
    """ "same", "valid", or a border: as PyTorch and ONNX pad, and as a ZeroPadding2D before a 'valid' layer does.

    >>> as_padding("same"), as_padding(1)
    ('same', ((1, 1), (1, 1)))
    """
    if value is None or isinstance(value, str):
        return one_of("padding", value, ("same", "valid"))
    return as_border(value, "padding")


def axes(x: Tensor, *pairs: Pair) -> Iterator[Any]:
    """What belongs to the rows, then what belongs to the columns: (height, first of each pair), (width, second)."""
    return zip((x.height, x.width), *pairs, strict=True)


def windows(padding: str | Border, x: Tensor, *pairs: Pair) -> Iterator[Any]:
    """The same with the padding of the axis in front: what the functions below take."""
    return zip((padding, padding) if isinstance(padding, str) else padding, (x.height, x.width), *pairs, strict=True)


def span(k: Size, dilation: Size) -> Size:
    """Elements from the first to the last tap: (k - 1) dilation + 1.

    >>> span(3, 2)
    5
    """
    return exact((k - 1) * dilation + 1)


@lru_cache(10_000)  # a layer asks once for each of its counts
def window_count(padding: Padding, n: Size, k: Size, stride: Size, dilation: Size = 1) -> Size:
    """How many times the window stops.  ValueError where it does not fit even once.

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
        return exact(as_expr(n) / stride)  # a stop for each stride of the map: the whole side is taken to fit
    return exact(floor_div(room, stride) + 1)


def same_padding(n: Size, k: Size, stride: Size, dilation: Size = 1) -> Pair:
    """Elements that Keras's 'same' pads (before, after) the axis.

    >>> same_padding(8, 4, 1), same_padding(8, 4, 2)
    ((1, 2), (1, 1))
    """
    stops = window_count("same", n, k, stride, dilation)
    missing = exact(sp.expand((stops - 1) * stride + span(k, dilation) - n))
    total = max(missing, 0) if isinstance(missing, int) else exact(sp.Max(missing, 0))
    before = exact(total // 2)
    return before, exact(total - before)


def rounded_up(padding: Pair, n: Size, k: Size, stride: Size, dilation: Size = 1) -> Pair:
    """The (before, after) that makes the window stop as often as with what ONNX and PyTorch call ceil_mode.

    It then stops once more where elements are left over, unless it would begin behind the last of the n.

    >>> rounded_up((0, 0), 7, 2, 2), rounded_up((1, 1), 8, 3, 2)
    ((0, 1), (1, 2))
    """
    before, after = padding
    stops = window_count(padding, n, k, stride, dilation)
    left_over = exact(sp.expand(n + before + after - span(k, dilation) - (stops - 1) * stride))
    begins_inside = exact(sp.expand(n + before - stops * stride))
    return (before, exact(after + stride - left_over)) if left_over != 0 and begins_inside > 0 else padding


@lru_cache(10_000)
def taps_in_bounds(padding: Padding, n: Size, k: Size, stride: Size, dilation: Size = 1) -> Size:
    """Taps, summed over all stops of the window, that touch one of the n elements.

    Where ``n`` is a letter the map is taken to be at least as large as the kernel.

    >>> from unet_complexity.symbols import n
    >>> taps_in_bounds("same", n, 4, 1), taps_in_bounds("same", n, 4, 2), taps_in_bounds("same", n, 3, 1)
    (4*n - 4, 2*n - 2, 3*n - 2)
    """
    stops = window_count(padding, n, k, stride, dilation)
    if padding == "valid":
        return exact(stops * k)
    if padding == "same" and _any_kernel(stops, n, k, stride, dilation):
        return exact(sp.expand(stops * k - sp.floor(k**2 / (4 * stride))))  # what both sides add up to, whatever k is
    return taps_inside(stops, _before(padding, n, k, stride, dilation), n, k, stride, dilation)


def taps_inside(stops: Size, before: Size, n: Size, k: Size, stride: Size, dilation: Size = 1) -> Size:
    """The same of a window that stops so often, ``before`` elements in front of the n at first.

    >>> taps_inside(4, 1, 8, 3, 2)
    11
    """
    behind = _behind(stops, before, n, span(k, dilation), stride)
    outside = sum(_taps_outside(pad, k, stops, stride, dilation) for pad in (before, behind))
    return exact(sp.expand(stops * k - outside))


@lru_cache(10_000)
def holding(padding: Padding, n: Size, k: Size, stride: Size, dilation: Size = 1) -> tuple[Size, ...]:
    """Sizes that are at least 1 while taps_in_bounds, given letters, is right; nothing if all sizes are numbers.

    The back, where 'same' pads more, has ceil(missing / 2) elements; they must not reach beyond the first stop.

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
    pads = (0, 0) if _any_kernel(stops, n, k, stride, dilation) else same_padding(n, k, stride, dilation)
    return *kept_in([(stops + 1) * stride + n - span(k, dilation) + 1]), *_rounded(pads, stride, dilation)


def holding_inside(stops: Size, before: Size, n: Size, k: Size, stride: Size, dilation: Size = 1) -> tuple[Size, ...]:
    """The same for taps_inside: no end is padded beyond all stops or all taps, unless these are numbers and capped.

    A window may end before the axis does, but by less than a stride: a sum with letters must not run backwards.

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
    """What _taps_outside rounds up: SymPy 1.14 takes an even number / 6 to be whole, and then does not round it.

    It takes an even number / 3 not to be whole, so ceil((pad - i stride) / dilation) is refused.
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
    """The sizes multiplied out.  ValueError if one is below 1 whatever its letters are."""
    expanded = tuple(exact(sp.expand(size)) for size in sizes)
    for size in expanded:
        if isinstance(size, int) and size < 1:
            raise ValueError(
                f"with letters no window may see padding alone and no slice end beyond the map, got {1 - size} "
                "elements too many; pad or reach less, or give numbers in place of letters"
            )
    return expanded


def are_numbers(*sizes: Size) -> bool:
    """If no size has letters."""
    return all(isinstance(size, int) for size in sizes)


def _any_kernel(stops: Size, n: Size, k: Size, stride: Size, dilation: Size) -> bool:
    """Whether taps_in_bounds has a formula for 'same' and whatever k is, without its padding."""
    return not isinstance(k, int) and dilation == 1 and stride in (1, 2, 3) and n == stops * stride


def _before(padding: Padding, n: Size, k: Size, stride: Size, dilation: Size) -> Size:
    return same_padding(n, k, stride, dilation)[0] if padding == "same" else padding[0]


def _behind(stops: Size, before: Size, n: Size, reach: Size, stride: Size) -> Size:
    """Elements behind the n that the last stop still spans; below 0 where it ends before them."""
    return exact(sp.expand((stops - 1) * stride + reach - before - n))


def _taps_outside(pad: Size, k: Size, stops: Size, stride: Size, dilation: Size) -> Size:
    """Taps on one side's padding: ceil(pad / dilation) at the stop nearest the border, fewer at each further one."""
    if are_numbers(pad, stride, dilation):
        reaching = -(-pad // stride)
        reaching = min(reaching, stops) if isinstance(stops, int) else reaching
        taps = [-(-(pad - i * stride) // dilation) for i in range(reaching)]
        return sum(min(count, k) for count in taps) if isinstance(k, int) else sum(taps)
    i = sp.Dummy("i", integer=True, nonnegative=True)
    taps_of_one = sp.ceiling((pad - i * stride) / as_expr(dilation))
    return sp.Sum(taps_of_one, (i, 0, sp.ceiling(as_expr(pad) / stride) - 1))
