"""One call of a Keras layer: what goes in, as tensors with Keras's own axes, and how it becomes steps of a network.

Keras's tensors have any number of axes, in either order of the channels; the package's maps are height x width x
channels.  A :class:`Value` keeps the axes of the one and names the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from inspect import signature
from typing import Any, NamedTuple, Protocol

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.engineering.layers import Reshape
from unet_complexity.engineering.readers.keras_config import Config, Ref, mapped, refs_of
from unet_complexity.engineering.readers.reading import Reading
from unet_complexity.layers import Layer
from unet_complexity.symbols import Size, exact

Dims = tuple[Size, ...]


class UnreadableError(Exception):
    """Why a layer of a known kind cannot be counted."""


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

    def axes(self, given: Any) -> list[int]:
        """Keras's axes, counted with the batch, as indices of ``dims``."""
        given = given if isinstance(given, (list, tuple)) else [given]
        found = [axis - 1 if axis > 0 else axis + self.rank for axis in given]
        if not all(axis and 0 <= at < self.rank for axis, at in zip(given, found, strict=True)):
            raise UnreadableError(f"axes {list(given)} of {self.rank + 1}")
        return found


def sides_of(order: str) -> tuple[int, int]:
    """Where the rows and the columns of a map stand."""
    return (1, 2) if order == "channels_first" else (0, 1)


def folded(dims: Iterable[Size], order: str) -> Tensor:
    """Keras's axes as a map: what has fewer than three gets ones in front, of what has more the leading ones merge.

    >>> print(folded((3, 256, 128), "channels_first"), folded((8, 4, 4, 16), "channels_last"))
    256 x 128 x 3 32 x 4 x 16
    """
    dims = tuple(dims)
    if len(dims) == 3 and order == "channels_first":
        return Tensor(*dims[1:], dims[0])
    *leading, width, channels = (1, 1, *dims)
    return Tensor(exact(sp.Mul(*leading)), width, channels)


def places(x: Value, axes: Iterable[int]) -> tuple[int, ...]:
    """Axes of an array as those of its map: 1 rows, 2 columns, 3 channels."""
    if x.rank == 3 and x.order == "channels_first":
        return tuple((3, 1, 2)[axis] for axis in axes)
    found = tuple(axis + 4 - x.rank for axis in axes)
    if x.rank > 3 and min(found, default=3) < 2:
        raise UnreadableError(f"it works along one of the first of {x.rank + 1} axes")
    return found


def unfolded(x: Tensor, dims: Dims, rank: int, order: str) -> Dims:
    """A map as an array of this many axes; of more than three, the leading ones are those of ``dims``."""
    if rank > 3:
        return (*dims[:-2], x.width, x.channels)
    if rank == 3 and order == "channels_first":
        return (x.channels, x.height, x.width)
    return (x.height, x.width, x.channels)[3 - rank :]


# arguments that change what a layer computes, in a way that is not counted
FORMS = (
    *("lora_rank", "renorm", "rms_scaling", "threshold", "use_gate", "sliding_window"),
    *("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"),
)


class Reader(Protocol):
    """What a call asks of the reader of the whole model."""

    reading: Reading
    order: str
    given: Any


class Call:
    """A layer's arguments (``config``), what it is called with (``args``, ``inputs``), and the steps it becomes."""

    def __init__(
        self,
        reader: Reader,
        entry: Config,
        name: str,
        call: Config,
        values: dict[Ref, Value],
        shared: bool,
    ) -> None:
        self.reading, self.order, self.resized = (
            reader.reading,
            reader.order,
            reader.given is not None,
        )
        self.config, self.name, self.shared = entry["config"], name, shared
        self.kind, self.module = entry["class_name"], str(entry.get("module"))
        refs = list(refs_of(call))
        self.inputs = [values[ref] for ref in refs]
        self.args = mapped(call["args"], lambda ref: values[ref], lambda x: isinstance(x, Ref))
        self.kwargs = mapped(call["kwargs"], lambda ref: values[ref], lambda x: isinstance(x, Ref))
        self.shapes = call.get("shapes", [])
        self.recorded = [ref.shape for ref in refs]
        path, _, own = name.rpartition("/")
        self.block = path or own
        self.frozen = self.config.get("trainable") is False

    def written(self, handler: Callable[[Call], Handler | None]) -> list[Value]:
        """What the layer writes; ``handler`` finds how it is counted."""
        if any(value.dims is None for value in self.inputs):
            return self._lost(known=handler(self) is not None)
        try:
            handle = None if self.kind in self.reading.extra else handler(self)
            if handle is None:
                raise UnreadableError("its code is never run" if self.kind == "Lambda" else "")
            self.check_form(handle)
            out = handle(self, *self.inputs)
            return list(out) if isinstance(out, list) else [out]
        except UnreadableError as error:
            return self._skipped(str(error))

    def check_form(self, handle: Handler) -> None:
        """UnreadableError if the layer has weights, or gets inputs, that are not counted."""
        dtype = self.config.get("dtype")
        if isinstance(dtype, dict) and "Quantized" in str(dtype.get("class_name")):
            raise UnreadableError("it is quantised")
        for name in FORMS:
            if value := self.config.get(name):
                raise UnreadableError(f"with {name}={value}")
        if self.kwargs.get("return_attention_scores"):
            raise UnreadableError("with return_attention_scores=True")
        if any(map(_is_array, flat([self.args, self.kwargs]))):
            raise UnreadableError("it meets an array that the model holds")
        try:
            signature(handle).bind(self, *self.inputs)
        except TypeError:
            raise UnreadableError(f"given {len(self.inputs)} tensors") from None

    def run(
        self,
        layer: Layer,
        *values: Value,
        part: str = "",
        rank: int | None = None,
        order: str | None = None,
    ) -> Value:
        """One step; ``part`` names it where the layer is several.  Axes as of the first value, unless said."""
        name = f"{self.name}.{part}" if part else self.name
        self._check_tied(layer, values)
        self.reading.add(
            name,
            layer,
            [value.name for value in values],
            self.block,
            0 if self.shared else None,
            self.frozen,
        )
        rank, order = rank or values[0].rank, order or values[0].order
        made = self.reading.shape(name)
        return Value(name, made and unfolded(made, values[0].dims, rank, order), order)

    def view(
        self,
        x: Value,
        dims: Dims,
        order: str | None = None,
        part: str = "reshape",
        stored: Size | None = None,
    ) -> Value:
        """The same numbers with other axes; ``stored``: numbers beside them that no gradient changes."""
        order = order or self.order
        shape, name = folded(dims, order), f"{self.name}.{part}"
        if shape == folded(x.dims, x.order) and stored is None:
            return Value(x.name, dims, order)
        while name in self.reading.names:  # of another input of the same layer
            name += " again"
        layer, count = Reshape((shape.height, shape.width, shape.channels)), stored
        if self.shared:
            count = 0
        self.reading.add(name, layer, [x.name], self.block, count, frozen=stored is not None)
        return Value(name, dims, order)

    def map(self, x: Value, order: str | None = None) -> Value:
        """``x`` as a map whose channels stand where the layer wants them."""
        order = order or self.config.get("data_format") or self.order
        if x.rank != 3:
            raise UnreadableError(f"it wants a map, got {x.rank} axes")
        return x if x.order == order else self.view(x, x.dims, order, part="order")

    def _check_tied(self, layer: Layer, values: tuple[Value, ...]) -> None:
        """ValueError where the layer's weights were made for another size than it now gets."""
        if (
            not self.resized
            or len(set(self.recorded)) != 1
            or len(self.recorded[0]) != values[0].rank + 1
        ):
            return
        dims = [
            now if own is None else own
            for own, now in zip(self.recorded[0][1:], values[0].dims, strict=True)
        ]
        own, now = (
            layer.params(folded(dims, values[0].order)),
            layer.params(folded(values[0].dims, values[0].order)),
        )
        if own != now:
            raise ValueError(
                f"{self.name} ({self.kind}) ties {self.reading.name} to the size that it was built for: it has {own} "
                f"params, and would have {now}; leave out side"
            )

    def _skipped(self, why: str) -> list[Value]:
        dims = self._said()
        order = self.inputs[0].order if dims and len(dims) == self.inputs[0].rank else self.order
        output = None if dims is None else folded(dims, order)
        self.reading.skip(
            self.name, self.kind, why, output, [x.name for x in self.inputs], self.config
        )
        made = self.reading.shape(self.name)
        rank = min(len(dims) if dims else self.inputs[0].rank, 3)
        return [Value(self.name, made and unfolded(made, (), rank, order), order)]

    def _said(self) -> Dims | None:
        """The shape that the model says the layer writes, where that holds at any size."""
        if len(self.shapes) != 1 or not self.recorded:
            return None
        shape, entered, x = tuple(self.shapes[0][1:]), tuple(self.recorded[0][1:]), self.inputs[0]
        if shape == entered:
            return tuple(x.dims)
        if None in shape or self.resized:
            return None
        return shape

    def _lost(self, known: bool) -> list[Value]:
        """Placeholder outputs of unknown shape."""
        if known:
            self.reading.lost.add(self.name)
        else:
            self.reading.skip(self.name, self.kind, "", None, [x.name for x in self.inputs])
        return [Value(self.name, None)] * max(len(self.shapes), 16)


def flat(value: Any) -> Iterator[Any]:
    """What stands in nested lists and dicts."""
    if isinstance(value, (list, tuple)) and not isinstance(value, Value):
        for item in value:
            yield from flat(item)
    elif isinstance(value, dict) and "class_name" not in value:
        yield from flat(list(value.values()))
    else:
        yield value


def _is_array(value: Any) -> bool:
    """A NumPy array or a tensor of a backend, in memory or as a file says it."""
    if isinstance(value, dict):
        return value.get("class_name") in ("__numpy__", "__tensor__")
    return hasattr(value, "shape") and hasattr(value, "dtype")


Handler = Callable[..., Any]
