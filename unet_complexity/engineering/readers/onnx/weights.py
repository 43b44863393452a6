"""Which stored arrays are parameters: what training changes, apart from what is only stored.

Values do not tell them apart (an untrained scale holds ones, as an exporter's own constants do), nor does the place of
their bytes.  Their use does, and their names: exporters keep those of a framework's parameters and buffers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from unet_complexity.symbols import Size, exact

Use = Literal["weight", "norm", "operand"]
WORDS = re.compile("[a-z]+")
LEARNED = frozenset(
    "alpha bias beta embed embedding embeddings gamma kernel query scale shift slope token weight".split()
)
FIXED = frozenset(
    "anchor anchors blur column columns coord coordinates coords encoding filt freq freqs frequencies grid mask masks "
    "mean pe pos position positional positions row rows std window".split()
)
BLURRED = frozenset(("blur", "filt"))
LITERAL = re.compile(r".*[Cc]onstant.*")  # what PyTorch's older exporter calls a literal
OWN = re.compile(r"val_\d+|onnx::.*")  # arrays that an exporter made, of parameters or without them


@dataclass
class Arrays:
    """Stored arrays by name, and those of them that a layer has.

    ``known`` has, of each edge that is known beforehand, the arrays in it.
    """

    known: dict[str, frozenset[str]] = field(default_factory=dict)
    sizes: dict[str, Size] = field(default_factory=dict)
    literals: set[str] = field(default_factory=set)  # in nodes of their own, or whole numbers
    counted: set[str] = field(default_factory=set)
    constants: set[str] = field(default_factory=set)
    doubtful: tuple[str, ...] = ()

    def add(self, name: str, size: Size, is_literal: bool) -> None:
        """An array that may be weights."""
        self.known[name], self.sizes[name] = frozenset([name]), size
        if is_literal:
            self.literals.add(name)

    def learned(self, name: str, use: Use) -> set[str]:
        """The arrays in an edge that training changes."""
        return {array for array in self.known.get(name, ()) if self.is_learned(array, use)}

    def is_learned(self, array: str, use: Use) -> bool:
        """Decide if training changes an array that is used so."""
        return is_learned(array, use) and (use == "weight" or array not in self.literals)

    def count(self, edges: list[str], use: Use) -> Size:
        """Elements of the learned arrays in these edges that no layer before had."""
        arrays = {array for edge in edges for array in self.known[edge]}
        learned = {array for array in arrays if self.is_learned(array, use)}
        new = sorted(learned - self.counted)
        self.doubtful += tuple(array for array in new if is_doubtful(array, use))
        self.counted |= learned
        self.constants |= arrays - learned
        return exact(sum(self.sizes[array] for array in new))

    @property
    def stored(self) -> Size:
        """Elements of the arrays that layers have and training leaves as they are."""
        return exact(sum(self.sizes[array] for array in self.constants - self.counted))


def is_lone(name: str, shape: tuple[Size, ...]) -> bool:
    """A single number that no training changes: without an axis, or one that the exporter named itself."""
    own = LITERAL.fullmatch(name) or re.fullmatch(r"val_\d+", name)
    return not shape or (set(shape) == {1} and bool(own))


def is_learned(name: str, use: Use) -> bool:
    """Decide by an array's name and use if training changes it.

    >>> is_learned("norm.weight", "norm"), is_learned("attn_mask", "operand")
    (True, False)
    """
    words = set(WORDS.findall(name.lower()))
    if use == "norm":
        return not (OWN.fullmatch(name) or LITERAL.fullmatch(name))
    if name.endswith((".weight", ".bias")):
        return True
    if words & BLURRED or (words & FIXED and not words & LEARNED):
        return False
    return use == "weight" or not LITERAL.fullmatch(name)


def is_doubtful(name: str, use: Use) -> bool:
    """Return True if neither the use nor the name of an array says what it is."""
    words = set(WORDS.findall(name.lower()))
    return use == "operand" and not words & (LEARNED | FIXED) and not LITERAL.fullmatch(name)
