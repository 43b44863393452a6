"""Guesses on their way between tabs, kernels and the file: random visits, in which no guess is lost."""

import json
import os
import re
from contextlib import contextmanager
from importlib import import_module
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, event, example, given, settings
from hypothesis import strategies as st

from tools.stills import running
from unet_complexity.checks import predict
from unet_complexity.checks.forms import script
from unet_complexity.checks.lessons import PREDICTIONS

module = import_module("unet_complexity.checks.ledger")
NAMES = ("convolution after a copy", "6 x 6 pixels")
TABS = Path(__file__).with_name("tabs.js")
GIVEN = "(globalThis, document, localStorage, setTimeout, clearTimeout, Date)"
SHOWN = re.compile(r"(?:You said|Noted: you say|later you said|^)[x\s]*(\d+)")
EXAMPLES = int(os.environ.get("VISITS", "200"))  # more with VISITS=20000


def tabs_script():
    """The stand-in for tabs, with the scripts of the forms that run in them."""
    forms = f"const prediction = {GIVEN} => {{\n{script('prediction')}return {{ startForm, announce }};\n}};\n"
    ledger = f"const ledgerScript = {GIVEN} => {{\n{script('ledger')}return {{ startForm }};\n}};\n"
    return TABS.read_text("utf-8") + forms + ledger


class Visits:
    """A browser with some tabs, two notebooks' kernels, and the file.  Each step is followed by checks."""

    def __init__(self, file):
        self.file = file
        self.file.unlink(missing_ok=True)
        self.engine = running(tabs_script())
        self.page("reset")
        self.now = 10**6
        self.kernels = [self.new_kernel(), self.new_kernel()]
        self.tabs = []
        self.is_writable = self.has_one_clock = True
        self.values = count(1)
        self.known = {}  # of each guess its name and time; no two guesses are equal
        self.in_browser = dict.fromkeys(NAMES, -1)  # the time of what the browser must keep
        self.not_forgotten = set()  # guesses that were noted after all was forgotten
        self.filed = {}

    def page(self, function, *arguments):
        given = ", ".join(json.dumps(one) for one in arguments)
        clock = f"clock = {self.now}; " if function != "reset" else ""
        text = f"{clock}JSON.stringify([{function}({given}) ?? null, clock, seen()])"
        result, self.now, self.seen = json.loads(self.engine.eval(text))
        for tab, seen in zip(getattr(self, "tabs", []), self.seen["tabs"], strict=False):
            for sent in seen["out"]:
                self.kernels[sent["kernel"]].inbox.append((tab, sent["key"], sent["value"]))
        return result

    # Kernels

    def new_kernel(self):
        return SimpleNamespace(
            unsaved={},
            last_read={},
            forms={},
            inbox=[],
            is_alive=True,
            must=dict.fromkeys(NAMES, -1),
        )

    @contextmanager
    def inside(self, kernel):
        """Python as one kernel's process has it."""

        def write_over(path, data):
            if not self.is_writable:
                raise PermissionError(13, "Permission denied", str(path))
            path.write_bytes(data)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_unsaved", kernel.unsaved)
            patch.setattr(module, "_last_read", kernel.last_read)
            patch.setattr(module, "time", lambda: self.now / 1000)
            patch.setattr(module, "write_over", write_over)
            patch.setenv(module.VARIABLE, str(self.file))
            yield

    def told(self, kernel, name, guess, text):
        """Check what Python says of a guess, and keep in mind what it promises."""
        at = self.known[guess][1]
        if "Only until" in text:
            kernel.must[name] = max(kernel.must[name], at)
            assert at <= kernel.unsaved[name][1]
        elif text.startswith("Noted"):
            assert at <= self.in_file()[name][1]

    def in_file(self):
        return json.loads(self.file.read_text("utf-8")) if self.file.exists() else {}

    # Steps

    def open(self, a, b):
        """A notebook's cells run, in a new tab or an open one; with b = 2, in a page without a kernel."""
        if not self.kernels[b % 2].is_alive or len(self.tabs) > 5:
            return
        alive = self.alive()
        tab = alive[a % len(alive)] if alive and a < 3 else self.new_tab(a == 5)
        self.fill(tab, b)

    def fill(self, tab, b):
        kernel = self.kernels[b % 2]
        with self.inside(kernel):
            asked = [module._asked(PREDICTIONS[name]).question for name in NAMES]
            rows = [module.question(*row) for row in module.ledger(*NAMES).rows]
        keys = [f"key {next(self.values)} {name}" for name in NAMES]
        sheet = SimpleNamespace(asked=asked, rows=rows, keys=keys, kernel=b % 2)
        if b == 2:
            sheet.keys = [None, None]
        else:
            for key, name in zip(keys, NAMES, strict=True):
                kernel.forms[key] = SimpleNamespace(name=name, sent={}, told={})
        self.add(tab, sheet)

    def new_tab(self, is_private):
        place = self.page("openTab", is_private)
        tab = SimpleNamespace(place=place, is_alive=True)
        tab.is_private, tab.sheets, tab.inbox, tab.linked = is_private, [], [], set()
        tab.to_forget = 0  # guesses that another tab's reader forgot
        tab.guesses = set()  # that were noted in it
        tab.sent = {}  # of each name the kernel whose form it was noted in, and the time
        tab.noted = {}  # by its reader, unless forgotten since: of each name the time
        tab.newest = dict.fromkeys(NAMES, -1)  # the time of the latest guess that was shown
        tab.heard = dict.fromkeys(NAMES, -1)  # ... and that the kernel said to be in the file
        tab.must = dict.fromkeys(NAMES, -1)  # of what is kept only until the tab is closed
        self.tabs.append(tab)
        return tab

    def add(self, tab, sheet):
        sheet.floor = [dict.fromkeys(NAMES, -1) for _ in range(3)]
        sheet.last = {}  # what each element showed
        sheet.at = {one["name"]: one["at"] for one in sheet.asked}
        sheet.first = 3 * len(tab.sheets)
        tab.sheets.append(sheet)
        for question, key in zip(sheet.asked, sheet.keys, strict=True):
            self.page("addForm", tab.place, question, key)
        self.page("addLedger", tab.place, sheet.rows)

    def alive(self):
        return [tab for tab in self.tabs if tab.is_alive]

    def link(self, tab, b):
        """The kernel's part of a form is there, at first or after a reload."""
        sheet = tab.sheets[b % len(tab.sheets)]
        kernel = self.kernels[sheet.kernel]
        for key in sheet.keys:
            if kernel.is_alive and key in kernel.forms and key not in tab.linked:
                tab.linked.add(key)
                self.page("link", tab.place, key, kernel.forms[key].told, sheet.kernel, True)

    def restore(self, tab, b):
        """A notebook that another reader saved with its widgets is opened: models without a kernel, and a guess that no
        file here holds."""
        for key in tab.sheets[b % len(tab.sheets)].keys:
            if key and key not in tab.linked:
                told = {"text": "", "noted": [next(self.values), self.now + b], "nth": 1, "at": 0}
                self.page("link", tab.place, key, told, 0, False)

    def note(self, tab, b):
        sheet = tab.sheets[b // 2 % len(tab.sheets)]
        name, guess = NAMES[b % 2], next(self.values)
        kept = self.page("note", tab.place, sheet.first + b % 2, str(guess))
        assert kept[0] == guess
        assert kept[1] > tab.newest[name], "a guess counts after those that the tab has shown"
        self.known[guess] = (name, kept[1])
        tab.noted[name] = kept[1]
        kernel = self.kernels[sheet.kernel]
        if sheet.keys[b % 2] in tab.linked.intersection(kernel.forms):
            tab.sent[name] = (kernel, kept[1])
        tab.guesses.add(guess)
        self.not_forgotten.add(guess)
        if not tab.is_private:
            self.in_browser[name] = max(self.in_browser[name], kept[1])

    def hear(self, b):
        kernel = self.kernels[b % 2]
        if not kernel.inbox:
            return
        tab, key, value = kernel.inbox.pop(0)
        form = kernel.forms.get(key)
        if form and value != form.sent:
            form.sent = value
            with self.inside(kernel):
                feedback, noted, at = module._noted(
                    PREDICTIONS[form.name], value["typed"], value["at"]
                )
            if value["typed"] is not None:
                self.told(kernel, form.name, int(value["typed"]), feedback.text)
            form.told = {
                "text": feedback.text,
                "noted": noted,
                "nth": value["nth"],
                "at": at,
            }
            for other in self.alive():
                if key in other.linked:
                    other.inbox.append(("told", key, form.told))
        tab.inbox.append(("idle", key, None))

    def deliver(self, tab, b):
        if not tab.inbox:
            return
        what, key, told = tab.inbox.pop(0)
        if key not in tab.linked:
            return
        if told and told["noted"]:
            name = self.known[told["noted"][0]][0]
            tab.heard[name] = max(tab.heard[name], told["noted"][1])
        self.page("deliver", tab.place, [what, key, told])

    def storage(self, tab, b):
        if self.page("storageEvent", tab.place) and tab.to_forget:
            tab.to_forget -= 1
            self.forgotten(tab)

    def timer(self, tab, b):
        self.page("timer", tab.place)

    def forget(self, tab, b):
        keys = self.seen["keys"]
        self.page("forget", tab.place)
        self.forgotten(tab)
        sharing = [tab] if tab.is_private else [one for one in self.tabs if not one.is_private]
        self.not_forgotten.difference_update(*(one.guesses for one in sharing))
        if not tab.is_private:
            for other in self.alive():
                if keys and other is not tab and not other.is_private:
                    other.to_forget += keys
                    self.forgotten(other)
            self.in_browser = dict.fromkeys(NAMES, -1)

    def forgotten(self, tab):
        """What the file holds may be shown again."""
        tab.must = dict.fromkeys(NAMES, -1)
        tab.noted.clear()
        tab.sent.clear()
        for sheet in tab.sheets:
            floor = {name: max(at, tab.heard[name]) for name, at in sheet.at.items()}
            sheet.floor = [floor.copy() for _ in range(3)]

    def close(self, tab, b):
        tab.is_alive = False
        self.page("close", tab.place)

    def reload(self, tab, b):
        self.close(tab, b)
        again = self.new_tab(tab.is_private)
        for sheet in tab.sheets:
            self.add(again, SimpleNamespace(**vars(sheet)))

    def reopen(self, tab, b):
        """A notebook is closed, and opened again in the same page."""
        sheet = tab.sheets[b % len(tab.sheets)]
        if len(tab.sheets) > 5:
            return
        tab.sent.clear()
        for key in sheet.keys:
            tab.linked.discard(key)
            self.page("leave", tab.place, key)
        self.add(tab, SimpleNamespace(**vars(sheet)))

    def view(self, tab, b):
        """A second view of a notebook: its forms follow the same models."""
        sheet = tab.sheets[b % len(tab.sheets)]
        if len(tab.sheets) < 6:
            self.add(tab, SimpleNamespace(**vars(sheet)))

    def python(self, b):
        kernel, name, guess = self.kernels[b % 2], NAMES[b // 2 % 2], next(self.values)
        if not kernel.is_alive:
            return
        with self.inside(kernel):
            text = predict(name, guess).text
            self.known[guess] = (name, module._guesses(self.file)[0][name][1])
        assert text.startswith("Noted"), "a guess without a time is made now"
        self.told(kernel, name, guess, text)

    def die(self, b):
        kernel = self.kernels[b % 2] = self.new_kernel()
        kernel.is_alive = False
        for tab in self.alive():
            for sheet in tab.sheets:
                if sheet.kernel == b % 2:
                    tab.inbox += [("dead", key, None) for key in sheet.keys]

    def restart(self, b):
        self.kernels[b % 2] = self.new_kernel()

    def wait(self, b):
        pass

    def lock(self, b):
        self.is_writable = not self.is_writable

    def clocks(self, tab, b):
        """One tab's clock is put: a guess that was forgotten there a moment ago may then count as the later one."""
        self.has_one_clock = False
        self.engine.eval(f"tabs[{tab.place}].offset = {(-5000, -1, 0, 5000)[b % 4]}")

    # What must hold

    def check(self):
        filed = self.in_file()
        for name, (guess, at) in filed.items():
            assert self.known[guess] == (name, at), "the file holds it as it was noted"
            assert at >= self.filed.get(name, (0, -1))[1], "the file goes back"
        self.filed = filed
        self.check_kept(self.seen["store"], filed)
        for tab in self.alive():
            seen = self.seen["tabs"][tab.place]
            self.check_shown(tab, seen["shown"])

    def check_kept(self, store, filed):
        for name in NAMES:
            saved = filed.get(name, (0, -1))[1]
            for kernel in self.kernels:
                assert kernel.must[name] <= max(saved, kernel.unsaved.get(name, (0, -1))[1])
            if name in store:
                assert self.known[store[name][0]] == (name, store[name][1])
            stored = store.get(name, (0, -1))[1]
            assert self.in_browser[name] <= max(saved, stored), f"lost: {name}"
            for tab in self.alive():
                held = self.seen["tabs"][tab.place]["guesses"].get(name, (0, -1))[1]
                assert tab.must[name] <= max(saved, stored, held)

    def check_shown(self, tab, elements):
        forgetting = any(one.to_forget for one in self.alive())
        for place, element in enumerate(elements):
            sheet = tab.sheets[place // 3]
            for name, text in element:
                found = SHOWN.search(text.replace("\xa0", " "))
                owner, at = self.known[int(found[1])] if found else (name, -1)
                assert found or text in ("", "no\xa0guess")
                assert owner == name
                floor = sheet.floor[place % 3]
                tab.newest[name] = max(tab.newest[name], at)
                if sheet.last.get((place % 3, name)) == text:
                    continue
                sheet.last[place % 3, name] = text
                assert at >= floor[name], f"an older guess is shown in element {place}: {text}"
                if not forgetting:  # else what it shows is about to go
                    floor[name] = at
                if "until this page" in text and text.startswith("Noted"):
                    tab.must[name] = max(tab.must[name], at)

    def settle(self):
        """Deliver all that is under way."""
        self.is_writable = True
        for _ in range(300):
            before = self.under_way()
            if not before:
                break
            for place, kernel in enumerate(self.kernels):
                if kernel.inbox:
                    self.step("hear", 0, place)
            for tab in self.alive():
                for step, holds in (("storage", "events"), ("deliver", ""), ("timer", "timers")):
                    if self.seen["tabs"][tab.place][holds] if holds else tab.inbox:
                        self.step(step, self.alive().index(tab), 0)
        assert not self.under_way()
        self.check_sent()
        filed = {guess for guess, _ in self.in_file().values()}
        for name, (guess, _) in self.seen["store"].items() if self.has_one_clock else ():
            assert guess in self.not_forgotten | filed, f"{name}: {guess} was forgotten"

    def check_sent(self):
        for tab in self.alive():
            for name, (kernel, at) in tab.sent.items():
                if kernel in self.kernels:
                    found = (self.in_file(), kernel.unsaved, self.seen["store"])
                    filed, unsaved, stored = (one.get(name, (0, -1))[1] for one in found)
                    assert at <= max(filed, unsaved) or at < stored, f"{name} is not in the file"

    def run_again(self):
        """Run a notebook's cells in each tab: what was noted there goes to the file, and nothing goes twice."""
        if not self.kernels[0].is_alive:
            self.kernels[0] = self.new_kernel()
        for tab in self.alive():
            self.fill(tab, 0)
            self.link(tab, len(tab.sheets) - 1)
            sent = {int(guess) for guess in self.sent_to(self.kernels[0])}
            assert sent <= self.not_forgotten or not self.has_one_clock, "a forgotten guess is sent"
            self.settle()
        filed = self.in_file()
        for tab in self.alive():
            for name, at in tab.noted.items():
                is_filed = at <= filed.get(name, (0, -1))[1]
                others = [self.seen["store"], *(kernel.unsaved for kernel in self.kernels)]
                is_older = any(at < other.get(name, (0, -1))[1] for other in others)
                assert is_filed or is_older, f"{name}: the guess of {at} did not reach the file"
            self.fill(tab, 0)
            self.link(tab, len(tab.sheets) - 1)
            assert not self.sent_to(self.kernels[0]), "a guess that is in the file is sent again"
            self.settle()
        self.check_left()

    @staticmethod
    def sent_to(kernel):
        typed = [value["typed"] for _, _, value in kernel.inbox]
        return [guess for guess in typed if guess is not None]

    def check_left(self):
        """What the file holds is not left to the next reader of the browser."""
        if any(not tab.is_private for tab in self.alive()):
            filed = self.in_file()
            for name, (_, at) in self.seen["store"].items():
                assert at > filed.get(name, (0, -1))[1], f"{name} is in the file and in the browser"

    def under_way(self):
        here = sum(len(tab.inbox) for tab in self.alive())
        seen = [self.seen["tabs"][tab.place] for tab in self.alive()]
        on_pages = sum(one["events"] + one["timers"] for one in seen)
        return here + on_pages + sum(len(kernel.inbox) for kernel in self.kernels)

    def step(self, kind, a, b):
        if kind in OF_A_TAB:
            alive = self.alive()
            if not alive:
                return
            getattr(self, kind)(alive[a % len(alive)], b)
        elif kind == "open":
            self.open(a, b)
        else:
            getattr(self, kind)(b)
        self.check()


OF_A_TAB = "note link deliver storage timer forget close reload reopen view restore clocks".split()
OFTEN = "note note open link hear deliver storage".split()
RARELY = "python timer forget close reload reopen view restore clocks die restart lock".split()
KINDS = ["wait", *3 * OFTEN, *RARELY]
STEPS = st.tuples(
    st.sampled_from(KINDS), st.integers(0, 5), st.integers(0, 3), st.sampled_from([0, 1])
)


# a form meets its kernel after another tab has forgotten the guess that it would hand on
FORGOTTEN_EARLY = [
    ("open", 3, 0, 0),
    ("reload", 0, 0, 0),
    ("note", 0, 0, 0),
    ("forget", 1, 0, 0),
    ("link", 0, 0, 0),
    ("die", 0, 0, 0),
]


# two guesses wait for a busy kernel beside forms of the notebook as it was opened before
ANSWERS = [("hear", 0, 0, 0)] * 2 + [("deliver", 0, 0, 0)] * 4
OPENED_AGAIN = [
    *ANSWERS,
    ("reopen", 0, 0, 0),
    ("link", 0, 1, 0),
    *3 * ANSWERS,
    ("note", 0, 3, 1),
    ("note", 0, 2, 1),
    ("note", 0, 2, 1),
]


@example(steps=OPENED_AGAIN)
@example(steps=FORGOTTEN_EARLY)
@settings(
    max_examples=EXAMPLES,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
@given(steps=st.lists(STEPS, min_size=12, max_size=40))
def test_no_guess_is_lost_between_tabs_kernels_and_the_file(tmp_path, steps):
    visits = Visits(tmp_path / "my-predictions.json")
    for kind, a, b, tick in [("open", 3, 0, 1), ("link", 0, 0, 0), *steps]:
        visits.now += tick
        visits.step(kind, a, b)
        event(kind)
    visits.settle()
    visits.run_again()
