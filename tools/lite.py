"""Build the tutorial as a site that computes in the reader's own browser: JupyterLite, no server, nothing to install.

    python -m tools.lite        # "make lite" sets up the environment that this needs

The site holds all that the notebooks need in pure Python, in the versions that run them elsewhere, and Pyodide itself,
as npm packs it.  Pyodide's lock names these wheels, so that a kernel starts with the package in it.  What is compiled
(NumPy, matplotlib) stays where Pyodide publishes it, and is fetched when a cell wants it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from email.parser import Parser
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from tools import guesses

ROOT = Path(__file__).resolve().parent.parent
SITE, PARTS = ROOT / "build" / "lite", ROOT / "build" / "lite-parts"
PYODIDE = PARTS / "static" / "pyodide"
KERNEL = "@jupyterlite/pyodide-kernel-extension"
WITH_THE_KERNEL = ("piplite", "pyodide_kernel", "ipykernel")  # wheels that its extension brings
OURS = ("anywidget", "sympy", "tabulate")  # the first one for the explorers
IN_THE_PAGE = {"jupyterlab-widgets", "widgetsnbextension"}  # their Python would have nothing to do
AT_START = [
    "micropip",
    "piplite",
    "ipykernel",
    "comm",
    "pyodide-kernel",
    "jedi",
    "ipython",
    "unet-complexity",
]
NO_USE_FOR = (".html", ".js", ".map", ".ts", ".md")  # of what npm packs
FIRST = "00-the-question.ipynb"
TIMED = "02-upsampling-rows-and-columns.ipynb"
# A narrow screen gets one document without Lab's side bars.  The first script is one that Lab's pages read.
INDEX = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>What does a U-Net cost, and why?</title>
<script id="jupyter-config-data" type="application/json" data-jupyter-lite-root=".">{{}}</script></head><body>
<p><a href="lab/index.html?path={FIRST}">Open the tutorial in your browser</a></p>
<script>location.replace((innerWidth < 700 ? "notebooks" : "lab") + "/index.html?path={FIRST}");</script>
</body></html>
"""
# Whether a cell with this text has run, and when.
RAN = """(text) => {
    const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
    const cell = cells.find((cell) => cell.sharedModel.source.includes(text));
    return cell.executionCount !== null && performance.now() / 1000;
}"""

Lock = dict[str, Any]


def main() -> int:
    """Builds build/lite anew, from what earlier runs have downloaded, and says where it is."""
    for folder in (SITE, PYODIDE):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL, PYODIDE_VERSION

    lock = unpacked_pyodide(PYODIDE_VERSION)
    for wheel in copied_wheels(lock):
        enter(lock, wheel)
    save(lock, PYODIDE_CDN_URL)
    build_pages()
    add_notebooks(sorted((ROOT / "notebooks").glob("*.ipynb")))
    (SITE / "index.html").write_text(INDEX, "utf-8")
    print(
        f"Built. To look at it: python -m http.server --bind 127.0.0.1 --directory {SITE.relative_to(ROOT)}"
    )
    return 0


def unpacked_pyodide(version: str) -> Lock:
    """Puts Pyodide into its place; its lock."""
    packed = PARTS / f"pyodide-{version}.tgz"
    if not packed.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit(
                "make lite gets Pyodide from npm, and there is no npm: install Node.js, then try again."
            )
        subprocess.run(
            [npm, "pack", "--silent", f"pyodide@{version}"],
            cwd=PARTS,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    with tarfile.open(packed) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content and not member.name.endswith(NO_USE_FOR):
                (PYODIDE / Path(member.name).name).write_bytes(content.read())
    return dict(json.loads((PYODIDE / "pyodide-lock.json").read_text("utf-8")))


def copied_wheels(lock: Lock) -> list[Path]:
    """All that belongs into the kernel beside Pyodide: the kernel's own wheels, pinned ones, and this package's."""
    pins = [
        f"{name}=={distribution(name).version}"
        for name in closure(["ipython", *OURS], python(lock))
    ]
    pins.append(
        f"micropip=={lock['packages']['micropip']['version']}"
    )  # goes with Pyodide, not with us
    extension = Path(sys.prefix, "share", "jupyter", "labextensions", KERNEL, "static", "pypi")
    bundled = [wheel for name in WITH_THE_KERNEL for wheel in extension.glob(f"{name}-*.whl")]
    for wheel in [*bundled, *downloaded(pins, python(lock)).iterdir()]:
        shutil.copy(wheel, PYODIDE)
    pip("wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={PYODIDE}", str(ROOT))
    return sorted(PYODIDE.glob("*.whl"))


def downloaded(pins: list[str], python: str) -> Path:
    """A folder with the pure wheels of these versions; an earlier run's, if there is one."""
    folder = PARTS / f"wheels-{hashlib.sha256(' '.join([python, *pins]).encode()).hexdigest()[:12]}"
    if not folder.exists():
        part = folder.with_suffix(".part")
        pure = ["--only-binary=:all:", "--implementation=py", "--abi=none", "--platform=any"]
        pip("download", "--no-deps", *pure, f"--python-version={python}", f"--dest={part}", *pins)
        part.rename(folder)
    return folder


def pip(command: str, *arguments: str) -> None:
    """Runs this environment's pip."""
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", command, *quiet, *arguments], check=True)


def python(lock: Lock) -> str:
    """Pyodide's Python, as in 3.14."""
    return str(lock["info"]["python"]).rpartition(".")[0]


def needed(requirements: Iterable[str], python: str) -> list[str]:
    """The names of those requirements that hold in a browser."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    here = {
        "sys_platform": "emscripten",
        "platform_system": "Emscripten",
        "os_name": "posix",
        "extra": "",
    }
    here |= {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_machine": "wasm32",
    }
    wanted = [
        one
        for one in map(Requirement, requirements)
        if one.marker is None or one.marker.evaluate(here)
    ]
    return [
        name for name in (canonicalize_name(one.name) for one in wanted) if name not in IN_THE_PAGE
    ]


def closure(names: Iterable[str], python: str) -> list[str]:
    """These packages and all that they need in a browser.  They are installed here, in the pinned versions."""
    found, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += needed(distribution(name).requires or [], python)
    return sorted(found)


def enter(lock: Lock, wheel: Path) -> None:
    """Makes Pyodide take a package from this wheel, which lies beside the lock."""
    from packaging.utils import parse_wheel_filename

    name, version, *_ = parse_wheel_filename(wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        files = archive.namelist()
        (metadata,) = (
            Parser().parsestr(archive.read(file).decode())
            for file in files
            if file.endswith("/METADATA")
        )
    depends = needed(metadata.get_all("Requires-Dist") or [], python(lock))
    tops = {file.partition("/")[0] for file in files if file.endswith(".py")}
    lock["packages"][name] = {
        "name": name,
        "version": str(version),
        "file_name": wheel.name,
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "imports": sorted(top.removesuffix(".py") for top in tops),
        "depends": [*depends, "anywidget"] if name == "unet-complexity" else depends,
        "install_dir": "site",
        "package_type": "package",
        "unvendored_tests": False,
    }


def save(lock: Lock, published: str) -> None:
    """Writes the lock; what is not beside it is where Pyodide publishes it."""
    for entry in lock["packages"].values():
        if not (PYODIDE / entry["file_name"]).exists():
            entry["file_name"] = f"{published}/{entry['file_name']}"
    (PYODIDE / "pyodide-lock.json").write_text(json.dumps(lock), "utf-8")


def build_pages() -> None:
    """JupyterLite's applications with the widgets' extensions and a kernel that starts from what is here."""
    kernel = {
        "pyodideUrl": "./static/pyodide/pyodide.mjs",
        "loadPyodideOptions": {"packages": AT_START},
    }
    config = {
        "appName": "unet_complexity",
        "contentsAllJsonFile": "all.json",
        "exposeAppInBrowser": True,  # for the tests
        "litePluginSettings": {f"{KERNEL}:kernel": kernel},
    }
    settings = {"jupyter-lite-schema-version": 0, "jupyter-config-data": config}
    (PARTS / "jupyter-lite.json").write_text(json.dumps(settings), "utf-8")
    (PARTS / ".jupyterlite.doit.db").unlink(
        missing_ok=True
    )  # what it remembers is of a site that is gone
    places = [f"--lite-dir={PARTS}", f"--output-dir={SITE}"]
    slim = ["--no-sourcemaps", "--no-unused-shared-packages", "--no-libarchive"]
    apps = [f"--apps={app}" for app in ("lab", "notebooks", "tree")]
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "jupyterlite_core",
        "build",
        *places,
        *slim,
        *apps,
    ]
    done = subprocess.run(command, cwd=PARTS, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"JupyterLite could not be built:\n{done.stdout}{done.stderr}")


def add_notebooks(paths: list[Path]) -> None:
    """The notebooks, and the list by which Lab finds them: what its server would answer for their folder."""
    guesses.refuse(paths)
    files, listing = SITE / "files", SITE / "api" / "contents" / "all.json"
    files.mkdir()
    listing.parent.mkdir(parents=True, exist_ok=True)
    content = []
    for path in paths:
        notebook = as_served(json.loads(path.read_text("utf-8")))
        (files / path.name).write_text(json.dumps(notebook), "utf-8")
        content.append(entry(path.name, "notebook", (files / path.name).stat().st_size))
    listing.write_text(
        json.dumps(entry("", "directory", None) | {"format": "json", "content": content}), "utf-8"
    )


def as_served(notebook: dict[str, Any]) -> dict[str, Any]:
    """A notebook with each text in one piece: lines apart are for files, and its page expects what a server sends."""
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            data.update(
                (kind, "".join(lines)) for kind, lines in data.items() if isinstance(lines, list)
            )
            if "text" in output:
                output["text"] = "".join(output["text"])
    return notebook


def entry(name: str, kind: str, size: int | None) -> dict[str, Any]:
    """One file or folder in the words of Jupyter's contents API."""
    now = datetime.now(UTC).isoformat()
    same = {
        "created": now,
        "last_modified": now,
        "writable": True,
        "format": None,
        "mimetype": None,
        "content": None,
    }
    return {"name": name, "path": name, "type": kind, "size": size, **same}


def seconds_until(page: Any) -> dict[str, float]:
    """From the start of the navigation: what a reader waits for."""
    ran = {"first result": "predict", "SymPy": "sp.symbols"}
    times = {what: page.wait_for_function(RAN, arg=text).json_value() for what, text in ran.items()}
    page.locator('.unetx[data-explorer="repeat"][data-alive]').wait_for()
    return times | {"explorer": page.evaluate("performance.now() / 1000")}


if __name__ == "__main__":
    sys.exit(main())
