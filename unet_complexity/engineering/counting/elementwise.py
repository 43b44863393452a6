"""Elementwise layers beyond those that the tutorial names, as loops."""

from __future__ import annotations

from typing import Any

from unet_complexity.counting.elementwise import Operation, apply, elu, softmax
from unet_complexity.counting.maps import Map, sides_of
from unet_complexity.counting.merging import spread
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L
from unet_complexity.engineering.counting.groups import along, by_groups


@twin(L.ELU)
def exponential_linear(layer: L.ELU, tally: Tally, x: Map) -> Map:
    """Apply an ELU with the layer's own alpha to each element."""
    return apply(elu, tally, x, layer.alpha)


@twin(L.Softmax)
def soften_along(layer: L.Softmax, tally: Tally, x: Map) -> Map:
    """Divide the exponentials of the elements along the axes by their sum."""
    return by_groups(x, along(layer.axis), lambda values: softmax(tally, values))


@twin(L.Rescaling)
def rescale(layer: L.Rescaling, tally: Tally, x: Map) -> Map:
    """Multiply and add; a scale of 1 and an offset of 0 are skipped."""

    def rescaled(v: float, op: Operation) -> float:
        if layer.scale != 1:
            v = op(v * layer.scale)
        return op(v + layer.offset) if layer.offset != 0 else v

    return apply(rescaled, tally, x)


@twin(L.PReLU)
def rectify_by_weights(layer: L.PReLU, tally: Tally, x: Map) -> Any:
    """Scale each element by its learned slope if it is negative; shared axes have one slope."""
    shared = layer.shared_axes or ()
    own = [1 if axis in shared else side for axis, side in enumerate(sides_of(x), 1)]

    def rectified(value: float, slope: float) -> float:
        scaled = tally.op(slope * value)
        return tally.op(value if value > 0 else scaled)

    return spread(x, tally.weight(*own), rectified)
