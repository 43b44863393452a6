"""The engineer's layers as loops that do the work and count it; importing this registers them with ``count``."""

from unet_complexity.engineering.counting import (  # noqa: F401  importing them registers the loops
    arranging,
    convolution,
    elementwise,
    merging,
    normalization,
    reducing,
)
