"""One explorer's JavaScript, put together from its parts: description, formulas, picture, and the shell around it.

The same text makes the widget, the page that needs no kernel, and the still picture: only its last lines differ.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from unet_complexity.escaping import attribute, html_text, javascript
from unet_complexity.explorers import formulas, own
from unet_complexity.explorers.templates import closed_forms

PARTS: dict[str, Callable[[], tuple[formulas.Formulas, formulas.Table]]] = {
    "window": lambda: (formulas.window_formulas(), formulas.window_table()),
    "repeat": lambda: (formulas.repeat_formulas(), {}),
    "block": lambda: (formulas.block_formulas(), formulas.block_table()),
    "levels": lambda: (formulas.levels_formulas(), {"forms": closed_forms()}),
    "growth": lambda: (formulas.growth_formulas(), {}),
    "own": own.asked,
    "roofline": lambda: (formulas.roofline_formulas(), {}),
}
SHARED = {
    "levels": ["unet.js", "stack.js"],
    "growth": ["unet.js"],
    "own": ["unet.js", "stack.js"],
}  # between draw.js and the explorer's own

WIDGET = "export default { initialize: (found) => announce(found.model), render: (view) => renderWidget(view) };\n"
PAGE = "startOnPage();\n"


@cache
def data(kind: str) -> str:
    """The formulas and the table of an explorer that is the same for everybody."""
    return written(*PARTS[kind]())


def written(expressions: formulas.Formulas, table: formulas.Table) -> str:
    """Formulas and table as JavaScript's ``count`` and ``TABLE``."""
    return f"const count = {formulas.javascript(expressions)};\nconst TABLE = {javascript(table)};"


@cache
def body(kind: str, counts: str = "") -> str:
    """Everything but the start: constants, formulas, ``explorer.picture`` and ``mount``.

    ``counts``: what :func:`written` gives for this one explorer, where not all of its kind are the same.
    """
    static = files("unet_complexity.explorers") / "static"
    names = ["draw.js", *SHARED.get(kind, []), f"{kind}.js", "shell.js"]
    return "\n".join(
        [
            f"const CSS = {javascript((static / 'style.css').read_text('utf-8'))};",
            counts or data(kind),
            *((static / name).read_text("utf-8") for name in names),
        ]
    )


def widget_module(kind: str, spec: dict[str, Any], counts: str = "") -> str:
    """The module that anywidget loads."""
    return f"{_constant(spec)}{body(kind, counts)}{WIDGET}"


def page(kind: str, spec: dict[str, Any], state: dict[str, Any], text: str, key: str = "", counts: str = "") -> str:
    """HTML that needs nothing else: the sentence first, which the script replaces by the live explorer.

    ``key``: that of the object in the kernel which the explorer follows, and which follows it, while there is one.
    """
    script = f"(() => {{\n{_constant(spec)}{body(kind, counts)}{PAGE}}})();"
    data = attribute(json.dumps(state, separators=(",", ":")))
    model = f' data-key="{key}"' if key else ""
    own = f' data-own="{spec["own"]}"' if "own" in spec else ""
    return (
        f'<div class="unetx" data-explorer="{kind}"{own} data-state="{data}"{model}>'
        f"<p>{html_text(text)}</p></div>\n<script>\n{script}\n</script>"
    )


def _constant(spec: dict[str, Any]) -> str:
    return f"const SPEC = {javascript(spec)};\n"
