"""Inputs of an ONNX model: which axes are batch, rows and columns, and the sizes at which it is read."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import sympy as sp

from unet_complexity.engineering.readers.onnx.files import EXPORT
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

    ``shapes`` are what the model is read at, ``letters`` what is in them, ``side`` that of the first map, ``exported``
    the shapes that the file states, if they are others.  ``batch`` is how the file writes the batch, which is 1 here.

    Raises:
        ValueError: If a size is free that was not given, if no input has sides to ask for, or if a first axis may be a
            batch of several.
    """

    def __init__(
        self,
        model: str,
        tensors: Mapping[str, Any],
        layouts: Mapping[str, Layout],
        side: Any,
        dims: Mapping[str, Any] | None,
    ) -> None:
        inputs: dict[str, Any] = {name: stated(tensor) for name, tensor in tensors.items()}
        absent = [name for name, own in inputs.items() if own is None]
        if absent or not inputs:
            raise ValueError(
                f"{model} must be given tensors whose number of axes is known, got {', '.join(absent) or 'none'}; "
                f"{EXPORT}"
            )
        self.side: Pair | None = None if side is None else as_pair(side, "side")
        self.named = {name: as_size(size, name) for name, size in (dims or {}).items()}
        planes = {name: plane(len(own), layouts.get(name)) for name, own in inputs.items()}
        main = next((name for name, axes in planes.items() if axes), "")
        if self.side is not None and not main:
            raise ValueError(
                f"side is for inputs that are maps, got {', '.join(inputs)}; leave it out, or use dims={{...}}"
            )
        self.batch = self._without_batch(inputs, planes)
        self._check_named(inputs)
        self.layouts = layouts
        self.shapes: dict[str, Shape] = dict.fromkeys(inputs, ())
        own: dict[str, Shape] = {}
        for name in sorted(inputs, key=lambda name: name != main):
            asked = dict(zip(planes[name][::-1], (-1, -2), strict=False)) if name == main else {}
            axes = list(enumerate(inputs[name]))
            shape = tuple(self._size(name, at, dim, asked.get(at, 0)) for at, dim in axes)
            own[name] = tuple(dim if isinstance(dim, int) else shape[at] for at, dim in axes)
            self.shapes[name] = shape
        self.letters = letters_in(self.shapes)
        self.exported = own if own != self.shapes and not letters_in(own) else {}

    def _without_batch(self, inputs: dict[str, Any], planes: Mapping[str, Any]) -> Any:
        """Return how the file writes the batch, and write 1 for it in ``inputs``, except in single images."""
        several = [name for name in inputs if not len(planes[name]) + 1 == len(inputs[name]) > 1]
        first = max(several, key=lambda name: len(inputs[name]), default="")
        batch = inputs[first][0] if first and len(inputs[first]) > 1 else 1
        if isinstance(batch, int) and batch > 1:
            raise ValueError(
                f"the input {first!r} is {' x '.join(map(str, inputs[first]))}: if {batch} is its batch, export it for "
                "one; if not, put an axis of 1 in front of it"
            )
        for name in several:
            if inputs[name][:1] == (batch,):
                inputs[name] = (1, *inputs[name][1:])
        return batch

    def _check_named(self, inputs: Mapping[str, Stated]) -> None:
        """ValueError for a size that no input leaves free."""
        free = {dim for own in inputs.values() for dim in own if isinstance(dim, str)}
        for name in self.named.keys() - free:
            others = ", ".join(map(repr, sorted(free))) or "none"
            why = f"no free size of an input is called {name!r}; there are: {others}"
            if name == self.batch:
                why = (
                    f"{name!r} is the batch, which is 1 here, got {self.named[name]}; leave it out"
                )
            raise ValueError(why)

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

    def channels(self, name: str) -> int:
        """Return the axis of the channels of an edge, counted from the end."""
        return self.layouts[name].channels if name in self.layouts else -1

    def known(self, dim: int | str | None) -> Size | None:
        """Return a number, or the size that a name stands for; None if it has none."""
        return dim if isinstance(dim, int) else self.named.get(str(dim))

    def of(self, tensor: Any) -> Shape | None:
        """Return the shape that the file states for an edge; None if it is not known here."""
        first, *rest = stated(tensor) or (None,)
        known = (1 if first == self.batch else self.known(first), *map(self.known, rest))
        return None if self.exported or None in known else known


def letters_in(shapes: Mapping[str, Shape]) -> tuple[sp.Symbol, ...]:
    """All letters in some shapes."""
    return tuple(sorted(sp.Tuple(*itertools.chain(*shapes.values())).free_symbols, key=str))


def plane(rank: int, layout: Layout | None) -> tuple[int, ...]:
    """The axes of rows and columns of an image, or of a signal."""
    if layout is None or rank <= max(layout.spatial, -1 - layout.channels):
        return ()
    channels = rank + layout.channels
    return tuple(axis for axis in range(rank) if axis != channels)[-layout.spatial :]
