"""One explorer's JavaScript, put together from its parts: description, formulas, picture, and the shell around it.

The same text makes the widget, the page that needs no kernel, and the still picture: only its last lines differ.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from unet_complexity.explorers import formulas
from unet_complexity.explorers.templates import closed_forms

PARTS: dict[str, Callable[[], tuple[formulas.Formulas, formulas.Table]]] = {
    "window": lambda: (formulas.window_formulas(), formulas.window_table()),
    "repeat": lambda: (formulas.repeat_formulas(), {}),
    "block": lambda: (formulas.block_formulas(), formulas.block_table()),
    "levels": lambda: (formulas.levels_formulas(), {"forms": closed_forms()}),
    "growth": lambda: (formulas.growth_formulas(), {}),
    "roofline": lambda: (formulas.roofline_formulas(), {}),
}
SHARED = {"levels": ["unet.js"], "growth": ["unet.js"]}  # between draw.js and the explorer's own

WIDGET = "export default { initialize: (found) => announce(found.model), render: (view) => renderWidget(view) };\n"
PAGE = "startOnPage();\n"


@cache
def body(kind: str) -> str:
    """Everything but the start: constants, formulas, ``explorer.picture`` and ``mount``."""
    expressions, table = PARTS[kind]()
    static = files("unet_complexity.explorers") / "static"
    names = ["draw.js", *SHARED.get(kind, []), f"{kind}.js", "shell.js"]
    return "\n".join(
        [
            f"const CSS = {json.dumps((static / 'style.css').read_text('utf-8'))};",
            f"const count = {formulas.javascript(expressions)};",
            f"const TABLE = {formulas.table(table)};",
            *((static / name).read_text("utf-8") for name in names),
        ]
    )


def widget_module(kind: str, spec: dict[str, Any]) -> str:
    """The module that anywidget loads."""
    return f"{_constant(spec)}{body(kind)}{WIDGET}"


def page(kind: str, spec: dict[str, Any], state: dict[str, Any], text: str, key: str = "") -> str:
    """HTML that needs nothing else: the sentence first, which the script replaces by the live explorer.

    ``key``: that of the object in the kernel which the explorer follows, and which follows it, while there is one.
    """
    script = f"(() => {{\n{_constant(spec)}{body(kind)}{PAGE}}})();".replace("</script", r"<\/script")
    data = html.escape(json.dumps(state, separators=(",", ":")))
    model = f' data-key="{key}"' if key else ""
    return (
        f'<div class="unetx" data-explorer="{kind}" data-state="{data}"{model}>'
        f"<p>{html.escape(text)}</p></div>\n<script>\n{script}\n</script>"
    )


def _constant(spec: dict[str, Any]) -> str:
    return f"const SPEC = {json.dumps(spec, separators=(',', ':'))};\n"
