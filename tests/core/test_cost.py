"""The record: it adds, repeats, substitutes and shows itself, exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields

import ml_dtypes
import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from unet_complexity import Conv2D, Cost, Tensor
from unet_complexity.cost import BYTES_PER_ELEMENT, COUNTS, Rule, add
from unet_complexity.symbols import N, c, f, k, n

counts = st.integers(0, 10**15)
costs = st.builds(Cost, *[counts] * len(COUNTS))


def test_every_field_is_a_count_or_the_rules() -> None:
    assert [field.name for field in fields(Cost)] == [*COUNTS, "rules", "missing"]


@given(costs, costs, costs, st.integers(0, 100))
def test_costs_add_and_repeat_like_their_fields(a: Cost, b: Cost, c: Cost, times: int) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c) == sum([a, b, c]) == add([a, b, c])
    assert a + Cost() == a
    assert times * a == a * times == add([a] * times)
    for name in COUNTS:
        assert getattr(a + b, name) == getattr(a, name) + getattr(b, name)
        assert type(getattr(a + b, name)) is int


@given(costs, costs)
def test_flops_and_bytes_are_additive_too(a: Cost, b: Cost) -> None:
    assert (a + b).flops == a.flops + b.flops == 2 * (a + b).macs + (a + b).elementwise
    for dtype, size in BYTES_PER_ELEMENT.items():
        assert (
            (a + b).bytes(dtype) == a.bytes(dtype) + b.bytes(dtype) == size * (a + b).bytes("int8")
        )


def test_bytes_per_element_are_those_of_the_number_types() -> None:
    for dtype, size in BYTES_PER_ELEMENT.items():
        assert np.dtype(getattr(ml_dtypes, dtype, dtype)).itemsize == size


def test_letters_and_numbers_mix() -> None:
    mixed = Conv2D(f, k).cost(Tensor(n, n, c)) + Cost(macs=7)
    assert mixed.macs == k**2 * c * f * n**2 + 7
    assert (mixed * N).macs == sp.expand(mixed.macs * N) or sp.expand(
        (mixed * N).macs - mixed.macs * N
    ) == 0
    assert (mixed + Cost(macs=1)).at(n=2, c=1, f=1, k=1).macs == 12


def test_a_cost_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Cost().macs = 1  # type: ignore[misc]
    assert len({Cost(macs=1), Cost(macs=1), Cost(macs=2)}) == 2


RULE = Rule("3 divides N", N / 3)


@pytest.mark.parametrize(
    "carry",
    [
        lambda cost: cost + Cost(macs=1),
        lambda cost: Cost(macs=1) + cost,
        lambda cost: sum([Cost(), cost]),
        lambda cost: 5 * cost,
        lambda cost: cost.map(lambda value: value),
        lambda cost: cost.at(C=2),
        lambda cost: cost + Cost(rules=(Rule("N >= 2", N - 2),)),
    ],
)
def test_rules_survive_whatever_is_done_to_a_cost(carry: Callable[[Cost], Cost]) -> None:
    cost = carry(Cost(macs=N**2, rules=(RULE,)))
    assert RULE in cost.rules
    assert cost.at(N=6).macs >= 36
    with pytest.raises(ValueError, match=r"holds where 3 divides N, got {'N': 7}"):
        cost.at(N=7)


def test_rules_are_kept_once_and_make_no_difference_between_costs() -> None:
    cost = Cost(macs=N, rules=(RULE,))
    assert (cost + cost).rules == (RULE,)
    assert cost == Cost(macs=N)


def test_numbers_need_no_rules() -> None:
    assert Conv2D(4, 3, strides=2).cost(Tensor(7, 7, 3)).rules == ()


def test_a_cost_shows_itself() -> None:
    cost = Cost(params=1234, macs=18_052_284_416) + Cost(writes=N)
    assert str(cost).splitlines() == [
        "params           1,234",
        "trainable params 0",
        "macs             18,052,284,416",
        "macs in bounds   0",
        "elementwise      0",
        "reads            0",
        "writes           N",
        "flops            36,104,568,832",
    ]
    latex = cost._repr_latex_()
    assert latex.startswith(r"$\displaystyle \begin{aligned} \text{params} &= 1{,}234 \\")
    assert r"\text{macs\ in\ bounds} &= 0" in latex
    assert r"\text{writes} &= N" in latex
    assert "rules" not in latex + str(cost) + repr(cost)


def test_a_map_shows_itself_and_knows_its_size() -> None:
    assert str(Tensor(n, 2 * n, 3)) == "n x 2*n x 3"
    assert Tensor(n, 2 * n, 3).size == 6 * n**2
    assert Tensor(256, 256, 3).size == 196_608
