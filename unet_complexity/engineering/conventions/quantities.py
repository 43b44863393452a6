"""Vocabulary of the rules: kinds of layers, and the quantities of one layer that a tool may count.

A rule is a formula in these letters, such as ``2*macs + bias`` for a convolution.  ``quantities(step)`` gives the
value of each letter at one step of a network.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.layers import Conv2DTranspose, Convolution, Layer
from unet_complexity.layers.windows import axes, taps_in_bounds, window_count, windows
from unet_complexity.networks import Step
from unet_complexity.symbols import Size, as_expr, exact, floor_div

# letter of a rule: quantity of one layer
MEANING: dict[str, str] = {
    "macs": "multiply-accumulates, dense",
    "in_bounds": "multiply-accumulates that touch real data",
    "bias": "bias additions: elements written, if the layer has a bias",
    "out": "elements written",
    "inp": "elements read, without weights",
    "pixels": "height x width of the output, without its channels",
    "channels": "channels of the input",
    "window": "elements under a pooling window",
    "strides": "stride down x stride across",
    "params": "weights and biases",
    "on_output": "k_h x k_w x channels read x elements written",
    "swapped": "k_h x k_w x filters x elements written",
    "grouped": "k_h x k_w x elements written",
    "small_bias": "bias additions of a Conv2D with the same window and strides",
}
LETTERS = {name: sp.Symbol(name, positive=True) for name in MEANING}

# kinds that tools count differently, by Keras's names
BILINEAR = "UpSampling2D bilinear"
BN = "BatchNormalization"
GROUPED = "Conv2D with groups"
NEAREST = "UpSampling2D nearest"
ACTIVATIONS = ("ReLU", "LeakyReLU", "tanh", "sigmoid", "Softmax", "linear")
KINDS: tuple[str, ...] = (
    "Conv2D",
    GROUPED,
    "Conv2DTranspose",
    NEAREST,
    BILINEAR,
    "MaxPooling2D",
    "AveragePooling2D",
    BN,
    *ACTIVATIONS,
    "Dropout",
    "Add",
    "Concatenate",
    "DepthToSpace",
    "ZeroPadding2D",
    "Cropping2D",
)

FUNCTIONS = {"relu": "ReLU", "leaky_relu": "LeakyReLU", "softmax": "Softmax"}

# values of arguments with which the tools were measured
USUAL: dict[str, dict[str, Any]] = {
    "BatchNormalization": {"center": True, "scale": True},
    "Concatenate": {"axis": -1},
    "Conv2DTranspose": {"output_padding": None, "dilation_rate": (1, 1), "groups": 1},
    "ReLU": {"max_value": None},
    "Softmax": {"axis": (3,)},
}


def kind(layer: Layer) -> str:
    """Return the kind of a layer: its class, and more if an argument matters to a tool.

    Example:
        >>> from unet_complexity import Activation, UpSampling2D
        >>> kind(UpSampling2D(2)), kind(Activation("leaky_relu"))
        ('UpSampling2D nearest', 'LeakyReLU')
    """
    name = type(layer).__name__
    arguments = vars(layer)
    if name == "Activation":
        function = str(arguments["activation"])
        return FUNCTIONS.get(function, function)
    if name == "UpSampling2D":
        return f"{name} {arguments['interpolation']}"
    if name == "Conv2D" and arguments["groups"] != 1:
        return GROUPED
    words = [name]
    for key, value in USUAL.get(name, {}).items():
        if arguments[key] != value:
            words.append(f"{key}={arguments[key]}")
    return " with ".join(words)


def quantities(step: Step) -> dict[str, Size]:
    """Return the value of each letter at a step; letters that its layer does not have are left out."""
    layer = step.layer
    output = step.output
    x = step.inputs[0]
    found = {
        "params": layer.cost(*step.inputs).params,  # of one step, not of all levels of a span
        "out": output.size,
        "inp": sum(given.size for given in step.inputs),
        "pixels": output.height * output.width,
        "channels": x.channels,
    }
    if isinstance(layer, Convolution):
        found |= _of_convolution(layer, x)
    if isinstance(layer, Conv2DTranspose):
        found["small_bias"] = _small_bias(layer, x)
    if hasattr(layer, "pool_size"):
        rows, columns = layer.pool_size
        found["window"] = rows * columns
    return found


def _of_convolution(layer: Any, x: Tensor) -> dict[str, Size]:
    cost = layer.cost(x)
    written = layer.output(x).size
    rows, columns = layer.kernel_size
    down, across = layer.strides
    per_channel = rows * columns * written
    return {
        "macs": cost.macs,
        "in_bounds": cost.macs_in_bounds,
        "bias": written if layer.use_bias else 0,
        "strides": down * across,
        "on_output": per_channel * x.channels,
        "swapped": per_channel * layer.filters,
        "grouped": per_channel,
    }


def _small_bias(layer: Conv2DTranspose, x: Tensor) -> Size:
    """Bias additions if the window slid over the input with these strides, as in a Conv2D."""
    if not layer.use_bias:
        return 0
    additions: Size = layer.filters
    for axis, (cut, _) in zip(
        axes(x, layer.kernel_size, layer.strides), torch_padding(layer), strict=True
    ):
        n, k, s = axis
        additions *= floor_div(exact(n + 2 * cut - k), s) + 1
    return additions


def torch_padding(layer: Conv2DTranspose) -> list[tuple[Size, Size]]:
    """Return PyTorch's padding and output_padding per axis, for the output that Keras gives.

    Example:
        >>> torch_padding(Conv2DTranspose(8, 4, strides=2)), torch_padding(Conv2DTranspose(8, 2, strides=4))
        ([(1, 0), (1, 0)], [(0, 2), (0, 2)])
    """
    pairs = []
    for k, s in zip(layer.kernel_size, layer.strides, strict=True):
        more = sp.Max(k - s, 0) if layer.padding == "same" else 0
        cut = sp.ceiling(as_expr(more) / 2)
        pairs.append((exact(cut), exact(sp.Max(k, s) - k + 2 * cut - more)))
    return pairs


def pads(layer: Any, x: Tensor) -> bool:
    """Return True if the window of a pooling layer overhangs the border."""
    sides = windows(layer.padding, x, layer.pool_size, layer.strides)
    return any(taps_in_bounds(*side).total != window_count(*side) * side[2] for side in sides)


def usual(step: Step) -> bool:
    """Return True if the inputs have one shape, and the padding is one of Keras's two."""
    padding = getattr(step.layer, "padding", "")
    return len(set(step.inputs)) == 1 and isinstance(padding, str)
