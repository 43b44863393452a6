"""What flows along the edges of an ONNX graph: shapes of any rank, and the numbers that shapes are computed with.

A model computes many of its shapes while it runs: it takes the Shape of a map, picks out two sides, doubles them and
hands them to a Resize.  Here the sides may be letters, so those few numbers are kept as arrays of Python's and SymPy's
objects and computed with exactly (:mod:`unet_complexity.engineering.readers.onnx_old.arithmetic`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.engineering.readers.limits import MOST_AXES, MOST_NUMBERS, at_most
from unet_complexity.symbols import Size, exact

Shape: TypeAlias = tuple[Size, ...]
Numbers: TypeAlias = "np.ndarray[Any, np.dtype[np.object_]]"
OWN = re.compile(r"val_\d+|.*Constant.*")  # what exporters call arrays of their own
MOST_FLOATS = 16  # as many scales as a Resize may have
FLOATS = (
    1,
    10,
    11,
    16,
    17,
    18,
    19,
    20,
    23,
    24,
)  # of TensorProto.DataType: float, float16, double, bfloat16, the 8-bit ones


@dataclass(frozen=True)
class Value:
    """One edge: a map that step ``source`` writes; or, without a source, something known before the network runs.

    ``numbers``: what a known one holds, where shapes may hang on it.  ``weights``: names of the stored
    floating-point arrays that it is made of.  ``whole``: of a whole-number type.  ``channels``: which axis they are
    on, counted from the end.  ``view``: name of the node that gave the shape to numbers that stayed where they were.
    ``elsewhere``: its numbers are not in the file.  ``tensor``: the TensorProto that stores it.  ``of_shapes``: it was
    computed from the shapes of maps, and is another where these are.  ``text``: it holds words, not numbers.
    """

    shape: Shape
    source: str | None = None
    numbers: Numbers | None = None
    weights: frozenset[str] = frozenset()
    whole: bool = False
    channels: int = -1
    elsewhere: bool = False
    view: str = ""
    tensor: Any = None
    of_shapes: bool = False
    text: bool = False

    @property
    def size(self) -> Size:
        """Number of elements."""
        return product(self.shape)

    @property
    def map(self) -> Tensor:
        """The value as layers see it, unless an operator looks at it otherwise."""
        return fold(self.shape, self.channels)


def product(sizes: Iterable[Size]) -> Size:
    """All sizes multiplied, 1 for none.

    >>> product((2, 3)), product(())
    (6, 1)
    """
    sizes = tuple(sizes)
    return (
        math.prod(sizes) if all(isinstance(size, int) for size in sizes) else exact(sp.Mul(*sizes))
    )


def few(shape: Shape) -> bool:
    """Whether an array of this shape is small enough for its numbers to be computed."""
    sides = all(isinstance(side, int) and 0 <= side <= MOST_NUMBERS for side in shape)
    return sides and product(shape) <= MOST_NUMBERS


def fold(shape: Shape, channels: int = -1) -> Tensor:
    """A shape of any rank as a map: ``channels`` says which axis they are on, counted from the end.

    What is left is rows and columns: the last axis the columns, the product of all before it, batch too, the rows.

    >>> print(fold((1, 64, 32, 48), -3), "|", fold((1, 8, 256, 64)), "|", fold((1, 10)), "|", fold(()))
    32 x 48 x 64 | 8 x 256 x 64 | 1 x 1 x 10 | 1 x 1 x 1
    """
    axes = list(shape) or [1]
    last = axes.pop(channels if -len(axes) <= channels else -1)
    return Tensor(product(axes[:-1]), axes[-1] if axes else 1, last)


def broadcast(*shapes: Shape) -> Shape:
    """The shape that these come to, 1 repeated to meet another side.  ValueError where they do not meet.

    >>> broadcast((1, 8, 1, 1), (4, 4))
    (1, 8, 4, 4)
    """
    rank = max(map(len, shapes))
    axes = [
        list(dict.fromkeys(sides))
        for sides in zip(*(aligned(shape, rank) for shape in shapes), strict=True)
    ]
    met = [[side for side in sides if side != 1] or [1] for sides in axes]
    if any(len(sides) > 1 for sides in met):
        raise ValueError(f"the sides must agree or be 1, got {' and '.join(map(shown, shapes))}")
    return tuple(sides[0] for sides in met)


def aligned(shape: Shape, rank: int) -> Shape:
    """The shape with axes of 1 in front, as many as are missing."""
    return (1,) * (rank - len(shape)) + tuple(shape)


def together(shapes: list[Shape], channels: int) -> list[Tensor]:
    """Shapes that are broadcast against each other as maps that are.

    Where the product of the rows hides which axis of one is 1, the axes are sorted by that instead.

    >>> [str(x) for x in together([(2, 3, 4, 5, 5), (2, 1, 4, 5, 5)], -1)]
    ['3 x 200 x 1', '1 x 200 x 1']
    """
    shape = broadcast(*shapes)
    same_rank = [aligned(one, len(shape)) for one in shapes]
    maps = [fold(one, channels) for one in same_rank]
    whole = fold(shape, channels)
    if all(a in (1, b) for x in maps for a, b in zip(sides(x), sides(whole), strict=True)):
        return maps
    axes = [axis for axis, side in enumerate(shape) if side != 1]
    kinds = {axis: tuple(one[axis] == 1 for one in same_rank) for axis in axes}
    groups = list(dict.fromkeys(sorted(kinds.values(), reverse=True)))
    if len(groups) > 3:
        raise ValueError(f"no layer brings these together: {' and '.join(map(shown, shapes))}")
    parts = [[axis for axis in axes if kinds[axis] == kind] for kind in groups] + [[]] * (
        3 - len(groups)
    )
    return [Tensor(*(product(one[axis] for axis in part) for part in parts)) for one in same_rank]


def sides(x: Tensor) -> tuple[Size, Size, Size]:
    """Rows, columns, channels."""
    return x.height, x.width, x.channels


def shown(shape: Shape) -> str:
    """A shape to read.

    >>> shown((1, 3, 8, 8))
    '1 x 3 x 8 x 8'
    """
    return " x ".join(map(str, shape)) or "no axis"


def as_objects(result: Any) -> Numbers:
    """Numbers and letters as an array of objects, also where it has no axis."""
    if isinstance(result, np.ndarray) and result.dtype == object:
        return result
    array = np.empty(np.shape(result), dtype=object)
    array[...] = result
    return array


def stored(name: str, tensor: Any) -> Value:
    """What a TensorProto stores, by its dimensions, and its numbers, where shapes may hang on them.

    ValueError where a dimension is negative, or the numbers are not as many as the dimensions say.
    """
    from onnx import SparseTensorProto, TensorProto

    at_most(len(tensor.dims), MOST_AXES, "axes of a tensor")
    shape = tuple(int(side) for side in tensor.dims)
    if any(side < 0 for side in shape):
        raise ValueError(f"{name!r} must have sides of at least 0, got {shown(shape)}")
    sparse = isinstance(tensor, SparseTensorProto)
    kind = (tensor.values if sparse else tensor).data_type
    whole = kind not in FLOATS
    if kind == TensorProto.STRING:  # words are never numbers, whatever stands beside them
        return Value(shape, text=True)
    elsewhere = (
        sparse
        or tensor.data_location == TensorProto.EXTERNAL
        or (0 not in shape and not held(tensor))
    )
    known = not elsewhere and math.prod(shape) <= (MOST_NUMBERS if whole else MOST_FLOATS)
    numbers = decoded(name, tensor, shape, whole) if known else None
    lone = math.prod(shape) == 1 and (
        not shape or OWN.fullmatch(name)
    )  # the exporter's, such as 1 / sqrt(d)
    weights = frozenset() if whole or lone else frozenset([name])
    return Value(
        shape, None, numbers, weights, whole, elsewhere=elsewhere, tensor=None if sparse else tensor
    )


def held(tensor: Any) -> bool:
    """Whether a TensorProto holds any numbers; some files keep the dimensions of weights alone."""
    return any(
        len(getattr(tensor, f"{kind}_data"))
        for kind in ("raw", "float", "int32", "int64", "double", "uint64")
    )


def decoded(name: str, tensor: Any, shape: Shape, whole: bool) -> Numbers:
    """The numbers of a TensorProto."""
    from onnx import numpy_helper

    try:
        with np.errstate(all="ignore"):
            array = numpy_helper.to_array(tensor)
            return as_objects(array.astype(object if whole else np.float64).tolist()).reshape(shape)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{name!r} does not hold {shown(shape)} numbers ({error}); the file is damaged"
        ) from None


def all_are(value: Value, number: float) -> bool:
    """Whether a stored value holds this number and no other."""
    numbers = value.numbers
    if (
        numbers is None
        and value.tensor is not None
        and not value.elsewhere
        and value.size <= MOST_NUMBERS
    ):
        numbers = decoded("a stored array", value.tensor, value.shape, value.whole)
    return numbers is not None and all(one == number for one in numbers.flat)
