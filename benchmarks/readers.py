"""How soon a model is counted: ours beside fvcore and PyTorch's FlopCounterMode, cold (a fresh process) and warm.

    python benchmarks/readers.py

One network of 152 layers, a residual encoder and decoder: as an ONNX file for us, as plain PyTorch modules for the
others, who need no export.  We read it at the letter N, total it in formulas and table it; they count it at 256 x 256
and table it, on the CPU or, where they can, on PyTorch's meta device, which calculates nothing.  All must agree on the
MACs.  Cold, each runs as its users run it: we by our command, they by a script, since they have no command; the same
lines as such a script are measured for us too, and what importing our libraries alone takes.  fvcore is installed
into a folder of its own if it can be had.  Exit status 1 where a target is missed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from sympy import sympify

HERE = Path(__file__).resolve().parents[1]
FOLDER = Path(sys.prefix) / "tools" / "fvcore-and-what-it-needs"
FVCORE = ("fvcore==0.1.5.post20221221", "iopath", "portalocker", "termcolor", "tqdm", "yacs")
RUNS = 7
COLD_SECONDS, WARM_SECONDS, TIMES_COLD = 1.0, 1.0, 3.0  # what the project asks of itself

TIMED = """
import json, time
start = time.perf_counter()
first = count()
cold = time.perf_counter() - start
times = []
for _ in range(5):
    start = time.perf_counter()
    count()
    times.append(time.perf_counter() - start)
print(json.dumps({"macs": first, "first": cold, "warm": sorted(times)[2]}))
"""

OURS = """
import sys
def count():
    from unet_complexity.engineering.readers.onnx import from_onnx
    from unet_complexity.symbols import N
    network = from_onnx(sys.argv[1], side=N)
    formulas, table = network.total(), str(network.table())
    return int(formulas.macs.subs(N, 256))
"""

# the same network as a user would write it in PyTorch
MODEL = """
import torch
from torch import nn

class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.c1, self.b1, self.c2, self.b2 = (f(*a) for _ in (1, 2) for f, a in (
            (nn.Conv2d, (width, width, 3, 1, 1)), (nn.BatchNorm2d, (width,))))
        self.r1, self.r2 = nn.ReLU(), nn.ReLU()
    def forward(self, x):
        return self.r2(x + self.b2(self.c2(self.r1(self.b1(self.c1(x))))))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        parts, width = [nn.Conv2d(3, 16, 3, 1, 1)], 16
        for level in range(3):
            parts += [*(Block(width) for _ in range(3)), nn.Conv2d(width, 2 * width, 2, 2)]
            width *= 2
        parts += [Block(width) for _ in range(2)]
        for level in range(3):
            parts += [nn.Upsample(scale_factor=2), nn.Conv2d(width, width // 2, 3, 1, 1)]
            width //= 2
            parts += [*(Block(width) for _ in range(3))]
        parts += [nn.Conv2d(width, 1, 1), nn.Sigmoid()]
        self.parts = nn.Sequential(*parts)
    def forward(self, x):
        return self.parts(x)

def given(device):
    with torch.device(device):
        return Net().eval(), torch.zeros(1, 3, 256, 256)
"""
FLOP_COUNTER = """
def count():
    from torch.utils.flop_counter import FlopCounterMode
    model, x = given({device!r})
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(x)
    counter.get_table()
    return counter.get_total_flops() // 2
"""
FVCORE_COUNT = """
import logging
logging.disable(logging.WARNING)
def count():
    from fvcore.nn import FlopCountAnalysis, flop_count_table
    flops = FlopCountAnalysis(*given({device!r}))
    flop_count_table(flops)
    return int(flops.by_operator()["conv"])
"""


def network() -> Any:
    """The same in this package, to be written as ONNX."""
    from unet_complexity import Activation, BatchNormalization, Conv2D, ReLU, Tensor, UpSampling2D
    from unet_complexity.layers import Add
    from unet_complexity.unets.builder import Builder

    net, width = Builder(Tensor(256, 256, 3)), 16

    def blocks(level: int, count: int, part: str) -> None:
        for i in range(count):
            net.block(f"{part}{level}.{i}", level, part)
            entering = net.last
            for layer in (
                Conv2D(width, 3),
                BatchNormalization(),
                ReLU(),
                Conv2D(width, 3),
                BatchNormalization(),
            ):
                net.add(f"{type(layer).__name__}{len(net.steps)}", layer)
            net.add("add", Add(), net.last, entering)
            net.add("out", ReLU())

    net.block("stem", 0, "encoder")
    net.add("conv", Conv2D(width, 3))
    for level in range(3):
        blocks(level, 3, "encoder")
        width *= 2
        net.add("down", Conv2D(width, 2, strides=2))
    blocks(3, 2, "bottleneck")
    for level in (2, 1, 0):
        width //= 2
        net.block(f"up{level}", level, "decoder")
        net.add("up", UpSampling2D(2))
        net.add("conv", Conv2D(width, 3))
        blocks(level, 3, "decoder")
    net.block("head", 0, "decoder")
    net.add("conv", Conv2D(1, 1))
    net.add("act", Activation("sigmoid"))
    return net.network("residual U-Net", [])  # type: ignore[arg-type]


COUNTERS = {
    "unet_complexity, as a script": OURS,
    "FlopCounterMode": MODEL + FLOP_COUNTER.format(device="cpu"),
    "FlopCounterMode, meta device": MODEL + FLOP_COUNTER.format(device="meta"),
    "fvcore": MODEL + FVCORE_COUNT.format(device="cpu"),
    "fvcore, meta device": MODEL + FVCORE_COUNT.format(device="meta"),
}
OWN = next(iter(COUNTERS))
COMMAND = "unet_complexity, the command"
IMPORTS = "importing sympy, numpy, onnx"
IN_COMMAND = re.compile(r"^MACs +(\S+) +Theta", re.MULTILINE)  # the formula in what it prints


def fresh(*arguments: str) -> str:
    """What a fresh process prints.  CalledProcessError where it fails."""
    folders = os.pathsep.join([str(HERE), str(FOLDER)])
    environment = {**os.environ, "PYTHONPATH": folders, "PYTHONWARNINGS": "ignore"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages are compiled
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment
    ).stdout


def cold(commands: dict[str, list[str]]) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Of each command the seconds of whole processes, and what the last of them printed.

    They take turns, so that a slow minute of the machine meets all.  What fails once is told, and left out.
    """
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    told: dict[str, str] = {}
    for _ in range(RUNS):
        for name in list(seconds):
            start = time.perf_counter()
            try:
                told[name] = fresh(*commands[name])
                seconds[name].append(time.perf_counter() - start)
            except subprocess.CalledProcessError as error:
                print(f"{name:32} no answer: {error.stderr.strip().splitlines()[-1][:80]}")
                del seconds[name]
    return seconds, told


def macs_in(told: str) -> int:
    """What a process printed: the MACs alone, or our command's report with a formula in it."""
    from unet_complexity.symbols import N

    formula = IN_COMMAND.search(told)
    return int(sympify(formula[1], {"N": N}).subs(N, 256)) if formula else int(told.split()[-1])


def get_fvcore() -> None:
    """Puts fvcore where only the processes of this benchmark look; without it the others are still measured."""
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-qq",
        "--disable-pip-version-check",
        "--no-deps",
    ]
    pins = ["-c", str(HERE / "benchmarks" / "tools" / "requirements.txt")]
    if not FOLDER.exists():
        subprocess.run(
            [*pip, *pins, "--target", str(FOLDER), *FVCORE], check=False, capture_output=True
        )


def main() -> int:
    from onnx import save

    from benchmarks.tools.in_onnx import in_onnx

    get_fvcore()
    ours = network()
    macs, failed = ours.total().macs, False
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.onnx")
        save(in_onnx(ours), path)
        print(
            f"{len(ours.steps)} layers, {macs:,} MACs at 256 x 256; seconds, medians of {RUNS} processes in turn"
        )
        commands = {COMMAND: ["-m", "unet_complexity", path, "--side", "N", "--by", "block"]}
        commands |= {
            name: ["-c", script + "\nprint(count())", path] for name, script in COUNTERS.items()
        }
        commands[IMPORTS] = ["-c", "import sympy, numpy, onnx"]
        seconds, told = cold(commands)
        warm = {
            name: json.loads(fresh("-c", COUNTERS[name] + TIMED, path))
            for name in seconds
            if name in COUNTERS
        }
    print(f"{'':32} {'cold':>6} {'worst':>6} {'warm':>6}")
    for name, found in seconds.items():
        again = f"{warm[name]['warm']:6.3f}" if name in warm else ""
        print(f"{name:32} {median(found):6.2f} {max(found):6.2f} {again:>6}")
        if name != IMPORTS and macs_in(told[name]) != macs:
            failed = True
            print(f"{'':32} counts {macs_in(told[name]):,} MACs, not {macs:,}")
    ours_cold, ours_warm = median(seconds[COMMAND]), warm[OWN]["warm"]
    print(
        f"cold {ours_cold:.2f} s, target < {COLD_SECONDS}; warm {ours_warm:.2f} s, target < {WARM_SECONDS}"
    )
    if peers := [name for name in seconds if name in COUNTERS and name != OWN]:
        fastest = min(peers, key=lambda name: median(seconds[name]))
        theirs = median(seconds[fastest])
        print(
            f"cold {theirs / ours_cold:.1f} times faster than the fastest of them, {fastest}; target {TIMES_COLD}; "
            f"with the imports alone it would be {theirs / median(seconds[IMPORTS]):.1f}"
        )
        failed = failed or theirs / ours_cold < TIMES_COLD
    return int(failed or ours_cold > COLD_SECONDS or ours_warm > WARM_SECONDS)


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    raise SystemExit(main())
