"""Which axis of a map are its channels, and how many axes of an input are rows and columns.

A shape alone does not say it: 1 x 64 x 64 x 64.  Convolutions and pools do, whose channels are on axis 1, and from them
it goes, backwards and forwards, along the operators that leave the axes in place, and through transpositions.  Axes are
counted from the end, so that it holds for whatever is broadcast, and for an image without a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from unet_complexity.engineering.readers.onnx.files import Graph, kind_of

WINDOWS = ("Conv", "ConvTranspose", "MaxPool", "AveragePool")
SQUARES = ("DepthToSpace", "SpaceToDepth")
STOPS = frozenset(
    "ArgMax ArgMin Constant ConstantOfShape Einsum Expand Flatten Gather Gemm If Loop Range Reshape Scan Shape Size "
    "Squeeze Tile".split()
)  # their axes are others


class Layout(NamedTuple):
    """The axis of the channels, counted from the end, and the number of axes of rows and columns."""

    channels: int
    spatial: int


def layouts(graph: Graph) -> dict[str, Layout]:
    """Return the layouts of those edges of which operators tell it; an input of four axes has its channels first."""
    found: dict[str, Layout] = {}
    for node in graph.nodes:
        if rank := _rank(node, graph.stored):
            found |= dict.fromkeys((node.input[0], node.output[0]), Layout(1 - rank, rank - 2))
    shapes = {name: tensor.type.tensor_type.shape.dim for name, tensor in graph.inputs.items()}
    images = {name: Layout(-3, 2) for name, dims in shapes.items() if len(dims) == 4}
    for default in ({}, {}, images):
        found = default | found
        for node in (*reversed(graph.nodes), *graph.nodes):
            _pass_on(found, node, graph.stored)
    return found


def _pass_on(found: dict[str, Layout], node: Any, stored: Mapping[str, Any]) -> None:
    """Take the layout of one edge of a node over to the others."""
    kind = kind_of(node)
    if kind == "Transpose":
        _turned(found, node)
    elif kind not in (*STOPS, *WINDOWS):
        edges = [name for name in (*node.input, *node.output) if name and name not in stored]
        known = [found[name] for name in edges if name in found]
        if known and (kind != "MatMul" or known[0].channels == -1):
            for name in edges:
                found.setdefault(name, known[0])


def _turned(found: dict[str, Layout], node: Any) -> None:
    """A layout behind a transposition, or before it."""
    perm = next((list(a.ints) for a in node.attribute if a.name == "perm"), [])
    before, behind = node.input[0], node.output[0]
    for here, there, moved in (
        (before, behind, perm.index),
        (behind, before, perm.__getitem__),
    ):
        if perm and here in found:
            channels, spatial = found[here]
            place = moved(channels % len(perm)) - len(perm)
            found.setdefault(there, Layout(place, spatial))


def _rank(node: Any, stored: Mapping[str, Any]) -> int:
    """The rank of what an operator that slides a window must be given; 0 for others."""
    if kind_of(node) not in WINDOWS:
        return 4 * (kind_of(node) in SQUARES)
    kernels = [len(stored[name].dims) for name in node.input[1:2] if name in stored]
    taps = [2 + len(a.ints) for a in node.attribute if a.name == "kernel_shape"]
    return max([*kernels, *taps], default=0)
