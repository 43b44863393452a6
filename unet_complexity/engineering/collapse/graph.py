"""An ONNX graph that can be asked for constants, shapes and readers, and edited."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from unet_complexity.engineering.collapse.inference import inferred
from unet_complexity.engineering.readers.limits import (
    MOST_ADDED,
    MOST_FOLDED,
    MOST_NODES,
    MOST_NUMBERS,
    at_most,
)
from unet_complexity.engineering.readers.onnx.files import kind_of, opset_of
from unet_complexity.engineering.readers.onnx.functions import parts
from unet_complexity.engineering.readers.onnx.inputs import stated

Settings = dict[str, Any]
AXES = 4  # of a map: batch, channels and the sides
# operators of exported pads and shapes: these rearrange constants ...
REARRANGING = "Constant Reshape Slice Transpose Cast Identity Unsqueeze".split()
# ... and these can make more numbers than they are given
GROWING = "Concat ConstantOfShape Mul Equal Where".split()


class NotCollapsedError(Exception):
    """The reason why an upsampling stays as it is."""


class Graph:
    """An index of a model's graph; replacements of nodes are collected, then carried out together.

    Attributes:
        reads: How often each value is read, by nodes, by subgraphs (of If, Loop, Scan) and as an output.
        readers: The last node of the graph itself that reads each value.
        inputs: Names of the inputs, of those with a default too.
        names: Names that are taken: those of nodes and of values, in subgraphs too.
        same: For what a Cast to the type that it has already makes, the value before all such Casts.
        shapes: Sides of values: numbers, the file's letters, or None for an unknown one.  A value without
            a shape has four of these.
        folded: Constants that were computed, and None for values that are not constant.
        instead: New nodes, by the outputs of the node that they replace.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        graph = model.graph
        self.opset = opset_of(model)
        self.initializers = {item.name: item for item in graph.initializer}
        self.makers = {name: node for node in graph.node for name in node.output}
        self.readers = {name: node for node in graph.node for name in node.input}
        self.reads = Counter(reads(graph))
        self.inputs = {item.name for item in graph.input}
        self.names = set(self.reads)
        for part in parts(graph):
            self.names.add(getattr(part, "name", ""))
            if part.DESCRIPTOR.name == "NodeProto":
                self.names.update(part.output)
        known = inferred(model)
        unknown = (None,) * AXES
        self.shapes = defaultdict(lambda: unknown)
        types = {}
        for item in (*known.input, *known.value_info, *known.output):
            self.shapes[item.name] = stated(item) or unknown
            types[item.name] = item.type.tensor_type.elem_type
        self.same: dict[str, str] = {}
        for node in graph.node:
            if kind_of(node) == "Cast":
                before, after = node.input[0], node.output[0]
                if types.get(before, 0) == types.get(after):
                    self.same[after] = self.same.get(before, before)
        self.folded: Settings = {}
        if model.ir_version >= 4:  # an initializer that is an input too can be given another value
            self.folded = dict.fromkeys(self.inputs)
        self.bytes = 0
        self.added = 0
        self.nodes = 0
        own = sum(math.prod(item.dims) for item in graph.initializer)
        self.most_added = MOST_ADDED + 16 * own
        self.instead: dict[tuple[str, ...], list[Any]] = {}

    def settings(self, node: Any) -> Settings:
        """Return a node's attributes, given or by default, and its constant inputs, by ONNX's names for them.

        The first input is left out.  An input that is not constant is None.
        """
        from onnx.defs import get_schema
        from onnx.helper import get_attribute_value

        schema = get_schema(node.op_type, self.opset)
        defaults = [attribute.default_value for attribute in schema.attributes.values()]
        found = {
            item.name: item.s.decode() or get_attribute_value(item)
            for item in (*defaults, *node.attribute)
            if item.type  # else there is no default
        }
        for parameter, source in zip(schema.inputs[1:], node.input[1:], strict=False):
            if source:
                found[parameter.name] = self.constant(source)
        return found

    def constant(self, name: str) -> Any:
        """Array of an initializer, or of nodes that rearrange constants; else None."""
        from onnx.numpy_helper import to_array

        if name not in self.folded:
            stored = self.initializers.get(name)
            array = self._folded(self.makers.get(name)) if stored is None else to_array(stored)
            self.folded[name] = array
            if stored is None or not stored.raw_data:  # else it takes what it takes in the file
                self.bytes += getattr(array, "nbytes", 0)
                at_most(self.bytes, MOST_FOLDED, "bytes of computed constants")
        return self.folded[name]

    def _folded(self, node: Any) -> Any:
        """Array that a node computes from constants; None if it is invalid or makes too large an array."""
        from onnx import TensorProto
        from onnx.reference import ReferenceEvaluator

        if node is None or kind_of(node) not in REARRANGING + GROWING:
            return None
        if any(item.name == "to" and item.i == TensorProto.STRING for item in node.attribute):
            return None  # text takes a hundred times the memory of a number
        arrays = [self.constant(name) for name in node.input]
        given = dict(zip(node.input, arrays, strict=True))
        try:
            sides: Any = [array.size + 1 for array in arrays]  # their product is above their sum
            if node.op_type == "ConstantOfShape":
                sides = arrays
            most = math.prod(map(float, np.ravel(sides)))
            if node.op_type in GROWING and most > MOST_NUMBERS:
                return None
            return ReferenceEvaluator(node, {"": self.opset}).run(None, given)[0]
        except Exception:  # an input that is not constant, or an invalid node: errors of any kind
            return None

    def store(self, name: str, array: Any) -> str:
        """Add an initializer and return its name, which is made unique."""
        from onnx import helper, numpy_helper

        self.added += array.size
        at_most(self.added, self.most_added, "numbers in new weights")
        name = self.fresh(name)
        tensor = numpy_helper.from_array(array, name)
        self.model.graph.initializer.append(tensor)
        if self.model.ir_version < 4:  # where initializers must be inputs too
            self.model.graph.input.append(
                helper.make_tensor_value_info(name, tensor.data_type, array.shape)
            )
        return name

    def fresh(self, name: str) -> str:
        """Return the name with underscores added until the graph does not use it."""
        while name in self.names:
            name += "_"
        self.names.add(name)
        return name

    def replace(self, node: Any, new: list[Any]) -> None:
        """Note the new nodes, the last of which takes the name and the description of the old one."""
        self.nodes += len(new)
        at_most(self.nodes, MOST_NODES, "new nodes")
        new[-1].name = node.name
        new[-1].doc_string = node.doc_string
        self.instead[tuple(node.output)] = new

    def carry_out(self) -> None:
        """Put the new nodes in place, and remove what only the replaced ones needed."""
        graph = self.model.graph
        needed = {output.name for output in graph.output}
        needed |= self.inputs - self.initializers.keys()
        kept: list[Any] = []
        for old in reversed(graph.node):  # the readers of a node follow it
            written = set(old.output)
            if written & needed or not written & self.reads.keys():
                new = self.instead.get(tuple(old.output), [old])
                kept[:0] = new
                for node in new:
                    needed.update(reads(node))
        del graph.node[:]
        graph.node.extend(kept)
        gone = self.reads.keys() - needed
        for field in (graph.input, graph.initializer, graph.value_info):
            for i in reversed(range(len(field))):
                if field[i].name in gone:
                    del field[i]


def reads(message: Any) -> Iterator[str]:
    """Yield each value that a graph or a node reads, once per reader; those of subgraphs too."""
    for part in parts(message):
        kind = part.DESCRIPTOR.name
        if kind == "NodeProto":
            yield from part.input
        elif kind == "GraphProto":
            yield from (output.name for output in part.output)
