"""Names that somebody might give to a layer so that a view does what it must not, and networks made of them."""

from unet_complexity import Conv2D, ReLU, Tensor
from unet_complexity.engineering.readers.networks import ModelNetwork, Shapes
from unet_complexity.engineering.readers.reading import Unknown
from unet_complexity.engineering.roofline import Machine
from unet_complexity.networks import Step
from unet_complexity.symbols import N

PWNED = "window.pwned=1;document.title='pwned';alert(1)"
HOSTILE = {
    "an element": f'<img src=x onerror="{PWNED}">',
    "an element of SVG": f"</text></svg><svg onload={PWNED}>",
    "the end of a table": f"</td></tr></table><iframe srcdoc='<script>{PWNED}</script>'>",
    "the end of a script": f"</script><script>{PWNED}</script>",
    "the end in capitals": f"</SCRIPT ><ScRiPt>{PWNED}</sCrIpT>",
    "a comment": "<!--<script>",
    "an attribute": f'" onmouseover="{PWNED}" x="',
    "an attribute in single quotes": f"' onmouseover='{PWNED}' x='",
    "an entity": "&lt;b&gt; &#36;x&#36; &quot;",
    "a template": f"${{{PWNED}}}`{{network}} {{0.__class__}} %(x)s $&",
    "a string's end": f"\"]}}';{PWNED}//\\",
    "an explorer": '<div class="unetx" data-explorer="network" data-state="{}">',
    "a sheet's formula": '=cmd|"/c calc"!A1',
    "a sheet's sum": "+1+1",
    "a sheet's difference": "-1+1",
    "a sheet's function": "@SUM(1)",
    "a tab": "\t=1+1",
    "a return": "\r=1+1",
    "a blank": " =1+1",
    "a wide sign": "\uff1d1+1",
    "cells of a sheet": '",1,2\n"x',
    "LaTeX": r"\input{/etc/passwd} a_b & 50% #1 {x} ~ ^2 \end{tabular}",
    "LaTeX's option": "[1]",
    "LaTeX's star": "*",
    "a formula": "$x$ $$y$$",
    "half a formula": r"\frac{1$",
    "a broken formula": r"$\frac{$",
    "a link in a formula": r"$\href{javascript:window.pwned=1}{x}$",
    "other formulas": r"\(x\) \[y\] \begin{equation}z\end{equation}",
    "an escaped dollar": r"\$x\$ \\$y$",
    "Markdown": "[x](javascript:window.pwned=1) ![y](http://127.0.0.1:9/z) `c` | d",
    "ANSI": "\x1b[2J\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "ANSI in one byte": "\x9b31mred",
    "lines": "one\ntwo\r\nthree\x0b\x0c\x85four\u2028five\u2029six",
    "a prompt": "x\nunet_complexity: all is well\n$ ",
    "backspaces": "good\x08\x08\x08\x08evil\x7f",
    "right to left": "abc\u202egnp.exe\u2066\u2069\u200f",
    "nothing to see": "a\u200b\u200d\u2060\ufeff\u00adb",
    "NUL": "a\x00b",
    "tabulate's line": "\x01",
    "a prototype": "__proto__",
    "a curve that no legend shows": "_nolegend_",
    "a long name": "A" * 10_000,
}
SURROGATES = {"half a character": "\ud800x\udfff"}  # no file of ONNX can hold them; JSON can
ALL = HOSTILE | SURROGATES
NAMES = tuple(ALL.values())


def network(names=NAMES, side=N):
    """Convolutions in a row, every name of them, their blocks, inputs, outputs and of itself one of these.

    The last step cannot be counted, so that every view names it.
    """
    x, source, steps = Tensor(side, side, 3), names[0], []
    for level, name in enumerate(names):
        layer = Conv2D(3, 1) if level % 2 else ReLU()
        steps.append(Step(f"{name}.", layer, (x,), (source,), level % 7, f"{name}", "encoder"))
        source = steps[-1].name
    last = f"{names[-1]} last"
    unknown = Unknown(names[1], last, x)
    steps.append(Step(last, unknown, (x,), (source,), 0, names[0], "decoder"))
    inputs = Shapes.fromkeys(names[:2], x)
    return ModelNetwork(
        f"{names[0]} {names[-1]}",
        inputs,
        tuple(steps),
        outputs=tuple(step.name for step in steps[-2:]),
    )


def harmless(side=N):
    """The same network with names that no view changes."""
    return network(tuple(f"n{i}" for i in range(len(ALL))), side)


def counted(net):
    """Without the layer that cannot be counted, and as many inputs as there are."""
    return ModelNetwork(
        net.name, Shapes({net.steps[0].sources[0]: net.steps[0].inputs[0]}), net.steps[:-1]
    )


MACHINE = Machine(" ".join(NAMES), 10**12, 10**9)
