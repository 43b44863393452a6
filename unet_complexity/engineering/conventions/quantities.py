"""Vocabulary of the rules: kinds of layers, and the quantities of one layer that a tool may count.

A rule is a formula in these letters, such as ``2*macs + bias`` for a convolution.  ``quantities(step)`` gives the
value of each letter at one step of a network.
"""

from __future__ import annotations

from math import prod
from typing import Any

import sympy as sp

from unet_complexity.layers import Conv2DTranspose, Convolution, Layer, UpSampling2D
from unet_complexity.layers.transposed import Landing
from unet_complexity.networks import Step
from unet_complexity.symbols import Size, as_expr, exact, floor_div

# letter of a rule: quantity of one layer
MEANING = {
    "macs": "multiply-accumulates, dense",
    "in_bounds": "multiply-accumulates that touch real data",
    "bias": "bias additions: elements written, if the layer has a bias",
    "out": "elements written",
    "inp": "elements read, without weights",
    "pixels": "height x width of the output, without its channels",
    "channels": "channels of the input",
    "filters": "filters of a convolution",
    "window": "elements under a window: k_h x k_w",
    "strides": "stride down x stride across",
    "params": "weights and biases",
    "small_bias": "bias additions of a Conv2D with the same window and strides",
}
LETTERS = {name: sp.Symbol(name, positive=True) for name in MEANING}

# kinds that tools count differently, by Keras's names, and the part of a total that each belongs to
GROUPED = "Conv2D with groups"
PARTS: dict[str, tuple[str, ...]] = {
    "convolutions": ("Conv2D", GROUPED, "Conv2DTranspose"),
    "bias": (),
    "upsampling": ("UpSampling2D nearest", "UpSampling2D bilinear"),
    "normalization": ("BatchNormalization",),
    "activations": ("ReLU", "LeakyReLU", "tanh", "sigmoid", "Softmax", "linear"),
    "other": (
        "MaxPooling2D",
        "AveragePooling2D",
        "Dropout",
        "Add",
        "Concatenate",
        "DepthToSpace",
        "ZeroPadding2D",
        "Cropping2D",
    ),
}
PART = {kind: part for part, kinds in PARTS.items() for kind in kinds}
KINDS = tuple(PART)

FUNCTIONS = {"relu": "ReLU", "leaky_relu": "LeakyReLU", "softmax": "Softmax"}

# values of arguments with which the tools were measured
USUAL: dict[str, dict[str, Any]] = {
    "BatchNormalization": {"center": True, "scale": True},
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
    match name, arguments:
        case "Activation", {"activation": str(function)}:
            return FUNCTIONS.get(function, function)
        case "UpSampling2D", {"interpolation": interpolation}:
            return f"{name} {interpolation}"
        case "Conv2D", {"groups": groups} if groups != 1:
            return GROUPED
    usual = USUAL.get(name, {})
    unusual = [f"{key}={arguments[key]}" for key in usual if arguments[key] != usual[key]]
    return " with ".join([name, *unusual])


def quantities(step: Step) -> dict[str, Size]:
    """Return the value of each letter at a step; letters that its layer does not have are left out."""
    layer: Any = step.layer
    output = step.output
    x = step.inputs[0]
    cost = layer.cost(*step.inputs) if step.span else step.cost  # of one level, not of all
    found = {
        "params": cost.params,
        "out": output.size,
        "inp": sum(given.size for given in step.inputs),
        "pixels": prod(output.sides),
        "channels": x.channels,
    }
    if isinstance(step.layer, Convolution):
        found |= {
            "macs": cost.macs,
            "in_bounds": cost.macs_in_bounds,
            "bias": output.size if layer.use_bias else 0,
            "strides": prod(layer.strides),
            "filters": layer.filters,
            "window": prod(layer.kernel_size),
        }
    if isinstance(layer, Conv2DTranspose):
        # as if the window slid over the input with these strides
        found["small_bias"] = layer.filters if layer.use_bias else 0
        axes = zip(x.sides, layer.kernel_size, layer.strides, torch_padding(layer), strict=True)
        for n, k, s, (cut, _) in axes:
            found["small_bias"] *= floor_div(exact(n + 2 * cut - k), s) + 1
    if hasattr(layer, "pool_size"):
        found["window"] = prod(layer.pool_size)
    return found


def torch_padding(layer: Conv2DTranspose) -> list[tuple[Size, Size]]:
    """Return PyTorch's padding and output_padding per axis, for the output that Keras gives.

    Example:
        >>> torch_padding(Conv2DTranspose(8, 4, strides=2)), torch_padding(Conv2DTranspose(8, 2, strides=4))
        ([(1, 0), (1, 0)], [(0, 2), (0, 2)])
    """
    pairs = []
    for k, s in zip(layer.kernel_size, layer.strides, strict=True):
        surplus = as_expr(
            k - Landing(1, k, s, layer.padding).side
        )  # if negative, the output is larger than the window
        cut = exact(sp.Max(sp.ceiling(surplus / 2), 0))
        pairs.append((cut, exact(2 * cut - surplus)))
    return pairs


def gap(tool: str, step: Step) -> str:
    """Return the reason why a tool's count of a step is not known, although its kind was measured; "" if it is."""
    layer: Any = step.layer
    match layer:
        case Conv2DTranspose():
            if not isinstance(layer.padding, str):
                return "a border that is cut off was not measured"
            if tool == "moduleprofiler" and any(add for _, add in torch_padding(layer)):
                return (
                    "the tool leaves out what PyTorch calls output padding; "
                    "take a kernel whose side is stride + 0, 2, 4 ..."
                )
        case UpSampling2D(size=(rows, columns)) if tool == "calflops" and rows != columns:
            return (
                "the tool stops with a TypeError if the two factors differ; take the same for both"
            )
        case UpSampling2D(interpolation="bilinear") if tool == "jax Lowered.cost_analysis":
            return "JAX makes it of matrix products, in an order that it chooses for each map"
    if kind(layer) == "Add" and len(set(step.inputs)) > 1:
        return "inputs that differ were not measured"
    if hasattr(layer, "pool_size"):
        (x,) = step.inputs
        if layer.dense_taps(x) != layer.taps_in_bounds(x):
            return "a pool that overhangs the border was not measured; take padding='valid'"
    return ""
