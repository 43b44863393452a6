"""The oldest versions that pyproject.toml allows: the package works with them, not only with the newest."""

import os
import re
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXTRAS = ("onnx", "keras")

COUNT = """
import onnx, keras, sympy, tabulate
from onnx import parser
from unet_complexity.engineering.readers.keras import from_keras
from unet_complexity.engineering.readers.onnx import from_onnx
from unet_complexity import pix2pix_unet

assert pix2pix_unet(side=256, in_channels=3).total().macs == 18052284416
print(pix2pix_unet(side=256, in_channels=3).table())
model = parser.parse_model('''<ir_version: 10, opset_import: ["": 21]> small
    (float[1, 3, h, w] x) => (float[1, 8, h2, w2] y) <float[8, 3, 3, 3] kernel = {}>
    { y = Conv <strides = [2, 2], pads = [1, 1, 1, 1]> (x, kernel) }''')
onnx.save(model, "small.onnx")
assert str(from_onnx("small.onnx").total().macs) == "54*N**2"
image = keras.Input((None, None, 3))
live = keras.Model(image, keras.layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(image))
live.save("small.keras")
assert str(from_keras(live).total().macs) == str(from_keras("small.keras").total().macs) == "54*N**2"
print(onnx.__version__, keras.__version__, sympy.__version__, tabulate.__version__)
"""


def floors() -> dict[str, str]:
    """The lowest version of each dependency of the base package and of the extras that read models."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [
        *project["dependencies"],
        *(line for extra in EXTRAS for line in project["optional-dependencies"][extra]),
    ]
    return dict(re.fullmatch(r"([\w-]+)>=([\d.]+)", line).groups() for line in lines)


def test_every_extra_has_the_same_floors():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    found = {line for extra in extras for line in extra if re.match(r"(onnx|keras|sympy)>=", line)}
    assert found == {f"{name}>={floors()[name]}" for name in EXTRAS}


def test_the_oldest_allowed_versions_read_and_count(tmp_path):
    place = tmp_path / "oldest"
    venv.create(place, with_pip=False)
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = [f"{name}=={oldest}" for name, oldest in floors().items()] + [f"jax=={version('jax')}"]
    # without compiled files: most of these modules are never imported
    options = ["--quiet", "--disable-pip-version-check", "--only-binary=:all:", "--no-compile"]
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", *options, *wanted]
    result = subprocess.run(install, capture_output=True, text=True, check=False)
    if "NewConnectionError" in result.stderr or "Could not fetch URL" in result.stderr:
        pytest.skip("no package registry can be reached, so the oldest versions were not tried")
    assert result.returncode == 0, result.stderr
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "KERAS_BACKEND": "jax",
        "KERAS_HOME": str(tmp_path),
    }
    count = [str(python), "-W", "ignore", "-c", COUNT]
    result = subprocess.run(
        count, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
    )
    assert result.returncode == 0, result.stderr
    said = result.stdout.split()[-4:]
    names = ("onnx", "keras", "sympy", "tabulate")
    assert all(have.startswith(floors()[name]) for have, name in zip(said, names, strict=True)), (
        said
    )
