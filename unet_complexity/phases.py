r"""Phase kernels of UpSampling2D + Conv2D, and both ways to run the pair, in plain NumPy.

Nearest upsampling repeats values, so a window on the large map multiplies the same value by several taps.  Summing
those taps first gives a smaller kernel on the small map for each of the $s_h s_w$ output phases:

$$y_{s i + p} = \sum_j w_j\, x_{\lfloor (s i + p - b + j)/s \rfloor}
             = \sum_\delta \Big(\sum_{j:\ \lfloor (p - b + j)/s \rfloor = \delta} w_j\Big)\, x_{i + \delta}.$$

Both sides are equal exactly, borders included: an index outside the large map is outside the small one too.

One kernel of $k + s - 1$ taps per axis holds them all, $v_t = \sum_{j = t-s+1}^{t} w_j$: phase p takes every s-th tap.
Mirrored, it is the kernel of the Conv2DTranspose(strides=s) that computes the same function in one call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from unet_complexity.layers import Conv2D, PhaseConv2D, UpSampling2D
from unet_complexity.networks import Network, Step
from unet_complexity.symbols import as_pair

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Phase(NamedTuple):
    """Kernel for the output rows ``row``, row + s_h, ... and columns alike; ``first``: offset of its first tap."""

    row: int
    column: int
    first: tuple[int, int]
    kernel: Array


def summed_taps(kernel: Array, size: Any = 2) -> Array:
    """Return the kernel whose taps are sums of s_h s_w neighbouring taps.

    Args:
        kernel: Array of shape (k_h, k_w, channels, filters).
        size: Factor of the upsampling, one number or a pair.

    Returns:
        Array of shape (k_h + s_h - 1, k_w + s_w - 1, channels, filters).

    Raises:
        ValueError: The kernel does not have four axes.

    Example:
        >>> import numpy as np
        >>> summed_taps(np.ones((4, 4, 1, 1)))[:, 0, 0, 0]
        array([1., 2., 2., 2., 1.])
    """
    import numpy as np

    if np.ndim(kernel) != 4:
        raise ValueError(
            f"kernel must have the axes (rows, columns, channels, filters), got {np.shape(kernel)}"
        )
    for axis, s in enumerate(map(int, as_pair(size, "size"))):
        shifted = []
        for i in range(s):
            zeros = [(0, 0)] * 4
            zeros[axis] = (i, s - 1 - i)
            shifted.append(np.pad(kernel, zeros))
        kernel = np.sum(shifted, axis=0)
    return kernel


def phase_kernels(kernel: Array, size: Any = 2, before: Any = None) -> list[Phase]:
    """Return the s_h s_w phase kernels of a convolution behind UpSampling2D(size).

    Args:
        kernel: Array of shape (k_h, k_w, channels, filters).
        size: Factor of the upsampling, one number or a pair.
        before: Rows and columns of padding before the large map; those of Keras's 'same', if not given.

    Raises:
        ValueError: The kernel does not have four axes.

    Example:
        >>> import numpy as np
        >>> [phase.kernel.shape for phase in phase_kernels(np.ones((4, 4, 3, 8)))]
        [(3, 3, 3, 8), (3, 2, 3, 8), (2, 3, 3, 8), (2, 2, 3, 8)]
    """
    front = same_front(kernel) if before is None else as_pair(before, "before", at_least=0)
    return split_phases(summed_taps(kernel, size), size, front)


def split_phases(taps: Array, size: Any, before: Any) -> list[Phase]:
    """Return the s_h s_w phase kernels that summed taps hold.

    Args:
        taps: Array of shape (k_h + s_h - 1, k_w + s_w - 1, channels, filters) from :func:`summed_taps`.
        size: Factor of the upsampling, one number or a pair.
        before: Rows and columns of padding before the large map.

    Example:
        >>> import numpy as np
        >>> taps = summed_taps(np.ones((4, 4, 3, 8)))
        >>> [phase.first for phase in split_phases(taps, 2, before=(1, 1))]
        [(-1, -1), (-1, 0), (0, -1), (0, 0)]
    """
    s_h, s_w = map(int, as_pair(size, "size"))
    rows_before, columns_before = map(int, before)
    phases = []
    for p in range(s_h):
        row, tap_row = _first_tap(p, rows_before, s_h)
        for q in range(s_w):
            column, tap_column = _first_tap(q, columns_before, s_w)
            small = taps[tap_row::s_h, tap_column::s_w]
            phases.append(Phase(p, q, (row, column), small))
    return phases


def same_front(kernel: Array) -> tuple[int, int]:
    """Return rows and columns of padding before a map with Keras's 'same': floor((k - 1) / 2)."""
    rows, columns = kernel.shape[:2]
    return (rows - 1) // 2, (columns - 1) // 2


def _first_tap(phase: int, before: int, s: int) -> tuple[int, int]:
    """Offset of a phase's window from its pixel on the small map, and its first summed tap."""
    tap = (before + s - 1 - phase) % s
    return (phase - before + tap) // s, tap


def upsample_then_convolve(x: Array, kernel: Array, size: Any = 2) -> Array:
    """Repeat the rows and columns of an (h, w, c) map, then convolve it, with 'same' padding and no bias."""
    s_h, s_w = map(int, as_pair(size, "size"))
    large = x.repeat(s_h, axis=0).repeat(s_w, axis=1)
    rows, columns = same_front(kernel)
    return _correlate(large, kernel, (-rows, -columns))


def convolve_by_phases(x: Array, kernel: Array, size: Any = 2) -> Array:
    """Compute :func:`upsample_then_convolve` phase by phase: small kernels on the small map."""
    import numpy as np

    s_h, s_w = map(int, as_pair(size, "size"))
    height, width, _ = x.shape
    shape = (s_h * height, s_w * width, kernel.shape[3])
    out = np.empty(shape, np.result_type(x, kernel))
    for phase in phase_kernels(kernel, (s_h, s_w)):
        out[phase.row :: s_h, phase.column :: s_w] = _correlate(x, phase.kernel, phase.first)
    return out


def _correlate(x: Array, kernel: Array, first: tuple[int, int]) -> Array:
    """Correlate a map, zero outside, with a kernel whose first tap has the offset ``first`` from each pixel."""
    import numpy as np

    height, width, _ = x.shape
    sides = zip(first, kernel.shape[:2], strict=True)
    border = [(-offset, k - 1 + offset) for offset, k in sides]
    padded = np.pad(x, [*border, (0, 0)])
    out = np.zeros((height, width, kernel.shape[3]), np.result_type(x, kernel))
    for i, j in np.ndindex(kernel.shape[:2]):
        out += padded[i : i + height, j : j + width] @ kernel[i, j]
    return out


def by_phases(network: Network) -> Network:
    """Return the network with each UpSampling2D + Conv2D computed by phases: same function, same parameters.

    A nearest upsampling is replaced if plain 'same' convolutions are its only readers and the network does not
    return it.

    Raises:
        ValueError: The network has no such pair.

    Example:
        >>> from unet_complexity import pix2pix_unet
        >>> by_phases(pix2pix_unet(side=256, in_channels=3)).total().macs
        8278507520
    """
    steps = tuple(_replaced(network))
    if steps == network.steps:
        raise ValueError(
            f"{network.name} has no nearest UpSampling2D in front of a plain Conv2D; nothing to replace"
        )
    return replace(network, name=f"{network.name}, phase by phase", steps=steps, recipe=None)


def _replaced(network: Network) -> Iterator[Step]:
    readers: dict[str, list[Step]] = {}
    for step in network:
        for source in step.sources:
            readers.setdefault(source, []).append(step)
    dropped: dict[str, Step] = {}
    for step in network:
        source = step.sources[0]
        up: Any = step.layer
        nearest = isinstance(up, UpSampling2D) and up.interpolation == "nearest"
        inside = step.name in readers and step.name not in network.outputs
        if nearest and inside and all(map(_is_plain, readers[step.name])):
            dropped[step.name] = step
        elif source in dropped:
            yield _merged_step(dropped[source], step)
        else:
            yield step


def _is_plain(step: Step) -> bool:
    layer = step.layer
    return (
        isinstance(layer, Conv2D)
        and layer.padding == "same"
        and layer.strides == layer.dilation_rate == (1, 1)
        and layer.groups == 1
    )


def _merged_step(up: Step, conv: Step) -> Step:
    layer: Any = conv.layer
    size = up.layer.size  # type: ignore[attr-defined]
    phased = PhaseConv2D(layer.filters, layer.kernel_size, size, layer.use_bias)
    return replace(conv, layer=phased, inputs=up.inputs, sources=up.sources)
