"""Which stored arrays are parameters: what training changes, apart from what is only stored.

Values do not tell them apart (an untrained scale holds ones, as an exporter's own constants do), nor does the place of
their bytes.  Their use does, and their names: exporters keep those of a framework's parameters and buffers.
"""

from __future__ import annotations

import re
from typing import Literal

Use = Literal["weight", "norm", "operand"]
WORDS = re.compile("[a-z]+")
LEARNED = frozenset(
    "alpha bias beta embed embedding embeddings gamma kernel query scale shift slope token weight".split()
)
FIXED = frozenset(
    "anchor anchors blur coord coordinates coords encoding filt freq freqs frequencies grid mask masks mean pe pos "
    "position positional positions row rows column columns std window".split()
)
BLURRED = frozenset(("blur", "filt"))
CONSTANT = re.compile(r".*[Cc]onstant.*")  # what PyTorch's older exporter calls a literal
OWN = re.compile(r"val_\d+|onnx::.*")  # arrays that an exporter made, of parameters or without them


def is_lone(name: str, shape: tuple[int, ...]) -> bool:
    """A single number that no training changes: without an axis, or one that the exporter named itself."""
    own = CONSTANT.fullmatch(name) or re.fullmatch(r"val_\d+", name)
    return not shape or (set(shape) == {1} and bool(own))


def is_learned(name: str, use: Use) -> bool:
    """Decide by an array's name and use if training changes it.

    >>> is_learned("norm.weight", "norm"), is_learned("attn_mask", "operand")
    (True, False)
    """
    words = set(WORDS.findall(name.lower()))
    if use == "norm":
        return not (OWN.fullmatch(name) or CONSTANT.fullmatch(name))
    if name.endswith((".weight", ".bias")):
        return True
    if words & BLURRED or (words & FIXED and not words & LEARNED):
        return False
    return use == "weight" or not CONSTANT.fullmatch(name)


def is_doubtful(name: str, use: Use) -> bool:
    """Return True if neither the use nor the name of an array says what it is."""
    words = set(WORDS.findall(name.lower()))
    return use == "operand" and not words & (LEARNED | FIXED) and not CONSTANT.fullmatch(name)
