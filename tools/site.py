"""Build the static site, which needs no network and no server: the pages in docs/, the committed notebooks, the API.

python -m tools.site [FOLDER]       # build/site otherwise; open index.html in it
"""

import inspect
import pkgutil
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import unet_complexity
from tools import guesses, notebooks
from tools.site_html import finish

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "build" / "site"
WING = "engineering"
PROJECT = "What does a U\N{NON-BREAKING HYPHEN}Net cost?"  # as docs/conf.py has it
AUTOMODULE = ".. automodule:: unet_complexity.{}\n   :members:\n   :ignore-module-all:\n   :show-inheritance:\n"


def is_site(folder: Path) -> bool:
    """True if a folder is what "make site" built: this project's inventory, and no repository beside it."""
    inventory = folder / "objects.inv"
    if not inventory.is_file() or (folder / ".git").exists():
        return False
    with inventory.open("rb") as file:
        return f"# Project: {PROJECT}".encode() in file.read(200)


def build(out: Path = SITE) -> Path:
    """Everything anew; RuntimeError where Sphinx has a warning.  Returns the landing page."""
    from sphinx.cmd.build import build_main

    if out.exists() and any(out.iterdir()) and not is_site(out):
        raise SystemExit(
            f"{out} holds other files than a site, which would go; give another folder"
        )
    guesses.refuse(notebooks.paths())
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        source, doctrees = Path(folder, "source"), Path(folder, "doctrees")
        stage(source)
        arguments = [
            "--fail-on-warning",
            "--keep-going",
            "--quiet",
            "-j",
            "auto",
            "-d",
            str(doctrees),
            str(source),
            str(out),
        ]
        if build_main(arguments):
            raise RuntimeError("the site has not been built: see the warnings above")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(path, out / "notebooks")
    finish(out)
    return out / "index.html"


def stage(source: Path) -> None:
    """What Sphinx reads: docs/ with the notebooks in it, and a page for each module of the package."""
    shutil.copytree(ROOT / "docs", source)
    (source / "notebooks").mkdir()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(path, source / "notebooks")
    (source / "api").mkdir()
    with (source / "api.md").open("a", encoding="utf-8") as contents:
        for name in public():
            (source / "api" / f"{name}.rst").write_text(page(name), "utf-8")
            doc = inspect.getdoc(import_module(f"unet_complexity.{name}")) or ""
            contents.write(
                f"- [{name}](api/{name}.rst): {doc.splitlines()[0].replace('``', '`')}\n"
            )


def public() -> list[str]:
    """The package's modules and, with pages of their own, those of the engineer's wing; but for ``__main__``."""
    names = [
        one.name
        for one in pkgutil.iter_modules(unet_complexity.__path__)
        if not one.name.startswith("_")
    ]
    return [*names, *inside(WING)]


def page(name: str) -> str:
    """A module's page: the module, and under a heading each those in it."""
    lines = [name, "=" * len(name), AUTOMODULE.format(name)]
    for one in inside(name) if name != WING else ():
        lines += [one, "-" * len(one), AUTOMODULE.format(one)]
        if callable(
            getattr(import_module(f"unet_complexity.{name}"), one.rpartition(".")[2], None)
        ):
            lines[-1] += (
                "   :no-index:\n"  # checks.quiz is a module and a function: one name, one entry
            )
    return "\n".join(lines)


def inside(name: str) -> list[str]:
    """The modules of a package in the package."""
    folder = Path(unet_complexity.__path__[0], *name.split("."))
    return [f"{name}.{one.name}" for one in pkgutil.iter_modules([str(folder)])]


def main(names: list[str]) -> int:
    """Builds into the named folder, and says where to look."""
    print(f"The site is built: open {build(Path(names[0]).resolve() if names else SITE)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
