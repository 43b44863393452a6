"""The way through an ONNX graph: each node in turn, its shapes asked for at some points and fitted, its layer added."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import takewhile, zip_longest
from typing import Any

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import Copy, Reshape, Resizing
from unet_complexity.engineering.readers.limits import (
    DAMAGED,
    MOST_ASKED,
    MOST_COMPUTED,
    MOST_NODES,
    at_most,
)
from unet_complexity.engineering.readers.onnx.files import Graph, kind_of, name_of
from unet_complexity.engineering.readers.onnx.fitting import (
    Point,
    at_point,
    points,
    polynomial,
    rules,
)
from unet_complexity.engineering.readers.onnx.inputs import Sizes
from unet_complexity.engineering.readers.onnx.node import (
    BEFORE,
    ROWS,
    Node,
    Row,
    Shape,
    UnsupportedError,
    Value,
    fold,
    shown,
    volume,
)
from unet_complexity.engineering.readers.onnx.shapes import (
    FLOATS,
    OF_SHAPES,
    Edge,
    inlined,
    outputs,
    stored_edge,
)
from unet_complexity.engineering.readers.onnx.weights import NONE, Counted, Use, arrays_of
from unet_complexity.engineering.readers.reading import Reading

FLOAT = 1
SIZED = ("CenterCropPad", "Expand", "Resize", "Reshape", "Slice")  # their sizes may be written down
NO_WEIGHTS = (7, 8, 9)  # whole numbers that are sizes or places, words, booleans
GRAPHS = ("If", "Loop", "Scan")  # named as missing
RANDOM = (
    "Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike".split()
)  # no stored numbers, and written anew in each run
TRIED = (Copy, Reshape, Resizing)  # layers that say what they write
FOLLOWING = "Dropout Flatten Identity Squeeze Transpose Unsqueeze".split()  # from what enters
ONNX_RUNTIME = (
    "an operator of ONNX Runtime alone; save the model before it is optimised, or at "
    "GraphOptimizationLevel.ORT_DISABLE_ALL"
)


@dataclass
class Walk:
    """The edges of a graph, and the layers that write them.

    ``points`` has numbers for the letters in the sizes, and onnx is asked at each; ``start``: how often it was asked
    before.
    """

    reading: Reading
    sizes: Sizes
    opset: int
    start: int
    points: tuple[Point, ...] = ()
    values: dict[str, Value] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)  # inputs, and what leaves foreign operators
    ran: list[Node] = field(default_factory=list)
    counted: Counted = field(default_factory=Counted)
    computed: int = 0
    tried: bool = False  # a shape follows from numbers: rules are found by trying

    def through(self, graph: Graph, unit: int) -> None:
        """Walk through a graph; where the sizes are letters, onnx is asked at multiples of a unit."""
        sizes, reading = self.sizes, self.reading
        self.points = points(sizes.letters, unit)
        for name, shape in sizes.shapes.items():
            self.give(name, graph.inputs[name].type.tensor_type.elem_type, shape, step=name)
            reading.input(name, self.values[name].map)
        for name, tensor in graph.stored.items():
            self.store(name, stored_edge(name, tensor), name in graph.literals)
        for node in graph.nodes:
            if node.output[0] not in graph.literals:
                self.run(node)
        if sizes.letters and self.tried:
            reading.rules += rules(sizes.letters, unit, self.fits)
        if sizes.exported:
            self.check_written(sizes.exported)

    # ------------------------------------------------------------------------------------------ shapes

    def write(self, name: str, edges: Sequence[Edge], **more: Any) -> None:
        """Add an edge that is known at each point; its shape in letters is fitted."""
        axes = zip_longest(*(edge.shape for edge in edges), fillvalue=0)
        shape = tuple(polynomial(self.sizes.letters, self.points, axis) for axis in axes)
        channels = self.sizes.channels(name, len(shape))
        self.values[name] = Value(tuple(edges), shape, channels, **more)

    def give(self, name: str, kind: int, shape: Shape, step: str) -> None:
        """Add an edge of a shape for which onnx is not asked."""
        self.given.append(name)
        shapes = [at_point(shape, self.sizes.letters, point) for point in self.points]
        self.write(name, [Edge(kind, sides) for sides in shapes], step=step)

    def store(self, name: str, edge: Edge, is_literal: bool) -> None:
        """Add a stored array, or one in a node of its own: numbers that may be weights."""
        arrays = arrays_of(name, edge.shape, is_literal or edge.kind not in FLOATS)
        arrays = NONE if edge.kind in NO_WEIGHTS else arrays
        self.write(name, [edge] * len(self.points), arrays=arrays)

    def _made(self, node: Node, inputs: Iterable[Edge | None]) -> tuple[Edge, ...]:
        """Ask onnx what leaves a node."""
        at_most(outputs.cache_info().misses - self.start, MOST_ASKED, "shapes asked of onnx")
        return outputs(node.key, self.opset, tuple(inputs))

    def _ask(self, node: Node) -> list[str]:
        """Ask onnx what leaves a node, at all points; the names of that."""
        points = range(len(self.points))
        try:
            made = [self._made(node, (v and v.edges[at] for v in node.inputs)) for at in points]
        except ValueError as error:
            told = " and ".join(str(value) for value in node.inputs if value)
            raise ValueError(f"{error}, got {told}" if told else str(error)) from error
        self.computed += sum(len(edge.numbers or "") // 8 for edge in made[0])
        at_most(self.computed, MOST_COMPUTED, "numbers computed for shapes")
        self.ran.append(node)
        of_shapes = node.kind in OF_SHAPES or any(v and v.of_shapes for v in node.inputs)
        self.tried |= of_shapes
        written = dict(zip(node.proto.output, zip(*made, strict=True), strict=False))
        written.pop("", None)
        for name, edges in written.items():
            self.write(name, edges, of_shapes=of_shapes)
        return list(written)

    def at(self, point: Point, other: Mapping[str, Shape]) -> dict[str, Edge]:
        """All edges at another point, or for other inputs.  ValueError if they do not fit."""
        edges = {name: value.edges[0] for name, value in self.values.items()}
        for name in self.given:
            shape = other.get(name, self.values[name].shape)
            edges[name] = edges[name]._replace(shape=at_point(shape, self.sizes.letters, point))
        for node in self.ran:
            made = self._made(node, (edges[name] if name else None for name in node.proto.input))
            edges |= zip(node.proto.output, made, strict=False)
        return edges

    def fits(self, point: Point) -> bool:
        """Return True if onnx finds at a point what the formulas say."""
        try:
            edges = self.at(point, {})
        except ValueError:
            return False
        values = self.values.items()
        return all(
            edges[x].shape == at_point(v.shape, self.sizes.letters, point) for x, v in values
        )

    # ------------------------------------------------------------------------------------------- nodes

    def run(self, proto: Any) -> None:
        """One node.  ValueError, with its name, if it cannot be read."""
        at_most(len(self.ran), MOST_NODES, "nodes, functions written out,")
        try:
            self._run(Node(proto, self.values, self.opset))
        except (*DAMAGED, ValueError) as error:
            name = name_of(proto)
            raise ValueError(f"{kind_of(proto)} {name!r} cannot be read: {error}") from error

    def _run(self, node: Node) -> None:
        kind, proto, reading = node.kind, node.proto, self.reading
        known, own = kind in ROWS, kind in reading.extra
        if all(name in self.values for name in proto.input if name):
            if own or kind in RANDOM or not (known or is_standard(kind)):
                self._foreign(node)
            elif known or not node.maps:
                self._asked(node, self._ask(node))
            else:
                # others in onnx's own words, or in none
                given = {name: self.values[name].edges[0] for name in proto.input if name}
                nodes = inlined(proto, self.opset, given)
                for inner in nodes:
                    self.run(inner)
                if not nodes:
                    self._foreign(node)
        elif known or own:
            reading.lost.update(filter(None, proto.output))
        else:
            reading.skip(self.reading.fresh(node.name), kind, "", None, [])

    def _asked(self, node: Node, names: list[str]) -> None:
        """Decide what a node is: known beforehand, or steps."""
        if not node.maps:
            self._constant(node, names)
            return
        for name in names:
            node.made = self.values[name]
            if name == names[0] or node.kind == "Split":
                step = self._layer(node)
            self.values[name] = replace(node.made, step=step)

    def _constant(self, node: Node, names: list[str]) -> None:
        """A node of stored numbers alone: it is computed beforehand and costs nothing."""
        use: Use = "norm" if "Normalization" in node.kind else "operand"
        scaled = node.kind == "DequantizeLinear"
        inputs = [(at, array) for at, v in enumerate(node.inputs) if v for array in v.arrays]
        arrays = frozenset(x for at, x in inputs if not at or (x.is_learned(use) and not scaled))
        for name in names:
            value = self.values[name]
            if not (arrays or value.of_shapes):
                self.store(name, value.edges[0], is_literal=True)
            elif value.edges[0].kind in FLOATS:
                self.values[name] = replace(value, arrays=arrays)

    def _layer(self, node: Node) -> str:
        """The steps of an operator that is known; the last one's name."""
        try:
            rows = ROWS[node.kind](node)
        except UnsupportedError as why:
            return self._skip(node, str(why), node.made.map)
        step = ""
        for row in [rows] if isinstance(rows, Row) else rows:
            step = self._step(node, row, step)
            self.tried |= isinstance(row.layer, TRIED) and node.kind not in FOLLOWING
        found = self.reading.shape(step) if step else None
        if found and sp.expand(found.size - volume(node.made.shape)) != 0:
            raise ValueError(
                f"{found} comes out by formula, and {shown(node.made.shape)} by onnx; read it at numbers, side=256"
            )
        return step

    def _step(self, node: Node, row: Row, before: str) -> str:
        """Add a layer; its name."""
        layer, seen, use = row
        if isinstance(layer, Reshape):
            return self._sources(node, seen, node.name)[0]
        sources = self._sources(node, seen, f"{node.name}/view", before)
        stored = self.counted.add(node.stored(), use) if use else 0
        name, own = self.reading.fresh(node.name), layer.params(*seen.values())
        self.reading.add(name, layer, sources, params=None if stored == own else stored)
        return name

    def _sources(
        self, node: Node, seen: Mapping[int, Tensor], name: str, before: str = ""
    ) -> list[str]:
        """The steps that write some inputs, or ones of that name that see what those write as other maps."""
        writers = [before if at == BEFORE else node.inputs[at].step for at in seen]
        pairs = zip(writers, seen.values(), strict=True)
        return [self.reading.view(*pair, name) for pair in pairs]

    def _skip(self, node: Node, why: str, made: Tensor | None) -> str:
        """An operator for ``extra``, or one that cannot be counted; its step."""
        name = self.reading.fresh(node.name)
        sources = self._sources(node, {at: node.map(at) for at in node.maps}, f"{name}/view")
        self.reading.skip(name, node.kind, why, made, sources, arguments=node.proto)
        return name

    def _foreign(self, node: Node) -> None:
        """An operator that is not known: what it writes is as onnx infers, as the file states, or as ``extra`` says."""
        kind, out = node.kind, node.proto.output[0]
        names: list[str] = []
        if is_standard(kind) and kind not in self.reading.extra:
            with suppress(ValueError):
                names = self._ask(node)
        shape = self.values[out].shape if names else self.sizes.stated.get(out)
        channels = self.sizes.channels(out, len(shape or "nhwc"))
        why = ONNX_RUNTIME if "microsoft" in kind else ""
        why = "its numbers are random; make them an input" if kind in RANDOM else why
        step = self._skip(node, why, fold(shape, channels) if shape else None)
        made = self.reading.shape(step)
        for name in names:
            self.values[name] = replace(self.values[name], step=step)
        if made and not names:
            rank = max((len(node.shape(at)) for at in node.maps), default=4)
            self.give(out, FLOAT, shape or unfolded(made, rank, channels), step)

    def check_written(self, exported: Mapping[str, Shape]) -> None:
        """ValueError for a size that an exporter wrote down for other sides than those at which the model is read.

        The model is asked for its shapes as it was exported too: what stays although all around it changes was
        written down.
        """
        before = self.at(self.points[0], exported)
        for node in self.ran:
            computed = any(value and value.of_shapes for value in node.inputs)
            computed = not node.has(3) if node.kind == "Resize" else computed
            sized = node.kind in SIZED or node.get("output_shape")
            if sized and 0 in node.maps and not computed:
                names = node.proto.input[0], node.proto.output[0]
                seen, made = [(before[x].shape, self.values[x].shape) for x in names]
                if written_down(node.kind, seen, made):
                    told = f"it makes {shown(made[1])} of {shown(seen[1])}, and {shown(made[0])} of {shown(seen[0])}"
                    raise ValueError(
                        f"{node.kind} {node.name!r} cannot be read: {told} when it was exported"
                    )


def is_standard(kind: str) -> bool:
    """Return True for ONNX's own operators without graphs inside: onnx knows what shapes leave them."""
    from onnx import defs

    return kind not in GRAPHS and "." not in kind and defs.has(kind)


def unfolded(out: Tensor, rank: int, channels: int) -> Shape:
    """The shape of a layer's output, of at most that many axes."""
    h, w, c = out.shape
    return ((1, c, h, w) if channels == -3 else (1, h, w, c))[-rank:]


def written_down(kind: str, seen: Sequence[Shape], made: Sequence[Shape]) -> bool:
    """Return True if a size was written down for another side.

    ``seen`` are the shapes of the input, when the model was exported and now; ``made`` those of the output.
    """
    if kind == "Reshape":
        return unchanged(*seen) % unchanged(*made) > 0
    axes = zip(*(shape[::-1] for shape in (*seen, *made)), strict=False)
    return any(
        end == same and (side != here or (kind == "Expand" and side == 1 != end))
        for side, here, end, same in axes
    )


def unchanged(before: Shape, after: Shape) -> int:
    """The product of the sides behind the last one that is another now; what a Reshape keeps must divide it.

    >>> unchanged((1, 8, 4, 4), (1, 8, 6, 6)), unchanged((8, 16), (18, 16)), unchanged((1, 16, 8), (1, 36, 8))
    (1, 16, 8)
    """
    pairs = zip(reversed(before), reversed(after), strict=True)
    return math.prod(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
