"""What PyTorch's two exporters write of its own modules, counted in letters = what PyTorch's FlopCounterMode counts."""

from __future__ import annotations

import io
import warnings
from types import ModuleType
from typing import Any

import onnx
import pytest

from unet_complexity.engineering import from_onnx
from unet_complexity.symbols import N

SIDE = 64
UNSEEN = (352, 41)  # sides at which no formula is fitted: a multiple of 32, and a prime
TIED = (
    "pix2pix",
    "classic, transposed",
    "classic, by a factor",
    "attention gate",
    "U-Net++",
    "nnU-Net",
    "SwinIR",
)  # to even sides
NAMES = (
    "pix2pix",
    "classic, transposed",
    "classic, by a factor",
    "classic, to a size",
    "attention gate",
    "U-Net++",
    "UNet 3+",
    "U^2-Net",
    "nnU-Net",
    "SwinIR",
    "MobileNetV2",
    "ResNet50",
    "EfficientNet",
    "DeepLab",
    "super-resolution",
    "diffusion",
    "short kernels",
    "weights used again",
    "class token",
    "ConvNeXt",
)


def made(torch: ModuleType, name: str) -> tuple[Any, Any]:
    """The module and an image.  All arrays are random, since an exporter keeps one of two that are equal."""
    from tests.twins.torch_models import MODELS

    torch.manual_seed(0)
    model = MODELS[name]().eval()
    model.requires_grad_(False)  # the exporter would trace gradients as well
    for array in (*model.parameters(), *model.buffers()):
        if array.is_floating_point():
            array.uniform_(0.5, 1.5)
    return model, torch.zeros(1, 1 if name.startswith("classic") else 3, SIDE, SIDE)


def exported(torch: ModuleType, model: Any, x: Any, dynamo: bool) -> onnx.ModelProto:
    """As the documentation of :func:`from_onnx` says, with rows and columns free."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # the older way says that it is the older one, the newer has its own
        if dynamo:
            free = torch.export.Dim.DYNAMIC
            shapes = ({2: free, 3: free},)
            return torch.onnx.export(
                model, (x,), dynamo=True, dynamic_shapes=shapes, verbose=False
            ).model_proto
        file = io.BytesIO()
        free = {"x": {2: "height", 3: "width"}}
        torch.onnx.export(model, x, file, input_names=["x"], dynamic_axes=free, dynamo=False)
    return onnx.ModelProto.FromString(file.getvalue())


def test_all_models_are_asked_for(torch):
    from tests.twins.torch_models import MODELS

    assert tuple(MODELS) == NAMES


@pytest.mark.parametrize("dynamo", [False, True], ids=["dynamo=False", "dynamo=True"])
@pytest.mark.parametrize("name", NAMES)
def test_macs_in_letters_are_what_pytorch_counts_and_params_what_it_has(name, dynamo, torch):
    from torch.utils.flop_counter import FlopCounterMode

    from tests.twins.torch_models import folded

    def flops(side: int) -> int:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            meta(torch.zeros(1, x.shape[1], side, side, device="meta"))
        return counter.get_total_flops()

    model, x = made(torch, name)
    file = exported(torch, model, x, dynamo)
    meta = model.to("meta")
    total = from_onnx(file, side=N).total()
    assert total.macs.free_symbols == {N}
    assert 2 * total.at(N=SIDE).macs == flops(SIDE)
    assert total.params == sum(p.numel() for p in model.parameters()) - folded(model)
    for side in UNSEEN if name not in TIED else UNSEEN[:1]:
        assert 2 * from_onnx(file, side=side).total().macs == flops(side)
    assert 2 * total.at(N=UNSEEN[0]).macs == flops(UNSEEN[0])
