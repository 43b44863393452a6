"""``collapse_upsampling``: compute each nearest Resize and its Conv on the small map."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import Any, NamedTuple

from unet_complexity.engineering.collapse import nodes
from unet_complexity.engineering.collapse.files import checked, loaded, name_of, valid_model
from unet_complexity.engineering.collapse.graphs import Edit
from unet_complexity.engineering.collapse.pairs import (
    Pair,
    UnsupportedError,
    is_upsampling,
    pair_of,
)
from unet_complexity.engineering.collapse.rule import AS_WRITTEN, PHASES, TRANSPOSED, arrangement
from unet_complexity.engineering.collapse.values import Values
from unet_complexity.escaping import LONGEST_CELL, plain, shortened

ARRANGEMENTS = {PHASES: nodes.phases, TRANSPOSED: nodes.transposed}


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
        names = [shortened(plain(block.name), LONGEST_CELL) for block in self.blocks]
        width = max(map(len, names), default=0)
        lines = zip(names, self.blocks, strict=True)
        return "\n".join(
            f"{name:{width}}  {block.arrangement:10}  {plain(block.why)}" for name, block in lines
        )


def collapse_upsampling(
    model: str | PathLike[str] | Any, arrangement: str | None = None
) -> Collapsed:
    """Return an ONNX model with equal outputs and fewer multiplications, and a block per upsampling.

    A Resize or Upsample is replaced if it repeats rows and columns a whole number of times and one Conv reads
    its output, directly or through a Pad of zeros.  The Conv may have any padding; its strides and dilations
    must be 1 and its weights constant.  Subgraphs (of If, Loop) and local functions stay as they are.  Outputs
    agree to rounding, borders included.

    Args:
        model: a file, or an ``onnx.ModelProto``, which is not changed.
        arrangement: "phases" or "transposed" wherever it fits; by default the rule in
            :mod:`unet_complexity.engineering.collapse.rule` decides.

    Raises:
        TypeError: the model is neither a path nor a ModelProto.
        ValueError: it is not valid, has over 2 GiB, or keeps its weights in another file.

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
        raise ValueError(
            f"arrangement must be one of {', '.join(map(repr, ARRANGEMENTS))} or None, got {arrangement!r}"
        )
    with valid_model(name_of(model)):
        changed = loaded(model)
        values = Values(changed)
        edit = Edit(changed, values)
        blocks = tuple(_blocks(values, edit, arrangement))
        edit.carry_out()
        return Collapsed(checked(changed), blocks)


def _blocks(values: Values, edit: Edit, wanted: str | None) -> Iterator[Block]:
    for resize in filter(is_upsampling, values.graph.node):
        try:
            pair = pair_of(values, resize)
            how, why = _way(pair, values, wanted)
            if how != AS_WRITTEN:
                new, weights = ARRANGEMENTS[how](pair, edit.fresh)
                edit.replace(pair.nodes, new, weights)
        except UnsupportedError as reason:
            how, why = AS_WRITTEN, str(reason)
        yield Block(resize.name or resize.output[0], how, why)


def _way(pair: Pair, values: Values, wanted: str | None) -> tuple[str, str]:
    """Return the wanted arrangement, or the rule's; the other one if that does not fit."""
    filters, channels = pair.weights.shape[:2]
    height, width = (values.shape(pair.nodes[0].input[0]) or [None] * 4)[2:]
    pixels = height * width if isinstance(height, int) and isinstance(width, int) else None
    how, why = (
        (wanted, "as asked")
        if wanted
        else arrangement(channels, filters, pair.kernel, pair.size, pixels)
    )
    fits = {
        AS_WRITTEN: True,
        PHASES: nodes.fits_phases(pair),
        TRANSPOSED: nodes.fits_transposed(pair),
    }
    for way in (how, TRANSPOSED, PHASES):
        if fits[way]:
            return way, why
    raise UnsupportedError(
        f"no way fits factors {pair.size} with padding {pair.before} and {pair.after}"
    )
