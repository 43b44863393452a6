"""Questions of notebook 06: bytes, arithmetic intensity, and the least time on a machine."""

from __future__ import annotations

import sympy as sp

from unet_complexity.checks.judging import Values
from unet_complexity.cost import Tensor
from unet_complexity.engineering.roofline import MACHINES, roofline
from unet_complexity.layers import Conv2D, ReLU, UpSampling2D
from unet_complexity.symbols import Size, as_expr, c, f, k, n
from unet_complexity.unets import pix2pix_unet

TASKS = """
bytes of a copy | the bytes that UpSampling2D(2) moves in float32 on an n x n x c map | nc
x 0.8: A copy also reads: each small element once.
x 0.2: That is reading alone. Four times as much is written.
* 4: the 4 bytes of an element

intensity of a ReLU | the arithmetic intensity of a ReLU in float32: FLOPs per byte
- 1: That is FLOPs per element written. It takes 4 bytes, and is read first.
- 0.5: That is per element moved. An element takes 4 bytes.
- 0.25: An element is read and written: 4 bytes each time.
- 8: Turn it over: FLOPs per byte, not bytes per FLOP.
- 0: A ReLU compares each element with 0, and a comparison is one operation.

least time of the last copy | the least time of block out's UpSampling2D on the NVIDIA T4, in
  milliseconds | | ms
x 0.8: A copy also reads: each small element once.
x 0.2: That is reading alone. Four times as much is written.
x 0.25: Those are elements. Each of them takes 4 bytes.
x 0.001: Those are seconds. A second has 1,000 milliseconds.
x 0: It does no FLOPs, but it moves bytes, and that takes time.

intensity of a convolution | FLOPs per byte of Conv2D(f, k, use_bias=False) in float32 if weights
  are negligible | cfk
x 0.5: Those are MACs per byte. There are two FLOPs in each MAC.
x 4: That is per element. An element takes 4 bytes.
- k^2 c/2: The input is read too: c elements for each pixel.
- k^2 f/2: The output is written too: f elements for each pixel.

a network on a clock
? 100: tiles
? 1,000: base_filters
< 2: least ms
> 384: side
> 3,000,000: parameters
"""

PREDICTIONS = """
seconds of the copies | {} % | What percentage of ONNX Runtime's time do the asker's seven
  UpSampling2D take?
+ 5.2
- 0: Copies calculate nothing, but moving bytes takes time

seconds of the last convolution | {} % | The last convolution makes 2.2 % of the MACs. What
  percentage of PyTorch's time is it?
+ 16
- 2.2: Time is not proportional to MACs

twice the bandwidth | x {} | By what factor does the network's least time fall if memory becomes
  twice as fast?
+ 1.021
- 2: Most of the time goes to layers that wait for arithmetic, not for memory

power of the side | N^{} | Time grows like a power of the side N. Which power fits ONNX Runtime's
  times best?
+ 1.86
- 2: The MACs grow like that; a small map uses the machine less well
- 1: A map has two sides
"""


def values() -> Values:
    """Return the right values, what measures the puzzle, and the values that lines of ``TASKS`` name."""
    x, up = Tensor(n, n, c), UpSampling2D(2)
    relu = ReLU().cost(x)
    conv = Conv2D(f, k, use_bias=False).cost(x)
    return {
        "bytes of a copy": up.cost(x).bytes(),
        "intensity of a ReLU": relu.flops / relu.bytes(),
        "least time of the last copy": sp.Rational(
            1000 * up.cost(Tensor(128, 128, 128)).bytes(),
            MACHINES["NVIDIA T4"].bytes_per_second,
        ),
        "intensity of a convolution": sp.cancel(sp.limit(conv.flops / conv.bytes(), n, sp.oo)),
        "a network on a clock": _least_time,
    }


def _least_time(tiles: Size, base_filters: Size) -> Values:
    network = pix2pix_unet(side=128 * tiles, in_channels=3, base_filters=base_filters)
    t4 = MACHINES["NVIDIA T4"]
    seconds = 0
    for kernel in roofline(network, t4, fused=True):
        seconds += sp.Max(
            as_expr(kernel.flops) / t4.flops_per_second, as_expr(kernel.bytes) / t4.bytes_per_second
        )
    return {
        "least ms": 1000 * seconds,
        "side": 128 * tiles,
        "parameters": network.total().params,
    }
