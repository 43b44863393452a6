"""What Binder would build is what the tests run with: the same lock, the package, a pinned Python."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.txt"


def pins(path: Path) -> dict[str, str]:
    """The lines ``name==version ; marker`` of a lock, by name."""
    lines = [
        line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    return {line.split("==")[0]: line for line in lines}


def environment(path: str) -> tuple[list[str], list[str], list[str]]:
    """(channels, conda packages, lines for pip) of an environment file."""
    spec = yaml.safe_load((ROOT / path).read_text())
    conda = [item for item in spec["dependencies"] if isinstance(item, str)]
    pip = [line for item in spec["dependencies"] if isinstance(item, dict) for line in item["pip"]]
    return spec["channels"], conda, pip


def locks_of(path: str) -> list[Path]:
    """The requirement files an environment file refers to: relative to its own folder, as pip sees them."""
    _, _, pip = environment(path)
    return [
        ((ROOT / path).parent / line.removeprefix("-r ")).resolve()
        for line in pip
        if line.startswith("-r ")
    ]


def render(repository: Path) -> str:
    """The Dockerfile that repo2docker would build; no engine is needed to print it."""
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "--user-id", "1000"]
    command += ["--user-name", "jovyan", "--image-name", "unet-complexity", str(repository)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return result.stdout + result.stderr


def python_of(dockerfile: str) -> str:
    found = re.search(r"environment-2epy-2d(\d+)-2e(\d+)-2d", dockerfile)
    assert found, "repo2docker names its own base environment by the Python version"
    return ".".join(found.groups())


@pytest.fixture(scope="module")
def dockerfile():
    return render(ROOT)


def test_binder_builds_the_pinned_python(dockerfile):
    assert f"python={python_of(dockerfile)}" in environment("binder/environment.yml")[1]


def test_without_the_environment_file_another_python_would_be_built(tmp_path):
    """Shows that the test above can fail: an empty binder/ silently gets repo2docker's own choice."""
    (tmp_path / "binder").mkdir()
    assert f"python={python_of(render(tmp_path))}" not in environment("binder/environment.yml")[1]


def test_binder_installs_the_lock_and_the_package_after_the_files_are_there(dockerfile):
    steps = [
        "COPY --chown=1000:1000 src/ ${REPO_DIR}/",
        '--file "binder/environment.yml"',
        "RUN ./binder/postBuild",
    ]
    places = [dockerfile.find(step) for step in steps]
    assert -1 not in places, dict(zip(steps, places, strict=True))
    assert places == sorted(places)
    assert "--no-deps --editable ." in (ROOT / "binder/postBuild").read_text()


@pytest.mark.parametrize("path", ["environment.yml", "binder/environment.yml"])
def test_the_environment_is_the_lock_and_nothing_beside_it(path):
    channels, conda, pip = environment(path)
    assert channels == ["conda-forge"]
    assert [re.sub(r"=3\.\d+$", "=3.x", item) for item in conda] == ["python=3.x", "pip"]
    assert locks_of(path) == [LOCK]
    assert [line for line in pip if not line.startswith("-r ")] in ([], ["-e ."])


def test_both_environments_agree():
    """But for the package: conda installs it by this file, Binder by postBuild."""
    assert environment("environment.yml")[:2] == environment("binder/environment.yml")[:2]
    assert "-e ." in environment("environment.yml")[2]
    assert environment("binder/environment.yml")[2] == ["-r ../requirements.txt"]


def test_git_keeps_postbuild_executable():
    entry = subprocess.run(
        ["git", "ls-files", "--stage", "binder/postBuild"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert entry.stdout.startswith("100755")


def test_what_is_tested_contains_what_is_run_version_for_version():
    run, tested = pins(LOCK), pins(ROOT / "requirements-test.txt")
    assert {name: tested.get(name) for name in run} == run


def test_every_package_has_one_version_whatever_the_python():
    """Otherwise Binder's Python could get another version than the Python of CI."""
    for lock in (LOCK, ROOT / "requirements-test.txt"):
        lines = [line for line in lock.read_text().splitlines() if not line.startswith("#")]
        assert len(pins(lock)) == len(lines), lock.name
        unpinned = [
            line for line in lines if not re.match(r"[a-z0-9-]+==[0-9][^ ]*( ; .+)?$", line)
        ]
        assert not unpinned


def test_this_very_environment_is_the_lock():
    """CI tests what the lock says, not what happened to be installed."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name, line in pins(LOCK).items():
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent" if ";" not in line else None  # a marker may rule it out here
    wanted = {name: line.split(" ;")[0].split("==")[1] for name, line in pins(LOCK).items()}
    assert {
        name: version for name, version in found.items() if version not in (None, wanted[name])
    } == {}
