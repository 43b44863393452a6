"""Which axis of a map are its channels, and which axes of an input are rows and columns.

A shape alone does not say it: 1 x 64 x 64 x 64.  Convolutions and pools do, whose channels are on axis 1, and from them
it goes, forwards and backwards, along the operators that leave the axes in place, and through transpositions.  Axes are
counted from the end, so that it holds for whatever is broadcast.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from unet_complexity.engineering.readers.onnx_old.files import kind_of

Edges = dict[str, list[tuple[str, Any]]]
WINDOWS = ("Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool")
SQUARES = ("DepthToSpace", "SpaceToDepth")
STOPS = (
    "Reshape Flatten Squeeze Unsqueeze Gemm Einsum Shape Size Gather Expand Tile Constant ConstantOfShape Range ArgMax "
    "ArgMin"
).split()  # their axes are others


def layouts(nodes: Iterable[Any], stored: Mapping[str, Any]) -> dict[str, int]:
    """Of each map that is known to have them: the axis of its channels, counted from the end."""
    edges, found = Edges(), dict[str, int]()
    for node in nodes:
        for one, other, move, back in _links(node, stored):
            edges.setdefault(one, []).append((other, move))
            edges.setdefault(other, []).append((one, back))
        if (rank := _rank(node, stored) or 0) >= 3:
            found |= dict.fromkeys((*node.input[:1], *node.output[:1]), 1 - rank)
    waiting = list(found)
    while waiting:
        name = waiting.pop()
        for other, move in edges.get(name, ()):
            axis = move(found[name])
            if other not in found and axis is not None:
                found[other] = axis
                waiting.append(other)
    return found


def _rank(node: Any, stored: Mapping[str, Any]) -> int | None:
    """The rank of what an operator that slides a window must be given."""
    if kind_of(node) in SQUARES:
        return 4
    if kind_of(node) not in WINDOWS:
        return None
    if len(node.input) > 1 and node.input[1] in stored:
        return len(stored[node.input[1]].dims)
    return next((2 + len(a.ints) for a in node.attribute if a.name == "kernel_shape"), None)


def _links(node: Any, stored: Mapping[str, Any]) -> Iterator[tuple[str, str, Any, Any]]:
    """Pairs of maps between which the axis of the channels goes over, and how it moves there and back."""
    kind = kind_of(node)
    if kind in STOPS or kind in WINDOWS:
        return
    if kind == "Transpose":
        perm = next((list(a.ints) for a in node.attribute if a.name == "perm"), [])
        rank = len(perm)
        there = {old - rank: new - rank for new, old in enumerate(perm)}
        back = {new: old for old, new in there.items()}
        if node.input and node.output:
            yield node.input[0], node.output[0], there.get, back.get
        return
    same = (lambda axis: axis if axis == -1 else None) if kind == "MatMul" else (lambda axis: axis)
    maps = node.input if kind in MEETING else node.input[:1]
    for name in maps:
        if name and name not in stored:
            outputs = node.output[:1] if kind in MEETING else node.output
            yield from ((name, output, same, same) for output in outputs if output)


MEETING = (
    "Add And Concat Div Equal Greater Less Max Mean Min Mod Mul Or Pow Sub Sum Where Xor".split()
)
