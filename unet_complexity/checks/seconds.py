"""The exercises on bytes, arithmetic intensity and the least time, and what is predicted of seconds: notebook 06."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from unet_complexity.checks.judging import Exercise
from unet_complexity.cost import Tensor
from unet_complexity.engineering.measured import cases, exponent, machine
from unet_complexity.engineering.roofline import MACHINES, roofline
from unet_complexity.layers import Conv2D, ReLU, UpSampling2D
from unet_complexity.symbols import c, f, k, n
from unet_complexity.unets import pix2pix_unet

COPIED = "A copy reads as well: each small element once."


def exercises() -> dict[str, Exercise]:
    """By name."""
    x, last = Tensor(n, n, c), Tensor(128, 128, 128)
    copy, relu = UpSampling2D(2).cost(x), ReLU().cost(x)
    conv = Conv2D(f, k, use_bias=False).cost(x)
    moved, gpu = UpSampling2D(2).cost(last).bytes(), MACHINES["NVIDIA T4"]
    least_ms = 1000 * sp.Rational(moved, gpu.bytes_per_second)
    wide = sp.cancel(sp.limit(conv.flops / conv.bytes(), n, sp.oo))
    return {
        "bytes of a copy": Exercise(
            "the bytes that UpSampling2D(2) moves in float32 on an n x n x c map",
            copy.bytes(),
            {"the 4 bytes of an element": 4, "c (channels)": c, "n (side); pixels are n x n": n},
            ((4 * copy.writes, COPIED), (4 * copy.reads, "That is reading alone; four times as much is written.")),
            (n, c),
        ),
        "intensity of a ReLU": Exercise(
            "the arithmetic intensity of a ReLU in float32: FLOPs per byte",
            relu.flops / relu.bytes(),
            {},
            (
                (1, "That is FLOPs per element written; an element has bytes, and is read before it is written."),
                (sp.Rational(1, 2), "That is per element moved; an element takes 4 bytes."),
                (sp.Rational(1, 4), "An element is read and written: 4 bytes each time."),
                (8, "Turn it over: FLOPs per byte, not bytes per FLOP."),
                (0, "A ReLU compares each element with 0, and a comparison is one operation."),
            ),
        ),
        "least time of the last copy": Exercise(
            "the least time of block out's UpSampling2D on the NVIDIA T4, in milliseconds",
            least_ms,
            {},
            (
                (least_ms * sp.Rational(4, 5), COPIED),
                (least_ms / 5, "That is reading alone; four times as much is written."),
                (least_ms / 4, "Those are elements; each of them takes 4 bytes."),
                (least_ms / 1000, "Those are seconds. A second has 1,000 milliseconds."),
                (0, "It makes no FLOPs, but it moves bytes, and that takes time."),
            ),
        ),
        "intensity of a convolution": Exercise(
            "FLOPs per byte in float32 of Conv2D(f, k, use_bias=False) on a map so large that its weights do not count",
            wide,
            {"k^2 (taps)": k**2, "k": k},
            (
                (wide / 2, "Those are MACs per byte: there are two FLOPs in each."),
                (4 * wide, "That is per element; an element takes 4 bytes."),
                (k**2 * c / 2, "The map that comes in is read too: c elements for each pixel."),
                (k**2 * f / 2, "The map that goes out is written too: f elements for each pixel."),
            ),
            (c, f, k),
        ),
    }


def share_of_the_copies() -> float:
    """Per cent of ONNX Runtime's time that UpSampling2D takes, in the asked network of side 256."""
    return round(cases("onnxruntime")[256, 1].share(UpSampling2D), 1)


def share_of_the_last_convolution() -> float:
    """Per cent of PyTorch's time that the last convolution takes."""
    case = cases("pytorch")[256, 1]
    return round(100 * case.layers["out.conv"].median / case.together, 1)


def gain_of_twice_the_bandwidth() -> float:
    """By what factor the least time of the network falls where only memory gets faster."""
    slow = machine()
    fast = replace(slow, bytes_per_second=2 * slow.bytes_per_second)
    before, after = (float(roofline(pix2pix_unet(256, 3), one).seconds) for one in (slow, fast))
    return round(before / after, 3)


def power_of_the_side() -> float:
    """The p of N^p that fits ONNX Runtime's times best."""
    times = {side: case.whole.median for (side, batch), case in cases("onnxruntime").items() if batch == 1}
    return round(exponent(times, times.values()), 2)
