"""What all readers of real models share: layers fed by named sources become a Network.

A reader says ``input``, ``add``, ``same`` and ``skip`` in the order in which the model runs, and at last ``network``.
Unknown layers are collected: one error names all of them, or every view of the network names what is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from unet_complexity.cost import Cost, Rule, Tensor
from unet_complexity.engineering.readers.limits import (
    MOST_CHARACTERS,
    MOST_FORMULAS,
    MOST_NODES,
    at_most,
    check_size,
)
from unet_complexity.engineering.readers.networks import ModelNetwork, ModelStep, Shapes
from unet_complexity.engineering.readers.places import placed
from unet_complexity.engineering.readers.regime import regime
from unet_complexity.escaping import in_message
from unet_complexity.layers import Layer
from unet_complexity.layers.arguments import one_of
from unet_complexity.networks import Network, Step
from unet_complexity.symbols import Size

MOST_NAMED = 8  # layers that one error names; more are counted by kind
Extra = Mapping[str, Callable[..., Layer]]


@dataclass(frozen=True)
class Unknown(Layer):
    """A layer of unknown cost: it has a shape, is in no count, and every view names it."""

    kind: str
    name: str
    made: Tensor

    def output(self, *inputs: Tensor) -> Tensor:
        return self.made

    def cost(self, *inputs: Tensor) -> Cost:
        return Cost(missing=(f"{self.kind} ({self.name})",))

    def __str__(self) -> str:
        return f"{in_message(self.kind)} ({in_message(self.name)})"


class Reading:
    """Collects the layers of a model in the order in which they run; names are those of the model, and unique.

    ``unknown`` is "error" or "report".  ``extra`` says what kinds that a reader does not know are, each by a function
    of the arguments of the model's layer and the shapes that enter it: ``{"Foo": lambda arguments, *inputs: Layer}``.

    >>> from unet_complexity import Conv2D
    >>> reading = Reading("small")
    >>> reading.input("x", Tensor(8, 8, 3))
    >>> reading.add("conv", Conv2D(4, 3, 2), ["x"])
    >>> print(reading.network(["conv"]).output)
    4 x 4 x 4
    """

    def __init__(self, name: str, unknown: str = "error", extra: Extra | None = None) -> None:
        at_most(len(name), MOST_CHARACTERS, "characters of a name")
        self.name, self.extra = name, extra or {}
        self.unknown = one_of("unknown", unknown, ("error", "report"))
        self.inputs: dict[str, Tensor] = {}
        self.steps: list[Step] = []
        self.skipped: list[
            tuple[str, str, int]
        ] = []  # layers that cannot be counted, why, and how many maps they read
        self.rules: list[
            Rule
        ] = []  # what letters must obey for the shapes, beside the rules of the layers
        self.lost: set[str] = set()  # names of maps whose shape follows from no layer
        self.names: dict[str, str] = {}  # of each name the step, or input, that wrote it
        self.shapes: dict[str, Tensor] = {}
        self.formulas: set[Size] = set()

    def input(self, name: str, shape: Tensor) -> None:
        """A map that the network is given."""
        self.inputs[name] = self.shapes[name] = shape
        self.names[name] = name

    def shape(self, name: str) -> Tensor | None:
        """Shape of the named output; None downstream of a layer of unknown output shape."""
        return None if name in self.lost else self.shapes[self._writer(name)]

    def same(self, name: str, source: str) -> None:
        """Another name for what ``source`` wrote: nothing happens in between."""
        if source in self.lost:
            self.lost.add(name)
        else:
            self.names[name] = self._writer(source)

    def add(
        self,
        name: str,
        layer: Layer,
        sources: Iterable[str],
        block: str | None = None,
        stored: Size | None = None,
        frozen: bool = False,
    ) -> None:
        """``layer`` runs on what ``sources`` wrote.  ValueError, with the name, where they do not fit it.

        ``stored``: its params, where they are not the layer's own; 0, where they were counted at a step before.
        ``frozen``: training leaves them as they are.
        """
        sources = list(sources)
        if self.lost.intersection(sources):
            self.lost.add(name)
            return
        try:
            self._keep(name, layer, sources, block, params=stored, frozen=frozen)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.name} does not fit together at {name}: {error}") from error

    def skip(
        self,
        name: str,
        kind: str,
        why: str,
        output: Tensor | None,
        sources: Iterable[str],
        arguments: Any = None,
    ) -> None:
        """A layer of a ``kind`` that the reader cannot count, and ``why``, unless ``extra`` can, by its ``arguments``.

        ``output``: the shape of what it writes, where the model says it.
        """
        sources = list(sources)
        lost = bool(self.lost.intersection(sources))
        if kind in self.extra and not lost:
            layer = self.extra[kind](arguments, *map(self.shape, sources))
            if not isinstance(layer, Layer):
                raise ValueError(
                    f"extra[{kind!r}] must give a layer of the package, got {layer!r}; try Activation('relu')"
                )
            self.add(name, layer, sources)
            return
        self.skipped.append((f"{kind} ({name})", why, len(sources)))
        if output is None or lost:
            self.lost.add(name)
        else:
            self._keep(name, Unknown(kind, name, output), sources)

    def network(self, outputs: Iterable[str], recipe: partial[Network] | None = None) -> Network:
        """The whole.  ValueError that lists all that was skipped, or, with unknown="report", what has no shape."""
        outputs = list(outputs)
        self._check(outputs)
        written = {step.name for step in self.steps}
        ends = tuple(dict.fromkeys(name for name in map(self._writer, outputs) if name in written))
        steps = placed(self.steps, self.inputs)
        return ModelNetwork(
            self.name, Shapes(self.inputs), steps, regime(steps, self.rules), recipe, ends
        )

    def _keep(
        self,
        name: str,
        layer: Layer,
        sources: Iterable[str],
        block: str | None = None,
        **params: Any,
    ) -> None:
        if name in self.names:
            raise ValueError("each layer needs a name of its own, got this one twice; rename one")
        names = tuple(self._writer(source) for source in sources)
        inputs = tuple(self.shapes[source] for source in names)
        if not isinstance(layer, Unknown):
            layer.check_inputs(*inputs)
        at_most(len(self.steps) + 1, MOST_NODES, "layers")
        at_most(len(name), MOST_CHARACTERS, "characters of a name")
        step = ModelStep(
            name, layer, inputs, names, level=0, block=block or _block(name), part="", **params
        )
        for size in (step.output.height, step.output.width, step.output.channels):
            check_size(size)
            if not isinstance(size, int):
                self.formulas.add(size)
        at_most(len(self.formulas), MOST_FORMULAS, "different formulas of sizes")
        self.shapes[name], self.names[name] = step.output, name
        self.steps.append(step)

    def _writer(self, name: str) -> str:
        if name not in self.names:
            raise ValueError(
                f"{self.name} reads {name!r}, which nothing before it writes; give the whole model"
            )
        return self.names[name]

    def _check(self, outputs: list[str]) -> None:
        said = ", ".join(f"{which}: {why}" if why else which for which, why, _ in self.skipped)
        if len(self.skipped) > MOST_NAMED:
            kinds = Counter(which.split(" (")[0] for which, _, _ in self.skipped).most_common()
            said = ", ".join(f"{count} {kind}" for kind, count in kinds[:MOST_NAMED])
            said += f" and {len(kinds) - MOST_NAMED} more kinds" * (len(kinds) > MOST_NAMED)
        unknown = [(which, reads) for which, why, reads in self.skipped if not why]
        # extra= would also replace the forms of that layer that are known
        remedy = "write that part of the model otherwise"
        if unknown:
            name, reads = unknown[0]
            example = "Conv2D(...)" if reads < 2 else "Add()"  # some layer that takes as many maps
            remedy = f"add them with extra={{{name.split(' (')[0]!r}: lambda arguments, *inputs: {example}}}"
        if self.skipped and self.unknown == "error":
            count = f"{len(self.skipped)} of {len(self.steps) + len(self.lost)} layers"
            raise ValueError(
                f"cannot count {count} of {self.name}: {said}; {remedy}, or leave them out by unknown='report' "
                "(in a terminal: --unknown report)"
            )
        if (other := sorted(self.lost.intersection(outputs))) and not self.skipped:
            which = f"{self.name} gives {', '.join(other)}, which is not a map that a counted layer writes"
            raise ValueError(f"{which}; leave it out of the model's outputs")
        if self.lost.intersection(outputs):
            raise ValueError(f"{self.name} does not say what shapes leave {said}; {remedy}")
        if not self.steps:
            raise ValueError(
                f"{self.name} has no layers, only inputs, got {', '.join(self.inputs)}; give a model"
            )


def _block(name: str) -> str:
    """The part of the model that a layer belongs to: its path, or itself."""
    path, _, own = name.rpartition("/")
    return path or own
