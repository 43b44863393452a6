"""Still picture of an explorer, as a PNG, drawn by the explorer's own script without a browser.

Committed notebooks hold it for readers whose viewer runs no script. Needs mini-racer (a JavaScript
engine), resvg_py (SVG to pixels), and matplotlib's Pillow and copy of the DejaVu fonts.
"""

from __future__ import annotations

import atexit
import base64
import html
import io
import json
import re
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from unet_complexity import explorers
from unet_complexity.escaping import attribute

OPENING = r'(<div class="unetx" data-explorer="\w+"(?: data-network="\w+")? data-state="([^"]*)")'
PLACE = re.compile(OPENING + r'(?: data-key="\w*")?>(<img[^>]*>)?')
SCRIPT = re.compile(r"<script>\n\(\(\) => \{\n(.*?)startOnPage\(\);\n\}\)\(\);", re.DOTALL)
COLOURS = 128
SCALE = 2  # pixels per unit of the picture, for dense screens


@cache  # a context takes 0.1 s to make; tests ask for the same seven thousands of times
def engine(kind: str) -> Any:
    """Return a JavaScript context that knows an explorer's ``explorer``, ``count`` and ``fit``.

    Args:
        kind: Kind of the explorer, such as "window".
    """
    classes = (getattr(explorers, name) for name in explorers.EXPLORERS)
    cls = next(one for one in classes if one.kind == kind)
    return running(cls()._script())


@lru_cache(maxsize=32)
def running(script: str) -> Any:
    """Return a JavaScript context that has run a script.

    Raises:
        ImportError: mini-racer is not installed.
    """
    try:
        from py_mini_racer import MiniRacer
    except ImportError as error:
        raise ImportError(
            "still pictures need mini-racer: pip install mini-racer resvg_py matplotlib"
        ) from error
    context = MiniRacer()
    context.eval(script)
    return context


# Contexts are closed before Python ends: at its very end their threads may be waited for without end.
for contexts in (engine, running):
    atexit.register(contexts.cache_clear)


def picture(kind: str, state: dict[str, Any], narrow: bool = False) -> dict[str, Any]:
    """Return what an explorer's script draws for a state: "svg", "text", "rows", "numbers".

    Args:
        kind: Kind of the explorer, such as "window".
        state: Value of every control.
        narrow: Draw for a narrow page.
    """
    return drawn(engine(kind), state, narrow)


def drawn(context: Any, state: dict[str, Any], narrow: bool = False) -> dict[str, Any]:
    """As :func:`picture`, by the explorer of a given JavaScript context; with its formulas, "forms", if it has some."""
    options = json.dumps({"narrow": narrow, "uid": "still"})
    drawing = f"explorer.picture({json.dumps(state)}, {options})"
    called = "(_, value) => typeof value === 'function' ? value() : value"  # its formulas
    result = context.eval(f"JSON.stringify({drawing}, {called})")
    found: dict[str, Any] = json.loads(result)
    return found


def png(svg: str) -> bytes:
    """Return a picture as a PNG: light colours, on white, with fonts that are the same everywhere.

    Raises:
        ImportError: resvg_py, matplotlib or Pillow is not installed.
    """
    try:
        import matplotlib
        import resvg_py
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            "still pictures need resvg_py: pip install mini-racer resvg_py matplotlib"
        ) from error
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    width = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])  # type: ignore[index]
    pixels = bytes(
        resvg_py.svg_to_bytes(
            svg_string=_with_style(svg),
            width=SCALE * width,
            background="#ffffff",
            skip_system_fonts=True,
            font_files=[str(fonts / name) for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")],
            font_family="DejaVu Sans",
            sans_serif_family="DejaVu Sans",
        )
    )
    small = io.BytesIO()  # flat colours: a palette takes a third of the room
    Image.open(io.BytesIO(pixels)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(
        small, "PNG", optimize=True
    )
    return small.getvalue()


def _with_style(svg: str) -> str:
    """Return a picture with the page's style sheet, light colours for its custom properties.

    resvg does not know custom properties.
    """
    css = (files("unet_complexity.explorers") / "static" / "style.css").read_text("utf-8")
    light = dict(re.findall(r"(--ux-\w+): light-dark\((#\w+|rgba\([^)]*\)),", css))
    rules = [line for line in css.splitlines() if re.match(r"\.(fill-|unetx (svg )?[.t])", line)]
    style = re.sub(r"var\((--ux-\w+)\)", lambda name: light[name[1]], "\n".join(rules))
    style = style.replace(".unetx svg ", "").replace(".unetx ", "").replace("system-ui, ", "")
    return svg.replace("<defs>", f"<style>{style}</style><defs>", 1)


def add_still(page: str) -> str:
    """Return the HTML of an explorer with a still of its state in it; other HTML as it is.

    The script beside it draws the still. The picture's alternative text is the explorer's sentence.
    The key is dropped: a stored page has no kernel that knows it.

    Args:
        page: HTML of an output.
    """

    def with_image(match: re.Match[str]) -> str:
        opening, state = match[1], json.loads(html.unescape(match[2]))
        script = SCRIPT.search(page, match.end())[1]  # type: ignore[index]
        shown = drawn(running(script), state)
        data = base64.b64encode(png(shown["svg"])).decode()
        alt = attribute(shown["text"])
        source = f"data:image/png;base64,{data}"
        return f'{opening}><img alt="{alt}" width="720" style="max-width:100%" src="{source}">'

    return PLACE.sub(with_image, page)
