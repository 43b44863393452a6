"""The names of the arrangements, and the kernel of the one that is a single convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from unet_complexity.phases import phase_kernels

WRITTEN, PHASES, TRANSPOSED, MERGED = "as written", "phases", "transposed", "merged"


def merged_kernel(kernel: Any, size: int) -> tuple[Any, int]:
    """(rows, columns, channels, s, s, filters), and where its first row and column stand from their pixel."""
    phases = phase_kernels(kernel, size)
    first = min(phase.first[0] for phase in phases)
    side = max(phase.first[0] + phase.kernel.shape[0] for phase in phases) - first
    whole = np.zeros((side, side, kernel.shape[2], size, size, kernel.shape[3]), kernel.dtype)
    for phase in phases:
        (row, column), (rows, columns) = (at - first for at in phase.first), phase.kernel.shape[:2]
        whole[row : row + rows, column : column + columns, :, phase.row, phase.column] = (
            phase.kernel
        )
    return whole, first
