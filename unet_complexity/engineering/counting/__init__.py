"""The wing's layers as loops that do the work and count it; importing this registers them with ``count``."""

from unet_complexity.engineering.counting import (  # noqa: F401  they register loops
    arranging,
    convolution,
    elementwise,
    merging,
    normalization,
    reducing,
)
