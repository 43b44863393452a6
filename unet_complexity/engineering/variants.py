"""What would I change: the same network with one size moved, beside the network as it is.

A move is a change of the arguments that built the network, such as ``{"base_filters": 32}``; ``batch`` and ``dtype``
can be moved too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from unet_complexity.engineering.fits import footprint
from unet_complexity.engineering.roofline import Machine, roofline
from unet_complexity.networks import Network
from unet_complexity.tables import Table

Moves = Mapping[str, Mapping[str, Any]]  # by the words of a row
KEYS = ("variant", "moved", "macs", "params", "peak_bytes", "microseconds")
HALF = {"float64": "float32", "float32": "float16", "float16": "int8", "bfloat16": "int8"}
FIXED = "A file fixes widths, kernels and depth: only the side, the batch and the number type move."


class Variants(NamedTuple):
    """A row for each move, with its share of the network as it is, and notes on what cannot be moved."""

    table: Table
    notes: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([str(self.table), *self.notes])

    def data(self) -> dict[str, Any]:
        """Return the rows by the names in KEYS."""
        *rows, as_it_is = (
            dict(zip(KEYS, row, strict=False)) for row in (*self.table.rows, self.table.total)
        )
        return {
            "setting": self.table.title,
            "rows": rows,
            "as_it_is": as_it_is,
            "notes": self.notes,
        }


def variants(
    network: Network,
    moves: Moves | None = None,
    machine: Machine | None = None,
    batch: int = 1,
    dtype: str = "float32",
    fused: bool = False,
) -> Variants:
    """Return what a network costs with one size moved.

    Args:
        network: A whole network with numbers as sizes.
        moves: Changed arguments of each row; by default those of :func:`usual_moves`.
        machine: A machine; each row then has the least time of a batch.
        batch: Images that run together.
        dtype: Type of all numbers.
        fused: As for :func:`~unet_complexity.engineering.roofline.roofline`.

    Raises:
        ValueError: A size is a letter, a layer is not counted, or the network is only a part.

    Example:
        >>> from unet_complexity import pix2pix_unet
        >>> found = variants(pix2pix_unet(256, 3), {"half the width": {"base_filters": 32}})
        >>> found.table.rows[0][2:], found.table.total[2:]
        ((4588568576, 10473379, 62864908), (18052284416, 41843331, 209316364))
    """
    if network.missing or network.recipe is None:
        raise ValueError(
            f"variants need a whole network with every layer counted, got {network.heading}"
        )

    def row(name: str, move: Mapping[str, Any]) -> tuple[Any, ...]:
        sizes = dict(move)
        images, kind = sizes.pop("batch", batch), sizes.pop("dtype", dtype)
        moved = network.recipe(**sizes) if network.recipe and sizes else network
        total = moved.total()
        cells = [total.macs, total.params, footprint(moved, False, images, kind).peak]
        if machine:
            cells.append(1e6 * roofline(moved, machine, kind, images, fused).seconds)
        words = ", ".join(f"{argument}={value}" for argument, value in move.items())
        return name, words, *cells

    as_it_is = row("as it is", {})
    fixed = "base_filters" not in network.recipe.keywords
    rows, notes = [], [FIXED] if fixed else []
    for name, move in (usual_moves(network, batch, dtype) if moves is None else moves).items():
        try:
            rows.append(row(name, move))
        except ValueError as error:
            notes.append(f"Not possible: {name}, since {error}")
    title = f"{network.heading}, batch {batch}, {dtype}; MACs of one image, memory of inference"
    header = ("variant", "moved", "MACs", "parameters", "peak, bytes", "at least, µs")
    table = Table(title, header[: len(as_it_is)], tuple(rows), as_it_is)
    return Variants(table, tuple(notes))


def usual_moves(network: Network, batch: int = 1, dtype: str = "float32") -> Moves:
    """Return the moves that the arguments of a network allow.

    Args:
        network: A whole network with numbers as sizes.
        batch: Images that run together.
        dtype: Type of all numbers.

    Example:
        >>> from unet_complexity import pix2pix_unet
        >>> [*usual_moves(pix2pix_unet(256, 3))][:3]
        ['half the width', 'one level less', '3 x 3 for 4 x 4 kernels']
    """
    given = network.recipe.keywords if network.recipe else {}
    moves: dict[str, dict[str, Any]] = {}
    if "base_filters" in given:
        k = given["kernel_size"]
        moves["half the width"] = {"base_filters": given["base_filters"] // 2}
        moves["one level less"] = {"depth": given["depth"] - 1}
        moves[f"{k - 1} x {k - 1} for {k} x {k} kernels"] = {"kernel_size": k - 1}
    match given.get("up"):
        case "transpose":
            moves["upsampling + convolution for transposed ones"] = {"up": "upsample"}
        case "upsample":
            moves["transposed convolutions for upsampling"] = {"up": "transpose"}
    rows, columns = next(iter(network.inputs.values())).sides
    moves["half the side"] = {"side": (rows // 2, columns // 2)}
    moves["twice the side"] = {"side": (rows * 2, columns * 2)}
    moves["twice the batch"] = {"batch": 2 * batch}
    if dtype in HALF:
        moves[f"{HALF[dtype]} for {dtype}"] = {"dtype": HALF[dtype]}
    return moves
