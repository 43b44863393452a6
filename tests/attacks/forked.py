"""Run the command in forks of one process that has imported it: an import takes longer than a refusal."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path
from typing import NamedTuple

import onnx  # noqa: F401  the forks find it imported

from unet_complexity.engineering import collapse, from_keras, from_onnx  # noqa: F401
from unet_complexity.engineering.command import main

PATIENCE = 60  # seconds; the slowest takes about one on a quiet machine


class Result(NamedTuple):
    """What a run leaves: its exit status, both streams, bytes of memory at most, and processor seconds."""

    status: int
    stdout: str
    stderr: str
    memory: int
    seconds: float


def run(arguments: list[str], folder: Path) -> None:
    """Run the command in this process, with its streams in files of ``folder``."""
    import resource  # POSIX only, as the whole of this file

    for stream, name in ((sys.stdout, "stdout"), (sys.stderr, "stderr")):
        with (folder / name).open("wb") as file:
            os.dup2(file.fileno(), stream.fileno())
    try:
        sys.exit(main(arguments))
    finally:
        sys.stdout.flush()
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        (folder / "memory").write_text(str(max(each.ru_maxrss for each in used) * 1024))
        (folder / "seconds").write_text(str(sum(each.ru_utime for each in used)))


def command(folder: Path, *arguments: object) -> Result:
    """Run ``python -m unet_complexity`` with these arguments."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.attacks.forked"])
    process = context.Process(target=run, args=(list(map(str, arguments)), folder))
    process.start()
    process.join(PATIENCE)
    if process.is_alive():
        process.kill()
        raise AssertionError(f"{arguments} ran for more than {PATIENCE} s")
    out, err, memory, seconds = (
        (folder / name).read_text() for name in ("stdout", "stderr", "memory", "seconds")
    )
    return Result(process.exitcode, out, err, int(memory), float(seconds))
