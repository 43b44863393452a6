"""How each layer of Keras is counted: its class, and the layers of this package that it becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unet_complexity import layers as L
from unet_complexity.cost import Tensor
from unet_complexity.engineering import layers as E
from unet_complexity.engineering.readers.keras_attention import attend, attend_with_heads
from unet_complexity.engineering.readers.keras_call import (
    Call,
    Handler,
    UnreadableError,
    Value,
)
from unet_complexity.engineering.readers.keras_config import of_keras
from unet_complexity.engineering.readers.keras_ops import (
    OPS,
    concatenate,
    merge,
    merging,
    permute,
    reshape,
)
from unet_complexity.engineering.readers.limits import MOST_TAPS, at_most
from unet_complexity.layers.elementwise import ALIASES, OPERATIONS

HANDLERS: dict[str, Handler] = {}


def handler(call: Call) -> Handler | None:
    """How to count a layer, or an operation of keras.ops; None for a kind that is not known."""
    if call.module.startswith(("keras.src.ops", "keras.ops")):
        return OPS.get(call.kind)
    return HANDLERS.get(call.kind) if of_keras(call.module) else None


def reads(*kinds: str) -> Callable[[Handler], Handler]:
    """Registers how layers of these classes are counted."""

    def register(function: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(kinds, function))
        return function

    return register


SWITCHES = {"use_bias", "center", "scale"}
WINDOW = {"kernel_size", "pool_size", "strides", "dilation_rate", "output_padding"}


def named(config: dict[str, Any], *names: str) -> dict[str, Any]:
    """Some of a layer's arguments, lists as tuples.  ValueError if a switch is neither on nor off."""
    values = {
        name: tuple(value) if isinstance(value := config[name], list) else value for name in names
    }
    for name in SWITCHES.intersection(values):
        if values[name] not in (False, True):
            raise ValueError(f"{name} must be true or false, got {values[name]!r}")
    for name in WINDOW.intersection(values):
        for size in values[name] if isinstance(values[name], tuple) else (values[name],):
            if isinstance(size, int):
                at_most(size, MOST_TAPS, f"elements along a side of {name}")
    return values


def activation(given: Any) -> L.Layer | None:
    """The layer for an activation's name; None for none."""
    while isinstance(given, dict):
        if given.get("class_name") == "function" and not of_keras(str(given.get("module"))):
            raise UnreadableError("its activation is a function of one's own")
        given = (
            given["config"] if given.get("class_name") == "function" else given.get("class_name")
        )
    name = getattr(given, "__name__", given)
    if name in (None, "linear"):
        return None
    if name not in (*OPERATIONS, *ALIASES, "softmax"):
        raise UnreadableError(f"its activation is {name}")
    return L.ReLU() if name == "relu" else L.Activation(name)


def activated(call: Call, layer: L.Layer, *values: Value) -> Value:
    """A layer, and its activation as a step of its own."""
    then = activation(call.config.get("activation"))
    out = call.run(layer, *values)
    if then is None:
        return out
    return call.run(along_last(call, then, out), out, part=getattr(then, "activation", "relu"))


def along_last(call: Call, layer: L.Layer, x: Value) -> L.Layer:
    """A softmax by name goes along the last axis of the tensor, whichever of the map's that is."""
    softmax = (
        isinstance(layer, L.Activation)
        and layer.activation == "softmax"
        and x.order == "channels_first"
    )
    return L.Softmax(call.axes(x, -1)) if softmax else layer


CONVOLUTION = ("kernel_size", "strides", "padding", "dilation_rate", "use_bias")


@reads("Conv2D")
def _convolve(call: Call, x: Value) -> Value:
    return activated(
        call, L.Conv2D(**named(call.config, "filters", "groups", *CONVOLUTION)), call.map(x)
    )


@reads("DepthwiseConv2D")
def _convolve_each_channel(call: Call, x: Value) -> Value:
    return activated(
        call, E.DepthwiseConv2D(**named(call.config, "depth_multiplier", *CONVOLUTION)), call.map(x)
    )


@reads("SeparableConv2D")
def _convolve_separably(call: Call, x: Value) -> Value:
    arguments = named(call.config, "filters", "depth_multiplier", *CONVOLUTION)
    return activated(call, E.SeparableConv2D(**arguments), call.map(x))


@reads("Conv2DTranspose")
def _convolve_transposed(call: Call, x: Value) -> Value:
    arguments = named(call.config, "filters", "output_padding", *CONVOLUTION)
    return activated(call, L.Conv2DTranspose(**arguments), call.map(x))


@reads("Dense")
def _dense(call: Call, x: Value) -> Value:
    x = call.view(x, x.dims, "channels_last", part="order")
    return activated(call, E.Dense(**named(call.config, "units", "use_bias")), x)


@reads("MaxPooling2D", "AveragePooling2D")
def _pool(call: Call, x: Value) -> Value:
    return call.run(
        getattr(L, call.kind)(**named(call.config, "pool_size", "strides", "padding")), call.map(x)
    )


@reads("GlobalAveragePooling2D", "GlobalMaxPooling2D")
def _pool_all(call: Call, x: Value) -> Value:
    return call.run(getattr(E, call.kind)(), call.map(x), rank=3 if call.config["keepdims"] else 1)


@reads("GlobalAveragePooling1D", "GlobalMaxPooling1D")
def _pool_sequence(call: Call, x: Value) -> Value:
    if x.rank != 2 or call.config["data_format"] != "channels_last":
        raise UnreadableError("only sequences of tokens x features are known")
    layer = E.Reduce("mean" if "Average" in call.kind else "max", 2)
    return call.run(layer, x, rank=2 if call.config["keepdims"] else 1)


@reads("UpSampling2D")
def _upsample(call: Call, x: Value) -> Value:
    check_blend(call.config)
    return call.run(L.UpSampling2D(**named(call.config, "size", "interpolation")), call.map(x))


@reads("Resizing")
def _resize(call: Call, x: Value) -> Value:
    check_blend(call.config)
    if any(
        call.config.get(name)
        for name in ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias")
    ):
        raise UnreadableError("it antialiases, or keeps the aspect ratio")
    return call.run(
        E.Resizing(**named(call.config, "height", "width", "interpolation")), call.map(x)
    )


def check_blend(config: dict[str, Any]) -> None:
    """Only what the package's layers know."""
    if config["interpolation"] not in ("nearest", "bilinear", "bicubic"):
        raise UnreadableError(f"its interpolation is {config['interpolation']}")


@reads("ZeroPadding2D", "Cropping2D")
def _reframe(call: Call, x: Value) -> Value:
    name = "padding" if call.kind == "ZeroPadding2D" else "cropping"
    return call.run(getattr(L, call.kind)(call.config[name]), call.map(x))


@reads("Activation")
def _activate(call: Call, x: Value) -> Value:
    layer = activation(call.config["activation"])
    return x if layer is None else call.run(along_last(call, layer, x), x)


@reads("ReLU")
def _rectify(call: Call, x: Value) -> Value:
    most, slope, threshold = (
        call.config.get(name) for name in ("max_value", "negative_slope", "threshold")
    )
    if threshold or (slope and most is not None):
        raise UnreadableError("it has a threshold, or both a slope and a largest value")
    return call.run(L.LeakyReLU(slope) if slope else L.ReLU(most), x)


@reads("LeakyReLU")
def _rectify_leaky(call: Call, x: Value) -> Value:
    return call.run(L.LeakyReLU(call.config["negative_slope"]), x)


@reads("PReLU")
def _rectify_by_weights(call: Call, x: Value) -> Value:
    shared = call.config["shared_axes"]
    if x.rank > 3:
        raise UnreadableError(f"it has {x.rank} axes")
    return call.run(E.PReLU(shared and call.axes(x, shared)), x)


@reads("ELU")
def _rectify_smoothly(call: Call, x: Value) -> Value:
    return call.run(E.ELU(call.config["alpha"]), x)


@reads("Softmax")
def _soften(call: Call, x: Value) -> Value:
    return call.run(L.Softmax(call.axes(x, call.config["axis"])), x)


@reads("Rescaling")
def _rescale(call: Call, x: Value) -> Value:
    scale, offset = call.config["scale"], call.config["offset"]
    if not all(isinstance(value, (int, float)) for value in (scale, offset)):
        raise UnreadableError("its scale or offset is an array")
    return call.run(E.Rescaling(scale, offset), x)


@reads("Dropout", "SpatialDropout2D", "SpatialDropout1D", "AlphaDropout", "GaussianDropout")
def _drop_out(call: Call, x: Value) -> Value:
    return call.run(L.Dropout(call.config["rate"]), x)


AUGMENTATIONS = [  # at inference they hand on what they are given
    *("AugMix", "RandAugment", "RandomBrightness", "RandomColorDegeneration", "RandomColorJitter"),
    *(
        "RandomContrast",
        "RandomElasticTransform",
        "RandomErasing",
        "RandomFlip",
        "RandomGaussianBlur",
    ),
    *(
        "RandomGrayscale",
        "RandomHue",
        "RandomInvert",
        "RandomPerspective",
        "RandomPosterization",
        "RandomRotation",
    ),
    *("RandomSaturation", "RandomSharpness", "RandomShear", "RandomTranslation", "RandomZoom"),
]


@reads(
    "Identity",
    "GaussianNoise",
    "ActivityRegularization",
    "InputLayer",
    "StochasticDepth",
    *AUGMENTATIONS,
)
def _do_nothing(call: Call, x: Value) -> Value:
    return x


@reads("LayerScale")
def _scale_channels(call: Call, x: Value) -> Value:
    """ConvNeXt's, of keras.applications: a learned factor for each channel."""
    return call.run(E.Elementwise("multiply", Tensor(1, 1, call.config["projection_dim"])), x)


@reads("CustomScaleLayer")
def _add_scaled(call: Call, x: Value, branch: Value) -> Value:
    """Inception-ResNet's, of keras.applications: a branch, scaled by a number, is added."""
    scaled = call.run(E.Rescaling(call.config["scale"]), branch, part="scale")
    return merge(call, L.Add(), x, scaled)


def by_channel(call: Call, x: Value) -> Value:
    """``x``, its channels on the one axis that the layer names."""
    axis = call.config["axis"]
    (axis,) = axis if isinstance(axis, (list, tuple)) and len(axis) == 1 else (axis,)
    if x.rank == 3 and axis in (1, -3):
        return call.map(x, "channels_first")
    if axis not in (-1, x.rank):
        raise UnreadableError(f"its axis is {axis}")
    return call.map(x, "channels_last") if x.rank == 3 else x


@reads("BatchNormalization")
def _normalize(call: Call, x: Value) -> Value:
    if call.config.get("renorm"):
        raise UnreadableError("it renormalises")
    return call.run(
        L.BatchNormalization(**named(call.config, "center", "scale")), by_channel(call, x)
    )


@reads("Normalization")
def _normalize_by_known(call: Call, x: Value) -> Value:
    return call.run(E.Normalization(given=call.config.get("mean") is not None), by_channel(call, x))


@reads("GroupNormalization")
def _normalize_groups(call: Call, x: Value) -> Value:
    return call.run(
        E.GroupNormalization(**named(call.config, "groups", "center", "scale")), by_channel(call, x)
    )


@reads("LayerNormalization")
def _normalize_along(call: Call, x: Value) -> Value:
    if call.config.get("rms_scaling"):
        raise UnreadableError("it scales by the variance")
    return call.run(
        E.LayerNormalization(
            call.axes(x, call.config["axis"]), **named(call.config, "center", "scale")
        ),
        x,
    )


@reads("RMSNormalization")
def _normalize_by_root(call: Call, x: Value) -> Value:
    return call.run(E.RMSNormalization(call.axes(x, call.config["axis"])), x)


@reads("Flatten")
def _flatten(call: Call, x: Value) -> Value:
    if x.rank == 3 and x.order == "channels_first":
        x = call.run(E.Permute((1, 2, 3)), x, part="permute", order="channels_last")
    return call.run(E.Flatten(), x, rank=1)


@reads("Reshape")
def _reshape_to(call: Call, x: Value) -> Value:
    return reshape(call, x, call.config["target_shape"])


@reads("Permute")
def _permute_to(call: Call, x: Value) -> Value:
    return permute(call, x, [axis - 1 for axis in call.config["dims"]])


@reads("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
def _merge_all(call: Call, *values: Value) -> Value:
    return merge(call, merging(call.kind, len(values)), *values)


@reads("Concatenate")
def _concatenate_all(call: Call, *values: Value) -> Value:
    return concatenate(call, call.config["axis"], *values)


HANDLERS["MultiHeadAttention"] = attend_with_heads
HANDLERS["Attention"] = attend
