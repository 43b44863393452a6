r"""From one kernel to its phase kernels, and both ways to run UpSampling2D + Conv2D, in plain NumPy.

Nearest upsampling repeats, so a window on the large map multiplies the same value by several taps.  Adding those taps
first gives, for each of the $s_h s_w$ output phases, a smaller kernel on the small map:

$$y_{s i + p} = \sum_j w_j\, x_{\lfloor (s i + p - b + j)/s \rfloor}
             = \sum_\delta \Big(\sum_{j:\ \lfloor (p - b + j)/s \rfloor = \delta} w_j\Big)\, x_{i + \delta}.$$

Both sides are equal exactly, borders included: an index below 0 or beyond the map is outside on either side.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from unet_complexity.layers import Conv2D, PhaseConv2D, UpSampling2D
from unet_complexity.layers.phased import phase_offsets
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


def phase_kernels(kernel: Array, size: Any = 2) -> list[Phase]:
    """The s_h s_w small kernels of a (k_h, k_w, c, f) kernel behind UpSampling2D(size), Keras's 'same' padding.

    ValueError where the kernel has not four axes.

    >>> import numpy as np
    >>> [phase.kernel.shape for phase in phase_kernels(np.ones((4, 4, 3, 8)))]
    [(3, 3, 3, 8), (3, 2, 3, 8), (2, 3, 3, 8), (2, 2, 3, 8)]
    """
    import numpy as np

    if np.ndim(kernel) != 4:
        raise ValueError(f"kernel must have the axes (rows, columns, channels, filters), got {np.shape(kernel)}")
    s_h, s_w = as_pair(size, "size")
    rows, columns = phase_offsets(kernel.shape[0], int(s_h)), phase_offsets(kernel.shape[1], int(s_w))
    return [
        Phase(p, q, (min(rows[p]), min(columns[q])), _merged(_merged(kernel, rows[p], 0), columns[q], 1))
        for p in range(int(s_h))
        for q in range(int(s_w))
    ]


def _merged(kernel: Array, offsets: list[int], axis: int) -> Array:
    """The taps that land on the same offset, added up along one axis."""
    import numpy as np

    firsts = [offsets.index(offset) for offset in sorted(set(offsets))]
    return np.add.reduceat(kernel, firsts, axis=axis)  # offsets never fall, so equal ones are neighbours


def upsample_then_convolve(x: Array, kernel: Array, size: Any = 2) -> Array:
    """As written: repeat rows and columns of an (h, w, c) map, then convolve it, 'same' padding, no bias."""
    import numpy as np

    s_h, s_w = as_pair(size, "size")
    large = np.repeat(np.repeat(x, int(s_h), axis=0), int(s_w), axis=1)
    before = ((kernel.shape[0] - 1) // 2, (kernel.shape[1] - 1) // 2)
    return _correlate(large, kernel, (-before[0], -before[1]))


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
