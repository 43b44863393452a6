r"""From counts to seconds: a machine can be no faster than its arithmetic and its memory let it.

What runs at one go is a :class:`Kernel`.  On a :class:`Machine` it takes at least

$$\text{seconds} = \max\left(\frac{\text{FLOPs}}{\text{peak FLOP/s}},\ \frac{\text{bytes}}{\text{bytes/s}}\right),$$

so its FLOPs per byte, the *arithmetic intensity*, decide which of the two binds: arithmetic above the machine's
*ridge*, memory below it.  Williams, Waterman and Patterson, "Roofline: An Insightful Visual Performance Model for
Multicore Architectures" (CACM 52(4), 2009), who say operational intensity.

The model of what is moved, for FLOPs and elements as :mod:`unet_complexity.cost` counts them:

- **Nothing fused**: each step is a kernel; it reads its inputs and its params, and writes its output.
- **Fused**: a step that only copies (nearest upsampling, concatenation, padding, cropping, dropout) writes nothing,
  unless it is the last; who reads it reads what it copies from.  An elementwise step (activation, normalisation,
  addition) on what a kernel has just computed belongs to that kernel.  Everything else (convolution, pooling,
  blending) begins a kernel.  A kernel reads each map that others wrote once, and writes what others read.
- A batch repeats the maps and the FLOPs; params are read once.  No cache keeps a map between two kernels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy as sp

from unet_complexity.cost import bytes_of
from unet_complexity.escaping import plain
from unet_complexity.memory import at_least, wired
from unet_complexity.networks import Network, Step, grouped
from unet_complexity.symbols import Size, as_size, exact

if TYPE_CHECKING:
    from unet_complexity.tables import Table

Seconds = Any  # a float where all sizes are numbers, else an expression


@dataclass(frozen=True)
class Machine:
    """``flops_per_second`` at the peak, ``bytes_per_second`` to and from memory, and who says so.

    >>> MACHINES["NVIDIA T4"].ridge
    25.3125
    """

    name: str
    flops_per_second: Size
    bytes_per_second: Size
    source: str = ""

    def __post_init__(self) -> None:
        for rate in ("flops_per_second", "bytes_per_second"):
            object.__setattr__(self, rate, as_size(getattr(self, rate), rate))

    @property
    def ridge(self) -> Any:
        """FLOPs per byte from which on arithmetic binds."""
        return self.flops_per_second / self.bytes_per_second

    def __str__(self) -> str:
        return f"{self.name} ({self.flops_per_second / 10**9:,g} GFLOP/s, {self.bytes_per_second / 10**9:,g} GB/s)"


_SHEET = "the maker's data sheet: float32 without tensor cores, peak memory bandwidth"
MACHINES = {
    machine.name: machine
    for machine in (
        Machine("AMD Opteron X2 2214", 17_600_000_000, 15_000_000_000, "Williams et al. 2009, figure 1: float64"),
        Machine("NVIDIA T4", 8_100_000_000_000, 320_000_000_000, _SHEET),
        Machine("NVIDIA H100 SXM", 67_000_000_000_000, 3_350_000_000_000, _SHEET),
    )
}


@dataclass(frozen=True)
class Kernel:
    """Steps that run at one go, what they calculate and move for a whole batch, and the least time on a machine."""

    steps: tuple[Step, ...]
    flops: Size
    bytes: Size
    machine: Machine

    @property
    def name(self) -> str:
        """The names of its steps."""
        return " + ".join(step.name for step in self.steps)

    @property
    def intensity(self) -> Any:
        """FLOPs per byte; 0 for a copy."""
        return self.flops / self.bytes if self.bytes else 0

    @property
    def compute_seconds(self) -> Seconds:
        """What the arithmetic takes at the peak."""
        return self.flops / self.machine.flops_per_second

    @property
    def memory_seconds(self) -> Seconds:
        """What moving the bytes takes."""
        return self.bytes / self.machine.bytes_per_second

    @property
    def seconds(self) -> Seconds:
        """The longer of the two: it takes no less."""
        longest = {"compute": self.compute_seconds, "memory": self.memory_seconds}
        return longest[self._bound] if self._bound else sp.Max(*longest.values(), evaluate=False)

    @property
    def bound(self) -> str:
        """What binds: "compute" or "memory".  ValueError where it depends on what letters stand for."""
        if not self._bound:
            raise ValueError(
                f"what binds {self.name} depends on its letters, got {self.intensity} FLOPs per byte and a ridge of "
                f"{self.machine.ridge}; give more numbers"
            )
        return self._bound

    @cached_property
    def _bound(self) -> str:
        compute, memory = self.compute_seconds, self.memory_seconds
        return "compute" if at_least(compute, memory) else "memory" if at_least(memory, compute) else ""


@dataclass(frozen=True, repr=False)
class Roofline:
    """The kernels of a network on a machine, in running order.  ``setting`` says batch, type, and whether fused."""

    network: Network
    machine: Machine
    kernels: tuple[Kernel, ...]
    setting: str

    @property
    def seconds(self) -> Seconds:
        """At least so many, since one kernel runs after the other."""
        return sum(kernel.seconds for kernel in self)

    def table(self, by: str = "layer") -> Table:
        """What is calculated and moved, for how long at least, and what binds: a row per "layer" (that is, kernel),
        "block", "level" or "part".  A kernel counts where its last step belongs.  ValueError where sizes are letters.
        """
        from unet_complexity.tables import Table

        if not isinstance(self.seconds, float):
            raise ValueError(
                f"a table of seconds needs numbers, got {self.network.heading}; give net.at(...) its sizes"
            )
        groups = grouped(self.kernels, by, lambda kernel: kernel.steps[-1])
        rows = [(ks[0].name if by == "layer" else str(name), *_together(ks)) for name, ks in groups.items()]
        title = f"{self.network.heading}, {self.setting}, on {self.machine}"
        header = ("kernel" if by == "layer" else by, "bound by", "FLOPs", "bytes", "at least, µs")
        return Table(title, header, tuple(rows), ("total", *_together(self.kernels)), self.network.missing)

    def __iter__(self) -> Iterator[Kernel]:
        return iter(self.kernels)

    def __str__(self) -> str:
        return str(self.table()) if isinstance(self.seconds, float) else repr(self)

    def _repr_html_(self) -> str | None:
        return self.table()._repr_html_() if isinstance(self.seconds, float) else None

    def __repr__(self) -> str:
        where = plain(f"{self.network.name} on {self.machine.name}")
        return f"<{where}: {len(self.kernels)} kernels, at least {self.seconds} s>"


def _together(kernels: Sequence[Kernel]) -> tuple[str, Size, Size, float]:
    """What binds, and where that is both, for which share of the time; FLOPs, bytes, microseconds."""
    times = {bound: sum(k.seconds for k in kernels if k.bound == bound) for bound in ("compute", "memory")}
    whole = sum(times.values())
    bounds = [f"{bound} {time / whole:.1%}" if time < whole else bound for bound, time in times.items() if time]
    return ", ".join(bounds), sum(k.flops for k in kernels), sum(k.bytes for k in kernels), 1e6 * whole


def roofline(
    network: Network, machine: Machine, dtype: str | Size = "float32", batch: Size = 1, fused: bool = False
) -> Roofline:
    """The least time that each kernel of ``network`` takes on ``machine``.

    ``dtype``: a name, or bytes per element as a number or letter.  ``fused``: ValueError where the depth is a letter
    and for a part of a network, since it must be known who reads what.  TypeError for a machine that is only a name.

    >>> from unet_complexity import pix2pix_unet
    >>> asked, gpu = pix2pix_unet(side=256, in_channels=3), MACHINES["NVIDIA T4"]
    >>> [round(1000 * roofline(asked, gpu, fused=fused).seconds, 2) for fused in (False, True)]
    [5.12, 4.58]
    >>> print(roofline(asked, gpu, fused=True).table("part"))
    pix2pix U-Net, 256 x 256 x 3 in, batch 1, float32, fused, on NVIDIA T4 (8,100 GFLOP/s, 320 GB/s)
    part        bound by                         FLOPs       %        bytes       %    at least, µs       %
    ...
    total       compute 96.2%, memory 3.8%  36,120,938,496  100.00  209,103,372  100.00         4,583.0  100.00
    """
    if not isinstance(machine, Machine):
        raise TypeError(f"machine must be a Machine, got {machine!r}; try MACHINES['NVIDIA T4']")
    batch = as_size(batch, "batch")
    kernels = []
    for steps, reads, writes in _fused(network) if fused else map(_alone, network):
        costs = [step.cost for step in steps]
        flops, params = sum(cost.flops for cost in costs), sum(cost.params for cost in costs)
        moved = bytes_of(exact((reads + writes) * batch + params), dtype)
        kernels.append(Kernel(steps, exact(flops * batch), moved, machine))
    each = dtype if isinstance(dtype, str) else f"{dtype} bytes per element"
    return Roofline(network, machine, tuple(kernels), f"batch {batch}, {each}, {'fused' if fused else 'nothing fused'}")


Moved = tuple[tuple[Step, ...], Size, Size]  # steps, and the elements of maps that they read and write


def _alone(step: Step) -> Moved:
    cost = step.cost
    return (step,), cost.reads - cost.params, cost.writes


def _fused(network: Network) -> Iterator[Moved]:
    """Per kernel: its steps, the maps that it reads from others, and those of its own that others read."""
    steps = wired(network, "fusing")
    kernel, made_of = _homes(steps)
    reads: dict[str, dict[str, Size]] = {home: {} for home in kernel.values()}
    for step in steps:
        home, maps = kernel[step.name], {} if step.name in made_of else _maps(step, made_of)
        reads[home] |= {name: size for name, size in maps.items() if kernel.get(name) != home}
    wanted = {steps[-1].name}.union(*reads.values())
    for home, maps in reads.items():
        own = tuple(step for step in steps if kernel[step.name] == home)
        yield own, sum(maps.values()), sum(step.output.size for step in own if step.name in wanted)


def _homes(steps: tuple[Step, ...]) -> tuple[dict[str, str], dict[str, dict[str, Size]]]:
    """For each step the one that begins its kernel; for each copy the maps in memory that it is made of."""
    kernel: dict[str, str] = {}
    made_of: dict[str, dict[str, Size]] = {}
    for step in steps:
        cost = step.cost
        copies = not (cost.macs or cost.elementwise or cost.params)
        if copies and step is not steps[-1]:  # the network's output is written as it is
            made_of[step.name] = _maps(step, made_of)
            continue
        computed = [name for name in kernel if name in step.sources]  # in running order
        joins = computed and (copies or (not cost.macs and step.output == step.inputs[0]))
        kernel[step.name] = kernel[computed[-1]] if joins else step.name
    for step in reversed(steps):  # a copy runs with the first that reads it, or with what it copies
        if step.name in made_of and step.name not in kernel:
            kernel[step.name] = next((kernel[one] for one in made_of[step.name] if one in kernel), step.name)
        kernel |= {source: kernel[step.name] for source in step.sources if source in made_of}
    return kernel, made_of


def _maps(step: Step, made_of: dict[str, dict[str, Size]]) -> dict[str, Size]:
    """The maps in memory that a step reads, seen through copies."""
    found: dict[str, Size] = {}
    for source, x in zip(step.sources, step.inputs, strict=True):
        found |= made_of.get(source, {source: x.size})
    return found
