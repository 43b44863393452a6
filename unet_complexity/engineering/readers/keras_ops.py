"""Operations of keras.ops, and arithmetic that layers share with them: merging, reshaping, permuting."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any

import sympy as sp

from unet_complexity import layers as L
from unet_complexity.engineering import layers as E
from unet_complexity.engineering.readers.keras_call import (
    Call,
    Handler,
    UnreadableError,
    Value,
    folded,
    places,
)
from unet_complexity.layers.elementwise import ALIASES, OPERATIONS
from unet_complexity.symbols import exact

NAMES = {"absolute": "abs", "exp": "exponential"}  # of Keras's operations: the package's names
DIVIDE = {"TrueDivide": "divide"}


def operation(kind: str) -> Handler | None:
    """How an operation of keras.ops is counted; None if it is unknown."""
    return OPS.get(kind) or (of_one if function_name(kind) in (*OPERATIONS, *ALIASES) else None)


def function_name(kind: str) -> str:
    """The package's name of an elementwise function.

    >>> function_name("HardSigmoid"), function_name("Exp")
    ('hard_sigmoid', 'exponential')
    """
    name = re.sub("(?<=[a-z])(?=[A-Z])", "_", kind).lower()
    return NAMES.get(name, name)


def of_one(call: Call, x: Value) -> Value:
    """A function of each element."""
    return call.run(L.Activation(function_name(call.kind)), x)


def merge(call: Call, *values: Value) -> Value:
    """A merging layer; an input with fewer axes gets axes of 1 behind the batch, as in Keras."""
    own = {"Add": L.Add(), "Multiply": L.Multiply()}
    name = DIVIDE.get(call.kind, call.kind.lower())
    layer = own.get(call.kind) or E.Elementwise(name, inputs=len(values))
    most = max(values, key=lambda value: value.rank)
    full = [(1,) * (most.rank - x.rank) + tuple(x.dims) for x in values]
    dims = tuple(
        next((side for side in sides if side != 1), 1) for sides in zip(*full, strict=True)
    )
    if most.rank <= 3:
        ready = [call.view(x, one, most.order) for x, one in zip(values, full, strict=True)]
        return Value(call.run(layer, *ready).name, dims, most.order)
    groups = _groups(full)
    merged = [tuple(exact(sp.Mul(*(one[i] for i in group))) for group in groups) for one in full]
    ready = [call.view(x, one, "channels_last") for x, one in zip(values, merged, strict=True)]
    return call.view(call.run(layer, *ready), dims, "channels_last")


def _groups(shapes: list[tuple[Any, ...]]) -> list[list[int]]:
    """Neighbouring axes along which the same of several shapes are repeated."""
    axes = range(len(shapes[0]))
    wide = [axis for axis in axes if any(shape[axis] != 1 for shape in shapes)] or [0]
    alike = groupby(wide, lambda axis: [shape[axis] == 1 for shape in shapes])
    groups = [list(group) for _, group in alike]
    if len(groups) > 3:
        raise UnreadableError(f"its inputs are repeated along axes in {len(groups)} groups")
    return groups


def of_two(call: Call, *values: Value) -> Value:
    """Two tensors of as many axes, or one and a number."""
    if len(call.inputs) == 2:
        if len({x.rank for x in values}) > 1:
            raise UnreadableError("its inputs differ in the number of axes")
        return merge(call, *values)
    first, second = (*call.args, *call.kwargs.values())[:2]
    reverse = not isinstance(first, Value)
    number = first if reverse else second
    return call.run(_with_number(call.kind, number, reverse), *values)


def _with_number(kind: str, number: float, reverse: bool) -> L.Layer:
    if kind in ("Maximum", "Minimum"):
        return L.ReLU()  # one comparison
    if kind == "Add":
        return E.Rescaling(1.0, number)
    if kind == "Subtract":
        return E.Rescaling(-1.0, number) if reverse else E.Rescaling(1.0, -number)
    if kind != "Multiply" and reverse:
        raise UnreadableError("it divides a number")
    return E.Rescaling(number if kind == "Multiply" else 1 / number)


def concatenate(call: Call, *values: Value) -> Value:
    """Along one of Keras's axes."""
    if len(values) == 1:
        return values[0]
    order = values[0].order
    ready = [call.view(x, x.dims, order) for x in values]
    (at,) = ready[0].axes(call.config["axis"])
    if any(x.rank != ready[0].rank for x in ready):
        raise UnreadableError("its inputs differ in the number of axes")
    made = call.run(L.Concatenate(places(ready[0], [at])[0]), *ready)
    length = sum(x.dims[at] for x in ready)
    return Value(made.name, (*ready[0].dims[:at], length, *ready[0].dims[at + 1 :]), order)


def reshape(call: Call, x: Value, target: Any) -> Value:
    """The same numbers with other axes, -1 for what is left."""
    if not all(side is None or type(side) is int for side in target):
        said = f"a shape must hold whole numbers, got {target!r}"
        raise ValueError(f"{call.name} ({call.kind}): {said}")
    known = sp.Mul(*(side for side in target if side not in (-1, None)))
    left = exact(sp.Mul(*x.dims) / known)
    dims = tuple(left if side in (-1, None) else side for side in target)
    if sp.Mul(*dims) != sp.Mul(*x.dims) or isinstance(left, sp.Rational):
        raise ValueError(
            f"{call.name} ({call.kind}) ties {call.reading.name} to the size that it was built for: it wants "
            f"{' x '.join(map(str, target))}, got {' x '.join(map(str, x.dims))}; leave out side"
        )
    return call.view(x, dims, call.order if len(dims) == 3 else "channels_last")


def permute(call: Call, x: Value, axes: list[int]) -> Value:
    """A copy with the axes in another order; the channels stay the channels if they stand at an end."""
    if sorted(axes) != list(range(x.rank)):
        raise UnreadableError(f"it permutes the axes {axes}")
    dims = tuple(x.dims[axis] for axis in axes)
    if x.rank > 3:
        return Value(call.run(E.Copy("Permute", folded(dims, "channels_last")), x).name, dims)
    ends = {0: "channels_first", 2: "channels_last"}
    channel = axes.index(0 if x.order == "channels_first" else x.rank - 1)
    order = ends.get(channel, x.order) if x.rank == 3 else "channels_last"
    after = places(Value("", dims, order), range(x.rank))
    turned = dict(zip(after, places(x, axes), strict=True))
    rows, columns, channels = (turned.get(axis, axis) for axis in (1, 2, 3))
    made = call.run(E.Permute((rows, columns, channels)), x)
    return Value(made.name, dims, order)


def multiply_matrices(call: Call, x: Value, y: Value) -> Value:
    """(..., m, k) times (..., k, n); either may be repeated along all leading axes."""
    x, y = (call.view(one, one.dims, "channels_last") for one in (x, y))
    leading = [tuple(one.dims[:-2]) for one in (x, y)]
    if x.rank != y.rank or x.rank < 2:
        raise UnreadableError("its inputs differ in the number of axes")
    if len({*leading, (1,) * (x.rank - 2)}) > 2:
        raise UnreadableError("its inputs differ in the leading axes")
    made = call.run(E.MatMul(), x, y)
    first = leading[0] if set(leading[0]) - {1} else leading[1]
    return Value(made.name, (*first, x.dims[-2], y.dims[-1]))


def reduce(call: Call, x: Value) -> Value:
    """Mean, sum, max or min over axes."""
    if call.config.get("axis") is None:
        raise UnreadableError("it reduces over the batch")
    gone = x.axes(call.config["axis"])
    layer = E.Reduce(call.kind.lower().replace("am", "m"), places(x, gone))
    made = call.run(layer, x)
    if call.config.get("keepdims"):
        dims = tuple(1 if axis in gone else side for axis, side in enumerate(x.dims))
        return Value(made.name, dims, x.order)
    left = tuple(side for axis, side in enumerate(x.dims) if axis not in gone)
    return call.view(made, left, "channels_last")


def squeeze(call: Call, x: Value) -> Value:
    """One axis of 1 less, or all of them."""
    axis = call.config["axis"]
    ones = [i for i, side in enumerate(x.dims) if side == 1]
    gone = ones if axis is None else x.axes(axis)
    if not set(gone) <= set(ones):
        raise UnreadableError(f"its axis {axis} is longer than 1")
    dims = tuple(side for i, side in enumerate(x.dims) if i not in gone)
    return call.view(x, dims, "channels_last")


def expand(call: Call, x: Value) -> Value:
    """One axis of 1 more."""
    (at,) = Value("", (*x.dims, 1)).axes(call.config["axis"])
    return call.view(x, (*x.dims[:at], 1, *x.dims[at:]), "channels_last")


def _gelu(call: Call, x: Value) -> Value:
    if call.config.get("approximate", True):
        raise UnreadableError("it approximates; say approximate=False")
    return of_one(call, x)


def _resize(call: Call, x: Value) -> Value:
    height, width = call.config["size"]
    return call.run(E.Resizing(height, width, call.config["interpolation"]), call.map(x))


OPS: dict[str, Handler] = {
    **dict.fromkeys(
        ("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Maximum", "Minimum"), of_two
    ),
    **dict.fromkeys(("Mean", "Sum", "Max", "Min", "Amax", "Amin"), reduce),
    **dict.fromkeys(("Identity", "StopGradient", "Cast"), lambda call, x: x),
    "DepthToSpace": lambda call, x: call.run(
        L.DepthToSpace(call.config["block_size"]), call.map(x)
    ),
    "SpaceToDepth": lambda call, x: call.run(
        E.SpaceToDepth(call.config["block_size"]), call.map(x)
    ),
    "Squeeze": squeeze,
    "ExpandDims": expand,
    "LeakyRelu": lambda call, x: call.run(L.LeakyReLU(call.config.get("negative_slope", 0.2)), x),
    "Gelu": _gelu,
    "Softmax": lambda call, x: call.run(
        L.Softmax(places(x, x.axes(call.config.get("axis", -1)))), x
    ),
    "Matmul": multiply_matrices,
    "Concatenate": concatenate,
    "Reshape": lambda call, x: reshape(call, x, call.config["newshape"][1:]),
    "Transpose": lambda call, x: permute(call, x, [axis - 1 for axis in call.config["axes"][1:]]),
    "Resize": _resize,
}
