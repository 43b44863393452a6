"""A slider that the reader builds: it is moved over its whole range, and a dead one is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from unet_complexity.checks.feedback import Feedback, is_blank

MOST_VALUES = (
    40  # of a slider that are tried; a longer range is tried in equal steps, with both ends
)
HOW = "Give what interactive(function, name=(least, most)) returns"


@dataclass(frozen=True)
class OwnSlider:
    """An exercise whose answer is a widget made by ``ipywidgets.interact`` or ``interactive``."""

    def judge(self, answer: Any) -> Feedback:
        """Return whether each control changes what the widget shows, and if not, which does not.

        Args:
            answer: what ``interactive`` returned, or the function that ``interact`` returned.
        """
        from ipywidgets import interactive

        if is_blank(answer):
            return Feedback(False, f"{HOW}, in place of the dots.")
        widget = getattr(answer, "widget", answer)
        if not isinstance(widget, interactive):
            return Feedback(False, f"{HOW}. This is a {type(answer).__name__}.")
        controls = {control._kwarg: control for control in widget.kwargs_widgets}
        start = {name: control.get_interact_value() for name, control in controls.items()}
        tried = []
        for name, control in controls.items():
            values = list(_values(control))
            if len(values) < 2:
                continue
            seen = set()
            for value in values:
                try:
                    seen.add(_shown(widget.f, start | {name: value}))
                except Exception as error:
                    problem = f"{type(error).__name__}: {error}"
                    return Feedback(False, f"At {name} = {value} your function fails: {problem}.")
            if len(seen) == 1:
                ends = f"between {values[0]} and {values[-1]}"
                return Feedback(
                    False, f"{name} changes nothing {ends}. Use it in what the function shows."
                )
            tried.append(f"{name} from {values[0]} to {values[-1]}")
        if not tried:
            return Feedback(False, "Nothing can be moved. Give a range, as in side=(1, 64).")
        return Feedback(True, f"Moved: {', '.join(tried)}; each changes what you show.")


def _values(control: Any) -> Iterator[Any]:
    """Yield the values that a control can have, or some of them with both ends."""
    if hasattr(control, "options"):
        yield from dict.fromkeys(value for _, value in control._options_full)
    elif isinstance(control.value, bool):
        yield from (False, True)
    elif hasattr(control, "max") and not isinstance(control.value, tuple):
        steps = round((control.max - control.min) / (control.step or 1))
        tried = min(steps, MOST_VALUES)
        for place in range(tried + 1):
            steps_on = round(place * steps / max(tried, 1))
            yield control.min + steps_on * (control.step or 1)


def _shown(function: Any, values: dict[str, Any]) -> str:
    """Return all that a call of the function shows: what it prints, displays and returns."""
    from IPython.utils.capture import capture_output
    from ipywidgets.widgets.interaction import show_inline_matplotlib_plots

    with capture_output() as captured:
        result = function(**values)
        show_inline_matplotlib_plots()
    return repr((captured.stdout, [output.data for output in captured.outputs], result))
