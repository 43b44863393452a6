"""Elementwise layers beyond those that the tutorial names, as loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unet_complexity.counting.elementwise import elu
from unet_complexity.counting.maps import Map, each, sides_of
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L


@twin(L.ELU, L.Rescaling)
def adjust(layer: Any, tally: Tally, inputs: list[Map]) -> Map:
    """The function of each element, with the layer's own numbers."""

    def scaled(v: float) -> float:
        v = tally.op(v * layer.scale) if layer.scale != 1 else v
        return tally.op(v + layer.offset) if layer.offset != 0 else v

    functions: dict[type[Any], Callable[[float], float]] = {
        L.Rescaling: scaled,
        L.ELU: lambda v: elu(v, tally.op, layer.alpha),
    }
    return each(tally.load(inputs[0]), lambda v, _: tally.write(functions[type(layer)](v)))


@twin(L.PReLU)
def adjust_by_weights(layer: L.PReLU, tally: Tally, inputs: list[Map]) -> Map:
    """A slope for each element, or for all along the shared axes."""
    x = tally.load(inputs[0])
    shared = layer.shared_axes or ()
    slopes = tally.weight(*[1 if axis in shared else side for axis, side in enumerate(sides_of(x), 1)])

    def element(*at: int) -> float:
        i, j, c = at
        a, b, d = (0 if axis in shared else place for axis, place in enumerate(at, 1))
        scaled = tally.op(slopes[a][b][d] * x[i][j][c])
        return tally.write(tally.op(x[i][j][c] if x[i][j][c] > 0 else scaled))

    height, width, channels = sides_of(x)
    return [[[element(i, j, c) for c in range(channels)] for j in range(width)] for i in range(height)]
