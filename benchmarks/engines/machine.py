"""What this machine is, and what it can do at most: a matrix product and a copy, by NumPy alone."""

from __future__ import annotations

import os
import platform
import re
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

SIDE, PRODUCTS = 2048, 150
COPIED, COPIES = 2**28, 60  # bytes; far more than a cache holds


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def description() -> dict[str, Any]:
    """The machine without its name or its owner's."""
    about = {
        "processor": _processor(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.machine()}",
    }
    try:
        import torch

        about |= {"gpu": torch.cuda.get_device_name()} if torch.cuda.is_available() else {}
    except ImportError:
        pass
    return about


def _processor() -> str:
    found = re.search(r"model name\s*: (.*)", _read("/proc/cpuinfo"))
    return found[1].strip() if found else platform.processor() or platform.machine()


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""


def processor_seconds() -> tuple[float, float]:
    """What everybody, and what this process, has used of the processors so far; no difference where none is told."""
    own, fields = process_time(), _read("/proc/stat").split()[1:9]
    if not fields:
        return own, own
    used = sum(
        int(ticks) for i, ticks in enumerate(fields) if i not in (3, 4)
    )  # idle, and waiting for a disk
    return used / os.sysconf("SC_CLK_TCK"), own


def versions(*packages: str) -> dict[str, str]:
    """Of Python and of those packages that are there."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def flops_per_second() -> list[float]:
    """float32 matrix products of NumPy's BLAS on all cores: 2 n^3 FLOPs each, run by run."""
    import numpy as np

    a, b = (
        np.random.default_rng(seed).normal(size=(SIDE, SIDE)).astype("float32") for seed in (0, 1)
    )
    out = a @ b
    return [2 * SIDE**3 / seconds for seconds in _timed(lambda: np.matmul(a, b, out=out), PRODUCTS)]


def bytes_per_second() -> list[float]:
    """Copies of a long array, a part by each core: bytes read plus bytes written, run by run."""
    import numpy as np

    source = np.arange(COPIED // 4, dtype="float32")
    target = np.zeros_like(source)
    parts = list(zip(np.array_split(target, cores()), np.array_split(source, cores()), strict=True))
    with ThreadPoolExecutor(cores()) as pool:
        seconds = _timed(lambda: list(pool.map(lambda pair: np.copyto(*pair), parts)), COPIES)
    return [2 * COPIED / one for one in seconds]


def _timed(work: Any, times: int) -> list[float]:
    work()
    seconds = []
    for _ in range(times):
        start = perf_counter()
        work()
        seconds.append(perf_counter() - start)
    return seconds
