"""Bytes at the peak: the model beside what PyTorch allocates on the CPU, for three networks."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pytest

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
from unet_complexity.engineering.fits import footprint
from unet_complexity.layers import Cropping2D, Dropout


class Running:
    """A network in PyTorch: each map is freed after its last reader."""

    def __init__(self, torch: ModuleType, net: Network) -> None:
        self.torch, self.net = torch, net
        self.weights: dict[str, list[Any]] = {}
        for step in net:
            x, layer = step.inputs[0], step.layer
            shapes: list[tuple[int, ...]] = []
            if isinstance(layer, Conv2D):
                shapes = [(layer.filters, x.channels, *layer.kernel_size)]
            elif isinstance(layer, Conv2DTranspose):
                shapes = [(x.channels, layer.filters, *layer.kernel_size)]
            elif isinstance(layer, BatchNormalization):
                shapes = [(x.channels,), (x.channels,)]
            if getattr(layer, "use_bias", False) and shapes:
                shapes.append((layer.filters,))
            self.weights[step.name] = [torch.zeros(shape, requires_grad=True) for shape in shapes]
        self.parameters = [each for weights in self.weights.values() for each in weights]

    def convolve(self, step: Any, x: Any) -> Any:
        """PyTorch pads the same on both sides; other borders are a padded copy."""
        layer, weights = step.layer, self.weights[step.name]
        rows, columns = (window.pads for window in layer.windows(step.inputs[0]))
        border: Any = (rows[0], columns[0])
        if rows[0] != rows[1] or columns[0] != columns[1]:
            x, border = self.torch.nn.functional.pad(x, (*columns, *rows)), 0
        bias = weights[1] if layer.use_bias else None
        return self.torch.nn.functional.conv2d(x, weights[0], bias, layer.strides, border)

    def step(self, step: Any, *maps: Any) -> Any:
        fun, layer, weights = self.torch.nn.functional, step.layer, self.weights[step.name]
        if isinstance(layer, Conv2D):
            return self.convolve(step, *maps)
        if isinstance(layer, Concatenate):
            return self.torch.cat(maps, 1)
        if isinstance(layer, Cropping2D):
            (top, bottom), (left, right) = layer.cropping
            return fun.pad(maps[0], (-left, -right, -top, -bottom))
        run = {
            Conv2DTranspose: lambda x: fun.conv_transpose2d(x, *weights, layer.strides),
            BatchNormalization: lambda x: fun.batch_norm(x, None, None, *weights, training=True),
            UpSampling2D: lambda x: fun.interpolate(x, scale_factor=layer.size, mode="nearest"),
            MaxPooling2D: lambda x: fun.max_pool2d(x, layer.pool_size),
            ReLU: fun.relu,
            LeakyReLU: lambda x: fun.leaky_relu(x, 0.2),
            Dropout: fun.dropout,
            Activation: self.torch.tanh,
        }
        return run[type(layer)](*maps)

    def run(self, x: Any) -> Any:
        last = {source: step.name for step in self.net for source in step.sources}
        maps = {"input": x}
        for step in self.net:
            y = self.step(step, *(maps[source] for source in step.sources))
            maps |= {step.name: y}
            for name in [name for name in maps if last.get(name) == step.name]:
                del maps[name]
        return y


def highest(changes: Iterable[int]) -> int:
    now = most = 0
    for change in changes:
        now += change
        most = max(most, now)
    return most


def allocated(torch: ModuleType, net: Network, training: bool) -> int:
    """Bytes that PyTorch's allocator holds at most, with the params and their gradients."""
    running = Running(torch, net)
    image: Tensor = net.input
    x = torch.zeros(1, image.channels, image.height, image.width)
    held = sum(each.nbytes for each in running.parameters) + x.nbytes
    if training:
        for each in running.parameters:
            each.grad = torch.zeros_like(each)
            held += each.nbytes
    activity = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activity, profile_memory=True) as profile:
        with torch.set_grad_enabled(training):
            y = running.run(x)
        if training:
            y.backward(torch.zeros_like(y))
    events = sorted(profile.profiler.kineto_results.events(), key=lambda event: event.start_ns())
    return held + highest(event.nbytes() for event in events if event.name() == "[memory]")


NETWORKS = {
    "classic": classic_unet(128, base_filters=16),
    "classic, upsampled": classic_unet(128, base_filters=16, up="upsample"),
    "pix2pix": pix2pix_unet(128, 3, base_filters=16, depth=5),
}


# measured with PyTorch 2.13 on a CPU: its workspaces and padded copies are the difference
@pytest.mark.parametrize(
    ("name", "training", "model", "measured"),
    [
        ("classic", False, 11_957_640, 1.10),
        ("classic", True, 30_239_504, 1.11),
        ("classic, upsampled", False, 11_957_640, 1.37),
        ("classic, upsampled", True, 34_171_664, 1.10),
        ("pix2pix", False, 6_804_108, 1.76),
        ("pix2pix", True, 16_233_112, 1.29),
    ],
)
def test_the_bytes_are_below_what_pytorch_allocates_by_its_workspaces(
    torch: ModuleType, name: str, training: bool, model: int, measured: float
) -> None:
    net = NETWORKS[name]
    assert footprint(net, training, optimizer="sgd").peak == model
    assert model <= allocated(torch, net, training) <= measured * model
