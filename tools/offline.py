"""Everything for a class in one file, for where the network fails: build/offline.zip opens with a double click.

    python -m tools.offline SITE TEACHING [LITE]

The folders are what "make site", "make slides" and "make lite" built.  Notebooks and the package come from the working
tree, so that a reader with Python and Jupyter can run them as well.
"""

import sys
import zipfile
from collections.abc import Iterator
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "build" / "offline.zip"
TOP = "unet_complexity"  # unpacked, all lies in a folder of this name
DATE = (2000, 1, 1, 0, 0, 0)  # the same content makes the same bytes
RUN = (
    "notebooks/*.ipynb",
    "notebooks/models/*",
    "unet_complexity/**/*",
    "README.md",
    "LICENSE*",
    "pyproject.toml",
    "requirements.txt",
)

INDEX = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>What does a U-Net cost, and why?</title>
<style>body {{ font: 1.1em/1.5 system-ui, sans-serif; max-width: 40em; margin: 2em auto; padding: 0 1em; }}</style>
</head>
<body><main><h1>What does a U-Net cost, and why?</h1>
<p>Nothing here asks the network for anything.</p>
<ul>
{links}
</ul></main></body></html>
"""


def pack(folders: dict[str, Path], file: Path = FILE) -> Path:
    """``folders`` by their names in the zip: "site", "teaching", and "lite" where it was built.

    FileNotFoundError where "site" has no start page.
    """
    if not (folders["site"] / "index.html").is_file():
        raise FileNotFoundError(f"{folders['site']} has no index.html; build it with: make site")
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        _write(archive, "index.html", _index(folders).encode())
        for name, path in _members(folders):
            _write(archive, name, path.read_bytes())
    return file


def _members(folders: dict[str, Path]) -> Iterator[tuple[str, Path]]:
    """Names in the zip and files, in order."""
    for name, folder in folders.items():
        yield from (
            (f"{name}/{path.relative_to(folder).as_posix()}", path)
            for path in _files(folder, "**/*")
        )
    for pattern in RUN:
        yield from ((path.relative_to(ROOT).as_posix(), path) for path in _files(ROOT, pattern))


def _files(folder: Path, pattern: str) -> list[Path]:
    found = (path for path in folder.glob(pattern) if path.is_file())
    return sorted(
        path for path in found if not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
    )


def _write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(f"{TOP}/{name}", DATE), data, zipfile.ZIP_DEFLATED)


def _index(folders: dict[str, Path]) -> str:
    decks = sorted(path.name for path in folders["teaching"].glob("*.html"))
    links = [("site/index.html", "The tutorial, to read, with every explorer alive")]
    links += [
        (f"teaching/{name}", f"{_kind(name)}: {name.removesuffix('.html')}") for name in decks
    ]
    items = [f'<li><a href="{escape(link)}">{escape(text)}</a></li>' for link, text in links]
    items.append(
        "<li>To run it: <code>pip install -r requirements.txt .</code>, beforehand, then "
        "<code>jupyter lab notebooks</code>.</li>"
    )
    if "lite" in folders:
        items.append(
            "<li>To run it in a browser alone: <code>python -m http.server --directory lite</code>, then open the "
            "address that it prints. (A browser does not start this part from a file.)</li>"
        )
    return INDEX.format(links="\n".join(items))


def _kind(name: str) -> str:
    return "Slides" if name[:2].isdigit() else "To print"


def main(site: str, teaching: str, *lite: str) -> int:
    """Packs, and says how large it is."""
    folders = dict(
        zip(("site", "teaching", "lite"), map(Path, (site, teaching, *lite)), strict=False)
    )
    file = pack(
        {name: folder for name, folder in folders.items() if folder.is_dir() or name != "lite"}
    )
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
