"""Predictions in a real browser: typed into a form, kept by the kernel or by the page, and shown beside the outcome."""

import json
import re
import time
from copy import deepcopy
from functools import cache
from importlib.resources import files

import nbformat
import pytest
from nbconvert import HTMLExporter

from tests.browser import conftest
from tests.browser.test_explorers import ask
from tests.guesses import guesses_in
from tools.notebooks import execute, paths
from unet_complexity.checks.class_view import as_text, from_text
from unet_complexity.checks.lessons import PREDICTIONS

NAME = "convolution after a copy"
SOURCE = f"""from unet_complexity.checks import ledger, predict
predict("{NAME}")
predict("the larger pass")
ledger("{NAME}", "the larger pass")"""


def with_cells(*cells):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])


def a_notebook():
    lines = SOURCE.split("\n")
    return with_cells("\n".join(lines[:2]), *lines[2:])


@cache
def _executed():
    return execute(a_notebook())


def shown_notebook():
    """The notebook with its outputs: a copy, since tests change them."""
    return deepcopy(_executed())


def form(page, place=0):
    return page.locator("form.unetx-ask-card").nth(place)


def told(page, place=0):
    return form(page, place).locator(".unetx-said")


def rows(page):
    return [
        row.inner_text().replace("\xa0", " ").split("\t")
        for row in page.locator("details tbody tr").all()
    ]


def reveal(page):
    """Unfold the ledger, and wait until it has filled itself, a moment after the click."""
    fold = page.get_by_text("Show my guess beside the outcome")
    fold.evaluate("""(summary) => { globalThis.filled = new Promise(
        (hear) => summary.parentElement.addEventListener("toggle", hear, { once: true })); }""")
    fold.click()
    page.evaluate("filled.then(() => true)")


def note(page, typed, place=0):
    form(page, place).locator("input").fill(typed)
    form(page, place).locator("input").press("Enter")


def test_without_a_kernel_the_page_keeps_guesses(offline_page):
    page = offline_page(shown_notebook())
    note(page, "many")
    assert told(page).inner_text() == "A number is wanted, such as 4 or 2.5."
    note(page, "x 2")
    assert told(page).inner_text() == "Noted: you say x 2. This browser keeps it."
    form(page, 1).locator("select").select_option("the first")
    form(page, 1).get_by_role("button", name="Note my guess").click()
    assert not page.locator("details table").is_visible()  # the outcome, before it is asked for
    reveal(page)
    assert [row[1:] for row in rows(page)] == [
        ["x 2", "x 4", "2 times too little. Rows double, and columns double too"],
        [
            "the first",
            "the second",
            "wrong. The second pass repeats all that the first has written",
        ],
    ]
    page.reload()
    assert told(page).inner_text() == "You said x 2."
    reveal(page)
    page.get_by_role("button", name="Forget my guesses").click()
    assert told(page).inner_text() == ""
    assert [row[1] for row in rows(page)] == ["no guess", "no guess"]
    page.reload()
    assert told(page).inner_text() == ""
    assert [
        url for url in page.refused if not url.startswith("https://cdnjs.")
    ] == []  # nbconvert's
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


LINKED = """() => {
    const sent = [], model = { set: (name, value) => sent.push(value), save_changes() {}, on() {}, get() {} };
    unetxForms.waiting.forEach((one) => { one.follow(model); one.follow(model); });
    return sent;
}"""


STORE = "unet_complexity.guesses."
KEPT = f"""Object.fromEntries(Object.entries(localStorage)
    .filter(([key, value]) => key.startsWith('{STORE}') && !value.startsWith('[null,'))
    .map(([key, value]) => [key.slice('{STORE}'.length), JSON.parse(value)]))"""
PUT = f"([name, dated]) => localStorage.setItem('{STORE}' + name, JSON.stringify(dated))"


def later(by=1):
    """A time after all that was noted up to now."""
    return round(1000 * time.time()) + by


def with_a_key(views=1, notebook=None):
    """A notebook whose first form waits for a kernel; it may be shown several times."""
    notebook = notebook or shown_notebook()
    shown = notebook.cells[0].outputs[0].data
    keyed = shown["text/html"].replace("data-ask=", 'data-key="k" data-ask=', 1)
    shown["text/html"] = keyed * views
    return notebook


def test_a_guess_that_is_noted_before_the_kernel_is_there_is_handed_on(offline_page):
    page = offline_page(with_a_key())
    note(page, "x 2")
    assert told(page).inner_text() == "Noted: you say x 2. This browser keeps it."
    assert {sent["typed"] for sent in page.evaluate(LINKED)} == {"x 2"}


def test_of_guesses_in_two_views_of_a_form_the_later_one_is_handed_on(offline_page):
    page = offline_page(with_a_key(views=2))
    note(page, "5", place=1)
    note(page, "6", place=0)
    assert {sent["typed"] for sent in page.evaluate(LINKED)} == {"6"}


ANSWERING = """() => {
    let told, last;
    const heard = [], sent = (globalThis.sent = []), model = {
        get: (name) => ({ told, sent: last })[name],
        set: (name, value) => { last = value; sent.push(value); }, save_changes() {},
        on: (name, hear) => heard.push(hear),
    };
    unetxForms.waiting.forEach((one) => one.follow(model));
    globalThis.answer = (of = (one) => one) => sent.splice(0).map(of).forEach((one) => {
        const { typed, at, noted = [Number(typed), at], nth } = one;
        told = { text: typed && `Noted: you say ${typed}.`, noted, nth, at: noted ? noted[1] : at };
        heard.forEach((hear) => hear());
    });
}"""


def test_a_late_answer_to_one_guess_does_not_bring_an_earlier_one_back(page, offline_page):
    page.clock.install()
    page = offline_page(with_a_key())
    page.evaluate(ANSWERING)
    note(page, "5")
    page.clock.run_for(1000)
    note(page, "6")
    page.clock.run_for(1000)
    assert page.evaluate(KEPT)[NAME][0] == 6  # the page may be left before the answer
    page.evaluate("answer()")
    page.clock.run_for(9000)
    assert told(page).inner_text() == "Noted: you say 6."
    assert page.evaluate(KEPT) == {}

    # typed in another view while the kernel is busy, which then hears of the last only
    note(page, "9")
    page.evaluate("answer(({ nth, at }) => ({ typed: 4, at: at + 1, nth: nth + 1 }))")
    page.clock.run_for(9000)
    assert told(page).inner_text() == "Noted: you say 4."
    assert page.evaluate(KEPT) == {}
    page.evaluate(PUT, [NAME, 7])
    note(page, "8")
    assert page.evaluate(KEPT)[NAME][0] == 8


def with_a_guess(at, cells=(0, 2)):
    """A notebook whose file held a guess of 5 when some of its cells ran."""
    notebook = shown_notebook()
    noted = f"&quot;guess&quot;:5,&quot;at&quot;:{at}"
    for place in cells:
        shown = notebook.cells[place].outputs[0].data
        shown["text/html"] = shown["text/html"].replace(
            "&quot;guess&quot;:null,&quot;at&quot;:-1", noted, 1
        )
    return notebook


@pytest.mark.parametrize(("at", "says"), [("0", "x 7"), ("9e14", "x 5"), ("1e15", "x 5")])
def test_of_the_files_guess_and_the_browsers_the_later_one_is_known(offline_page, at, says):
    page = offline_page(with_a_guess(at=0))
    assert told(page).inner_text() == "You said x 5."
    note(page, "7")
    page = offline_page(with_a_guess(at))
    assert told(page).inner_text() == f"You said {says}."
    if says == "x 7":  # noted later in another window
        page.evaluate(PUT, [NAME, [8, later()]])
        says = "x 8"
    reveal(page)
    assert rows(page)[0][1] == says
    page.evaluate(PUT, [NAME, ["the second one", later(10**8)]])  # of an older version
    note(page, "9")  # whatever the clocks say
    assert rows(page)[0][1] == "x 9"
    page.reload()
    assert told(page).inner_text() == "You said x 9."
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_a_guess_in_one_form_is_not_dated_anew_while_another_has_a_later_one(page, offline_page):
    page.clock.install()
    page = offline_page(with_a_key(views=2))
    page.evaluate(ANSWERING)
    note(page, "5", place=0)
    page.clock.run_for(1000)
    note(page, "6", place=1)
    page.clock.run_for(2500)  # of the first the form says now that the browser keeps it
    page.evaluate("answer()")
    page.clock.run_for(9000)
    reveal(page)
    assert rows(page)[0][1] == "x 6"


def test_in_a_sandbox_without_forms_a_guess_is_noted(offline_page):
    """As in JupyterLab's HTML viewer."""
    page = offline_page(shown_notebook())
    page.evaluate("""() => {
        const frame = document.createElement("iframe");
        Object.assign(frame, { sandbox: "allow-scripts allow-same-origin", src: location.href });
        document.body.append(frame);
    }""")
    inside = page.frame_locator("iframe")
    note(inside, "x 2")
    told(inside).get_by_text("Noted: you say x 2. This browser keeps it.").wait_for()
    form(inside, 1).locator("select").select_option("the first")
    form(inside, 1).get_by_role("button", name="Note my guess").click()
    told(inside, 1).get_by_text("Noted: you say the first.").wait_for()
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_a_page_that_was_saved_with_its_forms_is_alive(offline_page, tmp_path):
    page = offline_page(shown_notebook())
    note(page, "x 2")
    reveal(page)
    saved = tmp_path / "saved.html"
    saved.write_text(page.content(), "utf-8")
    page = offline_page(saved)
    note(page, "x 3")
    assert told(page).inner_text() == "Noted: you say x 3. This browser keeps it."
    assert rows(page)[0][1] == "x 3"
    assert page.get_by_role("button", name=FORGET).count() == 1
    assert page.locator("form").count() == 2
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_what_the_browser_refused_is_not_said_to_be_kept(page, offline_page):
    page.clock.install()
    page = offline_page(with_a_key())
    note(page, "5")
    page.evaluate(ANSWERING)  # the kernel says nothing
    page.evaluate("void (Storage.prototype.setItem = () => { throw new Error('it is full'); })")
    note(page, "6")
    page.clock.run_for(9000)
    assert told(page).inner_text() == "Noted: you say x 6. Only until this page is closed."


def test_a_word_that_a_browser_has_translated_is_still_understood(offline_page):
    page = offline_page(shown_notebook())
    word = form(page, 1).locator("option").nth(2)
    word.evaluate("(option) => { option.textContent = 'der zweite'; }")
    form(page, 1).locator("select").select_option(label="der zweite")
    form(page, 1).get_by_role("button", name="Note my guess").click()
    assert told(page, 1).inner_text() == "Noted: you say the second. This browser keeps it."
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_what_is_in_the_file_at_last_goes_from_the_browser(page, offline_page):
    """Otherwise the next reader who uses this browser would see it as their own."""
    page.clock.install()
    page = offline_page(with_a_key())
    note(page, "5")  # before the kernel is there
    page.evaluate(ANSWERING)
    page.clock.run_for(9000)  # it is busy
    assert told(page).inner_text() == "Noted: you say x 5. This browser keeps it."
    page.evaluate("answer()")
    assert page.evaluate(KEPT) == {}


def test_beside_a_kernel_that_has_closed_its_widgets_the_browser_keeps_a_guess(offline_page):
    page = offline_page(with_a_key())
    page.evaluate("""() => {
        const fail = () => { throw new Error("no comm channel defined"); };
        const model = { get() {}, on() {}, set() {}, save_changes: fail };
        unetxForms.waiting.forEach((one) => one.follow(model));
    }""")
    note(page, "5")
    assert told(page).inner_text() == "Noted: you say x 5. This browser keeps it."
    assert page.evaluate(KEPT)[NAME][0] == 5


def test_what_was_changed_or_forgotten_stands_nowhere_on_the_page(offline_page):
    code = f"from unet_complexity.checks import ledger, predict\npredict('{NAME}')"
    page = offline_page(execute(with_cells(code, "ledger()")))
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    copied = page.locator("code.unetx-said")
    note(page, "7")
    reveal(page)
    copy = page.get_by_role("button", name="Copy my predictions")
    copy.click()
    assert from_text(copied.inner_text()) == {NAME: 7}
    note(page, "8")
    assert copied.text_content() == ""
    copy.click()
    assert from_text(copied.inner_text()) == {NAME: 8}
    page.get_by_role("button", name=FORGET).click()
    assert copied.text_content() == ""
    assert form(page).locator("input").input_value() == ""
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_what_the_kernel_says_was_noted_later_is_shown(offline_page):
    page = offline_page(with_a_key())
    page.evaluate(ANSWERING)
    note(page, "5")
    late = "({ nth, at }) => ({ typed: 9, noted: [9, at + 1], nth })"
    page.evaluate(f"answer({late})")
    reveal(page)
    assert rows(page)[0][1] == "x 9"


def test_a_guess_that_reaches_the_file_with_another_one_leaves_the_browser(offline_page):
    page = offline_page(with_a_key())
    page.evaluate(ANSWERING)
    note(page, "5")
    page.evaluate("answer((sent) => ({ ...sent, noted: null }))")  # the file could not be written
    at = page.evaluate(KEPT)[NAME][1]
    for _ in range(2):
        page.evaluate("unetxForms.listeners.forEach((hear) => hear('filed', 'another'))")
    asked = f"answer((sent) => ({{ ...sent, noted: sent.typed === null && [5, {at}], typed: '' }}))"
    assert page.evaluate("sent.map(({ typed }) => typed)") == [None]
    page.evaluate(asked)
    assert page.evaluate(KEPT) == {}


def test_what_was_forgotten_does_not_come_back_with_the_page(offline_page):
    page = offline_page(shown_notebook())
    note(page, "2")
    form(page, 1).locator("select").select_option("the first")
    form(page, 1).get_by_role("button", name="Note my guess").click()
    address = page.url
    page.goto("about:blank")
    with page.context.new_page() as other:
        other.goto(address)
        other.evaluate("localStorage.clear()")
    page.go_back()
    form(page, 1).locator("select").wait_for()
    assert form(page).locator("input").input_value() == ""
    assert form(page, 1).locator("select").input_value() == ""
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_two_windows_keep_the_guesses_of_both(offline_page):
    page = offline_page(shown_notebook())
    note(page, "2")
    reveal(page)
    with page.context.new_page() as other:
        other.goto(page.url)
        # it was busy, so its copy of what is kept is old
        other.evaluate(
            "window.read = Storage.prototype.getItem; Storage.prototype.getItem = () => null"
        )
        form(other, 1).locator("select").select_option("the first")
        form(other, 1).get_by_role("button", name="Note my guess").click()
        page.wait_for_function("document.querySelector('tbody').innerText.includes('first')")
        assert [row[1] for row in rows(page)] == ["x 2", "the first"]
        assert page.evaluate(KEPT)[NAME][0] == 2
        other.evaluate("void (Storage.prototype.getItem = window.read)")
        reveal(other)
        assert [row[1] for row in rows(other)] == ["x 2", "the first"]
        other.get_by_role("button", name="Forget my guesses").click()
        page.wait_for_function("document.querySelector('.unetx-said').textContent === ''")
        assert form(page).locator("input").input_value() == ""  # though its button has the focus
        assert other.evaluate("localStorage.length") == 0
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_a_guess_that_was_edited_in_the_file_counts(offline_page):
    at = later()
    page = offline_page(with_a_guess(at))
    page.evaluate(PUT, [NAME, [7, at]])  # as it was before
    page.reload()
    assert told(page).inner_text() == "You said x 5."
    page.evaluate(PUT, [NAME, [7, at + 1]])
    page.reload()
    assert told(page).inner_text() == "You said x 7."
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_a_guess_that_was_edited_in_the_file_but_not_its_time_counts_once_it_is_told(offline_page):
    at = later()
    page = offline_page(with_a_key(notebook=with_a_guess(at)))
    assert told(page).inner_text() == "You said x 5."
    page.evaluate(ANSWERING)
    page.evaluate("(at) => answer((one) => ({ ...one, noted: [9, at] }))", at)
    reveal(page)
    assert (told(page).inner_text(), rows(page)[0][1]) == ("You said x 9.", "x 9")
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_a_guess_that_another_page_filed_is_not_put_back_into_the_browser(offline_page):
    page = offline_page(with_a_key())  # its form has no kernel
    reveal(page)
    note(page, "3")
    with page.context.new_page() as other:
        other.goto(page.url)
        other.evaluate(ANSWERING)
        note(other, "5")
        page.wait_for_function(
            "document.querySelector('td:nth-child(2)').textContent.includes('5')"
        )
        other.evaluate("answer()")
        page.wait_for_function("unetxForms.filed.size")
        assert (page.evaluate(KEPT), rows(page)[0][1]) == ({}, "x 5")
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_what_is_typed_and_not_noted_stays_whatever_the_kernel_tells(offline_page):
    page = offline_page(with_a_key())
    page.evaluate(ANSWERING)
    field = form(page).locator("input")
    field.fill("12")
    field.blur()
    page.evaluate("(at) => answer((one) => ({ ...one, noted: [5, at] }))", later())
    assert (field.input_value(), told(page).inner_text()) == ("12", "You said x 5.")
    form(page).get_by_role("button", name="Note my guess").click()
    assert page.evaluate("sent.at(-1).typed") == "12"
    field.fill("13")
    reveal(page)
    page.get_by_role("button", name=FORGET).click()
    assert field.input_value() == "13"
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_a_page_without_a_kernel_does_not_put_back_what_the_file_has_replaced(offline_page):
    page = offline_page(with_a_key())
    note(page, "5")
    with page.context.new_page() as other:
        other.goto(page.url)
        other.evaluate(ANSWERING)  # its form asks, and the file holds a later guess
        other.evaluate("(at) => answer((one) => ({ ...one, noted: [9, at] }))", later())
        other.wait_for_timeout(300)  # the page hears of it, and would write
        assert page.evaluate(KEPT) == {}
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_a_guess_that_was_edited_in_the_file_stays_when_the_one_of_before_leaves_the_browser(
    offline_page,
):
    at = later()
    page = offline_page(with_a_guess(at))  # 5, by hand
    reveal(page)
    page.evaluate(PUT, [NAME, [7, at]])
    with page.context.new_page() as other:
        other.goto(page.url)
        other.evaluate(f"localStorage.setItem('{STORE}{NAME}', '[null,{at}]')")  # it is in the file
        page.wait_for_function("unetxForms.filed.size")
        assert rows(page)[0][1] == "x 5"
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_after_a_later_guess_that_no_file_holds_the_next_one_counts(offline_page):
    """The kernel's clock is ahead, and it cannot write."""
    page, ahead = offline_page(with_a_key()), later(60_000)
    page.evaluate(ANSWERING)
    note(page, "5")
    page.evaluate("(at) => answer((one) => ({ ...one, noted: null, at }))", ahead)
    note(page, "7")
    assert page.evaluate("sent.at(-1).at") == ahead + 1
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_a_busy_page_brings_nothing_back_that_another_page_forgot(offline_page):
    page = offline_page(shown_notebook())
    note(page, "2")
    with page.context.new_page() as other:
        other.goto(page.url)
        # the page is busy until after all is forgotten: it hears nothing, and its copy is old
        page.evaluate("addEventListener('storage', (one) => one.stopImmediatePropagation(), true)")
        page.evaluate("window.old = { ...localStorage }")
        page.evaluate("Storage.prototype.getItem = (name) => window.old[name] ?? null")
        reveal(other)
        other.get_by_role("button", name="Forget my guesses").click()
        form(page, 1).locator("select").select_option("the first")
        form(page, 1).get_by_role("button", name="Note my guess").click()
        assert list(other.evaluate(KEPT)) == ["the larger pass"]
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_guesses_are_copied_in_the_order_of_the_text_only(offline_page):
    every = ", ".join(map(repr, PREDICTIONS))
    for names, copies in ((every, 1), (f"*reversed([{every}])", 0), (f"*{2 * [NAME]}", 0)):
        code = f"from unet_complexity.checks import ledger\nledger({names})"
        page = offline_page(execute(with_cells(code)))
        reveal(page)
        button = page.get_by_role("button", name="Copy my predictions")
        assert button.count() == copies
        page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_a_guess_that_goes_to_the_file_is_not_taken_for_forgotten(offline_page):
    page = offline_page(with_a_key())
    page.evaluate(ANSWERING)
    page.evaluate("addEventListener('storage', (event) => { globalThis.last = event.newValue; })")
    note(page, "5")
    page.evaluate("answer()")
    with page.context.new_page() as other:
        other.goto(page.url)
        other.evaluate(ANSWERING)
        note(other, "6")
        page.wait_for_function("globalThis.last?.includes('6')")
        other.evaluate("answer()")
        page.wait_for_function("globalThis.last?.startsWith('[null,')")
    assert told(page).inner_text() == "Noted: you say 5."
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_a_later_guess_of_another_window_stays_when_the_file_has_an_earlier_one(offline_page):
    page = offline_page(with_a_key())
    page.evaluate(ANSWERING)
    note(page, "5")
    with page.context.new_page() as other:  # without a kernel
        other.goto(page.url)
        note(other, "7")
        page.evaluate("answer()")  # with an old copy of what is kept, perhaps
        page.wait_for_function(f"{KEPT}['{NAME}']?.[0] === 7")
        other.reload()
        assert told(other).inner_text() == "You said x 7."
        note(other, "8")
        page.evaluate(PUT, [NAME, [7, 1]])  # at the same instant
        other.wait_for_function(f"{KEPT}['{NAME}']?.[0] === 8")
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_of_two_views_no_copy_stays_in_the_browser(offline_page):
    page = offline_page(with_a_key(views=2))
    page.evaluate(ANSWERING)
    note(page, "5", place=0)
    note(page, "6", place=1)
    page.evaluate("answer()")
    assert page.evaluate(KEPT) == {}


def test_what_the_kernel_could_not_write_stays_in_the_browser(offline_page):
    page = offline_page(with_a_key())
    page.evaluate(ANSWERING)
    note(page, "5")
    page.evaluate("answer(({ nth, typed }) => ({ typed, noted: null, nth }))")
    assert told(page).inner_text() == "Noted: you say 5."
    assert page.evaluate(KEPT)[NAME][0] == 5
    note(page, "6")
    page.evaluate("answer()")
    assert page.evaluate(KEPT) == {}


FORGET = "Forget my guesses"


def test_what_the_file_holds_is_not_forgotten(offline_page):
    page = offline_page(with_a_key(notebook=with_a_guess(at=1)))
    page.evaluate(ANSWERING)
    reveal(page)
    note(page, "7")
    page.evaluate("answer()")
    assert page.get_by_role("button", name=FORGET).count() == 0  # the browser keeps none
    form(page, 1).locator("select").select_option("the first")
    form(page, 1).get_by_role("button", name="Note my guess").click()
    page.get_by_role("button", name=FORGET).click()
    assert [row[1] for row in rows(page)] == ["x 7", "no guess"]
    assert told(page).inner_text() == "You said x 7."
    assert page.evaluate(KEPT) == {}


def test_after_a_reload_the_kernel_says_what_the_file_holds(offline_page):
    page = offline_page(with_a_key(notebook=with_a_guess(at=1)))
    reveal(page)
    follow = """() => {
        let told = { text: "Noted: you say x 9.", noted: [9, 2000], nth: 1 }; // of another reader, maybe
        const model = {
            get: () => told, on(name, hear) { model.hear = hear; },
            set(name, { typed, nth }) { told = { text: "", noted: typed === null && [7, 1000], nth }; },
            save_changes() { model.hear(); },
        };
        unetxForms.waiting.forEach((one) => one.follow(model));
    }"""
    page.evaluate(follow)
    assert told(page).inner_text() == "You said x 7."
    assert rows(page)[0][1] == "x 7"
    page.reload()
    form(page).locator("input").fill("3")
    page.evaluate(follow)
    assert form(page).locator("input").input_value() == "3"  # it is just being typed
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


def test_a_guess_counts_after_one_that_was_shown_elsewhere_on_the_page(offline_page):
    page = offline_page(with_a_guess(at=9 * 10**14, cells=[2]))  # another machine's clock
    assert told(page).inner_text() == ""  # another reader's notebook may be open beside it
    reveal(page)
    note(page, "4")
    assert rows(page)[0][1] == "x 4"
    assert page.evaluate(KEPT)[NAME] == [4, 9 * 10**14 + 1]


def test_forgotten_while_the_kernel_is_busy_a_guess_is_not_kept_again(page, offline_page):
    page.clock.install()
    page = offline_page(with_a_key())
    page.evaluate(ANSWERING)
    note(page, "5")
    reveal(page)
    page.get_by_role("button", name=FORGET).click()
    page.clock.run_for(9000)
    assert (page.evaluate(KEPT), told(page).inner_text()) == ({}, "")
    page.evaluate("answer()")  # the message was under way
    assert (page.evaluate(KEPT), told(page).inner_text()) == ({}, "Noted: you say 5.")
    assert rows(page)[0][1] == "x 5"


def kept_by_the_kernel(page, file):
    """Note a guess on a page with a kernel, which writes it to the file."""
    form(page).wait_for()
    note(page, "16")
    end = time.monotonic() + 20
    while not file.exists() and time.monotonic() < end:
        page.wait_for_timeout(100)
    assert guesses_in(file) == {NAME: 16}
    told(page).get_by_text("Noted: you say x 16.").wait_for()
    file.unlink()


def test_in_notebook_7_the_kernel_keeps_them(notebook_page, lab_server):
    kept_by_the_kernel(notebook_page(a_notebook()), lab_server.root / "my-predictions.json")


def test_in_notebook_7_a_reload_shows_what_the_file_holds(notebook_page, lab_server):
    page, file = notebook_page(a_notebook()), lab_server.root / "my-predictions.json"
    kept_by_the_kernel(page, file)
    page.evaluate(conftest.SAVE)  # with the output of before
    page.wait_for_function(conftest.SAVED)
    file.write_text(json.dumps({NAME: [7, later()]}), encoding="utf-8")
    page.reload()
    told(page).get_by_text("You said x 7.").wait_for()
    reveal(page)
    assert rows(page)[0][1] == "x 7"
    file.unlink()
    page.reload()
    form(page).wait_for()
    answered = "[...unetxForms.models.values()].some((one) => one.get('told').noted === null)"
    page.wait_for_function(answered)
    reveal(page)
    assert (told(page).inner_text(), rows(page)[0][1]) == ("", "no guess")


def test_in_lab_a_notebook_that_is_opened_again_on_the_page_tells_its_kernel(lab_page, lab_server):
    page, file = lab_page(a_notebook()), lab_server.root / "my-predictions.json"
    kept_by_the_kernel(page, file)
    conftest.close_and_open(page, "unetxForms.models")
    kept_by_the_kernel(page, file)


def test_in_voila_the_kernel_keeps_them(voila_page, tmp_path):
    kept_by_the_kernel(voila_page(a_notebook()), tmp_path / "my-predictions.json")


def test_in_lab_the_kernel_keeps_them(lab_page, lab_server):
    page = lab_page(a_notebook())
    file = lab_server.root / "my-predictions.json"
    kept_by_the_kernel(page, file)
    reveal(page)
    assert rows(page)[0][1] == "x 16"
    assert page.evaluate(KEPT) == {}

    page.evaluate(
        "Object.defineProperty(globalThis, 'isSecureContext', { value: false, configurable: true })"
    )
    note(page, "7")
    told(page).get_by_text("Noted: you say x 7.").wait_for()
    assert page.evaluate(KEPT) == {}

    # over plain http JupyterLite keeps no files, so the browser keeps the guess too
    in_lite = "SimpleNamespace(platform='emscripten', modules=sys.modules)"
    code = "import sys; from types import SimpleNamespace; from unet_complexity.checks import forms"
    assert ask(page, "'done'", f"{code}; forms.sys = {in_lite}") == "done"
    note(page, "8")
    told(page).get_by_text("Noted: you say x 8.").wait_for()
    assert page.evaluate(KEPT)[NAME][0] == 8
    page.evaluate("localStorage.clear(), delete globalThis.isSecureContext")
    file.unlink()


def test_in_lab_what_gives_an_answer_away_is_folded_until_its_cell_runs(lab_open):
    page = lab_open("02-upsampling-rows-and-columns.ipynb")
    outputs = page.locator(".jp-OutputArea-output:visible")
    outputs.get_by_text("answer 2cns").first.wait_for(timeout=20_000)  # it tells nothing in advance
    answer = outputs.get_by_text("elements read 48, written 192")
    assert answer.count() == 0
    conftest.run_all_cells(page)
    answer.wait_for(timeout=20_000)


def test_an_exercise_and_the_quiz_answer_without_a_kernel(offline_page):
    source = "from unet_complexity.checks import check, quiz"
    cells = [source, 'check("macs of a rectangle", ...)', "quiz(3, 4)"]
    page = offline_page(execute(with_cells(*cells)))
    note(page, "2 h w c k f")
    assert told(page).inner_text().startswith("→ Not yet. Those are FLOPs.")
    note(page, "h*w*c*k*f")
    assert told(page).inner_text() == "✓ Right. c*f*h*k*w"
    result = page.locator("[data-ask=quiz] > .unetx-said")
    options = page.locator("[data-ask=quiz] summary")
    options.nth(1).click()
    options.nth(1).get_by_text("✓ your choice").wait_for()
    options.nth(0).click()
    assert "your choice" not in options.nth(0).inner_text()
    assert result.inner_text() == ""
    options.nth(3).click()
    result.get_by_text("Right at").wait_for()
    assert result.inner_text() == "Right at the first choice: 1 of 2."


IN_WIDGETS = """import ipywidgets as w
from IPython.display import display
from unet_complexity.checks import predict
from unet_complexity.explorers import RepeatExplorer

one, size = RepeatExplorer(side=2), w.IntSlider(value=2, min=1, max=4, description="size")
box = w.Output()
with box:
    display(predict("most pixels"))
tabs = w.Tab([w.VBox([one]), box], titles=["picture", "guess"])
def again(size):
    display(RepeatExplorer(side=2, row_factor=size))
w.VBox([tabs, size, w.interactive_output(again, {"size": size})])"""
TOGGLE = "window.jupyterapp.commands.execute('@jupyter-widgets/jupyterlab-manager:saveWidgetState')"
SHOWN = "[...document.querySelectorAll('.unetx-text')].map((one) => one.textContent).join()"


@pytest.fixture
def saving_widgets(lab_window):
    """JupyterLab writes the state of widgets into the notebook, as its menu offers."""
    lab_window.evaluate(TOGGLE)
    yield
    lab_window.evaluate(TOGGLE)


def test_explorers_and_forms_fit_into_ipywidgets(saving_widgets, lab_page, lab_open, lab_server):
    page = lab_page(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(IN_WIDGETS)]))
    page.locator(".unetx-text").nth(1).wait_for()
    page.locator(".unetx input[type=range]").first.press("ArrowRight")
    page.locator(".widget-slider [role=slider]").press("ArrowRight")
    page.wait_for_function(f"{SHOWN}.includes(' on a 3 x 3 x 1 map')")
    page.wait_for_function(f"{SHOWN}.includes('((3, 2)')")
    page.get_by_role("tab", name="guess").click()
    note(page, "9")
    told(page).get_by_text("Noted: you say 9.").wait_for()

    # saved with its widgets, and opened again with a kernel that knows none of them
    page.evaluate(conftest.SAVE)
    page.wait_for_function(conftest.SAVED)
    name = page.evaluate("window.jupyterapp.shell.currentWidget.context.path")
    page.evaluate(conftest.CLOSE)
    page.wait_for_function(conftest.CLOSED)
    lab_server.stop_kernels()
    page = lab_open(name)
    page.wait_for_function(f"{SHOWN}.includes('((3, 2)')")
    note(page, "4")
    told(page).get_by_text("Noted: you say 4. This browser keeps it.").wait_for()
    page.evaluate("localStorage.clear()")
    page.get_by_role("tab", name="picture").click()
    page.wait_for_function(f"{SHOWN}.includes(' on a 3 x 3 x 1 map')")
    page.locator(".unetx input[type=range]").first.press("ArrowRight")
    page.wait_for_function(f"{SHOWN}.includes(' on a 4 x 4 x 1 map')")


# A page with each kind of form


EACH_KIND = [
    f"from unet_complexity.checks import check, class_view, ledger, predict, quiz\npredict('{NAME}')",
    "predict('the larger pass')",
    f"ledger('{NAME}', 'the larger pass')",
    'check("macs of a rectangle", ...)',
    'check("a U-Net on a budget", (33, 3))',
    "quiz(3, 4)",
    f"class_view(['{as_text({NAME: 2})}', '{as_text({NAME: 4})}', 'U1/4'])",
]


@pytest.fixture(scope="module")
def each_kind(tmp_path_factory):
    """By theme, an exported page with each kind of form."""
    ran = execute(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in EACH_KIND])
    )
    folder, pages = tmp_path_factory.mktemp("forms"), {}
    for theme in ("light", "dark"):
        pages[theme] = folder / f"{theme}.html"
        pages[theme].write_text(HTMLExporter(theme=theme).from_notebook_node(ran)[0], "utf-8")
    return pages


def answer_everything(page):
    """With the keyboard alone: from field to field by Tab, to and fro in choices by arrows."""
    typed, seen = iter(["2", "h*w*c*k", "33", "3"]), []
    for _ in range(60):
        page.keyboard.press("Tab")
        tag, inside, ring = page.evaluate(FOCUS)
        if tag == "body" and seen:
            break
        if not inside:
            continue
        assert ring, tag
        seen.append(tag)
        if tag == "input":
            page.keyboard.type(next(typed))
            page.keyboard.press("Enter")
        elif tag == "select":
            page.keyboard.press("ArrowDown")
        elif (tag == "button" and seen[-2] == "select") or tag == "summary":
            page.keyboard.press("Enter")
    return seen


FOCUS = """() => {
    const one = document.activeElement, style = getComputedStyle(one);
    const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
    return [one.tagName.toLowerCase(), Boolean(one.closest('.unetx')), ring];
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_forms_need_no_mouse_and_axe_finds_nothing_to_complain_of(offline_page, each_kind, theme):
    page = offline_page(each_kind[theme])
    seen = answer_everything(page)
    assert {tag: seen.count(tag) for tag in ("input", "select", "summary")} == {
        "input": 4,
        "select": 1,
        "summary": 7,
    }
    assert [row[1] for row in rows(page)] == ["x 2", "the first"]
    assert told(page, 2).inner_text().startswith("→ Not yet. Missing: f (filters).")
    assert "For parameters: base_filters from 33 to 32" in told(page, 3).inner_text()
    assert page.get_by_text("Right at the first choice:").inner_text().endswith("of 2.")
    assert page.locator(".unetx-bar").count() == 2
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run(document.querySelectorAll('.unetx'))")
    assert [
        (one["id"], node["html"][:200], node["failureSummary"])
        for one in found["violations"]
        for node in one["nodes"]
    ] == []
    assert {"color-contrast", "label", "select-name"} <= {one["id"] for one in found["passes"]}
    page.errors[:] = [error for error in page.errors if "cdnjs." not in error]


# The whole tutorial on a telephone, without network and without a kernel


def question(form_place):
    (found,) = json.loads(form_place.get_attribute("data-questions"))
    return found


def wrong_guess(asked):
    """A likely wrong guess, or another wrong one."""
    if asked["slips"]:
        return str(asked["slips"][0][0])
    if asked["choices"]:
        return next(word for word in asked["choices"] if word not in asked["outcomes"])
    return str(2 * asked["outcomes"][0])


def type_and_say(place, *typed):
    for field, text in zip(place.locator("input").all(), typed, strict=True):
        field.fill(text)
    place.locator("button").click()
    return place.locator("[role=status]").inner_text()


def guess_on(page):
    """Note a guess in each form of a page; the guesses by name."""
    guessed = {}
    for place in page.locator("[data-ask=prediction]").all():
        asked = question(place)
        if asked["choices"]:
            place.locator("select").select_option(wrong_guess(asked))
            said = type_and_say(place)
        else:
            said = type_and_say(place, wrong_guess(asked))
        assert said.startswith("Noted: you say ")
        assert said.endswith("This browser keeps it.")
        guessed[asked["name"]] = PREDICTIONS[asked["name"]].guess(wrong_guess(asked))
    return guessed


def answer_on(page):
    """Answer the exercises and the puzzle of a page, wrong and right; how many there were."""
    exercises = page.locator("[data-ask=exercise]").all()
    for place in exercises:
        right = question(place)["right"]
        assert type_and_say(place, f"3*({right})").startswith("→ Not yet. ")
        assert type_and_say(place, right).startswith("✓ Right. ")
    puzzles = page.locator("[data-ask=puzzle]").all()
    for place in puzzles:
        sizes = re.findall(r"= (\d+(?:, \d+)+)\ncheck", page.locator("article").inner_text())
        assert type_and_say(place, *["1"] * place.locator("input").count()).startswith(
            "→ Not yet. Too "
        )
        assert type_and_say(place, *sizes[-1].split(", ")).startswith("✓ Right. ")
    return len(exercises), len(puzzles)


def look_up_on(page):
    """Unfold what came out; each guess stands beside its outcome."""
    for fold in page.locator("[data-ask=ledger] details").all():
        assert not fold.locator("table").is_visible()
        fold.locator("summary").click()
        for row in fold.locator("tbody tr").all():
            cells = row.locator("td").all_inner_texts()
            assert "no guess" not in cells[1]
            assert cells[3]


WIDE = """[...document.querySelectorAll('.unetx *')].filter((one) => one.checkVisibility() && !one.closest('svg')
    && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((one) => one.outerHTML)"""


def test_the_tutorial_is_worked_through_on_a_telephone_without_network_or_kernel(site, page):
    refused, guessed, answered = [], {}, []
    page.context.route("**/*", lambda route: conftest.refuse_network(route, refused))
    page.set_viewport_size({"width": 390, "height": 844})
    for stem in [path.stem for path in paths() if path.stem != "glossary"]:
        page.goto((site / "notebooks" / f"{stem}.html").as_uri())
        assert page.locator(".unetx:not([data-alive])").count() == 0
        assert page.locator("details.hide[open], [data-ask=ledger] details[open]").count() == 0
        guessed |= guess_on(page)
        page.evaluate(
            "document.querySelectorAll('details').forEach((one) => { one.open = one.open || !one.closest('.unetx'); })"
        )
        answered.append(answer_on(page))
        look_up_on(page)
        assert page.evaluate(WIDE) == []
    assert guessed.keys() == PREDICTIONS.keys()
    assert sum(first for first, _ in answered) > 18
    assert sum(second for _, second in answered) == 7

    for item in page.locator("[data-ask=quiz] ol > li").all():
        item.locator("summary").first.click()
    page.get_by_text(re.compile(r"of the whole quiz so far: \d of 10\.$")).first.wait_for()
    page.evaluate("navigator.clipboard.writeText = async (text) => { globalThis.copied = text; }")
    page.get_by_role("button", name="Copy my predictions").click()
    page.get_by_role("button", name="Copied").wait_for()
    text = page.evaluate("copied")
    assert from_text(text) == guessed
    assert len(text) < 200

    page.goto((site / "teaching" / "class.html").as_uri())
    right = {name: one.data()["outcomes"][0] for name, one in PREDICTIONS.items()}
    marked = "\ufeff" + json.dumps(right)  # as a file that begins with a byte order mark
    page.locator("textarea").fill("\n".join([text] * 16 + [as_text(right)] * 8 + ["U1/4", marked]))
    lines, whole = f"{text}\r\n{text}\n", json.dumps(right, indent=1)
    files = [
        {"name": name, "mimeType": "text/plain", "buffer": content.encode(encoding)}
        for name, content, encoding in (
            ("TWO.TXT", lines, "utf-8"),
            ("two.txt", lines, "utf-16"),
            ("my-predictions.json.txt", whole, "utf-8-sig"),
        )
    ]
    page.locator("input[type=file]").set_input_files(files)
    page.get_by_role("button", name="Show what the class guessed").click()
    page.get_by_text("30 of 31 read. Not understood, and left out: line 25.").wait_for()
    assert page.locator(".unetx-question").count() == len(PREDICTIONS)
    assert (
        page.locator(".unetx-question")
        .first.get_by_text("20 of 30 guessed something else.")
        .count()
        == 1
    )
    assert page.evaluate(WIDE) == []
    assert refused == []


def test_a_class_of_more_than_5000_is_refused_at_once(site, page):
    page.goto((site / "teaching" / "class.html").as_uri())
    for lines, said in (
        (5001, "A class has at most 5,000 files and lines, got 5,001."),
        (5000, "5,000 of 5,000 read"),
    ):
        data = (as_text({"a doubled side": 4}) + "\n") * lines
        file = {"name": "class.txt", "mimeType": "text/plain", "buffer": data.encode()}
        page.locator("input[type=file]").set_input_files([file])
        page.get_by_role("button", name="Show what the class guessed").click()
        page.get_by_text(said).wait_for()
        assert page.locator(".unetx-question").count() == (lines == 5000)


def test_of_two_readings_of_files_the_later_one_is_shown(site, page):
    page.goto((site / "teaching" / "class.html").as_uri())
    page.evaluate("""() => {
        const read = File.prototype.arrayBuffer, wait = new Promise((done) => { globalThis.release = done; });
        File.prototype.arrayBuffer = async function () {
            if (this.name === 'slow.txt') await wait;
            return read.call(this);
        };
    }""")
    for name, guess in (("slow.txt", 36), ("fast.txt", 9)):
        text = as_text({"most pixels": guess})
        file = {"name": name, "mimeType": "text/plain", "buffer": text.encode()}
        page.locator("input[type=file]").set_input_files([file])
        page.get_by_role("button", name="Show what the class guessed").click()
    page.get_by_text("right").first.wait_for()
    page.evaluate("release()")
    page.wait_for_timeout(300)
    assert page.locator(".unetx-bar").all_inner_texts() == ["9\n1 · right"]
