"""Questions of notebook 01: what does one convolution cost?"""

from __future__ import annotations

import sympy as sp

from unet_complexity.checks.judging import Values
from unet_complexity.cost import Tensor
from unet_complexity.layers import Conv2D, Conv2DTranspose
from unet_complexity.symbols import Size, c, f, h, k, n, s, w

TASKS = """
macs of d2 | the MACs of d2: 128 x 128 x 64 in, 128 filters of 4 x 4, stride 2
* 64: c (64 channels in)
* 128: f (128 filters)
* 16: k^2 (16)
* 4: k (4)

macs of d4 | the MACs of d4: 32 x 32 x 256 in, 512 filters of 4 x 4, stride 2
x 4: You counted the input's 32 x 32 positions. The window stops at 16 x 16.
x 1/16: A factor of 16 is missing. Perhaps it is the k x k = 16 taps of the window. Or you took
  one side of the output, 16, instead of its 16 x 16 pixels.
- params of d4: Those are the parameters. Each of them is used at every position.
- weights: A factor of 256 is missing. Perhaps it is the 256 channels in. Or these are the weights,
  each used at 16 x 16 positions.
- 131,072: Those are the outputs. How many MACs does one of them take?
* 256: c (256 channels in)
* 512: f (512 filters)
* 4: k (4): the window has k x k taps

params of d4 | the parameters of d4: 512 filters of 4 x 4 over 256 channels, with bias
- weights: The biases are missing: one number for each filter.
- weights + 1: You added one bias in all. Each of the 512 filters has its own.
- weights + 256: Each of the 512 filters has a bias, not each of the 256 channels in.
- weights/4 + 512: A 4 x 4 kernel has 16 taps, not 4: you took one side instead of the area.
- weights/256 + 512: Each filter covers all 256 channels, and has taps for each of them.
- MACs of d4: Those are the MACs. Parameters do not depend on the size of the map.
* 256: c (256 channels in)
* 4: k (4)

macs of a rectangle | the MACs of f filters of 1 x k, stride 1, padding 'same', on an h x w x c
  map | hwckf
- h w c k f + f h w: The biases are additions, not MACs: no weight is multiplied there.
- parameters of the rectangle: Those are the parameters. They are used at each of the h w
  positions.
* k: k (taps)

transposed | the MACs of Conv2DTranspose(f, k, strides=s, padding='same') on an n x n x c map |
  nckfs
x s^2: You counted on the output. Each input element meets the whole kernel once.
x s: The stride only moves the kernel further. It adds no multiplication.
x 1/s^2: That is a Conv2D of stride s, which stops less often. Here every input is used.

a layer on a budget
? 10,000: filters
? 32: kernel_size
? 128: strides
< 200,000,000: MACs
< 50,000: parameters
> 64: filters
> 3: kernel_size
> 32: rows out
"""

PREDICTIONS = """
6 x 6 pixels | {} | How many multiplications does a 3 x 3 kernel make on 6 x 6 pixels, padded to 6 x
  6 out?
+ 324
+ 256
- 36: Those are the places where the window stops; it makes 9 multiplications at each
- 144: Without padding the window would stop at 4 x 4 places only
- 648: Those are FLOPs; half of them are multiplications
- 108: A 3 x 3 kernel has 9 taps, not 3

2 channels, 4 filters | x {} | By what factor does the count grow with 2 channels and 4 filters
  instead of 1 and 1?
+ 8
- 2: The filters multiply it too
- 4: The channels multiply it too
- 6: Channels and filters multiply; they do not add

twice as wide | x {} | By what factor do the MACs grow with twice the channels and twice the
  filters?
+ 4
- 2: Channels in double as well as filters, and the two multiply
- 8: The kernel stays as it is

twice the kernel | x {} | By what factor do the parameters of a convolution grow with a 6 x 6 kernel
  instead of 3 x 3, for 64 channels and 64 filters?
+ 3.9948
- 2: A kernel has two sides, and both double
- 4: The biases do not grow
"""


def values() -> Values:
    """Return the right values, what measures the puzzle, and the values that lines of ``TASKS`` name."""
    d4 = Conv2D(512, 4, strides=2).cost(Tensor(32, 32, 256))
    row = Conv2D(f, (1, k)).cost(Tensor(h, w, c))
    return {
        "macs of d2": Conv2D(128, 4, strides=2).cost(Tensor(128, 128, 64)),
        "macs of d4": d4,
        "params of d4": d4.params,
        "macs of a rectangle": row,
        "transposed": Conv2DTranspose(f, k, strides=s).cost(Tensor(n, n, c)),
        "a layer on a budget": _layer,
        "weights": d4.params - 512,
        "MACs of d4": d4.macs,
        "parameters of the rectangle": row.params,
    }


def _layer(filters: Size, kernel_size: Size, strides: Size) -> Values:
    cost = Conv2D(filters, kernel_size).cost(Tensor(128, 128, 64))
    rows = sp.ceiling(sp.Integer(128) / strides)
    return {
        "MACs": cost.macs * rows**2 / 128**2,
        "parameters": cost.params,
        "rows out": rows,
    }
