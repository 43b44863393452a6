"""The ledger: what was guessed is kept beside the notebooks, and shown beside what the package computes."""

import json
import os
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.checks.typed import anything
from tests.guesses import guesses_in, start_in
from unet_complexity.checks import Feedback, ledger, predict
from unet_complexity.checks.lessons import PREDICTIONS

NAME = "convolution after a copy"


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    """A folder of notebooks of its own, in which nothing was predicted yet."""
    monkeypatch.delenv("UNET_COMPLEXITY_PREDICTIONS", raising=False)
    monkeypatch.setattr(import_module("unet_complexity.checks.ledger"), "_unsaved", {})
    return start_in(tmp_path, monkeypatch)


def said(name):
    ((prediction, guess, _),) = ledger(name).rows
    return prediction.said(guess), prediction.was(), prediction.verdict(guess)


def test_a_guess_is_kept_and_shown_beside_the_outcome(file):
    assert repr(predict(NAME, 2)) == "Noted: you say x 2."
    assert guesses_in(file) == {NAME: 2}
    assert said(NAME) == ("x 2", "x 4", "2 times too little. Rows double, and columns double too")


@pytest.mark.parametrize(
    ("name", "guess", "verdict"),
    [
        (NAME, 4, "right"),
        (NAME, 4.0, "right"),
        (NAME, np.int64(4), "right"),
        (NAME, 4.1, "close"),
        (NAME, 3.9, "close"),
        (NAME, 16, "4 times too much. Only the map grows; kernel and channels stay"),
        (NAME, 15.9, "3.98 times too much. Only the map grows; kernel and channels stay"),
        (NAME, 15.8, "3.95 times too much"),
        (NAME, 3, "1.33 times too little"),
        (NAME, 0, "too little"),
        (NAME, 1e-300, "far too little"),
        (NAME, 10**15, "far too much"),
        (
            "multiplications of 4 x 4 x 3",
            191,
            "too much. Those are the elements that it writes; copying one multiplies nothing",
        ),
        ("multiplications of 4 x 4 x 3", 190, "too much"),
        ("multiplications of 4 x 4 x 3", 0, "right"),
        ("6 x 6 pixels", 324, "right"),
        ("largest block", "D1", "wrong"),
        ("6 x 6 pixels", 256, "right"),
        ("share after copies", 89, "close"),
        (
            "share after copies",
            50,
            "1.78 times too little. Half of the steps go up, but on maps 4 times as large",
        ),
        ("largest block", "u5", "right"),
        ("largest block", "d1", "wrong"),
    ],
)
def test_the_verdict_says_how_far_off(name, guess, verdict):
    predict(name, guess)
    assert said(name)[2] == verdict


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [
        (NAME, "4", 4),
        (NAME, "x4", 4),
        (NAME, "x 4", 4),
        (NAME, "4 x", 4),
        (NAME, "X 3.5", 3.5),
        ("share after copies", "50%", 50),
        ("share after copies", "50 %", 50),
        ("fullest moment", "16.78 million", 16.78),
        ("fullest moment", "1,000 million", 1000),
        ("power of the side", "N^2", 2),
        ("6 x 6 pixels", " 1,324 ", 1324),
        ("largest block", "U4", "u4"),
        ("largest block", "Out", "out"),
        ("busiest level of the file", 1, "level 1"),
        ("busiest level of the file", "1", "level 1"),
        ("busiest level of the file", "Level 1", "level 1"),
        ("the larger pass", "second", "the second"),
        ("a smaller kernel", "larger", "a larger share"),
    ],
)
def test_a_guess_may_be_typed_as_the_ledger_prints_it_or_shorter(file, name, typed, kept):
    assert predict(name, typed).text == f"Noted: you say {PREDICTIONS[name].said(kept)}."
    assert guesses_in(file) == {name: kept}


@pytest.mark.parametrize("name", PREDICTIONS)
def test_what_the_ledger_prints_can_be_typed(name):
    first = PREDICTIONS[name].was().split(" or ")[0]
    assert predict(name, first).text == f"Noted: you say {first}."
    assert said(name)[2] == "right"


def test_a_number_without_its_million_is_noted_with_a_hint():
    text = predict("fullest moment", 16777216).text
    assert text == "Noted: you say 16,777,216 million. If you mean 16.7772 million, write 16.7772."
    assert predict("fullest moment", 17).text == "Noted: you say 17 million."


def test_nothing_is_written_before_there_is_a_guess(file):
    for name in PREDICTIONS:
        assert "Your guess: " in repr(predict(name, None))
        predict(name, ...)
    ledger()
    assert not file.exists()
    assert said(NAME) == ("no guess", "x 4", "")


def test_a_second_guess_replaces_the_first_and_none_does_not(file):
    predict(NAME, 2)
    predict(NAME, 3)
    assert repr(predict(NAME, None)) == "You said x 3 earlier."
    assert guesses_in(file) == {NAME: 3}


def test_another_notebook_sees_it_and_adds_to_it(file):
    predict(NAME, 2)
    code = "from unet_complexity.checks import ledger, predict; predict('most pixels', 16); print(ledger())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "2 times too little" in run.stdout
    assert guesses_in(file) == {NAME: 2, "most pixels": 16}


def test_deleting_the_file_forgets(file):
    predict(NAME, 2)
    file.unlink()
    assert said(NAME)[0] == "no guess"


def test_a_variable_says_where_the_file_is(file, tmp_path, monkeypatch):
    monkeypatch.setenv("UNET_COMPLEXITY_PREDICTIONS", str(tmp_path / "elsewhere.json"))
    predict(NAME, 2)
    assert (tmp_path / "elsewhere.json").exists()
    assert not file.exists()


def test_where_nothing_can_be_written_the_notebook_remembers(tmp_path, monkeypatch):
    (tmp_path / "no folder").write_text("")
    monkeypatch.setenv("UNET_COMPLEXITY_PREDICTIONS", str(tmp_path / "no folder" / "x.json"))
    text = predict(NAME, 2).text
    assert text.startswith("Noted: you say x 2. Only until this notebook is closed, since ")
    assert text.endswith("cannot be written: Not a directory")
    assert said(NAME)[0] == "x 2"
    feedback, filed, _ = predict("a doubled side").note("3", 1)  # a page is told to keep it
    assert feedback.text.endswith("cannot be written: Not a directory")
    assert filed is None
    monkeypatch.delenv("UNET_COMPLEXITY_PREDICTIONS")
    predict("most pixels", 9)  # now it can be written, and so is what was only remembered
    assert guesses_in(tmp_path / "my-predictions.json") == {
        NAME: 2,
        "a doubled side": 3,
        "most pixels": 9,
    }


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "cannot be read (Expecting property name"),
        (b"\xff\xfe", "cannot be read ("),
        (b"[1, 2]", "holds no predictions by name; move it away"),
        (b'{"most pixels": [9]}', "holds [9] for 'most pixels', which is not a guess"),
        (b'{"largest block": "u9"}', "holds 'u9' for 'largest block', which is not a guess"),
    ],
)
def test_a_broken_file_is_named_and_left_alone(file, content, why):
    file.write_bytes(content)
    assert why in predict(NAME, None).text
    feedback = predict(NAME, 2)
    assert "Noted: you say x 2. Only until this notebook is closed" in feedback.text
    assert why in feedback.text
    assert why in repr(ledger())
    assert why.replace("'", "&#x27;") in ledger()._repr_html_()
    assert said(NAME)[0] == "x 2"
    assert file.read_bytes() == content


def test_while_the_file_is_broken_the_guesses_are_those_that_it_held(file):
    predict(NAME, 2)
    file.write_text("half of i")
    assert said(NAME)[0] == "x 2"
    assert "cannot be read" in repr(ledger(NAME))
    file.unlink()
    assert said(NAME)[0] == "no guess"
    file.write_text("half of i")
    assert said(NAME)[0] == "no guess"


def test_the_file_stays_where_python_was_at_first(file, monkeypatch):
    predict(NAME, 2)
    other = file.parent / "other"
    other.mkdir()
    monkeypatch.chdir(other)  # as %cd does
    predict(NAME, 3)
    assert said(NAME)[0] == "x 3"
    assert guesses_in(file) == {NAME: 3}
    assert list(other.iterdir()) == []
    file.write_text("half of i")
    assert said(NAME)[0] == "x 3"


@pytest.mark.skipif(os.name != "posix", reason="Windows does not rename it")
def test_the_file_goes_with_a_folder_that_is_renamed(file, monkeypatch):
    old, new = file.parent / "old", file.parent / "new"
    old.mkdir()
    start_in(old, monkeypatch)
    predict(NAME, 2)
    old.rename(new)
    predict("most pixels", 3)
    old.mkdir()  # the course is unpacked again
    monkeypatch.chdir(old)
    assert [said(NAME)[0], said("most pixels")[0]] == ["x 2", "3"]
    assert guesses_in(new / file.name) == {NAME: 2, "most pixels": 3}
    assert list(old.iterdir()) == []


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("", "2 at home"),
        ("os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone'); ", "cannot be written"),
    ],
)
def test_a_new_process_takes_the_folder_in_which_it_works(file, start, expected):
    code = (
        f"import os; {start}from unet_complexity.checks import predict; print(predict({NAME!r}, 2))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=file.parent, capture_output=True, text=True, check=True
    )
    told = f"{guesses_in(file)[NAME]} at home" if file.exists() else ran.stdout
    assert expected in told


def test_a_mark_that_windows_puts_first_does_not_matter(file):
    file.write_text(f'{{"{NAME}": 3}}', "utf-8-sig")
    assert said(NAME)[0] == "x 3"
    predict(NAME, 4)
    assert guesses_in(file) == {NAME: 4}


def test_what_a_newer_version_wrote_is_kept(file):
    file.write_text('{"something later": 1}')
    predict(NAME, 2)
    assert guesses_in(file) == {"something later": 1, NAME: 2}


@pytest.mark.parametrize(
    ("name", "guess", "help_"),
    [
        (
            NAME,
            "four",
            "A number is wanted, and 'four' is text. Your guess: a number.",
        ),
        (NAME, "4 %", "A number is wanted, and '4 %' is text."),
        (NAME, "3,5", "A number is wanted, and '3,5' is text."),
        (NAME, "", "A number is wanted, and '' is text."),
        ("largest block", "", "'' is not offered."),
        ("a smaller kernel", "share", "'share' is not offered."),
        (NAME, True, "A number is wanted, and True is a bool."),
        (NAME, [4], "A number is wanted, and [4] is a list."),
        (NAME, float("nan"), "A number is wanted, and nan is a float."),
        (NAME, -2, "Nothing here is negative, and -2 is."),
        (NAME, 10**400, "Nothing here is that large."),
        ("largest block", 4, "4 is not offered. Your guess: one of 'd1', "),
        ("largest block", "u9", "'u9' is not offered."),
        ("largest block", ["u4"], "['u4'] is not offered."),
    ],
)
def test_what_is_no_guess_gets_help_and_is_not_kept(file, name, guess, help_):
    feedback = predict(name, guess)
    assert feedback.text.startswith(help_)
    assert feedback.right is False
    assert not file.exists()


@given(guess=st.integers(0, 10**9) | st.floats(0, 1e9), name=st.sampled_from(list(PREDICTIONS)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_number_is_kept_exactly_or_helped(file, guess, name):
    file.unlink(missing_ok=True)
    feedback = predict(name, guess)
    if feedback.right is None:
        ((_, kept, _),) = ledger(name).rows
        assert kept == guess
    refused = PREDICTIONS[name].choices or (guess > 100 and PREDICTIONS[name].form == "{} %")
    assert bool(refused) == (feedback.right is False)


def test_a_share_is_a_percentage(file):
    assert predict("share after copies", 120).text.startswith(
        "A share is at most 100 %, and 120 is more."
    )
    assert (
        predict("share after copies", 0.6).text
        == "Noted: you say 0.6 %. If you mean 60 %, write 60."
    )
    assert predict("share after copies", 60).text == "Noted: you say 60 %."


@given(guess=anything(), name=st.sampled_from(list(PREDICTIONS)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_typed_gets_a_sentence(file, guess, name):
    assert predict(name, guess).text.strip()
    assert len(repr(ledger(name)).splitlines()) == 3


def test_unknown_names_list_the_known_ones():
    for call in (predict, ledger):
        with pytest.raises(
            ValueError, match="no prediction is called 'the weather'; there are 'a doubled side', "
        ):
            call("the weather")


def test_the_ledger_is_a_table_for_notebooks_and_for_terminals():
    predict(NAME, 2)
    table = ledger(NAME)
    assert repr(table).splitlines()[0].split() == [
        *("the", "question", "you", "said", "it", "was", "verdict")
    ]
    page = table._repr_html_()
    assert (
        '<td style="text-align:left">2 times too little. Rows double, and columns double too</td>'
        in page
    )
    assert '<td style="text-align:left">x\N{NO-BREAK SPACE}4 ' in page
    assert len(ledger().rows) == len(PREDICTIONS)


def test_each_guess_goes_to_a_page_with_the_time_at_which_it_was_made(file, monkeypatch):
    module = import_module("unet_complexity.checks.ledger")
    for seconds, guess in ((1.0, 4), (2.5, 5)):
        monkeypatch.setattr(module, "time", lambda seconds=seconds: seconds)
        predict("most pixels", guess)
        file.write_text(file.read_text() if guess == 4 else "damaged")
    predict("a doubled side", 7)  # it waits
    ((_, *later),) = ledger("a doubled side").rows
    ((_, *earlier),) = ledger("most pixels").rows
    assert (earlier, later) == ([5, 2500], [7, 2500])
    asked = module.question(PREDICTIONS["most pixels"], *earlier)
    assert (asked["guess"], asked["at"]) == (5, 2500)
    assert module.question(PREDICTIONS["most pixels"])["at"] == -1


def test_a_guess_that_is_noted_now_is_the_latest_whatever_the_clocks_say(file):
    for ahead in (4 * 10**12, 10**15, 10**18, 10**40):  # the last three cannot be milliseconds
        file.write_text(json.dumps({NAME: [5, ahead]}))
        assert ledger(NAME).rows[0][2] == (ahead if ahead < 10**15 else 0)
        predict(NAME, 2)
        assert said(NAME)[0] == "x 2"


def test_a_guess_that_comes_late_does_not_replace_a_later_one(file):
    """It was typed into a form, and the kernel was busy meanwhile."""
    note = predict(NAME).note
    predict(NAME, 9)
    told, counts, at = note("5", 1000)
    assert (told.text, *counts) == ("Not noted, since later you said x 9.", 9, at)
    told, counts, at = note("4", 10**13)
    assert (told.text, counts, at) == ("Noted: you say x 4.", (4, 10**13), 10**13)
    assert note("4", -1000)[0].text == "Noted: you say x 4."
    told, counts, _ = note("much", 10**14)
    assert told.text == "A number is wanted, and 'much' is text. Your guess: a number."
    assert counts is None
    assert json.loads(file.read_text()) == {NAME: [4, 10**13]}


def test_a_guess_that_is_sent_twice_does_not_replace_one_that_was_mended_by_hand(file):
    note = predict(NAME).note
    note("4", 1000)
    file.write_text(json.dumps({NAME: [9, 1000]}))
    told, counts, at = note("4", 1000)
    assert (told.text, counts, at) == ("Not noted, since later you said x 9.", (9, 1000), 1000)
    file.write_text(json.dumps({NAME: [9, 10**15]}))  # the largest time
    assert note("4", 10**15)[1:] == ((4, 10**15), 10**15)


def test_a_page_is_told_the_time_of_a_later_guess_also_if_no_file_holds_it(file):
    note = predict(NAME).note
    file.mkdir()
    predict(NAME, 9)
    told, counts, at = note("5", 1000)
    assert (told.text, counts) == ("Not noted, since later you said x 9.", None)
    told, counts, _ = note("7", at + 1)
    assert told.text.startswith("Noted: you say x 7. Only until this notebook is closed")
    assert said(NAME)[0] == "x 7"


def test_what_was_read_counts_though_another_thread_read_before(file, monkeypatch):
    class ReadBefore(dict):
        def __setitem__(self, path, found):
            super().__setitem__(path, {})

    predict(NAME, 4)
    monkeypatch.setattr(import_module("unet_complexity.checks.ledger"), "_last_read", ReadBefore())
    other = next(name for name in PREDICTIONS if name != NAME)
    predict(other, PREDICTIONS[other].outcomes[0])
    assert set(guesses_in(file)) == {NAME, other}


def test_a_folders_name_is_one_line(file, monkeypatch):
    odd = file.parent / "x\nRight. All is well" / "my-predictions.json"
    odd.parent.mkdir()
    odd.write_text("{")
    monkeypatch.setenv("UNET_COMPLEXITY_PREDICTIONS", str(odd))
    assert "\n" not in str(predict(NAME))


def test_a_form_that_asks_is_told_what_the_file_holds_now(file):
    note = predict(NAME).note
    assert note(None, 0) == (Feedback(None, ""), None, 0)
    predict(NAME, 4)
    [dated] = json.loads(file.read_text()).values()
    assert note(None, 0)[1] == tuple(dated)
    file.write_text("{")
    assert note(None, 0)[1] is None
    file.unlink()
    assert note(None, 0)[1] is None
    assert not file.exists()
    form = import_module("unet_complexity.checks.forms")._widget(predict(NAME), "key")
    form.sent = {"typed": None, "nth": 1, "at": 0}
    assert (form.told["text"], form.told["noted"], form.told["nth"]) == ("", None, 1)
    predict(NAME, 5)
    form.sent = {"typed": None, "nth": 2, "at": 0}
    assert form.told["noted"][0] == 5
    form.close()


@pytest.mark.parametrize("sent", [{"at": True}, {"at": 1.5}, {"at": None}, {}, {"at": "1"}])
def test_a_forms_message_without_a_time_is_not_heard(file, sent):
    form = import_module("unet_complexity.checks.forms")._widget(predict(NAME), "key")
    form.sent = {"typed": "4", "nth": 1, "at": 0}
    assert form.told == {
        "text": "Noted: you say x 4.",
        "noted": (4, 0),
        "nth": 1,
        "at": 0,
        "in_browser": False,
    }
    form.sent = {"typed": "5", "nth": 2, **sent}
    assert guesses_in(file) == {NAME: 4}
    form.close()


def test_the_name_of_a_file_that_cannot_be_written_reaches_a_page_as_text(file, monkeypatch):
    odd = file.with_name("a\u202egnp.\x1b[31m.json")
    odd.write_text("{")
    form = import_module("unet_complexity.checks.forms")._widget(predict(NAME), "key")
    monkeypatch.setenv("UNET_COMPLEXITY_PREDICTIONS", str(odd))
    form.sent = {"typed": "4", "nth": 1, "at": 0}
    assert "cannot be written" in form.told["text"]
    assert form.told["noted"] is None
    assert "\u202e" not in form.told["text"]
    assert "\x1b" not in form.told["text"]
    form.close()


def test_a_guess_that_was_typed_into_the_file_is_as_old_as_the_file(file):
    file.write_text(json.dumps({NAME: 5}))
    os.utime(file, (1000, 1000))
    assert ledger(NAME).rows[0][1:] == (5, 1_000_000)
    file.write_text(json.dumps({NAME: 6}))
    os.utime(file, (-5, -5))
    assert ledger(NAME).rows[0][1:] == (6, 0)


@pytest.mark.parametrize("at", ["1", None, 1.5, True, [1]])
def test_a_time_in_the_file_is_a_whole_number(file, at):
    file.write_text(json.dumps({NAME: [5, at]}))
    assert f"for {NAME!r}, which is not a guess; mend it, or move it away" in repr(ledger())
