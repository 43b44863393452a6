"""What a hostile file may hold in the place of a number, and models in which every such place is tried."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

CODE = "__import__('pathlib').Path('reached').touch()"
PAYLOADS: list[Any] = [
    CODE,
    "3",
    "N",
    [CODE],
    {"class_name": CODE, "config": CODE},
    True,
    2.5,
    -7,
    10**30,
]


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to each number, each list of numbers and each null in nested lists and dictionaries."""
    if isinstance(data, (int, float)) or data is None:
        yield path
    if isinstance(data, list) and all(isinstance(item, (int, float)) for item in data):
        yield path
    items = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data)
        if isinstance(data, list)
        else ()
    )
    for key, item in items:
        yield from places(item, (*path, key))


def with_payload(data: Any, path: tuple[Any, ...], payload: Any) -> Any:
    """A copy of the data with the payload at that path."""
    changed = copy.deepcopy(data)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = payload
    return changed
