"""The edges of an ONNX graph at some points, numbers in place of letters; what onnx says of them, and in letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from unet_complexity.engineering.readers.limits import (
    MOST_ASKED,
    MOST_COMPUTED,
    at_most,
)
from unet_complexity.engineering.readers.onnx.fitting import (
    Letters,
    Point,
    UnfitError,
    at_point,
    polynomial,
)
from unet_complexity.engineering.readers.onnx.node import Node, Shape, shown
from unet_complexity.engineering.readers.onnx.shapes import FLOATS, Edge, outputs

INT64 = 7
WITH_SCALES = ("Resize", "Upsample")


class Edges:
    """Values by the names of the graph's edges, each at all ``points``; ``start``: how often onnx was asked before."""

    def __init__(self, opset: int, letters: Letters, points: tuple[Point, ...], start: int) -> None:
        self.opset, self.letters, self.points, self.start = opset, letters, points, start
        self.columns: dict[str, tuple[Edge, ...]] = {}  # of each edge, what it is at the points
        self.shapes: dict[str, Shape] = {}
        self.fixed: dict[str, Edge] = {}  # what is known beforehand
        self.of_shapes: set[str] = set()  # numbers that follow from shapes
        self.said: list[str] = []  # inputs, and what leaves operators that onnx does not know
        self.ran: list[Node] = []
        self.computed = 0
        self.error = UnfitError if letters else ValueError

    def put(self, name: str, kind: int, shape: Shape) -> None:
        """Add an edge of known shape."""
        self.said.append(name)
        self.shapes[name] = shape
        self.columns[name] = tuple(
            Edge(kind, at_point(shape, self.letters, point)) for point in self.points
        )

    def ask(self, node: Node) -> None:
        """Ask onnx for the shapes of what leaves a node, at all points."""
        self.spend()
        node.plain = bool(node.maps) and node.kind not in WITH_SCALES
        made = []
        try:
            for at in range(len(self.points)):
                edges = [self.columns[name][at] if name else None for name in node.inputs]
                made.append(outputs(node.key, self.opset, tuple(plain(node, edges))))
        except ValueError as error:
            shapes = " and ".join(self.told(name) for name in node.inputs if name)
            raise self.error(f"{error}, got {shapes}" if shapes else str(error)) from error
        for name, column in zip(node.outputs, zip(*made, strict=True), strict=False):
            self.columns[name] = column
            numbers = sum(len(edge.numbers) // 8 + 1 for edge in column if edge.numbers)
            self.computed += numbers // len(column)
            at_most(self.computed, MOST_COMPUTED, "numbers computed for shapes")
        self.ran.append(node)

    def told(self, name: str) -> str:
        """Return an edge in words: few whole numbers that the file holds, else the shape."""
        edge = self.columns[name][0]
        few = edge.kind == INT64 and edge.shape and 0 < len(edge.numbers or "") <= 64
        if few and name not in self.of_shapes:
            return str(edge.array().tolist())
        return shown(self.shape(name))

    def shape(self, name: str) -> Shape:
        """Return the shape of an edge, in letters."""
        if name not in self.shapes:
            shapes = [edge.shape for edge in self.columns[name]]
            if len({*map(len, shapes)}) > 1:
                raise UnfitError(f"{len(shapes[0])} axes or {len(shapes[-1])}; read it at side=256")
            axes = zip(*shapes, strict=True)
            self.shapes[name] = tuple(polynomial(self.letters, self.points, axis) for axis in axes)
        return self.shapes[name]

    def numbers(self, name: str) -> Any:
        """Return the numbers of an edge as a list."""
        array = self.columns[name][0].array()
        if array is None:
            raise ValueError(
                f"the numbers of {name!r} are not in the file, or depend on what the model is given"
            )
        return array.ravel().tolist()

    def at(self, given: Mapping[str, Shape]) -> Iterator[tuple[str, Edge]]:
        """Run through the shapes once more, with other inputs.  ValueError if they do not fit."""
        edges = self.fixed | {
            name: Edge(self.columns[name][0].kind, shape) for name, shape in given.items()
        }
        yield from ((name, edges[name]) for name in given)
        for node in self.ran:
            self.spend()
            inputs = plain(node, [edges.get(name) for name in node.inputs])
            made = outputs(node.key, self.opset, tuple(inputs))
            for name, edge in zip(node.outputs, made, strict=False):
                edges[name] = edge
                yield name, edge

    def spend(self) -> None:
        """ValueError if onnx was asked more often than is sensible since ``start``."""
        at_most(outputs.cache_info().misses - self.start, MOST_ASKED, "shapes asked of onnx")

    def given(self, point: Point) -> dict[str, Any]:
        """Return the shapes that onnx is given, with numbers in place of letters."""
        return {name: at_point(self.shapes[name], self.letters, point) for name in self.said}

    def fits(self, point: Point) -> bool:
        """Return True if onnx finds at a point what the formulas say."""
        try:
            return all(
                edge.shape == at_point(self.shape(name), self.letters, point)
                for name, edge in self.at(self.given(point))
            )
        except (KeyError, ValueError):
            return False


def plain(node: Node, edges: list[Edge | None]) -> list[Edge | None]:
    """The edges without the numbers of weights, if no shape depends on them."""
    if not node.plain:
        return edges
    return [edge._replace(numbers=None) if edge and edge.kind in FLOATS else edge for edge in edges]
