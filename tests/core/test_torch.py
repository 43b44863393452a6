"""Dense MACs = PyTorch's FlopCounterMode.  Tensors live on the "meta" device: shapes only, nothing is computed."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings

from tests.core.cases import CASES
from unet_complexity import (
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    MaxPooling2D,
    Network,
    Tensor,
    UpSampling2D,
    classic_unet,
    pix2pix_unet,
)
from unet_complexity.layers import Layer


def empty(torch: ModuleType, *shape: int) -> Any:
    return torch.empty(shape, device="meta")


def flops(run: Callable[[], Any]) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def convolve(torch: ModuleType, layer: Conv2D, x: Any) -> Any:
    """PyTorch pads the same on both sides, so Keras's 'same' and other borders are padded beforehand."""
    rows, columns = (window.pads for window in layer.windows(Tensor(*x.shape[2:], x.shape[1])))
    padded = torch.nn.functional.pad(x, (*columns, *rows))
    weight = empty(torch, layer.filters, x.shape[1] // layer.groups, *layer.kernel_size)
    bias = empty(torch, layer.filters) if layer.use_bias else None
    return torch.nn.functional.conv2d(
        padded, weight, bias, layer.strides, dilation=layer.dilation_rate, groups=layer.groups
    )


def convolve_transposed(torch: ModuleType, layer: Conv2DTranspose, x: Any) -> Any:
    """Without padding; what Keras's 'same' cuts off is cut off afterwards, and costs PyTorch no less."""
    weight = empty(torch, x.shape[1], layer.filters // layer.groups, *layer.kernel_size)
    bias = empty(torch, layer.filters) if layer.use_bias else None
    more = {"groups": layer.groups, "dilation": layer.dilation_rate}
    y = torch.nn.functional.conv_transpose2d(x, weight, bias, layer.strides, **more)
    out = layer.output(Tensor(x.shape[2], x.shape[3], x.shape[1]))
    missing = (0, max(out.width - y.shape[3], 0), 0, max(out.height - y.shape[2], 0))
    return torch.nn.functional.pad(y, missing)[:, :, : out.height, : out.width]


def run_layer(torch: ModuleType, layer: Layer, *inputs: Any) -> Any:
    functional = torch.nn.functional
    if isinstance(layer, Conv2D):
        return convolve(torch, layer, *inputs)
    if isinstance(layer, Conv2DTranspose):
        return convolve_transposed(torch, layer, *inputs)
    if isinstance(layer, UpSampling2D):
        return functional.interpolate(*inputs, scale_factor=layer.size, mode="nearest")
    if isinstance(layer, MaxPooling2D):
        return functional.max_pool2d(*inputs, layer.pool_size)
    if isinstance(layer, Concatenate):
        return torch.cat(inputs, 1)
    assert layer.output(Tensor(1, 1, 1)) == Tensor(1, 1, 1), f"{layer} is not elementwise"
    return torch.tanh(*inputs)  # PyTorch counts nothing for any of them


def run_network(torch: ModuleType, net: Network) -> Any:
    maps = {"input": empty(torch, 1, net.input.channels, net.input.height, net.input.width)}
    for step in net:
        maps[step.name] = run_layer(torch, step.layer, *(maps[source] for source in step.sources))
        _, channels, height, width = maps[step.name].shape
        assert Tensor(height, width, channels) == step.output, step.name
    return maps[step.name]


@pytest.mark.parametrize("kind", [Conv2D, Conv2DTranspose], ids=lambda kind: kind.__name__)
def test_dense_macs_of_a_layer(torch: ModuleType, kind: type[Layer]) -> None:
    @settings(max_examples=150)
    @given(CASES[kind])
    def check(case: Any) -> None:
        (shape,) = case.inputs
        x, out = (
            empty(torch, 1, shape.channels, shape.height, shape.width),
            case.layer.output(shape),
        )
        assert flops(lambda: run_layer(torch, case.layer, x)) == 2 * case.layer.cost(shape).macs
        assert run_layer(torch, case.layer, x).shape == (1, out.channels, out.height, out.width)

    check()


NETWORKS = {
    "asked": (pix2pix_unet(side=256, in_channels=3), 36_104_568_832),
    "classic": (classic_unet(side=256), 2 * 48_096_083_968),
    "classic, upsampled": (classic_unet(side=256, up="upsample"), None),
    "rectangle, capped at once": (
        pix2pix_unet((64, 96), 1, 2, base_filters=8, kernel_size=3, depth=5, doublings=0),
        None,
    ),
    "never capped": (
        pix2pix_unet(256, 3, base_filters=4, kernel_size=5, depth=6, doublings=None),
        None,
    ),
}


@pytest.mark.parametrize(("net", "known"), NETWORKS.values(), ids=NETWORKS)
def test_dense_macs_of_a_whole_network(torch: ModuleType, net: Network, known: int | None) -> None:
    counted = flops(lambda: run_network(torch, net))
    assert counted == 2 * net.total().macs
    assert known in (None, counted)


def test_the_counter_counts_the_dense_macs_and_not_those_in_bounds(torch: ModuleType) -> None:
    layer, shape = Conv2D(1, 3), Tensor(4, 4, 1)
    counted = flops(lambda: run_layer(torch, layer, empty(torch, 1, 1, 4, 4)))
    assert counted == 2 * layer.cost(shape).macs != 2 * layer.cost(shape).macs_in_bounds
