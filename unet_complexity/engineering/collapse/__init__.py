"""The waste in seconds: nearest upsampling and the convolution behind it, computed as one, in anybody's model.

:func:`collapse_upsampling` rewrites an ONNX model, :func:`command` does it file to file and verifies the outputs first,
:mod:`unet_complexity.engineering.collapse.keras` holds the same as a Keras layer.  Each framework is
imported where it is used.
"""

from unet_complexity.engineering.collapse.rewriting import Block, Collapsed, collapse_upsampling
from unet_complexity.engineering.collapse.rule import arrangement
from unet_complexity.engineering.collapse.verifying import command

__all__ = ["Block", "Collapsed", "arrangement", "collapse_upsampling", "command"]
