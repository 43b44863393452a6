"""Operators of ONNX that take a part of a map: copies, of which the size counts and not where they begin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import Slice
from unet_complexity.engineering.readers.onnx_old.arithmetic import decided
from unet_complexity.engineering.readers.onnx_old.arranging import copied
from unet_complexity.engineering.readers.onnx_old.node import Node, Unsupported, operator
from unet_complexity.engineering.readers.onnx_old.values import (
    Numbers,
    Shape,
    Value,
    fold,
    product,
    shown,
)
from unet_complexity.symbols import Size, as_expr, as_size, ceil_div, exact

ENDLESS = 2**31 - 1  # exporters write this, or more, for "to the end"


def cut(node: Node, x: Value, shape: Shape, compute: Callable[[Numbers], Any]) -> Value:
    """A part of ``x``: as many rows, columns and channels of it as the part has."""
    if x.source is None:
        return copied(node, x, shape, Slice(), compute, x.map)
    out = fold(shape, x.channels)
    return copied(
        node, x, shape, Slice(stops=(out.height, out.width, out.channels)), compute, x.map
    )


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
        _part(node, x, axis, exact(end - size), as_size(size, "a part"))
        for end, size in zip(ends, sizes, strict=True)
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
    axes = [
        node.axis(axis, len(x.shape)) for axis in node.ints("axes", range(len(starts)), at=3) or []
    ]
    steps = node.ints("steps", [1] * len(starts), at=4) or []
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise ValueError(
            f"it needs a start, an end and a step other than 0 for each axis, got {starts}, {ends}, {steps}"
        )
    shape = list(x.shape)
    cuts = [slice(None)] * len(shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        check_end(node, x, axis, end)
        for at in (start, end):
            node.walk.reading.must_be_whole(_room(x.shape[axis], at))
        shape[axis], cuts[axis] = _length(x.shape[axis], start, end, step), slice(start, end, step)
    if tuple(shape) == x.shape and x.source is not None and min(steps, default=1) > 0:
        return node.seen(x, x.shape)
    if 0 in shape and x.numbers is None:
        raise ValueError(f"something must be left, got {shown(tuple(shape))} of {shown(x.shape)}")
    return cut(node, x, tuple(shape), lambda numbers: numbers[tuple(cuts)])


def check_end(node: Node, x: Value, axis: int, end: Any) -> None:
    """ValueError where an end was written down for another side than the axis has now."""
    before = node.exported(node.reads[0])
    side = before[axis] if len(before) == len(x.shape) else x.shape[axis]
    if x.source is None or (node.has(2) and node.given(2).of_shapes) or not isinstance(side, int):
        return
    if side != x.shape[axis] and isinstance(end, int) and 0 < end <= side:
        raise ValueError(
            f"its end {end} was written down for a side of {side}, and here it is {x.shape[axis]}"
        )


def _room(side: Size, at: Any) -> Any:
    """At least 0 where a place lies on the axis, or at its end."""
    if isinstance(side, int) or not isinstance(at, int) or abs(at) >= ENDLESS:
        return 0
    return exact(side - abs(at))


def _length(side: Size, start: Any, end: Any, step: int) -> Size:
    """How many elements of an axis are taken."""
    if all(isinstance(number, int) for number in (side, start, end)):
        return len(range(*slice(start, end, step).indices(side)))
    before, behind = (0, side) if step > 0 else (-1, exact(side - 1))
    first, last = (_place(side, at, before, behind) for at in (start, end))
    taken = exact(first - last) if step < 0 else exact(last - first)
    return as_size(ceil_div(taken, abs(step)), "what is left")


def _place(side: Size, at: Any, before: Size, behind: Size) -> Size:
    """Where an end lies on an axis whose side is a letter, taken to be large enough; the endless ones are clamped."""
    if isinstance(at, int) and abs(at) >= ENDLESS:
        return behind if at > 0 else before
    return exact(side + at) if as_expr(at).could_extract_minus_sign() else at


@operator("Gather")
def gather(node: Node) -> Value:
    """Picked out along one axis, at indices that are known before the network runs."""
    x, indices = node.given(), node.given(1)
    if indices.source is not None:
        raise Unsupported("at places that the network computes")
    axis = node.axis(node.integer("axis", 0), len(x.shape))
    shape = x.shape[:axis] + indices.shape + x.shape[axis + 1 :]
    if x.source is None:
        numbers, at = x.numbers, indices.numbers
        known = (
            None if numbers is None or at is None else lambda: numbers.take(at.astype(int), axis)
        )
        return node.known(shape, known, x.whole)
    out, count, side = fold(shape), indices.size, x.shape[axis]
    if isinstance(count, int) and isinstance(side, int) and count > side:
        raise Unsupported(f"of {count} places, some of them more than once, on an axis of {side}")
    if count == 1:
        return node.step(
            Slice(stops=(out.height, None, None)),
            shape,
            x,
            maps=[Tensor(exact(out.height * side), out.width, out.channels)],
        )
    rest = product(x.shape[:axis] + x.shape[axis + 1 :])
    return node.step(Slice(stops=(None, None, count)), shape, x, maps=[Tensor(rest, 1, side)])
