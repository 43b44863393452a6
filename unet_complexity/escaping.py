r"""Foreign text, made harmless where it leaves: one function per destination.

Names of layers, inputs and models come from files that anybody may have written.  They are kept as they are and
escaped by each view, for the place where that view is read.  :func:`plain` is the base of the others, so that nothing
invisible reaches any reader:

    terminal, plain text    plain, one_line        a sheet          csv_cell
    a page                  html_text, attribute   a LaTeX file     latex
    a page's script         javascript             a formula        latex_in_formula
    a matplotlib picture    drawn

No view writes foreign text as Markdown.
"""

from __future__ import annotations

import re
from typing import Any

LONGEST_MESSAGE = 500  # characters: some lines of a terminal, room for every rule and its advice
LONGEST_CELL = 500  # of a table as text, which fills every other row of a column up to the longest
LONGEST_LABEL = 40  # of a name in a picture: more would leave no room for the bars

FORMULA_STARTS = "=+-@\uff1d\uff0b\uff0d\uff20"  # the wide forms too: some sheets read them alike
LATEX = {character: f"\\{character}" for character in "_&%#${}"}
IN_TEXT = LATEX | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
IN_FORMULA = LATEX | {"\\": r"\backslash{}", "~": r"{\sim}", "^": r"{\wedge}"}


def plain(text: str) -> str:
    r"""Text for a terminal: whatever moves, colours, hides or reorders is shown as Python would write it.

    >>> print(plain("conv\x1b[2J\n\u202e/a_b"))
    conv\x1b[2J\n\u202e/a_b
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def shortened(text: str, most: int) -> str:
    """At most so many characters: the middle gives way, since a path's end tells most, and a message's end advises.

    >>> shortened("encoder/block/conv", 9)
    'enco…conv'
    """
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return f"{text[: most - 1 - end]}…{text[len(text) - end :]}"


def one_line(message: str) -> str:
    r"""A message for a terminal: one line of at most LONGEST_MESSAGE characters.

    >>> one_line("no such\n layer: \x07")
    'no such layer: \\x07'
    """
    return shortened(plain(" ".join(message.split())), LONGEST_MESSAGE)


def html_text(text: str) -> str:
    """Text between tags.  MathJax looks for formulas there, but not across tags: what begins one stands alone.

    >>> html_text("<img> $x$")
    '&lt;img&gt; <span>$</span>x<span>$</span>'
    """
    return re.sub(r"[$\\]", r"<span>\g<0></span>", attribute(text))


def attribute(text: str) -> str:
    """Text for an attribute's value, in quotes of either kind; or the source of a formula, which MathJax is to read."""
    from html import escape  # here, since it takes a tenth of the time that importing the package does

    return escape(plain(text))


def javascript(value: Any) -> str:
    r"""Plain data as JavaScript, also inside a page's script, which neither ``</script`` nor ``<!--`` then ends.

    >>> print(javascript({"name": "</script>\u2028"}))
    {"name":"\u003c/script>\u2028"}
    """
    import json

    return json.dumps(value, separators=(",", ":")).replace("<", r"\u003c")


def csv_cell(value: Any) -> Any:
    """A cell of a sheet: text that would be a formula there gets an apostrophe in front; numbers stay numbers.

    >>> csv_cell("=1+1"), csv_cell("conv"), csv_cell(-1)
    ("'=1+1", 'conv', -1)
    """
    if not isinstance(value, str):
        return value
    starts = value.startswith(("\t", "\r", "\n")) or value.lstrip().startswith(tuple(FORMULA_STARTS))
    return "'" * starts + plain(value)


def latex(text: str) -> str:
    r"""Text for a LaTeX file.  A row that begins with [ or * would be read by the end of the row before.

    >>> print(latex("a_b 50%"))
    a\_b 50\%
    """
    escaped = "".join(IN_TEXT.get(character, character) for character in plain(text))
    return "{}" * text.lstrip().startswith(("[", "*")) + escaped


def latex_in_formula(text: str) -> str:
    r"""Text inside a formula.  Special characters stand beside ``\text``: MathJax 2, 3 and LaTeX agree only there.

    >>> print(latex_in_formula("as C_in grows"))
    \text{as C}\_\text{in grows}
    """
    parts = re.split(r"([_&%#${}~^\\])", plain(text))
    return "".join(IN_FORMULA.get(part, rf"\text{{{part}}}") for part in parts if part)


def drawn(text: str) -> str:
    r"""A label for matplotlib, which would read ``$...$`` as a formula.

    >>> print(drawn("a $x$"))
    a \$x\$
    """
    return shortened(plain(text), LONGEST_LABEL).replace("$", r"\$")
