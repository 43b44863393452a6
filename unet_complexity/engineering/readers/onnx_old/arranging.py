"""Operators of ONNX that put the same numbers elsewhere: copies, of which only the size counts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import Permute, SpaceToDepth
from unet_complexity.engineering.readers.onnx_old.node import Node, Unsupported, operator
from unet_complexity.engineering.readers.onnx_old.values import (
    Numbers,
    Shape,
    Value,
    broadcast,
    fold,
    product,
    shown,
    sides,
)
from unet_complexity.layers import (
    Concatenate,
    Cropping2D,
    DepthToSpace,
    Layer,
    UpSampling2D,
    ZeroPadding2D,
)
from unet_complexity.symbols import Size, as_expr, as_size, exact


def copied(
    node: Node,
    x: Value,
    shape: Shape,
    layer: Layer,
    compute: Callable[[Numbers], Any] | None,
    seen: Tensor,
) -> Value:
    """Input ``x`` moved by ``layer``, which it sees as ``seen``; known numbers are moved by ``compute``."""
    if x.source is None:
        return node.known(shape, _on_numbers(compute, x), x.whole)
    return node.step(layer, shape, x, maps=[seen])


def _on_numbers(compute: Callable[[Numbers], Any] | None, x: Value) -> Callable[[], Any] | None:
    """``compute`` of what ``x`` holds, if both are known."""
    numbers = x.numbers
    return None if compute is None or numbers is None else lambda: compute(numbers)


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
    dims: Any = next(
        (p for p in permutations((1, 2, 3)) if tuple(before[i - 1] for i in p) == after), (1, 2, 3)
    )
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
        return node.known(shape, (lambda: np.concatenate(numbers, axis)) if known else None)  # type: ignore[arg-type]
    if len(inputs) == 1:
        return node.seen(inputs[0], shape)
    stored = [x for x in inputs if x.source is None]
    given = [x for x in inputs if x.source is not None]
    channels = given[0].channels
    rest = [i for i in range(rank) if i != rank + channels]
    along = -1 if axis not in rest else 2 if axis == rest[-1] else 1
    if not stored:
        return node.step(
            Concatenate(along), shape, *inputs, maps=[fold(x.shape, channels) for x in inputs]
        )
    if len(inputs) > 2 or axis == 0:
        raise Unsupported("of stored numbers and several maps, or images")
    layer = Concatenate(along, fold(stored[0].shape, channels), learned=bool(stored[0].weights))
    seen = [fold(given[0].shape, channels)]
    return node.step(layer, shape, *given, maps=seen, weights=stored if layer.learned else ())


@operator("Expand", "Tile")
def repeat(node: Node) -> Value:
    """Repeated to another shape, or so many times along each axis."""
    x, sizes = node.given(), node.numbers(1)
    if node.kind == "Expand":
        shape = broadcast(x.shape, tuple(as_size(size, "a side") for size in sizes))
    elif len(sizes) == len(x.shape):
        shape = tuple(
            exact(side * as_size(times, "a repetition"))
            for side, times in zip(x.shape, sizes, strict=True)
        )
    else:
        raise ValueError(
            f"it needs a number of repetitions for each axis, got {sizes} for {shown(x.shape)}"
        )
    if shape == x.shape:
        return node.seen(x, shape)
    times = exact(as_expr(product(shape)) / x.size)
    return copied(
        node,
        x,
        shape,
        UpSampling2D((times, 1)),
        lambda numbers: np.resize(numbers, shape),
        Tensor(1, 1, x.size),
    )


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
        ends = {
            axis: (_past(sign, pads[i]), _past(sign, pads[len(axes) + i]))
            for i, axis in enumerate(axes)
        }
        x = _framed(
            node, x, layer, {axis: both for axis, both in ends.items() if both != (0, 0)}, sign
        )
    return x


def _past(sign: int, pad: Any) -> Size:
    """What a pad adds (sign 1) or cuts off (-1)."""
    pad = exact(sign * pad)
    return 0 if (pad < 0 if isinstance(pad, int) else pad.could_extract_minus_sign()) else pad


def _framed(
    node: Node, x: Value, layer: type[Any], ends: dict[int, tuple[Size, Size]], sign: int
) -> Value:
    if not ends:
        return x
    if len(ends) > 2:
        raise Unsupported("round more than two axes")
    shape = tuple(
        exact(side + sign * sum(ends.get(axis, (0, 0)))) for axis, side in enumerate(x.shape)
    )
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
