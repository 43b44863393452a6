"""One explorer's script, put together from its description, formulas, picture and shell.

The widget, the page that needs no kernel, and the still picture run the same text; only its last
lines differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from unet_complexity.escaping import attribute, html_text
from unet_complexity.escaping import javascript as constant
from unet_complexity.explorers.javascript import Formulas, Table, javascript

WIDGET = "export default { initialize: (found) => announce(found.model), render: (view) => renderWidget(view) };\n"
PAGE = "startOnPage();\n"


def written(formulas: Formulas, table: Table) -> str:
    """Return formulas and table as JavaScript's ``count`` and ``TABLE``."""
    return f"const count = {javascript(formulas)};\nconst TABLE = {constant(table)};"


def script(spec: dict[str, Any], counts: str, shared: Iterable[str] = ()) -> str:
    """Return an explorer's script without the line that starts it.

    Args:
        spec: Description of the explorer; its ``kind`` names the file in static/.
        counts: Formulas and table, as :func:`written` returns them.
        shared: Further files in static/ that the explorer's own file uses.
    """
    static = files("unet_complexity.explorers") / "static"
    names = ["draw.js", *shared, f"{spec['kind']}.js", "shell.js"]
    css = constant((static / "style.css").read_text("utf-8"))
    parts = [(static / name).read_text("utf-8") for name in names]
    return "\n".join([f"const SPEC = {constant(spec)};\nconst CSS = {css};", counts, *parts])


def page(spec: dict[str, Any], script: str, state: dict[str, Any], text: str, key: str) -> str:
    """Return HTML that needs no other file.

    Args:
        spec: Description of the explorer.
        script: Text that :func:`script` returns for it.
        state: Value of every control.
        text: The sentence, shown until the script replaces it by the live explorer.
        key: Key of the kernel's object that the explorer follows while there is one.
    """
    data = attribute(json.dumps(state, separators=(",", ":")))
    network = f' data-network="{spec["network"]}"' if "network" in spec else ""
    return (
        f'<div class="unetx" data-explorer="{spec["kind"]}"{network} data-state="{data}" data-key="{key}">'
        f"<p>{html_text(text)}</p></div>\n"
        f"<script>\n(() => {{\n{script}{PAGE}}})();\n</script>"
    )
