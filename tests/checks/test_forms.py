"""Forms without a browser: the page's script, run by a bare engine, judges as Python does."""

import json
import sys
import tracemalloc
from functools import cache
from itertools import product

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from tools.stills import running
from unet_complexity.checks import Exercise, Puzzle, check, class_view, exercises
from unet_complexity.checks.class_view import as_text, from_text
from unet_complexity.checks.forms import script
from unet_complexity.checks.lessons import PREDICTIONS
from unet_complexity.symbols import c, f, h, k, n, w

NAMES = list(PREDICTIONS)
ODD = """ |4|x4|x 4|4 x|4%|50 %|4.5|4.|.5|1e3|-1|+4|0x10|1,000|1,00|1,000.5|NaN|Infinity|٤|4 4|0|0.0|00|100|101|
16777216|0.6|u4|U 4|the first|first|the|level|level 1|1|a larger share|LARGER|neither|d1 d2|n^2|N^1.9|17 million"""
ODD = [*ODD.split("|"), "", "9" * 16, "9" * 400]


@cache
def engine(kind):
    """The engine that has read a form's script: to start one takes longer than all it is asked."""
    return running(script(kind))


@cache
def questions():
    return {name: one.data() | {"name": name, "guess": None} for name, one in PREDICTIONS.items()}


def page(name, function, *arguments):
    given = ", ".join(map(json.dumps, arguments))
    return json.loads(
        engine("prediction").eval(
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
    near = [
        str(value * by)
        for value in outcomes + slips
        for by in (1, 2, 0.5, 1.004, 1.02, 100)
        if not isinstance(value, str)
    ]
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
    assert page("a doubled side", "parsed", 2e-7) == {"guess": 2e-7}  # as JSON holds it
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


# Exercises


EXERCISES = {name: one for name, one in exercises().items() if isinstance(one, Exercise)}


@cache
def exercise_text(name):
    return json.dumps(EXERCISES[name].data())


def tried(name, typed):
    call = f"judge({exercise_text(name)}, {json.dumps(typed)})"
    return json.loads(engine("exercise").eval(f"JSON.stringify({call})"))


def answers(exercise):
    """Answers to an exercise: right, wrong and odd."""
    right = sp.sympify(exercise.right)
    factors = [sp.sympify(one) for one in exercise.factors.values()]
    found = [
        right,
        *exercise.slips.values(),
        *factors,
        -right,
        sp.Integer(0),
        right + 1,
        right * sp.Rational(1003, 1000),
    ]
    for factor in [*factors, 2, 3, n, sp.Rational(1, 7), 10**13, c + 1]:
        found += [right * factor, right / factor]
    found += [sp.expand(right * (k + 1)), n - n + 1, c * f, right + c, sp.Rational(4444, 10000)]
    return found


@pytest.mark.parametrize("name", EXERCISES)
def test_a_page_judges_an_answer_as_python_does(name):
    for answer in answers(EXERCISES[name]):
        here = EXERCISES[name].judge(answer)
        assert (str(answer), tried(name, str(answer))) == (
            str(answer),
            {"right": here.right, "text": here.text},
        )


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("4 k^2", 4 * k**2),
        ("4k**2", 4 * k**2),
        ("4 × k²", 4 * k**2),
        ("hwc", h * w * c),
        ("2(h + w) c", 2 * c * (h + w)),
        ("1/2/k", 1 / (2 * k)),
        ("-k^2", -(k**2)),
        ("2^-1", sp.Rational(1, 2)),
        ("2^3^2", sp.Integer(512)),
        ("1,048,576", sp.Integer(2**20)),
        (".5", sp.Rational(1, 2)),
        ("1,000.5", sp.Rational(2001, 2)),
        ("- -3", sp.Integer(3)),
        ("k - 1 + k", 2 * k - 1),
        ("((k))", k),
        ("6/4", sp.Rational(3, 2)),
        ("1/(1 - 3) + 1", sp.Rational(1, 2)),
        ("0.25", sp.Rational(1, 4)),
    ],
)
def test_a_formula_is_read_as_it_is_meant(typed, meant):
    question = Exercise("it", meant, {}, {}, letters="hwck").data()
    assert json.loads(
        engine("exercise").eval(
            f"JSON.stringify(judge({json.dumps(question)}, {json.dumps(typed)}))"
        )
    )["right"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Write a number or a formula, with * between factors"),
        ("4 *", "something is missing at the end"),
        ("(4", "something is missing at the end"),
        ("4)", ") is not understood here"),
        ("1.000.000", "1.000.000 is not understood here"),
        ("n*2.5.5", "2.5.5 is not understood here"),
        ("4 $ 3", "$ is not understood here"),
        ("1/0", "The formula divides by zero"),
        ("k^k", "A power here is"),
        ("2^65", "A power here is at most 64"),
        ("2^0.5", "A power here is a whole number"),
        ("9" * 201, "An answer has at most 200 characters"),
        ("(" * 60, "at most 40 brackets"),
        ("-" * 60, "at most 40 signs"),
        ("((9^64)^64)^64", "The numbers get too large"),
        ("alert(1)", "Letters that do not belong in the answer: alert"),
        ("1e9", "Letters that do not belong"),
        ("٤", "is not understood"),
        ("constructor", "Letters that do not belong"),
        ("__proto__", "Letters that do not belong"),
    ],
)
def test_what_is_no_formula_is_said(typed, words):
    assert words in tried("macs of a rectangle", typed)["text"]
    assert not tried("macs of a rectangle", typed)["right"]


@given(st.text(alphabet="0123456789.,+-*/^() hwckfnN_x", max_size=30))
def test_whatever_is_typed_gets_a_sentence(typed):
    judged = tried("macs of a rectangle", typed)
    assert judged["right"] or judged["text"].endswith(".")


# Puzzles


PUZZLES = {name: one for name, one in exercises().items() if isinstance(one, Puzzle)}
KEEPING = {
    "a layer on a budget": (64, 3, 2),
    "a copy on a budget": (128, 2, 8, 16),
    "phases on a budget": (4, 3),
    "a U-Net on a budget": (32, 3),
    "tools apart": (8, 4),
    "a network on a clock": (3, 24),
    "your network on a budget": (8, 5),
}


@cache
def puzzle_text(name):
    return json.dumps(PUZZLES[name].data())


def judged_sizes(name, typed):
    question = f"readPuzzle({puzzle_text(name)})"
    return in_script("puzzle", f"judgePuzzle({question}, {json.dumps(list(map(str, typed)))})")


def sizes_to_try(puzzle):
    """Sizes at and beside each bound, the smallest and the largest, and some in between."""
    values = []
    for name, largest in puzzle.largest.items():
        bound = int(puzzle.least.get(name, 3))
        some = {1, 2, 3, 5, 6, 7, 12, 24, 33, bound - 1, bound, bound + 1, largest, largest - 1}
        values.append(sorted(one for one in some if 1 <= one <= largest))
    return list(product(*values))


@pytest.mark.parametrize("name", PUZZLES)
def test_a_page_judges_sizes_as_python_does(name):
    tried = sizes_to_try(PUZZLES[name])
    for sizes in tried[:: max(1, len(tried) // 120)]:
        here = PUZZLES[name].judge(sizes)
        assert (sizes, judged_sizes(name, sizes)) == (
            sizes,
            {"right": here.right, "text": here.text},
        )


@pytest.mark.parametrize(("name", "sizes"), KEEPING.items())
def test_a_page_accepts_what_keeps_all_bounds(name, sizes):
    assert sorted(KEEPING) == sorted(PUZZLES)
    assert judged_sizes(name, sizes) == {"right": True, "text": check(name, sizes).text}


@pytest.mark.parametrize(
    ("typed", "got"),
    [
        ("", "nothing"), ("0", "0"), ("-3", "-3"), ("2.5", "2.5"), ("1001", "1001"), ("g", "g"),
        ("9" * 400, "9" * 400), ("1e2", "1e2"), ("٤", "٤"), ("4 4", "4 4"),
    ],
)  # fmt: skip
def test_a_page_says_which_size_is_none(typed, got):
    assert judged_sizes("a U-Net on a budget", [typed, "3"]) == {
        "right": False,
        "text": f"base_filters must be a whole number from 1 to 1,000, got {got}.",
    }


def test_the_end_of_an_old_model_leaves_the_new_one():
    """As after a notebook was closed and opened again."""
    assert engine("prediction").eval("""(() => {
        const [one, other] = [1, 2].map((number) => ({ number, get: () => "key" }));
        const end = announce(one);
        announce(other);
        end();
        return page.models.get("key") === other;
    })()""")


# A class


def in_script(kind, text):
    return json.loads(engine(kind).eval(f"JSON.stringify({text} ?? null)"))


def guesses_of(prediction):
    numbers = st.integers(0, 100) | st.floats(0, 100).map(lambda x: float(f"{x:.6g}"))
    return st.none() | (st.sampled_from(prediction.choices) if prediction.choices else numbers)


@given(st.fixed_dictionaries({name: guesses_of(one) for name, one in PREDICTIONS.items()}))
def test_a_short_text_holds_all_guesses_here_and_on_the_page(guesses):
    known = {
        name: PREDICTIONS[name].guess(guess) for name, guess in guesses.items() if guess is not None
    }
    text = as_text(known)
    assert len(text) < 300
    assert from_text(text) == known
    asked = json.dumps(list(questions().values()))
    there = in_script("class", f"unpacked({asked}, {json.dumps(text)})")
    assert dict(zip(PREDICTIONS, there, strict=True)) == {
        name: known.get(name) for name in PREDICTIONS
    }
    assert from_text(in_script("class", f"packed({asked}, {json.dumps(there)})")) == known


def test_the_text_of_a_whole_series_is_short():
    right = {name: questions()[name]["outcomes"][0] for name in PREDICTIONS}
    assert len(as_text(right)) < 200


@given(st.text(max_size=40) | st.integers(0, 200).map(lambda at: TEXT[:at] + "7" + TEXT[at + 1 :]))
def test_a_damaged_text_is_told_from_a_whole_one(text):
    asked = json.dumps(list(questions().values()))
    there = in_script("class", f"readGuesses({asked}, {json.dumps(text)})")
    try:
        here = from_text(text)
    except ValueError:
        here = None
    assert there == (here and [here.get(name) for name in PREDICTIONS])


@pytest.mark.parametrize(
    ("value", "guess"),
    [("9", 9), ("[9, 1795969965944]", 9), ("[9]", None), ("[9, 1, 2]", None), ('[9, "1"]', None)],
)
def test_a_readers_file_is_read_with_and_without_times(value, guess):
    text = f'{{"most pixels": {value}, "later": [1, 2, 3]}}'
    asked = json.dumps(list(questions().values()))
    there = in_script("class", f"readGuesses({asked}, {json.dumps(text)})")
    if guess is None:
        assert there is None
        with pytest.raises(ValueError, match=r"A number is wanted|is not a time"):
            from_text(text)
    else:
        assert dict(zip(PREDICTIONS, there, strict=True))["most pixels"] == guess
        assert from_text(text) == {"most pixels": guess}


TEXT = as_text({name: questions()[name]["outcomes"][0] for name in PREDICTIONS})


def test_a_folder_of_files_and_texts_is_read_and_what_is_broken_is_listed(tmp_path):
    # as Windows may name and mark them
    (tmp_path / "ANN.JSON").write_text('{"most pixels": 9, "later": 1}', "utf-8-sig")
    (tmp_path / "bea.json.txt").write_bytes(b'\xef\xbb\xbf{\r\n "most pixels": 9\r\n}\r\n')
    (tmp_path / "bob.json").write_text('{"most pixels": "many"}')
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "pasted.txt").write_text(f"{TEXT}\n\nU1/4\n\ufeff{TEXT}\n", "utf-8-sig")
    (tmp_path / "other.md").write_text("not read")
    (tmp_path / "ps.txt").write_text(f"{TEXT}\n{TEXT}\n", "utf-16")
    (tmp_path / "west.txt").write_bytes(f"Jörg\r\n{TEXT}\r\n".encode("cp1252"))
    (tmp_path / "zero.txt").touch()
    seen = class_view(tmp_path)
    assert seen.readers == [*2 * [{"most pixels": 9}], *5 * [from_text(TEXT)]]
    assert seen.broken == "bob.json|deep.json|pasted.txt, line 3|west.txt, line 1|zero.txt".split(
        "|"
    )
    assert "Not understood, and left out: bob.json, deep.json, pasted.txt, line 3" in repr(seen)
    assert (
        "How many different small pixels does such a window see at most? It was 9: 7 x 9"
        in repr(seen)
    )


def test_a_class_of_five_hundred(tmp_path):
    texts = [
        as_text({"most pixels": place % 17, "the larger pass": "the first"}) for place in range(500)
    ]
    assert len(class_view(texts).readers) == 500
    asked = json.dumps(list(questions().values()))
    rows = in_script(
        "class", f"summary({asked}, {json.dumps(texts)}.map((text) => readGuesses({asked}, text)))"
    )
    assert [row["asked"] for row in rows] == [
        questions()[name]["asked"] for name in ("the larger pass", "most pixels")
    ]
    assert rows[0]["bars"] == [
        {
            "guess": "the first",
            "count": 500,
            "verdict": "wrong. The second pass repeats all that the first has written",
            "kind": "slip",
        }
    ]
    assert (rows[1]["answered"], rows[1]["wrong"]) == (500, 471)


def test_a_folder_is_not_held_in_memory(tmp_path):
    """A file of a megabyte under 300 names took 1.2 GB."""
    text = '{"x": "\N{GRINNING FACE}"}'
    (tmp_path / "a.json").write_text(text + " " * (2**20 - 20), "utf-8")
    for place in range(300):
        (tmp_path / f"{place}.json").symlink_to("a.json")
    tracemalloc.start()
    assert len(class_view(tmp_path).readers) == 301
    assert tracemalloc.get_traced_memory()[1] < 50 * 2**20
    tracemalloc.stop()


def test_what_is_no_folder_is_refused(tmp_path):
    with pytest.raises(
        ValueError,
        match=r"^a class's files lie in a folder, got '.*nowhere'; give its path, or a list of texts$",
    ):
        class_view(tmp_path / "nowhere")
    for text in (f"{TEXT}\n" * 50, "\0"):
        with pytest.raises(ValueError, match=r"give its path, or a list of texts$"):
            class_view(text)
    said = r"^a class has at most 5,000 files and lines, got more$"
    with pytest.raises(ValueError, match=said):
        class_view(["x"] * 5001)
    with pytest.raises(TypeError, match=r"^a class's texts are strings, got b'x'$"):
        class_view([b"x"])


def test_a_class_that_is_too_large_is_refused_at_the_file_that_makes_it_so(tmp_path, monkeypatch):
    read = []
    module = sys.modules[class_view.__module__]
    monkeypatch.setattr(module, "read_bytes", lambda path, most: read.append(path) or b"x\n" * 3000)
    for i in range(5):
        (tmp_path / f"{i}.txt").touch()
    said = r"^a class has at most 5,000 files and lines, got more$"
    with pytest.raises(ValueError, match=said):
        class_view(tmp_path)
    assert len(read) == 2
