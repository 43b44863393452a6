"""Damage model files at random and read them: ``python -m tests.attacks.fuzz --minutes 5 --seed 1``.

Every case follows from its seed.  A case that fails is written to tests/attacks/found, where
test_fuzz.py reads it again in every run of the tests.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from onnx import ModelProto

from tests.attacks.payloads import PAYLOADS, places, with_payload
from tests.twins.onnx_models import MODELS, SIDE, SIDES
from unet_complexity.engineering.readers.keras import from_keras
from unet_complexity.engineering.readers.onnx import from_onnx
from unet_complexity.escaping import LONGEST_MESSAGE
from unet_complexity.symbols import N

FOUND = Path(__file__).with_name("found")
PATIENCE = 20  # seconds for one case
SETTINGS: list[dict[str, Any]] = [{}, {"side": N}, {"side": 64}, {"unknown": "report"}]


def problem(path: Path, **settings: Any) -> str | None:
    """What is wrong with how a file is read, if anything is."""
    reader = from_onnx if path.suffix == ".onnx" else from_keras
    start = time.process_time()
    try:
        str(reader(path, **settings))
    except ValueError as error:
        if not str(error) or len(str(error)) > LONGEST_MESSAGE or "\n" in str(error):
            return f"no sentence: {str(error)[:200]!r}"
    except Exception as error:
        return f"{type(error).__name__} instead of a ValueError: {error}"
    if Path("reached").exists():
        return "the file's code was run"
    seconds = time.process_time() - start
    return f"it took {seconds:.0f} s" if seconds > PATIENCE else None


def case(seed: int, folder: Path) -> Path:
    """The damaged file of a seed."""
    rng = random.Random(seed)
    if rng.random() < 0.5:
        return damaged_onnx(rng, folder / f"{seed}.onnx")
    return damaged_keras(rng, folder / f"{seed}.keras")


def damaged_onnx(rng: random.Random, path: Path) -> Path:
    """A network of the reader's tests, with a few numbers or names changed, or bytes flipped."""
    name = rng.choice(sorted(MODELS))
    model = MODELS[name](
        rng.choice([SIDES.get(name, SIDE), "h"]) if name == "classic" else SIDES.get(name, SIDE)
    )
    for _ in range(rng.randint(1, 3)):
        rng.choice([change_attribute, change_array, change_edge, change_input])(rng, model)
    data = bytearray(model.SerializeToString())
    if rng.random() < 0.3:
        data[rng.randrange(len(data))] = rng.randrange(256)
    path.write_bytes(data)
    return path


def change_attribute(rng: random.Random, model: ModelProto) -> None:
    """Another number in an attribute."""
    attributes = [attribute for node in model.graph.node for attribute in node.attribute]
    attribute = rng.choice(attributes)
    attribute.i = rng.choice(NUMBERS)
    if attribute.ints:
        attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(NUMBERS)
    if rng.random() < 0.2:
        attribute.type = rng.randint(0, 14)  # type: ignore[assignment]


def change_array(rng: random.Random, model: ModelProto) -> None:
    """Other dimensions, another type or other numbers of a stored array."""
    tensor = rng.choice(model.graph.initializer)
    kind = rng.randrange(3)
    if kind == 0 and tensor.dims:
        tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(NUMBERS)
    elif kind == 1:
        tensor.data_type = rng.randint(0, 24)
    else:
        tensor.raw_data = bytes(rng.randrange(256) for _ in tensor.raw_data[:64])


def change_edge(rng: random.Random, model: ModelProto) -> None:
    """A node reads something else, or is another operator."""
    node = rng.choice(model.graph.node)
    names = [name for other in model.graph.node for name in other.output]
    if node.input and rng.random() < 0.7:
        node.input[rng.randrange(len(node.input))] = rng.choice([*names, "", "x"])
    else:
        node.op_type = rng.choice(model.graph.node).op_type


def change_input(rng: random.Random, model: ModelProto) -> None:
    """The input has another side."""
    dims = rng.choice(model.graph.input).type.tensor_type.shape.dim
    if dims:
        rng.choice(dims).dim_value = rng.choice(NUMBERS)


NUMBERS = [-(2**63), -(2**31), -7, -1, 0, 1, 2, 3, 5, 17, 4096, 2**31 - 1, 2**31, 10**12, 2**63 - 1]


def damaged_keras(rng: random.Random, path: Path) -> Path:
    """A small model with a few places of its configuration changed."""
    config = rng.choice(list(configurations().values()))
    for _ in range(rng.randint(1, 3)):
        found = list(places(config))
        config = with_payload(
            config, rng.choice(found), rng.choice([*PAYLOADS, *NUMBERS[1:-1], None, [], "", 0.5])
        )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
    return path


@cache
def configurations() -> dict[str, Any]:
    """Configurations of Keras, by name."""
    import keras

    from tests.attacks.test_no_code_runs import keras_layers

    return keras_layers(keras)


def main() -> int:
    """Try cases until the time is over; the exit status says whether one failed."""
    command = argparse.ArgumentParser(description=__doc__)
    command.add_argument("--minutes", type=float, default=5)
    command.add_argument(
        "--seed", type=int, default=0, help="of the first case; the others count on from it"
    )
    given = command.parse_args()
    end, seed, failed = time.monotonic() + 60 * given.minutes, given.seed, 0
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            path = case(seed, Path(folder))
            settings = SETTINGS[seed % len(SETTINGS)]
            if wrong := problem(path, **settings):
                failed += 1
                FOUND.mkdir(exist_ok=True)
                (FOUND / path.name).write_bytes(path.read_bytes())
                print(f"seed {seed} with {settings}: {wrong}", flush=True)
            path.unlink()
            seed += 1
    print(f"{seed - given.seed:,} cases from seed {given.seed} on, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
