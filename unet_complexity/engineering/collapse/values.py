"""Values of an ONNX graph: their makers and readers, constants and known shapes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from unet_complexity.engineering.collapse.files import subgraphs
from unet_complexity.engineering.readers.limits import MOST_FOLDED, MOST_NUMBERS, at_most
from unet_complexity.engineering.readers.onnx.inputs import inferred

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

STANDARD = ("", "ai.onnx")  # domains of ONNX's own operators
FOLDED = {
    "Constant",
    "ConstantOfShape",
    "Concat",
    "Reshape",
    "Slice",
    "Transpose",
    "Cast",
    "Identity",
    "Unsqueeze",
}


class Values:
    """An index of one graph.  Reads of subgraphs (of If, Loop, Scan) are counted too."""

    def __init__(self, model: Any) -> None:
        self.graph = model.graph
        self.opset = max(
            (item.version for item in model.opset_import if item.domain in STANDARD), default=1
        )
        self.makers = {name: node for node in self.graph.node for name in node.output if name}
        self.readers: dict[str, list[Any]] = {}
        for node in self.graph.node:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
        self.reads = Counter(all_reads(self.graph))
        self.initializers = {item.name: item for item in self.graph.initializer}
        given = {item.name for item in self.graph.input} if model.ir_version >= 4 else set()
        self.fixed = (
            self.initializers.keys() - given
        )  # since IR 4, an input with a default can be given another value
        self.shapes = _shapes(model)
        self.folded: dict[str, Array | None] = {}

    def constant(self, name: str) -> Array | None:
        """Value of an initializer, or of nodes that rearrange constants, as in exported pads; else None."""
        from onnx import numpy_helper

        if name in self.fixed:
            array: Array = numpy_helper.to_array(self.initializers[name])
            return array
        if name not in self.folded:
            self.folded[name] = self._folded(self.makers.get(name))
            arrays = [array for array in self.folded.values() if array is not None]
            at_most(
                sum(array.size for array in arrays), MOST_FOLDED, "numbers in computed constants"
            )
        return self.folded[name]

    def _folded(self, node: Any) -> Array | None:
        """Compute a node; None if its inputs are not constant, or it is invalid or makes too large an array."""
        from onnx.reference import ReferenceEvaluator

        if node is None or node.op_type not in FOLDED or node.domain not in STANDARD:
            return None
        inputs = [self.constant(given) for given in node.input]
        if any(array is None for array in inputs) or _length(node.op_type, inputs) > MOST_NUMBERS:
            return None
        try:
            evaluator = ReferenceEvaluator(node, opsets={"": self.opset})
            array: Array = evaluator.run(None, dict(zip(node.input, inputs, strict=True)))[0]
        except Exception:  # an invalid node; its errors are of any kind
            return None
        return array

    def shape(self, name: str) -> list[int | str | None]:
        """Sides of a value: numbers, the file's letters, None where unknown; empty where nothing is known."""
        return self.shapes.get(name, [])

    def names(self) -> set[str]:
        """Every name that the graph uses for a value, sub-graphs included."""
        return {
            *self.reads,
            *self.makers,
            *self.initializers,
            *(item.name for item in self.graph.input),
        }


def attributes(node: Any) -> dict[str, Any]:
    """A node's attributes as Python values, text decoded."""
    from onnx import helper

    values = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    return {
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in values.items()
    }


def all_reads(graph: Any) -> Iterator[str]:
    """Every value that a node or the graph's outputs read, once per reader; those read in sub-graphs too."""
    yield from (output.name for output in graph.output)
    for node in graph.node:
        yield from node.input
        for inner in subgraphs(node):
            yield from all_reads(inner)


def _length(kind: str, inputs: list[Any]) -> int:
    """Number of elements that a node which makes larger arrays makes; 0 for the others."""
    if kind == "ConstantOfShape":
        return math.prod(inputs[0].ravel().tolist())
    return sum(array.size for array in inputs) if kind == "Concat" else 0


def _shapes(model: Any) -> dict[str, list[int | str | None]]:
    graph = inferred(model)
    known = {}
    for item in [*graph.input, *graph.value_info, *graph.output]:
        sides = item.type.tensor_type.shape.dim
        known[item.name] = [
            getattr(side, kind) if (kind := side.WhichOneof("value")) else None for side in sides
        ]
    return known
