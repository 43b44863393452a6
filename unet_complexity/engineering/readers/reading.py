"""What all readers of real models share: layers fed by named sources become a Network.

A reader says ``input``, ``add``, ``view`` and ``skip`` in the order in which the model runs, and at last ``network``.
Unknown layers are collected: one error names all of them, or every view of the network names what is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import sympy as sp

from unet_complexity.cost import Cost, Rule, Tensor
from unet_complexity.engineering.layers import Reshape
from unet_complexity.engineering.readers.limits import (
    MOST_CHARACTERS,
    MOST_FORMULAS,
    MOST_NODES,
    MOST_WRITTEN,
    at_most,
    check_size,
)
from unet_complexity.engineering.readers.networks import ModelNetwork, ModelStep, Shapes
from unet_complexity.engineering.readers.places import placed
from unet_complexity.engineering.readers.regime import regime
from unet_complexity.escaping import in_message, one_line
from unet_complexity.layers import Layer
from unet_complexity.networks import Network, Step
from unet_complexity.symbols import Size, exact, one_of

MOST_NAMED = 8  # layers that one error names; more are counted by kind
Extra = Mapping[str, Callable[..., Layer]]
Shape: TypeAlias = tuple[Size, ...]


def volume(sizes: Iterable[Size]) -> Size:
    """Multiply all sizes; 1 if there are none."""
    return exact(sp.Mul(*sizes))


def fold(shape: Shape, channels: int = -1) -> Tensor:
    """A shape of any rank as a map: ``channels`` says which axis they are on, counted from the end.

    What is left is rows and columns: the last axis the columns, the product of all before it the rows.

    >>> print(fold((1, 64, 32, 48), -3), "|", fold((1, 8, 256, 64)), "|", fold((1, 10)), "|", fold(()))
    32 x 48 x 64 | 8 x 256 x 64 | 1 x 1 x 10 | 1 x 1 x 1
    """
    axes = list(shape) or [1]
    last = axes.pop(channels)
    return Tensor(volume(axes[:-1]), axes[-1] if axes else 1, last)


def shown(shape: Iterable[Any]) -> str:
    """A shape to read.

    >>> shown((1, 3, 8, 8))
    '1 x 3 x 8 x 8'
    """
    return " x ".join(map(str, shape)) or "no axis"


class UnsupportedError(Exception):
    """Why a layer of a known kind cannot be counted."""


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
        # layers that cannot be counted: kind, name, why, and how many maps they read
        self.skipped: list[tuple[str, str, str, int]] = []
        # what letters must obey for the shapes, beside the rules of the layers
        self.rules: list[Rule] = []
        self.lost: set[str] = set()  # names of maps whose shape follows from no layer
        self.shapes: dict[str, Tensor] = {}
        self.views: dict[tuple[str, Tensor], str] = {}
        self.uses: Counter[str] = Counter()
        self.formulas: set[Size] = set()
        self.written = 0  # characters of all names

    def input(self, name: str, shape: Tensor) -> None:
        """A map that the network is given."""
        self.inputs[name] = self.shapes[name] = shape

    def shape(self, name: str) -> Tensor | None:
        """Shape of the named output; None downstream of a layer of unknown output shape."""
        if name in self.lost:
            return None
        if name not in self.shapes:
            raise ValueError(
                f"{self.name} reads {name!r}, which nothing before it writes; give the whole model"
            )
        return self.shapes[name]

    def fresh(self, name: str) -> str:
        """A name that no step has."""
        unique = name
        while unique in self.shapes:
            self.uses[name] += 1
            unique = f"{name}:{self.uses[name] + 1}"
        return unique

    def view(self, source: str, shape: Tensor, name: str, block: str = "") -> str:
        """The step that sees what ``source`` wrote as a map of another shape: at most one, of about that name."""
        if self.shape(source) in (shape, None):
            return source
        if (source, shape) not in self.views:
            self.views[source, shape] = self.fresh(name)
            self.add(self.views[source, shape], Reshape(shape.shape), [source], block)
        return self.views[source, shape]

    def add(
        self, name: str, layer: Layer, sources: Iterable[str], block: str = "", **params: Any
    ) -> None:
        """``layer`` runs on what ``sources`` wrote.  ValueError, with the name, where they do not fit it.

        ``params``: its params, where they are not the layer's own; 0, where they were counted at a step before.
        ``frozen``: training leaves them as they are.
        """
        sources = tuple(sources)
        if self.lost.intersection(sources):
            self.lost.add(name)
            return
        try:
            self._keep(name, layer, sources, block, **params)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.name} does not fit together at {name}: {error}") from error

    def skip(
        self,
        name: str,
        kind: str,
        why: str,
        output: Tensor | None,
        sources: Sequence[str],
        arguments: Any = None,
    ) -> None:
        """A layer of a ``kind`` that the reader cannot count, and ``why``, unless ``extra`` can, by its ``arguments``.

        ``output``: the shape of what it writes, where the model says it.
        """
        lost = bool(self.lost.intersection(sources))
        if kind in self.extra and not lost:
            layer = self.extra[kind](arguments, *map(self.shape, sources))
            if not isinstance(layer, Layer):
                raise ValueError(
                    f"extra[{kind!r}] must give a layer of the package, got {layer!r}; try Activation('relu')"
                )
            self.add(name, layer, sources)
            return
        self._written(name)
        self.skipped.append((kind, name, one_line(why), len(sources)))
        if output is None or lost:
            self.lost.add(name)
        else:
            self._keep(name, Unknown(kind, name, output), sources)

    def network(self, outputs: Iterable[str], recipe: partial[Network] | None = None) -> Network:
        """The whole.  ValueError that lists all that was skipped, or, with unknown="report", what has no shape."""
        outputs = tuple(dict.fromkeys(outputs))
        self._check(sorted(self.lost.intersection(outputs)))
        ends = tuple(name for name in outputs if self.shape(name) and name not in self.inputs)
        steps = placed(self.steps, self.inputs)
        return ModelNetwork(
            self.name, Shapes(self.inputs), steps, regime(steps, self.rules), recipe, ends
        )

    def _written(self, name: str) -> None:
        at_most(len(name), MOST_CHARACTERS, "characters of a name")
        self.written += len(name)
        at_most(self.written, MOST_WRITTEN, "characters of all names")

    def _keep(
        self, name: str, layer: Layer, sources: Iterable[str], block: str = "", **params: Any
    ) -> None:
        if name in self.shapes:
            raise ValueError("each layer needs a name of its own, got this one twice; rename one")
        inputs: Any = tuple(map(self.shape, sources))
        if not isinstance(layer, Unknown):
            layer.check_inputs(*inputs)
        at_most(len(self.steps) + 1, MOST_NODES, "layers")
        self._written(name)
        path, _, own = name.rpartition("/")  # the part of the model that a layer belongs to
        block = block or path or own
        step = ModelStep(
            name, layer, inputs, tuple(sources), level=0, block=block, part="", **params
        )
        for size in step.output.shape:
            check_size(size)
            if not isinstance(size, int):
                self.formulas.add(size)
        at_most(len(self.formulas), MOST_FORMULAS, "different formulas of sizes")
        self.shapes[name] = step.output
        self.steps.append(step)

    def _check(self, lost: Sequence[str]) -> None:
        """ValueError if layers are unknown, if outputs are ``lost``, or if there are no layers."""
        said, remedy = self._said()
        if self.skipped and self.unknown == "error":
            count = f"{len(self.skipped)} of {len(self.steps) + len(self.lost)} layers"
            raise ValueError(
                f"cannot count {count} of {self.name}: {said}; {remedy}, or leave them out by unknown='report' "
                "(in a terminal: --unknown report)"
            )
        if lost and self.skipped:
            raise ValueError(f"{self.name} does not say what shapes leave {said}; {remedy}")
        if lost:
            raise ValueError(
                f"{self.name} gives {', '.join(lost)}, which is not a map that a counted layer writes; leave it out of "
                "the model's outputs"
            )
        if not self.steps:
            raise ValueError(
                f"{self.name} has no layers, only inputs, got {', '.join(self.inputs)}; give a model"
            )

    def _said(self) -> tuple[str, str]:
        """Which layers are unknown, and what helps."""
        told = []
        remedy = ""
        for kind, name, why, reads in self.skipped:
            told.append(f"{kind} ({name}): {why}" if why else f"{kind} ({name})")
            if not (why or remedy):
                example = "Conv2D(...)" if reads < 2 else "Add()"  # a layer that takes as many maps
                remedy = f"add them with extra={{{kind!r}: lambda arguments, *inputs: {example}}}"
        if len(told) > MOST_NAMED:
            kinds = Counter(kind for kind, *_ in self.skipped).most_common()
            told = [f"{count} {kind}" for kind, count in kinds[:MOST_NAMED]]
            if len(kinds) > MOST_NAMED:
                told[-1] += f" and {len(kinds) - MOST_NAMED} more kinds"
        # extra= would also replace the forms of a layer that are known
        return ", ".join(told), remedy or "write that part of the model otherwise"
