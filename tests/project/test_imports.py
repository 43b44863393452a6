"""Who may import whom: the core knows neither the wing nor explorers nor checks, and nothing imports in a circle.

Every import counts, also one inside a function, and one that only a type checker sees.
"""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import unet_complexity

ROOT = Path(__file__).resolve().parents[2]
NEVER = {
    "core": {"engineering", "explorers", "checks"},
    "engineering": {"explorers", "checks"},
    "tests": {"benchmarks"},
    "benchmarks": {"tests"},
}


def sources(*folders: str) -> dict[str, str]:
    """Code by the name of its module."""
    found = {}
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = path.read_text("utf-8")
    return found


def imports(code: dict[str, str]) -> dict[str, set[str]]:
    """The modules among ``code`` that each of them imports."""
    graph: dict[str, set[str]] = {}
    for module, text in code.items():
        asked: list[str] = []
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                asked += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module} imports by a relative name"
                inside = [f"{node.module}.{alias.name}" for alias in node.names]
                asked += [name if name in code else str(node.module) for name in inside]
        graph[module] = {name for name in asked if name in code}
    return graph


def room(module: str) -> str:
    """The room that a module is in."""
    top, *rest = module.split(".")
    if top != "unet_complexity":
        return top
    return (
        rest[0]
        if rest and rest[0] in ("engineering", "explorers", "checks", "__main__")
        else "core"
    )


def forbidden(graph: dict[str, set[str]]) -> list[str]:
    """Imports from a room into one that it must not know."""
    arrows = ((module, name) for module, names in graph.items() for name in sorted(names))
    return [
        f"{module} -> {name}"
        for module, name in arrows
        if room(name) in NEVER.get(room(module), ())
    ]


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle, or none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


@pytest.fixture(scope="module")
def ours() -> dict[str, set[str]]:
    return imports(sources("unet_complexity", "tools", "tests", "benchmarks"))


def test_no_room_imports_one_that_it_must_not_know(ours):
    assert len(ours) > 150
    assert forbidden(ours) == []


def test_nothing_imports_in_a_circle(ours):
    assert circle(ours) == []


@pytest.mark.parametrize(
    ("module", "line", "arrow"),
    [
        ("cost", "from unet_complexity.engineering.roofline import x", "cost -> unet_complexity.engineering.roofline"),
        ("layers.base", "import unet_complexity.checks.quiz", "layers.base -> unet_complexity.checks.quiz"),
        ("cost", "def f():\n    from unet_complexity import explorers", "cost -> unet_complexity.explorers"),
        ("engineering.roofline", "from unet_complexity.checks import quiz",
         "engineering.roofline -> unet_complexity.checks.quiz"),
    ],
)  # fmt: skip
def test_a_forbidden_import_is_found(module, line, arrow):
    names = ("cost", "layers.base", "engineering.roofline", "explorers", "checks", "checks.quiz")
    code = {f"unet_complexity.{name}": "" for name in names} | {f"unet_complexity.{module}": line}
    assert forbidden(imports(code)) == [f"unet_complexity.{arrow}"]


def test_a_benchmark_that_imports_a_test_is_found():
    assert forbidden(imports({"benchmarks.core": "import tests.a", "tests.a": ""})) == [
        "benchmarks.core -> tests.a"
    ]


def test_a_circle_is_found_wherever_the_import_stands():
    code = {
        "a.b": "from a import c",
        "a.c": "def f():\n    import a.d",
        "a.d": "if TYPE_CHECKING:\n    from a.b import x",
    }
    assert set(circle(imports(code))) == {"a.b", "a.c", "a.d"}


def test_the_names_for_students_are_there_as_soon_as_the_package_is():
    assert len(unet_complexity.__all__) == 26
    assert set(unet_complexity.__all__) <= set(vars(unet_complexity))
