r"""Convention of one tool: a rule per kind of layer, from which the total of any network follows.

$$\text{total} = \sum_{\text{steps}} \text{rule}_{\text{kind}}(\text{quantities of the step}).$$
"""

from __future__ import annotations

import ast
import operator
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain

import sympy as sp

from unet_complexity.closed_form import level_sum, tidy
from unet_complexity.engineering.conventions.quantities import (
    ACTIVATIONS,
    BN,
    LETTERS,
    kind,
    pads,
    quantities,
    usual,
)
from unet_complexity.layers import Add, Conv2DTranspose, Convolution, Layer
from unet_complexity.networks import Network, Step
from unet_complexity.symbols import Size, as_expr, exact

PARTS = ("convolutions", "bias", "upsampling", "normalization", "activations", "other")


@dataclass(frozen=True, repr=False, eq=False)
class Convention:
    """Counting convention of a public tool, found by giving the tool one layer of each kind.

    Args:
        tool: Name of the tool.
        version: Version that was measured.
        unit: What the total counts: "MACs", "FLOPs" or "parameters".
        label: The tool's own word for it.
        recorded: What it printed for the pix2pix U-Net at 256 x 256 x 3.
        counts: Rule per kind of layer, in the letters of MEANING.
        gaps: Layers whose count is not known, each with the reason.
        issues: Public threads about unexpected counts.
        float32: The tool adds up in 32-bit numbers.

    Example:
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
        """Origin of the rules: tool, version and public threads."""
        measured = f"measured with {self.tool} {self.version}, one layer at a time"
        if not self.issues:
            return measured
        return f"{measured}; public threads: {', '.join(self.issues)}"

    def rule(self, kind: str) -> sp.Expr:
        """Return the formula for one kind of layer, in the letters of MEANING.

        Raises:
            ValueError: The tool has no rule for this kind.
        """
        return sp.Add(*self._additions(kind))

    def total(self, network: Network) -> Size:
        """Return what the tool prints for a network, in the tool's own ``unit``.

        Args:
            network: Any network of the package.

        Returns:
            An exact ``int`` if all sizes are numbers, else a formula.

        Raises:
            ValueError: The tool's count of a layer is not known, or it rounds and sizes are letters.

        Example:
            >>> from unet_complexity import classic_unet
            >>> from unet_complexity.engineering.conventions import conventions
            >>> conventions["torch FlopCounterMode"].total(classic_unet(side=256))
            96192167936
        """
        terms = list(chain.from_iterable(map(self.terms, network)))
        if not self.float32:
            return _sum(terms)
        if not all(isinstance(term, int) for term in terms):
            raise ValueError(
                f"{self.tool} adds up in 32-bit numbers, so letters have no total; give numbers: at(...)"
            )
        total = 0.0
        for term in terms:
            total = _in_32_bits(total + _in_32_bits(term))
        return int(total)

    def parts(self, network: Network) -> dict[str, Size]:
        """Return the total by cause: products of the convolutions, bias, upsampling and so on, and rounding.

        Returns:
            The parts that are not 0; they add up to the total.

        Raises:
            ValueError: As for :meth:`total`.

        Example:
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
        """Return what the tool adds for one step, in its order.

        Args:
            step: One step of a network.
            without: A letter of MEANING to take as 0.
        """
        self._check_known(step)
        additions = self._additions(kind(step.layer))
        values = quantities(step)
        if without:
            values[without] = 0
        replaced = {LETTERS[name]: as_expr(value) for name, value in values.items()}
        counts = []
        for addition in additions:
            count = exact(addition.xreplace(replaced))
            if isinstance(count, sp.Rational):
                raise self._unknown(
                    step,
                    f"its rule gives {count}, which is not whole, and its rounding was not measured",
                )
            counts.append(level_sum(count, *step.span) if step.span else count)
        return counts

    def _check_known(self, step: Step) -> None:
        for has, reason in self.gaps:
            if has(step.layer):
                raise self._unknown(step, reason)
        if isinstance(step.layer, (Add, Conv2DTranspose)) and not usual(step):
            raise self._unknown(
                step, "inputs that differ, or a border that is cut off, were not measured"
            )
        if hasattr(step.layer, "pool_size") and pads(step.layer, step.inputs[0]):
            raise self._unknown(
                step, "a pool that overhangs the border was not measured; take padding='valid'"
            )

    def _unknown(self, step: Step, reason: str) -> ValueError:
        return ValueError(f"how {self.tool} counts {step.layer} is not known: {reason}")

    def _additions(self, kind: str) -> tuple[sp.Expr, ...]:
        if kind not in self.counts:
            raise ValueError(
                f"how {self.tool} counts {kind} is not known; known are {', '.join(self.counts)}"
            )
        return _parsed(self.counts[kind])

    def __repr__(self) -> str:
        return f"<{self.tool} {self.version} prints {self.label!r}, in {self.unit}>"


@cache
def _parsed(rule: str) -> tuple[sp.Expr, ...]:
    """Parse "first; second": terms in the order in which the tool adds them."""
    terms = []
    for text in rule.split(";"):
        tree = ast.parse(text.strip(), mode="eval")
        terms.append(_expression(tree.body))
    return tuple(terms)


OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def _expression(node: ast.expr) -> sp.Expr:
    """Convert the arithmetic of a rule: numbers, letters, + - * / and brackets."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return sp.Integer(node.value)
    if isinstance(node, ast.Name) and node.id in LETTERS:
        return LETTERS[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        apply = OPERATORS[type(node.op)]
        return apply(_expression(node.left), _expression(node.right))
    known = ", ".join(LETTERS)
    raise ValueError(f"a rule has numbers, + - * / and {known}, got {ast.unparse(node)}")


def _sum(terms: list[Size]) -> Size:
    return tidy(exact(sp.Add(*terms)))


def _in_32_bits(value: float) -> float:
    """Round to the nearest 32-bit number."""
    nearest: float = struct.unpack("f", struct.pack("f", value))[0]
    return nearest


def _part(layer: Layer) -> str:
    name = kind(layer)
    if isinstance(layer, Convolution):
        return "convolutions"
    if name.startswith("UpSampling2D"):
        return "upsampling"
    if name == BN:
        return "normalization"
    return "activations" if name in ACTIVATIONS else "other"
