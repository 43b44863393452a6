"""The way through an ONNX graph: each node in turn, its shapes computed, its layer added to the network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import Reshape
from unet_complexity.engineering.readers.limits import MOST_AXES, MOST_COMPUTED, at_most, check_size
from unet_complexity.engineering.readers.onnx_old.files import kind_of
from unet_complexity.engineering.readers.onnx_old.inputs import Sizes
from unet_complexity.engineering.readers.onnx_old.node import OPERATORS, Node, Unsupported
from unet_complexity.engineering.readers.onnx_old.values import Shape, Value, fold, shown, sides
from unet_complexity.engineering.readers.reading import Reading
from unet_complexity.layers import Layer
from unet_complexity.symbols import Size, exact

LOST = Value(
    (), ""
)  # what lies behind an operator that nobody knows and whose output shape the file does not say


class Walk:
    """Values by the names of the graph's edges.

    ``stated``: shapes that the file says itself, to be met.  ``exported``: where it is read at other sizes than it was
    exported at, the shapes that it had then.  ``batch``: of how many images it is, in the file.
    """

    def __init__(
        self,
        reading: Reading,
        opset: int,
        layout: dict[str, int],
        stated: dict[str, Any],
        sizes: Sizes,
    ) -> None:
        self.reading, self.opset, self.layout, self.stated = reading, opset, layout, stated
        self.named, self.batch = sizes.named, sizes.batch
        self.exported: dict[str, Any] | None = None
        self.sizes: dict[str, Size] = {}  # elements of the stored floating-point arrays
        self.values: dict[str, Value] = {}
        self.counted: set[str] = set()  # stored arrays whose elements are params already
        self.views: dict[tuple[str, Tensor], str] = {}
        self.computed = 0  # numbers that shapes hang on, so far
        self.numbered: dict[str, int] = {}  # how many steps have a name, told apart by numbers

    def put(self, name: str, value: Value) -> None:
        """What flows along an edge.  ValueError where the file says another shape."""
        said = self.stated.get(name, value.shape)
        pairs = zip(said, value.shape, strict=False)
        if len(said) != len(value.shape) or any(isinstance(a, int) and a != b for a, b in pairs):
            raise ValueError(
                f"{name!r} comes out as {shown(value.shape)}, but the file says {shown(said)}"
            )
        at_most(len(value.shape), MOST_AXES, "axes of a tensor")
        for size in value.shape:
            check_size(size)
        if value.weights == {name}:
            self.sizes[name] = value.size
        self.values[name] = replace(value, channels=self.layout.get(name, -1))

    def spend(self, numbers: int) -> None:
        """ValueError if the whole model computes more numbers than is sensible for shapes."""
        self.computed = at_most(
            self.computed + numbers, MOST_COMPUTED, "numbers computed for shapes"
        )

    def run(self, proto: Any) -> None:
        """One node."""
        inputs = [self.values.get(name, LOST) if name else None for name in proto.input]
        node = Node(proto, self._name(proto), inputs, self)
        try:
            outputs = self._read(node, proto)
        except Unsupported as why:
            outputs = self._unknown(node, str(why), proto)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{node.kind} {node.name!r} cannot be read: {error}") from error
        for name, value in zip(proto.output, outputs, strict=False):
            self.put(name, value) if name and value is not LOST else None

    def _read(self, node: Node, proto: Any) -> Sequence[Value]:
        if node.kind in self.reading.extra or node.kind not in OPERATORS:
            return self._unknown(node, "", proto)
        if any(value is LOST for value in node.inputs):
            return self._lost(node)
        outputs = OPERATORS[node.kind](node)
        return outputs if isinstance(outputs, list) else [outputs]

    def _unknown(self, node: Node, why: str, proto: Any) -> Sequence[Value]:
        """What ``extra`` knows, or nobody does: its first output is of the shape that the file states, if it does."""
        maps = [value for value in node.inputs if value is not None and value.source is not None]
        if any(value is LOST for value in maps):
            self.reading.skip(node.name, node.kind, why, None, [])
            return self._lost(node)
        said = (
            [self._stated(side) for side in self.stated.get(node.outputs[0], [None])]
            if node.outputs
            else [None]
        )
        shape = None if None in said else tuple(side for side in said if side is not None)
        output = None if shape is None else fold(shape, node.channels)
        name, sources = (
            self.fresh(node.name),
            [self.source(node, value, value.map) for value in maps],
        )
        self.reading.skip(name, node.kind, why, output, sources, arguments=proto)
        out = self.reading.shape(name)
        return self._lost(node) if out is None else [Value(shape or unfolded(out, maps), name)]

    def _stated(self, side: int | str | None) -> Size | None:
        return side if isinstance(side, int) or side is None else self.named.get(side)

    def sources(self, names: Iterable[str]) -> list[str]:
        """The steps that write these edges, but for those that are known beforehand."""
        found = []
        for name in names:
            value = self.values.get(name)
            if value is None:
                self.reading.lost.add(name)
            found += [name] if value is None else [value.source] if value.source else []
        return found

    def _lost(self, node: Node) -> list[Value]:
        self.reading.lost.add(node.name)
        return [LOST]

    def step(
        self, node: Node, layer: Layer, seen: list[tuple[Value, Tensor]], weights: Sequence[Value]
    ) -> str:
        """Adds a layer; its name.  Its params are the elements of those arrays that no step before had."""
        names = {name for value in weights for name in value.weights}
        lone = sum(value.size for value in weights if not (value.weights or value.whole))
        stored = exact(sum((self.sizes[name] for name in names - self.counted), lone))
        self.counted |= names
        sources = [self.source(node, value, x) for value, x in seen]
        name = self.fresh(node.name)
        own = layer.params(*(x for _, x in seen))
        self.reading.add(name, layer, sources, stored=None if stored == own else stored)
        return name

    def source(self, node: Node, value: Value, seen: Tensor) -> str:
        """The step that writes ``value``, or one that sees what it writes as another map."""
        assert value.source is not None
        if self.reading.shape(value.source) == seen:
            return value.source
        if (value.source, seen) not in self.views:
            name = self.fresh(value.view or f"{node.name}/view")
            self.reading.add(name, Reshape(sides(seen)), [value.source])
            self.views[value.source, seen] = name
        return self.views[value.source, seen]

    def fresh(self, name: str) -> str:
        """A name that no step has."""
        taken, wanted = self.reading.names, name
        while name in taken:
            self.numbered[wanted] = self.numbered.get(wanted, 1) + 1
            name = f"{wanted}:{self.numbered[wanted]}"
        return name

    def _name(self, proto: Any) -> str:
        return (proto.name or next(iter(proto.output), "")).strip("/") or kind_of(proto)


def unfolded(out: Tensor, maps: list[Value]) -> Shape:
    """The shape of a layer that is not ONNX's own: as its first input's, with the channels where that has them."""
    rank = len(maps[0].shape) if maps else 4
    if rank == 4 and maps[0].channels == -3:
        return (1, out.channels, out.height, out.width)
    return (1, out.height, out.width, out.channels) if rank == 4 else (1, out.width, out.channels)
