"""What a lesson needs, in one folder: ``make class``.

    python -m tools.lesson SITE TEACHING [FOLDER]    # class, if none is named

The folders are what "make site" and "make slides" built.  A folder that is there already is left as it is: a teacher
may have changed what is in it.
"""

import random
import re
import shutil
import sys
from html import escape
from pathlib import Path

from tools import inventory, notebooks, offline, qti, slides, slips, web
from unet_complexity.checks.lessons import PREDICTIONS
from unet_complexity.checks.quiz import Question

ROOT = Path(__file__).resolve().parent.parent
PLAN = ROOT / "docs" / "teaching" / "50-minutes.md"
FORMS = {"before": inventory.BEFORE, "after": inventory.AFTER}
NAME_LINE = "Name: ________________________________   Date: ______________"
VERSIONS = (1, 2)


# A row of the plan: a notebook, and which of its sections; all of it if the row names none.
STOP = re.compile(r"^\| \d+ \| `(\d\d)`(?:, sections? (\d+)(?: (?:and|to) (\d+))?)?", re.MULTILINE)


def planned() -> list[notebooks.Notebook]:
    """The notebooks that the plan for 50 minutes stops at, with the cells of these sections only."""
    stops: dict[str, list[range]] = {}
    for number, first, last in STOP.findall(PLAN.read_text("utf-8")):
        sections = range(int(first or 0), int(last or first or 99) + 1)
        stops.setdefault(number, []).append(sections)
    found = []
    for path in notebooks.paths():
        if path.name[:2] in stops:
            nb, section, cells = notebooks.read(path), 0, []
            for cell in nb.cells:
                heading = re.match(r"## (\d+) ·", cell.source)
                section = int(heading[1]) if heading else section
                if any(section in sections for sections in stops[path.name[:2]]):
                    cells.append(cell)
            nb.cells = cells
            found.append(nb)
    return found


def shuffled(form: inventory.Form, version: int) -> list[Question]:
    """The questions of a form in the order of one version, each with its options in another order."""
    chance = random.Random(f"{form.name}{version}")
    mixed = [_mixed(question, chance) for question in inventory.questions(form)]
    return chance.sample(mixed, len(mixed))


def _mixed(question: Question, chance: random.Random) -> Question:
    options = list(question.options.items())
    order = chance.sample(range(len(options)), len(options))
    return Question(
        question.asked, order.index(question.right), dict(options[place] for place in order)
    )


def texts() -> dict[str, str]:
    """Each page and each text file of the folder, by its name."""
    found = {"slides.html": slides.deck(*planned(), title="A plan for 50 minutes", size="large")}
    found["prediction-slips.html"] = _printed("Prediction slips", prediction_slips())
    found["every-slip.html"] = _printed("Every slip the checks name", slips.text())
    key = ["# The key to all versions"]
    for when, form in FORMS.items():
        for version in VERSIONS:
            asked, name = shuffled(form, version), f"{form.name}{version}"
            heading = f"# Eight questions, version {name}"
            sheet = "\n\n".join([heading, NAME_LINE, inventory.HOW, *inventory.asked(asked)])
            found[f"inventory-{when}-{name}.html"] = _printed(f"Version {name}", sheet)
            key += [f"## Version {name}, {when} the class", inventory.answers(asked)]
        found[f"inventory-{when}.gift.txt"] = qti.gift(inventory.questions(form))
    return found | {"inventory-key.html": _printed("Key", "\n\n".join(key))}


def prediction_slips() -> str:
    """A line for each prediction, for a class that guesses on paper."""
    rows = [
        f"| {escape(one.asked)} | {escape(one.wanted())} | {'&emsp;' * 8} |"
        for one in PREDICTIONS.values()
    ]
    table = ["| question | wanted | my guess |", "| --- | --- | --- |", *rows]
    return "\n\n".join(["# What I predict", NAME_LINE, "\n".join(table)])


def _printed(title: str, markdown: str) -> str:
    return web.page("sheet.html", title=title, body=web.from_markdown(markdown))


def make(site: Path, teaching: Path, folder: Path) -> Path:
    """Write all into a new folder.

    Args:
        site: what "make site" built.
        teaching: what "make slides" built.
        folder: where to; it must not be there yet.

    Raises:
        FileExistsError: the folder is there.
        FileNotFoundError: there is no site.
    """
    if folder.exists():
        raise FileExistsError(
            f"{folder} is there and may hold your changes; remove it, or name another: make class FOLDER=class-2"
        )
    written = texts()
    folder.mkdir(parents=True)
    try:
        offline.pack({"site": site, "teaching": teaching}, folder / "offline.zip")
        for name, text in written.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        for when, form in FORMS.items():
            name, title = f"inventory-{when}", f"Eight questions, {when} the class"
            zipped = qti.package(name, title, inventory.questions(form))
            (folder / f"{name}.qti.zip").write_bytes(zipped)
        _student_edition(folder / "notebooks")
    except BaseException:
        shutil.rmtree(folder)  # half a folder would be refused the next time
        raise
    return folder


def _student_edition(folder: Path) -> None:
    """The notebooks without outputs, and the models that they read."""
    shutil.copytree(notebooks.FOLDER / "models", folder / "models")
    for path in notebooks.paths():
        notebooks.write(notebooks.without_outputs(notebooks.read(path)), folder / path.name)


def main(site: str, teaching: str, folder: str = "class") -> int:
    """Make the folder, and list what is in it."""
    try:
        made = make(Path(site), Path(teaching), Path(folder))
    except FileExistsError as error:
        print(error)
        return 1
    for path in sorted(made.rglob("*")):
        if path.is_file():
            print(f"{path.relative_to(made)!s:45}{path.stat().st_size:>12,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
