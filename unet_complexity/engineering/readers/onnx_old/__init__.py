"""An ONNX model, from PyTorch or anything else that exports it, becomes a Network."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

from unet_complexity.engineering.readers.limits import refusals
from unet_complexity.engineering.readers.onnx_old import (  # noqa: F401 - each registers its operators
    arranging,
    cutting,
    dense,
    elementwise,
    looking,
    reducing,
    resampling,
    windows,
)
from unet_complexity.engineering.readers.onnx_old.files import (
    EXPORT,
    in_order,
    load,
    opset_of,
    stored,
)
from unet_complexity.engineering.readers.onnx_old.inputs import Sizes, inferred, stated
from unet_complexity.engineering.readers.onnx_old.layouts import layouts
from unet_complexity.engineering.readers.onnx_old.values import Value, fold
from unet_complexity.engineering.readers.onnx_old.values import stored as stored_value
from unet_complexity.engineering.readers.onnx_old.walk import Walk
from unet_complexity.engineering.readers.reading import Extra, Reading
from unet_complexity.networks import Network

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
    sizes, reading = Sizes.of(side, dims), Reading(name, unknown, extra)
    recipe = partial(read, model=model, name=name, unknown=unknown, extra=extra, dims=dims)
    try:
        outputs = walked(model, sizes, reading)
        return reading.network(outputs, partial(recipe, side=sizes.side))
    except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError) as error:
        raise ValueError(
            f"{name} is damaged ({type(error).__name__}: {error}); {EXPORT}"
        ) from error


def walked(model: Any, sizes: Sizes, reading: Reading) -> list[str]:
    """Add all steps of a model to ``reading``; the names of those that write its outputs."""
    walk, nodes = started(model, sizes, reading)
    if not sizes.as_stored:
        walk.exported = as_exported(model, sizes)
    try:
        for node in nodes:
            walk.run(node)
    except ValueError as error:
        baked = not sizes.as_stored or str(error).startswith("Reshape ")
        raise ValueError(
            f"{error}; {WRITTEN.format(reading.name)}" if baked else str(error)
        ) from error
    return walk.sources(tensor.name for tensor in model.graph.output)


def started(model: Any, sizes: Sizes, reading: Reading) -> tuple[Walk, list[Any]]:
    """A walk that knows the model's inputs and stored arrays, and the nodes that it is to run."""
    name, graph, arrays, nodes = (
        reading.name,
        model.graph,
        stored(model.graph),
        in_order(model.graph),
    )
    layout = layouts(nodes, arrays)
    given = {tensor.name: stated(tensor) for tensor in graph.input if tensor.name not in arrays}
    if bad := [tensor for tensor, shape in given.items() if shape is None] or ["none"] * (
        not given
    ):
        raise ValueError(
            f"{name} must be given tensors whose number of axes is known, got {bad[0]}; {EXPORT}"
        )
    shapes = sizes.shapes(given, layout)  # type: ignore[arg-type]
    told = (
        inferred(model) if reading.unknown == "report" else graph
    )  # behind an unknown operator that is all there is
    said = {
        tensor.name: shape
        for tensor in (*told.value_info, *told.output)
        if (shape := stated(tensor))
    }
    walk = Walk(reading, opset_of(model), layout, said if sizes.as_stored else {}, sizes)
    for tensor, shape in shapes.items():
        channels = layout.get(tensor, -3 if len(shape) == 4 else -1)
        reading.input(tensor, fold(shape, channels))
        walk.put(tensor, Value(shape, tensor))
    given_on = {tensor.name for tensor in graph.output}  # an array may be an output as it is
    for tensor in given_on.union(*(node.input for node in nodes)).intersection(arrays):
        walk.put(tensor, stored_value(tensor, arrays[tensor]))
    return walk, nodes


def as_exported(model: Any, sizes: Sizes) -> dict[str, Any]:
    """Shapes of the model's maps at the sizes that it was exported at, as far as they can be read.

    Sizes that the exporter wrote down belong to these; beside others they may fit, and mean something else.
    """
    written = {
        "Reshape": 1,
        "Slice": 0,
        "Resize": 3,
    }  # where from on an operator has inputs that may hold sizes
    if not any(
        any(node.input[written[node.op_type] :])
        for node in model.graph.node
        if node.op_type in written
    ):
        return {}
    walk, nodes = started(model, Sizes.of(None, sizes.given), Reading("as exported"))
    with suppress(ValueError):
        for node in nodes:
            walk.run(node)
    return {name: value.shape for name, value in walk.values.items()}
