"""Forms without a browser: the page's script, run by a bare engine, judges as Python does."""

import json
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.stills import running
from unet_complexity.checks.forms import script
from unet_complexity.checks.lessons import PREDICTIONS

NAMES = list(PREDICTIONS)
ODD = """ |4|x4|x 4|4 x|4%|50 %|4.5|4.|.5|1e3|-1|+4|0x10|1,000|1,00|1,000.5|NaN|Infinity|٤|4 4|0|0.0|00|100|101|
16777216|0.6|u4|U 4|the first|first|the|level|level 1|1|a larger share|LARGER|neither|d1 d2|n^2|N^1.9|17 million"""
ODD = [*ODD.split("|"), "", "9" * 16, "9" * 400]


@cache
def questions():
    return {name: one.data() | {"name": name, "guess": None} for name, one in PREDICTIONS.items()}


def page(name, function, *arguments):
    given = ", ".join(map(json.dumps, arguments))
    return json.loads(
        running(script()).eval(
            f"JSON.stringify({function}({json.dumps(questions()[name])}, {given}) ?? null)"
        )
    )


def judged_here(name, typed):
    prediction = PREDICTIONS[name]
    try:
        guess = prediction.guess(typed)
    except ValueError:
        return None
    return [guess, prediction.said(guess), prediction.hint(guess), prediction.verdict(guess)]


def judged_on_the_page(name, typed):
    guess = page(name, "parsed", typed).get("guess")
    if guess is None:
        return None
    return [guess, *(page(name, function, guess) for function in ("written", "hint", "verdict"))]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_judges_a_guess_as_python_does(name):
    outcomes = questions()[name]["outcomes"]
    slips = [value for value, _ in questions()[name]["slips"]]
    near = [str(value * by) for value in outcomes + slips for by in (1, 2, 0.5, 1.004, 1.02, 100)
            if not isinstance(value, str)]  # fmt: skip
    typed = ODD + near + [str(value) for value in outcomes + slips]
    assert [judged_on_the_page(name, one) for one in typed] == [
        judged_here(name, one) for one in typed
    ]


@given(
    st.sampled_from(NAMES),
    st.text() | st.floats().map(str) | st.integers().map(str) | st.decimals().map(str),
)
def test_a_page_understands_what_python_understands(name, typed):
    assert judged_on_the_page(name, typed) == judged_here(name, typed)


def test_a_page_says_what_is_wrong_with_a_guess():
    assert (
        page("most pixels", "parsed", "many")["problem"] == "A number is wanted, such as 4 or 2.5."
    )
    assert (
        page("share after copies", "parsed", "120")["problem"]
        == "A share is at most 100 %, and 120 is more."
    )
    assert (
        page("the larger pass", "parsed", "the")["problem"]
        == "Choose one of: the first, the second, neither."
    )
