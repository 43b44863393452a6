"""Operators of ONNX that put the same numbers elsewhere, and those that resample an image."""

from __future__ import annotations

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import Copy, Resizing
from unet_complexity.engineering.readers.onnx.node import (
    Node,
    Row,
    Unsupported,
    fold,
    operator,
    volume,
)
from unet_complexity.layers import Concatenate, Layer, UpSampling2D
from unet_complexity.symbols import Pair, as_expr, exact

MODES = {"nearest": "nearest", "linear": "bilinear", "bilinear": "bilinear", "cubic": "bicubic"}


@operator(
    *("CenterCropPad", "DepthToSpace", "Expand", "Pad", "ReverseSequence", "Slice", "SpaceToDepth"),
    *("Split", "Tile", "Transpose", "Trilu"),
)
def copied(node: Node) -> Row:
    """The same numbers elsewhere, repeated, or some of them."""
    return Row(Copy(node.kind, node.output), [(0, node.only())])


@operator("GatherElements", "GatherND", "ScatterElements", "ScatterND")
def scattered(node: Node) -> Row:
    """Numbers at places, or put there; places and numbers may be known or computed."""
    return Row(
        Copy(node.kind, node.output, inputs=len(node.maps)),
        [(at, node.map(at)) for at in node.maps],
    )


@operator("Gather")
def gather(node: Node) -> Row:
    """Picked out along one axis; of a stored table, such as class embeddings, the elements are params."""
    seen = [(at, node.map(at)) for at in node.maps]
    table = 0 not in node.maps and node.learned(0)
    layer = Copy("Gather", node.output, volume(node.shape(0)) if table else 0, len(seen))
    return Row(layer, seen, [0] if table else (), "operand")


@operator("Concat")
def concat(node: Node) -> Row:
    """Joined along one axis, with at most one stored array."""
    rank, axis = len(node.made), node.axis(1)
    stored = [at for at in range(len(node.inputs)) if at not in node.maps]
    seen = [(at, fold(node.shape(at), node.out_channels)) for at in node.maps]
    if stored:
        learned = [at for at in stored if node.learned(at)]
        params = volume([sum(volume(node.shape(at)) for at in learned)])
        return Row(Copy("Concat", node.output, params, len(seen)), seen, learned, "operand")
    rest = [i for i in range(rank) if i != rank + node.out_channels]
    along = -1 if axis not in rest else 2 if axis == rest[-1] else 1
    return Row(Concatenate(along), seen)


@operator("Resize", "Upsample")
def resize(node: Node) -> Row:
    """To other sides: by whole factors an upsampling, else a resizing."""
    policy = node.get("keep_aspect_ratio_policy", "stretch")
    crop = node.get("coordinate_transformation_mode", "") == "tf_crop_and_resize"
    mode, smooth = node.get("mode", "nearest"), node.get("antialias", 0)
    if mode not in MODES or smooth or policy != "stretch" or crop:
        raise Unsupported(f"with mode {mode}, antialias {smooth}, {policy}, cropping {crop}")
    old, new = planes(node)
    times = [exact(as_expr(b) / a) for a, b in zip(old, new, strict=True)]
    layer: Layer = Resizing(*new, MODES[mode])
    if all(isinstance(factor, int) for factor in times):
        layer = UpSampling2D(tuple(times), MODES[mode])
    return Row(layer, [(0, Tensor(*old, exact(volume(node.shape()) / as_expr(volume(old)))))])


def planes(node: Node) -> tuple[Pair, Pair]:
    """Rows and columns before and behind: where they are not known, the axes that change."""
    shape, rank = node.shape(), len(node.made)
    changed = [axis for axis in range(rank) if shape[axis] != node.made[axis]]
    spatial = [axis for axis in range(1, rank) if axis != rank + node.channels()]
    axes = spatial if len(spatial) in (1, 2) and set(changed) <= set(spatial) else changed
    if len(axes) not in (1, 2) or 0 in axes:
        raise Unsupported(f"from {shape} to {node.made}")
    before, behind = ([1, *(sides[axis] for axis in axes)] for sides in (shape, node.made))
    return (before[-2], before[-1]), (behind[-2], behind[-1])
