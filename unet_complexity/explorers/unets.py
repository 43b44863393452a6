"""U-Nets as explorers need them: counts of a network, formulas by block, totals as templates.

A template is a total as a line of text with places for its letters, "{N}²·{g}·...". The script and
Python fill it alike: once with the names of the letters, once with numbers.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import sympy as sp

from unet_complexity.closed_form import tidy
from unet_complexity.explorers.base import State, rounded
from unet_complexity.explorers.javascript import Formulas
from unet_complexity.layers import Convolution
from unet_complexity.networks import Network
from unet_complexity.symbols import C_in, C_out, L, Size, g, k, q
from unet_complexity.unets import classic_unet, pix2pix_unet

NAMES = {"params": "parameters", "macs": "MACs", "memory": "activation elements"}
ORDER = ["N", "L", "q", "C", "C_in", "C_out", "g", "k"]
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@lru_cache(maxsize=64)  # traitlets checks up to 8 controls in one change: 3 ms once, not 8 times
def build(family: str, in_channels: int, out_channels: int, **sizes: Any) -> Network:
    """Return a U-Net of the family "classic" or "pix2pix"."""
    if family == "classic":
        return classic_unet(in_channels=in_channels, classes=out_channels, **sizes)
    return pix2pix_unet(in_channels=in_channels, out_channels=out_channels, **sizes)


@cache  # 200 ms: two explorers, and the templates of one
def unets() -> dict[str, Network]:
    """Return the U-Nets that explorers draw, with every size a letter."""
    sizes = {"in_channels": C_in, "base_filters": g, "kernel_size": k, "depth": L}
    return {
        "classic transpose": classic_unet(classes=C_out, up="transpose", **sizes),
        "classic upsample": classic_unet(classes=C_out, up="upsample", **sizes),
        "pix2pix capped": pix2pix_unet(out_channels=C_out, doublings=q, **sizes),
        "pix2pix rising": pix2pix_unet(out_channels=C_out, doublings=None, **sizes),
    }


def counts_of_network(net: Network) -> State:
    """Return parameters and MACs of all layers, and elements of all convolution outputs."""
    cost = net.total()
    memory: Size = 0  # a level of your own network may lack convolutions
    if any(isinstance(step.layer, Convolution) for step in net):
        memory = net.only(Convolution).total().writes
    return {"params": cost.params, "macs": cost.macs, "memory": memory}


def largest_shares(levels: dict[int, State], totals: State) -> State:
    """Return the level with the largest share of each total, and that share in percent."""
    shares: State = {}
    for name in NAMES:
        # of equal levels the upper one, as in the picture
        most = max(sorted(levels), key=lambda level: levels[level][name])
        share = levels[most][name] / totals[name]
        shares[f"{name}_level"] = most
        shares[f"{name}_share"] = rounded(100 * share)
    return shares


def bytes_written(size: int) -> str:
    """Return a number of bytes as the picture has it.

    Example:
        >>> bytes_written(4 * 39976960)
        '152.5 MiB'
    """
    power = min(3, (size.bit_length() - 1) // 10)
    if power == 0:
        return f"{size} bytes"
    unit = ("KiB", "MiB", "GiB")[power - 1]
    return f"{rounded(size / 1024**power)} {unit}"


def blocks(net: Network) -> list[Formulas]:
    """Return the span of levels of each block, and its costs on a level of that span."""
    return [_block(block) for block in net.groups("block").values()]


def _block(net: Network) -> Formulas:
    first = net.steps[0]
    span = first.span
    costs = [step.layer.cost(*step.inputs) for step in net]
    outputs = [step.output for step in net if isinstance(step.layer, Convolution)]
    return {
        "part": first.part,
        "first": span.first if span else first.level,
        "last": span.last if span else first.level,
        "side": outputs[-1].height,
        "filters": outputs[-1].channels,
        "params": tidy(sum(cost.params for cost in costs)),
        "macs": tidy(sum(cost.macs for cost in costs)),
        "memory": tidy(sum(output.size for output in outputs)),
    }


def templates(net: Network) -> dict[str, str]:
    """Return the three totals of a network as templates.

    Example:
        >>> templates(unets()["classic transpose"])["memory"]
        '{N}²·(10·{g} + {C_out} − 8·{g}/2^{L})'
    """
    return {name: template(total) for name, total in counts_of_network(net).items()}


def template(expr: Any) -> str:
    """Return a sum of products: common powers in front, subtracted terms last.

    Example:
        >>> from unet_complexity.symbols import C, g, k
        >>> template(g * (4 * k**2 * C + g / 2))
        '{g}·(4·{C}·{k}² + {g}/2)'
    """
    terms = sp.Add.make_args(sp.expand(expr))
    if len(terms) == 1:
        return _term(terms[0])
    shared = _shared(terms)
    rest = sorted((term / shared for term in terms), key=_rank)
    inside = _term(rest[0])
    for term in rest[1:]:
        if _negative(term):
            inside += f" − {_term(-term)}"
        else:
            inside += f" + {_term(term)}"
    return inside if shared == 1 else f"{_term(shared)}·({inside})"


def _shared(terms: tuple[sp.Expr, ...]) -> sp.Expr:
    """Return the powers of letters that every term has."""
    powers = [term.as_powers_dict() for term in terms]
    shared = sp.Integer(1)
    for letter in terms[0].free_symbols:
        shared *= letter ** min(one.get(letter, 0) for one in powers)
    return shared


def _rank(term: sp.Expr) -> tuple[bool, int, str]:
    powers = term.as_powers_dict().values()
    degree = sum(1 if power.has(sp.Symbol) else power for power in powers)
    return _negative(term), -degree, str(term)


def _negative(term: sp.Expr) -> bool:
    return bool(term.as_coeff_Mul()[0] < 0)


def _term(term: sp.Expr) -> str:
    """Return one product: number, powers of two, letters, and the divisor behind a slash."""
    number, product = term.as_coeff_Mul()
    above = [str(number.p)] if number.p != 1 else []
    below = [str(number.q)] if number.q != 1 else []
    for base, exponent in sorted(product.as_powers_dict().items(), key=_place):
        if base == 2:
            for part in sp.Add.make_args(exponent):
                times, letter = part.as_coeff_Mul()
                side = below if times < 0 else above
                side.append(f"{2 ** abs(times)}^{{{letter}}}")  # 2^(2L) is 4^L
        elif base != 1:
            raised = "" if exponent == 1 else str(exponent).translate(SUPERSCRIPTS)
            above.append(f"{{{base}}}{raised}")
    dividend = "·".join(above) or "1"
    divisor = "·".join(below)
    if not below:
        return dividend
    if len(below) > 1:
        divisor = f"({divisor})"
    return f"{dividend}/{divisor}"


def _place(power: tuple[sp.Expr, sp.Expr]) -> int:
    base = power[0]
    return -1 if base.is_number else ORDER.index(str(base))


def filled(forms: dict[str, str], letters: State, totals: State) -> list[list[str]]:
    """Return each total as four texts: name, formula in letters, in numbers, and value."""
    names = {letter: letter for letter in letters}
    return [
        [NAMES[name], form.format(**names), form.format(**letters), f"{totals[name]:,}"]
        for name, form in forms.items()
    ]
