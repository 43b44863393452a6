"""What both readers share: names, levels and parts, what letters must obey, and what is held in memory."""

from __future__ import annotations

import pytest

from tests.core.test_errors import check
from unet_complexity import (
    Conv2D,
    Conv2DTranspose,
    MaxPooling2D,
    Network,
    ReLU,
    Tensor,
    UpSampling2D,
    kept,
)
from unet_complexity.engineering.layers import (
    Copy,
    Dense,
    GlobalAveragePooling2D,
    Reshape,
)
from unet_complexity.engineering.readers.reading import Reading
from unet_complexity.layers import Add, Dropout, Multiply, ZeroPadding2D
from unet_complexity.memory import live
from unet_complexity.symbols import H, N, W


def read(*layers: object, shape: Tensor | None = None) -> Network:
    """Layers one after the other, named a, b, c ...; a pair is a layer and a further source."""
    reading, last = Reading("net"), "image"
    reading.input(last, shape or Tensor(N, N, 3))
    for i, layer in enumerate(layers):
        one, *more = layer if isinstance(layer, tuple) else (layer,)
        name = chr(ord("a") + i)
        reading.add(name, one, [last, *more])
        last = name
    return reading.network([last])


def test_levels_and_parts_of_what_goes_down_and_up() -> None:
    net = read(
        Conv2D(4, 3, 2, 1),
        Conv2D(8, 3, 2, 1),
        ReLU(),
        Conv2DTranspose(4, 2, 2),
        (Add(), "a"),
        UpSampling2D(2),
    )
    assert [step.level for step in net] == [1, 2, 2, 1, 1, 0]
    assert [step.part for step in net] == [
        "encoder",
        "bottleneck",
        "bottleneck",
        "decoder",
        "decoder",
        "decoder",
    ]


def test_levels_and_parts_of_what_never_comes_up() -> None:
    net = read(
        Conv2D(4, 3, 2), MaxPooling2D(2), GlobalAveragePooling2D(), Reshape((1, 1, 4)), Dense(10)
    )
    assert [step.level for step in net] == [1, 2, 2, 2, 2]
    assert [step.part for step in net] == ["encoder", "encoder", "head", "head", "head"]


def test_what_is_squeezed_to_a_vector_beside_a_map_has_the_level_of_the_map() -> None:
    net = read(
        Conv2D(8, 3, 4), GlobalAveragePooling2D(), Conv2D(2, 1), Conv2D(8, 1), (Multiply(), "a")
    )
    assert [step.level for step in net] == [2, 2, 2, 2, 2]
    assert {step.part for step in net} == {"encoder"}


def test_a_map_of_one_pixel_that_convolutions_made_is_a_map() -> None:
    net = read(*[Conv2D(8, 4, 2, 1)] * 5, shape=Tensor(32, 32, 3))
    assert [step.level for step in net] == [1, 2, 3, 4, 5]


def test_what_is_a_map_again_has_its_level_again() -> None:
    net = read(
        Conv2D(8, 3, 2),
        Reshape((1, 64, 8)),
        Copy("Permute", Tensor(1, 8, 64)),
        Reshape((8, 8, 8)),
        shape=Tensor(16, 16, 3),
    )
    assert [step.level for step in net] == [1, 1, 1, 1]


def test_what_enlarges_has_negative_levels() -> None:
    assert [(step.level, step.part) for step in read(Conv2D(4, 3), UpSampling2D(2))] == [
        (0, "encoder"),
        (-1, "decoder"),
    ]


REGIMES = [
    (read(Conv2D(4, 3, 2, 1), Conv2D(4, 3, 2, 1)), "4 divides N"),
    (
        read(Conv2D(4, 3, padding="valid"), Conv2D(4, 3, padding="valid"), MaxPooling2D(2)),
        "2 divides N, N >= 6",
    ),
    (read(ZeroPadding2D(((0, 1), (0, 1))), Conv2D(4, 3, 2, "valid")), "2 divides N"),
    (read(MaxPooling2D(3, 2), Conv2D(4, 5, padding="valid")), "2 divides N, N >= 12"),
    (
        read(Conv2D(4, 3, 2, 1), Conv2D(4, 3, 2, 1), Reshape((1, N**2 / 16, 4)), Conv2D(4, 1)),
        "4 divides N",
    ),
    (read(Conv2D(4, 3), ReLU()), ""),
    (read(Conv2D(4, 3, 2, 1), shape=Tensor(H, W, 3)), "2 divides H, 2 divides W"),
]


@pytest.mark.parametrize(
    ("net", "words"), REGIMES, ids=lambda value: str(value)[:20] if isinstance(value, str) else ""
)
def test_a_regime_is_what_all_steps_ask_said_once(net: Network, words: str) -> None:
    assert net.regime == words
    for side in range(1, 40):
        values = dict.fromkeys(sorted(x.name for x in net.total().writes.free_symbols), side)
        assert holds(net.total().at, values) == all(holds(step.cost.at, values) for step in net), (
            values
        )


def holds(at: object, values: dict[str, int]) -> bool:
    try:
        at(**values)  # type: ignore[operator]
    except ValueError as error:
        return "this formula holds where" not in str(error)
    return True


def test_what_no_reading_may_do() -> None:
    reading = Reading("net")
    reading.input("x", Tensor(8, 8, 3))
    reading.add("a", ReLU(), ["x"])
    reading.add("b", Add(), ["a", "x"])
    twice = "net does not fit together at a: each layer needs a name of its own, got this one twice"
    check(lambda: reading.add("a", ReLU(), ["x"]), ValueError, twice)
    check(
        lambda: reading.add("c", ReLU(), ["y"]),
        ValueError,
        "net reads 'y', which nothing before it writes; give the",
    )
    check(
        lambda: reading.add("c", Dense(4), []),
        ValueError,
        "net does not fit together at c: Dense takes 1 input, got 0",
    )
    assert [step.sources for step in reading.network(["b"])] == [("x",), ("a", "x")]
    empty = Reading("empty")
    empty.input("x", Tensor(8, 8, 3))
    check(
        lambda: empty.network(["x"]),
        ValueError,
        "empty has no layers, only inputs, got x; give a model",
    )
    empty.skip("foo", "Foo", "", None, ["x"])
    check(
        lambda: empty.network(["foo"]),
        ValueError,
        "cannot count 1 of 1 layers of empty: Foo (foo); add them with",
    )
    empty.unknown = "report"
    check(
        lambda: empty.network(["foo"]),
        ValueError,
        "empty does not say what shapes leave Foo (foo); add them with extra=",
    )


def test_a_reshaping_makes_no_new_map_and_outputs_are_kept_to_the_end() -> None:
    reading = Reading("net")
    reading.input("x", Tensor(4, 4, 2))
    reading.add("a", Conv2D(2, 3), ["x"])
    reading.add("out", ReLU(), ["a"])
    reading.add("flat", Reshape((1, 1, 32)), ["a"])
    reading.add("drop", Dropout(0.5), ["flat"])
    reading.add("dense", Dense(3), ["drop"])
    net = reading.network(["out", "dense"])
    assert [dict(moment.maps) for moment in live(net)] == [
        {"x": 32, "a": 32},
        {"a": 32, "out": 32},
        {"a": 32, "out": 32},
        {"a": 32, "out": 32},
        {"a": 32, "out": 32, "dense": 3},
    ]
    assert dict(kept(net).maps) == {"x": 32, "out": 32, "drop mask": 32, "drop": 32}
