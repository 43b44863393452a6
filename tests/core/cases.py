"""Random layers with inputs that fit them: one strategy for each layer of the package.

A case is a layer and the shapes that enter it.  Borders are where counts go wrong, so sizes are small: maps of one
pixel, kernels larger than the map, strides larger than the kernel, rectangles everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, NamedTuple

from hypothesis import assume
from hypothesis import strategies as st

from unet_complexity import (
    LAYERS,
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    DepthToSpace,
    Dropout,
    Layer,
    LeakyReLU,
    MaxPooling2D,
    PhaseConv2D,
    ReLU,
    Softmax,
    Tensor,
    UpSampling2D,
    ZeroPadding2D,
)
from unet_complexity.layers.elementwise import OPERATIONS


class Case(NamedTuple):
    layer: Layer
    inputs: tuple[Tensor, ...]

    def config(self) -> dict[str, Any]:
        """The layer's arguments, by Keras's names."""
        return {field.name: getattr(self.layer, field.name) for field in fields(self.layer)}


def sizes(most: int) -> st.SearchStrategy[int]:
    return st.integers(1, most)


def pairs(most: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(sizes(most), sizes(most))


tensors = st.builds(Tensor, sizes(7), sizes(7), sizes(3))
paddings = st.sampled_from(["same", "valid"])
Draw = Callable[[st.SearchStrategy[Any]], Any]


@st.composite
def convolutions(draw: Draw) -> Case:
    groups, kernel, padding = draw(st.sampled_from([1, 1, 2, 3])), draw(pairs(5)), draw(paddings)
    strides, dilation = draw(st.sampled_from([(draw(pairs(4)), (1, 1)), ((1, 1), draw(pairs(3)))]))
    reach = [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)] if padding == "valid" else [0, 0]
    x = Tensor(reach[0] + draw(sizes(6)), reach[1] + draw(sizes(6)), groups * draw(sizes(2)))
    layer = Conv2D(groups * draw(sizes(2)), kernel, strides, padding, dilation, groups, draw(st.booleans()))
    return Case(layer, (x,))


@st.composite
def transposed(draw: Draw) -> Case:
    layer = Conv2DTranspose(draw(sizes(3)), draw(pairs(5)), draw(pairs(4)), draw(paddings), draw(st.booleans()))
    return Case(layer, (Tensor(draw(sizes(5)), draw(sizes(5)), draw(sizes(3))),))


@st.composite
def pooled(draw: Draw, kind: Callable[..., Layer]) -> Case:
    pool, padding = draw(pairs(4)), draw(paddings)
    more = [p - 1 if padding == "valid" else 0 for p in pool]
    x = Tensor(more[0] + draw(sizes(6)), more[1] + draw(sizes(6)), draw(sizes(3)))
    return Case(kind(pool, draw(st.none() | pairs(4)), padding), (x,))


@st.composite
def cropped(draw: Draw) -> Case:
    border = draw(st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * 2))
    left = draw(tensors)
    x = Tensor(left.height + sum(border[0]), left.width + sum(border[1]), left.channels)
    return Case(Cropping2D(border), (x,))


@st.composite
def concatenated(draw: Draw) -> Case:
    height, width = draw(pairs(6))
    channels = draw(st.lists(sizes(4), min_size=2, max_size=4))
    return Case(Concatenate(), tuple(Tensor(height, width, c) for c in channels))


@st.composite
def rearranged(draw: Draw) -> Case:
    x, b = draw(tensors), draw(st.integers(2, 3))
    return Case(DepthToSpace(b), (Tensor(x.height, x.width, x.channels * b**2),))


def on_any_map(layers: st.SearchStrategy[Layer]) -> st.SearchStrategy[Case]:
    return st.builds(lambda layer, x: Case(layer, (x,)), layers, tensors)


edge = st.integers(0, 3)
borders = edge | st.tuples(edge, edge) | st.tuples(st.tuples(edge, edge), st.tuples(edge, edge))
CASES: dict[type[Layer], st.SearchStrategy[Case]] = {
    Conv2D: convolutions(),
    Conv2DTranspose: transposed(),
    PhaseConv2D: on_any_map(st.builds(PhaseConv2D, sizes(3), pairs(5), pairs(3), st.booleans())),
    UpSampling2D: on_any_map(st.builds(UpSampling2D, pairs(3), st.sampled_from(["nearest", "bilinear"]))),
    MaxPooling2D: pooled(MaxPooling2D),
    AveragePooling2D: pooled(AveragePooling2D),
    DepthToSpace: rearranged(),
    Concatenate: concatenated(),
    Add: st.builds(lambda x, m: Case(Add(), (x,) * m), tensors, st.integers(2, 4)),
    ZeroPadding2D: on_any_map(st.builds(ZeroPadding2D, borders)),
    Cropping2D: cropped(),
    Activation: on_any_map(st.builds(Activation, st.sampled_from([*OPERATIONS, "softmax"]))),
    ReLU: on_any_map(st.just(ReLU())),
    LeakyReLU: on_any_map(st.builds(LeakyReLU, st.sampled_from([0.0, 0.2, 0.3]))),
    Softmax: on_any_map(st.just(Softmax())),
    BatchNormalization: on_any_map(st.just(BatchNormalization())),
    Dropout: on_any_map(st.builds(Dropout, st.sampled_from([0.0, 0.5]))),
}

any_layer = st.sampled_from(LAYERS)


def without(required: tuple[type[Layer], ...], there: Any) -> list[str]:
    """Names of the layers that ``there`` (a table by layer) does not know."""
    return sorted(layer.__name__ for layer in required if layer not in there)


# Letters for the slots of a case, each another one, so that no two sizes can be mixed up unseen.
NUMBERED = {
    "height": "h",
    "width": "w",
    "channels": "c",
    "filters": "f",
    "kernel_size": "ks",
    "strides": "tm",
    "dilation_rate": "dq",
    "groups": "g",
    "size": "st",
    "pool_size": "ks",
    "block_size": "k",
}


class Lifted(NamedTuple):
    """A case with letters in place of some numbers, and the numbers."""

    layer: Layer
    inputs: tuple[Tensor, ...]
    values: dict[str, int]


def fits(case: Case) -> bool:
    """Whether a letter may stand for every size: strides divide, and the map is at least as large as the kernel."""
    config, x = case.config(), case.inputs[0]
    kernel = config.get("kernel_size", config.get("pool_size", (1, 1)))
    strides, dilation = config.get("strides", (1, 1)), config.get("dilation_rate", (1, 1))
    sides = (x.height, x.width)
    if isinstance(case.layer, Conv2DTranspose):
        return all(n * t >= k for n, k, t in zip(sides, kernel, strides, strict=True))
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    rooms = [n - span if config.get("padding") == "valid" else n for n, span in zip(sides, spans, strict=True)]
    return all(n >= span for n, span in zip(sides, spans, strict=True)) and all(
        room % t == 0 for room, t in zip(rooms, strides, strict=True)
    )


@st.composite
def lifted(draw: Draw, kind: type[Layer]) -> Lifted:
    """A case of ``kind`` and its twin with letters; at least one size is a letter."""
    from unet_complexity.symbols import letter

    case = draw(CASES[kind])
    assume(fits(case))
    values: dict[str, int] = {}

    def lift(name: str, value: Any) -> Any:
        letters = NUMBERED.get(name, "")
        if isinstance(value, tuple) and letters:
            return tuple(lift_one(letters[i], v) for i, v in enumerate(value))
        return lift_one(letters, value) if letters else value

    def lift_one(name: str, value: int) -> Any:
        if values.get(name, value) != value or not draw(st.booleans()):
            return value
        values[name] = value
        return letter(name)

    def shape(x: Tensor) -> Tensor:
        return Tensor(*(lift(name, getattr(x, name)) for name in ("height", "width", "channels")))

    inputs = (shape(case.inputs[0]),)
    if isinstance(case.layer, Add):
        inputs *= len(case.inputs)
    elif isinstance(case.layer, Concatenate):
        inputs += tuple(Tensor(inputs[0].height, inputs[0].width, x.channels) for x in case.inputs[1:])
    config = case.config()
    # A letter is no 1, and of strides and dilation only one may differ from 1.
    dilated = config.get("dilation_rate") != (1, 1) or (config["strides"] == (1, 1) and draw(st.booleans()))
    plain = {"strides" if dilated else "dilation_rate"} if isinstance(case.layer, Conv2D) else set()
    layer = type(case.layer)(**{name: value if name in plain else lift(name, value) for name, value in config.items()})
    assume(values)
    return Lifted(layer, inputs, values)
