r"""Roofline model: the least time that counted work takes on a machine.

A :class:`Kernel` is one program on the machine: the steps that run together, from reading their inputs to writing
their results.  A fused Conv2D and ReLU are one kernel.  (The window of a convolution is another kind of kernel.)
On a :class:`Machine` it takes at least

$$\text{seconds} = \max\left(\frac{\text{FLOPs}}{\text{peak FLOP/s}},\ \frac{\text{bytes}}{\text{bytes/s}}\right).$$

Its FLOPs per byte are called *arithmetic intensity*.  Above the machine's *ridge* arithmetic is the bound, below it
memory.  The model is by Williams, Waterman and Patterson, "Roofline: An Insightful Visual Performance Model for
Multicore Architectures" (CACM 52(4), 2009), who say operational intensity.

``machines.csv`` has a line per named machine: its peak for float32 without tensor cores, and of its GPU if it has one;
its peak memory bandwidth; its memory, if it is sold with one size only; the page that states the figures, and the month
of that page or of the day it was read.  A GB is 10^9 bytes, as on these pages.

Memory traffic, for FLOPs and elements as :mod:`unet_complexity.cost` counts them:

- **Nothing fused**: each step is a kernel.  It reads its inputs and its params, and writes its output.
- **Fused**: a step that only copies (nearest upsampling, concatenation, padding, cropping, dropout) writes nothing,
  and its readers read the map that it copies from, unless the copy is an output of the network.  An elementwise step
  (activation, normalisation, addition) joins the kernel that computed its input; with several inputs, the last of
  their kernels, unless only a copy leads there.  Every other step (convolution, pooling, blending) begins a kernel.
  A kernel reads each map of other kernels once.  It writes the maps that others read, and the network's outputs.
- A batch repeats the maps and the FLOPs; params are read once.  No cache keeps a map between two kernels.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sympy as sp

from unet_complexity.cost import add, bytes_of
from unet_complexity.escaping import in_message
from unet_complexity.memory import at_least, wired
from unet_complexity.networks import Network, Step, grouped
from unet_complexity.symbols import Size, as_size, exact
from unet_complexity.tables import Table

Seconds = Any  # a float if all sizes are numbers, else an expression


@dataclass(frozen=True)
class Machine:
    """Peak rates of a machine, and its memory.

    Args:
        name: Name to show.
        flops_per_second: Peak arithmetic, a whole number or a letter.
        bytes_per_second: Peak memory traffic, a whole number or a letter.
        source: Where the figures come from.
        memory: Bytes of memory, a whole number or a letter; None if not known.

    Raises:
        TypeError: A rate or the memory is neither a whole number nor a letter.
        ValueError: A rate or the memory is below 1.

    Example:
        >>> MACHINES["NVIDIA T4"].ridge
        25.3125
    """

    name: str
    flops_per_second: Size
    bytes_per_second: Size
    source: str = ""
    memory: Size | None = None

    def __post_init__(self) -> None:
        for field in ("flops_per_second", "bytes_per_second", "memory"):
            value = getattr(self, field)
            if field != "memory" or value is not None:
                object.__setattr__(self, field, as_size(value, field))

    @property
    def ridge(self) -> Any:
        """Arithmetic intensity, in FLOPs per byte, above which arithmetic is the bound."""
        return self.flops_per_second / self.bytes_per_second

    def __str__(self) -> str:
        return (
            f"{in_message(self.name)} ({self.flops_per_second / 1e9:,g} GFLOP/s, "
            f"{self.bytes_per_second / 1e9:,g} GB/s)"
        )


MOST_FOLLOWED = (
    1_000_000  # maps read through copies: 100 MB; networks of hundreds of layers have thousands
)

_text = Path(__file__).with_name("machines.csv").read_text("utf-8")
_header, *_rows = csv.reader(_text.splitlines())
MACHINES = {}
for _name, _flops, _bytes, _memory, _source, _date in _rows:
    _known = int(_memory) if _memory else None
    MACHINES[_name] = Machine(_name, int(_flops), int(_bytes), f"{_source} ({_date})", _known)


@dataclass(frozen=True)
class Kernel:
    """One program on a machine: steps that run together, such as Conv2D + ReLU, not a convolution's window.

    FLOPs and bytes are those of a whole batch; ``seconds`` is the least time.
    """

    steps: tuple[Step, ...]
    flops: Size
    bytes: Size
    machine: Machine

    @property
    def name(self) -> str:
        """Names of the steps, joined by " + "."""
        return " + ".join(step.name for step in self.steps)

    @property
    def intensity(self) -> Any:
        """Arithmetic intensity in FLOPs per byte; 0 for a kernel without memory traffic."""
        return self.flops / self.bytes if self.bytes else 0

    @property
    def compute_seconds(self) -> Seconds:
        """Seconds of the arithmetic at the machine's peak."""
        return self.flops / self.machine.flops_per_second

    @property
    def memory_seconds(self) -> Seconds:
        """Seconds of the memory traffic at the machine's bandwidth."""
        return self.bytes / self.machine.bytes_per_second

    @property
    def seconds(self) -> Seconds:
        """Lower bound of the kernel's time: the longer of the two times."""
        compute = self.compute_seconds
        memory = self.memory_seconds
        if at_least(compute, memory):
            return compute
        return memory if at_least(memory, compute) else sp.Max(compute, memory, evaluate=False)

    @property
    def bound(self) -> str:
        """The longer of the two times: "compute" or "memory".

        Raises:
            ValueError: It depends on the values of letters.
        """
        bounds = {self.memory_seconds: "memory", self.compute_seconds: "compute"}  # equal: compute
        if self.seconds in bounds:
            return bounds[self.seconds]
        raise ValueError(
            f"the bound of {in_message(self.name)} depends on its letters, got {self.intensity} FLOPs per "
            f"byte and a ridge of {self.machine.ridge}; give more numbers"
        )


@dataclass(frozen=True, repr=False)
class Roofline:
    """Kernels of a network on a machine, in running order; ``setting`` names batch, type and fusing."""

    network: Network
    machine: Machine
    kernels: tuple[Kernel, ...]
    setting: str

    @property
    def seconds(self) -> Seconds:
        """Lower bound of the network's time: the sum over its kernels, which run one after the other."""
        return sum(kernel.seconds for kernel in self)

    @property
    def _in_numbers(self) -> bool:
        return isinstance(self.seconds, float)

    def table(self, by: str = "layer") -> Table:
        """Return FLOPs, bytes, least time and bound as a table.

        A kernel counts in the group of its last step.

        Args:
            by: Meaning of a row: "layer" (one kernel), "block", "level" or "part".

        Raises:
            ValueError: Sizes are letters, or ``by`` is none of these.
        """
        if not self._in_numbers:
            raise ValueError(
                f"a table of seconds needs numbers, got {self.network.heading}; give net.at(...) its sizes"
            )
        groups = grouped(self, by, lambda kernel: replace(kernel.steps[-1], name=kernel.name))
        return Table(
            f"{self.network.heading}, {self.setting}, on {self.machine}",
            ("kernel" if by == "layer" else by, "bound by", "FLOPs", "bytes", "at least, µs"),
            tuple((str(name), *_summary(kernels)) for name, kernels in groups.items()),
            ("total", *_summary(self.kernels)),
            self.network.missing,
        )

    def __iter__(self) -> Iterator[Kernel]:
        return iter(self.kernels)

    def __str__(self) -> str:
        return str(self.table()) if self._in_numbers else repr(self)

    def _repr_html_(self) -> str | None:
        return self.table()._repr_html_() if self._in_numbers else None

    def __repr__(self) -> str:
        return (
            f"<{in_message(self.network.name)} on {in_message(self.machine.name)}: "
            f"{len(self.kernels)} kernels, at least {self.seconds} s>"
        )


def _summary(kernels: Sequence[Kernel]) -> tuple[str, Size, Size, float]:
    """Bound (with shares of the time if there are both), FLOPs, bytes and microseconds."""
    compute, memory = (
        sum(kernel.seconds for kernel in kernels if kernel.bound == bound)
        for bound in ("compute", "memory")
    )
    whole = compute + memory
    if compute and memory:
        bound = f"compute {compute / whole:.1%}, memory {memory / whole:.1%}"
    else:
        bound = "memory" if memory else "compute"
    return (
        bound,
        sum(kernel.flops for kernel in kernels),
        sum(kernel.bytes for kernel in kernels),
        1e6 * whole,
    )


def roofline(
    network: Network,
    machine: Machine,
    dtype: str | Size = "float32",
    batch: Size = 1,
    fused: bool = False,
) -> Roofline:
    """Return the least time that each kernel of a network takes on a machine.

    Args:
        network: The network; with ``fused`` it must be whole, and its depth a number.
        machine: Peak rates; ``MACHINES`` has some thirty machines by name.
        dtype: Name of a type, or bytes per element as a number or letter.
        batch: Images per run, a number or letter.
        fused: Copies and elementwise steps run with the kernel that computes their input.

    Returns:
        The kernels in running order, with a ``table``.

    Raises:
        TypeError: ``machine`` is not a Machine.
        ValueError: With ``fused``, the depth is a letter or the network is only a part.

    Example:
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
    each = (((step,), step.cost.reads - step.cost.params + step.cost.writes) for step in network)
    kernels = []
    for steps, elements in _fused(network) if fused else each:
        cost = add(step.cost for step in steps)
        moved = bytes_of(elements * batch + cost.params, dtype)
        kernels.append(Kernel(steps, exact(cost.flops * batch), moved, machine))
    element = dtype if isinstance(dtype, str) else f"{dtype} bytes per element"
    setting = f"batch {batch}, {element}, {'fused' if fused else 'nothing fused'}"
    return Roofline(network, machine, tuple(kernels), setting)


def _fused(network: Network) -> Iterator[tuple[tuple[Step, ...], Size]]:
    """Steps of each kernel, and the elements of maps that it reads and writes.

    A kernel is numbered by the place of its first step.
    """
    steps = wired(network, "fusing")
    maps = dict(network.inputs) | {step.name: step.output for step in steps}
    # Maps to read for a name: itself, or what it copies.  For the Concatenate of a and b: a and b.
    originals = {name: {name} for name in maps}
    number: dict[str, int] = {}  # kernel of each step that writes a map
    reads = [set[str]() for _ in steps]  # maps of other kernels that each reads
    followed = 0
    for place, step in enumerate(steps):
        name = step.name
        cost = step.cost
        needed = set[str]().union(*(originals[source] for source in step.sources))
        followed += len(needed)
        if followed > MOST_FOLLOWED:
            raise ValueError(
                f"fusing follows at most {MOST_FOLLOWED:,} reads through copies, got more; leave out fused"
            )
        copies = not (cost.flops or cost.params)
        if copies and name not in network.outputs:
            originals[name] = needed
            continue
        kernel = place
        around = hasattr(step.layer, "windows") or hasattr(step.layer, "interpolation")
        elementwise = not cost.macs and not around and step.output in step.inputs
        if copies or elementwise:
            # It joins the last of the kernels that it needs: in an earlier one it would run too soon.
            last = max((number.get(read, -1) for read in needed), default=-1)
            if last in map(number.get, step.sources):
                kernel = last
        number[name] = kernel
        reads[kernel].update(read for read in needed if number.get(read) != kernel)
    members = [list[Step]() for _ in steps]
    first_reader = dict[str, int]()  # kernel with which a copy runs
    for place, step in reversed([*enumerate(steps)]):
        kernel = number.get(step.name, first_reader.get(step.name, place))
        members[kernel].insert(0, step)
        first_reader |= dict.fromkeys(step.sources, kernel)
    written = set(network.outputs).union(*reads)
    for group, read in zip(members, reads, strict=True):
        if group:
            moved = [*read, *written.intersection(step.name for step in group)]
            yield tuple(group), sum(maps[name].size for name in moved)
