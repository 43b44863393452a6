"""Inputs of an ONNX model: which axes are batch, rows and columns, and the sizes at which it is read."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import sympy as sp

from unet_complexity.engineering.readers.onnx.files import EXPORT, Graph
from unet_complexity.engineering.readers.onnx.layouts import Layout, layouts
from unet_complexity.engineering.readers.reading import Shape, shown
from unet_complexity.symbols import N, Size, as_pair, as_size

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
    the shapes that the file states, if the first map's is another.  ``batch`` is how the file writes the batch,
    which is 1 here.

    Raises:
        ValueError: If a size is free that was not given, if no input has sides to ask for, or if a first axis may be a
            batch of several.
    """

    def __init__(self, model: str, graph: Graph, side: Any, dims: Mapping[str, Any] | None) -> None:
        self.layouts = layouts(graph)
        inputs: dict[str, Any] = {name: stated(tensor) for name, tensor in graph.inputs.items()}
        absent = [name for name, own in inputs.items() if own is None]
        if absent or not inputs:
            raise ValueError(
                f"{model} must be given tensors whose number of axes is known, got {', '.join(absent) or 'none'}; "
                f"{EXPORT}"
            )
        self.side: Any = None if side is None else as_pair(side, "side")
        self.named = {name: as_size(size, name) for name, size in (dims or {}).items()}
        planes = {name: plane(len(own), self.layouts.get(name)) for name, own in inputs.items()}
        main = next((name for name, axes in planes.items() if axes), "")
        if side is not None and not main:
            raise ValueError(
                f"side is for inputs that are maps, got {', '.join(inputs)}; leave it out, or use dims={{...}}"
            )
        self.batch = self._without_batch(inputs, planes)
        self._check_named(inputs)
        used: list[Size] = [1, 1]
        asked = {name: list(own) for name, own in inputs.items()}
        for at, axis in zip((-1, -2), planes.get(main, ())[::-1], strict=False):
            used[at] = asked[main][axis] = self._asked(inputs[main][axis], at)
        if N in used:
            self.side = tuple(used)
        self.shapes = {x: self._known(x, own) for x, own in asked.items()}
        letters = sp.Tuple(*itertools.chain(*self.shapes.values())).free_symbols
        self.letters = tuple(sorted(letters, key=str))
        then: dict[str, Shape] = {}
        for name, shape in self.shapes.items():
            both = zip(inputs[name], shape, strict=True)
            then[name] = tuple(dim if isinstance(dim, int) else now for dim, now in both)
        self.exported = then if then != self.shapes else {}
        self.stated = {tensor.name: self._stated(tensor) for tensor in graph.stated}

    def _without_batch(self, inputs: dict[str, Any], planes: Mapping[str, Any]) -> Any:
        """Return how the file writes the batch, and write 1 for it in ``inputs``, except in single images."""
        several = [name for name in inputs if not len(planes[name]) + 1 == len(inputs[name]) > 1]
        first: Any = max((inputs[name] for name in several), key=len, default=())
        batch = first[0] if len(first) > 1 else 1
        for name in several:
            if inputs[name] is first and isinstance(batch, int) and batch > 1:
                raise ValueError(
                    f"the input {name!r} is {shown(first)}: if {batch} is its batch, export it for one; "
                    "if not, put an axis of 1 in front of it"
                )
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

    def _asked(self, dim: int | str | None, at: int) -> Size:
        """A side of the first map: as asked for, as the file has it, or N; ``at``: -2 for rows, -1 for columns."""
        known = self.known(dim)
        size: Size = self.side[at] if self.side else N if known is None else known
        if isinstance(dim, str) and self.named.setdefault(dim, size) != size:
            raise ValueError(
                f"{dim!r} is one size, also where it stands twice, got {size} and {known} for it"
            )
        return size

    def _known(self, name: str, own: list[Any]) -> Shape:
        """The shape of an input; ValueError for a size that is still free."""
        for axis, dim in enumerate(own):
            if dim is None or (isinstance(dim, str) and dim not in self.named):
                which = f"{dim!r} (axis {axis})" if dim else f"axis {axis}"
                how = f"give it, as in dims={{{dim!r}: 3}} (in a terminal: --dims {dim}=3)"
                unnamed = "name it in the file, then give it, as in dims={'tokens': 3}"
                raise ValueError(
                    f"the input {name!r} leaves {which} free, which is not a side of the first map; "
                    f"{how if dim else unnamed}"
                )
        return tuple(self.named[dim] if isinstance(dim, str) else dim for dim in own)

    def channels(self, name: str, rank: int) -> int:
        """Return the axis of the channels of an edge with ``rank`` axes, counted from the end."""
        channels = self.layouts[name].channels if name in self.layouts else -1
        return channels if -channels <= rank else -1

    def known(self, dim: int | str | None) -> Size | None:
        """Return a number, or the size that a name stands for; None if it has none."""
        return dim if isinstance(dim, int) else self.named.get(str(dim))

    def _stated(self, tensor: Any) -> Shape | None:
        """Return the shape that the file states for an edge; None if it is not known here."""
        first, *rest = stated(tensor) or (None,)
        known = (1 if first == self.batch else self.known(first), *map(self.known, rest))
        return None if self.exported or None in known else known


def plane(rank: int, layout: Layout | None) -> tuple[int, ...]:
    """The axes of rows and columns of an image, or of a signal."""
    if layout is None or rank <= max(layout.spatial, -1 - layout.channels):
        return ()
    channels = rank + layout.channels
    return tuple(axis for axis in range(rank) if axis != channels)[-layout.spatial :]
