"""Networks as people write them in PyTorch, small in width; to be imported only where PyTorch is there."""

from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn import functional as fun


def conv(c: int, f: int, k: int = 3, act: Any = nn.ReLU, **more: Any) -> Any:
    """Convolution, batch normalisation, activation."""
    return nn.Sequential(
        nn.Conv2d(c, f, k, padding=k // 2, bias=False, **more), nn.BatchNorm2d(f), act()
    )


def double(c: int, f: int) -> Any:
    """The block of the classic U-Net, as of 2015: no normalisation."""
    return nn.Sequential(
        nn.Conv2d(c, f, 3, padding=1), nn.ReLU(), nn.Conv2d(f, f, 3, padding=1), nn.ReLU()
    )


class Pix2Pix(nn.Module):
    """The network of the question, five deep."""

    def __init__(self) -> None:
        super().__init__()
        widths = [3, 4, 8, 16, 32, 32]
        pairs = list(pairwise(widths))
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(c, f, 4, 2, 1), nn.BatchNorm2d(f), nn.LeakyReLU(0.2))
            for c, f in pairs
        )
        self.up = nn.ModuleList(
            nn.Sequential(
                nn.Upsample(scale_factor=2),
                nn.ZeroPad2d((1, 2, 1, 2)),
                nn.Conv2d(f if i == 4 else 2 * f, c, 4),
                nn.BatchNorm2d(c) if i else nn.Tanh(),
            )
            for i, (c, f) in reversed(list(enumerate(pairs)))
        )

    def forward(self, x: Any) -> Any:
        skips = []
        for down in self.down:
            x = down(x)
            skips.append(x)
        x = skips.pop()
        for up in self.up:
            x = up(x)
            x = torch.cat([x, skips.pop()], 1) if skips else x
        return x


class Classic(nn.Module):
    """Three ways to come up again: transposed, resized by a factor, resized to the skip's own size."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way, widths = way, [4, 8, 16]
        self.down = nn.ModuleList(double(c, f) for c, f in zip([1, 4, 8], widths, strict=True))
        kind = {
            "transposed": lambda f: nn.ConvTranspose2d(2 * f, f, 2, 2),
            "factor": lambda f: nn.Upsample(scale_factor=2),
        }
        self.grow = nn.ModuleList(kind[way](f) for f in (8, 4)) if way in kind else [None, None]
        entering = 2 if way == "transposed" else 3
        self.up = nn.ModuleList(double(entering * f, f) for f in (8, 4))
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, x: Any) -> Any:
        skips = []
        for i, down in enumerate(self.down):
            x = down(fun.max_pool2d(x, 2) if i else x)
            skips.append(x)
        x = skips.pop()
        for grow, up in zip(self.grow, self.up, strict=True):
            skip = skips.pop()
            x = (
                grow(x)
                if grow
                else fun.interpolate(x, size=skip.shape[2:], mode="bilinear", align_corners=False)
            )
            x = up(torch.cat([skip, x], 1))
        return self.head(x)


class Gated(nn.Module):
    """A skip that a gate weighs, as in attention U-Nets."""

    def __init__(self) -> None:
        super().__init__()
        self.top, self.low = double(3, 4), double(4, 8)
        self.of_skip, self.of_gate, self.psi = (
            nn.Conv2d(4, 4, 1),
            nn.Conv2d(8, 4, 1),
            nn.Conv2d(4, 1, 1),
        )
        self.up = double(12, 4)

    def forward(self, x: Any) -> Any:
        skip = self.top(x)
        low = fun.interpolate(self.low(fun.avg_pool2d(skip, 2)), scale_factor=2)
        gate = torch.sigmoid(self.psi(torch.relu(self.of_skip(skip) + self.of_gate(low))))
        return self.up(torch.cat([skip * gate, low], 1))


class PlusPlus(nn.Module):
    """Skips that are networks themselves, as in U-Net++."""

    def __init__(self) -> None:
        super().__init__()
        self.n00, self.n10, self.n20 = double(3, 4), double(4, 8), double(8, 16)
        self.n01, self.n11, self.n02 = double(12, 4), double(24, 8), double(16, 4)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)

    def forward(self, x: Any) -> Any:
        a = self.n00(x)
        b = self.n10(fun.max_pool2d(a, 2))
        c = self.n20(fun.max_pool2d(b, 2))
        a1, b1 = self.n01(torch.cat([a, self.up(b)], 1)), self.n11(torch.cat([b, self.up(c)], 1))
        return self.n02(torch.cat([a, a1, self.up(b1)], 1))


class Inverted(nn.Module):
    """MobileNetV2's block."""

    def __init__(self, c: int, f: int, stride: int) -> None:
        super().__init__()
        self.same = stride == 1 and c == f
        self.body = nn.Sequential(
            conv(c, 4 * c, 1, nn.ReLU6),
            conv(4 * c, 4 * c, 3, nn.ReLU6, groups=4 * c, stride=stride),
            conv(4 * c, f, 1, nn.Identity),
        )

    def forward(self, x: Any) -> Any:
        return x + self.body(x) if self.same else self.body(x)


class Bottleneck(nn.Module):
    """ResNet50's block."""

    def __init__(self, c: int, f: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(c, f, 1), conv(f, f, 3, stride=stride), conv(f, 4 * f, 1, nn.Identity)
        )
        self.past = conv(c, 4 * f, 1, nn.Identity, stride=stride)

    def forward(self, x: Any) -> Any:
        return torch.relu(self.body(x) + self.past(x))


class Squeezed(nn.Module):
    """EfficientNet's block: channels that are weighed by what a pooling saw of them."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.deep = conv(c, c, 5, nn.SiLU, groups=c)
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(c, c // 4, 1),
            nn.SiLU(),
            nn.Conv2d(c // 4, c, 1),
            nn.Sigmoid(),
        )
        self.out = conv(c, c, 1, nn.Identity)

    def forward(self, x: Any) -> Any:
        deep = self.deep(x)
        return x + self.out(deep * self.weigh(deep))


class Atrous(nn.Module):
    """DeepLab's pyramid: dilated convolutions beside a pooling of the whole image."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv(3, 8, stride=2), conv(8, 16, stride=2))
        self.arms = nn.ModuleList(nn.Conv2d(16, 8, 3, padding=r, dilation=r) for r in (1, 2, 4))
        self.whole = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(16, 8, 1), nn.ReLU())
        self.head = nn.Conv2d(32, 2, 1)

    def forward(self, x: Any) -> Any:
        low = self.stem(x)
        whole = self.whole(low).expand(-1, -1, low.shape[2], low.shape[3])
        y = self.head(torch.cat([*(arm(low) for arm in self.arms), whole], 1))
        return fun.interpolate(y, size=x.shape[2:], mode="bilinear", align_corners=False)


class Attending(nn.Module):
    """A block of a diffusion model: group normalisation, a convolution, attention between all pixels."""

    def __init__(self, c: int = 8, heads: int = 2) -> None:
        super().__init__()
        self.heads, self.norm, self.conv = heads, nn.GroupNorm(4, c), nn.Conv2d(c, c, 3, padding=1)
        self.qkv, self.out = nn.Linear(c, 3 * c), nn.Linear(c, c)

    def forward(self, x: Any) -> Any:
        x = x + self.conv(fun.silu(self.norm(x)))
        batch, c, height, width = x.shape
        rows = x.flatten(2).transpose(1, 2)
        q, k, v = (
            part.reshape(batch, -1, self.heads, c // self.heads).transpose(1, 2)
            for part in self.qkv(rows).chunk(3, -1)
        )
        seen = torch.softmax(q @ k.transpose(-1, -2) * (c // self.heads) ** -0.5, -1) @ v
        seen = self.out(seen.transpose(1, 2).reshape(batch, -1, c))
        return x + seen.transpose(1, 2).reshape(batch, c, height, width)


class Next(nn.Module):
    """ConvNeXt's block: channels last for a while, and a learned scale."""

    def __init__(self, c: int = 8) -> None:
        super().__init__()
        self.deep, self.norm = nn.Conv2d(c, c, 7, padding=3, groups=c), nn.LayerNorm(c)
        self.wide, self.narrow = nn.Linear(c, 4 * c), nn.Linear(4 * c, c)
        self.scale = nn.Parameter(torch.full((c,), 0.5))

    def forward(self, x: Any) -> Any:
        y = self.norm(self.deep(x).permute(0, 2, 3, 1))
        y = self.scale * self.narrow(fun.gelu(self.wide(y)))
        return x + y.permute(0, 3, 1, 2)


class Tokens(nn.Module):
    """A vision transformer with a class token, without a table of positions."""

    def __init__(self, c: int = 8) -> None:
        super().__init__()
        self.patches, self.token = nn.Conv2d(3, c, 8, 8), nn.Parameter(torch.zeros(1, 1, c))
        self.norm, self.qkv, self.head = nn.LayerNorm(c), nn.Linear(c, 3 * c), nn.Linear(c, 5)

    def forward(self, x: Any) -> Any:
        rows = self.patches(x).flatten(2).transpose(1, 2)
        rows = torch.cat([self.token.expand(x.shape[0], -1, -1), rows], 1)
        q, k, v = self.qkv(self.norm(rows)).chunk(3, -1)
        return self.head((rows + torch.softmax(q @ k.transpose(1, 2), -1) @ v)[:, 0])


class Reusing(nn.Module):
    """One kernel twice with other biases, one array in three parts, one resized."""

    def __init__(self) -> None:
        super().__init__()
        self.w, self.parts = (
            nn.Parameter(torch.zeros(8, 8, 3, 3)),
            nn.Parameter(torch.zeros(24, 8, 1, 1)),
        )
        self.a, self.b, self.places = (
            nn.Parameter(torch.zeros(*shape)) for shape in ((8,), (8,), (1, 8, 4, 4))
        )
        self.stem = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x: Any) -> Any:
        x = self.stem(x)
        x = x + fun.interpolate(self.places, size=x.shape[2:])
        x = fun.conv2d(fun.conv2d(x, self.w, self.a, padding=1), self.w, self.b, padding=1)
        return torch.cat([fun.conv2d(x, part) for part in self.parts.chunk(3)], 1)


class ThreePlus(nn.Module):
    """Each decoder sees all levels at its own size, as in UNet 3+: pooled from above, upsampled from below."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList([double(3, 4), double(4, 8), double(8, 16)])
        self.to_middle = nn.ModuleList([conv(c, 4) for c in (4, 8, 16)])
        self.to_top = nn.ModuleList([conv(c, 4) for c in (4, 12, 16)])
        self.middle, self.top, self.side = (
            conv(12, 12),
            conv(12, 12),
            nn.Conv2d(12, 2, 3, padding=1),
        )

    def forward(self, x: Any) -> Any:
        a = self.down[0](x)
        b = self.down[1](fun.max_pool2d(a, 2))
        c = self.down[2](fun.max_pool2d(b, 2))
        seen = (fun.max_pool2d(a, 2), b, self.like(c, b))
        b = self.middle(
            torch.cat([each(y) for each, y in zip(self.to_middle, seen, strict=True)], 1)
        )
        seen = (a, self.like(b, a), self.like(c, a))
        return self.side(
            self.top(torch.cat([each(y) for each, y in zip(self.to_top, seen, strict=True)], 1))
        )

    @staticmethod
    def like(x: Any, wanted: Any) -> Any:
        return fun.interpolate(x, size=wanted.shape[2:], mode="bilinear", align_corners=True)


class Nested(nn.Module):
    """U^2-Net's block: a U-Net with a dilated bottom, whose output is added to its input."""

    def __init__(self, c: int, f: int) -> None:
        super().__init__()
        self.into, self.one, self.two = conv(c, f), conv(f, 4), conv(4, 4)
        self.dilated = nn.Conv2d(4, 4, 3, padding=2, dilation=2)
        self.up_two, self.up_one = conv(8, 4), conv(8, f)

    def forward(self, x: Any) -> Any:
        x = self.into(x)
        one = self.one(x)
        two = self.two(fun.max_pool2d(one, 2, stride=2, ceil_mode=True))
        low = self.up_two(torch.cat([torch.relu(self.dilated(two)), two], 1))
        low = fun.interpolate(low, size=one.shape[2:], mode="bilinear")
        return self.up_one(torch.cat([low, one], 1)) + x


class Plain(nn.Module):
    """nnU-Net's plain 2-D network: strided convolutions down, transposed ones up, two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.top, self.low = self.stage(3, 4, 1), self.stage(4, 8, 2)
        self.bottom = self.stage(8, 16, 2)
        self.up_low, self.up_top = nn.ConvTranspose2d(16, 8, 2, 2), nn.ConvTranspose2d(8, 4, 2, 2)
        self.dec_low, self.dec_top = self.stage(16, 8, 1), self.stage(8, 4, 1)
        self.head_low, self.head_top = nn.Conv2d(8, 2, 1), nn.Conv2d(4, 2, 1)

    @staticmethod
    def stage(c: int, f: int, stride: int) -> Any:
        layers = []
        for seen, t in ((c, stride), (f, 1)):
            norm = nn.InstanceNorm2d(f, eps=1e-5, affine=True)
            layers += [nn.Conv2d(seen, f, 3, t, 1), norm, nn.LeakyReLU(0.01)]
        return nn.Sequential(*layers)

    def forward(self, x: Any) -> Any:
        a = self.top(x)
        b = self.low(a)
        low = self.dec_low(torch.cat([self.up_low(self.bottom(b)), b], 1))
        top = self.dec_top(torch.cat([self.up_top(low), a], 1))
        return self.head_top(top), self.head_low(low)


class Windows(nn.Module):
    """SwinIR's block: attention inside windows of a map that is rolled, then a transposing of pixels into space."""

    def __init__(self, c: int = 8, window: int = 4) -> None:
        super().__init__()
        self.window, self.stem, self.norm = window, nn.Conv2d(3, c, 3, padding=1), nn.LayerNorm(c)
        self.qkv, self.out = nn.Linear(c, 3 * c), nn.Linear(c, c)
        self.bias = nn.Parameter(torch.zeros(window**2, window**2))
        self.wide, self.narrow = nn.Linear(c, 2 * c), nn.Linear(2 * c, c)
        self.last = nn.Sequential(nn.Conv2d(c, 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, x: Any) -> Any:
        x = self.stem(x)
        batch, c, height, width = x.shape
        w = self.window
        x = x.permute(0, 2, 3, 1)
        seen = torch.roll(self.norm(x), (-2, -2), (1, 2))
        seen = seen.reshape(batch, height // w, w, width // w, w, c).transpose(2, 3)
        q, k, v = self.qkv(seen.reshape(-1, w * w, c)).chunk(3, -1)
        seen = self.out(torch.softmax(q @ k.transpose(1, 2) + self.bias, -1) @ v)
        seen = seen.reshape(batch, height // w, width // w, w, w, c).transpose(2, 3)
        x = x + torch.roll(seen.reshape(batch, height, width, c), (2, 2), (1, 2))
        x = x + self.narrow(fun.gelu(self.wide(x)))
        return self.last(x.permute(0, 3, 1, 2))


MODELS: dict[str, Any] = {
    "pix2pix": Pix2Pix,
    "classic, transposed": lambda: Classic("transposed"),
    "classic, by a factor": lambda: Classic("factor"),
    "classic, to a size": lambda: Classic("size"),
    "attention gate": Gated,
    "U-Net++": PlusPlus,
    "UNet 3+": ThreePlus,
    "U^2-Net": lambda: nn.Sequential(Nested(3, 4), Nested(4, 2)),
    "nnU-Net": Plain,
    "SwinIR": Windows,
    "MobileNetV2": lambda: nn.Sequential(
        conv(3, 8, stride=2), Inverted(8, 8, 1), Inverted(8, 12, 2)
    ),
    "ResNet50": lambda: nn.Sequential(
        conv(3, 8, 7, stride=2),
        nn.MaxPool2d(3, 2, 1),
        Bottleneck(8, 4, 1),
        Bottleneck(16, 8, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 10),
    ),
    "EfficientNet": lambda: nn.Sequential(conv(3, 8, act=nn.SiLU, stride=2), Squeezed(8)),
    "DeepLab": Atrous,
    "super-resolution": lambda: nn.Sequential(
        nn.Conv2d(3, 8, 5, padding=2),
        nn.PReLU(8),
        nn.Conv2d(8, 12, 3, padding=1),
        nn.PixelShuffle(2),
    ),
    "diffusion": lambda: nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), Attending(), nn.Upsample(scale_factor=2)
    ),
    "short kernels": lambda: nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.ConvTranspose2d(4, 4, 1, 2),
        nn.ConvTranspose2d(4, 5, 2, 3),
        nn.Conv2d(5, 2, 3),
    ),
    "weights used again": Reusing,
    "class token": Tokens,
    "ConvNeXt": lambda: nn.Sequential(
        nn.Conv2d(3, 8, 4, 4), Next(), nn.InstanceNorm2d(8, affine=True)
    ),
}


def folded(model: Any) -> int:
    """Parameters that are none in a file whose exporter put each batch normalisation into the convolution before it."""
    found, before = 0, None
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            found += module.num_features * (1 if before.bias is None else 2)
        before = module if isinstance(module, nn.Conv2d) else before
    return found
