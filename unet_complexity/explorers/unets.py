"""U-Nets as explorers need them: counts of a network, formulas by block, totals as templates.

A template is a total as a line of text with places for its letters, "{N}²·{g}·...". The script
fills it twice: with the names of the letters, and with numbers.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import sympy as sp

from unet_complexity.closed_form import tidy
from unet_complexity.explorers.base import State, rounded
from unet_complexity.explorers.javascript import Formulas
from unet_complexity.layers import Convolution
from unet_complexity.networks import Network
from unet_complexity.symbols import C_in, C_out, L, g, k, q
from unet_complexity.unets import classic_unet, pix2pix_unet

NAMES = {"params": "parameters", "macs": "MACs", "memory": "activation elements"}
ORDER = ["N", "L", "q", "C", "C_in", "C_out", "g", "k"]
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@lru_cache(maxsize=64)  # traitlets checks up to 8 controls in one change: 3 ms once, not 8 times
def build(family: str, in_channels: int, out_channels: int, **sizes: Any) -> Network:
    """Return a U-Net of the family "classic" or "pix2pix".

    Raises:
        ValueError: The sizes do not agree.
    """
    if family == "classic":
        return classic_unet(in_channels=in_channels, classes=out_channels, **sizes)
    depth = sizes.get("depth", 2)
    if depth < 2:
        raise ValueError(f"depth of the pix2pix family must be at least 2, got {depth}; try 2")
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
    written = [step.cost.writes for step in net if isinstance(step.layer, Convolution)]
    return {"params": cost.params, "macs": cost.macs, "memory": tidy(sum(written))}


def summary(levels: dict[int, State]) -> State:
    """Return the numbers of a sentence about a network's levels.

    Args:
        levels: Counts of each level, as numbers.

    Returns:
        The totals, the bytes of the memory, and of each total the largest share in percent and the
        level that has it, or several that have as much.
    """
    totals = {name: sum(counts[name] for counts in levels.values()) for name in NAMES}
    numbers: State = {**totals, "size": bytes_written(4 * totals["memory"])}
    for name, total in totals.items():
        most = max(counts[name] for counts in levels.values())
        first = [str(level) for level in sorted(levels) if levels[level][name] == most]
        numbers[f"{name}_level"] = " and ".join(first)
        numbers[f"{name}_share"] = rounded(100 * (most / total))
    return numbers


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
    found = []
    for block in net.groups("block").values():
        top = block.steps[0]
        first, last = top.span[1:] if top.span else (top.level, top.level)
        on_a_level = replace(block, steps=tuple(replace(step, span=None) for step in block))
        output = on_a_level.only(Convolution).output
        description = {
            "part": top.part,
            "first": first,
            "last": last,
            "side": output.height,
            "filters": output.channels,
        }
        found.append(description | counts_of_network(on_a_level))
    return found


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
        return _term(expr)
    shared = sp.Integer(1)
    for letter in terms[0].free_symbols:
        shared *= letter ** min(term.as_coeff_exponent(letter)[1] for term in terms)
    rest = sorted((term / shared for term in terms), key=_rank)
    inside = " + ".join(map(_term, rest)).replace("+ -1·", "− ").replace("+ -", "− ")
    return inside if shared == 1 else f"{_term(shared)}·({inside})"


def _rank(term: sp.Expr) -> tuple[bool, int, str]:
    return term.could_extract_minus_sign(), -sp.total_degree(term), str(term)


def _term(term: sp.Expr) -> str:
    """Return one product: number, powers of two, letters, and the divisor behind a slash."""
    dividend, divisor = map(_product, sp.fraction(term))
    if divisor == "1":
        return dividend
    return f"{dividend}/({divisor})" if "·" in divisor else f"{dividend}/{divisor}"


def _product(product: sp.Expr) -> str:
    powers = [factor.as_base_exp() for factor in sp.Mul.make_args(product)]
    return "·".join(_power(*power) for power in sorted(powers, key=_place))


def _power(base: sp.Expr, exponent: sp.Expr) -> str:
    times, letter = exponent.as_coeff_Mul()
    if letter != 1:
        return f"{base**times}^{{{letter}}}"  # 2^(2L) is 4^L
    if base.is_number:
        return str(base)
    return f"{{{base}}}" if times == 1 else f"{{{base}}}{str(times).translate(SUPERSCRIPTS)}"


def _place(power: tuple[sp.Expr, sp.Expr]) -> int:
    base = power[0]
    return -1 if base.is_number else ORDER.index(str(base))
