"""What the public repository needs: one address, a citation, and a workflow that runs what is run here."""

import re
from pathlib import Path

import pytest
import yaml

from tools import address, written

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https://github.com/Ada/u-nets.py"
HOSTS = re.compile(
    r"https://(?:github\.com/[\w-]+/[\w.-]*?unet|mybinder\.org/v2|[\w-]+\.github\.io)[^\s)\"'\]]*"
)


def test_the_address_stands_in_one_place_and_links_are_made_from_it():
    """While it is not known, nobody else may know one either."""
    known = address.repository()
    readme = (ROOT / "README.md").read_text("utf-8")
    assert address.launch(known) in readme
    assert set(HOSTS.findall(readme)) <= set(HOSTS.findall(address.launch(known)))
    assert ("repository-code:" in (ROOT / "CITATION.cff").read_text("utf-8")) == bool(known)


@pytest.fixture
def public(tmp_path, monkeypatch):
    """The same files in a repository whose address is known."""
    for name in ("pyproject.toml", "README.md", "CITATION.cff"):
        (tmp_path / name).write_text((ROOT / name).read_text("utf-8"), encoding="utf-8")
    project = tmp_path / "pyproject.toml"
    heading, line = "[project.urls]\n", f'Repository = "{ADDRESS}"\n'
    without = re.sub(r"^Repository = .*\n", "", project.read_text("utf-8"), flags=re.MULTILINE)
    known = without.replace(heading, heading + line)
    project.write_text(known, encoding="utf-8")
    for module in (address, written):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    return tmp_path


def test_a_known_address_reaches_the_readme_and_the_citation(public):
    texts = written.public()
    readme, citation = texts[public / "README.md"], texts[public / "CITATION.cff"]
    for link in (
        f"[![checks]({ADDRESS}/actions/workflows/checks.yml/badge.svg)]({ADDRESS}/actions/workflows/checks.yml)",
        "https://mybinder.org/v2/gh/Ada/u-nets.py/HEAD?urlpath=lab/tree/notebooks/00-the-question.ipynb",
        "[site](https://ada.github.io/u-nets.py/)",
        "(https://ada.github.io/u-nets.py/lite/)",
    ):
        assert link in readme
    assert "Enter the address of this repository" not in readme
    assert yaml.safe_load(citation)["repository-code"] == ADDRESS
    assert (ROOT / ".github/workflows/checks.yml").exists()


@pytest.mark.parametrize(
    "wrong", ["https://example.org/ada/u", "https://github.com/ada", f"{ADDRESS}/tree/main"]
)
def test_an_address_that_makes_no_links_is_refused(wrong):
    rule = r"Repository must be https://github\.com/OWNER/NAME, .* got '" + re.escape(wrong)
    with pytest.raises(ValueError, match=rule):
        address.binder(wrong)


def test_the_citation_has_what_its_format_asks_for():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] in ("software", "dataset")
    assert all(set(author) == {"name"} for author in citation["authors"])
    known = (
        "message type title abstract authors version license keywords repository-code url".split()
    )
    assert set(citation) <= {"cff-version", *known}


@pytest.fixture(scope="module")
def workflow():
    return yaml.safe_load((ROOT / ".github/workflows/checks.yml").read_text("utf-8"))


def commands(job):
    return [step["run"].split(" PYTHON=")[0] for step in job["steps"] if "run" in step]


def test_the_workflow_runs_what_is_run_here(workflow):
    jobs = workflow["jobs"]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    wanted = {
        "test": ["make test"],
        "newest": ["make lock", "make test"],
        "pages": ["make site", "make lite", "make offline"],
    }
    for name, lines in wanted.items():
        assert [line for line in commands(jobs[name]) if line.startswith("make ")] == lines
    assert all(
        re.search(rf"^{line.split()[1]}:", makefile, re.MULTILINE)
        for lines in wanted.values()
        for line in lines
    )


def test_the_workflow_covers_three_systems_and_all_pythons_that_the_package_names(workflow):
    matrix = workflow["jobs"]["test"]["strategy"]["matrix"]
    assert {system.split("-")[0] for system in matrix["os"]} == {"ubuntu", "macos", "windows"}
    named = re.findall(
        r"Programming Language :: Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text("utf-8")
    )
    assert matrix["python"] == named
    assert workflow["defaults"]["run"]["shell"] == "bash"  # the Makefile's recipes, on Windows too
    assert workflow[True]["schedule"]  # YAML reads the key "on" as true
    assert "schedule" not in str(workflow["jobs"]["newest"]["if"])
    assert workflow["jobs"]["pages"]["needs"] == "test"
