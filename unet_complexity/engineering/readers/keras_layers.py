"""How each layer of Keras is counted: ``TABLE`` says which layer of this package it is, and what that reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import sympy as sp

from unet_complexity import layers as L
from unet_complexity.cost import Tensor
from unet_complexity.engineering import layers as E
from unet_complexity.engineering.readers.keras_call import (
    Call,
    Handler,
    UnreadableError,
    Value,
    places,
)
from unet_complexity.engineering.readers.keras_config import of_keras
from unet_complexity.engineering.readers.keras_ops import (
    concatenate,
    merge,
    operation,
    permute,
    reshape,
)
from unet_complexity.engineering.readers.limits import MOST_TAPS, at_most
from unet_complexity.layers.elementwise import ALIASES, OPERATIONS
from unet_complexity.symbols import exact

SWITCHES = ("use_bias", "center", "scale")
WINDOW = ("kernel_size", "pool_size", "strides", "dilation_rate", "output_padding")
LACKING = ("groups", "operation", "axes")  # fields of a layer that Keras's configuration may lack
BLENDS = ("nearest", "bilinear", "bicubic")


def handler(call: Call) -> Handler | None:
    """How to count a layer, or an operation of keras.ops; None for a kind that is not known."""
    if call.module.startswith(("keras.src.ops", "keras.ops")):
        return operation(call.kind)
    if not of_keras(call.module):
        return None
    return of_table if call.kind in TABLE else HANDLERS.get(call.kind)


# What a layer reads: Keras's array as the map that its counterpart wants.


def any_axes(call: Call, x: Value) -> Value:
    """``x`` with whatever axes it has."""
    return x


def channels_last(call: Call, x: Value) -> Value:
    """``x``, its last axis the channels."""
    return call.view(x, x.dims, "channels_last", part="order")


def a_map(call: Call, x: Value) -> Value:
    """``x`` as a map, its channels where the layer wants them."""
    return call.map(x)


def sequence(call: Call, x: Value) -> Value:
    """``x``, tokens x features."""
    if x.rank != 2 or call.config.get("data_format") == "channels_first":
        raise UnreadableError("only sequences of tokens x features are known")
    return x


def by_channel(call: Call, x: Value) -> Value:
    """``x``, its channels on the one axis that the layer names."""
    axes = x.axes(call.config["axis"])
    if x.rank == 3 and axes == [0]:
        return call.map(x, "channels_first")
    if axes != [x.rank - 1]:
        raise UnreadableError(f"its axis is {call.config['axis']}")
    return channels_last(call, x)


Prepare = Callable[[Call, Value], Value]
TABLE: dict[str, tuple[Callable[..., L.Layer], Prepare]] = {
    "Conv1D": (L.Conv2D, sequence),
    "Conv2D": (L.Conv2D, a_map),
    "DepthwiseConv2D": (E.DepthwiseConv2D, a_map),
    "SeparableConv2D": (E.SeparableConv2D, a_map),
    "Conv2DTranspose": (L.Conv2DTranspose, a_map),
    "Dense": (E.Dense, channels_last),
    "MaxPooling1D": (L.MaxPooling2D, sequence),
    "MaxPooling2D": (L.MaxPooling2D, a_map),
    "AveragePooling1D": (L.AveragePooling2D, sequence),
    "AveragePooling2D": (L.AveragePooling2D, a_map),
    "GlobalAveragePooling1D": (E.GlobalAveragePooling2D, sequence),
    "GlobalAveragePooling2D": (E.GlobalAveragePooling2D, a_map),
    "GlobalMaxPooling1D": (E.GlobalMaxPooling2D, sequence),
    "GlobalMaxPooling2D": (E.GlobalMaxPooling2D, a_map),
    "UpSampling2D": (L.UpSampling2D, a_map),
    "Resizing": (E.Resizing, a_map),
    "ZeroPadding2D": (L.ZeroPadding2D, a_map),
    "Cropping2D": (L.Cropping2D, a_map),
    "LeakyReLU": (L.LeakyReLU, any_axes),
    "PReLU": (E.PReLU, any_axes),
    "ELU": (E.ELU, any_axes),
    "Softmax": (L.Softmax, any_axes),
    "Rescaling": (E.Rescaling, any_axes),
    "Dropout": (L.Dropout, any_axes),
    "SpatialDropout2D": (L.Dropout, any_axes),
    "BatchNormalization": (L.BatchNormalization, by_channel),
    "GroupNormalization": (E.GroupNormalization, by_channel),
    "LayerNormalization": (E.LayerNormalization, any_axes),
    "RMSNormalization": (E.RMSNormalization, any_axes),
}


def of_table(call: Call, x: Value) -> Value:
    """One layer of the package, and its activation as a step of its own."""
    make, prepare = TABLE[call.kind]
    x = prepare(call, x)
    values = {
        field.name: argument(call, x, field.name)
        for field in fields(make)  # type: ignore[arg-type]
        if field.name in call.config or field.name not in LACKING
    }
    if values.get("padding") == "causal":
        before = (values["kernel_size"][1] - 1) * values["dilation_rate"][1]
        values["padding"] = "valid"
        x = call.run(L.ZeroPadding2D(((0, 0), (before, 0))), x, part="padding")
    then = None if call.kind == "Softmax" else activation(call.config.get("activation"))
    pooled = call.kind.startswith("Global") and not call.config["keepdims"]
    out = call.run(make(**values), x, rank=1 if pooled else None)
    return activated(call, then, out, getattr(then, "activation", "relu"))


def argument(call: Call, x: Value, name: str) -> Any:
    """One of a layer's arguments, lists as tuples.  An error if it is not what the layer of the package knows."""
    value = call.config[name]
    value = tuple(value) if isinstance(value, list) else value
    if name in ("axis", "shared_axes"):
        return value and places(x, x.axes(value))
    if call.kind == "Rescaling" and not isinstance(value, (int, float)):
        raise UnreadableError(f"its {name} is an array")
    if call.kind != "Rescaling" and name in SWITCHES and value not in (False, True):
        raise ValueError(f"{name} must be true or false, got {value!r}")
    if name == "interpolation" and value not in BLENDS:
        raise UnreadableError(f"its interpolation is {value}")
    if name == "padding" and "strides" in call.config and not isinstance(value, str):
        raise ValueError(f"padding must be 'valid' or 'same', got {value!r}")
    if name in WINDOW:
        sizes = value if isinstance(value, tuple) else (value,)
        for size in sizes:
            if isinstance(size, int):
                at_most(size, MOST_TAPS, f"elements along a side of {name}")
        return (1, *sizes) if call.kind.endswith("1D") else value
    return value


def activation(given: Any) -> L.Layer | None:
    """The layer for an activation's name; None for none."""
    while isinstance(given, dict):
        function = given.get("class_name") == "function"
        if function and not of_keras(str(given.get("module"))):
            raise UnreadableError("its activation is a function of one's own")
        given = given["config"] if function else given.get("class_name")
    name = getattr(given, "__name__", given)
    if name in (None, "linear"):
        return None
    if name not in (*OPERATIONS, *ALIASES, "softmax"):
        raise UnreadableError(f"its activation is {name}")
    return L.ReLU() if name == "relu" else L.Activation(name)


def activated(call: Call, layer: L.Layer | None, x: Value, part: str = "") -> Value:
    """An activation; a softmax by name goes along the last axis, whichever of the map's that is."""
    if layer is None:
        return x
    if getattr(layer, "activation", "") == "softmax" and x.order == "channels_first":
        layer = L.Softmax(places(x, x.axes(-1)))
    return call.run(layer, x, part=part)


def _rectify(call: Call, x: Value) -> Value:
    most, slope = call.config.get("max_value"), call.config.get("negative_slope")
    if slope and most is not None:
        raise UnreadableError("it has both a slope and a largest value")
    return call.run(L.LeakyReLU(slope) if slope else L.ReLU(most), x)


def _normalize_by_known(call: Call, x: Value) -> Value:
    return call.run(E.Normalization(given=call.config.get("mean") is not None), by_channel(call, x))


def _scale_channels(call: Call, x: Value) -> Value:
    """ConvNeXt's, of keras.applications: a learned factor for each channel."""
    return call.run(E.Elementwise("multiply", Tensor(1, 1, call.config["projection_dim"])), x)


def _add_scaled(call: Call, x: Value, branch: Value) -> Value:
    """Inception-ResNet's, of keras.applications: a branch, scaled by a number, is added."""
    return call.run(L.Add(), x, call.run(E.Rescaling(call.config["scale"]), branch, part="scale"))


def _flatten(call: Call, x: Value) -> Value:
    if x.rank == 3 and call.config.get("data_format") == "channels_first":
        x = permute(call, call.map(x), [1, 2, 0])
    return call.run(E.Flatten(), x, rank=1)


def attend(call: Call, *values: Value) -> Value:
    r"""MultiHeadAttention over all axes but the last: four dense layers, and the attention of each head.

    Of T queries and S keys with d numbers each, $\text{softmax}(Q K^T / \sqrt d)\, V$ takes 2 T S d MACs
    (Vaswani et al., "Attention Is All You Need", NeurIPS 2017, eq. 1).
    """
    given = dict(zip(("query", "value", "key"), call.args, strict=False)) | call.kwargs
    read = {name: x for name, x in given.items() if isinstance(x, Value)}
    if not {"query", "value"} <= set(read) <= {"query", "value", "key"} or len(read) < len(values):
        raise UnreadableError("it has a mask, or other inputs than a query, a value and a key")
    query, value, axes = read["query"], read["value"], call.config.get("attention_axes")
    if axes is not None and sorted(query.axes(axes)) != list(range(query.rank - 1)):
        raise UnreadableError(f"it attends along the axes {axes} only")
    config, bias = call.config, call.config["use_bias"]
    heads, rows = config["num_heads"], exact(sp.Mul(*query.dims[:-1]))
    sequences = {
        x: call.view(x, (exact(sp.Mul(*x.dims[:-1])), x.dims[-1]), "channels_last", f"tokens {i}")
        for i, x in enumerate(dict.fromkeys((query, value, read.get("key", value))), 1)
    }

    def by_head(x: Value, size: int, part: str) -> Value:
        tokens = sequences[x]
        made = call.run(E.Dense(heads * size, bias), tokens, part=part)
        apart = call.view(made, (tokens.dims[0], heads, size), "channels_last", f"{part} heads")
        return call.run(E.Permute((2, 1, 3)), apart, part=f"{part} by head")

    q = by_head(query, config["key_dim"], "query")
    k = by_head(read.get("key", value), config["key_dim"], "key")
    v = by_head(value, config["value_dim"], "value")
    q = call.run(E.Rescaling(config["key_dim"] ** -0.5), q, part="scale")
    scores = call.run(E.MatMul(transpose_b=True), q, k, part="scores")
    scores = call.run(L.Softmax(), scores, part="softmax")
    if config.get("dropout"):
        scores = call.run(L.Dropout(config["dropout"]), scores, part="dropout")
    met = call.run(E.MatMul(), scores, v, part="weighed")
    met = call.run(E.Permute((2, 1, 3)), met, part="heads")
    joined = call.view(met, (rows, heads * config["value_dim"]), "channels_last", "joined")
    units = config.get("output_shape") or query.dims[-1]
    (units,) = units if isinstance(units, (list, tuple)) else (units,)
    out = call.run(E.Dense(units, bias), joined, part="output")
    return call.view(out, (*query.dims[:-1], units), query.order, "axes")


def _wrapped(call: Call, *kinds: str) -> None:
    """Let a call be one of the layer inside its own; UnreadableError if that is not of these kinds."""
    inner = call.config["layer"]
    kind = inner["class_name"]
    if kind not in kinds or not of_keras(str(inner.get("module"))):
        raise UnreadableError(f"it wraps a layer {kind}")
    call.kind = kind
    call.frozen = call.frozen or inner["config"].get("trainable") is False
    call.config = inner["config"]
    call.check_form(of_table)


def _at_each_time(call: Call, x: Value) -> Value:
    """TimeDistributed: a layer that treats all positions alike, so that the time is one more of them."""
    _wrapped(call, "Dense", "Dropout", "LeakyReLU")
    return of_table(call, x)


def _normalize_spectrum(call: Call, x: Value) -> Value:
    """SpectralNormalization: the layer inside, and a vector that training stores beside its kernel."""
    _wrapped(call, "Conv1D", "Conv2D", "Dense")
    stored = call.config["units" if call.kind == "Dense" else "filters"]
    out = of_table(call, x)
    return call.view(out, out.dims, out.order, "stored", stored)


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(
        (  # at inference they hand on what they are given
            *("Identity", "GaussianNoise", "InputLayer", "StochasticDepth"),
            *("RandomContrast", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom"),
        ),
        lambda call, x: x,
    ),
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"), merge),
    "Activation": lambda call, x: activated(call, activation(call.config["activation"]), x),
    "ReLU": _rectify,
    "Normalization": _normalize_by_known,
    "LayerScale": _scale_channels,
    "CustomScaleLayer": _add_scaled,
    "Flatten": _flatten,
    "Reshape": lambda call, x: reshape(call, x, call.config["target_shape"]),
    "Permute": lambda call, x: permute(call, x, [axis - 1 for axis in call.config["dims"]]),
    "Concatenate": concatenate,
    "MultiHeadAttention": attend,
    "TimeDistributed": _at_each_time,
    "SpectralNormalization": _normalize_spectrum,
}
