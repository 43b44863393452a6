"""Markdown and cells as HTML that needs nothing else: formulas are MathML, pictures and explorers are inside."""

import html
import re
from pathlib import Path
from string import Template
from typing import Any

from math_core import LatexToMathML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

SHOWN = (
    "text/html",
    "text/latex",
    "image/png",
    "text/markdown",
    "text/plain",
)  # the first that an output has
COLOURS: str = HtmlFormatter().get_style_defs(".highlight")


TEXT = re.compile(r"\\text\{[^{}]*\}")
_MATHML = LatexToMathML(fancy_error=False)


def mathml(formula: str, alone: bool = False) -> str:
    r"""A formula without its dollar signs, in a line of text or ``alone`` in one of its own.  LatexError for nonsense.

    >>> "<mi>c</mi>" in mathml("c n^2")
    True
    """
    latex = TEXT.sub(lambda text: text[0].replace("_", r"\_"), html.unescape(formula).strip())
    return str(_MATHML.convert_with_local_state(latex, displaystyle=alone))


class _Renderer(IPythonRenderer):
    def block_math(self, body: str) -> str:
        return mathml(body, alone=True)

    def inline_math(self, body: str) -> str:
        return mathml(body)


def from_markdown(text: str) -> str:
    """HTML of Markdown with formulas between dollar signs."""
    renderer = _Renderer(escape=False, exclude_anchor_links=True)
    return str(MarkdownWithMath(renderer=renderer).render(text))


def from_cell(cell: Any) -> str:
    """HTML of a notebook's cell with its outputs."""
    if cell.cell_type == "markdown":
        return from_markdown(cell.source)
    return "\n".join(
        [highlight(cell.source, PythonLexer(), HtmlFormatter()), *map(_output, cell.outputs)]
    )


def _output(output: Any) -> str:
    if output.output_type == "stream":
        return f"<pre>{html.escape(output.text)}</pre>"
    kind = next(kind for kind in SHOWN if kind in output.data)
    data = output.data[kind]
    if kind == "image/png":
        alt = output.metadata.get(kind, output.metadata).get("alt", "")
        return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data.strip()}">'
    if kind == "text/plain":
        return f"<pre>{html.escape(data)}</pre>"
    if kind == "text/latex":
        return mathml(data.strip().strip("$"), alone=True)
    return from_markdown(data) if kind == "text/markdown" else str(data)


def page(template: str, **parts: str) -> str:
    """A whole page from one of the templates beside this file."""
    return Template((Path(__file__).parent / template).read_text("utf-8")).substitute(
        colours=COLOURS, **parts
    )
