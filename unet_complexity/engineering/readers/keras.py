"""A Keras model becomes a Network: ``from_keras``.

Keras is not imported: a model in memory is asked, a ``.keras`` file is read as data, and no code in it is run.  Every
shape follows from the package's own layers, so that a model can be read at other sizes, or at a letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import sympy as sp

from unet_complexity.engineering.readers.keras_call import Call, Value, folded, sides_of
from unet_complexity.engineering.readers.keras_config import (
    Config,
    Ref,
    calls_of,
    check_amount,
    checked_name,
    checked_shape,
    config_of,
    is_model,
    is_nested,
    refs_of,
    triples,
)
from unet_complexity.engineering.readers.keras_layers import handler
from unet_complexity.engineering.readers.limits import refusals
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
    by class, given the arguments of the model's layer and the shapes that enter it.

    TypeError for a subclassed model, which has no graph; ValueError for a file that holds no model, for unknown
    layers, and where a layer ties the model to other sizes than ``side``.

    >>> from_keras("model.keras", side=512)
    Traceback (most recent call last):
    ValueError: a model is read from a .keras file, got 'model.keras', where there is none; check the path
    """
    if side is not None:
        as_pair(side, "side")
    with refusals("the model"):
        config = config_of(model)
        reader = _Reader(
            side, Reading(checked_name(config["config"].get("name", "model")), unknown, extra)
        )
        return reader.network(
            config, partial(from_keras, model=model, unknown=unknown, extra=extra)
        )


Item = tuple[
    Config, int, Config
]  # a layer, the number of one of its calls, and what it is called with


class _Reader:
    """Walks through a model's configuration, call by call."""

    def __init__(self, side: Any, reading: Reading) -> None:
        self.given, self.side, self.reading = side, side, reading
        self.first: list[int | None] | None = (
            None  # sides of the first map that goes in, in the model
        )
        self.order = "channels_last"
        self.clean = {
            "": ""
        }  # of each path of models inside models, the one without the numbers of calls
        self.counted: set[Any] = set()  # layers whose params are in the count

    def network(self, config: Config, recipe: partial[Network]) -> Network:
        """The whole model.  ValueError where the configuration lacks what Keras 3 writes into it."""
        try:
            check_amount(config)
            self.order = next(_orders(config), self.order)
            written = [value.name for value in self.model(config, "", None)]
            network = self.reading.network(written, partial(recipe, side=self.side))
        except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError) as error:
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
        """What a model writes; ``inputs``: what a model inside another one is given."""
        kind, inside = config["class_name"], config["config"]
        walk = self.chain if kind == "Sequential" else self.graph
        return walk(inside, path, inputs)

    def chain(self, inside: Config, path: str, inputs: list[Value] | None) -> list[Value]:
        """Layers one after the other."""
        entries = [entry for entry in inside["layers"] if entry["class_name"] != "InputLayer"]
        first = [entry for entry in inside["layers"] if entry["class_name"] == "InputLayer"]
        if inputs is None:
            shape = first[0]["config"]["batch_shape"] if first else inside.get("build_input_shape")
            if not shape:
                raise ValueError(
                    f"{self.reading.name} has no shapes; give it an Input layer, or build it first"
                )
            inputs = [self.input(path + (first[0]["config"]["name"] if first else "input"), shape)]
        for entry in entries:
            built = checked_shape((entry.get("build_config") or {}).get("input_shape") or ())
            refs = [Ref("", 0, i, built) for i in range(len(inputs))]
            inputs = self.call(
                entry, path, 0, {"args": refs, "kwargs": {}}, dict(zip(refs, inputs, strict=True))
            )
        return inputs

    def graph(self, inside: Config, path: str, inputs: list[Value] | None) -> list[Value]:
        """Layers that feed each other, each run as soon as what it reads is there."""
        found: dict[tuple[str, int, int], Value] = {}
        entries = {entry["name"]: entry for entry in inside["layers"]}
        for i, (name, *_) in enumerate(triples(inside["input_layers"])):
            shape = entries[name]["config"]["batch_shape"]
            found[name, 0, 0] = inputs[i] if inputs else self.input(path + name, shape)
        waiting = [
            (entry, number, call)
            for entry in inside["layers"]
            for number, call in enumerate(calls_of(entry))
        ]
        said: dict[
            Any, dict[int, Any]
        ] = {}  # what a layer writes, a file says only where it is read
        for *_, call in waiting:
            for ref in refs_of(call):
                said.setdefault(ref[:2], {})[ref.result] = ref.shape
        for entry, number, call in waiting:
            call.setdefault("shapes", list(said.get((entry["name"], number), {}).values()))
        for entry, number, call in self.in_order(waiting, found):
            values = {ref: found[ref[:3]] for ref in refs_of(call)}
            written = self.call(entry, path, number, call, values)
            found |= {(entry["name"], number, i): value for i, value in enumerate(written)}
        return [
            self.end(found, entries[name], call, i)
            for name, call, i in triples(inside["output_layers"])
        ]

    @staticmethod
    def end(found: dict[Any, Value], entry: Config, call: int, i: int) -> Value:
        """An output.  A file counts the calls of a functional model inside a model from 1, in this one place."""
        functional = is_model(entry) and entry["class_name"] != "Sequential" and "id" not in entry
        return found.get((entry["name"], call - functional, i)) or found[entry["name"], call, i]

    def in_order(self, calls: list[Item], given: Iterable[Any]) -> Iterator[Item]:
        """The calls in the order in which they are listed, each after those whose results it reads.

        ValueError if a call reads what no other writes, or calls wait for each other.
        """
        items = {(entry["name"], number): (entry, number, call) for entry, number, call in calls}
        done, begun = {(name, number) for name, number, _ in given}, set()
        waiting = list(reversed(items))
        while waiting:
            key = waiting[-1]
            if key in done:
                waiting.pop()
                continue
            needed = {ref[:2] for ref in refs_of(items[key][2])} - done if key in items else {key}
            if not needed:
                done.add(waiting.pop())
                yield items[key]
            elif key in begun or key not in items:
                raise ValueError(
                    f"{self.reading.name} has layers that wait for each other, {key[0]}; give the whole model"
                )
            else:
                begun.add(key)
                waiting += sorted(needed, reverse=True)

    def call(
        self, entry: Config, path: str, number: int, call: Config, values: dict[Ref, Value]
    ) -> list[Value]:
        """What one call of a layer, or of a model inside the model, writes."""
        own = checked_name(entry["config"].get("name", entry.get("name")))
        name, clean = path + own + f" ({number + 1})" * (number > 0), self.clean[path] + own
        self.clean[f"{name}/"] = f"{clean}/"
        if is_nested(entry):
            return self.model(entry, f"{name}/", [values[ref] for ref in refs_of(call)])
        key = entry.get("id", clean)
        one = Call(self, entry, name, call, values, key in self.counted)
        self.counted.add(key)
        return one.written(handler)

    def input(self, name: str, shape: Any) -> Value:
        """What the model is given: its own sizes, or ``side``, or letters where it leaves them free."""
        own: list[Any] = list(checked_shape(shape)[1:])
        order = _order(own, self.order) if len(own) == 3 else "channels_last"
        places = sides_of(order) if len(own) == 3 else tuple(range(len(own) - 1))
        if len(own) == 3:
            for place, size in zip(
                places, self.sides([own[place] for place in places]), strict=True
            ):
                own[place] = size
        dims = tuple(
            (N if place in places else C) if size is None else size
            for place, size in enumerate(own)
        )
        self.reading.input(name, folded(dims, order))
        return Value(name, dims, order)

    def sides(self, own: list[Any]) -> list[Size]:
        """The sides of a map that goes in; those of a second one in proportion to the first one's, or its own."""
        if self.first is None:
            self.first = own
            given = (None, None) if self.given is None else as_pair(self.given, "side")
            self.side = tuple(
                N if mine is None and size is None else mine or size
                for mine, size in zip(given, own, strict=True)
            )
        return [self._second(*sides) for sides in zip(own, self.first, self.side, strict=True)]

    def _second(self, own: Any, first: Any, side: Size) -> Size:
        if (own is None) == (first is None):
            return side if own is None else exact(sp.Rational(own, first) * side)
        if own is None and self.given is not None:
            raise ValueError(
                f"{self.reading.name} has an input of a fixed size and one of a free size, got side={self.given} for "
                "the first; build it with the sizes that you want"
            )
        return N if own is None else own


def _order(own: list[Any], usual: str) -> str:
    """Where the channels are: on the one axis that is not free, where two are."""
    if own.count(None) != 2:
        return usual
    return {0: "channels_first", 2: "channels_last"}.get(
        next(i for i, size in enumerate(own) if size), usual
    )


def _orders(config: Config) -> Iterator[str]:
    """What the layers of a model, and of models inside it, say of the order of their axes."""
    for entry in config["config"]["layers"]:
        if isinstance(entry["config"].get("layers"), list):
            yield from _orders(entry)
        elif entry["config"].get("data_format"):
            yield entry["config"]["data_format"]
