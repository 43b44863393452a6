"""Reductions along whole axes, as loops."""

from __future__ import annotations

from unet_complexity.counting.maps import Map, build, indices, sides_of
from unet_complexity.counting.resampling import summed_up
from unet_complexity.counting.tally import Tally, twin
from unet_complexity.engineering import layers as L


@twin(L.Reduce, L.GlobalAveragePooling2D, L.GlobalMaxPooling2D)
def reduce(layer: L.Reduce, tally: Tally, inputs: list[Map]) -> Map:
    """Reduce all elements that differ only along the axes to one number."""
    x = tally.load(inputs[0])
    sides = [1 if axis in layer.axes else side for axis, side in enumerate(sides_of(x), 1)]
    sets: dict[tuple[int, ...], list[float]] = {}
    for i, j, c in indices(*sides_of(x)):
        index = tuple(min(at, side - 1) for at, side in zip((i, j, c), sides, strict=True))
        sets.setdefault(index, []).append(x[i][j][c])
    return build(lambda *at: summed_up(layer.operation, tally, sets[at]), *map(range, sides))
