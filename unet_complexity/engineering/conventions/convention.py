r"""How one tool counts: a rule per kind of layer, and the total that follows for any network of the package.

$$\text{total} = \sum_{\text{steps}} \text{rule}_{\text{kind}}(\text{what the step offers to be counted}).$$
"""

from __future__ import annotations

import ast
import operator
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, chain

import sympy as sp

from unet_complexity.closed_form import level_sum, tidy
from unet_complexity.engineering.conventions.quantities import ACTIVATIONS, BN, LETTERS, kind, pads, quantities, usual
from unet_complexity.layers import Add, Conv2DTranspose, Convolution, Layer
from unet_complexity.networks import Network, Step
from unet_complexity.symbols import Size, as_expr, exact

PARTS = ("convolutions", "bias", "upsampling", "normalization", "activations", "other")


@dataclass(frozen=True, repr=False, eq=False)
class Convention:
    """How a public tool counts, found by giving it one layer of each kind.

    ``unit`` says what the total counts, ``label`` what the tool calls it, ``recorded`` what it printed for the asker's
    network at 256 x 256 x 3.  ``counts``: a rule per kind of layer.  ``gaps``: layers whose count is not known, and
    why.  ``issues``: public threads about what stands out.  ``float32``: the tool adds up in 32-bit numbers.

    >>> from unet_complexity import pix2pix_unet
    >>> from unet_complexity.engineering.conventions import conventions
    >>> fvcore = conventions["fvcore"]
    >>> fvcore.total(pix2pix_unet(side=256, in_channels=3)), fvcore.unit, fvcore.label
    (18074284032, 'MACs', 'flop')
    >>> fvcore.rule("BatchNormalization")
    2*out
    """

    tool: str
    version: str
    unit: str
    label: str
    recorded: int
    counts: Mapping[str, str]
    gaps: tuple[tuple[Callable[[Layer], bool], str], ...] = ()
    issues: tuple[str, ...] = ()
    float32: bool = False

    @property
    def source(self) -> str:
        """Where the rules come from."""
        threads = f"; public threads: {', '.join(self.issues)}" if self.issues else ""
        return f"measured with {self.tool} {self.version}, one layer at a time{threads}"

    def rule(self, kind: str) -> sp.Expr:
        """The formula for one kind of layer, in the letters of MEANING.  ValueError for a kind without one."""
        return sp.Add(*self._additions(kind))

    def total(self, network: Network) -> Size:
        """What the tool prints for ``network``, in its own ``unit``: an exact ``int`` where all sizes are numbers.

        ValueError for a layer whose count by this tool is not known.

        >>> from unet_complexity import classic_unet
        >>> from unet_complexity.engineering.conventions import conventions
        >>> conventions["torch FlopCounterMode"].total(classic_unet(side=256))
        96192167936
        """
        terms = list(chain.from_iterable(map(self.terms, network)))
        if not self.float32:
            return _sum(terms)
        if not all(isinstance(term, int) for term in terms):
            raise ValueError(f"{self.tool} adds up in 32-bit numbers, so letters have no total; give numbers: at(...)")
        *_, last = accumulate(map(_in_32_bits, terms), lambda a, b: _in_32_bits(a + b), initial=0.0)
        return int(last)

    def parts(self, network: Network) -> dict[str, Size]:
        """The total taken apart: what comes from the convolutions' products, from bias, upsampling and so on, and
        what rounding takes.  Parts that are 0 are left out.

        >>> from unet_complexity import pix2pix_unet
        >>> from unet_complexity.engineering.conventions import conventions
        >>> conventions["fvcore"].parts(pix2pix_unet(side=256, in_channels=3))
        {'convolutions': 18052284416, 'upsampling': 16064512, 'normalization': 5935104}
        """
        found: dict[str, list[Size]] = {part: [] for part in PARTS}
        for step in network:
            products = self.terms(step, without="bias")
            found[_part(step.layer)] += products
            found["bias"].append(exact(sum(self.terms(step)) - sum(products)))
        parts = {part: _sum(terms) for part, terms in found.items()}
        parts["rounding"] = exact(self.total(network) - sum(parts.values()))
        return {part: value for part, value in parts.items() if value != 0}

    def terms(self, step: Step, without: str = "") -> list[Size]:
        """What the tool adds for one step, in its order; ``without``: a letter to take as 0."""
        self._refuse_gaps(step)
        rule, values = self._additions(kind(step.layer)), quantities(step) | ({without: 0} if without else {})
        replaced = {LETTERS[name]: as_expr(value) for name, value in values.items()}
        counts = [exact(addition.xreplace(replaced)) for addition in rule]
        if fractions := [count for count in counts if isinstance(count, sp.Rational)]:
            raise self._unknown(
                step, f"its rule gives {fractions[0]}, which is not whole, and nobody measured how it rounds"
            )
        return [level_sum(count, *step.span) for count in counts] if step.span else counts

    def _refuse_gaps(self, step: Step) -> None:
        for has, reason in self.gaps:
            if has(step.layer):
                raise self._unknown(step, reason)
        if isinstance(step.layer, (Add, Conv2DTranspose)) and not usual(step):
            raise self._unknown(step, "inputs that differ, or a border that is cut off, were not measured")
        if hasattr(step.layer, "pool_size") and pads(step.layer, step.inputs[0]):
            raise self._unknown(step, "a pool that hangs over the border was not measured; take padding='valid'")

    def _unknown(self, step: Step, reason: str) -> ValueError:
        return ValueError(f"how {self.tool} counts {step.layer} is not known: {reason}")

    def _additions(self, kind: str) -> tuple[sp.Expr, ...]:
        if kind not in self.counts:
            raise ValueError(f"how {self.tool} counts {kind} is not known; known are {', '.join(self.counts)}")
        return _parsed(self.counts[kind])

    def __repr__(self) -> str:
        return f"<{self.tool} {self.version} prints {self.label!r}, in {self.unit}>"


@cache
def _parsed(rule: str) -> tuple[sp.Expr, ...]:
    """Terms in the order in which the tool adds them, from "first; second"."""
    return tuple(_expression(ast.parse(term.strip(), mode="eval").body) for term in rule.split(";"))


OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def _expression(node: ast.expr) -> sp.Expr:
    """The arithmetic of a rule, and nothing else: numbers, letters, + - * / and brackets."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return sp.Integer(node.value)
    if isinstance(node, ast.Name) and node.id in LETTERS:
        return LETTERS[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](_expression(node.left), _expression(node.right))
    known = ", ".join(LETTERS)
    raise ValueError(f"a rule has numbers, + - * / and {known}, got {ast.unparse(node)}")


def _sum(terms: list[Size]) -> Size:
    return tidy(exact(sp.Add(*terms)))


def _in_32_bits(value: float) -> float:
    """The nearest number that 32 bits can hold."""
    nearest: float = struct.unpack("f", struct.pack("f", value))[0]
    return nearest


def _part(layer: Layer) -> str:
    name = kind(layer)
    if isinstance(layer, Convolution):
        return "convolutions"
    if name.startswith("UpSampling2D"):
        return "upsampling"
    return "normalization" if name == BN else "activations" if name in ACTIVATIONS else "other"
