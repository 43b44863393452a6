"""Explorer of the roofline: the bound of each kernel of a U-Net on a machine, and their time."""

from __future__ import annotations

from typing import ClassVar

from unet_complexity.closed_form import tidy
from unet_complexity.engineering.roofline import MACHINES, Machine, roofline
from unet_complexity.explorers.base import (
    Choice,
    Explorer,
    State,
    Whole,
    rounded,
    three_digits,
)
from unet_complexity.explorers.javascript import Formulas, Parts
from unet_complexity.explorers.unets import build
from unet_complexity.networks import Network
from unet_complexity.symbols import N, Size, b, g

GIGA = 10**9
PEAKS = [*(a * 10**i for i in range(5) for a in (1, 2, 3, 5, 7)), 10**5]
UNIT = Machine("any", 1, 1)  # its seconds are the counts
CHANNELS = {"pix2pix": (3, 3), "classic": (1, 2)}  # in and out
WAYS = {"one by one": False, "fused": True}


class RooflineExplorer(Explorer):
    """The kernels of a U-Net under the roof of a machine: is each compute-bound or memory-bound?

    The model is that of :mod:`unet_complexity.engineering.roofline`.

    Args:
        network: "pix2pix" or "classic".
        layers: "one by one" or "fused".
        side: Side of the image, 128 ... 2048; a multiple of 128, of 16 for the classic U-Net.
        peak: Peak of the machine's arithmetic, in GFLOP/s.
        bandwidth: Bandwidth of its memory, in GB/s.
        base_filters: Filters of the first level, 1 ... 128. This and the following are folded away.
        batch: Images in one forward pass, 1 ... 64.
        dtype: "float32" or "float16".

    Raises:
        TypeError: The explorer lacks a control of that name.
        ValueError: A value is out of its range, or the values do not agree.

    Example:
        >>> explorer = RooflineExplorer(side=256, peak=8100, bandwidth=320)
        >>> explorer.numbers["ms"], explorer.numbers["kernels"], explorer.numbers["compute_bound"]
        ('5.12', 53, 9)
    """

    kind = "roofline"
    open_controls = 5
    sentence = (
        "{network} U-Net, {side} x {side}, {base_filters} base filters, batch {batch}, {dtype}, "
        "layers {layers}: {flops} FLOPs and {bytes} bytes. "
        "At {peak} GFLOP/s and {bandwidth} GB/s, with the ridge at {ridge} FLOPs per byte, "
        "they take at least {ms} ms. "
        "Arithmetic binds {compute_bound} of {kernels} kernels and {share} % of the time, "
        "memory the rest; the longest is {longest}, at least {longest_ms} ms."
    )
    presets: ClassVar = {
        **{
            name: {
                "peak": MACHINES[name].flops_per_second // GIGA,
                "bandwidth": MACHINES[name].bytes_per_second // GIGA,
            }
            for name in ("NVIDIA T4", "NVIDIA H100 SXM")
        },
        "the question's generator (pix2pix), 256²": {
            "network": "pix2pix",
            "side": 256,
            "base_filters": 64,
        },
        "Ronneberger 2015 shape, 256²": {"network": "classic", "side": 256, "base_filters": 64},
    }

    network = Choice(("pix2pix", "classic"), "network")
    layers = Choice(tuple(WAYS), "layers run")
    side = Whole(256, 128, 2048, "side N", (128, 256, 384, 512, 640, 768, 1024, 1280, 1536, 2048))
    peak = Whole(100, 1, 10**5, "peak, GFLOP/s", PEAKS)
    bandwidth = Whole(20, 1, 10**4, "memory, GB/s", PEAKS[:21])
    base_filters = Whole(64, 1, 128, "width g (base filters)", (1, 2, 4, 8, 16, 32, 64, 96, 128))
    batch = Whole(1, 1, 64, "batch (images)", (1, 2, 4, 8, 16, 32, 64))
    dtype = Choice(("float32", "float16"), "numbers")

    @staticmethod
    def _parts() -> Parts:
        return {name: _ways(_network(name, N, g)) for name in CHANNELS}, {}

    def _check(self, state: State) -> None:
        _network(state["network"], state["side"], state["base_filters"])

    def _numbers(self) -> State:
        machine = Machine("yours", self.peak * GIGA, self.bandwidth * GIGA)
        net = _network(self.network, self.side, self.base_filters)
        found = roofline(net, machine, self.dtype, self.batch, WAYS[self.layers])
        computing = [kernel.seconds for kernel in found if kernel.bound == "compute"]
        longest = max(found, key=lambda kernel: kernel.seconds)
        # its convolution if it has one, else its first step
        step = max(longest.steps, key=lambda step: bool(step.cost.macs))
        return {
            "flops": sum(kernel.flops for kernel in found),
            "bytes": sum(kernel.bytes for kernel in found),
            "ridge": three_digits(machine.ridge),
            "ms": three_digits(1000 * found.seconds),
            "kernels": len(found.kernels),
            "compute_bound": len(computing),
            "share": rounded(100 * (sum(computing) / found.seconds)),
            "longest": step.name,
            "longest_ms": three_digits(1000 * longest.seconds),
        }


def _network(network: str, side: Size, base_filters: Size) -> Network:
    return build(network, *CHANNELS[network], side=side, base_filters=base_filters)


def _ways(net: Network) -> Formulas:
    """Return FLOPs of a batch and elements moved, by kernel, for each way to run a network."""
    return {
        way: [
            {"name": kernel.name, "flops": tidy(kernel.flops), "moved": tidy(kernel.bytes)}
            for kernel in roofline(net, UNIT, 1, b, fused)
        ]
        for way, fused in WAYS.items()
    }
