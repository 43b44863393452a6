"""PhaseConv2D as a Keras layer: the numbers of UpSampling2D and Conv2D, saved and loaded, and whole models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tools.in_keras import randomize
from unet_complexity.engineering.collapse.keras import PhaseConv2D, collapse_keras

K = keras.layers


def pair(
    kernel: Any,
    size: Any,
    shape: tuple[int, ...],
    data_format: str = "channels_last",
    **settings: Any,
) -> Any:
    """A model of two layers with random weights."""
    conv = K.Conv2D(
        4, kernel, **{"padding": "same", "data_format": data_format, "name": "conv", **settings}
    )
    model = keras.Sequential(
        [keras.Input(shape), K.UpSampling2D(size, data_format, name="up"), conv]
    )
    randomize(model, np.random.default_rng(0))
    return model


def images(shape: tuple[int, ...]) -> Any:
    return np.random.default_rng(1).normal(size=(2, *shape)).astype("float32")


@pytest.mark.parametrize(
    ("kernel", "size", "shape", "settings"),
    [
        (4, 2, (5, 7, 3), {"activation": "relu"}),
        (3, 2, (4, 4, 3), {"use_bias": False}),
        ((1, 5), (3, 2), (3, 6, 2), {"activation": "tanh"}),
    ],
)
def test_it_computes_what_the_two_layers_compute(
    kernel: Any, size: Any, shape: Any, settings: Any
) -> None:
    model = pair(kernel, size, shape, **settings)
    layer = PhaseConv2D.of(*model.layers)
    x = images(shape)
    expected = np.asarray(model(x))
    np.testing.assert_allclose(np.asarray(layer(x)), expected, rtol=1e-4, atol=1e-4)
    assert layer.compute_output_shape((None, *shape)) == (None, *expected.shape[1:])
    assert layer.compute_output_shape((None, None, None, shape[2])) == (None, None, None, 4)
    (k_h, k_w), (s_h, s_w) = layer.kernel_size, layer.size
    taps = (k_h + s_h - 1) * (k_w + s_w - 1)
    assert layer.count_params() == taps * shape[2] * 4 + 4 * settings.get("use_bias", True)
    assert layer.trainable_variables == []


def test_channels_first_too() -> None:
    kernel, size = (3, 2), (2, 3)
    model = pair(kernel, size, (5, 4, 3))
    last = PhaseConv2D.of(*model.layers)
    first = PhaseConv2D(**{**last.get_config(), "data_format": "channels_first", "name": "first"})
    first.build((None, 3, 5, 4))
    for new, old in zip(first.weights, last.weights, strict=True):
        new.assign(old.value)
    x = images((5, 4, 3))
    found = np.asarray(first(x.transpose(0, 3, 1, 2)))
    np.testing.assert_allclose(
        found.transpose(0, 2, 3, 1), np.asarray(model(x)), rtol=1e-4, atol=1e-4
    )
    assert first.compute_output_shape((None, 3, 5, 4)) == (None, *found.shape[1:])
    other = PhaseConv2D.of(*pair(kernel, size, (3, 5, 4), "channels_first").layers)
    assert other.data_format == "channels_first"


@pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)  # Keras reading JAX's arrays
def test_it_is_saved_and_loaded(tmp_path: Path) -> None:
    image = keras.Input((None, None, 3))
    layer = PhaseConv2D.of(*pair(4, 2, (6, 5, 3), activation="relu", dtype="float32").layers)
    model = keras.Model(image, layer(image))
    model.save(tmp_path / "phased.keras")
    loaded = keras.models.load_model(tmp_path / "phased.keras")
    x = images((6, 5, 3))
    np.testing.assert_array_equal(np.asarray(loaded(x)), np.asarray(model(x)))
    assert loaded.layers[-1].get_config() == layer.get_config()


def test_a_whole_model_computes_the_same() -> None:
    """Two blocks worth collapsing, one on a map of 4 pixels, a skip, a normalisation, two outputs."""
    image = x = keras.Input((2, 2, 96))
    for filters, block in ((96, "a"), (64, "b"), (2, "c")):
        x = K.UpSampling2D(2, name=f"up_{block}")(x)
        x = K.Conv2D(filters, 4, padding="same", activation="tanh", name=block)(x)
    x = K.Concatenate()([K.BatchNormalization()(x), K.UpSampling2D(8, name="skip")(image)])
    model = keras.Model(image, [x, K.ReLU()(x)])
    random = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(
            random.uniform(0.1, 1, weight.shape) / max(np.prod(weight.shape[:-1]), 1) ** 0.5
        )
    collapsed = collapse_keras(model)
    kinds = {layer.name: type(layer).__name__ for layer in collapsed.layers}
    assert [kinds[name] for name in ("a", "b", "c")] == ["Conv2D", "PhaseConv2D", "PhaseConv2D"]
    assert [kinds[f"up_{name}"] for name in ("a", "b", "c")] == [
        "UpSampling2D",
        "Identity",
        "Identity",
    ]
    x = images((2, 2, 96))
    for found, expected in zip(
        collapsed.predict(x, verbose=0), model.predict(x, verbose=0), strict=True
    ):
        assert np.ptp(expected) > 0.01
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_what_cannot_be_collapsed_is_refused_with_the_reason() -> None:
    up, conv = pair(3, 2, (4, 4, 3)).layers
    other = K.Conv2D(2, 3, strides=2, padding="valid", name="other")
    with pytest.raises(
        ValueError,
        match=r"other behind up cannot be collapsed: the convolution's padding is not 'same'; "
        "the convolution has strides",
    ):
        PhaseConv2D.of(up, other)
    with pytest.raises(
        ValueError, match="cannot be collapsed: the first is not a nearest UpSampling2D"
    ):
        PhaseConv2D.of(K.UpSampling2D(2, interpolation="bilinear"), conv)
    with pytest.raises(ValueError, match="cannot be collapsed: the second is not a plain Conv2D"):
        PhaseConv2D.of(up, K.Conv2DTranspose(2, 3))
    with pytest.raises(
        ValueError, match="cannot be collapsed: the two order their axes differently"
    ):
        PhaseConv2D.of(K.UpSampling2D(2, "channels_first"), conv)
    with pytest.raises(
        ValueError, match="new has no weights yet; build the model, then collapse it"
    ):
        PhaseConv2D.of(up, K.Conv2D(2, 3, padding="same", name="new"))


@pytest.mark.parametrize(
    "also", [lambda up: K.ReLU()(up), lambda up: up], ids=["read twice", "given out"]
)
def test_an_upsampled_map_that_somebody_else_needs_stays(also: Any) -> None:
    image = keras.Input((8, 8, 64))
    up = K.UpSampling2D(2)(image)
    out = K.Conv2D(64, 3, padding="same", kernel_initializer="zeros")(up)
    with pytest.raises(
        ValueError, match=r"plain has no UpSampling2D in front of a Conv2D that is worth collapsing"
    ):
        collapse_keras(keras.Model(image, [out, also(up)], name="plain"))


def test_a_sequential_model_stays_one() -> None:
    model = keras.Sequential(
        [keras.Input((8, 8, 64)), K.UpSampling2D(2), K.Conv2D(2, 3, padding="same")]
    )
    collapsed = collapse_keras(model)
    assert [type(layer).__name__ for layer in collapsed.layers] == ["Identity", "PhaseConv2D"]
    assert isinstance(collapsed, keras.Sequential)


def test_what_a_normalization_has_seen_is_taken_along() -> None:
    image, random = keras.Input((8, 8, 3)), np.random.default_rng(3)
    seen = K.Normalization()
    seen.adapt(random.normal(5, 3, (16, 8, 8, 3)))
    x = K.Conv2D(64, 3, padding="same")(seen(image))
    model = keras.Model(image, K.Conv2D(3, 4, padding="same")(K.UpSampling2D(2)(x)))
    copy, x = collapse_keras(model), images((8, 8, 3))
    assert any(isinstance(layer, PhaseConv2D) for layer in copy.layers)
    np.testing.assert_allclose(np.asarray(copy(x)), np.asarray(model(x)), rtol=1e-3, atol=1e-3)


def test_only_keras_own_upsampling_is_one() -> None:
    class Doubled(K.UpSampling2D):
        def call(self, x: Any) -> Any:
            return 2 * super().call(x)

    for first in (Doubled(2), K.Resizing(16, 16, interpolation="nearest")):
        conv = K.Conv2D(3, 4, padding="same")
        model = keras.Sequential([keras.Input((8, 8, 64)), first, conv])
        with pytest.raises(ValueError, match="has no UpSampling2D in front of a Conv2D"):
            collapse_keras(model)
        with pytest.raises(ValueError, match="the first is not a nearest UpSampling2D"):
            PhaseConv2D.of(first, conv)


def test_a_path_or_a_model_without_a_graph_is_refused() -> None:
    for model in ("model.keras", keras.Sequential([K.UpSampling2D(2)])):
        with pytest.raises(
            TypeError, match="functional or a built sequential model can be collapsed, got"
        ):
            collapse_keras(model)
