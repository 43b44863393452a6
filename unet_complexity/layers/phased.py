r"""UpSampling2D followed by Conv2D as one layer, without repeated products of the same pixel.

On an axis that repeats each value s times, a window of k taps reads each value several times.  Output position
$s\,i + p$ (phase p) needs only the inputs $i + \delta$ with $\delta = \lfloor (p - b + j)/s \rfloor$, j = 0 ... k - 1.
Here $b = \lfloor (k-1)/2 \rfloor$ is the padding of 'same' in front.  The s phases together have $k + s - 1$ taps, so

$$\text{MACs} = (k + s - 1)^2\, c\, f\, n^2 \quad\text{instead of}\quad s^2 k^2\, c\, f\, n^2.$$
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from unet_complexity.layers.convolution import Convolution
from unet_complexity.layers.windows import Taps, Window
from unet_complexity.symbols import Size, Sizes


def phase_offsets(k: int, s: int) -> list[list[int]]:
    """Return, for each phase p, the offset of each of the k taps: floor((p - b + j) / s).

    >>> phase_offsets(4, 2)
    [[-1, 0, 0, 1], [0, 0, 1, 1]]
    """
    front = (k - 1) // 2
    return [[(phase - front + tap) // s for tap in range(k)] for phase in range(s)]


@dataclass(frozen=True)
class Phases:
    """One axis: s small windows at each of n positions, one for each phase.

    Args:
        n: Elements of the axis.
        k: Taps of the convolution.
        s: Number of phases.

    Example:
        >>> from unet_complexity.symbols import n
        >>> Phases(n, 4, 2).taps.total, Phases(n, 3, 2).taps.total
        (5*n - 3, 4*n - 2)
    """

    n: Size
    k: Size
    s: Size

    @property
    def side(self) -> Size:
        """Side of the output."""
        return self.s * self.n

    @property
    def dense(self) -> Size:
        """Number of different offsets, summed over phases and positions.

        At each position 5 for 4 taps in 2 phases: -1, 0, 1 and 0, 1.
        """
        return (self.k + self.s - 1) * self.n

    @cached_property
    def taps(self) -> Taps:
        """Number of different in-bounds offsets, summed over phases and positions.

        4 taps in 2 phases: 5 offsets at each of n positions.  1 pixel of the large map is padded before and 2 after:
        1 offset is out of bounds before and 2 are after, 1 in each phase.  So 5 n - 3.
        """
        k, s = self.k, self.s
        before = (k - 1) // 2
        # on the padding, pixels of the large map that have the same source are s taps apart
        window = Window(self.n, k, dilation=s)
        return window.without(self.dense, self.side, (before, k - 1 - before))


@dataclass(frozen=True)
class PhaseConv2D(Convolution):
    """UpSampling2D(size) and Conv2D(filters, kernel_size, padding="same") computed phase by phase.

    (h, w, c) -> (s_h h, s_w w, filters).  Each of the s_h s_w phases is a small convolution of the small map; its
    kernel consists of sums of taps (:mod:`unet_complexity.phases`).  Computing these sums is not counted.  ``params``
    are those of the Conv2D.

    Args:
        filters: Number of output channels.
        kernel_size: Rows and columns of the Conv2D's window.
        size: Factor of the upsampling.
        use_bias: Add one weight to each output.

    Raises:
        TypeError: If a size is not a whole number or a letter.
        ValueError: If a size is less than 1.

    Example:
        >>> from unet_complexity.cost import Tensor
        >>> x = Tensor(128, 128, 128)
        >>> PhaseConv2D(filters=3, kernel_size=4).cost(x).macs
        157286400
    """

    window = Phases
    along = ("kernel_size", "size")
    filters: Size
    kernel_size: Sizes
    size: Sizes = 2
    use_bias: bool = True
