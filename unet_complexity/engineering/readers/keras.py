"""A Keras model becomes a Network: ``from_keras``.

A ``.keras`` file is read as data, without Keras, and no code in it is run; a model in memory says the same data.  Every
shape follows from the package's own layers, so that a model can be read at other sizes, or at a letter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import sympy as sp

from unet_complexity.engineering.readers.keras_call import (
    ORDERS,
    Call,
    UnsupportedError,
    Value,
)
from unet_complexity.engineering.readers.keras_config import (
    Config,
    chained,
    checked_name,
    checked_shape,
    from_file,
    from_live,
    is_model,
    mapped,
    parts,
    tensors,
    triples,
)
from unet_complexity.engineering.readers.keras_layers import counted, handler
from unet_complexity.engineering.readers.limits import (
    DAMAGED,
    MOST_ARGUMENTS,
    MOST_CALLS,
    at_most,
    refusals,
)
from unet_complexity.engineering.readers.reading import Extra, Reading
from unet_complexity.networks import Network
from unet_complexity.symbols import C, N, Size, as_pair, exact


def from_keras(
    model: Any, side: Any = None, unknown: str = "error", extra: Extra | None = None
) -> Network:
    """The network of a Keras 3 model, Functional or Sequential, or of a ``.keras`` file, whose path it may be.

    ``side``: the side of its input, or (rows, columns), numbers or letters, in place of the model's own; what the
    model leaves free is the letter N.  ``unknown``: "error" lists all layers that cannot be counted, "report" leaves
    them out and names them in every view.  ``extra``: how to count them, ``{"Foo": lambda arguments, *inputs: Layer}``
    by class, given the arguments of the model's layer and the shapes that enter it.  With ``side`` the model is read at
    its own size too, which shows whether its weights fit that size only.

    TypeError for a subclassed model, which has no graph; ValueError for a file that holds no model, for unknown
    layers, and where a layer ties the model to other sizes than ``side``.

    >>> from_keras("model.keras", side=512)
    Traceback (most recent call last):
    ValueError: a model is read from a .keras file, got 'model.keras', where there is none; check the path
    """
    if side is not None:
        as_pair(side, "side")
    with refusals("the model"):
        is_path = isinstance(model, (str, PathLike))
        config = from_file(Path(model)) if is_path else from_live(model)
        name = checked_name(config["config"].get("name", "model"))
        recipe = partial(from_keras, model=model, unknown=unknown, extra=extra)

        def read(side: Any) -> Network:
            return _Reader(side, Reading(name, unknown, extra)).network(config, recipe)

        network = read(side)
        if side is not None:
            check_tied(read(None), network)
        return network


def check_tied(own: Network, other: Network) -> None:
    """ValueError if a layer has other weights at another size of the input: they were made for the model's own."""
    built = {step.name: step.cost.params for step in own}
    for step in other:
        params = step.cost.params
        if built.get(step.name, params) != params:
            raise ValueError(
                f"{step.name} ({type(step.layer).__name__}) ties {other.name} to the size that it was built for: it "
                f"has {built[step.name]} params, and would have {params}; leave out side"
            )


def is_functional(entry: Config) -> bool:
    """Return True for a model that is not a chain."""
    return is_model(entry) and entry["class_name"] != "Sequential"


def leading(calls: Iterable[Any], ends: Iterable[Any]) -> deque[Any]:
    """Return the calls that lead to some results; a result is named by its layer and the number of its call."""
    unread = {(entry["name"], number): given for entry, number, _, given in calls}
    read = [*ends]
    for one in read:
        read += [key for key, _ in unread.pop(one[:2], ())]
    return deque(one for one in calls if (one[0]["name"], one[1]) not in unread)


MOST_RESULTS = 16  # of a layer whose results have no shape


class _Reader:
    """Walks through a model's configuration, call by call."""

    def __init__(self, side: Any, reading: Reading) -> None:
        self.given, self.side, self.reading = side, side, reading
        self.first: list[Any] | None = None  # sides of the first map that goes in, in the model
        self.order = "channels_last"
        self.calls = self.arguments = 0
        self.counted: set[int] = set()  # layers whose params are in the count

    def network(self, config: Config, recipe: partial[Network]) -> Network:
        """The whole model.  ValueError where the configuration lacks what Keras 3 writes into it."""
        try:
            said = (one.get("data_format") for one in parts(config) if isinstance(one, dict))
            orders = (one for one in said if one in [*ORDERS])  # by any layer
            self.order = next(orders, self.order)
            written = [value.name for value in self.model(config, "", None)]
            network = self.reading.network(written, partial(recipe, side=self.side))
        except DAMAGED as error:
            raise ValueError(
                f"the configuration of {self.reading.name} is not that of a Keras 3 model ({type(error).__name__}: "
                f"{error}); save it anew with model.save('model.keras')"
            ) from error
        if self.given is not None and self.first is None:
            raise ValueError(
                f"{self.reading.name} is given no map, so it has no side, got side={self.given}; leave it out"
            )
        return network

    def model(self, config: Config, path: str, inputs: list[Value] | None) -> list[Value]:
        """Return a model's outputs.

        A layer runs as soon as its inputs are there; one that leads to no output is left out.

        Calls wait in a queue, at first in the order of the file.  ``inputs``: what a model inside another one is given.
        """
        inside = config["config"]
        inside = chained(inside) if config["class_name"] == "Sequential" else inside
        entries: dict[str, Config] = {}
        queue: deque[Any] = deque()
        said: dict[Any, Any] = {}  # shapes of results, which stand only where they are read
        for entry in inside["layers"]:
            entries[entry["name"]] = entry
            calls = entry.get("inbound_nodes", [])
            self.calls += len(calls) or 1
            at_most(self.calls, MOST_CALLS, "calls of layers")
            for number, call in enumerate(calls):
                self.weigh([call, entry["config"] | {"layers": None}])
                given = tensors(call)
                queue.append((entry, number, call, given))
                for (name, at, i), shape in given:
                    said.setdefault((name, at), {})[i] = shape
        self.weigh([inside["input_layers"], inside["output_layers"]])
        ends = [
            # a file counts the calls of a functional model inside a model from 1, in this one place
            (name, number - (number and is_functional(entries[name])), i)
            for name, number, i in triples(inside["output_layers"])
        ]
        queue = leading(queue, ends)
        found: dict[tuple[str, int, int], Value] = {}
        for i, (name, *_) in enumerate(triples(inside["input_layers"])):
            shape = entries[name]["config"]["batch_shape"]
            found[name, 0, 0] = inputs[i] if inputs else self.input(path + name, shape)
        waiting = 0
        while queue:
            entry, number, call, given = queue.popleft()
            if all(key in found for key, _ in given):
                name = entry["name"]
                sources = [(found[key], shape) for key, shape in given]
                shapes = [*said.get((name, number), {}).values()]
                values = self.call(entry, path, number, call, sources, shapes)
                found |= {(name, number, i): value for i, value in enumerate(values)}
                waiting = 0
                continue
            queue.append((entry, number, call, given))
            waiting += 1
            if waiting == len(queue):
                raise ValueError(
                    f"{self.reading.name} has layers that wait for each other, {entry['name']}; give the whole model"
                )
        return [found[end] for end in ends]

    def weigh(self, given: Any) -> None:
        """ValueError if calls have too many arguments in all, those of their layers included."""
        self.arguments += sum(1 for _ in parts(given))
        at_most(self.arguments, MOST_ARGUMENTS, "arguments of calls")

    def call(
        self, entry: Config, path: str, number: int, call: Config, given: Any, said: list[Any]
    ) -> list[Value]:
        """What one call of a layer, or of a model inside the model, writes.

        ``given``: each tensor that it reads, with the shape that the model says of it; ``said``: those of what it
        writes.
        """
        config, kind = entry["config"], checked_name(entry["class_name"])
        name = path + checked_name(config.get("name", entry["name"]))
        name += f" ({number + 1})" if number else ""
        inputs = [x for x, _ in given]
        if is_model(entry):
            return self.model(entry, f"{name}/", inputs)
        reading, values = self.reading, iter(inputs)
        args, kwargs = mapped([call["args"], call["kwargs"]], lambda _: next(values))
        shared = id(config) in self.counted
        self.counted.add(id(config))
        handle = None if kind in reading.extra else handler(kind, str(entry.get("module")))
        why = "its code is never run" if kind == "Lambda" else ""
        lost = any(x.dims is None for x in inputs)
        try:
            if handle and not lost:
                one = Call(reading, self.order, kind, config, name, args, kwargs, shared)
                return [counted(one, handle, inputs)]
        except UnsupportedError as error:
            why = str(error)
        like, shape = given[0]
        known = not lost and len(said) == 1
        if known and said[0] != shape:  # it holds at the model's own size alone
            like = like._replace(dims=checked_shape(said[0])[1:])
            known = self.given is None and None not in like.dims
        if handle and lost:
            reading.lost.add(name)
        else:
            shape = like.map if known else None
            reading.skip(name, kind, why, shape, [x.name for x in inputs], config)
        made = reading.shape(name)
        count = 1 if made and len(said) > 1 else MOST_RESULTS  # extra= gives one result alone
        return [like.made(name, made) if made else Value(name, None)] * count

    def input(self, name: str, shape: Any) -> Value:
        """What the model is given: its own sizes, or ``side``, or letters where it leaves them free."""
        own: list[Any] = list(checked_shape(shape)[1:])
        free = tuple(axis for axis, size in enumerate(own) if size is None)
        # the channels are on the one axis that is not free, where two are
        order = next((order for order, axes in ORDERS.items() if axes[:2] == free), self.order)
        x = Value(name, own, order)
        rows, columns, channels = x.where
        if x.rank == 3:
            own[rows], own[columns] = self.sides([own[rows], own[columns]])
        dims = [size or (C if axis == channels else N) for axis, size in enumerate(own)]
        x = x._replace(dims=tuple(dims))
        self.reading.input(name, x.map)
        return x

    def sides(self, own: list[Any]) -> Iterator[Size]:
        """The sides of a map that goes in; those of a second one in proportion to the first one's, or its own."""
        given = self.given is not None
        if self.first is None:
            self.first = own
            self.side = as_pair(self.given, "side") if given else tuple(size or N for size in own)
        for size, first, side in zip(own, self.first, self.side, strict=True):
            if size and first:
                yield exact(sp.Rational(size, first) * side)
            elif first and given:
                raise ValueError(
                    f"{self.reading.name} has an input of a fixed size and one of a free size, got side={self.given} "
                    "for the first; build it with the sizes that you want"
                )
            else:
                yield size or (N if first else side)
