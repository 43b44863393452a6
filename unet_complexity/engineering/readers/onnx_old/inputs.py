"""What an ONNX model is given: its free sizes, and the sides at which it is read."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from unet_complexity.engineering.readers.limits import (
    MOST_INFERENCE_BYTES,
    MOST_INFERENCE_SECONDS,
    MOST_NUMBERS,
)
from unet_complexity.engineering.readers.onnx_old.files import EXPORT
from unet_complexity.engineering.readers.onnx_old.values import Shape, shown
from unet_complexity.symbols import N, Pair, Size, as_expr, as_pair, as_size, exact

Stated = tuple[int | str | None, ...]  # sides as a file states them: numbers, names, or nothing


def stated(tensor: Any) -> Stated | None:
    """The shape that a file states for an edge; None where it states none."""
    if not tensor.type.HasField("tensor_type") or not tensor.type.tensor_type.HasField("shape"):
        return None
    dims = tensor.type.tensor_type.shape.dim
    return tuple(
        dim.dim_value if dim.HasField("dim_value") else dim.dim_param or None for dim in dims
    )


@dataclass
class Sizes:
    """Gives each free size a value.

    ``side`` is what was asked for, or the letter N where a side is free; ``named`` holds the values of sizes that have
    a name, ``given`` those of them that were asked for; ``as_stored``: no size is another than the file states, so that
    what it states behind must come out; ``batch``: of how many images the file is; ``main``: the first map, whose sides
    are the ones asked for, and ``reference`` those that it has in the file.
    """

    asked: Any
    named: dict[str, Size]
    side: Pair | None = None
    as_stored: bool = True
    batch: int | str | None = None
    main: str = ""
    reference: list[Size] = field(default_factory=list)
    given: dict[str, Size] = field(default_factory=dict)

    @classmethod
    def of(cls, side: Any, dims: Mapping[str, Any] | None) -> Sizes:
        """For a side (None: the file's own), and sizes for names."""
        asked = None if side is None else as_pair(side, "side")
        given = {name: as_size(size, name) for name, size in (dims or {}).items()}
        return cls(asked, given, asked, given=dict(given))

    def shapes(self, inputs: Mapping[str, Stated], layout: Mapping[str, int]) -> dict[str, Shape]:
        """The shape of each input.

        ValueError where a size is free that nobody gave, where no input has sides to ask for, and where it cannot be
        told whether a first axis is the batch: that of images is.
        """
        first = max(inputs, key=lambda name: len(inputs[name]))
        dims = inputs[first]
        self.batch = dims[0] if len(dims) > 1 else None
        if isinstance(self.batch, int) and self.batch != 1 and len(dims) != 4:
            raise ValueError(
                f"the input {first!r} is {shown(dims)}: if {self.batch} is its batch, export it for one; if not, put "
                "an axis of 1 in front of it"
            )
        if (
            len(inputs) == 1
            and len(dims) == 1
            and dims[0] not in self.named
            and not isinstance(dims[0], int)
        ):
            raise ValueError(self._advice(first, 0, dims[0]))
        planes = {name: spatial_axes(len(dims), layout.get(name)) for name, dims in inputs.items()}
        self.main = next((name for name, axes in planes.items() if axes), "")
        if self.asked is not None and not self.main:
            raise ValueError(
                f"side is for inputs that are maps, got {', '.join(inputs)}; leave it out, or use dims={{...}}"
            )
        return {
            name: tuple(self._size(name, axis, dim, planes[name]) for axis, dim in enumerate(dims))
            for name, dims in inputs.items()
        }

    def _size(self, name: str, axis: int, dim: int | str | None, spatial: tuple[int, ...]) -> Size:
        if isinstance(dim, str) and dim in self.named:
            return self._again(name, axis, dim, spatial)
        if axis == 0 and (not isinstance(dim, int) or dim == self.batch):
            self.as_stored = (self.as_stored and dim in (1, None)) or isinstance(dim, str)
            if isinstance(dim, str):
                self.named[dim] = 1
            return 1
        if axis in spatial:
            return self._side(name, axis, dim, spatial.index(axis) if len(spatial) == 2 else 1)
        if isinstance(dim, int):
            return as_size(dim, f"side {axis} of {name!r}")
        raise ValueError(self._advice(name, axis, dim))

    def _again(self, name: str, axis: int, dim: str, spatial: tuple[int, ...]) -> Size:
        """A size whose name has a value: of the first map's sides it must be the one that was asked for."""
        size = self.named[dim]
        if self.asked is not None and name == self.main and axis in spatial:
            asked = self.asked[spatial.index(axis) if len(spatial) == 2 else 1]
            if asked != size:
                raise ValueError(
                    f"{dim!r} is one size, also where it stands twice, got {size} and {asked} for it"
                )
        return size

    def _side(self, name: str, axis: int, dim: int | str | None, which: int) -> Size:
        """A side of a map: free, as the file has it, or in the proportion that it has to the first map's."""
        if not isinstance(dim, int):
            times, star, known = (dim or "").replace(" ", "").partition("*")
            if star and times.isdecimal() and known in self.named:  # 2*h
                return exact(int(times) * self.named[known])
            if name != self.main:
                raise ValueError(self._advice(name, axis, dim))
            self.side = self.side or (N, N)
            size = self.side[which]
            if isinstance(dim, str):
                self.named.setdefault(dim, size)
            return size
        own = as_size(dim, f"a side of {name!r}")
        if self.asked is None:
            return own
        if len(self.reference) < 2:
            self.reference.append(dim)
        size = exact(
            as_expr(self.asked[which]) * dim / self.reference[min(which, len(self.reference) - 1)]
        )
        self.as_stored = self.as_stored and size == dim
        return as_size(size, f"a side of {name!r}")

    @staticmethod
    def _advice(name: str, axis: int, dim: str | None) -> str:
        if dim is None:
            return f"the input {name!r} leaves axis {axis} free, without a name and no side of the first map; {EXPORT}"
        how = f"give it, as in dims={{{dim!r}: 3}} (in a terminal: --dims {dim}=3)"
        return f"the input {name!r} leaves {dim!r} (axis {axis}) free, which is no side of the first map; {how}"


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


def spatial_axes(rank: int, channels: int | None) -> tuple[int, ...]:
    """The rows and columns of an input: of an image, channels first unless known otherwise, or of a signal."""
    if rank == 4:
        return tuple(
            axis for axis in (1, 2, 3) if axis != rank + (-3 if channels is None else channels)
        )
    return (2,) if rank == 3 and channels == -2 else ()
