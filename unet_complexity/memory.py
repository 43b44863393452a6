r"""What a network holds in memory: the maps that live at the same time, and those that training keeps.

The model, in elements (numbers), for one image:

- Steps run one after the other, in the network's order.  Each writes a new map; nothing is fused, nothing is written
  over.  While a step runs, *its inputs and its output count together*, and so does every map that a later step reads.
- A map is freed as soon as its last reader is done, and what the network gives at its end.  The image is one of the
  maps.  Dropout is not there at inference, and a reshaping makes no new map.
- Weights are not counted here: they are the same at every step (``total().params``).  Nor is what a framework takes
  for itself while a layer runs (padded copies, workspaces).

$$\text{live}(i) = \sum \{\text{size of } m : m \text{ is written at or before step } i \text{ and read or written at }
  i \text{ or later}\}, \qquad \text{peak} = \max_i\, \text{live}(i).$$

Training keeps each map, once, that some layer's gradient reads (``gradient_reads``): a convolution its inputs, a
batch normalisation and a maximum their inputs, an activation its *output* (so the map before a ReLU may go), a
dropout its mask; copies, sums, repeats and means read nothing.  A concatenation is a copy: the skip and its copy are
two maps.  Gradients, statistics of a batch (two numbers per channel) and the optimizer's own numbers are not counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from unet_complexity.closed_form import tidy
from unet_complexity.cost import bytes_of, with_separators
from unet_complexity.escaping import plain
from unet_complexity.networks import Network, Step
from unet_complexity.symbols import Size, as_expr


@dataclass(frozen=True, repr=False)
class Memory:
    """Maps held at the same time: name of the step that wrote each ("input": the image), and its size in elements.

    ``step`` is the one that runs; None for what waits for the way back.
    """

    step: Step | None
    maps: Mapping[str, Size]

    @property
    def elements(self) -> Size:
        """How many numbers that is."""
        return tidy(sum(self.maps.values()))

    @property
    def waiting(self) -> dict[str, Size]:
        """The maps that the running step neither reads nor writes, such as skips."""
        busy = (self.step.name, *self.step.sources) if self.step else ()
        return {name: size for name, size in self.maps.items() if name not in busy}

    def bytes(self, dtype: str = "float32") -> Size:
        """The same in bytes.

        >>> from unet_complexity import classic_unet
        >>> peak(classic_unet(256)).bytes("float16")
        33554432
        """
        return bytes_of(self.elements, dtype)

    def __repr__(self) -> str:
        when = f"while {plain(self.step.name)} runs" if self.step else "for the way back"
        return f"<{with_separators(self.elements)} elements {when}, in {len(self.maps)} maps>"


def kept(network: Network) -> Memory:
    """What training keeps from the way there for the way back.

    >>> from unet_complexity import classic_unet
    >>> kept(classic_unet(256)).elements
    49741824
    """
    maps: dict[str, Size] = {}
    steps, holder = wired(network), _holders(network, training=True)
    for step in steps:
        maps |= _read_again(step, holder)
    return Memory(None, maps)


def live(network: Network, training: bool = False) -> tuple[Memory, ...]:
    """What is held while each step runs, in running order.  ``training``: nothing is freed that is ``kept``.

    ValueError for a depth that is a letter (no step stands for one map then), and for a part of a network.

    >>> from unet_complexity import classic_unet
    >>> live(classic_unet(256))[0]
    <4,259,840 elements while enc0.conv1 runs, in 2 maps>
    """
    steps, stays = wired(network), kept(network).maps if training else {}
    holder = _holders(network, training)
    last = {holder[source]: i for i, step in enumerate(steps) for source in step.sources}
    last |= {holder[name]: len(steps) for name in network.outputs}  # what the network gives is kept to the end
    held: dict[str, Size] = {name: x.size for name, x in network.inputs.items()}
    moments = []
    for i, step in enumerate(steps):
        if holder[step.name] == step.name:
            held[step.name] = step.output.size
        if training:
            held |= _read_again(step, holder)
        moments.append(Memory(step, dict(held)))
        held = {name: size for name, size in held.items() if name in stays or last.get(name, -1) > i}
    return tuple(moments)


def peak(network: Network, training: bool = False) -> Memory:
    """The moment at which most is held; the first of them, where several hold as much.

    ValueError, beside those of :func:`live`, where the letters do not settle which moment that is: it names the rivals.

    >>> from unet_complexity import classic_unet
    >>> from unet_complexity.symbols import g
    >>> peak(classic_unet(256))
    <16,777,216 elements while dec0.skip runs, in 3 maps>
    >>> peak(classic_unet(base_filters=g)).elements
    4*N**2*g
    """
    moments = live(network, training)
    top = moments[0]
    for moment in moments:
        top = top if at_least(top.elements, moment.elements) else moment
    if not all(at_least(top.elements, moment.elements) for moment in moments):
        rivals = [f"{m.elements} at {m.step.name}" for m in _undominated(moments) if m.step]
        more = f"; and {len(rivals) - 4} more" if len(rivals) > 4 else ""
        raise ValueError(
            f"which step holds most may depend on what the letters of {network.name} stand for, "
            f"got {'; '.join(rivals[:4])}{more}; give more numbers, or read the formulas in live(network)"
        )
    return top


def _read_again(step: Step, holder: Mapping[str, str]) -> dict[str, Size]:
    """The maps that the gradient of a step reads."""
    reads = step.layer.gradient_reads
    if reads == "inputs":
        return {holder[source]: x.size for source, x in zip(step.sources, step.inputs, strict=True)}
    if reads in ("output", "mask"):
        return {step.name if reads == "output" else f"{step.name} mask": step.output.size}
    if reads != "nothing":
        kind = type(step.layer).__name__
        raise TypeError(
            f"a layer must say what its gradient reads, got {reads!r} from {kind}; "
            f"give {kind} a gradient_reads of 'inputs', 'output', 'mask' or 'nothing'"
        )
    return {}


def wired(network: Network, what: str = "memory") -> tuple[Step, ...]:
    """The steps, after a check that each is one layer, fed by those before; ``what`` needs that."""
    for span in [step.span for step in network if step.span][:1]:
        letters = sorted(x.name for x in sp.Tuple(span.first, span.last).free_symbols)
        raise ValueError(
            f"{what} needs numbers for the depth and its doublings, since each map lives for itself, "
            f"got levels {span}; call at(...) first, as in network.at({', '.join(f'{x}=4' for x in letters)})"
        )
    known = set(network.inputs)
    for step in network:
        if missing := [source for source in step.sources if source not in known]:
            raise ValueError(
                f"{what} needs the whole network, since maps wait for later steps, got {step.name} without "
                f"{missing[0]}; call it before only(...) or where(...)"
            )
        known.add(step.name)
    return network.steps


def _holders(network: Network, training: bool) -> dict[str, str]:
    """Which map a name stands for: its own, but some layers hand their input on, a dropout at inference."""
    holder = {name: name for name in network.inputs}
    for step in network:
        passes = step.layer.is_view and not (training and step.layer.gradient_reads == "mask")
        holder[step.name] = holder[step.sources[0]] if passes else step.name
    return holder


def at_least(a: Any, b: Any) -> bool:
    """Whether a >= b for whatever the letters stand for; False also where it depends on them."""
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a >= b
    difference = as_expr(a - b)
    above_one = {x: x + 1 for x in difference.free_symbols if x.is_positive}  # so that each x may be 0
    terms = sp.Add.make_args(sp.expand(difference.subs(above_one, simultaneous=True)))
    letters = {x: sp.Symbol(x.name, nonnegative=True) for x in above_one}
    return all(term.subs(letters).is_nonnegative for term in terms)


def _undominated(moments: tuple[Memory, ...]) -> list[Memory]:
    """One moment for each size that no other is known to reach."""
    sizes = {moment.elements: moment for moment in reversed(moments)}
    return [m for size, m in sizes.items() if not any(at_least(o, size) for o in sizes if o != size)][::-1]
