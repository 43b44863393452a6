"""One call of a Keras layer: what goes in, as tensors with Keras's own axes, and how it becomes steps of a network.

Keras's tensors have any number of axes, in either order of the channels; the package's maps are height x width x
channels.  A :class:`Value` keeps the axes of the one and names the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from unet_complexity.cost import Tensor
from unet_complexity.engineering.readers.reading import (
    Reading,
    Shape,
    UnsupportedError,
    fold,
)
from unet_complexity.layers import Layer
from unet_complexity.symbols import Size

ORDERS = {"channels_last": (0, 1, 2), "channels_first": (1, 2, 0)}  # axes of a map's three sizes


class Value(NamedTuple):
    """What a step wrote: its name in the reading, its axes in Keras without the batch, and their order.

    ``dims`` is None behind a layer whose output shape is not known.
    """

    name: str
    dims: Any
    order: str = "channels_last"

    @property
    def rank(self) -> int:
        return len(self.dims)

    @property
    def where(self) -> tuple[int, ...]:
        """The axes that are rows, columns and channels of the map; -1 where there is no such axis of its own."""
        return ORDERS[self.order] if self.rank == 3 else (-1, self.rank - 2, self.rank - 1)

    @property
    def map(self) -> Tensor:
        """The map: an array of fewer axes than three gets ones in front, of more the leading ones merge.

        >>> print(Value("x", (3, 256, 128), "channels_first").map, Value("y", (8, 4, 4, 16)).map)
        256 x 128 x 3 32 x 4 x 16
        """
        return fold(self.dims, self.where[2])

    def axes(self, given: Any) -> list[int]:
        """Keras's axes, counted with the batch, as indices of ``dims``."""
        if given is None:
            raise UnsupportedError("it names no axes")
        given = given if isinstance(given, (list, tuple)) else [given]
        every = [None, *range(self.rank)]
        found = [every[axis] for axis in given]
        if None in found:
            raise UnsupportedError(f"axes {list(given)} of {len(every)}")
        return found

    def places(self, axes: list[int]) -> tuple[int, ...]:
        """Indices of ``dims`` as axes of the map: 1 rows, 2 columns, 3 channels."""
        if not set(axes) <= set(self.where):
            raise UnsupportedError(f"it works along one of the first of {self.rank + 1} axes")
        return tuple(self.where.index(axis) + 1 for axis in axes)

    def made(self, name: str, shape: Tensor) -> Value:
        """What a step writes, as an array of as many axes in the same order."""
        sizes = dict(zip(self.where, shape.shape, strict=True))
        dims = tuple(sizes.get(axis, size) for axis, size in enumerate(self.dims))
        return Value(name, dims, self.order)


@dataclass
class Call:
    """A layer's arguments (``config``), what it is called with (``args``, ``kwargs``), and the steps it becomes."""

    reading: Reading
    order: str  # of the axes, unless the layer says another
    kind: str
    config: dict[str, Any]
    name: str
    args: list[Any]
    kwargs: dict[str, Any]
    shared: bool  # its params were counted at a call before

    def run(
        self,
        layer: Layer,
        *values: Value,
        part: str = "",
        stored: Size | None = None,
        like: Value | None = None,
    ) -> Value:
        """One step; ``part`` names it where the layer is several.  Axes as of the first value, or of ``like``.

        ``stored``: params, in place of the layer's own, that no gradient changes.
        """
        name = f"{self.name}.{part}" if part else self.name
        self.reading.add(
            name,
            layer,
            [value.name for value in values],
            self.block,
            params=0 if self.shared else stored,
            frozen=self.config.get("trainable") is False or stored is not None,
        )
        return (like or values[0]).made(name, self.reading.shapes[name])

    @property
    def block(self) -> str:
        """The model that the layer lies in, or itself."""
        path, _, own = self.name.rpartition("/")
        return path or own

    def view(
        self, x: Value, dims: Shape, order: str = "channels_last", part: str = "reshape"
    ) -> Value:
        """The same numbers with other axes."""
        new = Value(x.name, tuple(dims), order)
        name = self.reading.view(x.name, new.map, f"{self.name}.{part}", self.block)
        return new._replace(name=name)

    def without(self, x: Value, gone: list[int]) -> Value:
        """The same numbers without some axes, which have size 1."""
        return self.view(x, tuple(side for axis, side in enumerate(x.dims) if axis not in gone))

    def as_map(self, x: Value, order: str | None = None) -> Value:
        """``x`` as a map whose channels stand where the layer wants them."""
        if x.rank != 3:
            raise UnsupportedError(f"it wants a map, got {x.rank} axes")
        order = order or self.config.get("data_format") or self.order
        return self.view(x, x.dims, order, "order")
