"""The quiz: every option unfolds into its explanation, and as text it gives nothing away."""

import html
import re

import pytest

from unet_complexity.checks import quiz
from unet_complexity.checks.lessons import questions

QUESTIONS = dict(enumerate(questions(), start=1))


def test_it_works_without_a_kernel():
    page = quiz()._repr_html_()
    options = sum(len(question.options) for question in QUESTIONS.values())
    assert page.count("<details>") == page.count("</details>") == page.count("<summary>") == options
    assert page.count("<b>Yes.</b>") == len(QUESTIONS)
    words = re.sub("<[^>]*>", "", html.unescape(page))
    for question in QUESTIONS.values():
        for text in (question.asked, *question.options, *question.options.values()):
            assert re.sub("[`*]", "", text) in words
    assert not re.search("[`$]", page.partition("<script>")[0])


def test_as_text_it_gives_nothing_away():
    text = repr(quiz())
    assert not re.search(r"[*`]", text)  # a terminal would show the marks
    assert not [
        why for question in QUESTIONS.values() for why in question.options.values() if why in text
    ]


def test_some_questions_keep_their_numbers():
    assert repr(quiz(3, 10)).splitlines()[0].startswith("3. ")
    assert '<li value="10">' in quiz(3, 10)._repr_html_()


@pytest.mark.parametrize("number", [0, 11, -1, "one"])
def test_an_unknown_question_says_which_there_are(number):
    with pytest.raises(
        ValueError, match=rf"questions are numbered 1 to 10, got {number!r}; try quiz\(1\)"
    ):
        quiz(number)
