"""Each tool's own way to be asked: a network of ours in, the total that the tool prints out.

    python -m benchmarks.tools.meters fvcore       # the asker's network
    python -m benchmarks.tools.meters fvcore all   # every case of tools/tool_cases.py

The networks are written in PyTorch, in ONNX or in Keras, as the tool wants them.  A function imports its tool inside,
since no two need be installed together.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import sys
import types
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

from tools.tool_cases import CASES
from unet_complexity import Network

Meter = Callable[[Network], int]
METERS: dict[str, Meter] = {}
KERAS = {  # which backend Keras runs on for them
    "keras count_params": "jax",
    "jax Lowered.cost_analysis": "jax",
    "tensorflow profiler float_operation": "tensorflow",
}
CARRIES_OVER = {
    "calflops"
}  # after an error it counts the next model too often: a fresh process each time


def meter(name: str) -> Callable[[Meter], Meter]:
    def keep(function: Meter) -> Meter:
        METERS[name] = function
        return function

    return keep


@meter("keras count_params")
def keras(network: Network) -> int:
    from benchmarks.tools.in_keras import model

    return model(network).count_params()


@meter("jax Lowered.cost_analysis")
def jax(network: Network) -> int:
    from benchmarks.tools.in_keras import jax_flops

    return jax_flops(network)


@meter("tensorflow profiler float_operation")
def tensorflow(network: Network) -> int:
    from benchmarks.tools.in_keras import tensorflow_flops

    return tensorflow_flops(network)


def torch_model(network: Network) -> tuple[Any, Any]:
    from benchmarks.tools.in_torch import InTorch, image

    return InTorch(network), image(network)


def chw(network: Network) -> tuple[int, int, int]:
    return network.input.channels, network.input.height, network.input.width


@meter("torch FlopCounterMode")
def torch_flop_counter(network: Network) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    model, x = torch_model(network)
    with FlopCounterMode(display=False) as counter:
        model(x)
    return counter.get_total_flops()


@meter("fvcore")
def fvcore(network: Network) -> int:
    from fvcore.nn import FlopCountAnalysis

    return FlopCountAnalysis(*torch_model(network)).total()


@meter("mmengine")
def mmengine(network: Network) -> int:
    from mmengine.analysis import get_model_complexity_info

    return get_model_complexity_info(
        torch_model(network)[0], chw(network), show_table=False, show_arch=False
    )["flops"]


@meter("thop")
@meter("ultralytics-thop")
def thop(network: Network) -> int:
    from thop import profile

    model, x = torch_model(network)
    return profile(model, inputs=(x,), verbose=False)[0]


def ptflops(network: Network, backend: str) -> int:
    from ptflops import get_model_complexity_info

    wanted = {"as_strings": False, "print_per_layer_stat": False, "backend": backend}
    return get_model_complexity_info(torch_model(network)[0], chw(network), **wanted)[0]


@meter("ptflops (pytorch backend)")
def ptflops_pytorch(network: Network) -> int:
    return ptflops(network, "pytorch")


@meter("ptflops (aten backend)")
def ptflops_aten(network: Network) -> int:
    return ptflops(network, "aten")


@meter("torchinfo")
def torchinfo(network: Network) -> int:
    from torchinfo import summary

    return summary(torch_model(network)[0], (1, *chw(network)), verbose=0).total_mult_adds


@meter("calflops")
def calflops(network: Network) -> int:
    from calflops import calculate_flops

    wanted = {"output_as_string": False, "print_results": False, "print_detailed": False}
    return calculate_flops(torch_model(network)[0], (1, *chw(network)), **wanted)[0]


@meter("deepspeed")
def deepspeed(network: Network) -> int:
    from deepspeed.profiling.flops_profiler import get_model_profile

    wanted = {"as_string": False, "print_profile": False, "detailed": False, "warm_up": 0}
    return get_model_profile(torch_model(network)[0], (1, *chw(network)), **wanted)[0]


@meter("torchprofile")
def torchprofile(network: Network) -> int:
    from torchprofile import profile_macs

    return profile_macs(*torch_model(network))


@meter("flopth")
def flopth(network: Network) -> int:
    stand_in_for_torchvision()
    from flopth import flopth as ask

    return ask(torch_model(network)[0], in_size=[list(chw(network))], bare_number=True)[0]


@meter("flopco-pytorch")
def flopco(network: Network) -> int:
    from flopco import FlopCo

    return FlopCo(torch_model(network)[0], img_size=(1, *chw(network))).total_flops


@meter("moduleprofiler")
def moduleprofiler(network: Network) -> int:
    from moduleprofiler import ModuleProfiler

    ops = ModuleProfiler(verbose=False).estimate_ops(*torch_model(network))
    return sum(entry["ops"] or 0 for entry in ops.values())


@meter("torchlens")
def torchlens(network: Network) -> int:
    import torchlens as tl

    ask = getattr(tl, "trace", None) or tl.log_forward_pass
    return int(ask(*torch_model(network)).total_flops_forward)


@meter("floppy-tracker")
def floppy(network: Network) -> int:
    from floppy.core import Tracker

    model, x = torch_model(network)
    with Tracker(model) as tracker:
        model(x)
    return tracker.total_model_forward_flop


@meter("onnx-tool")
def onnx_tool(network: Network) -> int:
    import onnx_tool

    from benchmarks.tools.in_onnx import in_onnx

    graph = onnx_tool.Model(in_onnx(network), {"verbose": False}).graph
    graph.shape_infer()
    graph.profile()
    return graph.macs[0]


def measure(name: str, network: Network) -> int:
    """What the tool prints for the network, as an exact integer."""
    with contextlib.redirect_stdout(io.StringIO()):
        total = METERS[name](network)
    if total != int(total):
        raise ValueError(f"{name} printed {total}, which is not whole")
    return int(total)


def stand_in_for_torchvision() -> None:
    """flopth imports torchvision to know its models by name; there is not always a build of it for a CPU."""
    if "torchvision" not in sys.modules and importlib.util.find_spec("torchvision") is None:
        for name in ("torchvision.models", "torchvision"):
            sys.modules[name] = types.ModuleType(name)
        sys.modules["torchvision"].models = sys.modules["torchvision.models"]


def answer(name: str, network: Network) -> int | str:
    """The total, or why there is none: some tools stop at some layers."""
    try:
        return measure(name, network)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def answers(name: str) -> dict[str, int | str]:
    """All cases of the tests."""
    if name not in CARRIES_OVER:
        return {case: answer(name, network) for case, network in CASES.items()}
    with get_context("fork").Pool(1, maxtasksperchild=1) as fresh:
        return {case: fresh.apply(answer, (name, network)) for case, network in CASES.items()}


if __name__ == "__main__":
    tool, *which = sys.argv[1:]
    print(json.dumps(answers(tool) if which == ["all"] else answer(tool, CASES["asked"])))
