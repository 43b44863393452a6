"""Networks of real models: several inputs and outputs, and weights that are shared or frozen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import sympy as sp

from unet_complexity.cost import Cost, Tensor
from unet_complexity.escaping import in_message
from unet_complexity.networks import Network, Step
from unet_complexity.symbols import Size, exact


@dataclass(frozen=True)
class ModelStep(Step):
    """A step whose weights may be shared or frozen.

    Attributes:
        params: Number of params, if it is not the layer's own: 0 if the layer shares the params of a step before, where
            they are counted.
        frozen: True if training leaves the params as they are.
    """

    params: Size | None = None
    frozen: bool = False

    def charged(self, cost: Cost) -> Cost:
        """Return a cost of the layer with the params that the step is charged with."""
        if self.params is not None:
            fixed = cost.params - cost.trainable_params  # kept if possible
            trainable = exact(sp.Max(self.params - fixed, 0))
            cost = replace(cost, params=self.params, trainable_params=trainable)
        return replace(cost, trainable_params=0) if self.frozen else cost


class Shapes(dict[str, Tensor]):
    """Shapes by name."""

    def __str__(self) -> str:
        """Return one shape, or several with their names."""
        if len(self) == 1:
            return str(*self.values())
        return " and ".join(f"{in_message(name)} {shape}" for name, shape in self.items())


@dataclass(frozen=True, repr=False)
class ModelNetwork(Network):
    """A network with any number of inputs and outputs.

    Attributes:
        given: Shapes of its inputs by name.
        outputs: Names of the steps that write its outputs; by default the last step.

    Example:
        >>> from unet_complexity import ReLU
        >>> x = Tensor(8, 8, 3)
        >>> ModelNetwork("small", Shapes(x=x), (ModelStep("a", ReLU(), (x,), ("x",), 0, "a", ""),))
        <small, 8 x 8 x 3 in, 8 x 8 x 3 out, 1 steps; print it for a table>
    """

    given: Shapes = field(hash=False)  # type: ignore[assignment]
    outputs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "outputs", self.outputs or super().outputs)

    @property
    def inputs(self) -> Shapes:
        return self.given

    @property
    def input(self) -> Tensor:
        """Shape of the only input.  ValueError if there are several."""
        return self._single("input", self.inputs)

    @property
    def output(self) -> Tensor:
        """Shape of the only output.  ValueError if there are several."""
        return self._single("output", self._written)

    def _single(self, what: str, shapes: Shapes) -> Tensor:
        if len(shapes) != 1:
            raise ValueError(
                f"{in_message(self.name)} has no single {what}, got {', '.join(map(in_message, shapes))}; read {what}s"
            )
        return next(iter(shapes.values()))

    @property
    def _written(self) -> Shapes:
        return Shapes((step.name, step.output) for step in self.steps if step.name in self.outputs)

    def _of(self, steps: Iterable[Step]) -> Network:
        return replace(self, steps=tuple(steps), recipe=None, outputs=())

    def __repr__(self) -> str:
        return (
            f"<{self.heading}, {self._written} out, {len(self.steps)} steps; print it for a table>"
        )
