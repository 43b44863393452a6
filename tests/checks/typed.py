"""Whatever a reader may type in place of the dots."""

import sympy as sp
from hypothesis import strategies as st

from unet_complexity.symbols import N, c, f, h, k, n, s, t, w


def anything():
    """Numbers, formulas, text, and what holds them."""
    symbols = st.sampled_from(
        [h, w, c, k, f, n, N, s, t, sp.Symbol("h"), sp.Symbol("z"), sp.pi, sp.I, sp.oo]
    )
    numbers = st.integers() | st.floats() | st.fractions() | st.complex_numbers() | st.decimals()
    formulas = st.recursive(
        symbols | st.integers(-3, 9).map(sp.Integer),
        lambda e: (
            st.builds(lambda a, b: a + b, e, e)
            | st.builds(lambda a, b: a * b, e, e)
            | e.map(lambda a: 1 / (a + 2))
        ),
        max_leaves=6,
    )
    plain = st.none() | st.booleans() | numbers | st.text() | st.binary() | formulas
    return plain | st.lists(plain) | st.tuples(plain, plain) | st.dictionaries(st.text(), plain)
