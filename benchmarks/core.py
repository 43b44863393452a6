"""How long the core takes when it is cold: importing, a total with every size a letter, and Theta of it.

    python benchmarks/core.py

Each measurement is a fresh process, so nothing is cached; the median of several counts.  The peer is SymPy's own
``summation`` in place of our geometric sums, in the same run.  Exit status 1 where a target is missed by far.
"""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import median

RUNS = 7
PEER_RUNS = 3

COLD = """
import json, sys, time
seconds, clock = {}, time.perf_counter
def lap(name, since):
    seconds[name] = clock() - since
start = clock()
import sympy
lap("import sympy", start)
start = clock()
import unet_complexity
lap("import unet_complexity, on top", start)
from unet_complexity import networks, pix2pix_unet, theta
from unet_complexity.symbols import C_in, C_out, L, N, g, k, q
if "peer" in sys.argv:
    networks.level_sum = lambda term, letter, first, last: sympy.summation(term, (letter, first, last))
start = clock()
net = pix2pix_unet(N, C_in, C_out, g, k, L, q)
total = net.total()
lap("total, every size a letter", start)
start = clock()
bound = theta(total.macs)
lap("theta of its MACs", start)
start = clock()
again = pix2pix_unet(N, C_in, C_out, g, k, L, q).total()
lap("the total again, warm", start)
start = clock()
pix2pix_unet(256, 3).total()
lap("total, numbers", start)
seconds["macs"] = str(total.at(N=256, C_in=3, C_out=3, g=64, k=4, L=7, q=3).macs)
print(json.dumps(seconds))
"""

# what the project asks of itself, in seconds
TARGETS = {"import unet_complexity, on top": 0.030, "total, every size a letter": 0.150}
PEER_TAKES = "total, every size a letter"


def cold(*flags: str) -> dict[str, float]:
    """Seconds of one fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", COLD, *flags], check=True, capture_output=True, text=True
    )
    seconds = json.loads(done.stdout)
    if seconds.pop("macs") != "18052284416":
        raise SystemExit(f"the total is wrong, so its time means nothing: {done.stdout}")
    return seconds


def medians(runs: int, *flags: str) -> dict[str, float]:
    results = [cold(*flags) for _ in range(runs)]
    return {name: median(result[name] for result in results) for name in results[0]}


def main() -> int:
    cold()  # compiles the bytecode and warms the file cache
    ours, peer = medians(RUNS), medians(PEER_RUNS, "peer")
    print(f"{'cold, median of ' + str(RUNS) + ' processes':34} {'ms':>8} {'target':>8}")
    for name, seconds in ours.items():
        target = f"< {1000 * TARGETS[name]:.0f}" if name in TARGETS else ""
        print(f"{name:34} {1000 * seconds:8.1f} {target:>8}")
    print(f"{'the same total by sympy.summation':34} {1000 * peer[PEER_TAKES]:8.1f}")
    print(f"{'... times ours':34} {peer[PEER_TAKES] / ours[PEER_TAKES]:8.1f}")
    return int(any(ours[name] > 2 * target for name, target in TARGETS.items()))


if __name__ == "__main__":
    raise SystemExit(main())
