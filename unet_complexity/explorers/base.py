"""The explorers as Python sees them: a checked state, the numbers to show, and the display.

Python never draws. It holds the state and says in a sentence what the picture shows, computed by
the package and not by the picture. It hands over the JavaScript that draws.
"""

from __future__ import annotations

import operator
import re
import sys
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache
from reprlib import repr as shortened
from typing import Any, ClassVar
from uuid import uuid4

import anywidget
import traitlets

from unet_complexity.explorers import module
from unet_complexity.explorers.javascript import Parts

CHANNELS = (1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 512)
State = dict[str, Any]


class StateError(traitlets.TraitError, ValueError):
    """A state that an explorer cannot show. traitlets takes the whole change back."""


def whole(value: Any) -> int | None:
    """Return a whole number of any type as an int, and None for everything else.

    Example:
        >>> whole(3), whole(3.0), whole(True)
        (3, None, None)
    """
    if isinstance(value, bool):
        return None
    try:
        return int(operator.index(value))
    except Exception:  # TypeError, or any error that a foreign type raises
        return None


def echoed(value: Any) -> str:
    """Return a value as an error repeats it: in one line, and short.

    Example:
        >>> echoed([10**40, "a\\nb"])
        "[100000000000000000...0000000000000000000, 'a\\\\nb']"
    """
    try:
        return " ".join(shortened(value).split())
    except Exception:  # more digits than Python writes, or a type that cannot be shown
        return f"a value of type {type(value).__name__}"


class Whole(traitlets.Int):
    """A whole number in a range, moved by a slider.

    Args:
        start: Value of a new explorer.
        low: Smallest value.
        high: Largest value.
        label: Text beside the slider.
        stops: Values at which the slider stops; every number if empty.
    """

    def __init__(
        self, start: int, low: int, high: int, label: str, stops: Iterable[int] = ()
    ) -> None:
        super().__init__(start)
        self.tag(sync=True, control={"label": label, "low": low, "high": high, "stops": [*stops]})

    def validate(self, obj: Any, value: Any) -> int:
        """Return the value as an int.

        Raises:
            StateError: The value is not a whole number in the range.
        """
        control = obj._control(self.name)
        low, high = control["low"], control["high"]
        number = whole(value)
        if number is not None and low <= number <= high:
            return number
        # NaN does not equal itself
        wish = value if isinstance(value, float) and value == value else number or low
        near = int(max(low, min(high, wish)))
        raise StateError(
            f"{self.name} must be a whole number from {low} to {high}, got {echoed(value)}; try {near}"
        )


class Choice(traitlets.Unicode):
    """One of a few words, or of a few numbers, which are written as words.

    Args:
        options: The words; a new explorer has the first.
        label: Text beside the choice.
    """

    def __init__(self, options: tuple[str, ...], label: str) -> None:
        super().__init__(options[0])
        self.tag(sync=True, control={"label": label, "options": [*options]})

    def validate(self, obj: Any, value: Any) -> str:
        """Return the word.

        Raises:
            StateError: The value is not one of the options.
        """
        options = obj._control(self.name)["options"]
        number = whole(value)
        word = value if number is None else echoed(number)
        if not isinstance(word, str) or word not in options:
            listed = ", ".join(map(repr, options))
            raise StateError(
                f"{self.name} must be one of {listed}, got {echoed(word)}; try {options[0]!r}"
            )
        return str(word)


def _agree(explorer: Explorer, proposal: Any) -> Any:
    """Return a control's new value if it agrees with all the others.

    traitlets calls this after a change, or once per control at the end of several.

    Raises:
        StateError: The values do not agree.
    """
    value = proposal["value"]
    try:
        explorer._check({**explorer.state, proposal["trait"].name: value})
    except ValueError as error:
        raise StateError(str(error)) from None
    return value


class Explorer(anywidget.AnyWidget):
    """Base of the explorers: set any control by name, or several with :meth:`set`.

    A subclass gives its controls as traits, in order, the sentence and the presets. If it has some,
    it also overrides ``_parts``, ``_numbers`` and ``_check``.

    Attributes:
        kind: Name of the script in static/.
        scripts: Files in static/ that this script uses, in their order.
        controls: Names of the controls.
        open_controls: Number of controls that are open; those after them are folded away.
        presets: Values of some controls, by the label of a button.
        sentence: Text under the picture, with the names of controls and numbers in braces.
    """

    kind = ""
    scripts: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    open_controls = 0
    presets: ClassVar[dict[str, State]] = {}
    sentence = ""

    _validator: Any = None
    _initial = traitlets.Dict().tag(sync=True)
    _key = traitlets.Unicode().tag(sync=True)  # shared by the page and the kernel's object

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        names = tuple(
            name for name, trait in vars(cls).items() if isinstance(trait, Whole | Choice)
        )
        if names:  # anywidget makes a subclass without controls of its own
            cls.controls = names
            cls._validator = traitlets.validate(*names)(_agree)

    def __init__(self, **state: Any) -> None:
        self._require_controls(state)
        super().__init__(_key=uuid4().hex, **state)
        self._initial = self.state

    @property
    def _esm(self) -> str:
        return self._script() + module.WIDGET

    def _script(self) -> str:
        return module.script(self._spec(), self._counts(), self.scripts)

    def _require_controls(self, state: State) -> None:
        for name in state:
            if name not in self.controls:
                raise TypeError(
                    f"{type(self).__name__} has no control {name!r}; its controls are {', '.join(self.controls)}"
                )

    def _control(self, name: str) -> State:
        """Return the label of a control and its range or options."""
        control: State = getattr(type(self), name).metadata["control"]
        return control

    def _spec(self) -> State:
        """Return the description that the script reads."""
        controls = [
            {"name": name, "folded": nth >= self.open_controls, **self._control(name)}
            for nth, name in enumerate(self.controls)
        ]
        return {
            "kind": self.kind,
            "controls": controls,
            "presets": self.presets,
            "sentence": self.sentence,
        }

    @property
    def state(self) -> State:
        """Value of every control."""
        return {name: getattr(self, name) for name in self.controls}

    def set(self, **state: Any) -> None:
        """Set several controls at once; one alone may not be valid.

        Args:
            **state: New values by the names of their controls.

        Raises:
            TypeError: The explorer lacks one of the controls.
            ValueError: A value is not valid, or the values do not agree; nothing has changed then.

        Example:
            >>> from unet_complexity.explorers import LevelsExplorer
            >>> explorer = LevelsExplorer()
            >>> explorer.set(depth=8, side=512)
            >>> explorer.depth
            8
        """
        self._require_controls(state)
        with self.hold_trait_notifications():
            for name, value in state.items():
                setattr(self, name, value)

    def set_state(self, sync_data: State) -> None:
        """Take over the controls that a page sends, checked, and nothing else."""
        super().set_state({name: sync_data[name] for name in self.controls if name in sync_data})

    @property
    def numbers(self) -> State:
        """Controls and counts that the picture must show, as the package computes them."""
        return {**self.state, **self._numbers()}

    @property
    def text(self) -> str:
        """The sentence under the picture."""
        numbers = {
            name: f"{value:,}" if isinstance(value, int) else value
            for name, value in self.numbers.items()
        }
        return singular(self.sentence.format(**numbers))

    def _numbers(self) -> State:
        """Return what the explorer counts."""
        return {}

    @staticmethod
    def _parts() -> Parts:
        """Return the formulas that the script evaluates, and the constants that it looks up."""
        return {}, {}

    def _counts(self) -> str:
        return _counts(self._parts)

    def _check(self, state: State) -> None:
        """Raise a ValueError if the values do not agree."""

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[State, State]:
        """Return the page's form; it is alive at once and finds this object if there is a kernel.

        Viewers would prefer a widget's form beside it, and say "model not found" when a saved
        notebook is opened again. So only viewers that need a widget's form get it.
        """
        text = self.text
        page = module.page(self._spec(), self._script(), self.state, text, self._key)
        data, metadata = super()._repr_mimebundle_(**kwargs) if needs_widget() else ({}, {})
        return {**data, "text/plain": text, "text/html": page}, metadata


@cache  # SymPy takes 250 ms for the U-Nets with letters, and each display needs the text
def _counts(parts: Callable[[], Parts]) -> str:
    return module.written(*parts())


def needs_widget() -> bool:
    """Return True if the kernel belongs to VS Code or Colab."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return "__vsc_ipynb_file__" in getattr(shell, "user_ns", {}) or "google.colab" in sys.modules


def singular(text: str) -> str:
    """Replace "1 elements" by "1 element"; the script has the same rule."""
    units = "element|MAC|parameter|pixel|tap|place"
    return re.sub(rf"(^|[^\d,.])1 ((?:different )?(?:{units}))s\b", r"\g<1>1 \2", text)


def rounded(value: float) -> str:
    """Return one decimal, halves upwards, as JavaScript's toFixed does."""
    return str(Decimal(value).quantize(Decimal("0.1"), ROUND_HALF_UP))


def three_digits(value: float) -> str:
    """Return three digits, or whole with separators from 100 on; the script has the same rule.

    Halves are rounded upwards.

    Example:
        >>> three_digits(0.5), three_digits(9.996), three_digits(12345.6)
        ('0.500', '10.0', '12,346')
    """
    if value >= 100:
        return f"{Decimal(value).quantize(Decimal(1), ROUND_HALF_UP):,}"
    digits = Context(prec=3, rounding=ROUND_HALF_UP).plus(Decimal(value))
    return f"{digits.quantize(Decimal(1).scaleb(digits.adjusted() - 2)):f}"
