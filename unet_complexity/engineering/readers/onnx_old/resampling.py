"""Operators of ONNX that resample an image: Resize, and Upsample before it."""

from __future__ import annotations

from dataclasses import replace

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import Resizing
from unet_complexity.engineering.readers.onnx_old.arithmetic import exactly, rounded_down
from unet_complexity.engineering.readers.onnx_old.node import Node, Unsupported, operator
from unet_complexity.engineering.readers.onnx_old.values import Shape, Value, shown, sides
from unet_complexity.layers import UpSampling2D
from unet_complexity.symbols import as_expr, as_size, exact

MODES = {"nearest": "nearest", "linear": "bilinear", "bilinear": "bilinear", "cubic": "bicubic"}


@operator("Resize", "Upsample")
def resize(node: Node) -> Value:
    """To other sides, which are given, or as scales of the old ones and rounded down."""
    x = node.given()
    mode = node.text("mode", "nearest")
    said = (
        node.text("keep_aspect_ratio_policy", "stretch"),
        node.text("coordinate_transformation_mode", ""),
    )
    if (
        mode not in MODES
        or node.integer("antialias", 0)
        or said[0] != "stretch"
        or said[1] == "tf_crop_and_resize"
    ):
        raise Unsupported(
            f"with mode {mode}, antialias {node.integer('antialias', 0)}, {said[0]}, {said[1]}"
        )
    shape = new_sides(node, x)
    axes = plane(x, shape)
    old, new = on(axes, x.shape), on(axes, shape)
    times = [
        exact(as_expr(after) / before)
        for after, before in zip(sides(new)[:2], sides(old)[:2], strict=True)
    ]
    whole = all(isinstance(factor, int) for factor in times)
    layer = (
        UpSampling2D((times[0], times[1]), MODES[mode])
        if whole
        else Resizing(new.height, new.width, MODES[mode])
    )
    return node.step(
        layer, shape, x, maps=[replace(old, channels=exact(x.size / as_expr(old.size)))]
    )


def on(axes: tuple[int | None, int], shape: Shape) -> Tensor:
    """Rows and columns of a shape, one channel."""
    rows, columns = axes
    return Tensor(1 if rows is None else shape[rows], shape[columns], 1)


def plane(x: Value, shape: Shape) -> tuple[int | None, int]:
    """The axes of rows and columns, which may change: where they are not known, those that do."""
    rank = len(shape)
    changed = [axis for axis in range(rank) if shape[axis] != x.shape[axis]]
    spatial = [axis for axis in range(1, rank) if axis != rank + x.channels]
    chosen = spatial if len(spatial) in (1, 2) and set(changed) <= set(spatial) else changed
    if len(chosen) not in (1, 2) or 0 in chosen:
        raise Unsupported(f"from {shown(x.shape)} to {shown(shape)}")
    return (None, *chosen)[-2], chosen[-1]


def new_sides(node: Node, x: Value) -> Shape:
    """The shape that a Resize or an Upsample of any opset asks for."""
    axes = [node.axis(axis, len(x.shape)) for axis in node.ints("axes", range(len(x.shape))) or []]
    at = 1 if node.opset < 11 else 2
    scales = (
        node.floats("scales", []) if node.opset < 9 else node.numbers(at) if node.has(at) else []
    )
    sizes = node.numbers(3) if not scales and node.has(3) else []
    if len(scales or sizes) != len(axes):
        raise ValueError(
            f"it needs a scale or a side for each axis, got {scales or sizes} for {shown(x.shape)}"
        )
    shape = list(x.shape)
    for i, axis in enumerate(axes):
        side = sizes[i] if sizes else rounded_down(exact(exactly(scales[i]) * x.shape[axis]))
        shape[axis] = as_size(side, "a side")
    if sizes:
        check_sides(node, x, tuple(shape))
    return tuple(shape)


def check_sides(node: Node, x: Value, shape: Shape) -> None:
    """ValueError where the sides asked for stay what they were, although those that enter are others."""
    entered, left = node.exported(node.reads[0]), node.exported(node.outputs[0])
    if len(entered) == len(left) == len(shape):
        sides = zip(entered, x.shape, left, shape, strict=True)
        stay = any(
            old != now and after == made for old, now, after, made in sides if isinstance(old, int)
        )
    else:
        stay = node.walk.exported is not None and not node.given(3).of_shapes
    if stay:
        raise ValueError(f"its sides {shown(shape)} were written down when the model was exported")
