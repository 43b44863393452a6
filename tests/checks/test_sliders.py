"""The check of a reader's own slider: every control is driven over its whole range."""

import ipywidgets
import pytest
from IPython.display import display

from unet_complexity.checks import check

NAME = "a slider of your own"


def judged(function, **controls):
    return repr(check(NAME, ipywidgets.interactive(function, **controls)))


@pytest.mark.parametrize(
    ("function", "controls", "words"),
    [
        (
            lambda side: side**2,
            {"side": (1, 64)},
            "Right. Moved: side from 1 to 64; each changes what you show.",
        ),
        (lambda side: print(side), {"side": (1, 10**6)}, "Right. Moved: side from 1 to 1000000;"),
        (
            lambda side, size: side * size,
            {"side": (1, 4), "size": [2, 3]},
            "Right. Moved: side from 1 to 4, size from 2 to 3;",
        ),
        (lambda share: share, {"share": (0.0, 1.0, 0.25)}, "Right. Moved: share from 0.0 to 1.0;"),
        (lambda on: on, {"on": True}, "Right. Moved: on from False to True;"),
        (
            lambda kind: display("both"),
            {"kind": {"a": 1, "b": 2}},
            "Not yet. kind changes nothing between 1 and 2.",
        ),
        (
            lambda side, size: side,
            {"side": (1, 64), "size": (1, 4)},
            "Not yet. size changes nothing between 1 and 4. Use it in",
        ),
        (
            lambda side: 1 / (side - 7),
            {"side": (1, 9)},
            "Not yet. At side = 7 your function fails: ZeroDivisionError: division by zero.",
        ),
        (
            lambda side: side,
            {"side": ipywidgets.fixed(3)},
            "Not yet. Nothing can be moved. Give a range, as in side=(1, 64).",
        ),
        (lambda name: name, {"name": "text"}, "Not yet. Nothing can be moved."),
    ],
)
def test_every_control_is_moved_over_its_range(function, controls, words):
    assert judged(function, **controls).startswith(words)


def test_both_ends_of_a_long_range_are_tried():
    seen = []
    judged(lambda side: seen.append(side) or side, side=(1, 1000))
    assert (min(seen), max(seen)) == (1, 1000)
    assert len(set(seen) - {500}) == 41  # 500 is where the slider starts


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            ...,
            "Not yet. Give what interactive(function, name=(least, most)) returns, in place of the dots.",
        ),
        (
            lambda side: side,
            "Not yet. Give what interactive(function, name=(least, most)) returns. This is a function.",
        ),
        (ipywidgets.IntSlider(), "returns. This is a IntSlider."),
    ],
)
def test_what_is_no_slider_is_said(answer, words):
    assert words in repr(check(NAME, answer))


def test_what_interact_returns_is_taken_too():
    made = ipywidgets.interact(lambda side: side**2, side=(1, 4))
    assert repr(check(NAME, made)).startswith("Right. Moved: side from 1 to 4;")
