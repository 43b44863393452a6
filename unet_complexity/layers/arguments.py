"""A layer's arguments: the type of a field says how its value is checked and what form it then has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.symbols import Pair, Size, Sizes, as_pair, as_size, one_of

SizeFromZero: TypeAlias = Annotated[Any, "a size of at least 0, or None"]
SizesFromZero: TypeAlias = Annotated[Any, "once checked, a Pair of sizes of at least 0, or None"]
Border: TypeAlias = Annotated[Any, "once checked, ((top, bottom), (left, right))"]
Padding: TypeAlias = Annotated[Any, "once checked, 'same', 'valid' or a border"]


def as_border(value: Any, what: str) -> Border:
    """Return a border as ((top, bottom), (left, right)); Keras also allows one size and (rows, columns).

    >>> as_border((1, 2), "padding")
    ((1, 1), (2, 2))
    """
    both = value if isinstance(value, (tuple, list)) and len(value) == 2 else (value, value)
    return tuple(as_pair(pads, what, at_least=0) for pads in both)


def as_padding(value: Any, what: str = "padding") -> Padding:
    """Return "same", "valid", or a border: the padding of PyTorch and ONNX.

    >>> as_padding("same"), as_padding(1)
    ('same', ((1, 1), (1, 1)))
    """
    if value is None or isinstance(value, str):
        return one_of(what, value, ("same", "valid"))
    return as_border(value, what)


def as_size_from_zero(value: Any, what: str) -> Size | None:
    """Return a size that may be 0, or None if it follows from other arguments."""
    return None if value is None else as_size(value, what, at_least=0)


def as_pair_from_zero(value: Any, what: str) -> Pair | None:
    """Return (rows, columns), each of which may be 0, or None if they follow from other arguments."""
    return None if value is None else as_pair(value, what, at_least=0)


# by the type, and by its name: "from __future__ import annotations" makes types text
CHECKS: dict[Any, Any] = {
    Size: as_size,
    Sizes: as_pair,
    SizeFromZero: as_size_from_zero,
    SizesFromZero: as_pair_from_zero,
    Border: as_border,
    Padding: as_padding,
    "Size": as_size,
    "Sizes": as_pair,
    "SizeFromZero": as_size_from_zero,
    "SizesFromZero": as_pair_from_zero,
    "Border": as_border,
    "Padding": as_padding,
}
FROM_ZERO = (as_size_from_zero, as_pair_from_zero, as_border, as_padding)


def lettered(value: Any, kind: Any = Size) -> Iterator[sp.Expr]:
    """Yield the sizes with letters in a size, a shape, or tuples and lists of them.

    If ``kind``, the type of an argument, allows 0, they are yielded plus one: each is then at least 1.

    >>> from unet_complexity.symbols import N, c
    >>> list(lettered([(1, N / 2), Tensor(N, 8, c)])), list(lettered((1, N), Padding))
    ([N/2, N, c], [N + 1])
    """
    if isinstance(value, sp.Expr) and value.free_symbols:
        yield value + int(CHECKS.get(kind) in FROM_ZERO)
    elif isinstance(value, Tensor):
        yield from lettered(value.shape)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from lettered(item, kind)
