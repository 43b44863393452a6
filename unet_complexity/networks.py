r"""Networks: layers in running order, each with the shapes of its inputs.

A :class:`Step` is one layer at one level.  If the depth is a letter, it is the same layer at all levels of a
:class:`Span`.  A :class:`Network` is a tuple of steps; its total is the sum of theirs:

$$\text{total} = \sum_{\text{steps}} \text{cost}(\text{layer}, \text{input shapes}).$$
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, partial
from typing import Any, NamedTuple

import sympy as sp

from unet_complexity.closed_form import level_sum, tidy
from unet_complexity.cost import Cost, Rule, Tensor, add
from unet_complexity.escaping import in_message, not_counted
from unet_complexity.layers import Layer
from unet_complexity.layers.arguments import lettered
from unet_complexity.symbols import Size, add_up, are_numbers, named_letters, one_of, substitute
from unet_complexity.tables import QUANTITIES, Table


class Span(NamedTuple):
    """The levels ``first`` ... ``last``, both included, that a letter stands for.

    Args:
        letter: The letter.
        first: First level.
        last: Last level.
    """

    letter: sp.Symbol
    first: Size
    last: Size

    @property
    def rule(self) -> Rule:
        """The condition that the range does not run backwards; it may be empty."""
        return Rule(f"{self.last} >= {self.first - 1}", self.last - self.first + 1)

    def __str__(self) -> str:
        return f"{self.first} ... {self.last}"


@dataclass(frozen=True)
class Step:
    """One layer in a network.

    Attributes:
        name: Unique name.
        layer: The layer.
        inputs: Shapes of the maps that it reads.
        sources: Names of the steps that wrote them; "input" is the network's input.
        level: Its level l; the side of its output is N / 2^l.
        block: Name of its block, such as "d1" or "u1".
        part: "encoder", "bottleneck", "decoder" or "head".
        span: Levels that ``level`` stands for, if it is a letter.
    """

    name: str
    layer: Layer
    inputs: tuple[Tensor, ...]
    sources: tuple[str, ...]
    level: Size
    block: str
    part: str
    span: Span | None = None

    @cached_property
    def output(self) -> Tensor:
        """Shape of the output."""
        return self.layer.output(*self.inputs)

    @cached_property
    def cost(self) -> Cost:
        """Cost of the layer, summed over the span of levels if there is one."""
        cost = self.charged(self.layer.cost(*self.inputs))
        if span := self.span:
            summed = cost.map(lambda value: level_sum(value, *span))
            cost = replace(summed, rules=(span.rule,))
        return cost

    def charged(self, cost: Cost) -> Cost:
        """Return the part of the layer's cost that counts at this step: here all of it."""
        return cost

    @property
    def levels(self) -> Size | Span:
        """The level, or the span of levels."""
        return self.span or self.level


@dataclass(frozen=True, repr=False)
class Network:
    """Steps in running order.

    Attributes:
        name: Its name.
        given: Shape of its input.
        steps: The steps.
        rules: Conditions on the letters; if empty, those of the steps hold.
        recipe: The call that builds it, for :meth:`at`.

    Example:
        >>> from unet_complexity import pix2pix_unet, Conv2D
        >>> net = pix2pix_unet(side=256, in_channels=3)
        >>> net.total().macs, net.total().params
        (18052284416, 41843331)
        >>> len(net.only(Conv2D).steps), net.output.channels
        (14, 3)
    """

    name: str
    given: Tensor
    steps: tuple[Step, ...]
    rules: tuple[Rule, ...] = ()
    recipe: partial[Network] | None = field(default=None, repr=False, compare=False)

    @property
    def input(self) -> Tensor:
        """Shape of the input."""
        return self.given

    @property
    def output(self) -> Tensor:
        """Shape of the output."""
        return self.steps[-1].output

    @property
    def inputs(self) -> Mapping[str, Tensor]:
        """Shapes of the inputs by name."""
        return {"input": self.given}

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the steps that write the outputs: here the last step."""
        return (self.steps[-1].name,)

    @property
    def heading(self) -> str:
        """The name, the shapes of the inputs, and the layers that are not counted."""
        heading = f"{in_message(self.name)}, {self.given} in"
        if self.missing:
            heading += f"; {not_counted(self.missing)}"
        return heading

    @property
    def missing(self) -> tuple[str, ...]:
        """Kinds and names of the layers that could not be counted; every view names them."""
        return tuple(name for step in self.steps for name in step.cost.missing)

    @property
    def regime(self) -> str:
        """The conditions on the letters in words; empty if every size is a number."""
        return ", ".join(dict.fromkeys(rule.text for rule in self.rules))

    def total(self) -> Cost:
        """Return the cost of all steps together.

        Formulas are multiplied out, with equal terms collected.  The network's rules, if it has any, replace those of
        its steps.
        """
        total = add(step.cost for step in self.steps)
        return replace(total.map(tidy), rules=self.rules or total.rules)

    def only(self, *layers: type[Any]) -> Network:
        """Return the steps with layers of certain classes, as a network.

        Args:
            *layers: Classes such as UpSampling2D; Convolution stands for all layers that multiply by weights.

        Raises:
            TypeError: If an argument is not a class.
            ValueError: If no step is left.

        Example:
            >>> from unet_complexity import UpSampling2D, pix2pix_unet
            >>> pix2pix_unet(256, 3).only(UpSampling2D).total().writes
            16064512
        """
        if not all(isinstance(layer, type) for layer in layers):
            raise TypeError(f"only() takes layer classes, got {layers}; try only(Conv2D)")
        return self.where(lambda step: isinstance(step.layer, layers))

    def where(self, keep: Callable[[Step], bool]) -> Network:
        """Return some of the steps, as a network to total or tabulate.

        Args:
            keep: Returns True for the steps to keep.

        Raises:
            ValueError: If no step is left.
        """
        kept = tuple(filter(keep, self.steps))
        if not kept:
            layers = ", ".join(sorted({type(step.layer).__name__ for step in self.steps}))
            raise ValueError(f"no step of {in_message(self.name)} is left; its layers are {layers}")
        return self._of(kept)

    def _of(self, steps: Iterable[Step]) -> Network:
        return replace(self, steps=tuple(steps), recipe=None)

    def at(self, **values: Any) -> Network:
        """Return the network with numbers in place of letters: ``net.at(N=256, C=3)``.

        It is built anew, so every check that numbers allow is made.

        Args:
            **values: Value of each letter, a number or an expression.

        Raises:
            ValueError: If the network lacks a letter, if a size does not fit, or if the network is a part of another.
        """
        if self.recipe is None:
            raise ValueError(
                f"{in_message(self.name)} cannot be built anew here; call at(...) on the whole network, then choose"
            )
        letters = named_letters(values)
        wanted = self.recipe.keywords
        # lettered() leaves dictionaries out: those hold sizes of a model file by axis, which only its reader replaces
        known = {x.name for size in lettered([*wanted.values()]) for x in size.free_symbols}
        if not known.issuperset(values):
            has = "no letters"
            advice = "build it anew with the sizes you want"
            if known:
                has = f"the letters {sorted(known)}"
                advice = "give some of its letters"
            raise ValueError(f"{in_message(self.name)} has {has}, got {sorted(values)}; {advice}")
        given = {name: substitute(value, letters) for name, value in wanted.items()}
        return self.recipe.func(**given)

    def groups(self, by: str) -> dict[Any, Network]:
        """Return the network in parts, in running order.

        Args:
            by: "layer", "block", "level" (top first) or "part".

        Returns:
            Each part as a network, by its name or level.

        Raises:
            ValueError: If ``by`` is none of these.
        """
        parts = grouped(self.steps, by, lambda step: step)
        return {name: self._of(steps) for name, steps in parts.items()}

    def table(self, by: str = "block") -> Table:
        """Return the costs as a table with shares and totals.

        Args:
            by: What a row stands for: "layer", "block", "level" or "part".

        Raises:
            ValueError: If ``by`` is none of these.
        """
        shown = lru_cache(str)  # SymPy prints slowly, and rows repeat their shapes
        rows = [
            (str(name), shown(part.output), *part._counts())
            for name, part in self.groups(by).items()
        ]
        title = f"{self.heading}, batch 1, dense MACs"
        if self.regime:
            title += f"; {self.regime}"
        header = (by, "output", *QUANTITIES.values())
        total = ("total", "", *self._counts())
        return Table(title, header, tuple(rows), total, self.missing)

    def _counts(self) -> list[Size]:
        """Return the counts of a table, without the time to tidy the others."""
        return [tidy(add_up(getattr(step.cost, name) for step in self)) for name in QUANTITIES]

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __str__(self) -> str:
        return str(self.table())

    def __repr__(self) -> str:
        return f"<{self.heading}, {self.output} out, {len(self.steps)} steps; print it for a table>"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


# what a group has in common: the attribute of a step
KEYS = {"layer": "name", "block": "block", "level": "levels", "part": "part"}


def grouped(items: Iterable[Any], by: str, step: Callable[[Any], Step]) -> dict[Any, Any]:
    """Return items in groups: levels from the top, all else in running order.

    Args:
        items: The items, such as steps.
        by: "layer", "block", "level" or "part".
        step: Returns the step of an item.

    Raises:
        ValueError: If ``by`` is none of these.
    """
    one_of("by", by, KEYS)
    found: dict[Any, Any] = {}
    for item in items:
        found.setdefault(getattr(step(item), KEYS[by]), []).append(item)
    return dict(sorted(found.items())) if are_numbers(*found) else found
