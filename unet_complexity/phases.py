r"""From one kernel to its phase kernels, and both ways to run UpSampling2D + Conv2D, in plain NumPy.

Nearest upsampling repeats, so a window on the large map multiplies the same value by several taps.  Adding those taps
first gives, for each of the $s_h s_w$ output phases, a smaller kernel on the small map:

$$y_{s i + p} = \sum_j w_j\, x_{\lfloor (s i + p - b + j)/s \rfloor}
             = \sum_\delta \Big(\sum_{j:\ \lfloor (p - b + j)/s \rfloor = \delta} w_j\Big)\, x_{i + \delta}.$$

Both sides are equal exactly, borders included: an index below 0 or beyond the map is outside on either side.

All of it is one kernel of $k + s - 1$ taps per axis, $v_t = \sum_{j = t-s+1}^{t} w_j$: phase p takes every s-th tap of
it, and mirrored it is the kernel of the Conv2DTranspose(strides=s) that computes the same function in one call.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from unet_complexity.layers import Conv2D, PhaseConv2D, UpSampling2D
from unet_complexity.networks import Network, Step
from unet_complexity.symbols import as_pair

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Phase(NamedTuple):
    """Output rows ``row``, row + s_h, ... and columns alike; ``kernel``'s first tap stands at ``first`` from there."""

    row: int
    column: int
    first: tuple[int, int]
    kernel: Array


def summed_taps(kernel: Array, size: Any = 2) -> Array:
    """The kernel of k_h + s_h - 1 rows and k_w + s_w - 1 columns whose taps are sums of s_h s_w neighbouring ones.

    ValueError where the kernel has not the four axes (rows, columns, channels, filters).

    >>> import numpy as np
    >>> summed_taps(np.ones((4, 4, 1, 1)))[:, 0, 0, 0]
    array([1., 2., 2., 2., 1.])
    """
    import numpy as np

    if np.ndim(kernel) != 4:
        raise ValueError(f"kernel must have the axes (rows, columns, channels, filters), got {np.shape(kernel)}")
    for axis, s in enumerate(as_pair(size, "size")):
        shifts = [[(i, int(s) - 1 - i) if axis == at else (0, 0) for at in range(4)] for i in range(int(s))]
        kernel = np.sum([np.pad(kernel, shift) for shift in shifts], axis=0)
    return kernel


def phase_kernels(kernel: Array, size: Any = 2, before: Any = None) -> list[Phase]:
    """The s_h s_w small kernels of a (k_h, k_w, c, f) kernel behind UpSampling2D(size).

    ``before``: rows and columns of zeros in front of the large map; those of Keras's 'same' padding if not given.
    ValueError where the kernel has not four axes.

    >>> import numpy as np
    >>> [phase.kernel.shape for phase in phase_kernels(np.ones((4, 4, 3, 8)))]
    [(3, 3, 3, 8), (3, 2, 3, 8), (2, 3, 3, 8), (2, 2, 3, 8)]
    """
    taps, (s_h, s_w) = summed_taps(kernel, size), as_pair(size, "size")
    front = same_front(kernel) if before is None else as_pair(before, "before", at_least=0)
    starts = [[_first_tap(p, int(b), int(s)) for p in range(int(s))] for b, s in zip(front, (s_h, s_w), strict=True)]
    return [
        Phase(p, q, (row, column), taps[tap_row::s_h, tap_column::s_w])
        for p, (row, tap_row) in enumerate(starts[0])
        for q, (column, tap_column) in enumerate(starts[1])
    ]


def same_front(kernel: Array) -> tuple[int, int]:
    """Rows and columns that Keras's 'same' pads in front of a map for this kernel: floor((k - 1) / 2)."""
    return (kernel.shape[0] - 1) // 2, (kernel.shape[1] - 1) // 2


def _first_tap(phase: int, before: int, s: int) -> tuple[int, int]:
    """Where a phase's window begins on the small map, counted from its pixel, and the first summed tap it takes."""
    tap = (before + s - 1 - phase) % s
    return (phase - before + tap) // s, tap


def upsample_then_convolve(x: Array, kernel: Array, size: Any = 2) -> Array:
    """As written: repeat rows and columns of an (h, w, c) map, then convolve it, 'same' padding, no bias."""
    import numpy as np

    s_h, s_w = as_pair(size, "size")
    large = np.repeat(np.repeat(x, int(s_h), axis=0), int(s_w), axis=1)
    rows, columns = same_front(kernel)
    return _correlate(large, kernel, (-rows, -columns))


def convolve_by_phases(x: Array, kernel: Array, size: Any = 2) -> Array:
    """The same function: each phase convolves the small map with its small kernel, and fills its own pixels."""
    import numpy as np

    s_h, s_w = (int(s) for s in as_pair(size, "size"))
    out = np.empty((s_h * x.shape[0], s_w * x.shape[1], kernel.shape[3]), np.result_type(x, kernel))
    for phase in phase_kernels(kernel, (s_h, s_w)):
        out[phase.row :: s_h, phase.column :: s_w] = _correlate(x, phase.kernel, phase.first)
    return out


def _correlate(x: Array, kernel: Array, first: tuple[int, int]) -> Array:
    """Every pixel's window, whose first tap stands at ``first`` from the pixel; zeros outside the map."""
    import numpy as np

    height, width, _ = x.shape
    out = np.zeros((height, width, kernel.shape[3]), np.result_type(x, kernel))
    for i, j in np.ndindex(kernel.shape[:2]):
        rows, from_rows = _overlap(height, first[0] + i)
        columns, from_columns = _overlap(width, first[1] + j)
        out[rows, columns] += x[from_rows, from_columns] @ kernel[i, j]
    return out


def _overlap(side: int, shift: int) -> tuple[slice, slice]:
    """Where a map and itself, moved by ``shift``, are both inside: the pixels, and the ones they look at."""
    low, high = max(0, -shift), max(0, min(side, side - shift))
    return slice(low, max(low, high)), slice(low + shift, max(low, high) + shift)


def by_phases(network: Network) -> Network:
    """The network with each UpSampling2D + Conv2D computed phase by phase: same function, same parameters.

    Only nearest upsampling read by nothing but a plain 'same' convolution is replaced.  ValueError where there is none.

    >>> from unet_complexity import pix2pix_unet
    >>> by_phases(pix2pix_unet(side=256, in_channels=3)).total().macs
    8278507520
    """
    steps = tuple(_replaced(network))
    if steps == network.steps:
        raise ValueError(f"{network.name} has no nearest UpSampling2D in front of a plain Conv2D; nothing to replace")
    return Network(f"{network.name}, phase by phase", network.inputs, steps, network.rules)


def _replaced(network: Network) -> Iterator[Step]:
    readers: dict[str, list[Step]] = {}
    for step in network:
        for source in step.sources:
            readers.setdefault(source, []).append(step)
    dropped: dict[str, Step] = {}
    for step in network:
        readers_of_it = readers.get(step.name, [])
        if _is_nearest(step.layer) and readers_of_it and all(_is_plain(reader.layer) for reader in readers_of_it):
            dropped[step.name] = step
        else:
            yield _merged_step(dropped[step.sources[0]], step) if step.sources[0] in dropped else step


def _is_nearest(layer: Any) -> bool:
    return isinstance(layer, UpSampling2D) and layer.interpolation == "nearest"


def _is_plain(layer: Any) -> bool:
    ones = (1, 1)
    return (
        isinstance(layer, Conv2D)
        and layer.padding == "same"
        and (layer.strides, layer.dilation_rate, layer.groups) == (ones, ones, 1)
    )


def _merged_step(up: Step, conv: Step) -> Step:
    layer: Any = conv.layer
    size = up.layer.size  # type: ignore[attr-defined]
    phased = PhaseConv2D(layer.filters, layer.kernel_size, size, layer.use_bias)
    return Step(conv.name, phased, up.inputs, up.sources, conv.level, conv.block, conv.part, conv.span)
