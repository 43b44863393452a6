"""The glossary: one source, which every notebook shows or links to."""

import re

import pytest
import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.glossary import HE_AND_SUN, TERMS, letters, notation, terms
from unet_complexity.layers import Conv2D
from unet_complexity.symbols import GLOSSARY, c, f, h, k, w


def test_every_letter_and_every_word_is_listed_once():
    assert [row[0].strip("$").replace("{", "").replace("}", "") for row in letters().rows] == list(
        GLOSSARY
    )
    listed = [row[0].strip("*") for row in terms().rows]
    assert listed == sorted(TERMS, key=str.lower)


def test_some_come_in_the_order_asked_for():
    assert [row[0] for row in terms("pixel", "MAC").rows] == ["**pixel**", "**MAC**"]
    assert (
        repr(letters("k", "c")).splitlines()[2].startswith("| $k$ | side of a convolution kernel")
    )


@pytest.mark.parametrize("table", [letters, terms])
def test_an_unknown_one_lists_the_known_ones(table):
    with pytest.raises(ValueError, match=r"'zebra' is not in the glossary; there are \w+, "):
        table("zebra")


def test_a_table_is_markdown_with_equal_rows():
    for table in (letters(), terms(), notation()):
        lines = table._repr_markdown_().splitlines()
        assert {line.count("|") for line in lines} == {len(table.header) + 1}
        assert not re.search(r"[<>]", table._repr_markdown_())


def test_both_notations_are_one_product():
    ours = Conv2D(f, k).cost(Tensor(h, w, c)).macs
    assert list(HE_AND_SUN) == ["h\\,w", "f", "k^2", "c"]
    n_before, n_l, s_l, m_l = sp.symbols("n_{l-1} n_l s_l m_l")
    theirs = {"m_l^2": m_l**2, "n_l": n_l, "s_l^2": s_l**2, "n_{l-1}": n_before}
    mine = {"h\\,w": h * w, "f": f, "k^2": k**2, "c": c}
    product = 1
    for letter, (symbol, _) in HE_AND_SUN.items():
        product *= theirs[symbol]
        assert ours.has(*mine[letter].free_symbols)
    assert product == n_before * s_l**2 * n_l * m_l**2
    assert ours == h * w * f * k**2 * c
