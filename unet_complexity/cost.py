r"""What is counted, and how: the shape of a feature map and the record of a cost.

This docstring is *the* statement of the conventions; every number of the package obeys it.

- One image (batch 1), one forward pass, as at inference: batch normalisation uses its stored statistics,
  dropout does nothing.
- **MAC**: one multiplication whose product is added to a running sum.  ``macs`` is the *dense* count, in which
  a window that hangs over the border multiplies its zeros too (He & Sun 2015, eq. 1); ``macs_in_bounds``
  leaves those out.
- **elementwise**: every other arithmetic operation, comparison or function evaluation on one element:
  a bias 1 per output, ReLU 1, LeakyReLU 2 (scale, compare), tanh and sigmoid 1, softmax 5c - 2 per pixel,
  batch normalisation 2 (scale, shift), pooling taps - 1 (and a division), addition 1, bilinear upsampling 7
  (four weights, three additions), bicubic 31.  Other activations: ``OPERATIONS`` in layers/elementwise.py.
  Normalising m elements by their own mean and variance 5m + 2, and 1 each for scale and shift.
- A product of two maps (attention) is counted in MACs as one with weights is; looking at a map as another shape is
  nothing; a permutation, a slice and a padding are copies.
- **FLOPs** = 2 MACs + elementwise.
- **reads** and **writes**: elements.  Each layer is handed its whole inputs and weights once and hands over its
  whole output once; nothing is fused, so copying counts here although it does no arithmetic.
- **params**: weights and biases; the moving averages of a batch normalisation are params, not trainable ones.

$$\text{FLOPs} = 2\,\text{MACs} + \text{elementwise}, \qquad
  \text{bytes} = (\text{reads} + \text{writes}) \times \text{bytes per element}.$$
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

import sympy as sp

from unet_complexity.escaping import latex_in_formula, plain
from unet_complexity.symbols import Size, as_size, exact, named_letters, substitute

BYTES_PER_ELEMENT = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}


@dataclass(frozen=True, slots=True)
class Tensor:
    """A feature map: ``height`` rows, ``width`` columns (pixels), ``channels``.  No batch axis: the batch is 1.

    A tensor that is not a map is folded into one: a vector is 1 x 1 x c, a sequence
    1 x tokens x features, anything of more axes (product of the leading ones) x (last but one) x (last).

    >>> Tensor(256, 256, 3).size
    196608
    """

    height: Size
    width: Size
    channels: Size

    def __post_init__(self) -> None:
        for name in ("height", "width", "channels"):
            object.__setattr__(self, name, as_size(getattr(self, name), name))

    @property
    def size(self) -> Size:
        """Number of elements: height x width x channels."""
        return _volume(self.height, self.width, self.channels)

    def __str__(self) -> str:
        return f"{self.height} x {self.width} x {self.channels}"


@lru_cache(10_000)
def _volume(height: Size, width: Size, channels: Size) -> Size:
    return exact(height * width * channels)


class Rule(NamedTuple):
    """What letters must obey for a formula to hold: ``whole`` is then a whole number, 0 or more.

    ``said``: the same in words; if empty, ``whole`` + 1 is called a size.
    """

    said: str
    whole: sp.Expr

    @property
    def text(self) -> str:
        """The rule in words."""
        return (
            self.said or f"{self.whole + 1} is a whole number, 1 or more"
        )  # SymPy takes its time to print

    @classmethod
    def largest_kernel(cls, k: Size, side: sp.Expr) -> Rule:
        """What in-bounds counts ask of a network whose smallest map that a k x k window walks has this side."""
        return cls(f"{k} <= {2 * side + 1}", 2 * side + 1 - k)

    def at(self, letters: dict[sp.Symbol, Any], given: dict[str, Any]) -> Rule | None:
        """The rule for the letters that are left; None if it is kept.  ValueError if the values break it."""
        whole = substitute(self.whole, letters)
        if isinstance(whole, int) and whole >= 0:
            return None
        if isinstance(whole, int) or whole.is_number:
            raise ValueError(
                f"this formula holds where {self.text}, got {given}; "
                "give values that obey, or build with numbers: network.at(...)"
            )
        return self if whole == self.whole else Rule("", whole)


def promises(sizes: Iterable[Size]) -> tuple[Rule, ...]:
    """The rules that sizes with letters are whole numbers of at least 1, as a positive letter is anyway.

    >>> from unet_complexity.symbols import N
    >>> [rule.text for rule in promises([3, N, N - 2])]
    ['N - 2 is a whole number, 1 or more']
    """
    formulas = dict.fromkeys(size for size in sizes if isinstance(size, sp.Expr))
    return tuple(
        Rule("", size - 1) for size in formulas if not (size.is_Symbol and size.is_positive)
    )


COUNTS = ("params", "trainable_params", "macs", "macs_in_bounds", "elementwise", "reads", "writes")


@dataclass(frozen=True, slots=True)
class Cost:
    """What running one layer, or many, costs.  Adds with ``+`` and ``sum``, repeats with ``*``.

    Fields are whole numbers where all sizes are, SymPy expressions where letters take part; ``rules`` say
    what the letters must obey for the expressions to hold; ``missing`` names what could not be counted and is in none
    of the counts.

    >>> two = Cost(params=10, macs=100) + Cost(macs=20, elementwise=5)
    >>> two.macs, two.flops
    (120, 245)
    """

    params: Size = 0
    trainable_params: Size = 0
    macs: Size = 0
    macs_in_bounds: Size = 0
    elementwise: Size = 0
    reads: Size = 0
    writes: Size = 0
    rules: tuple[Rule, ...] = field(default=(), compare=False, repr=False)
    missing: tuple[str, ...] = ()

    @property
    def flops(self) -> Size:
        """2 MACs + elementwise operations (dense)."""
        return exact(2 * self.macs + self.elementwise)

    def bytes(self, dtype: str | Size = "float32") -> Size:
        """Bytes moved when nothing is fused: (reads + writes) x bytes per element.

        >>> Cost(reads=3, writes=1).bytes("float16")
        8
        """
        return bytes_of(self.reads + self.writes, dtype)

    def at(self, **values: Any) -> Cost:
        """The same cost with numbers in place of letters: ``cost.at(N=256, C=3)``.

        ValueError if a name is not a letter of this package, if the values break one of the ``rules``, or if a count
        would not be whole.
        """
        letters = named_letters(values)
        kept = [rule.at(letters, values) for rule in self.rules]
        # what takes the place of a letter is a size, as the letter was
        given = promises(
            exact(value + int(not symbol.is_positive)) for symbol, value in letters.items()
        )
        counts = self.map(lambda value: _whole(substitute(value, letters), values))
        return replace(counts, rules=(*(rule for rule in kept if rule), *given))

    def map(self, function: Callable[[Size], Size]) -> Cost:
        """A cost with ``function`` applied to each field."""
        counts = {name: function(getattr(self, name)) for name in COUNTS}
        return Cost(rules=self.rules, missing=self.missing, **counts)

    def with_rules(self, *rules: Rule) -> Cost:
        """The same cost, for letters that obey these rules too."""
        return replace(self, rules=tuple(dict.fromkeys(self.rules + rules)))

    def __add__(self, other: object) -> Cost:
        return add([self, other]) if isinstance(other, Cost) else NotImplemented

    def __radd__(self, other: object) -> Cost:
        return self if other == 0 else NotImplemented  # so that sum() works

    def __mul__(self, times: Size) -> Cost:
        times = as_size(times, "the number of repetitions", at_least=0)
        return self.map(lambda value: exact(value * times)).with_rules(
            *promises([exact(times + 1)])
        )

    __rmul__ = __mul__

    def __str__(self) -> str:
        rows = [(name.replace("_", " "), getattr(self, name)) for name in (*COUNTS, "flops")]
        notes = [not_counted(self.missing)] if self.missing else []
        return "\n".join([*(f"{name:16} {with_separators(value)}" for name, value in rows), *notes])

    def _repr_latex_(self) -> str:
        rows = [(name.replace("_", r"\ "), getattr(self, name)) for name in (*COUNTS, "flops")]
        lines = r" \\ ".join(rf"\text{{{name}}} &= {as_latex(value)}" for name, value in rows)
        if self.missing:
            lines += rf" \\ &{latex_in_formula(not_counted(self.missing))}"
        return rf"$\displaystyle \begin{{aligned}} {lines} \end{{aligned}}$"


def add(costs: Iterable[Cost]) -> Cost:
    """The sum of many costs, in one go: adding letters pair by pair would be slow.

    >>> add([Cost(macs=2), Cost(macs=3)]).macs
    5
    """
    costs = list(costs)

    def total(counts: list[Size]) -> Size:
        return (
            sum(counts)
            if all(isinstance(count, int) for count in counts)
            else exact(sp.Add(*counts))
        )

    rules = dict.fromkeys(rule for cost in costs for rule in cost.rules)
    missing = tuple(name for cost in costs for name in cost.missing)
    return Cost(
        rules=tuple(rules),
        missing=missing,
        **{name: total([getattr(cost, name) for cost in costs]) for name in COUNTS},
    )


def not_counted(missing: Iterable[str]) -> str:
    """The words for what is in no count.

    >>> not_counted(["Foo (block1/foo)", "Lambda (x)"])
    'NOT counted: 2 layers, Foo (block1/foo), Lambda (x)'
    """
    names = list(missing)
    return f"NOT counted: {len(names)} layer{'s' * (len(names) > 1)}, {plain(', '.join(names))}"


def bytes_of(elements: Size, dtype: str | Size) -> Size:
    """Bytes occupied by ``elements`` numbers of type ``dtype``: its name, or its bytes per element.

    >>> bytes_of(3, "float16"), bytes_of(3, 2)
    (6, 6)
    """
    if isinstance(dtype, str) and dtype not in BYTES_PER_ELEMENT:
        raise ValueError(f"dtype must be one of {', '.join(BYTES_PER_ELEMENT)}, got {dtype!r}")
    each = (
        BYTES_PER_ELEMENT[dtype]
        if isinstance(dtype, str)
        else as_size(dtype, "dtype (bytes per element)")
    )
    return exact(elements * each)


@lru_cache(10_000)  # SymPy takes its time to print, and parts of a network say the same formulas
def with_separators(value: Any) -> str:
    """A number with thousands separators, a float to one decimal; letters as SymPy prints them.

    >>> with_separators(18052284416), with_separators(1234.56)
    ('18,052,284,416', '1,234.6')
    """
    return (
        f"{value:,}"
        if isinstance(value, int)
        else f"{value:,.1f}"
        if isinstance(value, float)
        else str(value)
    )


def as_latex(value: Any) -> str:
    r"""The same for LaTeX: ``18\,052\,284\,416`` would be a product, so the comma is a braced one.

    >>> print(as_latex(41843331))
    41{,}843{,}331
    """
    return (
        with_separators(value).replace(",", "{,}")
        if isinstance(value, (int, float))
        else str(sp.latex(value))
    )


def _whole(value: Size, given: dict[str, Any]) -> Size:
    if isinstance(value, sp.Rational):
        raise ValueError(
            f"a count must be whole, got {value} from {given}; give a side that every stride divides"
        )
    return value
