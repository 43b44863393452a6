"""Operators of ONNX that put the same numbers elsewhere: copies, of which only the size counts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np
import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.layers import (
    Concatenate,
    Cropping2D,
    DepthToSpace,
    Layer,
    Permute,
    Slice,
    SpaceToDepth,
    UpSampling2D,
    ZeroPadding2D,
)
from unet_complexity.readers.onnx.arithmetic import decided
from unet_complexity.readers.onnx.node import Node, Unsupported, operator
from unet_complexity.readers.onnx.values import (
    MOST_NUMBERS,
    Numbers,
    Shape,
    Value,
    broadcast,
    fold,
    product,
    shown,
    sides,
)
from unet_complexity.symbols import Size, as_size, ceil_div, exact

ENDLESS = 2**31 - 1  # exporters write this, or more, for "to the end"


def copied(
    node: Node, x: Value, shape: Shape, layer: Layer, compute: Callable[[Numbers], Any] | None, seen: Tensor
) -> Value:
    """Input ``x`` moved by ``layer``, which it sees as ``seen``; known numbers are moved by ``compute``."""
    if x.source is None:
        return node.known(shape, compute(x.numbers) if compute and x.numbers is not None else None, x.whole)
    return node.step(layer, shape, x, maps=[seen])


def cut(node: Node, x: Value, shape: Shape, compute: Callable[[Numbers], Any]) -> Value:
    """A part of ``x``: as many rows, columns and channels of it as the part has."""
    if x.source is None:
        return node.known(shape, None if x.numbers is None else compute(x.numbers), x.whole)
    out = fold(shape, x.channels)
    return copied(node, x, shape, Slice(stops=(out.height, out.width, out.channels)), compute, x.map)


@operator("Transpose")
def transpose(node: Node) -> Value:
    """The axes in another order; where only axes of 1 change places, nothing moves."""
    x = node.given()
    rank = len(x.shape)
    perm = node.ints("perm", range(rank)[::-1]) or []
    if sorted(perm) != list(range(rank)):
        raise ValueError(f"perm must put the axes 0 to {rank - 1} in order, got {perm}")
    shape = tuple(x.shape[axis] for axis in perm)
    moving = [axis for axis in perm if x.shape[axis] != 1]
    if x.source is not None and moving == sorted(moving):
        return node.seen(x, shape)
    before, after = sides(x.map), sides(fold(shape, node.channels))
    dims: Any = next((p for p in permutations((1, 2, 3)) if tuple(before[i - 1] for i in p) == after), (1, 2, 3))
    return copied(node, x, shape, Permute(dims), lambda numbers: numbers.transpose(perm), x.map)


@operator("Concat")
def concat(node: Node) -> Value:
    """Joined along one axis."""
    inputs = [node.given(i) for i in range(len(node.inputs))]
    rank = len(node.given().shape)
    axis = node.axis(node.integer("axis", 1), rank)
    others = {x.shape[:axis] + x.shape[axis + 1 :] for x in inputs}
    if len(others) > 1 or any(len(x.shape) != rank for x in inputs):
        raise ValueError(
            f"its inputs must agree but along axis {axis}, got {' and '.join(shown(x.shape) for x in inputs)}"
        )
    length = exact(sum(x.shape[axis] for x in inputs))
    shape = (*inputs[0].shape[:axis], length, *inputs[0].shape[axis + 1 :])
    if node.constant:
        numbers = [x.numbers for x in inputs]
        known = all(n is not None for n in numbers)
        return node.known(shape, np.concatenate(numbers, axis) if known else None)  # type: ignore[arg-type]
    if len(inputs) == 1:
        return node.seen(inputs[0], shape)
    channels = inputs[0].channels
    maps = [fold(x.shape, channels) for x in inputs]
    rest = [i for i in range(rank) if i != rank + channels]
    along = -1 if axis not in rest else 2 if axis == rest[-1] else 1
    return node.step(Concatenate(along), shape, *inputs, maps=maps)


@operator("Split")
def split(node: Node) -> list[Value]:
    """Cut into parts along one axis, each part a copy."""
    x = node.given()
    axis = node.axis(node.integer("axis", 0), len(x.shape))
    parts, side = len(node.outputs), x.shape[axis]
    sizes = node.ints("split", at=1)
    if sizes is None:
        each = ceil_div(side, parts)
        sizes = [each] * (parts - 1) + [exact(side - (parts - 1) * each)]
    if len(sizes) != parts or not decided(exact(sum(sizes) - side) == 0):
        raise ValueError(f"the parts must add up to {side}, got {sizes} for {parts} outputs")
    ends = [exact(sum(sizes[: i + 1])) for i in range(parts)]
    return [
        _part(node, x, axis, exact(end - size), as_size(size, "a part")) for end, size in zip(ends, sizes, strict=True)
    ]


def _part(node: Node, x: Value, axis: int, start: Size, size: Size) -> Value:
    shape = (*x.shape[:axis], size, *x.shape[axis + 1 :])
    return cut(node, x, shape, lambda numbers: numbers.take(range(start, start + size), axis))


@operator("Slice")
def slice_(node: Node) -> Value:
    """From start to end in steps, of some axes; as attributes before opset 10, as inputs since."""
    x = node.given()
    starts, ends = node.ints("starts", at=1), node.ints("ends", at=2)
    if starts is None or ends is None:
        raise ValueError("it needs starts and ends")
    axes = [node.axis(axis, len(x.shape)) for axis in node.ints("axes", range(len(starts)), at=3) or []]
    steps = node.ints("steps", [1] * len(starts), at=4) or []
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise ValueError(
            f"it needs a start, an end and a step other than 0 for each axis, got {starts}, {ends}, {steps}"
        )
    shape = list(x.shape)
    cuts = [slice(None)] * len(shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        shape[axis], cuts[axis] = _length(x.shape[axis], start, end, step), slice(start, end, step)
    if tuple(shape) == x.shape and x.source is not None and min(steps, default=1) > 0:
        return node.seen(x, x.shape)
    if 0 in shape and x.numbers is None:
        raise ValueError(f"something must be left, got {shown(tuple(shape))} of {shown(x.shape)}")
    return cut(node, x, tuple(shape), lambda numbers: numbers[tuple(cuts)])


def _length(side: Size, start: Any, end: Any, step: int) -> Size:
    """How many elements of an axis are taken."""
    if all(isinstance(number, int) for number in (side, start, end)):
        return len(range(*slice(start, end, step).indices(side)))
    first, last = _place(side, start), _place(side, end)
    taken = exact(first - last) if step < 0 else exact(last - first)
    return as_size(ceil_div(taken, abs(step)), "what is left")


def _place(side: Size, at: Any) -> Size:
    """Where an end lies on an axis whose side is a letter, which is taken to be large enough."""
    if isinstance(at, int) and abs(at) >= ENDLESS:
        return side if at > 0 else 0
    return exact(side + at) if sp.sympify(at).could_extract_minus_sign() else at


@operator("Gather")
def gather(node: Node) -> Value:
    """Picked out along one axis, at indices that are known before the network runs."""
    x, indices = node.given(), node.given(1)
    if indices.source is not None:
        raise Unsupported("at places that the network computes")
    axis = node.axis(node.integer("axis", 0), len(x.shape))
    shape = x.shape[:axis] + indices.shape + x.shape[axis + 1 :]
    if x.source is None:
        at = None if x.numbers is None or indices.numbers is None else indices.numbers.astype(int)
        return node.known(shape, None if at is None or x.numbers is None else x.numbers.take(at, axis), x.whole)
    out, count, side = fold(shape), indices.size, x.shape[axis]
    if count == 1:
        return node.step(
            Slice(stops=(out.height, None, None)),
            shape,
            x,
            maps=[Tensor(exact(out.height * side), out.width, out.channels)],
        )
    rest = product(x.shape[:axis] + x.shape[axis + 1 :])
    return node.step(Slice(stops=(None, None, count)), shape, x, maps=[Tensor(rest, 1, side)])


@operator("Expand", "Tile")
def repeat(node: Node) -> Value:
    """Repeated to another shape, or so many times along each axis."""
    x, sizes = node.given(), node.numbers(1)
    if node.kind == "Expand":
        shape = broadcast(x.shape, tuple(as_size(size, "a side") for size in sizes))
    elif len(sizes) == len(x.shape):
        shape = tuple(exact(side * as_size(times, "a repetition")) for side, times in zip(x.shape, sizes, strict=True))
    else:
        raise ValueError(f"it needs a number of repetitions for each axis, got {sizes} for {shown(x.shape)}")
    if shape == x.shape:
        return node.seen(x, shape)
    times = exact(sp.sympify(product(shape)) / x.size)
    return copied(node, x, shape, UpSampling2D((times, 1)), _repeated(shape), Tensor(1, 1, x.size))


def _repeated(shape: Shape) -> Callable[[Numbers], Any]:
    def compute(numbers: Numbers) -> Any:
        return None if product(shape) > MOST_NUMBERS else np.resize(numbers, shape)

    return compute


@operator("Pad")
def pad(node: Node) -> Value:
    """A border around at most two axes, whatever it is filled with; a negative one is cut off."""
    x = node.given()
    rank = len(x.shape)
    pads = node.ints("pads", at=1) if node.opset > 1 else node.ints("paddings")
    axes = [node.axis(axis, rank) for axis in node.ints("axes", range(rank), at=3) or []]
    if pads is None or len(pads) != 2 * len(axes):
        raise ValueError(f"it needs two pads for each axis, got {pads} for {len(axes)} axes")
    for sign, layer in ((1, ZeroPadding2D), (-1, Cropping2D)):
        ends = {axis: (_past(sign, pads[i]), _past(sign, pads[len(axes) + i])) for i, axis in enumerate(axes)}
        x = _framed(node, x, layer, {axis: both for axis, both in ends.items() if both != (0, 0)}, sign)
    return x


def _past(sign: int, pad: Any) -> Size:
    """What a pad adds (sign 1) or cuts off (-1)."""
    pad = exact(sign * pad)
    return 0 if (pad < 0 if isinstance(pad, int) else pad.could_extract_minus_sign()) else pad


def _framed(node: Node, x: Value, layer: type[Any], ends: dict[int, tuple[Size, Size]], sign: int) -> Value:
    if not ends:
        return x
    if len(ends) > 2:
        raise Unsupported("round more than two axes")
    shape = tuple(exact(side + sign * sum(ends.get(axis, (0, 0)))) for axis, side in enumerate(x.shape))
    rows, *columns = sorted(ends)
    rest = product(side for axis, side in enumerate(x.shape) if axis not in ends)
    seen = Tensor(x.shape[rows], x.shape[columns[0]] if columns else 1, rest)
    frame = layer((ends[rows], ends[columns[0]] if columns else (0, 0)))
    return copied(node, x, shape, frame, None, seen)


@operator("DepthToSpace", "SpaceToDepth")
def rearrange(node: Node) -> Value:
    """Channels to pixels, or pixels to channels, in either order of the channels."""
    x, b = node.given(rank=4), as_size(node.integer("blocksize", 0), "blocksize")
    layer: Layer = DepthToSpace(b) if node.kind == "DepthToSpace" else SpaceToDepth(b)
    seen = fold(x.shape, -3)
    out = layer.output(seen)
    return copied(node, x, (x.shape[0], out.channels, out.height, out.width), layer, None, seen)
