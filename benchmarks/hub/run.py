"""What a class needs of one machine: a real JupyterHub on loopback, and scripted students with the heaviest notebook.

    make hub                    finds the heaviest notebook, then 20 students at once
    make hub ARGS="5"           5 students
    make hub ARGS="5 01-*"      ... with that notebook

Printed per student: memory of server and kernel, seconds to the first output and to the last cell, errors.  RSS counts
what processes share in each of them, as it is where each student has a container; PSS divides it among them, as it is
on one machine.  Exit status 1 where a student needs more than 250 MB (PSS) or meets an error.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from benchmarks.hub.student import Student

ROOT = Path(__file__).resolve().parent.parent.parent
PROXY = Path(sys.prefix) / "node_modules" / ".bin" / "configurable-http-proxy"
MOST = 250  # MB, PSS per student
STUDENTS = 20


@contextmanager
def hub(place: Path) -> Iterator[tuple[str, str, psutil.Process]]:
    """A running hub's (address, token, process); everything that it started ends with it."""
    port, inner, proxy = map(str, free_ports(3))
    token = secrets.token_hex(16)
    own = {"HUB_PLACE": str(place), "HUB_TOKEN": token, "HUB_PROXY": str(PROXY)}
    own |= {"HUB_PORT": port, "HUB_INNER_PORT": inner, "HUB_PROXY_PORT": proxy}
    config = Path(__file__).with_name("config.py")
    with (place / "log.txt").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "--config", str(config)],
            cwd=place,
            env={**os.environ, **own},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    whole = psutil.Process(process.pid)
    try:
        wait_for(f"http://127.0.0.1:{port}/hub/health", process, place / "log.txt")
        yield f"http://127.0.0.1:{port}", token, whole
    finally:
        descendants = whole.children(recursive=True)
        process.send_signal(signal.SIGTERM)
        _, alive = psutil.wait_procs([whole, *descendants], timeout=30)
        for one in alive:
            one.kill()


def free_ports(number: int) -> list[int]:
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports


def wait_for(
    address: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 60
) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            urlopen(address, timeout=5).close()
            return
        except (URLError, ConnectionError):
            time.sleep(0.3)
    raise RuntimeError(f"the hub did not start within {seconds} s:\n{log.read_text('utf-8')}")


class Memory(NamedTuple):
    """MB of one student: PSS of the server and of its kernels, and RSS of both."""

    server: float
    kernels: float
    rss: float

    @property
    def pss(self) -> float:
        return self.server + self.kernels


def memory(hub_process: psutil.Process) -> dict[str, Memory]:
    """What each student's server and kernels hold, by the student's name."""
    found = {}
    for server in hub_process.children():
        if name := server.environ().get("JUPYTERHUB_USER"):
            first, *others = (
                one.memory_full_info() for one in (server, *server.children(recursive=True))
            )
            # Only Linux says PSS.
            pss = [getattr(one, "pss", one.rss) / 1e6 for one in (first, *others)]
            found[name] = Memory(
                pss[0], sum(pss[1:]), sum(one.rss for one in (first, *others)) / 1e6
            )
    return found


async def attend(address: str, token: str, names: list[str], notebook: str) -> list[Student]:
    """All students at the same time."""
    students = [Student(name, address, token) for name in names]
    await students[0].ask("POST", "/hub/api/users", {"usernames": names})
    progress = asyncio.create_task(report(students))
    await asyncio.gather(*(student.attend(notebook) for student in students))
    progress.cancel()
    return students


async def report(students: list[Student]) -> None:
    began = time.perf_counter()
    while True:
        await asyncio.sleep(10)
        counts = ", ".join(
            f"{sum(lap in s.seconds for s in students)} {lap}" for lap in ("server", "all cells")
        )
        print(f"  {time.perf_counter() - began:4.0f} s: {counts}", flush=True)


def trial(number: int, notebook: str) -> tuple[list[Student], dict[str, Memory]]:
    """``number`` students with one notebook, in a hub of their own."""
    names = [f"student{place:02}" for place in range(number)]
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        for name in names:
            shutil.copytree(
                ROOT / "notebooks", Path(folder) / name, ignore=shutil.ignore_patterns(".*", "my-*")
            )
        with hub(Path(folder)) as (address, token, process):
            students = asyncio.run(attend(address, token, names, notebook))
            return students, memory(process)


def heaviest() -> str:
    """The notebook that takes most memory, each tried by one student."""
    found = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        (student,), used = trial(1, path.name)
        pss = found[path.name] = used[student.name].pss
        print(
            f"{path.name:40} {pss:5.0f} MB, {student.seconds.get('all cells', 0):5.1f} s",
            *student.errors,
            flush=True,
        )
    return max(found, key=lambda name: found[name])


def main(number: str = str(STUDENTS), pattern: str = "") -> int:
    notebook = next((ROOT / "notebooks").glob(f"{pattern}.ipynb")).name if pattern else heaviest()
    print(f"{number} students with {notebook}:", flush=True)
    students, used = trial(int(number), notebook)
    for lap in ("server", "first output", "all cells"):
        taken = sorted(student.seconds.get(lap, float("inf")) for student in students)
        print(f"{lap:14} median {median(taken):6.1f} s, slowest {taken[-1]:6.1f} s")
    pss = [one.pss for one in used.values()]
    server, kernels, _ = parts = [median(kinds) for kinds in zip(*used.values(), strict=True)]
    print(
        f"{'memory (PSS)':14} median {median(pss):6.0f} MB, most {max(pss):6.0f} MB; at most {MOST} wanted"
    )
    print(f"{'':14} server {server:6.0f} MB, kernel {kernels:4.0f} MB")
    print(f"{'memory (RSS)':14} median {parts[-1]:6.0f} MB")
    errors = [f"{student.name}: {error}" for student in students for error in student.errors]
    print(f"{'errors':14} {len(errors)}", *errors, sep="\n  ")
    return int(bool(errors) or max(pss) > MOST or len(used) < int(number))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
