"""A total as a line of text with places for its letters, so that numbers can be put into them.

"{N}²·{g}·..." is filled by the explorer's script and by Python alike: once with the letters' names, once with numbers.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy as sp

from unet_complexity.explorers.formulas import counts_of_network, unets

NAMES = {"params": "parameters", "macs": "MACs", "memory": "activation elements"}
ORDER = ["N", "L", "q", "C", "C_in", "C_out", "g", "k"]
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@cache
def closed_forms() -> dict[str, dict[str, str]]:
    """The three totals of every U-Net, as templates.

    >>> closed_forms()["classic transpose"]["memory"]
    '{N}²·(10·{g} + {C_out} − 8·{g}/2^{L})'
    """
    return {
        shape: {name: template(total) for name, total in counts_of_network(net).items()}
        for shape, net in unets().items()
    }


def template(expr: Any) -> str:
    """A sum of products, what they share in front, what is subtracted last.

    >>> from unet_complexity.symbols import C, g, k
    >>> template(g * (4 * k**2 * C + g / 2))
    '{g}·(4·{C}·{k}² + {g}/2)'
    """
    terms = sp.Add.make_args(sp.expand(expr))
    if len(terms) == 1:
        return _term(terms[0])
    shared = _shared(terms)
    ordered = sorted((term / shared for term in terms), key=lambda term: (_negative(term), -_degree(term), str(term)))
    inside = "".join(f" − {_term(-term)}" if _negative(term) else f" + {_term(term)}" for term in ordered)
    return inside[3:] if shared == 1 else f"{_term(shared)}·({inside[3:]})"


def _shared(terms: tuple[sp.Expr, ...]) -> sp.Expr:
    """Powers of letters that every term has."""
    powers = [term.as_powers_dict() for term in terms]
    return sp.Mul(*(letter ** min(one.get(letter, 0) for one in powers) for letter in terms[0].free_symbols))


def _negative(term: sp.Expr) -> bool:
    return bool(term.as_coeff_Mul()[0] < 0)


def _degree(term: sp.Expr) -> int:
    return sum(1 if power.has(sp.Symbol) else power for power in term.as_powers_dict().values())


def _term(term: sp.Expr) -> str:
    """One product: number, powers of two, letters; behind a slash what divides."""
    number, product = term.as_coeff_Mul()
    above, below = ([str(part)] if part != 1 else [] for part in (number.p, number.q))
    for base, exponent in sorted(product.as_powers_dict().items(), key=lambda one: _place(one[0])):
        if base == 2:  # 2^(2L) is 4^L
            for times, letter in (part.as_coeff_Mul() for part in sp.Add.make_args(exponent)):
                (below if times < 0 else above).append(f"{2 ** abs(times)}^{{{letter}}}")
        elif base != 1:
            above.append(f"{{{base}}}" + ("" if exponent == 1 else str(exponent).translate(SUPERSCRIPTS)))
    under = "·".join(below)
    return ("·".join(above) or "1") + (f"/({under})" if len(below) > 1 else f"/{under}" if below else "")


def _place(base: sp.Expr) -> int:
    return -1 if base.is_number else ORDER.index(str(base))


def filled(forms: dict[str, str], letters: dict[str, int], totals: dict[str, Any]) -> list[list[str]]:
    """Each total: its name, the formula in letters, with numbers in it, and its value."""
    names = {letter: letter for letter in letters}
    return [
        [NAMES[name], form.format(**names), form.format(**letters), f"{totals[name]:,}"] for name, form in forms.items()
    ]
