"""What the public tools were asked: one layer of every kind, and a few whole networks.

The answers are in ``tool_totals.csv``; ``benchmarks/tools`` asks the tools again.
"""

from __future__ import annotations

from unet_complexity import (
    Activation,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    LeakyReLU,
    MaxPooling2D,
    Network,
    ReLU,
    Step,
    Tensor,
    UpSampling2D,
    classic_unet,
    pix2pix_unet,
)
from unet_complexity.engineering.layers import Softmax
from unet_complexity.layers import (
    Add,
    AveragePooling2D,
    Cropping2D,
    DepthToSpace,
    Dropout,
    Layer,
    ZeroPadding2D,
)

X = Tensor(12, 18, 8)

LAYERS: dict[str, Layer] = {
    "conv 3": Conv2D(12, 3),
    "conv 3, no bias": Conv2D(12, 3, use_bias=False),
    "conv 4": Conv2D(12, 4),
    "conv 4, strides 2": Conv2D(12, 4, strides=2),
    "conv (1, 3)": Conv2D(12, (1, 3)),
    "conv 3, valid": Conv2D(12, 3, padding="valid"),
    "conv 3, dilation 2": Conv2D(12, 3, dilation_rate=2),
    "conv 3, groups 2": Conv2D(12, 3, groups=2),
    "conv 3, depthwise": Conv2D(8, 3, groups=8),
    "transposed 2, strides 2": Conv2DTranspose(12, 2, 2),
    "transposed 2, strides 2, no bias": Conv2DTranspose(12, 2, 2, use_bias=False),
    "transposed 4, strides 2": Conv2DTranspose(12, 4, 2),
    "transposed 3, strides 1": Conv2DTranspose(12, 3, 1),
    "transposed 3, strides 2": Conv2DTranspose(12, 3, 2),
    "transposed 2, strides 4": Conv2DTranspose(12, 2, 4),
    "transposed 3, strides (1, 3)": Conv2DTranspose(12, 3, (1, 3)),
    "transposed 3, strides 2, valid": Conv2DTranspose(12, 3, 2, padding="valid"),
    "nearest 2": UpSampling2D(2),
    "nearest 3": UpSampling2D(3),
    "nearest (2, 3)": UpSampling2D((2, 3)),
    "bilinear 2": UpSampling2D(2, "bilinear"),
    "bilinear 3": UpSampling2D(3, "bilinear"),
    "bilinear (2, 3)": UpSampling2D((2, 3), "bilinear"),
    "max pool 2": MaxPooling2D(2),
    "max pool 3, strides 2": MaxPooling2D(3, 2),
    "max pool (2, 3)": MaxPooling2D((2, 3)),
    "average pool 2": AveragePooling2D(2),
    "average pool 3, strides 2": AveragePooling2D(3, 2),
    "average pool (2, 3)": AveragePooling2D((2, 3)),
    "batch normalization": BatchNormalization(),
    "relu": ReLU(),
    "leaky relu": LeakyReLU(0.2),
    "tanh": Activation("tanh"),
    "sigmoid": Activation("sigmoid"),
    "softmax": Softmax(),
    "linear": Activation("linear"),
    "dropout": Dropout(),
    "add 2": Add(),
    "add 3": Add(),
    "concatenate 3": Concatenate(),
    "depth to space": DepthToSpace(2),
    "padding": ZeroPadding2D(1),
    "cropping": Cropping2D(((1, 2), (0, 3))),
}


def in_a_row(x: Tensor, *layers: Layer) -> Network:
    """The layers one behind the other; one that takes several maps gets the same one several times."""
    steps: list[Step] = []
    for number, layer in enumerate(layers):
        shape, source = (steps[-1].output, steps[-1].name) if steps else (x, "input")
        times = layer.arity or 2
        steps.append(
            Step(f"s{number}", layer, (shape,) * times, (source,) * times, 0, "row", "encoder")
        )
    return Network("row", x, tuple(steps))


def behind_a_convolution(name: str) -> Network:
    """A layer alone would have no parameters, which some tools do not take: a 1 x 1 convolution runs before it."""
    layer, times = LAYERS[name], int(name[-1]) if name.startswith(("add", "concatenate")) else 1
    first = Step("first", Conv2D(8, 1, use_bias=False), (X,), ("input",), 0, "row", "encoder")
    second = Step("second", layer, (X,) * times, ("first",) * times, 0, "row", "encoder")
    return Network(name, X, (first, second))


NETWORKS: dict[str, Network] = {
    "asked": pix2pix_unet(side=256, in_channels=3),
    "classic": classic_unet(side=64, base_filters=16),
    "classic, upsampled, 48 x 80": classic_unet(
        (48, 80), 3, 4, base_filters=8, depth=3, up="upsample"
    ),
    "classic, valid": classic_unet(side=188, base_filters=4, padding="valid"),
    "asked, 64 x 96, k 3": pix2pix_unet(
        (64, 96), 1, 2, base_filters=8, kernel_size=3, depth=5, doublings=0
    ),
    "a mixture, bilinear": in_a_row(
        Tensor(20, 28, 3),
        Conv2D(16, 3, strides=2),
        BatchNormalization(),
        ReLU(),
        AveragePooling2D(2),
        Conv2D(32, 3, groups=2, use_bias=False),
        LeakyReLU(0.1),
        Dropout(0.2),
        UpSampling2D(2, "bilinear"),
        Conv2DTranspose(16, 4, 2),
        Activation("sigmoid"),
        Add(),
        DepthToSpace(2),
        Conv2D(5, 1),
        Softmax(),
    ),
}

CASES: dict[str, Network] = {name: behind_a_convolution(name) for name in LAYERS} | NETWORKS
