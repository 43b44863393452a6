"""What a tool's rule may speak of: kinds of layers, and the numbers that one layer offers to be counted.

A rule is a formula in these letters, such as ``2*macs + bias`` for a convolution; ``quantities(step)`` says what
number each letter stands for at one step of a network.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from unet_complexity.cost import Tensor
from unet_complexity.layers import Conv2DTranspose, Convolution, Layer
from unet_complexity.layers.windows import axes, taps_in_bounds, window_count, windows
from unet_complexity.networks import Step
from unet_complexity.symbols import Size, as_expr, exact, floor_div

# the letters of a rule, and what each counts at one layer
MEANING: dict[str, str] = {
    "macs": "multiply-accumulates, dense",
    "in_bounds": "multiply-accumulates that touch real data",
    "bias": "bias additions: elements written, where the layer has a bias",
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
    "small_bias": "bias additions of the convolution that is not transposed",
}
LETTERS = {name: sp.Symbol(name, positive=True) for name in MEANING}

# what tools treat differently, by Keras's names
BILINEAR, BN, GROUPED, NEAREST = (
    "UpSampling2D bilinear",
    "BatchNormalization",
    "Conv2D with groups",
    "UpSampling2D nearest",
)
ACTIVATIONS = ("ReLU", "LeakyReLU", "tanh", "sigmoid", "Softmax", "linear")
KINDS: tuple[str, ...] = (
    *("Conv2D", GROUPED, "Conv2DTranspose", NEAREST, BILINEAR, "MaxPooling2D", "AveragePooling2D", BN),
    *ACTIVATIONS,
    *("Dropout", "Add", "Concatenate", "DepthToSpace", "ZeroPadding2D", "Cropping2D"),
)


# arguments with which no tool was measured otherwise
USUAL: dict[str, dict[str, Any]] = {
    "BatchNormalization": {"center": True, "scale": True},
    "Concatenate": {"axis": -1},
    "Conv2DTranspose": {"output_padding": None, "dilation_rate": (1, 1), "groups": 1},
    "ReLU": {"max_value": None},
    "Softmax": {"axis": (3,)},
}


def kind(layer: Layer) -> str:
    """What tools tell apart: the layer's class, or more where an argument matters.

    >>> from unet_complexity import Activation, UpSampling2D
    >>> kind(UpSampling2D(2)), kind(Activation("leaky_relu"))
    ('UpSampling2D nearest', 'LeakyReLU')
    """
    name, own = type(layer).__name__, vars(layer)
    if name == "Activation":
        names = {"relu": "ReLU", "leaky_relu": "LeakyReLU", "softmax": "Softmax"}
        return names.get(own["activation"], str(own["activation"]))
    if name == "UpSampling2D":
        return f"{name} {own['interpolation']}"
    if name == "Conv2D" and own["groups"] != 1:
        return GROUPED
    unusual = [f"{key}={own[key]}" for key, value in USUAL.get(name, {}).items() if own[key] != value]
    return " with ".join([name, *unusual])


def quantities(step: Step) -> dict[str, Size]:
    """What each letter stands for at this step; those that its layer does not have are left out."""
    x, made, layer = step.inputs[0], step.output, step.layer
    found = {
        "params": layer.cost(*step.inputs).params,
        "out": made.size,
        "inp": sum(given.size for given in step.inputs),
        "pixels": made.height * made.width,
        "channels": x.channels,
    }
    if isinstance(layer, Convolution):
        found |= _of_convolution(layer, x)
    if isinstance(layer, Conv2DTranspose):
        found["small_bias"] = _small_bias(layer, x)
    if hasattr(layer, "pool_size"):
        found["window"] = layer.pool_size[0] * layer.pool_size[1]
    return found


def _of_convolution(layer: Any, x: Tensor) -> dict[str, Size]:
    cost, made = layer.cost(x), layer.output(x).size
    per_channel = layer.kernel_size[0] * layer.kernel_size[1] * made
    return {
        "macs": cost.macs,
        "in_bounds": cost.macs_in_bounds,
        "bias": made if layer.use_bias else 0,
        "strides": layer.strides[0] * layer.strides[1],
        "on_output": per_channel * x.channels,
        "swapped": per_channel * layer.filters,
        "grouped": per_channel,
    }


def _small_bias(layer: Conv2DTranspose, x: Tensor) -> Size:
    """Bias additions if the window slid over the input with these strides, as that of a Conv2D does."""
    if not layer.use_bias:
        return 0
    sides = zip(axes(x, layer.kernel_size, layer.strides), torch_padding(layer), strict=True)
    rows, columns = (floor_div(exact(n + 2 * cut - k), s) + 1 for (n, k, s), (cut, _) in sides)
    return rows * columns * layer.filters


def torch_padding(layer: Conv2DTranspose) -> list[tuple[Size, Size]]:
    """Per axis: what PyTorch calls padding (cut off at both ends) and output padding, for Keras's output.

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
    """Whether the window of a pooling layer hangs over the border."""
    sides = windows(layer.padding, x, layer.pool_size, layer.strides)
    return any(taps_in_bounds(*side) != window_count(*side) * side[2] for side in sides)


def usual(step: Step) -> bool:
    """Whether the inputs are of one shape, and the padding one of Keras's two."""
    return len(set(step.inputs)) == 1 and isinstance(getattr(step.layer, "padding", ""), str)
