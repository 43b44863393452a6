"""Inputs of an ONNX model: which axes are batch, rows and columns, and the sizes at which it is read."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import sympy as sp

from unet_complexity.engineering.readers.onnx.layouts import Layout
from unet_complexity.engineering.readers.onnx.node import Shape
from unet_complexity.symbols import N, Pair, Size, as_pair, as_size

Stated = tuple[int | str | None, ...]  # sides as a file states them: numbers, names, or nothing
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
    states, if they are others.  ``batch`` is how the file writes the batch, which is 1 here.

    Raises:
        ValueError: If a size is free that was not given, if no input has sides to ask for, or if a first axis may be a
            batch of several.
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
        planes = {name: plane(len(dims), layouts.get(name)) for name, dims in inputs.items()}
        main = next((name for name, axes in planes.items() if axes), "")
        if self.side is not None and not main:
            raise ValueError(
                f"side is for inputs that are maps, got {', '.join(inputs)}; leave it out, or use dims={{...}}"
            )
        planar = {name for name, axes in planes.items() if len(axes) + 1 == len(inputs[name]) > 1}
        self.batch: int | str | None = 1
        batched = self._batched({name: dims for name, dims in inputs.items() if name not in planar})
        free = {dim for dims in inputs.values() for dim in dims if isinstance(dim, str)}
        for name in self.named.keys() - free:
            others = ", ".join(map(repr, sorted(free - {self.batch}))) or "none"
            raise ValueError(f"no free size of an input is called {name!r}; there are: {others}")
        self.shapes: dict[str, Shape] = dict.fromkeys(inputs, ())
        own = {}
        for name in sorted(inputs, key=lambda name: name != main):
            which = dict(zip(planes[name][::-1], (-1, -2), strict=False)) if name == main else {}
            self.shapes[name] = tuple(
                1 if at == 0 and name in batched else self._size(name, at, dim, which.get(at, 0))
                for at, dim in enumerate(inputs[name])
            )
            pairs = zip(inputs[name], self.shapes[name], strict=True)
            own[name] = tuple(dim if isinstance(dim, int) else size for dim, size in pairs)
        letters = sp.Tuple(*itertools.chain(*own.values())).free_symbols
        self.exported = own if own != self.shapes and not letters else {}

    def _batched(self, inputs: Mapping[str, Stated]) -> set[str]:
        """The inputs that begin with a batch: as the one with the most axes does."""
        first = max(inputs, key=lambda name: len(inputs[name]), default="")
        if len(inputs.get(first, ())) < 2:
            return set()
        self.batch = inputs[first][0]
        if isinstance(self.batch, int) and self.batch > 1:
            raise ValueError(
                f"the input {first!r} is {' x '.join(map(str, inputs[first]))}: if {self.batch} is its batch, export "
                "it for one; if not, put an axis of 1 in front of it"
            )
        elsewhere = {dim for dims in inputs.values() for dim in dims[1:]}
        if self.batch in self.named.keys() - elsewhere:
            given = self.named[str(self.batch)]
            raise ValueError(
                f"{self.batch!r} is the batch, which is 1 here, got {given}; leave it out"
            )
        return {name for name, dims in inputs.items() if dims[:1] == (self.batch,)}

    def _size(self, name: str, axis: int, dim: int | str | None, spatial: int) -> Size:
        """One size: as named, as asked for, as the file has it, or N; ``spatial``: -2 for rows, -1 for columns."""
        known = self.known(dim)
        asked = self.side[spatial] if spatial and self.side else None
        if None not in (known, asked) and known != asked and not isinstance(dim, int):
            raise ValueError(
                f"{dim!r} is one size, also where it stands twice, got {known} and {asked} for it"
            )
        size = known if asked is None else asked
        if size is None and spatial:
            self.side = (N, N)
            size = N
        if size is None:
            which, how = (
                f"axis {axis}",
                "name it in the file, then give it, as in dims={'tokens': 3}",
            )
            if dim:
                which, how = f"{dim!r} ({which})", f"give it, as in dims={{{dim!r}: 3}}"
                how += f" (in a terminal: --dims {dim}=3)"
            raise ValueError(
                f"the input {name!r} leaves {which} free, which is no side of the first map; {how}"
            )
        if isinstance(dim, str):
            self.named.setdefault(dim, size)
        return as_size(size, f"side {axis} of {name!r}")

    def known(self, dim: int | str | None) -> Size | None:
        """Return a number, or the size that a name stands for; None if it has none."""
        return dim if isinstance(dim, int) else self.named.get(str(dim))


def plane(rank: int, layout: Layout | None) -> tuple[int, ...]:
    """The axes of rows and columns of an image, or of a signal."""
    if layout is None or rank <= max(layout.spatial, -1 - layout.channels):
        return ()
    channels = rank + layout.channels
    return tuple(axis for axis in range(rank) if axis != channels)[-layout.spatial :]
