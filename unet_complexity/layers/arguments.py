"""A layer's arguments: the type of a field says how its value is checked and what form it then has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.symbols import Size, Sizes, as_pair, as_size

Axes: TypeAlias = Annotated[Any, "once checked, a sorted tuple of 1, 2, 3"]
Border: TypeAlias = Annotated[Any, "once checked, ((top, bottom), (left, right))"]
Padding: TypeAlias = Annotated[Any, "once checked, 'same', 'valid' or a border"]
MAY_BE_ZERO = ("padding", "output_padding", "cropping", "starts", "stops", "doublings")


def one_of(what: str, value: object, allowed: tuple[str, ...]) -> str:
    """Return ``value`` if it is one of ``allowed``.  If not, a ValueError lists them."""
    if value not in allowed:
        raise ValueError(
            f"{what} must be one of {', '.join(map(repr, allowed))}, got {value!r}; try {allowed[0]!r}"
        )
    return str(value)


def as_axes(value: Any, what: str = "axes") -> tuple[int, ...]:
    """Return one axis or several as a sorted tuple: 1 rows, 2 columns, 3 or -1 channels, as in Keras.

    >>> as_axes(-1), as_axes([1, 2])
    ((3,), (1, 2))
    """
    given = value if isinstance(value, (tuple, list)) else (value,)
    if not given or not all(isinstance(axis, int) and 1 <= abs(axis) <= 3 for axis in given):
        raise ValueError(
            f"axes must be of 1 (rows), 2 (columns), 3 or -1 (channels), got {value!r}; try -1"
        )
    return tuple(sorted({axis % 4 for axis in given}))


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


# by the type, and by its name: "from __future__ import annotations" makes types text
CHECKS: dict[Any, Any] = {
    Size: as_size,
    Sizes: as_pair,
    Axes: as_axes,
    Border: as_border,
    Padding: as_padding,
    "Size": as_size,
    "Sizes": as_pair,
    "Axes": as_axes,
    "Border": as_border,
    "Padding": as_padding,
}


def lettered(value: Any, more: int = 0) -> Iterator[sp.Expr]:
    """Yield the sizes with letters in arguments or shapes.

    An argument that may be 0 is yielded plus one, so that every yielded size is at least 1.

    >>> from unet_complexity.symbols import N
    >>> list(lettered({"padding": (1, N), "array": Tensor(N, 8, 3)}))
    [N + 1, N]
    """
    if isinstance(value, sp.Expr) and value.free_symbols:
        yield value + more
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from lettered(item, int(name in MAY_BE_ZERO))
    elif isinstance(value, Tensor):
        yield from lettered(value.shape)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from lettered(item, more)
