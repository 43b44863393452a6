"""An ONNX model, from PyTorch or anything else that exports it, becomes a Network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

from unet_complexity.engineering.readers.limits import DAMAGED, MOST_EDGES, refusals
from unet_complexity.engineering.readers.networks import ModelNetwork
from unet_complexity.engineering.readers.onnx import (  # noqa: F401 - each registers its operators
    elements,
    sums,
    windows,
)
from unet_complexity.engineering.readers.onnx.files import EXPORT, Graph, load, opset_of
from unet_complexity.engineering.readers.onnx.fitting import UNITS
from unet_complexity.engineering.readers.onnx.inputs import Sizes
from unet_complexity.engineering.readers.onnx.shapes import outputs
from unet_complexity.engineering.readers.onnx.walk import Walk
from unet_complexity.engineering.readers.reading import Extra, Reading
from unet_complexity.escaping import plain
from unet_complexity.networks import Network
from unet_complexity.symbols import Size

MOST_NAMED = 3  # doubtful arrays in a heading
WRITTEN = (
    "the size or batch that {} was exported at may be written into it: export it with free sides, in PyTorch from one "
    "image, with dynamo=True and dynamic_shapes=({{2: Dim.DYNAMIC, 3: Dim.DYNAMIC}},)"
)


def from_onnx(
    path_or_model: Any,
    side: Any = None,
    unknown: str = "error",
    extra: Extra | None = None,
    dims: Mapping[str, Any] | None = None,
) -> Network:
    """Read an ONNX model as a network.

    With PyTorch, ``torch.onnx.export(model, torch.zeros(1, 3, 256, 256), "model.onnx", dynamo=True)`` writes one; with
    Keras, ``model.export("model.onnx", format="onnx")``.  Only the file itself is read, and of weights only the
    dimensions, so weights in other files may be absent; nothing in it is executed.

    All shapes come from ``onnx`` itself, which is asked for each operator at a few sides; a formula in letters goes
    through some of them and must hold at the others.  What letters must obey, such as "32 divides N", is found by
    trying.  These sides go up to about 3,000: what changes only beyond them, such as a Slice that ends at 5,000, is
    not in the formula, but ``side=20_000`` counts it.  Sizes that an exporter computed and wrote down are refused where
    the model is read at another side; the kernel of an adaptive pool, the width of a padding, the indices of a Gather
    and the repeats of a Tile may as well be the model's own.  Export with free sides a model that you read at others.
    A file of several images at once is refused, since what their number was written
    into cannot be told apart.  Branches (If) and products of whole numbers (QLinearConv) are named as unknown.

    ``params`` are the elements of the stored arrays that training changes, each array's once, also where several nodes
    read it, or parts of it.  Names and use decide: kernels, matrices, scales, tables of embeddings are trained; masks,
    means, tables of positions, and what an exporter made itself are constants.  ``network.constants`` counts those,
    and ``network.doubtful`` names the params of which neither name nor use says that they are trained.  An exporter
    that folds a batch normalisation into a convolution leaves fewer params than the model was trained with.  What
    follows from stored numbers alone is computed beforehand and costs nothing.

    Args:
        path_or_model: A file, or an ``onnx.ModelProto``.
        side: One size or (rows, columns), numbers or letters, at which the model is read; without it, what the file
            says, and N where it leaves sides free.  The batch is 1.
        unknown: "error", or "report" to count the rest and say in every view what is missing.
        extra: How to count more operators, given the NodeProto and the shapes that enter:
            ``{"my.Foo": lambda node, x: Activation("relu")}``.
        dims: Other free sizes by their names in the file: ``dims={"tokens": 77}``.

    Returns:
        The network; its batch is 1.

    Raises:
        ValueError: For a file that is not an ONNX model or is damaged, for unknown operators (all at once), for
            sizes that are free or do not fit.  It says what would work.
        OSError: If there is no such file.

    Example:
        >>> from onnx import parser
        >>> model = parser.parse_model('''<ir_version: 10, opset_import: ["": 21]> small
        ...     (float[1, 3, h, w] x) => (float[1, 8, h2, w2] y) <float[8, 3, 3, 3] kernel = {}>
        ...     { y = Conv <strides = [2, 2], pads = [1, 1, 1, 1]> (x, kernel) }''')
        >>> net = from_onnx(model)
        >>> net.total().macs, net.at(N=256).total().macs
        (54*N**2, 3538944)
    """
    path = isinstance(path_or_model, (str, PathLike))
    with refusals(Path(path_or_model).name if path else "the model"):
        model = load(path_or_model)
        name = Path(path_or_model).stem if path else model.graph.name or "ONNX model"
        return read(model, name, side, unknown, extra, dims)


@dataclass(frozen=True, repr=False)
class ReadNetwork(ModelNetwork):
    """A network with what its file stores beside the parameters.

    ``constants`` are elements of arrays that layers read and training leaves as they are: masks, tables of positions,
    means.  ``doubtful`` names the arrays that are counted as params although neither name nor use says so.
    """

    constants: Size = 0
    doubtful: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        names = ", ".join(self.doubtful[:MOST_NAMED]) + ", ..." * (len(self.doubtful) > MOST_NAMED)
        doubt = f"; params include {plain(names)}, which may be constants" if self.doubtful else ""
        return super().heading + doubt


def read(model: Any, name: str, side: Any, unknown: str, extra: Extra | None, dims: Any) -> Network:
    """The network of a loaded model."""
    recipe = partial(read, model=model, name=name, unknown=unknown, extra=extra, dims=dims)
    try:
        graph, start = Graph(model.graph), outputs.cache_info().misses
        sizes = Sizes(name, graph, side, dims)

        def fresh() -> Walk:
            return Walk(Reading(name, unknown, extra), sizes, opset_of(model), start)

        walk = first_fit(name, graph, sizes, fresh)
        known, reading = walk.values, walk.reading
        reading.lost.update(graph.outputs.keys() - known.keys())
        ends = [known[end].step if end in known else end for end in graph.outputs]
        network = reading.network(filter(None, ends), partial(recipe, side=sizes.side))
        counted = walk.counted
        return ReadNetwork(**vars(network), constants=counted.constants, doubtful=counted.doubtful)
    except DAMAGED as error:
        kind = type(error).__name__
        raise ValueError(f"{name} is damaged ({kind}: {error}); {EXPORT}") from error


def first_fit(name: str, graph: Graph, sizes: Sizes, fresh: Callable[[], Walk]) -> Walk:
    """The walk through a graph at the first unit at which all shapes follow formulas."""
    errors: list[ValueError] = []
    units = UNITS if sizes.letters else UNITS[:1]
    edges = sum(len(node.input) + 4 for node in graph.nodes)
    for unit in units[: max(1, MOST_EDGES // edges)]:  # of a long graph fewer, for time
        walk = fresh()
        try:
            walk.through(graph, unit)
            return walk
        except ValueError as error:
            errors.append(error)
    # a size may have been written down
    why = str(errors[0])
    written = sizes.exported or why.startswith("Reshape ")
    raise ValueError(f"{why}; {WRITTEN.format(name)}" if written else why) from errors[0]
