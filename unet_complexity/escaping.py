r"""Foreign text, made harmless where it leaves: one function per destination.

The names of layers, inputs and models come from files of unknown origin.  The package
keeps them as they are.  Each view escapes them for its destination:

    terminal, plain text    plain, one_line, in_message        CSV              csv_cell
    HTML                    html_text, attribute   LaTeX file       latex
    a page's script         javascript             formula          latex_in_formula
    matplotlib              drawn

All but :func:`javascript` begin with :func:`plain`, so that no view holds invisible characters.
No view writes foreign text as Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

LONGEST_MESSAGE = 500  # characters: a few lines of a terminal, enough for a rule and its advice
LONGEST_CELL = 500  # in a table as text; its longest name sets the width of every row
LONGEST_LABEL = 40  # in a picture; a longer name would leave no room for the bars

FORMULA_STARTS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # some spreadsheets read the wide forms too
# At each of these some spreadsheets split a line, whatever wrote it; the cell then ends at the next one.
A_CELL_BEGINS = r"""(?<=([;,|"\t]))"""
A_NUMBER = r"\s*[+-]?\d+(?:[.,]\d+)?\s*(?:[)\]]+\s*)?(?:\1|$)"
LATER_FORMULA = re.compile(
    rf"{A_CELL_BEGINS}(?!{A_NUMBER})(?=\s*[{re.escape(''.join(FORMULA_STARTS))}])"
)
# printable for Python, but without ink: fillers, joiners, variation selectors, the empty Braille cell
INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
LATEX = {character: f"\\{character}" for character in "_&%#${}"}
IN_TEXT = LATEX | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
IN_FORMULA = LATEX | {"\\": r"\backslash{}", "~": r"{\sim}", "^": r"{\wedge}"}


def plain(text: str) -> str:
    r"""Text for a terminal.  Characters that are not printable are shown as Python escapes.

    These are control characters, line breaks, bidirectional and zero-width marks, lone
    surrogates, and characters without ink.

    Example:
        >>> print(plain("conv\x1b[2J\n\u202e/a_b"))
        conv\x1b[2J\n\u202e/a_b
    """
    if text.isprintable() and not INVISIBLE.search(text):
        return text
    return "".join(each if is_visible(each) else ascii(each)[1:-1] for each in text)


def is_visible(character: str) -> bool:
    """Return True for a character with ink, and for the space."""
    return character.isprintable() and not INVISIBLE.match(character)


def shortened(text: str, most: int) -> str:
    """Cut text to ``most`` characters, in the middle.

    The end of a path is its most telling part, and the end of a message is its advice.

    Example:
        >>> shortened("encoder/block/conv", 9)
        'enco…conv'
    """
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return f"{text[: most - 1 - end]}…{text[len(text) - end :]}"


def one_line(message: str) -> str:
    r"""Message for a terminal: one line of at most LONGEST_MESSAGE characters.

    Example:
        >>> one_line("no such\n layer: \x07")
        'no such layer: \\x07'
    """
    return shortened(plain(" ".join(message.split())), LONGEST_MESSAGE)


def in_message(text: str) -> str:
    r"""Name inside a message: short, in visible characters.

    Example:
        >>> print(in_message("conv\x1b[2J"))
        conv\x1b[2J
    """
    return shortened(plain(text), LONGEST_LABEL)


def not_counted(missing: Collection[str]) -> str:
    """Return the words that name what is in no count.

    Args:
        missing: Names of layers, at least one.

    Example:
        >>> not_counted(["Foo (block1/foo)", "Lambda (x)"])
        'NOT counted: 2 layers, Foo (block1/foo), Lambda (x)'
    """
    noun = "layer" if len(missing) == 1 else "layers"
    return f"NOT counted: {len(missing)} {noun}, {', '.join(map(in_message, missing))}"


def html_text(text: str) -> str:
    """Text between HTML tags.

    MathJax looks for formulas in a page's text, but not across tags.  So each character that can
    begin a formula gets an element of its own.

    Example:
        >>> html_text("<img> $x$")
        '&lt;img&gt; <span>$</span>x<span>$</span>'
    """
    return re.sub(r"[$\\]", r"<span>\g<0></span>", attribute(text))


def attribute(text: str) -> str:
    """Text for an attribute's value, in either quotes; also the source of a formula in HTML."""
    from html import escape  # importing html takes 5 ms, a tenth of importing this package

    return escape(plain(text))


def javascript(value: Any) -> str:
    r"""Plain data as a JavaScript literal, safe inside a script element.

    Without a "<" it can hold neither ``</script`` nor ``<!--``.

    Example:
        >>> print(javascript({"name": "</script>\u2028"}))
        {"name":"\u003c/script>\u2028"}
    """
    import json

    return json.dumps(value, separators=(",", ":")).replace("<", r"\u003c")


def csv_cell(value: Any) -> Any:
    """Cell of a CSV file.

    Text that a spreadsheet would run as a formula gets an apostrophe in front; numbers stay
    numbers.  So does text that becomes one if the spreadsheet splits lines at another sign.

    Example:
        >>> csv_cell("=1+1"), csv_cell("conv;=1+1"), csv_cell("conv"), csv_cell(-1)
        ("'=1+1", "conv;'=1+1", 'conv', -1)
    """
    if not isinstance(value, str):
        return value
    breaks = value.startswith(("\t", "\r", "\n"))
    is_formula = breaks or value.lstrip().startswith(FORMULA_STARTS)
    shown = LATER_FORMULA.sub("'", plain(value))
    return f"'{shown}" if is_formula else shown


def latex(text: str) -> str:
    r"""Text in a LaTeX file.

    ``\\`` at the end of a row takes a following [ or * as its argument; {} in front prevents it.

    Example:
        >>> print(latex("a_b 50%"))
        a\_b 50\%
    """
    escaped = "".join(IN_TEXT.get(character, character) for character in plain(text))
    if text.lstrip().startswith(("[", "*")):
        return "{}" + escaped
    return escaped


def latex_in_formula(text: str) -> str:
    r"""Text in a formula.

    Special characters stand beside ``\text{...}``, not in it: MathJax 2 would show the backslash
    of ``\text{\_}``, while MathJax 3 and LaTeX require it.

    Example:
        >>> print(latex_in_formula("as C_in grows"))
        \text{as C}\_\text{in grows}
    """
    parts = re.split(r"([_&%#${}~^\\])", plain(text))
    return "".join(IN_FORMULA.get(part, rf"\text{{{part}}}") for part in parts if part)


def drawn(text: str) -> str:
    r"""Label for matplotlib, which would read ``$...$`` as a formula.

    Example:
        >>> print(drawn("a $x$"))
        a \$x\$
    """
    return shortened(plain(text), LONGEST_LABEL).replace("$", r"\$")
