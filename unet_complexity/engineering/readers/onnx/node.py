"""One node of an ONNX graph with what enters it, and the layers that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from unet_complexity.cost import Tensor
from unet_complexity.engineering.readers.limits import MOST_NUMBERS, at_most
from unet_complexity.engineering.readers.onnx.files import kind_of, name_of
from unet_complexity.engineering.readers.onnx.shapes import Edge, canonical
from unet_complexity.engineering.readers.onnx.weights import NONE, Array, Arrays, Use
from unet_complexity.engineering.readers.reading import Shape, UnsupportedError, fold, shown, volume
from unet_complexity.layers import Layer

INT64 = 7


@dataclass(frozen=True)
class Value:
    """What an edge of the graph holds.

    ``edges``: at each point that onnx is asked at.  ``channels``: their axis, counted from the end.  ``step``: the step
    that writes it, none if it is known before the network runs.  ``arrays``: the stored arrays in it.  ``of_shapes``:
    its numbers follow from shapes.
    """

    edges: tuple[Edge, ...]
    shape: Shape
    channels: int = -1
    step: str = ""
    arrays: Arrays = NONE
    of_shapes: bool = False

    @property
    def map(self) -> Tensor:
        """The shape as layers see it, unless the operator looks at it otherwise."""
        return fold(self.shape, self.channels)

    def __str__(self) -> str:
        edge = self.edges[0]
        few = edge.kind == INT64 and edge.shape and 0 < len(edge.numbers or "") <= 64
        return str(edge.array().tolist()) if few and not self.of_shapes else shown(self.shape)


class Row(NamedTuple):
    """A layer, the shapes in which it sees inputs by their numbers, and how it uses the stored ones.

    The input ``BEFORE`` is what the row before wrote.
    """

    layer: Layer
    seen: Mapping[int, Tensor]
    use: Use = ""


BEFORE = -1
ROWS: dict[str, Callable[[Node], Row | list[Row]]] = {}


def operator(*kinds: str) -> Callable[[Any], Any]:
    """Register the rows of these operators."""

    def register(function: Any) -> Any:
        ROWS.update(dict.fromkeys(kinds, function))
        return function

    return register


def named(pairs: str) -> dict[str, str]:
    """Operators and what they are called here."""
    return dict(pair.split(":") for pair in pairs.split())


class Node:
    """One node.

    ``inputs``: None for one that is left out.  ``maps``: the numbers of those that the network computes; the others
    are known before it runs.  ``made``: the output that is asked for, once it is known.
    """

    made: Value

    def __init__(self, proto: Any, values: Mapping[str, Value], opset: int) -> None:
        self.proto, self.opset = proto, opset
        self.kind, self.name, self.key = kind_of(proto), name_of(proto), canonical(proto)
        self.inputs: list[Any] = [values.get(name) for name in proto.input]
        self.maps = [at for at, value in enumerate(self.inputs) if value and value.step]
        if self.kind == "CastLike":  # of the other only the type counts
            self.maps = [at for at in self.maps if at == 0]

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """The attributes by name; text as ``str``."""
        return {attribute.name: _value(attribute) for attribute in self.proto.attribute}

    def get(self, name: str, default: Any = None) -> Any:
        """Return an attribute."""
        return self.attributes.get(name, default)

    def has(self, at: int) -> bool:
        """Return True if the input is given."""
        return self.inputs[at : at + 1] not in ([], [None])

    def known(self, at: int, absent: list[Any], unknown: Iterable[Any] = ()) -> list[Any]:
        """Return the numbers in an input that are the same at every size; others if it is absent or not known."""
        if not self.has(at):
            return absent
        edges = self.inputs[at].edges
        same = edges[0].numbers is not None and len({edge.numbers for edge in edges}) == 1
        return edges[0].array().ravel().tolist() if same else [*unknown]

    def shape(self, at: int = 0) -> Shape:
        """Return the shape of an input."""
        return tuple(self.inputs[at].shape)

    def map(self, at: int = 0) -> Tensor:
        """Return an input as layers see it, unless the operator looks at it otherwise."""
        return self.inputs[at].map  # type: ignore[no-any-return]

    def stored(self) -> Arrays:
        """The arrays in the inputs that the network does not compute."""
        inputs = enumerate(self.inputs)
        return NONE.union(*(v.arrays for at, v in inputs if v and at not in self.maps))

    def learned(self, use: Use) -> list[Array]:
        """Those of them that training changes."""
        return [array for array in self.stored() if array.is_learned(use)]

    def only(self) -> Shape:
        """Return the shape of input 0; :class:`UnsupportedError` if the network computes another one."""
        if self.maps != [0]:
            raise UnsupportedError("whose weights the network computes")
        return self.shape()

    def image(self, alone: bool = False) -> Tensor:
        """Return input 0, the one map, with its channels on axis 1; ``alone``: each pixel by itself."""
        shape = self.only()
        if len(shape) < 2 or (shape[0] != 1 and not alone):
            raise UnsupportedError(f"of {shape[0] if shape else 0} images at once")
        return fold(shape, 1 - len(shape))

    def image_made(self) -> Tensor:
        """Return the output with its channels on axis 1."""
        return fold(self.made.shape, 1 - len(self.made.shape))

    def axis(self, default: int) -> int:
        """Return the attribute ``axis``, counted from the front."""
        return int(self.get("axis", default)) % max(len(self.shape()), 1)


def _value(attribute: Any) -> Any:
    from onnx import helper

    count = len(attribute.ints) + len(attribute.floats)
    at_most(count, MOST_NUMBERS, f"numbers in the attribute {attribute.name!r}")
    value = helper.get_attribute_value(attribute)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def together(shapes: Sequence[Shape], made: Value) -> list[Tensor]:
    """Shapes that are broadcast against each other, to the shape of ``made``, as maps that are.

    If the product of the rows hides which axis of one is 1, the axes are sorted by that instead.

    >>> five = Value((), (2, 3, 4, 5, 5))
    >>> [str(x) for x in together([five.shape, (2, 1, 4, 5, 5)], five)]
    ['3 x 200 x 1', '1 x 200 x 1']
    """
    full = [(1,) * (len(made.shape) - len(shape)) + shape for shape in shapes]
    maps = [fold(shape, made.channels) for shape in full]
    whole = fold(made.shape, made.channels).shape
    if all(a in (1, b) for x in maps for a, b in zip(x.shape, whole, strict=True)):
        return maps
    ones = [tuple(side == 1 for side in axis) for axis in zip(*full, strict=True)]
    groups = sorted({one for one in ones if not all(one)}, reverse=True)
    if len(groups) > 3:
        raise UnsupportedError("of maps whose axes of 1 differ in more than three ways")

    def sorted_by_ones(shape: Shape) -> Tensor:
        pairs = list(zip(ones, shape, strict=True))
        parts = [volume(side for one, side in pairs if one == group) for group in groups]
        return Tensor(*[*parts, 1, 1][:3])

    return [sorted_by_ones(shape) for shape in full]
