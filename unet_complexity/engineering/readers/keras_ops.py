"""How operations of keras.ops are counted, and what layers share with them: merging, reshaping, permuting, slicing."""

from __future__ import annotations

from itertools import pairwise
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
    of_kind,
)
from unet_complexity.engineering.readers.limits import MOST_NUMBERS, at_most
from unet_complexity.symbols import exact

# of one tensor, element by element
FUNCTIONS = {
    "Abs": "abs", "Absolute": "abs", "Cos": "cos", "Elu": "elu", "Erf": "erf", "Exp": "exponential",
    "HardSigmoid": "hard_sigmoid", "HardSilu": "hard_silu", "HardSwish": "hard_silu", "Log": "log",
    "Negative": "negative", "Reciprocal": "reciprocal", "Relu": "relu", "Relu6": "relu6", "Selu": "selu",
    "Sigmoid": "sigmoid", "Silu": "silu", "Sin": "sin", "Softplus": "softplus", "Softsign": "softsign",
    "Sqrt": "sqrt", "Square": "square", "Swish": "silu", "Tanh": "tanh",
}  # fmt: skip
MERGES = {
    "Add": "add",
    "Subtract": "subtract",
    "Multiply": "multiply",
    "Divide": "divide",
    "TrueDivide": "divide",
    "Maximum": "maximum",
    "Minimum": "minimum",
}


def merging(kind: str, inputs: int) -> L.Layer:
    """The layer that merges several maps."""
    own = {"Add": L.Add(), "Multiply": L.Multiply()}
    return own.get(kind) or E.Elementwise(MERGES.get(kind, kind.lower()), inputs=inputs)


REDUCTIONS = {
    "Mean": "mean",
    "Sum": "sum",
    "Max": "max",
    "Min": "min",
    "Amax": "max",
    "Amin": "min",
}


def merge(call: Call, layer: L.Layer, *values: Value) -> Value:
    """Element by element; all in the order of the axes of the first."""
    most = max(values, key=lambda value: value.rank)
    if (
        any(value.rank not in (most.rank, 0) for value in values)
        and most.rank == 3
        and most.order != "channels_last"
    ):
        raise UnreadableError("its inputs differ in the number of axes")
    ready = [
        value if value.rank != 3 or value.order == most.order else call.map(value, most.order)
        for value in values
    ]
    return call.run(layer, *ready, rank=most.rank, order=most.order)


def concatenate(call: Call, axis: int, *values: Value) -> Value:
    """Along one of Keras's axes."""
    if len(values) == 1:
        return values[0]
    ready = [value if value.rank != 3 else call.map(value, values[0].order) for value in values]
    return call.run(L.Concatenate(call.axes(ready[0], axis)[0]), *ready)


def reshape(call: Call, x: Value, target: Any) -> Value:
    """The same numbers with other axes, -1 for what is left."""
    if not all(side is None or type(side) is int for side in target):
        raise ValueError(
            f"{call.name} ({call.kind}): a shape must hold whole numbers, got {target!r}"
        )
    known = sp.Mul(*(side for side in target if side not in (-1, None)))
    left = exact(sp.Mul(*x.dims) / known)
    dims = tuple(left if side in (-1, None) else side for side in target)
    if sp.Mul(*dims) != sp.Mul(*x.dims) or isinstance(left, sp.Rational):
        raise ValueError(
            f"{call.name} ({call.kind}) ties {call.reading.name} to the size that it was built for: it wants "
            f"{' x '.join(map(str, target))}, got {' x '.join(map(str, x.dims))}; leave out side"
        )
    order = call.order if len(dims) == 3 else "channels_last"
    return call.view(x, dims, order)


def permute(call: Call, x: Value, axes: list[int]) -> Value:
    """Keras's axes in another order, a copy; the channels are still the channels if they stand at an end."""
    dims = tuple(x.dims[axis] for axis in axes)
    channel = 0 if x.order == "channels_first" else x.rank - 1
    ends = {0: "channels_first", 2: "channels_last"}
    order = ends.get(axes.index(channel), x.order) if x.rank == 3 else "channels_last"
    shape = folded(dims, order)
    before = folded(x.dims, x.order)
    sides = (before.height, before.width, before.channels)
    turned = [(1, 2, 3), (2, 1, 3), (1, 3, 2), (3, 2, 1), (2, 3, 1), (3, 1, 2)]
    want = (shape.height, shape.width, shape.channels)
    fitting = [one for one in turned if tuple(sides[axis - 1] for axis in one) == want]
    copied = call.run(
        E.Permute(fitting[0] if fitting else (1, 2, 3)), x, part="" if fitting else "permute"
    )
    if fitting:
        return Value(copied.name, dims, order)
    return call.view(Value(copied.name, x.dims, x.order), dims, order, part="axes")


def of_one(call: Call, x: Value) -> Value:
    """A function of each element."""
    return call.run(L.Activation(FUNCTIONS[call.kind]), x)


def of_two(call: Call, *values: Value) -> Value:
    """Two tensors; or one and a number."""
    first, second = (*call.args, *call.kwargs.values())[:2]
    if isinstance(first, Value) and isinstance(second, Value):
        return merge(call, merging(call.kind, 2), first, second)
    number = second if isinstance(first, Value) else first
    if not isinstance(number, (int, float)):
        raise UnreadableError("it meets an array that the model holds")
    return call.run(_with_number(call.kind, number, reverse=not isinstance(first, Value)), *values)


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


def power(call: Call, x: Value, *more: Value) -> Value:
    """A square; nothing else is known."""
    if more or call.args[1:] != [2]:
        raise UnreadableError("its exponent is not 2")
    return call.run(L.Activation("square"), x)


def root_below(call: Call, x: Value) -> Value:
    """1 / sqrt."""
    return call.run(L.Activation("reciprocal"), call.run(L.Activation("sqrt"), x, part="sqrt"))


def _leak(call: Call, x: Value) -> Value:
    return call.run(L.LeakyReLU(call.config.get("negative_slope", 0.2)), x)


def _gelu(call: Call, x: Value) -> Value:
    if call.config.get("approximate", True):
        raise UnreadableError("it approximates; say approximate=False")
    return call.run(L.Activation("gelu"), x)


def _soften(call: Call, x: Value) -> Value:
    return call.run(L.Softmax(call.axes(x, call.config.get("axis", -1))), x)


def multiply_matrices(call: Call, x: Value, y: Value) -> Value:
    """(..., m, k) times (..., k, n)."""
    if x.rank != y.rank or x.dims[:-2] != y.dims[:-2]:
        raise UnreadableError("its inputs differ in the leading axes")
    made = call.run(E.MatMul(), x, y)
    return Value(made.name, made.dims and (*x.dims[:-1], y.dims[-1]), x.order)


def reduce(call: Call, x: Value) -> Value:
    """Mean, sum, max or min over axes."""
    axes = call.config.get("axis")
    if axes is None:
        raise UnreadableError("it reduces over the batch")
    given = axes if isinstance(axes, (list, tuple)) else [axes]
    made = call.run(E.Reduce(REDUCTIONS[call.kind], call.axes(x, given)), x)
    if call.config.get("keepdims"):
        return made
    gone = {axis - 1 if axis > 0 else axis + x.rank for axis in given}
    dims = tuple(side for i, side in enumerate(x.dims) if i not in gone)
    return call.view(made, dims, "channels_last")


def split(call: Call, x: Value) -> list[Value]:
    """Equal parts along one axis, or parts between given places; each a copy."""
    where, (axis,) = call.config["indices_or_sections"], call.axes(x, call.config["axis"])
    side = x.dims[
        call.config["axis"] - 1 if call.config["axis"] > 0 else call.config["axis"] + x.rank
    ]
    if isinstance(where, int):
        at_most(where, MOST_NUMBERS, "parts of a split")
        places: list[Any] = [exact(side * sp.Rational(i, where)) for i in range(where + 1)]
    else:
        places = [0, *where, None]
    return [
        _between(call, x, axis, start, stop, str(i))
        for i, (start, stop) in enumerate(pairwise(places))
    ]


def _between(call: Call, x: Value, axis: int, start: Any, stop: Any, part: str) -> Value:
    starts = tuple(start if at == axis else 0 for at in (1, 2, 3))
    stops = tuple(stop if at == axis else None for at in (1, 2, 3))
    return call.run(E.Slice(starts, stops), x, part=part)


def get_item(call: Call, x: Value) -> Value:
    """x[:, 1:-1, ::2]: slices alone."""
    key = call.args[1] if len(call.args) > 1 else call.kwargs["key"]
    slices = [_slice(one) for one in (key if isinstance(key, list) else [key])]
    if Ellipsis in slices:
        at = slices.index(Ellipsis)
        slices[at : at + 1] = [slice(None)] * (x.rank + 2 - len(slices))
    slices += [slice(None)] * (x.rank + 1 - len(slices))
    if slices[0] != slice(None) or not all(isinstance(one, slice) for one in slices):
        raise UnreadableError("it picks single elements")
    chosen = dict(zip(call.axes(x, list(range(1, x.rank + 1))), slices[1:], strict=True))
    three = [chosen.get(axis, slice(None)) for axis in (1, 2, 3)]
    how = (
        [one.start or 0 for one in three],
        [one.stop for one in three],
        [one.step or 1 for one in three],
    )
    return call.run(E.Slice(*how), x)


def _slice(one: Any) -> Any:
    if isinstance(one, dict) and one.get("class_name") == "__slice__":
        return slice(*(one["config"].get(name) for name in ("start", "stop", "step")))
    return Ellipsis if isinstance(one, dict) and one.get("class_name") == "__ellipsis__" else one


def rearrange(call: Call, x: Value) -> Value:
    """Depth to space and back."""
    return call.run(of_kind(call.kind)(call.config["block_size"]), call.map(x))


def resize(call: Call, x: Value) -> Value:
    """keras.ops.image.resize."""
    if call.config["interpolation"] not in ("nearest", "bilinear", "bicubic"):
        raise UnreadableError(f"its interpolation is {call.config['interpolation']}")
    if any(
        call.config.get(name)
        for name in ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias")
    ):
        raise UnreadableError("it antialiases, or keeps the aspect ratio")
    height, width = call.config["size"]
    return call.run(E.Resizing(height, width, call.config["interpolation"]), call.map(x))


def squeeze(call: Call, x: Value) -> Value:
    """Axes of 1 less, or one more."""
    axis = call.config["axis"]
    if call.kind == "Squeeze":
        gone = [axis - 1 if axis > 0 else axis + x.rank] if isinstance(axis, int) else []
        dims = tuple(
            side for i, side in enumerate(x.dims) if (i not in gone if gone else side != 1)
        )
    else:
        at = axis - 1 if axis > 0 else axis + x.rank + 1
        dims = (*x.dims[:at], 1, *x.dims[at:])
    return call.view(x, dims, "channels_last")


OPS: dict[str, Handler] = {
    **dict.fromkeys(FUNCTIONS, of_one),
    **dict.fromkeys(MERGES, of_two),
    **dict.fromkeys(REDUCTIONS, reduce),
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), rearrange),
    **dict.fromkeys(("Squeeze", "ExpandDims"), squeeze),
    **dict.fromkeys(("Identity", "StopGradient", "Cast"), lambda call, x: x),
    "Power": power,
    "Rsqrt": root_below,
    "LeakyRelu": _leak,
    "Gelu": _gelu,
    "Softmax": _soften,
    "Matmul": multiply_matrices,
    "Concatenate": lambda call, *values: concatenate(call, call.config["axis"], *values),
    "Reshape": lambda call, x: reshape(call, x, call.config["newshape"][1:]),
    "Transpose": lambda call, x: permute(call, x, [axis - 1 for axis in call.config["axes"][1:]]),
    "Split": split,
    "GetItem": get_item,
    "Resize": resize,
}
