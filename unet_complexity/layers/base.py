"""What every layer has in common: shapes in, a shape out, and a cost made of a few named counts.

A layer is one frozen dataclass with Keras's names.  It says its ``output`` shape and overrides those of
``params``, ``macs``, ``macs_in_bounds`` and ``elementwise`` that are not 0.  What it moves is the same for all:
reads = inputs + params, writes = output; nothing, where it only ``is_view`` its input.  ``gradient_reads`` says
what it keeps in training (:mod:`unet_complexity.memory`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import sympy as sp

from unet_complexity.cost import Cost, Rule, Tensor, promises
from unet_complexity.symbols import Size, exact

MAY_BE_ZERO = ("padding", "output_padding", "cropping", "starts", "stops", "doublings")


class Layer(ABC):
    """One operation on feature maps.  Subclasses are frozen dataclasses with Keras's argument names."""

    arity: int | None = 1  # number of inputs; None: two or more
    gradient_reads: str | None = None  # what training keeps for it: "inputs", "output", "mask" or "nothing"
    is_view = False  # whether its output is its input, looked at otherwise: nothing moves, and no new map is made

    @abstractmethod
    def output(self, *inputs: Tensor) -> Tensor:
        """Shape of what the layer writes.  ValueError where the inputs do not fit the layer."""

    def params(self, *inputs: Tensor) -> Size:
        """Weights and biases."""
        return 0

    def trainable_params(self, *inputs: Tensor) -> Size:
        """Those of the params that training changes."""
        return self.params(*inputs)

    def macs(self, *inputs: Tensor) -> Size:
        """Multiply-accumulates, dense."""
        return 0

    def macs_in_bounds(self, *inputs: Tensor) -> Size:
        """Multiply-accumulates that touch real data, not padding."""
        return self.macs(*inputs)

    def elementwise(self, *inputs: Tensor) -> Size:
        """Operations that are no MACs."""
        return 0

    def cost(self, *inputs: Tensor) -> Cost:
        """Everything that running the layer once costs; conventions: :mod:`unet_complexity.cost`."""
        self.check_inputs(*inputs)
        rules = self.rules(*inputs)
        if self.is_view:
            return Cost(rules=rules)
        params = self.params(*inputs)
        return Cost(
            params=exact(params),
            trainable_params=exact(self.trainable_params(*inputs)),
            macs=exact(self.macs(*inputs)),
            macs_in_bounds=exact(self.macs_in_bounds(*inputs)),
            elementwise=exact(self.elementwise(*inputs)),
            reads=exact(sum((x.size for x in inputs), params)),
            writes=self.output(*inputs).size,
            rules=rules,
        )

    def rules(self, *inputs: Tensor) -> tuple[Rule, ...]:
        """What letters must obey for the counts to hold; nothing if every size is a number."""
        given, sizes = [*lettered(vars(self)), *lettered(inputs)], self.sizes(*inputs)
        return promises([*given, *sizes]) if given else ()

    def sizes(self, *inputs: Tensor) -> tuple[Size, ...]:
        """Sizes that come out whole and at least 1 if the counts hold."""
        out = self.output(*inputs)
        return out.height, out.width, out.channels

    def check_inputs(self, *inputs: Any) -> None:
        """TypeError unless the layer is given as many shapes as it takes, each a :class:`Tensor`."""
        wanted = "at least 2 inputs" if self.arity is None else f"{self.arity} input{'s' * (self.arity > 1)}"
        if (len(inputs) != self.arity) if self.arity else (len(inputs) < 2):
            raise TypeError(f"{type(self).__name__} takes {wanted}, got {len(inputs)}")
        for x in inputs:
            if not isinstance(x, Tensor):
                raise TypeError(f"{type(self).__name__} takes shapes as Tensor(height, width, channels), got {x!r}")

    def error(self, rule: str, got: object, advice: str) -> ValueError:
        """The error for a broken rule, in the one form that all layers use."""
        return ValueError(f"{type(self).__name__}: {rule}, got {got}; {advice}")

    def __str__(self) -> str:
        args = (getattr(self, field.name) for field in fields(self))  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(map(str, args))})"


def lettered(value: Any, more: int = 0) -> Iterator[sp.Expr]:
    """The sizes with letters in arguments or shapes; of an argument that may be 0, one more: each is at least 1.

    >>> from unet_complexity.symbols import N
    >>> list(lettered({"padding": (1, N), "array": Tensor(N, 8, 3)}))
    [N + 1, N]
    """
    if isinstance(value, sp.Expr) and value.free_symbols:
        yield value + more
    elif isinstance(value, Tensor):
        yield from lettered((value.height, value.width, value.channels))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from lettered(item, int(name in MAY_BE_ZERO))
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from lettered(item, more)


def one_of(what: str, value: object, allowed: tuple[str, ...]) -> str:
    """``value`` if it is one of ``allowed``, else a ValueError that lists them."""
    if value not in allowed:
        raise ValueError(f"{what} must be one of {', '.join(map(repr, allowed))}, got {value!r}; try {allowed[0]!r}")
    return str(value)


def as_axes(value: Any) -> tuple[int, ...]:
    """One axis of a map or several, 1 rows, 2 columns, 3 channels, counted as in Keras: -1 is the last.

    >>> as_axes(-1), as_axes([1, 2])
    ((3,), (1, 2))
    """
    given = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    found = tuple(sorted({axis % 4 if isinstance(axis, int) else 0 for axis in given}))
    if not found or 0 in found or any(not -3 <= axis <= 3 for axis in given):
        raise ValueError(f"axes must be of 1 (rows), 2 (columns), 3 or -1 (channels), got {value!r}; try -1")
    return found


def elements_along(x: Tensor, axis: tuple[int, ...]) -> Size:
    """How many elements of a map lie along these axes.

    >>> elements_along(Tensor(8, 6, 4), (1, 3))
    32
    """
    return exact(sp.Mul(*((x.height, x.width, x.channels)[one - 1] for one in axis)))
