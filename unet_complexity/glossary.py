"""Glossary: words and letters of this field, each explained once; notebooks show them from here.

The letters are defined in :mod:`unet_complexity.symbols`.  :mod:`unet_complexity.cost` states exactly what is counted
under each word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import latex

from unet_complexity.symbols import GLOSSARY, letter

TERMS: dict[str, str] = {
    "MAC": "multiply-accumulate: one multiplication whose product is added to a running sum",
    "FLOP": "floating-point operation: additions and multiplications apart, so 2 per MAC, and everything else",
    "parameter": "a number that training sets: a weight or a bias",
    "element": "one number of a map that a layer reads or writes, even if it calculates nothing; 4 bytes in float32",
    "elementwise operation": "an operation on one element that is not a MAC: a bias added, a ReLU, a normalisation",
    "pixel": "one position of a map; it has as many elements as the map has channels",
    "map": "feature map: the input or output of a layer, rows x columns x channels",
    "channel": "one of the layers of numbers that a map is made of; a colour image has 3",
    "kernel": "the small window of weights that a convolution moves over a map",
    "tap": "one position of a kernel: a 3 x 3 kernel has 9",
    "filter": "a kernel over all input channels, with its bias; it computes one output channel",
    "stride": "how many pixels the window moves at a time",
    "padding": "zeros around a map; 'same' adds enough to keep the side at stride 1, 'valid' adds none",
    "dense": "counted with every tap, also those on the zeros of the padding; He & Sun and most tools count so",
    "in bounds": "counted without the taps on the padding",
    "upsampling": "making a map larger; nearest copies each pixel, bilinear blends its neighbours",
    "transposed convolution": "a convolution turned round: each input element is multiplied by the whole kernel",
    "phase": "position of an output pixel among the copies of one input pixel; size 2 has 2 per axis, so 4 in all",
    "depth to space": "sorting s x s channels into an s times larger map; nothing is calculated",
    "encoder": "the way down of a U-Net: the maps get smaller, the channels more",
    "decoder": "the way up of a U-Net: the maps get larger again",
    "bottleneck": "the deepest level of a U-Net, between encoder and decoder",
    "level": "everything of a network whose maps have the same side; one level down, the side is halved",
    "skip connection": "a map of the encoder that the decoder gets too, on the same level",
    "base filters": "the number of filters of the first block; the others have multiples of it",
    "arithmetic intensity": "FLOPs per byte moved; if it is low, memory sets the time",
    "bandwidth": "how many bytes a second a machine moves to and from its memory",
    "peak": "how many FLOPs a second a machine makes at most",
    "roofline": "model of the least time that arithmetic and memory allow, and of which one is the bound",
    "ridge": "the arithmetic intensity above which arithmetic is the bound: peak divided by bandwidth",
    "engine": "the program that runs a network: ONNX Runtime, PyTorch, Keras on JAX",
    "fused": "run together, so that the map between two layers never goes to memory",
    "peak memory": "the most elements held at the same time while the network runs",
    "Theta": "grows as fast as this, no faster and no slower, but for constant factors",
    "O": "grows no faster than this, but for constant factors",
}

# factor here: (factor of He & Sun (2015), equation 1, for the convolution of layer l; meaning)
HE_AND_SUN: dict[str, tuple[str, str]] = {
    "h\\,w": ("m_l^2", "positions of the **output** map"),
    "f": ("n_l", "filters: output channels"),
    "k^2": ("s_l^2", "taps of the kernel"),
    "c": ("n_{l-1}", "input channels"),
}


@dataclass(frozen=True, repr=False)
class GlossaryTable:
    """A table as Markdown, which notebooks and static pages show alike."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __repr__(self) -> str:
        line = ("---",) * len(self.header)
        rows = (self.header, line, *self.rows)
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)

    _repr_markdown_ = __repr__


def letters(*names: str) -> GlossaryTable:
    """Return a table of letters.

    Args:
        names: The letters; all of them, if none is named.

    Raises:
        ValueError: A letter is unknown.

    Example:
        >>> letters("c")
        | letter | stands for |
        | --- | --- |
        | $c$ | channels that enter a layer |
    """
    rows = tuple((f"${latex(letter(name))}$", text) for name, text in _chosen(GLOSSARY, names))
    return GlossaryTable(("letter", "stands for"), rows)


def terms(*names: str) -> GlossaryTable:
    """Return a table of words.

    Args:
        names: The words; all of them in alphabetical order, if none is named.

    Raises:
        ValueError: A word is unknown.

    Example:
        >>> terms("tap")
        | word | what it means |
        | --- | --- |
        | **tap** | one position of a kernel: a 3 x 3 kernel has 9 |
    """
    chosen = _chosen(TERMS, names or sorted(TERMS, key=str.lower))
    return GlossaryTable(
        ("word", "what it means"), tuple((f"**{name}**", text) for name, text in chosen)
    )


def notation() -> GlossaryTable:
    """Return a table of the factors of a convolution's MACs, in this package's letters and in He & Sun's."""
    rows = tuple((f"${ours}$", f"${theirs}$", text) for ours, (theirs, text) in HE_AND_SUN.items())
    return GlossaryTable(("here", "He & Sun (2015)", "what it is"), rows)


def _chosen(source: dict[str, str], names: Sequence[str]) -> list[tuple[str, str]]:
    for name in names:
        if name not in source:
            raise ValueError(f"{name!r} is not in the glossary; there are {', '.join(source)}")
    return [(name, source[name]) for name in names or source]
