"""The way through an ONNX graph: each node in turn, its shapes asked for at some points and fitted, its layer added."""

from __future__ import annotations

import math
from collections import ChainMap, Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import Copy, Reshape, Resizing
from unet_complexity.engineering.readers.limits import (
    MOST_ASKED,
    MOST_COMPUTED,
    MOST_NODES,
    at_most,
)
from unet_complexity.engineering.readers.onnx.fitting import (
    Letters,
    Point,
    UnfitError,
    at_point,
    polynomial,
)
from unet_complexity.engineering.readers.onnx.layouts import Layout
from unet_complexity.engineering.readers.onnx.node import (
    ROWS,
    Node,
    Row,
    Shape,
    Unsupported,
    fold,
    shown,
    sides,
    volume,
)
from unet_complexity.engineering.readers.onnx.shapes import (
    FLOATS,
    OF_SHAPES,
    Edge,
    inlined,
    literal,
    outputs,
)
from unet_complexity.engineering.readers.onnx.weights import Arrays, Use, is_lone
from unet_complexity.engineering.readers.reading import Reading
from unet_complexity.layers import Layer

FLOAT, INT64 = 1, 7
SIZED = ("Expand", "Resize", "Reshape", "Slice")  # their sizes may be written down
NO_WEIGHTS = (7, 8, 9)  # whole numbers that are sizes or places, words, booleans
GRAPHS = ("If", "Loop", "Scan")  # named as missing
VIEWS = ("Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze")
STAYING = ("Concat", "Expand", "Pad", "Slice", "Split", "Tile")  # a view if the shape stays
TRIED = (Copy, Resizing)  # layers that say what they write, instead of following from what enters
PARTS = ("Split", "TopK")  # all their outputs are maps; of others only the first is
ONNX_RUNTIME = (
    "an operator of ONNX Runtime alone; save the model before it is optimised, or at "
    "GraphOptimizationLevel.ORT_DISABLE_ALL"
)


@dataclass
class Walk:
    """The edges of a graph, and the layers that write them.

    ``layout`` has the axes of channels, ``stated`` the shapes that the file states, for operators that onnx does not
    know; ``points`` has numbers for ``letters``, and onnx is asked at each; ``start``: how often it was asked before.
    """

    reading: Reading
    layout: Mapping[str, Layout]
    stated: Mapping[str, Shape]
    opset: int
    letters: Letters
    points: tuple[Point, ...]
    start: int
    stored: dict[str, Edge] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    arrays: Arrays = field(default_factory=Arrays)
    given: list[str] = field(default_factory=list)  # inputs, and what leaves foreign operators
    of_shapes: set[str] = field(default_factory=set)  # numbers that follow from shapes
    ran: list[Node] = field(default_factory=list)
    source: dict[str, str] = field(default_factory=dict)  # of each map, the step that writes it
    view_names: dict[str, str] = field(default_factory=dict)
    views: dict[tuple[str, Tensor], str] = field(default_factory=dict)
    uses: Counter[str] = field(default_factory=Counter)
    computed: int = 0
    tried: bool = False  # a shape follows from numbers in the file: rules are found by trying

    def __post_init__(self) -> None:
        self.edges = [ChainMap[str, Edge]({}, self.stored) for _ in self.points]
        self.error = UnfitError if self.letters else ValueError

    # ------------------------------------------------------------------------------------------ shapes

    def shape(self, name: str) -> Shape:
        """Return the shape of an edge, in letters."""
        if name not in self.shapes:
            shapes = [edges[name].shape for edges in self.edges]
            if len({*map(len, shapes)}) > 1:
                raise UnfitError(f"{len(shapes[0])} axes or {len(shapes[-1])}; read it at side=256")
            axes = zip(*shapes, strict=True)
            self.shapes[name] = tuple(polynomial(self.letters, self.points, axis) for axis in axes)
        return self.shapes[name]

    def put(self, name: str, kind: int, shape: Shape) -> None:
        """Add an edge of known shape."""
        self.given.append(name)
        self.shapes[name] = shape
        for edges, point in zip(self.edges, self.points, strict=True):
            edges[name] = Edge(kind, at_point(shape, self.letters, point))

    def _made(self, node: Node, edges: Mapping[str, Edge]) -> dict[str, Edge]:
        """Ask onnx what leaves a node, given its inputs among ``edges``."""
        inputs = tuple(edges[name] if name else None for name in node.inputs)
        made = outputs(node.key, self.opset, inputs)
        return {name: edge for name, edge in zip(node.outputs, made, strict=False) if name}

    def _check_asked(self) -> None:
        """ValueError if onnx was asked more often than is sensible."""
        at_most(outputs.cache_info().misses - self.start, MOST_ASKED, "shapes asked of onnx")

    def _ask(self, node: Node) -> None:
        """Ask onnx for what leaves a node, at all points."""
        self._check_asked()
        try:
            made = [self._made(node, edges) for edges in self.edges]
        except ValueError as error:
            told = " and ".join(self._told(name) for name in node.inputs if name)
            raise self.error(f"{error}, got {told}" if told else str(error)) from error
        for edges, more in zip(self.edges, made, strict=True):
            edges.update(more)
        self.computed += sum(len(edge.numbers or "") // 8 for edge in made[0].values())
        at_most(self.computed, MOST_COMPUTED, "numbers computed for shapes")
        self.ran.append(node)

    def _told(self, name: str) -> str:
        """Return an edge in words: few whole numbers that the file holds, else the shape."""
        edge = self.edges[0][name]
        few = edge.kind == INT64 and edge.shape and 0 < len(edge.numbers or "") <= 64
        told = few and name not in self.of_shapes
        return str(edge.array().tolist()) if told else shown(self.shape(name))

    def at(self, point: Point, other: Mapping[str, Shape]) -> Iterator[tuple[str, Edge]]:
        """Run through the shapes once more, at a point, or with other inputs.  ValueError if they do not fit."""
        edges = dict(self.stored)
        for name in self.given:
            shape = other.get(name) or at_point(self.shapes[name], self.letters, point)
            edges[name] = Edge(self.edges[0][name].kind, shape)
            yield name, edges[name]
        for node in self.ran:
            self._check_asked()
            made = self._made(node, edges)
            edges |= made
            yield from made.items()

    def fits(self, point: Point) -> bool:
        """Return True if onnx finds at a point what the formulas say."""
        try:
            return all(
                edge.shape == at_point(self.shape(name), self.letters, point)
                for name, edge in self.at(point, {})
            )
        except (KeyError, ValueError):
            return False

    # ------------------------------------------------------------------------------------------- nodes

    def enter(self, name: str, kind: int, shape: Shape) -> None:
        """A map that the network is given."""
        self.put(name, kind, shape)
        self.source[name] = name
        self.reading.input(name, fold(shape, self.channels(name)))

    def store(self, name: str, edge: Edge, in_node: bool) -> None:
        """A stored array, or one in a node of its own: numbers that may be weights, unless it is a lone one."""
        self.stored[name] = edge
        self.arrays.known[name] = frozenset()
        if edge.kind not in NO_WEIGHTS and not is_lone(name, edge.shape):
            self.arrays.add(name, volume(edge.shape), in_node or edge.kind not in FLOATS)

    def run(self, proto: Any) -> None:
        """One node.  ValueError, with its name, if it cannot be read; UnfitError if its shapes follow no formula."""
        at_most(len(self.ran), MOST_NODES, "nodes, functions written out,")
        node = Node(proto, self)
        try:
            self._run(node)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            kind = UnfitError if isinstance(error, UnfitError) else ValueError
            raise kind(f"{node.kind} {node.name!r} cannot be read: {error}") from error

    def _run(self, node: Node) -> None:
        reading, edges = self.reading, self.edges[0]
        lost = any(name and name not in edges for name in node.inputs)
        known = node.kind in ROWS or node.kind in VIEWS or node.kind in OF_SHAPES
        if node.kind == "Constant":
            self.store(node.out, literal(node.proto, self.opset), in_node=True)
        elif lost and (known or node.kind in reading.extra):
            reading.lost.update(filter(None, node.outputs))
        elif lost:
            reading.skip(self.fresh(node.name), node.kind, "", None, [])
        elif node.kind in reading.extra or not (known or standard(node)):
            self._foreign(node, ONNX_RUNTIME if "microsoft" in node.kind else "")
        elif known or not node.maps:
            self._ask(node)
            self._asked(node)
        else:
            inputs = {name: edges[name] for name in node.inputs if name}
            nodes = inlined(node.proto, self.opset, inputs, node.name)
            for inner in nodes:
                self.run(inner)
            if not nodes:
                with suppress(ValueError):
                    self._ask(node)
                self._foreign(node, "")

    def _asked(self, node: Node) -> None:
        """Decide what a node is: constant, computed from shapes, a view, or a layer."""
        if not node.maps:
            self._constant(node)
        elif node.kind in OF_SHAPES:
            self.of_shapes.update(node.outputs)
            self.arrays.known[node.out] = frozenset()
        elif node.kind in VIEWS or self._stays(node):
            first = node.inputs[node.maps[0]]
            self.tried |= node.kind in ("Reshape", *STAYING)
            self.source[node.out] = self.source[first]
            changed = node.made != self.shape(first)
            self.view_names[node.out] = node.name if changed else self.view_names.get(first, "")
        else:
            for out in node.outputs if node.kind in PARTS else node.outputs[:1]:
                node.out = out
                self._layer(node)

    def _constant(self, node: Node) -> None:
        """A node of stored numbers alone: it is computed beforehand and costs nothing."""
        use: Use = "norm" if "Normalization" in node.kind else "operand"
        arrays = self.arrays.known.get(node.inputs[0], frozenset()) if node.inputs else frozenset()
        for name in node.inputs[1:] if node.kind != "DequantizeLinear" else ():
            arrays |= self.arrays.learned(name, use)
        for name in filter(None, node.outputs):
            edge = self.edges[0][name]
            if not self.of_shapes.isdisjoint(node.inputs):
                self.of_shapes.add(name)
            elif not arrays and edge.kind in FLOATS:
                self.store(name, edge, in_node=True)
            self.arrays.known.setdefault(name, arrays)

    def _stays(self, node: Node) -> bool:
        """Return True if nothing moves, although the operator moves numbers."""
        before = node.shape(node.maps[0])
        if node.kind == "Transpose":
            perm = node.get("perm", [*range(len(before))][::-1])
            moving = [axis for axis in perm if before[axis] != 1]
            return moving == sorted(moving)
        turned = node.kind == "Slice" and node.has(4)
        return node.kind in STAYING and node.made == before and len(node.maps) == 1 and not turned

    def _layer(self, node: Node) -> None:
        """The steps of an operator that is in the table."""
        try:
            rows = ROWS[node.kind](node)
        except Unsupported as why:
            self._foreign(node, str(why))
            return
        last = ""
        rows = Row(rows, [(0, node.map())]) if isinstance(rows, Layer) else rows
        for row in [rows] if isinstance(rows, Row) else rows:
            last = self._step(node, row, last)
            self.tried |= isinstance(row.layer, TRIED) and node.kind != "Transpose"
        found = self.reading.shape(last)
        if found is not None and sp.expand(found.size - volume(node.made)) != 0:
            raise self.error(
                f"{found} comes out by formula, and {shown(node.made)} by onnx; read it at numbers, side=256"
            )
        self._written(node, last)

    def _step(self, node: Node, row: Row, last: str) -> str:
        """Add a layer; its name."""
        stored = self.arrays.count([node.inputs[at] for at in row.weights], row.use)
        sources = [
            last if at is None else self._seen(node.inputs[at], x, node.name) for at, x in row.seen
        ]
        name, own = self.fresh(node.name), row.layer.params(*(x for _, x in row.seen))
        self.reading.add(name, row.layer, sources, stored=None if stored == own else stored)
        return name

    def _seen(self, edge: str, seen: Tensor, name: str) -> str:
        """The step that writes an edge, or one that sees what it writes as another map."""
        source = self.source[edge]
        if self.reading.shape(source) in (seen, None):
            return source
        if (source, seen) not in self.views:
            view = self.fresh(self.view_names.get(edge) or f"{name}/view")
            self.reading.add(view, Reshape(sides(seen)), [source])
            self.views[source, seen] = view
        return self.views[source, seen]

    def _foreign(self, node: Node, why: str) -> None:
        """An operator for ``extra``, or an unknown one: its output is as onnx infers, or as the file states."""
        name, known = self.fresh(node.name), node.out in self.edges[0]
        shape = self.shape(node.out) if known else self.stated.get(node.out)
        sources = [self._seen(node.inputs[at], node.map(at), name) for at in node.maps]
        made = None if shape is None else fold(shape, self.channels(node.out))
        self.reading.skip(name, node.kind, why, made, sources, arguments=node.proto)
        made = self.reading.shape(name)
        if made is not None:
            if not known:
                rank = len(node.shape(node.maps[0])) if node.maps else 4
                self.put(node.out, FLOAT, shape or unfolded(made, rank, self.channels(node.out)))
            self._written(node, name)

    def _written(self, node: Node, step: str) -> None:
        """A step writes an output of a node, and what is beside it, such as indices."""
        self.source[node.out] = step
        beside = () if node.kind in PARTS else node.outputs[1:]
        self.source |= {name: step for name in beside if name in self.edges[0]}

    def check_written(self, exported: Mapping[str, Shape]) -> None:
        """ValueError for a size that an exporter wrote down for other sides than those at which the model is read.

        The model is asked for its shapes as it was exported too: what stays although all around it changes was
        written down.
        """
        before = dict(self.at(self.points[0], exported))
        for node in self.ran:
            stored = self.of_shapes.isdisjoint(node.inputs)
            written = node.has(3) if node.kind == "Resize" else stored
            if not (node.kind in SIZED and 0 in node.maps and written):
                continue
            if why := written_down(node, before[node.inputs[0]].shape, before[node.out].shape):
                raise ValueError(f"{node.kind} {node.name!r} cannot be read: {why}")

    def channels(self, name: str) -> int:
        """The axis of the channels, counted from the end."""
        return self.layout[name].channels if name in self.layout else -1

    def fresh(self, name: str) -> str:
        """A name that no step has."""
        unique = name
        while unique in self.reading.names:
            self.uses[name] += 1
            unique = f"{name}:{self.uses[name] + 1}"
        return unique


def standard(node: Node) -> bool:
    """Return True for ONNX's own operators without graphs inside: onnx knows what shapes leave them."""
    from onnx import defs

    return node.kind not in GRAPHS and "." not in node.kind and defs.has(node.kind)


def unfolded(out: Tensor, rank: int, channels: int) -> Shape:
    """The shape of a layer's output, of the rank of its first input."""
    h, w, c = sides(out)
    return (1, c, h, w) if (rank, channels) == (4, -3) else (1, *(h, w, c)[max(4 - rank, 0) :])


def written_down(node: Node, old: Shape, made: Shape) -> str:
    """Why a size of a node was written down for another side: ``old`` is what entered, ``made`` what left it."""
    now, out = node.shape(), node.made
    if node.kind == "Reshape":
        wrong = unchanged(old, now) % unchanged(made, out)
        return f"it makes {shown(out)}, and {shown(made)} when it was exported" if wrong else ""
    for side, here, same, end in zip(old, now, made, out, strict=False):
        repeated = node.kind == "Expand" and side == 1 != end
        if len(old) == len(made) and end == same and (side != here or repeated):
            return f"its side {end} was written down for one of {side}, and here that is {here}"
    return ""


def unchanged(before: Shape, after: Shape) -> int:
    """The product of the sides behind the last one that is another now; what a Reshape keeps must divide it.

    >>> unchanged((1, 8, 4, 4), (1, 8, 6, 6)), unchanged((8, 16), (18, 16)), unchanged((1, 16, 8), (1, 36, 8))
    (1, 16, 8)
    """
    pairs = zip(reversed(before), reversed(after), strict=True)
    return math.prod(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
