"""The decoder of the asker's network as written and collapsed, block by block, and the whole network, on real engines.

    python -m benchmarks.collapse onnxruntime pytorch keras-jax pytorch-channels-last --write

A block is an UpSampling2D and its Conv2D.  Each round runs every arrangement of a block in turn, so that ratios compare
neighbours in time; "decoder" is the seven blocks of one round together, as written and as the rule in
unet_complexity/engineering/collapse/rule.py arranges them.  Rounds that others disturbed are left out, if there are
enough without.  Printed are medians and, in brackets, quartiles; ``--write`` puts them into
unet_complexity/engineering/measured.  Batch 1, float32, random weights; outputs are compared first.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if not __package__:  # run as a script
    sys.path.insert(0, str(ROOT))

from benchmarks.engines import machine  # noqa: E402
from benchmarks.engines.arrangements import ENGINES  # noqa: E402
from benchmarks.seconds import FOLDER, disturbed, header, one_line_lists, spread  # noqa: E402
from unet_complexity import Network, UpSampling2D, pix2pix_unet  # noqa: E402
from unet_complexity.engineering.collapse import arrangement  # noqa: E402

ROUNDS, SECONDS, WARM_UP = 7, 6.0, 2
WRITTEN = "as written"
Rounds = list[dict[str, float]]


def blocks(network: Network) -> list[Network]:
    """Each UpSampling2D with the convolution that reads it, as a network of its own."""
    found = []
    for up, conv in pairwise(network):
        if isinstance(up.layer, UpSampling2D):
            own = (replace(up, sources=("input",)), conv)
            found.append(Network(conv.block, up.inputs[0], own))
    return found


def chosen(block: Network) -> str:
    """What the rule says."""
    up, conv = (step.layer for step in block)
    x = block.input
    return arrangement(x.channels, conv.filters, conv.kernel_size, up.size, x.height * x.width)[0]


def rounds(ways: dict[str, Callable[[], Any]], seconds: float) -> tuple[Rounds, int]:
    """Seconds of each way in each round, and how many disturbed rounds were left out."""
    kept, noisy, start = Rounds(), 0, perf_counter()
    for turn in range(-WARM_UP, 10**6):
        before, began, times = machine.processor_seconds(), perf_counter(), {}
        for name, run in ways.items():
            lap = perf_counter()
            run()
            times[name] = perf_counter() - lap
        bad = disturbed(before, machine.processor_seconds(), perf_counter() - began)
        spent = perf_counter() - start
        noisy += turn >= 0 and bad
        if turn >= 0 and (not bad or spent > 5 * seconds):
            kept.append(times)
        if len(kept) >= ROUNDS and spent > seconds:
            return kept, noisy
    raise AssertionError("unreachable")


def quartiles(values: list[float]) -> list[float]:
    low, _, high = quantiles(values, n=4, method="inclusive")
    return [round(value, 3) for value in (low, median(values), high)]


def summary(before: list[float], after: list[float]) -> dict[str, list[float]]:
    """Milliseconds as written and collapsed, and how many times as fast, round by round."""
    ratios = [b / a for b, a in zip(before, after, strict=True)]
    return {WRITTEN: spread(before), "collapsed": spread(after), "times as fast": quartiles(ratios)}


def measure(engine: str, side: int, seconds: float) -> dict[str, Any]:
    """Everything about one engine."""
    network, make = pix2pix_unet(side, 3), ENGINES[engine]()
    rows, before, after, left_out = [], [], [], 0
    for block in blocks(network):
        print(f"\r{engine}, {block.name}    ", end="", flush=True)
        found, noisy = rounds(make.block(block), seconds)
        best, left_out = make.nearest(chosen(block)), left_out + noisy
        before.append([times[WRITTEN] for times in found])
        after.append([times[best] for times in found])
        times = {name: spread([one[name] for one in found]) for name in found[0]}
        rows.append(
            {
                "block": block.name,
                "map": str(block.input),
                "filters": block.output.channels,
                "chosen": best,
            }
            | times
        )
    together = [
        [sum(times) for times in zip(*of_blocks, strict=False)] for of_blocks in (before, after)
    ]
    found, noisy = rounds(make.whole(network), 3 * seconds)
    whole = [[times[name] for times in found] for name in (WRITTEN, "collapsed")]
    return {
        **header(*make.packages),
        "tool": "benchmarks/collapse.py",
        "engine": engine,
        "network": network.name,
        "side": side,
        "batch": 1,
        "dtype": "float32",
        "unit": "ms",
        "rounds": min(len(together[0]), len(found)),
        "disturbed": left_out + noisy,
        "decoder": summary(*together),
        "whole": summary(*whole),
        "blocks": rows,
        **make.profile(network),
    }


def show(found: dict[str, Any]) -> None:
    print(
        f"\r{found['engine']}, side {found['side']}, {found['rounds']} rounds, {found['disturbed']} left out"
    )
    ways = [name for name in found["blocks"][0] if isinstance(found["blocks"][0][name], list)]
    print("  " + "".join(f"{name:>16}" for name in ["map", "filters", *ways]))
    for row in found["blocks"]:
        times = "".join(
            f"{row[way][1]:>14.2f}{'*' if way == row['chosen'] else ' ':2}" for way in ways
        )
        print(f"  {row['map']:>16}{row['filters']:>16}{times}")
    for part in ("decoder", "whole"):
        (low, middle, high), ms = (
            found[part]["times as fast"],
            [found[part][way][1] for way in (WRITTEN, "collapsed")],
        )
        print(
            f"  {part}: {ms[0]:.1f} ms -> {ms[1]:.1f} ms, {middle:.2f} times as fast ({low:.2f} ... {high:.2f})"
        )
    for name, times in found.get("profile", {}).items():
        print(f"  {name}: " + ", ".join(f"{operator} {ms:.1f}" for operator, ms in times.items()))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("engines", nargs="*", default=["onnxruntime"], help=", ".join(ENGINES))
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="for each block, beyond 7 rounds"
    )
    parser.add_argument("--write", action="store_true", help="keep what was measured")
    asked = parser.parse_args()
    for engine in asked.engines:
        found = measure(engine, asked.side, asked.seconds)
        show(found)
        if asked.write:
            text = one_line_lists(json.dumps(found, indent=1))
            (FOLDER / f"collapse-{engine}.json").write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
