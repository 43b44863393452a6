"""PyTorch, eager, in inference mode; each module is timed as it returns."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import torch

from benchmarks.engines import Ready
from benchmarks.tools.in_torch import InTorch
from unet_complexity import Network


def has_cuda() -> bool:
    return torch.cuda.is_available()


def prepare(
    network: Network, batch: int, channels_last: bool = False, device: str = "cpu"
) -> Ready:
    torch.manual_seed(0)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    x = network.input
    model = InTorch(network).to(device, memory_format=layout)
    image = torch.randn(batch, x.channels, x.height, x.width).to(device, memory_format=layout)
    done = torch.cuda.synchronize if device == "cuda" else lambda: None

    @torch.inference_mode()
    def whole() -> None:
        model(image)
        done()

    @torch.inference_mode()
    def layers() -> dict[str, float]:
        maps: dict[str, Any] = {"input": image}
        seconds = {}
        for (name, sources), layer in zip(model.steps, model.layers, strict=True):
            start = perf_counter()
            maps[name] = layer(*(maps[source] for source in sources))
            done()
            seconds[name] = perf_counter() - start
        return seconds

    return Ready(whole, layers, "each module by itself, in the order of the network")
