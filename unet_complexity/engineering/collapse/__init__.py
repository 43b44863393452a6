"""Nearest upsampling and the convolution that follows it, computed as one, in any model.

:func:`collapse_upsampling` rewrites an ONNX model, :func:`command` does it from file to file and
verifies the outputs first.  :mod:`unet_complexity.engineering.collapse.keras` has the same as a
Keras layer.  Each framework is imported where it is used.
"""

from unet_complexity.engineering.collapse.rewriting import Block, Collapsed, collapse_upsampling
from unet_complexity.engineering.collapse.rule import arrangement
from unet_complexity.engineering.collapse.verifying import command

__all__ = ["Block", "Collapsed", "arrangement", "collapse_upsampling", "command"]
