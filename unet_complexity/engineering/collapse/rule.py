r"""Rule for computing an upsampling and its convolution, from measurements of ONNX Runtime on a CPU.

With c channels per filter (all of them, unless in groups), collapsing saves per output element

$$c\,\Big(k_h k_w - \frac{(k_h + s_h - 1)(k_w + s_w - 1)}{s_h s_w}\Big)\ \text{MACs}.$$

This must outweigh writing and interleaving the phases.  On a map of a few pixels most time is spent
reading the weights, of which there are more after collapsing.  ``benchmarks/collapse.py`` prints the
measurements behind the thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import Any

Sides = Sequence[Any]  # rows and columns
AS_WRITTEN, PHASES, TRANSPOSED = "as written", "phases", "transposed"
LEAST_PIXELS = 16
LEAST_MACS_SAVED = 250
FEW_FILTERS = 16


def macs_saved(channels: int, kernel: Sides, size: Sides) -> Fraction:
    """Return the MACs per output element that collapsing saves.

    Args:
        channels: Channels that one filter reads.
        kernel: Rows and columns of the convolution's window.
        size: Factors of the upsampling.

    Example:
        >>> macs_saved(128, (4, 4), (2, 2))
        Fraction(1248, 1)
    """
    taps = prod(k + s - 1 for k, s in zip(kernel, size, strict=True))
    return channels * (prod(kernel) - Fraction(taps, prod(size)))


def arrangement(
    channels: int,
    filters: int,
    kernel: Sides,
    size: Sides,
    pixels: int | None = None,
) -> tuple[str, str]:
    """Return "phases", "transposed" or "as written", and the reason.

    Args:
        channels: Channels that one filter reads.
        filters: Channels of the output.
        kernel: Rows and columns of the convolution's window.
        size: Factors of the upsampling.
        pixels: Those of the map before upsampling; None, if unknown, counts as large.

    Example:
        >>> arrangement(128, 3, (4, 4), (2, 2), 128 * 128)[0]
        'transposed'
        >>> arrangement(512, 512, (4, 4), (2, 2), 2 * 2)[0]
        'as written'
    """
    saved = macs_saved(channels, kernel, size)
    gain = f"{float(saved):,.0f} MACs saved per output element"
    if pixels is not None and pixels < LEAST_PIXELS:
        why = f"a map of {pixels} pixels is too small: reading the weights is what takes time"
        return AS_WRITTEN, why
    if filters < FEW_FILTERS and channels >= 2 * filters and saved > 0:
        why = f"{filters} filters for {channels} channels: one call that never writes the large map"
        return TRANSPOSED, why
    if saved < LEAST_MACS_SAVED:
        return AS_WRITTEN, f"{gain} do not pay for the interleaving"
    return PHASES, gain
