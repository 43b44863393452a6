"""Layers one after the other, as a network."""

from unet_complexity import Tensor
from unet_complexity.layers import Layer
from unet_complexity.networks import Network
from unet_complexity.unets.builder import Builder


def in_turn(x: Tensor, *layers: Layer) -> Network:
    """Return the network that runs the layers in turn; the first step is "only.0"."""
    net = Builder(x)
    net.block("only", 0, "encoder")
    for place, layer in enumerate(layers):
        net.add(str(place), layer)
    return net.network("chain", [])
