"""The independent witness: every layer once more as plain loops that do the work and count what they do.

Nothing here knows a formula.  A convolution walks its window and multiplies, a bilinear upsampling blends, a write is
a write; the :class:`Tally` ticks at each.  If formula and loop agree on many shapes, both are probably right.  Slow by
design: for small maps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from unet_complexity import layers as L
from unet_complexity.cost import COUNTS, Cost, Tensor
from unet_complexity.networks import Network

Map = list[list[list[float]]]  # rows of pixels of channels


@dataclass(frozen=True)
class Counted:
    """What a run wrote, and what it was seen to cost."""

    output: Map
    cost: Cost


class Tally:
    """Counters that tick while a layer runs, by the conventions of :class:`~unet_complexity.Cost`."""

    def __init__(self, weights: list[Any] | None) -> None:
        self.counts: dict[str, Any] = dict.fromkeys(COUNTS, 0)
        self.given = None if weights is None else list(weights)

    def load(self, x: Map) -> Map:
        """Read a whole map, element by element."""
        return [[[self.tick("reads", value) for value in pixel] for pixel in row] for row in x]

    def weight(self, *sides: int, trainable: bool = True) -> Any:
        """The next weight array: the one given, or small numbers of that shape; each is a param and is read."""
        if self.given == []:
            raise ValueError(f"a weight of the shape {sides} is missing; give weights in Keras's order")
        values = filled(*sides) if self.given is None else self.given.pop(0)
        found = sides_of(values)
        if found != sides:
            raise ValueError(f"a weight must have the shape {sides}, got {found}; give weights in Keras's order")
        for _ in range(math.prod(sides)):
            self.tick("params")
            self.tick("reads")
            if trainable:
                self.tick("trainable_params")
        return values

    def mac(self, total: float, a: float, b: float, inside: bool = True) -> float:
        """One multiply-accumulate; ``inside``: on real data, not on padding."""
        self.tick("macs")
        if inside:
            self.tick("macs_in_bounds")
        return total + a * b

    def op(self, result: float) -> float:
        """One operation that is no MAC, and its result."""
        return self.tick("elementwise", result)

    def write(self, value: float) -> float:
        """One element of the output."""
        return self.tick("writes", value)

    def tick(self, counter: str, value: float = 0.0) -> float:
        """One more on ``counter``; hands ``value`` through."""
        self.counts[counter] += 1
        return value


Twin = Callable[[Any, Tally, list[Map]], Map]
TWINS: dict[type[L.Layer], Twin] = {}


def twin(*kinds: type[L.Layer]) -> Callable[[Twin], Twin]:
    """Registers the loop that witnesses for these layers."""

    def register(function: Twin) -> Twin:
        TWINS.update(dict.fromkeys(kinds, function))
        return function

    return register


def count(thing: L.Layer | Network, *inputs: Tensor | Map, weights: list[Any] | None = None) -> Counted:
    """Run a layer (or, without ``inputs``, a network) and count what happens.

    ``inputs`` are shapes, which are filled with small numbers, or nested lists [row][column][channel]; ``weights``
    are nested lists in Keras's order (kernel, bias).  TypeError for a layer without a twin or a letter as a size.

    >>> count(L.UpSampling2D(2), Tensor(4, 4, 3)).cost.writes
    192
    >>> count(L.Conv2D(filters=2, kernel_size=3), Tensor(5, 5, 1)).cost.macs
    450
    """
    if isinstance(thing, Network):
        return _count_network(thing)
    if type(thing) not in TWINS:
        known = ", ".join(sorted(kind.__name__ for kind in TWINS))
        raise TypeError(f"no counting loop for {type(thing).__name__}; there are loops for {known}")
    tally, maps = Tally(weights), [as_map(x) for x in inputs]
    _check(thing, [Tensor(*sides_of(x)) for x in maps])
    output = TWINS[type(thing)](thing, tally, maps)
    if tally.given:
        raise ValueError(f"{thing} has no use for the last {len(tally.given)} of the weights; give only its own")
    return Counted(output, Cost(**tally.counts))


def _check(layer: L.Layer, shapes: list[Tensor]) -> None:
    """The formula refuses what does not fit, and shows letters; no count is taken from it."""
    cost = layer.cost(*shapes)
    if not all(isinstance(getattr(cost, name), int) for name in COUNTS):
        raise TypeError(f"a loop needs numbers for sizes, got {layer}; put numbers in place of the letters")


def _count_network(net: Network) -> Counted:
    maps, costs = {"input": as_map(net.input)}, []
    if any(step.span for step in net):
        raise TypeError(f"{net.name} has letters, a loop needs numbers; call at(...) first")
    if missing := {source for step in net for source in step.sources} - {"input", *(step.name for step in net)}:
        raise ValueError(f"{net.name} lacks the steps {sorted(missing)} that others read; count the whole network")
    for step in net:
        counted = count(step.layer, *(maps[source] for source in step.sources))
        maps[step.name] = counted.output
        costs.append(counted.cost)
    return Counted(counted.output, sum(costs, Cost()))


def as_map(x: Tensor | Map) -> Map:
    """A shape as a map of small numbers; a map as it is."""
    if isinstance(x, list):
        return x
    if not all(isinstance(side, int) for side in (x.height, x.width, x.channels)):
        raise TypeError(f"a loop needs numbers for sizes, got {x}; put numbers in place of the letters")
    values: Map = filled(x.height, x.width, x.channels)
    return values


def filled(*sides: int) -> Any:
    """Nested lists of that shape, holding -5 ... 5 in an order without pattern, the same at each call."""
    numbers = ((i * i * 7 + i * 3) % 11 - 5 for i in range(math.prod(sides)))

    def fill(rest: tuple[int, ...]) -> Any:
        return [fill(rest[1:]) for _ in range(rest[0])] if rest else next(numbers)

    return fill(sides)


def sides_of(values: Any) -> tuple[int, ...]:
    """Shape of nested lists.

    >>> sides_of(filled(2, 3))
    (2, 3)
    """
    return (len(values), *sides_of(values[0])) if isinstance(values, list) else ()


def stops(side: int, k: int, stride: int, dilation: int, padding: str) -> list[int]:
    """Where the window's first tap stands at each stop; negative on padding.

    >>> stops(8, 4, 2, 1, "same"), stops(7, 3, 2, 1, "valid")
    ([-1, 1, 3, 5], [0, 2, 4])
    """
    reach = (k - 1) * dilation
    if padding == "valid":
        return list(range(0, side - reach, stride))
    firsts = list(range(0, side, stride))
    before = max(firsts[-1] + reach - (side - 1), 0) // 2
    return [first - before for first in firsts]


def _taps(start: int, k: int, dilation: int) -> list[int]:
    return [start + i * dilation for i in range(k)]


@twin(L.Conv2D)
def convolve(layer: L.Conv2D, tally: Tally, inputs: list[Map]) -> Map:
    """Each filter at each stop: multiply the window with the kernel, add the bias."""
    x = tally.load(inputs[0])
    (height, width, channels), (k_h, k_w), f = sides_of(x), layer.kernel_size, layer.filters
    seen = channels // layer.groups
    kernel = tally.weight(k_h, k_w, seen, f)
    bias = tally.weight(f) if layer.use_bias else None

    def element(i: int, j: int, filter: int) -> float:
        total, first = 0.0, filter // (f // layer.groups) * seen
        for a, row in enumerate(_taps(i, k_h, layer.dilation_rate[0])):
            for b, column in enumerate(_taps(j, k_w, layer.dilation_rate[1])):
                inside = 0 <= row < height and 0 <= column < width
                for channel in range(seen):
                    value = x[row][column][first + channel] if inside else 0.0
                    total = tally.mac(total, value, kernel[a][b][channel][filter], inside)
        return tally.write(tally.op(total + bias[filter]) if bias else total)

    rows = stops(height, k_h, layer.strides[0], layer.dilation_rate[0], layer.padding)
    columns = stops(width, k_w, layer.strides[1], layer.dilation_rate[1], layer.padding)
    return [[[element(i, j, filter) for filter in range(f)] for j in columns] for i in rows]


@twin(L.Conv2DTranspose)
def convolve_transposed(layer: L.Conv2DTranspose, tally: Tally, inputs: list[Map]) -> Map:
    """Each input element times the whole kernel, added into the output where it lands; what lands outside is cut."""
    x = tally.load(inputs[0])
    (height, width, channels), (k_h, k_w), f = sides_of(x), layer.kernel_size, layer.filters
    kernel = tally.weight(k_h, k_w, f, channels)
    bias = tally.weight(f) if layer.use_bias else None
    longer = [0 if layer.padding == "same" else max(k - t, 0) for k, t in zip((k_h, k_w), layer.strides, strict=True)]
    out_h, out_w = height * layer.strides[0] + longer[0], width * layer.strides[1] + longer[1]
    out = [[[0.0] * f for _ in range(out_w)] for _ in range(out_h)]
    rows = stops(out_h, k_h, layer.strides[0], 1, layer.padding)
    columns = stops(out_w, k_w, layer.strides[1], 1, layer.padding)
    for i, j, channel in _indices(height, width, channels):
        for a, b, filter in _indices(k_h, k_w, f):
            row, column = rows[i] + a, columns[j] + b
            inside = 0 <= row < out_h and 0 <= column < out_w
            before = out[row][column][filter] if inside else 0.0
            product = tally.mac(before, x[i][j][channel], kernel[a][b][filter][channel], inside)
            if inside:
                out[row][column][filter] = product
    return _each(out, lambda v, filter: tally.write(tally.op(v + bias[filter]) if bias else v))


def _indices(*sides: int) -> Iterator[tuple[int, ...]]:
    if not sides:
        yield ()
    else:
        yield from ((i, *rest) for i in range(sides[0]) for rest in _indices(*sides[1:]))


def _each(x: Map, function: Callable[[float, int], float]) -> Map:
    """``function(value, channel)`` of every element."""
    return [[[function(value, c) for c, value in enumerate(pixel)] for pixel in row] for row in x]


@twin(L.UpSampling2D)
def upsample(layer: L.UpSampling2D, tally: Tally, inputs: list[Map]) -> Map:
    """Repeat each row, and in it each pixel; or blend the four nearest, with pixels taken at their centres."""
    x, (s_h, s_w) = tally.load(inputs[0]), layer.size
    if layer.interpolation == "bilinear":
        return _blend(x, s_h, s_w, tally)
    return [
        [[tally.write(value) for value in pixel] for pixel in row for _ in range(s_w)] for row in x for _ in range(s_h)
    ]


def _blend(x: Map, s_h: int, s_w: int, tally: Tally) -> Map:
    height, width, channels = sides_of(x)

    def neighbours(i: int, s: int, side: int) -> tuple[int, int, float]:
        centre = (i + 0.5) / s - 0.5
        first = math.floor(centre)
        return max(first, 0), min(first + 1, side - 1), centre - first

    def element(i: int, j: int, channel: int) -> float:
        top, bottom, down = neighbours(i, s_h, height)
        left, right, across = neighbours(j, s_w, width)
        weights = ((1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across)
        corners = (x[top][left], x[top][right], x[bottom][left], x[bottom][right])
        products = [tally.op(weight * corner[channel]) for weight, corner in zip(weights, corners, strict=True)]
        return tally.write(_fold(tally, lambda a, b: a + b, products))

    return [[[element(i, j, c) for c in range(channels)] for j in range(s_w * width)] for i in range(s_h * height)]


def _fold(tally: Tally, operation: Callable[[float, float], float], values: list[float]) -> float:
    """One operation for each value after the first."""
    result = values[0]
    for value in values[1:]:
        result = tally.op(operation(result, value))
    return result


@twin(L.MaxPooling2D, L.AveragePooling2D)
def pool(layer: Any, tally: Tally, inputs: list[Map]) -> Map:
    """Largest, or mean, of the real elements under the window."""
    x = tally.load(inputs[0])
    height, width, channels = sides_of(x)
    (k_h, k_w), (t_h, t_w) = layer.pool_size, layer.strides

    def element(i: int, j: int, channel: int) -> float:
        rows = [row for row in _taps(i, k_h, 1) if 0 <= row < height]
        columns = [column for column in _taps(j, k_w, 1) if 0 <= column < width]
        values = [x[row][column][channel] for row in rows for column in columns]
        if isinstance(layer, L.MaxPooling2D):
            return tally.write(_fold(tally, max, values))
        return tally.write(tally.op(_fold(tally, lambda a, b: a + b, values) / len(values)))

    rows, columns = stops(height, k_h, t_h, 1, layer.padding), stops(width, k_w, t_w, 1, layer.padding)
    return [[[element(i, j, c) for c in range(channels)] for j in columns] for i in rows]


@twin(L.DepthToSpace)
def depth_to_space(layer: L.DepthToSpace, tally: Tally, inputs: list[Map]) -> Map:
    """Each pixel's channels become a block of b x b pixels, the block's rows first."""
    x, b = tally.load(inputs[0]), layer.block_size
    c = sides_of(x)[2] // b**2

    def pixel(row: int, column: int) -> list[float]:
        first = (row % b * b + column % b) * c
        return [tally.write(value) for value in x[row // b][column // b][first : first + c]]

    return [[pixel(i, j) for j in range(b * len(x[0]))] for i in range(b * len(x))]


@twin(L.Concatenate)
def concatenate(layer: L.Concatenate, tally: Tally, inputs: list[Map]) -> Map:
    """The channels of all inputs, one after the other."""
    maps = [tally.load(x) for x in inputs]
    return [
        [[tally.write(value) for x in maps for value in x[i][j]] for j in range(len(maps[0][0]))]
        for i in range(len(maps[0]))
    ]


@twin(L.Add)
def add(layer: L.Add, tally: Tally, inputs: list[Map]) -> Map:
    """Inputs summed element by element."""
    first, *rest = (tally.load(x) for x in inputs)
    for x in rest:
        first = [
            [[tally.op(a + b) for a, b in zip(*pixels, strict=True)] for pixels in zip(*rows, strict=True)]
            for rows in zip(first, x, strict=True)
        ]
    return _each(first, lambda value, _: tally.write(value))


@twin(L.ZeroPadding2D, L.Cropping2D)
def reframe(layer: Any, tally: Tally, inputs: list[Map]) -> Map:
    """A frame of zeros around the map, or a frame cut off it."""
    x = tally.load(inputs[0])
    height, width, channels = sides_of(x)
    sign, border = (1, layer.padding) if isinstance(layer, L.ZeroPadding2D) else (-1, layer.cropping)
    (top, bottom), (left, right) = [[sign * side for side in pair] for pair in border]

    def element(i: int, j: int, channel: int) -> float:
        return tally.write(x[i][j][channel] if 0 <= i < height and 0 <= j < width else 0.0)

    return [
        [[element(i, j, c) for c in range(channels)] for j in range(-left, width + right)]
        for i in range(-top, height + bottom)
    ]


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "relu": lambda v: max(v, 0.0),
    "tanh": math.tanh,
    "sigmoid": lambda v: 1 / (1 + math.exp(-v)),
}


@twin(L.Activation, L.ReLU, L.LeakyReLU, L.Softmax)
def activate(layer: Any, tally: Tally, inputs: list[Map]) -> Map:
    """The function of each element; of each pixel, for softmax."""
    x = tally.load(inputs[0])
    name = getattr(
        layer, "activation", {"ReLU": "relu", "LeakyReLU": "leaky_relu"}.get(type(layer).__name__, "softmax")
    )
    if name == "softmax":
        return [[_softmax(pixel, tally) for pixel in row] for row in x]
    if name == "leaky_relu":
        slope = getattr(layer, "negative_slope", 0.2)
        return _each(x, lambda v, _: tally.write(tally.op(max(v, tally.op(slope * v)))))
    if name == "linear":
        return _each(x, lambda v, _: tally.write(v))
    return _each(x, lambda v, _: tally.write(tally.op(FUNCTIONS[name](v))))


def _softmax(pixel: list[float], tally: Tally) -> list[float]:
    largest = _fold(tally, max, pixel)  # subtracted so that exp cannot overflow
    exps = [tally.op(math.exp(tally.op(value - largest))) for value in pixel]
    total = _fold(tally, lambda a, b: a + b, exps)
    return [tally.write(tally.op(value / total)) for value in exps]


@twin(L.BatchNormalization)
def normalize(layer: L.BatchNormalization, tally: Tally, inputs: list[Map]) -> Map:
    """Stored statistics folded into one scale and one shift per channel; then scale and shift."""
    x = tally.load(inputs[0])
    c = sides_of(x)[2]
    gamma, beta = tally.weight(c), tally.weight(c)
    mean, variance = tally.weight(c, trainable=False), tally.weight(c, trainable=False)
    scale = [g / math.sqrt(abs(v) + 1e-3) for g, v in zip(gamma, variance, strict=True)]
    shift = [b - m * s for b, m, s in zip(beta, mean, scale, strict=True)]
    return _each(x, lambda v, c: tally.write(tally.op(tally.op(v * scale[c]) + shift[c])))


@twin(L.Dropout)
def drop_out(layer: L.Dropout, tally: Tally, inputs: list[Map]) -> Map:
    """Nothing happens at inference."""
    return inputs[0]
