"""What an ONNX model is given: which axes are batch, rows and columns, and the sizes at which it is read."""

from __future__ import annotations

import math
import re
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
from unet_complexity.engineering.readers.onnx.files import EXPORT
from unet_complexity.engineering.readers.onnx.layouts import Layout
from unet_complexity.engineering.readers.onnx.node import Shape, shown
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


@dataclass
class Sizes:
    """Gives each free size a value.

    ``asked`` is the side, ``named`` the sizes that have names.  Once :meth:`shapes` has run, ``batch`` is that of the
    file (None if it is free), ``side`` what the model is read at, ``exported`` the shapes that the file states.
    """

    asked: Pair | None
    named: dict[str, Size]
    side: Pair | None = None
    batch: int | str | None = None
    has_batch: bool = False
    batched: set[str] = field(default_factory=set)
    planar: set[str] = field(default_factory=set)
    exported: dict[str, Shape] = field(default_factory=dict)

    @classmethod
    def of(cls, side: Any, dims: Mapping[str, Any] | None) -> Sizes:
        """For a side (None: the file's own), and sizes for names."""
        asked = None if side is None else as_pair(side, "side")
        return cls(asked, {name: as_size(size, name) for name, size in (dims or {}).items()}, asked)

    def shapes(
        self, inputs: Mapping[str, Stated], layouts: Mapping[str, Layout]
    ) -> dict[str, Shape]:
        """The shape of each input.

        Raises:
            ValueError: If a size is free that was not given, if no input has sides to ask for, or if it cannot be told
                if a first axis is the batch.
        """
        planes = {name: plane(len(dims), layouts.get(name)) for name, dims in inputs.items()}
        main = next((name for name, axes in planes.items() if axes), "")
        if self.asked is not None and not main:
            raise ValueError(
                f"side is for inputs that are maps, got {', '.join(inputs)}; leave it out, or use dims={{...}}"
            )
        self._find_batch(inputs, planes, layouts)
        order = sorted(inputs, key=lambda name: name != main)
        found = {
            name: self._shape(name, inputs[name], planes[name], name == main) for name in order
        }
        self._fix_exported(inputs, planes, found)
        return {name: found[name] for name in inputs}

    def _find_batch(
        self,
        inputs: Mapping[str, Stated],
        planes: Mapping[str, tuple[int, ...]],
        layouts: Mapping[str, Layout],
    ) -> None:
        """The first axis of the input with the most axes, unless that has only channels, rows and columns."""
        self.planar = {
            name
            for name, dims in inputs.items()
            if name in layouts and len(dims) == layouts[name].spatial + 1
        }
        with_batch = {
            name: dims for name, dims in inputs.items() if len(dims) > 1 and name not in self.planar
        }
        first = max(with_batch, key=lambda name: len(with_batch[name]), default=None)
        if first is None:
            return
        self.has_batch, self.batch = True, inputs[first][0]
        if isinstance(self.batch, int) and self.batch > 1 and not planes[first]:
            raise ValueError(
                f"the input {first!r} is {shown(inputs[first])}: if {self.batch} is its batch, export it for one; if "
                "not, put an axis of 1 in front of it"
            )
        if isinstance(self.batch, str) and self.batch in self.named:
            elsewhere = [dim for dims in inputs.values() for dim in dims[1:]]
            if self.batch not in elsewhere:
                raise ValueError(
                    f"{self.batch!r} is the batch, which is 1 here, got {self.named[self.batch]}; leave it out"
                )

    def _shape(self, name: str, dims: Stated, spatial: tuple[int, ...], main: bool) -> Shape:
        sizes: list[Size] = []
        for axis, dim in enumerate(dims):
            if axis == 0 and self.has_batch and dim == self.batch and name not in self.planar:
                sizes.append(1)
                self.batched.add(name)
            elif main and axis in spatial:
                which = spatial.index(axis) if len(spatial) == 2 else 1
                sizes.append(self._side(dim, which))
            else:
                sizes.append(self._other(name, axis, dim))
        return tuple(sizes)

    def _side(self, dim: int | str | None, which: int) -> Size:
        """A side of the main map: as asked for, as named, as the file has it, or N."""
        asked = None if self.asked is None else self.asked[which]
        known = self.known(dim)
        if known is not None and asked is not None and known != asked:
            raise ValueError(
                f"{dim!r} is one size, also where it stands twice, got {known} and {asked} for it"
            )
        size = known if known is not None else asked
        if size is None and isinstance(dim, int):
            return dim
        if size is None:
            self.side = self.side or (N, N)
            size = self.side[which]
        if isinstance(dim, str):
            self.named.setdefault(dim, size)
        return size

    def known(self, dim: int | str | None) -> Size | None:
        """What a name, or a multiple of a name, stands for."""
        if not isinstance(dim, str):
            return None
        multiple = MULTIPLE.fullmatch(dim)
        if multiple and multiple[2] in self.named:
            return exact(int(multiple[1]) * self.named[multiple[2]])
        return self.named.get(dim)

    def _other(self, name: str, axis: int, dim: int | str | None) -> Size:
        if isinstance(dim, int):
            return as_size(dim, f"side {axis} of {name!r}")
        known = self.known(dim)
        if known is not None:
            return known
        if dim is None:
            raise ValueError(
                f"the input {name!r} leaves axis {axis} free, without a name and no side of the first map; name it in "
                f"the file, then give it by dims={{...}}; {EXPORT}"
            )
        how = f"give it, as in dims={{{dim!r}: 3}} (in a terminal: --dims {dim}=3)"
        raise ValueError(
            f"the input {name!r} leaves {dim!r} (axis {axis}) free, which is no side of the first map; {how}"
        )

    def _fix_exported(
        self,
        inputs: Mapping[str, Stated],
        planes: Mapping[str, tuple[int, ...]],
        found: Mapping[str, Shape],
    ) -> None:
        """Keep the shapes that the file states, of one image, if the model is read at other sides than those."""
        own: dict[str, Shape] = {}
        for name, dims in inputs.items():
            sides = zip(dims, found[name], strict=True)
            own[name] = tuple(
                a if axis in planes[name] and isinstance(a, int) else b
                for axis, (a, b) in enumerate(sides)
            )
        if own != found and all(isinstance(side, int) for shape in own.values() for side in shape):
            self.exported = own


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
