"""What the public repository needs: one address, a citation, and a workflow that runs what is run here."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from tools import address, written

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https://github.com/Ada/u-nets.py"
HOSTS = re.compile(
    r"https://(?:github\.com/[\w-]+/[\w.-]*?unet|mybinder\.org/v2|[\w-]+\.github\.io|codespaces\.new"
    r"|colab\.research\.google\.com)[^\s)\"'\]]*"
)


def test_the_address_stands_in_one_place_and_links_are_made_from_it():
    """While it is not known, no file may state one."""
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
        "[Colab](https://colab.research.google.com/github/Ada/u-nets.py/blob/main/notebooks/00-the-question.ipynb)",
        "[Codespaces](https://codespaces.new/Ada/u-nets.py)",
        f'uvx --from "unet_complexity[onnx] @ git+{ADDRESS}" unet-complexity model.onnx',
    ):
        assert link in readme
    assert "Enter the address of this repository" not in readme
    assert yaml.safe_load(citation)["repository-code"] == ADDRESS
    assert (ROOT / ".github/workflows/checks.yml").exists()


def test_colab_gets_two_cells_that_are_code():
    install, widgets = address.cells(ADDRESS).split("\n\n")
    assert install == f'%pip install -q anywidget onnx "git+{ADDRESS}"'
    compile(widgets, "cell", "exec")
    assert widgets.endswith("enable_custom_widget_manager()")


def test_a_hub_is_asked_for_the_repository_and_its_first_notebook():
    link = urlsplit(address.hub(ADDRESS))
    assert link.path == "/hub/user-redirect/git-pull"
    first = f"lab/tree/u-nets.py/{address.FIRST}"
    assert dict(parse_qsl(link.query)) == {"repo": ADDRESS, "urlpath": first, "branch": "main"}
    assert (ROOT / address.FIRST).exists()


def test_a_codespace_installs_the_lock_on_a_python_that_is_tested():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text("utf-8"))
    assert "pip install -r requirements.txt" in container["postCreateCommand"]
    assert "--no-deps --editable ." in container["postCreateCommand"]
    python = container["image"].removeprefix("mcr.microsoft.com/devcontainers/python:")
    assert f"Python :: {python}" in (ROOT / "pyproject.toml").read_text("utf-8")


def test_no_other_file_knows_the_address(public):
    """The public address is written in one place only."""
    for name in ("CONTRIBUTING.md", "SECURITY.md", "paper.md", ".devcontainer/devcontainer.json"):
        assert HOSTS.findall((ROOT / name).read_text("utf-8")) == [], name
    assert set(HOSTS.findall(written.public()[public / "README.md"])) <= set(
        HOSTS.findall(address.launch(ADDRESS))
    )


def test_the_readme_runs_without_make_and_with_uv():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "pip install -r requirements.txt .\n" in readme
    assert "uvx --from . unet-complexity" in readme
    assert 'unet-complexity = "unet_complexity' in (ROOT / "pyproject.toml").read_text("utf-8")


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


def test_the_paper_has_the_parts_of_its_form_and_says_what_is_blank():
    paper = (ROOT / "paper.md").read_text("utf-8")
    front, body = re.fullmatch(r"---\n(.*?)\n---\n(.*)", paper, re.DOTALL).groups()
    head = yaml.safe_load(front)
    assert {"title", "tags", "authors", "affiliations", "date", "bibliography"} == set(head)
    assert (ROOT / head["bibliography"]).exists()
    wanted = "Summary|Statement of need|Learning objectives|Content and instructional design"
    wanted += "|How it has been checked|Use in class|Acknowledgements|References"
    assert re.findall(r"^# (.+)$", body, re.MULTILINE) == wanted.split("|")
    assert head["authors"][0]["name"].startswith("BLANK:")
    assert body.split("# Use in class")[1].strip().startswith("BLANK:")


def test_the_paper_cites_what_its_bibliography_has_and_nothing_else():
    cited = set(re.findall(r"@(\w+)[;\]]", (ROOT / "paper.md").read_text("utf-8")))
    entries = re.findall(r"^@\w+\{(\w+),$", (ROOT / "paper.bib").read_text("utf-8"), re.MULTILINE)
    assert cited == set(entries)
    assert len(entries) == len(set(entries))


def test_contributing_says_how_to_report_ask_and_get_support():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    section = text.split("## Report, ask, support")[1].split("\n## ")[0]
    assert re.findall(r"\*\*(\w+)\*\*", section) == ["Report", "Ask", "Support", "Contribute"]
