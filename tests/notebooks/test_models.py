"""The models of notebook 07: as the script writes them, and the very networks that its exercises count on."""

import pytest

from tools import models
from unet_complexity.checks.lessons.notebook_07 import in_the_file
from unet_complexity.engineering import from_onnx


def test_the_files_are_what_the_script_writes():
    written = models.models()
    assert sorted(models.FOLDER.iterdir()) == sorted(written)
    for path, model in written.items():
        assert path.read_bytes() == model.SerializeToString(deterministic=True), (
            "python -m tools.models writes it anew"
        )
        assert path.stat().st_size < 10_000


@pytest.mark.parametrize(
    "path", sorted(models.FOLDER.glob("unet-*.onnx")), ids=lambda path: path.stem
)
def test_a_file_holds_the_network_that_the_exercises_count_on(path):
    _, width, depth = path.stem.split("-")
    read, built = from_onnx(path), in_the_file(int(width), int(depth))
    assert read.total() == built.total()
    levels = [
        {name: part.total() for name, part in net.groups("level").items()} for net in (read, built)
    ]
    assert levels[0] == levels[1]


def test_the_gated_file_lacks_one_layer_only():
    read = from_onnx(models.FOLDER / "gated.onnx", unknown="report")
    assert read.missing == ("lab.Gate (dec0/gate/Gate)",)
    assert read.total().params == in_the_file().total().params
