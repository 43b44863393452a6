"""The notebooks as lessons: each has its parts, asks before it shows, and solves its own exercises."""

import ast
import re
from itertools import pairwise

import pytest

from tools import notebooks
from unet_complexity.checks import Puzzle, exercises, ledger
from unet_complexity.checks.lessons import PREDICTIONS

PATHS = {path.stem: path for path in notebooks.paths()}
LESSONS = [pytest.param(stem, id=stem) for stem in PATHS if stem[:2].isdigit()]
WITH_EXERCISES = [
    pytest.param(stem, id=stem) for stem in PATHS if stem[:2].isdigit() and stem[:2] != "00"
]
MOVING = [
    lesson for lesson in WITH_EXERCISES if lesson.id[:2] != "05"
]  # 05 has a chart, and nothing to move
SEEN = "What there is to see"
SOLUTION = re.compile(r"```python\n(.*?)```", re.DOTALL)


def cells(stem, kind=None):
    return [cell for cell in notebooks.read(PATHS[stem]).cells if kind in (None, cell.cell_type)]


def named(function, source):
    """The text literals that a cell hands to a function."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    calls = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == function]
    return [
        arg.value
        for call in calls
        for arg in call.args
        if isinstance(getattr(arg, "value", None), str)
    ]


def everywhere(function):
    return [
        name
        for stem in PATHS
        for cell in cells(stem, "code")
        for name in named(function, cell.source)
    ]


@pytest.mark.parametrize("stem", LESSONS)
def test_a_lesson_takes_the_same_minutes_wherever_they_are_said(stem):
    said = re.search(r"\| \*\*Time\*\* \| (\d+) minutes", cells(stem)[0].source)[1]
    readme = (PATHS[stem].parents[1] / "README.md").read_text("utf-8")
    assert re.search(rf"\| \[`{stem[:2]}` [^|]*\|[^|]*\| {said} \|", readme)
    assert any(
        re.search(rf"\| \[?{stem[:2]} [^|]*\|[^|]*\| {said} \|", cell.source)
        for cell in cells(next(iter(PATHS)), "markdown")
    )


@pytest.mark.parametrize("stem", LESSONS)
def test_a_lesson_has_its_parts(stem):
    first, last = cells(stem)[0].source, cells(stem)[-1].source
    assert re.match(rf"# {stem[:2]} · .*\n\n\*\*.*\?\*\*", first)  # the title, and one question
    assert all(f"| **{part}** | " in first for part in ("You will", "You need", "Time"))
    assert "[glossary](glossary.ipynb)" in first
    assert any(re.match(r"## .*Predict", cell.source) for cell in cells(stem, "markdown"))
    ending = "\n".join(cell.source for cell in cells(stem, "markdown")[-3:])
    assert all(f"**{part}" in ending for part in ("Takeaway.", "Reference", "Next:"))
    assert re.search(r"\*\*Next:\*\* \[.*\]\(.*\.ipynb\)", last)


@pytest.mark.parametrize("stem", WITH_EXERCISES)
def test_a_lesson_has_a_worked_example_exercises_and_something_to_explain(stem):
    text = "\n".join(cell.source for cell in cells(stem, "markdown"))
    asked = [name for cell in cells(stem, "code") for name in named("check", cell.source)]
    assert "**Worked example.**" in text
    assert re.search(r"\*\*Explain\.\*\*", text)
    assert 4 <= len(asked) <= 6  # the worked example, and 3 to 5
    assert isinstance(exercises()[asked[-1]], Puzzle)
    hints = [cell.source for cell in cells(stem, "markdown") if SOLUTION.search(cell.source)]
    assert len(hints) == len(asked) - 1
    for source in hints:
        assert source.count("<details>") == source.count("</details>") == 3
        assert "<summary>Hint 1</summary>" in source
        assert "<summary>Hint 2</summary>" in source


@pytest.mark.parametrize("stem", MOVING)
def test_no_explorer_without_a_prediction_just_above_it(stem):
    code = cells(stem, "code")
    explorers = [
        place
        for place, cell in enumerate(code)
        if re.search(r"\w+Explorer\(", cell.source) and "jslink(" not in cell.source
    ]
    assert explorers
    for place in explorers:
        assert named("predict", code[place - 1].source)
        assert named("ledger", code[place + 1].source)


@pytest.mark.parametrize("stem", MOVING)
def test_each_explorers_tasks_are_answered_in_a_fold_below_it(stem):
    every = cells(stem)
    for place, cell in enumerate(every):
        if cell.cell_type == "code" and re.search(r"^\w+Explorer\(", cell.source, re.MULTILINE):
            below = "\n".join(one.source for one in every[place + 1 : place + 4])
            answers = re.search(f"<summary>{SEEN}</summary>(.*?)</details>", below, re.DOTALL)
            assert answers[1].count("\n- **") >= 3


def test_every_prediction_is_asked_once_and_shown_after_it():
    assert sorted(everywhere("predict")) == sorted(PREDICTIONS)
    assert set(everywhere("ledger")) == set(PREDICTIONS)
    for stem in PATHS:
        code = list(enumerate(cell.source for cell in cells(stem, "code")))
        asked, shown = (
            {name: place for place, source in code for name in named(function, source)}
            for function in ("predict", "ledger")
        )
        assert all(asked.get(name, -1) < place for name, place in shown.items())


def open_text(cell):
    """What a page shows of a cell before anything is unfolded."""
    if cell.cell_type == "markdown":
        return re.sub("<details>.*?</details>", "", cell.source, flags=re.DOTALL)
    if is_folded(cell) or named("ledger", cell.source):
        return ""
    shown = [out.get("text") or out["data"].get("text/plain", "") for out in cell.outputs]
    return "\n".join(shown)


def is_folded(cell):
    """Folded in JupyterLab until the cell runs, and on the site until it is asked for."""
    hidden = cell.metadata.get("jupyter", {}).get("outputs_hidden", False)
    assert hidden == ("hide-output" in cell.metadata.get("tags", []))
    return hidden


def giveaways(prediction):
    """Outcomes that stand in a text for nothing else."""
    numbers = [one for one in prediction.data()["outcomes"] if not isinstance(one, str)]
    return [f"{one:,}" for one in numbers if one > 16 or one % 1]


@pytest.mark.parametrize("stem", PATHS)
def test_no_outcome_is_seen_before_it_is_asked_for(stem):
    every, revealed = cells(stem), set()
    for place, cell in enumerate(every):
        names = set(named("ledger", cell.source)) if cell.cell_type == "code" else set()
        for name in names - revealed:
            asked = [i for i, one in enumerate(every[:place]) if f'predict("{name}"' in one.source]
            text = "\n".join(map(open_text, every[max(asked, default=-1) + 1 : place + 2]))
            assert [
                found
                for found in giveaways(PREDICTIONS[name])
                if re.search(rf"(?<![\d.,]){re.escape(found)}(?![\d,]|\.\d)", text)
            ] == [], name
        revealed |= names


@pytest.mark.parametrize("stem", PATHS)
def test_what_runs_just_before_a_reveal_is_folded(stem):
    code = cells(stem, "code")
    for before, cell in pairwise(code):
        is_form = re.search(r"(check|predict|ledger|Explorer)\(", before.source)
        if named("ledger", cell.source) and not is_form:
            assert is_folded(before), before.source


def test_every_exercise_is_set_once():
    assert sorted(everywhere("check")) == sorted(exercises())


@pytest.mark.parametrize("stem", PATHS)
def test_links_lead_somewhere(stem):
    links = [
        link
        for cell in cells(stem, "markdown")
        for link in re.findall(r"\]\(([^)#]+)\)", cell.source)
    ]
    assert links
    assert [
        link
        for link in links
        if not link.startswith("http") and not (notebooks.FOLDER / link).exists()
    ] == []


def test_the_last_notebook_shows_the_whole_ledger():
    assert "\nledger()" in "\n".join(cell.source for cell in cells("quiz", "code"))
    assert len(ledger().rows) == len(PREDICTIONS)


@pytest.mark.parametrize("stem", PATHS)
def test_the_folded_solutions_are_right(stem, monkeypatch):
    """Each solution runs where it stands: after the code above it.  A worked example is right as it is."""
    monkeypatch.chdir(notebooks.FOLDER)  # where the models lie
    names, solved, asked = {}, 0, 0
    for cell in cells(stem):
        if cell.cell_type == "code":
            exec(without_pictures(cell.source), names)
            if named("check", cell.source):
                blank = "..." in cell.source
                assert blank or eval(cell.source.splitlines()[-1], names).right, cell.source
                asked += blank
            continue
        for code in SOLUTION.findall(cell.source):
            *lines, last = code.strip().splitlines()
            exec("\n".join(lines), names)
            assert eval(last, names).right, code
            solved += 1
    assert solved == asked


def without_pictures(source):
    """Code without its last line where that draws: 00 has none, and drawing is tested elsewhere."""
    return "\n".join(
        line for line in source.splitlines() if not re.match(r"(plot_\w+|\w+Explorer)\(", line)
    )
