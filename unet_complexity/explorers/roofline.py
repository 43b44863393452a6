"""The explorer of the roofline: what binds each kernel of a U-Net on a machine, and how long all of them take."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

import traitlets

from unet_complexity.engineering.roofline import MACHINES, Kernel, Machine, roofline
from unet_complexity.explorers.base import Choice, Explorer, Whole, rounded, three_digits, together
from unet_complexity.networks import Network
from unet_complexity.unets import classic_unet, pix2pix_unet

GIGA = 10**9
PEAKS = (*(a * 10**i for i in range(5) for a in (1, 2, 3, 5, 7)), 10**5)
WAYS = {"one by one": False, "fused": True}


def _on(machine: Machine) -> dict[str, int]:
    return {"peak": machine.flops_per_second // GIGA, "bandwidth": machine.bytes_per_second // GIGA}


class RooflineExplorer(Explorer):
    """The kernels of a U-Net under the roof of a machine: does arithmetic bind them, or memory?

    Controls: ``network`` ("pix2pix", "classic"), ``layers`` ("one by one", "fused"), ``side`` (128 ... 2048; a multiple
    of 128, of 16 for the classic one), ``peak`` (GFLOP/s) and ``bandwidth`` (GB/s) of the machine; folded away:
    ``base_filters`` (1 ... 128), ``batch`` (1 ... 64), ``dtype`` ("float32", "float16").
    The model is that of :mod:`unet_complexity.engineering.roofline`.

    >>> explorer = RooflineExplorer(side=256, peak=8100, bandwidth=320)
    >>> explorer.numbers["ms"], explorer.numbers["kernels"], explorer.numbers["compute_bound"]
    ('5.12', 53, 9)
    """

    kind = "roofline"
    shown = ("network", "layers", "side", "peak", "bandwidth")
    folded = ("base_filters", "batch", "dtype")
    sentence = (
        "{network} U-Net, {side} x {side}, {base_filters} base filters, batch {batch}, {dtype}, layers {layers}: "
        "{flops} FLOPs and {bytes} bytes. At {peak} GFLOP/s and {bandwidth} GB/s, with the ridge at {ridge} FLOPs per "
        "byte, they take at least {ms} ms. Arithmetic binds {compute_bound} of {kernels} kernels and {share} % of the "
        "time, memory the rest; the longest is {longest}, at least {longest_ms} ms."
    )
    presets: ClassVar = {
        **{name: _on(machine) for name, machine in MACHINES.items() if machine.flops_per_second > 100 * GIGA},
        "the question's generator (pix2pix), 256²": {"network": "pix2pix", "side": 256, "base_filters": 64},
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
    _goes_together = traitlets.validate(*shown, *folded)(together)

    def _check(self, state: dict[str, Any]) -> None:
        _network(state["network"], state["side"], state["base_filters"])

    def _numbers(self) -> dict[str, Any]:
        machine = Machine("yours", self.peak * GIGA, self.bandwidth * GIGA)
        net = _network(self.network, self.side, self.base_filters)
        found = roofline(net, machine, self.dtype, self.batch, WAYS[self.layers])
        computing = [kernel.seconds for kernel in found if kernel.bound == "compute"]
        longest = max(found, key=lambda kernel: kernel.seconds)
        return {
            "flops": sum(kernel.flops for kernel in found),
            "bytes": sum(kernel.bytes for kernel in found),
            "ridge": three_digits(machine.ridge),
            "ms": three_digits(1000 * found.seconds),
            "kernels": len(found.kernels),
            "compute_bound": len(computing),
            "share": rounded(100 * (sum(computing) / found.seconds)),
            "longest": _main(longest),
            "longest_ms": three_digits(1000 * longest.seconds),
        }


@lru_cache(maxsize=64)
def _network(network: str, side: int, base_filters: int) -> Network:
    if network == "classic":
        return classic_unet(side, base_filters=base_filters)
    return pix2pix_unet(side, 3, base_filters=base_filters)


def _main(kernel: Kernel) -> str:
    """The step that a kernel is named after in short: its convolution, where it has one."""
    return next((step.name for step in kernel.steps if step.cost.macs), kernel.steps[0].name)
