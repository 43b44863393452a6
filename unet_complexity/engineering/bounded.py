"""Bounds of time and memory for a task whose input comes from elsewhere, behind the limits of each file.

They hold in the command, where the system can keep them: seconds not on Windows, bytes on Linux only.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any

PATIENCE = 10  # seconds; a network of 20,000 layers takes about as long
BYTES = 2**30  # any network that we know takes less than half
TIMES = 16  # bytes for each byte of the file: weights are read, copied and summed
PER_SECOND = 2**23  # bytes of the file for which there is a second more


class OutOfPatience(BaseException):
    """A task has used up its processor time."""


@contextmanager
def bounded(path: str | Path | None, seconds: int = PATIENCE) -> Iterator[None]:
    """Bound the processor time and the memory of a task.

    Args:
        path: File that the task reads; the larger it is, the more time and memory.
        seconds: Processor time for a small file.

    Raises:
        OutOfPatience: The time is used up.
        MemoryError: The memory is.
    """
    size = os.path.getsize(path) if path and os.path.isfile(path) else 0
    with _seconds(seconds + size // PER_SECOND), _memory(BYTES + TIMES * size):
        yield


@contextmanager
def _seconds(most: int) -> Iterator[None]:
    if not hasattr(signal, "setitimer") or current_thread() is not main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise OutOfPatience

    usual = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, most)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, usual)


@contextmanager
def _memory(more: int) -> Iterator[None]:
    """Bound the memory by what the process has now and ``more`` bytes."""
    if sys.platform != "linux":
        yield
        return
    import resource

    status = Path("/proc/self/status").read_text("ascii", "replace")
    (used,) = re.findall(r"VmData:\s+(\d+) kB", status)
    usual = resource.getrlimit(resource.RLIMIT_DATA)
    limits = [limit for limit in usual if limit != resource.RLIM_INFINITY]
    limits.append(1024 * int(used) + more)
    resource.setrlimit(resource.RLIMIT_DATA, (min(limits), usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, usual)
