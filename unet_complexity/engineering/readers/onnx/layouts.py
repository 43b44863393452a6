"""Which axis of a map are its channels, and how many axes of an input are rows and columns.

A shape alone does not say it: 1 x 64 x 64 x 64.  Convolutions and pools do, whose channels are on axis 1, and from them
it goes, backwards and forwards, along the operators that leave the axes in place, and through transpositions.  Axes are
counted from the end, so that it holds for whatever is broadcast, and for an image without a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from unet_complexity.engineering.readers.onnx.files import kind_of
from unet_complexity.engineering.readers.onnx.shapes import Edge

WINDOWS = ("Conv", "ConvInteger", "ConvTranspose", "MaxPool", "AveragePool", "QLinearConv")
SQUARES = ("DepthToSpace", "SpaceToDepth")
STOPS = frozenset(
    "ArgMax ArgMin Constant ConstantOfShape Einsum Expand Flatten Gather Gemm If Loop Range Reshape Scan Shape Size "
    "Squeeze Tile".split()
)  # their axes are others
MEETING = frozenset(
    "Add And Concat Div Equal Greater Less Max Mean Min Mod Mul Or Pow Sub Sum Where Xor".split()
)


class Layout(NamedTuple):
    """The axis of the channels, counted from the end, and the number of axes of rows and columns."""

    channels: int
    spatial: int


def layouts(
    nodes: list[Any], stored: Mapping[str, Edge], ranks: Mapping[str, int]
) -> dict[str, Layout]:
    """Return the layouts of those edges of which operators tell it; an input of four axes has its channels first."""
    found: dict[str, Layout] = {}
    for node in nodes:
        rank = _rank(node, stored)
        if rank >= 3:
            found |= dict.fromkeys((*node.input[:1], *node.output[:1]), Layout(1 - rank, rank - 2))
    for _ in range(2):
        for node in reversed(nodes):
            for one in _maps(node, stored):
                _keep(found, one, _moved(node, found.get(node.output[0]), back=True))
        for node in nodes:
            for one in _maps(node, stored):
                for out in node.output:
                    _keep(found, out, _moved(node, found.get(one), back=False))
    for name, rank in ranks.items():
        _keep(found, name, Layout(-3, 2) if rank == 4 else None)
    return found


def _keep(found: dict[str, Layout], name: str, layout: Layout | None) -> None:
    if layout is not None and name:
        found.setdefault(name, layout)


def _rank(node: Any, stored: Mapping[str, Edge]) -> int:
    """The rank of what an operator that slides a window must be given; 0 for others."""
    if kind_of(node) in SQUARES:
        return 4
    if kind_of(node) not in WINDOWS:
        return 0
    kernel = node.input[3 if kind_of(node) == "QLinearConv" else 1 :][:1]
    if kernel and kernel[0] in stored:
        return len(stored[kernel[0]].shape)
    return next((2 + len(a.ints) for a in node.attribute if a.name == "kernel_shape"), 0)


def _maps(node: Any, stored: Mapping[str, Edge]) -> list[str]:
    """The inputs from which the axes go over to the outputs."""
    kind = kind_of(node)
    if kind in STOPS or kind in WINDOWS or not node.output:
        return []
    names = node.input if kind in MEETING else node.input[:1]
    return [name for name in names if name and name not in stored]


def _moved(node: Any, layout: Layout | None, back: bool) -> Layout | None:
    """A layout before or behind a node."""
    if layout is None:
        return None
    if kind_of(node) == "MatMul":
        return layout if layout.channels == -1 else None
    if kind_of(node) != "Transpose":
        return layout
    perm = next((list(a.ints) for a in node.attribute if a.name == "perm"), [])
    rank = len(perm)
    there = {old - rank: new - rank for new, old in enumerate(perm)}
    if back:
        there = {new: old for old, new in there.items()}
    return Layout(there[layout.channels], layout.spatial) if layout.channels in there else None
