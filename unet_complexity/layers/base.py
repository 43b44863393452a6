"""Common base of all layers: input shapes, an output shape, and a cost of a few named counts.

A layer is one frozen dataclass with Keras's argument names.  It implements ``output`` and overrides those of
``params``, ``macs``, ``macs_in_bounds`` and ``elementwise`` that are not 0.  Memory traffic is the same for all
layers: reads = inputs + params, writes = output.  A view (``is_view``) moves nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import sympy as sp

from unet_complexity.cost import Cost, Rule, Tensor, promises
from unet_complexity.symbols import Size, exact

MAY_BE_ZERO = ("padding", "output_padding", "cropping", "starts", "stops", "doublings")


class Layer(ABC):
    """One operation on feature maps.  Subclasses are frozen dataclasses with Keras's argument names.

    Attributes:
        arity: Number of inputs; None for two or more.
        gradient_reads: Activations that the backward pass reads: "inputs", "output", "mask" or "nothing".
        is_view: True if the output is a view of the input (no copy).
    """

    arity: int | None = 1
    gradient_reads: str | None = None
    is_view = False

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
        """Return the rules that letters must obey; none if every size is a number."""
        given = [*lettered(vars(self)), *lettered(inputs)]
        sizes = self.sizes(*inputs)  # computed in any case: it checks shapes
        return promises([*given, *sizes]) if given else ()

    def sizes(self, *inputs: Tensor) -> tuple[Size, ...]:
        """Return sizes that are whole numbers of at least 1 if the counts hold."""
        out = self.output(*inputs)
        return out.height, out.width, out.channels

    def check_inputs(self, *inputs: Any) -> None:
        """Check the number of inputs, and that each is a :class:`Tensor`.  TypeError if not."""
        count = len(inputs)
        if self.arity is None and count < 2:
            raise TypeError(f"{type(self).__name__} takes at least 2 inputs, got {count}")
        if self.arity is not None and count != self.arity:
            noun = "input" if self.arity == 1 else "inputs"
            raise TypeError(f"{type(self).__name__} takes {self.arity} {noun}, got {count}")
        for x in inputs:
            if not isinstance(x, Tensor):
                raise TypeError(
                    f"{type(self).__name__} takes shapes as Tensor(height, width, channels), got {x!r}"
                )

    def normalise_arguments(self, check: Callable[..., Any], *names: str, **options: Any) -> None:
        """Replace each named argument by ``check(value, name, **options)``, its checked and only form."""
        for name in names:
            object.__setattr__(self, name, check(getattr(self, name), name, **options))

    def error(self, rule: str, got: object, advice: str) -> ValueError:
        """Return the error for a broken rule, in the form that all layers use."""
        return ValueError(f"{type(self).__name__}: {rule}, got {got}; {advice}")

    def check_sides(self, height: Size, width: Size, got: str, advice: str) -> None:
        """Raise a ValueError if a side is a number below 1."""
        for side in (height, width):
            if isinstance(side, int) and side < 1:
                raise self.error("something must be left", got, advice)

    def __str__(self) -> str:
        args = (getattr(self, field.name) for field in fields(self))  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(map(str, args))})"


def lettered(value: Any, more: int = 0) -> Iterator[sp.Expr]:
    """Yield the sizes with letters in arguments or shapes.

    An argument that may be 0 is yielded plus one, so that every yielded size is at least 1.

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
    """Return ``value`` if it is one of ``allowed``.  If not, a ValueError lists them."""
    if value not in allowed:
        raise ValueError(
            f"{what} must be one of {', '.join(map(repr, allowed))}, got {value!r}; try {allowed[0]!r}"
        )
    return str(value)


def as_axes(value: Any, what: str = "axes") -> tuple[int, ...]:
    """Return one axis or several as a sorted tuple: 1 rows, 2 columns, 3 or -1 channels, as in Keras.

    >>> as_axes(-1), as_axes([1, 2])
    ((3,), (1, 2))
    """
    given = value if isinstance(value, (tuple, list)) else (value,)
    found: set[int] = set()
    for axis in given:
        if not isinstance(axis, int) or axis == 0 or not -3 <= axis <= 3:
            found.clear()
            break
        found.add(axis % 4)
    if not found:
        raise ValueError(
            f"axes must be of 1 (rows), 2 (columns), 3 or -1 (channels), got {value!r}; try -1"
        )
    return tuple(sorted(found))


def elements_along(x: Tensor, axes: tuple[int, ...]) -> Size:
    """Return the number of elements of a feature map along these axes.

    >>> elements_along(Tensor(8, 6, 4), (1, 3))
    32
    """
    sides = (x.height, x.width, x.channels)
    return exact(sp.Mul(*(sides[axis - 1] for axis in axes)))
