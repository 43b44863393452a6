"""Random layers with inputs that fit them: one strategy for each layer of the package.

A case is a layer and the shapes that enter it.  Borders are where counts go wrong, so sizes are small: maps of one
pixel, kernels larger than the map, strides larger than the kernel, rectangles everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, NamedTuple

import sympy as sp
from hypothesis import assume
from hypothesis import strategies as st

from unet_complexity import (
    Activation,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    LeakyReLU,
    MaxPooling2D,
    PhaseConv2D,
    ReLU,
    Tensor,
    UpSampling2D,
)
from unet_complexity import layers as core
from unet_complexity.engineering import layers as wing
from unet_complexity.engineering.layers import (
    ELU,
    AtrousConv2D,
    ConcatenateColumns,
    ConcatenateRows,
    Copy,
    Dense,
    DepthwiseConv2D,
    Elementwise,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GroupNormalization,
    LayerNormalization,
    MatMul,
    Normalization,
    PReLU,
    Reduce,
    Rescaling,
    Reshape,
    Resizing,
    RMSNormalization,
    Softmax,
)
from unet_complexity.engineering.layers.merging import ELEMENTWISE, PAIRED
from unet_complexity.layers import (
    Add,
    AveragePooling2D,
    Cropping2D,
    DepthToSpace,
    Dropout,
    Layer,
    Multiply,
    ZeroPadding2D,
)
from unet_complexity.layers.elementwise import OPERATIONS
from unet_complexity.symbols import letter

LAYERS = (*core.LAYERS, *wing.LAYERS)


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
edges = st.tuples(st.integers(0, 3), st.integers(0, 3))
paddings = st.sampled_from(["same", "valid"]) | st.tuples(edges, edges)
Draw = Callable[[st.SearchStrategy[Any]], Any]


def room(padding: Any, reach: list[int]) -> list[int]:
    """What a map must have so that a window which reaches so far stops once, with one pixel more."""
    if isinstance(padding, str):
        return reach if padding == "valid" else [0, 0]
    return [max(r - sum(pad), 0) for r, pad in zip(reach, padding, strict=True)]


@st.composite
def convolutions(draw: Draw) -> Case:
    groups, kernel, padding = draw(st.sampled_from([1, 1, 2, 3])), draw(pairs(5)), draw(paddings)
    strides, dilation = draw(st.sampled_from([(draw(pairs(4)), (1, 1)), ((1, 1), draw(pairs(3)))]))
    rows, columns = room(padding, [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)])
    x = Tensor(rows + draw(sizes(6)), columns + draw(sizes(6)), groups * draw(sizes(2)))
    layer = Conv2D(
        groups * draw(sizes(2)), kernel, strides, padding, dilation, groups, draw(st.booleans())
    )
    return Case(layer, (x,))


@st.composite
def each_channel(draw: Draw) -> Case:
    """A convolution of each channel; Keras wants the same stride down and across."""
    (layer, (x,)), multiplier, stride = draw(convolutions()), draw(sizes(2)), draw(sizes(3))
    strides = (stride, stride) if layer.dilation_rate == (1, 1) else (1, 1)
    window = {"strides": strides, "padding": layer.padding, "dilation_rate": layer.dilation_rate}
    made = DepthwiseConv2D(
        layer.kernel_size, depth_multiplier=multiplier, use_bias=layer.use_bias, **window
    )
    return Case(made, (x,))


@st.composite
def transposed(draw: Draw) -> Case:
    groups, kernel, strides = draw(st.sampled_from([1, 1, 2])), draw(pairs(5)), draw(pairs(4))
    dilation = draw(pairs(3)) if strides == (1, 1) else (1, 1)
    x = Tensor(draw(sizes(5)), draw(sizes(5)), groups * draw(sizes(2)))
    added = draw(st.none() | st.tuples(*(st.integers(0, t - 1) for t in strides)))
    padding = draw(paddings)
    if padding == "same" and added:
        assume(
            all(
                n > 1 or k % 2 or add
                for n, k, add in zip((x.height, x.width), kernel, added, strict=True)
            )
        )
    if not isinstance(padding, str):
        full = zip((x.height, x.width), kernel, strides, dilation, strict=True)
        padding = tuple(
            tuple(min(cut, ((n - 1) * t + (k - 1) * d) // 2) for cut in pair)
            for (n, k, t, d), pair in zip(full, padding, strict=True)
        )
    layer = Conv2DTranspose(
        groups * draw(sizes(2)),
        kernel,
        strides,
        padding,
        added,
        dilation,
        groups,
        draw(st.booleans()),
    )
    return Case(layer, (x,))


@st.composite
def pooled(draw: Draw, kind: Callable[..., Layer]) -> Case:
    pool, padding = draw(pairs(4)), draw(paddings)
    if not isinstance(padding, str):
        padding = tuple(
            tuple(min(side, p - 1) for side in pair) for p, pair in zip(pool, padding, strict=True)
        )
    rows, columns = room(padding, [p - 1 for p in pool])
    x = Tensor(rows + draw(sizes(6)), columns + draw(sizes(6)), draw(sizes(3)))
    return Case(kind(pool, draw(st.none() | pairs(4)), padding), (x,))


@st.composite
def cropped(draw: Draw) -> Case:
    border = draw(st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * 2))
    left = draw(tensors)
    x = Tensor(left.height + sum(border[0]), left.width + sum(border[1]), left.channels)
    return Case(Cropping2D(border), (x,))


@st.composite
def concatenated(draw: Draw, kind: type[Concatenate]) -> Case:
    axis, shape = kind.axis, draw(st.tuples(sizes(6), sizes(6), sizes(4)))
    sides = draw(st.lists(sizes(4), min_size=2, max_size=4))
    inputs = (
        Tensor(*(side if at == axis else other for at, other in enumerate(shape, 1)))
        for side in sides
    )
    return Case(kind(), tuple(inputs))


@st.composite
def merged(draw: Draw, layer: Layer, most: int = 4) -> Case:
    """Maps of one shape, but that some sides of some are 1."""
    x, inputs = draw(tensors), []
    for _ in range(draw(st.integers(2, most))):
        ones = draw(st.tuples(*[st.sampled_from([False, False, True])] * 3))
        sides = zip((x.height, x.width, x.channels), ones, strict=True)
        inputs.append(Tensor(*(1 if one else side for side, one in sides)))
    return Case(layer, tuple(inputs))


@st.composite
def elementwise(draw: Draw) -> Case:
    """With an array that is known, or a lone number, or of as many maps as the operation takes."""
    operation = draw(st.sampled_from([*PAIRED, *ELEMENTWISE]))
    most = 3 if operation == "where" else 1 if operation in ELEMENTWISE else 4
    known = operation in PAIRED and draw(st.booleans())
    inputs = draw(st.integers(1, most))
    x, *others = draw(merged(Add(), most=5)).inputs
    maps = (x, *others, *others, *others, *others)[:inputs]
    return Case(
        Elementwise(operation, others[0] if known else None, draw(st.booleans()), inputs), maps
    )


@st.composite
def atrous(draw: Draw) -> Case:
    """Strides and dilations that both differ from 1."""
    strides, dilation = draw(pairs(3)), draw(pairs(3))
    padding = draw(st.just("valid") | st.tuples(edges, edges))  # 'same' depends on the stride
    kernel, x = draw(pairs(4)), draw(tensors)
    rows, columns = room(padding, [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)])
    layer = AtrousConv2D(draw(sizes(3)), kernel, strides, padding, dilation)
    return Case(layer, (Tensor(x.height + rows, x.width + columns, x.channels),))


@st.composite
def copied(draw: Draw) -> Case:
    inputs = draw(st.lists(tensors, min_size=1, max_size=3))
    layer = Copy("Gather", draw(tensors), draw(st.integers(0, 5)), len(inputs))
    return Case(layer, tuple(inputs))


@st.composite
def multiplied(draw: Draw) -> Case:
    (b, m), (k, n), turned = draw(pairs(3)), draw(pairs(4)), draw(st.booleans())
    first, second = draw(st.sampled_from([(b, b), (1, b), (b, 1)]))
    return Case(
        MatMul(turned),
        (Tensor(first, m, k), Tensor(second, n, k) if turned else Tensor(second, k, n)),
    )


@st.composite
def grouped(draw: Draw) -> Case:
    groups, x = draw(st.sampled_from([1, 2, 3])), draw(tensors)
    layer = GroupNormalization(
        draw(st.sampled_from([groups, -1])), draw(st.booleans()), draw(st.booleans())
    )
    return Case(layer, (Tensor(x.height, x.width, groups * x.channels),))


@st.composite
def reshaped(draw: Draw) -> Case:
    a, b, c = draw(st.tuples(*[sizes(4)] * 3))
    target = draw(
        st.sampled_from([(c, a, b), (1, a * b, c), (1, 1, a * b * c), (b, c, a), (a * c, 1, b)])
    )
    return Case(Reshape(target), (Tensor(a, b, c),))


@st.composite
def rearranged(draw: Draw) -> Case:
    x, b = draw(tensors), draw(st.integers(2, 3))
    return Case(DepthToSpace(b), (Tensor(x.height, x.width, x.channels * b**2),))


def on_any_map(layers: st.SearchStrategy[Layer]) -> st.SearchStrategy[Case]:
    return st.builds(lambda layer, x: Case(layer, (x,)), layers, tensors)


edge = st.integers(0, 3)
some_axes = st.sampled_from([-1, 1, 2, 3, (1, 2), (2, 3), (1, 2, 3)])
blends = st.sampled_from(["nearest", "bilinear", "bicubic"])
slopes = st.sampled_from([0.0, 0.2, 0.3])
borders = edge | st.tuples(edge, edge) | st.tuples(st.tuples(edge, edge), st.tuples(edge, edge))
CASES: dict[type[Layer], st.SearchStrategy[Case]] = {
    Conv2D: convolutions(),
    AtrousConv2D: atrous(),
    DepthwiseConv2D: each_channel(),
    Conv2DTranspose: transposed(),
    Dense: on_any_map(st.builds(Dense, sizes(4), st.booleans())),
    MatMul: multiplied(),
    PhaseConv2D: on_any_map(st.builds(PhaseConv2D, sizes(3), pairs(5), pairs(3), st.booleans())),
    UpSampling2D: on_any_map(st.builds(UpSampling2D, pairs(3), blends)),
    Resizing: on_any_map(st.builds(Resizing, sizes(9), sizes(9), blends)),
    MaxPooling2D: pooled(MaxPooling2D),
    AveragePooling2D: pooled(AveragePooling2D),
    GlobalAveragePooling2D: on_any_map(st.just(GlobalAveragePooling2D())),
    GlobalMaxPooling2D: on_any_map(st.just(GlobalMaxPooling2D())),
    Reduce: on_any_map(
        st.builds(Reduce, st.sampled_from(["mean", "sum", "max", "min"]), some_axes)
    ),
    DepthToSpace: rearranged(),
    Copy: copied(),
    Reshape: reshaped(),
    **{kind: concatenated(kind) for kind in (Concatenate, ConcatenateRows, ConcatenateColumns)},
    **{type(layer): merged(layer) for layer in (Add(), Multiply())},
    Elementwise: elementwise(),
    ZeroPadding2D: on_any_map(st.builds(ZeroPadding2D, borders)),
    Cropping2D: cropped(),
    Activation: on_any_map(st.builds(Activation, st.sampled_from([*OPERATIONS, "softmax"]))),
    ReLU: on_any_map(st.builds(ReLU, st.sampled_from([None, 1.0, 6.0]))),
    LeakyReLU: on_any_map(st.builds(LeakyReLU, slopes)),
    PReLU: on_any_map(st.builds(PReLU, st.none() | some_axes)),
    ELU: on_any_map(st.builds(ELU, st.sampled_from([0.5, 1.0]))),
    Softmax: on_any_map(st.builds(Softmax, some_axes)),
    Rescaling: on_any_map(
        st.builds(Rescaling, st.sampled_from([1.0, 0.5]), st.sampled_from([0.0, -1.0]))
    ),
    BatchNormalization: on_any_map(st.builds(BatchNormalization, st.booleans(), st.booleans())),
    Normalization: on_any_map(st.builds(Normalization, st.booleans())),
    GroupNormalization: grouped(),
    LayerNormalization: on_any_map(
        st.builds(LayerNormalization, some_axes, st.booleans(), st.booleans())
    ),
    RMSNormalization: on_any_map(
        st.builds(RMSNormalization, st.sampled_from([-1, (2, 3), (1, 2, 3)]))
    ),
    Dropout: on_any_map(st.builds(Dropout, st.sampled_from([0.0, 0.5]))),
}

any_layer = st.sampled_from(LAYERS)


def examples(kind: type[Layer], many: int) -> int:
    """Fewer for layers without a border, where counts have less to go wrong."""
    return many if hasattr(kind, "padding") else many // 4


def without(required: tuple[type[Layer], ...], there: Any) -> list[str]:
    """Names of the layers that ``there`` (a table by layer) does not know."""
    return sorted(layer.__name__ for layer in required if layer not in there)


# Letters for the slots of a case, each another one, so that no two sizes can be mixed up unseen.
NUMBERED = {
    "height": "h",
    "width": "w",
    "channels": "c",
    "filters": "f",
    "units": "f",
    "kernel_size": "ks",
    "strides": "tm",
    "dilation_rate": "Lq",
    "output_padding": "HW",
    "depth_multiplier": "n",
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

    def number(self, value: Any) -> int:
        """What a size stands for."""
        return int(
            sp.sympify(value).subs({letter(name): number for name, number in self.values.items()})
        )


def fits(case: Lifted) -> bool:
    """Whether each stride divides what its letters ask, and no window hangs over both ends of a lettered side."""
    layer, x, number = case.layer, case.inputs[0], case.number
    if isinstance(layer, AtrousConv2D) and layer.padding != "valid":
        return False  # with letters the stride or the dilation must be 1 beside padding
    kernel = getattr(layer, "kernel_size", getattr(layer, "pool_size", None))
    if kernel is None or not hasattr(layer, "padding"):
        return True
    strides, dilation = layer.strides, getattr(layer, "dilation_rate", (1, 1))
    paddings = (layer.padding, layer.padding) if isinstance(layer.padding, str) else layer.padding
    for n, k, t, d, padding in zip(
        (x.height, x.width), kernel, strides, dilation, paddings, strict=True
    ):
        pads = (0, 0) if isinstance(padding, str) else padding
        span = number((k - 1) * d + 1)
        if all(isinstance(size, int) for size in (n, k, t, d)):
            continue
        if isinstance(layer, Conv2DTranspose):
            if number(n * t) < max(span, *pads) or max(pads) >= span:
                return False
        elif (
            number(n) < span
            or (max(pads) >= span and pads != (0, 0))
            or not divides(n, k, t, d, padding, number)
        ):
            return False
    return True


def divides(n: Any, k: Any, t: Any, d: Any, padding: Any, number: Callable[[Any], int]) -> bool:
    """What a letter must do to fit: all of it a lettered stride, its part beside a number a stride that is a number."""
    pads = (0, 0) if isinstance(padding, str) else padding
    room = n if padding == "same" else n + sum(pads) - (k - 1) * d - 1
    if isinstance(room, int) and isinstance(t, int):
        return True
    if padding != "same" and room + t == n:
        return number(n) % number(t) == 0
    rounded = sp.sympify(room).as_coeff_Add()[0] if isinstance(t, int) else 0
    return number(room - rounded) % number(t) == 0


@st.composite
def lifted(draw: Draw, kind: type[Layer]) -> Lifted:
    """A case of ``kind`` and its twin with letters; at least one size is a letter."""
    case = draw(CASES[kind])
    values: dict[str, int] = {}
    known = getattr(case.layer, "array", None)  # meets the inputs as another one would
    given = case.inputs if known is None else (*case.inputs, known)
    alone = len(given) == 1

    def lift(name: str, value: Any) -> Any:
        letters = NUMBERED.get(name, "")
        if isinstance(value, tuple) and letters:
            return tuple(lift_one(letters[i], v) for i, v in enumerate(value))
        return lift_one(letters, value) if letters else value

    def lift_one(name: str, value: Any) -> Any:
        # -1 and None say something, 0 is not a letter, and 1 meets any size of another input
        if value is None or value < 1 or (value == 1 and not alone):
            return value
        if values.get(name, value) != value or not draw(st.booleans()):
            return value
        values[name] = value
        return letter(name)

    def shape(x: Tensor) -> Tensor:
        return Tensor(*(lift(name, getattr(x, name)) for name in ("height", "width", "channels")))

    inputs = together(case, given, shape)
    config = case.config()
    if known is not None:
        *inputs, config["array"] = inputs
    if kind is Reshape:
        x = inputs[0]
        config["target_shape"] = (1, x.height * x.width, x.channels)
    # A letter counts as different from 1, and only one of strides and dilation may differ from 1.
    dilated = config.get("dilation_rate") != (1, 1) or (
        config["strides"] == (1, 1) and draw(st.booleans())
    )
    plain = {"strides" if dilated else "dilation_rate"} if "dilation_rate" in config else set()
    layer = kind(
        **{name: value if name in plain else lift(name, value) for name, value in config.items()}
    )
    made = Lifted(layer, tuple(inputs), values)
    assume(values and fits(made))
    return made


def together(
    case: Case, given: tuple[Tensor, ...], shape: Callable[[Tensor], Tensor]
) -> tuple[Tensor, ...]:
    """The inputs with letters; those that had a side in common have it still."""
    if isinstance(case.layer, MatMul):
        first = shape(given[0])
        return first, beside(case, first)
    inputs = tuple(map(shape, given))
    return inputs if len(given) == 1 else tuple(alike(x, given, inputs) for x in given)


def alike(x: Tensor, numbers: tuple[Tensor, ...], letters: tuple[Tensor, ...]) -> Tensor:
    """``x`` with the letter for each side that an input before got for the same number."""
    sides = []
    for name in ("height", "width", "channels"):
        known = {
            getattr(a, name): getattr(b, name)
            for a, b in zip(numbers[::-1], letters[::-1], strict=True)
        }
        sides.append(known[getattr(x, name)])
    return Tensor(*sides)


def beside(case: Case, x: Tensor) -> Tensor:
    """The second factor of a matrix product, for the first one ``x``."""
    first, second = case.inputs
    height = x.height if second.height == first.height else second.height
    return Tensor(
        height,
        *((second.width, x.channels) if case.layer.transpose_b else (x.channels, second.channels)),
    )
