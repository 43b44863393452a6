"""Inputs of an ONNX model: which axes are batch, rows and columns, and the sizes at which it is read."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from unet_complexity.engineering.readers.limits import (
    MOST_INFERENCE_BYTES,
    MOST_INFERENCE_SECONDS,
    MOST_NUMBERS,
)
from unet_complexity.engineering.readers.onnx.files import EXPORT
from unet_complexity.engineering.readers.onnx.layouts import Layout
from unet_complexity.engineering.readers.onnx.node import Shape
from unet_complexity.symbols import N, Pair, Size, as_pair, as_size, exact

Stated = tuple[int | str | None, ...]  # sides as a file states them: numbers, names, or nothing
MULTIPLE = re.compile(r"(\d{1,9})\s*\*\s*(\w+)")
FREE = ("", "?")


def stated(tensor: Any) -> Stated | None:
    """The shape that a file states for an edge; None if it states none.  A size below 1, "" and "?" say nothing."""
    if not tensor.type.HasField("tensor_type") or not tensor.type.tensor_type.HasField("shape"):
        return None
    dims = tensor.type.tensor_type.shape.dim
    names = [None if dim.dim_param in FREE else dim.dim_param for dim in dims]
    return tuple(
        dim.dim_value if dim.dim_value > 0 else name for dim, name in zip(dims, names, strict=True)
    )


class Sizes:
    """The shape of each input, every free size with a value.

    ``shapes`` are what the model is read at, ``side`` that of the first map, ``exported`` the shapes that the file
    states, of one image, if they are others.  ``batch`` is that of the file (None if it is free without a name).

    Raises:
        ValueError: If a size is free that was not given, if no input has sides to ask for, or if it cannot be told if a
            first axis is the batch.
    """

    def __init__(
        self,
        inputs: Mapping[str, Stated],
        layouts: Mapping[str, Layout],
        side: Any,
        dims: Mapping[str, Any] | None,
    ) -> None:
        self.side: Pair | None = None if side is None else as_pair(side, "side")
        self.named = {name: as_size(size, name) for name, size in (dims or {}).items()}
        self.planes = {name: plane(len(dims), layouts.get(name)) for name, dims in inputs.items()}
        main = next((name for name, axes in self.planes.items() if axes), "")
        if self.side is not None and not main:
            raise ValueError(
                f"side is for inputs that are maps, got {', '.join(inputs)}; leave it out, or use dims={{...}}"
            )
        self.batch, self.batched = self._batch(inputs, layouts)
        free = {dim for dims in inputs.values() for dim in dims if isinstance(dim, str)}
        free |= {multiple[2] for multiple in map(MULTIPLE.fullmatch, free) if multiple}
        for name in self.named.keys() - free:
            others = ", ".join(map(repr, sorted(free - {self.batch}))) or "none"
            raise ValueError(f"no free size of an input is called {name!r}; there are: {others}")
        self.shapes: dict[str, Shape] = dict.fromkeys(inputs, ())
        for name in sorted(inputs, key=lambda name: name != main):
            sizes = [self._size(name, main, at, dim) for at, dim in enumerate(inputs[name])]
            self.shapes[name] = tuple(sizes)
        own = {name: self._own(name, dims) for name, dims in inputs.items()}
        numbers = all(isinstance(size, int) for shape in own.values() for size in shape)
        self.exported = own if numbers and own != self.shapes else {}

    def _batch(
        self, inputs: Mapping[str, Stated], layouts: Mapping[str, Layout]
    ) -> tuple[int | str | None, set[str]]:
        """The first axis of the input with the most axes, and the inputs that begin with it.

        An input that has only channels, rows and columns has no batch.
        """
        planar = {x for x in layouts if x in inputs and len(inputs[x]) == layouts[x].spatial + 1}
        candidates = [name for name, dims in inputs.items() if len(dims) > 1 and name not in planar]
        if not candidates:
            return None, set()
        first = max(candidates, key=lambda name: len(inputs[name]))
        batch = inputs[first][0]
        if isinstance(batch, int) and batch > 1 and not self.planes[first]:
            raise ValueError(
                f"the input {first!r} is {' x '.join(map(str, inputs[first]))}: if {batch} is its batch, export it for "
                "one; if not, put an axis of 1 in front of it"
            )
        elsewhere = {dim for dims in inputs.values() for dim in dims[1:]}
        if batch in self.named and batch not in elsewhere:
            raise ValueError(
                f"{batch!r} is the batch, which is 1 here, got {self.named[str(batch)]}; leave it out"
            )
        return batch, {x for x, dims in inputs.items() if dims[:1] == (batch,) and x not in planar}

    def _size(self, name: str, main: str, axis: int, dim: int | str | None) -> Size:
        if axis == 0 and name in self.batched:
            return 1
        if name == main and axis in self.planes[name]:
            spatial = self.planes[name]
            return self._side(dim, spatial.index(axis) - len(spatial))
        known = dim if isinstance(dim, int) else self.known(dim)
        if known is not None:
            return as_size(known, f"side {axis} of {name!r}")
        if dim is None:
            raise ValueError(
                f"the input {name!r} leaves axis {axis} free, without a name and no side of the first map; name it in "
                f"the file, then give it by dims={{...}}; {EXPORT}"
            )
        how = f"give it, as in dims={{{dim!r}: 3}} (in a terminal: --dims {dim}=3)"
        raise ValueError(
            f"the input {name!r} leaves {dim!r} (axis {axis}) free, which is no side of the first map; {how}"
        )

    def _side(self, dim: int | str | None, which: int) -> Size:
        """A side of the main map: as asked for, as named, as the file has it, or N."""
        known = self.known(dim)
        asked = self.side[which] if self.side else None
        if None not in (known, asked) and known != asked:
            raise ValueError(
                f"{dim!r} is one size, also where it stands twice, got {known} and {asked} for it"
            )
        size = asked if known is None else known
        if size is None and isinstance(dim, int):
            return dim
        if size is None:
            self.side = (N, N)
            size = N
        if isinstance(dim, str):
            self.named.setdefault(dim, size)
        return size

    def _own(self, name: str, dims: Stated) -> Shape:
        """The shape as the file states it, its batch 1."""
        pairs = enumerate(zip(dims, self.shapes[name], strict=True))
        planes = self.planes[name]
        return tuple(a if at in planes and isinstance(a, int) else b for at, (a, b) in pairs)

    def known(self, dim: int | str | None) -> Size | None:
        """Return the size that a name, or a multiple of a name, stands for; None if it has none."""
        if not isinstance(dim, str):
            return None
        multiple = MULTIPLE.fullmatch(dim)
        if multiple and multiple[2] in self.named:
            return exact(int(multiple[1]) * self.named[multiple[2]])
        return self.named.get(dim)


def plane(rank: int, layout: Layout | None) -> tuple[int, ...]:
    """The axes of rows and columns of an image, or of a signal."""
    if layout is None:
        return ()
    channels = rank + layout.channels
    if rank <= layout.spatial or channels < 0:
        return ()
    return tuple(axis for axis in range(rank) if axis != channels)[-layout.spatial :]


def inferred(model: Any) -> Any:
    """The graph with the shapes that ONNX's own inference finds; of a damaged or too large model, as it is.

    The inference has no limits of its own, so it runs in a process that has some.
    """
    from onnx import GraphProto

    without = type(model)()
    without.CopyFrom(model)
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
