"""A layer's arguments are checked by the type of the field, whether Python keeps that type as it is or as text."""

# Not "from __future__ import annotations": as in a notebook, types are not text here.

from dataclasses import make_dataclass

import pytest

from unet_complexity import Tensor
from unet_complexity.engineering.layers.axes import Axes
from unet_complexity.layers import Layer
from unet_complexity.layers.arguments import Border, Padding, SizeFromZero, SizesFromZero
from unet_complexity.symbols import Size, Sizes

FORMS = {
    "Size": (Size, 4, 4, 0, "must be at least 1, got 0"),
    "Sizes": (Sizes, 2, (2, 2), (2, 0), "must be at least 1, got 0"),
    "SizeFromZero": (SizeFromZero, 0, 0, -1, "must be at least 0, got -1"),
    "SizesFromZero": (SizesFromZero, 0, (0, 0), (0, -1), "must be at least 0, got -1"),
    "Axes": (Axes, -1, (3,), 4, "axes must be of 1"),
    "Border": (Border, 1, ((1, 1), (1, 1)), -1, "must be at least 0, got -1"),
    "Padding": (Padding, "same", "same", "full", "must be one of 'same', 'valid', got 'full'"),
}


def output(layer: Layer, x: Tensor) -> Tensor:
    return x


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("as_text", [True, False])
def test_the_type_of_a_field_says_how_it_is_checked(name: str, as_text: bool) -> None:
    kind, good, checked, bad, words = FORMS[name]
    mine = make_dataclass(
        "Mine",
        [("it", name if as_text else kind)],
        bases=(Layer,),
        frozen=True,
        namespace={"output": output},
    )
    assert mine(good).it == checked
    with pytest.raises(ValueError, match=words):
        mine(bad)
