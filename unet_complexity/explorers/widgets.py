"""The explorers as Python sees them: a checked state, the numbers that the picture must show, and the display.

Python never draws.  It holds the state, says in a sentence what the picture shows, computed by the package and not
by the picture, and hands over the JavaScript that draws.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar

import anywidget
import traitlets

from unet_complexity.cost import Tensor
from unet_complexity.explorers import formulas, module
from unet_complexity.layers import Conv2D, Convolution, UpSampling2D
from unet_complexity.layers.windows import same_padding
from unet_complexity.networks import Network
from unet_complexity.unets import classic_unet, pix2pix_unet

CHANNELS = (1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 512)


class StateError(traitlets.TraitError, ValueError):
    """A state that no explorer can show.  traitlets then takes the whole change back."""


class Whole(traitlets.Int):
    """A whole number from ``low`` to ``high``; its slider stops at ``stops``, or at every number."""

    def __init__(self, start: int, low: int, high: int, label: str, stops: Iterable[int] = ()) -> None:
        super().__init__(start)
        self.tag(sync=True, control={"label": label, "low": low, "high": high, "stops": [*stops]})

    def validate(self, obj: Any, value: Any) -> int:
        """The value, or an error that names the range and the nearest value in it."""
        low, high = self.metadata["control"]["low"], self.metadata["control"]["high"]
        whole = hasattr(value, "__index__") and not isinstance(value, bool)
        if not (whole and low <= value <= high):
            near = max(low, min(high, int(value))) if isinstance(value, (int, float)) and value == value else low
            raise StateError(f"{self.name} must be a whole number from {low} to {high}, got {value!r}; try {near}")
        return int(value)


class Choice(traitlets.Unicode):
    """One of a few words."""

    def __init__(self, options: tuple[str, ...], label: str) -> None:
        super().__init__(options[0])
        self.tag(sync=True, control={"label": label, "options": [*options]})

    def validate(self, obj: Any, value: Any) -> str:
        """The value, or an error that lists the choices."""
        options = self.metadata["control"]["options"]
        if value not in options:
            listed = ", ".join(map(repr, options))
            raise StateError(f"{self.name} must be one of {listed}, got {value!r}; try {options[0]!r}")
        return str(value)


def together(explorer: Explorer, proposal: Any) -> Any:
    """Whether a new value goes with all the others; traitlets asks, after a change or at the end of several."""
    try:
        explorer._check({**explorer.state, proposal["trait"].name: proposal["value"]})
    except ValueError as error:
        raise StateError(str(error)) from None
    return proposal["value"]


class Explorer(anywidget.AnyWidget):
    """What the explorers share.  Set any of the controls by name, alone or together with :meth:`set`."""

    kind: ClassVar[str] = ""
    shown: ClassVar[tuple[str, ...]] = ()
    folded: ClassVar[tuple[str, ...]] = ()
    presets: ClassVar[dict[str, dict[str, Any]]] = {}
    sentence: ClassVar[str] = ""

    _initial = traitlets.Dict().tag(sync=True)

    def __init__(self, **state: Any) -> None:
        self._known(state)
        super().__init__(**state)
        self._initial = self.state

    @property
    def _esm(self) -> str:
        return module.widget_module(self.kind, self._spec())

    @classmethod
    def _known(cls, state: dict[str, Any]) -> None:
        if unknown := [name for name in state if name not in cls.shown + cls.folded]:
            known = ", ".join(cls.shown + cls.folded)
            raise TypeError(f"{cls.__name__} has no control {unknown[0]!r}; its controls are {known}")

    @classmethod
    def _spec(cls) -> dict[str, Any]:
        def control(name: str, folded: bool) -> dict[str, Any]:
            return {"name": name, "folded": folded, **getattr(cls, name).metadata["control"]}

        controls = [control(name, name in cls.folded) for name in cls.shown + cls.folded]
        return {"kind": cls.kind, "controls": controls, "presets": cls.presets, "sentence": cls.sentence}

    @property
    def state(self) -> dict[str, Any]:
        """The value of every control."""
        return {name: getattr(self, name) for name in self.shown + self.folded}

    def set(self, **state: Any) -> None:
        """Set several controls at once, where one alone would not be valid; all or, with a ValueError, none."""
        self._known(state)
        with self.hold_trait_notifications():
            for name, value in state.items():
                setattr(self, name, value)

    @property
    def numbers(self) -> dict[str, Any]:
        """What the picture must show, as the package computes it."""
        return {**self.state, **self._numbers()}

    @property
    def text(self) -> str:
        """The sentence under the picture."""
        return self.sentence.format(**{key: _written(value) for key, value in self.numbers.items()})

    def _numbers(self) -> dict[str, Any]:
        """What an explorer counts, beside its controls."""
        return {}

    def _check(self, state: dict[str, Any]) -> None:
        """ValueError where the values do not go together."""

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        page = module.page(self.kind, self._spec(), self.state, self.text)
        return {**data, "text/plain": self.text, "text/html": page}, metadata


def _written(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def rounded(value: float) -> str:
    """One decimal, halves upwards, as JavaScript's toFixed does it."""
    return str(Decimal(value).quantize(Decimal("0.1"), ROUND_HALF_UP))


class WindowExplorer(Explorer):
    """A k x k window walks over a padded grid, and a counter ticks until it meets the product.

    Controls: ``side`` (3 ... 12), ``kernel_size`` (1 ... 5), ``strides`` (1 ... 3), ``channels`` and ``filters``
    (1 ... 512); folded away: ``padding`` ("same", "valid"), ``dilation_rate`` (1, 2), ``step`` (the window's place,
    row by row from 0).

    >>> explorer = WindowExplorer(side=6, kernel_size=3, channels=3, filters=64)
    >>> explorer.numbers["macs"], explorer.numbers["in_bounds"]
    (62208, 49152)
    """

    kind = "window"
    shown = ("side", "kernel_size", "strides", "channels", "filters")
    folded = ("padding", "dilation_rate", "step")
    sentence = (
        "A {kernel_size} x {kernel_size} window stops at {stops} x {stops} places of a {side} x {side} x {channels} "
        "map (stride {strides}, dilation {dilation_rate}, padding '{padding}', f = {filters}): "
        "{macs} MACs dense, {in_bounds} in bounds. "
        "Counted at stop {stop} of {all_stops}: {so_far} dense, {in_bounds_so_far} in bounds."
    )
    presets: ClassVar = {
        name: {
            "side": side,
            "kernel_size": kernel,
            "strides": stride,
            "channels": channels,
            "filters": filters,
            "padding": "same",
            "dilation_rate": 1,
        }
        for name, side, kernel, stride, channels, filters in (
            ("3 x 3, stride 1", 6, 3, 1, 3, 64),
            ("pix2pix's d1: 4 x 4, stride 2", 8, 4, 2, 3, 64),
            ("1 x 1: no neighbours", 6, 1, 1, 64, 2),
        )
    }

    side = Whole(6, formulas.SIDES[0], formulas.SIDES[-1], "side of the map")
    kernel_size = Whole(3, formulas.KERNELS[0], formulas.KERNELS[-1], "kernel k")
    strides = Whole(1, formulas.STRIDES[0], formulas.STRIDES[-1], "stride")
    channels = Whole(3, 1, 512, "channels in", CHANNELS)
    filters = Whole(8, 1, 512, "filters (channels out)", CHANNELS)
    padding = Choice(("same", "valid"), "padding")
    dilation_rate = Whole(1, formulas.DILATIONS[0], formulas.DILATIONS[-1], "dilation")
    step = Whole(0, 0, formulas.SIDES[-1] ** 2 - 1, "place of the window")
    _goes_together = traitlets.validate(*shown, *folded)(together)

    def _layer(self, state: dict[str, Any]) -> tuple[Conv2D, Tensor]:
        names = ("filters", "kernel_size", "strides", "padding", "dilation_rate")
        return Conv2D(*(state[name] for name in names)), Tensor(state["side"], state["side"], state["channels"])

    def _check(self, state: dict[str, Any]) -> None:
        conv, x = self._layer(state)
        last = int(conv.output(x).height) ** 2 - 1
        if state["step"] > last:
            raise ValueError(f"step must be one of the window's places 0 ... {last}, got {state['step']}; try {last}")

    def _numbers(self) -> dict[str, Any]:
        conv, x = self._layer(self.state)
        cost, stops = conv.cost(x), int(conv.output(x).height)
        per_tap = self.channels * self.filters
        return {
            "stops": stops,
            "all_stops": stops**2,
            "stop": self.step + 1,
            "macs": cost.macs,
            "in_bounds": cost.macs_in_bounds,
            "so_far": (self.step + 1) * self.kernel_size**2 * per_tap,
            "in_bounds_so_far": sum(self._taps(place, stops) for place in range(self.step + 1)) * per_tap,
        }

    def _taps(self, place: int, stops: int) -> int:
        """Taps on real data at one place, by looking at each of them."""
        sizes = (self.side, self.kernel_size, self.strides, self.dilation_rate)
        front = same_padding(*sizes)[0] if self.padding == "same" else 0

        def inside(index: int) -> int:
            first = index * self.strides - front
            return sum(0 <= first + tap * self.dilation_rate < self.side for tap in range(self.kernel_size))

        return inside(place // stops) * inside(place % stops)


class RepeatExplorer(Explorer):
    """UpSampling2D repeats a small matrix row by row, then column by column; beside it, how that grows with the side.

    Controls: ``side`` (1 ... 6), ``row_factor`` and ``column_factor`` (1 ... 4), ``channels`` (1 ... 512);
    folded away: ``kernel_size`` and ``filters`` of the convolution that follows.

    >>> RepeatExplorer(side=4, channels=3).numbers["writes"]
    192
    """

    kind = "repeat"
    shown = ("side", "row_factor", "column_factor", "channels")
    folded = ("kernel_size", "filters")
    sentence = (
        "UpSampling2D(({row_factor}, {column_factor})) on a {side} x {side} x {channels} map reads {reads} "
        "elements; repeating rows gives {rows}, repeating columns {writes}, and that is what it writes. "
        "The formula c n says {answer}. The {kernel_size} x {kernel_size} convolution that follows (f = {filters}) "
        "takes {next} MACs."
    )
    presets: ClassVar = {
        "size 2": {"side": 3, "row_factor": 2, "column_factor": 2},
        "rows only": {"side": 3, "row_factor": 3, "column_factor": 1},
        "pix2pix's u1: 2 x 2 x 512": {
            "side": 2, "row_factor": 2, "column_factor": 2, "channels": 512, "kernel_size": 4, "filters": 512,
        },
    }  # fmt: skip

    side = Whole(3, 1, 6, "side n of the matrix")
    row_factor = Whole(2, 1, 4, "s_h: each row, times")
    column_factor = Whole(2, 1, 4, "s_w: each column, times")
    channels = Whole(1, 1, 512, "channels c", CHANNELS)
    kernel_size = Whole(3, 1, 7, "kernel k of the next convolution")
    filters = Whole(1, 1, 512, "its filters f", CHANNELS)
    _goes_together = traitlets.validate(*shown, *folded)(together)

    def _numbers(self) -> dict[str, Any]:
        x, up = Tensor(self.side, self.side, self.channels), UpSampling2D((self.row_factor, self.column_factor))
        return {
            "reads": up.cost(x).reads,
            "rows": UpSampling2D((self.row_factor, 1)).cost(x).writes,
            "writes": up.cost(x).writes,
            "next": Conv2D(self.filters, self.kernel_size).cost(up.output(x)).macs,
            "answer": self.channels * self.side,
        }


class LevelsExplorer(Explorer):
    """A U-Net level by level: where the parameters, the MACs and the memory are.

    Controls: ``family`` ("classic", "pix2pix"), ``depth`` (1 ... 8, pix2pix from 2), ``side`` (a multiple of 2**depth,
    at most 1024), ``base_filters`` (1 ... 128), ``kernel_size`` (1 ... 7); folded away: ``up`` of the classic U-Net
    ("transpose", "upsample"), ``in_channels``, ``out_channels``, ``doublings`` of pix2pix, ``axis`` ("share", "log").
    Memory: elements of all convolution outputs, 4 bytes each at float32.

    >>> LevelsExplorer(depth=4).numbers["macs"]
    48096083968
    >>> LevelsExplorer(family="pix2pix", depth=7, kernel_size=4, in_channels=3, out_channels=3).numbers["params"]
    41843331
    """

    kind = "levels"
    shown = ("family", "depth", "side", "base_filters", "kernel_size")
    folded = ("up", "in_channels", "out_channels", "doublings", "axis")
    sentence = (
        "{family} U-Net, {side} x {side}, depth {depth}: {macs} MACs, {params} parameters, {memory} activation "
        "elements ({size} at float32). Largest shares: parameters {params_share} % at level {params_level}, "
        "MACs {macs_share} % at level {macs_level}, memory {memory_share} % at level {memory_level}."
    )
    presets: ClassVar = {
        "Ronneberger 2015 shape, 256²": {
            "family": "classic", "depth": 4, "side": 256, "base_filters": 64, "kernel_size": 3,
            "up": "transpose", "in_channels": 1, "out_channels": 2,
        },
        "the question's generator (pix2pix), 256²": {
            "family": "pix2pix", "depth": 7, "side": 256, "base_filters": 64, "kernel_size": 4,
            "in_channels": 3, "out_channels": 3, "doublings": 3,
        },
    }  # fmt: skip

    family = Choice(("classic", "pix2pix"), "family")
    depth = Whole(4, 1, 8, "depth")
    side = Whole(256, 2, 1024, "side N", sorted(a * 2**b for a in (1, 3) for b in range(1, 11) if a * 2**b <= 1024))
    base_filters = Whole(64, 1, 128, "width (base filters)", (1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128))
    kernel_size = Whole(3, 1, 7, "kernel k")
    up = Choice(("transpose", "upsample"), "going up")
    in_channels = Whole(1, 1, 256, "channels in", CHANNELS[:-1])
    out_channels = Whole(2, 1, 256, "channels out (classes)", CHANNELS[:-1])
    doublings = Whole(3, 0, 7, "doublings of the width")
    axis = Choice(("share", "log"), "bars show")
    _goes_together = traitlets.validate(*shown, *folded)(together)

    def _check(self, state: dict[str, Any]) -> None:
        if state["family"] == "pix2pix" and state["depth"] < 2:
            raise ValueError(f"depth of the pix2pix family must be at least 2, got {state['depth']}; try 2")
        self._network(state)

    def _network(self, state: dict[str, Any]) -> Network:
        sizes = {name: state[name] for name in ("side", "in_channels", "base_filters", "kernel_size", "depth")}
        if state["family"] == "classic":
            return classic_unet(classes=state["out_channels"], up=state["up"], **sizes)
        return pix2pix_unet(out_channels=state["out_channels"], doublings=state["doublings"], **sizes)

    def _numbers(self) -> dict[str, Any]:
        net = self._network(self.state)
        levels = {level: _three(part) for level, part in net.groups("level").items()}
        numbers: dict[str, Any] = _three(net)
        numbers["size"] = _bytes_written(4 * numbers["memory"])
        for name in ("params", "macs", "memory"):
            # of equal levels the upper one, as in the picture
            most = max(sorted(levels), key=lambda level: levels[level][name])
            share = 100 * (levels[most][name] / numbers[name])
            numbers |= {f"{name}_level": most, f"{name}_share": rounded(share)}
        return numbers


def _three(net: Network) -> dict[str, int]:
    """Parameters and MACs of all layers, and elements of all convolution outputs."""
    cost = net.total()
    memory = sum(int(step.output.size) for step in net if isinstance(step.layer, Convolution))
    return {"params": int(cost.params), "macs": int(cost.macs), "memory": memory}


def _bytes_written(size: int) -> str:
    units = ("bytes", "KiB", "MiB", "GiB")
    power = min(3, (size.bit_length() - 1) // 10)
    return f"{size} bytes" if power == 0 else f"{rounded(size / 1024**power)} {units[power]}"
