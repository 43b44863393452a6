"""The last hand on a page: what Sphinx, MyST-NB and the theme leave to be wished, as text in and text out."""

import hashlib
import re
from pathlib import Path

from tools.address import binder, pages, repository

EXPLORER = re.compile(
    r'(<div class="unetx"[^>]*>.*?</div>)\s*<script>\s*(.*?)\s*</script>', re.DOTALL
)
EMPTY_HEAD = re.compile(
    r'<thead>\s*<tr[^>]*>(\s*<th class="head">(<p></p>)?</th>)+\s*</tr>\s*</thead>'
)
EMPTY_TH = re.compile(r"<th([^>]*)>\s*</th>")
MAIN = re.compile(r'<article role="main"[^>]*>')
# What axe-core, the accessibility checker, misses in the theme.
NAMED = {
    'role="heading"': 'role="heading" aria-level="2"',
    '<aside class="sidebar-drawer"': '<aside class="sidebar-drawer" aria-label="Site"',
    '<aside class="toc-drawer"': '<aside class="toc-drawer" aria-label="On this page"',
}


def finish(site: Path) -> None:
    """Every page of a site, in place."""
    for path in site.rglob("*.html"):
        html = accessible(path.read_text("utf-8"))
        html = with_shared_scripts(html, path, site)
        if path.with_suffix(".ipynb").exists():
            html = offering(html, path.with_suffix(".ipynb").name, repository())
        path.write_text(html, "utf-8", newline="\n")


def accessible(html: str) -> str:
    """Headings with a level, sides of the page with a name, a title, no heading of a table without words.

    >>> accessible('<th scope="col"> </th>')
    '<td scope="col"></td>'
    """
    for old, new in NAMED.items():
        html = html.replace(old, new)
    if "<h1" not in html:  # the search page
        html = MAIN.sub(r"\g<0><h1>Search</h1>", html)
    return EMPTY_TH.sub(r"<td\1></td>", EMPTY_HEAD.sub("", html))


def with_shared_scripts(html: str, path: Path, site: Path) -> str:
    """An explorer's script as a file that all pages share; a page names it once, to run when all of it is there."""
    named = set()
    folder = site / "_static" / "explorers"
    up = "../" * (len(path.relative_to(site).parts) - 1)

    def with_file(match: re.Match[str]) -> str:
        place, script = match.groups()
        name = f"{hashlib.sha256(script.encode()).hexdigest()[:12]}.js"
        if name in named:
            return place
        named.add(name)
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(script, "utf-8", newline="\n")
        return f'{place}<script defer src="{up}_static/explorers/{name}"></script>'

    return EXPLORER.sub(with_file, html)


def offering(html: str, notebook: str, address: str) -> str:
    """Under a notebook's title: the file itself, and where it runs, once the project has a public address."""
    links = [f'<a href="{notebook}" download>Download this notebook</a>']
    if address:
        links.append(f'<a href="{binder(address, f"notebooks/{notebook}")}">Run it on Binder</a>')
        links.append(f'<a href="{pages(address)}lite/">Run it in your browser alone</a>')
    return html.replace("</h1>", f'</h1>\n<p class="launch">{" · ".join(links)}</p>', 1)
