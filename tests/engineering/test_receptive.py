"""Receptive fields are as wide as JAX's gradients are not zero."""

from functools import partial

import numpy as np
import pytest

from tests.engineering.chains import in_turn
from tools.in_keras import randomize, whole
from unet_complexity import (
    Conv2D,
    Conv2DTranspose,
    PhaseConv2D,
    Tensor,
    UpSampling2D,
    classic_unet,
    pix2pix_unet,
)
from unet_complexity.engineering import receptive_field
from unet_complexity.engineering.layers import Softmax
from unet_complexity.engineering.reach import seen_by
from unet_complexity.layers import DepthToSpace, ZeroPadding2D


def farthest(keras, net):
    """Rows and columns on which any gradient of a group of neighbouring outputs is not zero, at most."""
    import jax

    model = whole(keras, net)
    random = np.random.default_rng(0)
    arrays = [0.01 + 0.05 * np.abs(array) for array in randomize(model, random)]  # no tanh is flat
    model.set_weights(arrays)
    x = net.input

    @jax.jit
    def gradient(image, at):
        return jax.grad(lambda image: model(image, training=False)[0, at[0], at[1]].sum())(image)

    images = random.uniform(1, 2, (6, 1, *x.shape)).astype("float32")
    middle = net.output.height // 2
    found = []
    for place in range(middle - 4, middle + 5):
        seen = sum(np.abs(gradient(image, (place, place + 1))) for image in images)[0].sum(-1) > 0
        found.append([np.ptp(np.flatnonzero(seen.any(axis))) + 1 for axis in (1, 0)])
    return tuple(map(int, np.max(found, axis=0)))


NETWORKS = {
    "classic, 1 deep": lambda: classic_unet(side=64, depth=1, base_filters=2),
    "classic, 2 deep": lambda: classic_unet(side=96, depth=2, base_filters=2),
    "classic, valid": lambda: classic_unet(side=108, depth=2, base_filters=2, padding="valid"),
    "pix2pix, 2 deep": lambda: pix2pix_unet(side=64, in_channels=1, depth=2, base_filters=2),
    "pix2pix, 3 deep": lambda: pix2pix_unet(side=128, in_channels=1, depth=3, base_filters=2),
}


@pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)
def test_a_receptive_field_is_where_the_gradient_is_not_zero(build, keras):
    net = build()
    assert receptive_field(net) == farthest(keras, net)


chain = partial(in_turn, Tensor(48, 48, 4))


CHAINS = [
    ((Conv2D(4, 3), Conv2D(4, (5, 1), dilation_rate=(2, 1))), (11, 3)),
    ((Conv2D(4, 4, 2), Conv2D(4, 4, 2)), (10, 10)),
    ((UpSampling2D(2), Conv2D(4, 3)), (2, 2)),
    ((PhaseConv2D(4, 3, 2),), (2, 2)),
    ((UpSampling2D(2, "bilinear"),), (2, 2)),
    ((UpSampling2D(2, "bicubic"),), (4, 4)),
    ((Conv2DTranspose(4, 4, 2), Conv2D(4, 3)), (3, 3)),
    ((Conv2DTranspose(4, 3, 2, padding="valid"),), (2, 2)),
    ((DepthToSpace(2), ZeroPadding2D(1), Conv2D(4, 3, padding="valid")), (2, 2)),
]


@pytest.mark.parametrize(("layers", "wanted"), CHAINS, ids=lambda value: str(value)[:60])
def test_layers_one_after_the_other(layers, wanted, keras):
    net = chain(*layers)
    assert receptive_field(net) == wanted
    assert farthest(keras, net) == wanted


def test_of_a_step_and_of_a_deep_network():
    net = pix2pix_unet(side=256, in_channels=3)
    fields = [receptive_field(net, f"d{level}.conv")[0] for level in (1, 2, 3, 7)]
    assert fields == [4, 10, 22, 382]
    assert receptive_field(net) == (6 * 2**7 - 2,) * 2  # far more than the 256 that there are


@pytest.mark.parametrize("axis", [1, (1, 2)])
def test_a_layer_that_mixes_rows_or_columns_is_refused(axis):
    with pytest.raises(
        ValueError, match=r"mixes rows or columns, so how far it looks depends on the place$"
    ):
        receptive_field(chain(Softmax(axis=axis)))


@pytest.mark.parametrize(
    ("layer", "wanted"),
    [  # output 5 meets input i if 2 i - 1 <= 5 <= 2 i + 2, and without a cut if 2 i <= 5 <= 2 i + 2
        (Conv2DTranspose(4, 4, 2), (2, 3)),
        (Conv2DTranspose(4, 3, 2, padding="valid"), (2, 2)),
    ],
)
def test_a_transposed_convolution_sees_where_kernels_land(layer, wanted):
    assert seen_by(chain(layer), "only.0", 0, [5]) == [wanted]
