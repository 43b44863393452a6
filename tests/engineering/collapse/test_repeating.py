"""Upsampling that is written as an Unsqueeze, an Expand and a Reshape, once for each axis."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.engineering.collapse.models import conv, model, weights, whole
from tests.engineering.collapse.test_onnx import check_same, operators, run
from unet_complexity.engineering import collapse_upsampling
from unet_complexity.engineering.readers.limits import MOST_NUMBERS


def repeat(source: str, axis: int, factor: int, sides: list[int], mark: str) -> Any:
    """Nodes and constants that repeat one axis of a map; the new sides."""
    small, large = sides.copy(), sides.copy()
    small.insert(axis + 1, factor)
    large[axis] *= factor
    shape = [factor if at == axis + 1 else 1 for at in range(5)]
    nodes = [
        helper.make_node("Unsqueeze", [source, f"axis{mark}"], [f"one{mark}"]),
        helper.make_node("Expand", [f"one{mark}", f"times{mark}"], [f"many{mark}"]),
        helper.make_node("Reshape", [f"many{mark}", f"sides{mark}"], [f"r{mark}"], f"up{mark}"),
    ]
    held = {f"axis{mark}": [axis + 1], f"times{mark}": shape, f"sides{mark}": large}
    return nodes, {name: np.array(value) for name, value in held.items()}, large


def channels_first(rows: int = 2, columns: int = 2) -> Any:
    first, held, sides = repeat("x", 2, rows, [1, 4, 5, 6], "1")
    second, more, _ = repeat("r1", 3, columns, sides, "2")
    nodes = [*first, *second, conv("r2", pads=[1] * 4)]
    return nodes, weights() | held | more


def channels_last(rows: int = 2, columns: int = 2) -> Any:
    """As Keras exports it: casts to the same type, channels last."""
    first, held, sides = repeat("x", 1, rows, [1, 5, 6, 4], "1")
    second, more, _ = repeat("c1", 2, columns, sides, "2")
    nodes = [
        *first,
        helper.make_node("Cast", ["r1"], ["c1"], to=TensorProto.FLOAT),
        *second,
        helper.make_node("Cast", ["r2"], ["c2"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["c2"], ["t"], perm=[0, 3, 1, 2]),
        helper.make_node("Pad", ["t", "pads"], ["p"]),
        conv("p"),
    ]
    pads = {"pads": np.array([0, 0, 1, 1, 0, 0, 1, 2])}
    return nodes, weights() | held | more | pads


@pytest.mark.parametrize("way", ["phases", "transposed"])
@pytest.mark.parametrize("size", [(2, 2), (3, 3), (1, 2), (2, 3)])
@pytest.mark.parametrize("form", [channels_first, channels_last])
def test_it_is_collapsed_as_a_resize_is(form: Any, size: tuple[int, int], way: str) -> None:
    shape = {channels_first: (1, 4, 5, 6), channels_last: (1, 5, 6, 4)}[form]
    nodes, held = form(*size)
    new = check_same(model(nodes, held, shape), way)
    assert not operators(new).keys() & {"Unsqueeze", "Expand", "Reshape", "Cast"}
    arranged = {node.name for node in new.graph.node if node.op_type == "Transpose"}
    assert arranged == ({"x/transposed"} if form is channels_last else set())


def test_an_upsampling_is_one_line_for_both_axes() -> None:
    nodes, held = channels_last()
    (block,) = collapse_upsampling(model(nodes, held, (1, 5, 6, 4)), "transposed").blocks
    assert block == ("up2", "transposed", "as asked")


def test_a_free_batch_and_opset_12_are_read_too() -> None:
    nodes, held = channels_first()
    for mark in "12":
        index = next(i for i, node in enumerate(nodes) if f"axis{mark}" in node.input)
        axis = held.pop(f"axis{mark}").tolist()
        nodes[index] = helper.make_node(
            "Unsqueeze", [nodes[index].input[0]], nodes[index].output, axes=axis
        )
        held[f"sides{mark}"][0] = -1
    m = model(nodes, held, ("n", 4, 5, 6), opset=12)
    check_same(m, "phases", whole(3, 4, 5, 6))


def one_axis(axis: int = 3, **held: Any) -> Any:
    nodes, more, _ = repeat("x", axis, 2, [1, 4, 5, 6], "1")
    return [*nodes, conv("r1")], weights() | more | held


def cast_between(to: int) -> Any:
    nodes, held = one_axis()
    back = helper.make_node("Cast", ["half"], ["h"], to=TensorProto.FLOAT)
    cast = helper.make_node("Cast", ["r1"], ["half"], to=to)
    return [*nodes[:3], cast, back, conv("h")], held


def transposed(perm: list[int]) -> Any:
    nodes, held = one_axis()
    return [*nodes[:3], helper.make_node("Transpose", ["r1"], ["t"], perm=perm), conv("t")], held


def read_twice() -> Any:
    nodes, held = one_axis()
    return [*nodes, helper.make_node("Relu", ["r1"], ["z"])], held


LEFT = {
    "channels": (
        one_axis(1),
        "it scales the axes by 1 x 2 x 1 x 1, not the last two of four only",
    ),
    "rows turned into channels": (
        transposed([0, 3, 1, 2]),
        "it scales the axes by 1 x 2 x 1 x 1, not the last two of four only",
    ),
    "another number type": (
        cast_between(TensorProto.FLOAT16),
        "it is read by Cast, not by a convolution",
    ),
    "five axes": (
        one_axis(times1=np.array([2, 1, 1, 1, 2, 1]), sides1=np.array([2, 4, 5, 12])),
        "it repeats other than one known axis of a map",
    ),
    "a whole map twice": (
        one_axis(axis1=np.array([0]), times1=np.array([2, 1, 1, 1, 1])),
        "it repeats other than one known axis of a map",
    ),
    "two at once": (
        one_axis(times1=np.array([2, 1, 1, 1, 2]), sides1=np.array([2, 4, 5, 12])),
        "it repeats other than one known axis of a map",
    ),
    "another order": (
        one_axis(sides1=np.array([1, 8, 5, 6])),
        "it changes other sides too, or its sides are not known",
    ),
    "read twice": (read_twice(), "the output of Reshape is read 2 times, not once"),
}


@pytest.mark.parametrize(("built", "why"), LEFT.values(), ids=LEFT)
def test_what_is_not_such_an_upsampling_is_left_alone_and_told_why(built: Any, why: str) -> None:
    m = model(*built)
    collapsed = collapse_upsampling(m, "transposed")
    (block,) = collapsed.blocks
    assert block == ("up1", "as written", why)
    assert collapsed.model == m


@pytest.mark.parametrize("name", ["axis1", "times1"])
def test_what_is_not_constant_is_left_alone(name: str) -> None:
    nodes, held = one_axis()
    held["given"] = held.pop(name)
    m = model([helper.make_node("Abs", ["given"], [name]), *nodes], held)
    (block,) = collapse_upsampling(m).blocks
    assert block[1:] == ("as written", "it repeats other than one known axis of a map")


def test_a_shape_that_is_computed_from_constants_is_followed() -> None:
    """As PyTorch writes an Expand: -1 for each side that stays, replaced by 1."""
    nodes, held = one_axis()
    wanted = np.where(held["times1"] == 1, -1, held["times1"])
    more = {"wanted": wanted, "minus": np.array(-1), "ones": np.ones(5, np.int64)}
    shape = [
        helper.make_node("Mul", ["ones", "minus"], ["kept"]),
        helper.make_node("Equal", ["wanted", "kept"], ["stays"]),
        helper.make_node("Where", ["stays", "ones", "wanted"], ["times1"]),
    ]
    del held["times1"]
    new = check_same(model([*shape, *nodes], held | more), "transposed")
    assert operators(new) == {"ConvTranspose": 1}


def test_a_broadcast_constant_that_is_too_large_is_not_computed() -> None:
    side = int(MOST_NUMBERS**0.5) + 1
    nodes, held = one_axis()
    more = {"column": np.ones((side, 1), np.int64), "row": np.ones((1, side), np.int64)}
    table = helper.make_node("Mul", ["column", "row"], ["times1"])
    del held["times1"]
    (block,) = collapse_upsampling(model([table, *nodes], held | more)).blocks
    assert block.why == "it repeats other than one known axis of a map"


KERAS = """
import numpy as np
import keras
for layout, shape in (("channels_last", (16, 16, 4)), ("channels_first", (4, 16, 16))):
    keras.config.set_image_data_format(layout)
    x = keras.Input(shape)
    y = keras.layers.UpSampling2D(2)(keras.layers.Conv2D(32, 3, padding="same")(x))
    network = keras.Model(x, keras.layers.Conv2D(3, 4, padding="same")(y))
    network(np.zeros((1, *shape), "float32"))
    network.export(f"{layout}.onnx", format="onnx", verbose=False)
"""


def test_what_keras_exports_is_collapsed(tmp_path: Path, torch: ModuleType) -> None:
    environment = {"KERAS_BACKEND": "torch", "KERAS_HOME": str(tmp_path)}
    command = [sys.executable, "-c", KERAS]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    x = np.random.default_rng(0).normal(size=(1, 4, 16, 16)).astype("float32")
    for layout, given in (("channels_first", x), ("channels_last", x.transpose(0, 2, 3, 1))):
        before = onnx.load(tmp_path / f"{layout}.onnx")
        collapsed = collapse_upsampling(before)
        (block,) = collapsed.blocks
        assert block[:2] == ("/Reshape_1", "transposed")
        (was,), (now,) = run(before, given), run(collapsed.model, given)
        np.testing.assert_allclose(now, was, atol=1e-5 * abs(was).max())
        assert operators(collapsed.model)["Expand"] == 0
