"""The shapes that ONNX's own inference finds, in a process that has limits."""

from __future__ import annotations

import math
import subprocess
import sys
from copy import deepcopy
from typing import Any

from unet_complexity.engineering.readers.limits import (
    MOST_INFERENCE_BYTES,
    MOST_INFERENCE_SECONDS,
    MOST_NUMBERS,
)


def inferred(model: Any) -> Any:
    """The graph with the shapes that ONNX's own inference finds; of a damaged or too large model, as it is.

    The inference has no limits of its own, so it runs in a process that has some.
    """
    from onnx import GraphProto

    without = deepcopy(model)
    for tensor in without.graph.initializer:
        if math.prod(tensor.dims) > MOST_NUMBERS:
            tensor.ClearField("raw_data")  # of weights the shape is enough
    command = [
        sys.executable,
        "-P",  # without it a file onnx.py in the working folder, beside a model, would be imported and run
        "-c",
        INFERENCE,
        str(MOST_INFERENCE_BYTES),
        str(MOST_INFERENCE_SECONDS),
    ]
    done = subprocess.run(
        command, input=without.SerializeToString(), capture_output=True, check=False
    )
    return GraphProto.FromString(done.stdout) if done.returncode == 0 else model.graph


INFERENCE = """
import sys
import onnx
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]),) * 2)
except ImportError:
    pass  # Windows has no such limits
model = onnx.ModelProto.FromString(sys.stdin.buffer.read())
sys.stdout.buffer.write(onnx.shape_inference.infer_shapes(model, data_prop=True).graph.SerializeToString())
"""
