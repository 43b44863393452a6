"""What would I change: the same network with one size moved, beside the network as it is.

A move is a change of the arguments that built the network, such as ``{"base_filters": 32}``; ``batch`` and ``dtype``
can be moved too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unet_complexity.engineering.fits import footprint
from unet_complexity.engineering.roofline import Machine, roofline
from unet_complexity.networks import Network
from unet_complexity.tables import Table

Moves = Mapping[str, dict[str, Any]]  # by the words of a row
KEYS = ("name", "moved", "macs", "params", "peak_bytes", "microseconds")
HALF = {"float64": "float32", "float32": "float16", "float16": "int8", "bfloat16": "int8"}


def variants(
    network: Network,
    moves: Moves | None = None,
    machine: Machine | None = None,
    batch: int = 1,
    dtype: str = "float32",
    fused: bool = False,
) -> Table:
    """Return a table of what a network costs with one size moved, each row with its share of the network as it is.

    The title names the moves that are not possible, with the reasons.

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
        >>> found.rows[0][2:], found.total[2:]
        ((4626317312, 10468675, 62846220), (18052284416, 41843331, 209316364))
    """
    build = network.recipe
    if network.missing or not build:
        raise ValueError(
            f"variants need a whole network with every layer counted, got {network.heading}"
        )

    def row(name: str, move: dict[str, Any]) -> tuple[Any, ...]:
        sizes = dict(move)
        images = sizes.pop("batch", batch)
        kind = sizes.pop("dtype", dtype)
        moved = build(**sizes) if sizes else network
        words = ", ".join(f"{argument}={value}" for argument, value in move.items())
        total = moved.total()
        memory = footprint(moved, False, images, kind)
        cells = [name, words, total.macs, total.params, memory.peak]
        if machine:
            cells.append(1e6 * roofline(moved, machine, kind, images, fused).seconds)
        return tuple(cells)

    as_it_is = row("as it is", {})
    title = f"{network.heading}, batch {batch}, {dtype}; MACs of one image, memory of inference"
    rows = []
    for name, move in (moves or usual_moves(network, batch, dtype)).items():
        try:
            rows.append(row(name, move))
        except ValueError as error:
            title += f"; {name} is not possible: {error}"
    header = ("variant", "moved", "MACs", "parameters", "peak, bytes", "at least, µs")
    return Table(title, header[: len(as_it_is)], tuple(rows), as_it_is)


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
    built = getattr(network.recipe, "keywords", {})
    given = {**built, "batch": batch, "dtype": dtype}
    image, *_ = network.inputs.values()
    rows, columns = image.sides
    k = given.get("kernel_size", 0)
    half = HALF.get(dtype, dtype)
    moves = {
        "half the width": ("base_filters", given.get("base_filters", 0) // 2),
        "one level less": ("depth", given.get("depth", 0) - 1),
        f"{k - 1} x {k - 1} for {k} x {k} kernels": ("kernel_size", k - 1),
        "upsampling + convolution for transposed ones": ("up", "upsample"),
        "transposed convolutions for upsampling": ("up", "transpose"),
        "half the side": ("side", (rows // 2, columns // 2)),
        "twice the side": ("side", (rows * 2, columns * 2)),
        "twice the batch": ("batch", 2 * batch),
        f"{half} for {dtype}": ("dtype", half),
    }
    changes = {}
    for name, (argument, value) in moves.items():
        if given.get(argument, value) != value:
            changes[name] = {argument: value}
    return changes
