"""One node of an ONNX graph as a row of the table sees it, and what the row makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.engineering.readers.limits import MOST_NUMBERS, at_most
from unet_complexity.engineering.readers.onnx.files import kind_of
from unet_complexity.engineering.readers.onnx.shapes import canonical
from unet_complexity.engineering.readers.onnx.weights import Use
from unet_complexity.layers import Layer
from unet_complexity.symbols import Size, exact

Shape: TypeAlias = tuple[Size, ...]


class Unsupported(Exception):  # noqa: N818 - the walk makes of it what unknown= asks for
    """A known operator in a form that is not supported."""


class Row(NamedTuple):
    """A layer, the maps that it reads and how it sees them, and the stored arrays that are its weights.

    ``seen`` has pairs of (number of an input, shape); None stands for what the row before wrote.
    """

    layer: Layer
    seen: Sequence[tuple[int | None, Tensor]]
    weights: Sequence[int] = ()
    use: Use = "weight"


class Node:
    """One node; ``edges`` is the walk, which knows the edges of its graph.

    ``out`` names the output that is asked for.
    """

    def __init__(self, proto: Any, edges: Any) -> None:
        self.proto, self.edges, self.kind, self.key = proto, edges, kind_of(proto), canonical(proto)
        self.name = (proto.name or next(iter(proto.output), "")).strip("/") or self.kind
        self.inputs, self.outputs = list(proto.input), list(proto.output)
        self.out = self.outputs[0] if self.outputs else ""

    @cached_property
    def maps(self) -> list[int]:
        """The numbers of the inputs that the network computes; the others are known before it runs."""
        maps = [at for at, name in enumerate(self.inputs) if name in self.edges.source]
        return (
            [0] * (0 in maps) if self.kind == "CastLike" else maps
        )  # of the other only the type counts

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """The attributes by name; text as ``str``."""
        return {attribute.name: _value(attribute) for attribute in self.proto.attribute}

    def get(self, name: str, default: Any = None) -> Any:
        """Return an attribute."""
        return self.attributes.get(name, default)

    def has(self, at: int) -> bool:
        """Return True if the input is given."""
        return at < len(self.inputs) and bool(self.inputs[at])

    def shape(self, at: int = 0) -> Shape:
        """Return the shape of an input."""
        return tuple(self.edges.shape(self.inputs[at]))

    def map(self, at: int = 0) -> Tensor:
        """Return an input as layers see it, unless the operator looks at it otherwise."""
        return fold(self.shape(at), self.channels(at))

    def channels(self, at: int = 0) -> int:
        """Return the axis of the channels of an input, counted from the end."""
        return int(self.edges.channels(self.inputs[at]))

    def learned(self, at: int, use: Use = "operand") -> bool:
        """Return True if training changes an input."""
        return bool(self.edges.arrays.learned(self.inputs[at], use))

    @property
    def made(self) -> Shape:
        """The shape of the output."""
        return tuple(self.edges.shape(self.out))

    @property
    def out_channels(self) -> int:
        """The axis of the channels of the output, counted from the end."""
        return int(self.edges.channels(self.out))

    def image(self, alone: bool = False) -> Tensor:
        """Return input 0 with its channels on axis 1; ``alone``: each pixel by itself, so of several images too."""
        shape = self.shape()
        if len(shape) < 2 or (shape[0] != 1 and not alone):
            raise Unsupported(f"of {shape[0] if shape else 0} images at once")
        return fold(shape, 1 - len(shape))

    def only(self) -> Tensor:
        """Input 0, as the one map; :class:`Unsupported` if the network computes another one."""
        if self.maps != [0]:
            raise Unsupported("whose weights the network computes")
        return self.map()

    def axis(self, default: int) -> int:
        """Return the attribute ``axis``, counted from the front."""
        return int(self.get("axis", default)) % max(len(self.shape()), 1)


def _value(attribute: Any) -> Any:
    from onnx import helper

    count = len(attribute.ints) + len(attribute.floats)
    at_most(count, MOST_NUMBERS, f"numbers in the attribute {attribute.name!r}")
    value = helper.get_attribute_value(attribute)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


# a layer alone reads input 0
ROWS: dict[str, Callable[[Node], Layer | Row | list[Row]]] = {}


def operator(*kinds: str) -> Callable[[Any], Any]:
    """Register the row of these operators."""

    def register(function: Any) -> Any:
        ROWS.update(dict.fromkeys(kinds, function))
        return function

    return register


def named(pairs: str) -> dict[str, str]:
    """Operators and what they are called here."""
    return dict(pair.split(":") for pair in pairs.split())


def chain(x: Tensor, *layers: Layer) -> list[Row]:
    """Layers of one map, each on what the one before wrote; the first on input 0, seen as ``x``."""
    rows: list[Row] = []
    for layer in layers:
        rows.append(Row(layer, [(None if rows else 0, x)]))
        x = layer.output(x)
    return rows


def volume(sizes: Any) -> Size:
    """Multiply all sizes; 1 if there are none."""
    return exact(sp.Mul(*sizes))


def fold(shape: Shape, channels: int = -1) -> Tensor:
    """A shape of any rank as a map: ``channels`` says which axis they are on, counted from the end.

    What is left is rows and columns: the last axis the columns, the product of all before it the rows.

    >>> print(fold((1, 64, 32, 48), -3), "|", fold((1, 8, 256, 64)), "|", fold((1, 10)), "|", fold(()))
    32 x 48 x 64 | 8 x 256 x 64 | 1 x 1 x 10 | 1 x 1 x 1
    """
    axes = list(shape) or [1]
    last = axes.pop(channels if -len(axes) <= channels else -1)
    return Tensor(volume(axes[:-1]), axes[-1] if axes else 1, last)


def together(shapes: Sequence[Shape], made: Shape, channels: int) -> list[Tensor]:
    """Shapes that are broadcast against each other, to the shape ``made``, as maps that are.

    If the product of the rows hides which axis of one is 1, the axes are sorted by that instead.

    >>> [str(x) for x in together([(2, 3, 4, 5, 5), (2, 1, 4, 5, 5)], (2, 3, 4, 5, 5), -1)]
    ['3 x 200 x 1', '1 x 200 x 1']
    """
    rank = len(made)
    full = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    maps = [fold(shape, channels) for shape in full]
    whole = sides(fold(made, channels))
    if all(a in (1, b) for x in maps for a, b in zip(sides(x), whole, strict=True)):
        return maps
    ones = [tuple(shape[axis] == 1 for shape in full) for axis in range(rank)]
    groups = sorted({one for one in ones if not all(one)}, reverse=True)
    if len(groups) > 3:
        raise Unsupported("of maps whose axes of 1 differ in more than three ways")
    parts = [[axis for axis in range(rank) if ones[axis] == group] for group in groups]
    parts += [[]] * (3 - len(parts))
    return [Tensor(*(volume(shape[axis] for axis in part) for part in parts)) for shape in full]


def sides(x: Tensor) -> tuple[Size, Size, Size]:
    """Rows, columns, channels."""
    return x.height, x.width, x.channels


def shown(shape: Shape) -> str:
    """A shape to read.

    >>> shown((1, 3, 8, 8))
    '1 x 3 x 8 x 8'
    """
    return " x ".join(map(str, shape)) or "no axis"
