"""Nothing is lost: no existing file is overwritten or left half-written, and no prediction is forgotten."""

import errno
import gc
import json
import os
import re
import signal
import stat
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import Event

import numpy as np
import onnx
import pytest

from tests.guesses import guesses_in, start_in
from unet_complexity import files
from unet_complexity.checks import ledger, predict
from unet_complexity.checks.lessons import PREDICTIONS
from unet_complexity.engineering.collapse import command
from unet_complexity.engineering.command import main

posix = pytest.mark.skipif(
    os.name != "posix", reason="Windows has no such files, signals or processes"
)
ROOT = Path(__file__).resolve().parents[2]
MODEL = """<ir_version: 8, opset_import: ["" : 17]> net (float[1, 32, 16, 16] x) => (float[1, 2, 32, 32] y)
<float[4] s = {1, 1, 2, 2}> {
    u = Resize <mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"> (x, , s)
    y = Conv <pads = [1, 1, 1, 1]> (u, w) }"""


def listing(folder):
    """Names and contents, and what links point to."""
    return {
        each.name: os.readlink(each) if each.is_symlink() else each.read_bytes()
        for each in folder.iterdir()
    }


def failing(error, *_, **__):
    raise error


# collapse


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A model with an upsampling to take out, in a folder of its own, and little patience for timing it."""
    monkeypatch.setattr("unet_complexity.engineering.collapse.verifying.SECONDS", 0.01)
    monkeypatch.chdir(tmp_path)
    model = onnx.parser.parse_model(MODEL)
    kernel = np.random.default_rng(0).normal(size=(2, 32, 3, 3)).astype("float32")
    model.graph.initializer.append(onnx.numpy_helper.from_array(kernel, "w"))
    onnx.save(model, tmp_path / "in.onnx")
    return tmp_path / "in.onnx"


@pytest.fixture(params=["links", "no links"])
def links(request, monkeypatch):
    """Both kinds of file systems."""
    if request.param == "no links":
        monkeypatch.setattr(
            os, "link", lambda *_: failing(PermissionError(errno.EPERM, "Operation not permitted"))
        )


def test_the_collapsed_model_is_written_as_any_new_file_is(source, links):
    told = command("in.onnx", "out.onnx")
    Path("plain").touch()
    onnx.checker.check_model("out.onnx")
    assert told.endswith("\nwritten to out.onnx")
    assert stat.S_IMODE(os.stat("out.onnx").st_mode) == stat.S_IMODE(os.stat("plain").st_mode)
    assert sorted(os.listdir()) == ["in.onnx", "out.onnx", "plain"]


@pytest.mark.parametrize("made", [
    lambda path: path.write_text("the only copy"),
    lambda path: path.symlink_to("nowhere"),
    lambda path: path.symlink_to("in.onnx"),
], ids=["a file", "a broken link", "a link"])  # fmt: skip
def test_what_is_made_while_the_models_run_is_kept(source, links, made, monkeypatch):
    monkeypatch.setattr(
        "unet_complexity.engineering.collapse.verifying.verified", lambda *_: made(Path("out.onnx"))
    )
    with pytest.raises(
        ValueError,
        match=r"^out.onnx is there already, and nothing is overwritten; give another name",
    ):
        command("in.onnx", "out.onnx")
    found = listing(source.parent)
    assert sorted(found) == ["in.onnx", "out.onnx"]
    assert found["out.onnx"] in (b"the only copy", "nowhere", "in.onnx")


def test_a_broken_link_is_there_already_and_a_loop_of_links_is_not_a_model(source, monkeypatch):
    Path("out.onnx").symlink_to("nowhere")
    # refused before there is any work
    monkeypatch.setattr("unet_complexity.engineering.collapse.verifying.loaded", failing)
    with pytest.raises(ValueError, match=r"^out.onnx is there already"):
        command("in.onnx", "out.onnx")
    Path("loop.onnx").symlink_to("loop.onnx")
    monkeypatch.undo()
    assert (
        main(["collapse", str(source.parent / "loop.onnx"), str(source.parent / "new.onnx")]) == 2
    )


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("error", "said"), [
    (FULL, "out.onnx: No space left on device"),
    (KeyboardInterrupt(), "interrupted, and no file was left half-written"),
    (MemoryError(), "this needs more memory than there is, or than a file of this size may take; try a smaller model"),
])  # fmt: skip
@pytest.mark.parametrize("place", ["fsync", "link", "replace"])
def test_what_stops_the_writing_is_told_in_a_line_and_leaves_nothing(
    source, monkeypatch, capsys, place, error, said
):
    before = listing(source.parent)
    if place != "fsync":
        monkeypatch.setattr(os, "link", lambda *_: failing(FULL))
    monkeypatch.setattr(os, place, lambda *_: failing(error))
    if place == "link" and error is FULL:
        monkeypatch.setattr(os, "replace", lambda *_: failing(error))  # it is the next to be tried
    assert main(["collapse", "in.onnx", "out.onnx"]) == 2
    assert capsys.readouterr() == ("", f"unet_complexity: {said}\n")
    assert listing(source.parent) == before


@posix
def test_a_full_disk_leaves_nothing_and_the_next_try_is_free(source):
    """A file that may not grow: the system itself refuses to write."""
    import resource

    before, limits = listing(source.parent), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"File too large: 'out.onnx'"):
            command("in.onnx", "out.onnx")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert listing(source.parent) == before
    command("in.onnx", "out.onnx")


INTERRUPTED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background would ignore it
from unet_complexity.engineering.command import main
from unet_complexity.engineering.collapse import verifying
verifying.SECONDS = 60
print("ready", flush=True)
sys.exit(main(["collapse", "in.onnx", "out.onnx"]))
"""


@posix
def test_control_c_is_one_line(source):
    before, env = listing(source.parent), {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], text=True, env=env, **pipes
    ) as process:
        process.stdout.readline()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    told = "unet_complexity: interrupted, and no file was left half-written\n"
    assert (process.returncode, out, err) == (2, "", told)
    assert listing(source.parent) == before


AS_A_COMMAND = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from unet_complexity.engineering.collapse import verifying
verifying.SECONDS = 0.01
sys.argv[1:] = ["collapse", "in.onnx", "out.onnx"]
runpy.run_module("unet_complexity", run_name="__main__")
"""


@posix
@pytest.mark.parametrize("delay", [0.002, 0.01, 0.03])
def test_control_c_after_the_report_changes_nothing(source, delay):
    """Native libraries would take some 50 ms to unload, in which Python no longer handles a signal."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(
        [sys.executable, "-c", AS_A_COMMAND], text=True, env=env, **pipes
    ) as process:
        lines = iter(process.stdout.readline, "")
        assert any(line.startswith("written to out.onnx") for line in lines)
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    onnx.checker.check_model("out.onnx")


@pytest.mark.parametrize("step", ["touch", "unlink"])
def test_control_c_in_the_middle_of_a_cleanup_leaves_nothing(tmp_path, monkeypatch, links, step):
    real = getattr(Path, step)

    def interrupted(path, *_, **settings):
        signal.raise_signal(signal.SIGINT)
        real(path, **settings)

    monkeypatch.setattr(Path, step, interrupted)
    path = tmp_path / "new"
    try:
        files.write_new(path, b"all of it")
        assert (step, os.link.__name__) == ("touch", "link")  # no step of a link's
    except KeyboardInterrupt:
        pass
    assert listing(tmp_path) == {"new": b"all of it"}
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


LIBRARY = """
import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
except BaseException:
    print("lost")  # as compiled modules do, or they abort
print("whole")
"""
IMPORTED = """
import signal
from unet_complexity.engineering.command import import_whole
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    import_whole("native_library")
except KeyboardInterrupt:
    print("interrupted", signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


@posix
def test_control_c_waits_for_a_native_library(tmp_path):
    (tmp_path / "native_library.py").write_text(LIBRARY)
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    run = [sys.executable, "-c", IMPORTED]
    assert subprocess.check_output(run, env=env, text=True) == "whole\ninterrupted True\n"


@pytest.mark.parametrize(("error", "said"), [
    (type("ArrayMemoryError", (MemoryError,), {})("8 GiB"), "this needs more memory than there is, or than"),
    (RecursionError("maximum recursion depth exceeded"), "the model is nested too deeply to be read; export it"),
    (KeyboardInterrupt(), "interrupted, and no file was left half-written"),
])  # fmt: skip
def test_what_stops_the_command_is_one_sentence(capsys, monkeypatch, error, said):
    monkeypatch.setattr("unet_complexity.engineering.command.report", lambda *_: failing(error))
    assert main(["a.onnx"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"unet_complexity: {said}")


# Predictions


NAME = "convolution after a copy"
ACCESS = "system.posix_acl_access"
NUMBERS = [name for name, prediction in PREDICTIONS.items() if not prediction.choices][:20]


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A folder of notebooks of its own, in which nothing was predicted yet."""
    monkeypatch.delenv("UNET_COMPLEXITY_PREDICTIONS", raising=False)
    monkeypatch.setattr(import_module("unet_complexity.checks.ledger"), "_unsaved", {})
    return start_in(tmp_path, monkeypatch)


@pytest.fixture(autouse=True)
def default_control_c():
    """Restore the handler of Ctrl-C, because a shell ignores SIGINT in its background jobs."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def only(file):
    """The file and what is left beside it; Windows keeps the lock's file."""
    return [
        name for name in os.listdir(file.parent) if os.name == "posix" or not name.endswith(".lock")
    ]


def test_twenty_threads_keep_twenty_guesses(file):
    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(lambda name: predict(name, 7).text, NUMBERS))
    assert [text for text in told if not text.startswith("Noted") or "Only until" in text] == []
    assert guesses_in(file) == dict.fromkeys(NUMBERS, 7)
    assert only(file) == [file.name]


RACE = """
import os, sys
from unet_complexity.checks import predict
for _ in range(5):
    start, go = os.pipe()
    for name in sys.argv[1:]:
        if os.fork() == 0:
            os.close(go)
            os.read(start, 1)  # until every process is there
            os._exit("Only until" in predict(name, 7).text)
    os.close(go)
    for _ in sys.argv[1:]:
        assert os.wait()[1] == 0
    print(open("my-predictions.json").read().replace("\\n", ""))
    os.remove("my-predictions.json")
"""


@posix
def test_twenty_processes_keep_twenty_guesses(file):
    run = subprocess.run(
        [sys.executable, "-c", RACE, *NUMBERS],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    rounds = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(rounds) == 5
    for found in rounds:
        assert found.keys() == set(NUMBERS)
        assert {guess for guess, _ in found.values()} == {7}
    assert only(file) == []


def test_waiting_for_the_lock_ends(file, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE", 0.05)
    with files.locked(file):
        text = predict(NAME, 2).text
    assert text.endswith(
        f"since {file} cannot be written: another notebook has been writing for 0.05 s"
    )
    assert ledger(NAME).rows[0][1] == 2
    predict("most pixels", 9)
    assert guesses_in(file) == {NAME: 2, "most pixels": 9}


def test_a_process_that_died_holds_no_lock(file, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE", 1)
    code = "import os; from pathlib import Path; from unet_complexity.files import locked\n"
    code += f"with locked(Path({file.name!r})): os._exit(0)"
    subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True
    )
    assert predict(NAME, 2).text == "Noted: you say x 2."
    assert only(file) == [file.name]


@posix
def test_where_there_are_no_locks_a_guess_is_noted_all_the_same(file, monkeypatch):
    monkeypatch.setattr(
        "fcntl.flock", lambda *_: failing(OSError(errno.ENOLCK, "No locks available"))
    )
    assert predict(NAME, 2).text == "Noted: you say x 2."
    with ThreadPoolExecutor(20) as pool:  # some are lost, but none stands in another's way
        told = list(pool.map(lambda name: predict(name, 7).text, NUMBERS))
    assert [text for text in told if "Only until" in text] == []
    assert set(guesses_in(file).values()) <= {2, 7}
    monkeypatch.undo()
    start_in(file.parent, monkeypatch)
    monkeypatch.setattr(sys, "platform", "emscripten")
    monkeypatch.setattr(files, "_lock", failing)
    assert predict(NAME, 3).text == "Noted: you say x 3."


def test_a_file_that_has_the_name_of_the_lock_is_not_removed(file):
    lock = file.with_name(f"{file.name}.lock")
    lock.write_text("the only copy")
    assert predict(NAME, 2).text == "Noted: you say x 2."
    assert lock.read_text() == "the only copy"


@posix
def test_a_fifo_that_has_the_name_of_the_lock_is_not_removed(file):
    lock = file.with_name(f"{file.name}.lock")
    os.mkfifo(lock)
    assert predict(NAME, 2).text == "Noted: you say x 2."
    assert stat.S_ISFIFO(lock.stat().st_mode)


@posix
def test_a_path_with_control_characters_is_shown_as_text(file, monkeypatch):
    Path("a\x1b[2J").touch()
    monkeypatch.setenv("UNET_COMPLEXITY_PREDICTIONS", "a\x1b[2J/x")
    noted = predict(NAME, 2)
    assert noted.text.isprintable()
    assert rf"since {file.parent}/a\x1b[2J/x cannot be written" in repr(noted)
    Path("b\x1b[2J").mkdir()
    monkeypatch.setenv("UNET_COMPLEXITY_PREDICTIONS", "b\x1b[2J")
    for shown in (repr(predict(NAME, None)), repr(ledger(NAME))):
        assert r"b\x1b[2J cannot be read" in shown
        assert "\x1b" not in shown


@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt()])
@pytest.mark.parametrize("place", ["fsync", "replace"])
def test_what_stops_the_noting_leaves_the_guesses_that_were_there(file, monkeypatch, place, error):
    predict(NAME, 2)
    before = file.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(os, place, lambda *_: failing(error))
        if error is FULL:
            assert predict(NAME, 3).text.endswith("cannot be written: No space left on device")
        else:
            with pytest.raises(KeyboardInterrupt):
                predict(NAME, 3)
    assert file.read_bytes() == before
    assert only(file) == [file.name]


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_permissions_are_kept(file, mode):
    file.write_text("{}")
    file.chmod(mode)
    predict(NAME, 2)
    assert stat.S_IMODE(file.stat().st_mode) == mode


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() != 0, reason="only root gives files away")
def test_owner_and_group_are_kept(file):
    file.write_text("{}")
    os.chown(file, 1234, 2345)
    file.chmod(0o640)
    predict(NAME, 2)
    found = file.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 2345, 0o640)
    assert NAME in file.read_text()


@posix
def test_a_file_whose_group_cannot_be_kept_is_left_alone(file, monkeypatch):
    file.write_text("{}")
    real, refused = os.stat, PermissionError(errno.EPERM, "Operation not permitted")

    def of_another_group(path, *_, **__):
        status = real(path)
        return os.stat_result(
            [*status[:5], status.st_gid + (Path(path).name == file.name), *status[6:]]
        )

    monkeypatch.setattr(Path, "stat", of_another_group)
    monkeypatch.setattr(os, "chown", lambda *_: failing(refused))
    assert predict(NAME, 2).text.endswith("cannot be written: Operation not permitted")
    assert file.read_text() == "{}"


def set_list(path, attribute):
    """An access list by which one more user may read."""
    everyone = 0xFFFFFFFF
    entries = [
        (1, 6, everyone),
        (2, 4, 65534),
        (4, 0, everyone),
        (16, 4, everyone),
        (32, 0, everyone),
    ]
    packed = b"".join(struct.pack("<HHI", *one) for one in entries)
    try:
        os.setxattr(path, attribute, struct.pack("<I", 2) + packed)
    except OSError as error:
        pytest.skip(f"this file system has no access lists: {error}")


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="access lists are read as Linux keeps them")
def test_a_folders_access_list_opens_no_private_file(file):
    file.write_text("{}")
    file.chmod(0o640)
    set_list(file.parent, ACCESS.replace("access", "default"))
    predict(NAME, 2)
    assert (os.listxattr(file), stat.S_IMODE(file.stat().st_mode)) == ([], 0o640)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="access lists are read as Linux keeps them")
def test_an_access_list_is_kept(file):
    file.write_text("{}")
    set_list(file, ACCESS)
    before = os.getxattr(file, ACCESS), stat.S_IMODE(file.stat().st_mode)
    predict(NAME, 2)
    assert (os.getxattr(file, ACCESS), stat.S_IMODE(file.stat().st_mode)) == before
    assert NAME in file.read_text()


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="access lists are read as Linux keeps them")
def test_a_file_whose_access_list_cannot_be_kept_is_left_alone(file, monkeypatch):
    file.write_text("{}")
    set_list(file, ACCESS)
    refused = PermissionError(errno.EPERM, "Operation not permitted")
    monkeypatch.setattr(os, "setxattr", lambda *_: failing(refused))
    assert predict(NAME, 2).text.endswith("cannot be written: Operation not permitted")
    assert file.read_text() == "{}"


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="other systems have no such attributes")
def test_other_attributes_are_kept_if_the_system_allows_it(file, monkeypatch):
    predict(NAME, 2)
    try:
        os.setxattr(file, "user.tag", b"mine")
    except OSError as error:
        pytest.skip(f"this file system has no attributes: {error}")
    assert predict(NAME, 3).text == "Noted: you say x 3."
    assert os.getxattr(file, "user.tag") == b"mine"
    refused = PermissionError(errno.EPERM, "Operation not permitted")
    monkeypatch.setattr(os, "setxattr", lambda *_, **__: failing(refused))
    assert predict(NAME, 4).text == "Noted: you say x 4."


def noted_three_times(file):
    """Note three guesses, and find the latest of each question in the file."""
    told = [predict(*one).text for one in ((NAME, 2), ("most pixels", 9), (NAME, 4))]
    assert [text for text in told if "Only until" in text] == []
    assert guesses_in(file) == {NAME: 4, "most pixels": 9}
    assert only(file) == [file.name]


@posix
@pytest.mark.parametrize("number", [errno.ENOTSUP, errno.ENOSYS, errno.ENODATA])
def test_a_drive_without_attributes_keeps_every_guess(file, monkeypatch, number):
    """As in a folder that is mounted over ssh; attributes are read on Linux only."""
    error = OSError(number, os.strerror(number))
    monkeypatch.setattr(os, "listxattr", lambda *_: failing(error), raising=False)
    noted_three_times(file)


@posix
def test_a_drive_whose_files_all_seem_alike_keeps_every_guess(file, monkeypatch):
    """As on FAT or a shared drive: all files have one owner and one mode, and neither can be set."""
    real, refused = os.stat, PermissionError(errno.EPERM, "Operation not permitted")

    def of_one_mode(path, *_, **__):
        status = real(path)
        return os.stat_result([status.st_mode | 0o777, *status[1:]])

    monkeypatch.setattr(Path, "stat", of_one_mode)
    for step in ("chmod", "chown", "utime"):
        monkeypatch.setattr(os, step, lambda *_, **__: failing(refused))
    noted_three_times(file)


@posix
def test_a_file_whose_mode_cannot_be_kept_is_left_alone(file, monkeypatch):
    file.write_text("{}")
    file.chmod(0o640)
    refused = PermissionError(errno.EPERM, "Operation not permitted")
    monkeypatch.setattr(os, "chmod", lambda *_, **__: failing(refused))
    assert predict(NAME, 2).text.endswith("cannot be written: Operation not permitted")
    assert file.read_text() == "{}"


@posix
def test_a_write_protected_file_is_left_alone(file, monkeypatch):
    file.write_text("{}")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anything
    assert predict(NAME, 2).text.endswith("cannot be written: Permission denied")
    assert file.read_text() == "{}"


@pytest.mark.parametrize("before", ["{}", None], ids=["a link", "a link to what is not there yet"])
def test_a_link_is_followed_and_stays(file, before):
    target = file.with_name("real.json")
    if before:
        target.write_text(before)
    file.symlink_to(target.name)
    predict(NAME, 2)
    assert file.is_symlink()
    assert guesses_in(target) == {NAME: 2}
    assert sorted(only(file)) == [file.name, target.name]


@pytest.mark.parametrize("between", ["missing", "gone", "a file", "a link"])
def test_a_path_that_goes_through_a_folder_that_is_not_there_is_read_where_it_is_written(
    file, monkeypatch, between
):
    gone, other = file.parent / "between", file.with_name("other.json")
    named = gone / ".." / other.name
    if between == "a file":
        gone.touch()
    elif between == "a link":
        file.symlink_to(named)
    if between != "a link":
        monkeypatch.setenv("UNET_COMPLEXITY_PREDICTIONS", str(named))
    if between == "gone":
        gone.mkdir()
        predict(NAME, 2)
        gone.rmdir()
    predict(NAME, 3)
    predict("most pixels", 9)
    assert guesses_in(other) == {NAME: 3, "most pixels": 9}
    assert ledger(NAME).rows[0][1] == 3
    other.write_text("my own notes")
    assert "cannot be read" in predict(NAME, 4).text
    assert other.read_text() == "my own notes"


UNREADABLE = [
    (
        "too deep",
        b"[" * 100_000,
        "(it is nested too deeply); move it away, or name another file in UNET_COMPLEXITY_",
    ),
    ("deep guess", b'{"most pixels": ' + b"[" * 900 + b"]" * 900 + b"}", ""),
    (
        "too large",
        b'{"x": "' + b"x" * 2**20 + b'"}',
        "cannot be read (it has more than 1,048,576 bytes); move it away",
    ),
    ("UTF-16", '{"most pixels": 9}'.encode("utf-16"), "cannot be read ('utf-8' codec can't decode"),
    ("empty", b"", "cannot be read (Expecting value"),
    ("half", b'{"most pixels": 9', "cannot be read (Expecting ',' delimiter"),
    ("no object", b"9", "holds no predictions by name; move it away"),
    (
        "infinite",
        b'{"most pixels": 1e999}',
        "holds inf for 'most pixels', which is not a guess; mend it, or move it away",
    ),
    (
        "infinite otherwise",
        b'{"something later": 1e999}',
        "Out of range float values are not JSON compliant",
    ),
    ("digits", b'{"most pixels": ' + b"9" * 5000 + b"}", "cannot be read (Exceeds the limit"),
    ("twice", b'{"most pixels": 9, "most pixels": 4}', "'most pixels' stands twice"),
    ("inside", b'{"later": [{"a": 1, "a": 2}]}', "'a' stands twice"),
    ("truth", b'{"most pixels": true}', "holds True for 'most pixels', which is not a guess"),
    (
        "long",
        b'{"most pixels": "' + b"x" * 9999 + b'"}',
        "holds 'xxxxxxxxxxxx...xxxxxxxxxxxxx' for 'most pixels'",
    ),
]


@pytest.mark.parametrize(
    ("content", "why"), [case[1:] for case in UNREADABLE], ids=[case[0] for case in UNREADABLE]
)
def test_a_file_that_cannot_be_understood_is_left_as_it_is(file, content, why):
    file.write_bytes(content)
    text = predict(NAME, 2).text
    assert text.startswith(
        f"Noted: you say x 2. Only until this notebook is closed, since {file} cannot"
    )
    assert why in text
    assert len(text.replace(str(file.parent), "")) < 400
    assert ledger(NAME).rows[0][1] == 2
    assert file.read_bytes() == content
    assert only(file) == [file.name]


def test_a_deep_value_is_kept_or_the_file_is_left_as_it_is(file, monkeypatch):
    told = set()
    for depth in (10, *range(400, 600, 7), 3000, 30_000):
        file.write_text(before := f'{{"something later":{depth * "["}{depth * "]"}}}')
        noted = predict(NAME, 2).text == "Noted: you say x 2."
        after = re.sub(rf',\n "{NAME}": \[2, \d+\]', "", file.read_text()) if noted else before
        assert "".join((after if noted else file.read_text()).split()) == "".join(before.split())
        told.add(noted)
    assert told == {True, False}
    file.write_text("{}")
    monkeypatch.setattr(json, "dumps", lambda *_, **__: failing(RecursionError()))
    assert predict(NAME, 2).text.endswith("cannot be written: what it holds is nested too deeply")


def test_brackets_in_a_text_do_not_hide_how_deep_lists_lie(file):
    file.write_text('{"a": "' + 10_000 * "]" + '", "b": ' + 10_000 * "[" + 10_000 * "]" + "}")
    assert "(it is nested too deeply)" in predict(NAME, 2).text
    file.write_text('{"a": "' + 10_000 * "[" + r'\\", "b": "\""}')
    assert predict(NAME, 2).text == "Noted: you say x 2."


def test_a_text_that_is_not_closed_is_searched_once(file):
    file.write_text('{"' + '\\"' * 500_000)
    start = time.process_time()
    assert "Only until" in predict(NAME, 2).text
    assert time.process_time() - start < 5


def test_control_c_while_a_guess_is_written_brings_no_earlier_one_back(file, monkeypatch):
    predict(NAME, 5)
    lock = file.with_name(f"{file.name}.lock")
    lock.mkdir()
    assert "Only until" in predict(NAME, 4).text  # it waits
    lock.rmdir()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", lambda *_: signal.raise_signal(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            predict(NAME, 5)
    predict("most pixels", 9)
    assert guesses_in(file) == {NAME: 5, "most pixels": 9}


@posix
def test_control_c_never_leaves_the_lock_to_a_notebook_that_goes_on(file):
    """At each line of the lock and of what is done under it."""
    ledger_file = import_module("unet_complexity.checks.ledger").__file__
    tried = 0
    while tried >= 0:
        at, lines = tried, []

        def interrupt(frame, event, argument, at=at, lines=lines):
            inside = frame.f_code.co_filename in (files.__file__, ledger_file)
            if inside and event == "line":
                lines.append(frame.f_lineno)
                if len(lines) == at + 1:
                    signal.raise_signal(signal.SIGINT)
            return interrupt

        sys.settrace(interrupt)
        try:
            predict(NAME, 2)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
        with files.locked(file):
            pass
        tried = tried + 1 if len(lines) > at else -1
    assert at > 60
    assert guesses_in(file) == {NAME: 2}


@posix
def test_the_lock_is_given_back_though_the_folder_cannot_be_looked_into(file, monkeypatch):
    real, asked = files._is_ours, []

    def ours(lock, beside):
        asked.append(beside)
        if len(asked) == 2:  # at the end
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(lock, beside)

    monkeypatch.setattr(files, "_is_ours", ours)
    assert predict(NAME, 2).text == "Noted: you say x 2."
    predict(NUMBERS[1], 3)
    assert guesses_in(file) == {NAME: 2, NUMBERS[1]: 3}


@posix
def test_a_folder_that_was_made_anew_is_written_to(file, monkeypatch):
    old = file.parent / "unpacked"
    old.mkdir()
    start_in(old, monkeypatch)
    old.rmdir()
    assert "Only until this notebook is closed" in predict(NAME, 2).text
    assert ledger(NAME).rows[0][1] == 2
    old.mkdir()
    assert predict(NUMBERS[0], 3).text == "Noted: you say x 3."
    assert guesses_in(old / file.name) == {NAME: 2, NUMBERS[0]: 3}


def test_a_working_folder_that_changes_while_a_guess_waits_changes_nothing(file, monkeypatch):
    other = file.parent / "other"
    other.mkdir()
    real = files.locked

    @contextmanager
    def slowly(path):
        os.chdir(other)  # in another thread, while the file is locked
        with real(path):
            yield

    monkeypatch.setattr(import_module("unet_complexity.checks.ledger"), "locked", slowly)
    assert predict(NAME, 2).text == "Noted: you say x 2."
    assert guesses_in(file) == {NAME: 2}
    assert list(other.iterdir()) == []


def test_a_file_that_is_named_meanwhile_is_not_written_over_with_another(file, monkeypatch):
    predict(NUMBERS[0], 4)
    other = file.with_name("other.json")
    other.write_text("{}")
    real = files.locked

    @contextmanager
    def slowly(path):
        with real(path):
            monkeypatch.setenv("UNET_COMPLEXITY_PREDICTIONS", str(other))
            yield

    monkeypatch.setattr(import_module("unet_complexity.checks.ledger"), "locked", slowly)
    predict(NUMBERS[1], 5)
    assert guesses_in(file) == {NUMBERS[0]: 4, NUMBERS[1]: 5}
    assert guesses_in(other) == {}


def test_deep_lists_are_written_without_indentation(file):
    """With it, each of these zeros would take 400 bytes more."""
    content = '{"unknown": ' + "[" * 400 + "0, " * 300_000 + "0" + "]" * 400 + "}"
    file.write_text(content)
    assert predict(NAME, 2).text == "Noted: you say x 2."
    assert len(file.read_text()) < len(content) + 100


@posix
def test_a_file_that_is_too_large_is_not_read_to_its_end(file):
    with file.open("wb") as sparse:
        sparse.truncate(2**40)
    assert "more than 1,048,576 bytes" in predict(NAME, None).text


def test_a_file_is_not_written_larger_than_it_may_be_to_be_read_again(file):
    content = json.dumps({"unknown": "\N{EM DASH}" * 300_000}, ensure_ascii=False)
    file.write_text(content, encoding="utf-8")  # an escape takes twice as much
    assert "it would have more than 1,048,576 bytes" in str(predict(NUMBERS[0], 4))
    assert file.read_text(encoding="utf-8") == content
    assert ledger(NUMBERS[0]).rows[0][1] == 4  # for this process, it is kept


def test_a_guess_that_could_not_be_written_does_not_replace_a_newer_one(file):
    file.write_text("damaged")
    assert "Only until" in str(predict(NUMBERS[0], 4))
    file.write_text(json.dumps({NUMBERS[0]: 7}))
    os.utime(file, (later := time.time() + 1, later))
    assert "Only until" not in str(predict(NUMBERS[1], 5))
    assert guesses_in(file) == {NUMBERS[0]: 7, NUMBERS[1]: 5}


@pytest.mark.parametrize("written", [True, False], ids=["written here", "read here"])
def test_a_guess_is_newer_than_what_the_file_held_before_it_was_damaged(file, written):
    """The file is damaged for a while, as in the middle of a synchronisation, and then as it was."""
    if written:
        predict(NUMBERS[0], 5)
    else:
        file.write_text(json.dumps({NUMBERS[0]: 5}))
    before, status = file.read_text(), file.stat()
    file.write_text("half of i")
    assert "Only until" in str(predict(NUMBERS[0], 7))
    file.write_text(before)
    os.utime(file, (status.st_atime, status.st_mtime - 1))
    assert "Only until" not in str(predict(NUMBERS[1], 3))
    assert guesses_in(file) == {NUMBERS[0]: 7, NUMBERS[1]: 3}


def test_a_guess_that_gave_way_does_not_come_back(file):
    """7 waits beside a damaged file; another notebook notes 9, and then 5 again, as before."""
    predict(NUMBERS[0], 5)
    file.write_text("half of i")
    assert "Only until" in str(predict(NUMBERS[0], 7))
    for other in (9, 5):
        file.write_text(json.dumps({NUMBERS[0]: [other, round(1000 * time.time()) + other]}))
        assert ledger(NUMBERS[0]).rows[0][1] == other
        predict(NUMBERS[1], 3)
    assert guesses_in(file) == {NUMBERS[0]: 5, NUMBERS[1]: 3}
    file.write_text("half of i")
    assert ledger(NUMBERS[0]).rows[0][1] == 5
    file.unlink()
    predict(NUMBERS[1], 3)
    assert guesses_in(file) == {NUMBERS[1]: 3}


def full_disk(path, data):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_guess_that_could_not_be_written_is_written_with_the_next_one(file, monkeypatch):
    file.write_text(json.dumps({NUMBERS[0]: 3}))
    with monkeypatch.context() as full:
        full.setattr(import_module("unet_complexity.checks.ledger"), "write_over", full_disk)
        assert "Only until" in str(predict(NUMBERS[0], 4))
    assert "Only until" not in str(predict(NUMBERS[1], 5))
    assert guesses_in(file) == {NUMBERS[0]: 4, NUMBERS[1]: 5}


@posix
def test_what_is_not_a_regular_file_is_never_opened(file, monkeypatch):
    os.mkfifo("fifo")
    Path("folder").mkdir()
    Path("zero").symlink_to("/dev/zero")
    assert repr(ledger(NAME))  # imports what it needs, before nothing can be opened
    opened = []
    monkeypatch.setattr(Path, "open", lambda self, *_: opened.append(self))
    for name in ("fifo", "folder", "zero"):
        monkeypatch.setenv("UNET_COMPLEXITY_PREDICTIONS", name)
        kind = Path(name).stat().st_mode
        for text in (predict(NAME, None).text, predict(NAME, 2).text, repr(ledger(NAME))):
            assert (
                f"{name} cannot be read (it is not a regular file); move it away, or name another file"
                in text
            )
        assert Path(name).stat().st_mode == kind
    assert opened == []


def test_a_file_cannot_put_markup_into_a_page(file):
    hostile = "<img src=x onerror=alert(1)>"
    for name in ("most pixels", "largest block", hostile):
        file.write_text(json.dumps({name: hostile}))
        assert "<img" not in ledger()._repr_html_() + predict(NAME, 2)._repr_html_()


@pytest.mark.parametrize("guess", [5e-324, 10**15, 0])
def test_any_number_in_the_file_has_a_verdict(file, guess):
    file.write_text(json.dumps(dict.fromkeys(NUMBERS, guess)))
    assert ledger()._repr_html_()


def test_a_huge_number_gets_a_sentence(file):
    for guess in (10**5000, -(10**5000)):
        assert predict(NAME, guess).text.startswith("Nothing here is that large.")


# The garbage collector


def test_an_import_leaves_the_garbage_collector_on_even_if_it_fails():
    code = "import gc, sys; sys.modules['sympy'] = {missing}\ntry: import unet_complexity\nexcept ImportError: pass\n"
    for missing in ("None", "__import__('sympy')"):
        run = [
            sys.executable,
            "-c",
            code.format(missing=missing) + "print(gc.isenabled(), gc.get_freeze_count())",
        ]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        assert subprocess.check_output(run, text=True, env=env) == "True 0\n"
    assert gc.isenabled()


@posix
@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_stands_in_the_place_of_the_lock_is_named(file, kind):
    lock = file.with_name(f"{file.name}.lock")
    lock.mkdir() if kind == "folder" else lock.symlink_to("elsewhere")
    text = predict(NAME, 2).text
    assert (
        "my-predictions.json cannot be written: its lock, my-predictions.json.lock, cannot be opened ("
        in text
    )
    assert ledger(NAME).rows[0][1] == 2
    assert sorted(only(file)) == [lock.name]


@pytest.mark.parametrize("later", NUMBERS[:2])
def test_a_guess_that_waits_in_vain_is_not_forgotten_by_the_one_that_writes(
    file, monkeypatch, later
):
    module, started = import_module("unet_complexity.checks.ledger"), Event()
    monkeypatch.setattr(files, "PATIENCE", 0.2)
    real = files.write_over

    def slowly(path, data):
        started.set()
        waited.wait(30)
        real(path, data)

    monkeypatch.setattr(module, "write_over", slowly)
    waited = Event()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(predict, NUMBERS[0], 4)
        assert started.wait(30)
        assert "Only until" in predict(later, 5).text
        waited.set()
        assert "Only until" not in first.result().text
    assert ledger(later).rows[0][1] == 5


def test_guesses_that_wait_are_not_walked_over_while_another_thread_may_add_one(file, monkeypatch):
    class Shared(dict):
        def items(self):
            raise RuntimeError("dictionary changed size during iteration")

    waiting = Shared({NUMBERS[1]: (5, 0)})
    monkeypatch.setattr(import_module("unet_complexity.checks.ledger"), "_unsaved", waiting)
    assert predict(NUMBERS[0], 4).text == "Noted: you say x 4."
    assert guesses_in(file) == {NUMBERS[0]: 4, NUMBERS[1]: 5}
    assert len(waiting) == 0
