"""The explorers' arithmetic: the package's own expressions, printed as JavaScript.

A count exists once, in the layers and networks.  Here it is asked for with letters, and SymPy writes what it
answers as JavaScript functions, which become part of an explorer's module text.  Where a count rounds, as the
stops of a strided window do, the package's integers are tabulated instead: letters are taken to fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import sympy as sp
from sympy.printing.jscode import JavascriptCodePrinter

from unet_complexity import escaping
from unet_complexity.closed_form import tidy
from unet_complexity.cost import Cost, Tensor
from unet_complexity.engineering.roofline import Kernel, Machine, roofline
from unet_complexity.layers import Conv2D, Conv2DTranspose, Convolution, PhaseConv2D, UpSampling2D
from unet_complexity.layers.windows import same_padding
from unet_complexity.networks import Network
from unet_complexity.symbols import C_in, C_out, L, N, as_expr, b, c, f, g, k, m, n, q, s, t
from unet_complexity.unets import classic_unet, pix2pix_unet

Table = dict[str, Any]  # plain numbers by name
Formulas = dict[str, Any]  # expressions, and lists or dictionaries of them

s_h, s_w = sp.symbols("s_h s_w", integer=True, positive=True)
UNIT = Machine("any", 1, 1)  # whose seconds are the counts
SIDES, KERNELS, STRIDES, DILATIONS = range(3, 13), range(1, 6), range(1, 4), range(1, 3)


class _Printer(JavascriptCodePrinter):
    """Doubles are exact up to 2**53 as long as no step leaves the whole numbers: multiply first, divide last."""

    def _print_Mul(self, expr: sp.Mul) -> str:
        above, below = expr.as_numer_denom()
        if below != 1:
            return f"({self._print(above)})/({self._print(below)})"
        return "*".join(self.parenthesize(factor, 50) for factor in expr.args)

    def _print_Pow(self, expr: sp.Pow) -> str:
        base, exponent = expr.as_base_exp()
        if exponent.is_Integer and exponent > 0:
            return "(" + "*".join([self.parenthesize(base, 50)] * int(exponent)) + ")"
        return f"Math.pow({self._print(base)}, {self._print(exponent)})"

    def _print_Rational(self, expr: sp.Rational) -> str:
        return f"({expr.p}/{expr.q})"


def javascript(formulas: Any) -> str:
    """Formulas as one JavaScript value; an expression becomes a function of an object that holds its letters.

    >>> javascript({"writes": 4 * c * n**2})
    '{"writes": ({c, n}) => 4*c*(n*n)}'
    """
    if isinstance(formulas, Mapping):
        return "{" + ", ".join(f"{escaping.javascript(key)}: {javascript(one)}" for key, one in formulas.items()) + "}"
    if isinstance(formulas, (list, tuple)):
        return "[" + ",".join(map(javascript, formulas)) + "]"
    if isinstance(formulas, str):
        return escaping.javascript(formulas)
    expr = as_expr(formulas)
    letters = ", ".join(sorted(map(str, expr.free_symbols)))
    return f"({{{letters}}}) => {_Printer().doprint(expr)}"


def window_formulas() -> Formulas:
    """Of a square map whose side the stride divides, since MACs are counted on the m x m output."""
    return {
        "macs": Conv2D(f, k, strides=t).cost(Tensor(t * m, t * m, c)).macs,
        "tap": Conv2D(f, 1).cost(Tensor(1, 1, c)).macs,
    }


def window_table() -> dict[str, list[int]]:
    """What rounds: "padding,side,kernel,stride,dilation" -> stops per axis, zeros in front, taps in bounds (both axes).

    >>> window_table()["same,6,3,1,1"]
    [6, 1, 256]
    """
    rows = {}
    for padding in ("same", "valid"):
        for side, size, stride, dilation in _window_sizes(padding):
            conv, x = Conv2D(1, size, stride, padding, dilation), Tensor(side, side, 1)
            front = same_padding(side, size, stride, dilation)[0] if padding == "same" else 0
            key = f"{padding},{side},{size},{stride},{dilation}"
            rows[key] = [int(conv.output(x).height), int(front), int(conv.cost(x).macs_in_bounds)]
    return rows


def _window_sizes(padding: str) -> list[tuple[int, int, int, int]]:
    return [
        (side, size, stride, dilation)
        for side in SIDES
        for size in KERNELS
        for stride in STRIDES
        for dilation in DILATIONS
        if (stride == 1 or dilation == 1) and (padding == "same" or (size - 1) * dilation < side)
    ]


def repeat_formulas() -> Formulas:
    """Of UpSampling2D on an n x n map, of the convolution behind it, and what the accepted answer says instead."""
    x, up = Tensor(n, n, c), UpSampling2D((s_h, s_w))
    cost = up.cost(x)
    return {
        "reads": cost.reads,
        "rows": UpSampling2D((s_h, 1)).cost(x).writes,
        "writes": cost.writes,
        "next": Conv2D(f, k).cost(up.output(x)).macs,
        "answer": c * n,
        "operations": {name: UpSampling2D((s_h, s_w), name).cost(x).elementwise for name in ("nearest", "bilinear")},
    }


def block_ways(x: Tensor, filters: Any, kernel_size: Any, factor: Any) -> dict[str, Cost]:
    """Four ways from a map to one ``factor`` times as large: what their convolutions cost."""
    return {
        "written": Conv2D(filters, kernel_size).cost(UpSampling2D(factor).output(x)),
        "phased": PhaseConv2D(filters, kernel_size, factor).cost(x),
        "transposed": Conv2DTranspose(filters, kernel_size, factor).cost(x),
        "shuffled": Conv2D(factor**2 * filters, kernel_size).cost(x),
    }


def block_formulas() -> Formulas:
    """MACs and parameters of each way, and the MACs per pixel of the input, channel and filter."""
    ways = block_ways(Tensor(n, n, c), f, k, s)
    return {
        "macs": {name: cost.macs for name, cost in ways.items()},
        "params": {name: cost.params for name, cost in ways.items()},
        "each": {name: cost.macs / (n**2 * c * f) for name, cost in ways.items()},
    }


def block_table() -> Table:
    """Zeros that 'same' pads in front of an axis, for every kernel: what rounds."""
    return {"front": {str(size): int(same_padding(100, size, 1)[0]) for size in range(1, 8)}}


@cache
def unets() -> dict[str, Network]:
    """The U-Nets that explorers draw, with every size a letter."""
    sizes = {"in_channels": C_in, "base_filters": g, "kernel_size": k, "depth": L}
    return {
        "classic transpose": classic_unet(classes=C_out, up="transpose", **sizes),
        "classic upsample": classic_unet(classes=C_out, up="upsample", **sizes),
        "pix2pix capped": pix2pix_unet(out_channels=C_out, doublings=q, **sizes),
        "pix2pix rising": pix2pix_unet(out_channels=C_out, doublings=None, **sizes),
    }


def levels_formulas() -> Formulas:
    """Of each block of a U-Net with every size a letter, the level l too: first and last level, and its costs."""
    return {name: _blocks(net) for name, net in unets().items()}


def growth_formulas() -> Formulas:
    """The same U-Nets, and one convolution."""
    chosen = {name: blocks for name, blocks in levels_formulas().items() if name != "classic upsample"}
    return {"unets": chosen, "convolution": counts_of_convolution(Tensor(N, N, C_in), g, k)}


@cache
def roofline_formulas() -> Formulas:
    """Of each network and way to run it the kernels: FLOPs of a batch, and the elements that it moves."""
    networks = {"pix2pix": pix2pix_unet(N, 3, base_filters=g), "classic": classic_unet(N, base_filters=g)}
    ways = {"one by one": False, "fused": True}
    return {
        name: {way: [_kernel(one) for one in roofline(net, UNIT, 1, b, fused)] for way, fused in ways.items()}
        for name, net in networks.items()
    }


def _kernel(kernel: Kernel) -> Formulas:
    return {"name": kernel.name, "flops": tidy(kernel.flops), "moved": tidy(kernel.bytes)}


def counts_of_network(net: Network) -> dict[str, int]:
    """Parameters and MACs of all layers, and elements of all convolution outputs."""
    cost = net.total()
    return {"params": cost.params, "macs": cost.macs, "memory": net.only(Convolution).total().writes}


def counts_of_convolution(x: Tensor, filters: Any, kernel_size: Any) -> dict[str, Any]:
    """The same of one convolution that keeps the side."""
    conv = Conv2D(filters, kernel_size)
    cost = conv.cost(x)
    return {"params": cost.params, "macs": cost.macs, "memory": conv.output(x).size}


def _blocks(net: Network) -> list[Formulas]:
    return [_block(block) for block in net.groups("block").values()]


def _block(net: Network) -> Formulas:
    """A block's costs on one level: what its layers cost, before they are summed over a span."""
    first = net.steps[0]
    costs = [step.layer.cost(*step.inputs) for step in net]
    convolutions = [step for step in net if isinstance(step.layer, Convolution)]
    return {
        "part": first.part,
        "first": first.span.first if first.span else first.level,
        "last": first.span.last if first.span else first.level,
        "side": convolutions[-1].output.height,
        "filters": convolutions[-1].output.channels,
        "params": tidy(sum(cost.params for cost in costs)),
        "macs": tidy(sum(cost.macs for cost in costs)),
        "memory": tidy(sum(step.output.size for step in convolutions)),
    }
