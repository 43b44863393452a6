"""Formula and loop = real Keras: shapes, weights, values; in-bounds MACs = XLA's cost analysis."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.cases import CASES, LAYERS, Case, pairs, sizes
from tools.in_keras import (
    asked_generator,
    build,
    classic_unet_model,
    in_keras,
    randomize,
    xla_flops,
    xla_flops_of,
)
from unet_complexity import (
    Activation,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    LeakyReLU,
    MaxPooling2D,
    Network,
    ReLU,
    Tensor,
    UpSampling2D,
    classic_unet,
    pix2pix_unet,
)
from unet_complexity.counting import count
from unet_complexity.engineering.layers import DepthwiseConv2D
from unet_complexity.layers import Layer

# Each new shape is compiled once by XLA, so examples are dear here.
MANY = {
    Conv2D: 50,
    Conv2DTranspose: 30,
    UpSampling2D: 20,
    MaxPooling2D: 15,
    DepthwiseConv2D: 12,
    Activation: 30,
}


def parameters(layer: Any) -> tuple[int, int]:
    return layer.count_params(), sum(int(np.prod(v.shape)) for v in layer.trainable_variables)


def run(real: Any, inputs: list[np.ndarray]) -> np.ndarray:
    batch = [x[None] for x in inputs]
    out = np.asarray(real(batch[0] if len(batch) == 1 else batch))[0]
    return out.reshape((1,) * (3 - out.ndim) + out.shape)


def counted(layer: Layer, inputs: list[np.ndarray], weights: list[np.ndarray]) -> np.ndarray:
    return np.array(
        count(layer, *(x.tolist() for x in inputs), weights=[w.tolist() for w in weights]).output
    )


def check_against_keras(keras: ModuleType, case: Case) -> None:
    random = np.random.default_rng(0)
    real, cost, out = (
        in_keras(keras, case.layer),
        case.layer.cost(*case.inputs),
        case.layer.output(*case.inputs),
    )
    assert build(real, case.inputs) == (out.height, out.width, out.channels)
    assert parameters(real) == (cost.params, cost.trainable_params)
    weights = randomize(real, random)
    inputs = [
        random.normal(size=(x.height, x.width, x.channels)).astype("float32") for x in case.inputs
    ]
    name = getattr(case.layer, "activation", "") or getattr(case.layer, "operation", "")
    if name in ("log", "reciprocal", "sqrt", "power"):
        inputs = [np.abs(x) + 0.1 for x in inputs]
    np.testing.assert_allclose(
        counted(case.layer, inputs, weights), run(real, inputs), rtol=2e-5, atol=2e-5
    )


@pytest.mark.filterwarnings(
    "ignore:.*softmax over axis .* of a tensor of shape:UserWarning"
)  # of one channel
@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_shape_weights_and_values_are_those_of_keras(keras: ModuleType, kind: type[Layer]) -> None:
    @settings(max_examples=MANY.get(kind, 5))
    @given(CASES[kind])
    def check(case: Case) -> None:
        check_against_keras(keras, case)

    check()


def test_a_wrong_formula_would_be_noticed(keras: ModuleType) -> None:
    class Forgetful(Conv2D):
        def params(self, x: Tensor) -> Any:
            return super().params(x) - self.filters

    Forgetful.__name__ = "Conv2D"
    with pytest.raises(AssertionError):
        check_against_keras(keras, Case(Forgetful(2, 3), (Tensor(4, 4, 1),)))


def test_xla_counts_the_taps_of_a_convolution_that_are_in_bounds(keras: ModuleType) -> None:
    @settings(max_examples=40)
    @given(CASES[Conv2D])
    def check(case: Case) -> None:
        layer = Conv2D(**{**case.config(), "use_bias": False})
        assert (
            xla_flops_of(keras, layer, *case.inputs) == 2 * layer.cost(*case.inputs).macs_in_bounds
        )

    check()


def test_xla_counts_the_taps_of_a_transposed_convolution_that_are_in_bounds(
    keras: ModuleType,
) -> None:
    """XLA runs it as a convolution over an input with holes, and counts neither holes nor padding."""

    @settings(max_examples=30)
    @given(
        CASES[Conv2DTranspose].filter(lambda case: isinstance(case.layer.padding, str))
    )  # as Keras has them
    def check(case: Case) -> None:
        layer = Conv2DTranspose(**{**case.config(), "use_bias": False})
        real = in_keras(keras, layer)
        build(real, case.inputs)
        assert xla_flops(real, *case.inputs) == 2 * layer.cost(*case.inputs).macs_in_bounds

    check()


SMALL = {
    "asked": pix2pix_unet(side=8, in_channels=2, base_filters=2, depth=3, doublings=1),
    "asked, 3 x 3, rectangle": pix2pix_unet(
        (4, 8), 1, 2, base_filters=2, kernel_size=3, depth=2, doublings=None
    ),
    "transposed": classic_unet((4, 8), base_filters=2, depth=2),
    "cropped, upsampled": classic_unet(20, base_filters=2, depth=1, up="upsample", padding="valid"),
}


@pytest.mark.parametrize("net", SMALL.values(), ids=SMALL)
def test_a_whole_network_gives_what_keras_gives(keras: ModuleType, net: Network) -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=(net.input.height, net.input.width, net.input.channels)).astype(
        "float32"
    )
    ours, theirs, weights_of_keras = {"input": x}, {"input": x}, [0, 0]
    for step in net:
        real = in_keras(keras, step.layer)
        build(real, step.inputs)
        weights = randomize(real, random)
        ours[step.name] = counted(step.layer, [ours[source] for source in step.sources], weights)
        theirs[step.name] = run(real, [theirs[source] for source in step.sources])
        weights_of_keras = [a + b for a, b in zip(weights_of_keras, parameters(real), strict=True)]
        scale = float(np.abs(theirs[step.name]).max())
        np.testing.assert_allclose(
            ours[step.name], theirs[step.name], rtol=1e-4, atol=1e-5 * scale, err_msg=step.name
        )
    total = net.total()
    assert weights_of_keras == [total.params, total.trainable_params]
    assert np.abs(ours[step.name]).max() > 0.1  # zeros would prove nothing
    assert ours[step.name].shape == (net.output.height, net.output.width, net.output.channels)


def shapes(model: Any, kind: str) -> list[tuple[int, ...]]:
    return [tuple(layer.output.shape[1:]) for layer in model.layers if type(layer).__name__ == kind]


def our_shapes(net: Network, kind: type[Layer]) -> list[tuple[Any, ...]]:
    outputs = (step.output for step in net.only(kind))
    return [(x.height, x.width, x.channels) for x in outputs]


@pytest.fixture(scope="module")
def asked(keras: ModuleType) -> Any:
    return asked_generator(keras, 256, 3)


def test_asked_network_has_the_weights_and_shapes_of_keras(asked: Any) -> None:
    net = pix2pix_unet(side=256, in_channels=3)
    assert parameters(asked) == (41_843_331, 41_834_499)
    assert parameters(asked) == (net.total().params, net.total().trainable_params)
    for kind in (Conv2D, UpSampling2D, BatchNormalization, LeakyReLU, Concatenate):
        assert shapes(asked, kind.__name__) == our_shapes(net, kind)
    slopes = {layer.negative_slope for layer in asked.layers if type(layer).__name__ == "LeakyReLU"}
    assert slopes == {step.layer.negative_slope for step in net.only(LeakyReLU)}
    per_layer = [layer.count_params() for layer in asked.layers if type(layer).__name__ == "Conv2D"]
    assert per_layer == [step.cost.params for step in net.only(Conv2D)]


def test_asked_network_costs_what_xla_says(asked: Any) -> None:
    """2 per MAC in bounds, 1 per bias and ReLU, 2 per normalised element, 3 per LeakyReLU (compare, scale, select).

    On top XLA derives the normalisation's scale from its statistics: at most 5 operations per channel, which we leave
    out because they can be done once.  tanh is not in XLA's FLOPs but in its "transcendentals".
    """
    net = pix2pix_unet(side=256, in_channels=3)
    biases, elements = (
        net.only(Conv2D).total().writes,
        {k: net.only(k).total().writes for k in (ReLU, LeakyReLU)},
    )
    normalisation = net.only(BatchNormalization).total()
    ours = 2 * net.total().macs_in_bounds + biases + elements[ReLU] + 3 * elements[LeakyReLU]
    ours += normalisation.elementwise
    assert ours == 34_111_305_216 + 18_182_144
    assert 0 < xla_flops(asked, net.input) - ours <= 5 * normalisation.params // 4


CLASSICS = [
    (256, "transpose", "same"),
    (256, "upsample", "same"),
    (572, "transpose", "valid"),
    (572, "upsample", "valid"),
]


@pytest.mark.parametrize(("side", "up", "padding"), CLASSICS, ids=lambda value: str(value))
def test_classic_network_has_the_weights_and_shapes_of_keras(
    keras: ModuleType, side: int, up: str, padding: str
) -> None:
    model, net = (
        classic_unet_model(keras, side, up, padding),
        classic_unet(side, up=up, padding=padding),
    )
    assert parameters(model) == (31_030_658, 31_030_658)
    assert parameters(model) == (net.total().params, net.total().trainable_params)
    for kind in (Conv2D, Conv2DTranspose, UpSampling2D, MaxPooling2D, Concatenate):
        kinds = [step for step in net if isinstance(step.layer, kind)]
        assert shapes(model, kind.__name__) == (our_shapes(net, kind) if kinds else [])


@settings(max_examples=15)
@given(size=pairs(3), x=st.builds(Tensor, sizes(6), sizes(6), sizes(2)))
def test_the_copies_of_upsampling_are_elements_of_a_real_array(
    size: tuple[int, int], x: Tensor
) -> None:
    array = np.ones((x.height, x.width, x.channels))
    repeated = array.repeat(size[0], axis=0).repeat(size[1], axis=1)
    assert UpSampling2D(size).cost(x).writes == repeated.size
