"""Public networks in Keras, without weights that must be fetched: shapes and wiring as their papers have them."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

Build = Callable[[ModuleType], Any]


def pix2pix(keras: ModuleType, side: Any = 256) -> Any:
    """The question's network: seven down, seven up, as the pix2pix of Keras-GAN has it."""
    K = keras.layers
    image = x = keras.Input((side, side, 3))
    skips = []
    for i, filters in enumerate((64, 128, 256, 512, 512, 512, 512)):
        x = K.LeakyReLU(negative_slope=0.2)(K.Conv2D(filters, 4, strides=2, padding="same")(x))
        x = K.BatchNormalization(momentum=0.8)(x) if i else x
        skips.append(x)
    skips.pop()
    for filters in (512, 512, 512, 256, 128, 64):
        x = K.Conv2D(filters, 4, padding="same", activation="relu")(K.UpSampling2D(2)(x))
        x = K.Concatenate()([K.BatchNormalization(momentum=0.8)(x), skips.pop()])
    return keras.Model(
        image,
        K.Conv2D(3, 4, padding="same", activation="tanh")(K.UpSampling2D(2)(x)),
        name="pix2pix",
    )


def twice(keras: ModuleType, x: Any, filters: int, padding: str = "same") -> Any:
    for _ in range(2):
        x = keras.layers.Conv2D(filters, 3, padding=padding, activation="relu")(x)
    return x


def classic(
    keras: ModuleType, side: Any = 256, up: str = "transpose", padding: str = "same"
) -> Any:
    """Ronneberger, Fischer & Brox, U-Net (MICCAI 2015)."""
    K = keras.layers
    image = x = keras.Input((side, side, 1))
    skips = []
    for filters in (64, 128, 256, 512):
        skips.append(twice(keras, x, filters, padding))
        x = K.MaxPooling2D(2)(skips[-1])
    x = twice(keras, x, 1024, padding)
    for filters in (512, 256, 128, 64):
        if up == "upsample":
            x = K.Conv2D(filters, 2, padding="same")(K.UpSampling2D(2)(x))
        else:
            x = K.Conv2DTranspose(filters, 2, strides=2)(x)
        skip = skips.pop()
        skip = K.Cropping2D((skip.shape[1] - x.shape[1]) // 2)(skip) if padding == "valid" else skip
        x = twice(keras, K.Concatenate()([skip, x]), filters, padding)
    return keras.Model(image, K.Conv2D(2, 1)(x), name=f"classic_{up}_{padding}")


def attention_unet(keras: ModuleType, side: Any = 128) -> Any:
    """Oktay et al., Attention U-Net (MIDL 2018): a gate on each skip."""
    K = keras.layers

    def gate(skip: Any, signal: Any, filters: int) -> Any:
        both = K.Add()([K.Conv2D(filters, 1, strides=2)(skip), K.Conv2D(filters, 1)(signal)])
        weights = K.Conv2D(1, 1, activation="sigmoid")(K.Activation("relu")(both))
        return K.Multiply()([skip, K.UpSampling2D(2, interpolation="bilinear")(weights)])

    image = x = keras.Input((side, side, 3))
    skips = []
    for filters in (16, 32, 64):
        skips.append(twice(keras, x, filters))
        x = K.MaxPooling2D(2)(skips[-1])
    x = twice(keras, x, 128)
    for filters in (64, 32, 16):
        gated = gate(skips.pop(), x, filters)
        up = K.Conv2DTranspose(filters, 3, strides=2, padding="same")(x)
        x = twice(keras, K.Concatenate()([gated, up]), filters)
    return keras.Model(image, K.Conv2D(4, 1, activation="softmax")(x), name="attention_unet")


def nested_unet(keras: ModuleType, side: Any = 64) -> Any:
    """Zhou et al., UNet++ (DLMIA 2018): a net of skips, and an output of each depth."""
    K = keras.layers
    image = x = keras.Input((side, side, 3))
    filters, nodes = (16, 32, 64, 128), dict[tuple[int, int], Any]()
    for i, f in enumerate(filters):
        nodes[i, 0] = x = twice(keras, x, f)
        x = K.MaxPooling2D(2)(x)
    for j in range(1, 4):
        for i in range(4 - j):
            up = K.UpSampling2D(2)(nodes[i + 1, j - 1])
            row = [nodes[i, k] for k in range(j)]
            nodes[i, j] = twice(keras, K.Concatenate()([*row, up]), filters[i])
    outputs = [K.Conv2D(1, 1, activation="sigmoid", name=f"out{j}")(nodes[0, j]) for j in (1, 2, 3)]
    return keras.Model(image, outputs, name="unet_plus_plus")


def mobilenet_unet(keras: ModuleType, side: Any = 128) -> Any:
    """A MobileNetV2 as the encoder of a U-Net, as the segmentation tutorials have it: models inside a model."""
    K = keras.layers
    base = keras.applications.MobileNetV2(
        input_shape=(side, side, 3), include_top=False, weights=None
    )
    names = [f"block_{i}_expand_relu" for i in (1, 3, 6, 13)] + ["block_16_project"]
    down = keras.Model(base.input, [base.get_layer(name).output for name in names], name="down")
    image = keras.Input((side, side, 3))
    *skips, x = down(K.Rescaling(1 / 127.5, offset=-1)(image))
    for i, filters in enumerate((512, 256, 128, 64)):
        up = keras.Sequential(
            [
                K.Conv2DTranspose(filters, 3, strides=2, padding="same", use_bias=False),
                K.BatchNormalization(),
                K.ReLU(),
            ],
            name=f"up{i}",
        )
        x = K.Concatenate()([up(x), skips.pop()])
    return keras.Model(
        image, K.Conv2DTranspose(3, 3, strides=2, padding="same")(x), name="mobilenet_unet"
    )


def resnet50(keras: ModuleType, side: Any = 224) -> Any:
    return keras.applications.ResNet50(weights=None, input_shape=(side, side, 3))


def efficientnet(keras: ModuleType, side: Any = 224) -> Any:
    return keras.applications.EfficientNetB0(weights=None, input_shape=(side, side, 3))


def deeplab(keras: ModuleType, side: Any = 128) -> Any:
    """Chen et al., DeepLabv3+ (ECCV 2018), small: dilated and separable convolutions, pyramid pooling, resizing."""
    K = keras.layers

    def block(x: Any, filters: int, dilation: int = 1, kernel: int = 3) -> Any:
        x = K.SeparableConv2D(
            filters, kernel, padding="same", dilation_rate=dilation, use_bias=False
        )(x)
        return K.ReLU()(K.BatchNormalization()(x))

    image = keras.Input((side, side, 3))
    x = low = K.Conv2D(32, 3, strides=2, padding="same", activation="relu")(image)
    for filters in (64, 128, 128):
        x = K.MaxPooling2D(3, strides=2, padding="same")(block(x, filters))
    pooled = K.Conv2D(64, 1, activation="relu")(K.GlobalAveragePooling2D(keepdims=True)(x))
    pooled = K.UpSampling2D(side // 16, interpolation="bilinear")(pooled)
    pyramid = [block(x, 64, 1, 1), *(block(x, 64, rate) for rate in (2, 4)), pooled]
    x = K.Dropout(0.1)(K.Conv2D(64, 1, activation="relu")(K.Concatenate()(pyramid)))
    x = K.Resizing(side // 2, side // 2, interpolation="bilinear")(x)
    x = block(K.Concatenate()([x, K.Conv2D(24, 1)(low)]), 64)
    x = K.UpSampling2D(2, interpolation="bilinear")(K.Conv2D(5, 1)(x))
    return keras.Model(image, K.Softmax()(x), name="deeplab")


def super_resolution(keras: ModuleType, side: Any = None) -> Any:
    """Shi et al., ESPCN (CVPR 2016), with residual blocks: free sides, and channels that become pixels."""
    K = keras.layers
    image = keras.Input((side, side, 3))
    x = first = K.PReLU(shared_axes=[1, 2])(K.Conv2D(32, 5, padding="same")(image))
    for _ in range(2):
        y = K.Conv2D(32, 3, padding="same")(K.ELU()(K.Conv2D(32, 3, padding="same")(x)))
        x = x + y * 0.1
    x = K.Average()([x, first])
    x = keras.ops.nn.depth_to_space(K.Conv2D(3 * 9, 3, padding="same")(x), 3)
    return keras.Model(image, keras.ops.sigmoid(x), name="super_resolution")


def diffusion(keras: ModuleType, side: Any = 32) -> Any:
    """Ho, Jain & Abbeel, DDPM (NeurIPS 2020), small: group normalisation, attention, and the time as a second input."""
    K = keras.layers
    image, time = keras.Input((side, side, 3), name="image"), keras.Input((1,), name="time")
    embedded = K.Dense(64, activation="silu")(K.Dense(32, activation="silu")(time))

    def residual(x: Any, filters: int) -> Any:
        shortcut = x if x.shape[-1] == filters else K.Conv2D(filters, 1)(x)
        x = K.Conv2D(filters, 3, padding="same")(K.Activation("silu")(K.GroupNormalization(8)(x)))
        x = K.Add()([x, K.Reshape((1, 1, filters))(K.Dense(filters)(embedded))])
        x = K.Conv2D(filters, 3, padding="same")(K.Activation("silu")(K.GroupNormalization(8)(x)))
        return K.Add()([x, shortcut])

    def attention(x: Any) -> Any:
        y = K.GroupNormalization(8)(x)
        return K.Add()([x, K.MultiHeadAttention(num_heads=2, key_dim=16)(y, y)])

    x = K.Conv2D(32, 3, padding="same")(image)
    skips = [x]
    for filters in (32, 64):
        x = residual(x, filters)
        skips.append(x)
        x = K.Conv2D(filters, 3, strides=2, padding="same")(x)
    x = residual(attention(residual(x, 64)), 64)
    for filters in (64, 32):
        x = K.Conv2D(filters, 3, padding="same")(K.UpSampling2D(2)(x))
        x = residual(K.Concatenate()([x, skips.pop()]), filters)
    x = K.Conv2D(3, 3, padding="same")(K.Activation("silu")(K.GroupNormalization(8)(x)))
    return keras.Model([image, time], x, name="diffusion")


def vision_transformer(keras: ModuleType, side: Any = 64) -> Any:
    """Dosovitskiy et al., ViT (ICLR 2021), small, without a table of positions: sequences and layer normalisation."""
    K = keras.layers
    image = keras.Input((side, side, 3))
    x = K.Conv2D(48, 8, strides=8)(image)
    x = K.Reshape((-1, 48))(x)
    for _ in range(2):
        y = K.LayerNormalization(epsilon=1e-6)(x)
        x = K.Add()([x, K.MultiHeadAttention(4, 12, dropout=0.1)(y, y)])
        y = K.Dense(96, activation="gelu")(K.LayerNormalization(epsilon=1e-6)(x))
        x = K.Add()([x, K.Dropout(0.1)(K.Dense(48)(y))])
    return keras.Model(
        image, K.Dense(10, activation="softmax")(K.GlobalAveragePooling1D()(x)), name="vit"
    )


def siamese(keras: ModuleType, side: Any = 32) -> Any:
    """One encoder for two images: shared weights, channels first, two inputs and two outputs."""
    K, first = keras.layers, {"data_format": "channels_first"}
    encoder = keras.Sequential(
        [
            keras.Input((3, side, side)),
            K.ZeroPadding2D(1, **first),
            K.Conv2D(16, 3, strides=2, **first),
            K.BatchNormalization(axis=1),
            K.DepthwiseConv2D(3, padding="same", depth_multiplier=2, activation="relu6", **first),
            K.MaxPooling2D(2, **first),
        ],
        name="encoder",
    )
    left, right = (
        keras.Input((3, side, side), name="left"),
        keras.Input((3, side, side), name="right"),
    )
    a, b = encoder(left), encoder(right)
    change = K.Conv2D(8, 3, padding="same", **first)(K.Concatenate(axis=1)([a, b]))
    last = K.Conv2D(1, 1, data_format="channels_last")(K.Permute((2, 3, 1))(change))
    alike = K.Dense(1)(K.Flatten()(K.GlobalMaxPooling2D(**first)(K.Subtract()([a, b]))))
    return keras.Model([left, right], [last, alike], name="siamese")


def convnext(keras: ModuleType, side: Any = 96) -> Any:
    """The smallest of the kind in keras.applications."""
    return keras.applications.ConvNeXtTiny(weights=None, input_shape=(side, side, 3), classes=10)


def scaled_branch(keras: ModuleType, side: Any = 32) -> Any:
    """The block of Inception-ResNet, with the layer that keras.applications has for it, behind two augmentations."""
    from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

    K = keras.layers
    image = keras.Input((side, side, 3))
    x = K.Conv2D(8, 3, padding="same")(K.RandomZoom(0.1)(K.RandomFlip()(image)))
    x = CustomScaleLayer(0.17)(
        [x, K.Conv2D(8, 1)(K.Conv2D(4, 3, padding="same", activation="relu")(x))]
    )
    return keras.Model(image, x, name="scaled_branch")


MODELS: dict[str, Build] = {
    "pix2pix": pix2pix,
    "classic, transposed": classic,
    "classic, upsampled": lambda keras: classic(keras, up="upsample"),
    "classic, valid": lambda keras: classic(keras, 572, padding="valid"),
    "attention U-Net": attention_unet,
    "U-Net++": nested_unet,
    "MobileNetV2 U-Net": mobilenet_unet,
    "ResNet50": resnet50,
    "EfficientNetB0": efficientnet,
    "DeepLabV3+": deeplab,
    "super-resolution": super_resolution,
    "diffusion": diffusion,
    "vision transformer": vision_transformer,
    "siamese": siamese,
    "ConvNeXt": convnext,
    "Inception-ResNet": scaled_branch,
}
