"""Ask the public counters again: does each still print the total that we rebuild?

    python -m benchmarks.tools.run            # each tool in its recorded version, the asker's network
    python -m benchmarks.tools.run newest     # ... in its newest version (PyTorch, Keras and JAX stay pinned)
    python -m benchmarks.tools.run record     # every case of the tests, into tests/engineering/tool_totals.csv

Each tool is installed alone, into a folder of its own: two of them have one import name, and one that cannot be
installed must not keep the others from answering.  Exit status 1 where a tool printed something else.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.tools.meters import KERAS
from tools.tool_cases import CASES
from unet_complexity.engineering.conventions import conventions

HERE = Path(__file__).resolve().parents[2]
FOLDER = Path(sys.prefix) / "tools"
# where the package is not called as the tool; "": requirements.txt brings it
PACKAGES = {
    "keras count_params": "",
    "jax Lowered.cost_analysis": "",
    "torch FlopCounterMode": "",
    "tensorflow profiler float_operation": "tensorflow",
    "ptflops (pytorch backend)": "ptflops",
    "ptflops (aten backend)": "ptflops",
}
NO_ANSWER = "no answer"


def install(tool: str, newest: bool) -> str:
    """The folder where the tool now is ("" where it needs none).  CalledProcessError where it cannot be installed."""
    package = PACKAGES.get(tool, tool)
    if not package:
        return ""
    wanted = package if newest else f"{package}=={conventions[tool].version}"
    folder = FOLDER / re.sub(r"\W+", "-", wanted)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-qq",
        "--disable-pip-version-check",
        "--no-deps",
    ]
    if newest or not folder.exists():
        subprocess.run(
            [*pip, "--upgrade", "--target", str(folder), wanted], check=True, capture_output=True
        )
    return str(folder)


def ask(tool: str, folder: str, *which: str) -> object:
    """What the tool answers: a total, or {case: total} for "all"; else why not."""
    path = os.pathsep.join(filter(None, (str(HERE), folder)))
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "KERAS_BACKEND": KERAS.get(tool, "jax"),
        "PYTHONWARNINGS": "ignore",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    command = [sys.executable, "-m", "benchmarks.tools.meters", tool, *which]
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True)
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return (
        json.loads(lines[-1])
        if done.returncode == 0
        else f"{NO_ANSWER}: {lines[-1] if lines else '?'}"
    )


def rerun(newest: bool) -> int:
    changed = 0
    print(f"{'tool':36} {'version':20} {'printed':>16}")
    for tool, convention in conventions.items():
        version = "newest" if newest and PACKAGES.get(tool, tool) else convention.version
        try:
            printed = ask(tool, install(tool, newest))
        except subprocess.CalledProcessError:
            print(f"{tool:36} {version:20} {'':>16}  could not be installed here")
            continue
        if not isinstance(printed, int):
            print(f"{tool:36} {version:20} {'':>16}  {str(printed)[:90]}")
        elif printed == convention.recorded == convention.total(CASES["asked"]):
            print(f"{tool:36} {version:20} {printed:>16,}  as recorded, and as rebuilt")
        else:
            changed += 1
            print(
                f"{tool:36} {version:20} {printed:>16,}  CHANGED: recorded {convention.recorded:,}"
            )
    return int(changed > 0)


def record() -> int:
    """An empty cell: the tool stopped, or could not take the case."""
    answers = {tool: ask(tool, install(tool, newest=False), "all") for tool in conventions}
    with (HERE / "tests" / "tool_totals.csv").open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["case", *(f"{tool} {conventions[tool].version}" for tool in conventions)])
        for case in CASES:
            cells = [
                answers[tool][case] if isinstance(answers[tool], dict) else ""
                for tool in conventions
            ]
            rows.writerow([case, *(cell if isinstance(cell, int) else "" for cell in cells)])
            for tool, cell in zip(conventions, cells, strict=True):
                if not isinstance(cell, int):
                    print(f"{case}: {tool}: {cell}")
    return 0


if __name__ == "__main__":
    mode = sys.argv[1:] or ["rerun"]
    sys.exit(record() if mode == ["record"] else rerun(newest=mode == ["newest"]))
