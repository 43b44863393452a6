"""Full report of a network's costs: table, totals with their conventions, and formulas in the side N.

:func:`as_text` gives text to read; :func:`as_json` gives JSON, with these keys:

- ``network``, ``inputs`` and ``outputs``: maps with ``name``, ``height`` and ``width`` in pixels, ``channels``;
- ``conventions``; ``not_counted``: the layers without a count, by kind and name;
- ``total``: the counts of :data:`COUNTED`; ``by``, and ``rows``: ``name``, ``output`` and the same counts;
- ``memory``, if sizes are numbers: ``batch``, ``dtype``, ``optimizer``; ``inference`` and ``training``, in bytes by
  cause, with ``peak``, its ``step`` and ``phase``; ``machine`` and ``machine_bytes``, if its memory is known;
- ``seconds``, if a machine is given: ``setting``, and ``rows`` with ``name``, ``bound_by``, ``flops``, ``bytes`` and
  the least ``microseconds``; ``total`` likewise;
- ``pixel``: the ``receptive_field`` (rows, columns) and the ``macs`` of an output pixel; None if it is not known, and
  ``no_pixel`` gives the reason;
- ``formulas`` and ``theta``: the totals in N, and their growth; None if a model is tied to its size, and
  ``no_formula`` gives the reason.

A count is a whole number, or text if it is a formula.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from unet_complexity.closed_form import theta, tidy
from unet_complexity.engineering.reach import macs_per_pixel, receptive_field
from unet_complexity.escaping import in_message, one_line
from unet_complexity.networks import Network
from unet_complexity.tables import Table

CONVENTIONS = (
    "batch 1, inference, nothing fused; MACs dense; FLOPs = 2 MACs + elementwise operations"
)
COUNTED = {  # key: (field of Cost, title, convention)
    "params": ("params", "parameters", "weights, biases, stored statistics"),
    "trainable_params": ("trainable_params", "  trainable", "without the statistics"),
    "macs": ("macs", "MACs", "dense: taps on the padding count"),
    "macs_in_bounds": ("macs_in_bounds", "  in bounds", "without those taps"),
    "elementwise_operations": (
        "elementwise",
        "elementwise ops",
        "all arithmetic that is not a MAC",
    ),
    "flops": ("flops", "FLOPs", "2 MACs + elementwise ops"),
    "elements_read": ("reads", "elements read", "maps and weights; 4 bytes each at float32"),
    "elements_written": ("writes", "elements written", "each layer's output once"),
}
PHASES = ("inference", "training")
MEMORY = """\
Memory in bytes (batch {batch}, {dtype}, {optimizer}; no framework's workspaces):
                            inference           training
parameters         {inference[parameters]:18,} {training[parameters]:18,}
gradients          {inference[gradients]:18,} {training[gradients]:18,}
optimizer          {inference[optimizer]:18,} {training[optimizer]:18,}
saved activations  {inference[saved_activations]:18,} {training[saved_activations]:18,}
other maps         {inference[other_maps]:18,} {training[other_maps]:18,}
peak               {inference[peak]:18,} {training[peak]:18,}
The peaks are at {peaks}."""
Data = dict[str, Any]  # what JSON shows, by key
TIMED = ("name", "bound_by", "flops", "bytes", "microseconds")


def as_text(
    network: Network,
    formulas: Network | str,
    by: str,
    seconds: Table | None = None,
    memory: Data | None = None,
) -> Iterator[str]:
    """Yield the paragraphs of a report.

    Args:
        network: The network.
        formulas: The same network at the side N, or the reason why there is none.
        by: Meaning of a row of the table: "level", "part", "block" or "layer".
        seconds: Table of a roofline, if there is one.
        memory: Batch, type, optimizer, and the footprints of inference and training, if there are any.

    Example:
        >>> from unet_complexity import pix2pix_unet
        >>> *_, last = as_text(pix2pix_unet(256, 3), pix2pix_unet(in_channels=3), "block")
        >>> print(last)
        As formulas (pix2pix U-Net, N x N x 3 in; 128 divides the side):
        parameters               41,843,331  weights, biases, stored statistics
          trainable              41,834,499  without the statistics
        MACs             275456*N**2                             Theta(N**2)
          in bounds      256*(1076*N**2 - 15670*N + 118427)      Theta(N**2)
        ...
    """
    yield str(network.table(by))
    if formulas is not network:
        yield _lines(f"In total ({CONVENTIONS}):", network)
    if isinstance(formulas, str):
        yield f"No formula in the side N: {one_line(formulas)}"
    else:
        heading = "; ".join(filter(None, (formulas.heading, formulas.regime)))
        yield _lines(f"As formulas ({heading}):", formulas)
    if memory:
        yield _memory(memory)
    if seconds:
        yield str(seconds)


def _memory(memory: Data) -> str:
    """Bytes by cause, for inference and training; and what fits in the machine."""
    most = memory.get("machine_bytes", 0)
    peaks = []
    fits = []
    for phase in PHASES:
        held = memory[phase]
        peaks.append(f"{in_message(held['step'])} ({held['phase']})")
        fits.append(f"{phase} {'fits' if held['peak'] <= most else 'does not fit'}")
    text = MEMORY.format(**memory, peaks=" and ".join(peaks))
    if most:
        text += f"\nOn {memory['machine']} ({most:,} bytes): {', '.join(fits)}."
    return text


def _lines(heading: str, network: Network) -> str:
    """A line per count: numbers with their conventions, formulas with their growth."""
    lines = [heading]
    for key, value in counts(network).items():
        _, name, convention = COUNTED[key]
        if isinstance(value, int):
            lines.append(f"{name:16} {value:18,}  {convention}")
        else:
            lines.append(f"{name:16} {value!s:38}  Theta({theta(value).expr})")
    return "\n".join(lines)


def counts(network: Network) -> Data:
    """Return the counts of :data:`COUNTED` by their keys.

    Args:
        network: The network.
    """
    total = network.total()
    return {key: tidy(getattr(total, field)) for key, (field, *_) in COUNTED.items()}


def as_json(
    network: Network,
    formulas: Network | str,
    by: str,
    seconds: Table | None = None,
    memory: Data | None = None,
) -> str:
    """Return a report as JSON.

    Args:
        network: The network.
        formulas: The same network at the side N, or the reason why there is none.
        by: Meaning of a row: "level", "part", "block" or "layer".
        seconds: Table of a roofline, if there is one.
        memory: Batch, type, optimizer, and the footprints of inference and training, if there are any.

    Example:
        >>> from unet_complexity import pix2pix_unet
        >>> text = as_json(pix2pix_unet(256, 3), pix2pix_unet(in_channels=3), "block")
        >>> json.loads(text)["total"]["macs"]
        18052284416
    """
    grown = {} if isinstance(formulas, str) else counts(formulas)
    rows = [
        {"name": str(name), "output": asdict(part.output), **counts(part)}
        for name, part in network.groups(by).items()
    ]
    data = {
        "network": network.name,
        "inputs": [{"name": name, **asdict(x)} for name, x in network.inputs.items()],
        "outputs": [
            {"name": step.name, **asdict(step.output)}
            for step in network
            if step.name in network.outputs
        ],
        "conventions": CONVENTIONS,
        "not_counted": network.missing,
        "total": counts(network),
        "by": by,
        "rows": rows,
        "formulas": {key: str(count) for key, count in grown.items()} or None,
        "theta": {key: theta(count).expr for key, count in grown.items()} or None,
        "no_formula": None if grown else formulas,
        **_pixel(network),
        "memory": memory or None,
        "seconds": seconds
        and {
            "setting": seconds.title,
            "rows": [dict(zip(TIMED, row, strict=True)) for row in seconds.rows],
            "total": dict(zip(TIMED, seconds.total, strict=True)),
        },
    }
    return json.dumps(data, indent=1, default=str)


def _pixel(network: Network) -> Data:
    try:
        macs = macs_per_pixel(network)
        field = receptive_field(network)
    except ValueError as error:
        return {"pixel": None, "no_pixel": str(error)}
    return {"pixel": {"receptive_field": field, "macs": macs}, "no_pixel": None}
