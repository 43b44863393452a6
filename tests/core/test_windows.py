"""One axis: stops, padding and taps, against a window that is really moved."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from unet_complexity import Conv2D, Conv2DTranspose, Cost, MaxPooling2D, Tensor
from unet_complexity.counting import stops
from unet_complexity.layers import AveragePooling2D, Layer
from unet_complexity.layers.windows import Window
from unet_complexity.symbols import c, f, k, n

small, pad = st.integers(1, 9), st.integers(0, 5)


@settings(max_examples=300)
@given(n=st.integers(1, 20), k=small, stride=st.integers(1, 5), dilation=st.integers(1, 3))
def test_taps_of_a_window_that_is_moved(n: int, k: int, stride: int, dilation: int) -> None:
    for padding in ("same", "valid") if n > (k - 1) * dilation else ("same",):
        at = stops(n, k, stride, dilation, padding)
        taps = [first + i * dilation for first in at for i in range(k)]
        window = Window(n, k, stride, padding, dilation)
        assert window.side == len(at)
        assert window.taps.total == sum(0 <= tap < n for tap in taps)
        if padding == "same":
            before, after = window.pads
            assert before == max(-taps[0], 0)
            assert before <= after <= before + 1


@settings(max_examples=300)
@given(
    n=st.integers(1, 20),
    k=small,
    stride=st.integers(1, 5),
    dilation=st.integers(1, 3),
    pads=st.tuples(pad, pad),
)
def test_taps_of_a_window_that_is_moved_over_a_border(
    n: int, k: int, stride: int, dilation: int, pads: Any
) -> None:
    assume(n + sum(pads) > (k - 1) * dilation)
    at = stops(n, k, stride, dilation, pads)
    taps = [first + i * dilation for first in at for i in range(k)]
    window = Window(n, k, stride, pads, dilation)
    assert window.side == len(at)
    assert window.taps.total == sum(0 <= tap < n for tap in taps)


LETTERED = [
    Conv2D(1, k),
    Conv2D(1, k, strides=2),
    Conv2D(1, k, strides=3),
    Conv2DTranspose(1, k, strides=2),
]
LETTERED += [Conv2D(1, k, 2, 1), Conv2D(1, k, 1, ((2, 1), (0, 3))), Conv2DTranspose(1, k, 2, 1)]
BORDERED = [
    Conv2D(1, 3, 2, 1),
    Conv2D(1, 7, 2, 3),
    Conv2D(1, 4, 2, 1),
    Conv2D(1, 3, 1, 2, dilation_rate=2),
]
BORDERED += [Conv2DTranspose(1, 4, 2, 1), Conv2DTranspose(1, 3, 2, 1, output_padding=1)]
BORDERED += [
    Conv2DTranspose(1, 5, 3, output_padding=0),
    MaxPooling2D(3, 2, 1),
    AveragePooling2D(5, 2, ((2, 1), (0, 4))),
]
BORDERED += [Conv2D(1, 3, 2, "valid"), MaxPooling2D(3, 2), AveragePooling2D(2)]
POOLS = [
    kind(size, stride, "same")
    for kind in (MaxPooling2D, AveragePooling2D)
    for size in (3, 8)
    for stride in (1, 2)
]


def or_refusal(cost: Cost, values: dict[str, int]) -> Cost | str:
    try:
        return cost.at(**values)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("layer", [*LETTERED, *BORDERED, *POOLS], ids=str)
def test_a_formula_with_letters_is_right_or_refuses(layer: Layer) -> None:
    """Every side and kernel up to 12: in the regime both agree, outside of it numbers are refused."""
    lettered = layer.cost(Tensor(n, n, c))
    agreed = 0
    for side, kernel in product(range(1, 13), range(1, 13) if layer in LETTERED else [None]):
        values = {"n": side, "c": 2} | ({"k": kernel} if kernel else {})
        plain = replace(layer, kernel_size=kernel) if kernel else layer
        found = or_refusal(lettered, values)
        if isinstance(found, Cost):
            agreed += 1
            assert found == plain.cost(Tensor(side, side, 2)), values
        else:
            assert "this formula holds where" in found
    assert agreed >= 5


def test_the_regime_of_in_bounds_counts_is_not_too_narrow() -> None:
    """Refused exactly where the formula would be wrong, for a kernel that slides by 1."""
    for kernel in range(1, 12):
        formula, sizes = Window(n, kernel, 1, "same").taps
        for side in range(1, 12):
            right = (
                formula == formula.subs(n, side)
                if isinstance(formula, int)
                else formula.subs(n, side)
            )
            holds = all(size.subs(n, side) >= 1 for size in sizes)
            assert holds == (right == Window(side, kernel, 1, "same").taps.total)


def test_groups_that_do_not_divide_are_refused_even_where_the_count_is_whole() -> None:
    cost = Conv2D(f, 2, groups=2).cost(Tensor(n, n, c))
    assert cost.at(n=4, c=2, f=2) == Conv2D(2, 2, groups=2).cost(Tensor(4, 4, 2))
    with pytest.raises(
        ValueError, match=r"holds where c/2 is a whole number, 1 or more, got .*'c': 3"
    ):
        cost.at(n=4, c=3, f=2)
    with pytest.raises(ValueError, match=r"holds where f/2 is a whole number"):
        cost.at(n=4, c=2, f=3)
