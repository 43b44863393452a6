"""One node of an ONNX graph as an operator's reader sees it: its inputs with their shapes, its attributes, its step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeAlias

import numpy as np
import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.engineering.readers.limits import MOST_NUMBERS, OF_A_FORMULA, at_most
from unet_complexity.engineering.readers.onnx_old.files import kind_of
from unet_complexity.engineering.readers.onnx_old.inputs import Stated
from unet_complexity.engineering.readers.onnx_old.values import (
    Numbers,
    Shape,
    Value,
    as_objects,
    few,
    product,
    shown,
)
from unet_complexity.engineering.readers.reading import Reading
from unet_complexity.layers import Layer

Reader: TypeAlias = "Callable[[Node], Value | list[Value]]"
OPERATORS: dict[str, Reader] = {}


class Unsupported(Exception):  # noqa: N818 - the walk makes of it what unknown= asks for
    """A known operator in a form that nobody has said how to count."""


def operator(*kinds: str) -> Callable[[Reader], Reader]:
    """Registers what reads these operators of ONNX."""

    def register(function: Reader) -> Reader:
        OPERATORS.update(dict.fromkeys(kinds, function))
        return function

    return register


class Way(Protocol):
    """What a node asks of the way through its graph."""

    reading: Reading
    opset: int
    layout: dict[str, int]
    batch: Any
    exported: dict[str, Stated] | None

    def step(
        self, node: Node, layer: Layer, seen: list[tuple[Value, Tensor]], weights: Sequence[Value]
    ) -> str:
        """Adds a layer; its name."""

    def spend(self, numbers: int) -> None:
        """So many numbers are computed."""


class Node:
    """``inputs``: None where an optional one is left out.  ``name`` is unique in the network."""

    def __init__(self, proto: Any, name: str, inputs: list[Value | None], walk: Way) -> None:
        self.kind, self.name, self.inputs, self.walk = kind_of(proto), name, inputs, walk
        self.opset, self.reads, self.outputs = walk.opset, list(proto.input), list(proto.output)
        self.attributes = {attribute.name: attribute for attribute in proto.attribute}
        self.made = 0

    def has(self, i: int) -> bool:
        """Whether input ``i`` is given."""
        return i < len(self.inputs) and self.inputs[i] is not None

    def given(self, i: int = 0, rank: int | None = None) -> Value:
        """Input ``i``.  ValueError where it is left out, or not of that rank."""
        value = self.inputs[i] if i < len(self.inputs) else None
        if value is None:
            raise ValueError(f"it needs an input {i}, got {len(self.inputs)} inputs")
        if rank is not None and len(value.shape) != rank:
            raise ValueError(f"input {i} must have {rank} axes, got the shape {shown(value.shape)}")
        return value

    def numbers(self, i: int) -> list[Any]:
        """What input ``i`` holds, as a list.  ValueError where that is known only when the model runs."""
        value = self.given(i)
        if value.numbers is None:
            why = (
                "are not stored in the file"
                if value.elsewhere
                else "depend on what the model is given"
            )
            if value.text:
                why = "are words"
            elif value.source is None and not few(value.shape):
                why = f"are more than the {MOST_NUMBERS:,} that are computed ({shown(value.shape)})"
            remedy = "store them in the model, or, where they hang on a letter, read it at numbers, side=256"
            raise ValueError(
                f"the numbers of its input {i} {why}, and a shape hangs on them; {remedy}"
            )
        return list(value.numbers.reshape(-1))

    def ints(
        self, name: str, default: Sequence[int] | None = None, at: int | None = None
    ) -> list[Any] | None:
        """A list of whole numbers: an attribute or, as of some opset, the input ``at``."""
        if at is not None and self.has(at):
            return self.numbers(at)
        value = self._attribute(name, "INTS")
        return list(default) if value is None and default is not None else value

    def integer(self, name: str, default: int) -> int:
        """A whole number."""
        value = self._attribute(name, "INT")
        return default if value is None else int(value)

    def number(self, name: str, default: float) -> float:
        """A number."""
        value = self._attribute(name, "FLOAT")
        return default if value is None else float(value)

    def floats(self, name: str, default: Any) -> list[float]:
        """A list of numbers."""
        value = self._attribute(name, "FLOATS")
        return list(default if value is None else value)

    def tensor(self, name: str) -> Any:
        """A TensorProto."""
        return self._attribute(name, "TENSOR")

    def text(self, name: str, default: str) -> str:
        """A word."""
        value = self._attribute(name, "STRING")
        return default if value is None else value.decode("utf-8", "replace")

    def _attribute(self, name: str, kind: str) -> Any:
        from onnx import AttributeProto, helper

        if name not in self.attributes:
            return None
        attribute = self.attributes[name]
        if attribute.type != getattr(AttributeProto, kind):
            raise ValueError(
                f"its attribute {name!r} must be of the type {kind}; the file is damaged"
            )
        at_most(
            len(attribute.ints) + len(attribute.floats),
            MOST_NUMBERS,
            f"numbers in the attribute {name!r}",
        )
        value = helper.get_attribute_value(attribute)
        return list(value) if kind == "INTS" else value

    def axis(self, value: Any, rank: int) -> int:
        """An axis counted from the front.  ValueError where there is no such axis."""
        if not isinstance(value, int) or not -rank <= value < rank:
            raise ValueError(f"an axis must be from {-rank} to {rank - 1}, got {value}")
        return value % rank

    def must_divide(self, *numbers: Numbers) -> None:
        """The letters in the first numbers are taken to be divided evenly by the second: that becomes a rule."""
        for a, b in np.broadcast(*numbers) if len(numbers) == 2 else ():
            if isinstance(a, sp.Expr) and isinstance(b, int) and b > 0:
                letters = a.as_coeff_Add()[1]
                self.walk.reading.must_be_whole(
                    (-letters if letters.could_extract_minus_sign() else letters) / b
                )

    def known(
        self, shape: Shape, compute: Callable[[], Any] | None = None, whole: bool | None = None
    ) -> Value:
        """A value that is there before the network runs; its numbers are computed if they are few."""
        given = [value for value in self.inputs if value is not None]
        weights = frozenset().union(*(value.weights for value in given))
        whole = bool(given) and given[0].whole if whole is None else whole
        numbers = None
        if compute is not None and few(shape):
            formulas = any(value.of_shapes for value in given)
            self.walk.spend((int(product(shape)) + 1) * (OF_A_FORMULA if formulas else 1))
            numbers = compute()
            numbers = None if numbers is None else as_objects(numbers)
        return Value(
            shape, None, numbers, weights, whole, of_shapes=any(value.of_shapes for value in given)
        )

    def exported(self, name: str) -> Any:
        """The shape that an edge had when the model was exported, where it is read at other sizes; else nothing."""
        return (self.walk.exported or {}).get(name, ())

    @property
    def constant(self) -> bool:
        """Whether all inputs are known before the network runs."""
        return all(value is None or value.source is None for value in self.inputs)

    @property
    def channels(self) -> int:
        """Which axis of the first output they are on, counted from the end."""
        return self.walk.layout.get(self.outputs[0], -1)

    def seen(self, value: Value, shape: Shape) -> Value:
        """The same numbers under another shape: nothing moves."""
        numbers = None if value.numbers is None else value.numbers.reshape(shape)
        return replace(value, shape=shape, numbers=numbers, view=self.name)

    def step(
        self,
        layer: Layer,
        shape: Shape,
        *inputs: Value,
        maps: Sequence[Tensor] = (),
        weights: Sequence[Value] = (),
    ) -> Value:
        """``layer`` runs on ``inputs``, looked at as ``maps``, with these ``weights``; its output has this shape."""
        if self.constant:
            return self.known(shape)
        if any(value.source is None for value in inputs):
            raise Unsupported("of stored numbers")
        maps = maps or [value.map for value in inputs]
        return Value(shape, self.walk.step(self, layer, [*zip(inputs, maps, strict=True)], weights))
