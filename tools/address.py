"""The repository's public address: it stands in pyproject.toml, as Repository under [project.urls], and nowhere else.

Badges and launch links are made from it here.  While it is not known there are none, and the texts do without.
"""

import re
import tomllib
from pathlib import Path
from urllib.parse import urlencode

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


def hub(address: str, notebook: str = FIRST) -> str:
    """What follows a JupyterHub's own address, so that nbgitpuller brings each student the repository.

    >>> hub("https://github.com/ada/unets", "notebooks/quiz.ipynb")  # doctest: +ELLIPSIS
    '/hub/user-redirect/git-pull?repo=https%3A%2F%2Fgithub.com%2Fada%2Funets&urlpath=lab%2Ftree%2Funets%2Fnotebooks...
    """
    name = _owner_and_name(address)[1]
    return "/hub/user-redirect/git-pull?" + urlencode(
        {"repo": address, "urlpath": f"lab/tree/{name}/{notebook}", "branch": "main"}
    )


def colab(address: str, notebook: str = FIRST) -> str:
    """Where Colab opens a notebook.

    >>> colab("https://github.com/ada/unets", "notebooks/quiz.ipynb")
    'https://colab.research.google.com/github/ada/unets/blob/main/notebooks/quiz.ipynb'
    """
    path = "/".join(_owner_and_name(address))
    return f"https://colab.research.google.com/github/{path}/blob/main/{notebook}"


def codespaces(address: str) -> str:
    """Where GitHub makes a machine from .devcontainer.

    >>> codespaces("https://github.com/ada/unets")
    'https://codespaces.new/ada/unets'
    """
    return f"https://codespaces.new/{'/'.join(_owner_and_name(address))}"


def cells(address: str) -> str:
    """The two cells that Colab needs in front: install, and let explorers be shown."""
    return (
        f'%pip install -q anywidget onnx "git+{address}"\n\n'
        "from google.colab import output\n"
        "output.enable_custom_widget_manager()"
    )


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
        f"or run it on [Binder]({binder(address)}), in [Colab]({colab(address)}) or in\n"
        f"[Codespaces]({codespaces(address)}).\n\n"
        f"**Colab** asks for two cells in front, the first in a cell of its own:\n\n"
        f"```python\n{cells(address)}\n```\n\n"
        "Notebook `07` also needs the folder `notebooks/models`: run that one elsewhere.\n\n"
        "**A JupyterHub with nbgitpuller.** Hand out your hub's address with this behind it:\n\n"
        f"```text\n{hub(address)}\n```\n\n"
        "**uv, without a copy of the repository.** The command of [your own model](#your-own-model):\n\n"
        "```console\n"
        f'uvx --from "unet_complexity[onnx] @ git+{address}" unet-complexity model.onnx\n'
        "```"
    )


def _owner_and_name(address: str) -> tuple[str, str]:
    if not (found := ON_GITHUB.fullmatch(address)):
        raise ValueError(
            f"Repository must be https://github.com/OWNER/NAME, and nothing behind it; got {address!r}"
        )
    return found[1], found[2]
