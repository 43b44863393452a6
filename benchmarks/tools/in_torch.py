"""The package's networks as PyTorch modules, each layer the ``torch.nn`` module that a user would take.

What padding PyTorch's convolutions cannot do by themselves is a ``ZeroPad2d`` in front of them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from unet_complexity import Conv2D, Conv2DTranspose, Network, Tensor
from unet_complexity.layers import Layer

ACTIVATIONS = {
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softmax": lambda: nn.Softmax(dim=1),
}


class Merge(nn.Module):
    """torch.cat along the channels, or a sum."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, *maps: Any) -> Any:
        if self.kind == "Concatenate":
            return torch.cat(maps, 1)
        total = maps[0]
        for other in maps[1:]:
            total = total + other
        return total


class Crop(nn.Module):
    """Rows and columns cut away by slicing."""

    def __init__(self, border: Any) -> None:
        super().__init__()
        self.border = border

    def forward(self, x: Any) -> Any:
        (top, bottom), (left, right) = self.border
        return x[:, :, top : x.shape[2] - bottom, left : x.shape[3] - right]


class InTorch(nn.Module):
    """The steps of a network, run in their order."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.steps = [(step.name, step.sources) for step in network]
        self.layers = nn.ModuleList(module(step.layer, *step.inputs) for step in network)
        self.eval()

    def forward(self, image: Any) -> Any:
        maps = {"input": image}
        for (name, sources), layer in zip(self.steps, self.layers, strict=True):
            maps[name] = layer(*(maps[source] for source in sources))
        return maps[name]


def image(network: Network) -> Any:
    """A batch of one, channels first, as PyTorch wants it."""
    return torch.zeros(1, network.input.channels, network.input.height, network.input.width)


def module(layer: Layer, *inputs: Tensor) -> nn.Module:
    """The ``torch.nn`` module for one layer.  ValueError for a layer or a padding that PyTorch has no module for."""
    x, kind = inputs[0], type(layer).__name__
    simple = {
        "ReLU": lambda: nn.ReLU(),
        "LeakyReLU": lambda: nn.LeakyReLU(layer.negative_slope),
        "Softmax": lambda: nn.Softmax(dim=1),
        "Activation": lambda: ACTIVATIONS[layer.activation](),
        "BatchNormalization": lambda: nn.BatchNorm2d(x.channels),
        "Dropout": lambda: nn.Dropout(layer.rate),
        "Concatenate": lambda: Merge(kind),
        "Add": lambda: Merge(kind),
        "UpSampling2D": lambda: nn.Upsample(
            scale_factor=scale(layer.size), mode=layer.interpolation
        ),
        "DepthToSpace": lambda: nn.PixelShuffle(layer.block_size),
        "MaxPooling2D": lambda: nn.MaxPool2d(
            layer.pool_size, layer.strides, pool_padding(layer, x)
        ),
        "AveragePooling2D": lambda: nn.AvgPool2d(
            layer.pool_size, layer.strides, pool_padding(layer, x)
        ),
        "ZeroPadding2D": lambda: nn.ZeroPad2d((*layer.padding[1], *layer.padding[0])),
        "Cropping2D": lambda: Crop(layer.cropping),
        "Conv2D": lambda: convolution(layer, x),
        "Conv2DTranspose": lambda: transposed(layer, x),
    }
    if kind not in simple:
        raise ValueError(
            f"PyTorch has no module for {layer}; there are modules for {', '.join(simple)}"
        )
    return simple[kind]()


def scale(size: Any) -> Any:
    """One number where both are the same: some tools take no pair."""
    return size[0] if size[0] == size[1] else size


def pool_padding(layer: Any, x: Tensor) -> int:
    if any(sum(window.pads) for window in layer.windows(x)):
        raise ValueError(
            f"PyTorch pads a pool the same on both sides, got {layer} on {x}; take padding='valid'"
        )
    return 0


def convolution(layer: Conv2D, x: Tensor) -> nn.Module:
    """nn.Conv2d; behind a ZeroPad2d where Keras's 'same' pads more at one side."""
    rows, columns = (window.pads for window in layer.windows(x))
    even = rows[0] == rows[1] and columns[0] == columns[1]
    conv = nn.Conv2d(
        x.channels,
        layer.filters,
        layer.kernel_size,
        layer.strides,
        (rows[0], columns[0]) if even else 0,
        layer.dilation_rate,
        layer.groups,
        layer.use_bias,
    )
    return conv if even else nn.Sequential(nn.ZeroPad2d((*columns, *rows)), conv)


def transposed(layer: Conv2DTranspose, x: Tensor) -> nn.Module:
    """nn.ConvTranspose2d, with the padding that gives the output Keras's side."""
    out = layer.output(x)
    spare = [
        (n - 1) * s + k - m
        for n, k, s, m in zip(x.sides, layer.kernel_size, layer.strides, out.sides, strict=True)
    ]
    padding = [max(-(-more // 2), 0) for more in spare]
    extra = [2 * pad - more for pad, more in zip(padding, spare, strict=True)]
    if any(more >= stride for more, stride in zip(extra, layer.strides, strict=True)):
        raise ValueError(
            f"PyTorch cannot give {layer} on {x} the side {out}; take a kernel - stride that is even"
        )
    return nn.ConvTranspose2d(
        x.channels,
        layer.filters,
        layer.kernel_size,
        layer.strides,
        padding,
        extra,
        bias=layer.use_bias,
    )
