"""What Binder would build is what the tests run with: the same lock, the package, a pinned Python."""

import re
import shutil
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


def environment() -> tuple[list[str], list[str], list[str]]:
    """(channels, conda packages, lines for pip) of environment.yml."""
    spec = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = [item for item in spec["dependencies"] if isinstance(item, str)]
    pip = [line for item in spec["dependencies"] if isinstance(item, dict) for line in item["pip"]]
    return spec["channels"], conda, pip


def runtime() -> str:
    """The Python that Binder is asked for."""
    return (ROOT / "binder/runtime.txt").read_text().strip().removeprefix("python-")


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
    assert python_of(dockerfile) == runtime()


def test_without_the_runtime_another_python_would_be_built(tmp_path):
    """Shows that the test above can fail: an empty binder/ silently gets repo2docker's own choice."""
    (tmp_path / "binder").mkdir()
    assert python_of(render(tmp_path)) != runtime()


# In the order of the layers: what stands above the files is kept from commit to commit.
STEPS = [
    "COPY --chown=1000:1000 src/binder/requirements.txt ${REPO_DIR}/binder/requirements.txt",
    'pip install --no-cache-dir -r "binder/requirements.txt"',
    "COPY --chown=1000:1000 src/ ${REPO_DIR}/",
    "RUN ./binder/postBuild",
]


def places(dockerfile):
    return [dockerfile.find(step) for step in STEPS]


def test_binder_installs_the_lock_before_the_files_are_there_and_the_package_after(dockerfile):
    found = places(dockerfile)
    assert -1 not in found, dict(zip(STEPS, found, strict=True))
    assert found == sorted(found)
    assert "--no-deps --editable ." in (ROOT / "binder/postBuild").read_text()


def test_a_lock_outside_the_folder_would_be_installed_anew_with_every_commit(tmp_path):
    """Shows that the test above can fail."""
    binder = shutil.copytree(ROOT / "binder", tmp_path / "binder")
    (binder / "requirements.txt").write_text("-r ../requirements.txt\n")
    (tmp_path / "requirements.txt").write_bytes(LOCK.read_bytes())
    found = places(render(tmp_path))
    assert -1 not in found
    assert found[1] > found[2], "the files come before the install"


def test_binder_has_the_very_lock():
    assert (ROOT / "binder/requirements.txt").read_bytes() == LOCK.read_bytes()
    makefile = (ROOT / "Makefile").read_text()
    assert "\tcp requirements.txt binder/requirements.txt\n" in makefile


def test_the_environment_is_the_lock_and_the_package():
    channels, conda, pip = environment()
    assert channels == ["conda-forge"]
    assert conda == [f"python={runtime()}", "pip"]
    assert pip == ["-r requirements.txt", "-e ."]


def test_the_pinned_python_is_the_newest_that_is_tested():
    classifiers = (ROOT / "pyproject.toml").read_text("utf-8")
    named = re.findall(r"Programming Language :: Python :: (3\.\d+)", classifiers)
    assert named == ["3.11", "3.12", "3.13", "3.14"]
    assert named[-1] == runtime()


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
