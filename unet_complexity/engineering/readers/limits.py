"""Limits of a model file: how much of it is read, checked before memory is taken, and how a refusal is worded.

A file is foreign: it may lie about its size, nest without end, or ask for more numbers than fit into memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from itertools import islice
from pathlib import Path
from stat import S_ISREG
from typing import Any

import sympy as sp

from unet_complexity.escaping import one_line

MOST_BYTES = 2**31 - 1  # one protobuf message holds no more, weights included
MOST_BYTES_BESIDE_WEIGHTS = 64 * 2**20  # a network of 10,000 nodes takes 3 MB
MOST_BYTES_UNCOUNTED = (
    2 * 2**20
)  # of nodes whose attributes are not counted: half a gigabyte if all are empty
MOST_CONFIG_BYTES = 8 * 2**20  # decompressed; the largest of keras.applications takes 2 MB
MOST_NODES = 20_000  # twice the nodes of a large diffusion model
MOST_CALLS = 2_000  # of a Keras model's layers: twice those of NASNetLarge, some seconds
MOST_ARGUMENTS = (
    500_000  # tensors, lists, numbers that layers are called with: ten times those of DenseNet201
)
MOST_ENTRIES = 500_000  # nodes, weights and stated shapes of a graph
MOST_EDGES = (
    100_000  # inputs and outputs of all nodes: three times those of a large diffusion model
)
MOST_NUMBERS = (
    4096  # of an array that is computed; larger ones are weights or maps, whose shape is enough
)
MOST_GIVEN = 100 * MOST_NUMBERS  # to one operator, by its inputs together
MOST_COMPUTED = 2_000_000  # numbers computed for shapes, in a whole model: a few seconds of Python
MOST_ASKED = 30_000  # shapes that onnx is asked for, equal ones once: some seconds
MOST_AXES = 32  # of a tensor; NumPy's arrays had no more for twenty years
MOST_INPUTS = 10_000  # of one node; the widest Concat of a public network has some hundreds
MOST_TAPS = 2**15  # along one side of a window, its stride or its padding; a larger one is damage
MOST_CHARACTERS = 20_000  # of a name, with the names of the models that it lies in
MOST_WRITTEN = (
    10_000_000  # of the names of all steps: five times those of 20,000 layers with long names
)
MOST_INFERENCE_BYTES = 2**30  # of address space, half of which importing onnx takes
MOST_INFERENCE_SECONDS = 8
MOST_DEPTH = 64  # lists, dictionaries and models inside each other
MOST_TERMS = 200  # numbers, letters and operations in the formula of a size: those of networks have some dozens
MOST_FORMULAS = 500  # different ones of a network's sizes; deep networks have some dozens
HIGHEST_DEGREE = 8  # of such a formula: the number of pixels of a square map has degree 2
# what Python raises if a damaged model lacks something, or has something else in its place
DAMAGED = (ArithmeticError, AttributeError, LookupError, TypeError)
LARGEST = 2**63 - 1  # of ONNX's whole numbers
LARGEST_TYPED = 2**31 - 1  # size or batch on the command line; frameworks index with 32 bits
LARGEST_FACTOR = 32  # of an upsampling that is collapsed; networks use 2 to 32
LONGEST_NAME = 1_000  # characters of what such an upsampling reads or writes: each phase repeats it
MOST_SUMMED = (
    2**26
)  # numbers held while taps are summed, 512 MiB; 1024 x 1024 x 4 x 4 by 2: 2**25.6
MOST_ADDED = (
    2**25
)  # numbers in new weights, beside 16 for each of the model's own: many blocks may share one kernel
MOST_FOLDED = 2**29  # bytes of all constants that are computed for one collapse


class BoundedFile(FileIO):
    """A regular file that never hands out more than ``most`` bytes at once.

    ValueError for a folder, a pipe or a device, which may block or have no end.
    """

    def __init__(self, path: str | os.PathLike[str], most: int) -> None:
        self.most = most
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        number = os.open(path, flags)  # opening a pipe would wait for a writer otherwise
        if not S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise ValueError(
                f"a model is read from a regular file, got {Path(path).name}; give a file"
            )
        super().__init__(number)

    def read(self, size: int | None = -1) -> bytes:
        """Read at most ``size`` bytes; ValueError if that is more than the limit."""
        left = os.fstat(self.fileno()).st_size - self.tell()
        wanted = left if size is None or size < 0 else min(size, left)
        at_most(wanted, self.most, "bytes of a file at once")
        return super().read(max(wanted, 0))


def at_most(count: int, limit: int, what: str) -> int:
    """Return ``count``; ValueError that names the limit if it is larger."""
    if count > limit:
        raise ValueError(f"at most {limit:,} {what} are read, got {count:,}")
    return count


def check_nesting(data: Any) -> None:
    """ValueError if lists and dictionaries lie deeper inside each other than ``MOST_DEPTH``."""
    level = [data]
    for _ in range(MOST_DEPTH):
        lists = [one for one in level if isinstance(one, list)]
        lists += [list(one.values()) for one in level if isinstance(one, dict)]
        level = [item for one in lists for item in one]
        if not level:
            return
    raise ValueError(
        f"at most {MOST_DEPTH} lists and dictionaries inside each other are read, got more"
    )


def check_size(size: Any) -> None:
    """ValueError if a whole number is larger than ONNX's, or a formula longer than any network's."""
    if isinstance(size, int):
        if abs(size) > LARGEST:
            raise ValueError(
                f"whole numbers are computed within 64 bits, got one of {size.bit_length()} bits"
            )
    elif isinstance(size, sp.Basic):
        terms = sum(1 for _ in islice(sp.preorder_traversal(size), MOST_TERMS + 1))
        if terms > MOST_TERMS or _degree(size) > HIGHEST_DEGREE:
            raise ValueError(
                f"formulas of at most {MOST_TERMS} terms and degree {HIGHEST_DEGREE} are read, got a longer one"
            )


def _degree(formula: Any) -> float:
    """The degree that a polynomial has once it is multiplied out, at most."""
    if formula.is_Symbol:
        return 1
    degrees = [_degree(part) for part in formula.args]
    if formula.is_Pow and formula.exp.is_number:
        return degrees[0] * abs(float(formula.exp))
    return sum(degrees) if formula.is_Mul else max(degrees, default=0)


@contextmanager
def refusals(name: str) -> Iterator[None]:
    """Turn whatever a damaged or hostile model raises into one ValueError of one short sentence."""
    try:
        yield
    except RecursionError:
        raise ValueError(one_line(f"{name} nests too deep to be read; export it anew")) from None
    except MemoryError:
        raise ValueError(
            one_line(f"{name} needs more memory than there is; export it anew")
        ) from None
    except ValueError as error:
        said = one_line(str(error))
        if said == str(error):
            raise
        raise ValueError(said) from error
