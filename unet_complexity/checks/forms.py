"""Forms on a page: a prediction that is typed, and the guess beside its outcome.

A form is HTML with its own script, so it works wherever a page may run scripts: in a notebook, on
the site, in an exported or downloaded page.  With a kernel it tells Python, which writes the file
of predictions; without one the browser keeps the guess.  The script judges as Python does.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import uuid4

from unet_complexity.checks.feedback import Feedback
from unet_complexity.escaping import attribute, plain
from unet_complexity.escaping import javascript as constant

WIDGET = "export default { initialize: ({ model }) => announce(model), render };\n"
PAGE = "startForm();\n"
FILES = {  # of each kind of form, in static/, after form.js
    "prediction": ("guess.js", "prediction.js"),
    "ledger": ("guess.js", "ledger.js"),
    "exercise": ("formula.js", "exercise.js"),
    "puzzle": ("formula.js", "puzzle.js"),
    "quiz": ("quiz.js",),
    "class": ("guess.js", "class.js"),
}
MOST_TYPED = 100  # characters of a guess


def page(kind: str, questions: list[dict[str, Any]], inside: str, **more: str) -> str:
    """Return a form as HTML that needs no other file.

    Args:
        kind: one of FILES.
        questions: what the script needs to ask and to judge.
        inside: HTML that stands there until the script takes over, or for good if there is none.
        more: further data attributes, such as the key of the kernel's object that the form tells.
    """
    data = {"ask": kind, "questions": json.dumps(questions, separators=(",", ":")), **more}
    attributes = ""
    for name, value in data.items():
        attributes += f' data-{name}="{attribute(value)}"'
    return (
        f'<div class="unetx"{attributes}>{inside}</div>\n'
        f"<script>\n(() => {{\n{script(kind)}{PAGE}}})();\n</script>"
    )


@cache
def script(kind: str) -> str:
    """Return the script of a kind of form, without comments and the line that starts it."""
    static = files("unet_complexity.checks") / "static"
    css = constant((static / "form.css").read_text("utf-8"))
    texts = []
    for name in ("form.js", *FILES[kind]):
        texts.append((static / name).read_text("utf-8"))
    text = "\n".join(texts)
    return f"const CSS = {css};\n" + re.sub(r"^\s*//.*\n|^\s+", "", text, flags=re.MULTILINE)


@dataclass(frozen=True, repr=False, kw_only=True)
class Asked(Feedback):
    """A prediction that is asked for: as text a request, on a page a form.

    Attributes:
        question: what the form's script needs, with the guess that is noted.
        note: called with the typed text and its time; returns the message for the reader, the guess
            that counts (None if the file does not hold it) and that guess's time.  Called with None,
            it notes nothing.
    """

    question: dict[str, Any]
    note: Callable[[str | None, int], tuple[Feedback, Any, int]]

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str] | tuple[dict[str, Any], Any]:
        """Return the form, which tells the kernel by an invisible widget if there is a kernel."""
        data: dict[str, Any] = {}
        metadata: dict[str, Any] = {}
        key = uuid4().hex
        if "ipykernel" in sys.modules:
            from unet_complexity.explorers.base import needs_widget

            widget = _widget(self, key)
            if needs_widget():
                data, metadata = widget._repr_mimebundle_(**kwargs)
        inside = super()._repr_html_()
        html = page("prediction", [self.question], inside, key=key)
        return {**data, "text/plain": repr(self), "text/html": html}, metadata


@dataclass(frozen=True, repr=False, kw_only=True)
class Tried(Feedback):
    """Feedback on an answer to an exercise or a puzzle; on a page with fields for another answer.

    Attributes:
        kind: "exercise" or "puzzle".
        question: what the script of the fields needs.
    """

    kind: str
    question: dict[str, Any]

    def _repr_html_(self) -> str:
        return page(self.kind, [self.question], super()._repr_html_())


def _widget(asked: Asked, key: str) -> Any:
    """Return the widget by which a form tells the kernel what is typed."""
    import anywidget
    import traitlets

    class Form(anywidget.AnyWidget):
        _esm = script("prediction") + WIDGET
        _key = traitlets.Unicode(key).tag(sync=True)
        question = traitlets.Dict(asked.question).tag(sync=True)
        sent = traitlets.Dict().tag(sync=True)  # by the page: "typed" (or None), "at", "nth"
        told = traitlets.Dict().tag(sync=True)  # by the kernel

    def heard(change: Any) -> None:
        typed, at, nth = map(change["new"].get, ("typed", "at", "nth"))
        is_text = isinstance(typed, str) and len(typed) <= MOST_TYPED
        if (is_text or typed is None) and type(at) is int:
            feedback, noted, at = asked.note(typed, at)
            form.told = {
                "text": plain(feedback.text),
                "noted": noted,
                "nth": nth,
                "at": at,
                "in_browser": sys.platform == "emscripten",
            }

    form = Form()
    form.observe(heard, "sent")
    return form
