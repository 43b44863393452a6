"""Window arithmetic that only models of others need."""

from __future__ import annotations

import sympy as sp

from unet_complexity.layers.windows import span, window_count
from unet_complexity.symbols import Pair, Size, exact


def rounded_up(padding: Pair, n: Size, k: Size, stride: Size, dilation: Size = 1) -> Pair:
    """Return the (before, after) padding that gives as many positions as ceil_mode of ONNX and PyTorch.

    ceil_mode adds a position if elements are left over, unless it would begin behind the last of the n.

    >>> rounded_up((0, 0), 7, 2, 2), rounded_up((1, 1), 8, 3, 2)
    ((0, 1), (1, 2))
    """
    before, after = padding
    stops = window_count(padding, n, k, stride, dilation)
    left_over = exact(sp.expand(n + before + after - span(k, dilation) - (stops - 1) * stride))
    begins_inside = exact(sp.expand(n + before - stops * stride))
    if left_over != 0 and begins_inside > 0:
        return before, exact(after + stride - left_over)
    return padding
