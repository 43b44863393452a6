"""The explorer of anybody's network, level by level."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any, ClassVar
from zlib import crc32

import traitlets

from unet_complexity.explorers import module, own
from unet_complexity.explorers.base import Choice, Explorer, Whole, echoed, rounded, together, whole
from unet_complexity.explorers.formulas import Formulas, Table
from unet_complexity.explorers.levels import bytes_written
from unet_complexity.explorers.templates import filled
from unet_complexity.networks import Network
from unet_complexity.symbols import N, as_expr, substitute

Networks = Network | Mapping[tuple[int, int], Network]
SENTENCE = (
    "{side} x {side}: {macs} MACs, {params} parameters, {memory} activation elements ({size} at float32). "
    "Largest shares: parameters {params_share} % at level {params_level}, MACs {macs_share} % at level {macs_level}, "
    "memory {memory_share} % at level {memory_level}."
)


class Variant(Choice):
    """A choice among numbers."""

    def validate(self, obj: Any, value: Any) -> str:
        """The number as a word, as the picture has it."""
        number = float(value) if isinstance(value, float) else whole(value)
        return super().validate(obj, value if number is None else echoed(number))


class NetworkExplorer(Explorer):
    """A network of your own, level by level: where the parameters, the MACs and the memory are.

    ``network``: one that was read or built with the letter N for its side, N x N in, and with no other letter; or
    several by (width, depth), each width with each depth: ``{(w, d): build(w, d) for w in ... for d in ...}``.
    Controls: ``side``, from those at which the formulas hold; ``width`` and ``depth``, where there are several;
    folded away: ``axis`` ("share", "log").  Memory: elements of all convolution outputs, 4 bytes each at float32.

    TypeError for what is no network; ValueError where its input is not N x N, where it has another letter, or where
    a width lacks a depth.

    >>> from unet_complexity import classic_unet
    >>> NetworkExplorer(classic_unet(), side=256).numbers["macs"]
    48096083968
    """

    kind = "own"
    shown = ("width", "depth", "side")
    folded = ("axis",)
    sentence = "{network}, width {width}, depth {depth}, " + SENTENCE

    side = Whole(256, 64, 1024, "side N")
    width = Variant(("32", "64"), "width")
    depth = Variant(("6", "7"), "depth")
    axis = Choice(("share", "log"), "bars show")
    _goes_together = traitlets.validate("side", "width", "depth", "axis")(together)
    _parts: ClassVar[tuple[Formulas, Table] | None] = None
    _own: ClassVar[str] = "asked"

    def __new__(cls, network: Any = None, **state: Any) -> NetworkExplorer:
        """What a control offers belongs to a class, so each network gets one."""
        made: NetworkExplorer = super().__new__(cls if network is None else _class_for(cls, network))
        return made

    def __init__(self, network: Networks | None = None, **state: Any) -> None:
        super().__init__(**state)

    @classmethod
    def _spec(cls) -> dict[str, Any]:
        return {**super()._spec(), "own": cls._own}  # by which a page's script knows its places

    @property
    def forms(self) -> list[list[str]]:
        """Each total as a formula: its name, in N, with the number in it, its value."""
        return filled(self._chosen(self.state)[1]["forms"], {"N": self.side}, self.numbers)

    def _counts(self) -> str:
        return module.written(*self._parts) if self._parts else ""

    def _chosen(self, state: dict[str, Any]) -> tuple[list[Formulas], Table]:
        key = " ".join(state[name] for name in ("width", "depth") if name in state)
        formulas, table = self._parts or own.asked()
        return formulas[key], table[key]

    def _check(self, state: dict[str, Any]) -> None:
        side, (low, high, step) = state["side"], self._chosen(state)[1]["side"].values()
        if side not in range(low, high + 1, step):
            near = min(max(low, low + round((side - low) / step) * step), high)
            raise ValueError(f"side must be {low}, {low + step}, ... {high} for this network, got {side}; try {near}")

    def _numbers(self) -> dict[str, Any]:
        formulas, table = self._chosen(self.state)
        levels = [{name: substitute(count, {N: self.side}) for name, count in level.items()} for level in formulas]
        numbers: dict[str, Any] = {"network": table["network"]}
        for name in ("params", "macs", "memory"):
            total = numbers[name] = sum(level[name] for level in levels)
            most = max(range(len(levels)), key=lambda place: levels[place][name])
            numbers[f"{name}_level"] = table["levels"][most]["level"]
            numbers[f"{name}_share"] = rounded(100 * (levels[most][name] / total))
        return {**numbers, "size": bytes_written(4 * numbers["memory"])}


def _class_for(cls: type[NetworkExplorer], network: Any) -> type[NetworkExplorer]:
    """An explorer class with the controls that fit a network, or several."""
    networks = network if isinstance(network, Mapping) else {(): network}
    for one in networks.values():
        _check_network(one)
    values = _values(networks)
    parts = own.parts({" ".join(map(str, key)): one for key, one in networks.items()})
    table = parts[1]
    low, high = (bound(one["side"][end] for one in table.values()) for end, bound in (("low", min), ("high", max)))
    first = next(iter(table.values()))["side"]
    start = first["low"] + max(0, min(256, first["high"]) - first["low"]) // first["step"] * first["step"]
    controls: dict[str, Any] = {"side": Whole(start, low, high, "side N"), "width": None, "depth": None}
    names = ("width", "depth") if isinstance(network, Mapping) else ()
    for name, offered in zip(names, values, strict=True):
        controls[name] = Variant(tuple(map(str, offered)), name)
    shown = (*names, "side")
    said = ", ".join(["{network}", *(f"{name} {{{name}}}" for name in names), SENTENCE])
    mine = f"{crc32(module.written(*parts).encode()):x}"
    return type(cls.__name__, (cls,), {**controls, "shown": shown, "sentence": said, "_parts": parts, "_own": mine})


def _check_network(network: Any) -> None:
    if not isinstance(network, Network):
        raise TypeError(f"an explorer draws a Network, got {network!r}; try from_onnx(path, side=N)")
    letters = as_expr(network.total().reads).free_symbols
    if (N, N) not in ((x.height, x.width) for x in network.inputs.values()):
        raise ValueError(
            f"the explorer moves the side N of an N x N input, got {network.heading}; read or build it with side=N"
        )
    if others := sorted(str(symbol) for symbol in letters - {N}):
        raise ValueError(f"the explorer moves the side alone, got the letters {others} too; give numbers for them")


def _values(networks: Mapping[Any, Network]) -> list[list[int]]:
    """The widths and the depths, each of them with each."""
    lengths = {len(key) if isinstance(key, tuple) else None for key in networks}
    if lengths not in ({0}, {2}):
        raise TypeError(f"several networks come as {{(width, depth): network}}, got the keys {[*networks]}")
    columns = [sorted(set(column)) for column in zip(*networks, strict=True)]
    if set(networks) != set(product(*columns)):
        missing = min(set(product(*columns)) - set(networks))
        raise ValueError(f"each width must come with each depth, and {missing} is missing")
    return columns
