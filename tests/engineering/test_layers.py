"""Layers of the wing that extend one of the tutorial's."""

from __future__ import annotations

import pytest

from unet_complexity import Activation, Tensor
from unet_complexity.engineering.layers import ConcatenateColumns, ConcatenateRows, Softmax
from unet_complexity.symbols import c, h, w

X = Tensor(8, 8, 4)


@pytest.mark.parametrize(
    ("layer", "same"),
    [(ConcatenateRows(), "width and channels"), (ConcatenateColumns(), "height and channels")],
    ids=str,
)
def test_maps_that_do_not_fit_are_not_joined(layer, same):
    name = type(layer).__name__
    words = f"^{name}: all inputs must have the same {same}, got 8 x 8 x 4 and 7 x 9 x 5; crop, pad or resample"
    with pytest.raises(ValueError, match=words):
        layer.output(X, Tensor(7, 9, 5))


def test_letters_are_joined():
    assert ConcatenateRows().output(Tensor(h, w, c), Tensor(2, w, c)) == Tensor(h + 2, w, c)
    assert ConcatenateColumns().output(Tensor(h, w, c), Tensor(h, w, c)) == Tensor(h, 2 * w, c)


@pytest.mark.parametrize("x", [X, Tensor(h, w, c)], ids=str)
def test_a_softmax_over_the_channels_is_the_activation(x):
    assert Softmax().cost(x) == Activation("softmax").cost(x)
