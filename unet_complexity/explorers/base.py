"""The explorers as Python sees them: a checked state, the numbers that the picture must show, and the display.

Python never draws.  It holds the state, says in a sentence what the picture shows, computed by the package and not
by the picture, and hands over the JavaScript that draws.
"""

from __future__ import annotations

import operator
import re
import sys
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal
from reprlib import repr as shortened
from typing import Any, ClassVar
from uuid import uuid4

import anywidget
import traitlets

from unet_complexity.explorers import module

CHANNELS = (1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 512)


class StateError(traitlets.TraitError, ValueError):
    """A state that no explorer can show.  traitlets then takes the whole change back."""


def whole(value: Any) -> int | None:
    """Return a whole number of any type as an int, and None for everything else.

    >>> whole(3), whole(3.0), whole(True)
    (3, None, None)
    """
    if isinstance(value, bool):
        return None
    try:
        return int(operator.index(value))
    except Exception:  # TypeError, or whatever a type of its own raises
        return None


def echoed(value: Any) -> str:
    """Return a value as an error repeats it: in one line, and short.

    >>> echoed([10**40, "a\\nb"])
    "[100000000000000000...0000000000000000000, 'a\\\\nb']"
    """
    try:
        return " ".join(shortened(value).split())
    except Exception:  # more digits than Python writes, or a type that cannot be shown
        return f"a value of type {type(value).__name__}"


class Whole(traitlets.Int):
    """A whole number from ``low`` to ``high``; its slider stops at ``stops``, or at every number."""

    def __init__(self, start: int, low: int, high: int, label: str, stops: Iterable[int] = ()) -> None:
        super().__init__(start)
        self.tag(sync=True, control={"label": label, "low": low, "high": high, "stops": [*stops]})

    def validate(self, obj: Any, value: Any) -> int:
        """The value, or an error that names the range and the nearest value in it."""
        low, high = self.metadata["control"]["low"], self.metadata["control"]["high"]
        number = whole(value)
        if number is not None and low <= number <= high:
            return number
        wish: Any = low if number is None else number
        if isinstance(value, float) and value == value:  # NaN does not equal itself
            wish = value
        near = int(max(low, min(high, wish)))
        raise StateError(f"{self.name} must be a whole number from {low} to {high}, got {echoed(value)}; try {near}")


class Choice(traitlets.Unicode):
    """One of a few words."""

    def __init__(self, options: tuple[str, ...], label: str) -> None:
        super().__init__(options[0])
        self.tag(sync=True, control={"label": label, "options": [*options]})

    def validate(self, obj: Any, value: Any) -> str:
        """The value, or an error that lists the choices."""
        options = self.metadata["control"]["options"]
        if not isinstance(value, str) or value not in options:
            listed = ", ".join(map(repr, options))
            raise StateError(f"{self.name} must be one of {listed}, got {echoed(value)}; try {options[0]!r}")
        return str(options[options.index(value)])


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
    _key = traitlets.Unicode().tag(sync=True)  # by which the page and the kernel know that they mean the same one

    _counted: tuple[dict[str, Any], dict[str, Any]] = {}, {}  # the last state that was counted

    def __init__(self, **state: Any) -> None:
        self._known(state)
        super().__init__(_key=uuid4().hex, **state)
        self._initial = self.state

    @property
    def _esm(self) -> str:
        return module.widget_module(self.kind, self._spec(), self._counts())

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

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what a page sends: the controls, checked as ever, and nothing else."""
        controls = self.shown + self.folded
        super().set_state({name: value for name, value in sync_data.items() if name in controls})

    @property
    def numbers(self) -> dict[str, Any]:
        """What the picture must show, as the package computes it."""
        state = self.state
        if self._counted[0] != state:
            self._counted = state, self._numbers()
        return {**state, **self._counted[1]}

    @property
    def text(self) -> str:
        """The sentence under the picture."""
        return singular(self.sentence.format(**{key: _written(value) for key, value in self.numbers.items()}))

    def _numbers(self) -> dict[str, Any]:
        """What an explorer counts, beside its controls."""
        return {}

    def _counts(self) -> str:
        """JavaScript of the formulas, where this explorer has its own."""
        return ""

    def _check(self, state: dict[str, Any]) -> None:
        """ValueError where the values do not go together."""

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The page's form alone: it is alive at once, and finds this object where a kernel has it.

        A widget's form beside it would be preferred, and say "model not found" wherever a saved notebook is opened
        again.  Only viewers that load widgets for nothing else get it.
        """
        page = module.page(self.kind, self._spec(), self.state, self.text, self._key, self._counts())
        data, metadata = super()._repr_mimebundle_(**kwargs) if _wants_a_view() else ({}, {})
        return {**data, "text/plain": self.text, "text/html": page}, metadata


def _wants_a_view() -> bool:
    """Whether the notebook is open in VS Code or Colab, as their kernels tell."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return "__vsc_ipynb_file__" in getattr(shell, "user_ns", {}) or "google.colab" in sys.modules


def _written(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def singular(text: str) -> str:
    """No "1 elements"; the picture's script has the same rule."""
    return re.sub(r"(^|[^\d,.])1 ((?:different )?(?:element|MAC|parameter|pixel|tap|place))s\b", r"\g<1>1 \2", text)


def rounded(value: float) -> str:
    """One decimal, halves upwards, as JavaScript's toFixed does it."""
    return str(Decimal(value).quantize(Decimal("0.1"), ROUND_HALF_UP))


def three_digits(value: float) -> str:
    """Three digits, from 100 on whole with separators, halves upwards; the picture's script has the same rule.

    >>> three_digits(0.5), three_digits(9.996), three_digits(12345.6)
    ('0.500', '10.0', '12,346')
    """
    if value >= 100:
        return f"{Decimal(value).quantize(Decimal(1), ROUND_HALF_UP):,}"
    digits = Context(prec=3, rounding=ROUND_HALF_UP).plus(Decimal(value))
    return f"{digits.quantize(Decimal(1).scaleb(digits.adjusted() - 2)):f}"
