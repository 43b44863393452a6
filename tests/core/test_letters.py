"""Formula with letters = formula with numbers: build with letters, then put numbers in."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.cases import LAYERS, NUMBERED, Lifted, examples, lifted
from unet_complexity import (
    Conv2D,
    Conv2DTranspose,
    Cost,
    MaxPooling2D,
    Network,
    Tensor,
    UpSampling2D,
    classic_unet,
    pix2pix_unet,
)
from unet_complexity.layers import AveragePooling2D, Layer
from unet_complexity.symbols import (
    C,
    C_in,
    C_out,
    H,
    L,
    N,
    W,
    c,
    f,
    g,
    h,
    k,
    letter,
    n,
    q,
    s,
    t,
    w,
)


def numbered(x: Tensor, values: dict[str, int]) -> Tensor:
    letters = {letter(name): value for name, value in values.items()}
    return Tensor(*(sp.sympify(side).subs(letters) for side in (x.height, x.width, x.channels)))


def with_numbers(layer: Layer, values: dict[str, int]) -> Layer:
    letters = {letter(name): value for name, value in values.items()}

    def number(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(number, value))
        if isinstance(value, Tensor):
            return numbered(value, values)
        return value.subs(letters) if isinstance(value, sp.Expr) else value

    return type(layer)(*(number(getattr(layer, field)) for field in layer.__dataclass_fields__))


@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_letters_then_numbers_is_numbers(kind: type[Layer]) -> None:
    @settings(max_examples=examples(kind, 60))
    @given(lifted(kind))
    def check(case: Lifted) -> None:
        layer, inputs, values = case
        numbers = [numbered(x, values) for x in inputs]
        plain = with_numbers(layer, values)
        assert numbered(layer.output(*inputs), values) == plain.output(*numbers)
        assert layer.cost(*inputs).at(**values) == plain.cost(*numbers)

    check()


def test_every_size_that_a_layer_has_is_tried_as_a_letter() -> None:
    named = {name for layer in LAYERS for name in layer.__dataclass_fields__}
    not_sizes = {
        "padding",
        "use_bias",
        "interpolation",
        "cropping",
        "activation",
        "negative_slope",
        "rate",
    }
    not_sizes |= {
        "alpha",
        "axes",
        "axis",
        "center",
        "given",
        "max_value",
        "offset",
        "operation",
        "scale",
    }
    not_sizes |= {
        "array",
        "inputs",
        "learned",
    }  # the array's sides are those of the inputs that it meets
    not_sizes |= {"kind", "made", "stored"}  # of a Copy, which says what it writes
    not_sizes |= {"shared_axes", "target_shape", "transpose_b"}
    assert named - not_sizes == set(NUMBERED) - {"channels"}


@pytest.mark.parametrize(
    ("layer", "field", "formula"),
    [
        (Conv2D(f, k), "macs", k**2 * c * f * h * w),
        (Conv2D(f, k, strides=t), "macs", k**2 * c * f * h * w / t**2),
        (Conv2D(f, k, padding="valid"), "macs", k**2 * c * f * (h - k + 1) * (w - k + 1)),
        (Conv2D(f, k), "params", k**2 * c * f + f),
        (Conv2D(f, (k, s), groups=g), "params", k * s * c * f / g + f),
        (Conv2D(f, 4), "macs_in_bounds", (4 * h - 4) * (4 * w - 4) * c * f),
        (Conv2D(f, 4, strides=2), "macs_in_bounds", (2 * h - 2) * (2 * w - 2) * c * f),
        (Conv2D(f, 3), "macs_in_bounds", (3 * h - 2) * (3 * w - 2) * c * f),
        (Conv2DTranspose(f, k, strides=t), "macs", k**2 * c * f * h * w),
        (Conv2DTranspose(f, k, strides=t), "params", k**2 * c * f + f),
        (Conv2DTranspose(f, 2, strides=2), "macs_in_bounds", 4 * c * f * h * w),
        (UpSampling2D((s, t)), "writes", s * t * h * w * c),
        (UpSampling2D(s), "reads", h * w * c),
        (UpSampling2D(s, "bilinear"), "elementwise", 7 * s**2 * h * w * c),
        (MaxPooling2D(2), "elementwise", 3 * h * w * c / 4),
        (AveragePooling2D(2), "elementwise", h * w * c),
    ],
    ids=str,
)
def test_a_layer_of_letters_has_the_textbook_formula(
    layer: Layer, field: str, formula: sp.Expr
) -> None:
    assert sp.expand(getattr(layer.cost(Tensor(h, w, c)), field) - formula) == 0


def test_the_question_upsampling_is_quadratic_in_the_side() -> None:
    x, up, conv = Tensor(n, n, c), UpSampling2D(2), Conv2D(f, k)
    assert up.cost(x).writes == 4 * c * n**2
    assert up.cost(x).flops == 0
    assert conv.cost(up.output(x)).macs / conv.cost(x).macs == 4
    assert up.cost(x).writes / conv.cost(up.output(x)).macs == 1 / (k**2 * f)


def test_a_strided_window_larger_than_any_number_keeps_its_sum_and_can_still_be_evaluated() -> None:
    cost = Conv2D(f, k, strides=t).cost(Tensor(h, w, c))
    assert cost.at(h=20, w=24, c=1, f=1, k=7, t=4) == Conv2D(1, 7, strides=4).cost(
        Tensor(20, 24, 1)
    )


@cache
def pix2pix(*sizes: Any) -> tuple[Network, Cost]:
    net = pix2pix_unet(*sizes)
    return net, net.total()


@cache
def classic(*sizes: Any) -> tuple[Network, Cost]:
    net = classic_unet(*sizes)
    return net, net.total()


def agree(lettered: tuple[Network, Cost], built: Network, values: dict[str, int]) -> None:
    net, total = lettered
    assert total.at(**values) == built.total()
    assert net.at(**values).steps == built.steps


small = st.integers(1, 3)


@settings(max_examples=20)
@given(
    a=small,
    b=small,
    channels=small,
    out=small,
    base=small,
    kernel=st.integers(1, 5),
    doublings=st.integers(0, 3),
)
def test_asked_network_with_every_size_a_letter(
    a: int, b: int, channels: int, out: int, base: int, kernel: int, doublings: int
) -> None:
    for depth in (doublings + 2, doublings + 3):  # the regime that the letters ask for
        # in-bounds counts hold where every map is at least as large as the kernel
        sides = [2**depth * kernel * x for x in (a, b)]
        values = {
            "H": sides[0],
            "W": sides[1],
            "C_in": channels,
            "C_out": out,
            "g": base,
            "k": kernel,
        }
        built = pix2pix_unet(tuple(sides), channels, out, base, kernel, depth, doublings)
        agree(
            pix2pix((H, W), C_in, C_out, g, k, L, q), built, {**values, "L": depth, "q": doublings}
        )
        agree(pix2pix((H, W), C_in, C_out, g, k, depth, doublings), built, values)


@settings(max_examples=20)
@given(depth=st.integers(5, 8), kernel=st.integers(2, 4), base=small, channels=small)
def test_a_depth_that_is_a_letter_with_doublings_that_are_not(
    depth: int, kernel: int, base: int, channels: int
) -> None:
    net = pix2pix(N, C, None, g, kernel, L, 3)
    built = pix2pix_unet(4 * 2**depth, channels, base_filters=base, kernel_size=kernel, depth=depth)
    agree(net, built, {"N": 4 * 2**depth, "C": channels, "g": base, "L": depth})


@settings(max_examples=20)
@given(depth=st.integers(2, 7), kernel=st.integers(1, 4), base=small, channels=small)
def test_filters_that_never_stop_doubling(
    depth: int, kernel: int, base: int, channels: int
) -> None:
    net = pix2pix(N, C, None, g, k, L, None)
    built = pix2pix_unet(
        4 * 2**depth, channels, base_filters=base, kernel_size=kernel, depth=depth, doublings=None
    )
    values = {"N": 4 * 2**depth, "C": channels, "g": base, "L": depth, "k": kernel}
    agree(net, built, values)


@settings(max_examples=20)
@given(
    depth=st.integers(1, 5),
    kernel=st.integers(1, 4),
    base=small,
    channels=small,
    classes=small,
    up=st.sampled_from(["transpose", "upsample"]),
    padding=st.sampled_from(["same", "valid"]),
    a=small,
)
def test_classic_with_every_size_a_letter(
    depth: int, kernel: int, base: int, channels: int, classes: int, up: str, padding: str, a: int
) -> None:
    lost = 2 * (kernel - 1) if padding == "valid" else 0
    rows, columns = ((8 * lost + kernel + a + i) * 2**depth - lost for i in range(2))
    built = classic_unet((rows, columns), channels, classes, base, kernel, depth, up, padding)
    values = {"H": rows, "W": columns, "c": channels, "f": classes, "g": base, "L": depth}
    agree(classic((H, W), c, f, g, kernel, L, up, padding), built, values)
    if (
        lost or padding == "same"
    ):  # for the letter k something is cropped, for a 1 x 1 kernel nothing
        agree(classic((H, W), c, f, g, k, L, up, padding), built, {**values, "k": kernel})


def test_some_letters_may_stay() -> None:
    net = pix2pix((H, W), C_in, C_out, g, k, L, q)[0].at(g=64, k=4, L=7, q=3)
    assert net.total() == pix2pix_unet((H, W), C_in, C_out).total()
    half = Conv2D(f, k).cost(Tensor(n, n, c)).at(k=3)
    assert half == Conv2D(f, 3).cost(Tensor(n, n, c))
    assert isinstance(half, Cost)


def test_a_letter_may_take_the_place_of_a_letter() -> None:
    assert Conv2D(f, k).cost(Tensor(n, n, c)).at(f=c, n=N / 2).macs == k**2 * c**2 * N**2 / 4
