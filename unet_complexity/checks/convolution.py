"""The exercises on one convolution: notebook 01."""

from __future__ import annotations

from unet_complexity.checks.judging import BIAS, FLOPS, Exercise
from unet_complexity.cost import Tensor
from unet_complexity.layers import Conv2D, Conv2DTranspose
from unet_complexity.symbols import c, f, h, k, n, s, w

SIDE = "one side of the output: you counted a side where pixels are asked, side x side"


def exercises() -> dict[str, Exercise]:
    """By name."""
    x2, d2 = Tensor(128, 128, 64), Conv2D(128, 4, strides=2)
    x4, d4 = Tensor(32, 32, 256), Conv2D(512, 4, strides=2)
    macs, params, row = d4.cost(x4).macs, d4.cost(x4).params, Conv2D(f, (1, k)).cost(Tensor(h, w, c)).macs
    up = Conv2DTranspose(f, k, strides=s).cost(Tensor(n, n, c)).macs
    return {
        "macs of d2": Exercise(
            "the MACs of d2: 128 x 128 x 64 in, 128 filters of 4 x 4, stride 2",
            d2.cost(x2).macs,
            {"c (64 channels in)": 64, "f (128 filters)": 128, "k^2 (16)": 16, "k (4)": 4},
            ((2 * d2.cost(x2).macs, FLOPS),),
        ),
        "macs of d4": Exercise(
            "the MACs of d4: 32 x 32 x 256 in, 512 filters of 4 x 4, stride 2",
            macs,
            {"c (256 channels in)": 256, "f (512 filters)": 512, "k (4): the window has k x k taps": 4},
            (
                (2 * macs, FLOPS),
                (4 * macs, "You counted on the input's 32 x 32 positions; the window stops at 16 x 16 of them."),
                (
                    macs / 16,
                    "Missing: a factor of 16. It may be the k x k = 16 taps of the window. Or you took the side of the "
                    "output, 16, where its pixels are asked, 16 x 16.",
                ),
                (params, "Those are the parameters: each is used at every stop."),
                (
                    params - 512,
                    "Missing: a factor of 256. It may be the 256 channels in, which each window goes through. Or these "
                    "are the weights of d4: each of them is used at 16 x 16 stops.",
                ),
                (16 * 16 * 512, "Those are the outputs. What does one of them cost?"),
            ),
        ),
        "params of d4": Exercise(
            "the parameters of d4: 512 filters of 4 x 4 over 256 channels, with bias",
            params,
            {"c (256 channels in)": 256, "k (4)": 4},
            (
                (params - 512, BIAS),
                (params - 512 + 1, "One bias in all? Each of the 512 filters has its own."),
                (256 * (16 * 512 + 1), "There is a bias for each of the 512 filters, not for the 256 channels in."),
                (4 * 256 * 512 + 512, "A 4 x 4 kernel has 16 taps, not 4: one side where the area is asked."),
                (16 * 512 + 512, "Each filter looks at all 256 channels, and has taps for each of them."),
                (macs, "Those are the MACs: parameters do not depend on the size of the map."),
            ),
        ),
        "macs of a rectangle": Exercise(
            "the MACs of f filters of 1 x k, stride 1, padding 'same', on an h x w x c map",
            row,
            {"c (channels in)": c, "f (filters)": f, "k (taps)": k, "h (rows)": h, "w (columns)": w},
            (
                (2 * row, FLOPS),
                (row + f * h * w, "The biases are additions, not MACs: no weight is multiplied there."),
                (c * f * k + f, "Those are the parameters. They are used at each of the h w positions."),
            ),
            (h, w, c, k, f),
        ),
        "transposed": Exercise(
            "the MACs of Conv2DTranspose(f, k, strides=s, padding='same') on an n x n x c map",
            up,
            {"c (channels in)": c, "f (filters)": f, "k^2": k**2, "k": k, "one side (n); pixels are n x n": n},
            (
                (2 * up, FLOPS),
                (s**2 * up, "You counted on the output. Here each *input* element meets the whole kernel once."),
                (s * up, "The stride moves the kernel further over the output; it multiplies no more for it."),
                (up / s**2, "That is a Conv2D with stride s, which stops less often. Here every input is used."),
            ),
            (n, c, k, f, s),
        ),
    }
