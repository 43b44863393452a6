"""The command's own bounds of time and memory, behind the limits of files."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from unet_complexity.engineering import bounded
from unet_complexity.engineering.command import main

linux = pytest.mark.skipif(sys.platform != "linux", reason="the bound of memory is Linux's")
GREEDY = """
import sys
from pathlib import Path
from unet_complexity.engineering.bounded import bounded
try:
    with bounded(Path(sys.argv[1])):
        kept = bytes(3 * 2**29)  # reserved, and never written to
except MemoryError:
    print("refused")
kept = bytes(3 * 2**29)  # the bound is lifted afterwards
print("taken")
"""


@linux
def test_memory_is_bounded_by_a_gigabyte_and_by_the_size_of_the_file(tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"x")
    large.write_bytes(bytes(2**26))
    for file, said in ((small, "refused\ntaken\n"), (large, "taken\n")):
        command = [sys.executable, "-c", GREEDY, str(file)]
        assert subprocess.check_output(command, text=True) == said


@linux
def test_the_command_says_in_a_sentence_that_memory_is_used_up(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "BYTES", 2**20)
    monkeypatch.setattr("unet_complexity.engineering.command.broken", lambda *_: [bytearray(2**28)])
    assert main(["--classic", "64"]) == 2
    said = "unet_complexity: this needs more memory than there is, or than a file of this size may take; "
    assert capsys.readouterr().err == f"{said}try a smaller model\n"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows cannot measure it")
def test_a_large_file_has_more_time(tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as sparse:
        sparse.truncate(2**27)  # 16 times 8 MiB
    for file, least in ((None, 9), (large, 25)):
        with bounded.bounded(file):
            left, _ = signal.getitimer(signal.ITIMER_PROF)
        assert least < left < least + 2  # a clock tick more at most
