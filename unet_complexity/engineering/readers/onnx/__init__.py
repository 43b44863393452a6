"""An ONNX model, from PyTorch or anything else that exports it, becomes a Network."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import sympy as sp

from unet_complexity.engineering.readers.limits import refusals
from unet_complexity.engineering.readers.onnx import (  # noqa: F401 - each registers its operators
    elementwise,
    moving,
    products,
    reducing,
    windows,
)
from unet_complexity.engineering.readers.onnx.files import EXPORT, in_order, load, opset_of, stored
from unet_complexity.engineering.readers.onnx.fitting import (
    UNITS,
    UnfitError,
    at_point,
    points,
    rules,
)
from unet_complexity.engineering.readers.onnx.inputs import Sizes, stated
from unet_complexity.engineering.readers.onnx.layouts import layouts
from unet_complexity.engineering.readers.onnx.shapes import literal, stored_edge
from unet_complexity.engineering.readers.onnx.walk import Walk
from unet_complexity.engineering.readers.onnx.written import check_batch, check_sides
from unet_complexity.engineering.readers.reading import Extra, Reading
from unet_complexity.networks import Network

WRITTEN = (
    "the size or batch that {} was exported at may be written into it: export it with free sides, in PyTorch from one "
    "image, with dynamo=True and dynamic_shapes=({{2: Dim.DYNAMIC, 3: Dim.DYNAMIC}},)"
)
DAMAGE = (ArithmeticError, AttributeError, IndexError, KeyError, TypeError)


def from_onnx(
    path_or_model: Any,
    side: Any = None,
    unknown: str = "error",
    extra: Extra | None = None,
    dims: Mapping[str, Any] | None = None,
) -> Network:
    """The network that an ONNX model is.

    With PyTorch, ``torch.onnx.export(model, torch.zeros(1, 3, 256, 256), "model.onnx", dynamo=True)`` writes one; with
    Keras, ``model.export("model.onnx", format="onnx")``.

    ``side``: one size or (rows, columns), numbers or letters, at which the model is read; without it, what the file
    says, and N where it leaves sides free.  The batch is 1.  ``dims`` gives other free sizes by their names:
    ``dims={"tokens": 77}``.  All shapes are computed anew from the inputs'; where the file says others, that is a
    ValueError.  Sizes that an exporter computed and wrote down are the file's own: where they can be told from the
    model's, another side is refused; the kernel of an adaptive pool and the width of a padding cannot, so export with
    free sides what is to be read at others.

    ``params`` are the elements of the stored floating-point arrays that layers have as weights, each array's once, also
    where several nodes read it, or parts of it.  A number without an axis, such as the 0.5 of a GELU, is no param, nor
    is a lone one that the exporter named itself, nor are the ones and zeros of an InstanceNormalization.  They are
    those of the file: an exporter that folds a batch normalisation into the convolution before it, or keeps one of two
    equal arrays, leaves fewer than the model was trained with, and one that writes a table of positions out, more.
    What follows from stored numbers alone is computed beforehand and costs nothing.

    Only the file itself is read, and only the dimensions of weights, so weights in other files may be absent; nothing
    in it is executed.  ``unknown``: "error", or "report" to count the rest and say in every view what is missing, which
    needs the shapes behind it, from the file or from ONNX's own inference.  ``extra`` says how to count more
    operators, given the NodeProto and the shapes that enter: ``{"Foo": lambda node, x: Activation("relu")}``.

    ValueError, with what would work, for a file that is no ONNX model or is damaged, for operators that nobody knows
    (all at once), for sizes that are free or do not fit; OSError where there is no such file.

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


def read(model: Any, name: str, side: Any, unknown: str, extra: Extra | None, dims: Any) -> Network:
    """The network of a loaded model."""
    recipe = partial(read, model=model, name=name, unknown=unknown, extra=extra, dims=dims)
    try:
        sizes, reading, ends = walked(model, name, side, unknown, extra, dims)
        return reading.network(ends, partial(recipe, side=sizes.side))
    except DAMAGE as error:
        kind = type(error).__name__
        raise ValueError(f"{name} is damaged ({kind}: {error}); {EXPORT}") from error


def walked(
    model: Any, name: str, side: Any, unknown: str, extra: Extra | None, dims: Any
) -> tuple[Sizes, Reading, list[str]]:
    """What was read, and the names of the steps that write the outputs: at the first unit at which all shapes fit."""
    nodes = in_order(model.graph)
    arrays = {array: stored_edge(array, tensor) for array, tensor in stored(model.graph).items()}
    given = {tensor.name: tensor for tensor in model.graph.input if tensor.name not in arrays}
    asked = {tensor: stated(info) for tensor, info in given.items()}
    unknown_rank = [tensor for tensor, shape in asked.items() if shape is None] or ["none"] * (
        not given
    )
    if unknown_rank:
        raise ValueError(
            f"{name} must be given tensors whose number of axes is known, got {unknown_rank[0]}; {EXPORT}"
        )
    literals = {node.output[0]: literal(node) for node in nodes if node.op_type == "Constant"}
    ranks = {tensor: len(dims) for tensor, dims in asked.items() if dims}
    layout = layouts(nodes, arrays | literals, ranks)
    sizes = Sizes.of(side, dims)
    shapes = sizes.shapes(asked, layout)  # type: ignore[arg-type]
    found = {
        letter
        for shape in shapes.values()
        for x in shape
        if isinstance(x, sp.Expr)
        for letter in x.free_symbols
    }
    letters = tuple(sorted(found, key=str))
    first: UnfitError | None = None
    for unit in UNITS if letters else UNITS[:1]:
        reading = Reading(name, unknown, extra)
        said = said_by(model.graph, sizes)
        walk = Walk(reading, opset_of(model), letters, points(letters, unit), layout, said)
        try:
            for tensor, shape in shapes.items():
                walk.given(tensor, given[tensor].type.tensor_type.elem_type, shape)
            for array, edge in arrays.items():
                walk.stored(array, edge, in_node=False)
            for node in nodes:
                walk.run(node)
            finish(walk, sizes, unit)
        except UnfitError as error:
            first = first or error
            continue
        except ValueError as error:
            raise advised(error, name, sizes) from error
        return sizes, reading, walk.sources(tensor.name for tensor in model.graph.output)
    raise advised(first, name, sizes) from first


def advised(error: Exception | None, name: str, sizes: Sizes) -> ValueError:
    """The error, with what would work if a size may have been written down."""
    written = sizes.exported or sizes.batch not in (1, None) or str(error).startswith("Reshape ")
    return ValueError(f"{error}; {WRITTEN.format(name)}" if written else str(error))


def said_by(graph: Any, sizes: Sizes) -> dict[str, Any]:
    """Shapes that the file states, all of whose sizes are known here."""
    found = {}
    for tensor in (*graph.value_info, *graph.output):
        shape = stated(tensor)
        if shape is not None:
            known = [side if isinstance(side, int) else sizes.known(side) for side in shape]
            if None not in known and not sizes.exported:
                found[tensor.name] = tuple(known)
    return found


def finish(walk: Walk, sizes: Sizes, unit: int) -> None:
    """Find by trying what letters must obey, and refuse what was written down for other sizes."""

    def given(point: Any) -> dict[str, Any]:
        return {
            name: tuple(at_point(side, walk.letters, point) for side in walk.shapes[name])
            for name in walk.said
        }

    def fits(point: Any) -> bool:
        try:
            found = walk.at(given(point), strict=True)
            return all(
                edge.shape
                == tuple(at_point(side, walk.letters, point) for side in walk.shape(name))
                for name, edge in found
            )
        except (KeyError, ValueError):
            return False

    if walk.tried:
        walk.reading.rules += rules(walk.letters, unit, fits)
    first = given(walk.points[0]) | sizes.exported
    if sizes.exported:
        check_sides(walk, dict(walk.at(first, strict=False)), sizes.batch)
    if isinstance(sizes.batch, int) and sizes.batch > 1:
        wide = {
            name: (sizes.batch, *shape[1:])
            for name, shape in first.items()
            if name in sizes.batched
        }
        several, one = (dict(walk.at(shapes, strict=False)) for shapes in (first | wide, first))
        check_batch(walk, several, one, sizes.batch)
