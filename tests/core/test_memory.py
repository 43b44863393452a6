"""Memory: the staircase of live maps and what training keeps = what Python, Keras and PyTorch really hold."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.cases import LAYERS
from tests.core.test_counting import SMALL_NETWORKS
from tests.core.test_errors import check
from tools.in_keras import in_keras
from unet_complexity import (
    Activation,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    LeakyReLU,
    MaxPooling2D,
    Network,
    ReLU,
    Step,
    Tensor,
    UpSampling2D,
    classic_unet,
    kept,
    peak,
    pix2pix_unet,
)
from unet_complexity.counting import as_map, count
from unet_complexity.layers import Add, AveragePooling2D, Dropout, Layer
from unet_complexity.memory import live
from unet_complexity.symbols import C, C_in, C_out, L, N, g, k, q

ASKED = pix2pix_unet(side=256, in_channels=3)
CLASSIC = classic_unet(side=256)


# What is held, said by what really holds it: Python frees a map when nothing refers to it any more.


class Ledger:
    """Adds up what is alive of all that it was shown."""

    def __init__(self) -> None:
        self.now, self.seen, self.known = 0, list[int](), weakref.WeakSet[Any]()

    def hold(self, thing: Any, elements: int) -> Any:
        if thing not in self.known:
            self.known.add(thing)
            self.now += elements
            weakref.finalize(thing, self.free, elements)
        return thing

    def free(self, elements: int) -> None:
        self.now -= elements

    def look(self) -> None:
        self.seen.append(self.now)


class Held(list):  # a list that can be watched
    __hash__ = object.__hash__


class Loops:
    """Runs layers with the counting loops."""

    def __init__(self) -> None:
        self.ledger = Ledger()

    def start(self, x: Tensor) -> Any:
        return self.ledger.hold(Held(as_map(x)), x.size)

    def run(self, layer: Layer, *maps: Any) -> Any:
        out = count(layer, *maps).output
        if not isinstance(out, Held):  # a dropout hands on what it was given
            out = Held(out)
        self.ledger.hold(out, sum(len(pixel) for row in out for pixel in row))
        self.ledger.look()
        return out


class Eager:
    """Runs layers in Keras, one after the other."""

    def __init__(self, keras: ModuleType) -> None:
        self.keras, self.ledger = keras, Ledger()

    def start(self, x: Tensor) -> Any:
        return self.hold(self.keras.ops.zeros((1, x.height, x.width, x.channels)))

    def hold(self, array: Any) -> Any:
        weakref.finalize(array, self.ledger.free, array.size)
        self.ledger.now += array.size
        return array

    def run(self, layer: Layer, *maps: Any) -> Any:
        out = self.hold(in_keras(self.keras, layer)(maps[0] if len(maps) == 1 else list(maps)))
        self.ledger.look()
        return out


class Torch:
    """Runs layers in PyTorch, on the "meta" device: maps with shapes and owners, but without numbers."""

    def __init__(self, torch: ModuleType) -> None:
        self.torch, self.ledger, self.params = torch, Ledger(), list[Any]()

    def start(self, x: Tensor) -> Any:
        return self.hold(self.torch.empty(1, x.channels, x.height, x.width, device="meta"))

    def hold(self, x: Any) -> Any:
        self.ledger.hold(x.untyped_storage(), x.numel())
        return x

    def weight(self, *shape: int) -> Any:
        self.params.append(self.torch.empty(shape, device="meta", requires_grad=True))
        return self.params[-1]

    def run(self, layer: Layer, *maps: Any) -> Any:
        out = self.hold(self.forward(layer, *maps))
        self.ledger.look()
        return out

    def forward(self, layer: Any, *maps: Any) -> Any:
        F = self.torch.nn.functional
        ways: dict[type[Layer], Callable[..., Any]] = {
            Conv2D: lambda x: self.convolve(layer, x),
            Conv2DTranspose: lambda x: F.conv_transpose2d(
                x,
                self.weight(x.shape[1], layer.filters, *layer.kernel_size),
                self.weight(layer.filters),
                layer.strides,
            ),
            BatchNormalization: lambda x: F.batch_norm(
                x, None, None, self.weight(x.shape[1]), self.weight(x.shape[1]), training=True
            ),
            # in place, so that PyTorch keeps the output, as it does for ReLU and tanh
            LeakyReLU: lambda x: F.leaky_relu(x.clone(), layer.negative_slope, inplace=True),
            ReLU: F.relu,
            Activation: getattr(F, getattr(layer, "activation", ""), None),
            Dropout: lambda x: F.dropout(x, layer.rate),
            MaxPooling2D: lambda x: F.max_pool2d(x, layer.pool_size),
            UpSampling2D: lambda x: F.interpolate(x, scale_factor=layer.size, mode="nearest"),
            Concatenate: lambda *maps: self.torch.cat(maps, 1),
            Add: lambda *maps: sum(maps[1:], start=maps[0]),
        }
        return ways[type(layer)](*maps)

    def convolve(self, layer: Any, x: Any) -> Any:
        assert layer.kernel_size[0] % 2, "PyTorch pads even kernels into a copy, and keeps that"
        weight = self.weight(layer.filters, x.shape[1], *layer.kernel_size)
        return self.torch.nn.functional.conv2d(
            x, weight, self.weight(layer.filters), layer.strides, layer.kernel_size[0] // 2
        )

    @contextmanager
    def saving(self) -> Iterator[dict[Any, int]]:
        """All maps that PyTorch saves for the backward pass, each once; not weights, nor statistics per channel."""
        saved, alive = dict[Any, int](), list[Any]()

        def pack(x: Any) -> Any:
            alive.append(x)
            owned = [p.untyped_storage()._cdata for p in self.params]
            # the positions of largest elements are whole numbers, and PyTorch's own way to find them
            if (
                x.ndim == 4
                and x.dtype != self.torch.int64
                and x.untyped_storage()._cdata not in owned
            ):
                saved[x.untyped_storage()._cdata] = x.numel()
            return x

        with self.torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
            yield saved


# Both networks as a user would write them, without names, letters or lists of readers.


def classic_by_hand(
    on: Any, side: int, g: int = 2, k: int = 3, depth: int = 4, up: str = "transpose"
) -> Any:
    x, skips = on.start(Tensor(side, side, 1)), []
    for filters in [g * 2**l for l in range(depth + 1)]:
        if skips:
            x = on.run(MaxPooling2D(2), x)
        for _ in range(2):
            x = on.run(Conv2D(filters, k), x)
            x = on.run(ReLU(), x)
        skips.append(x)
    skips.pop()
    for filters in [g * 2**l for l in reversed(range(depth))]:
        if up == "transpose":
            x = on.run(Conv2DTranspose(filters, 2, 2), x)
        else:
            x = on.run(UpSampling2D(2), x)
            x = on.run(Conv2D(filters, k), x)
        x = on.run(Concatenate(), skips.pop(), x)
        for _ in range(2):
            x = on.run(Conv2D(filters, k), x)
            x = on.run(ReLU(), x)
    return on.run(Conv2D(2, 1), x)


def asked_by_hand(on: Any, side: int, g: int = 1, k: int = 4, channels: int = 3) -> Any:
    x, skips = on.start(Tensor(side, side, channels)), []
    for filters in (g, 2 * g, 4 * g, 8 * g, 8 * g, 8 * g, 8 * g):
        x = on.run(Conv2D(filters, k, 2), x)
        x = on.run(LeakyReLU(0.2), x)
        if skips:
            x = on.run(BatchNormalization(), x)
        skips.append(x)
    skips.pop()
    for filters in (8 * g, 8 * g, 8 * g, 4 * g, 2 * g, g):
        x = on.run(UpSampling2D(2), x)
        x = on.run(Conv2D(filters, k), x)
        x = on.run(ReLU(), x)
        x = on.run(BatchNormalization(), x)
        x = on.run(Concatenate(), x, skips.pop())
    x = on.run(UpSampling2D(2), x)
    x = on.run(Conv2D(channels, k), x)
    return on.run(Activation("tanh"), x)


def staircase(net: Network, training: bool = False) -> list[Any]:
    return [moment.elements for moment in live(net, training)]


CLASSICS = [
    (side, depth, up)
    for up in ("transpose", "upsample")
    for side, depth in ((8, 1), (8, 3), (16, 4))
]


@pytest.mark.parametrize(("side", "depth", "up"), CLASSICS)
def test_the_staircase_of_the_classic_unet_is_what_python_holds(
    side: int, depth: int, up: str
) -> None:
    loops = Loops()
    classic_by_hand(loops, side, g=1, k=1, depth=depth, up=up)  # no map depends on k
    assert loops.ledger.seen == staircase(classic_unet(side, base_filters=1, depth=depth, up=up))


def test_the_staircase_of_the_asked_network_is_what_python_holds() -> None:
    loops = Loops()
    asked_by_hand(loops, 128, k=1, channels=1)
    assert loops.ledger.seen == staircase(pix2pix_unet(128, 1, base_filters=1))


@pytest.mark.parametrize("up", ["transpose", "upsample"])
def test_the_staircase_of_the_classic_unet_is_what_keras_holds(keras: ModuleType, up: str) -> None:
    eager = Eager(keras)
    classic_by_hand(eager, 32, up=up)
    assert eager.ledger.seen == staircase(classic_unet(32, base_filters=2, up=up))


def test_the_staircase_of_the_asked_network_is_what_keras_holds(keras: ModuleType) -> None:
    eager = Eager(keras)
    asked_by_hand(eager, 128)
    assert eager.ledger.seen == staircase(pix2pix_unet(128, 3, base_filters=1))


BY_HAND: dict[str, tuple[Network, Callable[[Any], Any]]] = {
    "asked": (ASKED, lambda on: asked_by_hand(on, 256, g=64, k=3)),
    "classic": (CLASSIC, lambda on: classic_by_hand(on, 256, g=64)),
    "classic, upsampled": (
        classic_unet(256, up="upsample"),
        lambda on: classic_by_hand(on, 256, g=64, up="upsample"),
    ),
    **{
        f"classic, depth {depth}": (
            classic_unet(64, base_filters=8, depth=depth),
            lambda on, depth=depth: classic_by_hand(on, 64, g=8, depth=depth),
        )
        for depth in (1, 2, 3, 5)
    },
}


@pytest.mark.parametrize(("net", "by_hand"), BY_HAND.values(), ids=BY_HAND)
def test_the_staircase_at_full_size_is_what_pytorch_holds(
    torch: ModuleType, net: Network, by_hand: Callable[[Any], Any]
) -> None:
    on = Torch(torch)
    with torch.no_grad():
        by_hand(on)
    assert on.ledger.seen == staircase(net)


@pytest.mark.parametrize(("net", "by_hand"), BY_HAND.values(), ids=BY_HAND)
def test_what_training_keeps_is_what_pytorch_saves(
    torch: ModuleType, net: Network, by_hand: Callable[[Any], Any]
) -> None:
    on = Torch(torch)
    with on.saving() as saved:
        out = by_hand(on)
    assert sum(saved.values()) == kept(net).elements
    assert out.requires_grad  # and it could go back


@pytest.mark.parametrize(("net", "by_hand"), BY_HAND.values(), ids=BY_HAND)
def test_the_staircase_of_training_is_what_pytorch_holds(
    torch: ModuleType, net: Network, by_hand: Callable[[Any], Any]
) -> None:
    on = Torch(torch)
    out = by_hand(on)
    assert on.ledger.seen == staircase(net, training=True)
    del out
    assert on.ledger.now == 0


# Random networks: any map may be read by any later step, more than once, or never.

SHAPE_KEEPERS: list[Callable[[int], Layer]] = [
    lambda f: Conv2D(f, 1),
    lambda f: Conv2D(f, 3),
    lambda f: ReLU(),
    lambda f: Activation("tanh"),
    lambda f: BatchNormalization(),
    lambda f: Dropout(0.5),
]


@st.composite
def networks(draw: Any) -> Network:
    shapes = {"input": Tensor(draw(st.sampled_from([2, 4])), 4, draw(st.integers(1, 3)))}
    steps = []
    for i in range(draw(st.integers(1, 8))):
        source = draw(st.sampled_from(sorted(shapes)))
        x = shapes[source]
        alike = [name for name in shapes if shapes[name] == x]
        choices: list[Any] = [*SHAPE_KEEPERS, Concatenate, Add] + [MaxPooling2D] * (
            x.height % 2 == x.width % 2 == 0
        )
        choices += [UpSampling2D, Conv2DTranspose] * (x.height * x.width < 64)
        kind = draw(st.sampled_from(choices))
        sources = [source, draw(st.sampled_from(alike))] if kind in (Concatenate, Add) else [source]
        filters = draw(st.integers(1, 3))
        layer = kind() if kind in (Concatenate, Add, MaxPooling2D, UpSampling2D) else None
        layer = layer or (
            Conv2DTranspose(filters, 2, 2) if kind is Conv2DTranspose else kind(filters)
        )
        inputs = tuple(shapes[name] for name in sources)
        steps.append(Step(f"s{i}", layer, inputs, tuple(sources), 0, "b", "encoder"))
        shapes[f"s{i}"] = steps[-1].output
    return Network("random", shapes["input"], tuple(steps))


def execute(net: Network, on: Any, frees: bool = True) -> None:
    """Runs the steps, and lets go of a map when the last of its readers was served."""
    readers = Counter(source for step in net for source in step.sources)
    maps = {"input": on.start(net.input)}
    for step in net:
        maps[step.name] = on.run(step.layer, *[maps[source] for source in step.sources])
        readers.subtract(step.sources)
        maps = {name: x for name, x in maps.items() if readers[name] or not frees}


@settings(max_examples=200)
@given(networks())
def test_the_staircase_of_any_network_is_what_python_holds(net: Network) -> None:
    loops = Loops()
    execute(net, loops)
    assert loops.ledger.seen == staircase(net)
    assert peak(net).elements == max(loops.ledger.seen)


@pytest.mark.parametrize("net", SMALL_NETWORKS.values(), ids=SMALL_NETWORKS)
def test_the_staircase_of_cropped_and_rectangular_networks_is_what_python_holds(
    net: Network,
) -> None:
    loops = Loops()
    execute(net, loops)
    assert loops.ledger.seen == staircase(net)


def test_what_training_of_any_network_keeps_is_what_pytorch_saves(torch: ModuleType) -> None:
    @settings(max_examples=150)
    @given(networks())
    def check_one(net: Network) -> None:
        on = Torch(torch)
        with on.saving() as saved:
            maps = {"input": on.start(net.input).requires_grad_()}
            for step in net:
                maps[step.name] = on.run(step.layer, *[maps[source] for source in step.sources])
        assert sum(saved.values()) == kept(net).elements

    check_one()


@settings(max_examples=200)
@given(networks())
def test_training_holds_at_least_what_inference_holds_and_what_it_keeps(net: Network) -> None:
    here, there = staircase(net), staircase(net, training=True)
    assert all(a <= b for a, b in zip(here, there, strict=True))
    assert kept(net).elements <= there[-1]


# The numbers of the notebooks, and letters.


@pytest.mark.parametrize(
    ("net", "keeps", "most", "at", "most_in_training"),
    [
        (ASKED, 21_432_320, 10_485_760, "out.up", 23_332_864),
        (CLASSIC, 49_741_824, 16_777_216, "dec0.skip", 53_936_128),
        (classic_unet(256, up="upsample"), 65_470_464, 16_777_216, "dec0.upconv", 69_664_768),
        (classic_unet(572, padding="valid"), 163_087_376, 41_840_640, "dec3.skip", 172_722_192),
    ],
    ids=["asked", "classic", "classic, upsampled", "classic, valid"],
)
def test_exact_numbers(net: Network, keeps: int, most: int, at: str, most_in_training: int) -> None:
    top = peak(net)
    assert kept(net).elements == keeps
    assert top.step is not None
    assert (top.elements, top.step.name) == (most, at)
    assert peak(net, training=True).elements == most_in_training
    assert (top.bytes(), top.bytes("float16"), kept(net).bytes("float64")) == (
        4 * most,
        2 * most,
        8 * keeps,
    )


def test_what_is_held_at_the_peak() -> None:
    full = 256 * 256 * 64
    assert peak(CLASSIC).maps == {"enc0.act2": full, "dec0.upconv": full, "dec0.skip": 2 * full}
    assert peak(CLASSIC).waiting == {}
    assert live(CLASSIC)[-4].waiting == {}
    deepest = next(
        moment for moment in live(CLASSIC) if moment.step and moment.step.name == "bottleneck.conv1"
    )
    assert deepest.waiting == {
        "enc0.act2": full,
        "enc1.act2": full // 2,
        "enc2.act2": full // 4,
        "enc3.act2": full // 8,
    }
    assert kept(CLASSIC).waiting == kept(CLASSIC).maps
    assert repr(kept(CLASSIC)) == "<49,741,824 elements for the backward pass, in 27 maps>"


@pytest.mark.parametrize("depth", range(1, 7))
def test_closed_forms_of_the_classic_unet_hold_at_every_depth(depth: int) -> None:
    net = classic_unet(N, C_in, 2, g, k, depth)
    closed = N**2 * (C_in + g * (25 - 21 * 2**-depth) / 2)
    assert (kept(net).elements - closed).equals(0)
    assert peak(classic_unet(N, 1, 2, g, k, depth)).elements == 4 * g * N**2
    values = {"N": 64, "g": 4, "k": 3}
    assert (
        kept(net).elements.subs({C_in: 3, N: 64, g: 4}) == kept(net.at(C_in=3, **values)).elements
    )


@settings(max_examples=40)
@given(
    st.integers(1, 4),
    st.integers(1, 9),
    st.integers(1, 3),
    st.sampled_from(["transpose", "upsample"]),
)
def test_a_formula_is_what_numbers_give(m: int, filters: int, depth: int, up: str) -> None:
    lettered = classic_unet(N, 1, 2, g, k, depth, up)
    built = classic_unet(2**depth * m, 1, 2, filters, 3, depth, up)
    values = {N: 2**depth * m, g: filters}
    assert peak(lettered).elements.subs(values) == peak(built).elements
    assert kept(lettered).elements.subs(values) == kept(built).elements
    assert [x.subs(values) for x in staircase(lettered)] == staircase(built)


@pytest.mark.parametrize(
    "net", [ASKED, CLASSIC, classic_unet(64, up="upsample")], ids=["asked", "classic", "upsampled"]
)
def test_memory_depends_on_no_kernel(net: Network) -> None:
    assert net.recipe is not None
    for size in (1, 2, 5):
        other = net.recipe.func(**net.recipe.keywords | {"kernel_size": size})
        assert staircase(other, training=True) == staircase(net, training=True)
        assert staircase(other) == staircase(net)


def test_every_layer_says_what_its_gradient_reads() -> None:
    assert [kind.__name__ for kind in LAYERS if kind.gradient_reads is None] == []
    assert (Activation("linear").gradient_reads, Activation("relu").gradient_reads) == (
        "nothing",
        "output",
    )


class Silent(Layer):
    def output(self, *inputs: Tensor) -> Tensor:
        return inputs[0]


X = Tensor(4, 4, 1)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: kept(classic_unet(depth=L)),
            ValueError,
            "memory needs numbers for the depth and its doublings ... got levels 1 ... L - 1; ... network.at(L=4)",
        ),
        (
            lambda: peak(pix2pix_unet(depth=L)),
            ValueError,
            "got levels 5 ... L; call at(...) first ... at(L=4)",
        ),
        (
            lambda: live(pix2pix_unet(doublings=q)),
            ValueError,
            "got levels 2 ... q + 1 ... network.at(q=4)",
        ),
        (
            lambda: peak(pix2pix_unet()),
            ValueError,
            "which step holds most may depend on what the letters of pix2pix U-Net stand for, "
            "got 160*N**2 at out.up; N**2*(C + 128) at out.conv; 2*C*N**2 at out.act; give more numbers",
        ),
        (
            lambda: peak(classic_unet(classes=C_out)),
            ValueError,
            "got 256*N**2 at dec0.skip; N**2*(C_out + 64) at head.conv; give",
        ),
        (
            lambda: peak(classic_unet(padding="valid", in_channels=C)),
            ValueError,
            "; and ... more; give more numbers",
        ),
        (
            lambda: live(CLASSIC.only(Conv2D)),
            ValueError,
            "memory needs the whole network ... got enc0.conv2 without enc0.act1; call it before only(...)",
        ),
        (
            lambda: kept(
                Network("mine", X, (Step("a", Silent(), (X,), ("input",), 0, "b", "encoder"),))
            ),
            TypeError,
            "a layer must say what its gradient reads, got None from Silent; give Silent a gradient_reads of 'inputs'",
        ),
        (
            lambda: peak(CLASSIC).bytes("int4"),
            ValueError,
            "dtype must be one of 'float64' ... got 'int4'; try 'float64'",
        ),
    ],
)
def test_what_cannot_be_said_is_refused(
    call: Callable[[], Any], error: type[Exception], words: str
) -> None:
    check(call, error, words)


def test_averages_keep_nothing_and_a_dropout_keeps_a_mask() -> None:
    steps = (
        Step("a", AveragePooling2D(2), (X,), ("input",), 0, "b", "encoder"),
        Step("b", Dropout(0.5), (Tensor(2, 2, 1),), ("a",), 0, "b", "encoder"),
    )
    net = Network("mine", X, steps)
    assert kept(net).maps == {"b mask": 4}
    assert staircase(net) == [20, 4]  # at inference it is not there
    assert staircase(net, training=True) == [20, 12]
