"""Operators of ONNX that put the same numbers elsewhere, and those that resample an image."""

from __future__ import annotations

from unet_complexity.engineering.layers import Copy, Resizing
from unet_complexity.engineering.readers.onnx.node import (
    Node,
    Row,
    Unsupported,
    fold,
    operator,
    shown,
    sides,
    volume,
)
from unet_complexity.layers import Concatenate, UpSampling2D
from unet_complexity.symbols import as_expr, exact

MODES = {"nearest": "nearest", "linear": "bilinear", "bilinear": "bilinear", "cubic": "bicubic"}


@operator(
    *("CenterCropPad", "DepthToSpace", "Expand", "Pad", "ReverseSequence", "Slice", "SpaceToDepth"),
    *("Split", "Tile", "Transpose", "Trilu"),
)
def copied(node: Node) -> Row:
    """The same numbers elsewhere, repeated, or some of them."""
    return Row(Copy(node.kind, node.output), [(0, node.only())])


@operator("Gather", "GatherElements", "GatherND", "ScatterElements", "ScatterND")
def picked(node: Node, *stored: int) -> Row:
    """Numbers at places, or put there; of a stored table, such as class embeddings, the elements are params."""
    table = [0] * (0 not in node.maps and node.learned(0)) if node.kind == "Gather" else stored
    params = exact(sum(volume(node.shape(at)) for at in table))
    seen = [(at, node.map(at)) for at in node.maps]
    return Row(Copy(node.kind, node.output, params, len(seen)), seen, table, "operand")


@operator("Concat")
def concat(node: Node) -> Row:
    """Joined along one axis; stored arrays may be params."""
    stored = set(range(len(node.inputs))) - set(node.maps)
    if stored:
        return picked(node, *(at for at in sorted(stored) if node.learned(at)))
    rank, axis = len(node.made), node.axis(1)
    rest = [at for at in range(rank) if at != rank + node.out_channels]
    along = -1 if axis not in rest else 2 if axis == rest[-1] else 1
    return Row(
        Concatenate(along), [(at, fold(node.shape(at), node.out_channels)) for at in node.maps]
    )


@operator("Resize", "Upsample")
def resize(node: Node) -> Row:
    """To other sides: by whole factors an upsampling, else a resizing."""
    shape, made, mode = node.shape(), node.made, node.get("mode", "nearest")
    rank = len(made)
    changed = {at - rank for at, side in enumerate(made) if side != shape[at]}
    channels = next((axis for axis in (node.channels(), 1 - rank) if axis not in changed), -rank)
    crop = "crop" in node.get("coordinate_transformation_mode", "")
    odd = mode not in MODES or node.get("antialias") or crop
    if odd or channels == -rank or -rank in changed or len(changed) > 2:
        raise Unsupported(
            f"with mode {mode}, smoothed, cropped, or from {shown(shape)} to {shown(made)}"
        )
    x, out = fold(shape, channels), fold(made, channels)
    times = [exact(as_expr(b) / a) for a, b in zip(sides(x)[:2], sides(out)[:2], strict=True)]
    if all(isinstance(factor, int) for factor in times):
        return Row(UpSampling2D(tuple(times), MODES[mode]), [(0, x)])
    return Row(Resizing(out.height, out.width, MODES[mode]), [(0, x)])
