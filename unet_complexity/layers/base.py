"""Common base of all layers: input shapes, an output shape, and a cost of a few named counts.

A layer is one frozen dataclass with Keras's argument names.  It implements ``output`` and overrides those of
``params``, ``macs``, ``macs_in_bounds`` and ``elementwise`` that are not 0.  Memory traffic is the same for all
layers: reads = inputs + params, writes = output.  A view (``is_view``) moves nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from unet_complexity.cost import COUNTS, Cost, Rule, Tensor, promises
from unet_complexity.layers.arguments import CHECKS, lettered
from unet_complexity.symbols import Size, add_up, are_numbers, as_expr, exact, quotient


class Layer(ABC):
    """One operation on feature maps.  Subclasses are frozen dataclasses with Keras's argument names.

    A field whose type is in :data:`~unet_complexity.layers.arguments.CHECKS` (``Size``, ``Sizes`` ...) is checked when
    the layer is made.

    Attributes:
        arity: Number of inputs; None for two or more.
        gradient_reads: Activations that the backward pass reads: "inputs", "output", "mask" or "nothing".
        is_view: True if the output is a view of the input (no copy).
    """

    arity: int | None = 1
    gradient_reads: str | None = None
    is_view = False

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]
            if check := CHECKS.get(field.type):
                checked = check(getattr(self, field.name), field.name)
                object.__setattr__(self, field.name, checked)

    @abstractmethod
    def output(self, *inputs: Tensor) -> Tensor:
        """Return the output shape.  ValueError if the inputs do not fit the layer."""

    def params(self, *inputs: Tensor) -> Size:
        """Return the number of weights and biases."""
        return 0

    def trainable_params(self, *inputs: Tensor) -> Size:
        """Return the number of params that training changes."""
        return self.params(*inputs)

    def macs(self, *inputs: Tensor) -> Size:
        """Return the dense number of multiply-accumulates."""
        return 0

    def macs_in_bounds(self, *inputs: Tensor) -> Size:
        """Return the number of multiply-accumulates that read real data, not padding."""
        return self.macs(*inputs)

    def elementwise(self, *inputs: Tensor) -> Size:
        """Return the number of operations that are not MACs."""
        return 0

    def cost(self, *inputs: Tensor) -> Cost:
        """Return the cost of running the layer once.

        :mod:`unet_complexity.cost` states the conventions.

        Args:
            *inputs: Shape of each input.

        Returns:
            The counts, and the rules that letters must obey.

        Raises:
            TypeError: If the number of inputs is wrong, or an input is not a Tensor.
            ValueError: If the inputs do not fit the layer.

        Example:
            >>> from unet_complexity.layers import ReLU
            >>> ReLU().cost(Tensor(8, 8, 4)).elementwise
            256
        """
        self.check_inputs(*inputs)
        rules = self.rules(*inputs)
        if self.is_view:
            return Cost(rules=rules)
        *own, _, _ = COUNTS  # reads and writes are the same for all layers
        counts: dict[str, Any] = {name: exact(getattr(self, name)(*inputs)) for name in own}
        reads = add_up([*(x.size for x in inputs), counts["params"]])
        return Cost(**counts, reads=reads, writes=self.output(*inputs).size, rules=rules)

    def rules(self, *inputs: Tensor) -> tuple[Rule, ...]:
        """Return the rules that letters must obey; none if every size is a number."""
        sizes = [*lettered((inputs, self.needs(*inputs)))]
        for field in fields(self):  # type: ignore[arg-type]
            sizes += lettered(getattr(self, field.name), field.type)
        return promises(sizes)

    def needs(self, *inputs: Tensor) -> tuple[Size, ...]:
        """Return sizes that are whole numbers of at least 1 if the counts hold.

        Cropping2D(2) leaves n - 4 rows of n: the counts hold if n - 4 is at least 1.
        """
        return self.output(*inputs).shape

    def check_inputs(self, *inputs: Any) -> None:
        """Check the number of inputs, and that each is a :class:`Tensor`.  TypeError if not.

        An ``arity`` of 1 takes 1 input, 2 takes 2, and None takes 2, 3 or more.
        """
        arity, count = self.arity, len(inputs)
        if count != (arity or max(count, 2)):
            some = {None: "at least 2 inputs", 1: "1 input"}.get(arity, f"{arity} inputs")
            raise TypeError(f"{type(self).__name__} takes {some}, got {count}")
        for x in inputs:
            if not isinstance(x, Tensor):
                raise TypeError(
                    f"{type(self).__name__} takes shapes as Tensor(height, width, channels), got {x!r}"
                )

    def error(self, rule: str, got: object, advice: str) -> ValueError:
        """Return the error for a broken rule, in the form that all layers use."""
        return ValueError(f"{type(self).__name__}: {rule}, got {got}; {advice}")

    def divide(self, size: Size, by: Size, rule: str, advice: str) -> Size:
        """Return size / by.  If both are numbers and it is not whole, raise the error for a broken rule."""
        if are_numbers(size, by) and size % by:
            raise self.error(rule, f"{size} and {by}", advice)
        return quotient(size, by)

    def check_positive(self, sizes: Iterable[Size], rule: str, got: object, advice: str) -> None:
        """Raise the error for a broken rule if a size is below 1 for all values of its letters."""
        if any(as_expr(size).is_nonpositive for size in sizes):
            raise self.error(rule, got, advice)

    def __str__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(str, vars(self).values()))})"
