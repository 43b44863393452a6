"""Building the site removes no folder but a site of this project, and publishes no reader's guesses."""

import json

import pytest

from tools import guesses, lite, notebooks, site

OURS = f"# Sphinx inventory version 2\n# Project: {site.PROJECT}\n# Version: \n"


@pytest.mark.parametrize(
    ("inventory", "beside", "expected"),
    [
        (OURS, "index.html", True),
        (OURS, ".git", False),
        (OURS.replace(site.PROJECT, "another project"), "index.html", False),
        (None, "index.html", False),
    ],
)
def test_a_folder_that_is_not_our_site_is_left_as_it_is(
    tmp_path, monkeypatch, inventory, beside, expected
):
    (tmp_path / beside).touch()
    if inventory:
        (tmp_path / "objects.inv").write_text(inventory, "utf-8")
    assert site.is_site(tmp_path) is expected
    removed = []
    monkeypatch.setattr(site.shutil, "rmtree", lambda folder, **_: removed.append(folder) or 1 / 0)
    with pytest.raises(ZeroDivisionError if expected else SystemExit) as stopped:
        site.build(tmp_path)
    assert expected or "holds other files than a site, which would go" in str(stopped.value)
    assert removed == [tmp_path] * expected


SHOWN = {
    "data": {"text/html": ["<div data-questions='[{", "&quot;guess&quot;:5,&quot;at&quot;:1}]'>"]}
}
STATES = [
    {"told": {"text": "Noted.", "noted": [5, 1]}},
    {"sent": {"typed": "5"}},
    {"question": {"guess": 5}},
]


@pytest.mark.parametrize("as_written", [str, lambda text: text.replace("&", r"\u0026")])
@pytest.mark.parametrize(
    ("outputs", "state"),
    [([SHOWN], {}), *(([], state) for state in STATES)],
    ids=["output", "told", "sent", "asked"],
)
def test_a_notebook_with_a_readers_guesses_is_not_built_into_the_site(
    tmp_path, monkeypatch, as_written, outputs, state
):
    def write(name, outputs, state):
        widgets = {"application/vnd.jupyter.widget-state+json": {"state": {"0": {"state": state}}}}
        notebook = {"cells": [{"outputs": outputs}, {}], "metadata": {"widgets": widgets}}
        (tmp_path / f"{name}.ipynb").write_text(as_written(json.dumps(notebook)), "utf-8")

    none = json.loads(json.dumps(SHOWN).replace("5,", "null,"))
    write("without", [none], {"sent": {"typed": None}, "told": {"noted": None}})
    guesses.refuse(tmp_path.glob("*.ipynb"))
    write("with", outputs, state)
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)
    with pytest.raises(SystemExit, match=r"^with\.ipynb: a reader's guesses are in the outputs or"):
        site.build(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(lite, "SITE", tmp_path / "lite")
    with pytest.raises(SystemExit, match=r"^with\.ipynb: a reader's guesses are in the outputs or"):
        lite.add_notebooks(notebooks.paths())
    assert not (tmp_path / "lite").exists()


def test_the_project_has_the_name_that_is_looked_for():
    settings = {}
    exec((site.ROOT / "docs" / "conf.py").read_text("utf-8"), settings)
    assert settings["project"] == site.PROJECT
