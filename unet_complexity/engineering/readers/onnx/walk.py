"""The way through an ONNX graph: each node in turn, its shapes asked for at some sides and fitted, its layer added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import Reshape
from unet_complexity.engineering.readers.limits import (
    MOST_COMPUTED,
    MOST_NODES,
    MOST_NUMBERS,
    at_most,
    check_size,
)
from unet_complexity.engineering.readers.onnx.expanding import expanded
from unet_complexity.engineering.readers.onnx.files import kind_of
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
    volume,
)
from unet_complexity.engineering.readers.onnx.shapes import (
    FLOATS,
    Edge,
    canonical,
    literal,
    outputs,
)
from unet_complexity.engineering.readers.onnx.weights import Use, is_doubtful, is_learned, is_lone
from unet_complexity.engineering.readers.reading import Reading
from unet_complexity.symbols import Size, exact

FLOAT, INT64 = 1, 7
NO_WEIGHTS = (INT64, 8, 9)  # nor words, nor booleans
OF_SHAPES = ("Shape", "Size")
TRIED = frozenset(
    "CenterCropPad Expand Flatten Pad Reshape Resize Slice Split Tile Upsample".split()
)
VIEWS = ("Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze")
STAYING = ("Concat", "Expand", "Pad", "Slice", "Split", "Tile")  # a view if the shape stays
WITH_SCALES = ("Resize", "Upsample")
PARTS = ("Split", "TopK")  # all their outputs are maps; of others only the first is
ONNX_RUNTIME = (
    "an operator of ONNX Runtime alone; save the model before it is optimised, or at "
    "GraphOptimizationLevel.ORT_DISABLE_ALL"
)


class Ran:
    """One node that was run: what onnx is asked, and the names of what enters and leaves."""

    def __init__(self, proto: Any) -> None:
        self.proto, self.key = proto, canonical(proto)
        self.name = (proto.name or next(iter(proto.output), "")).strip("/") or kind_of(proto)
        self.kind = kind_of(proto)
        self.inputs, self.outputs = list(proto.input), list(proto.output)
        self.plain = False  # onnx is asked without the numbers of floating-point arrays


class Walk:
    """Values by the names of the graph's edges, each at all ``points``: numbers in place of the ``letters``.

    ``stated`` has shapes that the file states, for operators that onnx does not know; ``layout`` the axes of channels.
    """

    def __init__(
        self,
        reading: Reading,
        opset: int,
        letters: Letters,
        points: tuple[Point, ...],
        layout: Mapping[str, Layout],
        stated: Mapping[str, Shape],
    ) -> None:
        self.reading, self.opset = reading, opset
        self.letters, self.points = letters, points
        self.layout, self.stated = layout, stated
        self.edges: dict[str, tuple[Edge, ...]] = {}
        self.shapes: dict[str, Shape] = {}
        self.source: dict[str, str] = {}  # of each map, the step that writes it
        self.second: set[str] = set()  # maps that a step writes beside its own, such as indices
        self.of_shapes: set[str] = set()  # numbers that follow from shapes
        self.weights: dict[
            str, frozenset[str]
        ] = {}  # of what is known beforehand: the stored arrays in it
        self.sizes: dict[str, Size] = {}
        self.literals: set[str] = set()
        self.counted: set[str] = set()
        self.constants: set[str] = set()
        self.doubtful: dict[str, None] = {}
        self.view_names: dict[str, str] = {}
        self.views: dict[tuple[str, Tensor], str] = {}
        self.numbered: dict[str, int] = {}
        self.ran: list[Ran] = []
        self.said: list[str] = []  # inputs, and what leaves operators that onnx does not know
        self.computed = 0

    # ------------------------------------------------------------------------------------- what enters

    def given(self, name: str, kind: int, shape: Shape) -> None:
        """A map that the network is given."""
        self.put(name, kind, shape)
        self.source[name] = name
        self.reading.input(name, fold(shape, self.channels(name)))

    def put(self, name: str, kind: int, shape: Shape) -> None:
        """An edge whose shape is known."""
        self.said.append(name)
        self.shapes[name] = shape
        self.edges[name] = tuple(
            Edge(kind, tuple(at_point(side, self.letters, point) for side in shape))
            for point in self.points
        )

    def stored(self, name: str, edge: Edge, in_node: bool) -> None:
        """A stored array, or one in a node of its own."""
        self.edges[name] = (edge,) * len(self.points)
        self.shapes[name] = edge.shape
        self.weights[name] = frozenset()
        self._array(name, in_node)

    def _array(self, name: str, in_node: bool) -> None:
        """Numbers that may be weights, unless it is a lone one."""
        if self.edges[name][0].kind not in NO_WEIGHTS and not is_lone(name, self.shape(name)):
            self.weights[name] = frozenset([name])
            self.sizes[name] = volume(self.shape(name))
        if in_node:
            self.literals.add(name)

    # -------------------------------------------------------------------------------------- one node

    def run(self, proto: Any) -> None:
        """One node.  ValueError, with its name, if it cannot be read; UnfitError if its shapes follow no formula."""
        at_most(len(self.ran), MOST_NODES, "nodes, functions written out,")
        ran = Ran(proto)
        try:
            self._run(ran, ran.name)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            kind = UnfitError if isinstance(error, UnfitError) else ValueError
            raise kind(f"{ran.kind} {ran.name!r} cannot be read: {error}") from error

    def _run(self, ran: Ran, name: str) -> None:
        if ran.kind == "Constant":
            self.stored(ran.outputs[0], literal(ran.proto), in_node=True)
            return
        lost = [one for one in ran.inputs if one and one not in self.edges]
        maps = [at for at, one in enumerate(ran.inputs) if one in self.source]
        if ran.kind == "CastLike":
            maps = [at for at in maps if at == 0]  # of the other input only the type is looked at
        known = ran.kind in ROWS or ran.kind in VIEWS or ran.kind in OF_SHAPES
        if ran.kind in self.reading.extra or (lost and not known):
            self._foreign(ran, name, maps, bool(lost), "")
        elif lost:
            self.reading.lost.update(one for one in ran.outputs if one)
        elif nodes := self._expanded(ran, name, known or not maps):
            for node in nodes:
                self.run(node)
        elif not known and (maps or not standard(ran)):
            self._foreign(ran, name, maps, False, ONNX_RUNTIME if "microsoft" in ran.kind else "")
        else:
            self._ask(ran, bool(maps))
            if not maps:
                self._constant(ran)
            elif ran.kind in OF_SHAPES:
                self.of_shapes.update(ran.outputs)
            else:
                self._layer(ran, name, maps)

    def _expanded(self, ran: Ran, name: str, known: bool) -> list[Any]:
        """The nodes that an If with a known condition, or an operator that is a function of others, stands for."""
        if known and ran.kind != "If":
            return []
        columns = [self.edges[one] if one else None for one in ran.inputs]
        return expanded(ran.proto, self.opset, columns, name)

    def _ask(self, ran: Ran, with_maps: bool) -> None:
        """Ask onnx for the shapes of what leaves a node, at all points."""
        nothing: tuple[Edge | None, ...] = (None,) * len(self.points)
        columns = [self.edges[one] if one else nothing for one in ran.inputs]
        ran.plain = with_maps and ran.kind not in WITH_SCALES
        if ran.plain:
            columns = [tuple(map(plain, column)) for column in columns]
        try:
            made = [
                outputs(ran.key, self.opset, inputs) for inputs in zip(*columns, strict=True)
            ] or [outputs(ran.key, self.opset, ())] * len(self.points)
        except ValueError as error:
            shapes = " and ".join(self._told(one) for one in ran.inputs if one)
            kind = UnfitError if self.letters else ValueError
            raise kind(f"{error}, got {shapes}" if shapes else str(error)) from error
        for one, column in zip(ran.outputs, zip(*made, strict=True), strict=False):
            self.edges[one] = column
            numbers = sum(len(edge.numbers) // 8 + 1 for edge in column if edge.numbers)
            self.computed = at_most(
                self.computed + numbers // len(column), MOST_COMPUTED, "numbers computed for shapes"
            )
        self.ran.append(ran)

    def _told(self, name: str) -> str:
        """An edge in words: few whole numbers that the file holds, else the shape."""
        edge = self.edges[name][0]
        few = edge.kind == INT64 and edge.numbers and 0 < len(edge.numbers) <= 64 and edge.shape
        return (
            str(edge.array().tolist())
            if few and name not in self.of_shapes
            else shown(self.shape(name))
        )

    def _constant(self, ran: Ran) -> None:
        """What follows from stored numbers alone is computed beforehand and costs nothing."""
        first, *others = [self.weights.get(one, frozenset()) for one in ran.inputs] or [frozenset()]
        use: Use = "norm" if "Normalization" in ran.kind else "operand"
        more = {array for arrays in others for array in arrays if self._is_learned(array, use)}
        arrays = first if ran.kind == "DequantizeLinear" else first | more
        self.weights |= dict.fromkeys(ran.outputs, arrays)
        if self.of_shapes.intersection(ran.inputs):
            self.of_shapes.update(ran.outputs)
            return
        self.ran.pop()
        for one in ran.outputs:
            if one and not arrays and self.edges[one][0].kind in FLOATS:
                self._array(one, in_node=True)

    def _layer(self, ran: Ran, name: str, maps: list[int]) -> None:
        first, shape = ran.inputs[maps[0]], self.shape(ran.outputs[0])
        moves = ran.kind in STAYING and (
            shape != self.shape(first) or len(maps) > 1 or steps_back(ran)
        )
        stays = (ran.kind in STAYING and not moves) or (
            ran.kind == "Transpose" and in_order(ran, shape, self.shape(first))
        )
        if ran.kind in VIEWS or stays:
            self.source[ran.outputs[0]] = self.source[first]
            changed = shape != self.shape(first)
            self.view_names[ran.outputs[0]] = name if changed else self.view_names.get(first, "")
            return
        for one in ran.outputs if ran.kind in PARTS else ran.outputs[:1]:
            self._steps(ran, name, maps, one)
        if ran.outputs[0] in self.source:
            self._written(ran, self.source[ran.outputs[0]])

    def _steps(self, ran: Ran, name: str, maps: list[int], out: str) -> None:
        shapes = [self.shape(one) if one else None for one in ran.inputs]
        channels = [self.channels(one) for one in ran.inputs]
        node = Node(
            ran.kind,
            name,
            self.opset,
            {attribute.name: value_of(attribute) for attribute in ran.proto.attribute},
            shapes,
            self.shape(out),
            maps,
            channels,
            self.channels(out),
            lambda at: self._numbers(ran.inputs[at]),
            lambda at, use="operand": any(
                self._is_learned(array, use) for array in self.weights[ran.inputs[at]]
            ),
        )
        try:
            rows = ROWS[ran.kind](node)
        except Unsupported as why:
            self._foreign(ran, name, maps, False, str(why))
            return
        last = ""
        for row in rows if isinstance(rows, list) else [rows]:
            last = self._step(ran, name, row, last)
        found = self.reading.shape(last)
        if found is not None and not same_size(found, self.shape(out)):
            kind = UnfitError if self.letters else ValueError
            raise kind(f"{found} comes out of {rows}, and {shown(self.shape(out))} by onnx")
        self.source[out] = last

    def _step(self, ran: Ran, name: str, row: Row, last: str) -> str:
        """Add a layer; its name.  Its params are the elements of those arrays that no step before had."""
        used = [ran.inputs[at] for at in row.weights]
        arrays = {array for one in used for array in self.weights[one]}
        learned = {array for array in arrays if self._is_learned(array, row.use)}
        stored = exact(sum(self.sizes[array] for array in learned - self.counted))
        self.counted |= learned
        self.constants |= arrays - learned
        self.doubtful |= dict.fromkeys(
            sorted(array for array in arrays if is_doubtful(array, row.use))
        )
        xs = [x for _, x in row.seen]
        sources = [
            last if at is None else self._seen(ran.inputs[at], x, name) for at, x in row.seen
        ]
        fresh = self.fresh(name)
        own = row.layer.params(*xs)
        self.reading.add(fresh, row.layer, sources, stored=None if stored == own else stored)
        return fresh

    def _is_learned(self, array: str, use: Use) -> bool:
        if use != "weight" and (array in self.literals or self.edges[array][0].kind not in FLOATS):
            return False
        return is_learned(array, use)

    def _seen(self, edge: str, seen: Tensor, name: str) -> str:
        """The step that writes an edge, or one that sees what it writes as another map."""
        source = self.source[edge]
        if self.reading.shape(source) in (seen, None):
            return source
        if (source, seen) not in self.views:
            view = self.fresh(self.view_names.get(edge) or f"{name}/view")
            self.reading.add(view, Reshape((seen.height, seen.width, seen.channels)), [source])
            self.views[source, seen] = view
        return self.views[source, seen]

    def _foreign(self, ran: Ran, name: str, maps: Sequence[int], lost: bool, why: str) -> None:
        """What ``extra`` knows, or nobody does: its output has the shape that the file states, or onnx infers."""
        out = ran.outputs[0] if ran.outputs else ""
        name = self.fresh(name)
        if lost:
            self.reading.skip(name, ran.kind, why, None, [])
            return
        if ran.kind not in self.reading.extra and out not in self.edges and standard(ran):
            with suppress(ValueError):
                self._ask(ran, bool(maps))
        shape = self.shape(out) if out in self.edges else self.stated.get(out)
        entering = [ran.inputs[at] for at in maps]
        sources = [
            self._seen(one, fold(self.shape(one), self.channels(one)), name) for one in entering
        ]
        made = None if shape is None else fold(shape, self.channels(out))
        self.reading.skip(name, ran.kind, why, made, sources, arguments=ran.proto)
        made = self.reading.shape(name)
        if made is None:
            return
        if out not in self.edges:
            rank = len(self.shape(entering[0])) if entering else 4
            self.put(out, FLOAT, shape or unfolded(made, rank, self.channels(out)))
        self._written(ran, name)

    def _written(self, ran: Ran, name: str) -> None:
        """A step writes the first output of a node, and what is beside it."""
        for at, one in enumerate(ran.outputs):
            if one and one in self.edges and one not in self.source:
                self.source[one] = name
                if at:
                    self.second.add(one)

    # ------------------------------------------------------------------------------------- shapes

    def shape(self, name: str) -> Shape:
        """The shape of an edge, in letters."""
        if name not in self.shapes:
            column = self.edges[name]
            if len({len(edge.shape) for edge in column}) > 1:
                raise UnfitError(
                    "the number of axes depends on what the letters stand for; read it at numbers, side=256"
                )
            axes = zip(*(edge.shape for edge in column), strict=True)
            self.shapes[name] = tuple(polynomial(self.letters, self.points, axis) for axis in axes)
            for side in self.shapes[name]:
                check_size(side)
        return self.shapes[name]

    def channels(self, name: str) -> int:
        """The axis of the channels, counted from the end."""
        return self.layout[name].channels if name in self.layout else -1

    def _numbers(self, name: str) -> Any:
        array = self.edges[name][0].array()
        if array is None:
            raise ValueError(
                f"the numbers of {name!r} are not in the file, or depend on what the model is given"
            )
        return array

    def at(self, given: Mapping[str, Shape], strict: bool) -> Iterator[tuple[str, Edge]]:
        """Run through the shapes once more, with other inputs.  If ``strict``, ValueError if they do not fit."""
        edges = {name: column[0] for name, column in self.edges.items() if name in self.weights}
        kinds = {name: column[0].kind for name, column in self.edges.items()}
        edges |= {name: Edge(kinds[name], shape) for name, shape in given.items()}
        yield from ((name, edges[name]) for name in given)
        for ran in self.ran:
            inputs = [edges.get(one) if one else None for one in ran.inputs]
            if ran.plain:
                inputs = [*map(plain, inputs)]
            try:
                made = outputs(ran.key, self.opset, tuple(inputs))
            except (KeyError, ValueError):
                if strict:
                    raise
                continue
            for name, edge in zip(ran.outputs, made, strict=False):
                edges[name] = edge
                yield name, edge

    @property
    def tried(self) -> bool:
        """Return True if a shape follows from numbers in the file, not from a layer: its rules are found by trying."""
        return bool(self.letters) and any(ran.kind in TRIED for ran in self.ran)

    def sources(self, names: Iterable[str]) -> list[str]:
        """The steps that write these edges, but for those that are known beforehand."""
        found = []
        for name in names:
            lost = name in self.second or name not in self.edges
            if lost:
                self.reading.lost.add(name)
            found += [name] if lost else [self.source[name]] if name in self.source else []
        return found

    def fresh(self, name: str) -> str:
        """A name that no step has."""
        wanted = name
        while name in self.reading.names:
            self.numbered[wanted] = self.numbered.get(wanted, 1) + 1
            name = f"{wanted}:{self.numbered[wanted]}"
        return name


def plain(edge: Edge | None) -> Edge | None:
    """The edge without the numbers of floating-point weights: no shape depends on them."""
    return edge._replace(numbers=None) if edge and edge.kind in FLOATS else edge


def value_of(attribute: Any) -> Any:
    """The value of an attribute; a list of numbers of bounded length."""
    from onnx import helper

    at_most(
        len(attribute.ints) + len(attribute.floats),
        MOST_NUMBERS,
        f"numbers in the attribute {attribute.name!r}",
    )
    return helper.get_attribute_value(attribute)


def standard(ran: Ran) -> bool:
    """Return True for ONNX's own operators without graphs inside: onnx knows what shapes leave them."""
    from onnx import defs

    return ran.kind not in ("If", "Loop", "Scan") and "." not in ran.kind and defs.has(ran.kind)


def steps_back(ran: Ran) -> bool:
    """Return True for a Slice that may turn an axis round."""
    return ran.kind == "Slice" and len(ran.inputs) > 4


def in_order(ran: Ran, shape: Shape, before: Shape) -> bool:
    """Return True if a Transpose leaves the axes longer than 1 in order: nothing moves."""
    perm = next(
        (list(a.ints) for a in ran.proto.attribute if a.name == "perm"), [*range(len(shape))][::-1]
    )
    moving = [axis for axis in perm if before[axis] != 1]
    return moving == sorted(moving)


def same_size(x: Tensor, shape: Shape) -> bool:
    """Return True if a map has as many elements as a shape."""
    difference = exact(x.size - volume(shape))
    return difference == 0 or sp.expand(difference) == 0


def unfolded(out: Tensor, rank: int, channels: int) -> Shape:
    """The shape of a layer's output, of the rank of its first input."""
    if rank == 4 and channels == -3:
        return (1, out.channels, out.height, out.width)
    return (1, out.height, out.width, out.channels) if rank == 4 else (1, out.width, out.channels)
