"""``collapse_upsampling``: compute each upsampling that repeats, and its Conv, on the small map."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from unet_complexity.engineering.collapse import rule
from unet_complexity.engineering.collapse.files import Source, checked, loaded, valid_model
from unet_complexity.engineering.collapse.graph import Graph, NotCollapsedError
from unet_complexity.engineering.collapse.nodes import phases, transposed
from unet_complexity.engineering.collapse.pairs import LAYOUT, Pair, pair_of
from unet_complexity.engineering.collapse.repeating import repeating
from unet_complexity.engineering.collapse.rule import AS_WRITTEN, PHASES, TRANSPOSED
from unet_complexity.engineering.readers.onnx.files import kind_of
from unet_complexity.escaping import LONGEST_CELL, one_line, plain, shortened
from unet_complexity.symbols import are_numbers

ARRANGEMENTS = {PHASES: phases, TRANSPOSED: transposed}


class Block(NamedTuple):
    """How the convolution after one Resize (or Upsample) is computed now, and why."""

    name: str
    arrangement: str
    why: str


class Collapsed(NamedTuple):
    """The equivalent ``model`` and a block per upsampling, each a line when printed."""

    model: Any
    blocks: tuple[Block, ...]

    @property
    def replaced(self) -> int:
        """Number of blocks that are no longer computed as written."""
        return sum(block.arrangement != AS_WRITTEN for block in self.blocks)

    def __str__(self) -> str:
        from tabulate import tabulate

        rows = [
            (shortened(plain(name), LONGEST_CELL), how, plain(why))
            for name, how, why in self.blocks
        ]
        return str(tabulate(rows, tablefmt="plain", disable_numparse=True))


def collapse_upsampling(model: Source, arrangement: str | None = None) -> Collapsed:
    """Return an ONNX model with equal outputs and fewer multiplications, and a block per upsampling.

    A Resize or Upsample is replaced if it repeats rows and columns a whole number of times and one Conv reads
    its output, directly or through a Pad of zeros; so are an Expand and a Reshape, as Keras exports ``UpSampling2D``,
    and a Transpose after them.  The Conv may have any padding; its strides and dilations must be 1 and its weights
    constant.  Subgraphs (of If, Loop) and local functions stay.  Outputs agree to rounding, borders included.

    Args:
        model: A file, or an ``onnx.ModelProto``, which is not changed.
        arrangement: "phases" or "transposed" wherever it fits; by default the rule in
            :mod:`unet_complexity.engineering.collapse.rule` decides.

    Raises:
        TypeError: The model is neither a path nor a ModelProto.
        ValueError: It is not valid, has over 2 GiB, or keeps its weights in another file.

    Example:
        >>> from onnx import parser
        >>> text = '''<ir_version: 8, opset_import: ["" : 17]> net (float[1, 99, 32, 32] x) => (float[1, 2, 64, 64] y)
        ... <float[4] s = {1, 1, 2, 2}, float[2, 99, 1, 2] w = {WEIGHTS}> {
        ...     u = Resize <mode = "nearest"> (x, , s)
        ...     y = Conv <auto_pad = "SAME_UPPER"> (u, w) }'''
        >>> collapsed = collapse_upsampling(parser.parse_model(text.replace("WEIGHTS", ", ".join("1" * 396))))
        >>> print(collapsed, [node.op_type for node in collapsed.model.graph.node])
        u  transposed  2 filters for 99 channels: one call that never writes the large map ['ConvTranspose']
    """
    if arrangement not in (None, *ARRANGEMENTS):
        allowed = ", ".join(map(repr, ARRANGEMENTS))
        raise ValueError(f"arrangement must be one of {allowed} or None, got {arrangement!r}")
    with valid_model(model):
        changed = loaded(model)
        graph = Graph(changed)
        nodes = changed.graph.node
        inner = {repeating(graph, node)[0] for node in nodes}  # rows, repeated again for columns
        blocks = []
        for node in nodes:
            repeats = repeating(graph, node)[0] and node.output[0] not in inner
            if kind_of(node) in ("Resize", "Upsample") or repeats:
                blocks.append(_block(graph, node, arrangement))
        graph.carry_out()
        return Collapsed(checked(changed), tuple(blocks))


def _block(graph: Graph, resize: Any, wanted: str | None) -> Block:
    from onnx.helper import make_node

    name = resize.name or resize.output[0]
    try:
        pair = pair_of(graph, resize)
        how, why = (wanted, "as asked") if wanted else _advice(pair, graph)
        if how == AS_WRITTEN:
            raise NotCollapsedError(why)
        before = []
        if pair.axes != LAYOUT:
            small = graph.fresh(f"{pair.source}/transposed")
            before = [make_node("Transpose", [pair.source], [small], small, perm=pair.axes)]
            pair = pair._replace(source=small)
        for way in (how, TRANSPOSED, PHASES):  # the other one if that does not fit
            if new := ARRANGEMENTS[way](pair, graph):
                graph.replace(pair.conv, [*before, *new])
                return Block(name, way, why)
        first, last = map(tuple, pair.pads.tolist())
        why = f"no way fits factors {pair.size} with padding {first} and {last}"
    except NotCollapsedError as reason:
        why = one_line(str(reason))
    return Block(name, AS_WRITTEN, why)


def _advice(pair: Pair, graph: Graph) -> tuple[str, str]:
    filters, channels, *kernel = pair.weights.shape
    shape = graph.shapes[pair.source]
    sides: list[Any] = [shape[axis] for axis in pair.axes[2:]]
    pixels = prod(sides) if are_numbers(*sides) else None
    return rule.arrangement(channels, filters, kernel, pair.size, pixels)
