"""Elementwise layers beyond those that the tutorial names, as loops."""

from __future__ import annotations

from unet_complexity.counting.elementwise import apply, elu
from unet_complexity.counting.maps import Map, build, sides_of
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L


@twin(L.ELU)
def exponential_linear(layer: L.ELU, tally: Tally, inputs: list[Map]) -> Map:
    """Apply an ELU with the layer's own alpha to each element."""
    return apply(lambda v: elu(v, tally.op, layer.alpha), tally, inputs[0])


@twin(L.Rescaling)
def rescale(layer: L.Rescaling, tally: Tally, inputs: list[Map]) -> Map:
    """Multiply and add; a scale of 1 and an offset of 0 are skipped."""

    def rescaled(v: float) -> float:
        v = tally.op(v * layer.scale) if layer.scale != 1 else v
        return tally.op(v + layer.offset) if layer.offset != 0 else v

    return apply(rescaled, tally, inputs[0])


@twin(L.PReLU)
def rectify_by_weights(layer: L.PReLU, tally: Tally, inputs: list[Map]) -> Map:
    """Scale each element by its learned slope if it is negative; shared axes have one slope."""
    x = tally.load(inputs[0])
    shared = layer.shared_axes or ()
    slopes = tally.weight(
        *[1 if axis in shared else side for axis, side in enumerate(sides_of(x), 1)]
    )

    def element(*at: int) -> float:
        i, j, c = at
        a, b, d = (0 if axis in shared else index for axis, index in enumerate(at, 1))
        scaled = tally.op(slopes[a][b][d] * x[i][j][c])
        return tally.write(tally.op(x[i][j][c] if x[i][j][c] > 0 else scaled))

    return build(element, *map(range, sides_of(x)))
