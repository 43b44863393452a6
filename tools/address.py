"""The repository's public address: it stands in pyproject.toml, as Repository under [project.urls], and nowhere else.

Badges and launch links are made from it here.  While it is not known there are none, and the texts do without.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRST = "notebooks/00-the-question.ipynb"
ON_GITHUB = re.compile(r"https://github\.com/([\w-]+)/([\w.-]+)")


def repository() -> str:
    """The address, or "" while it is not known.  ValueError where links cannot be made from it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    address: str = project.get("urls", {}).get("Repository", "")
    if address:
        _owner_and_name(address)
    return address


def binder(address: str, notebook: str = FIRST) -> str:
    """Where Binder opens a notebook.

    >>> binder("https://github.com/ada/unets", "notebooks/quiz.ipynb")
    'https://mybinder.org/v2/gh/ada/unets/HEAD?urlpath=lab/tree/notebooks/quiz.ipynb'
    """
    return f"https://mybinder.org/v2/gh/{'/'.join(_owner_and_name(address))}/HEAD?urlpath=lab/tree/{notebook}"


def pages(address: str) -> str:
    """Where the workflow puts the static site; JupyterLite is in its folder lite.

    >>> pages("https://github.com/Ada/unets")
    'https://ada.github.io/unets/'
    """
    owner, name = _owner_and_name(address)
    return f"https://{owner.lower()}.github.io/{name}/"


def launch(address: str) -> str:
    """The README's paragraph on running without installing."""
    if not address:
        return (
            "**Binder.** Enter the address of this repository at [mybinder.org](https://mybinder.org), choose *URL*\n"
            f"in place of *File*, and open `lab/tree/{FIRST}`."
        )
    checks, site = f"{address}/actions/workflows/checks.yml", pages(address)
    return (
        f"[![checks]({checks}/badge.svg)]({checks})\n"
        f"[![Binder](https://mybinder.org/badge_logo.svg)]({binder(address)})\n\n"
        f"**Nothing to install.** Read the [site]({site}), run it [in your browser alone]({site}lite/),\n"
        f"or run it on [Binder]({binder(address)})."
    )


def _owner_and_name(address: str) -> tuple[str, str]:
    if not (found := ON_GITHUB.fullmatch(address)):
        raise ValueError(
            f"Repository must be https://github.com/OWNER/NAME, and nothing behind it; got {address!r}"
        )
    return found[1], found[2]
