"""What stays kind in a browser, and stays an error elsewhere; how the site for it is put together."""

import hashlib
import json
import sys
import zipfile
from html import escape

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from tools import lite as builder
from tools import notebooks
from unet_complexity import (
    classic_unet,
    jupyterlite,
    pix2pix_unet,
    plot_blocks,
    plot_levels,
    plot_memory,
)
from unet_complexity.engineering import plot_tools


@pytest.fixture
def no_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)


@pytest.fixture
def browser(monkeypatch):
    """Packages that were asked for in vain, in a Python that takes itself for one in a browser."""
    asked = []
    monkeypatch.setattr(sys, "platform", "emscripten")
    monkeypatch.setattr(jupyterlite, "_fetch", asked.append)
    return asked


DRAWN = {
    plot_levels: "classic U-Net, 64 x 64 x 1 in, convolutions only; largest share of parameters on level 4",
    plot_blocks: "classic U-Net, 64 x 64 x 1 in: 3,",
    plot_memory: "classic U-Net, 64 x 64 x 1 in, 49 steps: at most 1,048,576 elements at once at inference",
}


@pytest.mark.parametrize("plot", DRAWN)
def test_without_matplotlib_a_browser_shows_the_sentence_and_what_to_do(
    plot, no_matplotlib, browser
):
    (data, metadata) = plot(classic_unet(64))._repr_mimebundle_()
    assert data["text/html"] == f"<p>{escape(data['text/plain'])}</p>"
    assert data["text/plain"].startswith(DRAWN[plot])
    assert data["text/plain"].endswith(f"\nNo picture: {jupyterlite.missing('matplotlib')}")
    assert (metadata, browser) == ({}, ["matplotlib"])


def test_the_sentence_does_not_depend_on_the_picture(monkeypatch, browser):
    pictures = [plot_levels(classic_unet(64)), plot_tools(pix2pix_unet(256, 3))]
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert [plot_levels(classic_unet(64)).text, plot_tools(pix2pix_unet(256, 3)).text] == [
        one.text for one in pictures
    ]


def test_elsewhere_a_missing_matplotlib_is_an_error_that_says_what_to_do(no_matplotlib):
    with pytest.raises(
        ImportError,
        match=r"^this needs matplotlib, which is not installed: pip install matplotlib$",
    ):
        plot_levels(classic_unet(64))


def test_what_arrives_from_the_network_is_used(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "platform", "emscripten")
    monkeypatch.setattr(
        jupyterlite, "_fetch", lambda package: (tmp_path / f"{package}.py").write_text("")
    )
    assert jupyterlite.can_import("a_package_on_its_way")


@pytest.fixture
def shell(monkeypatch, tmp_path):
    """An IPython in which the package has been imported in a browser."""
    shell = InteractiveShell(
        ipython_dir=str(tmp_path), config=Config({"HistoryManager": {"enabled": False}})
    )
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    monkeypatch.setattr(jupyterlite, "_told", [])
    jupyterlite.say_what_is_missing()
    return shell


def test_a_cell_that_imports_a_compiled_package_in_vain_says_so(shell, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "numpy", None)
    shell.run_cell("import numpy as np\nprint('further')")
    assert capsys.readouterr().out == jupyterlite.missing("numpy") + "\n"


def test_a_model_that_cannot_be_read_in_a_browser_says_where_it_can(shell, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "onnx", None)
    shell.run_cell(
        "from unet_complexity.engineering import from_onnx\nnet = from_onnx('model.onnx')"
    )
    assert capsys.readouterr().out == jupyterlite.missing("onnx") + "\n"
    assert "does not run in a browser" in jupyterlite.missing("onnx")


def test_what_a_cell_above_could_not_make_is_no_error(shell, monkeypatch, capsys):
    shell.run_cell("net")
    assert "NameError" in capsys.readouterr().out
    monkeypatch.setitem(sys.modules, "onnx", None)
    shell.run_cell("import onnx")
    shell.run_cell("net")
    assert "\nNo net here: a slip, or it comes from a cell above that" in capsys.readouterr().out


@pytest.mark.parametrize("cell", ["import nympy", "from math import nothing", "1 / 0"])
def test_a_slip_of_the_pen_is_still_an_error(cell, shell, capsys):
    shell.run_cell(cell)
    assert "Error" in capsys.readouterr().out


def test_outside_a_notebook_there_is_nothing_to_say(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", None)
    jupyterlite.say_what_is_missing()


# The site


def test_a_browser_needs_what_holds_there():
    asked = [
        "pexpect>4.6; sys_platform != 'emscripten'",
        "Some_Name>=1",
        "old; python_version < '3.12'",
        "widgetsnbextension",
    ]
    assert builder.needed([*asked, "tests; extra == 'test'"], "3.14") == ["some-name"]


def test_the_lock_names_our_wheels_and_leaves_the_others_where_they_are_published(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(builder, "PYODIDE", tmp_path)
    wheel = tmp_path / "unet_complexity-1.2-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("unet_complexity/__init__.py", "")
        archive.writestr(
            "unet_complexity-1.2.dist-info/METADATA",
            "Name: unet_complexity\nRequires-Dist: sympy>=1.13\n",
        )
    lock = {"info": {"python": "3.14.2"}, "packages": {"numpy": {"file_name": "numpy-2.whl"}}}
    builder.enter(lock, wheel)
    builder.save(lock, "https://cdn.example/full")
    written = json.loads((tmp_path / "pyodide-lock.json").read_text())["packages"]
    ours = written["unet-complexity"]
    assert written["numpy"]["file_name"] == "https://cdn.example/full/numpy-2.whl"
    assert (ours["file_name"], ours["imports"], ours["depends"]) == (
        wheel.name,
        ["unet_complexity"],
        ["sympy", "anywidget"],
    )
    assert ours["sha256"] == hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_notebooks_are_listed_as_a_server_would(monkeypatch, tmp_path):
    monkeypatch.setattr(builder, "SITE", tmp_path)
    builder.add_notebooks(sorted((builder.ROOT / "notebooks").glob("*.ipynb")))
    listing = json.loads((tmp_path / "api/contents/all.json").read_text())
    names = [one["name"] for one in listing["content"]]
    served = json.loads((tmp_path / "files" / builder.FIRST).read_text())
    assert served == notebooks.read(
        notebooks.FOLDER / builder.FIRST
    )  # which puts texts into one piece, too
    assert builder.FIRST in names
    assert all(
        one["size"] == (tmp_path / "files" / one["path"]).stat().st_size
        for one in listing["content"]
    )


def test_without_npm_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(builder, "PARTS", tmp_path)
    monkeypatch.setattr(builder.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=r"there is no npm: install Node\.js, then try again"):
        builder.unpacked_pyodide("1.2.3")
