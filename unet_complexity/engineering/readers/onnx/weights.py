"""Which stored arrays are parameters: what training changes, apart from what is only stored.

Values do not tell them apart (an untrained scale holds ones, as an exporter's own constants do), nor does the place of
their bytes.  Their use does, and their names: exporters keep those of a framework's parameters and buffers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import prod
from typing import Literal, NamedTuple

Use = Literal["", "weight", "norm", "operand"]
WORDS = re.compile("[a-z]+")
LEARNED = frozenset(
    "alpha bias beta embed embedding embeddings gamma kernel query scale shift slope token weight".split()
)
FIXED = frozenset(
    "anchor anchors blur column columns coord coordinates coords encoding filt freq freqs frequencies grid mask masks "
    "mean pe pos position positional positions row rows std window".split()
)
BLURRED = frozenset(("blur", "filt"))
LITERAL = re.compile("[Cc]onstant")  # what PyTorch's older exporter calls a literal
OWN = re.compile(r"val_\d+|onnx::.*")  # arrays that an exporter made, of parameters or without them


class Array(NamedTuple):
    """A stored array that may be weights; ``is_literal``: in a node of its own, or of whole numbers."""

    name: str
    size: int
    is_literal: bool = False

    @property
    def words(self) -> set[str]:
        """The words in the name."""
        return set(WORDS.findall(self.name.lower()))

    def is_learned(self, use: Use) -> bool:
        """Decide by name and use if training changes the array.

        >>> Array("norm.weight", 8).is_learned("norm"), Array("attn_mask", 64).is_learned("operand")
        (True, False)
        """
        exporters = LITERAL.search(self.name)
        if self.is_literal and use != "weight":
            return False
        if use == "norm":
            return not (exporters or OWN.fullmatch(self.name))
        if self.name.endswith((".weight", ".bias")):
            return True
        if self.words & BLURRED or (self.words & FIXED and not self.words & LEARNED):
            return False
        return use == "weight" or not exporters


Arrays = frozenset[Array]
NONE: Arrays = frozenset()


def arrays_of(name: str, shape: tuple[int, ...], is_literal: bool) -> Arrays:
    """The array itself; none for a single number that the exporter made, or that has no axis."""
    made = LITERAL.search(name) or re.fullmatch(r"val_\d+", name)
    lone = not shape or (set(shape) == {1} and made)
    return NONE if lone else frozenset([Array(name, prod(shape), is_literal)])


@dataclass
class Counted:
    """The arrays that layers have."""

    learned: set[Array] = field(default_factory=set)
    used: set[Array] = field(default_factory=set)
    doubtful: tuple[str, ...] = ()

    def add(self, arrays: Arrays, use: Use) -> int:
        """Elements of the learned arrays among these that no layer before had."""
        new = sorted(array for array in arrays - self.learned if array.is_learned(use))
        if use == "operand":
            self.doubtful += tuple(array.name for array in new if not array.words & LEARNED)
        self.learned.update(new)
        self.used |= arrays
        return sum(array.size for array in new)

    @property
    def constants(self) -> int:
        """Elements of the arrays that layers have and training leaves as they are."""
        return sum(array.size for array in self.used - self.learned)
