r"""Windows that slide along one axis: number of positions, padding, and in-bounds taps.

Take an axis of n elements, a kernel of k taps with dilation d, a stride t, and padding of b elements before and a
elements after.  The window has $\lfloor (n + b + a - (k-1)d - 1)/t \rfloor + 1$ positions.  Keras's 'same' gives
$m = \lceil n/t \rceil$ positions and pads $\max((m-1)t + (k-1)d + 1 - n,\ 0)$ elements, the smaller half in front.
The two axes are independent: a count for an area is the product of the counts for its sides.

With n = 8, k = 3, t = 2 and b = a = 1 the window has floor(7/2) + 1 = 4 positions.  They start at -1, 1, 3 and 5, so
one tap of the first is on the padding: 4 * 3 - 1 = 11 taps are in bounds.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
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


@dataclass(frozen=True)
class Window:
    """A window that slides along one axis.

    Args:
        n: Elements of the axis.
        k: Taps.
        stride: Elements from one position to the next.
        padding: "same", "valid", or the elements (before, after).
        dilation: Elements from one tap to the next.

    Example:
        >>> window = Window(8, 3, 2, (1, 1))
        >>> window.side, window.taps.total
        (4, 11)
    """

    n: Size
    k: Size
    stride: Size = 1
    padding: Padding = "valid"
    dilation: Size = 1

    @property
    def reach(self) -> Size:
        """Elements from the first to the last tap: 5 for 3 taps with dilation 2."""
        return (self.k - 1) * self.dilation + 1

    @cached_property
    def side(self) -> Size:
        """Number of positions: the side of the output.  ValueError if there is none.

        7 elements, 3 taps and stride 2: floor((7 - 3) / 2) + 1 = 3 with 'valid', ceil(7 / 2) = 4 with 'same'.

        >>> Window(7, 3, 2, "same").side, Window(7, 3, 2, "valid").side
        (4, 3)
        """
        n, stride = self.n, self.stride
        if self.padding == "same":
            return ceil_div(n, stride)
        least = exact(self.reach - sum(self.pads))  # the smallest axis on which the window fits
        room = exact(n - least)
        if isinstance(room, int) and room < 0:
            raise ValueError(
                f"with {self.padding!r} padding the window must fit: it spans {self.reach} elements, "
                f"the map has {n}; try padding='same' or a side of at least {least}"
            )
        if least == stride:
            return quotient(n, stride)  # one position per stride, which is assumed to divide n
        return floor_div(room, stride) + 1

    @property
    def pads(self) -> Pair:
        """Padded elements (before, after); 'same' pads the smaller half in front.

        4 taps with stride 1 at 8 positions reach over 7 + 4 = 11 elements, 3 more than 8: 1 before, 2 after.

        >>> Window(8, 4, 1, "same").pads, Window(8, 4, 2, "same").pads
        ((1, 2), (1, 1))
        """
        if self.padding == "same":
            missing = exact(sp.Max(self._overhang(self.side), 0))
            before = missing // 2
            return before, missing - before
        return (0, 0) if self.padding == "valid" else self.padding

    @property
    def dense(self) -> Size:
        """Taps of all positions, those on the padding too."""
        return self.side * self.k

    @cached_property
    def taps(self) -> Taps:
        """In-bounds taps.  If ``n`` is a letter, the map is assumed to be at least as large as the kernel.

        3 taps at 6 positions with 'same': 18, without the 1 on the padding at each end 16.

        >>> from unet_complexity.symbols import k, n
        >>> Window(n, 4, 2, "same").taps.total, Window(n, 3, 1, "same").taps.total
        (2*n - 2, 3*n - 2)
        >>> Window(n, 4, 1, "same").taps
        Taps(total=4*n - 4, needs=(n, n - 1))
        >>> Window(n, k, 1, "same").taps
        Taps(total=k*n - floor(k**2/4), needs=(-k + 2*n + 2,))
        """
        return Taps(self.dense) if self.padding == "valid" else self.taps_of(self.side)

    def taps_of(self, positions: Size) -> Taps:
        """Return the in-bounds taps of the first ``positions``; the window starts ahead of the axis by the padding.

        Window(8, 3, 2, (1, 1)) reaches elements -1 ... 7 from 4 positions: 1 of 12 taps is out of bounds, 1 before
        the axis and 0 after it.

        >>> Window(8, 3, 2, (1, 1)).taps_of(4)
        Taps(total=11, needs=())
        """
        n, k, stride = self.n, self.k, self.stride
        overhang = self._overhang(positions)
        aligned = stride in (1, 2, 3) and n == positions * stride
        if self.padding == "same" and self.dilation == 1 and aligned and not isinstance(k, int):
            # one formula for even and odd k; the first position must not reach all padding behind the axis
            total = sp.expand(positions * k - sp.floor(k**2 / (4 * stride)))
            return Taps(total, kept_in([2 * n - overhang + 1]))
        before, _ = self.pads
        return self.without(positions * k, positions, (before, exact(overhang - before)))

    def without(self, dense: Size, positions: Size, pads: Pair) -> Taps:
        """Return the rest of ``dense`` taps without those that ``positions`` have on the padding (before, after)."""
        ends = [self._taps_outside(pad, positions) for pad in pads]
        total = exact(sp.expand(dense - sum(end.total for end in ends)))
        return Taps(total, kept_in(size for end in ends for size in end.needs))

    def _overhang(self, positions: Size) -> Size:
        """Return the elements by which all positions exceed the axis; negative if they end before it does.

        4 positions of Window(8, 3, 2) reach over (4 - 1) * 2 + 3 = 9 elements, 1 more than the axis has.
        """
        return exact(sp.expand((positions - 1) * self.stride + self.reach - self.n))

    def _taps_outside(self, pad: Size, positions: Size) -> Taps:
        """Return the taps on one side's padding: ceil(pad / dilation) at the border, fewer at each further position.

        With 3 padded elements, stride 1 and dilation 1, the first three positions have 3, 2 and 1 taps there: 6.

        Padding must not exceed all positions or all taps; numbers are capped instead.  The last position may end
        before the axis does, but by less than a stride: a sum with letters must not run backwards.
        """
        k, stride, dilation = self.k, self.stride, self.dilation
        steps = pad, stride, dilation
        reaches = (positions, stride), (k, dilation)
        needs = [x * step - pad + 1 for x, step in reaches if not are_numbers(*steps, x)]
        if are_numbers(*steps):
            most_positions, most_taps = (x if isinstance(x, int) else pad for x in (positions, k))
            total = 0
            for rest in range(pad, 0, -stride)[:most_positions]:
                total += min(ceil_div(rest, dilation), most_taps)
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
    expanded = tuple(sp.expand(size) for size in sizes)
    for size in expanded:
        if size.is_number and size < 1:
            raise ValueError(
                f"with letters no window may see padding alone, got {1 - size} elements too many; "
                "pad or reach less, or give numbers in place of letters"
            )
    return expanded


@lru_cache(10_000)  # each count of a layer asks for its windows, and the axes are often alike
def _window(kind: Any, *sizes: Any) -> Any:
    return kind(*sizes)


class Sliding(Layer):
    """A layer whose counts are products of one number for the rows and one for the columns.

    ``window`` is the class of the window of one axis, with its ``side``, ``dense`` and ``taps``.  It is made of the
    side of the input and the fields ``along``.
    """

    window: Any = Window

    @property
    @abstractmethod
    def along(self) -> tuple[str, ...]:
        """Names of the fields that have one value for the rows and one for the columns."""

    def windows(self, x: Tensor) -> Iterator[Any]:
        """Yield the window of the rows, then that of the columns.

        A value that is not a pair, such as "same" or None, stands for both.
        """
        values = (getattr(self, name) for name in self.along)
        pairs = (value if isinstance(value, tuple) else (value, value) for value in values)
        for sizes in zip(x.sides, *pairs, strict=True):
            yield _window(self.window, *sizes)

    def out_channels(self, x: Tensor) -> Size:
        """Return the number of output channels."""
        return x.channels

    def output(self, x: Tensor) -> Tensor:
        rows, columns = (window.side for window in self.windows(x))
        return Tensor(rows, columns, self.out_channels(x))

    def dense_taps(self, x: Tensor) -> Size:
        """Return the taps on one channel, summed over all positions; those on the padding too."""
        return prod(window.dense for window in self.windows(x))

    def taps_in_bounds(self, x: Tensor) -> Size:
        """Return the in-bounds taps on one channel, summed over all positions."""
        return prod(window.taps.total for window in self.windows(x))

    def needs(self, x: Tensor) -> tuple[Size, ...]:
        needs = (window.taps.needs for window in self.windows(x))
        return sum(needs, super().needs(x))
