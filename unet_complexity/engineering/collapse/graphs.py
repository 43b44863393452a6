"""Edits of an ONNX graph: nodes replaced by others, and everything removed that nothing reads then."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from unet_complexity.engineering.collapse.values import Values, all_reads

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Edit:
    """Replacements of nodes: collected first, then carried out together."""

    def __init__(self, model: Any, values: Values) -> None:
        self.model = model
        self.graph = model.graph
        self.taken = values.names()
        self.instead: dict[str, list[Any]] = {}  # by a node's first output
        self.orphans: set[str] = set()

    def fresh(self, name: str) -> str:
        """Return the name with underscores added until the graph does not use it."""
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def replace(self, old: list[Any], new: list[Any], weights: dict[str, NDArray[Any]]) -> None:
        """Put the ``new`` nodes in the place of the last of the ``old`` ones; remove the others."""
        from onnx import helper, numpy_helper

        for node in old:
            self.instead[node.output[0]] = []
            self.orphans.update(node.input, node.output)
        self.instead[old[-1].output[0]] = new
        for name, array in weights.items():
            tensor = numpy_helper.from_array(array, name)
            self.graph.initializer.append(tensor)
            if self.model.ir_version < 4:  # where initializers must be inputs too
                stated = helper.make_tensor_value_info(name, tensor.data_type, array.shape)
                self.graph.input.append(stated)

    def carry_out(self) -> None:
        """Rewrite the list of nodes, and remove what only the replaced nodes needed."""
        nodes: list[Any] = []
        for node in self.graph.node:
            first = node.output[0] if node.output else ""
            nodes.extend(deepcopy(self.instead.get(first, [node])))
        del self.graph.node[:]
        self.graph.node.extend(nodes)
        reads = Counter(all_reads(self.graph))
        for i in reversed(range(len(nodes))):  # the readers of a node follow it
            node = nodes[i]
            if (
                node.output
                and self.orphans.issuperset(node.output)
                and not any(map(reads.get, node.output))
            ):
                reads.subtract(node.input)
                self.orphans.update(node.input)
                del self.graph.node[i]
        gone = {name for name in self.orphans if not reads[name]}
        weights = gone.intersection(tensor.name for tensor in self.graph.initializer)
        _remove(self.graph.input, weights)
        _remove(self.graph.initializer, gone)
        _remove(self.graph.value_info, gone)


def _remove(field: Any, names: set[str]) -> None:
    for i in reversed(range(len(field))):
        if field[i].name in names:
            del field[i]
