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
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from unet_complexity.closed_form import theta, tidy
from unet_complexity.cost import Cost
from unet_complexity.engineering.reach import receptive_field
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
HELD = ("parameters", "gradients", "optimizer", "saved_activations", "other_maps", "peak")
PHASES = ("inference", "training")
TIMED = ("name", "bound_by", "flops", "bytes", "microseconds")


def as_text(
    network: Network,
    formulas: Network | str,
    by: str,
    seconds: Table | None = None,
    memory: Mapping[str, Any] | None = None,
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
        yield _lines(f"In total ({CONVENTIONS}):", network.total())
    if isinstance(formulas, str):
        yield f"No formula in the side N: {one_line(formulas)}"
    else:
        heading = "; ".join(filter(None, (formulas.heading, formulas.regime)))
        yield _lines(f"As formulas ({heading}):", formulas.total())
    if memory:
        yield _memory(memory)
    if seconds:
        yield str(seconds)


def _memory(memory: Mapping[str, Any]) -> str:
    """A line per cause, for inference and training."""
    found = [memory[phase] for phase in PHASES]
    heading = "Memory in bytes (batch {batch}, {dtype}, {optimizer}; no framework's workspaces):"
    lines = [heading.format(**memory), f"{'':28}inference           training"]
    for cause in HELD:
        values = (f"{getattr(each, cause):18,}" for each in found)
        lines.append(f"{cause.replace('_', ' '):18} {' '.join(values)}")
    steps = " and ".join(f"{in_message(each.step)} ({each.phase})" for each in found)
    lines.append(f"The peaks are at {steps}.")
    if "machine" in memory:
        most = memory["machine_bytes"]
        fits = ["fits" if each.peak <= most else "does not fit" for each in found]
        lines.append(
            f"On {memory['machine']} ({most:,} bytes): inference {fits[0]}, training {fits[1]}."
        )
    return "\n".join(lines)


def _lines(heading: str, total: Cost) -> str:
    """A line per count: numbers with their conventions, formulas with their growth."""
    lines = [heading]
    for field, name, convention in COUNTED.values():
        value = tidy(getattr(total, field))
        if isinstance(value, int):
            lines.append(f"{name:16} {value:18,}  {convention}")
        else:
            lines.append(f"{name:16} {value!s:38}  Theta({theta(value).expr})")
    return "\n".join(lines)


def as_json(
    network: Network,
    formulas: Network | str,
    by: str,
    seconds: Table | None = None,
    memory: Mapping[str, Any] | None = None,
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
    counts = {} if isinstance(formulas, str) else _counts(formulas.total())
    outputs = {step.name: step.output for step in network if step.name in network.outputs}
    rows = [
        {"name": str(name), "output": asdict(part.output), **_counts(part.total())}
        for name, part in network.groups(by).items()
    ]
    data = {
        "network": network.name,
        "inputs": [{"name": name, **asdict(x)} for name, x in network.inputs.items()],
        "outputs": [{"name": name, **asdict(x)} for name, x in outputs.items()],
        "conventions": CONVENTIONS,
        "not_counted": network.missing,
        "total": _counts(network.total()),
        "by": by,
        "rows": rows,
        "formulas": {key: str(count) for key, count in counts.items()} or None,
        "theta": {key: str(theta(count).expr) for key, count in counts.items()} or None,
        "no_formula": None if counts else formulas,
        **_pixel(network),
        "memory": memory or None,
        "seconds": seconds
        and {
            "setting": seconds.title,
            "rows": [dict(zip(TIMED, row, strict=True)) for row in seconds.rows],
            "total": dict(zip(TIMED, seconds.total, strict=True)),
        },
    }
    return json.dumps(data, indent=1, default=_as_data)


def _as_data(value: Any) -> Any:
    """Convert a footprint; anything else is a formula."""
    return asdict(value) | {"peak": value.peak} if hasattr(value, "peak") else str(value)


def _pixel(network: Network) -> dict[str, Any]:
    try:
        output = network.output
        field = receptive_field(network)
    except ValueError as error:
        return {"pixel": None, "no_pixel": str(error)}
    macs = network.total().macs / (output.height * output.width)
    return {"pixel": {"receptive_field": field, "macs": macs}, "no_pixel": None}


def _counts(cost: Cost) -> dict[str, Any]:
    return {key: tidy(getattr(cost, field)) for key, (field, *_) in COUNTED.items()}
