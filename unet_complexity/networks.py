r"""Networks: layers in the order in which they run, each with the shapes it meets.

A :class:`Step` is one layer at one level, or, where the depth is a letter, the same layer at all levels of a
:class:`Span`.  A :class:`Network` is a tuple of steps; its total is the sum of theirs:

$$\text{total} = \sum_{\text{steps}} \text{cost}(\text{layer}, \text{input shapes}).$$
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar

import sympy as sp

from unet_complexity.closed_form import level_sum, tidy
from unet_complexity.cost import Cost, Rule, Tensor, add, not_counted
from unet_complexity.escaping import plain
from unet_complexity.layers import Layer
from unet_complexity.symbols import Size, as_expr, exact, named_letters, substitute
from unet_complexity.tables import QUANTITIES, Table

T = TypeVar("T")


class Span(NamedTuple):
    """The levels ``first`` ... ``last``, both included, for which ``letter`` stands."""

    letter: sp.Symbol
    first: Size
    last: Size

    @property
    def rule(self) -> Rule:
        """The range may be empty, but must not go backwards."""
        return Rule(f"{self.last} >= {self.first - 1}", as_expr(self.last - self.first + 1))

    def __str__(self) -> str:
        return f"{self.first} ... {self.last}"


@dataclass(frozen=True)
class Step:
    """One layer in a network.

    ``name`` is unique; ``block`` names the group it belongs to ("d1", "u1"); ``part`` is "encoder", "bottleneck",
    "decoder" or "head"; ``sources`` name the steps whose outputs are its ``inputs`` ("input": the network's own).
    The side of its output is N / 2^level.  ``stored``: how many params it has, where these are not the layer's own: 0,
    where they are those of a step before, and counted there.  ``frozen``: training leaves them as they are.
    """

    name: str
    layer: Layer
    inputs: tuple[Tensor, ...]
    sources: tuple[str, ...]
    level: Size
    block: str
    part: str
    span: Span | None = None
    stored: Size | None = None
    frozen: bool = False

    @cached_property
    def output(self) -> Tensor:
        """Shape of what the step writes."""
        return self.layer.output(*self.inputs)

    @cached_property
    def cost(self) -> Cost:
        """Cost of the layer; where the step stands for a span of levels, summed over them."""
        cost, span = self.layer.cost(*self.inputs), self.span
        if self.stored is not None:
            cost = with_params(cost, self.stored)
        if self.frozen:
            cost = replace(cost, trainable_params=0)
        return (
            replace(cost.map(lambda value: level_sum(value, *span)), rules=(span.rule,))
            if span
            else cost
        )


@dataclass(frozen=True, repr=False)
class Network:
    """Steps that run one after the other.

    ``inputs`` are the shapes of what it is given, by name; a single Tensor is called "input".  ``outputs`` name the
    steps that write what it gives; the last one, where none is named.

    >>> from unet_complexity import pix2pix_unet, Conv2D
    >>> net = pix2pix_unet(side=256, in_channels=3)
    >>> net.total().macs, net.total().params
    (18052284416, 41843331)
    >>> len(net.only(Conv2D).steps), net.output.channels
    (14, 3)
    """

    name: str
    inputs: Mapping[str, Tensor] = field(hash=False)
    steps: tuple[Step, ...]
    rules: tuple[Rule, ...] = ()
    recipe: partial[Network] | None = field(default=None, repr=False, compare=False)
    outputs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.inputs, Tensor):
            object.__setattr__(self, "inputs", {"input": self.inputs})
        object.__setattr__(self, "outputs", self.outputs or (self.steps[-1].name,))

    @property
    def input(self) -> Tensor:
        """Shape of what it is given.  ValueError where that is several maps."""
        return self._only("input", self.inputs)

    @property
    def output(self) -> Tensor:
        """Shape of what it gives.  ValueError where that is several maps."""
        return self._only("output", self._written)

    @property
    def _written(self) -> dict[str, Tensor]:
        return {step.name: step.output for step in self.steps if step.name in self.outputs}

    def _only(self, what: str, shapes: Mapping[str, Tensor]) -> Tensor:
        if len(shapes) != 1:
            raise ValueError(
                f"{self.name} has no single {what}, got {', '.join(shapes)}; read {what}s"
            )
        return next(iter(shapes.values()))

    @property
    def missing(self) -> tuple[str, ...]:
        """What could not be counted, by kind and name; in no count, and said in every view."""
        return tuple(name for step in self.steps for name in step.cost.missing)

    @property
    def heading(self) -> str:
        """The name and the shapes that go in, and what is not counted."""
        return (
            f"{plain(self.name)}, {_shown(self.inputs)} in"
            + f"; {not_counted(self.missing)}" * bool(self.missing)
        )

    @property
    def regime(self) -> str:
        """What the letters must obey, in words; empty where every size is a number."""
        return ", ".join(dict.fromkeys(rule.text for rule in self.rules))

    def total(self) -> Cost:
        """Cost of all steps together; formulas come multiplied out and collected.

        The network's rules take the place of those of its steps, if it has any.
        """
        total = add(step.cost for step in self.steps)
        return replace(total.map(tidy), rules=self.rules or total.rules)

    def only(self, *layers: type[Any]) -> Network:
        """The steps whose layer is one of ``layers``, such as UpSampling2D, or Convolution for all that have weights to
        multiply by: ``net.only(UpSampling2D).total().writes``.
        """
        if not all(isinstance(layer, type) for layer in layers):
            raise TypeError(f"only() takes layer classes, got {layers}; try only(Conv2D)")
        return self.where(lambda step: isinstance(step.layer, layers))

    def where(self, keep: Callable[[Step], bool]) -> Network:
        """The steps for which ``keep`` is true, as a network to total or tabulate.  ValueError where none is."""
        kept = tuple(filter(keep, self.steps))
        if not kept:
            layers = ", ".join(sorted({type(step.layer).__name__ for step in self.steps}))
            raise ValueError(f"no step of {self.name} is left; its layers are {layers}")
        return self._of(kept)

    def _of(self, steps: Iterable[Step]) -> Network:
        kept = tuple(steps)
        return replace(self, steps=kept, recipe=None, outputs=(kept[-1].name,))

    def at(self, **values: Any) -> Network:
        """The same network with numbers in place of letters: ``net.at(N=256, C=3)``.

        It is built anew, so every check that numbers allow is made.  ValueError where a size does not fit.
        """
        if self.recipe is None:
            raise ValueError(
                f"{self.name} cannot be built anew here; call at(...) on the whole network, then choose"
            )
        letters, wanted = named_letters(values), self.recipe.keywords
        parts = (x for v in wanted.values() for x in (v if isinstance(v, (tuple, list)) else [v]))
        known = {
            symbol.name
            for part in parts
            if isinstance(part, sp.Basic)
            for symbol in part.free_symbols
        }
        if not known >= set(values):
            has = f"the letters {sorted(known)}" if known else "no letters"
            advice = (
                "give some of its letters" if known else "build it anew with the sizes you want"
            )
            raise ValueError(f"{self.name} has {has}, got {sorted(values)}; {advice}")
        built: Network = self.recipe.func(
            **{name: substitute(value, letters) for name, value in wanted.items()}
        )
        return built

    def groups(self, by: str) -> dict[Any, Network]:
        """The network in parts: by "layer", "block", "level" (top first) or "part", in running order."""
        return {
            name: self._of(steps)
            for name, steps in grouped(self.steps, by, lambda step: step).items()
        }

    def table(self, by: str = "block") -> Table:
        """Costs as a table, a row per "layer", "block", "level" or "part", with shares and totals."""
        groups = self.groups(by)
        costs = {name: part.total() for name, part in groups.items()}
        rows = tuple(
            (str(name), str(groups[name].output), *(getattr(cost, field) for field in QUANTITIES))
            for name, cost in costs.items()
        )
        whole = self.total()
        total = ("total", "", *(getattr(whole, field) for field in QUANTITIES))
        title = f"{self.heading}, batch 1, dense MACs"
        return Table(
            title + f"; {self.regime}" * bool(self.regime),
            (by, "output", *QUANTITIES.values()),
            rows,
            total,
            self.missing,
        )

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __str__(self) -> str:
        return str(self.table())

    def __repr__(self) -> str:
        return f"<{self.heading}, {_shown(self._written)} out, {len(self.steps)} steps; print it for a table>"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def with_params(cost: Cost, stored: Size) -> Cost:
    """``cost`` with its parameter count replaced; non-trainable parameters are kept where possible."""
    fixed = exact(cost.params - cost.trainable_params)
    return replace(
        cost, params=stored, trainable_params=max(exact(stored - fixed), 0) if stored else 0
    )


KEYS: dict[str, Callable[[Step], Any]] = {
    "layer": lambda step: step.name,
    "block": lambda step: step.block,
    "level": lambda step: step.span or step.level,
    "part": lambda step: step.part,
}


def grouped(items: Iterable[T], by: str, step: Callable[[T], Step]) -> dict[Any, list[T]]:
    """Items by what their ``step`` belongs to: levels from the top, all else in the order in which it runs."""
    if by not in KEYS:
        raise ValueError(f"by must be one of {', '.join(map(repr, KEYS))}, got {by!r}")
    found: dict[Any, list[T]] = {}
    for item in items:
        found.setdefault(KEYS[by](step(item)), []).append(item)
    order = sorted(found) if all(isinstance(key, int) for key in found) else found
    return {key: found[key] for key in order}


def _shown(shapes: Mapping[str, Tensor]) -> str:
    """One shape; several with their names."""
    if len(shapes) == 1:
        return str(*shapes.values())
    return " and ".join(f"{plain(name)} {shape}" for name, shape in shapes.items())
