"""The repository itself: nothing of one machine in it, one version, licences, a wheel that is complete."""

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import urllib.request
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = {
    ".cff",
    ".cfg",
    ".css",
    ".csv",
    ".html",
    ".ipynb",
    ".js",
    ".json",
    ".md",
    ".py",
    ".svg",
    ".tex",
    ".toml",
}
TEXT |= {".txt", ".yaml", ".yml", ""}

# Put together here, so that this file does not hold what it looks for.
REGISTRIES = [
    "pypi" + ".org",
    "python" + "hosted.org",
    "npmjs" + ".org",
    "npmjs" + ".com",
    "anaconda" + ".org",
]
REGISTRIES += [
    "anaconda" + ".com",
    "deb.debian" + ".org",
    "crates" + ".io",
    "download.pytorch" + ".org",
]
UNFINISHED = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK", "W" + "IP", "T" + "BD"]
FORBIDDEN = {
    "a registry's host": re.compile("|".join(map(re.escape, REGISTRIES))),
    "a path of one machine": re.compile(r"(?<![\w.}~-])/(work|home|root|tmp|Users)/\w"),
    "an unfinished mark": re.compile(rf"\b({'|'.join(UNFINISHED)})\b"),
}


def tracked() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).exists()]


def forbidden(text: str) -> list[str]:
    """What a text must not hold; pictures inside it (long runs of base64) aside."""
    text = re.sub(r"[A-Za-z0-9+/=]{120,}", "", text)
    hits = [(what, pattern.search(text)) for what, pattern in FORBIDDEN.items()]
    return [f"{what}: {hit[0]}" for what, hit in hits if hit]


def test_no_tracked_file_holds_what_belongs_to_one_machine_or_one_day():
    texts = {path: path.read_text("utf-8") for path in tracked() if path.suffix in TEXT}
    assert len(texts) > 20
    found = {
        str(path.relative_to(ROOT)): forbidden(text)
        for path, text in texts.items()
        if forbidden(text)
    }
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        *REGISTRIES,
        *(f"# {mark}: later" for mark in UNFINISHED),
        "see " + "/ho" + "me/ada/x",
        '"/wo' + 'rk/a"',
    ],
)
def test_what_is_forbidden_is_found(text):
    assert len(forbidden(text)) == 1


@pytest.mark.parametrize(
    "text", ["macs/work/unit", "https://a.example/home/page", "a hackathon", "A" * 200 + "X" + "XX"]
)
def test_what_looks_similar_is_let_through(text):
    assert forbidden(text) == []


def test_the_version_is_said_in_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "version" in project["dynamic"]
    import unet_complexity

    assert unet_complexity.__version__ == version("unet_complexity")
    if (citation := ROOT / "CITATION.cff").exists():
        assert f"version: {unet_complexity.__version__}\n" in citation.read_text()


def test_the_changelog_knows_the_version_or_that_it_is_not_out_yet():
    headings = re.findall(
        r"^## \[(.+?)\]( - \d{4}-\d\d-\d\d)?$",
        (ROOT / "CHANGELOG.md").read_text("utf-8"),
        re.MULTILINE,
    )
    assert headings[0] == ("Unreleased", "")
    assert all(date for name, date in headings[1:])
    released = [name for name, _ in headings[1:]]
    assert not released or released[0] == version("unet_complexity")
    assert re.fullmatch(r"\d+\.\d+\.\d+", version("unet_complexity"))


def test_the_readme_names_what_is_there():
    readme = (ROOT / "README.md").read_text("utf-8")
    paths = set(re.findall(r"\]\(([\w./-]+)\)", readme)) | set(
        re.findall(r"notebooks/[\w-]+\.ipynb", readme)
    )
    assert {path for path in paths if not (ROOT / path).exists()} == set()
    (name,) = re.findall(
        r"^name: ([\w-]+)$", (ROOT / "environment.yml").read_text(), flags=re.MULTILINE
    )
    assert f"conda activate {name}" in readme
    assert set(re.findall(r"Version ([\d.]+\d)", readme)) == {version("unet_complexity")}


def test_the_tutorial_is_complete():
    numbers = {path.name[:2] for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {"00", "01", "02", "04"} <= numbers


def test_both_licences_are_there_and_named():
    assert (
        (ROOT / "LICENSE")
        .read_text()
        .startswith("MIT License\n\nCopyright (c) 2026 unet_complexity developers\n")
    )
    assert "https://creativecommons.org/licenses/by/4.0/" in (ROOT / "LICENSE-text.md").read_text()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from the tracked and the new files of the package, by the backend that the lock pins."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    subprocess.run(
        [*command, "--wheel-dir", str(folder), str(ROOT)], check=True, capture_output=True
    )
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        yield archive


def test_the_wheel_holds_the_package_with_its_scripts_and_styles(wheel):
    package = [
        path.relative_to(ROOT).as_posix()
        for path in tracked()
        if (ROOT / "unet_complexity") in path.parents
    ]
    names = wheel.namelist()
    assert set(package) <= set(names)
    assert [
        name
        for name in names
        if name.startswith("unet_complexity/explorers/static/") and name.endswith(".js")
    ]
    assert not [name for name in names if name.startswith(("tests/", "tools/", "notebooks/"))]


def test_the_wheel_asks_for_two_packages_unless_told_more(wheel):
    (metadata,) = [
        wheel.read(name).decode()
        for name in wheel.namelist()
        if name.endswith("dist-info/METADATA")
    ]
    required = re.findall(r"^Requires-Dist: ([\w-]+)(?!.*extra ==)", metadata, flags=re.MULTILINE)
    assert sorted(required) == ["sympy", "tabulate"]
    assert "License-Expression: MIT" in metadata


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """What "make dist" builds: the source distribution, and a wheel from what is in it."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "--target"]
    subprocess.run(
        [*build, "sdist", "--directory", str(folder)], cwd=ROOT, check=True, capture_output=True
    )
    (archive,) = folder.glob("*.tar.gz")
    shutil.unpack_archive(archive, folder, filter="data")
    source = folder / archive.name.removesuffix(".tar.gz")
    subprocess.run(
        [*build, "wheel", "--directory", str(folder)], cwd=source, check=True, capture_output=True
    )
    return folder, source


def test_what_is_built_works_where_only_sympy_and_tabulate_are(distributions, tmp_path):
    folder, _ = distributions
    (wheel,) = folder.glob("*.whl")
    empty = tmp_path / "empty"
    venv.create(empty, with_pip=False)
    python = empty / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    place = Path(
        subprocess.run(
            [python, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
    )
    for name in ("sympy", "mpmath", "tabulate"):
        there = Path(importlib.util.find_spec(name).origin).parent
        shutil.copytree(there, place / name, ignore=shutil.ignore_patterns("tests"))
    options = [
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-compile",
        "--disable-pip-version-check",
        str(wheel),
    ]
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", *options]
    subprocess.run(command, check=True, capture_output=True)
    smoke = [python, "-I", str(ROOT / "tests/smoke.py")]
    result = subprocess.run(smoke, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert f"unet_complexity {version('unet_complexity')} works; scripts: " in result.stdout


def test_the_source_distribution_holds_what_its_readers_look_for(distributions):
    _, source = distributions
    wanted = [
        "CHANGELOG.md",
        "CITATION.cff",
        "LICENSE",
        "LICENSE-text.md",
        "README.md",
        "tests/smoke.py",
    ]
    wanted += [path.relative_to(ROOT).as_posix() for path in (ROOT / "notebooks").glob("*.ipynb")]
    assert [name for name in wanted if not (source / name).exists()] == []


def test_file_names_are_fit_for_windows():
    names = [path.relative_to(ROOT).as_posix() for path in tracked()]
    reserved = re.compile(r"(^|/)(con|prn|aux|nul|com\d|lpt\d)(\.|/|$)", re.IGNORECASE)
    assert [
        name for name in names if re.search(r'[<>:"|?*\\]|[ .](/|$)', name) or reserved.search(name)
    ] == []
    assert len({name.lower() for name in names}) == len(names)
    assert max(map(len, names)) < 120


HEAVY = {
    "IPython",
    "anywidget",
    "ipywidgets",
    "jax",
    "keras",
    "matplotlib",
    "numpy",
    "onnx",
    "torch",
}


def loaded_by(statement: str) -> set[str]:
    """The heavy packages that a fresh Python holds after a statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return HEAVY & set(json.loads(result.stdout))


@pytest.mark.parametrize("name", ["unet_complexity", "unet_complexity.engineering"])
def test_importing_stays_light(name):
    assert loaded_by(f"import {name}") == set()


def test_importing_something_heavy_would_be_noticed():
    assert {"ipywidgets", "matplotlib", "numpy"} <= loaded_by(
        "import unet_complexity, matplotlib.figure, ipywidgets"
    )


def make(*arguments: str, **options) -> subprocess.CompletedProcess:
    # Not as a part of the make that runs these tests.
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, **options
    )


needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@needs_make
def test_make_alone_lists_every_command():
    makefile = (ROOT / "Makefile").read_text()
    commands = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)[1].split()
    listed = [line.split()[1] for line in make().stdout.splitlines()]
    assert listed == commands


@needs_make
def test_an_old_python_is_refused_with_the_remedy(tmp_path):
    old = tmp_path / "python3.10"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    result = make(f"PYTHON={old}", f"VENV={tmp_path / 'venv'}", "lab")
    assert result.returncode != 0
    assert f"Python 3.11 or newer is needed, and {old} is not." in result.stdout
    assert not (tmp_path / "venv").exists()


def own_make_lab() -> bool:
    return os.name == "posix" and Path(sys.prefix).resolve() == (ROOT / ".venv").resolve()


@needs_make
@pytest.mark.skipif(
    not own_make_lab(), reason="these tests do not run in the environment that make lab starts from"
)
def test_make_lab_opens_the_first_notebook_and_installs_nothing_the_second_time(tmp_path):
    log = tmp_path / "log.txt"
    options = "--no-browser --allow-root --ServerApp.port=0"
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    env |= {
        f"JUPYTER_{place}_DIR": str(tmp_path / place) for place in ("CONFIG", "DATA", "RUNTIME")
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            ["make", "lab", f"ARGS={options}"],
            cwd=ROOT,
            env=env,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        url = wait_for(r"http://localhost:\d+/lab/tree/(\S+)\?token=\w+", log, process)
        assert status(url[0], process) == 200
        assert url[1] == next(
            (path.relative_to(ROOT).as_posix() for path in first_notebooks()), "notebooks"
        )
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)
    assert "pip" not in make("--dry-run", "lab").stdout
    quiet = json.loads((ROOT / ".venv/etc/jupyter/labconfig/page_config.json").read_text())[
        "disabledExtensions"
    ]
    assert quiet[
        "@jupyterlab/apputils-extension:announcements"
    ]  # no question about news in a class


def status(url: str, process: subprocess.Popen, seconds: float = 30) -> int:
    """What the server answers.  It writes its address a moment before it listens there."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=seconds) as answer:
                return answer.status
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < end, f"{url} did not answer within {seconds} s"
            time.sleep(0.2)


def first_notebooks() -> list[Path]:
    return sorted((ROOT / "notebooks").glob("00-*.ipynb"))


def wait_for(pattern: str, log: Path, process: subprocess.Popen, seconds: float = 120) -> re.Match:
    """The first match in what a process has written so far."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := re.search(pattern, log.read_text(encoding="utf-8")):
            return found
        assert process.poll() is None, log.read_text(encoding="utf-8")
        time.sleep(0.2)
    raise AssertionError(
        f"{pattern} did not appear within {seconds} s:\n{log.read_text(encoding='utf-8')}"
    )
