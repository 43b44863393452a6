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
from tools.site_html import finish

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "build" / "site"
AUTOMODULE = ".. automodule:: unet_complexity.{}\n   :members:\n   :ignore-module-all:\n   :show-inheritance:\n"


def build(out: Path = SITE) -> Path:
    """Everything anew; RuntimeError where Sphinx has a warning.  Returns the landing page."""
    from sphinx.cmd.build import build_main

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
        for module in public():
            (source / "api" / f"{module.name}.rst").write_text(page(module.name), "utf-8")
            doc = inspect.getdoc(import_module(f"unet_complexity.{module.name}")) or ""
            contents.write(f"- [{module.name}](api/{module.name}.rst): {doc.splitlines()[0].replace('``', '`')}\n")


def public() -> list[pkgutil.ModuleInfo]:
    """The package's modules, but for ``__main__``."""
    return [one for one in pkgutil.iter_modules(unet_complexity.__path__) if not one.name.startswith("_")]


def page(name: str) -> str:
    """A module's page: the module, and under a heading each those in it."""
    folder = Path(unet_complexity.__path__[0], name)
    inside = [f"{name}.{one.name}" for one in pkgutil.iter_modules([str(folder)])]
    lines = [name, "=" * len(name), AUTOMODULE.format(name)]
    for one in inside:
        lines += [one, "-" * len(one), AUTOMODULE.format(one)]
    return "\n".join(lines)


def main(names: list[str]) -> int:
    """Builds into the named folder, and says where to look."""
    print(f"The site is built: open {build(Path(names[0]).resolve() if names else SITE)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
