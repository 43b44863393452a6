"""Edits of an ONNX graph: nodes in the place of others, and nothing left behind that nobody reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unet_complexity.engineering.collapse.values import Values, all_reads

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Edit:
    """Replacements collected first and carried out at once, so that the graph is walked unchanged."""

    def __init__(self, model: Any, values: Values) -> None:
        self.model, self.graph, self.taken = model, model.graph, values.names()
        self.instead: dict[str, list[Any]] = {}  # by a node's first output
        self.orphans: set[str] = set()

    def fresh(self, stem: str) -> Callable[[str], str]:
        """A maker of names "stem/mark" that the graph does not use."""

        def name(mark: str) -> str:
            new = f"{stem}/{mark}"
            while new in self.taken:
                new += "_"
            self.taken.add(new)
            return new

        return name

    def replace(self, old: list[Any], new: list[Any], weights: dict[str, NDArray[Any]]) -> None:
        """``new`` nodes stand where the last of the ``old`` ones stood; the others go."""
        self.instead |= {node.output[0]: [] for node in old} | {old[-1].output[0]: new}
        self.orphans |= {name for node in old for name in [*node.input, *node.output]}
        self._add(weights)

    def carry_out(self) -> None:
        """Rewrites the model's list of nodes, then removes what only replaced nodes needed."""
        rewritten = [new for node in self.graph.node for new in self.instead.get("".join(node.output[:1]), [node])]
        _set(self.graph.node, rewritten)
        while gone := self.orphans - set(all_reads(self.graph)):
            self.orphans -= gone
            self._drop(gone)

    def _add(self, weights: dict[str, NDArray[Any]]) -> None:
        from onnx import helper, numpy_helper

        for name, array in weights.items():
            tensor = numpy_helper.from_array(array, name)
            self.graph.initializer.append(tensor)
            if self.model.ir_version < 4:  # where initialisers must be inputs too
                self.graph.input.append(helper.make_tensor_value_info(name, tensor.data_type, array.shape))

    def _drop(self, gone: set[str]) -> None:
        """What makes these values: initialisers, and nodes of which nobody reads anything else."""
        dead = [node for node in self.graph.node if node.output and gone.issuperset(node.output)]
        self.orphans |= {name for node in dead for name in node.input if name}
        gone_weights = {item.name for item in self.graph.initializer} & gone
        _remove(self.graph.node, lambda node: bool(node.output) and gone.issuperset(node.output))
        _remove(self.graph.input, lambda item: item.name in gone_weights)
        for field in (self.graph.initializer, self.graph.value_info):
            _remove(field, lambda item: item.name in gone)


def _set(field: Any, items: list[Any]) -> None:
    copies = [type(item)() for item in items]
    for copy, item in zip(copies, items, strict=True):
        copy.CopyFrom(item)
    del field[:]
    field.extend(copies)


def _remove(field: Any, unwanted: Callable[[Any], bool]) -> None:
    for i in reversed([i for i, item in enumerate(field) if unwanted(item)]):
        del field[i]
