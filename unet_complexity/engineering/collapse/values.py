"""Who makes and who reads each value of an ONNX graph, which values are constants, and what shapes are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from unet_complexity.engineering.readers.onnx.inputs import inferred

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

FOLDED = {"Constant", "ConstantOfShape", "Concat", "Reshape", "Slice", "Transpose", "Cast", "Identity", "Unsqueeze"}
MOST_FOLDED = 1000  # elements that ConstantOfShape may make


class Values:
    """An index of one graph.  Values that a sub-graph (of If, Loop, Scan) reads count as read."""

    def __init__(self, model: Any) -> None:
        self.graph = model.graph
        self.opset = max((item.version for item in model.opset_import if item.domain in ("", "ai.onnx")), default=1)
        self.makers = {name: node for node in self.graph.node for name in node.output if name}
        self.readers: dict[str, list[Any]] = {}
        for node in self.graph.node:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
        self.reads = Counter(all_reads(self.graph))
        self.initializers = {item.name: item for item in self.graph.initializer}
        given = {item.name for item in self.graph.input} if model.ir_version >= 4 else set()
        self.fixed = self.initializers.keys() - given  # since IR 4, an input with a default can be given another value
        self.shapes = _shapes(model)

    def constant(self, name: str) -> Array | None:
        """The value of an initialiser, or of nodes that rearrange constants, as exporters write pads; else None."""
        from onnx import numpy_helper

        if name in self.fixed:
            array: Array = numpy_helper.to_array(self.initializers[name])
            return array
        node = self.makers.get(name)
        if node is None or node.op_type not in FOLDED or node.domain not in ("", "ai.onnx"):
            return None
        inputs = [self.constant(given) for given in node.input]
        return None if any(value is None for value in inputs) else self._folded(node, inputs)

    def _folded(self, node: Any, inputs: list[Any]) -> Array | None:
        from onnx.reference import ReferenceEvaluator

        if node.op_type == "ConstantOfShape" and inputs[0].prod() > MOST_FOLDED:
            return None
        evaluator = ReferenceEvaluator(node, opsets={"": self.opset})
        array: Array = evaluator.run(None, dict(zip(node.input, inputs, strict=True)))[0]
        return array

    def shape(self, name: str) -> list[int | str | None]:
        """Sides of a value: numbers, the file's letters, None where unknown; empty where nothing is known."""
        return self.shapes.get(name, [])

    def names(self) -> set[str]:
        """Every name that the graph uses for a value, sub-graphs included."""
        return {*self.reads, *self.makers, *self.initializers, *(item.name for item in self.graph.input)}


def attributes(node: Any) -> dict[str, Any]:
    """A node's attributes as Python values, text decoded."""
    from onnx import helper

    values = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in values.items()}


def all_reads(graph: Any) -> Iterator[str]:
    """Every value that a node or the graph's outputs read, once per reader; those read in sub-graphs too."""
    yield from (output.name for output in graph.output)
    for node in graph.node:
        yield from node.input
        for item in node.attribute:
            for inner in [item.g] * item.HasField("g") + list(item.graphs):
                yield from all_reads(inner)


def _shapes(model: Any) -> dict[str, list[int | str | None]]:
    graph = inferred(model)
    known = {}
    for item in [*graph.input, *graph.value_info, *graph.output]:
        sides = item.type.tensor_type.shape.dim
        known[item.name] = [getattr(side, kind) if (kind := side.WhichOneof("value")) else None for side in sides]
    return known
