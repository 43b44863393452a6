"""Bad input: which error, and that its words give the broken rule, the value, and what would work instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp

from unet_complexity import (
    Activation,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Cost,
    MaxPooling2D,
    Tensor,
    UpSampling2D,
    classic_unet,
    pix2pix_unet,
)
from unet_complexity.counting import count
from unet_complexity.engineering.layers import GlobalAveragePooling2D, Rescaling, Reshape
from unet_complexity.layers import Add, Cropping2D, DepthToSpace, Dropout, ZeroPadding2D
from unet_complexity.symbols import C, L, N, W, as_pair, c, f, g, k, letter, n, q, s

X = Tensor(8, 8, 4)


def table(*rows: tuple[str, Callable[[], Any], type[Exception], str]) -> Any:
    return pytest.mark.parametrize(
        ("call", "error", "words"), [row[1:] for row in rows], ids=[row[0] for row in rows]
    )


def check(call: Callable[[], Any], error: type[Exception], words: str) -> None:
    """``words``: pieces of the message, in order, with " ... " between them."""
    pattern = ".*".join(map(re.escape, words.split(" ... ")))
    with pytest.raises(error, match=f"(?s){pattern}"):
        call()


@table(
    ("zero", lambda: Tensor(0, 8, 3), ValueError, "height must be at least 1, got 0; try 1"),
    ("negative", lambda: Tensor(8, -256, 3), ValueError, "width must be at least 1, got -256; try 256"),
    ("a float", lambda: Tensor(8, 8, 3.0), TypeError, "channels must be a whole number ... got 3.0 (float); try 3"),
    ("half", lambda: Tensor(0.5, 8, 3), TypeError, "height must be a whole number ... got 0.5 (float); try 1"),
    ("a boolean", lambda: Tensor(True, 8, 3), TypeError, "height must be ... got True (bool); try 1"),
    ("NumPy's boolean", lambda: Tensor(np.True_, 8, 3), TypeError, "height must be ... got np.True_ (bool); try 1"),
    ("SymPy's boolean", lambda: Tensor(sp.true, 8, 3), TypeError, "height must be ... got True (BooleanTrue)"),
    ("not a number", lambda: Tensor(float("nan"), 8, 3), TypeError, "height must be ... got nan (float); try 1"),
    ("infinite", lambda: Tensor(float("inf"), 8, 3), TypeError, "height must be ... got inf (float); try 1"),
    ("a string", lambda: Tensor("256", 8, 3), TypeError, "height must be ... got '256' (str); try 256"),
    ("a name", lambda: Tensor("N", 8, 3), TypeError, "height must be ... got 'N' (str); try 1"),
    ("nothing", lambda: Tensor(None, 8, 3), TypeError, "height must be ... got None (NoneType); try 1"),
    ("an array", lambda: Tensor(np.array([1, 2]), 8, 3), TypeError, "height must be ... got array([1, 2])"),
    ("SymPy's float", lambda: Tensor(sp.Float(2), 8, 3), TypeError, "height must be ... got 2.0 ... (Float); try 2"),
    ("a fraction", lambda: Tensor(sp.Rational(7, 2), 8, 3), TypeError, "height must be ... got 7/2 ... try 3"),
    ("SymPy's infinity", lambda: Tensor(sp.oo, 8, 3), TypeError, "height must be ... got oo (Infinity); try 1"),
    ("SymPy's nan", lambda: Tensor(sp.nan, 8, 3), TypeError, "height must be ... got nan (NaN); try 1"),
    ("pi", lambda: Tensor(sp.pi, 8, 3), TypeError, "height must be ... got pi (Pi); try 3"),
    ("a relation", lambda: Tensor(N > 3, 8, 3), TypeError, "height must be ... got N > 3"),
    ("a float times a letter", lambda: Tensor(0.5 * N, 8, 3), TypeError, "height must be exact, got 0.5*N; try N/2"),
    ("a negative letter", lambda: Tensor(-N, 8, 3), ValueError, "height must be at least 1, got -N; try N"),
    ("a letter without assumptions", lambda: Tensor(sp.Symbol("N"), 8, 3), ValueError,
     "height uses the letter N, which SymPy does not know to be a positive whole number ... "
     "unet_complexity.symbols or Symbol('N', integer=True, positive=True)"),
    ("a letter for a real", lambda: Conv2D(sp.Symbol("x", positive=True), 3), ValueError, "filters uses the letter x"),
    ("too much dropout", lambda: Dropout(2.0), ValueError,
     "Dropout: rate must be a fraction from 0 to 1, got 2.0; try 0.5"),
    ("kernel 0", lambda: Conv2D(4, 0), ValueError, "kernel_size must be at least 1, got 0; try 1"),
    ("stride 0", lambda: Conv2D(4, 3, strides=(1, 0)), ValueError, "strides must be at least 1, got 0"),
    ("no filters", lambda: Conv2DTranspose(0, 3), ValueError, "filters must be at least 1, got 0"),
    ("three axes", lambda: Conv2D(4, (1, 2, 3)), ValueError, "kernel_size must be one size or (rows, columns), "
     "got (1, 2, 3); try (1, 1)"),
    ("no axis", lambda: as_pair((), "size"), ValueError, "size must be one size ... got (); try (1, 1)"),
    ("a border of three", lambda: ZeroPadding2D((1, 2, 3)), ValueError, "padding must be ... got (1, 2, 3)"),
    ("half a border", lambda: ZeroPadding2D(1.5), TypeError, "padding must be a whole number ... got 1.5"),
    ("a negative border", lambda: Cropping2D(-1), ValueError, "cropping must be at least 0, got -1; try 1"),
)  # fmt: skip
def test_what_is_no_size(call: Callable[[], Any], error: type[Exception], words: str) -> None:
    check(call, error, words)


@table(
    ("loud", lambda: Conv2D(4, 3, padding="SAME"), ValueError,
     "padding must be one of 'same', 'valid', got 'SAME'; try 'same'"),
    ("none", lambda: MaxPooling2D(2, padding=None), ValueError, "padding must be one of ... got None"),
    ("transposed", lambda: Conv2DTranspose(4, 3, padding="full"), ValueError, "padding must be one of ... got 'full'"),
    ("classic", lambda: classic_unet(64, padding="causal"), ValueError, "padding must be one of ... got 'causal'"),
    ("up", lambda: classic_unet(64, up="bilinear"), ValueError, "up must be one of 'transpose', 'upsample', got"),
    ("blend", lambda: UpSampling2D(2, "cubic"), ValueError, "must be one of 'nearest', 'bilinear', 'bicubic', got"),
    ("activation", lambda: Activation("maxout"), ValueError, "activation must be one of 'linear', ... got 'maxout'"),
    ("number type", lambda: Cost().bytes("float"), ValueError,
     "dtype must be one of 'float64', ... got 'float'; try 'float64'"),
    ("grouping", lambda: pix2pix_unet().groups("colour"), ValueError,
     "by must be one of 'layer', 'block', 'level', 'part', got 'colour'"),
    ("table", lambda: pix2pix_unet().table("colour"), ValueError, "by must be one of ... got 'colour'"),
)  # fmt: skip
def test_what_is_no_choice(call: Callable[[], Any], error: type[Exception], words: str) -> None:
    check(call, error, words)


@table(
    ("concatenate", lambda: Concatenate().output(X, Tensor(7, 8, 4)), ValueError,
     "Concatenate: all inputs must have the same height and width, got 8 x 8 x 4 and 7 x 8 x 4; crop, pad or resample"),
    ("concatenate, letters", lambda: Concatenate().output(Tensor(n, n, c), Tensor(2 * n, n, c)), ValueError,
     "same height and width, got n x n x c and 2*n x n x c"),
    ("add", lambda: Add().cost(X, Tensor(8, 8, 5)), ValueError,
     "Add: all inputs must have the same shape, or 1 where they differ, got 8 x 8 x 4 and 8 x 8 x 5; make the"),
    ("one to concatenate", lambda: Concatenate().cost(X), TypeError, "Concatenate takes at least 2 inputs, got 1"),
    ("one to add", lambda: Add().output(X), TypeError, "Add takes at least 2 inputs, got 1"),
    ("two to convolve", lambda: Conv2D(1, 1).cost(X, X), TypeError, "Conv2D takes 1 input, got 2"),
    ("none to normalise", lambda: BatchNormalization().cost(), TypeError, "BatchNormalization takes 1 input, got 0"),
    ("a tuple", lambda: Conv2D(1, 1).cost((8, 8, 4)), TypeError,
     "Conv2D takes shapes as Tensor(height, width, channels), got (8, 8, 4)"),
    ("cut off", lambda: Conv2DTranspose(4, 3, 2, 9).output(X), ValueError,
     "something of the output must be left, got (9, 9) off 17 elements; cut less off"),
    ("groups and filters", lambda: Conv2D(4, 3, groups=3), ValueError, "groups must divide filters, got 4 and 3"),
    ("groups and channels", lambda: Conv2D(3, 3, groups=3).output(X), ValueError,
     "groups must divide the channels, got 4 and 3; try groups=1"),
    ("stride and dilation", lambda: Conv2D(4, 3, strides=2, dilation_rate=2), ValueError,
     "strides and dilation_rate may not both differ from 1"),
    ("window", lambda: Conv2D(4, 9, padding="valid").output(X), ValueError,
     "the window must fit: it spans 9 elements, the map has 8; try padding='same' or a side of at least 9"),
    ("dilated window", lambda: Conv2D(4, (1, 4), padding="valid", dilation_rate=3).cost(X), ValueError,
     "it spans 10 elements, the map has 8"),
    ("pool", lambda: MaxPooling2D((1, 9)).cost(X), ValueError, "the window must fit: it spans 9 elements"),
    ("crop", lambda: Cropping2D(((4, 4), (0, 0))).output(X), ValueError,
     "Cropping2D: something must be left, got ((4, 4), (0, 0)) off 8 x 8 x 4; crop less than the side"),
    ("cost of a shape", lambda: Reshape((7, 7, 2)).cost(X), ValueError,
     "Reshape: both shapes must hold as many elements, got 8 x 8 x 4 and 7 x 7 x 2; in the model, let one size be -1"),
    ("block", lambda: DepthToSpace(3).output(X), ValueError,
     "DepthToSpace: block_size^2 must divide the channels, got 4 and 9; try 9 channels"),
)  # fmt: skip
def test_what_does_not_fit_a_layer(
    call: Callable[[], Any], error: type[Exception], words: str
) -> None:
    check(call, error, words)


@table(
    ("too small", lambda: pix2pix_unet(100, 3), ValueError,
     "side must be a multiple of 2**depth = 128, got 100; sides near it that work: 128"),
    ("between", lambda: pix2pix_unet(300, 3), ValueError, "got 300; sides near it that work: 256 and 384"),
    ("one of two", lambda: pix2pix_unet((256, 257), 3), ValueError, "got 257; sides near it that work: 256 and 384"),
    ("too deep", lambda: pix2pix_unet(256, 3, depth=9), ValueError, "2**depth = 512, got 256 ... that work: 512"),
    ("classic", lambda: classic_unet(100), ValueError, "2**depth = 16, got 100; sides near it that work: 96 and 112"),
    ("valid", lambda: classic_unet(573, padding="valid"), ValueError,
     "side + 4 must be a multiple of 2**depth = 16, and large enough to shrink, got 573 ... work: 572 and 588"),
    ("shrinks away", lambda: classic_unet(20, padding="valid"), ValueError,
     "large enough to shrink, got 20; sides near it that work: 188"),
    ("no side", lambda: pix2pix_unet(0, 3), ValueError, "side must be at least 1, got 0; try 1"),
    ("true", lambda: pix2pix_unet(True, 3), TypeError, "side must be a whole number or a letter, got True (bool)"),
    ("a float", lambda: classic_unet(256.0), TypeError, "side must be a whole number ... got 256.0 (float); try 256"),
    ("three axes", lambda: pix2pix_unet((256, 256, 3)), ValueError, "side must be one size or (rows, columns)"),
    ("no depth", lambda: pix2pix_unet(256, 3, depth=0), ValueError, "depth must be at least 1, got 0; try 1"),
    ("a float's depth", lambda: classic_unet(256, depth=4.0), TypeError, "depth must be ... got 4.0 (float); try 4"),
    ("fewer than no doublings", lambda: pix2pix_unet(256, 3, doublings=-1), ValueError, "doublings must be at least 0"),
    ("no kernel", lambda: classic_unet(256, kernel_size=0), ValueError, "kernel_size must be at least 1, got 0"),
    ("no filters", lambda: pix2pix_unet(256, 3, base_filters=0), ValueError, "base_filters must be at least 1, got 0"),
    ("nothing left", lambda: pix2pix_unet().only(Add), ValueError,
     "no step of pix2pix U-Net is left; its layers are Activation, BatchNormalization, Concatenate, Conv2D"),
    ("a part", lambda: pix2pix_unet().only(Conv2D).at(N=256), ValueError,
     "pix2pix U-Net cannot be built anew here; call at(...) on the whole network, then choose"),
)  # fmt: skip
def test_what_makes_no_network(call: Callable[[], Any], error: type[Exception], words: str) -> None:
    check(call, error, words)


LAYER = Conv2D(f, k, strides=2).cost(Tensor(n, n, c))
HALF = "give values that obey, or build with numbers"


@table(
    ("no such letter", lambda: LAYER.at(Z=3), ValueError, "no letter is called 'Z'; the letters are N, H, W"),
    ("no such letter of a network", lambda: pix2pix_unet().at(side=256), ValueError, "no letter is called 'side'"),
    ("a network without letters", lambda: pix2pix_unet(256, 3).at(N=3), ValueError,
     "pix2pix U-Net has no letters, got ['N']; build it anew with the sizes you want"),
    ("a layer's name", lambda: pix2pix_unet(256, 3).only("Conv2D"), TypeError,
     "only() takes layer classes, got ('Conv2D',); try only(Conv2D)"),
    ("another network's letter", lambda: pix2pix_unet().at(k=3), ValueError,
     "pix2pix U-Net has the letters ['C', 'N'], got ['k']; give some of its letters"),
    ("letter", lambda: letter("x"), ValueError, "no letter is called 'x'; the letters are"),
    ("zero", lambda: LAYER.at(k=0), ValueError, "k must be at least 1, got 0; try 1"),
    ("a float", lambda: LAYER.at(n=8.0), TypeError, "n must be a whole number ... got 8.0 (float); try 8"),
    ("a side that a stride does not divide", lambda: LAYER.at(n=7), ValueError,
     "this formula holds where n/2 is a whole number, 1 or more, got {'n': 7}; give values that obey"),
    ("not whole, although all counts are", lambda: LAYER.at(n=7, k=2, c=1, f=1), ValueError, "holds where n/2 is"),
    ("a window that does not fit", lambda: Conv2D(f, k, padding="valid").cost(Tensor(n, n, c)).at(n=2, k=5), ValueError,
     "this formula holds where -k + n + 1 is a whole number, 1 or more, got {'n': 2, 'k': 5}"),
    ("a kernel far larger than the map", lambda: Conv2D(f, 8).cost(Tensor(n, n, c)).at(n=2), ValueError, "holds where"),
    ("too shallow for its doublings", lambda: pix2pix_unet(depth=L).total().at(L=3), ValueError,
     "this formula holds where L >= 5, got {'L': 3}; " + HALF),
    ("too shallow, both letters", lambda: pix2pix_unet(depth=L, doublings=q).total().at(L=3, q=3), ValueError,
     "holds where L >= q + 2"),
    ("too many doublings", lambda: pix2pix_unet(doublings=q).total().at(q=6), ValueError, "holds where 7 >= q + 2"),
    ("a side that 2**7 does not divide", lambda: pix2pix_unet().total().at(N=100), ValueError,
     "this formula holds where 128 divides the side, got {'N': 100}; " + HALF),
    ("a side that 2**L does not divide", lambda: pix2pix_unet(depth=L).total().at(N=256, L=9), ValueError,
     "holds where 2**L divides the side"),
    ("a part of it", lambda: pix2pix_unet(depth=L).only(Conv2D).total().at(L=4), ValueError, "holds where L >= 5"),
    ("its deepest levels", lambda: next(step for step in pix2pix_unet(depth=L) if step.span).cost.at(L=3), ValueError,
     "this formula holds where L >= 4, got {'L': 3}"),
    ("the same, by network", lambda: pix2pix_unet().at(N=100), ValueError, "got 100; sides near it that work: 128"),
    ("valid, too small", lambda: classic_unet(depth=L, padding="valid").total().at(N=60, L=4), ValueError,
     "holds where every map keeps a pixel"),
    ("padding beyond a kernel", lambda: Conv2D(1, 2, padding=W).cost(Tensor(8, 8, 1)).at(W=7), ValueError,
     "this formula holds where 3 - W is a whole number, 1 or more, got {'W': 7}; " + HALF),
    ("padding beyond every stride", lambda: Conv2D(5, 2, s, padding=3).cost(Tensor(8, 8, 1)), ValueError,
     "with letters no window may see padding alone, got 1 elements too many; "
     "pad or reach less, or give numbers in place of letters"),
    ("a stride beside a dilation", lambda: Conv2DTranspose(1, 5, s, 1, dilation_rate=3).cost(X), ValueError,
     "with letters the stride or the dilation must be 1 beside padding, got s and 3; set one to 1, or give numbers"),
    ("a pool that sees padding alone", lambda: MaxPooling2D(k, padding=2).cost(Tensor(n, n, 1)).at(n=8, k=2),
     ValueError, "holds where k - 2 is a whole number"),
    ("a block that does not divide", lambda: DepthToSpace(2).cost(Tensor(4, 4, N + 1)).at(N=8), ValueError,
     "this formula holds where N/4 + 1/4 is a whole number, 1 or more, got {'N': 8}; " + HALF),
    ("groups that do not divide a sum", lambda: Conv2D(4, 3, groups=2).cost(Tensor(4, 4, N + 1)).at(N=8), ValueError,
     "holds where N/2 + 1/2 is a whole number"),
    ("an input that shrinks away", lambda: GlobalAveragePooling2D().cost(Tensor(N - 3, 1, 1)).at(N=3), ValueError,
     "holds where N - 3 is a whole number, 1 or more"),
    ("one letter after the other", lambda: LAYER.at(k=20).at(n=2), ValueError,
     "this formula holds where 2*n - 17 is a whole number, 1 or more, got {'n': 2}"),
    ("half a letter", lambda: LAYER.at(f=N / 2).at(N=3), ValueError, "holds where N/2 is a whole number, 1 or more"),
    ("a network of a letter less 5", lambda: pix2pix_unet(base_filters=N - 5).total().at(N=3), ValueError, "holds"),
    ("repeated fewer than 0 times", lambda: (Cost() * (N - 5)).at(N=3), ValueError, "holds where N - 4 is a whole"),
    ("scaled by a letter", lambda: Rescaling(s), ValueError,
     "Rescaling: scale and offset must be numbers, got (s, 0.0); try 0.5"),
    ("a count that is not whole", lambda: Cost(macs=n**2 / 4).at(n=3), ValueError,
     "a count must be whole, got 9/4 from {'n': 3}; give a side that every stride divides"),
    ("repeated -1 times", lambda: Cost() * -1, ValueError, "the number of repetitions must be at least 0, got -1"),
    ("repeated 2.0 times", lambda: 2.0 * Cost(), TypeError, "the number of repetitions must be a whole number"),
    ("a number added", lambda: Cost() + 1, TypeError, "unsupported operand"),
)  # fmt: skip
def test_what_letters_may_not_be(
    call: Callable[[], Any], error: type[Exception], words: str
) -> None:
    check(call, error, words)


@table(
    ("a map that is a letter", lambda: count(Conv2D(1, 3), Tensor(n, 8, 1)), TypeError,
     "a loop needs numbers for sizes, got n x 8 x 1; put numbers in place of the letters"),
    ("a layer of letters", lambda: count(Conv2D(f, 3), X), TypeError, "a loop needs numbers for sizes, got Conv2D(f, "),
    ("a factor that is a letter", lambda: count(UpSampling2D(s), X), TypeError, "got UpSampling2D((s, s), nearest)"),
    ("a network of letters", lambda: count(pix2pix_unet(base_filters=g)), TypeError, "a loop needs numbers for sizes"),
    ("a depth that is a letter", lambda: count(pix2pix_unet(256, 3, depth=L)), TypeError, "call at(...) first"),
    ("a part of a network", lambda: count(pix2pix_unet(256, 3).only(Conv2D)), ValueError,
     "pix2pix U-Net lacks the steps ['d1.act', 'd2.bn', ... count the whole network"),
    ("no map", lambda: count(Conv2D(1, 3)), TypeError, "Conv2D takes 1 input, got 0"),
    ("maps that differ", lambda: count(Concatenate(), X, Tensor(4, 4, 4)), ValueError, "the same height and width"),
    ("a wrong weight", lambda: count(Conv2D(1, 3), Tensor(4, 4, 1), weights=[[[1]], [0]]), ValueError,
     "a weight must have the shape (3, 3, 1, 1), got (1, 1); give weights in Keras's order"),
    ("too few weights", lambda: count(Conv2D(1, 1), Tensor(2, 2, 1), weights=[[[[[1]]]]]), ValueError,
     "a weight of the shape (1,) is missing"),
    ("too many weights", lambda: count(UpSampling2D(2), X, weights=[[1]]), ValueError, "no use for the last 1 of the"),
)  # fmt: skip
def test_what_cannot_be_counted(
    call: Callable[[], Any], error: type[Exception], words: str
) -> None:
    check(call, error, words)


@pytest.mark.parametrize(
    "eight",
    [8, np.int64(8), np.uint8(8), np.array(8), sp.Integer(8)],
    ids=lambda x: type(x).__name__,
)
def test_whole_numbers_of_any_library_are_welcome(eight: Any) -> None:
    x = Tensor(eight, eight, eight)
    assert x == Tensor(8, 8, 8)
    assert type(x.height) is int
    conv = Conv2D(eight, eight, strides=(eight, eight)).cost(x)
    assert conv == Conv2D(8, 8, strides=8).cost(Tensor(8, 8, 8))
    assert all(
        type(getattr(conv, name)) is int for name in ("params", "macs", "macs_in_bounds", "reads")
    )
    assert pix2pix_unet(eight, 3, depth=3).total() == pix2pix_unet(8, 3, depth=3).total()
    assert Tensor(N, N, C).size.subs({N: 8, C: 8}) == x.size


def test_lists_are_as_good_as_tuples() -> None:
    assert Conv2D(4, [3, 5]) == Conv2D(4, (3, 5))
    assert pix2pix_unet([256, 128], 3).steps == pix2pix_unet((256, 128), 3).steps
    assert pix2pix_unet([N, 128], 3).at(N=256).steps == pix2pix_unet((256, 128), 3).steps
    assert ZeroPadding2D([[1, 2], [3, 4]]) == ZeroPadding2D(((1, 2), (3, 4)))


def test_a_wrong_word_would_be_noticed() -> None:
    with pytest.raises(AssertionError):
        check(lambda: Tensor(0, 1, 1), ValueError, "height must be at least 1, got 1")
