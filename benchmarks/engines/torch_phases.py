"""UpSampling2D and Conv2D collapsed in PyTorch: a module for each arrangement, made from the trained convolution."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from benchmarks.engines.merged import MERGED, PHASES, TRANSPOSED, merged_kernel
from unet_complexity import Network, UpSampling2D
from unet_complexity.phases import phase_kernels, same_front, summed_taps


class Phases(nn.Module):
    """Each phase convolves the small map, which is padded once for all of them, and fills its own pixels."""

    def __init__(self, kernel: Any, bias: Any, size: int) -> None:
        super().__init__()
        self.size, self.bias = size, bias
        phases = phase_kernels(kernel, size)
        self.places = [(phase.row, phase.column, *phase.first) for phase in phases]
        self.before = -min(first for phase in phases for first in phase.first)
        self.after = max(phase.first[0] + phase.kernel.shape[0] for phase in phases) - 1
        self.kernels = nn.ParameterList(as_torch(phase.kernel) for phase in phases)

    def forward(self, x: Any) -> Any:
        (n, _, h, w), s = x.shape, self.size
        last = x.is_contiguous(memory_format=torch.channels_last)
        layout = torch.channels_last if last else torch.contiguous_format
        out = torch.empty(n, len(self.bias), s * h, s * w, memory_format=layout)
        padded = functional.pad(x, (self.before, self.after) * 2)
        for (p, q, row, column), kernel in zip(self.places, self.kernels, strict=True):
            y = functional.conv2d(padded, kernel, self.bias)
            top, left = row + self.before, column + self.before
            out[:, :, p::s, q::s] = y[:, :, top : top + h, left : left + w]
        return out


class Transposed(nn.Module):
    """One transposed convolution with the mirrored kernel of summed taps; what it has too much is cut off."""

    def __init__(self, kernel: Any, bias: Any, size: int) -> None:
        super().__init__()
        self.size, self.bias, self.cut = size, bias, kernel.shape[0] - 1 - same_front(kernel)[0]
        self.kernel = nn.Parameter(
            as_torch(summed_taps(kernel, size)[::-1, ::-1]).transpose(0, 1).contiguous()
        )

    def forward(self, x: Any) -> Any:
        h, w = (self.size * side for side in x.shape[2:])
        y = functional.conv_transpose2d(x, self.kernel, self.bias, self.size)
        return y[:, :, self.cut : self.cut + h, self.cut : self.cut + w]


class Merged(nn.Module):
    """One convolution with s^2 f filters, then PixelShuffle."""

    def __init__(self, kernel: Any, bias: Any, size: int) -> None:
        super().__init__()
        whole, first = merged_kernel(kernel, size)
        self.size, self.pads = size, (-first, whole.shape[0] - 1 + first) * 2
        flat = whole.transpose(0, 1, 2, 5, 3, 4).reshape(*whole.shape[:3], -1)
        self.kernel, self.bias = (
            nn.Parameter(as_torch(flat)),
            nn.Parameter(bias.repeat_interleave(size**2)),
        )

    def forward(self, x: Any) -> Any:
        same = self.pads[0] == self.pads[1]
        x = x if same else functional.pad(x, self.pads)
        y = functional.conv2d(x, self.kernel, self.bias, padding=self.pads[0] if same else 0)
        return functional.pixel_shuffle(y, self.size)


WAYS = {PHASES: Phases, TRANSPOSED: Transposed, MERGED: Merged}


def as_torch(kernel: Any) -> Any:
    """Filters and channels first."""
    return torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy()).float()


def collapsed(written: Any, network: Network, choose: Callable[..., str]) -> Any:
    """A copy of an InTorch model, blocks arranged as ``choose(channels, filters, kernel, size, pixels)`` says."""
    model, steps = copy.deepcopy(written), list(network)
    for i, (up, conv) in enumerate(pairwise(steps)):
        if not isinstance(up.layer, UpSampling2D):
            continue
        x, layer = up.inputs[0], conv.layer
        way = choose(
            x.channels, layer.filters, layer.kernel_size, up.layer.size, x.height * x.width
        )
        if way in WAYS:
            trained = next(
                part for part in written.layers[i + 1].modules() if isinstance(part, nn.Conv2d)
            )
            kernel = trained.weight.detach().numpy().transpose(2, 3, 1, 0)
            model.layers[i] = nn.Identity()
            model.layers[i + 1] = WAYS[way](
                kernel, nn.Parameter(trained.bias.detach()), up.layer.size[0]
            )
    return model
