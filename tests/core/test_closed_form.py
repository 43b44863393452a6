"""Sums over levels and Theta: against brute force, and against what SymPy gets wrong or leaves undone."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from unet_complexity import UpSampling2D, classic_unet, level_sum, pix2pix_unet, theta
from unet_complexity.closed_form import powers_of_two, tidy
from unet_complexity.symbols import C, L, N, W, c, g, k, level, n, q

terms = st.lists(
    st.tuples(st.integers(-9, 9), st.integers(-3, 3), st.integers(-2, 2)), min_size=1, max_size=4
)


def expression(parts: list[tuple[int, int, int]]) -> sp.Expr:
    return sp.Add(*(a * N * sp.Integer(2) ** (slope * level + shift) for a, slope, shift in parts))


@settings(max_examples=150)
@given(parts=terms, first=st.integers(-2, 4), length=st.integers(0, 6))
def test_a_sum_over_levels_is_the_sum_added_up(
    parts: list[tuple[int, int, int]], first: int, length: int
) -> None:
    term, last = expression(parts), first + length - 1
    brute = sum((term.subs(level, i) for i in range(first, last + 1)), sp.Integer(0))
    assert sp.expand(level_sum(term, level, first, last) - brute) == 0
    by_letters = level_sum(term, level, q, L)
    assert sp.expand(sp.sympify(by_letters).subs({q: first, L: last}) - brute) == 0


@pytest.mark.parametrize(
    ("term", "total"),
    [
        (4**-level, sp.Rational(1, 3) - 4**-L / 3),
        (sp.Integer(8) ** level, (8 ** (L + 1) - 8) / 7),
        (N**2 * C, N**2 * C * L),
        (sp.Integer(7), 7 * L),
        (0, 0),
        (2**level * 2**-level, L),
        (N * 2 ** (level - q) + 3, 3 * L + N * (2 ** (L + 1) - 2) / 2**q),
        (2 ** (level / 2) * 2 ** (level / 2), 2 ** (L + 1) - 2),
        (2 ** (sp.Integer(2) * level) * g / 4**level, g * L),
    ],
    ids=str,
)
def test_sums_that_are_known(term: Any, total: sp.Expr) -> None:
    assert powers_of_two(level_sum(term, level, 1, L) - total) == 0


@pytest.mark.parametrize(
    "term",
    [
        level,
        level * 2**level,
        3**level,
        2 ** (level**2),
        2 ** (q * level),
        2 ** sp.Min(level, 3),
        sp.floor(N / 2**level),
        sp.log(level),
        1 / (1 + 2**level),
    ],
    ids=str,
)
def test_what_is_no_geometric_sum_is_refused_and_named(term: sp.Expr) -> None:
    with pytest.raises(
        ValueError,
        match=r"only powers 2\*\*\(a\*l\) can be summed over l, got .+; sum the rest by hand",
    ):
        level_sum(term, level, 1, L)


def test_an_empty_sum_is_zero_and_one_that_goes_backwards_is_refused() -> None:
    assert level_sum(8, level, 5, 4) == 0
    with pytest.raises(
        ValueError, match=r"must not go backwards, got 5 \.\.\. 2; give last >= first - 1"
    ):
        level_sum(8, level, 5, 2)
    with pytest.raises(ValueError, match=r"must not go backwards, got q \.\.\. q - 2"):
        level_sum(8, level, q, q - 2)


def test_sympy_counts_backwards_where_we_refuse() -> None:
    """Karr's convention: consistent, and wrong for a network of negative depth."""
    assert sp.Sum(8, (level, 5, 2)).doit() == -16


def test_sympy_leaves_a_capped_schedule_undone_where_the_network_cuts_the_sum_at_its_knee() -> None:
    filters = g * 2 ** sp.Min(level - 1, q)
    assert sp.summation(filters, (level, 1, L)).has(sp.Sum)
    total = pix2pix_unet(N, C, base_filters=g, kernel_size=k, depth=L, doublings=q).total()
    assert not any(
        getattr(total, name).has(sp.Sum, sp.Min, sp.Piecewise)
        for name in ("params", "macs", "writes")
    )


def test_equal_powers_meet_in_one_base() -> None:
    assert sp.expand(4**L - 2 ** (2 * L)) != 0  # SymPy's own
    assert powers_of_two(4**L - 2 ** (2 * L)) == 0
    assert powers_of_two(sp.Rational(1, 8) ** q * 2 ** (3 * q)) == 1
    assert (
        powers_of_two(9**L - 3 ** (2 * L)) != 0
    )  # only what halving and doubling makes is ours to see
    assert powers_of_two(5) == 5


def test_letters_are_known_by_their_assumptions_and_so_come_from_one_room() -> None:
    assert sp.Symbol("N") != N
    assert (N**2).subs(sp.Symbol("N"), 3) == N**2  # silently nothing; at(N=3) cannot miss
    assert pix2pix_unet().total().at(N=256, C=3).macs == pix2pix_unet(256, 3).total().macs


def test_sympys_own_big_o_looks_towards_zero() -> None:
    assert sp.O(N**2 + N).expr == N
    assert theta(N**2 + N).expr == N**2


def test_exact_counts_are_pythons_integers() -> None:
    total = pix2pix_unet(base_filters=g).total().at(N=2**20, C=3, g=2**20)
    assert type(total.macs) is int
    assert (
        total.macs == 2**60 * (576 * 3 + 1049 * 2**20) // 16 > 2**63
    )  # int64 would have overflowed
    assert f"{total.macs:,}".count(",") == 8


def test_a_formula_is_tidy() -> None:
    assert (
        str(tidy(36 * C * g * N**2 + N**2 * g**2 * sp.Rational(1049, 16)))
        == "N**2*g*(576*C + 1049*g)/16"
    )
    assert tidy(12) == 12
    assert type(tidy(sp.Integer(12))) is int


NOTHING = "a constant"


@pytest.mark.parametrize(
    ("cost", "fixed", "bound", "regime"),
    [
        (4 * c * n**2, (), c * n**2, "as c, n grow"),
        (4 * c * n**2, [c], n**2, "as n grows, with c fixed"),
        (N**2 + 1000 * N, (), N**2, "as N grows"),
        (N**2 - 1000 * N, (), N**2, "as N grows"),
        (3 * N + 5 * W + 2, (), N + W, "as N, W grow"),
        (N**2 * C + N * C**2, (), N**2 * C + N * C**2, "as C, N grow"),
        (N**2 * C - N * C**2, [C], N**2, "as N grows, with C fixed"),
        (4**L + L * 2**L + L**9, (), 4**L, "as L grows"),
        (N**2 * (1 - 4**-L), (), N**2, "as L, N grow"),
        (L * N**2 + 2 ** (-L) * N**2, (), L * N**2, "as L, N grow"),
        (5, (), 1, NOTHING),
        (0, (), 0, NOTHING),
        (N**2, [N], 1, "a constant, with N fixed"),
        (N**2, N, 1, "a constant, with N fixed"),
        (sp.floor(k**2 / 4) * N + N, [k], N, "as N grows, with k fixed"),
        (1 / N, (), 1 / N, "as N grows"),
    ],
    ids=str,
)
def test_theta(cost: Any, fixed: Any, bound: Any, regime: str) -> None:
    found = theta(cost, fixed)
    assert powers_of_two(found.expr - bound) == 0
    assert found.regime == regime
    assert str(found) == f"Theta({found.expr})  {regime}"


# A cost, and how its letters may grow together: each is doubled or stepped, and what they ask of each other holds.
GROWING = {
    "asked, all letters": pix2pix_unet(N, C, C, g, k, L, q).total().macs,
    "asked, parameters": pix2pix_unet(N, C, C, g, k, L, q).total().params,
    "asked, copies": pix2pix_unet(N, C, C, g, k, L, q).only(UpSampling2D).total().writes,
    "asked, never capped": pix2pix_unet(N, C, C, g, k, L, None).total().macs,
    "classic": classic_unet(N, c, 2, C, k, L).total().macs,
    "classic, parameters": classic_unet(N, c, 2, C, k, L).total().params,
    "classic, writes": classic_unet(N, c, 2, C, k, L).total().writes,
}


@pytest.mark.parametrize("cost", GROWING.values(), ids=GROWING)
def test_the_cost_stays_within_constants_of_its_theta(cost: sp.Expr) -> None:
    ratio = sp.lambdify(sorted(cost.free_symbols, key=str), cost / theta(cost).expr, "math")
    letters = sorted(map(str, cost.free_symbols))

    @settings(max_examples=150)
    @given(
        sizes=st.lists(st.integers(0, 12), min_size=len(letters), max_size=len(letters)),
        steps=st.tuples(st.integers(1, 15), st.integers(1, 15)),
    )
    def check(sizes: list[int], steps: tuple[int, int]) -> None:
        values = {name: 2**size for name, size in zip(letters, sizes, strict=True)}
        values |= {"q": steps[0], "L": steps[0] + 1 + steps[1]}
        values["N"] = 2 ** (values["L"] + sizes[0])
        assert 0.1 < ratio(*(float(values[name]) for name in letters)) < 400

    check()


def test_a_wrong_theta_would_be_noticed() -> None:
    cost = pix2pix_unet(base_filters=g).total().macs
    assert theta(cost).expr == N**2 * g * (C + g)
    for wrong in (N * g * (C + g), N**2 * C * g, N**2 * g**3):
        ratios = [
            float((cost / wrong).subs({N: 128 * 10**i, C: 10**j, g: 10**m}))
            for i, j, m in [(0, 0, 0), (6, 0, 0), (0, 6, 0), (0, 0, 6)]
        ]
        assert max(ratios) / min(ratios) > 4000


def test_theta_of_a_network_with_letters_for_depth_says_what_it_asks_of_them() -> None:
    capped = theta(pix2pix_unet(N, C, C, g, k, L, q).total().macs)
    assert capped.regime == "as C, L, N, g, k, q grow, L >= q + 2"
    assert powers_of_two(capped.expr - N**2 * g * k**2 * (C + g * q)) == 0
    assert L not in capped.expr.free_symbols  # the depth is in a vanishing term only


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: theta(N**2 * C - N * C**2),
            ValueError,
            r"leading terms that are positive, got .*; fix a letter",
        ),
        (lambda: theta(-N), ValueError, r"leading terms that are positive, got -N"),
        (
            lambda: theta(sp.log(N)),
            ValueError,
            r"products of letters and powers of 2, got log\(N\)",
        ),
        (
            lambda: theta(2 ** (L**2)),
            ValueError,
            r"products of letters and powers of 2, got 2\*\*\(L\*\*2\); simplify",
        ),
        (
            lambda: theta(2 ** (q * n)),
            ValueError,
            r"products of letters and powers of 2, got 2\*\*\(n\*q\); simplify",
        ),
        (lambda: theta(3**L), ValueError, r"products of letters and powers of 2, got 3\*\*L"),
        (lambda: theta(sp.floor(k / 2)), ValueError, r"got floor\(k/2\); simplify or fix it first"),
        (
            lambda: theta("N**2"),
            TypeError,
            r"an expression in letters, got 'N\*\*2'; try theta\(network",
        ),
        (
            lambda: theta(N, fixed=["N"]),
            TypeError,
            r"fixed must be letters, got \['N'\]; try fixed=\[C\]",
        ),
        (lambda: theta(N, fixed="N"), TypeError, r"fixed must be letters, got \['N'\]"),
    ],
)
def test_theta_refuses_what_it_cannot_read(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_theta_shows_itself_in_a_notebook() -> None:
    assert (
        theta(N**2)._repr_latex_()
        == r"$\displaystyle \Theta\left(N^{2}\right) \quad \text{as N grows}$"
    )
