"""Building the site removes no folder but a site of this project."""

import pytest

from tools import lite, notebooks, site

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


def test_a_notebook_with_a_readers_guesses_is_not_built_into_the_site(tmp_path, monkeypatch):
    held = {True: "&quot;guess&quot;:5", False: "&quot;guess&quot;:null"}
    for is_guessed, form in held.items():
        (tmp_path / f"{is_guessed}.ipynb").write_text(f'{{"outputs": "{form}"}}', "utf-8")
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)
    with pytest.raises(SystemExit, match=r"^True\.ipynb: a reader's guesses are in the outputs"):
        site.build(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(lite, "SITE", tmp_path / "lite")
    with pytest.raises(SystemExit, match=r"^True\.ipynb: a reader's guesses are in the outputs"):
        lite.add_notebooks(notebooks.paths())
    assert not (tmp_path / "lite").exists()


def test_the_project_has_the_name_that_is_looked_for():
    settings = {}
    exec((site.ROOT / "docs" / "conf.py").read_text("utf-8"), settings)
    assert settings["project"] == site.PROJECT
