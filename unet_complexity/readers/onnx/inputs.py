"""What an ONNX model is given: its free sizes, and the sides at which it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from unet_complexity.readers.onnx.files import EXPORT
from unet_complexity.readers.onnx.values import Shape
from unet_complexity.symbols import N, Pair, Size, as_pair, as_size, exact

Stated = tuple[int | str | None, ...]  # sides as a file states them: numbers, names, or nothing


def stated(tensor: Any) -> Stated | None:
    """The shape that a file states for an edge; None where it states none."""
    if not tensor.type.HasField("tensor_type") or not tensor.type.tensor_type.HasField("shape"):
        return None
    dims = tensor.type.tensor_type.shape.dim
    return tuple(dim.dim_value if dim.HasField("dim_value") else dim.dim_param or None for dim in dims)


@dataclass
class Sizes:
    """Gives each free size a value.

    ``side`` is what was asked for, or the letter N where a side is free; ``named`` holds the values of sizes that have
    a name; ``as_stored``: no size is another than the file states, so that what it states behind must come out.
    """

    asked: Any
    named: dict[str, Size]
    side: Pair | None = None
    as_stored: bool = True
    batch: int | str | None = None
    reference: list[Size] = field(default_factory=list)

    @classmethod
    def of(cls, side: Any, dims: Mapping[str, Any] | None) -> Sizes:
        """For a side (None: the file's own), and sizes for names."""
        asked = None if side is None else as_pair(side, "side")
        return cls(asked, {name: as_size(size, name) for name, size in (dims or {}).items()}, asked)

    def shapes(self, inputs: Mapping[str, Stated], layout: Mapping[str, int]) -> dict[str, Shape]:
        """The shape of each input.  ValueError where a size is free that nobody gave, or no input has sides to ask."""
        first = max(inputs.values(), key=len)
        self.batch = first[0] if len(first) > 1 else None
        shapes = {
            name: self._shape(name, dims, spatial_axes(len(dims), layout.get(name))) for name, dims in inputs.items()
        }
        if self.asked is not None and not any(
            spatial_axes(len(dims), layout.get(name)) for name, dims in inputs.items()
        ):
            raise ValueError(
                f"side is for inputs that are maps, got {', '.join(inputs)}; leave it out, or use dims={{...}}"
            )
        return shapes

    def _shape(self, name: str, dims: Stated, spatial: tuple[int, ...]) -> Shape:
        return tuple(self._size(name, axis, dim, len(dims), spatial) for axis, dim in enumerate(dims))

    def _size(self, name: str, axis: int, dim: int | str | None, rank: int, spatial: tuple[int, ...]) -> Size:
        if isinstance(dim, str) and dim in self.named:
            return self.named[dim]
        if axis == 0 and (not isinstance(dim, int) or (rank > 1 and dim == self.batch)):
            self.as_stored = (self.as_stored and dim in (1, None)) or isinstance(dim, str)
            return 1
        if axis in spatial:
            return self._side(name, dim, spatial.index(axis) if len(spatial) == 2 else 1)
        if isinstance(dim, int):
            return as_size(dim, f"side {axis} of {name!r}")
        raise ValueError(self._advice(name, axis, dim))

    def _side(self, name: str, dim: int | str | None, which: int) -> Size:
        """A side of a map: free, as the file has it, or in the proportion that it has to the first map's."""
        if not isinstance(dim, int):
            self.side = self.side or (N, N)
            size = self.side[which]
            if isinstance(dim, str):
                self.named.setdefault(dim, size)
            return size
        if self.asked is None:
            return as_size(dim, f"a side of {name!r}")
        if len(self.reference) < 2:
            self.reference.append(dim)
        size = exact(sp.sympify(self.asked[which]) * dim / self.reference[min(which, len(self.reference) - 1)])
        self.as_stored = self.as_stored and size == dim
        return as_size(size, f"a side of {name!r}")

    @staticmethod
    def _advice(name: str, axis: int, dim: str | None) -> str:
        if dim is None:
            return f"the input {name!r} leaves axis {axis} free, without a name and no side of a map; {EXPORT}"
        how = f"give it, as in dims={{{dim!r}: 3}}"
        return f"the input {name!r} leaves {dim!r} (axis {axis}) free, which is no side of a map; {how}"


def single(model: Any, batch: int | str | None) -> set[str]:
    """Names of the maps whose first axis is the batch, as far as ONNX's own shape inference sees it.

    A reshaping to sides that were written down at another batch or side moves elements from one image to another, and
    often fits.  With a batch of 1 any side may be 1 by chance, so only what is reshaped is looked at.
    """
    from onnx import shape_inference

    reshaped = {name for node in model.graph.node if node.op_type == "Reshape" for name in node.output}
    if not reshaped:
        return set()
    try:
        graph = shape_inference.infer_shapes(model, data_prop=True).graph
    except (shape_inference.InferenceError, ValueError):  # it is damaged, or too large: what it states itself
        graph = model.graph
    shapes = {tensor.name: stated(tensor) or () for tensor in (*graph.value_info, *graph.output)}
    several = isinstance(batch, int) and batch != 1
    first = batch if several else 1
    return {
        name for name, dims in shapes.items() if dims[:1] == (first,) and dims[2:] and (several or name in reshaped)
    }


def spatial_axes(rank: int, channels: int | None) -> tuple[int, ...]:
    """The rows and columns of an input: of an image, channels first unless known otherwise, or of a signal."""
    if rank == 4:
        return tuple(axis for axis in (1, 2, 3) if axis != rank + (-3 if channels is None else channels))
    return (2,) if rank == 3 and channels == -2 else ()
