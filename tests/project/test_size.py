"""The size that `make size` prints: it adds up, and only code counts."""

from pathlib import Path

from tools.size import PACKAGE, Size, size, sizes, table

CODE = "def double(x):\n    return 2 * x\n"
EXPLAINED = '''"""A module."""

# a comment
def double(x):
    """Return twice x.

    Over several lines.
    """

    return 2 * x  # another
'''


def test_docstrings_comments_and_blank_lines_do_not_count() -> None:
    assert size(CODE) == size(EXPLAINED)
    assert size(CODE).lines == 2


def test_text_that_is_no_docstring_counts() -> None:
    assert size('x = """two\nlines"""').lines == 2
    assert size('x = "text"').nodes == size("x = 1").nodes


def test_rooms_add_up_to_the_package() -> None:
    found = sizes()
    files = [size(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")]
    nodes = sum(file.nodes for file in files)
    lines = sum(file.lines for file in files)
    assert sum(part.nodes for part in found.values()) == nodes
    assert sum(part.lines for part in found.values()) == lines
    assert all(part.nodes > 0 for part in found.values())  # no room of the table has lost its files
    total = table(found).splitlines()[-2].split()
    assert total[:3] == ["total", f"{nodes:,}", f"{lines:,}"]


def test_a_file_counts_in_one_room(tmp_path: Path) -> None:
    (tmp_path / "counting").mkdir()
    (tmp_path / "counting" / "maps.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "plots.py").write_text(CODE, encoding="utf-8")
    found = sizes(tmp_path)
    assert found["counting"] == found["the rest"] == size(CODE)
    assert found["checks"] == Size(0, 0)
