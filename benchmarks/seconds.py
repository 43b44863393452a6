"""The asker's network in seconds, layer by layer, on real engines; and what this machine can do at most.

    python -m benchmarks.seconds                                     every engine that is here, side 128
    python -m benchmarks.seconds onnxruntime --side 256 512 --batch 1 4 --write
    python -m benchmarks.seconds probe --write                       peak FLOP/s and bytes/s, by NumPy

Each case is run in turn as a whole and layer by layer, after a warm-up, until both have been run 7 times undisturbed
and 20 seconds are over.  Printed are medians, and in brackets the quartiles; ``--write`` puts them into
unet_complexity/engineering/measured, one file per engine, from which notebook 06 is made.  Numbers are float32, images
and weights random.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if not __package__:  # run as a script
    sys.path.insert(0, str(ROOT))

from benchmarks.engines import ENGINES, Ready, machine, missing, prepare  # noqa: E402
from unet_complexity import pix2pix_unet  # noqa: E402

FOLDER = ROOT / "unet_complexity" / "engineering" / "measured"
LEAST, SECONDS, WARM_UP = 7, 20.0, 2
SIDES = (128,)


def spread(seconds: list[float]) -> list[float]:
    """First quartile, median and third quartile in milliseconds."""
    low, _, high = quantiles(seconds, n=4, method="inclusive")
    return [round(1000 * value, 4) for value in (low, median(seconds), high)]


def disturbed(before: tuple[float, float], after: tuple[float, float], wall: float) -> bool:
    """Whether others took more than a twentieth of the processors meanwhile."""
    everybody, own = (late - early for early, late in zip(before, after, strict=True))
    return everybody - own > 0.02 + wall * machine.cores() / 20


def run(ready: Ready) -> tuple[float, dict[str, float], bool]:
    """Once as a whole and once by layers, in seconds; and whether anything else was going on."""
    before, start = machine.processor_seconds(), perf_counter()
    ready.whole()
    whole = perf_counter() - start
    layers = ready.layers()
    return whole, layers, disturbed(before, machine.processor_seconds(), perf_counter() - start)


def measure(
    engine: str, side: int, batch: int, seconds: float = SECONDS, tell: Callable[[str], Any] = print
) -> Any:
    """One case: spreads of the whole network and of its layers, in milliseconds.

    Runs that others disturbed are not counted, unless after five times the given time there are too few without.
    """
    ready, runs, start, left_out = (
        prepare(engine, pix2pix_unet(side, 3), batch),
        list[Any](),
        perf_counter(),
        0,
    )
    for turn in range(-WARM_UP, 10**6):
        tell(
            f"{engine}, side {side}, batch {batch}: run {max(turn, 0)}, {perf_counter() - start:.0f} s"
        )
        whole, layers, noisy = run(ready)
        spent = perf_counter() - start
        if turn >= 0 and (not noisy or spent > 5 * seconds):
            runs.append((whole, layers))
        left_out += turn >= 0 and noisy
        if len(runs) >= LEAST and spent > seconds:
            break
    names = dict.fromkeys(name for _, layers in runs for name in layers)
    return {
        "side": side,
        "batch": batch,
        "runs": len(runs),
        "disturbed": left_out,
        "whole": spread([whole for whole, _ in runs]),
        "layers": {name: spread([layers[name] for _, layers in runs]) for name in names},
        "timed": ready.note,
    }


def probe() -> dict[str, Any]:
    """What the machine can do at most, as far as NumPy finds out: the best run counts."""
    return {
        "flops_per_second": max(machine.flops_per_second()),
        "bytes_per_second": max(machine.bytes_per_second()),
    }


def header(*packages: str) -> dict[str, Any]:
    """By what, when, on what and with which versions something was measured."""
    return {
        "tool": "benchmarks/seconds.py",
        "date": date.today().isoformat(),
        "machine": machine.description(),
        "versions": machine.versions(*packages, "numpy"),
    }


def write(engine: str, cases: list[Any]) -> Path:
    """Puts cases beside those of the same file that are not measured anew.  ValueError where those are another's."""
    path, (_, packages, _) = FOLDER / f"seconds-{engine}.json", ENGINES[engine]
    head = {
        **header(*packages),
        "engine": engine,
        "network": "pix2pix U-Net",
        "dtype": "float32",
        "unit": "ms",
    }
    old = json.loads(path.read_text()) if path.exists() else {**head, "cases": []}
    if changed := [name for name in ("machine", "versions") if old[name] != head[name]]:
        raise ValueError(
            f"{path.name} was measured with another {changed[0]}; delete it and measure all its cases anew"
        )
    kept = {(case["side"], case["batch"]): case for case in [*old["cases"], *cases]}
    text = json.dumps({**head, "cases": [kept[key] for key in sorted(kept)]}, indent=1)
    path.write_text(one_line_lists(text) + "\n", encoding="utf-8")
    return path


def one_line_lists(text: str) -> str:
    """Three numbers take one line, not five."""
    return re.sub(r"\[\s+([-\d.e]+),\s+([-\d.e]+),\s+([-\d.e]+)\s+\]", r"[\1, \2, \3]", text)


def show(case: Any, engine: str) -> None:
    low, middle, high = case["whole"]
    together = sum(values[1] for values in case["layers"].values())
    print(
        f"\n{engine}, side {case['side']}, batch {case['batch']}: {middle:.1f} ms ({low:.1f} ... {high:.1f}),"
    )
    print(f"{case['runs']} runs; layers together {together:.1f} ms: {case['timed']}")
    for name, (low, middle, high) in sorted(case["layers"].items(), key=lambda one: -one[1][1])[:8]:
        print(
            f"  {name:10} {middle:9.2f} ms ({low:.2f} ... {high:.2f}) {100 * middle / together:5.1f} %"
        )


def live(
    *engines: str, sides: tuple[int, ...] = SIDES, seconds: float = 3.0
) -> list[tuple[str, Any]]:
    """Measures here and now, with a line that says how far it is; says of each engine that is not here why."""
    found = []
    for engine in engines or tuple(ENGINES):
        if why := missing(engine):
            print(f"{engine}: left out, {why}")
            continue
        for side in sides:
            found.append(
                (
                    engine,
                    measure(engine, side, 1, seconds, lambda line: print(f"\r{line}   ", end="")),
                )
            )
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "engines", nargs="*", help=f"{', '.join(ENGINES)}, probe; without any, those that are here"
    )
    parser.add_argument("--side", type=int, nargs="+", default=SIDES)
    parser.add_argument("--batch", type=int, nargs="+", default=[1])
    parser.add_argument("--seconds", type=float, help="time for each case, beyond 7 runs")
    parser.add_argument("--write", action="store_true", help="keep what was measured")
    chosen = parser.parse_args()
    engines = chosen.engines or ["probe", *(name for name in ENGINES if not missing(name))]
    seconds = chosen.seconds or (SECONDS if chosen.engines else 3.0)
    for engine in engines:
        if engine == "probe":
            found = probe()
            print(
                f"at most {found['flops_per_second'] / 1e9:.1f} GFLOP/s, {found['bytes_per_second'] / 1e9:.1f} GB/s"
            )
            if chosen.write:
                text = json.dumps({**header(), **found}, indent=1)
                (FOLDER / "probe.json").write_text(text + "\n", encoding="utf-8")
            continue
        if why := missing(engine):
            sys.exit(f"{engine} cannot be measured here: {why}")
        for side in chosen.side:
            for batch in chosen.batch:
                case = measure(
                    engine,
                    side,
                    batch,
                    seconds,
                    lambda line: print(f"\r{line}   ", end="", flush=True),
                )
                show(case, engine)
                if chosen.write:
                    write(engine, [case])
    return 0


if __name__ == "__main__":
    sys.exit(main())
