"""An ONNX model, from PyTorch or anything else that exports it, becomes a Network."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from unet_complexity.networks import Network
from unet_complexity.readers.onnx import arranging, dense, elementwise, looking, reducing, windows  # noqa: F401
from unet_complexity.readers.onnx.files import in_order, load, opset_of, stored
from unet_complexity.readers.onnx.inputs import Sides
from unet_complexity.readers.onnx.layouts import layouts
from unet_complexity.readers.onnx.values import stored as stored_value
from unet_complexity.readers.onnx.walk import Walk
from unet_complexity.readers.reading import Extra, Reading
from unet_complexity.symbols import Size
