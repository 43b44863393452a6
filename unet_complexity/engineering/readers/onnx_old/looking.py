"""Operators of ONNX at which nothing moves: another view of the same numbers, and what shapes are computed from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import sympy as sp

from unet_complexity.engineering.readers.onnx_old.node import Node, Unsupported, operator
from unet_complexity.engineering.readers.onnx_old.values import (
    Shape,
    Value,
    as_objects,
    few,
    product,
    shown,
    stored,
)
from unet_complexity.symbols import Size, as_expr, as_size, ceil_div, exact


@operator("Identity", "Dropout")
def identity(node: Node) -> Value:
    """What came in; at inference a dropout is not there."""
    return node.given()


@operator("Reshape")
def reshape(node: Node) -> Value:
    """0 keeps a side, -1 stands for what is left."""
    x, wanted = node.given(), node.ints("shape", at=1)
    keep = node.integer("allowzero", 0) == 0
    if wanted is None:
        raise ValueError("it needs a shape")
    sides = [
        x.shape[i] if side == 0 and keep and i < len(x.shape) else side
        for i, side in enumerate(wanted)
    ]
    shape = filled(x, sides)
    if x.source is not None:
        check_images(node, wanted, shape)
    return node.seen(x, shape)


def check_images(node: Node, wanted: list[Any], shape: Shape) -> None:
    """ValueError where a shape for several images, or for others than this, may move elements between images."""
    batch, before = node.walk.batch, node.exported(node.outputs[0])
    if isinstance(batch, int) and batch != 1 and not (len(wanted) == 2 and wanted[0] in (0, -1)):
        raise ValueError(
            f"{' x '.join(map(str, wanted))} was written down for {batch} images at once"
        )
    if len(shape) > 2 and before[:1] == (1,) and shape[0] != 1:
        raise ValueError(
            f"of one image it makes several: {shown(shape)}, and {shown(before)} when it was exported"
        )


def filled(x: Value, sides: list[Any]) -> Shape:
    """The sides with what is left in place of a -1.  ValueError where they do not hold as many elements as ``x``."""
    known = product(side for side in sides if side != -1)
    left = exact(sp.expand(as_expr(x.size) / known)) if known != 0 else 0
    free = sum(side == -1 for side in sides)
    if free > 1 or left == 0 or isinstance(left, sp.Rational) or (not free and left != 1):
        raise ValueError(
            f"{shown(x.shape)} cannot be seen as {' x '.join(map(str, sides))}: the elements do not come out even"
        )
    return tuple(as_size(left if side == -1 else side, "a side") for side in sides)


@operator("Flatten")
def flatten(node: Node) -> Value:
    """The axes before ``axis`` as one, and the others as one."""
    x = node.given()
    axis = node.integer("axis", 1)
    axis = len(x.shape) if axis == len(x.shape) else node.axis(axis, len(x.shape))
    return node.seen(x, (product(x.shape[:axis]), product(x.shape[axis:])))


@operator("Squeeze")
def squeeze(node: Node) -> Value:
    """Without the axes of 1, or without those that are named."""
    x, axes = node.given(), node.ints("axes", at=1)
    rank = len(x.shape)
    gone = (
        [i for i in range(rank) if x.shape[i] == 1]
        if axes is None
        else [node.axis(axis, rank) for axis in axes]
    )
    if any(x.shape[axis] != 1 for axis in gone):
        raise ValueError(f"only axes of 1 can be left out, got the axes {gone} of {shown(x.shape)}")
    return node.seen(x, tuple(side for axis, side in enumerate(x.shape) if axis not in gone))


@operator("Unsqueeze")
def unsqueeze(node: Node) -> Value:
    """With more axes of 1."""
    x, axes = node.given(), node.ints("axes", at=1)
    if axes is None:
        raise ValueError("it needs axes")
    rank = len(x.shape) + len(axes)
    new, old = {node.axis(axis, rank) for axis in axes}, list(x.shape)
    if len(new) != len(axes):
        raise ValueError(f"each axis must be named once, got {axes}")
    return node.seen(x, tuple(1 if axis in new else old.pop(0) for axis in range(rank)))


@operator("Shape")
def shape_of(node: Node) -> Value:
    """The sides of a map, as numbers to compute with."""
    shape = node.given().shape
    sides = shape[slice(node.integer("start", 0), node.integer("end", len(shape)))]
    return Value((len(sides),), numbers=as_objects(list(sides)), whole=True, of_shapes=True)


@operator("Size")
def size_of(node: Node) -> Value:
    """How many elements a map has."""
    return Value((), numbers=as_objects(node.given().size), whole=True, of_shapes=True)


@operator("Constant")
def constant(node: Node) -> Value:
    """A number, a list or a tensor that is written into the node."""
    kinds = {
        "value_int": node.integer,
        "value_float": node.number,
        "value_ints": node.ints,
        "value_floats": node.floats,
    }
    for name in node.attributes:
        if name == "value":
            return stored(node.outputs[0], node.tensor("value"))
        if name in kinds:
            numbers = as_objects(kinds[name](name, 0))  # type: ignore[operator]
            return Value(numbers.shape, numbers=numbers, whole="int" in name)
    raise Unsupported(f"with {', '.join(node.attributes) or 'no value'}")


@operator("ConstantOfShape")
def constant_of_shape(node: Node) -> Value:
    """One number, 0 unless said, repeated to a shape."""
    shape = tuple(node.numbers(0))
    value = (
        stored("", node.tensor("value"))
        if "value" in node.attributes
        else Value((1,), numbers=as_objects([0.0]))
    )
    shape = tuple(as_size(side, "a side", 0) for side in shape)
    known = value.numbers is not None and value.size == 1 and few(shape)
    numbers = np.full(shape, value.numbers.flat[0], dtype=object) if known else None  # type: ignore[union-attr]
    return Value(shape, numbers=numbers, whole=value.whole)


@operator("Range")
def range_(node: Node) -> Value:
    """From start to limit in steps of delta."""
    start, limit, delta = (node.numbers(i)[0] for i in range(3))
    if delta == 0:
        raise ValueError("its step must not be 0")
    if all(isinstance(number, int) for number in (start, limit, delta)):
        count: Size = len(range(start, limit, delta))
        numbers = as_objects(list(range(start, limit, delta))) if few((count,)) else None
        return Value((count,), numbers=numbers, whole=True)
    taken = exact(limit - start)
    count = math.ceil(taken / delta) if isinstance(taken, (int, float)) else ceil_div(taken, delta)
    return Value((as_size(count, "a side", 0),), whole=node.given().whole)
