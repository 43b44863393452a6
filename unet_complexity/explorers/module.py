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

PARTS: dict[str, Callable[[], tuple[formulas.Formulas, formulas.Table]]] = {
    "window": lambda: (formulas.window_formulas(), formulas.window_table()),
    "repeat": lambda: (formulas.repeat_formulas(), {}),
    "block": lambda: (formulas.block_formulas(), formulas.block_table()),
    "levels": lambda: (formulas.levels_formulas(), {}),
}

WIDGET = "export default { render: (view) => renderWidget(view) };\n"
PAGE = "startOnPage();\n"


@cache
def body(kind: str) -> str:
    """Everything but the start: constants, formulas, ``explorer.picture`` and ``mount``."""
    expressions, table = PARTS[kind]()
    static = files("unet_complexity.explorers") / "static"
    return "\n".join(
        [
            f"const CSS = {json.dumps((static / 'style.css').read_text('utf-8'))};",
            f"const count = {formulas.javascript(expressions)};",
            f"const TABLE = {formulas.table(table)};",
            *((static / name).read_text("utf-8") for name in ("draw.js", f"{kind}.js", "shell.js")),
        ]
    )


def widget_module(kind: str, spec: dict[str, Any]) -> str:
    """The module that anywidget loads."""
    return f"{_constant(spec)}{body(kind)}{WIDGET}"


def page(kind: str, spec: dict[str, Any], state: dict[str, Any], text: str) -> str:
    """HTML that needs nothing else: the sentence first, which the script replaces by the live explorer."""
    script = f"(() => {{\n{_constant(spec)}{body(kind)}{PAGE}}})();".replace("</script", r"<\/script")
    data = html.escape(json.dumps(state, separators=(",", ":")))
    return (
        f'<div class="unetx" data-explorer="{kind}" data-state="{data}">'
        f"<p>{html.escape(text)}</p></div>\n<script>\n{script}\n</script>"
    )


def _constant(spec: dict[str, Any]) -> str:
    return f"const SPEC = {json.dumps(spec, separators=(',', ':'))};\n"
