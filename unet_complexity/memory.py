r"""Memory of a network: maps that are live at the same time, and activations that training saves.

The model, in elements (numbers), for one image:

- Steps run one after the other, in the network's order.  Each writes a new map; nothing is fused or overwritten.
  While a step runs, *its inputs and its output count*, and so does every map that a later step reads.
- A map is freed after its last reader.  The network's outputs are kept to the end.  The image is one of the maps.
  Dropout does nothing at inference, and a reshaping is a view: it makes no new map.
- Weights are not counted here: they are the same at every step (``total().params``).  A framework's own workspaces
  (padded copies and the like) are not counted either.

$$\text{live}(i) = \sum \{\text{size of } m : m \text{ is written at or before step } i \text{ and read or written at }
  i \text{ or later}\}, \qquad \text{peak} = \max_i\, \text{live}(i).$$

Training saves each map, once, that the gradient of some layer reads (``gradient_reads``): a convolution its inputs, a
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
from unet_complexity.escaping import in_message, plain
from unet_complexity.networks import Network, Step
from unet_complexity.symbols import Size, as_expr


@dataclass(frozen=True, repr=False)
class Memory:
    """Live maps: name of the step that wrote each ("input": the image), and its size in elements.

    ``step`` is the running step; None stands for the activations that wait for the backward pass.
    """

    step: Step | None
    maps: Mapping[str, Size]

    @property
    def elements(self) -> Size:
        """Number of elements of all maps."""
        return tidy(sum(self.maps.values()))

    @property
    def waiting(self) -> dict[str, Size]:
        """Maps that the running step neither reads nor writes, such as skips."""
        busy = (self.step.name, *self.step.sources) if self.step else ()
        return {name: size for name, size in self.maps.items() if name not in busy}

    def bytes(self, dtype: str = "float32") -> Size:
        """Return the size in bytes.

        Args:
            dtype: Type of the elements.

        Example:
            >>> from unet_complexity import classic_unet
            >>> peak(classic_unet(256)).bytes("float16")
            33554432
        """
        return bytes_of(self.elements, dtype)

    def __repr__(self) -> str:
        when = f"while {plain(self.step.name)} runs" if self.step else "for the backward pass"
        return f"<{with_separators(self.elements)} elements {when}, in {len(self.maps)} maps>"


def kept(network: Network) -> Memory:
    """Return the activations that the forward pass saves for the backward pass.

    Args:
        network: A whole network whose depth is a number.

    Raises:
        ValueError: The depth is a letter, or the network is only a part.

    Example:
        >>> from unet_complexity import classic_unet
        >>> kept(classic_unet(256)).elements
        49741824
    """
    maps: dict[str, Size] = {}
    steps, holder = wired(network), holders(network, training=True)
    for step in steps:
        maps |= read_again(step, holder)
    return Memory(None, maps)


def live(network: Network, training: bool = False) -> tuple[Memory, ...]:
    """Return the live maps of each step, in running order.

    Args:
        network: A whole network whose depth is a number.
        training: Also keep the activations that the backward pass needs.

    Raises:
        ValueError: The depth is a letter (a step then stands for several maps), or the network is only a part.

    Example:
        >>> from unet_complexity import classic_unet
        >>> live(classic_unet(256))[0]
        <4,259,840 elements while enc0.conv1 runs, in 2 maps>
    """
    steps = wired(network)
    stays = kept(network).maps if training else {}
    holder = holders(network, training)
    last: dict[str, int] = {}
    for i, step in enumerate(steps):
        for source in step.sources:
            last[holder[source]] = i
    for name in network.outputs:  # kept to the end
        last[holder[name]] = len(steps)
    held: dict[str, Size] = {name: x.size for name, x in network.inputs.items()}
    moments = []
    for i, step in enumerate(steps):
        if holder[step.name] == step.name:
            held[step.name] = step.output.size
        if training:
            held |= read_again(step, holder)
        moments.append(Memory(step, dict(held)))
        for name in list(held):
            if name not in stays and last.get(name, -1) <= i:
                del held[name]
    return tuple(moments)


def peak(network: Network, training: bool = False) -> Memory:
    """Return the step with the most live elements; the first, if several have as many.

    Args:
        network: A whole network whose depth is a number.
        training: Also keep the activations that the backward pass needs.

    Raises:
        ValueError: As for :func:`live`, or which step it is depends on the values of letters.

    Example:
        >>> from unet_complexity import classic_unet
        >>> from unet_complexity.symbols import g
        >>> peak(classic_unet(256))
        <16,777,216 elements while dec0.skip runs, in 3 maps>
        >>> peak(classic_unet(base_filters=g)).elements
        4*N**2*g
    """
    rivals: list[Memory] = []  # none is known to reach another
    for moment in live(network, training):
        size = moment.elements
        if not any(at_least(rival.elements, size) for rival in rivals):
            rivals = [rival for rival in rivals if not at_least(size, rival.elements)]
            rivals.append(moment)
    if len(rivals) > 1:
        sizes = [
            f"{rival.elements} at {in_message(rival.step.name)}" for rival in rivals if rival.step
        ]
        more = f"; and {len(sizes) - 4} more" if len(sizes) > 4 else ""
        raise ValueError(
            f"which step holds most may depend on what the letters of {in_message(network.name)} stand for, "
            f"got {'; '.join(sizes[:4])}{more}; give more numbers, or read the formulas in live(network)"
        )
    return rivals[0]


def read_again(step: Step, holder: Mapping[str, str]) -> dict[str, Size]:
    """Maps that the gradient of a step reads."""
    size = step.output.size
    inputs = zip(step.sources, step.inputs, strict=True)
    maps = {
        "inputs": {holder[source]: x.size for source, x in inputs},
        "output": {step.name: size},
        "mask": {f"{step.name} mask": size},
        "nothing": {},
    }
    reads = step.layer.gradient_reads
    if reads not in maps:
        kind = type(step.layer).__name__
        raise TypeError(
            f"a layer must say what its gradient reads, got {reads!r} from {kind}; "
            f"give {kind} a gradient_reads of 'inputs', 'output', 'mask' or 'nothing'"
        )
    return maps[reads]


def wired(network: Network, what: str = "memory") -> tuple[Step, ...]:
    """Return the steps, after a check that each is one layer whose inputs come from earlier steps.

    Args:
        network: The network.
        what: Name of the computation that needs this, for messages.

    Raises:
        ValueError: A step stands for several levels, or reads a map that the network does not have.
    """
    spans = [step.span for step in network if step.span]
    for span in spans:
        letters = sorted(x.name for x in sp.Tuple(span.first, span.last).free_symbols)
        example = ", ".join(f"{letter}=4" for letter in letters)
        raise ValueError(
            f"{what} needs numbers for the depth and its doublings, since each map lives for itself, "
            f"got levels {span}; call at(...) first, as in network.at({example})"
        )
    known = set(network.inputs)
    for step in network:
        for source in step.sources:
            if source not in known:
                raise ValueError(
                    f"{what} needs the whole network, since maps wait for later steps, got {step.name} without "
                    f"{source}; call it before only(...) or where(...)"
                )
        known.add(step.name)
    return network.steps


def holders(network: Network, training: bool) -> dict[str, str]:
    """Map of each name: its own, or that of its input for a view and for a dropout at inference."""
    holder = {name: name for name in network.inputs}
    for step in network:
        passes = step.layer.is_view and not (training and step.layer.gradient_reads == "mask")
        holder[step.name] = holder[step.sources[0]] if passes else step.name
    return holder


def at_least(a: Any, b: Any) -> bool:
    """Return True if a >= b for all values of the letters; False also if it depends on them."""
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a >= b
    difference = as_expr(a) - as_expr(b)
    # a positive letter as 1 + a letter that may be 0
    above_one = {
        x: sp.Symbol(x.name, integer=True, nonnegative=True) + 1
        for x in difference.free_symbols
        if x.is_positive
    }
    terms = sp.Add.make_args(sp.expand(difference.xreplace(above_one)))
    return all(term.is_nonnegative for term in terms)
