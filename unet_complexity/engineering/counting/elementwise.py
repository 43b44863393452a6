"""Elementwise layers beyond those that the tutorial names, as loops."""

from __future__ import annotations

from unet_complexity.counting.elementwise import Function, apply, elu
from unet_complexity.counting.maps import Map, build, sides_of
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L


@twin(L.ELU)
def exponential_linear(layer: L.ELU, tally: Tally, x: Map) -> Map:
    """Apply an ELU with the layer's own alpha to each element."""
    return apply(elu, tally, x, layer.alpha)


@twin(L.Rescaling)
def rescale(layer: L.Rescaling, tally: Tally, x: Map) -> Map:
    """Multiply and add; a scale of 1 and an offset of 0 are skipped."""

    def rescaled(v: float, op: Function) -> float:
        if layer.scale != 1:
            v = op(v * layer.scale)
        return op(v + layer.offset) if layer.offset != 0 else v

    return apply(rescaled, tally, x)


@twin(L.PReLU)
def rectify_by_weights(layer: L.PReLU, tally: Tally, x: Map) -> Map:
    """Scale each element by its learned slope if it is negative; shared axes have one slope."""
    shared = layer.shared_axes or ()
    slopes = tally.weight(
        *[1 if axis in shared else side for axis, side in enumerate(sides_of(x), 1)]
    )

    def element(*at: int) -> float:
        i, j, c = at
        a, b, d = (0 if axis in shared else index for axis, index in enumerate(at, 1))
        scaled = tally.op(slopes[a][b][d] * x[i][j][c])
        return tally.write(tally.op(x[i][j][c] if x[i][j][c] > 0 else scaled))

    return build(element, *sides_of(x))
