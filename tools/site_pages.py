"""What the site adds to Sphinx: formulas as MathML, pictures with their alternative texts, an explorer on any page.

Formulas become MathML while the site is built, so that no page needs a script or a network to show one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from math_core import LatexError
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.logging import getLogger

from tools.address import repository
from tools.web import mathml
from unet_complexity.checks.class_view import ClassView

BESIDE = re.compile(r"\[([^\]]*)\]\(\.\./([^)]+)\)")
SHORT = 60  # characters of LaTeX that are no wider than a telephone
IN_A_LINE, ALONE = re.compile(r"(?<!<span>)\$([^$]+)\$"), re.compile(r"\$\$([^$]+)\$\$")


def read(text: str) -> Any:
    """A notebook as MyST-NB wants it: it looks elsewhere for a picture's text, and leaves formulas in HTML alone."""
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        cell.source = BESIDE.sub(_in_the_repository, cell.source)
        for output in cell.get("outputs", []):
            if markdown := output.get("data", {}).get("text/markdown"):
                output.data["text/markdown"] = markdown.replace(
                    "\n---\n", "\n<hr>\n"
                )  # not a line between chapters
            if (html := output.get("data", {}).get("text/html", "")) and "<script" not in html:
                output.data["text/html"] = IN_A_LINE.sub(lambda found: formula(found[1]), html)
            if alt := output.get("metadata", {}).get("image/png", {}).get("alt"):
                cell.metadata["mystnb"] = {"image": {"alt": alt}}
    return notebook


def _in_the_repository(link: re.Match[str]) -> str:
    """A file that has no page here: at the project's public address, or, while there is none, its name alone."""
    return f"[{link[1]}]({address}/blob/HEAD/{link[2]})" if (address := repository()) else link[1]


def formula(latex: str, alone: bool = False, node: nodes.Element | None = None) -> str:
    """MathML of a formula; what cannot be converted is a warning, and so an error of the build."""
    try:
        return mathml(latex, alone)
    except LatexError as error:
        getLogger(__name__).warning("no MathML for %s: %s", latex, error, location=node)
        return ""


def visit_inline(translator: Any, node: nodes.Element) -> None:
    """A formula in a line of text; a long one in a box that scrolls where the page is narrower."""
    written = formula(node.astext(), node=node)
    long = len(node.astext()) > SHORT
    translator.body.append(f'<span class="formula">{written}</span>' if long else written)
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.Element) -> None:
    """A formula in a line of its own, which scrolls where it is wider than the page."""
    translator.body.append(f'<div class="formula">{formula(node.astext(), True, node)}</div>\n')
    raise nodes.SkipNode


class FirstExplorer(SphinxDirective):
    """The first explorer of a notebook, as committed: ``{explorer} notebooks/02-upsampling-rows-and-columns.ipynb``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The output's HTML."""
        name, path = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(name)
        outputs = [
            out
            for cell in read(Path(path).read_text("utf-8")).cells
            for out in cell.get("outputs", [])
        ]
        html = (out.get("data", {}).get("text/html", "") for out in outputs)
        return [nodes.raw("", next(one for one in html if "data-explorer=" in one), format="html")]


class ClassPage(SphinxDirective):
    """The form that shows what a class guessed: ``{class-view}``."""

    def run(self) -> list[nodes.Node]:
        """Return its HTML."""
        return [nodes.raw("", ClassView([], [])._repr_html_(), format="html")]


def formulas_in_docstring(
    _app: Sphinx, _what: str, _name: str, _obj: Any, _options: Any, lines: list[str]
) -> None:
    """Docstrings write formulas as notebooks do; examples stay as they are."""
    parts = "\n".join(lines).split("\n\n")
    lines[:] = "\n\n".join(
        part if part.startswith(">>>") else _formulas(part) for part in parts
    ).split("\n")


def _formulas(text: str) -> str:
    alone = ALONE.sub(lambda found: f".. math:: {' '.join(found[1].split())}", text)
    return IN_A_LINE.sub(lambda found: f":math:`{' '.join(found[1].split())}`", alone)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    app.add_directive("explorer", FirstExplorer)
    app.add_directive("class-view", ClassPage)
    app.connect("autodoc-process-docstring", formulas_in_docstring)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
