r"""The conventions of counting, the shape of a feature map, and the record of a cost.

This docstring is *the* statement of the conventions; every number of the package obeys it.

- One image (batch 1), one forward pass, as at inference: batch normalisation uses its stored statistics,
  dropout does nothing.
- **MAC**: one multiplication whose product is added to a running sum.  ``macs`` is the *dense* count: taps on the
  zeros of the padding count too (He & Sun 2015, eq. 1).  ``macs_in_bounds`` leaves those out.
- **elementwise**: every other arithmetic operation, comparison or function evaluation on one element:
  a bias 1 per output, ReLU 1, LeakyReLU 2 (scale, compare), tanh and sigmoid 1, softmax 5c - 2 per pixel,
  batch normalisation 2 (scale, shift), pooling taps - 1 (and a division), addition 1, bilinear upsampling 7
  (four weights, three additions), bicubic 31.  Other activations: ``OPERATIONS`` in layers/elementwise.py.
  Normalising m elements by their own mean and variance takes 5m + 2, scale and shift 1 each.
- A product of two maps (attention) is counted in MACs, like one with weights.  A view (no copy) costs nothing; a
  permutation, a slice and a padding are copies.
- **FLOPs** = 2 MACs + elementwise.
- **reads** and **writes**: elements.  Each layer reads its whole inputs and weights once and writes its whole
  output once.  Nothing is fused, so copying counts here although it does no arithmetic.
- **params**: weights and biases.  The moving averages of a batch normalisation are params too, but not trainable.

$$\text{FLOPs} = 2\,\text{MACs} + \text{elementwise}, \qquad
  \text{bytes} = (\text{reads} + \text{writes}) \times \text{bytes per element}.$$
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, NamedTuple

import sympy as sp

from unet_complexity.escaping import latex_in_formula, not_counted
from unet_complexity.symbols import (
    Pair,
    Size,
    add_up,
    as_size,
    exact,
    named_letters,
    one_of,
    substitute,
)

BYTES_PER_ELEMENT = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}


@dataclass(frozen=True, slots=True)
class Tensor:
    """The shape of a feature map.  It has no batch axis: the batch is 1.

    Other tensors are folded into a map: a vector is 1 x 1 x c, a sequence 1 x tokens x features, and one of more
    axes (product of the leading ones) x (last but one) x (last).

    Attributes:
        height: Rows.
        width: Columns.
        channels: Channels.

    Example:
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
    def shape(self) -> tuple[Size, Size, Size]:
        """(height, width, channels)."""
        return self.height, self.width, self.channels

    @property
    def sides(self) -> Pair:
        """(height, width)."""
        return self.height, self.width

    @property
    def size(self) -> Size:
        """Number of elements: height x width x channels."""
        return exact(prod(self.shape))

    def __str__(self) -> str:
        return " x ".join(map(str, self.shape))


class Rule(NamedTuple):
    """A condition on letters: a formula holds only if ``whole`` is a whole number, 0 or more.

    Args:
        said: The condition in words; if empty, the words say that ``whole`` + 1 is a size.
        whole: The expression.
    """

    said: str
    whole: sp.Expr

    @property
    def text(self) -> str:
        """The condition in words."""
        # made only if it is read: SymPy is slow at printing
        return self.said or f"{self.whole + 1} is a whole number, 1 or more"

    def at(self, letters: dict[sp.Symbol, Any], given: dict[str, Any]) -> list[Rule]:
        """Return the rule for the remaining letters; no rule if none remains.

        Args:
            letters: Value of each letter to replace.
            given: The same by name, for the error.

        Raises:
            ValueError: If the values break the rule.
        """
        whole = self.whole.subs(letters).doit()
        if not whole.is_number:
            return [self if whole == self.whole else Rule("", whole)]
        if whole.is_integer and whole >= 0:
            return []
        raise ValueError(
            f"this formula holds where {self.text}, got {given}; "
            "give values that obey, or build with numbers: network.at(...)"
        )


def promises(sizes: Iterable[Size]) -> tuple[Rule, ...]:
    """Return the rules that sizes with letters are whole numbers of at least 1.

    N, N + 1 and 2 N need no rule, since N is a positive letter; N / 2 and N - 2 do.

    Args:
        sizes: Numbers and expressions.

    Example:
        >>> from unet_complexity.symbols import N
        >>> [rule.text for rule in promises([3, N, N - 2])]
        ['N - 2 is a whole number, 1 or more']
    """
    rules = []
    for size in dict.fromkeys(sizes):
        if isinstance(size, sp.Expr) and not (
            size.is_positive and sp.denom(sp.together(size)) == 1
        ):
            rules.append(Rule("", size - 1))
    return tuple(rules)


COUNTS = ("params", "trainable_params", "macs", "macs_in_bounds", "elementwise", "reads", "writes")


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of running one layer, or many.  It adds with ``+`` and ``sum``, and repeats with ``*``.

    Counts are whole numbers if all sizes are, and SymPy expressions if sizes have letters.  The docstring of the
    module defines each count.

    Attributes:
        rules: Conditions on the letters under which the expressions hold.
        missing: Names of layers that could not be counted; they are in none of the counts.

    Example:
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
        """Return the bytes moved if nothing is fused: (reads + writes) x bytes per element.

        Args:
            dtype: Name of the number type, or its bytes per element.

        Raises:
            ValueError: If no type has this name.

        Example:
            >>> Cost(reads=3, writes=1).bytes("float16")
            8
        """
        return bytes_of(self.reads + self.writes, dtype)

    def at(self, **values: Any) -> Cost:
        """Return the cost with numbers in place of letters: ``cost.at(N=256, C=3)``.

        Args:
            **values: Value of each letter, a number or an expression.

        Raises:
            ValueError: If a name is not a letter of this package, if the values break one of the ``rules``, or if a
                count would not be whole.
        """
        letters = named_letters(values)
        rules = [left for rule in self.rules for left in rule.at(letters, values)]
        # a value must be a size, as the letter was
        rules += promises(value + int(not x.is_positive) for x, value in letters.items())

        def put(value: Size) -> Size:
            count: Size = substitute(value, letters)
            if isinstance(count, sp.Rational):
                raise ValueError(
                    f"a count must be whole, got {count} from {values}; "
                    "give a side that every stride divides"
                )
            return count

        return replace(self.map(put), rules=tuple(rules))

    def map(self, function: Callable[[Size], Size]) -> Cost:
        """Return the cost with each count changed.

        Args:
            function: Returns the new count for an old one.
        """
        counts: dict[str, Any] = {name: function(getattr(self, name)) for name in COUNTS}
        return replace(self, **counts)

    def __add__(self, other: object) -> Cost:
        return add([self, other]) if isinstance(other, Cost) else NotImplemented

    def __radd__(self, other: object) -> Cost:
        return self if other == 0 else NotImplemented  # so that sum() works

    def __mul__(self, times: Size) -> Cost:
        times = as_size(times, "the number of repetitions", at_least=0)
        repeated = self.map(lambda value: exact(value * times))
        return repeated + Cost(rules=promises([times + 1]))

    __rmul__ = __mul__

    def _rows(self, space: str) -> list[tuple[str, Size]]:
        return [(name.replace("_", space), getattr(self, name)) for name in (*COUNTS, "flops")]

    def __str__(self) -> str:
        lines = [f"{name:16} {with_separators(value)}" for name, value in self._rows(" ")]
        if self.missing:
            lines.append(not_counted(self.missing))
        return "\n".join(lines)

    def _repr_latex_(self) -> str:
        rows = self._rows(r"\ ")
        lines = [rf"\text{{{name}}} &= {as_latex(value)}" for name, value in rows]
        if self.missing:
            lines.append(f"&{latex_in_formula(not_counted(self.missing))}")
        aligned = r" \\ ".join(lines)
        return rf"$\displaystyle \begin{{aligned}} {aligned} \end{{aligned}}$"


def add(costs: Iterable[Cost]) -> Cost:
    """Return the sum of costs.

    Args:
        costs: The costs.  Each count is one sum, since adding expressions pair by pair would be slow.

    Example:
        >>> add([Cost(macs=2), Cost(macs=3)]).macs
        5
    """
    costs = list(costs)
    counts: dict[str, Any] = {
        name: add_up([getattr(cost, name) for cost in costs]) for name in COUNTS
    }
    rules = dict.fromkeys(rule for cost in costs for rule in cost.rules)
    missing = tuple(name for cost in costs for name in cost.missing)
    return Cost(**counts, rules=tuple(rules), missing=missing)


def bytes_of(elements: Size, dtype: str | Size) -> Size:
    """Return the bytes occupied by ``elements`` numbers.

    Args:
        elements: Number of elements.
        dtype: Name of the number type, or its bytes per element.

    Raises:
        ValueError: If no type has this name.

    Example:
        >>> bytes_of(3, "float16"), bytes_of(3, 2)
        (6, 6)
    """
    if isinstance(dtype, str):
        dtype = BYTES_PER_ELEMENT[one_of("dtype", dtype, BYTES_PER_ELEMENT)]
    return exact(elements * as_size(dtype, "dtype (bytes per element)"))


def with_separators(value: Any) -> str:
    """Return a number with thousands separators, a float with one decimal; expressions as SymPy prints them.

    Args:
        value: The number or expression.

    Example:
        >>> with_separators(18052284416), with_separators(1234.56)
        ('18,052,284,416', '1,234.6')
    """
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.1f}"
    return str(value)


def as_latex(value: Any) -> str:
    r"""Return :func:`with_separators` for LaTeX.

    The comma is in braces, since ``18\,052\,284\,416`` would be a product.

    Args:
        value: The number or expression.

    Example:
        >>> print(as_latex(41843331))
        41{,}843{,}331
    """
    if isinstance(value, sp.Basic):
        return str(sp.latex(value))
    return with_separators(value).replace(",", "{,}")
