"""Lessons use the machinery, the machinery knows no lesson, each entry stands in one lesson."""

import ast
import re
from pathlib import Path

import pytest
import sympy as sp

import unet_complexity.checks as checks
from unet_complexity.checks.lessons import LESSONS, PREDICTIONS, exercises
from unet_complexity.checks.paragraphs import paragraphs
from unet_complexity.checks.predictions import predictions
from unet_complexity.checks.sliders import OwnSlider
from unet_complexity.checks.tasks import amount, tasks
from unet_complexity.symbols import c, k, s

ROOM = Path(checks.__file__).parent
LESSON_FILES = sorted((ROOM / "lessons").glob("[!_]*.py"))
TASKS = {lesson.__name__.rpartition(".")[2]: lesson.TASKS for lesson in LESSONS[1:]}
COLLECTORS = ("__init__.py", "class_view.py", "ledger.py")


def imported(path):
    """The modules of checks that a file imports, anywhere in it."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    modules = [
        f"{node.module}.{name.name}"
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    ]
    return [
        module.removeprefix("unet_complexity.checks.") for module in modules if ".checks." in module
    ]


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda path: path.name)
def test_only_the_collectors_import_lessons(path):
    assert any(module.startswith("lessons.") for module in imported(path)) == (
        path.name in COLLECTORS
    )


@pytest.mark.parametrize("path", LESSON_FILES, ids=lambda path: path.name)
def test_a_lesson_imports_no_other_lesson(path):
    found = imported(path)
    assert found or path.stem == "notebook_00"  # which is text alone
    assert not [module for module in found if module.startswith(("lessons", "ledger"))]


def test_every_file_is_collected():
    names = [lesson.__name__.rpartition(".")[2] for lesson in LESSONS]
    assert [*names, "quiz"] == [path.stem for path in LESSON_FILES]


def test_every_entry_stands_in_one_lesson():
    asked = [predictions(lesson.PREDICTIONS) for lesson in LESSONS]
    assert sum(map(len, asked)) == len(PREDICTIONS) == 29
    set_ = [tasks(lesson.TASKS, lesson.values()) for lesson in LESSONS[1:]]
    assert sum(map(len, set_)) == len(exercises()) == 38


def test_a_lesson_after_the_first_ends_with_its_puzzle():
    for lesson in LESSONS[1:]:
        kinds = [type(entry) for entry in tasks(lesson.TASKS, lesson.values()).values()]
        kinds = [kind for kind in kinds if kind is not OwnSlider]
        assert kinds == [checks.Exercise] * (len(kinds) - 1) + [checks.Puzzle]


@pytest.mark.parametrize("path", LESSON_FILES, ids=lambda path: path.name)
def test_every_line_of_a_paragraph_is_read(path):
    """A line that is not an option would be left out without a word."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    texts = [
        node.value
        for node in nodes
        if isinstance(node, ast.Constant)
        and str(node.value).startswith("\n")
        and node.value.strip()
    ]
    tasks_here = TASKS.get(path.stem)
    assert len(texts) == 1 + (tasks_here in texts)
    for text in texts:
        questions = list(paragraphs(text))
        for (asked, options), paragraph in zip(questions, text.strip().split("\n\n"), strict=True):
            written = [line for line in paragraph.split("\n") if not line.startswith("  ")]
            assert len(written) == 1 + len(options), asked
            assert text == tasks_here or "+" in [mark for mark, _, _ in options], asked


@pytest.mark.parametrize("name", TASKS)
def test_an_exercise_has_no_line_of_a_puzzle_and_a_puzzle_has_bounds_of_both_kinds(name):
    for head, options in paragraphs(TASKS[name]):
        marks = {mark for mark, _, _ in options}
        assert marks <= set("x-*") if " | " in head else marks in (set("?<>"), set()), head
        assert all(what for _, _, what in options), head


TASK = """
area | the pixels of a 4 x 4 map | n
x 1/4: A map has two
  sides.
- side: Those are not rows.
* 4: one side
"""


def test_an_exercise_is_read_as_it_is_written():
    area = tasks(TASK, {"area": 16, "side": 3})["area"]
    assert area == checks.Exercise(
        "the pixels of a 4 x 4 map",
        16,
        slips={"A map has two sides.": 4, "Those are not rows.": 3},
        factors={"one side": 4},
        letters="n",
    )


@pytest.mark.parametrize("line", ["no mark", "+", "-no space: after the mark", "= 4: unknown"])
def test_a_line_without_a_mark_is_said(line):
    said = "each line below 'Rows?' needs a mark, as in '- option: reason'"
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        list(paragraphs(f"Rows?\n+ 2: as columns\n{line}"))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"area": 16}, "no value is called 'side'; there are 'area'"),
        ({"side": 3}, "no value is called 'area'; there are 'side'"),
    ],
)
def test_a_value_that_is_missing_is_named(values, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        tasks(TASK, values)


MEASURED = {"MACs": 1000, "copied": 30, "per copy": 1 / k, "1 class": 7}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,000", 1000),
        ("0.25", sp.Rational(1, 4)),
        ("per copy", 1 / k),
        ("1 class", 7),
        ("MACs + 2 copied", 1060),
        ("MACs - copied - 7", 963),
        ("MACs - copied + 7", 977),
        ("MACs/copied/2", sp.Rational(50, 3)),
        ("1/per copy", k),
        ("1/s^2", s**-2),
        ("2 k c + 3 s^2 c", 2 * k * c + 3 * s**2 * c),
        ("k^2 c/2", k**2 * c / 2),
    ],
)
def test_a_line_may_hold_a_formula_of_numbers_letters_and_named_values(text, value):
    assert amount(text, MEASURED) == value


@pytest.mark.parametrize(
    ("text", "wrong"), [("MACs + writes", "writes"), ("MACs +", "+"), ("(MACs)", "(MACs)")]
)
def test_a_formula_with_an_unknown_part_is_an_error(text, wrong):
    with pytest.raises(ValueError, match=re.escape(f"no value is called {wrong!r}; there are ")):
        amount(text, MEASURED)
