"""How each layer of Keras is counted: ``READ`` says which layers are those of this package of the same name,
and what each reads.

``HANDLERS`` has the layers that are several steps, or whose arguments are other ones; operations of keras.ops have
names that begin with "ops.".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from inspect import signature
from reprlib import repr as shortened
from typing import Any

from unet_complexity import layers as L
from unet_complexity.cost import Tensor
from unet_complexity.engineering import layers as E
from unet_complexity.engineering.layers.merging import CONCATENATE
from unet_complexity.engineering.readers.keras_call import (
    Call,
    UnsupportedError,
    Value,
)
from unet_complexity.engineering.readers.keras_config import checked_shape, of_keras, parts
from unet_complexity.engineering.readers.limits import MOST_TAPS, at_most
from unet_complexity.engineering.readers.reading import volume
from unet_complexity.layers.elementwise import ALIASES, OPERATIONS
from unet_complexity.symbols import as_expr, as_size, exact

Handler = Callable[..., Value]
# arguments that change what a layer computes, in a way that is not counted
FORMS = """
    lora_rank renorm rms_scaling threshold use_gate sliding_window crop_to_aspect_ratio
    pad_to_aspect_ratio antialias return_attention_scores output_shape
    approximate
""".split()
WINDOW = ("kernel_size", "strides", "dilation_rate")
ARRAYS = ("__numpy__", "__tensor__")  # classes of arrays that the model holds
LACKING = ("groups", "operation", "axes")  # fields of a layer that Keras's configuration may lack
WRAPPED = {
    "TimeDistributed": ("Dense", "Dropout", "LeakyReLU"),
    "SpectralNormalization": ("Conv1D", "Conv2D", "Dense"),
}
TYPES: dict[Any, Any] = {"bool": bool, "float": (int, float), "str": str, "Padding": str}
# the package's names of Keras's operations
FUNCTIONS = {name.replace("_", ""): name for name in (*OPERATIONS, *ALIASES)}
FUNCTIONS |= {"absolute": "abs", "exp": "exponential"}


def handler(kind: str, module: str) -> Handler | None:
    """How to count a layer, or an operation of keras.ops; None for a kind that is not known."""
    if not of_keras(module):
        return None
    if not module.startswith(("keras.src.ops", "keras.ops")):
        return HANDLERS.get(kind)
    name = FUNCTIONS.get(kind.lower())
    return HANDLERS.get(f"ops.{kind}", of_one(name) if name else None)


def counted(call: Call, handle: Handler, values: list[Value]) -> Value:
    """What a layer writes.  UnsupportedError if it has weights, or gets inputs, that are not counted."""
    if any(
        isinstance(part, dict) and part.get("class_name") in ARRAYS
        for part in parts([call.args, call.kwargs])
    ):
        raise UnsupportedError("it meets an array that the model holds")
    if "Quantized" in str(call.config.get("dtype")):
        raise UnsupportedError("it is quantised")
    of_relu = ["negative_slope"] if call.kind == "ReLU" else []  # a LeakyReLU says the same
    for name in FORMS + of_relu:
        value = call.config.get(name) or call.kwargs.get(name)
        if value:
            raise UnsupportedError(f"with {name}={shortened(value)}")
    try:
        signature(handle).bind(call, *values)
    except TypeError:
        raise UnsupportedError(f"given {len(values)} tensors") from None
    return handle(call, *values)


# What a layer reads: Keras's array as the map that its counterpart wants.


def any_axes(call: Call, x: Value) -> Value:
    """``x`` with whatever axes it has."""
    return x


def channels_last(call: Call, x: Value) -> Value:
    """``x``, its last axis the channels."""
    return call.view(x, x.dims, part="order")


def sequence(call: Call, x: Value) -> Value:
    """``x``, tokens x features."""
    if x.rank != 2 or call.config.get("data_format") == "channels_first":
        raise UnsupportedError("only sequences of tokens x features are known")
    return x


def by_channel(call: Call, x: Value) -> Value:
    """``x``, its channels on the one axis that the layer names."""
    (axis,) = x.axes(call.config["axis"])
    if x.rank == 3 and axis == 0:
        return call.as_map(x, "channels_first")
    if axis != x.rank - 1:
        raise UnsupportedError(f"its axis is {call.config['axis']}")
    return channels_last(call, x)


LAYERS = {layer.__name__: layer for layer in (*L.LAYERS, *E.LAYERS)}
OTHER_NAMES = {"SpatialDropout2D": "Dropout", "LeakyRelu": "LeakyReLU"}
# what it reads, as its counterpart wants it: the layers, and operations, that are one of the package
READ: dict[Any, str] = {
    Call.as_map: """
        Conv2D DepthwiseConv2D Conv2DTranspose MaxPooling2D AveragePooling2D
        GlobalAveragePooling2D GlobalMaxPooling2D UpSampling2D Resizing ZeroPadding2D Cropping2D
        ops.DepthToSpace
    """,
    sequence: """
        Conv1D MaxPooling1D AveragePooling1D GlobalAveragePooling1D GlobalMaxPooling1D
    """,
    channels_last: "Dense",
    by_channel: "BatchNormalization GroupNormalization",
    any_axes: """
        ReLU LeakyReLU ops.LeakyRelu PReLU ELU Softmax ops.Softmax Rescaling Dropout
        SpatialDropout2D LayerNormalization RMSNormalization
    """,
}


def of_table(prepare: Handler, call: Call, x: Value, *, part: str = "") -> Value:
    """One layer of the package, and its activation as a step of its own."""
    make = LAYERS[OTHER_NAMES.get(call.kind, call.kind.replace("1D", "2D"))]
    # refusals come before the first step
    name = None if call.kind == "Softmax" else call.config.get("activation")
    x = prepare(call, x)
    then = activation(name, x)
    values = {
        field.name: argument(call, x, field.name, field.type)
        for field in fields(make)  # type: ignore[arg-type]
        if field.name in call.config or field.name not in LACKING
    }
    try:
        layer = make(**values)
    except ValueError as error:
        raise UnsupportedError(str(error)) from error
    out = call.run(layer, x, part=part)
    if call.kind.startswith("Global") and not call.config["keepdims"]:
        out = call.without(out, [axis for axis in range(x.rank) if axis != x.where[2]])
    return call.run(then, out, part=str(name)) if then else out


def separable(call: Call, x: Value) -> Value:
    """A depthwise convolution without bias, and one of 1 x 1 with the bias and the activation."""
    config = call.config
    activation(config["activation"], x)  # refused before the first step
    call.kind, call.config = "DepthwiseConv2D", config | {"use_bias": False, "activation": None}
    x = of_table(Call.as_map, call, x, part="depthwise")
    call.kind, call.config = "Conv2D", config | dict.fromkeys(WINDOW, 1)
    return of_table(Call.as_map, call, x)


def argument(call: Call, x: Value, name: str, kind: Any) -> Any:
    """One of a layer's arguments, lists as tuples.  An error if it is not what the layer of the package knows."""
    value = call.config[name]
    value = tuple(value) if isinstance(value, list) else value
    if not isinstance(value, TYPES.get(kind, object)):
        raise UnsupportedError(f"its {name} is {shortened(value)}")
    if name in ("axis", "shared_axes"):
        return value and x.places(x.axes(value))
    if not kind.startswith("Sizes"):
        return value
    sizes = value if isinstance(value, tuple) else (value,)
    for size in sizes:
        if isinstance(size, int):
            at_most(size, MOST_TAPS, f"elements along a side of {name}")
    return (1, *sizes) if call.kind.endswith("1D") else value


def activation(name: Any, x: Value) -> L.Layer | None:
    """The layer for an activation's name; a softmax goes along the last axis, whichever of the map's that is."""
    if name in (None, "linear"):
        return None
    if not isinstance(name, str):
        raise UnsupportedError("its activation is a function of one's own")
    if name == "softmax":
        return E.Softmax(x.places(x.axes(-1)))
    if name not in (*OPERATIONS, *ALIASES):
        raise UnsupportedError(f"its activation is {name}")
    return L.ReLU() if name == "relu" else L.Activation(name)


def _flatten(call: Call, x: Value) -> Value:
    if x.rank == 3 and call.config.get("data_format") == "channels_first":
        x = permute(call, call.as_map(x), [1, 2, 0])
    return reshape(call, x, [-1])


def attend(call: Call, *values: Value) -> Value:
    r"""MultiHeadAttention over all axes but the last: four dense layers, and the attention of each head.

    Of T queries and S keys with d numbers each, $\text{softmax}(Q K^T / \sqrt d)\, V$ takes 2 T S d MACs
    (Vaswani et al., "Attention Is All You Need", NeurIPS 2017, eq. 1).
    """
    names = ("query", "value", "key")
    given = dict(zip(names, call.args, strict=False)) | call.kwargs
    read = [given[name] for name in names if isinstance(given.get(name), Value)]
    if len(read) != len(values) or len(read) < 2:
        raise UnsupportedError("it has a mask, or other inputs than a query, a value and a key")
    query, value, key = (*read, read[1])[:3]
    config = call.config
    axes = config.get("attention_axes")
    if axes is not None and sorted(query.axes(axes)) != list(range(query.rank - 1)):
        raise UnsupportedError(f"it attends along the axes {axes} only")
    heads, key_dim, value_dim = (
        as_size(config[name], name) for name in ("num_heads", "key_dim", "value_dim")
    )

    def by_head(part: str, x: Value, size: int) -> Value:
        x = call.view(x, (volume(x.dims[:-1]), x.dims[-1]), part="tokens")
        x = call.run(E.Dense(heads * size, config["use_bias"]), x, part=part)
        x = call.view(x, (x.dims[0], heads, size), part=f"{part} heads")
        return permute(call, x, [1, 0, 2], f"{part} by head")

    x = by_head("query", query, key_dim)
    key = by_head("key", key, key_dim)
    value = by_head("value", value, value_dim)
    rate = config.get("dropout")
    steps: list[tuple[Any, ...]] = [
        (E.Rescaling(key_dim**-0.5), "scale"),
        (E.MatMul(transpose_b=True), "scores", key),
        (E.Softmax(), "softmax"),
        *([(L.Dropout(rate), "dropout")] if rate else []),
        (E.MatMul(), "weighed", value),
    ]
    for layer, part, *other in steps:
        x = call.run(layer, x, *other, part=part)
    x = permute(call, x, [1, 0, 2], "heads")
    x = call.view(x, (x.dims[0], heads * value_dim), part="joined")
    x = call.run(E.Dense(query.dims[-1], config["use_bias"]), x, part="output")
    return call.view(x, query.dims, query.order, "axes")


def of_wrapper(call: Call, x: Value) -> Value:
    """The layer inside another one: at each time, which is one more position; or with a normalised spectrum.

    The latter stores a vector beside the kernel.
    """
    outer, inner = call.kind, call.config["layer"]
    call.kind = inner["class_name"]
    if call.kind not in WRAPPED[outer] or not of_keras(str(inner.get("module"))):
        raise UnsupportedError(f"it wraps a layer {call.kind}")
    frozen = {"trainable": False} if call.config.get("trainable") is False else {}
    call.config = inner["config"] | frozen
    out = counted(call, HANDLERS[call.kind], [x])
    if outer == "TimeDistributed":
        return out
    stored = call.config.get("units") or call.config["filters"]
    return call.run(E.Reshape(out.map.shape), out, part="stored", stored=stored)


def of_one(name: str) -> Handler:
    """A function of each element."""
    return lambda call, x: call.run(L.Activation(name), x)


def merge(call: Call, *values: Value) -> Value:
    """A merging layer; an input with fewer axes gets axes of 1 behind the batch, as in Keras."""
    layer: L.Layer = E.Elementwise(call.kind.lower(), inputs=len(values))
    if call.kind in LAYERS:  # Add, Multiply
        layer = LAYERS[call.kind]()
    most = max(values, key=lambda value: value.rank)
    ready = [call.view(x, (1,) * (most.rank - x.rank) + x.dims, most.order) for x in values]
    return call.run(layer, *ready, like=widest(ready))


def widest(values: Sequence[Value]) -> Value:
    """The input whose leading axes are those of the result.

    UnsupportedError if the axes that a map merges are repeated one by one: all of an input, or none, may be.
    """
    if len({x.rank for x in values}) > 1:
        raise UnsupportedError("its inputs differ in the number of axes")
    wide = {x.dims[:-2]: x for x in values if x.rank > 3 and set(x.dims[:-2]) != {1}}
    if len(wide) > 1:
        raise UnsupportedError("its inputs differ in the leading axes")
    return next(iter(wide.values()), values[0])


def of_two(call: Call, *values: Value) -> Value:
    """Two tensors of as many axes, or one and a number."""
    call.kind = call.kind.removeprefix("True")
    if len(values) == 2:
        widest(values)
        return merge(call, *values)
    first, second = (*call.args, *call.kwargs.values())[:2]
    number = second if isinstance(first, Value) else first
    if not isinstance(number, (int, float)):
        raise UnsupportedError(f"it meets {number!r}")
    layer: L.Layer = E.Elementwise(call.kind.lower())
    if call.kind == "Multiply":
        layer = E.Rescaling(number)
    elif call.kind == "Divide" and number is second:
        layer = E.Rescaling(1 / number)
    return call.run(layer, *values)


def concatenate(call: Call, *values: Value) -> Value:
    """Along one of Keras's axes."""
    if len(values) == 1:
        return values[0]
    x = widest(values)
    (place,) = x.places(x.axes(call.config["axis"]))
    return call.run(CONCATENATE[place](), *(call.view(each, each.dims, x.order) for each in values))


def reshape(call: Call, x: Value, target: Any) -> Value:
    """The same numbers with other axes, -1 for what is left."""
    sides = checked_shape([None if side == -1 else side for side in target])
    left = exact(as_expr(volume(x.dims)) / volume(side for side in sides if side))
    return call.view(x, tuple(side or left for side in sides), call.order)


def permute(call: Call, x: Value, axes: list[int], part: str = "") -> Value:
    """A copy with the axes in another order; the channels stay the channels if they stand at an end."""
    if sorted(axes) != list(range(x.rank)):
        raise UnsupportedError(f"it permutes the axes {axes}")
    ends = {0: "channels_first", 2: "channels_last"}
    order = ends.get(axes.index(x.where[2]), x.order)
    new = Value("", tuple(x.dims[axis] for axis in axes), order)
    return new._replace(name=call.run(E.Copy("Permute", new.map), x, part=part).name)


def multiply_matrices(call: Call, *values: Value) -> Value:
    """(..., m, k) times (..., k, n); either may be repeated along all leading axes."""
    ready = [channels_last(call, x) for x in values]
    return call.run(E.MatMul(), *ready, like=widest(ready))


def reduce(call: Call, x: Value) -> Value:
    """Mean, sum, max or min over axes."""
    gone = x.axes(call.config.get("axis"))
    made = call.run(E.Reduce(call.kind.lower().replace("am", "m"), x.places(gone)), x)
    return made if call.config.get("keepdims") else call.without(made, gone)


def resize(call: Call, x: Value) -> Value:
    """Resampling to a fixed size."""
    rows, columns = call.config["size"]
    return call.run(E.Resizing(rows, columns, call.config["interpolation"]), call.as_map(x))


ALIKE: dict[Handler, str] = {
    any_axes: """
        Identity GaussianNoise StochasticDepth RandomContrast RandomFlip RandomRotation
        RandomTranslation RandomZoom ops.Identity ops.StopGradient ops.Cast
    """,  # at inference they hand on what they are given
    merge: "Add Subtract Multiply Average Maximum Minimum",
    of_wrapper: " ".join(WRAPPED),
    of_two: """
        ops.Add ops.Subtract ops.Multiply ops.Divide ops.TrueDivide ops.Maximum ops.Minimum
    """,
    reduce: "ops.Mean ops.Sum ops.Max ops.Min ops.Amax ops.Amin",
    concatenate: "Concatenate ops.Concatenate",
}
HANDLERS: dict[str, Handler] = {
    **{
        kind: partial(of_table, prepare)
        for prepare, kinds in READ.items()
        for kind in kinds.split()
    },
    **{kind: handle for handle, kinds in ALIKE.items() for kind in kinds.split()},
    "Activation": lambda call, x: (
        call.run(layer, x) if (layer := activation(call.config["activation"], x)) else x
    ),
    "Normalization": lambda call, x: call.run(
        E.Normalization(given=call.config.get("mean") is not None), by_channel(call, x)
    ),
    # ConvNeXt's, of keras.applications: a learned factor for each channel
    "LayerScale": lambda call, x: call.run(
        E.Elementwise("multiply", Tensor(1, 1, call.config["projection_dim"])), x
    ),
    # Inception-ResNet's, of keras.applications: a branch, scaled by a number, is added
    "CustomScaleLayer": lambda call, x, branch: call.run(
        L.Add(), x, call.run(E.Rescaling(call.config["scale"]), branch, part="scale")
    ),
    "SeparableConv2D": separable,
    "Flatten": _flatten,
    "Reshape": lambda call, x: reshape(call, x, call.config["target_shape"]),
    "Permute": lambda call, x: permute(call, x, [axis - 1 for axis in call.config["dims"]]),
    "MultiHeadAttention": attend,
    "ops.Matmul": multiply_matrices,
    "ops.Reshape": lambda call, x: reshape(call, x, call.config["newshape"][1:]),
    "ops.Transpose": lambda call, x: permute(call, x, [a - 1 for a in call.config["axes"][1:]]),
    "ops.Resize": resize,
}
